"""One WebSocket for many responses: reading for all, sending, and the ends of a connection."""

from __future__ import annotations

import pytest
from fake_io import Clock, types
from fake_socket import (
    CLOSE,
    LOST,
    CloseConnection,
    FakeSocket,
    Ping,
    Pong,
    Step,
    ask,
    completed,
    connection_of,
    created,
    delta,
    in_lane,
    session_over,
    whole,
)
from samples import KEY

from responses_client._base import forks
from responses_client._base.clock import NO_REAL_DEADLINE
from responses_client._transport.protocols import TransportError, run
from responses_client._websocket.inboxes import Inbox
from responses_client.errors import (
    APIConnectionError,
    APITimeoutError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
)

# Reading


def test_stream_that_waits_reads_for_all(wire: FakeSocket) -> None:
    wire.script += [created("rc-1"), *whole("Two", "rc-2"), delta("One", "rc-1"), completed("One", "rc-1")]
    with session_over(wire) as session:
        one, two = ask(session), ask(session)
        assert types(list(two)) == ["created", "output_text.delta", "completed"]
        assert wire.script != []
        assert one.get_final_response().output_text == "One"


def test_messages_of_one_read_are_sorted(clock: Clock) -> None:
    source, wire = FakeSocket(clock), FakeSocket(clock)
    source.script = [*whole("One", "rc-1"), *whole("Two", "rc-2")]
    wire.script = [b"".join(run(source.read(NO_REAL_DEADLINE)) or b"" for _ in range(6))]
    with session_over(wire) as session:
        one, two = ask(session), ask(session)
        assert [stream.get_final_response().output_text for stream in (one, two)] == ["One", "Two"]


def test_events_that_have_arrived_need_no_reading(wire: FakeSocket) -> None:
    wire.script += [*whole("One"), *whole("Two", "rc-2")]
    with session_over(wire) as session:
        one, two = ask(session), ask(session)
        two.until_done()
        reads = len(wire.read_timeouts)
        assert one.get_final_response().output_text == "One"
        assert len(wire.read_timeouts) == reads


def test_pings_of_the_server_are_answered_while_reading(wire: FakeSocket) -> None:
    wire.script += [created(), Ping(b"x"), completed("Hi")]
    with session_over(wire) as session:
        ask(session).until_done()
    assert Pong(b"x") in wire.received


@pytest.mark.parametrize("limit", ["timeout", "idle_timeout"])
def test_pings_without_an_end_do_not_keep_a_stream_waiting(wire: FakeSocket, limit: str) -> None:
    wire.script += [created(), *[1.0, Ping()] * 100]
    with session_over(wire, **{limit: 10.0}) as session:
        with pytest.raises(StreamInterrupted, match=rf"no event came for 10 s \({limit}\)"):
            ask(session).until_done()
        assert not session.is_closed


@pytest.mark.parametrize("given", [{"deadline": 5.0}, {"timeout": 5.0}])
def test_answer_to_a_ping_that_is_not_taken_in_time_ends_the_wait_alone(
    wire: FakeSocket, given: dict[str, float]
) -> None:
    wire.script += [created("rc-1"), Ping(b"x")]
    with session_over(wire) as session:
        one = ask(session, **given)
        next(one)
        wire.write_seconds = 10.0
        with pytest.raises(StreamInterrupted, match="5 s"):
            one.until_done()
        assert not session.is_closed
        wire.write_seconds = 0.0
        wire.script += whole("Two", "rc-2")
        assert ask(session).get_final_response().output_text == "Two"


# Sending


@pytest.mark.parametrize("given", [{"deadline": 5.0}, {"timeout": 5.0}, {"deadline": 60.0, "timeout": 5.0}])
def test_request_that_is_not_sent_in_time_is_an_error_of_its_own(
    wire: FakeSocket, given: dict[str, float]
) -> None:
    with session_over(wire, timeout=100.0) as session:
        wire.write_seconds = 6.0
        start = wire.clock.now
        with pytest.raises(APITimeoutError, match="The message was not sent before its deadline") as caught:
            ask(session, **given)
        assert wire.clock.now - start == 5.0
        assert str(caught.value).endswith("; raise deadline or timeout")
        assert caught.value.request_id == "req_1"
        wire.write_seconds = 0.0
        wire.script += [*whole("One", "rc-1"), *whole("Two", "rc-2")]
        assert ask(session).get_final_response().output_text == "Two"


def test_deadline_of_the_client_holds_for_all_messages(wire: FakeSocket) -> None:
    with session_over(wire, deadline=5.0) as session:
        wire.write_seconds = 6.0
        for send in (
            lambda: session.steer(previous_response_id="resp_1", input="More"),
            lambda: session.send({"type": "response.odd"}),
            lambda: session.response.create(model="m", input="Hi"),
        ):
            with pytest.raises(APITimeoutError, match="not sent before its deadline"):
                send()
        wire.write_seconds = 0.0


def test_deadline_counts_while_the_request_is_sent(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        wire.write_seconds = 3.0
        start = wire.clock.now
        one = ask(session, deadline=5.0)
        with pytest.raises(StreamInterrupted, match="the deadline of 5 s has passed"):
            one.until_done()
        assert wire.clock.now - start == 5.0
        wire.write_seconds = 0.0


def test_message_of_which_a_part_was_sent_in_time_ends_the_session(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        one = ask(session)

        def stop_in_the_middle() -> None:
            wire.clock.now += 5.0

        wire.broken = TransportError("network", "the server did not take the message in time")
        wire.before_write = stop_in_the_middle
        with pytest.raises(APITimeoutError, match=r"open another session .*, since a part of it was sent"):
            ask(session, deadline=5.0)
        wire.broken = wire.before_write = None
        with pytest.raises(StreamInterrupted, match="a message could not be sent"):
            one.until_done()
        assert session.is_closed


def test_connection_that_cannot_be_written_to_has_ended(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        one = ask(session)
        wire.broken = TransportError("network", "WriteError: broken pipe")
        with pytest.raises(APIConnectionError, match="a message could not be sent, WriteError: broken pipe"):
            ask(session)
        with pytest.raises(StreamInterrupted, match="could not be sent"):
            next(one)


def test_request_that_was_not_sent_keeps_no_events(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        wire.broken = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            ask(session)
        wire.broken, wire.write_seconds = None, 6.0
        with pytest.raises(APITimeoutError):
            ask(session, deadline=5.0)
        wire.write_seconds = 0.0
        wire.script += [*whole("One"), *whole("Two", "rc-2"), *whole("Three", "rc-3")]
        assert ask(session).get_final_response().output_text == "Three"
        assert connection_of(session)._inboxes.size == 0


def test_request_that_was_cancelled_has_no_stream(wire: FakeSocket) -> None:
    wire.script += [*whole("One"), *whole("Two", "rc-2")]
    with session_over(wire) as session:
        wire.broken = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            ask(session)
        with pytest.raises(KeyboardInterrupt):
            session.send({"type": "response.new"})
        wire.broken = None
        assert ask(session).get_final_response().output_text == "Two"


def test_steering_that_was_cancelled_keeps_no_events(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        wire.broken = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            session.steer(previous_response_id="resp_1", input="More")
        wire.broken = None
        answer = {"steer": {"id": "s1", "previous_response_id": "resp_1", "input": []}}
        wire.script += [in_lane(None, "response.steer.accepted", **answer), *whole("One")]
        assert ask(session).get_final_response().output_text == "One"
        taken, _ = connection_of(session).take(connection_of(session).unrouted)
        assert taken == []
        assert connection_of(session)._inboxes.size == 0


def test_answer_to_a_ping_that_cannot_be_sent_ends_the_connection(wire: FakeSocket) -> None:
    def cut() -> None:
        wire.broken = LOST

    wire.script += [created(), cut, Ping(b"x")]
    with session_over(wire) as session, pytest.raises(StreamInterrupted, match="reset by peer"):
        ask(session).until_done()


# The end by the server


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (b"", "the connection was closed"),
        (LOST, "the connection broke, ReadError: reset by peer"),
        (CloseConnection(1011, "out of order"), "the server closed the WebSocket (code 1011: out of order)"),
        (CloseConnection(1008, f"no {KEY}"), "the server closed the WebSocket (code 1008: no ***)"),
        (b"\x82\x00", "the server sent a binary message, which is not an event"),
    ],
)
def test_lost_connection_interrupts_each_stream_with_its_own_part(
    wire: FakeSocket, end: Step, reason: str
) -> None:
    hel = {**delta("Hel", "rc-1"), "sequence_number": 4}
    wire.script += [created("rc-1"), created("rc-2", id="resp_2"), hel, end]
    with session_over(wire) as session:
        one, two, three = ask(session), ask(session), ask(session)
        assert len([next(one), next(one)]) == 2
        with pytest.raises(StreamInterrupted) as caught:
            next(one)
        assert caught.value.reason == reason
        assert caught.value.partial is not None
        assert caught.value.partial.output_text == "Hel"
        assert (caught.value.response_id, caught.value.last_sequence_number) == ("resp_1", 4)
        assert caught.value.request_id == "req_1"
        next(two)
        with pytest.raises(StreamInterrupted) as caught:
            next(two)
        assert (caught.value.reason, caught.value.response_id) == (reason, "resp_2")
        with pytest.raises(StreamInterrupted) as caught:
            next(three)
        assert (caught.value.partial, caught.value.response_id) == (None, None)
        assert session.is_closed
        assert wire.closed == 1
        with pytest.raises(APIConnectionError, match="The WebSocket session has ended: "):
            ask(session)


def test_server_that_closes_has_a_second_to_take_the_answer(wire: FakeSocket) -> None:
    wire.script += [created(), CloseConnection(1001)]
    with session_over(wire) as session:
        stream = ask(session)
        next(stream)
        start, wire.write_seconds = wire.clock.now, 10.0
        with pytest.raises(StreamInterrupted, match="the server closed the WebSocket"):
            next(stream)
        assert wire.clock.now - start == pytest.approx(1.0)


def test_error_that_names_no_response_ends_all_and_the_session(wire: FakeSocket) -> None:
    error = {"code": "websocket_connection_limit_reached", "message": "60 minutes are over."}
    wire.script += [created("rc-1"), in_lane(None, "error", status=400, error=error)]
    with session_over(wire) as session:
        for stream in (ask(session), ask(session)):
            with pytest.raises(StreamError, match="60 minutes are over"):
                stream.until_done()
        with pytest.raises(APIConnectionError, match="an error of the connection: 60 minutes are over"):
            ask(session)
    assert wire.received[-1] == CloseConnection(1000, "")


def test_errors_do_not_repeat_the_key(wire: FakeSocket) -> None:
    error = {"code": "invalid_api_key", "message": f"Incorrect API key provided: {KEY}"}
    wire.script += [in_lane(None, "error", error=error)]
    with session_over(wire) as session:
        for stream in (ask(session), ask(session)):
            with pytest.raises(StreamInterrupted, match=r"about 2 requests.*provided: \*\*\*"):
                stream.until_done()
        assert KEY not in session.recv().to_json()
        for use in (lambda: ask(session), lambda: next(session.events())):
            with pytest.raises(APIConnectionError, match=r"provided: \*\*\*"):
                use()


def test_errors_do_not_repeat_the_credentials_of_tools(wire: FakeSocket) -> None:
    tools = [
        {"type": "mcp", "server_label": "x", "server_url": "https://a.test", "authorization": "of-the-tool"}
    ]
    wire.script += [
        in_lane("rc-1", "error", error={"message": "of-the-tool is wrong", "code": "of-the-tool"})
    ]
    with session_over(wire) as session:
        streams = [ask(session, tools=tools) for _ in range(2)]
        with pytest.raises(StreamError, match=r"\*\*\* is wrong") as caught:
            streams[0].until_done()
    assert caught.value.code == "***"


def test_credentials_of_tools_are_kept_in_bounded_number(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        connection = connection_of(session)
        for number in range(100, 200):
            connection.mask([f"long-secret-{number}"])
        redactor = connection._router.redactor
    kept = [number for number in range(100, 200) if redactor.text(f"long-secret-{number}!") == "***!"]
    assert kept == [*range(136, 200)]


@pytest.mark.parametrize("text", ["{", "<html>"])
def test_message_that_is_not_valid_json_ends_all_streams(wire: FakeSocket, text: str) -> None:
    wire.script += [created("rc-1"), delta("Hel", "rc-1"), text]
    with session_over(wire) as session:
        one, two = ask(session), ask(session)
        with pytest.raises(ResponseValidationError, match="is not valid JSON") as caught:
            one.until_done()
        assert caught.value.partial is not None
        assert caught.value.partial.output_text == "Hel"
        with pytest.raises(ResponseValidationError, match="is not valid JSON"):
            two.until_done()
    assert wire.received[-1] == CloseConnection(1000, "")


def test_message_over_the_limit_ends_all_streams(wire: FakeSocket) -> None:
    wire.script += [created("rc-1"), delta("x" * 2000, "rc-1")]
    with session_over(wire, max_event_bytes=1000) as session:
        one, two = ask(session), ask(session)
        for stream, has_partial in ((one, True), (two, False)):
            with pytest.raises(
                ResponseValidationError, match=r"larger than 1000 bytes.*raise max_event_bytes"
            ) as caught:
                stream.until_done()
            assert (caught.value.partial is not None) is has_partial
    assert wire.received[-1] == CloseConnection(1009, "")


# The end by the client


def test_closing_sends_a_close_frame_and_waits_for_the_answer(wire: FakeSocket) -> None:
    readers: list[bool] = []
    start = wire.clock.now
    with session_over(wire) as session:
        connection = connection_of(session)
        wire.script += [lambda: readers.append(connection._has_reader), delta("late"), CLOSE]
    assert wire.clock.now == start
    assert readers == [True]  # so that no stream reads meanwhile
    assert wire.received == [CloseConnection(1000, "")]
    assert wire.script == []
    assert wire.closed == 1
    assert repr(session) == "<WebSocketSession http://api.test/v1: closed>"


def test_wait_for_the_close_frame_of_the_server_is_short(wire: FakeSocket) -> None:
    start = wire.clock.now
    with session_over(wire):
        pass
    assert wire.clock.now - start == pytest.approx(1.0)
    assert wire.closed == 1


@pytest.mark.parametrize("end", [LOST, b""])
def test_connection_that_breaks_while_it_is_closed_is_closed(wire: FakeSocket, end: Step) -> None:
    wire.script.append(end)
    with session_over(wire):
        pass
    assert wire.closed == 1


def test_close_frame_that_cannot_be_sent_is_no_error(wire: FakeSocket) -> None:
    with session_over(wire):
        wire.broken = LOST
    assert wire.closed == 1


def test_closed_session_interrupts_its_streams_and_takes_no_requests(wire: FakeSocket) -> None:
    wire.script += [created(), CLOSE]
    with session_over(wire) as session:
        stream = ask(session)
        next(stream)
    with pytest.raises(StreamInterrupted, match="the session was closed here"):
        next(stream)
    with pytest.raises(RuntimeError, match="The WebSocket session is closed"):
        ask(session)
    session.close()
    assert wire.closed == 2


def test_session_closed_while_another_thread_reads_does_not_read_too(wire: FakeSocket) -> None:
    session = session_over(wire).__enter__()
    stream = ask(session)
    wire.script += [session.close, delta("late"), created()]
    with pytest.raises(StreamInterrupted, match="the session was closed here"):
        next(stream)
    assert wire.closed == 1
    assert len(wire.read_timeouts) == 1


# In a forked process


def test_session_of_the_parent_process_has_ended_in_the_child(
    wire: FakeSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.script += whole("One")
    with session_over(wire) as session:
        stream = ask(session)
        connection = connection_of(session)
        connection._has_reader = True  # a thread of the parent, which does not exist in the child
        with monkeypatch.context() as patch:
            patch.setattr(forks, "generation", forks.generation + 1)
            with pytest.raises(
                StreamInterrupted, match="the process was forked after the connection was opened"
            ):
                next(stream)
            with pytest.raises(APIConnectionError, match="the process was forked"):
                ask(session)
            assert not connection._has_reader


def test_session_in_the_child_leaves_locks_and_waiters_to_the_parent(
    wire: FakeSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_over(wire) as session:
        connection, waiter = connection_of(session), wire.new_event()
        parents = connection._lock
        connection._waiters[waiter] = Inbox()
        with monkeypatch.context() as patch:
            patch.setattr(forks, "generation", forks.generation + 1)
            own = connection._lock
            assert own is not parents
            session.close()
            assert connection._lock is own
            assert not waiter.is_set  # it would wake the event loop of the parent
