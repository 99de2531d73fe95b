"""The embedded servers: a Responses API in the process, for tests and demonstrations without a network."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from types import NoneType
from typing import TYPE_CHECKING, Any, Self

import anyio
import anyio.to_thread
import httpx

from .._base.public import public
from ._app import Application
from ._asgi import AsgiApp
from ._httpx_transports import AsyncServerTransport, ServerTransport
from ._ids import Ids
from ._json_types import JSONObject
from ._rate_limits import Limiter, RateLimit
from ._recorded_request import RecordedRequest
from ._resource_methods import ResourceMethods
from ._script_methods import ScriptMethods
from ._script_queue import Script
from ._signed_webhooks import WEBHOOK_SECRET, Webhook, webhook_of
from ._store import Store

if TYPE_CHECKING:
    from responses_client import AsyncClient, Client
    from responses_client.models import Response


class BaseServer(ResourceMethods, ScriptMethods):
    """The common part of `Server` and `AsyncServer`: all except their clients and their blocks."""

    def __init__(
        self,
        *,
        base_url: str = "http://testserver/v1",
        now: int | None = None,
        sleep: Callable[[float], None] | None = None,
        validate: bool = True,
        rate_limit: RateLimit | None = None,
    ) -> None:
        if not isinstance(rate_limit, (RateLimit, NoneType)):
            raise ValueError(f"rate_limit must be a RateLimit, got {rate_limit!r}.")
        self.base_url = base_url
        self.webhook_secret = WEBHOOK_SECRET
        self._webhooks = 0
        self._clients: list[AsyncClient] = []  # those that the end of an async block closes
        self._sleep = sleep
        self._store = Store(Script(), validate=validate, limiter=Limiter(rate_limit))
        if now is not None:
            self._store.now = now
        self._app = Application(self._store, prefix=httpx.URL(base_url).path.rstrip("/"))

    def close(self) -> None:
        """Refuse all connections from now on (`httpx.ConnectError`)."""
        self._app.is_closed = True

    def verify(self) -> None:
        """Raise `AssertionError` if a request was unexpected or an expected one was never sent.

        The end of the server's block does the same, unless the block ends in another error.
        """
        __tracebackhide__ = True
        self._app.verify(ended=True)

    # --- transports and clients

    def transport(self) -> httpx.BaseTransport:
        """Return a transport for `httpx.Client(transport=...)`; bodies arrive event by event."""
        return ServerTransport(self._app, self._sleep)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport for `httpx.AsyncClient(transport=...)`, on asyncio and trio."""
        return AsyncServerTransport(self._app, self._sleep)

    def app(self) -> AsgiApp:
        """Return an ASGI application for HTTP and WebSockets, to mount or to run on any ASGI server.

        Scripted broken connections are exceptions there, because ASGI has no other way to report them.
        """
        return AsgiApp(self._app, sleep=self._sleep)

    def _usual_options(self) -> dict[str, Any]:
        return {"api_key": "test-key", "base_url": self.base_url, "webhook_secret": self.webhook_secret}

    def _client(self, options: dict[str, Any]) -> Client:
        # Imported here: a server that only other clients use does not need the models.
        from responses_client import Client

        http_client = options.pop("http_client", None) or httpx.Client(transport=self.transport())
        return Client(http_client=http_client, **{**self._usual_options(), **options})

    def _async_client(self, options: dict[str, Any]) -> AsyncClient:
        from responses_client import AsyncClient

        http_client = options.pop("http_client", None) or httpx.AsyncClient(transport=self.async_transport())
        return AsyncClient(http_client=http_client, **{**self._usual_options(), **options})

    def _serving(self, host: str, port: int) -> AbstractContextManager[str]:
        # Imported here: only a server on a port needs uvicorn.
        from ._uvicorn_server import serving

        return serving(self._app, host=host, port=port, sleep=self._sleep)

    # --- recorded requests and stored objects

    @property
    def requests(self) -> list[RecordedRequest]:
        """All requests in the order of their arrival, refused and unexpected ones included."""
        return self._app.requests

    @property
    def refused(self) -> int:
        """The number of requests that the `rate_limit` has refused."""
        return self._store.limiter.refused

    @property
    def responses(self) -> dict[str, JSONObject]:
        """The stored responses by id, as JSON objects; tests may add and change some."""
        return self._store.memory.responses

    @property
    def conversations(self) -> dict[str, list[JSONObject]]:
        """The items of each conversation by its id, oldest first; tests may add and change some."""
        return self._store.conversations

    @property
    def now(self) -> int:
        """The time at which responses are created, in Unix seconds; it stands still until it is set."""
        return self._store.now

    @now.setter
    def now(self, seconds: int) -> None:
        self._store.now = seconds

    @property
    def open_streams(self) -> int:
        """The number of event streams and WebSockets that have been opened and not closed."""
        return self._app.opened_streams - self._app.closed_streams

    @property
    def closed_streams(self) -> int:
        """The number of event streams and WebSockets that have been closed, read to their end or not."""
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
        """Return a signed webhook about a response, or about a stored one by its id; nothing is sent.

            webhook = server.webhook("resp_1", type="response.completed")
            event = client.webhooks.unwrap(webhook.body, webhook.headers)

        By default `type` follows from the status of the response, `timestamp`, in Unix seconds, is now, and
        `secret` is the server's `webhook_secret`.

        Raises:
            ValueError: The response has no id, or no `type` is given and its status implies none.
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


@public
class Server(BaseServer):
    """An embedded Responses API, in process without a socket, or on a port inside a `serve()` block.

        with Server() as server:
            server.reply("Hello").call_tool("get_weather", {"city": "Paris"})
            client = server.client()

    Scripted answers are given in order, one for each request; every scripting method returns the server, so
    that calls can be chained. Without a script, the answer is derived from the request: the same request
    gets the same answer. A server is safe to use from several threads.

    Args:
        base_url: The URL of its clients, `http://testserver/v1` by default; only its path matters.
        now: The time at which responses are created, in Unix seconds, 1,750,000,000 by default.
        sleep: A function that waits in place of the clock, for tests that take no time.
        validate: Whether to check the bodies of requests for responses, conversations and webhook endpoints. All other
            requests are always checked, and so are the API key and the path.
        rate_limit: The limit beyond which requests are refused with 429; there is none by default.

    The attribute `webhook_secret` is the secret that webhooks are signed with; its clients know it.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        __tracebackhide__ = True
        self.close()
        if kind is None:
            self.verify()

    def client(self, **options: Any) -> Client:
        """Return a client of this server; `options` are those of `responses_client.Client`."""
        return self._client(options)

    def async_client(self, **options: Any) -> AsyncClient:
        """Return an async client of this server; `options` are those of `responses_client.AsyncClient`."""
        return self._async_client(options)

    def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> AbstractContextManager[str]:
        """Serve on a port, from a thread, during a `with` block that yields the base URL.

            with server.serve() as url, Client(base_url=url, api_key="any") as client:
                ...

        Port 0, the default, picks a free port. Unexpected requests raise `AssertionError` at the end of the
        block.

        Raises:
            ModuleNotFoundError: The packages of the extra `server` are not installed; the message has the command.
            OSError: The address is not available.
            ValueError: The port is not from 0 to 65535.
        """
        return self._serving(host, port)


@public
class AsyncServer(BaseServer):
    """An embedded Responses API for async tests, on asyncio and trio: its clients and its block are async.

        async with AsyncServer() as server:
            server.reply("Hello")
            response = await server.client().responses.create(model="m", input="Hi")

    Arguments and scripting methods are those of `Server`. The end of the block closes all clients that
    `client()` has returned.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        __tracebackhide__ = True
        await self.aclose()
        if kind is None:
            self.verify()

    async def aclose(self) -> None:
        """Close all clients that `client()` has returned, and refuse connections from now on."""
        self.close()
        while self._clients:
            await self._clients.pop().aclose()

    def client(self, **options: Any) -> AsyncClient:
        """Return a client of this server; `options` are those of `responses_client.AsyncClient`."""
        client = self._async_client(options)
        self._clients.append(client)
        return client

    @asynccontextmanager
    async def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator[str]:
        """Serve on a port, from a thread, during an `async with` block that yields the base URL.

        Otherwise like `Server.serve`. The event loop keeps running while the server starts and stops.
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
