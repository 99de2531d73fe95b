"""Connections that a cancelled task or a signal has left in a pool: closed, and taken out of it."""

# httpcore shields its clean-up from cancel scopes, which trio and anyio use. A cancellation by asyncio itself (`cancel`
# of a task, `asyncio.timeout`, a framework whose client has hung up) ends any wait, those in the clean-up and between
# the steps of a request included. The connection of the request is then neither idle nor closed, and unused:
# it keeps a socket and one of the places of the pool. When all places are taken, every later call hangs. In a
# plain function, an exception that a signal handler raises does the same, such as the time limit of a task queue.
#
# httpx has no method for it, so this reads attributes of httpcore that are not public. Where a version names its parts
# otherwise, nothing is closed here; the tests of this module fail then.

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio

from .http_library import CLOSE_SECONDS

__all__ = ["close_lost", "close_lost_now", "release", "released"]


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
        await _close(_left_by(response))
        raise


def release(response: Any) -> None:
    """Release the connection of an answer of a sync client after its close was interrupted."""
    with suppress(Exception):
        response.close()  # if it had not begun
    _close_now(_left_by(response))


async def close_lost(client: Any) -> None:
    """Close the connections of an async client of httpx that no request uses, and that are not idle."""
    await _close(_lost_of(client))


def close_lost_now(client: Any) -> None:
    """Do the same for a sync client."""
    _close_now(_lost_of(client))


async def _close(connections: Iterable[Any]) -> None:
    with anyio.CancelScope(shield=True), anyio.move_on_after(CLOSE_SECONDS), suppress(Exception):
        for connection in connections:
            await connection.aclose()


def _close_now(connections: Iterable[Any]) -> None:
    for connection in connections:
        with suppress(Exception):
            connection.close()


def _left_by(response: Any) -> list[Any]:
    stream: Any = response
    for step in ("stream", "_stream", "_httpcore_stream"):
        stream = getattr(stream, step, None)
    pool: Any = getattr(stream, "_pool", None)
    request = getattr(stream, "_pool_request", None)
    if request in getattr(pool, "_requests", ()):
        pool._requests.remove(request)
    return _taken_out(pool)


def _lost_of(client: Any) -> list[Any]:
    transports = (client._transport, *client._mounts.values())
    return [one for transport in transports for one in _taken_out(getattr(transport, "_pool", None))]


def _taken_out(pool: Any) -> list[Any]:
    """Take the lost connections out of a pool, and return those that are to be closed."""
    if not hasattr(pool, "_assign_requests_to_connections"):
        return []
    with pool._optional_thread_lock:
        used = {id(request.connection) for request in pool._requests}
        lost = [one for one in pool._connections if id(one) not in used and not one.is_idle()]
        for connection in lost:
            pool._connections.remove(connection)
        # A request that waits for a place gets it.
        return [*lost, *pool._assign_requests_to_connections()]
