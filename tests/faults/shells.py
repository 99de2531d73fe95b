"""The ways to run the client, behind one interface: in plain functions, on asyncio, on trio, and on asyncio over aiohttp."""

from __future__ import annotations

import ssl
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import anyio
import httpx
import pytest
from samples import KEY
from waits import PATIENT

from responses_client import AsyncClient, AsyncEventStream, Client, EventStream
from responses_client._transport.protocols import run
from responses_client.errors import StreamInterrupted
from responses_client.models import Response, StreamEvent

T = TypeVar("T")
# Nothing here is encrypted, and to load certificates takes longer than a test.
HTTP: dict[str, Any] = {"trust_env": False, "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}

_NAMES_IN_AIOHTTP = {
    "ConnectError": "ClientConnectorError",
    "ReadError": "ClientPayloadError",
}


def shown(error: BaseException | None) -> Iterator[str]:
    """Yield all messages of an error and of its causes."""
    while error is not None:
        yield from (str(error), repr(error), *traceback.format_exception(error))
        error = error.__cause__ or error.__context__


class Events:
    """A sync or async stream, with async methods that in the sync shell never suspend."""

    def __init__(self, stream: EventStream | AsyncEventStream) -> None:
        self.stream = stream

    async def next(self) -> StreamEvent:
        """Return the next event."""
        return next(self.stream) if isinstance(self.stream, EventStream) else await anext(self.stream)

    async def rest(self) -> list[StreamEvent]:
        """Return the events to the end."""
        if isinstance(self.stream, EventStream):
            return list(self.stream)
        return [event async for event in self.stream]

    async def until_closed(self, events: list[StreamEvent]) -> list[StreamEvent]:
        """Add the events up to the error that says that the stream was closed before its end."""
        with pytest.raises(StreamInterrupted, match="it was closed here before its end"):
            await self._read_into(events)
        return events

    async def _read_into(self, events: list[StreamEvent]) -> None:
        while True:
            events.append(await self.next())

    async def final(self) -> Response:
        """Return the whole response."""
        if isinstance(self.stream, EventStream):
            return self.stream.get_final_response()
        return await self.stream.get_final_response()

    async def close(self) -> None:
        """Close the stream."""
        if isinstance(self.stream, EventStream):
            self.stream.close()
        else:
            await self.stream.aclose()


class Session:
    """A sync or async client, with async methods that in the sync shell never suspend."""

    def __init__(self, client: Client | AsyncClient) -> None:
        self.client = client

    async def create(self, **params: Any) -> Response:
        """Create a response."""
        params = {"model": "m", "input": "Hi", **params}
        if isinstance(self.client, Client):
            return self.client.responses.create(**params)
        return await self.client.responses.create(**params)

    async def stream(self, **params: Any) -> Events:
        """Open a stream."""
        params = {"model": "m", "input": "Hi", **params}
        if isinstance(self.client, Client):
            return Events(self.client.responses.create(stream=True, **params))
        return Events(await self.client.responses.create(stream=True, **params))

    @property
    def busy_connections(self) -> int:
        """How many connections of the client's pool are in use, or broken and still kept."""
        if self.is_over_aiohttp:
            return sum(len(session.connector._acquired) for session in self.http_clients)
        pools = [client._transport._pool for client in self.http_clients]
        in_use = [connection for pool in pools for connection in pool.connections if not connection.is_idle()]
        return max(sum(len(pool._requests) for pool in pools), len(in_use))

    @property
    def http_clients(self) -> list[Any]:
        """The clients of the HTTP library below."""
        io: Any = self.client._core.io
        if io.is_borrowed:
            return [(io._session if self.is_over_aiohttp else io._given).here()]
        clients = list((io._here() if isinstance(self.client, AsyncClient) else io._pools)._clients.values())
        return [client.session for client in clients] if self.is_over_aiohttp else clients

    @property
    def is_over_aiohttp(self) -> bool:
        """Whether aiohttp sends, not httpx."""
        return hasattr(self.client._core.io, "_session")


def _session(
    *, verify: ssl.SSLContext | bool = True, proxy: str | None = None, trust_env: bool = True, **others: Any
) -> aiohttp.ClientSession:
    """Return the session of aiohttp that is like a client of httpx."""
    if others or (proxy or "").startswith("socks"):
        pytest.skip(f"aiohttp has no {', '.join(others) or 'SOCKS'}")
    jar = aiohttp.CookieJar(unsafe=True)  # takes those of a host without a name, too
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=verify), proxy=proxy, trust_env=trust_env, cookie_jar=jar
    )


@dataclass(frozen=True)
class Shell:
    """A way to run the client."""

    name: str

    def words(self, exception: str) -> str:
        """Return the name that the library gives to the exception that has this one in httpx."""
        return _NAMES_IN_AIOHTTP[exception] if self.name == "aiohttp" else exception

    def play(
        self,
        script: Callable[[Session], Awaitable[T]],
        url: str,
        http: dict[str, Any] | None = None,
        **options: Any,
    ) -> T:
        """Run a script with a client, over an HTTP client that has the options `http`, if there are any."""
        settings = {"api_key": KEY, "base_url": url, "timeout": PATIENT, **options}
        if self.name == "sync":
            with ExitStack() as stack:
                if http is not None:
                    settings.setdefault("http_client", stack.enter_context(httpx.Client(**http)))
                client = stack.enter_context(Client(**settings))
                return run(script(Session(client)))

        async def main() -> T:
            async with AsyncExitStack() as stack:
                if self.name == "aiohttp" and http is not None:
                    settings.setdefault("http_client", await stack.enter_async_context(_session(**http)))
                elif self.name == "aiohttp" and settings.get("http_client") is None:
                    settings["transport"] = "aiohttp"
                elif http is not None:
                    given = await stack.enter_async_context(httpx.AsyncClient(**http))
                    settings.setdefault("http_client", given)
                client = await stack.enter_async_context(AsyncClient(**settings))
                return await script(Session(client))

        return anyio.run(main, backend="asyncio" if self.name == "aiohttp" else self.name)

    def create(self, url: str, params: dict[str, Any] | None = None, **options: Any) -> Response:
        """Create one response."""
        return self.play(lambda session: session.create(**params or {}), url, **options)

    def events(self, url: str, params: dict[str, Any] | None = None, **options: Any) -> list[StreamEvent]:
        """Read one stream to its end."""

        async def script(session: Session) -> list[StreamEvent]:
            events = await session.stream(**params or {})
            return await events.rest()

        return self.play(script, url, **options)
