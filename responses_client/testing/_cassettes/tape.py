"""The state of a cassette: recorded exchanges, replayed ones, and the file; safe to use from several threads."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, TypeAlias

from ..._base.file_lock import FileLock, InUse
from ..._base.public import public
from .exchanges import CassetteError, Exchange, Recording, lines_of, read_lines, write_lines
from .matching import Matcher, describe_mismatch
from .scrubbing import Scrubber

if TYPE_CHECKING:
    from .sessions import ReplayedSession

__all__ = ["Mode", "NotRecorded", "Tape"]

Mode: TypeAlias = Literal["replay", "record", "auto"]


@public
class NotRecorded(AssertionError):
    """A request that a cassette has no answer for; the message has the differences from the nearest recorded one.

    The call that sends the request raises it. A cassette on a port answers with an error, 400, instead.
    """


class Tape:
    """The exchanges of one file.

    A recording adds its exchanges to a second file, `NAME.recording`, and replaces the first one at the end. If it
    fails, the old file stays, and its answers are in the second one. One tape at a time uses the second file.

    Args:
        path: The file.
        mode: The mode of the cassette: "replay", "record" or "auto".
        matcher: The rule by which requests are compared.
        scrubber: Removes secrets before anything is written.
    """

    def __init__(self, path: Path, mode: Mode, matcher: Matcher, scrubber: Scrubber) -> None:
        self.path = path
        self.mode: Mode = mode
        self.scrubber = scrubber
        self._matcher = matcher
        self._lock = threading.Lock()
        self._unused: dict[str, deque[Exchange]] = {}  # by the key of their requests, oldest first
        self._used: list[Exchange] = []
        # In the order of their requests, as they are written; None for those that have not ended.
        self._new: list[Exchange | None] = []
        self._open: dict[int, Callable[[], None]] = {}  # by their places in this list
        self._partial_file: BinaryIO | None = None
        self._partial_lock = FileLock(Path(os.path.realpath(self._partial)))
        self._is_closed = False
        if mode == "replay" or (mode == "auto" and path.exists()):
            for exchange in self._read():
                self._unused.setdefault(matcher.key(exchange.request), deque()).append(exchange)

    @property
    def unused(self) -> list[Recording]:
        """The recorded requests that were never sent."""
        with self._lock:
            return [exchange.request for group in self._unused.values() for exchange in group]

    def find(self, request: Recording) -> Exchange | None:
        """Return the first matching exchange that was not replayed yet; None if the request must be recorded.

        Raises:
            NotRecorded: No recorded request matches, and the mode is "replay".
        """
        wanted = self.scrubber.request(request)
        with self._lock:
            if self.mode == "record":
                return None
            if same := self._unused.get(self._matcher.key(wanted)):
                self._used.append(same.popleft())
                return self._used[-1]
            if self.mode == "auto":
                return None
            used = [exchange.request for exchange in self._used]
        reason = describe_mismatch(self._matcher, wanted, self.unused, used)
        raise NotRecorded(
            f"{wanted} is not in {self.path.name}: {reason}\n"
            "To record it, set RESPONSES_CASSETTES=record (everything) or auto (missing requests)"
        )

    def session(self, exchange: Exchange) -> ReplayedSession:
        """Return the server of a recorded WebSocket session."""
        from .sessions import ReplayedSession

        return ReplayedSession(exchange, self._matcher, self.scrubber, self.path.name)

    def begin(self, finish: Callable[[], None]) -> int:
        """Return the place of an exchange that waits for its answer; at the end, `finish` is called if none has come.

        Raises:
            CassetteError: Another tape records the file.
        """
        with self._lock:
            if self._partial_file is None:
                self._partial_file = self._open_partial()
            place = len(self._new)
            self._new.append(None)
            self._open[place] = finish
            return place

    def finish(self, place: int, exchange: Exchange) -> None:
        """Write an exchange after its answer has come or has broken off; only the first call for a place does."""
        with self._lock:
            if self._open.pop(place, None) is None or self._is_closed or not exchange.is_answered:
                return
            written = self.scrubber.exchange(exchange)
            file = self._partial_file
            assert file is not None  # since `begin`
            file.writelines(_encoded(lines_of(written) if file.tell() else write_lines([written])))
            file.flush()
            self._new[place] = written

    def close(self, *, keep: bool) -> None:
        """Write the file if anything was recorded: the exchanges that it keeps, and then the new ones, in order.

        An unfinished answer is written as far as it came. Without `keep`, the new exchanges stay in the file beside it.
        """
        with self._lock:
            unfinished = [*self._open.values()]
        for finish in unfinished:
            finish()
        with self._lock:
            if self._is_closed or self.mode == "replay":
                return
            self._is_closed = True
            is_written = False
            try:
                if keep:
                    self._replace()
                    is_written = True
            finally:
                self._close_partial(is_written)

    def _replace(self) -> None:
        finished = [one for one in self._new if one is not None]
        if self.mode == "record" or finished:
            kept = self._read() if self.mode == "auto" and self.path.exists() else []
            temporary = self.path.with_name(f"{self.path.name}.new")
            temporary.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.writelines(_encoded(write_lines([*kept, *finished])))
            os.replace(temporary, self.path)

    @property
    def _partial(self) -> Path:
        return self.path.with_name(f"{self.path.name}.recording")

    def _open_partial(self) -> BinaryIO:
        self._partial.parent.mkdir(parents=True, exist_ok=True)
        file = self._partial.open("ab")
        try:
            self._partial_lock.acquire(file)
        except InUse as holder:
            file.close()
            raise CassetteError(
                f"{self.path} is being recorded by {holder}; record it with one cassette at a time, and with pytest-xdist in "
                "one process (-n 0)"
            ) from None
        file.seek(0)
        file.truncate()  # an earlier recording may have left exchanges
        return file

    def _close_partial(self, is_written: bool) -> None:
        file = self._partial_file
        if file is None:
            return
        is_needed = not is_written and file.tell()
        self._partial_lock.release()
        file.close()  # first, since Windows does not remove an open file
        if not is_needed:
            self._partial.unlink(missing_ok=True)

    def _read(self) -> list[Exchange]:
        try:
            with self.path.open(encoding="utf-8", newline="\n") as file:
                return read_lines(file)
        except FileNotFoundError:
            raise CassetteError(
                f"The cassette {self.path} does not exist; record it with mode='record' or RESPONSES_CASSETTES=record"
            ) from None
        except UnicodeDecodeError:
            raise CassetteError(f"{self.path} is not a cassette: it is not UTF-8") from None
        except CassetteError as error:
            raise CassetteError(f"{self.path} cannot be replayed: {error}") from None


def _encoded(lines: Iterable[str]) -> Iterator[bytes]:
    # Half of a surrogate pair has no UTF-8 form; the form with a backslash is JSON's escape for it.
    return (f"{line}\n".encode("utf-8", "backslashreplace") for line in lines)
