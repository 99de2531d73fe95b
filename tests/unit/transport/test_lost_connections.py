"""Connections that are no longer used; tests/faults/test_fault_cancel.py has real ones."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from responses_client._transport.lost_connections import close_lost, close_lost_now, release, released


class Connection:
    """A connection of a pool."""

    def __init__(self, *, is_idle: bool = False, error: Exception | None = None) -> None:
        self.closes = 0
        self.is_idle = lambda: is_idle
        self._error = error

    def close(self) -> None:
        self.closes += 1
        if self._error is not None:
            raise self._error

    async def aclose(self) -> None:
        self.close()


class Pool:
    """A pool of httpcore."""

    def __init__(self, *connections: Connection) -> None:
        self._optional_thread_lock = nullcontext()
        self._connections = list(connections)
        self._requests: list[Any] = []
        self.expired: list[Connection] = []

    def _assign_requests_to_connections(self) -> list[Connection]:
        return self.expired


class Answer:
    """An answer of httpx over a pool; the block of a test leaves its connection in use."""

    def __init__(self, pool: Any) -> None:
        self.closes = 0
        self.request = SimpleNamespace(connection=None)
        parts: Any = SimpleNamespace(_pool=pool, _pool_request=self.request)
        for name in ("_httpcore_stream", "_stream"):
            parts = SimpleNamespace(**{name: parts})
        self.stream = parts

    def close(self) -> None:
        self.closes += 1

    async def aclose(self) -> None:
        self.closes += 1


def client(*pools: Any) -> Any:
    transports = [SimpleNamespace(_pool=pool) for pool in pools]
    return SimpleNamespace(_transport=SimpleNamespace(), _mounts=dict(enumerate(transports)))


def test_connections_without_a_request_are_closed() -> None:
    lost, used, idle, expired = Connection(), Connection(), Connection(is_idle=True), Connection()
    pool = Pool(lost, used, idle)
    pool._requests, pool.expired = [SimpleNamespace(connection=used)], [expired]
    anyio.run(close_lost, client(pool, object()))
    assert [one.closes for one in (lost, used, idle, expired)] == [1, 0, 0, 1]
    assert pool._connections == [used, idle]


def test_connection_that_breaks_as_it_is_closed_is_left() -> None:
    pool = Pool(Connection(error=OSError("gone")))
    anyio.run(close_lost, client(pool))
    assert pool._connections == []


async def leave(answer: Answer, error: BaseException) -> None:
    async with released(answer):
        raise error


def test_cancelled_close_releases_the_connection_and_the_request() -> None:
    connection = Connection()
    pool = Pool(connection)
    answer = Answer(pool)
    answer.request.connection = connection
    pool._requests = [answer.request]
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(leave(answer, asyncio.CancelledError()))
    assert (answer.closes, connection.closes) == (1, 1)
    assert (pool._requests, pool._connections) == ([], [])


def test_error_of_a_close_changes_nothing() -> None:
    pool = Pool(Connection())
    answer = Answer(pool)
    with pytest.raises(ZeroDivisionError):
        anyio.run(leave, answer, ZeroDivisionError())
    assert (answer.closes, len(pool._connections)) == (0, 1)


def test_answer_of_another_transport_is_only_closed() -> None:
    answer = Answer(None)
    answer.stream = None
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(leave(answer, asyncio.CancelledError()))
    assert answer.closes == 1


# --- in plain functions


def test_connections_that_a_signal_left_are_closed() -> None:
    lost, broken, used = Connection(), Connection(error=OSError("gone")), Connection()
    pool = Pool(lost, broken, used)
    pool._requests = [SimpleNamespace(connection=used)]
    close_lost_now(client(pool, object()))
    assert [one.closes for one in (lost, broken, used)] == [1, 1, 0]
    assert pool._connections == [used]


def test_interrupted_close_releases_the_connection_and_the_request() -> None:
    connection = Connection()
    pool = Pool(connection)
    answer = Answer(pool)
    answer.request.connection = connection
    pool._requests = [answer.request]
    release(answer)
    assert (answer.closes, connection.closes) == (1, 1)
    assert (pool._requests, pool._connections) == ([], [])
