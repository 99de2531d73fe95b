"""The embedded server as an ASGI application: HTTP and WebSockets on any server that speaks ASGI."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, TypeAlias
from urllib.parse import quote

import anyio
import anyio.lowlevel
import httpx

from .._base import clock
from .._base.public import public
from ._app import Application
from ._bounds import BODY_SECONDS, MAX_BODY_BYTES
from ._expectations import UnexpectedRequest
from ._http_types import Answer, ApiError
from ._websocket_session import Lane, Signal, WebSocketSession

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

# The rest of the body is not read, whether it comes or not.
_CLOSE = {"connection": "close"}
_BROKEN = (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError)


@public
class ConnectionBroken(Exception):
    """A scripted broken connection, raised on servers that offer no way to close one."""


class AsgiApp:
    """An ASGI application over an embedded server.

    `sleep` waits in place of the real clock. `hang_up` closes the connection of a scope and returns whether
    it could. Without it a broken connection is an exception, on which ASGI servers close the connection.
    """

    def __init__(
        self,
        app: Application,
        *,
        sleep: Callable[[float], None] | None = None,
        hang_up: Callable[[Scope], bool] = lambda scope: False,
    ) -> None:
        self._app = app
        self._sleep = sleep
        self._hang_up = hang_up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request, one WebSocket, or the lifespan of the application."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await _lifespan(receive, send)

    async def wait(self, seconds: float) -> None:
        """Wait by the clock, or with the `sleep` that was passed in."""
        if self._sleep is not None and seconds > 0:
            self._sleep(seconds)
        elif seconds > 0:
            await clock.sleep_async(seconds)

    # --- HTTP

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: Answer | None = None
        broken: Exception | None = None
        try:
            body = await _body(scope, receive)
            if body is None:
                return
            answer = self._app.handle(scope["method"], _url(scope), _headers(scope), body)
        except ApiError as error:
            answer = error.answer()
        except UnexpectedRequest as error:
            answer = error.api_error().answer()
        except _BROKEN as error:
            broken = error
        if answer is not None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_watch, receive, tasks.cancel_scope)
                broken = await self._play(answer, send)
                tasks.cancel_scope.cancel()
        if broken is not None:
            await self._break_off(scope, receive, broken)

    async def _play(self, answer: Answer, send: Send) -> Exception | None:
        """Send an answer; return the error that it ends in if the connection breaks off."""
        await self.wait(answer.pace.delay)
        closed = self._app.opened() if answer.stream else _nothing
        try:
            await send(_start("http", answer))
            for step in answer.steps(None):
                if isinstance(step, bytes):
                    await send({"type": "http.response.body", "body": step, "more_body": True})
                    await anyio.lowlevel.checkpoint()
                else:
                    await self.wait(step)
            await send({"type": "http.response.body", "body": b""})
        except httpx.ReadError as error:
            return error
        except OSError:
            # Some servers raise this from `send` when the client has left.
            return None
        finally:
            closed()
        return None

    async def _break_off(self, scope: Scope, receive: Receive, error: Exception) -> None:
        """Close the connection without ending the answer."""
        if not self._hang_up(scope):
            raise ConnectionBroken(str(error)) from error
        while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
            pass

    # --- WebSockets

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        try:
            session = self._app.connect(_url(scope), _headers(scope))
        except ApiError as error:
            session = error.answer()
        except UnexpectedRequest as error:
            session = error.api_error().answer()
        except _BROKEN as error:
            await self._break_off(scope, receive, error)
            return
        if isinstance(session, Answer):
            await self._deny(scope, send, session)
            return
        await send({"type": "websocket.accept"})
        closed = self._app.opened()
        try:
            is_broken = await _Socket(session, receive, send, self.wait).run()
        finally:
            closed()
        if is_broken:
            # Without `hang_up`, servers drop the connection when the application returns without closing it.
            self._hang_up(scope)

    async def _deny(self, scope: Scope, send: Send, answer: Answer) -> None:
        await self.wait(answer.pace.delay)
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close"})
            return
        await send(_start("websocket.http", answer))
        await send({"type": "websocket.http.response.body", "body": answer.body})


class _Socket:
    """An open WebSocket: one task reads messages, and each lane has a task that answers."""

    def __init__(
        self,
        session: WebSocketSession,
        receive: Receive,
        send: Send,
        wait: Callable[[float], Awaitable[None]],
    ) -> None:
        self._session = session
        self._receive = receive
        self._send = send
        self._wait = wait
        self._arrived = anyio.Event()
        self._is_broken = False
        # Events carry sequence numbers: they must be sent in the order in which they are numbered.
        self._lock = anyio.Lock()

    async def run(self) -> bool:
        """Serve the connection until one side ends it; return whether to break it off."""
        async with anyio.create_task_group() as tasks:
            while (message := await self._receive())["type"] == "websocket.receive":
                lane = await self._take(message)
                if lane is not None:
                    tasks.start_soon(self._work, lane, tasks.cancel_scope)
            tasks.cancel_scope.cancel()
        return self._is_broken

    async def _take(self, message: Message) -> Lane | None:
        """Take a message; return the lane that needs a task because of it."""
        text: str | None = message.get("text")
        async with self._lock:
            frames, lane = self._session.receive(message["bytes"] if text is None else text.encode())
            for frame in frames:
                await self._send_frame(frame)
            self._arrived.set()
            self._arrived = anyio.Event()
            if lane is None or lane.is_running:
                return None
            lane.is_running = True
            return lane

    async def _work(self, lane: Lane, scope: anyio.CancelScope) -> None:
        steps = lane.steps()
        while lane.is_running:
            async with self._lock:
                step = next(steps, None)
                arrived = self._arrived
                if isinstance(step, bytes):
                    await self._send_frame(step)
                lane.is_running = step is not None
            if step is Signal.HOLD:
                await arrived.wait()
            elif isinstance(step, Signal):
                self._is_broken = step is Signal.BREAK
                if step is Signal.CLOSE:
                    await self._send({"type": "websocket.close", "code": 1000})
                scope.cancel()
                return
            elif isinstance(step, (int, float)):
                await self._wait(step)

    async def _send_frame(self, frame: bytes) -> None:
        try:
            message: Message = {"type": "websocket.send", "text": frame.decode()}
        except UnicodeDecodeError:
            message = {"type": "websocket.send", "bytes": frame}
        # The client has left; the disconnect message is next in `receive`.
        with suppress(OSError):
            await self._send(message)


async def _watch(receive: Receive, scope: anyio.CancelScope) -> None:
    """Stop an answer when its client leaves."""
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _lifespan(receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": message["type"] + ".complete"})


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """Return the body of a request; None if the client left before its end.

    Raises:
        ApiError: It is too large, or takes too long.
    """
    parts: list[bytes] = []
    size = _announced_size(scope)
    rest = MAX_BODY_BYTES
    with anyio.move_on_after(BODY_SECONDS):
        while size <= MAX_BODY_BYTES and rest >= 0:
            message = await receive()
            if message["type"] != "http.request":
                return None
            parts.append(message.get("body", b""))
            rest -= len(parts[-1])
            if rest >= 0 and not message.get("more_body", False):
                return b"".join(parts)
        raise ApiError(413, f"The body has more than {MAX_BODY_BYTES} bytes.", headers=_CLOSE)
    raise ApiError(408, f"The body did not come within {BODY_SECONDS:g} seconds.", headers=_CLOSE)


def _announced_size(scope: Scope) -> int:
    length: str = _headers(scope).get("content-length", "")
    return int(length) if re.fullmatch("[0-9]{1,15}", length) else 0  # servers check the form


def _start(kind: str, answer: Answer) -> Message:
    headers = httpx.Headers({"content-type": answer.content_type, **answer.headers})
    if answer.length is not None:
        headers.setdefault("content-length", str(answer.length))
    pairs = [(name.lower(), value) for name, value in headers.raw]
    return {"type": f"{kind}.response.start", "status": answer.status, "headers": pairs}


def _url(scope: Scope) -> str:
    """Return the URL of a request, without the path that the application is mounted under.

    Raises:
        ApiError: The host or the path can be in no URL.
    """
    headers = _headers(scope)
    host, port = scope.get("server") or ("testserver", None)
    netloc = headers.get("host") or (host if port is None else f"{host}:{port}")
    path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    query: bytes = scope.get("query_string", b"")
    path = path.removeprefix(scope.get("root_path", "").encode())
    try:
        url = httpx.URL(f"{scope.get('scheme', 'http')}://{netloc}")
        if b"://" in path:  # as for a proxy
            path = httpx.URL(path.decode()).raw_path
        elif not path.startswith(b"/"):  # `*` of OPTIONS, the host of CONNECT
            path = b"/" + path
        return str(url.copy_with(raw_path=path + (b"?" + query if query else b"")))
    except (httpx.InvalidURL, ValueError):
        raise ApiError(400, "The host or the path of the request is not valid.") from None


def _headers(scope: Scope) -> httpx.Headers:
    return httpx.Headers([*scope["headers"]])


def _nothing() -> None:
    pass
