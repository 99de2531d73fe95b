"""The clock of the package and its waits; a test can replace the clock of the whole process.

All modules read the time and sleep through this one, so that `testing.VirtualClock` reaches every wait. Waits on
sockets are the exception: the system times those.
"""

from __future__ import annotations

import time as _time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from threading import Event
    from typing import Protocol

    class Clock(Protocol):
        """A clock that replaces the real one; `testing.VirtualClock` is one."""

        def monotonic(self) -> float:
            """Return a reading in seconds that never goes back."""
            ...

        def time(self) -> float:
            """Return Unix time: the seconds since 1970."""
            ...

        def sleep(self, seconds: float) -> None:
            """Wait in a thread."""
            ...

        async def sleep_async(self, seconds: float) -> None:
            """Wait in a task."""
            ...

        def within(self, seconds: float, /) -> AbstractContextManager[None]:
            """Limit the waits of a block: they raise `TimeoutError` once this many seconds have passed."""
            ...


__all__ = [
    "NO_DEADLINE",
    "NO_REAL_DEADLINE",
    "Deadline",
    "RealDeadline",
    "is_real",
    "monotonic",
    "sleep",
    "sleep_async",
    "sleep_unless_set",
    "time",
    "time_limit",
    "use_clock",
]

_NO_LIMIT = nullcontext()

is_real = True
# A variable and not a function: streams with time limits read it at each piece, and it costs no more than
# `time.monotonic()`. Use it as `clock.monotonic()`; a name imported from here would keep the old clock.
monotonic: Callable[[], float] = _time.monotonic
_clock: Clock | None = None


def use_clock(clock: Clock | None) -> None:
    """Replace the clock of the process; None brings the real one back.

    Raises:
        RuntimeError: Another clock is in use.
    """
    global _clock, is_real, monotonic
    if clock is not None and _clock is not None:
        raise RuntimeError(
            "Another VirtualClock is in use, and a process has only one clock; use that one, or leave its block first."
        )
    _clock, is_real = clock, clock is None
    monotonic = _time.monotonic if clock is None else clock.monotonic


class Deadline(NamedTuple):
    """The moment at which a wait of many steps ends; `NO_DEADLINE` never comes.

    Attributes:
        at: A reading of the package's clock; None if there is no deadline.
    """

    at: float | None

    @classmethod
    def after(cls, seconds: float | None) -> Deadline:
        """Return the deadline that is this many seconds from now; None gives `NO_DEADLINE`."""
        return NO_DEADLINE if seconds is None else cls(monotonic() + seconds)

    @staticmethod
    def now() -> float:
        """Return the time by the clock that this kind of deadline reads."""
        return monotonic()

    def remaining(self) -> float | None:
        """Return the remaining seconds, negative after the deadline; None if there is no deadline."""
        return None if self.at is None else self.at - self.now()

    @property
    def is_expired(self) -> bool:
        """Whether the deadline has passed."""
        return self.at is not None and self.now() >= self.at

    def min(self, seconds: float) -> float:
        """Return the remaining seconds or `seconds`, whichever is less."""
        remaining = self.remaining()
        return seconds if remaining is None else min(seconds, remaining)

    def earlier(self, other: Self) -> Self:
        """Return the earlier of two deadlines."""
        if self.at is None or (other.at is not None and other.at < self.at):
            return other
        return self


NO_DEADLINE = Deadline(None)


class RealDeadline(Deadline):
    """A deadline by the real clock, for waits that a replaced clock does not shorten: those of WebSockets."""

    __slots__ = ()

    @classmethod
    def after(cls, seconds: float | None) -> RealDeadline:
        """Return the deadline that is this many seconds from now; None gives `NO_REAL_DEADLINE`."""
        return NO_REAL_DEADLINE if seconds is None else cls(cls.now() + seconds)

    @staticmethod
    def now() -> float:
        """Return the time by the real clock."""
        return _time.monotonic()


NO_REAL_DEADLINE = RealDeadline(None)


def time() -> float:
    """Return Unix time: the seconds since 1970."""
    return _time.time() if _clock is None else _clock.time()


def sleep(seconds: float) -> None:
    """Wait in a thread."""
    if _clock is None:
        _time.sleep(seconds)
    else:
        _clock.sleep(seconds)


def sleep_unless_set(stopped: Event, seconds: float) -> None:
    """Wait in a thread, but only until an event is set."""
    if _clock is None:
        stopped.wait(seconds)
    else:
        _clock.sleep(seconds)


async def sleep_async(seconds: float) -> None:
    """Wait in a task of asyncio or trio."""
    if _clock is None:
        import anyio  # here, because the start of a sync client does without it

        await anyio.sleep(seconds)
    else:
        await _clock.sleep_async(seconds)


def time_limit(timeout: float | None) -> AbstractContextManager[None]:
    """Limit the waits of a block on a replaced clock; real waits are limited by timers instead.

    The embedded server waits within the client's send, and timers cannot end a wait that takes no real time; so the
    clock itself ends it.
    """
    return _NO_LIMIT if timeout is None or _clock is None else _clock.within(timeout)
