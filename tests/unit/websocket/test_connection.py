"""One WebSocket for many responses: reading for all, room, pings, endings; with a clock of ours."""

from __future__ import annotations

import gc
import threading
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

import anyio
import pytest
from fake_io import Clock, FakeIO, types, use_clock
from fake_socket import (
    GOODBYE,
    LOST,
    CloseConnection,
    FakeSocket,
    Ping,
    Pong,
    Step,
    Upgraded,
    completed,
    created,
    delta,
    in_lane,
    session_over,
    use_nonce,
    whole,
)
from samples import KEY

from responses_client import AsyncWebSocketSession, EventStream, WebSocketSession
from responses_client._calls.settings import Settings
from responses_client._transport.protocols import Bell, TransportError, run
from responses_client._transport.websocket import AsyncSocket
from responses_client._websocket.connection import Connection
from responses_client._websocket.frames import Ending
from responses_client._websocket.routing import Inbox, Message
from responses_client._websocket.source import SocketSource
from responses_client.errors import (
    APIConnectionError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
)
from responses_client.models import StreamEvent


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = use_clock(monkeypatch)
    for module in ("connection", "source"):
        monkeypatch.setattr(f"responses_client._websocket.{module}.time", clock)
    use_nonce(monkeypatch)
    return clock


@pytest.fixture
def wire(clock: Clock) -> FakeSocket:
    return FakeSocket(clock)


def ask(session: WebSocketSession, **params: Any) -> EventStream:
    return session.create(model="m", input="Hi", **params)


def connection_of(session: WebSocketSession) -> Connection:
    found = session._core.connection
    assert found is not None
    return found


# Reading


def test_who_waits_reads_for_all(wire: FakeSocket) -> None:
    wire.script += [created("rc-1"), *whole("Two", "rc-2"), delta("One", "rc-1"), completed("One", "rc-1")]
    with session_over(wire) as session:
        one, two = ask(session), ask(session)
        assert types(list(two)) == ["created", "output_text.delta", "completed"]
        assert wire.script != []
        assert one.get_final_response().output_text == "One"


def test_everything_in_one_read_is_sorted(clock: Clock) -> None:
    source, wire = FakeSocket(clock), FakeSocket(clock)
    source.script = [*whole("One", "rc-1"), *whole("Two", "rc-2")]
    wire.script = [b"".join(run(source.read(None)) or b"" for _ in range(6))]
    with session_over(wire) as session:
        one, two = ask(session), ask(session)
        assert [stream.get_final_response().output_text for stream in (one, two)] == ["One", "Two"]


def test_events_that_came_need_no_reading(wire: FakeSocket) -> None:
    wire.script += [*whole("One"), *whole("Two", "rc-2")]
    with session_over(wire) as session:
        one, two = ask(session), ask(session)
        two.until_done()
        reads = len(wire.lefts)
        assert one.get_final_response().output_text == "One"
        assert len(wire.lefts) == reads


def test_event_types_that_are_no_words_are_read(wire: FakeSocket) -> None:
    wire.script += [created(), in_lane("rc-1", "a b\nc", x=1), in_lane("rc-1", "x" * 300), completed("Hi")]
    with session_over(wire) as session, ask(session) as stream:
        assert [event.type for event in stream][1:3] == ["a b\nc", "x" * 300]


def test_json_over_several_lines_is_read(wire: FakeSocket) -> None:
    text = '{\r\n"type":\n"response.output_text.delta",\r"stream_id": "rc-1", "delta": "a\\nb"}'
    wire.script += [created(), text, completed("a\nb")]
    with session_over(wire) as session, ask(session) as stream:
        assert "".join(stream.text_deltas()) == "a\nb"


def test_pings_of_the_server_are_answered_while_reading(wire: FakeSocket) -> None:
    wire.script += [created(), Ping(b"x"), completed("Hi")]
    with session_over(wire) as session:
        ask(session).until_done()
    assert Pong(b"x") in wire.heard


def test_stream_left_early_leaves_the_others_alone(wire: FakeSocket) -> None:
    wire.script += [created("rc-1"), *whole("Two", "rc-2"), delta("One", "rc-1")]
    with session_over(wire) as session:
        with ask(session) as one:
            next(one)
        assert list(one) == []
        assert ask(session).get_final_response().output_text == "Two"
        assert one.snapshot is not None
    assert wire.closed == 1


def test_lane_of_a_stream_left_early_goes_on_with_the_next(wire: FakeSocket) -> None:
    wire.script += [created("a"), delta("x", "a"), completed("x", "a"), *whole("Two", "a")]
    with session_over(wire) as session:
        ask(session, stream_id="a").close()
        assert ask(session, stream_id="a").get_final_response().output_text == "Two"


def test_stream_that_was_forgotten_is_passed_over(wire: FakeSocket) -> None:
    wire.script += [created(), delta("x"), *whole("Two", "rc-2")]
    with session_over(wire) as session:
        stream = ask(session)
        with pytest.warns(ResourceWarning, match="EventStream was not closed"):
            del stream
        assert ask(session).get_final_response().output_text == "Two"


def test_finished_stream_need_not_be_closed(wire: FakeSocket) -> None:
    wire.script += [*whole("One")]
    with session_over(wire) as session:
        stream = ask(session)
        for event in stream:
            if event.type == "response.completed":
                break
        assert repr(stream) == "<EventStream resp_1: 3 events, completed>"
        del stream
        gc.collect()


def test_stream_is_open_from_the_start(wire: FakeSocket) -> None:
    wire.script += whole("One")
    with session_over(wire) as session:
        stream = ask(session)
        assert run(stream._source.open()) is stream._source.state
        with stream:
            assert stream.meta is session.meta
        assert repr(stream) == "<EventStream no response yet: 0 events, closed>"


# Time


@pytest.mark.parametrize(
    ("settings", "reason", "waited"),
    [
        ({"timeout": 7.0}, "no event came for 7 s (timeout)", 7.0),
        ({"timeout": None, "idle_timeout": 3.0}, "no event came for 3 s (idle_timeout)", 3.0),
        ({"timeout": 7.0, "idle_timeout": 3.0}, "no event came for 3 s (idle_timeout)", 3.0),
        ({"timeout": 7.0, "deadline": 5.0}, "the deadline of 5 s has passed", 4.0),
    ],
)
def test_stream_that_waits_too_long_is_interrupted_alone(
    wire: FakeSocket, settings: dict[str, Any], reason: str, waited: float
) -> None:
    wire.script += [created("rc-1"), 1.0]
    with session_over(wire, **settings) as session:
        one = ask(session)
        next(one)
        wire.clock.now += 1.0 if "deadline" in settings else 0.0
        start = wire.clock.now
        with pytest.raises(StreamInterrupted) as caught:
            next(one)
        assert caught.value.reason == reason
        assert wire.clock.now - start == pytest.approx(waited, abs=0.01)
        wire.script += [delta("late", "rc-1"), *whole("Two", "rc-2")]
        assert ask(session).get_final_response().output_text == "Two"
        with pytest.raises(StreamInterrupted):
            next(one)


def test_events_of_others_do_not_count_as_news(wire: FakeSocket) -> None:
    wire.script += [created("rc-1"), 2.0, created("rc-2"), 2.0, delta("x", "rc-2"), 2.0]
    with session_over(wire, idle_timeout=3.0) as session:
        one, two = ask(session), ask(session)
        next(one)
        with pytest.raises(StreamInterrupted, match="no event came for 3 s"):
            next(one)
        assert types([next(two)]) == ["created"]
        two.close()


def test_without_limits_a_stream_waits_as_long_as_it_takes(wire: FakeSocket) -> None:
    wire.script += [created(), 1e6, completed("Hi")]
    with session_over(wire, timeout=None) as session:
        assert ask(session).get_final_response().output_text == "Hi"
        assert set(wire.lefts) == {None}


def test_request_has_limits_of_its_own(wire: FakeSocket) -> None:
    wire.script += [1.0]
    with session_over(wire) as session:
        with pytest.raises(StreamInterrupted, match="the deadline of 2 s has passed"):
            next(ask(session, deadline=2.0))
        with pytest.raises(StreamInterrupted, match=r"no event came for 4 s \(timeout\)"):
            next(ask(session, timeout=4.0))


# Ends


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (b"", "the connection was closed"),
        (LOST, "the connection broke, ReadError: reset by peer"),
        (CloseConnection(1011, "out of order"), "the server closed the WebSocket (code 1011: out of order)"),
        (CloseConnection(1008, f"no {KEY}"), "the server closed the WebSocket (code 1008: no ***)"),
        (b"\x82\x00", "the server sent a binary message, which is no event"),
    ],
)
def test_lost_connection_is_told_to_each_stream_with_what_came_of_it(
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
        with pytest.raises(APIConnectionError, match="The WebSocket session has ended: "):
            ask(session)
    assert wire.closed


def test_stream_that_ended_before_the_connection_was_lost_is_whole(wire: FakeSocket) -> None:
    wire.script += [*whole("One"), created("rc-2"), b""]
    with session_over(wire) as session:
        one, two = ask(session), ask(session)
        with pytest.raises(StreamInterrupted):
            two.until_done()
        assert one.get_final_response().output_text == "One"


def test_error_ends_its_stream_and_no_other(wire: FakeSocket) -> None:
    error = {
        "code": "invalid_prompt",
        "message": "Too odd",
        "param": "input",
        "type": "invalid_request_error",
    }
    wire.script += [created("rc-1"), in_lane("rc-1", "error", status=400, error=error), *whole("Two", "rc-2")]
    with session_over(wire) as session:
        one, two = ask(session), ask(session)
        next(one)
        with pytest.raises(StreamError, match="Too odd") as caught:
            next(one)
        assert (caught.value.code, caught.value.status_code, caught.value.param) == (
            "invalid_prompt",
            400,
            "input",
        )
        assert caught.value.partial is not None
        assert two.get_final_response().output_text == "Two"


def test_error_that_names_no_response_ends_all_and_the_session(wire: FakeSocket) -> None:
    error = {"code": "websocket_connection_limit_reached", "message": "60 minutes are over."}
    wire.script += [created("rc-1"), in_lane(None, "error", status=400, error=error)]
    with session_over(wire) as session:
        for stream in (ask(session), ask(session)):
            with pytest.raises(StreamError, match="60 minutes are over"):
                stream.until_done()
        with pytest.raises(APIConnectionError, match="names no response: 60 minutes are over"):
            ask(session)
    assert wire.heard[-1] == CloseConnection(1000, "")


def test_errors_do_not_repeat_the_key(wire: FakeSocket) -> None:
    error = {"code": "invalid_api_key", "message": f"Incorrect API key provided: {KEY}"}
    wire.script += [in_lane(None, "error", error=error)]
    with session_over(wire) as session:
        for stream in (ask(session), ask(session)):
            with pytest.raises(StreamError, match=r"provided: \*\*\*") as caught:
                stream.until_done()
            assert KEY not in str(caught.value.event)
        for use in (lambda: ask(session), lambda: next(session.events())):
            with pytest.raises(APIConnectionError, match=r"provided: \*\*\*"):
                use()


@pytest.mark.parametrize("text", ["{", "<html>"])
def test_what_is_no_json_ends_all_streams(wire: FakeSocket, text: str) -> None:
    wire.script += [created("rc-1"), delta("Hel", "rc-1"), text]
    with session_over(wire) as session:
        one, two = ask(session), ask(session)
        with pytest.raises(ResponseValidationError, match="is not valid JSON") as caught:
            one.until_done()
        assert caught.value.partial is not None
        assert caught.value.partial.output_text == "Hel"
        with pytest.raises(ResponseValidationError, match="is not valid JSON"):
            two.until_done()
    assert wire.heard[-1] == CloseConnection(1000, "")


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
    assert wire.heard[-1] == CloseConnection(1009, "")


def test_malformed_event_ends_its_stream_in_strict_mode(wire: FakeSocket) -> None:
    wire.script += [
        created("rc-1"),
        in_lane("rc-1", "response.output_text.delta", delta=5),
        *whole("Two", "rc-2"),
    ]
    with session_over(wire, strict=True) as session:
        one, two = ask(session), ask(session)
        with pytest.raises(ResponseValidationError, match="delta"):
            one.until_done()
        assert two.get_final_response().output_text == "Two"


# Sending


def test_connection_that_cannot_be_written_to_has_ended(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        one = ask(session)
        wire.broken = TransportError("network", "WriteError: broken pipe")
        with pytest.raises(APIConnectionError, match="a message could not be sent, WriteError: broken pipe"):
            ask(session)
        with pytest.raises(StreamInterrupted, match="could not be sent"):
            next(one)


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


def test_steering_that_was_cancelled_is_told_nothing(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        wire.broken = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            session.steer(previous_response_id="resp_1", input="More")
        wire.broken = None
        answer = {"steer": {"id": "s1", "previous_response_id": "resp_1", "input": []}}
        wire.script += [in_lane(None, "response.steer.accepted", **answer), *whole("One")]
        assert ask(session).get_final_response().output_text == "One"
        taken, _ = connection_of(session).take(connection_of(session).strays)
        assert taken == []


def test_answer_to_a_ping_that_cannot_be_sent_ends_the_connection(wire: FakeSocket) -> None:
    def cut() -> None:
        wire.broken = LOST

    wire.script += [created(), cut, Ping(b"x")]
    with session_over(wire) as session, pytest.raises(StreamInterrupted, match="reset by peer"):
        ask(session).until_done()


# Room


def fill(wire: FakeSocket, session: WebSocketSession) -> tuple[EventStream, EventStream]:
    one, two = ask(session), ask(session)
    wire.script += [
        created("rc-1"),
        delta("x" * 900, "rc-1"),
        delta("y" * 900, "rc-1"),
        *whole("Two", "rc-2"),
    ]
    return one, two


def test_reading_stops_until_there_is_room_again(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two = fill(wire, session)
        taken: list[Any] = []

        def take() -> None:  # what another thread does
            assert len(wire.script) == 3
            taken.extend(next(one) for _ in range(2))

        wire.while_waiting.append(take)
        assert two.get_final_response().output_text == "Two"
        assert types(taken) == ["created", "output_text.delta"]
        assert types([next(one)]) == ["output_text.delta"]
        wire.script += [completed("xy")]
        one.until_done()


def test_stream_that_nobody_reads_is_given_up_at_last(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two = fill(wire, session)
        start = wire.clock.now
        assert two.get_final_response().output_text == "Two"
        assert wire.clock.now - start == pytest.approx(30.0)
        with pytest.raises(StreamInterrupted, match="bytes of its events waited to be read while others"):
            one.until_done()


def test_stream_that_is_closed_makes_room(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two = fill(wire, session)
        wire.while_waiting.append(one.close)
        assert two.get_final_response().output_text == "Two"


def test_stream_that_was_forgotten_makes_room(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two = fill(wire, session)
        with pytest.raises(StreamInterrupted):
            ask(session, deadline=1.0).until_done()
        with pytest.warns(ResourceWarning):
            del one
        start = wire.clock.now
        assert two.get_final_response().output_text == "Two"
        assert wire.clock.now == start


def test_stream_that_is_forgotten_while_room_is_waited_for_makes_room_soon(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two = fill(wire, session)
        streams = [one]
        del one

        def forget() -> None:
            with pytest.warns(ResourceWarning):
                streams.clear()

        wire.while_waiting.append(forget)
        start = wire.clock.now
        assert two.get_final_response().output_text == "Two"
        assert wire.clock.now - start <= 0.5


def test_last_stream_that_is_forgotten_as_patience_ends_is_no_error(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two = fill(wire, session)
        source = one._source

        def forget() -> None:
            wire.clock.now += 31
            run(source.drop())

        wire.while_waiting.append(forget)
        assert two.get_final_response().output_text == "Two"
        one.close()


def test_strays_that_nobody_reads_hold_up_nobody(wire: FakeSocket, caplog: pytest.LogCaptureFixture) -> None:
    notes = [in_lane("z", "note", text="n" * 500) for _ in range(20)]
    wire.script += [created(), *notes, delta("One"), completed("One")]
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        start = wire.clock.now
        assert ask(session).get_final_response().output_text == "One"
        assert wire.clock.now == start
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_wait_for_room_ends_with_the_time_of_the_stream(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, _ = fill(wire, session)
        with pytest.raises(StreamInterrupted, match="the deadline of 5 s"):
            ask(session, deadline=5.0).until_done()
        assert types([next(one)]) == ["created"]


# Pings


def keep(wire: FakeSocket) -> None:
    """Run the keeper until it comes to its end."""
    (work,) = wire.works
    run(work())


def test_ping_is_sent_after_a_while_without_news(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0}) as session:
        wire.script += [25.0, Pong(b""), created(), 100.0]
        stream = ask(session)
        keep(wire)
        # Two pings: one after 10 s, answered after 25, one after 35, not answered within 20.
        assert [type(event) for event in wire.heard].count(Ping) == 2
        with pytest.raises(StreamInterrupted, match=r"a ping was not answered for 20 s \(ping_timeout\)"):
            stream.until_done()
        assert 1055 <= wire.clock.now < 1067
    assert wire.closed


def test_any_news_are_as_good_as_an_answer(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0, "ping_timeout": 15.0}) as session:
        wire.script += [12.0, created(), 12.0, delta("a"), 12.0, delta("b"), 12.0, LOST]
        stream = ask(session)
        keep(wire)
        with pytest.raises(StreamInterrupted, match="reset by peer"):
            stream.until_done()


def test_pings_of_the_server_are_answered_while_nobody_reads(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0}):
        wire.script += [5.0, Ping(b"x"), b""]
        keep(wire)
        assert Pong(b"x") in wire.heard


def test_nothing_is_read_into_a_full_buffer_and_silence_is_no_loss_then(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0, "max_buffered_bytes": 1500}) as session:
        one, two = fill(wire, session)
        connection = connection_of(session)
        for _ in range(10):
            wire.clock.now += 10
            run(connection._look_after())
        assert len(wire.script) == 3
        assert not [event for event in wire.heard if isinstance(event, Ping)]
        assert connection.ending is None
        one.close()
        run(connection._look_after())
        assert wire.script == []
        assert types([next(two)]) == ["created"]


def test_pings_go_on_where_no_answer_is_waited_for(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0, "ping_timeout": None}) as session:
        connection = connection_of(session)
        for _ in range(10):
            wire.clock.now += 10
            run(connection._look_after())
        assert [type(event) for event in wire.heard].count(Ping) == 10
        assert connection.ending is None


def test_keeper_leaves_reading_to_who_reads(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0}) as session:
        connection = connection_of(session)

        def look() -> None:
            wire.clock.now += 10
            reads = len(wire.lefts)
            run(connection._look_after())
            assert len(wire.lefts) == reads

        wire.script += [created(), look, completed("Hi")]
        ask(session).until_done()
        assert Ping(b"") in wire.heard


def test_ping_that_cannot_be_sent_is_left_to_who_reads(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0}) as session:
        connection = connection_of(session)
        wire.broken = LOST
        wire.clock.now += 10
        run(connection._look_after())
        assert connection.ending is None


def test_sessions_without_pings_have_no_keeper(wire: FakeSocket) -> None:
    with session_over(wire):
        assert wire.works == []


# Closing


def test_closing_says_goodbye_and_hears_the_answer(wire: FakeSocket) -> None:
    wire.script += [delta("late"), GOODBYE]
    with session_over(wire) as session:
        pass
    assert wire.heard == [CloseConnection(1000, "")]
    assert wire.script == []
    assert wire.closed == 1
    assert repr(session) == "<WebSocketSession http://api.test/v1: closed>"


def test_goodbye_that_is_not_answered_is_not_waited_for_long(wire: FakeSocket) -> None:
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


def test_goodbye_that_cannot_be_said_is_left_unsaid(wire: FakeSocket) -> None:
    with session_over(wire):
        wire.broken = LOST
    assert wire.closed == 1


def test_closed_session_interrupts_its_streams_and_takes_no_requests(wire: FakeSocket) -> None:
    wire.script += [created(), GOODBYE]
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
    assert len(wire.lefts) == 1


def test_session_that_was_forgotten_is_closed_at_once_with_a_warning(wire: FakeSocket) -> None:
    session = session_over(wire).__enter__()
    with pytest.warns(ResourceWarning, match="WebSocketSession was not closed: use it in a block of `with`"):
        del session
    assert wire.closed == 1
    assert wire.heard == []


def test_keeper_ends_with_the_session(wire: FakeSocket) -> None:
    with session_over(wire, {"ping_interval": 10.0}) as session:
        wire.while_waiting.append(session.close)
        keep(wire)
        assert wire.lefts == [1.0]  # for the goodbye
        assert not [event for event in wire.heard if isinstance(event, Ping)]


# Several at once


class LoopSocket(FakeSocket):
    """Waits like a socket of an event loop; what comes is put in by the test."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.put, self.got = anyio.create_memory_object_stream[bytes](100)

    def come(self, *events: Step) -> None:
        """Have events come in one piece."""
        self.script = list(events)
        self.put.send_nowait(b"".join(run(FakeSocket.read(self, None)) or b"" for _ in events))

    async def read(self, left: float | None) -> bytes | None:
        """See `Socket`."""
        with anyio.move_on_after(left):
            return await self.got.receive()
        return None

    def bell(self) -> Bell:
        """See `Socket`."""
        return AsyncSocket.bell(self)  # type: ignore[arg-type]

    async def close(self) -> None:
        """See `Socket`."""
        self.put.close()
        self.got.close()


Play = Callable[[Callable[[LoopSocket, AsyncWebSocketSession], Awaitable[None]]], None]


@pytest.fixture(params=["asyncio", "trio"])
def play(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Plays a script with a session that is open, on each kind of loop."""
    use_nonce(monkeypatch)

    def start(script: Callable[[LoopSocket, AsyncWebSocketSession], Awaitable[None]]) -> None:
        async def main() -> None:
            wire = LoopSocket(Clock())
            given = Settings(api_key=KEY, base_url="http://api.test/v1", timeout=5.0)
            io = FakeIO(wire.clock, Upgraded(wire))
            async with AsyncWebSocketSession(io, given, {"ping_interval": None}) as session:
                with anyio.fail_after(5):
                    await script(wire, session)
                if not session.is_closed:
                    wire.come(GOODBYE)

        anyio.run(main, backend=request.param)

    return start


def test_who_reads_and_is_cancelled_hands_on_to_who_waits(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        one, two = [await session.create(model="m") for _ in range(2)]
        async with anyio.create_task_group() as tasks:
            reading = anyio.CancelScope()

            async def read_until_cancelled() -> None:
                with reading:
                    await anext(one)

            tasks.start_soon(read_until_cancelled)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(two.until_done)
            await anyio.wait_all_tasks_blocked()
            reading.cancel()
            await anyio.wait_all_tasks_blocked()
            wire.come(*whole("Two", "rc-2"), *whole("One", "rc-1"))
        assert (await two.get_final_response()).output_text == "Two"
        assert (await one.get_final_response()).output_text == "One"

    play(script)


def test_who_waits_and_is_cancelled_takes_nothing_from_others(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        streams = [await session.create(model="m") for _ in range(3)]
        scopes = [anyio.CancelScope() for _ in streams]

        async def read(number: int) -> None:
            with scopes[number]:
                await streams[number].until_done()

        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(read, number)
                await anyio.wait_all_tasks_blocked()
            # The reader has its events, and hands on to one that is cancelled at the same moment.
            scopes[1].cancel()
            wire.come(*whole("One", "rc-1"))
            await anyio.wait_all_tasks_blocked()
            wire.come(*whole("Two", "rc-2"), *whole("Three", "rc-3"))
        texts = [(await stream.get_final_response()).output_text for stream in streams]
        assert texts == ["One", "Two", "Three"]

    play(script)


def test_who_is_handed_the_turn_and_cancelled_hands_it_on(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        streams = [await session.create(model="m") for _ in range(3)]
        scope = anyio.CancelScope()

        async def read(number: int) -> None:
            with scope if number == 1 else nullcontext():
                await streams[number].until_done()
                if number == 0:
                    scope.cancel()  # after the turn was handed to it

        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(read, number)
                await anyio.wait_all_tasks_blocked()
            wire.come(*whole("One", "rc-1"))
            await anyio.wait_all_tasks_blocked()
            wire.come(*whole("Three", "rc-3"))
        assert (await streams[2].get_final_response()).output_text == "Three"
        await streams[1].aclose()

    play(script)


def test_who_waits_too_long_is_interrupted_while_another_reads(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        one, two = await session.create(model="m"), await session.create(model="m", timeout=0.05)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.until_done)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(StreamInterrupted, match=r"no event came for 0\.05 s \(timeout\)"):
                await anext(two)
            wire.come(*whole("One", "rc-1"))

    play(script)


def test_lost_connection_wakes_all_who_wait(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        ended: list[str] = []

        async def read() -> None:
            stream = await session.create(model="m")
            with pytest.raises(StreamInterrupted) as caught:
                await stream.until_done()
            ended.append(caught.value.reason)

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            wire.come(CloseConnection(1001, "restart"))
        assert ended == ["the server closed the WebSocket (code 1001: restart)"] * 5

    play(script)


def test_stream_closed_by_another_task_ends_for_who_waits(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        one, two = [await session.create(model="m") for _ in range(2)]
        left: list[list[StreamEvent]] = []

        async def read() -> None:
            left.append([event async for event in two])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.until_done)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            await two.aclose()
            await anyio.wait_all_tasks_blocked()
            assert left == [[]]
            wire.come(*whole("One", "rc-1"))

    play(script)


def test_stream_that_is_closed_makes_room_for_who_waits(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        one, two = [await session.create(model="m") for _ in range(2)]
        connection = session._core.connection
        assert connection is not None
        connection._limit = 1500
        wire.come(created("rc-1"), delta("x" * 1500, "rc-1"))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(two.until_done)
            await anyio.wait_all_tasks_blocked()
            assert connection._room is not None
            await one.aclose()
            wire.come(*whole("Two", "rc-2"))
        assert connection._room is None

    play(script)


def test_threads_take_turns_in_reading(wire: FakeSocket) -> None:
    """One reads, the other is woken with its own event, and reads on when the first has what it waited for."""
    wire.bell = _ThreadBell  # type: ignore[method-assign, assignment]
    is_waiting = threading.Event()
    found: dict[str, str] = {}
    with session_over(wire) as session:
        one, two = ask(session), ask(session)

        def wait_until_the_other_waits() -> None:
            is_waiting.wait(5)

        _ThreadBell.about = is_waiting
        wire.script += [wait_until_the_other_waits, *whole("One", "rc-1"), *whole("Two", "rc-2")]

        def read(name: str, stream: EventStream) -> None:
            found[name] = stream.get_final_response().output_text

        threads = [threading.Thread(target=read, args=pair) for pair in (("one", one), ("two", two))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
    assert found == {"one": "One", "two": "Two"}


def meanwhile(monkeypatch: pytest.MonkeyPatch, connection: Connection, inbox: Inbox) -> None:
    """Have another thread read on right after somebody has found an inbox empty."""
    original = connection.take
    reads: list[None] = []

    def take(wanted: Inbox) -> tuple[list[Message], Ending | None]:
        if wanted is inbox and not reads:
            reads.append(None)
            found = original(wanted)
            for _ in range(3):
                run(connection._read(None))
            return found
        return original(wanted)

    monkeypatch.setattr(connection, "take", take)


def test_response_that_ends_while_one_looks_for_its_events_is_whole(
    wire: FakeSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.script += whole("One")
    with session_over(wire) as session:
        stream = ask(session)
        source = stream._source
        assert isinstance(source, SocketSource)
        meanwhile(monkeypatch, connection_of(session), source._inbox)
        assert stream.get_final_response().output_text == "One"


def test_successor_that_begins_while_one_looks_for_it_is_found(
    wire: FakeSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"steer": {"id": "s1", "previous_response_id": "resp_1", "input": []}}
    wire.script += [created(), in_lane("rc-1", "response.steer.accepted", **told), *whole("Two", "rc-2")]
    with session_over(wire, timeout=5.0) as session:
        first, other = ask(session), ask(session)
        steering = session.steer(previous_response_id="resp_1", input="More")
        assert steering.answer().type == "response.steer.accepted"
        wire.script += [completed("One"), created("rc-1", id="r2", previous_response_id="resp_1")]
        connection, steer = connection_of(session), steering._steered._steer
        other.until_done()
        original = connection.take

        def take(inbox: Inbox) -> tuple[list[Message], Ending | None]:
            if inbox is steer.inbox and wire.script:
                for _ in range(2):  # by another thread, after one has looked for the successor
                    run(connection._read(None))
            return original(inbox)

        monkeypatch.setattr(connection, "take", take)
        start = wire.clock.now
        assert isinstance(steering.outcome(), EventStream)
        assert wire.clock.now == start
        first.close()


def test_events_of_no_stream_that_came_before_the_end_are_given_before_it(wire: FakeSocket) -> None:
    wire.script += [in_lane("z", "one"), in_lane("z", "two"), *whole("One")]
    with session_over(wire) as session:
        ask(session).until_done()
        wire.script.append(GOODBYE)
    assert types(list(session.events())) == ["one", "two"]


class _ThreadBell:
    about: threading.Event

    def __init__(self) -> None:
        self.event = threading.Event()

    def ring(self) -> None:
        self.event.set()

    async def wait(self, left: float | None) -> None:
        self.about.set()
        assert self.event.wait(5)
