"""The embedded server on a port: uvicorn around its ASGI application."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from importlib import import_module
from typing import Any

from .._base.extras import install_hint
from ._app import Application
from ._argument_checks import check_count
from ._asgi import AsgiApp, Scope
from ._bounds import HEAD_SECONDS, MAX_BODY_BYTES, MAX_CONNECTIONS, MAX_HEAD_BYTES
from ._json_types import encode

try:
    import_module("wsproto")  # uvicorn imports it only when it needs it
    import h11
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"The embedded server needs {error.name} to listen on a port: {install_hint('server')}",
        name=error.name,
    ) from None

_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s"
)


class BoundedHttp(H11Protocol):
    """A connection of uvicorn that ends if there are too many, or if the head of a request does not come."""

    _head_timer: asyncio.TimerHandle | None = None

    # Any, since asyncio declares a `BaseTransport` and uvicorn a `Transport`.
    def connection_made(self, transport: Any) -> None:
        """Refuse one connection too many, and wait for the first request."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            body = encode({"error": {"message": f"There are more than {MAX_CONNECTIONS} connections."}})
            transport.write(_TOO_MANY % (len(body), body))
            transport.close()
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        """Pass data on, and note whether it ends the head of a request or begin another."""
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        super().connection_lost(exc)
        self._stop_timer()

    def _watch_head(self) -> None:
        # Idle are clients whose request is not there yet. Between requests, uvicorn's own, shorter limit holds.
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class UvicornServer(uvicorn.Server):
    """uvicorn with an ASGI application; `ready` is set as soon as it accepts connections.

    It can close the connection of one client in the middle of an answer, and closes all of them when it
    stops: a client that reads a stream must not keep a test from ending.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.ready = threading.Event()
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=BoundedHttp,
            ws="wsproto",
            ws_max_size=MAX_BODY_BYTES,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            lifespan="off",
            log_config=None,
            # The address in the scope must be that of the connection, for `hang_up` to find it.
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        super().__init__(config)

    @classmethod
    def embedded(cls, app: Application, sleep: Callable[[float], None] | None) -> UvicornServer:
        """Return one with an embedded server; `sleep` waits in place of the clock."""
        server = cls(AsgiApp(app, sleep=sleep, hang_up=lambda scope: server.hang_up(scope)))
        return server

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as usual, and set `ready`."""
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop as usual, but without waiting for clients."""
        # This runs after uvicorn has asked all connections to shut down, when it starts to wait for them.
        asyncio.get_running_loop().call_soon(self._hang_up_all)
        await super().shutdown(sockets)

    def hang_up(self, scope: Scope) -> bool:
        """Close the connection of a request; return whether it was found."""
        # Not all connection classes of uvicorn have a `client`; the two configured above have one.
        all_of_them = self.server_state.connections
        its = [each for each in all_of_them if getattr(each, "client", None) == scope.get("client")]
        for connection in its:
            connection.transport.close()
        return bool(its)

    def _hang_up_all(self) -> None:
        for connection in self.server_state.connections:
            connection.transport.close()


def listener(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        OSError: The address is not available.
        ValueError: The port is not from 0 to 65535.
    """
    check_count("port", port, minimum=0, maximum=65535)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def url_of(listening: socket.socket, host: str, prefix: str) -> str:
    """Return the base URL under which clients reach a server; `prefix` is its path."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listening.getsockname()[1]}{prefix}"


@contextmanager
def serving(
    app: Application, *, host: str, port: int, sleep: Callable[[float], None] | None
) -> Generator[str]:
    """Serve from a thread and yield the base URL; raise `AssertionError` at the end if `verify` does."""
    with running(UvicornServer.embedded(app, sleep), host=host, port=port, prefix=app.prefix) as url:
        yield url
    app.verify(ended=False)


@contextmanager
def running(server: UvicornServer, *, host: str, port: int, prefix: str) -> Generator[str]:
    """Run a server in a thread and yield the base URL."""
    with closing(listener(host, port)) as listening, ThreadPoolExecutor(1) as pool:
        run = pool.submit(server.run, sockets=[listening])
        run.add_done_callback(lambda _: server.ready.set())
        server.ready.wait()
        try:
            if run.done():
                run.result()
            yield url_of(listening, host, prefix)
        finally:
            server.should_exit = True
            run.result()
