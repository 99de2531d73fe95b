"""Which message of a WebSocket belongs to which response."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses_client._base.redaction import Redactor
from responses_client._websocket.frames import CloseInfo
from responses_client._websocket.routing import Inbox, Router


def wire(kind: str | None, stream_id: str | None = None, **fields: Any) -> bytes:
    """A message of the server."""
    named = {} if stream_id is None else {"stream_id": stream_id}
    typed = {} if kind is None else {"type": kind}
    return json.dumps({**typed, **named, **fields}).encode()


def created(stream_id: str | None = None, parent: str | None = None) -> bytes:
    return wire("response.created", stream_id, response={"id": "r", "previous_response_id": parent})


def steer(
    what: str, stream_id: str | None = None, *, id: str | None = "steer_1", parent: str = "r1"
) -> bytes:
    return wire(f"response.steer.{what}", stream_id, steer={"id": id, "previous_response_id": parent})


DELTA, DONE = "response.output_text.delta", "response.completed"


class Bench:
    """A state and what it gave."""

    def __init__(self, *, strict: bool = False) -> None:
        self.router = Router(strict=strict)

    def receive(self, *messages: bytes) -> None:
        for message in messages:
            self.router.receive(message)

    def open(self, stream_id: str | None = None, parent: str | None = None) -> Inbox:
        return self.router.open(stream_id, parent)

    def taken(self, inbox: Inbox | None = None) -> list[str]:
        """The types of what an inbox holds; by default that of the unrouted."""
        return [m.type.removeprefix("response.") for m in self.router.take(inbox or self.router.unrouted)]

    @property
    def reason(self) -> str | None:
        return self.router.close_info and self.router.close_info.reason


@pytest.fixture
def bench() -> Bench:
    return Bench()


# Lanes


def test_events_go_where_they_say(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(created("b"), created("a"), wire(DELTA, "b"), wire(DONE, "b"), wire(DONE, "a"))
    assert bench.taken(a) == ["created", "completed"]
    assert bench.taken(b) == ["created", "output_text.delta", "completed"]
    assert bench.router.size == 0


def test_responses_of_one_lane_follow_each_other(bench: Bench) -> None:
    first, second = bench.open("a"), bench.open("a")
    bench.receive(created("a"), wire(DONE, "a"), created("a"), wire(DELTA, "a"), wire("error", "a"))
    assert bench.taken(first) == ["created", "completed"]
    assert bench.taken(second) == ["created", "output_text.delta", "error"]


def test_event_of_a_lane_that_nobody_asked_for_is_a_stray(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(wire(DELTA, "z"), created("a"), wire(DONE, "a"), wire("response.late", "a"))
    assert bench.taken() == ["output_text.delta", "late"]
    assert bench.taken(a) == ["created", "completed"]


def test_server_without_lanes_works_off_responses_in_order(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(created(), wire(DELTA), wire(DONE), created(), wire(DONE), wire(DELTA))
    assert bench.taken(a) == ["created", "output_text.delta", "completed"]
    assert bench.taken(b) == ["created", "completed"]
    assert bench.taken() == ["output_text.delta"]


def test_lane_without_a_name_is_one_among_others(bench: Bench) -> None:
    named, bare = bench.open("a"), bench.open()
    bench.receive(created("a"), created(), wire(DELTA), wire(DONE, "a"), wire(DONE))
    assert bench.taken(named) == ["created", "completed"]
    assert bench.taken(bare) == ["created", "output_text.delta", "completed"]


def test_event_without_a_lane_is_a_stray_where_the_server_names_lanes(bench: Bench) -> None:
    a, _ = bench.open("a"), bench.open("b")
    bench.receive(created("a"), wire("response.news"), wire(DONE, "a"))
    assert bench.taken(a) == ["created", "completed"]
    assert bench.taken() == ["news"]


def test_news_before_the_first_event_are_no_first_event(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(wire("session.news"), created("a"), wire(DONE, "a"))
    assert bench.taken(a) == ["session.news", "created", "completed"]


def test_lane_that_is_no_text_counts_as_none(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(b'{"type": "response.created", "stream_id": 5, "response": "r"}')
    assert bench.taken(a) == ["created"]


def test_interleaving_without_names_ends_the_connection_and_mixes_nothing_up(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(created(), wire(DELTA), created(), wire(DELTA), wire(DONE))
    assert bench.taken(a) == ["created", "output_text.delta"]
    assert bench.taken(b) == []
    assert bench.reason is not None
    assert "does not say which of several responses" in bench.reason
    assert a.close_info == b.close_info == bench.router.close_info


def test_response_that_begins_in_place_of_another_interrupts_that(bench: Bench) -> None:
    first, second = bench.open("a"), bench.open("a")
    bench.receive(created("a"), wire(DELTA, "a"), created("a"), wire(DONE, "a"))
    assert first.close_info == CloseInfo("another response began in its place")
    assert bench.taken(first) == ["created", "output_text.delta"]
    assert bench.taken(second) == ["created", "completed"]
    assert bench.router.close_info is None


def test_same_holds_for_the_lane_without_a_name_where_the_server_names_lanes(bench: Bench) -> None:
    named, first, second = bench.open("a"), bench.open(), bench.open()
    bench.receive(created("a"), created(), created(), wire(DONE), wire(DONE, "a"))
    assert first.close_info == CloseInfo("another response began in its place")
    assert bench.taken(second) == bench.taken(named) == ["created", "completed"]


def test_names_that_are_made_up_are_free(bench: Bench) -> None:
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
        events = [created(lane), *(wire(kind, lane, n=number) for kind in kinds), wire(DONE, lane)]
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
        found = [json.loads(message.data) for message in bench.router.take(inbox)]
        assert [each["type"] for each in found] == ["response.created", *body, DONE]
        assert {each["n"] for each in found[1:-1]} <= {number}
    assert bench.taken() == []
    assert bench.router.size == 0


# Errors


def test_error_that_names_its_lane_is_that_of_its_response(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(wire("error", "a"), created("b"), wire(DONE, "b"))
    assert bench.taken(a) == ["error"]
    assert bench.taken(b) == ["created", "completed"]


@pytest.mark.parametrize("kind", ["error", None])
def test_error_without_a_lane_is_that_of_the_one_response_in_flight(bench: Bench, kind: str | None) -> None:
    a = bench.open("a")
    bench.receive(created(), wire(kind, error={"message": "No"}), wire(DELTA, "a"))
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken() == ["output_text.delta"]
    assert bench.router.close_info is None


def test_error_without_a_lane_ends_all_responses_in_flight_and_the_connection(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(created(), wire("error", error={"message": "Time is up."}), wire(DELTA, "a"))
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == ["error"]
    assert bench.reason == "the server reported an error that names no response: Time is up"


def test_error_of_the_connection_ends_all_responses_where_the_server_names_lanes(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    error = {"code": "websocket_connection_limit_reached", "message": "Time is up."}
    bench.receive(created("a"), created("b"), wire("error", error=error))
    assert bench.taken(a) == bench.taken(b) == ["created", "error"]
    assert bench.reason == "the server reported an error that names no response: Time is up"


def test_error_without_a_lane_harms_no_response_that_has_begun_where_the_server_names_lanes(
    bench: Bench,
) -> None:
    a = bench.open("a")
    bench.receive(created("a"), wire("error", error={"message": "unknown event"}), wire(DONE, "a"))
    assert bench.taken(a) == ["created", "completed"]
    assert bench.taken() == ["error"]


def test_error_without_a_lane_refuses_the_request_that_has_not_begun(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(created("a"), wire("error", error={"message": "No"}), wire(DONE, "a"))
    assert bench.taken(a) == ["created", "completed"]
    assert bench.taken(b) == ["error"]
    assert bench.router.close_info is None


def test_error_without_a_lane_that_may_refuse_several_requests_ends_the_connection(bench: Bench) -> None:
    a, b, c = bench.open("a"), bench.open("b"), bench.open("c")
    bench.receive(created("a"), wire("error", error={"message": "No"}))
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == bench.taken(c) == ["error"]
    assert bench.reason is not None


def failed(id: str | None, stream_id: str | None = None) -> bytes:
    return wire("response.failed", stream_id, response={"id": id})


def test_failure_told_after_an_error_without_a_lane_is_not_that_of_the_next_response(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(created(), wire("error"))
    b = bench.open("b")
    bench.receive(failed("r"), created(), wire(DONE))
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == ["created", "completed"]
    assert bench.taken() == ["failed"]


def test_failure_of_another_id_is_that_of_the_next_response(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("a")
    bench.receive(created("a"), wire("error", "a"), failed("other", "a"))
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == ["failed"]


def test_failure_told_once_more_is_known_after_events_of_other_lanes(bench: Bench) -> None:
    a, other, b = bench.open("a"), bench.open("x"), bench.open("a")
    bench.receive(created("a"), wire("error", "a"), created("x"), wire(DELTA, "x"), failed(None, "a"))
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(other) == ["created", "output_text.delta"]
    assert bench.taken(b) == []
    bench.receive(failed(None, "a"))
    assert bench.taken(b) == ["failed"]


def test_failure_told_once_more_while_nothing_is_asked_for_says_nothing_of_what_comes(bench: Bench) -> None:
    bench.open("a")
    bench.receive(created("a"), wire("error", "a"), failed("r", "a"))
    b = bench.open("a")
    bench.receive(failed(None, "a"))
    assert bench.taken(b) == ["failed"]


SECRET = "0f1e2d3c4b5a6978"


def test_errors_do_not_repeat_keys() -> None:
    router = Router(strict=False, redactor=Redactor([SECRET]))
    a, b = router.open("a", None), router.open("b", None)
    router.receive(wire(DELTA, "a", delta=SECRET))
    router.receive(wire("response.failed", "b", response={"error": {"message": SECRET}}))
    c = router.open("c", None)
    router.receive(
        wire("error", error={"message": f"Wrong key: {'x' * 180} {SECRET}", "code": "websocket_x"})
    )
    assert SECRET in str(router.take(a)[0].data)  # what the model says is left as it is
    for inbox in (a, b, c):
        assert SECRET not in str(router.take(inbox))
    assert router.close_info is not None
    assert SECRET[:6] not in router.close_info.reason


@pytest.mark.parametrize("strict", [False, True])
def test_messages_that_cannot_be_read_do_not_repeat_keys(strict: bool) -> None:
    router = Router(strict=strict, redactor=Redactor([SECRET]))
    a = router.open("a", None)
    router.receive(json.dumps([SECRET]).encode() if strict else SECRET.encode() + b"{")
    assert [b"***" in message.data for message in router.take(a)] == [True]


def test_error_without_a_lane_and_response_is_a_stray(bench: Bench) -> None:
    bench.receive(wire("error"))
    assert bench.taken() == ["error"]
    assert bench.router.close_info is None


def test_failure_told_after_an_error_is_not_that_of_the_next_response(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("a")
    bench.receive(
        created("a"), wire("error", "a"), wire("response.failed", "a"), created("a"), wire(DONE, "a")
    )
    assert bench.taken(a) == ["created", "error"]
    assert bench.taken(b) == ["created", "completed"]
    assert bench.taken() == ["failed"]


def test_response_that_fails_at_once_is_told_so(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(wire("response.failed", "a"))
    assert bench.taken(a) == ["failed"]


@pytest.mark.parametrize("data", [b"{", b"\xff", b'{"a": "\xed\xa0\x80"'])
def test_what_is_no_json_is_told_to_all_and_ends_the_connection(bench: Bench, data: bytes) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(created("a"), data)
    assert bench.taken(a) == ["created", ""]
    assert [message.data for message in bench.router.take(b)] == [data]
    assert bench.reason == "the server sent a message that is not valid JSON"


@pytest.mark.parametrize("data", [b"", b" ", b"[DONE]"])
def test_what_says_nothing_is_passed_over(bench: Bench, data: bytes) -> None:
    bench.receive(data)
    assert bench.taken() == []
    assert bench.router.close_info is None


def test_json_that_is_no_object_is_passed_over_and_logged(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    a = bench.open("a")
    bench.receive(b"[1]")
    assert bench.taken(a) == []
    assert caplog.messages == ["Ignored a WebSocket message that is not a JSON object but list"]


def test_json_that_is_no_object_ends_the_connection_in_strict_mode() -> None:
    bench = Bench(strict=True)
    a = bench.open("a")
    bench.receive(b"[1]")
    assert bench.taken(a) == [""]
    assert bench.reason == "the server sent JSON that is not an object"


def test_what_is_no_text_is_mended_quietly(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    a = bench.open("a")
    with caplog.at_level(logging.WARNING):
        bench.receive(b'{"type": "response.created", "stream_id": "a", "x": "\\ud800"}')
    assert bench.taken(a) == ["created"]
    assert caplog.messages == []


# Inboxes


def test_response_that_nobody_wants_keeps_its_place(bench: Bench) -> None:
    first, second = bench.open("a"), bench.open("a")
    bench.receive(created("a"))
    bench.router.discard(first)
    bench.receive(wire(DELTA, "a"), wire(DONE, "a"), created("a"), wire(DONE, "a"))
    assert bench.taken(first) == []
    assert bench.taken(second) == ["created", "completed"]
    assert bench.router.size == 0


def test_few_messages_are_taken_at_once(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(*[wire(DELTA, "a", delta="x" * 30_000)] * 5)
    assert len(bench.router.take(a)) == 3
    assert a.has_news
    assert len(bench.router.take(a)) == 2
    assert not a.has_news


def test_raw_responses_are_read_with_the_strays(bench: Bench) -> None:
    bench.router.open_unrouted(None, None)
    a = bench.open("a")
    bench.receive(created(), wire(DELTA), created("a"), wire(DONE), wire(DELTA, "a"))
    assert bench.taken() == ["created", "output_text.delta", "completed"]
    assert bench.taken(a) == ["created", "output_text.delta"]


def test_fullest_inbox_is_given_up(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(wire(DELTA, "a", delta="x" * 100), wire(DELTA, "b"))
    size = a.size
    bench.router.evict_largest()
    assert a.close_info == CloseInfo(
        f"{size} bytes of its events waited to be read while others were waited for"
    )
    assert bench.taken(a) == []
    assert bench.taken(b) == ["output_text.delta"]
    assert bench.router.size == 0


def test_strays_are_thrown_away_with_a_warning(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.receive(wire("response.new"), wire("response.new"))
    bench.router.evict_largest()
    assert caplog.messages == [
        "Discarded 2 unrouted WebSocket events that were not read in time (session.events())"
    ]
    bench.receive(wire("response.newer"))
    assert bench.taken() == ["newer"]


def test_what_nobody_will_take_is_swept_out(bench: Bench) -> None:
    a, b = bench.open("a"), bench.open("b")
    bench.receive(wire(DELTA, "a"), wire(DELTA, "b"))
    a.is_wanted = False
    bench.router.discard_unwanted(1000)
    assert bench.router.size == b.size > 0


def test_oldest_strays_that_nobody_reads_make_room(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    a = bench.open("a")
    bench.receive(wire(DELTA, "a"), *[wire("note", "z", n=number) for number in range(9)])
    for _ in range(2):
        room = bench.router.size
        bench.router.discard_unwanted(room + 1)
        assert bench.router.size == room
        bench.router.discard_unwanted(room)
        assert bench.router.size < room
    assert len(caplog.messages) == 1
    assert "unrouted WebSocket events that are not read" in caplog.text
    assert [json.loads(message.data)["n"] for message in bench.router.take(bench.router.unrouted)] == [
        *range(2, 9)
    ]
    assert bench.taken(a) == ["output_text.delta"]
    assert bench.router.size == 0


def test_strays_stay_where_they_make_no_room(bench: Bench) -> None:
    a = bench.open("a")
    bench.receive(wire(DELTA, "a"), wire("note", "z"))
    bench.router.discard_unwanted(a.size)
    assert bench.taken() == ["note"]


def test_strays_that_somebody_reads_wait_like_all_others(bench: Bench) -> None:
    assert bench.taken() == []
    bench.receive(wire("note"), wire("note"))
    bench.router.discard_unwanted(1)
    assert bench.taken() == ["note", "note"]
    bench.receive(wire("note"))
    bench.router.evict_largest()  # nobody did for long
    bench.receive(wire("note"))
    bench.router.discard_unwanted(1)
    assert bench.taken() == []


def test_nothing_is_given_up_where_nothing_waits(bench: Bench) -> None:
    a = bench.open("a")
    bench.router.evict_largest()
    assert a.close_info is None


def test_end_is_told_to_all_once(bench: Bench) -> None:
    a, done = bench.open("a"), bench.open("b")
    steered = bench.router.steer("r1")
    bench.receive(created("b"), wire(DONE, "b"))
    gone = CloseInfo("gone")
    bench.router.close(gone)
    bench.router.close(CloseInfo("later"))
    assert (
        bench.router.close_info
        is a.close_info
        is steered.inbox.close_info
        is bench.router.unrouted.close_info
        is gone
    )
    assert done.close_info == CloseInfo("its last event cannot be read")


# Steering


def test_steering_is_told_what_became_of_it_and_gets_its_successor(bench: Bench) -> None:
    first = bench.open("a")
    steered = bench.router.steer("r1")
    bench.receive(created("a"), steer("accepted", "a"), wire("response.incomplete", "a"))
    assert bench.taken(steered.inbox) == ["steer.accepted"]
    bench.receive(created("a", "r1"), wire(DELTA, "a"), wire(DONE, "a"))
    assert bench.taken(first) == ["created", "incomplete"]
    assert steered.successor is not None
    assert steered.inbox.has_news
    assert bench.taken(steered.successor) == ["created", "output_text.delta", "completed"]
    assert bench.taken() == []


def test_successor_comes_before_what_waits_in_its_lane(bench: Bench) -> None:
    bench.open("a")
    queued = bench.open("a", "other")
    steered = bench.router.steer("r1")
    bench.receive(steer("accepted", "a"), created("a"), wire(DONE, "a"), created("a", "r1"), wire(DONE, "a"))
    bench.receive(created("a", "other"), wire(DONE, "a"))
    assert steered.successor is not None
    assert bench.taken(steered.successor) == bench.taken(queued) == ["created", "completed"]


def test_request_that_brings_what_was_required_is_no_successor(bench: Bench) -> None:
    bench.open("a")
    steered = bench.router.steer("r1")
    bench.receive(steer("accepted", "a"), created("a"), wire(DONE, "a"), steer("pending", "a"))
    explicit = bench.open("a", "r1")
    bench.receive(created("a", "r1"), wire(DONE, "a"))
    assert bench.taken(explicit) == ["created", "completed"]
    assert bench.taken(steered.inbox) == ["steer.accepted", "steer.pending"]
    assert steered.successor is None
    bench.receive(steer("failed", "a"))
    assert bench.taken() == ["steer.failed"]


def test_steering_that_waits_for_the_user_leads_to_nothing_by_itself(bench: Bench) -> None:
    bench.open("a")
    steered = bench.router.steer("r1")
    bench.receive(created("a"), steer("accepted", "a"), wire(DONE, "a"), steer("pending", "a"), created("a"))
    assert steered.successor is None
    assert bench.taken() == ["created"]


def test_steering_that_nobody_asks_about_keeps_the_answers_of_others_apart(bench: Bench) -> None:
    first = bench.open("a")
    given_up, kept = bench.router.steer("r1"), bench.router.steer("r1")
    bench.router.abandon_steer(given_up)
    bench.receive(created("a"), steer("accepted", "a", id="s1"), steer("failed", "a", id="s2"))
    assert bench.taken(kept.inbox) == ["steer.failed"]
    queued = bench.open("a")
    bench.receive(wire(DONE, "a"), created("a", "r1"), wire(DONE, "a"), created("a"), wire(DONE, "a"))
    assert bench.taken(first) == bench.taken(queued) == ["created", "completed"]
    assert bench.taken() == []
    assert bench.router.size == 0


def test_steering_that_nobody_asks_about_is_forgotten_where_no_answer_comes(bench: Bench) -> None:
    kept = bench.router.steer("r1")
    for _ in range(100):
        bench.router.abandon_steer(bench.router.steer("r1"))
    assert len(bench.router._steers) == 33
    assert bench.router._steers[0] is kept


def test_several_submissions_share_a_successor(bench: Bench) -> None:
    bench.open("a")
    one, two, late = bench.router.steer("r1"), bench.router.steer("r1"), bench.router.steer("r1")
    bench.receive(steer("accepted", "a", id="s1"), steer("accepted", "a", id="s2"))
    bench.receive(created("a"), wire(DONE, "a"), created("a", "r1"))
    assert one.successor is two.successor is not None
    assert late.successor is None


def test_refused_submissions_are_told_in_the_order_of_sending(bench: Bench) -> None:
    other, one, two = bench.router.steer("r2"), bench.router.steer("r1"), bench.router.steer("r1")
    bench.receive(steer("failed", id=None), steer("accepted", "a", id="s2"), steer("failed", id="s2"))
    assert bench.taken(one.inbox) == ["steer.failed"]
    assert bench.taken(two.inbox) == ["steer.accepted", "steer.failed"]
    assert bench.taken(other.inbox) == []


def test_news_of_steering_by_hand_are_strays(bench: Bench) -> None:
    bench.receive(steer("accepted"), wire("response.steer.failed"))
    assert bench.taken() == ["steer.accepted", "steer.failed"]


def test_response_of_another_lane_is_no_successor(bench: Bench) -> None:
    bench.open("a")
    steered = bench.router.steer("r1")
    fork = bench.open("b", "r1")
    bench.receive(created("a"), steer("accepted", "a"), created("b", "r1"), wire(DONE, "b"), wire(DONE, "a"))
    assert bench.taken(fork) == ["created", "completed"]
    assert steered.successor is None
    bench.receive(created("a", "r1"))
    assert steered.successor is not None


def test_successor_of_a_server_that_tells_little_is_known_by_its_lane(bench: Bench) -> None:
    bench.open("a")
    steered = bench.router.steer("r1")
    bench.receive(created("a"), steer("accepted", "a"), wire(DONE, "a"), created("a"))
    assert steered.successor is not None
    assert bench.taken(steered.successor) == ["created"]


def test_successor_of_a_server_without_lanes_comes_first(bench: Bench) -> None:
    bench.open("a")
    steered = bench.router.steer("r1")
    queued = bench.open("b", "x")
    bench.receive(created(), steer("accepted"), wire(DONE), created(None, "r1"), wire(DELTA), wire(DONE))
    assert steered.successor is not None
    assert bench.taken(steered.successor) == ["created", "output_text.delta", "completed"]
    assert bench.taken(queued) == []


def test_response_that_nobody_asked_for_is_a_stray(bench: Bench) -> None:
    bench.router.steer("r1")
    bench.receive(created("a", "r1"))  # the submission was not accepted
    assert bench.taken() == ["created"]
