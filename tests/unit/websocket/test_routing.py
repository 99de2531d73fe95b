"""Which response a message of a WebSocket belongs to."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_bench import DELTA, DONE, Bench, created, server_event

from responses_client._base.redaction import Redactor
from responses_client._websocket.frames import CloseInfo

# Lanes


def test_events_go_where_they_say(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(
        created("b"), created("a"), server_event(DELTA, "b"), server_event(DONE, "b"), server_event(DONE, "a")
    )
    assert bench.taken(a) == ["created", "completed"]
    assert bench.taken(b) == ["created", "output_text.delta", "completed"]
    assert bench.inboxes.size == 0


def test_responses_of_one_lane_follow_each_other(bench: Bench) -> None:
    first, second = bench.open("a"), bench.open("a")
    bench.receive(
        created("a"),
        server_event(DONE, "a"),
        created("a"),
        server_event(DELTA, "a"),
        server_event("error", "a"),
    )
    assert bench.taken(first) == ["created", "completed"]
    assert bench.taken(second) == ["created", "output_text.delta", "error"]


def test_event_of_a_lane_that_was_not_requested_is_unrouted(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(
        server_event(DELTA, "z"), created("a"), server_event(DONE, "a"), server_event("response.late", "a")
    )
    assert bench.taken() == ["output_text.delta", "late"]
    assert bench.taken(a) == ["created", "completed"]


def test_server_without_lanes_answers_requests_in_order(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(
        created(), server_event(DELTA), server_event(DONE), created(), server_event(DONE), server_event(DELTA)
    )
    assert bench.taken(a) == ["created", "output_text.delta", "completed"]
    assert bench.taken(b) == ["created", "completed"]
    assert bench.taken() == ["output_text.delta"]


def test_lane_without_a_name_is_one_among_others(bench: Bench) -> None:
    named, bare = bench.open("a"), bench.open()
    bench.receive(created("a"), created(), server_event(DELTA), server_event(DONE, "a"), server_event(DONE))
    assert bench.taken(named) == ["created", "completed"]
    assert bench.taken(bare) == ["created", "output_text.delta", "completed"]


def test_event_without_a_lane_is_unrouted_where_the_server_names_lanes(bench: Bench) -> None:
    a, _ = bench.open("a"), bench.open("b")
    bench.receive(created("a"), server_event("response.news"), server_event(DONE, "a"))
    assert bench.taken(a) == ["created", "completed"]
    assert bench.taken() == ["news"]


def test_event_before_the_first_one_does_not_begin_the_response(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(server_event("session.news"), created("a"), server_event(DONE, "a"))
    assert bench.taken(a) == ["session.news", "created", "completed"]


def test_lane_that_is_not_a_string_counts_as_none(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(b'{"type": "response.created", "stream_id": 5, "response": "r"}')
    assert bench.taken(a) == ["created"]


def test_interleaving_without_names_ends_the_connection_and_mixes_nothing_up(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(created(), server_event(DELTA), created(), server_event(DELTA), server_event(DONE))
    assert bench.taken(a) == ["created", "output_text.delta"]
    assert bench.taken(b) == []
    assert bench.reason is not None
    assert "does not say which of several responses" in bench.reason
    assert a.close_info == b.close_info == bench.router.close_info


def test_response_that_begins_in_place_of_another_interrupts_that(bench: Bench) -> None:
    first, second = bench.open("a"), bench.open("a")
    bench.receive(created("a"), server_event(DELTA, "a"), created("a"), server_event(DONE, "a"))
    assert first.close_info == CloseInfo("another response began in its place")
    assert bench.taken(first) == ["created", "output_text.delta"]
    assert bench.taken(second) == ["created", "completed"]
    assert bench.router.close_info is None


def test_response_that_begins_in_place_of_another_in_the_lane_without_a_name_interrupts_that(
    bench: Bench,
) -> None:
    named, first, second = bench.open("a"), bench.open(), bench.open()
    bench.receive(created("a"), created(), created(), server_event(DONE), server_event(DONE, "a"))
    assert first.close_info == CloseInfo("another response began in its place")
    assert bench.taken(second) == bench.taken(named) == ["created", "completed"]


def test_names_of_new_lanes_are_free(bench: Bench) -> None:
    assert bench.router.new_lane() == "rc-1"
    bench.open("rc-2")
    assert bench.router.new_lane() == "rc-3"


@given(
    st.lists(st.lists(st.sampled_from([DELTA, "response.in_progress"]), max_size=5), min_size=1, max_size=6),
    st.data(),
)
def test_any_interleaving_gives_each_response_its_own_events(
    bodies: list[list[str]], data: st.DataObject
) -> None:
    bench = Bench()
    lanes = [data.draw(st.sampled_from(["a", "b", "c", None])) for _ in bodies]
    inboxes = [bench.open(lane) for lane in lanes]
    queues: dict[str | None, list[Iterator[bytes]]] = {}
    for number, (lane, body) in enumerate(zip(lanes, bodies, strict=True)):
        kinds = [DELTA if kind == DELTA else kind for kind in body]
        events = [
            created(lane),
            *(server_event(kind, lane, n=number) for kind in kinds),
            server_event(DONE, lane),
        ]
        queues.setdefault(lane, []).append(iter(events))
    while queues:
        lane = data.draw(st.sampled_from(sorted(queues, key=str)))
        event = next(queues[lane][0], None)
        if event is not None:
            bench.receive(event)
            continue
        queues[lane].pop(0)
        if not queues[lane]:
            del queues[lane]
    for number, (inbox, body) in enumerate(zip(inboxes, bodies, strict=True)):
        found = [json.loads(message.data) for message in bench.inboxes.take(inbox)]
        assert [each["type"] for each in found] == ["response.created", *body, DONE]
        assert {each["n"] for each in found[1:-1]} <= {number}
    assert bench.taken() == []
    assert bench.inboxes.size == 0


def test_unwanted_response_keeps_its_place(bench: Bench) -> None:
    first, second = bench.open("a"), bench.open("a")
    bench.receive(created("a"))
    bench.inboxes.discard(first)
    bench.receive(server_event(DELTA, "a"), server_event(DONE, "a"), created("a"), server_event(DONE, "a"))
    assert bench.taken(first) == []
    assert bench.taken(second) == ["created", "completed"]
    assert bench.inboxes.size == 0


def test_response_without_a_stream_is_read_with_the_unrouted_events(bench: Bench) -> None:
    bench.router.open_unrouted(None, None)
    a = bench.open("a")
    bench.receive(created(), server_event(DELTA), created("a"), server_event(DONE), server_event(DELTA, "a"))
    assert bench.taken() == ["created", "output_text.delta", "completed"]
    assert bench.taken(a) == ["created", "output_text.delta"]


# Errors


def test_error_that_names_its_lane_is_that_of_its_response(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(server_event("error", "a"), created("b"), server_event(DONE, "b"))
    assert bench.taken(a) == ["error"]
    assert bench.taken(b) == ["created", "completed"]


@pytest.mark.parametrize("kind", ["error", None])
def test_error_without_a_lane_is_that_of_the_one_response_in_flight(bench: Bench, kind: str | None) -> None:
    a = bench.open("a")
    bench.receive(created(), server_event(kind, error={"message": "No"}), server_event(DELTA, "a"))
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken() == ["output_text.delta"]
    assert bench.router.close_info is None


def test_error_without_a_lane_ends_all_responses_in_flight_and_the_connection(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(
        created(), server_event("error", error={"message": "Time is up."}), server_event(DELTA, "a")
    )
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == ["error"]
    assert bench.reason == "the server reported an error that names no response: Time is up"


def test_error_of_the_connection_ends_all_responses_where_the_server_names_lanes(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    error = {"code": "websocket_connection_limit_reached", "message": "Time is up."}
    bench.receive(created("a"), created("b"), server_event("error", error=error))
    assert bench.taken(a) == bench.taken(b) == ["created", "error"]
    assert bench.reason == "the server reported an error that names no response: Time is up"


def test_error_without_a_lane_harms_no_response_that_has_begun_where_the_server_names_lanes(
    bench: Bench,
) -> None:
    a = bench.open("a")
    bench.receive(
        created("a"), server_event("error", error={"message": "unknown event"}), server_event(DONE, "a")
    )
    assert bench.taken(a) == ["created", "completed"]
    assert bench.taken() == ["error"]


def test_error_without_a_lane_refuses_the_request_that_has_not_begun(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(created("a"), server_event("error", error={"message": "No"}), server_event(DONE, "a"))
    assert bench.taken(a) == ["created", "completed"]
    assert bench.taken(b) == ["error"]
    assert bench.router.close_info is None


def test_error_without_a_lane_that_may_refuse_several_requests_ends_the_connection(bench: Bench) -> None:
    a, b, c = bench.open("a"), bench.open("b"), bench.open("c")
    bench.receive(created("a"), server_event("error", error={"message": "No"}))
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == bench.taken(c) == ["error"]
    assert bench.reason is not None


def failed(id: str | None, stream_id: str | None = None) -> bytes:
    return server_event("response.failed", stream_id, response={"id": id})


def test_failure_repeated_after_an_error_without_a_lane_is_not_that_of_the_next_response(
    bench: Bench,
) -> None:
    a = bench.open("a")
    bench.receive(created(), server_event("error"))
    b = bench.open("b")
    bench.receive(failed("r"), created(), server_event(DONE))
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == ["created", "completed"]
    assert bench.taken() == ["failed"]


def test_failure_of_another_id_is_that_of_the_next_response(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("a")
    bench.receive(created("a"), server_event("error", "a"), failed("other", "a"))
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == ["failed"]


def test_repeated_failure_is_recognized_after_events_of_other_lanes(bench: Bench) -> None:
    a, other, b = bench.open("a"), bench.open("x"), bench.open("a")
    bench.receive(
        created("a"), server_event("error", "a"), created("x"), server_event(DELTA, "x"), failed(None, "a")
    )
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(other) == ["created", "output_text.delta"]
    assert bench.taken(b) == []
    bench.receive(failed(None, "a"))
    assert bench.taken(b) == ["failed"]


def test_failure_repeated_before_the_next_request_does_not_hide_its_failure(bench: Bench) -> None:
    bench.open("a")
    bench.receive(created("a"), server_event("error", "a"), failed("r", "a"))
    b = bench.open("a")
    bench.receive(failed(None, "a"))
    assert bench.taken(b) == ["failed"]


SECRET = "0f1e2d3c4b5a6978"


def test_errors_do_not_repeat_keys() -> None:
    bench = Bench(redactor=Redactor([SECRET]))
    a, b = bench.open("a"), bench.open("b")
    bench.receive(
        server_event(DELTA, "a", delta=SECRET),
        server_event("response.failed", "b", response={"error": {"message": SECRET}}),
    )
    c = bench.open("c")
    bench.receive(
        server_event("error", error={"message": f"Wrong key: {'x' * 180} {SECRET}", "code": "websocket_x"})
    )
    assert SECRET in str(bench.inboxes.take(a)[0].data)  # what the model says is left as it is
    for inbox in (a, b, c):
        assert SECRET not in str(bench.inboxes.take(inbox))
    assert bench.reason is not None
    assert SECRET[:6] not in bench.reason


@pytest.mark.parametrize("strict", [False, True])
def test_messages_that_cannot_be_read_do_not_repeat_keys(strict: bool) -> None:
    bench = Bench(strict=strict, redactor=Redactor([SECRET]))
    a = bench.open("a")
    bench.receive(json.dumps([SECRET]).encode() if strict else SECRET.encode() + b"{")
    assert [b"***" in message.data for message in bench.inboxes.take(a)] == [True]


def test_error_without_a_lane_and_response_is_unrouted(bench: Bench) -> None:
    bench.receive(server_event("error"))
    assert bench.taken() == ["error"]
    assert bench.router.close_info is None


def test_failure_repeated_after_an_error_is_not_that_of_the_next_response(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("a")
    bench.receive(
        created("a"),
        server_event("error", "a"),
        server_event("response.failed", "a"),
        created("a"),
        server_event(DONE, "a"),
    )
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == ["created", "completed"]
    assert bench.taken() == ["failed"]


def test_response_can_fail_before_it_has_begun(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(server_event("response.failed", "a"))
    assert bench.taken(a) == ["failed"]


@pytest.mark.parametrize("data", [b"{", b"\xff", b'{"a": "\xed\xa0\x80"'])
def test_message_that_is_not_valid_json_goes_to_all_and_ends_the_connection(
    bench: Bench, data: bytes
) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(created("a"), data)
    assert bench.taken(a) == ["created", ""]
    assert [message.data for message in bench.inboxes.take(b)] == [data]
    assert bench.reason == "the server sent a message that is not valid JSON"


@pytest.mark.parametrize("data", [b"", b" ", b"[DONE]"])
def test_empty_messages_are_ignored(bench: Bench, data: bytes) -> None:
    bench.receive(data)
    assert bench.taken() == []
    assert bench.router.close_info is None


def test_json_that_is_not_an_object_is_ignored_and_logged(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    a = bench.open("a")
    bench.receive(b"[1]")
    assert bench.taken(a) == []
    assert caplog.messages == ["Ignored a WebSocket message that is not a JSON object but list"]


def test_json_that_is_not_an_object_ends_the_connection_in_strict_mode() -> None:
    bench = Bench(strict=True)
    a = bench.open("a")
    bench.receive(b"[1]")
    assert bench.taken(a) == [""]
    assert bench.reason == "the server sent JSON that is not an object"


def test_strings_that_are_not_unicode_are_repaired_without_a_warning(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    a = bench.open("a")
    with caplog.at_level(logging.WARNING):
        bench.receive(b'{"type": "response.created", "stream_id": "a", "x": "\\ud800"}')
    assert bench.taken(a) == ["created"]
    assert caplog.messages == []


def test_first_reason_for_the_end_goes_to_all(bench: Bench) -> None:
    a, done = bench.open("a"), bench.open("b")
    steered = bench.router.steer("r1")
    bench.receive(created("b"), server_event(DONE, "b"))
    gone = CloseInfo("gone")
    bench.router.close(gone)
    bench.router.close(CloseInfo("later"))
    assert (
        bench.router.close_info
        is a.close_info
        is steered.inbox.close_info
        is bench.inboxes.unrouted.close_info
        is gone
    )
    assert done.close_info == CloseInfo("its last event cannot be read")
