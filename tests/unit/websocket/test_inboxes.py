"""Inboxes: messages that wait to be taken, and the space that they share."""

from __future__ import annotations

import pytest

from responses_client._websocket.frames import CloseInfo
from responses_client._websocket.inboxes import Inbox, Inboxes, Message


def put(inboxes: Inboxes, inbox: Inbox, *contents: str) -> None:
    for content in contents:
        inboxes.put(inbox, Message("note", content.encode()))


def taken(inboxes: Inboxes, inbox: Inbox) -> list[str]:
    return [message.data.decode() for message in inboxes.take(inbox)]


@pytest.fixture
def inboxes() -> Inboxes:
    return Inboxes(1000)


def test_messages_are_taken_in_order(inboxes: Inboxes) -> None:
    a, b = Inbox(), Inbox()
    put(inboxes, a, "1", "2")
    put(inboxes, b, "3")
    assert (a.size, b.size, inboxes.size) == (2, 1, 3)
    assert taken(inboxes, a) == ["1", "2"]
    assert taken(inboxes, b) == ["3"]
    assert inboxes.size == 0


def test_few_messages_are_taken_at_once(inboxes: Inboxes) -> None:
    a = Inbox()
    put(inboxes, a, *["x" * 30_000] * 5)
    assert len(inboxes.take(a)) == 3
    assert a.has_news
    assert len(inboxes.take(a)) == 2
    assert not a.has_news


def test_inboxes_are_full_at_their_limit(inboxes: Inboxes) -> None:
    a = Inbox()
    put(inboxes, a, "x" * 999)
    assert not inboxes.is_full
    put(inboxes, a, "x")
    assert inboxes.is_full


def test_response_without_a_stream_shares_the_unrouted_inbox(inboxes: Inboxes) -> None:
    a = Inbox()
    a.is_unrouted = True
    put(inboxes, a, "1")
    put(inboxes, inboxes.unrouted, "2")
    assert taken(inboxes, a) == []
    assert taken(inboxes, inboxes.unrouted) == ["1", "2"]


def test_discarded_inbox_keeps_nothing(inboxes: Inboxes) -> None:
    a = Inbox()
    put(inboxes, a, "1")
    inboxes.discard(a)
    put(inboxes, a, "2")
    assert taken(inboxes, a) == []
    assert inboxes.size == 0


# When the inboxes are full


def test_messages_that_will_not_be_taken_are_discarded(inboxes: Inboxes) -> None:
    a, b = Inbox(), Inbox()
    put(inboxes, a, "1")
    put(inboxes, b, "22")
    a.is_wanted = False
    inboxes.discard_unwanted()
    assert inboxes.size == b.size == 2


def test_oldest_unrouted_messages_that_are_not_read_make_space(
    inboxes: Inboxes, caplog: pytest.LogCaptureFixture
) -> None:
    a = Inbox()
    put(inboxes, a, "event")
    put(inboxes, inboxes.unrouted, *map(str, range(9)))
    for _ in range(2):
        size = inboxes.size
        inboxes.max_bytes = size + 1
        inboxes.discard_unwanted()
        assert inboxes.size == size
        inboxes.max_bytes = size
        inboxes.discard_unwanted()
        assert inboxes.size < size
    assert caplog.messages == [
        "Discarding unrouted WebSocket events that are not read; iterate over session.events()"
    ]
    assert taken(inboxes, inboxes.unrouted) == [*map(str, range(2, 9))]
    assert taken(inboxes, a) == ["event"]
    assert inboxes.size == 0


def test_unrouted_messages_stay_if_they_make_no_space(inboxes: Inboxes) -> None:
    a = Inbox()
    put(inboxes, a, "x" * 1000)
    put(inboxes, inboxes.unrouted, "1")
    inboxes.discard_unwanted()
    assert taken(inboxes, inboxes.unrouted) == ["1"]


def test_unrouted_messages_that_are_read_wait_like_all_others(inboxes: Inboxes) -> None:
    inboxes.max_bytes = 1
    unrouted = inboxes.unrouted
    assert taken(inboxes, unrouted) == []
    put(inboxes, unrouted, "1", "2")
    inboxes.discard_unwanted()
    assert taken(inboxes, unrouted) == ["1", "2"]
    put(inboxes, unrouted, "3")
    inboxes.evict_largest()  # the reader has stopped
    put(inboxes, unrouted, "4")
    inboxes.discard_unwanted()
    assert taken(inboxes, unrouted) == []


def test_largest_inbox_is_evicted(inboxes: Inboxes) -> None:
    a, b = Inbox(), Inbox()
    put(inboxes, a, "x" * 100)
    put(inboxes, b, "1")
    inboxes.evict_largest()
    assert a.close_info == CloseInfo("100 bytes of its events waited to be read while others were waited for")
    assert taken(inboxes, a) == []
    assert taken(inboxes, b) == ["1"]
    assert inboxes.size == 0


def test_unrouted_messages_are_evicted_with_a_warning(
    inboxes: Inboxes, caplog: pytest.LogCaptureFixture
) -> None:
    put(inboxes, inboxes.unrouted, "1", "2")
    inboxes.evict_largest()
    assert caplog.messages == [
        "Discarded 2 unrouted WebSocket events that were not read in time (session.events())"
    ]
    put(inboxes, inboxes.unrouted, "3")
    assert taken(inboxes, inboxes.unrouted) == ["3"]


def test_nothing_is_evicted_if_nothing_waits(inboxes: Inboxes) -> None:
    a = Inbox()
    put(inboxes, a, "1")
    inboxes.take(a)
    inboxes.evict_largest()
    assert a.close_info is None


def test_first_reason_for_the_end_of_an_inbox_counts() -> None:
    a = Inbox()
    a.close(CloseInfo("first"))
    a.close(CloseInfo("second"))
    assert a.close_info == CloseInfo("first")
    assert a.has_news


def test_messages_are_taken_until_64_kib(inboxes: Inboxes) -> None:
    a = Inbox()
    put(inboxes, a, *["x" * 1024] * 66)
    assert [len(inboxes.take(a)) for _ in range(3)] == [64, 2, 0]


def test_warnings_are_those_of_the_package(inboxes: Inboxes, caplog: pytest.LogCaptureFixture) -> None:
    put(inboxes, inboxes.unrouted, "x" * 1000)
    inboxes.evict_largest()
    assert [record.name for record in caplog.records] == ["responses_client"]
