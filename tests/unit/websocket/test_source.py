"""Sources on a WebSocket: streams with their time limits, unrouted events, and the results of steering."""

from __future__ import annotations

import gc
import json
import pickle
from typing import Any

import pytest
from fake_io import types
from fake_socket import (
    CLOSE,
    LOST,
    CloseConnection,
    FakeSocket,
    Step,
    ask,
    completed,
    created,
    delta,
    in_lane,
    session_over,
    steer_event,
    whole,
)
from samples import response

from responses_client import EventStream
from responses_client._transport.protocols import run
from responses_client._websocket.source import _event_line
from responses_client.errors import (
    APIConnectionError,
    APITimeoutError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
)
from responses_client.models import ResponseCreated, SteerAccepted, SteerFailed, SteerPending, UnknownEvent

# Streams


def test_event_types_that_are_no_words_are_read(wire: FakeSocket) -> None:
    wire.script += [created(), in_lane("rc-1", "a b\nc", x=1), in_lane("rc-1", "x" * 300), completed("Hi")]
    with session_over(wire) as session, ask(session) as stream:
        assert [event.wire_type for event in stream][1:3] == ["a b\nc", "x" * 300]


def test_json_over_several_lines_is_read(wire: FakeSocket) -> None:
    text = '{\r\n"type":\n"response.output_text.delta",\r"stream_id": "rc-1", "delta": "a\\nb"}'
    wire.script += [created(), text, completed("a\nb")]
    with session_over(wire) as session, ask(session) as stream:
        assert "".join(stream.text_deltas()) == "a\nb"


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("strict", [False, True])
def test_answer_with_a_line_break_in_a_string_is_given_to_nobody(
    wire: FakeSocket, line_break: str, strict: bool
) -> None:
    answer = json.dumps(completed("One#", "rc-1", id="resp_1")).replace("#", line_break)
    wire.script += [created("rc-1", id="resp_1"), created("rc-2", id="resp_2"), answer]
    with session_over(wire, strict=strict) as session:
        streams = [ask(session), ask(session)]
        for number, stream in enumerate(streams, 1):
            with pytest.raises(ResponseValidationError, match="is not valid JSON") as caught:
                stream.until_done()
            assert caught.value.response_id == f"resp_{number}"
            assert caught.value.partial is not None
            assert caught.value.partial.output == []


def test_stream_is_open_from_the_start(wire: FakeSocket) -> None:
    wire.script += whole("One")
    with session_over(wire) as session:
        stream = ask(session)
        assert run(stream._source.open()) is stream._source.state
        with stream:
            assert stream.meta is session.meta
        assert repr(stream) == "<EventStream no response yet: 0 events, closed>"


def test_stream_left_early_leaves_the_others_alone(wire: FakeSocket) -> None:
    wire.script += [created("rc-1"), *whole("Two", "rc-2"), delta("One", "rc-1")]
    with session_over(wire) as session:
        with ask(session) as one:
            next(one)
        with pytest.raises(StreamInterrupted, match="it was closed here before its end"):
            next(one)
        assert ask(session).get_final_response().output_text == "Two"
        assert one.snapshot is not None
    assert wire.closed == 1


def test_second_reader_of_a_stream_is_refused_and_the_first_one_reads_on(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        one = ask(session)

        def read_as_well() -> None:
            for read in (one.__next__, one.text_deltas().__next__, one.get_final_response):
                with pytest.raises(RuntimeError, match="read by another thread or task"):
                    read()

        wire.script += [created(), read_as_well, delta("One"), completed("One")]
        assert types(list(one)) == ["created", "output_text.delta", "completed"]


def test_close_that_takes_the_terminal_event_from_its_reader_is_an_interruption(wire: FakeSocket) -> None:
    wire.script += [*whole("One", "rc-1"), *whole("Two", "rc-2")]
    with session_over(wire) as session:
        one, two = ask(session), ask(session)
        two.until_done()
        assert next(one).type == "response.created"
        one.close()
        with pytest.raises(StreamInterrupted, match="it was closed here before its end"):
            next(one)
        assert one.get_final_response().output_text == "One"


def test_lane_of_a_stream_left_early_continues_with_the_next(wire: FakeSocket) -> None:
    wire.script += [created("a"), delta("x", "a"), completed("x", "a"), *whole("Two", "a")]
    with session_over(wire) as session:
        ask(session, stream_id="a").close()
        assert ask(session, stream_id="a").get_final_response().output_text == "Two"


def test_events_of_a_stream_that_was_forgotten_are_discarded(wire: FakeSocket) -> None:
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
        assert repr(stream) == "<EventStream resp_One: 3 events, completed>"
        del stream
        gc.collect()


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


# Time limits


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
        assert set(wire.read_timeouts) == {None}


def test_request_has_limits_of_its_own(wire: FakeSocket) -> None:
    wire.script += [1.0]
    with session_over(wire) as session:
        with pytest.raises(StreamInterrupted, match="the deadline of 2 s has passed"):
            next(ask(session, deadline=2.0))
        with pytest.raises(StreamInterrupted, match=r"no event came for 4 s \(timeout\)"):
            next(ask(session, timeout=4.0))


# Unrouted events


def test_unrouted_events_are_typed(wire: FakeSocket) -> None:
    wire.script += [
        in_lane("z", "response.brand_new", x=1),
        created("z"),
        in_lane("z", "response.created", response=5),
    ]
    with session_over(wire) as session:
        events = session.events()
        new, known, malformed = next(events), next(events), next(events)
    assert isinstance(new, UnknownEvent)
    assert new.to_dict() == {"type": "response.brand_new", "stream_id": "z", "x": 1}
    assert isinstance(known, ResponseCreated)
    assert isinstance(malformed, UnknownEvent)
    assert list(events) == []


def test_events_left_by_one_loop_are_in_the_next(wire: FakeSocket) -> None:
    wire.script.append(in_lane("z", "one"))
    with session_over(wire) as session:
        wire.script += [in_lane("z", "two"), in_lane("z", "three")]
        assert [event.wire_type for _, event in zip(range(1), session.events(), strict=False)] == ["one"]
        assert [event.wire_type for _, event in zip(range(1), session, strict=False)] == ["two"]
        assert session.recv().wire_type == "three"


def test_malformed_unrouted_event_is_an_error_in_strict_mode(wire: FakeSocket) -> None:
    wire.script += [in_lane(None, "response.created", response=5)]
    with (
        session_over(wire, strict=True) as session,
        pytest.raises(ResponseValidationError, match=r"response\.created"),
    ):
        session.recv()


@pytest.mark.parametrize("end", [CLOSE, CloseConnection(1000, "done")])
def test_events_end_when_the_server_closes_the_connection(wire: FakeSocket, end: Step) -> None:
    wire.script += [in_lane("z", "one"), end]
    with session_over(wire) as session:
        assert [event.wire_type for event in session.events()] == ["one"]
        with pytest.raises(APIConnectionError, match="the server closed the WebSocket"):
            session.recv()


def test_events_end_with_an_error_when_the_connection_is_lost(wire: FakeSocket) -> None:
    wire.script += [in_lane("z", "one"), LOST]
    with session_over(wire) as session:
        assert session.recv().wire_type == "one"
        with pytest.raises(APIConnectionError, match="reset by peer"):
            next(session.events())


def test_closed_session_has_no_events(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        pass
    assert list(session.events()) == []
    with pytest.raises(RuntimeError, match="The WebSocket session is closed"):
        session.recv()


def test_unrouted_events_that_arrived_before_the_end_are_given_out_first(wire: FakeSocket) -> None:
    wire.script += [in_lane("z", "one"), in_lane("z", "two"), *whole("One")]
    with session_over(wire) as session:
        ask(session).until_done()
        wire.script.append(CLOSE)
    assert types(list(session.events())) == ["one", "two"]


# Steering


def test_steering_leads_to_the_stream_of_the_successor(wire: FakeSocket) -> None:
    steered = response("incomplete", incomplete_details={"reason": "steered"})
    wire.script += [
        created(),
        steer_event("accepted"),
        delta("Hel"),
        in_lane("rc-1", "response.incomplete", response=steered),
    ]
    second = {"id": "resp_2", "previous_response_id": "resp_1"}
    wire.script += [created(**second), delta("Bonjour"), completed("Bonjour", **second)]
    with session_over(wire) as session:
        stream = session.create(model="m")
        first = next(stream)
        assert isinstance(first, ResponseCreated)
        steering = session.steer(previous_response_id="resp_1", input="In French")
        answer = steering.answer()
        assert isinstance(answer, SteerAccepted)
        assert answer.steer.id == "steer_1"
        successor = steering.outcome()
        assert isinstance(successor, EventStream)
        assert steering.outcome() is successor
        assert successor.get_final_response().output_text == "Bonjour"
        assert stream.get_final_response().status == "incomplete"
    assert wire.sent[1] == {"type": "response.steer", "previous_response_id": "resp_1", "input": "In French"}


def test_pending_steering_says_what_is_required(wire: FakeSocket) -> None:
    wanted = [{"type": "function_call_output", "call_id": "c1", "name": "f"}, {"type": "brand_new"}]
    wire.script += [
        *whole("Hi"),
        steer_event("accepted"),
        steer_event("pending", reason="waiting_for_required_input", required_input=wanted),
    ]
    with session_over(wire) as session:
        stream = session.create(model="m")
        steering = session.steer(previous_response_id="resp_1", input=[{"role": "user", "content": "More"}])
        pending = steering.outcome()
        assert isinstance(pending, SteerPending)
        assert pending.to_dict()["required_input"] == wanted
        assert stream.get_final_response().output_text == "Hi"


def test_failed_steering_gives_the_input_back(wire: FakeSocket) -> None:
    error = {"type": "invalid_request_error", "code": "response_already_completed", "message": "Too late"}
    wire.script += [steer_event("failed", error=error, steer={"id": None, "input": "More"})]
    with session_over(wire) as session:
        steering = session.steer(previous_response_id="resp_1", input="More")
        failed = steering.answer()
        assert isinstance(failed, SteerFailed)
        assert (failed.error.code, failed.steer.input) == ("response_already_completed", "More")
        assert steering.outcome() is failed


def test_steering_can_fail_after_it_was_accepted(wire: FakeSocket) -> None:
    wire.script += [
        steer_event("accepted"),
        steer_event("failed", error={"code": "successor_creation_failed", "message": "x"}),
    ]
    with session_over(wire) as session:
        steering = session.steer(previous_response_id="resp_1", input="More")
        assert isinstance(steering.answer(), SteerAccepted)
        assert isinstance(steering.outcome(), SteerFailed)


def test_steering_refused_with_an_error_fails_with_the_text_of_the_server(wire: FakeSocket) -> None:
    error = {
        "type": "invalid_request_error",
        "code": "unknown_event",
        "message": "Unknown type.",
        "param": "type",
    }
    wire.script += [in_lane(None, "error", status=400, error=error)]
    with session_over(wire) as session:
        steering = session.steer(previous_response_id="resp_1", input="More")
        for wait in (steering.answer, steering.outcome):
            with pytest.raises(StreamError) as caught:
                wait()
            assert str(caught.value) == (
                "The server refused the steering input: Unknown type (code unknown_event, param type, request id req_1)"
            )
            assert (caught.value.status_code, caught.value.event.type) == (400, "error")
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_steering_accepted_and_then_refused_with_an_error_has_no_outcome(wire: FakeSocket) -> None:
    wire.script += [steer_event("accepted"), in_lane(None, "error", error={"message": "Cannot continue."})]
    with session_over(wire) as session:
        steering = session.steer(previous_response_id="resp_1", input="More")
        assert isinstance(steering.answer(), SteerAccepted)
        with pytest.raises(StreamError, match="Cannot continue"):
            steering.outcome()


def test_failed_steering_without_its_fields_fails_with_the_text_of_the_server(wire: FakeSocket) -> None:
    wire.script += [in_lane(None, "response.steer.failed", error={"message": "Not here."})]
    with session_over(wire) as session:
        steering = session.steer(previous_response_id="resp_1", input="More")
        with pytest.raises(StreamError, match="refused the steering input: Not here"):
            steering.answer()


def test_silence_about_steering_is_a_timeout(wire: FakeSocket) -> None:
    with session_over(wire, timeout=5.0) as session:
        steering = session.steer(previous_response_id="resp_1", input="More")
        with pytest.raises(APITimeoutError, match="No event about the steering came for 5 s"):
            steering.answer()
        wire.script += [100.0, steer_event("accepted")]


def test_without_a_limit_steering_waits_as_long_as_it_takes(wire: FakeSocket) -> None:
    wire.script += [1e5, steer_event("accepted")]
    with session_over(wire, timeout=None) as session:
        assert isinstance(session.steer(previous_response_id="resp_1", input="More").answer(), SteerAccepted)


def test_fate_of_steering_is_unknown_when_the_connection_is_lost(wire: FakeSocket) -> None:
    wire.script += [steer_event("accepted"), LOST]
    with session_over(wire) as session:
        steering = session.steer(previous_response_id="resp_1", input="More")
        assert isinstance(steering.answer(), SteerAccepted)
        with pytest.raises(APIConnectionError, match="reset by peer"):
            steering.outcome()


def test_new_events_about_steering_do_no_harm(wire: FakeSocket) -> None:
    wire.script += [steer_event("considered"), steer_event("accepted")]
    with session_over(wire) as session:
        assert isinstance(session.steer(previous_response_id="resp_1", input="More").answer(), SteerAccepted)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("response.created", b"event: response.created\n"),
        ("a" * 200, b"event: " + b"a" * 200 + b"\n"),
        ("a" * 201, b""),
        ("", b""),
        ("two words", b""),
        ("a\nb", b""),
        ("a~", b""),
    ],
)
def test_type_that_is_a_word_is_given_to_the_decoder_ahead(kind: str, line: bytes) -> None:
    assert _event_line(kind) == line
