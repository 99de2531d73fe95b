"""The clocks of the package and its waits: real ones, unless a test has put a clock of its own in their place."""

from __future__ import annotations

import time as _time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from threading import Event
    from typing import Protocol

    class Clock(Protocol):
        """What stands in for real time."""

        def monotonic(self) -> float:
            """Seconds since some moment."""
            ...

        def time(self) -> float:
            """Seconds since 1970."""
            ...

        def sleep(self, seconds: float) -> None:
            """Wait, in a thread."""
            ...

        async def sleep_async(self, seconds: float) -> None:
            """Wait, in a task."""
            ...

        def within(self, seconds: float, /) -> AbstractContextManager[None]:
            """End the waits of a block by `TimeoutError` when so many seconds have passed."""
            ...


__all__ = [
    "NO_DEADLINE",
    "NO_REAL_DEADLINE",
    "Deadline",
    "RealDeadline",
    "is_real",
    "monotonic",
    "replaced_by",
    "sleep",
    "sleep_async",
    "sleep_unless",
    "time",
    "within",
]

_ANY_LENGTH = nullcontext()


is_real = True
# A name to call, as `_clock.monotonic()`, which costs no more than `time.monotonic()`: streams with limits ask often.
monotonic: Callable[[], float] = _time.monotonic
_clock: Clock | None = None


def replaced_by(clock: Clock | None) -> None:
    """Take the time from another clock from now on; from the real ones again with None.

    Raises:
        RuntimeError: There is another clock already.
    """
    global _clock, is_real, monotonic
    if clock is not None and _clock is not None:
        raise RuntimeError(
            "A VirtualClock is in use already, and there is one time for all of the process; "
            "use that one, or leave its block first."
        )
    _clock, is_real = clock, clock is None
    monotonic = _time.monotonic if clock is None else clock.monotonic


class Deadline(NamedTuple):
    """The moment at which a wait ends, however many steps it takes; `NO_DEADLINE` never comes.

    Attributes:
        at: A reading of the package's clock; None if there is no deadline.
    """

    at: float | None

    @classmethod
    def after(cls, seconds: float | None) -> Deadline:
        """Return the deadline so many seconds from now; None gives `NO_DEADLINE`."""
        return NO_DEADLINE if seconds is None else cls(monotonic() + seconds)

    @staticmethod
    def now() -> float:
        """Return the time by the clock that this kind of deadline reads."""
        return monotonic()

    def remaining(self) -> float | None:
        """Return the seconds that remain, below 0 when the deadline has passed; None without one."""
        return None if self.at is None else self.at - self.now()

    @property
    def is_expired(self) -> bool:
        """Whether the deadline has passed."""
        return self.at is not None and self.now() >= self.at

    def min(self, seconds: float) -> float:
        """Return the seconds that remain, but at most so many."""
        remaining = self.remaining()
        return seconds if remaining is None else min(seconds, remaining)

    def earlier(self, other: Self) -> Self:
        """Return the deadline that comes first."""
        if self.at is None or (other.at is not None and other.at < self.at):
            return other
        return self


NO_DEADLINE = Deadline(None)


class RealDeadline(Deadline):
    """A deadline by the real clock, for waits on something that no other clock can hurry: sockets, pings."""

    __slots__ = ()

    @classmethod
    def after(cls, seconds: float | None) -> RealDeadline:
        """Return the deadline that many seconds from now; None gives `NO_REAL_DEADLINE`."""
        return NO_REAL_DEADLINE if seconds is None else cls(cls.now() + seconds)

    @staticmethod
    def now() -> float:
        """Return the time by the real clock."""
        return _time.monotonic()


NO_REAL_DEADLINE = RealDeadline(None)


def time() -> float:
    """Return the seconds since 1970."""
    return _time.time() if _clock is None else _clock.time()


def sleep(seconds: float) -> None:
    """Wait, in a thread."""
    if _clock is None:
        _time.sleep(seconds)
    else:
        _clock.sleep(seconds)


def sleep_unless(stopped: Event, seconds: float) -> None:
    """Wait, in a thread, or until an event is set."""
    if _clock is None:
        stopped.wait(seconds)
    else:
        _clock.sleep(seconds)


async def sleep_async(seconds: float) -> None:
    """Wait, in a task of asyncio or trio."""
    if _clock is None:
        import anyio  # here, since this module is loaded by those that do without it

        await anyio.sleep(seconds)
    else:
        await _clock.sleep_async(seconds)


def within(timeout: float | None) -> AbstractContextManager[None]:
    """Tell a clock that is not real how long the waits of a block may take; real ones are bounded by timers."""
    return _ANY_LENGTH if timeout is None or _clock is None else _clock.within(timeout)
