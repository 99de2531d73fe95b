"""Batch files, one JSON object per line: write requests, read results; only one line is in memory at a time."""

from __future__ import annotations

import io
import logging
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from secrets import token_hex
from shutil import copymode
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, cast

from pydantic_core import from_json
from typing_extensions import TypeIs

from ._base.field_errors import field_error
from ._base.http import ResponseMeta
from ._base.messages import fact_list, one_line
from ._base.option_types import OPTIONS
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

    from ._calls.params import BatchLineParams
    from .models._base import JsonObject
    from .models._results import BatchResult

__all__ = ["batch_line", "log_skipped", "read_batch", "result_of", "write_batch"]

logger = logging.getLogger("responses_client")

# A line holds a body alone, and `extra_body` is the one option that becomes part of it.
_OPTIONS_OUTSIDE_BODY = sorted(OPTIONS - {"extra_body"})
_READ_BYTES = 64 * 1024
_MAX_MESSAGE_CHARS = 1000
_NOT_CREATED = "The batch line was not created"
_NOT_WRITTEN = "The batch was not written"
_NOT_READ = "The batch was not read"
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
def batch_line(custom_id: str, **params: Unpack[BatchLineParams]) -> BatchRequestLine:
    """Create one line of a batch file from the arguments of `responses.create`, and check them as `create` does.

    Args:
        custom_id: Your own id for the request: a string that is not blank, unique in the batch. The result of the
            request repeats it.
        params: The arguments of `responses.create`, including `extra_body`. Options that a line cannot hold (headers,
            query parameters, timeouts, retries) are refused, and so are `stream` and `background`.

    Returns:
        The line: `custom_id`, `method`, `url` and `body`. `write_batch` writes it to a file.

    Raises:
        RequestValidationError: An argument has an invalid value, or cannot be part of a line.
        TypeError: `create` does not take an argument of this name.
    """
    if not isinstance(custom_id, str) or not custom_id.strip():
        expected = "your own id for the request, a string that is not blank"
        raise RequestValidationError([field_error("custom_id", expected, custom_id)], outcome=_NOT_CREATED)
    given: Mapping[str, object] = params
    options = [name for name in _OPTIONS_OUTSIDE_BODY if given.get(name) is not None]
    if options:
        message = "cannot be part of a batch line, which holds only fields of the body; leave it out"
        raise _not_created(options, given, message)
    try:
        content = prepare(RESPONSES_CREATE.called("batch_line"), given, Settings()).request.content
    except RequestValidationError as error:
        raise RequestValidationError(error.errors, outcome=_NOT_CREATED) from None
    body: JsonObject = from_json(content)
    if modes := [name for name in ("stream", "background") if body.get(name)]:
        message = "cannot be used in a batch, which is answered as a whole; leave it out"
        raise _not_created(modes, body, message)
    line = {"custom_id": custom_id, "method": "POST", "url": "/v1/responses", "body": body}
    return BatchRequestLine.from_dict(line)


def _not_created(names: list[str], given: Mapping[str, object], message: str) -> RequestValidationError:
    mistakes = [field_error(name, "nothing", given[name], message=message) for name in names]
    return RequestValidationError(mistakes, outcome=_NOT_CREATED)


@public
def write_batch(file: str | PathLike[str] | _Writable, lines: Iterable[BatchRequestLine]) -> int:
    """Write the requests of a batch to a file, one per line.

    Args:
        file: A path, or a file open for writing bytes. A file given by its path is replaced when all lines are written;
            after an error it is as it was before.
        lines: The results of `batch_line`. They are taken one by one, so a generator may yield any number.

    Returns:
        The number of lines.

    Raises:
        RequestValidationError: Two lines have the same `custom_id`, or an object is not a result of `batch_line`.
        TypeError: The file is open for text.
        OSError: The file cannot be written.
    """
    if isinstance(file, io.TextIOBase):
        raise TypeError("The file is open for text; open it for bytes (mode 'wb')")
    if not isinstance(file, (str, PathLike)):
        return _write(file, lines)
    path = Path(file).resolve()  # a link stays, and its target is replaced
    if path.exists() and not path.is_file():  # a pipe or a device, which cannot be replaced
        with path.open("wb") as target:
            return _write(target, lines)
    part = path.with_name(f".{path.name}.{token_hex(8)}")  # of the same folder, so that `replace` is atomic
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
            raise _not_written(("lines", number), "a result of batch_line", line)
        if line.custom_id in seen:
            place = ("lines", number, "custom_id")
            raise _not_written(place, "an id that no earlier line has", line.custom_id)
        seen.add(line.custom_id)
        target.write(line.to_json().encode() + b"\n")
    return len(seen)


def _not_written(place: tuple[str | int, ...], expected: str, value: object) -> RequestValidationError:
    return RequestValidationError([field_error(place, expected, value)], outcome=_NOT_WRITTEN)


@public
def read_batch(
    file: Source,
    on_error: OnError = "raise",
    *,
    strict: bool = False,
    max_line_bytes: int = 64 * 1024 * 1024,
) -> Iterator[BatchResultLine]:
    """Iterate over the results of a batch: the lines of its output file or of its error file.

    Only one line is in memory at a time. Results come in the order of the file, which may differ from that of the
    requests; `custom_id` says to which request a result belongs. Blank lines are skipped.

    Args:
        file: A path, a file open for reading bytes, an HTTP response that is being downloaded (any object with
            `iter_bytes()`, such as a response of httpx), or an iterable of lines, with or without their line ends.
        on_error: The reaction to an invalid line. `"raise"`, the default, raises the error; `"skip"` logs a warning and
            reads the next line; a function is called with the error before the next line is read.
        strict: Whether a malformed part of a line is an error too. By default it is kept as a raw field.
        max_line_bytes: The maximum size of a line, 64 MiB by default. A longer line is invalid.

    Raises:
        RequestValidationError: `on_error` is not one of these.
        TypeError: `file` is not one of these.
        ResponseValidationError: A line is invalid; the message has its number. Raised while iterating.
        OSError: The file cannot be read. Raised while iterating.
    """
    if on_error not in ("raise", "skip") and not callable(on_error):
        mistake = field_error("on_error", "'raise', 'skip' or a function", on_error)
        raise RequestValidationError([mistake], outcome=_NOT_READ)
    if isinstance(file, (bytes, bytearray, memoryview)) or not (
        isinstance(file, (str, PathLike, Iterable)) or hasattr(file, "iter_bytes") or hasattr(file, "read")
    ):
        raise TypeError(
            f"The file must be a path, an open file, a response or lines, got {type(file).__name__}; "
            "wrap bytes in io.BytesIO"
        )
    return _results(_lines(file, max_line_bytes), on_error, strict, max_line_bytes)


def _results(
    lines: Iterable[bytes | None], on_error: OnError, strict: bool, limit: int
) -> Iterator[BatchResultLine]:
    # The checks of `read_batch` run when it is called, those of the lines here, while they are read.
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
                log_skipped(error)
            else:
                on_error(error)
            continue
        yield result


def log_skipped(error: ResponseValidationError) -> None:
    """Log that a line was skipped because of an error."""
    # Not the whole error, which quotes the line: prompts and answers do not belong in a log.
    place = f" at {error.path}" if error.path else ""
    logger.warning("Skipped a line: %s%s", error.message, place)


def _parsed(text: bytes | None, number: int, strict: bool, limit: int) -> BatchResultLine:
    if text is None:
        message = f"Line {number} is longer than {limit} bytes (max_line_bytes)"
        raise ResponseValidationError(message, advice=_ADVICE)
    try:
        return BatchResultLine.from_json(text, strict=strict)
    except ResponseValidationError as error:
        message = f"Line {number} is not a result of a batch: {error.message}"
        raise ResponseValidationError(message, path=error.path, body=text, advice=_ADVICE) from error


def _lines(file: Source, limit: int) -> Iterator[bytes | None]:
    """Yield the lines without their line ends, and None for a line that is too long."""
    if isinstance(file, (str, PathLike)):
        with Path(file).open("rb") as source:
            yield from _split(_pieces(source), limit)
    elif _is_download(file):
        yield from _split(file.iter_bytes(), limit)
    elif _is_readable(file):
        yield from _split(_pieces(file), limit)
    else:
        for line in file:
            data = _as_bytes(line).removesuffix(b"\n")
            if b"\n" in data:  # chunks of a download, say
                raise TypeError(
                    "The file must be an iterable of single lines, got several lines in one; "
                    "pass the response or an open file instead"
                )
            yield data if len(data) <= limit else None


# Not `isinstance` with a protocol: that does not find what `__getattr__` gives, as in the files of `tempfile`.
def _is_download(file: Source) -> TypeIs[_Download]:
    return hasattr(file, "iter_bytes")


def _is_readable(file: Source) -> TypeIs[_Readable]:
    return hasattr(file, "read")


def _pieces(file: _Readable) -> Iterator[bytes]:
    while piece := file.read(_READ_BYTES):
        yield _as_bytes(piece)


def _as_bytes(data: bytes | str) -> bytes:
    """Encode text, as of a file that is open for text."""
    return data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data


def _split(pieces: Iterable[bytes], limit: int) -> Iterator[bytes | None]:
    # Only at `\n`: `splitlines` would also split at U+2028 and others, which JSON strings may contain.
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
            kept.clear()  # the line is too long already, and need not be kept
    if size:
        yield None if size > limit else b"".join(kept)


def result_of(line: BatchResult, strict: bool) -> Response:
    """Return the response in a line, or raise the error in it, for `BatchResultLine.result`."""
    known = cast("BatchResultLine", line)  # the one subclass, which is generated
    answer, problem = known.response, known.error
    if answer is None and problem is not None:
        reason = one_line(problem.message or "the file does not say why", _MAX_MESSAGE_CHARS).rstrip(" .")
        code = fact_list(code=problem.code)
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
