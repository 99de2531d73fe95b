"""The only module that sends requests: two small drivers, sync and async, under the protocol of `_io`."""

import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from functools import cache, partial
from inspect import isawaitable
from sys import modules
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast
from urllib.request import getproxies

import anyio
import httpx

from . import _clock
from ._io import IO, Body, Failure, Timeouts, WireRequest
from ._messages import BODY_SHOWN, one_line
from ._meta import Headers
from ._retry import FailureKind
from ._turns import AsyncTurns, SyncTurns
from ._validation import needs_async
from .errors import ConfigurationError

if TYPE_CHECKING:
    from ._socket_io import Socket

__all__ = ["AsyncIO", "SyncIO"]

T = TypeVar("T")
_LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100)
_DRAIN_SECONDS = 0.05
_DRAIN_PIECES = 16
_UNWIND_PIECES = 4096  # more than a buffer holds
_CLOSE_SECONDS = 1.0
_TIME_IS_UP = "the time for it was up"


class _Countdown(Mapping[str, float | None]):
    """Timeouts for httpx that shrink as the end comes nearer, since they are looked up before each wait."""

    def __init__(self, timeouts: Timeouts, until: float) -> None:
        self._timeouts = timeouts
        self._until = until

    def __getitem__(self, wait: str) -> float | None:
        timeouts: dict[str, float | None] = self._timeouts.within(self._until - _clock.monotonic())._asdict()
        return timeouts[wait]

    def __iter__(self) -> Iterator[str]:
        return iter(Timeouts._fields)

    def __len__(self) -> int:
        return len(Timeouts._fields)


@cache
def _ssl_context(scheme: str) -> "ssl.SSLContext":
    """Make the TLS context of the process, once: to load the certificates takes longer than a request.

    Plain HTTP does without them; a context that trusts nobody fails closed should TLS be met after all.
    """
    needs_tls = scheme == "https" or any(proxy.startswith("https") for proxy in getproxies().values())
    return httpx.create_ssl_context() if needs_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _package(client: object, kind: Literal["Client", "AsyncClient"]) -> Any:
    """Return the package of the user's client (httpx, httpx2), whose exceptions it raises."""
    for cls in type(client).__mro__:
        package = modules.get(cls.__module__.partition(".")[0])
        if hasattr(package, "TransportError") and isinstance(client, getattr(package, kind)):
            return package
    name = f"{type(client).__module__.partition('.')[0]}.{type(client).__qualname__}"
    raise ConfigurationError(f"http_client has to be an httpx.{kind} or httpx2.{kind} here, not a {name}")


class _Library:
    """An HTTP library, httpx or httpx2: makes its requests and turns its exceptions into `Failure`."""

    def __init__(self, package: Any) -> None:
        self._package = package

    @property
    def caught(self) -> tuple[type[Exception], ...]:
        """What becomes a `Failure`; anyio loads its part when it is looked up, after something was raised."""
        return (
            self._package.RequestError,
            # From transports that are not the library's own, errors of sockets come as they are.
            OSError,
            anyio.BrokenResourceError,
            anyio.ClosedResourceError,
            anyio.EndOfStream,
        )

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, UnicodeError):  # of `socket`, about the host
            raise _bad_url(error) from error
        if error is not None and isinstance(error, self.caught):
            raise self.failure(error) from error

    def failure(self, error: BaseException) -> Failure:
        """Return what the flow decides on."""
        package = self._package
        what: FailureKind = "network"
        if isinstance(error, (package.TimeoutException, TimeoutError)):
            what = "timeout"
        elif isinstance(error, (package.ConnectError, ConnectionRefusedError)):
            what = "connect"
        elif isinstance(error, package.DecodingError):
            what = "decoding"
        text = one_line(_text_of(error), BODY_SHOWN)
        return Failure(what, f"{type(error).__name__}: {text}" if text else type(error).__name__)

    def auth(self, request: WireRequest) -> Any:
        """Give what the library's `send` takes as auth: an object of its own class, or what stands for its default."""
        if request.auth is None:
            return self._package.USE_CLIENT_DEFAULT
        auth = self._package.Auth()
        auth.sync_auth_flow = request.auth.sync_auth_flow
        auth.async_auth_flow = request.auth.async_auth_flow
        return auth

    def build(self, client: Any, request: WireRequest, left: float | None) -> Any:
        """Make the library's request."""
        # As bytes, because the library takes only ASCII in texts; HTTP takes Latin-1 (RFC 9110, 5.5).
        headers = [
            (k.encode("ascii"), v.encode("latin-1")) for k, v in request.headers.items() if v is not None
        ]
        timeouts = request.timeouts
        waits = timeouts._asdict() if left is None else _Countdown(timeouts, _clock.monotonic() + left)
        try:
            built = client.build_request(
                request.method,
                request.url,
                headers=headers,
                content=request.content,
                extensions={"timeout": waits},
            )
        except (self._package.InvalidURL, UnicodeError) as error:
            raise _bad_url(error) from error
        for name in [name for name, value in request.headers.items() if value is None]:
            built.headers.pop(name, None)
        return built


def _text_of(error: BaseException | None) -> str:
    """Give the text of an error, or of what caused it: on trio, some have none themselves."""
    while error is not None and not str(error):
        error = error.__cause__ or error.__context__
    return str(error or "")


def _bad_url(error: Exception) -> ConfigurationError:
    problem = one_line(str(error), BODY_SHOWN)
    return ConfigurationError(f"The URL of the request is invalid: {problem}; check base_url")


def _refuse_if_closed(io: IO) -> None:
    if io.is_closed:  # since the call was prepared, or between two tries
        raise RuntimeError("The client was closed; make a new one.")


def _is_raw(response: httpx.Response, headers: Headers) -> bool:
    """Say whether pieces can be taken as they come: not compressed, nor read by a hook or an auth object."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    return encoding in ("", "identity") and not response.is_stream_consumed


def _open(kind: Any, scheme: str) -> Any:
    """Make a client of ours."""
    try:
        return kind(verify=_ssl_context(scheme), limits=_LIMITS)
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        problem = one_line(str(error), BODY_SHOWN)
        raise ConfigurationError(
            f"The environment's settings for proxies or TLS cannot work: {problem}; correct them or pass http_client"
        ) from error


class SyncIO:
    """Runs on `httpx.Client`, made at the first request unless the user brings one."""

    def __init__(self, client: "httpx.Client | None" = None) -> None:
        self._given = client
        self._ours: dict[str, httpx.Client] = {}  # by scheme
        self._library = _Library(httpx if client is None else _package(client, "Client"))
        self._lock = threading.Lock()
        self._turns = SyncTurns()
        self.is_closed = False

    @property
    def is_borrowed(self) -> bool:
        """Whether the connections are the user's."""
        return self._given is not None

    async def send(self, request: WireRequest, left: float | None) -> Body:
        """See `IO`."""
        _refuse_if_closed(self)
        until = None if left is None else _clock.monotonic() + left
        client = self._given or self._client(request.url.partition(":")[0])
        built = self._library.build(client, request, left)
        auth = self._library.auth(request)
        send = partial(client.send, built, stream=True, auth=auth, follow_redirects=False)
        with self._library, _clock.within(left):
            response = send() if left is None else _send_within(left, send)
        return _SyncBody(response, self._library, until)

    def _client(self, scheme: str) -> httpx.Client:
        with self._lock:
            if scheme not in self._ours:
                self._ours[scheme] = _open(httpx.Client, scheme)
            return self._ours[scheme]

    async def sleep(self, seconds: float) -> None:
        """See `IO`."""
        _clock.sleep(seconds)

    async def call(self, function: Callable[[], T | Awaitable[T]], left: float | None) -> T:
        """See `IO`."""
        value = function()
        if not isawaitable(value):
            return value
        if isinstance(value, Coroutine):
            cast("Coroutine[Any, Any, T]", value).close()
        raise needs_async("api_key")

    def turn(self, owner: object, left: float | None) -> AbstractAsyncContextManager[None]:
        """See `IO`."""
        return self._turns.take(owner, left)

    async def close(self) -> None:
        """See `IO`."""
        self.is_closed = True
        for client in self._ours.values():
            client.close()


def _send_within(seconds: float, send: Callable[[], httpx.Response]) -> httpx.Response:
    """Send in a thread, which can be left when the time is up; an answer that comes later is closed.

    Timeouts alone do not end a look-up of a name, nor headers of which another byte comes now and then.
    """
    from ._threads import TimeIsUp, within  # here, since most calls have no deadline

    try:
        return within(seconds, send, late=httpx.Response.close)
    except TimeIsUp:
        raise Failure("timeout", _TIME_IS_UP) from None


class _SyncBody:
    def __init__(self, response: httpx.Response, library: _Library, until: float | None) -> None:
        self.status_code = response.status_code
        self.headers = Headers(response.headers)
        self._response = response
        self._library = library
        source = response.stream if _is_raw(response, self.headers) else response.iter_bytes()
        self._pieces = iter(cast("Iterator[bytes]", source))
        self._socket = _socket_of(response)
        self._is_finished = False
        self._is_late = False
        self._timer = None if until is None or self._socket is None else self._start_timer(until)

    def _start_timer(self, until: float) -> threading.Timer:
        timer = threading.Timer(max(until - _clock.monotonic(), 0), self._expire)
        timer.daemon = True
        timer.start()
        return timer

    def _expire(self) -> None:
        self._is_late = True
        self._cut_off()

    def _cut_off(self) -> bool:
        """End the reads at once, if that is possible: a blocking read cannot be told to stop in another way."""
        if self._socket is None or self._is_finished or self._response.is_closed:
            return False
        with suppress(OSError):
            # Not `SSLSocket.shutdown`, after which the rest could be read, still encrypted.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        return True

    async def next(self, left: float | None) -> bytes | None:
        """See `Body`."""
        if left is not None and left <= 0:
            raise Failure("timeout", _TIME_IS_UP)
        try:
            if left is None or _clock.is_real:
                piece = next(self._pieces, None)
            else:
                with _clock.within(left):
                    piece = next(self._pieces, None)
        except self._library.caught as error:
            raise (
                Failure("timeout", _TIME_IS_UP) if self._is_late else self._library.failure(error)
            ) from error
        if piece is None:
            if self._is_late:
                raise Failure("timeout", _TIME_IS_UP)
            self._is_finished = True
        return piece

    async def drain(self) -> bytes:
        """See `Body`."""
        pieces: list[bytes] = []
        # With HTTP/2, nothing has to be read, and no read could be ended.
        if not self._is_finished and self._response.http_version != "HTTP/2":
            # A thread, because a transport that has no socket, such as one for tests, cannot be cut off.
            reader = threading.Thread(target=self._read_on, args=(pieces,), daemon=True)
            with suppress(RuntimeError):  # no new threads as Python ends, and no connection to keep
                reader.start()
                reader.join(_DRAIN_SECONDS)
                if reader.is_alive() and self._cut_off():
                    reader.join(_CLOSE_SECONDS)
        return b"".join(pieces)

    def _read_on(self, pieces: list[bytes]) -> None:
        with suppress(Exception):
            for piece in self._pieces:
                pieces.append(piece)
                if len(pieces) == _DRAIN_PIECES:
                    return
            self._is_finished = True

    async def close(self) -> None:
        """See `Body`."""
        if self._timer is not None:
            self._timer.cancel()
        self._cut_off()  # for a thread that waits in `next`
        with suppress(Exception):  # a connection that breaks while it is closed is closed
            self._response.close()

    def socket(self, write_timeout: float | None) -> "Socket":
        """See `Body`."""
        from ._socket_transport import SyncSocket

        if self._timer is not None:
            self._timer.cancel()
        return SyncSocket(self._response, write_timeout)


def _socket_of(response: httpx.Response) -> socket.socket | None:
    """Return the socket that carries this answer alone."""
    stream: Any = response.extensions.get("network_stream")
    sock = stream.get_extra_info("socket") if stream is not None else None
    return sock if isinstance(sock, socket.socket) and response.http_version != "HTTP/2" else None


class AsyncIO:
    """Runs on `httpx.AsyncClient`, one for each event loop unless the user brings one."""

    def __init__(self, client: "httpx.AsyncClient | None" = None) -> None:
        from anyio.lowlevel import RunVar  # here, since `SyncIO` does without it

        self._given = client
        self._library = _Library(httpx if client is None else _package(client, "AsyncClient"))
        self._ours: RunVar[dict[str, httpx.AsyncClient]] = RunVar("clients")
        self._turns = AsyncTurns()
        self.is_closed = False

    @property
    def is_borrowed(self) -> bool:
        """Whether the connections are the user's."""
        return self._given is not None

    async def send(self, request: WireRequest, left: float | None) -> Body:
        """See `IO`."""
        _refuse_if_closed(self)
        client = self._given or self._client(request.url.partition(":")[0])
        built = self._library.build(client, request, left)
        with self._library, _clock.within(left), anyio.move_on_after(left):
            auth = self._library.auth(request)
            response = await client.send(built, stream=True, auth=auth, follow_redirects=False)
            return _AsyncBody(response, self._library)
        raise Failure("timeout", _TIME_IS_UP)

    def _client(self, scheme: str) -> httpx.AsyncClient:
        # A pool is bound to its loop: so one `AsyncClient` serves `asyncio.run` after `asyncio.run`.
        try:
            ours = self._ours.get()
        except LookupError:
            ours = dict[str, httpx.AsyncClient]()
            self._ours.set(ours)
        if scheme not in ours:
            ours[scheme] = _open(httpx.AsyncClient, scheme)
        return ours[scheme]

    async def sleep(self, seconds: float) -> None:
        """See `IO`."""
        await _clock.sleep_async(seconds)

    async def call(self, function: Callable[[], T | Awaitable[T]], left: float | None) -> T:
        """See `IO`."""
        value = function()
        if not isawaitable(value):
            return value
        with anyio.move_on_after(left):
            return await value
        raise Failure("timeout", "the api_key function took too long")

    def turn(self, owner: object, left: float | None) -> AbstractAsyncContextManager[None]:
        """See `IO`."""
        return self._turns.take(owner, left)

    async def close(self) -> None:
        """See `IO`."""
        self.is_closed = True
        with suppress(LookupError):
            for client in self._ours.get().values():
                await client.aclose()


class _AsyncBody:
    def __init__(self, response: httpx.Response, library: _Library) -> None:
        self.status_code = response.status_code
        self.headers = Headers(response.headers)
        self._response = response
        self._library = library
        source = response.stream if _is_raw(response, self.headers) else response.aiter_bytes()
        self._pieces = aiter(cast("AsyncIterator[bytes]", source))
        self._is_finished = False

    async def next(self, left: float | None) -> bytes | None:
        """See `Body`."""
        try:
            if left is None:
                piece = await anext(self._pieces, None)
            else:
                piece = await self._next_within(left)
        except self._library.caught as error:
            raise self._library.failure(error) from error
        if piece is None:
            self._is_finished = True
        return piece

    async def _next_within(self, left: float) -> bytes | None:
        if left > 0:
            with _clock.within(left), anyio.move_on_after(left):
                return await anext(self._pieces, None)
        raise Failure("timeout", _TIME_IS_UP)

    async def drain(self) -> bytes:
        """See `Body`."""
        pieces: list[bytes] = []
        with anyio.move_on_after(_DRAIN_SECONDS), suppress(Exception):
            async for piece in self._pieces:
                pieces.append(piece)
                if len(pieces) == _DRAIN_PIECES:
                    break
            else:
                self._is_finished = True
        return b"".join(pieces)

    async def close(self) -> None:
        """See `Body`."""
        # Cancellation must not leave the connection checked out; a dead peer must not hold us either.
        with anyio.CancelScope(shield=True), anyio.move_on_after(_CLOSE_SECONDS):
            if not self._is_finished:
                await self._unwind()
            with suppress(Exception):  # a connection that breaks while it is closed is closed
                await self._response.aclose()

    def socket(self, write_timeout: float | None) -> "Socket":
        """See `Body`."""
        from ._socket_transport import AsyncSocket

        return AsyncSocket(self._response, write_timeout)

    async def _unwind(self) -> None:
        """End the library's nested generators now: those left to the garbage collector need tasks of the loop."""
        with anyio.CancelScope() as scope, suppress(Exception):
            scope.cancel()
            for _ in range(_UNWIND_PIECES):
                await anext(self._pieces)
