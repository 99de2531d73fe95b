"""What calls need of the outside world, as types, and how coroutines over them are driven without a loop.

Whatever waits is written once, as `async def` over `IO`. The methods of the sync driver never suspend, so
that `run` can drive such a coroutine to its end in a plain function.
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
    """Seconds each wait may take; None is for ever."""

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None

    def capped(self, seconds: float) -> Timeouts:
        """Return the timeouts, none longer than so many seconds."""
        return Timeouts(
            *(max(seconds if value is None else min(value, seconds), _MIN_SECONDS) for value in self)
        )


class WireRequest(NamedTuple):
    """One request as it goes out; a header that is None is not sent, not even by default.

    `auth` is an `httpx.Auth` of the user's, which may change the request and send others before and after it.
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
    """No answer came, or the connection broke; `Attempts` decides whether to try again."""

    def __init__(self, kind: FailureKind, reason: str) -> None:
        super().__init__(reason)
        self.outcome = ConnectionFailure(kind)
        self.reason = reason


class Body(Protocol):
    """An answer whose headers are here and whose body is still to be read."""

    status_code: int
    headers: Headers

    async def next(self, deadline: Deadline) -> bytes | None:
        """Return the next piece, None at the end.

        Raises:
            TransportError: The connection broke, or the deadline has passed.
        """
        ...

    async def drain(self) -> bytes:
        """Read to the end within 50 ms, so that the connection can be used again; return what came."""
        ...

    async def close(self) -> None:
        """Give the connection back, or close it if the body was not read to its end."""
        ...

    def socket(self, write_timeout: float | None) -> Socket:
        """Take the connection over, after an answer that switches to another protocol (101)."""
        ...


class IO(Protocol):
    """All that the package can do to the outside world."""

    is_closed: bool

    async def send(self, request: WireRequest, deadline: Deadline) -> Body:
        """Send a request and wait for the headers of its answer.

        Raises:
            TransportError: No answer came, or the deadline has passed.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    async def call(self, function: Callable[[], T | Awaitable[T]], deadline: Deadline) -> T:
        """Call a function of the user's, such as one that gives a key, and await its result if it is async.

        Raises:
            TransportError: The deadline has passed; a sync function is not interrupted.
        """
        ...

    def lock(self, key: object, deadline: Deadline) -> AbstractAsyncContextManager[None]:
        """Return a block that one thread or task at a time may be in, of those that name the same key.

        Raises:
            TransportError: The block was not entered before the deadline.
        """
        ...

    async def close(self) -> None:
        """Close the connections, if they are ours."""
        ...


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Drive a coroutine that never suspends, and return its result."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    coroutine.close()
    raise RuntimeError("A synchronous call had to wait for something asynchronous.")


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
