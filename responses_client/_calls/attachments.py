"""Local files for requests: their type, their size, and their data as a `data:` URL."""

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
from .._base.validation import is_whole_number
from ..errors import RequestValidationError

__all__ = ["attach_bytes", "attach_file", "data_url"]

Kind: TypeAlias = Literal["image", "file"]

_MAX_BYTES: dict[Kind, int] = {
    # OpenAI's published schema limits `image_url` to 20,971,520 characters. Four of them encode three bytes, and the
    # start of the URL takes fewer than 64.
    "image": (20_971_520 - 64) // 4 * 3,
    # OpenAI's guide to file inputs: 50 MB for a file and for a request. (The schema's limit for `file_data` is wider.)
    "file": 50 * 1024 * 1024,
}
_IMAGES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
# Types that the tables of Python lack on some systems.
_OFFICE = "application/vnd.openxmlformats-officedocument."
_DOCUMENTS = {
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".pptx": f"{_OFFICE}presentationml.presentation",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
}
_MIME_TYPE = r"[\w.+-]+/[\w.+-]+"
_UNKNOWN: dict[Kind, str] = {
    "image": "{} is not a PNG, JPEG, GIF or WebP image, and the API takes no other; convert it, or name its "
    "mime_type if your server takes it",
    "file": "the type of {} is not known; name it as mime_type",
}
_SNIFF_BYTES = 64 * 1024  # enough to see whether a file is text


class Attachment(NamedTuple):
    """Data to send, and their names in errors.

    Attributes:
        data: The data.
        name: The name of the file; empty if it has none.
        label: The file in a message, such as "the image".
        field: The argument to blame, "path" or "data".
    """

    data: bytes
    name: str
    label: str
    field: str


def attach_file(path: str | PathLike[str], max_bytes: int | None, kind: Kind) -> Attachment:
    """Return a file as an attachment; no more than one byte over the limit is read.

    Raises:
        RequestValidationError: It does not exist, cannot be read, or is too large.
    """
    limit = _limit(max_bytes, kind)
    if not isinstance(path, (str, PathLike)):
        raise _invalid(field_error("path", "the path of a file", path))
    place = Path(path)
    given = Attachment(b"", place.name, repr(str(place)), "path")
    try:
        status = place.stat()
        is_file = stat.S_ISREG(status.st_mode)
        if is_file and status.st_size <= limit:
            with place.open("rb") as file:
                return given._replace(
                    data=file.read(limit + 1)
                )  # it may have grown since, which `data_url` checks
    except FileNotFoundError as error:
        _refuse(given, f"the file {given.label} does not exist; check the path", error)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        _refuse(given, f"{given.label} cannot be read ({reason}); check the path", error)
    if is_file:
        _refuse_size(given, limit, kind)
    kind_of_file = "a directory" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket"
    _refuse(given, f"{given.label} is {kind_of_file}; pass the path of a regular file")


def attach_bytes(data: bytes, name: str | None, kind: Kind) -> Attachment:
    """Return data that were read before as an attachment.

    Raises:
        RequestValidationError: They are not bytes.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise _invalid(field_error("data", "bytes", data))
    return Attachment(bytes(data), name or "", f"the {kind}" if name is None else repr(name), "data")


def data_url(given: Attachment, max_bytes: int | None, mime_type: str | None, kind: Kind) -> str:
    """Return the data as a `data:` URL in base64.

    Raises:
        RequestValidationError: They are empty or too large, or their type is not known.
    """
    if not given.data:
        _refuse(given, f"{given.label} is empty; pass one with data")
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
        return _MAX_BYTES[kind]
    if not is_whole_number(max_bytes, 1):
        raise _invalid(field_error("max_bytes", "a whole number from 1", max_bytes))
    return max_bytes


def _image_type(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _IMAGES.items() if data.startswith(start)), None)


def _file_type(data: bytes, name: str) -> str | None:
    """Return the type of a file by its data, else by its name; None if neither tells.

    The name misleads for text that shares its ending with videos, such as TypeScript (`.ts`).
    """
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if found := _image_type(data) or _DOCUMENTS.get(Path(name).suffix.lower()):
        return found
    by_name, encoding = MimeTypes().guess_type(name)
    if encoding is not None:
        by_name = None  # compressed: the type would be that of the content
    if _is_text(data) and (by_name is None or by_name.startswith(("audio/", "video/"))):
        return "text/plain"
    return by_name


def _is_text(data: bytes) -> bool:
    start = data[:_SNIFF_BYTES]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return b"\0" not in start


def _refuse_size(given: Attachment, limit: int, kind: Kind) -> NoReturn:
    advice = "make it smaller" if kind == "image" else "upload it and pass its file_id"
    _refuse(given, f"{given.label} is larger than {limit:,} bytes (max_bytes); {advice}")


def _refuse(given: Attachment, message: str, cause: Exception | None = None) -> NoReturn:
    raise _invalid(
        field_error(given.field, "a file that can be sent", given.data, message=message)
    ) from cause


def _invalid(mistake: FieldError) -> RequestValidationError:
    # No request is made here, so the message must not speak of one.
    return RequestValidationError([mistake], outcome="The file cannot be attached")
