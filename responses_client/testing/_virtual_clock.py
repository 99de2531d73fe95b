"""A clock for tests: whoever waits by it takes no time, but moves it on."""

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

from responses_client import _clock

from ._argument_checks import check_number

# How long all others have to be quiet before the clock moves: turns of an event loop, seconds of other threads.
_QUIET_TURNS = 20
_QUIET_SECONDS = 0.001
# How long who is not next waits for others that do not move: they may be blocked.
_PATIENCE_SECONDS = 1.0
# How long who is not next sleeps before it looks again, if nobody wakes it.
_POLL_SECONDS = 0.02
# Timers wake a little late; without that, sums of fractions may still lack a trifle when the time is up.
_EPSILON_SECONDS = 1e-6

_bound: ContextVar[float | None] = ContextVar("bound", default=None)


@dataclass(order=True)
class Sleeper:
    """Somebody who waits: until when, and whether that is the end of its time.

    A thread that waits has no `wake`, and nothing else happens in it.
    """

    until: float
    number: int
    times_out: bool = field(compare=False)
    thread: int = field(compare=False)
    wake: Callable[[], object] | None = field(compare=False)
    seen: int = field(default=-1, compare=False)
    seen_at: float = field(default=0.0, compare=False)


class VirtualClock:
    """While its block lasts, the waits of the package take no time, and its deadlines go by this clock.

        with VirtualClock() as clock:
            server.fail(429, retry_after=30).reply("Hello")
            client.responses.create(model="m", input="Hi")
        assert clock.waits == [30]

    That holds for all threads and event loops of the process: for the pauses between tries and between the
    looks of `responses.wait`, for `deadline` and `idle_timeout`, for keys that expire and signatures that grow
    old, and for all that an embedded server waits or counts by the second. Who waits is woken in the order of
    time, when all others wait too. Sockets know nothing of it: `timeout` and the time limits of WebSockets
    stay real.

    The attribute `waits` has the seconds of each wait, in the order in which they began.
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
        _clock.replaced_by(self)
        self._starts = starts
        return self

    def __exit__(self, *exc_info: object) -> None:
        _clock.replaced_by(None)

    @property
    def now(self) -> float:
        """The seconds that have passed: those of `advance`, and those that somebody waited."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass; `ValueError` for less than nothing."""
        check_number("seconds", seconds, minimum=0)
        with self._lock:
            self._now += seconds
            self._changes += 1

    # --- what the package asks of a clock

    def monotonic(self) -> float:
        """What the package takes for `time.monotonic()`."""
        return self._starts[0] + self._now + self._drift

    def time(self) -> float:
        """What the package takes for `time.time()`."""
        return self._starts[1] + self._now + self._drift

    def sleep(self, seconds: float) -> None:
        """Wait, in a thread."""
        with self._sleeping(seconds, None) as sleeper:
            while not self._is_over(sleeper):
                if threading.active_count() > 1:
                    time.sleep(_QUIET_SECONDS)

    async def sleep_async(self, seconds: float) -> None:
        """Wait, in a task."""
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
        """End the waits of a block by `TimeoutError` when so many seconds have passed."""
        outer = _bound.get()
        until = self._now + left
        token = _bound.set(until if outer is None else min(until, outer))
        try:
            yield
        finally:
            _bound.reset(token)

    # --- who waits

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
            raise TimeoutError("the time for it was up")

    def _is_next(self, sleeper: Sleeper) -> bool:
        if sleeper.wake is not None or self._sleepers[0] is sleeper:
            return self._sleepers[0] is sleeper
        # Tasks of an event loop that a plain function blocks cannot wake before it.
        return (
            min(each for each in self._sleepers if each.thread != sleeper.thread or each is sleeper)
            is sleeper
        )

    def _is_over(self, sleeper: Sleeper) -> bool:
        """Whether a wait is over: it is the next one to be, and nobody began another since the last look."""
        with self._lock:
            if sleeper.until > self._now and sleeper.seen != self._changes:
                sleeper.seen, sleeper.seen_at = self._changes, time.monotonic()
                return False
            if not self._is_next(sleeper) and time.monotonic() - sleeper.seen_at < _PATIENCE_SECONDS:
                return False
            self._now = max(self._now, sleeper.until)
            return True

    def _forget(self, sleeper: Sleeper) -> None:
        """Wake whoever is next, in the same event loop; others look by themselves."""
        self._changes += 1
        if self._sleepers[0] is sleeper:
            heappop(self._sleepers)
        else:
            self._sleepers.remove(sleeper)
            heapify(self._sleepers)
        wake = self._sleepers[0].wake if self._sleepers else None
        if wake is not None and self._sleepers[0].thread == sleeper.thread:
            wake()
