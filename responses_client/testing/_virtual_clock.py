"""A clock for tests: waits take no time but move it on, in the order in which they would end.

`responses_client` waits and reads the time through one module, in which a `VirtualClock` replaces the real
clocks for the whole process. A wait is a `Sleeper` in a heap ordered by the time of its end:

             _sleeping()               _is_over()
    RUNNING ─────────────► SLEEPING ───────────────► OVER: now = max(now, until)
                             │    ▲                    │
                             └────┘                    ├─► sleep returns
                  looks again while others move        └─► times_out: TimeoutError, a little later

The sleeper that ends first must not move the clock while another task or thread is about to start a wait that
ends even earlier. Nothing announces that, so sleepers watch `_changes`, which counts the waits that begin and
end, and each call of `_is_over` is one look:

- The count differs from the last look: another wait began or ended, so give the others time again.
- The count is the same, and this sleeper is the first: move the clock to its end, which ends the wait.
- The count is the same, but another sleeper is first: leave it to that one. If it does not move for
  `_PATIENCE_SECONDS` of real time, its event loop is probably blocked by a function that waits for this
  thread, and this sleeper ends out of order rather than never.

Between two looks, a task lets its event loop turn `_QUIET_TURNS` times, and a thread sleeps `_QUIET_SECONDS`
of real time if there are other threads. Tasks that are not first sleep until the end of another wait in the
same event loop wakes them.

A time limit is a bound in a context variable. A wait that would reach it ends there in `TimeoutError`, as the
real timers of the package do. These fire a little late, and code that compares the clock with its deadline
afterwards relies on that; so each such end moves the readings of the clock on by `_EPSILON_SECONDS`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Self

import anyio
import anyio.lowlevel

from .._base import clock
from .._base.public import public
from ._argument_checks import check_number

# How long all others must be quiet before the clock moves: turns of an event loop, real seconds of threads.
_QUIET_TURNS = 20
_QUIET_SECONDS = 0.001
# How long a sleeper that is not first waits for others that do not move, since they may be blocked.
_PATIENCE_SECONDS = 1.0
# How long a task that is not first sleeps before it looks again, if nothing wakes it.
_POLL_SECONDS = 0.02
# Without this, sums of fractions may still fall short of a deadline when its time limit has ended a wait.
_EPSILON_SECONDS = 1e-6

_bound: ContextVar[float | None] = ContextVar("bound", default=None)


@dataclass(order=True)
class Sleeper:
    """A wait of a task or a thread: its end, and whether that end is a time limit.

    `wake` wakes a task; it is None for a wait that blocks its thread. `seen` is the count of changes at the
    last look, `seen_at` the real time of that look.
    """

    until: float
    number: int
    times_out: bool = field(compare=False)
    thread: int = field(compare=False)
    wake: Callable[[], object] | None = field(compare=False)
    seen: int = field(default=-1, compare=False)
    seen_at: float = field(default=0.0, compare=False)


@public
class VirtualClock:
    """A clock that replaces the real one during its block, so that waits of the package take no time.

        with VirtualClock() as clock:
            server.fail(429, retry_after=30).reply("Hello")
            client.responses.create(model="m", input="Hi")
        assert clock.waits == [30]

    A wait moves the clock on instead of taking time. This applies to all threads and event loops of the
    process: to the pauses between attempts and between the polls of `responses.wait`, to `deadline` and
    `idle_timeout`, to keys that expire and signatures that grow old, and to all waits and rate limits of
    embedded servers. Waits at the same time end in order, each when all others wait too. Sockets do not use
    it: `timeout` and the time limits of WebSockets stay real.

    The attribute `waits` lists the seconds of all waits, in the order in which they began.

    Raises:
        RuntimeError: Another `VirtualClock` is in use when its block begins.
    """

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._now = 0.0
        self._drift = 0.0
        self._starts = (0.0, 0.0)
        self._sleepers: list[Sleeper] = []
        self._changes = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        starts = time.monotonic() - self._now, time.time() - self._now
        clock.use_clock(self)
        self._starts = starts
        return self

    def __exit__(self, *exc: object) -> None:
        clock.use_clock(None)

    @property
    def now(self) -> float:
        """The seconds that have passed since the start: those of waits, and those of `advance`."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock on by some seconds.

        Raises:
            ValueError: `seconds` is negative or not finite.
        """
        check_number("seconds", seconds, minimum=0)
        with self._lock:
            self._now += seconds
            self._changes += 1

    # --- the clock as the package uses it

    def monotonic(self) -> float:
        """Return the reading that replaces `time.monotonic()`, in seconds."""
        return self._starts[0] + self._now + self._drift

    def time(self) -> float:
        """Return the reading that replaces `time.time()`, in Unix seconds."""
        return self._starts[1] + self._now + self._drift

    def sleep(self, seconds: float) -> None:
        """Wait in a thread."""
        with self._sleeping(seconds, None) as sleeper:
            while not self._is_over(sleeper):
                if threading.active_count() > 1:
                    time.sleep(_QUIET_SECONDS)

    async def sleep_async(self, seconds: float) -> None:
        """Wait in a task."""
        woken = anyio.Event()
        with self._sleeping(seconds, lambda: woken.set()) as sleeper:
            while not self._is_over(sleeper):
                if self._is_next(sleeper):
                    for _ in range(_QUIET_TURNS):
                        await anyio.lowlevel.checkpoint()
                else:
                    with anyio.move_on_after(_POLL_SECONDS):
                        await woken.wait()
                    woken = anyio.Event()

    @contextmanager
    def within(self, left: float) -> Generator[None]:
        """End the waits of a block in `TimeoutError` when this many seconds have passed."""
        outer = _bound.get()
        until = self._now + left
        token = _bound.set(until if outer is None else min(until, outer))
        try:
            yield
        finally:
            _bound.reset(token)

    # --- sleepers

    @contextmanager
    def _sleeping(self, seconds: float, wake: Callable[[], object] | None) -> Generator[Sleeper]:
        bound = _bound.get()
        with self._lock:
            end = self._now + max(seconds, 0)
            times_out = bound is not None and (
                end >= bound or math.isclose(end, bound, abs_tol=_EPSILON_SECONDS)
            )
            until = max(bound, self._now) if times_out and bound is not None else end
            if until > self._now:
                self.waits.append(until - self._now if times_out else seconds)
            self._changes += 1
            sleeper = Sleeper(until, self._changes, times_out, threading.get_ident(), wake)
            heappush(self._sleepers, sleeper)
        try:
            yield sleeper
        finally:
            with self._lock:
                self._forget(sleeper)
        if sleeper.times_out:
            with self._lock:
                self._drift += _EPSILON_SECONDS
            raise TimeoutError("The time limit of the wait has passed.")

    def _is_next(self, sleeper: Sleeper) -> bool:
        if sleeper.wake is not None or self._sleepers[0] is sleeper:
            return self._sleepers[0] is sleeper
        # A wait that blocks a thread also blocks its event loop, so tasks of that thread cannot go first.
        return (
            min(each for each in self._sleepers if each.thread != sleeper.thread or each is sleeper)
            is sleeper
        )

    def _is_over(self, sleeper: Sleeper) -> bool:
        """Whether a wait is over; one look, as the docstring of the module explains."""
        with self._lock:
            if sleeper.until > self._now and sleeper.seen != self._changes:
                sleeper.seen, sleeper.seen_at = self._changes, time.monotonic()
                return False
            if not self._is_next(sleeper) and time.monotonic() - sleeper.seen_at < _PATIENCE_SECONDS:
                return False
            self._now = max(self._now, sleeper.until)
            return True

    def _forget(self, sleeper: Sleeper) -> None:
        """Remove a wait, and wake the task that is now first if it is in the same thread."""
        self._changes += 1
        if self._sleepers[0] is sleeper:
            heappop(self._sleepers)
        else:
            self._sleepers.remove(sleeper)
            heapify(self._sleepers)
        wake = self._sleepers[0].wake if self._sleepers else None
        if wake is not None and self._sleepers[0].thread == sleeper.thread:
            wake()
