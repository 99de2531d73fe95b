"""Servers with rate limits and a client that keeps to them, in simulated time."""

from __future__ import annotations

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Any, Literal

from responses_client._base.http import RateLimits
from responses_client._map.rate_limit import Rate

Headers = tuple[float, float, float]
"""What is the limit, what remains of it, and the seconds until all does."""


class Limit(ABC):
    """A limit of `size` in `seconds`."""

    def __init__(self, size: int, seconds: float) -> None:
        self.size = size
        self.seconds = seconds
        self.used = 0.0

    @abstractmethod
    def advance(self, now: float) -> None:
        """Let time pass."""

    @abstractmethod
    def wait(self, now: float, cost: float) -> float:
        """Seconds until so much is there."""

    @abstractmethod
    def allowed(self, seconds: float) -> float:
        """All that may be used in a time that begins now."""

    def left(self, now: float) -> float:
        """What is there."""
        self.advance(now)
        return self.size - self.used

    def headers(self, now: float) -> Headers:
        """What an answer says."""
        return self.size, max(math.floor(self.left(now)), 0), self.wait(now, self.size)


class Bucket(Limit):
    """Fills all the time."""

    at = 0.0

    def advance(self, now: float) -> None:
        """See `Limit`."""
        self.used = max(self.used - (now - self.at) * self.size / self.seconds, 0.0)
        self.at = now

    def wait(self, now: float, cost: float) -> float:
        """See `Limit`."""
        return (cost - self.left(now)) * self.seconds / self.size

    def allowed(self, seconds: float) -> float:
        """See `Limit`."""
        return self.size * (1 + seconds / self.seconds)


class Window(Limit):
    """Is whole again at fixed times."""

    number = 0

    def advance(self, now: float) -> None:
        """See `Limit`."""
        number = math.floor(now / self.seconds)
        if number != self.number:
            self.number, self.used = number, 0.0

    def wait(self, now: float, cost: float) -> float:
        """See `Limit`."""
        self.advance(now)
        return (self.number + 1) * self.seconds - now

    def allowed(self, seconds: float) -> float:
        """See `Limit`."""
        return self.size * math.ceil(seconds / self.seconds)


@dataclass
class Simulation:
    """A server and its client: as many requests as can be, for so many seconds.

    Attributes:
        latency: Seconds that the work for a request takes, on average.
        looks: Whether headers are written before or after the work.
        exact: What resets are rounded up to, in seconds.
        counts_late: Whether tokens are counted when they are known, instead of at the start.
        others: How many requests others send in a second.
    """

    requests: Limit | None = None
    tokens: Limit | None = None
    seconds: float = 60.0
    most: int = 64
    latency: float = 0.05
    looks: Literal["before", "after"] = "before"
    exact: float = 0.001
    counts_late: bool = False
    cost: Callable[[random.Random], int] = lambda _: 100
    has_headers: bool = True
    others: int = 0
    network: float = 0.001
    seed: int = 1

    rate: Rate = field(default_factory=Rate)
    answered: int = 0
    refused: int = 0
    spent: int = 0

    @property
    def sent(self) -> int:
        """All that were answered in one way or another."""
        return self.answered + self.refused

    def run(self) -> Simulation:
        """Play it."""
        self._random = random.Random(self.seed)
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = count()
        self._now = 0.0
        self._in_flight = 0
        self._is_asking = False
        self._ask_at(0.0)
        if self.others:
            self._after(0.5, self._send_other)
        while self._events and self._events[0][0] <= self.seconds:
            self._now, _, event, args = heappop(self._events)
            event(*args)
        return self

    def _after(self, seconds: float, event: Callable[..., None], *args: Any) -> None:
        heappush(self._events, (self._now + seconds, next(self._numbers), event, args))

    def _ask_at(self, seconds: float) -> None:
        if not self._is_asking:
            self._is_asking = True
            self._after(seconds, self._ask)

    def _ask(self) -> None:
        self._is_asking = False
        while self._in_flight < self.most:
            wait = self.rate.wait(self._now)
            if wait > 0:
                self._ask_at(max(min(wait, 1.0), 0.001))
                return
            ticket = self.rate.send(self._now)
            self._in_flight += 1
            self._after(self.network * self._random.random(), self._arrive, ticket)

    def _send_other(self) -> None:
        assert self.requests is not None
        self.requests.advance(self._now)
        self.requests.used = min(self.requests.used + self.others, self.requests.size)
        self._after(1.0, self._send_other)

    def _arrive(self, ticket: Any) -> None:
        cost = self.cost(self._random)
        limits = [(limit, need) for limit, need in ((self.requests, 1), (self.tokens, cost)) if limit]
        waits = [
            limit.wait(self._now, need)
            for limit, need in limits
            if limit.left(self._now) < (1 if self.counts_late else need)
        ]
        if waits:
            self._after(self.network, self._refused, ticket, self._said(), max(waits))
            return
        for limit, need in limits:
            if limit is not self.tokens or not self.counts_late:
                limit.used += need
        said = self._said()
        self._after(self.latency * (0.5 + self._random.random()), self._worked, ticket, cost, said)

    def _worked(self, ticket: Any, cost: int, said: RateLimits) -> None:
        if self.counts_late and self.tokens is not None:
            self.tokens.advance(self._now)
            self.tokens.used += cost
        if self.looks == "after":
            said = self._said()
        self._after(self.network * self._random.random(), self._answered, ticket, cost, said)

    def _answered(self, ticket: Any, cost: int, said: RateLimits) -> None:
        self._in_flight -= 1
        self.answered += 1
        self.spent += cost
        self.rate.answer(ticket, self._now, said)
        self.rate.use(cost)
        self._ask_at(0.0)

    def _refused(self, ticket: Any, said: RateLimits, wait: float) -> None:
        self._in_flight -= 1
        self.refused += 1
        self.rate.answer(ticket, self._now, said, is_refusal=True)
        self.rate.refuse(self._now, self._rounded(wait))
        self._ask_at(0.0)

    def _said(self) -> RateLimits:
        if not self.has_headers:
            return RateLimits()
        fields: list[Any] = []
        for limit in (self.requests, self.tokens):
            if limit is None:
                fields += [None, None, None]
            else:
                size, left, reset = limit.headers(self._now)
                fields += [size, left, self._rounded(reset)]
        return RateLimits(*fields)

    def _rounded(self, seconds: float) -> float:
        return math.ceil(seconds / self.exact) * self.exact
