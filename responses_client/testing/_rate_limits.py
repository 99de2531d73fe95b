"""Rate limits of the embedded server: how much a minute takes, what is remaining of it, and the refusal beyond."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from responses_client import _clock

from ._argument_checks import check_count
from ._http_types import ApiError

Kind: TypeAlias = Literal["requests", "tokens"]

# What an account without a limit of its own is told.
_DEFAULT_LIMITS: Mapping[Kind, int] = {"requests": 10_000, "tokens": 2_000_000}
_UNITS_PER_MINUTE: Mapping[Kind, str] = {"requests": "RPM", "tokens": "TPM"}
# Of sums of fractions; a limit is never off by that much.
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests, and how many tokens, a model takes in so many seconds; None is no limit.

    What counts is what asks the model: `POST /responses`, `/responses/compact`, and responses on a WebSocket. A request
    costs the tokens of its input, and its `max_output_tokens`; where it has none, those of its answer once
    they are known. What is refused costs nothing.

    A `"bucket"` is full at first and fills up again steadily, as that of the API does. A `"window"` begins
    with the first request and is full again when it is over.
    """

    requests: int | None = None
    tokens: int | None = None
    seconds: float = 60.0
    style: Literal["bucket", "window"] = "bucket"

    def __post_init__(self) -> None:
        if self.requests is None and self.tokens is None:
            raise ValueError("A RateLimit needs requests or tokens, or both.")
        for name, value in (("requests", self.requests), ("tokens", self.tokens)):
            if value is not None:
                check_count(name, value, minimum=1)
        if not 0 < self.seconds < math.inf:
            raise ValueError(f"seconds is {self.seconds!r}, but has to be more than 0.")
        if self.style not in ("bucket", "window"):
            raise ValueError(f"style is {self.style!r}, but has to be 'bucket' or 'window'.")


class Meter(ABC):
    """What is remaining of one limit; `now` is a reading of the clock, never an earlier one than before."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds

    @abstractmethod
    def remaining(self, now: float) -> float:
        """What may still be taken; less than nothing when an answer cost more than there was."""

    @abstractmethod
    def take(self, now: float, amount: int) -> None:
        """Take it, whether it is there or not."""

    @abstractmethod
    def wait(self, now: float, amount: int) -> float:
        """Seconds until so much is remaining, which is no more than the limit; 0 when it is."""

    def whole_remaining(self, now: float) -> int:
        """What is remaining, in whole ones."""
        return math.floor(self.remaining(now) + _EPSILON)

    def wait_for(self, now: float, amount: int) -> float:
        """Seconds until so much is left; for ever when that is more than the limit."""
        return self.wait(now, amount) if amount <= self.limit else math.inf

    def reset(self, now: float) -> float:
        """Seconds until all is remaining again."""
        return self.wait(now, self.limit)


class Bucket(Meter):
    """Fills up steadily."""

    def __init__(self, limit: int, seconds: float) -> None:
        super().__init__(limit, seconds)
        self._full_at = -math.inf

    def remaining(self, now: float) -> float:
        """See `Meter`."""
        return self.limit - max(self._full_at - now, 0) * self.limit / self.seconds

    def take(self, now: float, amount: int) -> None:
        """See `Meter`."""
        self._full_at = max(self._full_at, now) + amount * self.seconds / self.limit

    def wait(self, now: float, amount: int) -> float:
        """See `Meter`."""
        missing = amount - self.remaining(now)
        return missing * self.seconds / self.limit if missing > _EPSILON else 0.0


class Window(Meter):
    """Is full again when its time is over."""

    def __init__(self, limit: int, seconds: float) -> None:
        super().__init__(limit, seconds)
        self._used = 0
        self._ends_at = -math.inf

    def remaining(self, now: float) -> float:
        """See `Meter`."""
        return self.limit - (self._used if now < self._ends_at - _EPSILON else 0)

    def take(self, now: float, amount: int) -> None:
        """See `Meter`."""
        if now >= self._ends_at - _EPSILON:
            self._ends_at = now + self.seconds
            self._used = 0
        self._used += amount

    def wait(self, now: float, amount: int) -> float:
        """See `Meter`."""
        return 0.0 if self.remaining(now) >= amount else self._ends_at - now


class Limiter:
    """Lets in what a limit allows, and counts what it refused. Whoever uses it holds the lock of the store."""

    def __init__(self, limit: RateLimit | None) -> None:
        self.refused = 0
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
        """Let a request in, or refuse it with 429."""
        now = _clock.monotonic()
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
        """Count what an answer cost beyond what its request did."""
        if "tokens" in self._meters:
            self._meters["tokens"].take(_clock.monotonic(), tokens)

    def headers(self, count: int) -> dict[str, str]:
        """What every answer says of the limits; `count` is how many requests there were at all."""
        now = _clock.monotonic()
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
    # Rounded up: who waits that long is let in.
    milliseconds = max(_milliseconds(wait), 1)
    waits = {"retry-after": f"{math.ceil(milliseconds / 1000)}", "retry-after-ms": f"{milliseconds}"}
    return ApiError(429, text, type=kind, code="rate_limit_exceeded", headers=waits)


def _milliseconds(seconds: float) -> int:
    return math.ceil(seconds * 1000 - _EPSILON)


def duration(seconds: float) -> str:
    """Seconds in the notation of Go, to the millisecond: `20ms`, `1.5s`, `6m0s`, `1h0m0s`."""
    whole = _milliseconds(seconds)
    if 0 < whole < 1000:
        return f"{whole}ms"
    minutes, rest = divmod(whole, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest / 1000:g}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text
