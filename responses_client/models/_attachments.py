"""Methods of `InputImage` and `InputFile` that read local files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from ._base import Model

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["FileContent", "ImageContent"]


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

    @classmethod
    def _with_data(cls, filename: str, url: str, detail: str | None) -> Self:
        fields = {"type": "input_file", "filename": filename, "file_data": url}
        return cls.model_validate(fields if detail is None else {**fields, "detail": detail})
