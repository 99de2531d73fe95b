"""Rate limits of the embedded server: meters of requests and tokens, headers, and refusals with 429."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from typing_extensions import override

from .._base import clock
from .._base.public import public
from ._argument_checks import check_count
from ._http_types import ApiError

Kind: TypeAlias = Literal["requests", "tokens"]

# The limits in the headers of a server without a rate limit.
_DEFAULT_LIMITS: Mapping[Kind, int] = {"requests": 10_000, "tokens": 2_000_000}
_UNITS_PER_MINUTE: Mapping[Kind, str] = {"requests": "RPM", "tokens": "TPM"}
# Tolerance for sums of floating-point fractions; far below one request or one token.
_EPSILON = 1e-6


@public
@dataclass(frozen=True, slots=True)
class RateLimit:
    """A rate limit of the embedded server: `requests` and `tokens` per `seconds`, by default per minute.

        Server(rate_limit=RateLimit(requests=500, tokens=30_000))

    At least one of `requests` and `tokens` is needed; None is no limit. Requests that ask the model count:
    `POST /responses`, `/responses/compact`, and responses on a WebSocket. Each costs the tokens of its input
    plus its `max_output_tokens`, or, without that field, plus the tokens of its answer as soon as they are
    known. Refused requests cost nothing.

    `style="bucket"`, the default, is full at first and refills steadily, as the API's limits do.
    `style="window"` begins with the first request and is full again when its `seconds` are over.

    Raises:
        ValueError: Neither `requests` nor `tokens` is given, or a value is out of bounds.
    """

    requests: int | None = None
    tokens: int | None = None
    seconds: float = 60.0
    style: Literal["bucket", "window"] = "bucket"

    def __post_init__(self) -> None:
        if self.requests is None and self.tokens is None:
            raise ValueError("A RateLimit needs requests, tokens or both.")
        for name, value in (("requests", self.requests), ("tokens", self.tokens)):
            if value is not None:
                check_count(name, value, minimum=1)
        if not 0 < self.seconds < math.inf:
            raise ValueError(f"seconds must be more than 0 and finite, got {self.seconds!r}.")
        if self.style not in ("bucket", "window"):
            raise ValueError(f"style must be 'bucket' or 'window', got {self.style!r}.")


class Meter(ABC):
    """The remainder of one limit; `now` is a reading of the monotonic clock in seconds."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds

    @abstractmethod
    def remaining(self, now: float) -> float:
        """Return the remaining amount, which is negative if an answer cost more than there was."""

    @abstractmethod
    def take(self, now: float, amount: int) -> None:
        """Take an amount, even if it is more than the remainder."""

    @abstractmethod
    def wait(self, now: float, amount: int) -> float:
        """Return the seconds until an amount is there, which is at most the limit; 0 if it is there now."""

    def whole_remaining(self, now: float) -> int:
        """Return the remaining amount, rounded down."""
        return math.floor(self.remaining(now) + _EPSILON)

    def wait_for(self, now: float, amount: int) -> float:
        """Return the seconds until an amount is there; infinite if it is above the limit."""
        return self.wait(now, amount) if amount <= self.limit else math.inf

    def reset(self, now: float) -> float:
        """Return the seconds until the meter is full again."""
        return self.wait(now, self.limit)


class Bucket(Meter):
    """A meter that refills steadily."""

    def __init__(self, limit: int, seconds: float) -> None:
        super().__init__(limit, seconds)
        self._full_at = -math.inf

    @override
    def remaining(self, now: float) -> float:
        return self.limit - max(self._full_at - now, 0) * self.limit / self.seconds

    @override
    def take(self, now: float, amount: int) -> None:
        self._full_at = max(self._full_at, now) + amount * self.seconds / self.limit

    @override
    def wait(self, now: float, amount: int) -> float:
        missing = amount - self.remaining(now)
        return missing * self.seconds / self.limit if missing > _EPSILON else 0.0


class Window(Meter):
    """A meter that is full again when its time is over."""

    def __init__(self, limit: int, seconds: float) -> None:
        super().__init__(limit, seconds)
        self._used = 0
        self._ends_at = -math.inf

    @override
    def remaining(self, now: float) -> float:
        return self.limit - (self._used if now < self._ends_at - _EPSILON else 0)

    @override
    def take(self, now: float, amount: int) -> None:
        if now >= self._ends_at - _EPSILON:
            self._ends_at = now + self.seconds
            self._used = 0
        self._used += amount

    @override
    def wait(self, now: float, amount: int) -> float:
        return 0.0 if self.remaining(now) >= amount else self._ends_at - now


class Limiter:
    """Admits requests within a rate limit and counts the refused ones. Callers hold the lock of the store."""

    def __init__(self, limit: RateLimit | None) -> None:
        self.refused: int = 0
        self._meters: dict[Kind, Meter] = {}
        if limit is not None:
            meter = Bucket if limit.style == "bucket" else Window
            if limit.requests is not None:
                self._meters["requests"] = meter(limit.requests, limit.seconds)
            if limit.tokens is not None:
                self._meters["tokens"] = meter(limit.tokens, limit.seconds)

    @property
    def is_on(self) -> bool:
        """Whether there is a limit at all."""
        return bool(self._meters)

    def admit(self, model: object, tokens: int) -> None:
        """Admit a request that costs this many tokens, or refuse it with 429."""
        now = clock.monotonic()
        costs: dict[Kind, int] = {"requests": 1, "tokens": tokens}
        waits: dict[Kind, float] = {
            kind: meter.wait_for(now, costs[kind]) for kind, meter in self._meters.items()
        }
        kind = max(waits, key=lambda each: waits[each])
        if waits[kind] > 0:
            self.refused += 1
            raise _refusal(kind, self._meters[kind], model, costs[kind], now)
        for kind, meter in self._meters.items():
            meter.take(now, costs[kind])

    def spend(self, tokens: int) -> None:
        """Take the tokens of an answer, beyond those of its request."""
        if "tokens" in self._meters:
            self._meters["tokens"].take(clock.monotonic(), tokens)

    def headers(self, count: int) -> dict[str, str]:
        """Return the `x-ratelimit-*` headers of an answer; `count` is the number of all requests so far."""
        now = clock.monotonic()
        headers: dict[str, str] = {}
        for kind, generous in _DEFAULT_LIMITS.items():
            meter = self._meters.get(kind)
            if meter is not None:
                limit, remaining, reset = meter.limit, meter.whole_remaining(now), duration(meter.reset(now))
            elif kind == "requests":
                limit, remaining, reset = generous, generous - count, "6ms"
            else:
                limit, remaining, reset = generous, generous, "0s"
            headers[f"x-ratelimit-limit-{kind}"] = f"{limit}"
            headers[f"x-ratelimit-remaining-{kind}"] = f"{max(remaining, 0)}"
            headers[f"x-ratelimit-reset-{kind}"] = reset
        return headers


def _refusal(kind: Kind, meter: Meter, model: object, amount: int, now: float) -> ApiError:
    unit = f"min ({_UNITS_PER_MINUTE[kind]})" if meter.seconds == 60 else f"{meter.seconds:g} s"
    where = f"for {model} on {kind} per {unit}: Limit {meter.limit}"
    wait = meter.wait_for(now, amount)
    if math.isinf(wait):
        text = f"Request too large {where}, Requested {amount}. The input or output tokens must be reduced."
        return ApiError(429, text, type=kind, code="rate_limit_exceeded")
    used = meter.limit - meter.whole_remaining(now)
    text = (
        f"Rate limit reached {where}, Used {used}, Requested {amount}. Please try again in {duration(wait)}."
    )
    # Rounded up, so that a client that waits this long is admitted.
    milliseconds = max(_milliseconds(wait), 1)
    waits = {"retry-after": f"{math.ceil(milliseconds / 1000)}", "retry-after-ms": f"{milliseconds}"}
    return ApiError(429, text, type=kind, code="rate_limit_exceeded", headers=waits)


def _milliseconds(seconds: float) -> int:
    return math.ceil(seconds * 1000 - _EPSILON)


def duration(seconds: float) -> str:
    """Format seconds in Go's notation, to the millisecond: `20ms`, `1.5s`, `6m0s`, `1h0m0s`."""
    whole = _milliseconds(seconds)
    if 0 < whole < 1000:
        return f"{whole}ms"
    minutes, rest = divmod(whole, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest / 1000:g}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text
