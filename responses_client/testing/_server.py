"""The embedded servers: a Responses API inside the process, for tests and demonstrations without a network."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from types import NoneType
from typing import TYPE_CHECKING, Any, Self

import anyio
import anyio.to_thread
import httpx

from ._app import Application
from ._asgi import AsgiApp
from ._httpx_transports import AsyncServerTransport, ServerTransport
from ._ids import Ids
from ._json_types import JSONObject
from ._rate_limits import Limiter, RateLimit
from ._recorded_request import RecordedRequest
from ._script_methods import ScriptMethods
from ._script_queue import Script
from ._signed_webhooks import WEBHOOK_SECRET, Webhook, webhook_of
from ._store import Store

if TYPE_CHECKING:
    from responses_client import AsyncClient, Client
    from responses_client.models import Response


class BaseServer(ScriptMethods):
    """What `Server` and `AsyncServer` share: all but their clients and their blocks."""

    def __init__(
        self,
        *,
        base_url: str = "http://testserver/v1",
        now: int | None = None,
        sleep: Callable[[float], None] | None = None,
        validate: bool = True,
        rate_limit: RateLimit | None = None,
    ) -> None:
        if not isinstance(rate_limit, (RateLimit, NoneType)):  # pyright: ignore[reportUnnecessaryIsInstance]  # users without a type checker
            raise ValueError(f"rate_limit is {rate_limit!r}, but has to be a RateLimit.")
        self.base_url = base_url
        self.webhook_secret = WEBHOOK_SECRET
        self._webhooks = 0
        self._clients: list[AsyncClient] = []  # that an async block closes
        self._sleep = sleep
        self._store = Store(Script(), validate=validate, limiter=Limiter(rate_limit))
        if now is not None:
            self._store.now = now
        self._app = Application(self._store, prefix=httpx.URL(base_url).path.rstrip("/"))

    def close(self) -> None:
        """Refuse connections from now on (`httpx.ConnectError`)."""
        self._app.is_closed = True

    def verify(self) -> None:
        """Raise `AssertionError` for what `expect` expects and what did not come; the end of the block does so."""
        __tracebackhide__ = True
        self._app.verify(ended=True)

    # --- ways to it

    def transport(self) -> httpx.BaseTransport:
        """A transport for `httpx.Client(transport=...)`; its bodies are read event by event."""
        return ServerTransport(self._app, self._sleep)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """A transport for `httpx.AsyncClient(transport=...)`, on asyncio and trio."""
        return AsyncServerTransport(self._app, self._sleep)

    def app(self) -> AsgiApp:
        """An ASGI application, HTTP and WebSockets, for any ASGI server or to mount in another one."""
        return AsgiApp(self._app, sleep=self._sleep)

    def _usual_options(self) -> dict[str, Any]:
        return {"api_key": "test-key", "base_url": self.base_url, "webhook_secret": self.webhook_secret}

    def _client(self, options: dict[str, Any]) -> Client:
        # Imported here: a server on its own, behind another client, does without the models.
        from responses_client import Client

        http_client = options.pop("http_client", None) or httpx.Client(transport=self.transport())
        return Client(http_client=http_client, **{**self._usual_options(), **options})

    def _async_client(self, options: dict[str, Any]) -> AsyncClient:
        from responses_client import AsyncClient

        http_client = options.pop("http_client", None) or httpx.AsyncClient(transport=self.async_transport())
        return AsyncClient(http_client=http_client, **{**self._usual_options(), **options})

    def _serving(self, host: str, port: int) -> AbstractContextManager[str]:
        # Imported here: only what is on a port needs a web server.
        from ._uvicorn_server import serving

        return serving(self._app, host=host, port=port, sleep=self._sleep)

    # --- what it has seen and keeps

    @property
    def requests(self) -> list[RecordedRequest]:
        """All requests in the order in which they came."""
        return self._app.requests

    @property
    def refused(self) -> int:
        """How many requests were refused because of the `rate_limit`."""
        return self._store.limiter.refused

    @property
    def responses(self) -> dict[str, JSONObject]:
        """The stored responses by id, as JSON objects; put one in to have it known."""
        return self._store.memory.responses

    @property
    def conversations(self) -> dict[str, list[JSONObject]]:
        """The items of each conversation by its id, oldest first; put one in to have it known."""
        return self._store.conversations

    @property
    def now(self) -> int:
        """The time that responses are created at, in Unix seconds; it stands still until it is set."""
        return self._store.now

    @now.setter
    def now(self, seconds: int) -> None:
        self._store.now = seconds

    @property
    def open_streams(self) -> int:
        """How many event streams and WebSockets have been started and not closed."""
        return self._app.opened_streams - self._app.closed_streams

    @property
    def closed_streams(self) -> int:
        """How many event streams and WebSockets have been closed, read to their end or not."""
        return self._app.closed_streams

    # --- webhooks

    def webhook(
        self,
        response: Response | Mapping[str, Any] | str,
        *,
        type: str | None = None,
        timestamp: int | None = None,
        secret: str | None = None,
    ) -> Webhook:
        """A signed webhook that tells of a response, or of a stored one by its id; nothing is sent.

        `type` follows from the status when it is not given. `timestamp` is when it is signed, in Unix
        seconds, now by default; `secret` is `webhook_secret` of the server by default.
        """
        with self._store.lock:
            self._webhooks += 1
            return webhook_of(
                response,
                self.responses,
                type=type,
                ids=Ids(f"webhook {self._webhooks}"),
                created_at=self.now,
                timestamp=timestamp,
                secret=self.webhook_secret if secret is None else secret,
            )


class Server(BaseServer):
    """A Responses API in process, without a socket, or on a port while `serve()` lasts.

    Answers are deterministic: by themselves they follow from the request alone, and ids from how many
    responses there were. What is scripted is given in order, one answer a request; every scripting
    method returns the server, so that calls can be chained. Safe to use from several threads.

        with Server() as server:
            server.reply("Hello").call_tool("get_weather", {"city": "Paris"})
            client = server.client()

    `base_url` is where clients find it; only its path matters. `now` is the time of all responses in
    Unix seconds. `sleep` waits in place of the clock, for tests that are to take no time.
    `validate=False` turns off the checks of request bodies (not those of the key and of the path).
    With a `rate_limit`, what goes beyond it is refused with 429.
    The attribute `webhook_secret` is what webhooks are signed with; its clients know it.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        __tracebackhide__ = True
        self.close()
        if kind is None:
            self.verify()

    def client(self, **options: Any) -> Client:
        """A client of this server; `options` are those of `responses_client.Client`."""
        return self._client(options)

    def async_client(self, **options: Any) -> AsyncClient:
        """An async client of this server; `options` are those of `responses_client.AsyncClient`."""
        return self._async_client(options)

    def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> AbstractContextManager[str]:
        """Serve on a port, from a thread, while a `with` block lasts; it gives the base URL.

        Port 0 takes a free one. Needs `pip install 'responses-client[server]'`; raises
        `ModuleNotFoundError` without it, `OSError` when the port cannot be had, and `ValueError` when
        there is no such port.
        """
        return self._serving(host, port)


class AsyncServer(BaseServer):
    """The same for async tests, on asyncio and trio: its clients are async, and so is its block.

        async with AsyncServer() as server:
            server.reply("Hello")
            response = await server.client().responses.create(model="m", input="Hi")

    The end of the block closes the clients that it made. Arguments and scripts are those of `Server`.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        __tracebackhide__ = True
        await self.aclose()
        if kind is None:
            self.verify()

    async def aclose(self) -> None:
        """Close the clients that it made, and refuse connections from now on."""
        self.close()
        while self._clients:
            await self._clients.pop().aclose()

    def client(self, **options: Any) -> AsyncClient:
        """A client of this server; `options` are those of `responses_client.AsyncClient`."""
        client = self._async_client(options)
        self._clients.append(client)
        return client

    @asynccontextmanager
    async def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[str]:
        """Serve on a port, from a thread, while an `async with` block lasts; it gives the base URL.

        See `Server.serve`. The event loop goes on while the server starts and stops.
        """
        serving = self._serving(host, port)
        url = await anyio.to_thread.run_sync(serving.__enter__)
        try:
            yield url
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(serving.__exit__, type(error), error, error.__traceback__)
            raise
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(serving.__exit__, None, None, None)
