"""Where the calls of a map wait for their turn: the state of `rate_limit`, one for each model, over `IO`."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable

from .._base import clock
from .._base.clock import Deadline
from .._base.http import RateLimits
from .._base.retry import TOO_MANY_REQUESTS
from .._transport.protocols import IO, Body, TransportError
from .rate_limit import Rate, Ticket

__all__ = ["ModelThrottle", "Throttles"]

_LONGEST = 1.0  # seconds until it is looked again, since answers may have told something new
_SHORTEST = 0.001


class _Lane:
    """The requests of one model; threads share it."""

    def __init__(self) -> None:
        self.rate = Rate()
        self.lock = threading.Lock()


class Throttles:
    """What the calls of a map share."""

    def __init__(self, io: IO) -> None:
        self._io = io
        self._lanes: dict[str, _Lane] = {}

    def of(self, model: str) -> ModelThrottle:
        """Return what a call to a model goes through."""
        return ModelThrottle(self._io, self._lanes.setdefault(model, _Lane()))


class ModelThrottle:
    """Lets the tries of one call through when the limits of its model allow, and learns from their answers."""

    def __init__(self, io: IO, lane: _Lane) -> None:
        self._io = io
        self._lane = lane

    async def send(self, send: Callable[[], Awaitable[Body]], deadline: Deadline) -> Body:
        """Wait until the next try may go, and send it.

        Raises:
            TransportError: No answer came, or the deadline has passed.
        """
        ticket = await self._enter(deadline)
        try:
            body = await send()
        except BaseException:
            with self._lane.lock:
                self._lane.rate.lose()
            raise
        limits = RateLimits.from_headers(body.headers)
        with self._lane.lock:
            self._lane.rate.answer(
                ticket, clock.monotonic(), limits, is_refusal=body.status_code == TOO_MANY_REQUESTS
            )
        return body

    def block_for(self, seconds: float) -> None:
        """Let nothing through for so long, as the server refused a try."""
        with self._lane.lock:
            self._lane.rate.refuse(clock.monotonic(), seconds)

    def record_usage(self, tokens: int) -> None:
        """Take how many tokens the call used."""
        with self._lane.lock:
            self._lane.rate.use(tokens)

    async def _enter(self, deadline: Deadline) -> Ticket:
        async with self._io.lock(self._lane, deadline):  # who came first goes first
            while True:
                now = clock.monotonic()
                with self._lane.lock:
                    wait = self._lane.rate.wait(now)
                    if wait <= 0:
                        return self._lane.rate.send(now)
                if deadline.is_expired:
                    raise TransportError("timeout", "the turn of this request did not come in time")
                await self._io.sleep(max(deadline.min(min(wait, _LONGEST)), _SHORTEST))
