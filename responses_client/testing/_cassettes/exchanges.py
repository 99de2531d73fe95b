"""Requests with their answers, as lines of a cassette file; no I/O.

The first line is `{"cassette": 1}`, the version of the format. Each exchange is a line with the request and one with the
answer. A stream continues with a line for each event, and a broken connection with a line for its end:

    {"request": {"method": "POST", "path": "/responses", "body": {...}}}
    {"answer": {"status": 200, "headers": {...}, "stream": true, "at": 310}}
    {"at": 312, "event": {"type": "response.created", ...}}
    {"at": 340, "frame": ": ping"}
    {"at": 350, "error": {"kind": "ReadError", "message": "..."}}

A WebSocket session is a request with the method `WEBSOCKET`, and its messages are the parts of the answer:

    {"at": 312, "sent": {"type": "response.create", ...}}
    {"at": 340, "received": {"type": "response.created", ...}}
    {"at": 900, "closed": {"code": 1000, "reason": ""}}

`at` counts milliseconds from the request. A body is `body` if it is JSON, else `text`, or `base64` if it is not text.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, NamedTuple, NotRequired, TypeAlias

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from ..._base.field_errors import field_error_of, field_path, located
from ..._base.public import public
from .._json_types import JSONObject, encode, is_object, load

__all__ = [
    "VERSION",
    "Body",
    "CassetteError",
    "Exchange",
    "Failure",
    "Part",
    "Recording",
    "lines_of",
    "read_lines",
    "write_lines",
]

VERSION = 1
_FORMS = ("event", "frame", "rest", "sent", "received", "closed")
_Strings: TypeAlias = dict[str, str]
_Milliseconds: TypeAlias = Annotated[int, Field(ge=0)]


def _checked_base64(text: str) -> str:
    base64.b64decode(text, validate=True)
    return text


class _Body(TypedDict):
    text: NotRequired[str]
    base64: NotRequired[Annotated[str, AfterValidator(_checked_base64)]]


class _Request(_Body):
    method: str
    path: str
    query: NotRequired[dict[str, list[str]]]
    headers: NotRequired[_Strings]


class _Answer(_Body):
    status: Annotated[int, Field(ge=100, le=999)]
    headers: NotRequired[_Strings]
    at: NotRequired[_Milliseconds]
    stream: NotRequired[bool]


class _Event(TypedDict):
    type: str


class _Error(TypedDict):
    kind: str
    message: str


class _Closed(TypedDict):
    code: Annotated[int, Field(ge=0, le=65535)]
    reason: str


class _Line(TypedDict):
    """The types of the members of a line; which members it has depends on the lines before."""

    request: NotRequired[_Request]
    answer: NotRequired[_Answer]
    at: NotRequired[_Milliseconds]
    event: NotRequired[_Event]
    frame: NotRequired[str]
    rest: NotRequired[str]
    closed: NotRequired[_Closed]
    error: NotRequired[_Error]


@cache
def _line_type() -> TypeAdapter[_Line]:
    return TypeAdapter(_Line)


@public
class CassetteError(ValueError):
    """A cassette file that cannot be read, or an option of a `Cassette` that cannot work."""


class Body(NamedTuple):
    """A body: the form in which it is written, and its value in this form."""

    form: str
    value: Any

    @classmethod
    def of(cls, content: bytes, content_type: str = "application/json") -> Body | None:
        """Return a body in the most readable form; None if it is empty."""
        if not content:
            return None
        if "json" in content_type or content[:1] in b"{[":
            try:
                return cls("body", load(content))
            except ValueError:
                pass
        try:
            return cls("text", content.decode())
        except UnicodeDecodeError:
            return cls("base64", base64.b64encode(content).decode())

    @property
    def content(self) -> bytes:
        """The bytes. JSON is written again: its meaning stays, its white space does not."""
        if self.form == "body":
            return encode(self.value)
        return self.value.encode() if self.form == "text" else base64.b64decode(self.value)


class Failure(NamedTuple):
    """The end of a connection that broke: the name of the exception of httpx, and its message."""

    kind: str
    message: str


class Part(NamedTuple):
    """One part of a stream, or of a WebSocket session.

    The form of a part of a stream is `event` with the data of an event, `frame` with the text of another frame, without
    its blank line, or `rest` with an unfinished frame at the end of the stream. In a session, it is `sent` or
    `received` for messages, and `closed` for its end by the server.
    """

    at: int
    form: str
    value: Any

    @classmethod
    def of(cls, at: int, frame: str) -> Part:
        """Return a frame: as an event if its name and the type in its data agree, else as text."""
        lines = frame.split("\n")
        if len(lines) == 2 and lines[0].startswith("event: ") and lines[1].startswith("data: "):
            try:
                data: Any = load(lines[1].removeprefix("data: "))
            except ValueError:
                data = None
            if is_object(data) and data.get("type") == lines[0].removeprefix("event: "):
                return cls(at, "event", data)
        return cls(at, "frame", frame)

    @property
    def content(self) -> bytes:
        """The bytes of the frame."""
        if self.form != "event":
            return str(self.value).encode() + (b"\n\n" if self.form == "frame" else b"")
        return b"event: " + str(self.value["type"]).encode() + b"\ndata: " + encode(self.value) + b"\n\n"


@dataclass(frozen=True, slots=True)
class Recording:
    """A request as it is recorded and compared."""

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Body | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class Exchange:
    """A request and its answer, or with a status of 0 the failure in place of an answer.

    Its fields are filled as the answer comes, or as its lines are read.
    """

    request: Recording
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    at: int = 0
    body: Body | None = None
    parts: list[Part] | None = None
    failure: Failure | None = None
    failed_at: int = 0

    @property
    def is_answered(self) -> bool:
        """Whether it has an answer, or a failure in place of one."""
        return bool(self.status) or self.failure is not None


def write_lines(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """Yield the lines of a file, the first with its version."""
    yield _line({"cassette": VERSION})
    for exchange in exchanges:
        yield from lines_of(exchange)


def lines_of(exchange: Exchange) -> Iterator[str]:
    """Yield the lines of one exchange."""
    request = exchange.request
    shown: JSONObject = {"method": request.method, "path": request.path}
    shown |= {name: value for name in ("query", "headers") if (value := dict(getattr(request, name)))}
    yield _line({"request": {**shown, **_body(request.body)}})
    if exchange.status:
        answer: JSONObject = {"status": exchange.status, "headers": dict(exchange.headers), "at": exchange.at}
        stream = {} if exchange.parts is None else {"stream": True}
        yield _line({"answer": {**answer, **stream, **_body(exchange.body)}})
    for part in exchange.parts or ():
        yield _line({"at": part.at, part.form: part.value})
    if exchange.failure is not None:
        yield _line({"at": exchange.failed_at, "error": exchange.failure._asdict()})


def read_lines(lines: Iterable[str]) -> list[Exchange]:
    """Return the exchanges in the lines of a file.

    Raises:
        CassetteError: A line cannot be one of a cassette; the message has its number.
    """
    found: list[Exchange] = []
    version = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value: Any = json.loads(line)
        except (ValueError, RecursionError):
            raise CassetteError(f"line {number} is not valid JSON: it was cut, or edited") from None
        if not is_object(value):
            raise CassetteError(f"line {number} is not a JSON object")
        if version is None:
            version = value.get("cassette")
            if version != VERSION:
                raise CassetteError(
                    f"line {number} must be {_line({'cassette': VERSION})}, the version of the format"
                )
            continue
        try:
            _line_type().validate_python(value, strict=True)
            _read(value, found)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            mistake = field_error_of(first, field_path(first["loc"]))
            raise CassetteError(f"line {number}: {located(mistake['path'], mistake['message'])}") from None
        except ValueError as error:
            raise CassetteError(f"line {number} {error}") from None
    if version is None:
        raise CassetteError("the file is empty")
    if found and not found[-1].is_answered:
        raise CassetteError("the last line is a request without an answer: the file was cut")
    return found


def _read(value: JSONObject, found: list[Exchange]) -> None:
    """Add a line to the exchanges before it."""
    if "request" in value:
        if found and not found[-1].is_answered:
            raise ValueError("is a request, but the one before it has no answer")
        given = value["request"]
        query, headers = given.get("query", {}), given.get("headers", {})
        found.append(Exchange(Recording(given["method"], given["path"], query, headers, _read_body(given))))
        return
    if not found:
        raise ValueError("stands before the first request")
    last = found[-1]
    if "answer" in value:
        if last.status:
            raise ValueError("is a second answer to one request")
        given = value["answer"]
        last.status, last.headers, last.at = given["status"], given.get("headers", {}), given.get("at", 0)
        last.body, last.parts = _read_body(given), [] if given.get("stream") else None
    elif "error" in value:
        last.failure, last.failed_at = Failure(**value["error"]), value.get("at", 0)
    elif form := next((one for one in _FORMS if one in value), None):
        if last.parts is None:
            raise ValueError("is a part of a stream, but the answer before it is not one")
        last.parts.append(Part(value.get("at", 0), form, value[form]))
    else:
        raise ValueError(f"has none of the keys request, answer, error, {', '.join(_FORMS)}")


def _body(body: Body | None) -> JSONObject:
    return {} if body is None else {body.form: body.value}


def _read_body(given: JSONObject) -> Body | None:
    return next((Body(form, given[form]) for form in ("body", "text", "base64") if form in given), None)


def _line(value: JSONObject) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
