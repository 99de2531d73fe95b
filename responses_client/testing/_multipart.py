"""Forms: bodies of the type `multipart/form-data`, by RFC 7578 and within bounds.

No package and no `email`: the server works without extras, and the parser of `email` rewrites line ends, which
damages files. A form is one pass over the body with `bytes.find`, and each part is one slice of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from ._http_types import ApiError
from ._json_checks import missing, refuse, unsupported

FORM_TYPE = "multipart/form-data"
MAX_PARTS = 64
MAX_PART_HEAD_BYTES = 4096

# Of RFC 2046, but for the space, which clients do not send.
_BOUNDARY = re.compile(r"[0-9a-zA-Z'()+_,\-./:=?]{1,70}")
_PARAMETER = re.compile(r';\s*([\w*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^";\s]*)')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Browsers and httpx write these three characters so; all others stay as they are.
_ESCAPES = {"%22": '"', "%0D": "\r", "%0A": "\n"}


class Part(NamedTuple):
    """A part of a form; `filename` is None if it is a plain value."""

    name: str
    filename: str | None
    content: bytes


def media_type(headers: Mapping[str, str]) -> str:
    """Return the media type of a body, in lower case and without parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def parse_form(headers: Mapping[str, str], body: bytes) -> list[Part]:
    """Return the parts of a form; refuse another content type with 415, and a malformed body with 400."""
    content_type = headers.get("content-type", "")
    if media_type(headers) != FORM_TYPE:
        message = f"Unsupported content type: '{content_type}'. This API method only accepts '{FORM_TYPE}'."
        raise ApiError(415, message, code="unsupported_content_type")
    boundary = dict(_parameters(content_type)).get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        _malformed("its content type has no valid boundary")
    delimiter = b"\r\n--" + boundary.encode()
    # The first delimiter may stand at the very start, without a line before it.
    at = 0 if body.startswith(delimiter[2:]) else body.find(delimiter) + 2
    if at == 1:
        _malformed("the boundary does not occur in it")
    parts: list[Part] = []
    at += len(delimiter) - 2
    while not body.startswith(b"--", at):
        line_end = body.find(b"\r\n", at, at + MAX_PART_HEAD_BYTES)
        if line_end < 0 or body[at:line_end].strip(b" \t"):
            _malformed("it does not end with its boundary")
        head_end = body.find(b"\r\n\r\n", line_end, line_end + MAX_PART_HEAD_BYTES)
        if head_end < 0:
            _malformed("the headers of a part have no end")
        end = body.find(delimiter, head_end + 4)
        if end < 0:
            _malformed("it does not end with its boundary")
        if len(parts) == MAX_PARTS:
            _malformed(f"it has more than {MAX_PARTS} parts")
        parts.append(Part(*_names(body[line_end:head_end]), body[head_end + 4 : end]))
        at = end + len(delimiter)
    return parts


def fields_of(parts: list[Part], *, files: str, values: tuple[str, ...]) -> dict[str, Part]:
    """Return the parts of a form by their names; refuse unknown names, repeated ones, and files that are none.

    `files` is the name of the one file, `values` are those of the plain values.
    """
    found: dict[str, Part] = {}
    for part in parts:
        if part.name != files and part.name not in values:
            refuse(f"Unknown parameter: '{part.name}'.", part.name, "unknown_parameter")
        if part.name in found:
            refuse(f"Duplicate parameter: '{part.name}'.", part.name, "duplicate_parameter")
        if (part.filename is not None) != (part.name == files):
            expected = "a file" if part.name == files else "a string"
            refuse(f"Invalid type for '{part.name}': expected {expected}.", part.name, "invalid_type")
        found[part.name] = part
    return found


def text_of(parts: Mapping[str, Part], name: str) -> str | None:
    """Return the plain value of a name; None if the form does not have it, refused if it is not UTF-8."""
    if name not in parts:
        return None
    try:
        return parts[name].content.decode()
    except UnicodeDecodeError:
        refuse(f"Invalid '{name}': expected text in UTF-8.", name, "invalid_value")


def choice_of(parts: Mapping[str, Part], name: str, choices: tuple[str, ...]) -> str:
    """Return the plain value of a name, which the form must have, and which must be one of some."""
    value = text_of(parts, name)
    if value is None:
        missing(name)
    if value not in choices:
        unsupported(value, choices, name)
    return value


def _names(head: bytes) -> tuple[str, str | None]:
    """Return the name and the filename in the headers of a part."""
    for line in head.split(b"\r\n"):
        field, _, value = line.partition(b":")
        if field.strip().lower() != b"content-disposition":
            continue
        try:
            text = value.decode()
        except UnicodeDecodeError:
            _malformed("a name in it is not UTF-8")
        if not text.strip().lower().startswith("form-data"):
            break
        found = dict(_parameters(text))
        names = [found.get("name", ""), found.get("filename", "")]
        if not names[0] or any(map(_CONTROL.search, names)):
            break
        return names[0], base_name(names[1]) if "filename" in found else None
    _malformed("a part has no valid name")


def base_name(path: str) -> str:
    """Return the last part of a path of any system; `file` if there is none."""
    return re.split(r"[/\\]", path)[-1] or "file"


def _parameters(header: str) -> list[tuple[str, str]]:
    return [(found[1].lower(), _unquoted(found[2])) for found in _PARAMETER.finditer(header)]


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return re.sub("%22|%0D|%0A", lambda found: _ESCAPES[found[0]], value)


def _malformed(reason: str) -> NoReturn:
    raise ApiError(400, f"Could not parse multipart form: {reason}.")
