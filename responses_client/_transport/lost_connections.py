"""Connections that a cancelled task of asyncio has left in a pool: closed, and taken out of it."""

# httpcore shields its clean-up from cancel scopes, which trio and anyio use. A cancellation by asyncio itself (`cancel`
# of a task, `asyncio.timeout`, a framework whose client has hung up) ends any wait, those in the clean-up and between
# the steps of a request included. The connection of the request is then neither idle nor closed, and nobody uses it
# any more: it keeps a socket and one of the places of the pool. When all places are taken, every later call hangs.
#
# httpx has no method for it, so this reads attributes of httpcore that are not public. Where a version names its parts
# otherwise, nothing is closed here; the tests of this module fail then.

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio

from .http_library import CLOSE_SECONDS

__all__ = ["close_lost", "released"]


@asynccontextmanager
async def released(response: Any) -> AsyncGenerator[None, None]:
    """Release the connection of an answer of httpx even when the task is cancelled in the block that closes it."""
    try:
        yield
    except Exception:
        raise
    except BaseException:
        with anyio.CancelScope(shield=True), anyio.move_on_after(CLOSE_SECONDS), suppress(Exception):
            await response.aclose()  # if the block had not begun to
        stream: Any = response
        for step in ("stream", "_stream", "_httpcore_stream"):
            stream = getattr(stream, step, None)
        pool: Any = getattr(stream, "_pool", None)
        request = getattr(stream, "_pool_request", None)
        if request in getattr(pool, "_requests", ()):
            pool._requests.remove(request)
        await _close_lost(pool)
        raise


async def close_lost(client: Any) -> None:
    """Close the connections of a client of httpx that no request uses, and that are not idle."""
    for transport in (client._transport, *client._mounts.values()):
        await _close_lost(getattr(transport, "_pool", None))


async def _close_lost(pool: Any) -> None:
    if not hasattr(pool, "_assign_requests_to_connections"):
        return
    with pool._optional_thread_lock:
        used = {id(request.connection) for request in pool._requests}
        lost = [one for one in pool._connections if id(one) not in used and not one.is_idle()]
        for connection in lost:
            pool._connections.remove(connection)
        lost += pool._assign_requests_to_connections()  # a request that waits for a place gets it
    with anyio.CancelScope(shield=True), anyio.move_on_after(CLOSE_SECONDS), suppress(Exception):
        for connection in lost:
            await connection.aclose()
