"""Which response a message of a WebSocket belongs to."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_bench import DELTA, DONE, Bench, created, ended, server_event

from responses_client._base.redaction import Redactor
from responses_client._websocket.frames import CloseInfo
from responses_client._websocket.outstanding import OtherEvent, Request

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
        created("a", id="r1"),
        server_event(DONE, "a"),
        created("a", id="r2"),
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
    bench.receive(created(id="r1"), server_event(DELTA), server_event(DONE))
    bench.receive(created(id="r2"), server_event(DONE), server_event(DELTA))
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


@pytest.mark.parametrize("lanes", [("a", "b"), (None, None), ("a", "a")])
def test_second_response_before_the_end_of_the_first_ends_the_connection_and_mixes_nothing_up(
    bench: Bench, lanes: tuple[str | None, str | None]
) -> None:
    a, b = map(bench.open, lanes)
    bench.receive(
        created(), server_event(DELTA), created(id="other"), server_event(DELTA), server_event(DONE)
    )
    assert bench.taken(a) == ["created", "output_text.delta"]
    assert bench.taken(b) == []
    assert bench.reason is not None
    assert bench.reason.startswith(
        "the event response.created begins response other, but response r has not ended; the request may have"
    )
    assert a.close_info == b.close_info == bench.router.close_info
    assert bench.taken() == ["created"]  # the event that did not fit is not lost


def test_second_response_before_the_end_of_the_first_is_refused_in_a_lane_that_is_named(bench: Bench) -> None:
    first, second = bench.open("a"), bench.open("a")
    bench.receive(created("a"), server_event(DELTA, "a"), created("a"), server_event(DONE, "a"))
    assert bench.taken(first) == ["created", "output_text.delta"]
    assert bench.taken(second) == []
    assert bench.ends_with("begins response r, but response r has not ended")


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
    first = bench.open("first")
    bench.receive(created("first"), server_event(DONE, "first"))  # it names lanes
    bench.inboxes.discard(first)
    inboxes = [bench.open(lane) for lane in lanes]
    queues: dict[str | None, list[Iterator[bytes]]] = {}
    for number, (lane, body) in enumerate(zip(lanes, bodies, strict=True)):
        kinds = [DELTA if kind == DELTA else kind for kind in body]
        events = [
            created(lane, id=f"r{number}"),
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
    bench.receive(server_event(DELTA, "a"), server_event(DONE, "a"))
    bench.receive(created("a", id="r2"), server_event(DONE, "a"))
    assert bench.taken(first) == []
    assert bench.taken(second) == ["created", "completed"]
    assert bench.inboxes.size == 0


def test_response_without_a_stream_is_read_with_the_unrouted_events(bench: Bench) -> None:
    bench.router.open(Request(is_unrouted=True))
    a = bench.open("a")
    bench.receive(created(), server_event(DELTA), created("a"), server_event(DONE), server_event(DELTA, "a"))
    assert bench.taken() == ["created", "output_text.delta", "completed"]
    assert bench.taken(a) == ["created", "output_text.delta"]


# Events out of place


def test_event_of_another_response_ends_the_connection(bench: Bench) -> None:
    a = bench.open()
    bench.receive(created(id="r1"), server_event(DELTA), ended("completed", "r2"))
    assert bench.taken(a) == ["created", "output_text.delta"]
    assert bench.ends_with("the event response.completed is of response r2, but response r1 is in progress")


def test_event_of_another_response_is_refused_in_a_lane_that_is_named(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(created("a", id="r1"), ended("completed", "r2", "a"))
    assert bench.taken(a) == ["created"]
    assert bench.ends_with("is of response r2")


def test_id_that_comes_late_is_that_of_the_response(bench: Bench) -> None:
    a = bench.open()
    bench.receive(created(id=None), ended("in_progress", "r1"), ended("completed", "r2"))
    assert bench.taken(a) == ["created", "in_progress"]
    assert bench.ends_with("but response r1 is in progress")


@pytest.mark.parametrize("kind", [DELTA, DONE, "response.created", "response.new"])
def test_event_that_comes_when_nothing_is_in_progress_ends_the_connection(bench: Bench, kind: str) -> None:
    bench.receive(server_event(kind))
    assert bench.taken() == [kind.removeprefix("response.")]
    assert bench.ends_with(f"the event {kind} came when no request was in progress")


def test_event_of_a_response_can_answer_what_was_sent(bench: Bench) -> None:
    bench.router.expect_refusal(OtherEvent())
    bench.receive(created(), server_event(DELTA), server_event(DONE))
    assert bench.taken() == ["created", "output_text.delta", "completed"]
    assert bench.reason is None


def test_event_of_a_new_type_before_a_response_can_answer_what_was_sent(bench: Bench) -> None:
    bench.router.expect_refusal(OtherEvent())
    a = bench.open()
    bench.receive(server_event("response.odd.done"), created(), server_event("response.odd.delta"))
    assert bench.taken(a) == ["created", "odd.delta"]
    assert bench.taken() == ["odd.done"]
    assert bench.reason is None


def test_answer_that_is_given_once_more_ends_the_connection(bench: Bench) -> None:
    answered = [bench.open(), bench.open()]
    bench.receive(created(id="r1"), server_event(DONE), created(id="r2"), server_event(DONE))
    assert [bench.taken(inbox) for inbox in answered] == [["created", "completed"]] * 2
    next_one = bench.open()
    bench.receive(created(id="r1"), server_event(DONE))
    assert bench.taken(next_one) == []
    assert bench.ends_with("the event response.created is of response r1, which has ended")


@pytest.mark.parametrize("stream_id", ["a", None])
def test_id_of_the_only_response_before_is_not_that_of_the_next(bench: Bench, stream_id: str | None) -> None:
    first, second = bench.open(stream_id), bench.open(stream_id)
    bench.receive(*[created(stream_id), server_event(DONE, stream_id)] * 2)
    assert bench.taken(first) == ["created", "completed"]
    assert bench.taken(second) == []
    assert bench.ends_with(
        "is of response r, which has ended: the server gave two responses the same id, or sent an answer again"
    )


def test_responses_in_lanes_of_their_own_may_have_the_same_id(bench: Bench) -> None:
    answered = [bench.router.open(Request(name, has_own_lane=True)) for name in ("rc-1", "rc-2")]
    for name in ("rc-1", "rc-2"):
        bench.receive(created(name), server_event(DONE, name))
    assert [bench.taken(inbox) for inbox in answered] == [["created", "completed"]] * 2


def test_responses_without_ids_are_told_apart_by_their_order_alone(bench: Bench) -> None:
    answered = [bench.open(), bench.open()]
    bench.receive(*[created(id=None), server_event(DONE)] * 2)
    assert [bench.taken(inbox) for inbox in answered] == [["created", "completed"]] * 2


def test_first_response_may_lack_its_first_event(bench: Bench) -> None:
    a = bench.open()
    bench.receive(server_event(DELTA), ended("completed", "r1"))
    assert bench.taken(a) == ["output_text.delta", "completed"]


def test_response_in_a_lane_of_its_own_may_lack_its_first_event(bench: Bench) -> None:
    for name in ("rc-1", "rc-2"):
        inbox = bench.router.open(Request(name, has_own_lane=True))
        bench.receive(server_event(DELTA, name), server_event(DONE, name))
        assert bench.taken(inbox) == ["output_text.delta", "completed"]


@pytest.mark.parametrize("stream_id", ["a", None])
@pytest.mark.parametrize("event", ["response.output_text.delta", "response.completed"])
def test_rest_of_a_response_is_not_the_beginning_of_the_next(
    bench: Bench, stream_id: str | None, event: str
) -> None:
    first, second = bench.open(stream_id), bench.open(stream_id)
    bench.receive(created(stream_id), ended("completed", "r", stream_id))
    late = {"response": {"id": "r"}} if event == DONE else {}
    bench.receive(server_event(event, stream_id, **late))
    assert bench.taken(first) == ["created", "completed"]
    assert bench.taken(second) == []
    assert bench.ends_with("but the response whose turn it is has not begun")


def test_rest_of_a_response_that_was_not_requested_is_not_the_beginning_of_the_next(bench: Bench) -> None:
    bench.receive(created("a", id="ghost"))
    a = bench.open("a")
    bench.receive(ended("completed", "ghost", "a"))
    assert bench.taken(a) == []
    assert bench.ends_with("is of response ghost")


def test_answers_that_are_out_of_order_are_noticed_by_the_responses_that_they_continue(bench: Bench) -> None:
    a, b = bench.open(None, "r1"), bench.open(None, "r2")
    bench.receive(created(None, "r2"))
    assert bench.taken(a) == bench.taken(b) == []
    assert bench.ends_with("continues r2, which the request whose turn it is does not")


def test_parent_that_a_gateway_has_renamed_is_no_reason_for_distrust(bench: Bench) -> None:
    a, b = bench.open(None, "r1"), bench.open()
    bench.receive(created(None, "renamed"), server_event(DONE), created(id="r2"), server_event(DONE))
    assert bench.taken(a) == bench.taken(b) == ["created", "completed"]


# Lanes that are named by some events only


def test_event_without_a_lane_that_two_responses_can_claim_ends_the_connection(bench: Bench) -> None:
    named, bare = bench.open("a"), bench.open()
    bench.receive(created())
    assert bench.taken(named) == bench.taken(bare) == []
    assert bench.ends_with("names no lane, and may be of a request with a lane or of one without")


def test_server_that_answers_in_order_does_so_for_requests_without_lanes_too(bench: Bench) -> None:
    first = bench.open("a")
    bench.receive(created(), server_event(DONE))
    named, bare = bench.open("b"), bench.open()
    bench.receive(created(id="r2"), server_event(DELTA), server_event(DONE), created(id="r3"))
    assert bench.taken(first) == ["created", "completed"]
    assert bench.taken(named) == ["created", "output_text.delta", "completed"]
    assert bench.taken(bare) == ["created"]


def test_lane_that_is_named_after_others_were_not_ends_the_connection(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(created(), server_event(DONE), created("b"))
    assert bench.taken(a) == ["created", "completed"]
    assert bench.taken(b) == []
    assert bench.ends_with("names a lane, and those before it did not")


@pytest.mark.parametrize("stream_id", ["a", None])
def test_response_in_a_lane_that_no_request_names_ends_the_connection(
    bench: Bench, stream_id: str | None
) -> None:
    a = bench.open(stream_id)
    bench.receive(created("default"))
    assert bench.taken(a) == []
    assert bench.taken() == ["created"]
    assert bench.ends_with("is of the lane default, which no request in progress names")


def test_response_in_a_lane_that_no_request_names_can_answer_what_was_sent(bench: Bench) -> None:
    a = bench.open("a")
    bench.router.expect_refusal(OtherEvent())
    bench.receive(created("default"), created("a", id="r2"), server_event(DONE, "a"))
    assert bench.taken(a) == ["created", "completed"]
    assert bench.taken() == ["created"]


@pytest.mark.parametrize("stream_id", ["a", None])
def test_event_without_a_lane_after_one_of_another_lane_ends_the_connection(
    bench: Bench, stream_id: str | None
) -> None:
    a = bench.open(stream_id)
    bench.receive(server_event(DELTA, "default"), created())
    assert bench.taken(a) == []
    assert bench.ends_with("names no lane, and those before it did")


def test_lane_that_no_request_names_after_events_without_lanes_ends_the_connection(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(created(), server_event(DELTA, "default"), server_event(DONE))
    assert bench.taken(a) == ["created"]
    assert bench.ends_with("names a lane, and those before it did not")


def test_known_event_without_a_lane_ends_the_connection_where_the_server_names_lanes(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(created("a"), server_event(DELTA))
    assert bench.taken(a) == ["created"]
    assert bench.ends_with("names no lane, though all requests in progress do")


# Events that are no part of a response


@pytest.mark.parametrize("kind", ["keepalive", "ping", "response.keep_alive"])
def test_sign_of_life_is_for_the_response_in_progress(bench: Bench, kind: str) -> None:
    bench.receive(server_event(kind))
    a, b = bench.open("a"), bench.open()
    bench.router.expect_refusal(OtherEvent())
    bench.receive(server_event(kind))
    assert bench.taken(a) == bench.taken() == [kind.removeprefix("response.")]
    assert bench.taken(b) == []
    assert bench.router.close_info is None


def test_event_that_may_answer_what_was_sent_is_unrouted(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(server_event("rate_limits.updated"))
    bench.router.expect_refusal(OtherEvent())
    bench.receive(server_event("odd.done"), server_event("odd.done", "a"))
    assert bench.taken(a) == ["rate_limits.updated", "odd.done"]
    assert bench.taken() == ["odd.done"]


def test_event_without_a_lane_is_that_of_a_response_without_one_where_the_server_names_lanes(
    bench: Bench,
) -> None:
    a, bare = bench.open("a"), bench.open()
    bench.receive(created("a"), server_event("news"))
    assert bench.taken(a) == ["created"]
    assert bench.taken(bare) == ["news"]


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
    assert bench.taken(a) == ["created"]
    assert bench.taken(b) == []
    assert bench.taken() == ["error"]
    assert bench.ends_with(
        "the server reported an error that may be about 2 requests, and does not say which: Time is up"
    )


@pytest.mark.parametrize("lane", ["a", None])
def test_error_of_the_connection_is_that_of_all_responses(bench: Bench, lane: str | None) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.router.expect_refusal(OtherEvent())
    error = {"code": "websocket_connection_limit_reached", "message": "Time is up."}
    bench.receive(created(lane), server_event("error", error=error))
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == ["error"]
    assert bench.reason == "the server reported an error of the connection: Time is up"


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
    assert bench.taken(a) == ["created"]
    assert bench.taken(b) == bench.taken(c) == []
    assert bench.ends_with("an error that may be about 2 requests")


def test_error_without_a_lane_can_be_that_of_a_response_in_progress_without_a_lane(bench: Bench) -> None:
    a, bare = bench.open("a"), bench.open()
    bench.receive(created("a"), created(), server_event("error"), server_event(DONE, "a"))
    assert bench.taken(bare) == ["created", "error"]
    assert bench.taken(a) == ["created", "completed"]


def test_error_in_a_lane_of_several_may_refuse_one_that_waits(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("a")
    bench.receive(created("a"), server_event("error", "a", error={"message": "No"}))
    assert bench.taken(a) == ["created"]
    assert bench.taken(b) == []
    assert bench.ends_with("about 2 requests, and does not say which: No")


def test_error_of_an_event_that_was_sent_is_unrouted(bench: Bench) -> None:
    bench.router.expect_refusal(OtherEvent())
    bench.receive(server_event("error"))
    a = bench.open()
    bench.receive(server_event("error"))
    assert bench.taken() == bench.taken(a) == ["error"]
    assert bench.router.close_info is None


def test_error_that_may_be_of_an_event_that_was_sent_ends_the_connection(bench: Bench) -> None:
    bench.router.expect_refusal(OtherEvent())
    a = bench.open()
    bench.receive(created(), server_event("error", error={"message": "Unknown type."}))
    assert bench.taken(a) == ["created"]
    assert bench.ends_with(
        "about 1 request or an event of send(), and does not say which: Unknown type; the request"
    )


def test_error_of_one_of_several_events_that_were_sent_is_unrouted(bench: Bench) -> None:
    bench.router.expect_refusal(OtherEvent("a"))
    bench.router.expect_refusal(OtherEvent("b"))
    bench.receive(server_event("error"))
    assert bench.taken() == ["error"]
    a = bench.open("a")
    bench.receive(server_event("error", "a"))  # it is not known which of the two was refused
    assert bench.taken(a) == []
    assert bench.ends_with("about 1 request or an event of send()")


@pytest.mark.parametrize(
    "names",
    [
        {"error": {"event_id": "e1"}},
        {"error": {"client_event_id": "e1"}},
        {"client_event_id": "e1", "message": "No"},
        {"error": {}, "response_id": "r"},
    ],
)
def test_error_that_names_what_it_is_about_ends_nothing_else(bench: Bench, names: dict[str, object]) -> None:
    first, second = bench.router.open(Request(event_id="e1")), bench.open()
    bench.receive(created(), server_event("error", **names), created(id="r2"), server_event(DONE))
    assert bench.taken(first) == ["created", "error"]
    assert bench.taken(second) == ["created", "completed"]


def test_id_of_the_error_itself_is_no_name(bench: Bench) -> None:
    bench.router.open(Request(event_id="e1"))
    bench.open()
    bench.receive(server_event("error", event_id="e1"))
    assert bench.ends_with("about 2 requests")


def failed(id: str | None, stream_id: str | None = None) -> bytes:
    return ended("failed", id, stream_id)


def test_failure_repeated_after_an_error_without_a_lane_is_not_that_of_the_next_response(
    bench: Bench,
) -> None:
    a = bench.open("a")
    bench.receive(created(), server_event("error"))
    b = bench.open("b")
    bench.receive(failed("r"), created(id="r2"), server_event(DONE))
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == ["created", "completed"]
    assert bench.taken() == ["failed"]


def test_failure_of_another_id_is_that_of_the_next_response(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("a")
    bench.receive(created("a"), server_event("error", "a", response_id="r"), failed("other", "a"))
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == ["failed"]


def test_repeated_failure_is_recognized_after_events_of_other_lanes(bench: Bench) -> None:
    a, other, b = bench.open("a"), bench.open("x"), bench.open("a")
    bench.receive(
        created("a"),
        server_event("error", "a", response_id="r"),
        created("x", id="r2"),
        server_event(DELTA, "x"),
        failed("r", "a"),
    )
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(other) == ["created", "output_text.delta"]
    assert bench.taken(b) == []
    bench.receive(failed("other", "a"))
    assert bench.taken(b) == ["failed"]


def test_failure_repeated_before_the_next_request_does_not_hide_its_failure(bench: Bench) -> None:
    bench.open("a")
    bench.receive(created("a"), server_event("error", "a", response_id="r"), failed(None, "a"))
    b = bench.open("a")
    bench.receive(failed("other", "a"))
    assert bench.taken(b) == ["failed"]


def test_failure_that_may_be_repeated_or_that_of_the_next_response_ends_the_connection(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("a")
    bench.receive(
        created("a"), server_event("error", "a", response_id="r"), server_event("response.failed", "a")
    )
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == []
    assert bench.ends_with("may be of the response that an error ended, or of the next one")


def test_failure_after_the_next_response_has_begun_is_its_own(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("a")
    bench.receive(
        created("a"), server_event("error", "a", response_id="r"), created("a", id="s"), failed(None, "a")
    )
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == ["created", "failed"]


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
