"""What the classes of images and files have beyond their fields: they can be made of local files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from ._base import Model

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["FileContent", "ImageContent"]


class ImageContent(Model):
    """What the class `InputImage` has beyond its fields."""

    @classmethod
    def from_path(
        cls,
        path: str | PathLike[str],
        *,
        detail: Literal["low", "high", "auto", "original"] | None = None,
        mime_type: str | None = None,
        max_bytes: int | None = None,
    ) -> Self:
        """Read an image, whose data then go along with the request as a `data:` URL.

        Args:
            path: A PNG, JPEG, GIF or WebP file, whatever its name; it is read at once, which blocks.
            detail: Resolution at which the model looks; `auto` by default.
            mime_type: Its type, such as `image/bmp`, if it is another that your server takes.
            max_bytes: The size from which it is refused; by default 15,728,592, the most that the API takes (a URL
                of 20,971,520 characters).

        Raises:
            RequestValidationError: The file cannot be read, is no such image, is empty or too large.
        """
        from .._calls.attachments import data_url, of_path

        url = data_url(of_path(path, max_bytes, "image"), max_bytes, mime_type, "image")
        return cls._showing(url, detail)

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        *,
        detail: Literal["low", "high", "auto", "original"] | None = None,
        mime_type: str | None = None,
        max_bytes: int | None = None,
    ) -> Self:
        """Take the data of an image, as they are in a file; see `from_path`."""
        from .._calls.attachments import data_url, of_bytes

        url = data_url(of_bytes(data, None, "image"), max_bytes, mime_type, "image")
        return cls._showing(url, detail)

    @classmethod
    def _showing(cls, url: str, detail: str | None) -> Self:
        fields = {"type": "input_image", "image_url": url}
        return cls.model_validate(fields if detail is None else {**fields, "detail": detail})


class FileContent(Model):
    """What the class `InputFile` has beyond its fields."""

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
        """Read a file, whose data then go along with the request.

        Args:
            path: A PDF, a document, a table, text or code; it is read at once, which blocks.
            filename: The name that the model is shown; that of the file by default.
            detail: How closely the model looks at the pages; `auto` by default.
            mime_type: Its type, such as `application/pdf`; by default told by its data, then by its name.
            max_bytes: The size from which it is refused; by default 50 MiB, the most that the API takes.

        Raises:
            RequestValidationError: The file cannot be read, its type is not known, it is empty or too large.
        """
        from .._calls.attachments import data_url, of_path

        given = of_path(path, max_bytes, "file")
        return cls._named(filename or given.name, data_url(given, max_bytes, mime_type, "file"), detail)

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
        """Take the data of a file, and the name that the model is shown; see `from_path`."""
        from .._calls.attachments import data_url, of_bytes

        given = of_bytes(data, filename, "file")
        return cls._named(filename, data_url(given, max_bytes, mime_type, "file"), detail)

    @classmethod
    def _named(cls, filename: str, url: str, detail: str | None) -> Self:
        fields = {"type": "input_file", "filename": filename, "file_data": url}
        return cls.model_validate(fields if detail is None else {**fields, "detail": detail})
