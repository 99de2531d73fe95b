"""The throttle of a map: it delays attempts for the rate limit of their model, over `IO`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable

from .._base import clock
from .._base.clock import Deadline
from .._base.http import RateLimits
from .._base.messages import MAX_VALUE_CHARS, one_line
from .._base.retry import TOO_MANY_REQUESTS
from .._calls.attempts import LONG_WAIT_SECONDS
from .._transport.protocols import IO, Body, TransportError
from .rate_limit import RateLimitEstimator, Ticket

__all__ = ["ModelThrottle", "Throttles"]

# An estimate is asked again after at most a second, as answers to other requests may have changed it meanwhile. The
# least time keeps a wait that was rounded down to nothing from being a busy loop.
_MAX_WAIT_SECONDS = 1.0
_MIN_WAIT_SECONDS = 0.001
_LOGGED_WAIT_SECONDS = 5.0  # a shorter wait is the pace of the map
logger = logging.getLogger("responses_client")


class _ModelLimit:
    """The estimated rate limit of one model, shared by threads.

    It is also the key of the `IO.lock` in which attempts wait, so that those of other models pass by.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        self.estimator = RateLimitEstimator()
        self.lock = threading.Lock()
        self.waiting = 0  # attempts in the queue, whose turn comes before that of any other
        self.pauses = 0  # calls that wait before another attempt, for themselves
        self.longest_pause: tuple[float, str] = (0.0, "")  # of those: its end, and the reason

    def wait_reason(self, now: float) -> tuple[float, str]:
        """Return the seconds that something is held back here, and a clause that says why, empty if nothing is."""
        with self.lock:
            if self.waiting:
                model = one_line(self.model, MAX_VALUE_CHARS) or "a model without a name"
                seconds = self.estimator.wait_seconds(now)
                return seconds, f"nothing is sent to {model} {self.estimator.describe_wait(now)}"
            if self.pauses:
                until, reason = self.longest_pause
                seconds = max(until - now, 0.0)
                return seconds, f"a request is sent again in {seconds:.0f} s, {reason}"
        return 0.0, ""


class Throttles:
    """The rate limits of all models in a map."""

    def __init__(self, io: IO) -> None:
        self._io = io
        self._limits: dict[str, _ModelLimit] = {}

    def for_model(self, model: str) -> ModelThrottle:
        """Return the throttle for one call to a model."""
        limit = self._limits.get(model)
        if limit is None:  # `setdefault` of a dict is atomic, so threads get the same limit
            limit = self._limits.setdefault(model, _ModelLimit(model))
        return ModelThrottle(self._io, limit)

    @property
    def in_flight(self) -> int:
        """The number of attempts that are sent and not answered."""
        return sum(limit.estimator.in_flight for limit in [*self._limits.values()])

    def wait_reason(self, now: float) -> str | None:
        """Return a clause that says why requests are held back, of the longest wait; None if none is."""
        waits = [limit.wait_reason(now) for limit in [*self._limits.values()]]
        return max((wait for wait in waits if wait[1]), default=(0.0, None))[1]


class ModelThrottle:
    """The throttle of one call: it delays the attempts of the call, and learns from their answers."""

    def __init__(self, io: IO, limit: _ModelLimit) -> None:
        self._io = io
        self._limit = limit

    async def send(self, send: Callable[[], Awaitable[Body]], deadline: Deadline) -> Body:
        """Wait until the rate limit allows an attempt, and send it.

        Raises:
            TransportError: No answer came, or the deadline has passed.
        """
        ticket = await self._wait_for_ticket(deadline)
        try:
            body = await send()
        except BaseException:  # also a cancellation: the attempt would count as in flight forever
            with self._limit.lock:
                self._limit.estimator.abandon()
            raise
        limits = RateLimits.from_headers(body.headers, clock.time())
        is_refusal = body.status_code == TOO_MANY_REQUESTS
        with self._limit.lock:
            self._limit.estimator.finish(ticket, clock.monotonic(), limits, is_refusal=is_refusal)
        return body

    def block_for(self, seconds: float, reason: str) -> None:
        """Delay all calls to the model, as the server asked when it refused an attempt; `reason` is for the log."""
        with self._limit.lock:
            self._limit.estimator.block(clock.monotonic(), seconds, reason)

    async def pause(self, seconds: float, reason: str) -> None:
        """Wait before the next attempt of this call alone; `reason` is for the progress of the map."""
        limit = self._limit
        with limit.lock:
            limit.pauses += 1
            limit.longest_pause = max(limit.longest_pause, (clock.monotonic() + seconds, reason))
        try:
            await self._io.sleep(seconds)
        finally:
            with limit.lock:
                limit.pauses -= 1

    def record_usage(self, tokens: int) -> None:
        """Record the tokens that the call used, to estimate those of the next ones."""
        with self._limit.lock:
            self._limit.estimator.record_tokens(tokens)

    async def _wait_for_ticket(self, deadline: Deadline) -> Ticket:
        limit = self._limit
        with limit.lock:
            now = clock.monotonic()
            if not limit.waiting and limit.estimator.wait_seconds(now) <= 0:
                return limit.estimator.start(now)
            limit.waiting += 1
        try:
            return await self._wait_in_queue(deadline)
        finally:
            with limit.lock:
                limit.waiting -= 1

    async def _wait_in_queue(self, deadline: Deadline) -> Ticket:
        # The lock of `IO` is the queue: one attempt waits for the limit, the others wait for the lock. `self._limit.lock`
        # is held only for single steps, so that answers are recorded meanwhile.
        async with self._io.lock(self._limit, deadline):
            logged_until = clock.monotonic()
            while True:
                now = clock.monotonic()
                with self._limit.lock:
                    seconds = self._limit.estimator.wait_seconds(now)
                    if seconds <= 0:
                        return self._limit.estimator.start(now)
                    # Once per wait, and again only if its end moves away.
                    is_news = now + seconds > logged_until + _LOGGED_WAIT_SECONDS
                    wait = self._limit.estimator.describe_wait(now) if is_news else ""
                if deadline.is_expired:
                    raise TransportError("timeout", "the rate limit did not allow this request in time")
                if is_news:
                    # A wait for an answer has no known end.
                    logged_until = now + (seconds if seconds > _LOGGED_WAIT_SECONDS else LONG_WAIT_SECONDS)
                    level = logging.WARNING if seconds > LONG_WAIT_SECONDS else logging.INFO
                    logger.log(level, "responses.map: nothing is sent to %s %s", self._limit.model, wait)
                await self._io.sleep(max(deadline.min(min(seconds, _MAX_WAIT_SECONDS)), _MIN_WAIT_SECONDS))
