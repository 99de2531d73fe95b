"""Methods of `InputImage` and `InputFile` that read or upload local files."""

from __future__ import annotations

from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, overload

from ._base import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from os import PathLike

    from .._base.file_types import FileInput, TransferProgress
    from .._client import AsyncClient, Client
    from .files import FileObject

__all__ = ["FileContent", "ImageContent"]

_T = TypeVar("_T")
_M = TypeVar("_M", bound=Model)


def _of_upload(
    client: Any,
    file: FileInput,
    purpose: str,
    on_progress: Callable[[TransferProgress], object] | None,
    make: Callable[[FileObject], _T],
) -> Any:
    """Upload a file, and return the object made from it; with an `AsyncClient`, an awaitable."""
    stored: Any = client.files.create(file=file, purpose=purpose, on_progress=on_progress)
    if not isawaitable(stored):
        return make(stored)

    async def wait() -> _T:
        return make(await stored)

    return wait()


def _referring(cls: type[_M], kind: str, detail: str | None, stored: FileObject) -> _M:
    """Return the part of a request that refers to a stored file."""
    fields = {"type": kind, "file_id": stored.id}
    return cls.model_validate(fields if detail is None else {**fields, "detail": detail})


class ImageContent(Model):
    """The base of `InputImage`: images from local files."""

    @classmethod
    def from_path(
        cls,
        path: str | PathLike[str],
        *,
        detail: Literal["low", "high", "auto", "original"] | None = None,
        mime_type: str | None = None,
        max_bytes: int | None = None,
    ) -> Self:
        """Read an image from a file; the request will hold its data as a `data:` URL.

        Args:
            path: A PNG, JPEG, GIF or WebP file; its name does not matter. It is read at once, which blocks.
            detail: The resolution at which the model looks at the image; by default `auto`.
            mime_type: The type of another kind of image that your server accepts, such as `image/bmp`.
            max_bytes: The largest size in bytes; by default 15,728,592, the limit of the API (a URL of 20,971,520
                characters).

        Raises:
            RequestValidationError: The file cannot be read, is not such an image, is empty or too large.
        """
        from .._calls.attachments import attach_file, data_url

        url = data_url(attach_file(path, max_bytes, "image"), max_bytes, mime_type, "image")
        return cls._with_url(url, detail)

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        *,
        detail: Literal["low", "high", "auto", "original"] | None = None,
        mime_type: str | None = None,
        max_bytes: int | None = None,
    ) -> Self:
        """Return an image for the bytes of an image file; see `from_path` for the arguments and errors."""
        from .._calls.attachments import attach_bytes, data_url

        url = data_url(attach_bytes(data, None, "image"), max_bytes, mime_type, "image")
        return cls._with_url(url, detail)

    @overload
    @classmethod
    def from_upload(
        cls,
        client: Client,
        file: FileInput,
        *,
        purpose: str = ...,
        detail: Literal["low", "high", "auto", "original"] | None = ...,
        on_progress: Callable[[TransferProgress], object] | None = ...,
    ) -> Self: ...

    @overload
    @classmethod
    def from_upload(
        cls,
        client: AsyncClient,
        file: FileInput,
        *,
        purpose: str = ...,
        detail: Literal["low", "high", "auto", "original"] | None = ...,
        on_progress: Callable[[TransferProgress], object] | None = ...,
    ) -> Coroutine[Any, Any, Self]: ...

    @classmethod
    def from_upload(
        cls,
        client: Client | AsyncClient,
        file: FileInput,
        *,
        purpose: str = "vision",
        detail: Literal["low", "high", "auto", "original"] | None = None,
        on_progress: Callable[[TransferProgress], object] | None = None,
    ) -> Self | Coroutine[Any, Any, Self]:
        """Upload an image, and return the part of a request that refers to it by its id.

            part = InputImage.from_upload(client, "chart.png")

        With an `AsyncClient`, the result is awaited. `from_path` needs no upload: it puts the data into the request.

        Args:
            client: The client that uploads it.
            file: An image, as `client.files.create` takes it.
            purpose: The use of the file, by default `vision`.
            detail: The resolution at which the model looks at the image; by default `auto`.
            on_progress: Called with the `TransferProgress` as the file is sent.

        Raises:
            RequestValidationError: The file cannot be sent; nothing was sent.
            APIError: No answer, an error or an invalid answer; see `responses_client.errors`.
        """
        make = partial(_referring, cls, "input_image", detail)
        made: Self | Coroutine[Any, Any, Self] = _of_upload(client, file, purpose, on_progress, make)
        return made

    @classmethod
    def _with_url(cls, url: str, detail: str | None) -> Self:
        fields = {"type": "input_image", "image_url": url}
        return cls.model_validate(fields if detail is None else {**fields, "detail": detail})


class FileContent(Model):
    """The base of `InputFile`: files from local files."""

    @classmethod
    def from_path(
        cls,
        path: str | PathLike[str],
        *,
        filename: str | None = None,
        detail: Literal["auto", "low", "high"] | None = None,
        mime_type: str | None = None,
        max_bytes: int | None = None,
    ) -> Self:
        """Read a file; the request will hold its data as a `data:` URL.

        Args:
            path: A PDF, a document, a table, text or code. It is read at once, which blocks.
            filename: The name that the model sees; by default that of the file.
            detail: The resolution at which the model looks at the pages; by default `auto`.
            mime_type: The type, such as `application/pdf`; by default derived from the data, then from the name.
            max_bytes: The largest size in bytes; by default 50 MiB, the limit of the API.

        Raises:
            RequestValidationError: The file cannot be read, its type is not known, it is empty or too large.
        """
        from .._calls.attachments import attach_file, data_url

        given = attach_file(path, max_bytes, "file")
        return cls._with_data(filename or given.name, data_url(given, max_bytes, mime_type, "file"), detail)

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        filename: str,
        *,
        detail: Literal["auto", "low", "high"] | None = None,
        mime_type: str | None = None,
        max_bytes: int | None = None,
    ) -> Self:
        """Return a file for its bytes and the name that the model sees; see `from_path` for the other arguments."""
        from .._calls.attachments import attach_bytes, data_url

        given = attach_bytes(data, filename, "file")
        return cls._with_data(filename, data_url(given, max_bytes, mime_type, "file"), detail)

    @overload
    @classmethod
    def from_upload(
        cls,
        client: Client,
        file: FileInput,
        *,
        purpose: str = ...,
        detail: Literal["auto", "low", "high"] | None = ...,
        on_progress: Callable[[TransferProgress], object] | None = ...,
    ) -> Self: ...

    @overload
    @classmethod
    def from_upload(
        cls,
        client: AsyncClient,
        file: FileInput,
        *,
        purpose: str = ...,
        detail: Literal["auto", "low", "high"] | None = ...,
        on_progress: Callable[[TransferProgress], object] | None = ...,
    ) -> Coroutine[Any, Any, Self]: ...

    @classmethod
    def from_upload(
        cls,
        client: Client | AsyncClient,
        file: FileInput,
        *,
        purpose: str = "user_data",
        detail: Literal["auto", "low", "high"] | None = None,
        on_progress: Callable[[TransferProgress], object] | None = None,
    ) -> Self | Coroutine[Any, Any, Self]:
        """Upload a file, and return the part of a request that refers to it by its id.

            part = InputFile.from_upload(client, "report.pdf")

        With an `AsyncClient`, the result is awaited. `from_path` needs no upload: it puts the data into the request.

        Args:
            client: The client that uploads it.
            file: A file, as `client.files.create` takes it.
            purpose: The use of the file, by default `user_data`.
            detail: The resolution at which the model looks at the pages; by default `auto`.
            on_progress: Called with the `TransferProgress` as the file is sent.

        Raises:
            RequestValidationError: The file cannot be sent; nothing was sent.
            APIError: No answer, an error or an invalid answer; see `responses_client.errors`.
        """
        make = partial(_referring, cls, "input_file", detail)
        made: Self | Coroutine[Any, Any, Self] = _of_upload(client, file, purpose, on_progress, make)
        return made

    @classmethod
    def _with_data(cls, filename: str, url: str, detail: str | None) -> Self:
        fields = {"type": "input_file", "filename": filename, "file_data": url}
        return cls.model_validate(fields if detail is None else {**fields, "detail": detail})
