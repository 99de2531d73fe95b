"""The outside world as calls and WebSockets see it: protocols of drivers, and `run`, which needs no event loop.

All code that waits is written once, as `async def` over `IO`. The methods of the sync driver block and never suspend,
so `run` can drive such a coroutine to its end in a plain function, and no code exists in a sync and an async form.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from .._base.clock import NO_REAL_DEADLINE, Deadline, RealDeadline
from .._base.http import Headers
from .._base.redaction import Redactor, public_url, redact_headers, secret_values
from .._base.retry import ConnectionFailure, FailureKind

if TYPE_CHECKING:
    from .._base.option_types import HttpAuth
    from .upload_bodies import Upload

__all__ = ["IO", "Body", "Event", "Socket", "Timeouts", "TransportError", "WireRequest", "run"]

T = TypeVar("T")
_MIN_SECONDS = 0.001  # 0 makes a socket non-blocking, and fails at once also where nothing would have to wait


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
        upload: The body, if it is read piece by piece; `content` is then empty.
        is_foreign: Whether it goes to another host than the API, which gets no header but these, and no auth.
    """

    method: str
    url: str
    headers: Mapping[str, str | None]
    content: bytes
    timeouts: Timeouts
    auth: HttpAuth | None = None
    upload: Upload | None = None
    is_foreign: bool = False

    @property
    def size(self) -> int | None:
        """Bytes of the body; None if that is not known."""
        return len(self.content) if self.upload is None else self.upload.size

    def __repr__(self) -> str:
        """Show no secret: tools that report errors show the values of variables."""
        headers = redact_headers(self.headers)
        size = "unknown" if self.size is None else self.size
        shown = f"<{self.method} {public_url(self.url)} {headers} and {size} bytes>"
        return Redactor(secret_values(self.headers)).text(shown)  # also under harmless names

    def sentry_repr(self) -> str:
        """Return the repr, for Sentry, which otherwise walks tuples."""
        return repr(self)


class TransportError(Exception):
    """No answer came, or the connection broke.

    It never reaches users: `Attempts` tries again, or raises an `APIError` that says so.

    Attributes:
        outcome: The kind of failure, for `decide`.
        reason: The reason, for messages.
        limits: The options that would allow more time, for the advice after a timeout.
        advice: Advice beyond that for any failure; None if there is none.
        secrets: Credentials of others than the API that may be repeated in the reason, such as those for a proxy.
    """

    def __init__(self, kind: FailureKind, reason: str) -> None:
        super().__init__(reason)
        self.outcome: ConnectionFailure = ConnectionFailure(kind)
        self.reason: str = reason
        self.limits: str = "timeout or deadline"
        self.advice: str | None = None
        self.secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Hide the reason, which may quote a server: tools that report errors show the values of variables."""
        return f"<{type(self).__name__}: {self.outcome.kind}>"


class Body(Protocol):
    """An answer with its headers; the body is read piece by piece."""

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

    async def in_thread(self, function: Callable[[], T], /) -> T:
        """Call a function that waits for a disk, in a thread if other tasks would wait with it."""
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
        coroutine.send(None)  # runs to the first suspension; there is none, so that it runs to the end
    except StopIteration as stop:
        value: T = stop.value
        return value
    coroutine.close()
    raise RuntimeError("A synchronous call awaited something asynchronous; use AsyncClient for it.")


class Event(Protocol):
    """A flag that one waiter waits for; set once, and never cleared.

    It is a `threading.Event` or an `anyio.Event` with a time limit, and no event of the API.
    """

    def set(self) -> None:
        """Wake the waiter; if there is none yet, the next wait returns immediately."""
        ...

    async def wait(self, deadline: RealDeadline) -> None:
        """Wait until the event is set or the deadline has passed; the caller checks for news."""
        ...


class Socket(Protocol):
    """A connection that is read and written at the same time, taken over from HTTP.

    At most one thread or task may be in `read`; any number may be in `write`. Its deadlines are those of the real
    clock even where a `VirtualClock` is in use, since the peer is a real server.
    """

    async def read(self, deadline: RealDeadline) -> bytes | None:
        """Return the bytes that arrive next, `b""` at the end of the connection; None when the deadline has passed.

        Raises:
            TransportError: The connection broke.
        """
        ...

    async def write(self, make: Callable[[], bytes], deadline: RealDeadline = NO_REAL_DEADLINE) -> None:
        """Send the bytes that `make` returns, and return when they are sent.

        `make` is called when it is next to be sent: the order of these calls is the order on the wire, and no bytes
        of another message get in between. A message of which a part was sent is either sent whole, even after the
        deadline, or ends the connection.

        Raises:
            TransportError: The message was not sent before the deadline, kind "timeout", and the connection can still be
                used; or, with any other kind, the connection broke.
        """
        ...

    def new_event(self) -> Event:
        """Return an event for the threads or tasks of this connection."""
        ...

    def start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run an async function in the background. It must end without help, and raise nothing."""
        ...

    def shield(self, timeout: float) -> AbstractContextManager[object]:
        """Return a block that cancellation does not interrupt, but the timeout does."""
        ...

    async def close(self) -> None:
        """Close the connection immediately; reads and writes that are in progress end."""
        ...
