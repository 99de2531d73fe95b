"""The server's limit of HTTP/2 streams: turns on invented connections; servers are in `tests/faults`."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import anyio
import h2.config
import h2.connection
import pytest
from waits import PATIENT

from responses_client._transport.protocols import TransportError
from responses_client._transport.stream_limits import bounded_turns

MAX_CONCURRENT_STREAMS = 3


def waits(read: float | None = 5.0, pool: float | None = None) -> dict[str, float | None]:
    return {"connect": 5.0, "read": read, "write": 5.0, "pool": pool}


class Connection:
    """A connection of httpcore, as far as it counts streams."""

    def __init__(self) -> None:
        self._h2_state = h2.connection.H2Connection(h2.config.H2Configuration())
        self._events: dict[int, list[Any]] = {}
        self._max_streams = 1
        self._max_streams_semaphore: Any = None

    def close(self) -> None:
        """Be a sync connection."""

    def _receive_remote_settings_change(self, event: Any) -> None:
        raise AssertionError("the semaphore of httpcore is not used")


class AsyncConnection(Connection):
    """The same of an async client."""

    async def aclose(self) -> None:
        """Be an async connection."""


def settings(most: int | None) -> Any:
    changes = {} if most is None else {MAX_CONCURRENT_STREAMS: SimpleNamespace(new_value=most)}
    return SimpleNamespace(changed_settings=changes)


def in_first_request(connection: Any, limits: Any = None) -> Any:
    """Do to a connection as its first request does, and return the time limits of that one."""
    found: list[Any] = []
    watched = bounded_turns(limits or waits(), lambda: found)
    assert watched["read"] == (limits or waits())["read"]
    found.append(connection)
    assert type(connection) in (Connection, AsyncConnection)
    assert watched["write"] == 5.0
    connection._max_streams_semaphore = object()  # as httpcore makes one for all streams that h2 allows here
    most = connection._h2_state.local_settings.max_concurrent_streams
    connection._turns.add(1 - most)
    return watched


def test_limits_are_those_that_were_given_and_connections_are_looked_for_once() -> None:
    looked: list[int] = []
    watched = bounded_turns(waits(), lambda: looked.append(1) or [])

    assert dict(watched) == waits()
    assert (len(watched), watched["write"], len(looked)) == (4, 5.0, 2)


def test_request_above_the_limit_is_too_late_after_its_timeout() -> None:
    connection: Any = Connection()
    in_first_request(connection, waits(0.01))
    connection._max_streams_semaphore.acquire()

    with pytest.raises(TransportError, match="the server allows no more streams at once") as caught:
        connection._max_streams_semaphore.acquire()
    assert caught.value.outcome.kind == "timeout"

    connection._max_streams_semaphore.release()
    connection._max_streams_semaphore.acquire()


def test_timeout_for_the_pool_goes_before_that_for_reading() -> None:
    connection: Any = Connection()
    in_first_request(connection, waits(None, pool=0.01))
    connection._max_streams_semaphore.acquire()

    with pytest.raises(TransportError):
        connection._max_streams_semaphore.acquire()


def test_request_of_others_waits_without_a_limit_until_a_stream_ends() -> None:
    connection: Any = Connection()
    in_first_request(connection)
    connection._max_streams_semaphore.acquire()
    waiter = threading.Thread(
        target=connection._max_streams_semaphore.acquire, daemon=True
    )  # in a fresh context
    waiter.start()
    connection._max_streams_semaphore.release()
    waiter.join(PATIENT)

    assert not waiter.is_alive()


@pytest.mark.parametrize("most", [0, 1, 2])
def test_limit_that_is_lowered_holds_nobody_up_and_counts_for_those_that_come(most: int) -> None:
    connection: Any = Connection()
    in_first_request(connection, waits(0.01))
    connection._receive_remote_settings_change(settings(4))
    for _ in range(4):
        connection._max_streams_semaphore.acquire()
    connection._receive_remote_settings_change(settings(most))
    connection._receive_remote_settings_change(settings(None))
    assert connection._max_streams == most

    for _ in range(4 - most):
        connection._max_streams_semaphore.release()
    with pytest.raises(TransportError):
        connection._max_streams_semaphore.acquire()
    connection._max_streams_semaphore.release()
    connection._max_streams_semaphore.acquire() if most else None


def test_connection_that_others_opened_is_taken_over_with_its_streams() -> None:
    connection: Any = Connection()
    connection._max_streams_semaphore, connection._max_streams = object(), 2
    connection._events = {1: []}
    for _ in range(2):
        bounded_turns(waits(0.01), lambda: [connection])

    connection._max_streams_semaphore.acquire()
    with pytest.raises(TransportError):
        connection._max_streams_semaphore.acquire()


def test_connection_of_another_version_is_left_as_it_is() -> None:
    connection = SimpleNamespace(_h2_state=None)
    bounded_turns(waits(), lambda: [connection])

    assert type(connection) is SimpleNamespace


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_requests_wait_in_their_order(backend: str) -> None:
    async def main() -> None:
        connection: Any = AsyncConnection()
        in_first_request(connection)
        turns = connection._max_streams_semaphore
        await turns.acquire()
        order: list[int] = []

        async def request(number: int) -> None:
            await turns.acquire()
            order.append(number)
            await turns.release()

        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(request, number)
                await anyio.wait_all_tasks_blocked()
            await turns.release()
        assert order == [0, 1, 2]

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_request_that_leaves_gives_its_turn_to_the_next(backend: str) -> None:
    async def main() -> None:
        connection: Any = AsyncConnection()
        in_first_request(connection, waits(0.01))
        turns = connection._max_streams_semaphore
        await turns.acquire()
        with pytest.raises(TransportError):
            await turns.acquire()

        async with anyio.create_task_group() as group:
            group.start_soon(turns.acquire)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        await turns.release()
        with anyio.fail_after(PATIENT):
            await turns.acquire()
        await connection._receive_remote_settings_change(settings(2))
        await turns.acquire()

    anyio.run(main, backend=backend)


def test_turn_that_comes_to_an_interrupted_thread_goes_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            connection._max_streams_semaphore.release()
            raise KeyboardInterrupt

    connection: Any = Connection()
    in_first_request(connection)
    connection._max_streams_semaphore.acquire()
    with monkeypatch.context() as patch:
        patch.setattr("responses_client._transport.stream_limits.threading.Event", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            connection._max_streams_semaphore.acquire()
    connection._max_streams_semaphore.acquire()
