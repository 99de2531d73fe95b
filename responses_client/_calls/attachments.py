"""Local files for requests: what kind they are, how large they may be, and their data as a `data:` URL."""

from __future__ import annotations

import codecs
import stat
from base64 import b64encode
from mimetypes import MimeTypes
from os import PathLike
from pathlib import Path
from re import fullmatch
from typing import Literal, NamedTuple, NoReturn, TypeAlias

from .._base.field_errors import FieldError, field_error
from ..errors import RequestValidationError

__all__ = ["data_url", "of_bytes", "of_path"]

Kind: TypeAlias = Literal["image", "file"]

_MOST: dict[Kind, int] = {
    # The published document bounds `image_url` by 20,971,520 characters, of which base64 makes three bytes of four.
    "image": (20_971_520 - 64) // 4 * 3,
    # The guide to file inputs: 50 MB a file and a request. (The document's bound on `file_data` is a little wider.)
    "file": 50 * 1024 * 1024,
}
_IMAGES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
# What the tables of Python lack.
_OFFICE = "application/vnd.openxmlformats-officedocument."
_DOCUMENTS = {
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".pptx": f"{_OFFICE}presentationml.presentation",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
}
_MIME_TYPE = r"[\w.+-]+/[\w.+-]+"
_UNKNOWN: dict[Kind, str] = {
    "image": "{} is no PNG, JPEG, GIF or WebP image, which are those that the API takes; convert it, or name its "
    "mime_type if your server takes it",
    "file": "the type of {} is not known; name it as mime_type",
}
_LOOKED_AT = 64 * 1024  # bytes that tell whether a file is text


class Given(NamedTuple):
    """Data to send, and what errors call them."""

    data: bytes
    name: str
    label: str
    field: str


def of_path(path: str | PathLike[str], max_bytes: int | None, kind: Kind) -> Given:
    """Read a file.

    Raises:
        RequestValidationError: There is none, it cannot be read, or it is too large.
    """
    limit = _limit(max_bytes, kind)
    if not isinstance(path, (str, PathLike)):
        raise _invalid(field_error("path", "the path of a file", path))
    place = Path(path)
    given = Given(b"", place.name, repr(str(place)), "path")
    try:
        status = place.stat()
        is_file = stat.S_ISREG(status.st_mode)
        if is_file and status.st_size <= limit:
            with place.open("rb") as file:
                return given._replace(data=file.read(limit + 1))  # it may have grown
    except FileNotFoundError as error:
        _refuse(given, f"there is no file {given.label}; check the path", error)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        _refuse(given, f"{given.label} cannot be read ({reason}); check the path", error)
    if is_file:
        _refuse_size(given, limit, kind)
    what = "a directory" if stat.S_ISDIR(status.st_mode) else "no file with data of its own"
    _refuse(given, f"{given.label} is {what}; give the path of a file")


def of_bytes(data: bytes, name: str | None, kind: Kind) -> Given:
    """Take data that were read before.

    Raises:
        RequestValidationError: They are no bytes.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise _invalid(field_error("data", "bytes", data))
    return Given(bytes(data), name or "", f"the {kind}" if name is None else repr(name), "data")


def data_url(given: Given, max_bytes: int | None, mime_type: str | None, kind: Kind) -> str:
    """Return data as a `data:` URL in base64, after a look at their size and their type.

    Raises:
        RequestValidationError: They are empty or too large, or of a type that is not known.
    """
    if not given.data:
        _refuse(given, f"{given.label} is empty; give one with something in it")
    if len(given.data) > (limit := _limit(max_bytes, kind)):
        _refuse_size(given, limit, kind)
    if mime_type is None:
        mime_type = _image_type(given.data) if kind == "image" else _file_type(given.data, given.name)
    elif not fullmatch(_MIME_TYPE, mime_type):
        raise _invalid(field_error("mime_type", "a type such as 'image/png'", mime_type))
    if mime_type is None:
        _refuse(given, _UNKNOWN[kind].format(given.label))
    return f"data:{mime_type};base64,{b64encode(given.data).decode()}"


def _limit(max_bytes: int | None, kind: Kind) -> int:
    if max_bytes is None:
        return _MOST[kind]
    if not isinstance(max_bytes, int) or isinstance(max_bytes, bool) or max_bytes < 1:
        raise _invalid(field_error("max_bytes", "a whole number from 1", max_bytes))
    return max_bytes


def _image_type(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _IMAGES.items() if data.startswith(start)), None)


def _file_type(data: bytes, name: str) -> str | None:
    """Tell a type by the data, else by the name, which is wrong for text that shares its ending with videos (`.ts`)."""
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if found := _image_type(data) or _DOCUMENTS.get(Path(name).suffix.lower()):
        return found
    by_name, encoding = MimeTypes().guess_type(name)
    if encoding is not None:
        by_name = None  # the type of what is inside
    if _is_text(data) and (by_name is None or by_name.startswith(("audio/", "video/"))):
        return "text/plain"
    return by_name


def _is_text(data: bytes) -> bool:
    start = data[:_LOOKED_AT]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return b"\0" not in start


def _refuse_size(given: Given, limit: int, kind: Kind) -> NoReturn:
    what = "make it smaller" if kind == "image" else "upload it and give its file_id"
    _refuse(given, f"{given.label} is larger than {limit:,} bytes (max_bytes); {what}")


def _refuse(given: Given, message: str, cause: Exception | None = None) -> NoReturn:
    raise _invalid(
        field_error(given.field, "a file that can be sent", given.data, message=message)
    ) from cause


def _invalid(mistake: FieldError) -> RequestValidationError:
    # No request is made here, so the message must not speak of one.
    return RequestValidationError([mistake], lead="The file cannot be attached")
