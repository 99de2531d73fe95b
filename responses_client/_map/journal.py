"""The journal of a map: a line for each request that is finished, as batch files have them, and what it saves to send."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeAlias, cast

from pydantic_core import from_json, to_jsonable_python

from .._base.clock import NO_DEADLINE
from .._base.messages import one_line
from ..errors import APIStatusError, ConfigurationError
from ..models._tolerance import write_json
from ..models.batch import BatchResultLine

if TYPE_CHECKING:
    from .._transport.protocols import IO
    from ..models import Response
    from .requests import MapResult

__all__ = ["Aside", "Journal", "digest_of"]

Aside: TypeAlias = "Callable[[Callable[[], None]], Awaitable[None]]"
"""Calls a function that waits for a disk."""

_START = b'{"custom_id":'
_TEXT_SHOWN = 1000


class _Place(NamedTuple):
    """Where the line of a success is."""

    digest: str
    start: int
    size: int


def digest_of(content: bytes) -> str:
    """Return what tells requests apart: a hash of the body, whatever the order of its fields."""
    form = json.dumps(from_json(content), sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(form.encode('utf-8', 'surrogatepass')).hexdigest()}"


class Journal:
    """A file that grows by a line when a request is finished; threads share it.

    Only the places of successes are held in memory. A line counts once it has its end, so that one which a crash
    tore is as if it were not there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._file: BinaryIO | None = None
        self._places: dict[str, _Place] = {}
        self._pending: list[bytes] = []
        self._lock = threading.Lock()

    def open(self) -> None:
        """Read what is there, and make the file if there is none.

        Raises:
            ConfigurationError: It is something else than a journal.
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
        """Return the response that a request had before; None if it had none.

        Raises:
            ConfigurationError: The request of this id was another one.
        """
        place = self._places.get(id)
        if place is None:
            return None
        if place.digest != digest:
            raise ConfigurationError(
                f"The journal {self._path} is of other requests: it has an answer to {id!r}, which has changed "
                "since; pass the same requests, or a file of its own"
            )
        with self._path.open("rb") as file:
            file.seek(place.start)
            line = file.read(place.size)
        return BatchResultLine.from_json(line).result()

    async def keep(self, io: IO, aside: Aside, result: MapResult, digest: str | None) -> None:
        """Append the line of a result; those that wait at the same time are written together."""
        self._pending.append(_line(result, digest))
        async with io.lock(self, NO_DEADLINE):
            if self._pending:
                await aside(self.flush)

    def flush(self) -> None:
        """Write what is to be written."""
        with self._lock:
            pending, self._pending = self._pending, []
            data = memoryview(b"".join(pending))
            while self._file is not None and data:
                data = data[self._file.write(data) :]

    def close(self) -> None:
        """Write what is to be written, and close the file."""
        self.flush()
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _index(self, line: bytes, start: int, number: int) -> None:
        fields = _fields(line)
        if fields is None:
            raise ConfigurationError(
                f"Line {number} of {self._path} is no line of a journal; pass a file of its own as journal"
            )
        answer = fields["response"]
        # What the server could not finish is asked for again.
        if answer is not None and answer["status_code"] < 400 and _status(answer) != "failed":
            self._places[fields["custom_id"]] = _Place(fields["request_digest"], start, len(line))

    def _drop_torn(self, file: BinaryIO, line: bytes, end: int, number: int) -> None:
        """Cut a line off that was not written to its end."""
        if not (line.startswith(_START) or _START.startswith(line)):
            self._index(b"", end, number)  # no line of ours
        file.truncate(end)


def _status(answer: dict[str, Any]) -> object:
    body: object = answer.get("body")
    return cast("dict[str, object]", body).get("status") if isinstance(body, dict) else None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    with open(os.dup(file.fileno()), "rb") as reader:
        yield from reader


def _fields(line: bytes) -> dict[str, Any] | None:
    """Return the fields of a line; None if it is not one that we wrote."""
    try:
        fields: Any = from_json(line)
        answer = fields["response"]
        is_ours = isinstance(fields["custom_id"], str) and "request_digest" in fields
        is_ours = is_ours and (answer is None or isinstance(answer["status_code"], int))
    except (ValueError, TypeError, KeyError):
        return None
    return cast("dict[str, Any]", fields) if is_ours else None


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
        problem = {"code": type(error).__name__, "message": one_line(str(error), _TEXT_SHOWN)}
    fields = {
        "custom_id": result.id,
        "id": None,
        "response": answer,
        "error": problem,
        "request_digest": digest,
    }
    try:
        return write_json(fields) + b"\n"
    except ValueError:  # half a character, which some servers send in errors
        return json.dumps(to_jsonable_python(fields), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
