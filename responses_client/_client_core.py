"""The work behind the methods of clients and resources.

A client makes one core and hands it to its resources. The methods here are public to the package, and would be public
to users if they were the client's own. Modules that need pydantic are imported in the methods; see `_client`.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from ._base.error_frames import hide_values
from ._base.field_errors import field_error
from ._calls.settings import Settings, start_log
from ._transport.protocols import run
from ._transport.sync import SyncIO
from .errors import ConfigurationError, RequestValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from pathlib import Path

    from ._base.file_types import TransferProgress
    from ._base.http import ResponseMeta
    from ._base.options import SessionOptions
    from ._base.redaction import Redactor
    from ._calls.any_request import AnyRequest
    from ._calls.downloads import Target
    from ._calls.operation import BinaryOperation, Operation, PagedOperation
    from ._calls.pagination import AsyncPage, AsyncPager, Listing, Page
    from ._calls.request import Call
    from ._map.requests import AsyncRequests, MapOptions, Requests
    from ._map.response_map import AsyncResponseMap, ResponseMap
    from ._runs.loop import RunLoop
    from ._streaming.source import Source
    from ._transport.asynchronous import AsyncIO
    from ._transport.protocols import IO
    from ._websocket.session import AsyncWebSocketSession, WebSocketSession
    from .models import Model

__all__ = ["AsyncCore", "ClientCore", "SyncCore"]

_D = TypeVar("_D", bound="SyncIO | AsyncIO")
_R = TypeVar("_R", bound="Model")
_T = TypeVar("_T")


# Calls are written once, as coroutines over `IO` (see `_transport/protocols.py`). `SyncIO` never suspends, so `run`
# drives them to their end in a plain function; `AsyncCore` awaits them.


def _with_stream(params: Mapping[str, object]) -> Mapping[str, object]:
    if params.get("stream", True) is not True:
        raise RequestValidationError([field_error("stream", "True or nothing", params["stream"])])
    return {**params, "stream": True}


async def _content(
    io: IO, operation: BinaryOperation, params: Mapping[str, object], settings: Settings, path: Sequence[str]
) -> bytes:
    from ._calls.attempts import fetch
    from ._calls.request import prepare

    hide_values(params)
    call = prepare(operation, params, settings, path)
    content: bytes = await fetch(io, call._replace(read=_as_it_came))
    return content


def _as_it_came(body: bytes, meta: ResponseMeta, settings: Settings, redactor: Redactor) -> bytes:
    return body


class ClientCore(ABC, Generic[_D]):
    """The connections, the settings and the state of a client.

    A pickle contains the settings, including the key. An unpickled core opens connections of its own.

    Args:
        io: The connections, which copies of a client share.
        settings: The checked options.
        client: The name of the client's class, for messages.
        is_copy: Whether the connections belong to another client, which closes them.
        is_closed: Whether this client was closed.
    """

    def __init__(
        self, io: _D, settings: Settings, client: str, *, is_copy: bool = False, is_closed: bool = False
    ) -> None:
        self.io: _D = io
        self.settings: Settings = settings
        self._client = client
        self._is_copy = is_copy
        self._is_closed = is_closed

    @property
    def is_closed(self) -> bool:
        """Whether the client has been closed, or the one that it shares connections with."""
        return self._is_closed or self.io.is_closed

    def with_settings(self, settings: Settings) -> Self:
        """Return a core with other settings that uses the same connections and does not close them."""
        return type(self)(self.io, settings, self._client, is_copy=True, is_closed=self._is_closed)

    async def close(self) -> None:
        """Close the connections, unless they belong to another client."""
        self._is_closed = True
        if not self._is_copy:
            await self.io.close()  # which closes the copies too: their `is_closed` reads `io`

    def stream(
        self,
        operation: Operation[Any],
        params: Mapping[str, object],
        kind: Callable[[Source], _T],
        *path: str,
    ) -> _T:
        """Return a stream of `kind` over an operation; entering it sends the request."""
        from ._calls.request import prepare
        from ._streaming.http_source import http_source

        hide_values(params)
        call = prepare(operation, _with_stream(params), self._open_settings(), path)
        return kind(http_source(self.io, call))

    def prepare_any(self, given: AnyRequest, cast_to: Any, options: Mapping[str, object]) -> Call[Any]:
        """Return the call of `client.request`."""
        from ._calls.any_request import prepare_any
        from ._structured.cast import cast_of

        hide_values(options)
        cast = cast_of(cast_to)
        return prepare_any(given, options, self._open_settings(), cast.read, is_raw=cast.is_raw)

    def __getstate__(self) -> dict[str, Any]:
        if self.io.is_borrowed:
            raise ConfigurationError(
                f"This {self._client} was given an http_client, which cannot be pickled or copied; make the "
                "client where it is used, or leave http_client out"
            )
        # By name, because `Settings` takes no positional arguments.
        return {
            "driver": type(self.io),
            "settings": self.settings._asdict(),
            "client": self._client,
            "is_closed": self.is_closed,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        start_log()  # in a process that may have made no client itself
        self.io = state["driver"]()
        self.settings = Settings(**state["settings"])
        self._client, self._is_closed, self._is_copy = state["client"], state["is_closed"], False

    def _open_settings(self) -> Settings:
        if self.is_closed:
            raise RuntimeError(f"This {self._client} is closed; make a new one.")
        return self.settings


class SyncCore(ClientCore[SyncIO]):
    """The work behind `Client`."""

    def call(
        self,
        operation: Operation[_R],
        params: Mapping[str, object],
        *path: str,
        stream: bool | None = None,
    ) -> _R:
        """Call an endpoint, and return the answer as a model; `stream` is one more argument, unless it is None."""
        from ._calls.attempts import fetch
        from ._calls.request import prepare

        hide_values(params)
        params = params if stream is None else {**params, "stream": stream}
        return run(fetch(self.io, prepare(operation, params, self._open_settings(), path)))

    def request(self, given: AnyRequest, cast_to: Any, options: Mapping[str, object]) -> Any:
        """Send any request, and return its answer as a type."""
        call = self.prepare_any(given, cast_to, options)
        from ._calls.attempts import fetch

        return run(fetch(self.io, call))

    def upload(
        self,
        operation: Operation[_R],
        params: Mapping[str, object],
        on_progress: Callable[[TransferProgress], object] | None,
        *path: str,
    ) -> _R:
        """Call an endpoint that takes a file, and return the answer as a model."""
        from ._calls.uploads import upload
        from ._calls.wait_progress import require_sync

        hide_values(params)
        report = require_sync(on_progress)
        return run(upload(self.io, operation, params, self._open_settings(), path, report))

    def content(self, operation: BinaryOperation, params: Mapping[str, object], *path: str) -> bytes:
        """Call an endpoint that returns the content of a file, and return it."""
        return run(_content(self.io, operation, params, self._open_settings(), path))

    def download(
        self,
        operation: BinaryOperation,
        params: Mapping[str, object],
        target: Target,
        on_progress: Callable[[TransferProgress], object] | None,
        *path: str,
    ) -> Path:
        """Call such an endpoint, and write the content to a file; return its path."""
        from ._calls.downloads import download
        from ._calls.wait_progress import require_sync

        hide_values(params)
        report = require_sync(on_progress)
        return run(download(self.io, operation, params, self._open_settings(), path, target, report))

    def page(self, operation: PagedOperation[_R, _T], params: Mapping[str, object], *path: str) -> Page[_T]:
        """Call an endpoint that lists things, and return a page of them."""
        from ._calls.attempts import fetch_with_redactor
        from ._calls.pagination import Page
        from ._calls.request import prepare

        hide_values(params)

        def follow(cursor: str) -> Page[_T]:
            return self.page(operation, {**params, "after": cursor}, *path)

        call = prepare(operation, params, self._open_settings(), path)
        result, redactor = run(fetch_with_redactor(self.io, call))
        # A result that lists things has `data` and `has_more`, which the type of the endpoint does not say.
        return Page(cast("Listing[_T]", result), params.get("after"), follow, redactor)

    def connect(self, options: SessionOptions) -> WebSocketSession:
        """Return a WebSocket session; entering it opens the connection."""
        from ._websocket.session import WebSocketSession

        hide_values(options)
        return WebSocketSession(self.io, self._open_settings(), options)

    def run_loop(self, method: str, params: Mapping[str, object], text_format: Any) -> RunLoop:
        """Return the loop of a run with tools, for the method of a name; its `run` sends the first request."""
        from ._runs.loop import run_loop
        from ._runs.workers import SyncWorkers

        hide_values(params)
        return run_loop(self.io, self._open_settings(), SyncWorkers, method, params, text_format)

    def map(self, requests: Requests, options: MapOptions) -> ResponseMap:
        """Return a map of requests to responses; entering it sends the first requests."""
        from ._map.response_map import ResponseMap

        return ResponseMap(self.io, self._open_settings(), requests, options)

    def perform(self, work: Callable[[IO, Settings], Coroutine[Any, Any, _T]]) -> _T:
        """Run work that consists of several requests and waits between them."""
        return run(work(self.io, self._open_settings()))

    def warm_up(self, load: Callable[[], object]) -> None:
        """Do the work of a first streamed call that needs no server; `load` imports the methods of the client."""
        from ._warm_up import warm_up

        settings = self._open_settings()
        self.io.make_client(settings.base_url)
        warm_up(settings)
        load()


class AsyncCore(ClientCore["AsyncIO"]):
    """The work behind `AsyncClient`."""

    async def call(
        self,
        operation: Operation[_R],
        params: Mapping[str, object],
        *path: str,
        stream: bool | None = None,
    ) -> _R:
        """Call an endpoint, and return the answer as a model; `stream` is one more argument, unless it is None."""
        from ._calls.attempts import fetch
        from ._calls.request import prepare

        hide_values(params)
        params = params if stream is None else {**params, "stream": stream}
        return await fetch(self.io, prepare(operation, params, self._open_settings(), path))

    async def upload(
        self,
        operation: Operation[_R],
        params: Mapping[str, object],
        on_progress: Callable[[TransferProgress], object] | None,
        *path: str,
    ) -> _R:
        """Call an endpoint that takes a file, and return the answer as a model."""
        from ._calls.uploads import upload

        hide_values(params)
        return await upload(self.io, operation, params, self._open_settings(), path, on_progress)

    async def content(self, operation: BinaryOperation, params: Mapping[str, object], *path: str) -> bytes:
        """Call an endpoint that returns the content of a file, and return it."""
        return await _content(self.io, operation, params, self._open_settings(), path)

    async def download(
        self,
        operation: BinaryOperation,
        params: Mapping[str, object],
        target: Target,
        on_progress: Callable[[TransferProgress], object] | None,
        *path: str,
    ) -> Path:
        """Call such an endpoint, and write the content to a file; return its path."""
        from ._calls.downloads import download

        hide_values(params)
        settings = self._open_settings()
        return await download(self.io, operation, params, settings, path, target, on_progress)

    async def request(self, given: AnyRequest, cast_to: Any, options: Mapping[str, object]) -> Any:
        """Send any request, and return its answer as a type."""
        call = self.prepare_any(given, cast_to, options)
        from ._calls.attempts import fetch

        return await fetch(self.io, call)

    def pages(
        self, operation: PagedOperation[_R, _T], params: Mapping[str, object], *path: str
    ) -> AsyncPager[_T]:
        """Return the pages of an endpoint that lists things; awaiting or iterating sends the requests."""
        from ._calls.attempts import fetch_with_redactor
        from ._calls.pagination import AsyncPage, AsyncPager
        from ._calls.request import prepare

        hide_values(params)
        prepare(
            operation, params, self._open_settings(), path
        )  # raises mistakes here, not where the pager is awaited

        async def fetch() -> AsyncPage[_T]:
            call = prepare(operation, params, self._open_settings(), path)
            result, redactor = await fetch_with_redactor(self.io, call)
            return AsyncPage(cast("Listing[_T]", result), params.get("after"), follow, redactor)

        def follow(cursor: str) -> AsyncPager[_T]:
            return self.pages(operation, {**params, "after": cursor}, *path)

        return AsyncPager(fetch)

    def connect(self, options: SessionOptions) -> AsyncWebSocketSession:
        """Return a WebSocket session; entering it opens the connection."""
        from ._websocket.session import AsyncWebSocketSession

        hide_values(options)
        return AsyncWebSocketSession(self.io, self._open_settings(), options)

    def run_loop(self, method: str, params: Mapping[str, object], text_format: Any) -> RunLoop:
        """Return the loop of a run with tools, for the method of a name; its `run` sends the first request."""
        from ._runs.loop import run_loop
        from ._runs.workers import AsyncWorkers

        hide_values(params)
        return run_loop(self.io, self._open_settings(), AsyncWorkers, method, params, text_format)

    def map(self, requests: AsyncRequests, options: MapOptions) -> AsyncResponseMap:
        """Return a map of requests to responses; entering it sends the first requests."""
        from ._map.response_map import AsyncResponseMap

        return AsyncResponseMap(self.io, self._open_settings(), requests, options)

    async def perform(self, work: Callable[[IO, Settings], Coroutine[Any, Any, _T]]) -> _T:
        """Run work that consists of several requests and waits between them."""
        return await work(self.io, self._open_settings())

    async def warm_up(self, load: Callable[[], object]) -> None:
        """Do the work of a first streamed call that needs no server, in a thread; see `SyncCore.warm_up`."""

        def work() -> None:
            from ._warm_up import warm_up

            warm_up(settings)
            load()

        settings = self._open_settings()
        await self.io.in_thread(work)
        await self.io.make_client(settings.base_url)
