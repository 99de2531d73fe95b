"""The async driver over aiohttp: sends by an `aiohttp.ClientSession`, on asyncio."""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio
from yarl import URL

from .._base import clock
from .._base.clock import Deadline
from .._base.error_frames import without_frames
from .._base.messages import MAX_BODY_CHARS, one_line
from .._base.overrides import override
from ..errors import ConfigurationError
from .aiohttp_answers import end_with_connection, refusal_of
from .aiohttp_bodies import AiohttpBody
from .aiohttp_requests import send, time_limit
from .asynchronous import AsyncIO
from .environment import tls_context
from .http_library import (
    MAX_CONNECTIONS,
    TIMED_OUT,
    GivenClient,
    httpx_proxy,
    refuse_if_closed,
    with_environment,
)
from .loop_pools import LoopPools
from .network import KEEPALIVE
from .protocols import Body, TransportError, WireRequest

if TYPE_CHECKING:
    import ssl

    from .._base.option_types import AiohttpSession

__all__ = ["AiohttpIO"]


class _Way:
    """A session and the proxy that it goes by; it has no repr, as the address of a proxy has a password."""

    def __init__(self, session: aiohttp.ClientSession, proxy: URL | None) -> None:
        self.session = session
        self.proxy = proxy


class _OwnWay(_Way):
    """A session of ours for the URLs of one scheme; it keeps no cookies, as clients with other keys share it."""

    def __init__(self, scheme: str, proxy: str | None) -> None:
        if proxy is not None and proxy.startswith("socks"):
            raise ConfigurationError(
                "aiohttp does not support SOCKS proxies, and the environment sets one; leave transport='aiohttp' out, or pass a "
                "ClientSession as http_client whose connector does"
            )
        context, checked = with_environment(lambda: _settings(scheme, proxy))
        connector = aiohttp.TCPConnector(ssl=context, limit=MAX_CONNECTIONS, socket_factory=_kept_alive)
        session: Any = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        session._retry_connection = False  # retries are ours, which hooks see and `max_retries` bounds
        super().__init__(session, checked)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.session.close()

    def drop(self) -> None:
        """Leave the connections to the garbage collector, without a warning: their loop is closed."""
        connector: Any = self.session.connector
        self.session.detach()
        connector._closed = True


def _settings(scheme: str, proxy: str | None) -> tuple[ssl.SSLContext, URL | None]:
    context = tls_context(scheme, proxy)
    if proxy is None:
        return context, None
    httpx_proxy(proxy, context)  # raises the error of the other driver if it is not a URL
    return context, URL(proxy)


class AiohttpIO(AsyncIO):
    """The outside world over aiohttp: the session of the user, or ours for each event loop.

    WebSockets go over httpx, as those of `AsyncIO`.
    """

    def __init__(self, session: AiohttpSession | None = None) -> None:
        super().__init__()
        self._session = None if session is None else GivenClient(session)
        self._websockets = AsyncIO()

    @override
    def _new_pools(self) -> LoopPools:
        return LoopPools(_OwnWay)

    @property
    @override
    def is_borrowed(self) -> bool:
        return self._session is not None

    @override
    async def send(self, request: WireRequest, deadline: Deadline) -> Body:
        if "Upgrade" in request.headers:
            return await self._websockets.send(request, deadline)
        if request.auth is None:
            return await self._send_as_is(request, deadline)
        from .auth_flow import send_with_auth

        remaining = deadline.remaining()
        with self.library, clock.time_limit(remaining), anyio.move_on_after(remaining):
            return await send_with_auth(request, lambda step: self._send_as_is(step, deadline))
        raise TransportError("timeout", TIMED_OUT)

    async def _send_as_is(self, request: WireRequest, deadline: Deadline) -> AiohttpBody:
        refuse_if_closed(self)
        way = await self._way_for(request.url)
        remaining, limit = deadline.remaining(), time_limit(request)
        failure = TransportError("timeout", TIMED_OUT)
        if limit is not None and (remaining is None or limit < remaining):
            remaining, failure = limit, TransportError("timeout", "ReadTimeout")
        try:
            with self.library, clock.time_limit(remaining), anyio.move_on_after(remaining):
                answer = await send(way.session, request, way.proxy, self.in_thread)
                end_with_connection(answer)
                refusal = refusal_of(answer.status)
                if refusal is not None:
                    answer.close()
                    raise refusal
                body = AiohttpBody(answer, self, request.timeouts.read)
                if self.is_closed and self._session is None:  # while it connected
                    await body.close()
                    refuse_if_closed(self)
                return body
        except TransportError as error:
            refuse_if_closed(self)
            failure = error
        except ValueError as error:
            raise ConfigurationError(
                f"aiohttp cannot send the request: {one_line(str(error), MAX_BODY_CHARS)}; check http_client"
            ) from without_frames(error)
        try:
            _name_proxy(failure, way.proxy, request.url)
            raise failure
        finally:
            refusal = None
            del failure  # its traceback holds this frame

    async def _way_for(self, url: str) -> _Way:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError(
                "aiohttp works on asyncio only; leave transport='aiohttp' out to use trio"
            ) from None
        if self._session is None:
            ours: _OwnWay = await self._here().client(url)
            return ours
        session: Any = self._session.here()
        if getattr(session, "_loop", loop) is not loop:
            raise ConfigurationError(
                "http_client belongs to another event loop; make a ClientSession and a client in each event loop, or "
                "pass transport='aiohttp' in its place"
            )
        proxy = session._default_proxy
        return _Way(session, None if proxy is None else URL(proxy))

    @override
    async def make_client(self, url: str) -> None:
        if self._session is None:
            await super().make_client(url)

    @override
    async def close(self) -> None:
        await super().close()
        await self._websockets.close()


def _name_proxy(failure: TransportError, proxy: URL | None, url: str) -> None:
    from .failures import name_proxy  # here, because few calls fail

    name_proxy(failure, proxy, URL(url), () if proxy is None else _secrets_of(proxy))


def _secrets_of(proxy: URL) -> tuple[str, ...]:
    """Return the credentials for a proxy, which it may repeat."""
    if proxy.password is None:
        return ()
    login = f"{proxy.user or ''}:{proxy.password}"
    return proxy.password, b64encode(login.encode()).decode()


def _kept_alive(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    for option in KEEPALIVE:
        made.setsockopt(*option)
    return made
