"""The HTTP clients of `AsyncIO`: a set for each event loop, which ends with the loop."""

# The connections of a pool belong to the loop that opened them. `asyncio.run` makes a loop and closes it at its end,
# so that one `AsyncClient` may see thousands. The clients of a loop end in one of four ways:
#
#     the loop ends as in `asyncio.run`       it closes its async generators; `LoopPool._closing` is one of them
#     the loop was closed without that        the next loop that needs a client drops those of closed loops
#     `AsyncClient.aclose` in the loop        closes them
#     `AsyncClient.aclose` in another loop    asks their loop to close them
#
# A loop is known by a small object that it keeps (`_KEY`), so that the keys here keep no loop alive.

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from contextvars import Context
from sys import modules
from typing import Any, TypeAlias

import anyio
import httpx
from anyio.lowlevel import RunVar

from .._base.error_frames import HiddenFrames
from .environment import Proxies
from .http_library import CLOSE_SECONDS, make_client
from .keyed_locks import AsyncKeyedLocks
from .network import AsyncNetwork, put_below

__all__ = ["LoopPool", "LoopPools", "own_client"]

MakeClient: TypeAlias = Callable[[str, str | None], Any]
"""Makes a client for the URLs of a scheme and a proxy; it has `aclose`, and may have `drop`, for the end of its loop."""

_KEY: RunVar[object] = RunVar("responses_client_loop")


class LoopPool:
    """The clients of one event loop, by URL scheme and proxy, and the locks of its tasks.

    Args:
        make: Makes a client.
        forget: Removes this pool from the others.
    """

    def __init__(self, make: MakeClient, forget: Callable[[], object]) -> None:
        self._make = make
        self.locks = AsyncKeyedLocks()
        self._proxies = Proxies()
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._closing = self._close_at_the_end(forget)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._trio_token: Any = None
        trio = modules.get("trio")
        if trio is not None:
            with suppress(RuntimeError):  # no loop of trio runs here; trio before 0.31 has no `in_trio_run`
                self._trio_token = trio.lowlevel.current_trio_token()
        if self._trio_token is None:
            self._loop = asyncio.get_running_loop()

    async def client(self, url: str) -> Any:
        """Return the client for a URL; create it if there is none."""
        if not self._clients:
            await anext(self._closing)  # from here on, the loop knows the generator
        with HiddenFrames():  # the address of a proxy has a password
            return self._client(url)

    def _client(self, url: str) -> Any:
        key = url.partition(":")[0], self._proxies.for_url(url)
        if key not in self._clients:
            self._clients[key] = self._make(*key)
        return self._clients[key]

    @property
    def is_of_closed_loop(self) -> bool:
        """Whether the loop was closed without closing its async generators."""
        return self._loop is not None and self._loop.is_closed()

    def drop(self) -> None:
        """Leave the clients of a closed loop to the garbage collector."""
        for client in self._clients.values():
            if hasattr(client, "drop"):
                client.drop()

    async def close(self) -> None:
        """Close the clients, in their own loop."""
        with suppress(Exception):
            await self._closing.aclose()

    def close_from_elsewhere(self) -> None:
        """Ask the loop to close the clients, from another loop or thread."""
        with suppress(RuntimeError):  # the loop is closed, and the connections with it
            if self._loop is not None:
                # A fresh context, since that of a task of trio says that the library is trio.
                self._loop.call_soon_threadsafe(self._start_to_close, self._loop, context=Context())
            else:
                self._trio_token.run_sync_soon(modules["trio"].lowlevel.spawn_system_task, self.close)

    def _start_to_close(self, loop: asyncio.AbstractEventLoop) -> None:
        self._task = loop.create_task(self.close())  # kept, because a loop holds its tasks weakly

    async def _close_at_the_end(self, forget: Callable[[], object]) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            forget()
            with anyio.CancelScope(shield=True), anyio.move_on_after(CLOSE_SECONDS):
                for client in self._clients.values():
                    await client.aclose()


class LoopPools:
    """The clients of all event loops of one process that use an `AsyncIO`."""

    def __init__(self, make: MakeClient) -> None:
        self._make = make
        self._pools: dict[object, LoopPool] = {}

    def here(self) -> LoopPool:
        """Return the clients of the running event loop."""
        try:
            key = _KEY.get()
        except LookupError:
            key = object()
            _KEY.set(key)
        pool = self._pools.get(key)
        if pool is None:
            for other, old in list(self._pools.items()):
                if old.is_of_closed_loop:
                    self._pools.pop(other, None)
                    old.drop()
            pool = self._pools[key] = LoopPool(self._make, lambda: self._pools.pop(key, None))
        return pool

    async def close(self) -> None:
        """Close the clients of all event loops, each in its own."""
        here = self.here()
        for pool in list(self._pools.values()):
            if pool is not here:
                pool.close_from_elsewhere()
        await here.close()
        self._pools.clear()


def own_client(scheme: str, proxy: str | None) -> httpx.AsyncClient:
    """Return a client of httpx for the URLs of a scheme and a proxy."""
    client: httpx.AsyncClient = make_client(httpx.AsyncClient, scheme, proxy)
    put_below(client, AsyncNetwork)
    return client
