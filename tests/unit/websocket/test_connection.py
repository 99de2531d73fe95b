"""One WebSocket for many responses: connecting, reading for all, sending, and the ends of a connection."""

from __future__ import annotations

import pytest
from fake_io import Clock, FakeBody, FakeIO, bad, types
from fake_socket import (
    CLOSE,
    LOST,
    CloseConnection,
    FakeSocket,
    Ping,
    Pong,
    Step,
    Upgraded,
    ask,
    completed,
    connection_of,
    created,
    delta,
    in_lane,
    session_on,
    session_over,
    whole,
)
from samples import KEY

from responses_client._base.clock import NO_REAL_DEADLINE
from responses_client._transport.protocols import TransportError, run
from responses_client.errors import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
)

# Connecting


def test_refusal_is_the_error_of_its_status(clock: Clock) -> None:
    io = FakeIO(clock, bad(401, {"message": "Incorrect API key"}))
    with pytest.raises(
        AuthenticationError, match="GET /v1/responses was answered with 401: Incorrect API key"
    ):
        session_on(io).__enter__()


def test_attempts_to_connect_are_repeated_like_any_request(wire: FakeSocket) -> None:
    io = FakeIO(wire.clock, bad(503), TransportError("connect", "refused"), Upgraded(wire))
    with session_on(io):
        assert len(io.requests) == 3


def test_attempts_to_connect_are_limited(clock: Clock) -> None:
    io = FakeIO(clock, *[TransportError("timeout", "too late")] * 3)
    with pytest.raises(APITimeoutError, match="was not answered in time after 2 attempts"):
        session_on(io, max_retries=1).__enter__()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (FakeBody(b'{"data": []}'), "A WebSocket was requested, but the answer has the status 200"),
        (FakeBody(f"key {KEY}".encode()), r"the body is 'key \*\*\*'; check that the server of base_url"),
        (FakeBody(status=101), "The connection was switched to a protocol that is not WebSocket"),
        (FakeBody(status=101, headers={"sec-websocket-accept": "x"}), "switched to a protocol"),
    ],
)
def test_answer_that_opens_no_websocket_is_an_error(clock: Clock, body: FakeBody, message: str) -> None:
    with pytest.raises(ResponseValidationError, match=message):
        session_on(FakeIO(clock, body)).__enter__()
    assert body.closed


def test_connection_that_cannot_be_taken_over_is_closed(
    wire: FakeSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConfigurationError("no")

    body = Upgraded(wire)
    monkeypatch.setattr(body, "socket", refuse)
    with pytest.raises(ConfigurationError):
        session_on(FakeIO(wire.clock, body)).__enter__()
    assert body.closed == 1


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
        (b"\x82\x00", "the server sent a binary message, which is no event"),
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
        with pytest.raises(APIConnectionError, match="The WebSocket session has ended: "):
            ask(session)
    assert wire.closed


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
    wire.script += [delta("late"), CLOSE]
    with session_over(wire) as session:
        pass
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
