"""The only module that sends: two small drivers, sync and async, under one protocol.

Whatever waits is written once, as `async def` over `IO`. The methods of `SyncIO` never suspend, so that
`run` can drive such a coroutine to its end in a plain function.
"""

import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cache
from inspect import isawaitable
from itertools import islice
from sys import modules
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar, cast

import anyio
import anyio.lowlevel
import httpx

from ._meta import Headers
from ._retry import ConnectionFailure
from .errors import ConfigurationError

if TYPE_CHECKING:
    import socket
    import ssl

__all__ = ["IO", "AsyncIO", "Body", "Failure", "SyncIO", "Timeouts", "WireRequest", "run"]

T = TypeVar("T")
_LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100)
_DRAIN_SECONDS = 0.05
_DRAIN_PIECES = 16
_CLOSE_SECONDS = 1.0


class Timeouts(NamedTuple):
    """Seconds each wait may take; None is for ever."""

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None

    def within(self, left: float | None) -> "Timeouts":
        """Return the timeouts, none longer than `left`."""
        if left is None:
            return self
        return Timeouts(*(max(left if value is None else min(value, left), 0.001) for value in self))


class WireRequest(NamedTuple):
    """One request as it goes out."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    timeouts: Timeouts


class Failure(Exception):
    """No answer, or a connection that broke: what the flow decides on."""

    def __init__(self, kind: Literal["connect", "timeout", "network"], reason: str) -> None:
        super().__init__(reason)
        self.outcome = ConnectionFailure(kind)
        self.reason = reason


class Body(Protocol):
    """An answer whose headers are here and whose body is still to be read."""

    status_code: int
    headers: Headers

    async def next(self, left: float | None) -> bytes | None:
        """Return the next piece, None at the end; wait for at most `left` seconds."""
        ...

    async def drain(self) -> bytes:
        """Read to the end within 50 ms, so that the connection can be used again; return what came."""
        ...

    async def close(self) -> None:
        """Give the connection back, or close it if the body was not read to its end."""
        ...


class IO(Protocol):
    """All that the package can do to the outside world."""

    async def send(self, request: WireRequest, left: float | None) -> Body:
        """Send a request and wait, for at most `left` seconds, for the headers of its answer."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    async def call(self, function: Callable[[], str | Awaitable[str]]) -> str:
        """Call a function of the user's, such as one that gives a key."""
        ...

    async def close(self) -> None:
        """Close the connections, if they are ours."""
        ...


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Drive a coroutine that never suspends, and return its result."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return cast("T", stop.value)
    coroutine.close()
    raise RuntimeError("A synchronous call had to wait for something asynchronous.")


@cache
def _ssl_context() -> "ssl.SSLContext":
    """Make the one TLS context of the process: loading the certificates takes longer than a request."""
    return httpx.create_ssl_context()


def _family(client: object) -> Any:
    """Return the package of the client's class (httpx, httpx2), whose exceptions it raises."""
    for cls in type(client).__mro__:
        package = modules.get(cls.__module__.partition(".")[0])
        if hasattr(package, "TransportError"):
            return package
    raise ConfigurationError(
        f"http_client has to be a client of httpx or httpx2, not {type(client).__qualname__}."
    )


class _Failures:
    """Turns the exceptions of an HTTP library into `Failure`."""

    def __init__(self, family: Any) -> None:
        self._family = family
        self.caught = (family.RequestError, family.InvalidURL, TimeoutError)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, self.caught):
            raise self.failure(error) from error

    def failure(self, error: BaseException) -> Failure:
        """Return what the flow decides on."""
        what: Literal["connect", "timeout", "network"] = "network"
        if isinstance(error, (self._family.TimeoutException, TimeoutError)):
            what = "timeout"
        elif isinstance(error, self._family.ConnectError):
            what = "connect"
        name = type(error).__name__
        return Failure(what, f"{name}: {error}" if str(error) else name)


def _build(client: Any, request: WireRequest, left: float | None) -> Any:
    return client.build_request(
        request.method,
        request.url,
        headers=dict(request.headers),
        content=request.content,
        timeout=tuple(request.timeouts.within(left)),
    )


def _is_encoded(headers: Headers) -> bool:
    return headers.get("content-encoding", "identity").strip().lower() not in ("", "identity")


class SyncIO:
    """Runs on `httpx.Client`, made at the first request unless the user brings one."""

    def __init__(self, client: "httpx.Client | None" = None) -> None:
        self._client = client
        self._is_ours = client is None
        self._failures = _Failures(httpx if client is None else _family(client))
        self._lock = threading.Lock()

    async def send(self, request: WireRequest, left: float | None) -> Body:
        """See `IO`."""
        client = self._client or self._open()
        with self._failures:
            response = client.send(_build(client, request, left), stream=True, follow_redirects=False)
        return _SyncBody(response, self._failures, left)

    def _open(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(verify=_ssl_context(), limits=_LIMITS)
            return self._client

    async def sleep(self, seconds: float) -> None:
        """See `IO`."""
        time.sleep(seconds)

    async def call(self, function: Callable[[], str | Awaitable[str]]) -> str:
        """See `IO`."""
        value = function()
        if isinstance(value, str):
            return value
        if isinstance(value, Coroutine):
            cast("Coroutine[Any, Any, str]", value).close()
        raise ConfigurationError("api_key is an async function: that needs AsyncClient.")

    async def close(self) -> None:
        """See `IO`."""
        if self._is_ours and self._client is not None:
            self._client.close()


class _SyncBody:
    def __init__(self, response: httpx.Response, failures: _Failures, left: float | None) -> None:
        self.status_code = response.status_code
        self.headers = Headers(response.headers)
        self._response = response
        self._failures = failures
        source = response.iter_bytes() if _is_encoded(self.headers) else response.stream
        self._pieces = iter(cast("Iterator[bytes]", source))
        self._timer = self._cut_off(left) if left is not None else None

    async def next(self, left: float | None) -> bytes | None:
        """See `Body`."""
        if left is not None and left <= 0:
            raise Failure("timeout", "the deadline has passed")
        try:
            return next(self._pieces, None)
        except self._failures.caught as error:
            raise self._failures.failure(error) from error

    async def drain(self) -> bytes:
        """See `Body`."""
        timer = self._cut_off(_DRAIN_SECONDS)
        pieces: list[bytes] = []
        if timer is not None or "network_stream" not in self._response.extensions:
            with suppress(Exception):
                pieces.extend(islice(self._pieces, _DRAIN_PIECES))
        if timer is not None:
            timer.cancel()
        return b"".join(pieces)

    async def close(self) -> None:
        """See `Body`."""
        if self._timer is not None:
            self._timer.cancel()
        with suppress(Exception):  # a connection that breaks while it is closed is closed
            self._response.close()

    def _cut_off(self, seconds: float) -> threading.Timer | None:
        """Let reads end after that time: a blocking read cannot be told to stop in any other way."""
        stream = self._response.extensions.get("network_stream")
        sock: socket.socket | None = stream.get_extra_info("socket") if stream else None
        if sock is None or self._response.http_version == "HTTP/2":  # there, the socket has other streams too
            return None

        def shut() -> None:
            with suppress(OSError):
                sock.shutdown(0)

        timer = threading.Timer(max(seconds, 0), shut)
        timer.daemon = True
        timer.start()
        return timer


class AsyncIO:
    """Runs on `httpx.AsyncClient`, one for each event loop unless the user brings one."""

    def __init__(self, client: "httpx.AsyncClient | None" = None) -> None:
        self._given = client
        self._failures = _Failures(httpx if client is None else _family(client))
        self._of_loop: anyio.lowlevel.RunVar[httpx.AsyncClient] = anyio.lowlevel.RunVar(f"client of {id(self)}")

    async def send(self, request: WireRequest, left: float | None) -> Body:
        """See `IO`."""
        client = self._given or self._open()
        with self._failures, _time_limit(left):
            response = await client.send(_build(client, request, left), stream=True, follow_redirects=False)
        return _AsyncBody(response, self._failures)

    def _open(self) -> httpx.AsyncClient:
        # A pool is bound to its loop: one client serves `asyncio.run` after `asyncio.run`.
        try:
            return self._of_loop.get()
        except LookupError:
            client = httpx.AsyncClient(verify=_ssl_context(), limits=_LIMITS)
            self._of_loop.set(client)
            return client

    async def sleep(self, seconds: float) -> None:
        """See `IO`."""
        await anyio.sleep(seconds)

    async def call(self, function: Callable[[], str | Awaitable[str]]) -> str:
        """See `IO`."""
        value = function()
        return await value if isawaitable(value) else value

    async def close(self) -> None:
        """See `IO`."""
        if self._given is None:
            with suppress(LookupError):
                await self._of_loop.get().aclose()


def _time_limit(seconds: float | None) -> AbstractContextManager[object]:
    return nullcontext() if seconds is None else anyio.fail_after(max(seconds, 0))


class _AsyncBody:
    def __init__(self, response: httpx.Response, failures: _Failures) -> None:
        self.status_code = response.status_code
        self.headers = Headers(response.headers)
        self._response = response
        self._failures = failures
        source = response.aiter_bytes() if _is_encoded(self.headers) else response.stream
        self._pieces = aiter(cast("AsyncIterator[bytes]", source))

    async def next(self, left: float | None) -> bytes | None:
        """See `Body`."""
        try:
            if left is None:
                return await anext(self._pieces, None)
            with anyio.fail_after(max(left, 0)):
                return await anext(self._pieces, None)
        except self._failures.caught as error:
            raise self._failures.failure(error) from error

    async def drain(self) -> bytes:
        """See `Body`."""
        pieces: list[bytes] = []
        with anyio.move_on_after(_DRAIN_SECONDS), suppress(Exception):
            async for piece in self._pieces:
                pieces.append(piece)
                if len(pieces) == _DRAIN_PIECES:
                    break
        return b"".join(pieces)

    async def close(self) -> None:
        """See `Body`."""
        # Cancellation must not leave the connection checked out; a dead peer must not hold us either.
        with anyio.CancelScope(shield=True), anyio.move_on_after(_CLOSE_SECONDS), suppress(Exception):
            await self._response.aclose()
