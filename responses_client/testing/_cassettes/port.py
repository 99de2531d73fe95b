"""A cassette on a port: an ASGI application that replays, or asks another server and records."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

import httpx

from .._asgi import Receive, Scope
from .._json_types import encode
from .._uvicorn_server import UvicornServer, running
from .exchanges import CassetteError
from .tape import NotRecorded, Tape
from .transports import AsyncCassetteTransport

__all__ = ["CassetteApp", "serving"]

_PREFIX = "/v1"
# Of one connection, not of the message (RFC 9110, 7.6.1), and those that httpx makes itself.
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)


class CassetteApp:
    """The application: requests under `/v1` go to the address of the server that is recorded.

    Args:
        tape: The exchanges.
        upstream: The address of the server to ask; needed to record.
        realtime: Whether answers take the time that they took.

    The attribute `hang_up` closes the connection of a request.

    Raises:
        CassetteError: The address of the server is missing or not valid.
    """

    def __init__(self, tape: Tape, upstream: str | None, *, realtime: bool) -> None:
        self.hang_up: Callable[[Scope], object] = id
        if upstream is None and tape.mode != "replay":
            raise CassetteError(f"upstream must be the address of a server to ask in mode {tape.mode!r}")
        if upstream is not None and urlsplit(upstream).scheme not in ("http", "https"):
            raise CassetteError(f"upstream must be an http or https address, got {upstream!r}")
        self._upstream = (upstream or f"http://cassette{_PREFIX}").rstrip("/")
        self._client: httpx.AsyncClient | None = None
        self._transport = AsyncCassetteTransport(tape, self._ask, realtime=realtime)
        self._transport.prefix = urlsplit(self._upstream).path

    def _ask(self) -> httpx.AsyncClient:
        if self._client is None:  # in the event loop of the server
            self._client = httpx.AsyncClient(timeout=None)
        return self._client

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await send(
                {"type": "websocket.close", "code": 1003, "reason": "A cassette on a port has no WebSockets."}
            )
            return
        content = await _content(receive)
        if content is None:
            return
        try:
            response = await self._transport.handle_async_request(self._request(scope, content))
        except NotRecorded as error:
            response = _error(400, str(error), "not_recorded")
        except httpx.TransportError as error:
            response = _error(502, f"The server gave no answer: {error}", "no_answer")
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": response.headers.raw}
        )
        try:
            async for data in response.aiter_bytes():
                await send({"type": "http.response.body", "body": data, "more_body": True})
        except httpx.TransportError:
            # An exception would do the same, but would be logged as a mistake of the application.
            self.hang_up(scope)
            return
        finally:
            await response.aclose()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def aclose(self) -> None:
        """Close the connections to the server that is recorded."""
        if self._client is not None:
            await self._client.aclose()

    def _request(self, scope: Any, content: bytes) -> httpx.Request:
        path = scope["raw_path"].decode("latin-1").removeprefix(_PREFIX)
        query = scope["query_string"].decode("latin-1")
        headers = [
            (name, value) for name, value in scope["headers"] if name.decode("latin-1") not in _OWN_HEADERS
        ]
        url = f"{self._upstream}{path}" + (f"?{query}" if query else "")
        return httpx.Request(scope["method"], url, headers=headers, content=content)


async def _content(receive: Receive) -> bytes | None:
    """Return the body of a request; None if the client left before its end."""
    parts: list[bytes] = []
    while (message := await receive())["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
    return None


def _error(status: int, message: str, code: str) -> httpx.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return httpx.Response(
        status,
        headers={"content-type": "application/json", "x-should-retry": "false"},
        content=encode({"error": error}),
    )


class _Server(UvicornServer):
    """A server of a cassette, which closes its connections to the server that is recorded."""

    def __init__(self, app: CassetteApp) -> None:
        super().__init__(app)
        self._app = app
        app.hang_up = self.hang_up

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop as usual, and close these connections."""
        await super().shutdown(sockets)
        await self._app.aclose()


def serving(
    tape: Tape, upstream: str | None, *, host: str, port: int, realtime: bool
) -> AbstractContextManager[str]:
    """Serve from a thread during a block, which gets the base URL."""
    server = _Server(CassetteApp(tape, upstream, realtime=realtime))
    return running(server, host=host, port=port, prefix=_PREFIX)
