"""The journal of a map: a file with a line for each finished request, so that answered ones are not sent again."""

# How it works
#
# Each line is a JSON object with the fields of a result line of the Batch API, and the digest of its request:
#
#   {"custom_id": "7", "id": null, "response": {"status_code": 200, "request_id": ..., "body": {...}},
#    "error": null, "request_digest": "sha256:..."}
#
# `response` is null if no answer came; `error` then has the class of the exception as its `code`. The digest is that of
# the body of the request, null if the request could not be written. Lines are only ever appended, in order of arrival.
# If an id has several lines, as after failures that were sent again, the last success counts.
#
# A line is complete when it ends in a newline. As each write goes to the end of the file, a crash can tear only the last
# line. On opening, a torn line is cut off if it begins as ours do, and its request is sent again. Any other line without
# these fields means that the file is not a journal: opening fails, and the file stays as it is.

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeAlias

from pydantic_core import from_json, to_jsonable_python

from .._base.clock import NO_DEADLINE
from .._base.field_errors import field_error
from .._base.json_types import JsonObject, as_object, is_object
from .._base.messages import one_line
from ..errors import APIStatusError, RequestValidationError
from ..models._tolerance import write_json
from ..models.batch import BatchResultLine

if TYPE_CHECKING:
    from .._transport.protocols import IO
    from ..models import Response
    from .requests import MapResult

__all__ = ["Journal", "RunBlocking", "digest_of"]

RunBlocking: TypeAlias = "Callable[[Callable[[], None]], Awaitable[None]]"
"""Calls a function that waits for a disk, where that blocks no event loop."""

_LINE_START = b'{"custom_id":'
_MAX_MESSAGE_CHARS = 1000


class _Entry(NamedTuple):
    """The place of a line with a success, and the request that it answers."""

    digest: str
    start: int
    size: int


def digest_of(content: bytes) -> str:
    """Return a hash of the body of a request that does not depend on the order of its fields."""
    canonical = json.dumps(from_json(content), sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode('utf-8', 'surrogatepass')).hexdigest()}"


class Journal:
    """The journal of one map, shared by its threads or tasks.

    Only the places of successes are in memory; their responses are read from the file when they are asked for.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._file: BinaryIO | None = None
        self._entries: dict[str, _Entry] = {}
        self._pending: list[bytes] = []
        self._lock = threading.Lock()

    def open(self) -> None:
        """Read the file, or create it if there is none.

        Raises:
            RequestValidationError: The file is not a journal.
            OSError: It cannot be read or written.
        """
        file = self._file = self._path.open("a+b", buffering=0)
        try:
            end = 0
            for number, line in enumerate(_lines(file), 1):
                if not line.endswith(b"\n"):
                    self._drop_torn(file, line, end, number)
                    break
                self._index(line, end, number)
                end += len(line)
        except BaseException:
            self.close()
            raise

    def replay(self, id: str, digest: str) -> Response | None:
        """Return the recorded response to a request; None if it has none.

        Raises:
            RequestValidationError: The response is that of another request with this id.
        """
        entry = self._entries.get(id)
        if entry is None:
            return None
        if entry.digest != digest:
            message = (
                f"{self._path} is the journal of other requests: it has an answer to {id!r}, which has changed "
                "since; pass the same requests, or another file"
            )
            raise self._refusal(message, "The map was stopped")
        with self._path.open("rb") as file:
            file.seek(entry.start)
            line = file.read(entry.size)
        return BatchResultLine.from_json(line).result()

    async def record(self, io: IO, run_blocking: RunBlocking, result: MapResult, digest: str | None) -> None:
        """Append a line with a result, and return when it is written."""
        self._pending.append(_line(result, digest))
        # While one writes, the lines of others gather; the next one writes them all at once.
        async with io.lock(self, NO_DEADLINE):
            if self._pending:
                await run_blocking(self.flush)

    def flush(self) -> None:
        """Write all pending lines."""
        with self._lock:
            pending, self._pending = self._pending, []
            data = memoryview(b"".join(pending))
            while self._file is not None and data:
                data = data[self._file.write(data) :]  # an unbuffered file may write only a part

    def close(self) -> None:
        """Write all pending lines, and close the file."""
        self.flush()
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _index(self, line: bytes, start: int, number: int) -> None:
        fields = _fields(line)
        if fields is None:
            message = f"line {number} of {self._path} is not a line of a journal; pass another file"
            raise self._refusal(message, "The map was not started")
        answer = fields["response"]
        # A response that failed on the server is sent again, as are errors.
        if answer is not None and answer["status_code"] < 400 and _status(answer) != "failed":
            self._entries[fields["custom_id"]] = _Entry(fields["request_digest"], start, len(line))

    def _drop_torn(self, file: BinaryIO, line: bytes, end: int, number: int) -> None:
        """Cut off a line without its end, if it is one of ours."""
        if not (line.startswith(_LINE_START) or _LINE_START.startswith(line)):
            self._index(b"", end, number)  # which raises: an empty line is not one of ours
        file.truncate(end)

    def _refusal(self, message: str, outcome: str) -> RequestValidationError:
        mistake = field_error("journal", "a file of its own", self._path, message=message)
        return RequestValidationError([mistake], outcome=outcome)


def _status(answer: JsonObject) -> object:
    return as_object(answer.get("body")).get("status")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    # A second, buffered reader: lines of an unbuffered file are read byte by byte.
    with open(os.dup(file.fileno()), "rb") as reader:
        yield from reader


def _fields(line: bytes) -> JsonObject | None:
    """Return the fields of a line; None if the line is not one of a journal."""
    try:
        fields = from_json(line)
    except ValueError:
        return None
    if not is_object(fields) or not isinstance(fields.get("custom_id"), str):
        return None
    if "request_digest" not in fields or "response" not in fields:
        return None
    answer = fields["response"]
    has_answer = is_object(answer) and isinstance(answer.get("status_code"), int)
    return fields if answer is None or has_answer else None


def _line(result: MapResult, digest: str | None) -> bytes:
    answer: object = None
    problem: object = None
    error = result.error
    if result.response is not None:
        meta = result.response.meta
        answer = {"status_code": 200, "request_id": meta and meta.request_id, "body": result.response}
    elif isinstance(error, APIStatusError) and error.status_code >= 400:
        answer = {"status_code": error.status_code, "request_id": error.request_id, "body": error.body}
    else:
        problem = {"code": type(error).__name__, "message": one_line(str(error), _MAX_MESSAGE_CHARS)}
    fields = {
        "custom_id": result.id,  # first, so that a torn line can be recognized
        "id": None,
        "response": answer,
        "error": problem,
        "request_digest": digest,
    }
    try:
        return write_json(fields) + b"\n"
    except ValueError:  # half of a surrogate pair, which some servers send in errors
        return json.dumps(to_jsonable_python(fields), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
