"""Simulated servers with rate limits, and a client that keeps to them, in simulated time."""

from __future__ import annotations

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Any, Literal

from typing_extensions import override

from responses_client._base.http import RateLimits
from responses_client._map.rate_limit import RateLimitEstimator

Headers = tuple[float, float, float]
"""The size of a limit, what remains of it, and the seconds until it is full."""


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
        """Return the seconds until `cost` remains."""

    @abstractmethod
    def allowed(self, seconds: float) -> float:
        """Return how much may be used in a time that begins now."""

    def remaining(self, now: float) -> float:
        """Return how much remains."""
        self.advance(now)
        return self.size - self.used

    def headers(self, now: float) -> Headers:
        """Return the headers of an answer about this limit."""
        return self.size, max(math.floor(self.remaining(now)), 0), self.wait(now, self.size)


class Bucket(Limit):
    """A limit that refills steadily."""

    at = 0.0

    @override
    def advance(self, now: float) -> None:
        self.used = max(self.used - (now - self.at) * self.size / self.seconds, 0.0)
        self.at = now

    @override
    def wait(self, now: float, cost: float) -> float:
        return (cost - self.remaining(now)) * self.seconds / self.size

    @override
    def allowed(self, seconds: float) -> float:
        return self.size * (1 + seconds / self.seconds)


class Window(Limit):
    """A limit that is full again at fixed times."""

    number = 0

    @override
    def advance(self, now: float) -> None:
        number = math.floor(now / self.seconds)
        if number != self.number:
            self.number, self.used = number, 0.0

    @override
    def wait(self, now: float, cost: float) -> float:
        self.advance(now)
        return (self.number + 1) * self.seconds - now

    @override
    def allowed(self, seconds: float) -> float:
        return self.size * math.ceil(seconds / self.seconds)


@dataclass
class Simulation:
    """A server and its client, which sends as many requests as it can for a number of seconds.

    Attributes:
        max_in_flight: The maximum number of requests in flight.
        latency: Seconds that the work for a request takes, on average.
        headers_written: Whether headers are written before or after the work for a request.
        reset_precision: Resets are rounded up to a multiple of these seconds.
        counts_late: Whether tokens are counted once they are known, instead of at the start.
        cost: The tokens of a request.
        other_requests: The number of requests per second that other programs send.
        network: Seconds that an answer takes to the client, at most.
    """

    requests: Limit | None = None
    tokens: Limit | None = None
    seconds: float = 60.0
    max_in_flight: int = 64
    latency: float = 0.05
    headers_written: Literal["before", "after"] = "before"
    reset_precision: float = 0.001
    counts_late: bool = False
    cost: Callable[[random.Random], int] = lambda _: 100
    has_headers: bool = True
    other_requests: int = 0
    network: float = 0.001
    seed: int = 1

    estimator: RateLimitEstimator = field(default_factory=RateLimitEstimator)
    answered: int = 0
    refused: int = 0
    spent: int = 0

    @property
    def sent(self) -> int:
        """The number of requests with an answer of any kind."""
        return self.answered + self.refused

    def run(self) -> Simulation:
        """Run the simulation to its end."""
        self._random = random.Random(self.seed)
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = count()
        self._now = 0.0
        self._in_flight = 0
        self._is_asking = False
        self._ask_at(0.0)
        if self.other_requests:
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
        while self._in_flight < self.max_in_flight:
            wait = self.estimator.wait_seconds(self._now)
            if wait > 0:
                self._ask_at(max(min(wait, 1.0), 0.001))
                return
            ticket = self.estimator.start(self._now)
            self._in_flight += 1
            self._after(self.network * self._random.random(), self._arrive, ticket)

    def _send_other(self) -> None:
        assert self.requests is not None
        self.requests.advance(self._now)
        self.requests.used = min(self.requests.used + self.other_requests, self.requests.size)
        self._after(1.0, self._send_other)

    def _arrive(self, ticket: Any) -> None:
        cost = self.cost(self._random)
        limits = [(limit, need) for limit, need in ((self.requests, 1), (self.tokens, cost)) if limit]
        waits = [
            limit.wait(self._now, need)
            for limit, need in limits
            if limit.remaining(self._now) < (1 if self.counts_late else need)
        ]
        if waits:
            self._after(self.network, self._refused, ticket, self._report(), max(waits))
            return
        for limit, need in limits:
            if limit is not self.tokens or not self.counts_late:
                limit.used += need
        reported = self._report()
        self._after(self.latency * (0.5 + self._random.random()), self._worked, ticket, cost, reported)

    def _worked(self, ticket: Any, cost: int, reported: RateLimits) -> None:
        if self.counts_late and self.tokens is not None:
            self.tokens.advance(self._now)
            self.tokens.used += cost
        if self.headers_written == "after":
            reported = self._report()
        self._after(self.network * self._random.random(), self._answered, ticket, cost, reported)

    def _answered(self, ticket: Any, cost: int, reported: RateLimits) -> None:
        self._in_flight -= 1
        self.answered += 1
        self.spent += cost
        self.estimator.finish(ticket, self._now, reported)
        self.estimator.record_tokens(cost)
        self._ask_at(0.0)

    def _refused(self, ticket: Any, reported: RateLimits, wait: float) -> None:
        self._in_flight -= 1
        self.refused += 1
        self.estimator.finish(ticket, self._now, reported, is_refusal=True)
        self.estimator.block(self._now, self._rounded(wait))
        self._ask_at(0.0)

    def _report(self) -> RateLimits:
        if not self.has_headers:
            return RateLimits()
        fields: list[Any] = []
        for limit in (self.requests, self.tokens):
            if limit is None:
                fields += [None, None, None]
            else:
                size, remaining, reset = limit.headers(self._now)
                fields += [size, remaining, self._rounded(reset)]
        return RateLimits(*fields)

    def _rounded(self, seconds: float) -> float:
        return math.ceil(seconds / self.reset_precision) * self.reset_precision
