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
# One map at a time has the file; see `file_lock.py`. A line is complete when it ends in a newline. Each write goes to
# the end of the file in one call. If it fails, as on a full disk, the part of a line that it left is cut off again. A
# process that is killed, or a power failure, can still leave one. So opening reads each line on its own:
#
#   a line with these fields          its answer counts; at the end of the file it gets the newline that it lacks
#   the start of one of our lines     at the end of the file it is cut off; in the middle, a complete line may follow
#                                     it before the newline, as the next map wrote it there, and that counts
#   any other line                    is passed over, and stays as it is
#
# The log names the lines that were lost; their requests are sent again. A file without any line of the first two kinds
# is not a journal: opening fails, and the file stays as it is.

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import stat
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from io import BufferedReader, FileIO
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from zlib import crc32

from pydantic_core import from_json, to_jsonable_python

from .._base import forks
from .._base.clock import NO_DEADLINE
from .._base.field_errors import field_error
from .._base.file_lock import FileLock, InUse
from .._base.json_types import JsonObject, as_object, is_object, json_or
from .._base.messages import one_line
from ..errors import APIError, APIStatusError, RequestValidationError
from ..models._tolerance import write_json
from ..models.batch import BatchResultLine

if TYPE_CHECKING:
    from .._transport.protocols import IO
    from ..models import Response
    from .requests import MapResult

__all__ = ["Journal", "RunBlocking", "digest_of"]

RunBlocking: TypeAlias = "Callable[[Callable[[], None]], Awaitable[None]]"
"""Calls a function that waits for a disk, where that blocks no event loop."""

logger = logging.getLogger("responses_client")

_LINE_START = b'{"custom_id":'
_MAX_MESSAGE_CHARS = 1000
_MAX_FOREIGN_LINES = 100  # at the start of a file, until it is taken for something else than a journal
_MAX_NAMED_LINES = 10
_MAX_STARTS = 10  # that are looked for in one damaged line
_NOT_STARTED = "The map was not started"


class _Entry(NamedTuple):
    """The place of a line with a success, its checksum, and the request that it answers."""

    digest: str
    start: int
    size: int
    checksum: int


def digest_of(content: bytes) -> str:
    """Return a hash of the body of a request that does not depend on the order of its fields."""
    canonical = json.dumps(from_json(content), sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode('utf-8', 'surrogatepass')).hexdigest()}"


class Journal:
    """The journal of one map, shared by its threads or tasks.

    Only the places of successes are in memory; their responses are read from the file when they are asked for.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # Without links, which all lead to one note of the lock; absolute, for programs that change their folder.
        self._path = Path(os.path.realpath(path))
        self._system_lock = FileLock(self._path)
        self._file: FileIO | None = None
        self._process = forks.generation
        self._entries: dict[str, _Entry] = {}
        self._pending: deque[bytes] = deque()
        self._lock = threading.Lock()

    def open(self) -> None:
        """Lock and read the file, or create it if there is none.

        Raises:
            RequestValidationError: The file is not a journal, or another map has it open.
            OSError: It cannot be read or written.
        """
        file = FileIO(self._path, "a+")
        self._file = file
        self._process = forks.generation
        forks.close_in_children(file)
        try:
            self._system_lock.acquire(file)
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # a device may never end
                self._read(file)
        except InUse as error:
            self.close()
            message = f"{self._path} is in use by another map, of {error}; wait until it has ended, or pass another file"
            raise self._refusal(message, _NOT_STARTED) from None
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
        if crc32(line) != entry.checksum:
            message = (
                f"{self._path} was changed by another program while this map has it open; start the map again"
            )
            raise self._refusal(message, "The map was stopped")
        try:
            return BatchResultLine.from_json(line).result()
        except APIError as error:  # the line is JSON of our form, but its answer is damaged
            logger.warning(
                "%s: the answer to %r is damaged (%s), so its request is sent again",
                self._path,
                id,
                error.message,
            )
            return None

    async def record(self, io: IO, run_blocking: RunBlocking, result: MapResult, digest: str | None) -> None:
        """Append a line with a result, and return when it is written.

        Raises:
            OSError: It cannot be written.
            RuntimeError: The process was forked since the journal was opened.
        """
        forks.refuse_after_fork(self._process, "journal")
        self._pending.append(_line(result, digest))
        # While one writes, the lines of others gather; the next one writes them all at once.
        async with io.lock(self, NO_DEADLINE):
            if self._pending:
                await run_blocking(self.flush)

    def flush(self) -> None:
        """Write all pending lines. Those that cannot be written stay pending.

        Raises:
            OSError: They cannot be written, as on a full disk.
        """
        with self._lock:
            if self._file is not None and self._pending:
                self._write(self._file, [self._pending.popleft() for _ in range(len(self._pending))])

    def close(self) -> None:
        """Write all pending lines, and close the file, which ends its lock.

        Raises:
            OSError: They cannot be written. The file is closed all the same.
        """
        if self._process != forks.generation:
            return
        try:
            self.flush()
            if self._file is not None:
                _sync(self._file)
        finally:
            with self._lock:
                file, self._file = self._file, None
                if file is not None:
                    self._system_lock.release()
                    file.close()

    def _write(self, file: FileIO, lines: list[bytes]) -> None:
        data = memoryview(b"".join(lines))
        start, done = _size(file), 0
        try:
            while done < len(data):  # a call may write only a part, as shortly before the disk is full
                done += file.write(data[done:])
        except OSError as error:
            ends = list(accumulate(map(len, lines)))
            whole = bisect_right(ends, done)
            self._pending.extendleft(reversed(lines[whole:]))
            with suppress(OSError):  # without this, the next opening finds the part, and passes over it
                if _size(file) == start + done:
                    file.truncate(start + (ends[whole - 1] if whole else 0))
            count = len(self._pending)
            text = (
                f"{error.strerror}; {count} {'result is' if count == 1 else 'results are'} not in the journal, "
                "and the next map sends their requests again"
            )
            raise OSError(error.errno, text, str(self._path)) from None

    def _read(self, file: FileIO) -> None:
        """Index all lines, say which are lost, and end the last one if it has no end.

        Raises:
            RequestValidationError: There are lines, and none is one of ours. The file is as it was.
        """
        is_ours = False  # whether any line has all fields
        lost: list[int] = []
        foreign: list[int] = []
        last, end, torn = b"\n", 0, False
        file.seek(0)
        reader = BufferedReader(file)  # lines of an unbuffered file are read byte by byte
        try:
            for number, line in enumerate(reader, 1):
                last, torn = line, False
                offset, fields = _find_fields(line)
                if fields is not None:
                    is_ours = True
                    self._index(fields, line[offset:], end + offset)
                elif line.strip():  # an empty line holds nothing
                    torn = _is_torn(line)
                    if not torn:
                        foreign.append(number)
                if line.strip() and (offset or fields is None):
                    lost.append(number)
                if len(foreign) == _MAX_FOREIGN_LINES and not is_ours:
                    break
                end += len(line)
        finally:
            reader.detach()  # or the reader would close the file
        if foreign and not is_ours:
            message = f"line {foreign[0]} of {self._path} is not a line of a journal; pass another file"
            raise self._refusal(message, _NOT_STARTED)
        if not last.endswith(b"\n"):
            if torn:
                file.truncate(end - len(last))
            else:
                file.write(b"\n")
        if lost:
            advice = "as by a crash or a full disk; requests without an answer in another line are sent again"
            logger.warning("%s: %s damaged, %s", self._path, _numbered(lost), advice)

    def _index(self, fields: JsonObject, line: bytes, start: int) -> None:
        answer = fields["response"]
        # A response that failed on the server is sent again, as are errors.
        if answer is not None and answer["status_code"] < 400 and _status(answer) != "failed":
            entry = _Entry(fields["request_digest"], start, len(line), crc32(line))
            self._entries[fields["custom_id"]] = entry

    def _refusal(self, message: str, outcome: str) -> RequestValidationError:
        mistake = field_error("journal", "a file of its own", self._path, message=message)
        return RequestValidationError([mistake], outcome=outcome)


def _status(answer: JsonObject) -> object:
    return as_object(answer.get("body")).get("status")


def _numbered(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:_MAX_NAMED_LINES]))
    more = len(numbers) - _MAX_NAMED_LINES
    if len(numbers) == 1:
        return f"line {shown} is"
    return f"lines {shown}{f' and {more} more' if more > 0 else ''} are"


def _size(file: FileIO) -> int:
    return os.fstat(file.fileno()).st_size


def _sync(file: FileIO) -> None:
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # of a device or a pipe
            raise


def _find_fields(line: bytes) -> tuple[int, JsonObject | None]:
    """Return the fields in a line, and where they begin; None if it has none.

    They begin later than at 0 if the line was written after the torn start of another one. Within strings, the quotation
    marks of `_LINE_START` are escaped, and after an object within a line, something follows.
    """
    start = 0
    for _ in range(_MAX_STARTS):
        if (fields := _fields(line[start:])) is not None:
            return start, fields
        start = line.find(_LINE_START, start + 1)
        if start == -1 or not line.endswith(b"\n"):
            break
    return 0, None


def _is_torn(line: bytes) -> bool:
    """Whether a line is the start of one of ours."""
    is_start = line.startswith(_LINE_START) or _LINE_START.startswith(line)
    return is_start and json_or(line, line) is line


def _fields(line: bytes) -> JsonObject | None:
    """Return the fields of a line; None if the line is not one of a journal."""
    fields = json_or(line)
    if not is_object(fields) or not isinstance(fields.get("custom_id"), str):
        return None
    if "request_digest" not in fields or "response" not in fields:
        return None
    answer = fields["response"]
    if answer is None:
        return fields
    has_answer = is_object(answer) and isinstance(answer.get("status_code"), int)
    # Without the digest, the answer would look like that of another request.
    return fields if has_answer and isinstance(fields["request_digest"], str) else None


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
