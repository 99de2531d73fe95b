"""Batch files: requests to write and answers to read, one JSON object a line; a line at a time, whatever the size."""

from __future__ import annotations

import io
import logging
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from os import PathLike
from pathlib import Path
from secrets import token_hex
from shutil import copymode
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, cast

from pydantic_core import from_json

from ._base.field_errors import field_error
from ._base.http import ResponseMeta
from ._base.messages import one_line
from ._base.options import RequestOptions
from ._base.public import public
from ._calls.answers import answer_error, parse_result
from ._calls.endpoints import RESPONSES_CREATE
from ._calls.request import prepare
from ._calls.settings import Settings
from .errors import APIError, RequestValidationError, ResponseValidationError
from .models._tolerance import write_json
from .models.batch import BatchRequestLine, BatchResultLine
from .models.response import Response

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .models import ResponseCreateParams
    from .models._base import BatchResult, JsonObject

__all__ = ["batch_line", "read_batch", "result_of", "write_batch"]

logger = logging.getLogger("responses_client")

_PLACELESS = sorted(set(RequestOptions.__annotations__) - {"extra_body"})
_PIECE = 64 * 1024
_MESSAGE_SHOWN = 1000
_ADVICE = "check that this is the output or error file of a batch for /v1/responses"


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


class _Download(Protocol):
    def iter_bytes(self) -> Iterable[bytes]: ...


Source: TypeAlias = str | PathLike[str] | _Readable | _Download | Iterable[bytes] | Iterable[str]
OnError: TypeAlias = Literal["raise", "skip"] | Callable[[ResponseValidationError], object]


@public
def batch_line(custom_id: str, **params: Unpack[ResponseCreateParams]) -> BatchRequestLine:
    """Make one request of a batch, checked as `responses.create` checks its arguments.

    Args:
        custom_id: Your own id of the request, unique in the batch; the result has it too.
        params: The arguments of `responses.create`, `extra_body` among them. What cannot be said in a line
            (headers, query, timeouts, retries) is refused, and so are `stream` and `background`.

    Raises:
        RequestValidationError: An argument is wrong.
        TypeError: An argument that `create` does not take.
    """
    if not isinstance(custom_id, str) or not custom_id.strip():
        wanted = "an id of your own, a string that is not blank"
        raise RequestValidationError([field_error("custom_id", wanted, custom_id)])
    given = cast("JsonObject", params)
    options = [name for name in _PLACELESS if given.get(name) is not None]
    if options:
        message = "has no place in a line of a batch, only fields of the body have"
        raise RequestValidationError([field_error(n, "nothing", given[n], message=message) for n in options])
    body: JsonObject = from_json(prepare(RESPONSES_CREATE, given, Settings()).request.content)
    if modes := [name for name in ("stream", "background") if body.get(name)]:
        message = "cannot be used in a batch, which is answered as a whole; leave it out"
        raise RequestValidationError([field_error(n, "nothing", body[n], message=message) for n in modes])
    line = {"custom_id": custom_id, "method": "POST", "url": "/v1/responses", "body": body}
    return BatchRequestLine.from_dict(line)


@public
def write_batch(file: str | PathLike[str] | _Writable, lines: Iterable[BatchRequestLine]) -> int:
    """Write the requests of a batch, one a line, and return how many there were.

    Args:
        file: A path, or a file open for writing bytes. A file given by its path is there as a whole or, after
            an error, as it was before.
        lines: What `batch_line` makes; taken one by one, so a generator may make any number.

    Raises:
        RequestValidationError: Two lines have one `custom_id`, or something is no such line.
    """
    if isinstance(file, io.TextIOBase):
        raise TypeError("The file is open for text; open it for bytes (mode 'wb')")
    if not isinstance(file, (str, PathLike)):
        return _write(file, lines)
    path = Path(file).resolve()  # what a link leads to is written, and the link stays
    if path.exists() and not path.is_file():  # a pipe, say
        with path.open("wb") as target:
            return _write(target, lines)
    part = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        with part.open("xb") as target:
            count = _write(target, lines)
        if path.exists():
            copymode(path, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _write(target: _Writable, lines: Iterable[BatchRequestLine]) -> int:
    seen: set[str] = set()
    for number, line in enumerate(lines):
        if not isinstance(line, BatchRequestLine):
            raise RequestValidationError([field_error(("lines", number), "what batch_line makes", line)])
        if line.custom_id in seen:
            wanted, path = "an id that no line before has", ("lines", number, "custom_id")
            raise RequestValidationError([field_error(path, wanted, line.custom_id)])
        seen.add(line.custom_id)
        target.write(line.to_json().encode() + b"\n")
    return len(seen)


@public
def read_batch(
    file: Source,
    on_error: OnError = "raise",
    *,
    strict: bool = False,
    max_line_bytes: int = 64 * 1024 * 1024,
) -> Iterator[BatchResultLine]:
    """Iterate over the results of a batch: the lines of its output file or of its error file.

    Only one line is held in memory at a time. Results come in any order; `custom_id` tells whose they are.

    Args:
        file: A path, a file open for reading bytes, an HTTP response that is being downloaded (anything with
            `iter_bytes()`, as those of httpx have it), or lines, each with or without its end.
        on_error: What becomes of a line that is no result: `"raise"` the error, `"skip"` the line with a
            warning in the log, or a function that is given the error, after which the next line is read.
        strict: Whether a malformed part of a line is an error too, instead of a raw field.
        max_line_bytes: The size from which a line is an error.

    Raises:
        ResponseValidationError: A line is no result; the text has its number.
        OSError: The file cannot be read.
        RequestValidationError: `on_error` is none of these.
    """
    if on_error not in ("raise", "skip") and not callable(on_error):
        wrong = field_error("on_error", "'raise', 'skip' or a function", on_error)
        raise RequestValidationError([wrong], lead="The file was not read")
    if isinstance(file, (bytes, bytearray, memoryview)) or not (
        isinstance(file, (str, PathLike, Iterable)) or hasattr(file, "iter_bytes") or hasattr(file, "read")
    ):
        raise TypeError(
            f"The file must be a path, an open file, a response or lines, not {type(file).__name__}; "
            "io.BytesIO makes a file of bytes"
        )
    return _results(_lines(file, max_line_bytes), on_error, strict, max_line_bytes)


def _results(
    lines: Iterable[bytes | None], on_error: OnError, strict: bool, limit: int
) -> Iterator[BatchResultLine]:
    for number, line in enumerate(lines, 1):
        text = line and (line.removeprefix(BOM_UTF8) if number == 1 else line).strip()
        if text == b"":
            continue
        try:
            result = _parsed(text, number, strict, limit)
        except ResponseValidationError as error:
            if on_error == "raise":
                raise
            if on_error == "skip":
                # Not the text of the error, which quotes the line.
                place = f" at {error.path}" if error.path else ""
                logger.warning("Skipped a line: %s%s", error.message, place)
            else:
                on_error(error)
            continue
        yield result


def _parsed(text: bytes | None, number: int, strict: bool, limit: int) -> BatchResultLine:
    if text is None:
        message = f"Line {number} is longer than {limit} bytes (max_line_bytes)"
        raise ResponseValidationError(message, advice=_ADVICE)
    try:
        return BatchResultLine.from_json(text, strict=strict)
    except ResponseValidationError as error:
        message = f"Line {number} is no result of a batch: {error.message}"
        raise ResponseValidationError(message, path=error.path, body=text, advice=_ADVICE) from error


def _lines(file: Source, limit: int) -> Iterator[bytes | None]:
    """Yield the lines without their ends, None for those that are too long."""
    if isinstance(file, (str, PathLike)):
        with Path(file).open("rb") as source:
            yield from _split(_pieces(source), limit)
    elif hasattr(file, "iter_bytes"):
        yield from _split(cast("_Download", file).iter_bytes(), limit)
    elif hasattr(file, "read"):
        yield from _split(_pieces(cast("_Readable", file)), limit)
    else:
        for line in cast("Iterable[bytes | str]", file):
            data = line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
            data = data.removesuffix(b"\n")
            if b"\n" in data:
                raise TypeError("There are several lines in one; pass the response or an open file instead")
            yield data if len(data) <= limit else None


def _pieces(file: _Readable) -> Iterator[bytes]:
    while piece := cast("bytes | str", file.read(_PIECE)):
        yield piece.encode("utf-8", "surrogatepass") if isinstance(piece, str) else piece


def _split(pieces: Iterable[bytes], limit: int) -> Iterator[bytes | None]:
    kept: list[bytes] = []
    size = 0
    for piece in pieces:
        *ends, rest = piece.split(b"\n")
        for end in ends:
            yield None if size + len(end) > limit else b"".join([*kept, end])
            kept.clear()
            size = 0
        size += len(rest)
        if size <= limit:
            kept.append(rest)
        else:
            kept.clear()  # it is too long already
    if size:
        yield None if size > limit else b"".join(kept)


def result_of(line: BatchResult, strict: bool) -> Response:
    """Return the response in a line or raise the error in it: what `BatchResultLine.result` does."""
    known = cast("BatchResultLine", line)
    answer, problem = known.response, known.error
    if answer is None and problem is not None:
        reason = one_line(problem.message or "the file does not say why", _MESSAGE_SHOWN).rstrip(" .")
        code = f" (code {problem.code})" if problem.code else ""
        raise APIError(
            f"The request {known.custom_id!r} of the batch was not answered: {reason}{code}; send it again"
        )
    if answer is None:
        message = f"The result of {known.custom_id!r} has neither a valid answer nor an error"
        raise ResponseValidationError(message, body=line.to_dict(), advice=_ADVICE)
    status = 200 if answer.status_code is None else answer.status_code
    headers = {} if answer.request_id is None else {"x-request-id": answer.request_id}
    meta = ResponseMeta.build(status, headers, elapsed=0.0, tries=1, method="POST", url="/v1/responses")
    body = b"" if answer.body is None else write_json(answer.body)
    if status >= 400:
        raise answer_error(status, body, meta)
    return parse_result(Response, body, meta, Settings(strict=strict))
