"""Outstanding requests and events of a WebSocket, and those that an error can be about."""

from __future__ import annotations

import pytest

from responses_client._websocket.inboxes import Inbox
from responses_client._websocket.outstanding import (
    ErrorNames,
    OtherEvent,
    Outstanding,
    Request,
    Steer,
    Subject,
    listed,
)

NO_NAMES = ErrorNames()


@pytest.fixture
def sent() -> Outstanding:
    """Nothing that was sent."""
    return Outstanding()


def begun(sent: Outstanding, response_id: str, stream_id: str | None = None) -> Inbox:
    """A response in progress."""
    inbox = sent.add_request(Request(stream_id))
    inbox.is_started, inbox.response_id = True, response_id
    return inbox


def steered(sent: Outstanding, response_id: str | None, event_id: str | None = None) -> Steer:
    """A steer without an answer."""
    steer = Steer(response_id, event_id=event_id)
    sent.add_steer(steer)
    return steer


def subjects(sent: Outstanding, names: ErrorNames = NO_NAMES, *, names_lanes: bool = False) -> list[Subject]:
    return sent.subjects(names, names_lanes=names_lanes)


# Errors without names


def test_error_can_be_about_everything_that_is_outstanding(sent: Outstanding) -> None:
    one, two = begun(sent, "r1"), sent.add_request(Request())
    steer = steered(sent, "r1")
    sent.add_other(OtherEvent("a"))
    assert subjects(sent) == [one, two, steer, OtherEvent("a")]
    sent.clear()
    assert subjects(sent) == [OtherEvent("a")]


def test_nothing_is_outstanding_when_all_has_ended(sent: Outstanding) -> None:
    sent.remove_request(begun(sent, "r1"))
    sent.add_other(OtherEvent())
    sent.settle_other(OtherEvent())
    assert subjects(sent) == []


def test_other_events_are_counted(sent: Outstanding) -> None:
    for _ in range(3):
        sent.add_other(OtherEvent())
    for _ in range(3):
        assert subjects(sent) == [OtherEvent()]
        sent.settle_other(OtherEvent())
    assert subjects(sent) == []


def test_server_that_names_lanes_would_name_that_of_a_response_in_progress(sent: Outstanding) -> None:
    begun(sent, "r1", "a")
    bare, waiting = begun(sent, "r2"), sent.add_request(Request("a"))
    assert subjects(sent, names_lanes=True) == [bare, waiting]


def test_accepted_steer_is_no_subject_until_its_response_has_ended(sent: Outstanding) -> None:
    inbox, steer = begun(sent, "r1"), steered(sent, "r1")
    steer.is_accepted = True
    assert subjects(sent) == [inbox]
    sent.remove_request(inbox)
    assert subjects(sent) == [steer]


# Names


def test_lane_of_an_error_decides(sent: Outstanding) -> None:
    one, two, other = begun(sent, "r1", "a"), sent.add_request(Request("a")), begun(sent, "r2", "b")
    of_one, of_any = steered(sent, "r1"), steered(sent, "r9")
    sent.add_other(OtherEvent())
    sent.add_other(OtherEvent("a"))
    assert subjects(sent, ErrorNames("a")) == [one, two, of_one, of_any, OtherEvent("a")]
    assert subjects(sent, ErrorNames("b")) == [other, of_any]


def test_response_of_an_error_decides(sent: Outstanding) -> None:
    one, _, waiting = begun(sent, "r1"), begun(sent, "r2"), sent.add_request(Request())
    steer = steered(sent, "r1")
    assert subjects(sent, ErrorNames(response_id="r1")) == [one, steer]
    assert subjects(sent, ErrorNames(response_id="r3")) == [waiting, steer]


def test_response_of_an_error_excludes_no_other_event(sent: Outstanding) -> None:
    one = begun(sent, "r1")
    sent.add_other(OtherEvent())  # it may be to cancel the response
    assert subjects(sent, ErrorNames(response_id="r1")) == [one, OtherEvent()]


def test_event_id_of_an_error_decides_alone(sent: Outstanding) -> None:
    request, _ = sent.add_request(Request(event_id="e1")), sent.add_request(Request())
    steer, other = steered(sent, "r1", "e2"), OtherEvent(event_id="e3")
    sent.add_other(other)
    found = [subjects(sent, ErrorNames(event_id=f"e{number}")) for number in (1, 2, 3)]
    assert found == [[request], [steer], [other]]
    assert len(subjects(sent, ErrorNames(event_id="unknown"))) == 4
    sent.settle_other(other)
    assert len(subjects(sent, ErrorNames(event_id="e3"))) == 3


def test_other_events_of_an_id_are_known_though_an_error_without_it_came(sent: Outstanding) -> None:
    other = OtherEvent(event_id="e1")
    sent.add_other(other)
    sent.settle_other(OtherEvent())
    assert subjects(sent) == []
    assert subjects(sent, ErrorNames(event_id="e1")) == [other]
    sent.settle_other(other)
    assert subjects(sent, ErrorNames(event_id="e1")) == []


# Steers


def test_lane_of_a_steer_is_that_of_its_response(sent: Outstanding) -> None:
    begun(sent, "r1", "a")
    assert steered(sent, "r1").stream_id == "a"
    assert steered(sent, "r2").stream_id is None
    assert steered(sent, None).stream_id is None


def test_successor_of_steers_without_readers_has_no_stream(sent: Outstanding) -> None:
    raw, read = Steer("r1", is_unrouted=True), Steer("r1")
    for steers, is_unrouted in (([raw], True), ([raw, read], False)):
        for steer in steers:
            sent.add_steer(steer)
        sent.add_successor(steers, None)
        assert steers[0].successor is not None
        assert steers[0].successor.is_unrouted is is_unrouted
    assert sent.steers == []


def test_steers_that_nobody_waits_for_are_forgotten_but_may_be_refused(sent: Outstanding) -> None:
    for number in range(40):
        sent.add_steer(Steer(f"r{number}", is_unrouted=True))
    assert len(sent.steers) == 32
    assert sent.others == {None: 8}


# Messages


@pytest.mark.parametrize(
    ("subjects", "text"),
    [
        ([Inbox()], "1 request"),
        ([Inbox(), Inbox(), Steer("r1")], "2 requests or 1 steering input"),
        ([Steer("r1"), Steer("r1"), OtherEvent(), OtherEvent()], "2 steering inputs or an event of send()"),
    ],
)
def test_subjects_are_counted_by_kind(subjects: list[Subject], text: str) -> None:
    assert listed(subjects) == text
