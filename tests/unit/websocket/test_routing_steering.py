"""Which steer a message of a WebSocket belongs to, and which response is a successor."""

from __future__ import annotations

import pytest
from routing_bench import DELTA, DONE, Bench, created, server_event

from responses_client._websocket.outstanding import Request


def steer(
    what: str, stream_id: str | None = None, *, id: str | None = "steer_1", parent: str = "r1"
) -> bytes:
    return server_event(f"response.steer.{what}", stream_id, steer={"id": id, "previous_response_id": parent})


def test_steer_receives_its_events_and_its_successor(bench: Bench) -> None:
    first = bench.open("a")
    steered = bench.router.steer("r1")
    bench.receive(created("a", id="r1"), steer("accepted", "a"), server_event("response.incomplete", "a"))
    assert bench.taken(steered.inbox) == ["steer.accepted"]
    bench.receive(created("a", "r1", id="r2"), server_event(DELTA, "a"), server_event(DONE, "a"))
    assert bench.taken(first) == ["created", "incomplete"]
    assert steered.successor is not None
    assert steered.inbox.has_news
    assert bench.taken(steered.successor) == ["created", "output_text.delta", "completed"]
    assert bench.taken() == []


def test_successor_comes_before_what_waits_in_its_lane(bench: Bench) -> None:
    bench.open("a")
    queued = bench.open("a", "other")
    steered = bench.router.steer("r1")
    bench.receive(
        created("a", id="r1"),
        steer("accepted", "a"),
        server_event(DONE, "a"),
        created("a", "r1"),
        server_event(DONE, "a"),
    )
    bench.receive(created("a", "other", id="r2"), server_event(DONE, "a"))
    assert steered.successor is not None
    assert bench.taken(steered.successor) == bench.taken(queued) == ["created", "completed"]


def test_request_that_brings_what_was_required_is_no_successor(bench: Bench) -> None:
    bench.open("a")
    steered = bench.router.steer("r1")
    bench.receive(
        created("a", id="r1"), steer("accepted", "a"), server_event(DONE, "a"), steer("pending", "a")
    )
    explicit = bench.open("a", "r1")
    bench.receive(created("a", "r1"), server_event(DONE, "a"))
    assert bench.taken(explicit) == ["created", "completed"]
    assert bench.taken(steered.inbox) == ["steer.accepted", "steer.pending"]
    assert steered.successor is None
    bench.receive(steer("failed", "a"))
    assert bench.taken() == ["steer.failed"]


def test_pending_steer_has_no_successor(bench: Bench) -> None:
    bench.open("a")
    steered = bench.router.steer("r1")
    bench.receive(
        created("a"), steer("accepted", "a"), server_event(DONE, "a"), steer("pending", "a"), created("a")
    )
    assert steered.successor is None
    assert bench.taken() == ["created"]


def test_abandoned_steer_keeps_its_events_from_others(bench: Bench) -> None:
    first = bench.open("a")
    given_up, kept = bench.router.steer("r1"), bench.router.steer("r1")
    bench.router.abandon_steer(given_up)
    bench.receive(created("a", id="r1"), steer("accepted", "a", id="s1"), steer("failed", "a", id="s2"))
    assert bench.taken(kept.inbox) == ["steer.failed"]
    queued = bench.open("a")
    bench.receive(
        server_event(DONE, "a"),
        created("a", "r1", id="r2"),
        server_event(DONE, "a"),
        created("a", id="r3"),
        server_event(DONE, "a"),
    )
    assert bench.taken(first) == bench.taken(queued) == ["created", "completed"]
    assert bench.taken() == []
    assert bench.inboxes.size == 0


def test_abandoned_steers_without_an_answer_are_forgotten(bench: Bench) -> None:
    kept = bench.router.steer("r1")
    for _ in range(100):
        bench.router.abandon_steer(bench.router.steer("r1"))
    assert len(bench.router._sent.steers) == 33
    assert bench.router._sent.steers[0] is kept


def test_several_steers_share_a_successor(bench: Bench) -> None:
    bench.open("a")
    one, two, late = bench.router.steer("r1"), bench.router.steer("r1"), bench.router.steer("r1")
    bench.receive(created("a", id="r1"), steer("accepted", "a", id="s1"), steer("accepted", "a", id="s2"))
    bench.receive(server_event(DONE, "a"), created("a", "r1"))
    assert one.successor is two.successor is not None
    assert late.successor is None


def test_steers_are_answered_in_the_order_of_sending(bench: Bench) -> None:
    other, one, two = bench.router.steer("r2"), bench.router.steer("r1"), bench.router.steer("r1")
    bench.receive(steer("failed", id=None), steer("accepted", "a", id="s2"), steer("failed", id="s2"))
    assert bench.taken(one.inbox) == ["steer.failed"]
    assert bench.taken(two.inbox) == ["steer.accepted", "steer.failed"]
    assert bench.taken(other.inbox) == []


def test_events_about_steering_with_send_are_unrouted(bench: Bench) -> None:
    bench.receive(steer("accepted"), server_event("response.steer.failed"))
    assert bench.taken() == ["steer.accepted", "steer.failed"]


def test_response_of_another_lane_is_no_successor(bench: Bench) -> None:
    bench.open("a")
    steered = bench.router.steer("r1")
    fork = bench.open("b", "r1")
    bench.receive(
        created("a"),
        steer("accepted", "a"),
        created("b", "r1"),
        server_event(DONE, "b"),
        server_event(DONE, "a"),
    )
    assert bench.taken(fork) == ["created", "completed"]
    assert steered.successor is None
    bench.receive(created("a", "r1"))
    assert steered.successor is not None


def test_successor_without_a_parent_is_recognized_by_its_lane(bench: Bench) -> None:
    bench.open("a")
    steered = bench.router.steer("r1")
    bench.receive(
        created("a", id="r1"), steer("accepted", "a"), server_event(DONE, "a"), created("a", id="r2")
    )
    assert steered.successor is not None
    assert bench.taken(steered.successor) == ["created"]


def test_successor_of_a_server_without_lanes_comes_first(bench: Bench) -> None:
    bench.open("a")
    steered = bench.router.steer("r1")
    queued = bench.open("b", "x")
    bench.receive(
        created(id="r1"),
        steer("accepted"),
        server_event(DONE),
        created(None, "r1", id="r2"),
        server_event(DELTA),
        server_event(DONE),
    )
    assert steered.successor is not None
    assert bench.taken(steered.successor) == ["created", "output_text.delta", "completed"]
    assert bench.taken(queued) == []


def test_response_that_was_not_requested_is_unrouted(bench: Bench) -> None:
    bench.router.steer("r1")
    bench.receive(created("a", "r1"))  # the submission was not accepted
    assert bench.taken() == ["created"]


def test_response_that_a_request_or_a_steer_can_have_caused_ends_the_connection(bench: Bench) -> None:
    bench.open()
    steered = bench.steer("r1")
    bench.receive(created(id="r1"), steer("accepted"), server_event(DONE))
    queued = bench.open(None, "r1")
    bench.receive(created(None, "r1", id="r2"))
    assert bench.taken(queued) == []
    assert steered.successor is None
    assert bench.ends_with("may begin the answer to a request, or continue from steering input")


def test_response_without_a_parent_may_be_a_successor_or_the_next_one(bench: Bench) -> None:
    bench.open()
    bench.steer("r1")
    bench.receive(created(id="r1"), steer("accepted"), server_event(DONE))
    queued = bench.open()
    bench.receive(created(id="r2"))
    assert bench.taken(queued) == []
    assert bench.ends_with("may begin the answer to a request")


def test_response_without_a_parent_may_continue_several_that_were_steered(bench: Bench) -> None:
    one, two = bench.steer("r1"), bench.steer("r2")
    bench.receive(steer("accepted", id="s1"), steer("accepted", id="s2", parent="r2"), created())
    assert one.successor is two.successor is None
    assert bench.ends_with("does not say which of several steered responses it continues")


def test_response_that_continues_a_steered_one_is_not_that_of_a_request_that_does_not(bench: Bench) -> None:
    bench.open()
    bench.steer("r1")
    queued = bench.open()
    bench.receive(created(id="r1"), server_event(DONE), created(None, "r1", id="r2"))
    assert bench.taken(queued) == []
    assert bench.ends_with("continues r1")


def test_request_is_answered_before_a_steer_that_came_after_it(bench: Bench) -> None:
    first, second = bench.open(), bench.open()
    bench.receive(created(id="r1"))
    steered = bench.steer("r1")
    bench.receive(server_event(DONE), created(id="r2"), server_event(DONE), steer("failed", id=None))
    assert bench.taken(first) == bench.taken(second) == ["created", "completed"]
    assert bench.taken(steered.inbox) == ["steer.failed"]


def test_successor_with_the_id_of_the_steered_response_ends_the_connection(bench: Bench) -> None:
    bench.router.open(Request("rc-1", has_own_lane=True))
    bench.steer("r1")
    bench.receive(created("rc-1", id="r1"), steer("accepted", "rc-1"), server_event(DONE, "rc-1"))
    bench.receive(created("rc-1", id="r1"))
    assert bench.ends_with("is of response r1, which has ended")


@pytest.mark.parametrize("has_ended", [True, False])
def test_steer_of_an_id_that_several_responses_have_ends_the_connection(
    bench: Bench, has_ended: bool
) -> None:
    for name in ("rc-1", "rc-2"):
        bench.router.open(Request(name, has_own_lane=True))
    bench.receive(created("rc-1", id="r1"))
    if has_ended:
        bench.receive(server_event(DONE, "rc-1"))
    bench.receive(created("rc-2", id="r1"))
    steered = bench.steer("r1")
    bench.receive(steer("accepted", "rc-2"))
    assert bench.taken(steered.inbox) == []
    assert bench.ends_with("is about response r1, and several have this id")


def test_successor_interrupts_a_response_that_has_not_ended(bench: Bench) -> None:
    first = bench.open()
    steered = bench.steer("r1")
    bench.receive(created(id="r1"), steer("accepted"), created(None, "r1", id="r2"), server_event(DONE))
    assert bench.taken(first) == ["created"]
    assert first.close_info is not None
    assert first.close_info.reason == "another response began in its place"
    assert steered.successor is not None
    assert bench.taken(steered.successor) == ["created", "completed"]


def test_successor_of_a_steer_without_a_reader_is_unrouted(bench: Bench) -> None:
    bench.open()
    bench.router.steer("r1", is_unrouted=True)
    queued = bench.open()
    bench.receive(created(id="r1"), steer("accepted"), server_event(DONE))
    bench.receive(created(None, "r1", id="r2"), server_event(DONE), created(id="r3"), server_event(DONE))
    assert bench.taken() == ["steer.accepted", "created", "completed"]
    assert bench.taken(queued) == ["created", "completed"]


def test_error_about_a_steer_is_given_to_it(bench: Bench) -> None:
    steered = bench.steer("r1")
    bench.receive(server_event("error"), server_event("error"))
    assert bench.taken(steered.inbox) == bench.taken() == ["error"]


@pytest.mark.parametrize("lane", ["a", None])
def test_error_that_may_be_about_a_steer_or_its_response_ends_the_connection(
    bench: Bench, lane: str | None
) -> None:
    first = bench.open(lane)
    bench.receive(created(lane, id="r1"))
    steered = bench.steer("r1")
    bench.receive(server_event("error", lane, error={"message": "No"}))
    assert bench.taken(first) == ["created"]
    assert bench.taken(steered.inbox) == []
    assert steered.inbox.close_info is not None
    assert bench.ends_with("about 1 request or 1 steering input, and does not say which: No; the request")


def test_event_about_a_steer_that_names_nothing_is_that_of_the_only_one(bench: Bench) -> None:
    steered = bench.steer("r1")
    bench.receive(server_event("response.steer.failed"), server_event("response.steer.failed"))
    assert bench.taken(steered.inbox) == bench.taken() == ["steer.failed"]


def test_event_about_a_steer_that_names_nothing_is_that_of_the_first_of_a_response(bench: Bench) -> None:
    one, two = bench.steer("r1"), bench.steer("r1")
    bench.receive(server_event("response.steer.failed"), server_event("response.steer.accepted"))
    assert bench.taken(one.inbox) == ["steer.failed"]
    assert bench.taken(two.inbox) == ["steer.accepted"]


def test_event_about_a_steer_that_may_be_about_several_responses_ends_the_connection(bench: Bench) -> None:
    one, two = bench.steer("r1"), bench.steer("r2")
    bench.receive(server_event("response.steer.failed"))
    assert bench.taken(one.inbox) == bench.taken(two.inbox) == []
    assert bench.ends_with("does not say which of 2 steering inputs it is about")


def test_steer_keeps_its_lane_though_an_event_about_it_names_none(bench: Bench) -> None:
    bench.open("a")
    bench.receive(created("a", id="r1"))
    steered = bench.steer("r1")
    bench.receive(steer("accepted"), server_event(DONE, "a"), created("a", "r1", id="r2"))
    assert bench.reason is None
    assert steered.successor is not None
    assert bench.taken(steered.successor) == ["created"]


def test_successor_of_two_steers_is_wanted_if_one_of_them_is(bench: Bench) -> None:
    bench.open("a")
    bench.receive(created("a", id="r1"))
    kept, left = bench.steer("r1"), bench.steer("r1")
    bench.receive(steer("accepted", "a"), steer("accepted", "a", id="steer_2"), server_event(DONE, "a"))
    bench.router.abandon_steer(left)
    bench.receive(created("a", "r1", id="r2"), server_event(DELTA, "a"))
    assert kept.successor is not None
    assert bench.taken(kept.successor) == ["created", "output_text.delta"]


def test_error_that_names_an_unknown_event_may_be_about_a_successor(bench: Bench) -> None:
    bench.open("a")
    bench.receive(created("a", id="r1"))
    steered = bench.steer("r1")
    bench.receive(steer("accepted", "a"), server_event(DONE, "a"), created("a", "r1", id="r2"))
    bench.receive(server_event("error", "a", error={"message": "No", "event_id": "event_9"}))
    assert steered.successor is not None
    assert bench.taken(steered.successor) == ["created", "error"]
