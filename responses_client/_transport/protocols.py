"""The outside world as calls and WebSockets see it: protocols of drivers, and `run`, which needs no event loop.

All code that waits is written once, as `async def` over `IO`. The methods of the sync driver block and never suspend,
so `run` can drive such a coroutine to its end in a plain function, and no code exists in a sync and an async form.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from .._base.clock import Deadline
from .._base.http import Headers
from .._base.redaction import public_url, redact_headers
from .._base.retry import ConnectionFailure, FailureKind

if TYPE_CHECKING:
    from .._base.options import HttpAuth

__all__ = ["IO", "Bell", "Body", "Socket", "Timeouts", "TransportError", "WireRequest", "run"]

T = TypeVar("T")
_MIN_SECONDS = 0.001


class Timeouts(NamedTuple):
    """The time limits of single waits, in seconds; None is no limit."""

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None

    def capped(self, seconds: float) -> Timeouts:
        """Return the same timeouts, none of them longer than `seconds`."""
        return Timeouts(
            *(max(seconds if value is None else min(value, seconds), _MIN_SECONDS) for value in self)
        )


class WireRequest(NamedTuple):
    """One request as it is sent.

    Attributes:
        method: The HTTP method.
        url: The whole URL, query included.
        headers: The headers; None keeps the HTTP library from sending its own default.
        content: The body.
        timeouts: The time limits of single waits.
        auth: An `httpx.Auth` of the user's, which may change the request and send others before and after it.
    """

    method: str
    url: str
    headers: Mapping[str, str | None]
    content: bytes
    timeouts: Timeouts
    auth: HttpAuth | None = None

    def __repr__(self) -> str:
        """Show no secret: tools that report errors show the values of variables."""
        headers = redact_headers(self.headers)
        return f"<{self.method} {public_url(self.url)} {headers} and {len(self.content)} bytes>"


class TransportError(Exception):
    """No answer came, or the connection broke.

    It never reaches users: `Attempts` tries again, or raises an `APIError` that says so.

    Attributes:
        outcome: The kind of failure, for `decide`.
        reason: The reason, for messages.
    """

    def __init__(self, kind: FailureKind, reason: str) -> None:
        super().__init__(reason)
        self.outcome = ConnectionFailure(kind)
        self.reason = reason


class Body(Protocol):
    """An answer whose headers have come, and whose body is read piece by piece."""

    status_code: int
    headers: Headers

    async def next(self, deadline: Deadline) -> bytes | None:
        """Return the next piece; None at the end.

        Raises:
            TransportError: The connection broke, or the deadline has passed.
        """
        ...

    async def drain(self) -> bytes:
        """Read the rest for at most 50 ms and return it, so that the connection can be used again."""
        ...

    async def close(self) -> None:
        """Give the connection back if the body was read to its end; else close it. Raises nothing."""
        ...

    def socket(self, write_timeout: float | None) -> Socket:
        """Take the connection over, after an answer with status 101 that switches to another protocol.

        Raises:
            ConfigurationError: The HTTP client gives no access to its connections.
        """
        ...


class IO(Protocol):
    """The outside world: requests, waits, functions of the user, and locks."""

    is_closed: bool

    async def send(self, request: WireRequest, deadline: Deadline) -> Body:
        """Send a request and wait for the headers of its answer.

        Raises:
            TransportError: No answer came, or the deadline has passed.
            RuntimeError: The client was closed.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait, by the clock of the package."""
        ...

    async def call(self, function: Callable[[], T | Awaitable[T]], deadline: Deadline) -> T:
        """Call the user's function that returns a key; await the result if it is async.

        Raises:
            TransportError: The deadline has passed; a sync function is not interrupted.
            ConfigurationError: The function is async, and the driver is not.
        """
        ...

    def lock(self, key: object, deadline: Deadline) -> AbstractAsyncContextManager[None]:
        """Return a context that one thread or task at a time can be in, for each key.

        Raises:
            TransportError: It was not entered before the deadline.
        """
        ...

    async def close(self) -> None:
        """Close the connections, if they are ours."""
        ...


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Drive a coroutine that never suspends, and return its result.

    Raises:
        RuntimeError: It suspended, because it awaited something that is not of the sync driver.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    coroutine.close()
    raise RuntimeError("A synchronous call awaited something asynchronous; use AsyncClient for it.")


class Bell(Protocol):
    """Wakes one that waits, once."""

    def ring(self) -> None:
        """Wake it, or whoever comes to wait."""
        ...

    async def wait(self, left: float | None) -> None:
        """Wait to be woken, for at most `left` seconds."""
        ...


class Socket(Protocol):
    """A connection that bytes go over in both ways at the same time. One reads at a time, any number write."""

    async def read(self, left: float | None) -> bytes | None:
        """Return what comes next, nothing at the end; None when nothing came for `left` seconds."""
        ...

    async def write(self, make: Callable[[], bytes], left: float | None = None) -> None:
        """Send what `make` returns, all of it and in the order of the calls; wait for at most `left` seconds."""
        ...

    def bell(self) -> Bell:
        """Return a bell."""
        ...

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have work done beside everything else; it raises nothing and comes to an end by itself."""
        ...

    def finishing(self, seconds: float) -> AbstractContextManager[object]:
        """Return a block that cancellation does not end, but the time does."""
        ...

    async def close(self) -> None:
        """Close the connection at once, which ends what reads and writes."""
        ...
