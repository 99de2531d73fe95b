"""Which steer a message of a WebSocket belongs to, and which response is a successor."""

from __future__ import annotations

from routing_bench import DELTA, DONE, Bench, created, server_event


def steer(
    what: str, stream_id: str | None = None, *, id: str | None = "steer_1", parent: str = "r1"
) -> bytes:
    return server_event(f"response.steer.{what}", stream_id, steer={"id": id, "previous_response_id": parent})


def test_steer_receives_its_events_and_its_successor(bench: Bench) -> None:
    first = bench.open("a")
    steered = bench.router.steer("r1")
    bench.receive(created("a"), steer("accepted", "a"), server_event("response.incomplete", "a"))
    assert bench.taken(steered.inbox) == ["steer.accepted"]
    bench.receive(created("a", "r1"), server_event(DELTA, "a"), server_event(DONE, "a"))
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
        steer("accepted", "a"),
        created("a"),
        server_event(DONE, "a"),
        created("a", "r1"),
        server_event(DONE, "a"),
    )
    bench.receive(created("a", "other"), server_event(DONE, "a"))
    assert steered.successor is not None
    assert bench.taken(steered.successor) == bench.taken(queued) == ["created", "completed"]


def test_request_that_brings_what_was_required_is_no_successor(bench: Bench) -> None:
    bench.open("a")
    steered = bench.router.steer("r1")
    bench.receive(steer("accepted", "a"), created("a"), server_event(DONE, "a"), steer("pending", "a"))
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
    bench.receive(created("a"), steer("accepted", "a", id="s1"), steer("failed", "a", id="s2"))
    assert bench.taken(kept.inbox) == ["steer.failed"]
    queued = bench.open("a")
    bench.receive(
        server_event(DONE, "a"),
        created("a", "r1"),
        server_event(DONE, "a"),
        created("a"),
        server_event(DONE, "a"),
    )
    assert bench.taken(first) == bench.taken(queued) == ["created", "completed"]
    assert bench.taken() == []
    assert bench.inboxes.size == 0


def test_abandoned_steers_without_an_answer_are_forgotten(bench: Bench) -> None:
    kept = bench.router.steer("r1")
    for _ in range(100):
        bench.router.abandon_steer(bench.router.steer("r1"))
    assert len(bench.router._steers) == 33
    assert bench.router._steers[0] is kept


def test_several_steers_share_a_successor(bench: Bench) -> None:
    bench.open("a")
    one, two, late = bench.router.steer("r1"), bench.router.steer("r1"), bench.router.steer("r1")
    bench.receive(steer("accepted", "a", id="s1"), steer("accepted", "a", id="s2"))
    bench.receive(created("a"), server_event(DONE, "a"), created("a", "r1"))
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
    bench.receive(created("a"), steer("accepted", "a"), server_event(DONE, "a"), created("a"))
    assert steered.successor is not None
    assert bench.taken(steered.successor) == ["created"]


def test_successor_of_a_server_without_lanes_comes_first(bench: Bench) -> None:
    bench.open("a")
    steered = bench.router.steer("r1")
    queued = bench.open("b", "x")
    bench.receive(
        created(),
        steer("accepted"),
        server_event(DONE),
        created(None, "r1"),
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
