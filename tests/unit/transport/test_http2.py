"""HTTP/2 streams that are left: which of them are reset, over invented pools; servers are in `tests/faults`."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import anyio
import h2.config
import h2.connection
import h2.events
import httpx
import pytest

from responses_client._transport.http2 import leave_streams, leave_streams_async


class Connection:
    """A connection of httpcore with three open requests, which records writes."""

    def __init__(self, *, reads: tuple[int, ...] = (1, 3, 5)) -> None:
        self._network_stream = Stream()
        self._h2_state = h2.connection.H2Connection(h2.config.H2Configuration())
        self._h2_state.initiate_connection()
        for stream_id in (1, 3, 5):
            pseudo = [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "a")]
            self._h2_state.send_headers(stream_id, pseudo, end_stream=True)
        self._h2_state.data_to_send()
        self._events: dict[int, list[Any]] = {stream_id: [] for stream_id in reads}
        self.writes = 0

    def _write_outgoing_data(self, request: Any) -> Any:
        assert request.extensions["timeout"]["write"] > 0
        self.writes += 1
        return Written()

    @property
    def open_streams(self) -> list[int]:
        return [number for number, stream in self._h2_state.streams.items() if not stream.closed]

    def response(self, stream_id: int = 1) -> Any:
        return SimpleNamespace(extensions={"network_stream": self._network_stream, "stream_id": stream_id})


class Written:
    """The end of a write, which an async client awaits."""

    def __await__(self) -> Iterator[None]:
        return iter(())


class Stream:
    """A network stream that can be closed in both ways."""

    is_closed = False

    def close(self) -> None:
        self.is_closed = True

    async def aclose(self) -> None:
        self.is_closed = True


def client_over(*connections: Any) -> Any:
    transport = SimpleNamespace(_pool=SimpleNamespace(connections=list(connections)))
    return SimpleNamespace(_transport=transport, _mounts={"all://b": None})


@pytest.fixture(params=["sync", "async"])
def leave(request: pytest.FixtureRequest) -> Any:
    """Leave streams in both modes."""
    if request.param == "sync":
        return leave_streams
    return lambda *arguments: anyio.run(leave_streams_async, *arguments)


def test_stream_of_the_answer_is_reset_and_no_other(leave: Any) -> None:
    connection = Connection()
    leave(client_over(SimpleNamespace(_connection=connection)), connection.response(3))
    assert (connection.open_streams, connection.writes) == ([1, 5], 1)
    assert not connection._network_stream.is_closed


def test_streams_that_nobody_reads_are_reset(leave: Any) -> None:
    connection = Connection(reads=(3,))
    leave(client_over(connection))
    assert (connection.open_streams, connection.writes) == ([3], 1)


def test_where_all_streams_are_read_nothing_is_written(leave: Any) -> None:
    connection = Connection()
    leave(client_over(connection, SimpleNamespace(_connection=None)))
    assert (connection.open_streams, connection.writes) == ([1, 3, 5], 0)


def test_bytes_of_a_stream_that_has_ended_are_confirmed(leave: Any) -> None:
    connection = Connection()
    connection._h2_state.reset_stream(3)
    window = connection._h2_state._inbound_flow_control_window_manager
    window.window_consumed(40000)
    connection._events[3] = [
        h2.events.DataReceived(stream_id=3, data=b"", flow_controlled_length=40000),
        h2.events.StreamEnded(stream_id=3),
    ]
    leave(client_over(connection), connection.response(3))
    assert (window.current_window_size, connection.writes) == (65535, 1)


def test_stream_that_h2_refuses_to_reset_is_let_be(leave: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError

    connection = Connection()
    monkeypatch.setattr(connection._h2_state, "reset_stream", refuse)
    leave(client_over(connection), connection.response())
    assert (connection.open_streams, connection.writes) == ([1, 3, 5], 0)


def test_connection_that_cannot_be_found_is_closed(leave: Any) -> None:
    lost, other = Connection(), Connection()
    leave(client_over(other), lost.response())
    assert (lost._network_stream.is_closed, other._network_stream.is_closed) == (True, False)
    assert other.open_streams == [1, 3, 5]


def test_transport_without_connections_has_nothing_to_reset(leave: Any) -> None:
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(204))) as client:
        leave(client, httpx.Response(200))
        leave(client)
