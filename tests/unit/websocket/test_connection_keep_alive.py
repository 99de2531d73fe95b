"""Pings: their times, missing answers that end the connection, and messages read meanwhile."""

from __future__ import annotations

import pytest
from fake_io import FakeIO, types
from fake_socket import (
    LOST,
    FakeEvent,
    FakeSocket,
    Ping,
    Pong,
    Upgraded,
    ask,
    completed,
    connection_of,
    created,
    delta,
    held_up_streams,
    session_over,
    settings,
)

from responses_client import WebSocketSession
from responses_client._transport.protocols import run
from responses_client._websocket.inboxes import Inbox
from responses_client.errors import StreamInterrupted


def run_keep_alive(wire: FakeSocket) -> None:
    """Run the keep-alive function until the connection is closed."""
    (keep_alive,) = wire.background
    run(keep_alive())


def test_ping_is_sent_after_silence(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0}) as session:
        wire.script += [25.0, Pong(b""), created(), 100.0]
        stream = ask(session)
        run_keep_alive(wire)
        # Two pings: one after 10 s, answered after 25, one after 35, not answered within 20.
        assert [type(event) for event in wire.received].count(Ping) == 2
        with pytest.raises(StreamInterrupted, match=r"a ping was not answered for 20 s \(ping_timeout\)"):
            stream.until_done()
        assert 1055 <= wire.clock.now < 1067
    assert wire.closed


def test_defaults_are_ten_seconds_twenty_for_the_answer_and_64_mib(wire: FakeSocket) -> None:
    pinged_at: list[float] = []
    io = FakeIO(wire.clock, Upgraded(wire))
    with WebSocketSession(io, settings(), {}) as session:
        assert connection_of(session)._inboxes.max_bytes == 64 * 1024 * 1024
        start = wire.clock.now
        wire.before_write = lambda: pinged_at.append(wire.clock.now - start)
        run_keep_alive(wire)
        assert pinged_at == pytest.approx([10.0], abs=0.1)
        assert wire.clock.now - start == pytest.approx(30.0, abs=0.2)


def test_events_need_no_answer_and_no_ping(wire: FakeSocket) -> None:
    writes: list[None] = []
    wire.script += [created(), delta("Hi"), completed("Hi")]
    with session_over(wire, {"ping_interval": 10.0}) as session:
        stream = ask(session)
        wire.before_write = lambda: writes.append(None)
        stream.until_done()
        assert writes == []
        closed = connection_of(session)._closed_event
        assert isinstance(closed, FakeEvent)
        assert not closed.is_set  # the keep-alive function waits on


def test_any_data_count_as_the_answer_to_a_ping(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0, "ping_timeout": 15.0}) as session:
        wire.script += [12.0, created(), 12.0, delta("a"), 12.0, delta("b"), 12.0, LOST]
        stream = ask(session)
        run_keep_alive(wire)
        with pytest.raises(StreamInterrupted, match="reset by peer"):
            stream.until_done()


def test_pings_of_the_server_are_answered_while_no_stream_is_read(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0}):
        wire.script += [5.0, Ping(b"x"), b""]
        run_keep_alive(wire)
        assert Pong(b"x") in wire.received


def test_at_the_limit_nothing_is_read_and_missing_pongs_do_not_count(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0, "max_buffered_bytes": 1500}) as session:
        one, two = held_up_streams(wire, session)
        connection = connection_of(session)
        for _ in range(10):
            wire.clock.now += 10
            run(connection._check_alive())
        assert len(wire.script) == 3
        assert not [event for event in wire.received if isinstance(event, Ping)]
        assert connection.close_info is None
        run(one._source.drop())  # as the garbage collector does it
        run(connection._check_alive())
        assert wire.script == []
        one.close()
        assert types([next(two)]) == ["created"]


def test_pings_continue_without_a_time_limit_for_answers(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0, "ping_timeout": None}) as session:
        connection = connection_of(session)
        for _ in range(10):
            wire.clock.now += 10
            run(connection._check_alive())
        assert [type(event) for event in wire.received].count(Ping) == 10
        assert connection.close_info is None


def test_keep_alive_leaves_reading_to_the_reader(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0}) as session:
        connection = connection_of(session)

        def look() -> None:
            wire.clock.now += 10
            reads = len(wire.read_timeouts)
            run(connection._check_alive())
            assert len(wire.read_timeouts) == reads

        wire.script += [created(), look, completed("Hi")]
        ask(session).until_done()
        assert Ping(b"") in wire.received


def test_failure_to_send_a_ping_is_left_to_the_reader(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0}) as session:
        connection = connection_of(session)
        wire.broken = LOST
        wire.clock.now += 10
        run(connection._check_alive())
        assert connection.close_info is None


def test_session_without_pings_has_no_keep_alive(wire: FakeSocket) -> None:
    with session_over(wire):
        assert wire.background == []


def test_keep_alive_ends_with_the_session(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0}) as session:
        wire.while_waiting.append(session.close)
        start = wire.clock.now
        run_keep_alive(wire)
        assert wire.clock.now - start == pytest.approx(1.0)
        assert wire.read_timeouts == [1.0]  # for the close frame of the server
        assert not [event for event in wire.received if isinstance(event, Ping)]


def test_short_time_limit_for_answers_is_checked_when_it_has_passed(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 100.0, "ping_timeout": 5.0}) as session:
        start = wire.clock.now
        run_keep_alive(wire)
        assert wire.clock.now - start == pytest.approx(105.0, abs=0.1)
        assert connection_of(session).close_info is not None


def test_keep_alive_is_the_reader_while_it_reads(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0}) as session:
        connection, readers = connection_of(session), []
        wire.script += [lambda: readers.append(connection._has_reader), Ping(b"x")]
        run(connection._check_alive())
        assert (readers, connection._has_reader) == ([True], False)


def test_waiter_that_came_during_the_check_reads_after_it(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0}) as session:
        connection, waiter = connection_of(session), wire.new_event()

        def come() -> None:
            connection._waiters[waiter] = Inbox()

        wire.script += [come, Ping(b"x")]
        run(connection._check_alive())
        assert waiter.is_set
        connection._waiters.clear()
