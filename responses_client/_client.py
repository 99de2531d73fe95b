"""`Client` and `AsyncClient`: settings, connections and resources; the work is done elsewhere.

What needs pydantic is imported by the methods, so that a client is made in the time that httpx takes to load.
The first look at `client.responses` loads the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast

from ._base.field_errors import field_error
from ._base.validation import is_async, needs_async
from ._calls.settings import HOOKS, Options, Settings, resolve
from ._transport.asynchronous import AsyncIO
from ._transport.protocols import IO, run
from ._transport.sync import SyncIO
from .errors import ConfigurationError, RequestValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    import httpx
    from typing_extensions import Unpack

    from ._base.options import SessionOptions
    from ._calls.operation import Operation, PagedOperation
    from ._calls.pagination import AsyncPage, AsyncPager, Listing, Page
    from ._map.requests import AsyncRequests, Requests
    from ._map.response_map import AsyncResponseMap, MapOptions, ResponseMap
    from ._runs.loop import RunLoop
    from ._streaming.source import Source
    from ._streaming.streams import AsyncEventStream, EventStream
    from ._websocket.session import AsyncWebSocketSession, WebSocketSession
    from .models import Model
    from .resources._conversations import AsyncConversationsOperations, ConversationsOperations
    from .resources.responses import AsyncResponses, Responses
    from .resources.webhooks import AsyncWebhooks, Webhooks

__all__ = ["AsyncClient", "Client"]

_R = TypeVar("_R", bound="Model")
_T = TypeVar("_T")
_S = TypeVar("_S", bound="EventStream")
_A = TypeVar("_A", bound="AsyncEventStream")
_HTTPX_SECONDS = 5.0  # the timeout that httpx and httpx2 have by default


def _resolved(http_client: httpx.Client | httpx.AsyncClient | None, options: Options) -> Settings:
    """Make the settings; a client with timeouts of its own keeps them unless the option says otherwise."""
    timeout = getattr(http_client, "timeout", None)
    if timeout is not None and timeout != type(timeout)(_HTTPX_SECONDS):
        options = {"timeout": timeout, **options}
    return resolve(**options)


def _plain(settings: Settings) -> Settings:
    """Refuse hooks that are async, for the client that is not."""
    for name in HOOKS:
        hook = getattr(settings, name)
        if is_async(hook):
            raise needs_async(name)
    return settings


def _streamed(params: Mapping[str, object]) -> Mapping[str, object]:
    if params.get("stream", True) is not True:
        raise RequestValidationError([field_error("stream", "True or nothing", params["stream"])])
    return {**params, "stream": True}


class _Client:
    """The base of `Client` and `AsyncClient`.

    Pickles have the settings, the key among them; a client that is made of one has connections of its own.
    """

    _driver: ClassVar[type[SyncIO | AsyncIO]]

    def __init__(
        self, io: SyncIO | AsyncIO, settings: Settings, *, is_copy: bool = False, is_closed: bool = False
    ) -> None:
        self._io = io
        self._settings = settings
        self._is_copy = is_copy
        self._is_closed = is_closed

    @property
    def is_closed(self) -> bool:
        """Whether this client was closed, or the one whose connections it uses."""
        return self._is_closed or self._io.is_closed

    @property
    def base_url(self) -> str:
        """Where requests go, without a slash at the end."""
        return self._settings.base_url

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.base_url} ({'closed' if self.is_closed else 'open'})>"

    def __copy__(self) -> Self:
        copy = object.__new__(type(self))
        copy.__dict__.update(self._state(), _io=self._io, _is_copy=True)
        return copy

    def __getstate__(self) -> dict[str, Any]:
        if self._io.is_borrowed:
            raise ConfigurationError(
                f"This {type(self).__name__} was given an http_client, which cannot be pickled or copied; make the "
                "client where it is used, or leave http_client out"
            )
        settings = self._settings._asdict()
        return {**self._state(), "_settings": settings, "_is_copy": False, "_is_closed": self.is_closed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _settings=Settings(**state["_settings"]), _io=self._driver())

    def _state(self) -> dict[str, Any]:
        """Return the attributes but for connections, and for resources, which belong to one client."""
        kept = {
            name for name in self.__dict__ if not isinstance(getattr(type(self), name, None), cached_property)
        }
        return {name: self.__dict__[name] for name in kept - {"_io"}}

    def _open_settings(self) -> Settings:
        if self.is_closed:
            raise RuntimeError(f"This {type(self).__name__} is closed; make a new one.")
        return self._settings


class Client(_Client):
    """A client for synchronous code.

    Args:
        http_client: An `httpx.Client`, or one of httpx2, to send with: for proxies, TLS, transports, limits.
            It is yours to close. By default one is made at the first request.
        options: The fields of `Options`; keys and addresses default to environment variables.

    Raises:
        ConfigurationError: An option or a variable that cannot work.
    """

    _driver = SyncIO

    def __init__(self, *, http_client: httpx.Client | None = None, **options: Unpack[Options]) -> None:
        super().__init__(SyncIO(http_client), _plain(_resolved(http_client, options)))

    @cached_property
    def responses(self) -> Responses:
        """Create responses, stream them, and see to those that the server keeps."""
        from .resources.responses import Responses

        return Responses(self)

    @cached_property
    def conversations(self) -> ConversationsOperations:
        """Conversations, which the server keeps, and their items."""
        from .resources._conversations import ConversationsOperations

        return ConversationsOperations(self)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Check and read webhooks; say where they are sent."""
        from .resources.webhooks import Webhooks

        return Webhooks(self)

    def with_options(self, **changes: Unpack[Options]) -> Client:
        """Return a client with some options changed that uses the same connections.

        Headers and query parameters are added to those there are. Closing the copy closes no connection.
        """
        copy = object.__new__(Client)
        settings = _plain(self._settings.replace(**changes))
        _Client.__init__(copy, self._io, settings, is_copy=True, is_closed=self._is_closed)
        return copy

    def call(self, operation: Operation[_R], params: Mapping[str, object], *path: str) -> _R:
        """Make the call of an operation: what the methods of resources do."""
        from ._calls.attempts import fetch
        from ._calls.request import prepare

        return run(fetch(self._io, prepare(operation, params, self._open_settings(), path)))

    def page(self, operation: PagedOperation[_R, _T], params: Mapping[str, object], *path: str) -> Page[_T]:
        """Return a page of what an operation lists."""
        from ._calls.pagination import Page

        def follow(cursor: str) -> Page[_T]:
            return self.page(operation, {**params, "after": cursor}, *path)

        listing = cast("Listing[_T]", self.call(operation, params, *path))
        return Page(listing, params.get("after"), follow)

    def stream(
        self,
        operation: Operation[_R],
        params: Mapping[str, object],
        kind: Callable[[Source], _S],
        *path: str,
    ) -> _S:
        """Return the stream of an operation, its request not yet sent."""
        from ._calls.request import prepare
        from ._streaming.http_source import http_source

        return kind(http_source(self._io, prepare(operation, _streamed(params), self._open_settings(), path)))

    def connect(self, options: SessionOptions) -> WebSocketSession:
        """Return a WebSocket session, not yet open."""
        from ._websocket.session import WebSocketSession

        return WebSocketSession(self._io, self._open_settings(), options)

    def run_loop(self, params: Mapping[str, object], text_format: Any) -> RunLoop:
        """Return the loop of a run of tools, not yet started."""
        from ._runs.loop import run_loop
        from ._runs.workers import SyncWorkers

        return run_loop(self._io, self._open_settings(), SyncWorkers, params, text_format)

    def map(self, requests: Requests, options: MapOptions) -> ResponseMap:
        """Return a map of requests to responses, not yet begun."""
        from ._map.response_map import ResponseMap

        return ResponseMap(cast("SyncIO", self._io), self._open_settings(), requests, options)

    def perform(self, work: Callable[[IO, Settings], Coroutine[Any, Any, _T]]) -> _T:
        """Do what waits between several requests."""
        return run(work(self._io, self._open_settings()))

    def close(self) -> None:
        """Close the connections; a client that was passed as `http_client` stays open."""
        self._is_closed = True
        if not self._is_copy:
            run(self._io.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncClient(_Client):
    """A client for asyncio and trio; see `Client`.

    `http_client` is an `httpx.AsyncClient` here, and `api_key` may be an async function. Without one, each
    event loop gets connections of its own, so that one client serves several `asyncio.run`.
    """

    _driver = AsyncIO

    def __init__(self, *, http_client: httpx.AsyncClient | None = None, **options: Unpack[Options]) -> None:
        super().__init__(AsyncIO(http_client), _resolved(http_client, options))

    @cached_property
    def responses(self) -> AsyncResponses:
        """Create responses, stream them, and see to those that the server keeps."""
        from .resources.responses import AsyncResponses

        return AsyncResponses(self)

    @cached_property
    def conversations(self) -> AsyncConversationsOperations:
        """Conversations, which the server keeps, and their items."""
        from .resources._conversations import AsyncConversationsOperations

        return AsyncConversationsOperations(self)

    @cached_property
    def webhooks(self) -> AsyncWebhooks:
        """Check and read webhooks; say where they are sent."""
        from .resources.webhooks import AsyncWebhooks

        return AsyncWebhooks(self)

    def with_options(self, **changes: Unpack[Options]) -> AsyncClient:
        """Return a client with some options changed that uses the same connections; see `Client`."""
        copy = object.__new__(AsyncClient)
        settings = self._settings.replace(**changes)
        _Client.__init__(copy, self._io, settings, is_copy=True, is_closed=self._is_closed)
        return copy

    async def call(self, operation: Operation[_R], params: Mapping[str, object], *path: str) -> _R:
        """Make the call of an operation: what the methods of resources do."""
        from ._calls.attempts import fetch
        from ._calls.request import prepare

        return await fetch(self._io, prepare(operation, params, self._open_settings(), path))

    def pages(
        self, operation: PagedOperation[_R, _T], params: Mapping[str, object], *path: str
    ) -> AsyncPager[_T]:
        """Return what an operation lists, not yet asked for."""
        from ._calls.pagination import AsyncPage, AsyncPager
        from ._calls.request import prepare

        prepare(operation, params, self._open_settings(), path)  # a mistake is to be raised here, not later

        async def fetch() -> AsyncPage[_T]:
            listing = cast("Listing[_T]", await self.call(operation, params, *path))
            return AsyncPage(listing, params.get("after"), follow)

        def follow(cursor: str) -> AsyncPager[_T]:
            return self.pages(operation, {**params, "after": cursor}, *path)

        return AsyncPager(fetch)

    def stream(
        self,
        operation: Operation[_R],
        params: Mapping[str, object],
        kind: Callable[[Source], _A],
        *path: str,
    ) -> _A:
        """Return the stream of an operation, its request not yet sent."""
        from ._calls.request import prepare
        from ._streaming.http_source import http_source

        return kind(http_source(self._io, prepare(operation, _streamed(params), self._open_settings(), path)))

    def connect(self, options: SessionOptions) -> AsyncWebSocketSession:
        """Return a WebSocket session, not yet open."""
        from ._websocket.session import AsyncWebSocketSession

        return AsyncWebSocketSession(self._io, self._open_settings(), options)

    def run_loop(self, params: Mapping[str, object], text_format: Any) -> RunLoop:
        """Return the loop of a run of tools, not yet started."""
        from ._runs.loop import run_loop
        from ._runs.workers import AsyncWorkers

        return run_loop(self._io, self._open_settings(), AsyncWorkers, params, text_format)

    def map(self, requests: AsyncRequests, options: MapOptions) -> AsyncResponseMap:
        """Return a map of requests to responses, not yet begun."""
        from ._map.response_map import AsyncResponseMap

        return AsyncResponseMap(cast("AsyncIO", self._io), self._open_settings(), requests, options)

    async def perform(self, work: Callable[[IO, Settings], Coroutine[Any, Any, _T]]) -> _T:
        """Do what waits between several requests."""
        return await work(self._io, self._open_settings())

    async def aclose(self) -> None:
        """Close the connections of this event loop; a client passed as `http_client` stays open."""
        self._is_closed = True
        if not self._is_copy:
            await self._io.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()
