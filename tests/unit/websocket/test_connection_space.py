"""The limit for events that wait to be read: reading pauses, streams are evicted, unwanted events are discarded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fake_io import types
from fake_socket import (
    FakeSocket,
    ask,
    completed,
    connection_of,
    created,
    delta,
    held_up_streams,
    in_lane,
    session_over,
    whole,
)

from responses_client import EventStream
from responses_client._base.clock import NO_REAL_DEADLINE
from responses_client._transport.protocols import run
from responses_client._websocket.inboxes import Inbox
from responses_client.errors import StreamInterrupted


def test_reading_pauses_until_there_is_space_again(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two = held_up_streams(wire, session)
        taken: list[Any] = []

        def take() -> None:  # in the place of another thread
            assert len(wire.script) == 3
            taken.extend(next(one) for _ in range(2))

        wire.while_waiting.append(take)
        start = wire.clock.now
        assert two.get_final_response().output_text == "Two"
        assert wire.clock.now == start
        assert types(taken) == ["created", "output_text.delta"]
        assert types([next(one)]) == ["output_text.delta"]
        wire.script += [completed("xy")]
        one.until_done()


def test_stream_that_is_not_read_is_evicted_at_last(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two = held_up_streams(wire, session)
        start = wire.clock.now
        assert two.get_final_response().output_text == "Two"
        assert wire.clock.now - start == pytest.approx(30.0)
        with pytest.raises(StreamInterrupted, match="bytes of its events waited to be read while others"):
            one.until_done()


def test_stream_that_is_closed_makes_space(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two = held_up_streams(wire, session)
        wire.while_waiting.append(one.close)
        start = wire.clock.now
        assert two.get_final_response().output_text == "Two"
        assert wire.clock.now == start


@pytest.mark.parametrize("make_room", [lambda stream: next(stream), lambda stream: stream.close()])
def test_stream_that_makes_some_space_puts_off_the_eviction(
    wire: FakeSocket, make_room: Callable[[EventStream], object]
) -> None:
    wire.script += [created("rc-1")]
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        small = ask(session)
        wire.script += [created("rc-2"), delta("x" * 1800, "rc-2"), *whole("Three", "rc-3")]
        large, three = ask(session), ask(session)

        def read_late() -> None:
            wire.clock.now += 29
            make_room(small)

        wire.while_waiting.append(read_late)
        start = wire.clock.now
        assert three.get_final_response().output_text == "Three"
        assert wire.clock.now - start == pytest.approx(59.0)
        for stream in (small, large):
            stream.close()


def test_look_that_finds_nothing_does_not_put_off_the_eviction(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two = held_up_streams(wire, session)

        def look() -> None:
            wire.clock.now += 0.5
            connection_of(session).take(Inbox())

        wire.while_waiting += [look] * 40
        start = wire.clock.now
        assert two.get_final_response().output_text == "Two"
        assert wire.clock.now - start == pytest.approx(30.0)
        one.close()


def test_eviction_is_waited_for_anew_when_there_was_space_meanwhile(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two, three = ask(session), ask(session), ask(session)
        wire.script += [delta("x" * 1800, "rc-1"), delta("y" * 1800, "rc-2"), *whole("Three", "rc-3")]

        def forget() -> None:
            wire.clock.now += 20
            run(one._source.drop())

        wire.while_waiting.append(forget)
        start = wire.clock.now
        assert three.get_final_response().output_text == "Three"
        assert wire.clock.now - start == pytest.approx(50.0)
        for stream in (one, two):
            stream.close()


def test_one_stream_is_evicted_at_a_time(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two, three = ask(session), ask(session), ask(session)
        both = FakeSocket(wire.clock, delta("x" * 1900, "rc-1"), delta("y" * 1800, "rc-2"))
        wire.script += [b"".join(run(both.read(NO_REAL_DEADLINE)) or b"" for _ in range(2))]
        wire.script += whole("Three", "rc-3")
        start = wire.clock.now
        assert three.get_final_response().output_text == "Three"
        assert wire.clock.now - start == pytest.approx(60.0)
        for stream in (one, two):
            stream.close()


def test_stream_that_was_forgotten_makes_space(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two = held_up_streams(wire, session)
        with pytest.raises(StreamInterrupted):
            ask(session, deadline=1.0).until_done()
        with pytest.warns(ResourceWarning):
            del one
        start = wire.clock.now
        assert two.get_final_response().output_text == "Two"
        assert wire.clock.now == start


def test_stream_that_is_forgotten_during_the_wait_for_space_is_noticed_soon(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two = held_up_streams(wire, session)
        streams = [one]
        del one

        def forget() -> None:
            with pytest.warns(ResourceWarning):
                streams.clear()

        wire.while_waiting.append(forget)
        start = wire.clock.now
        assert two.get_final_response().output_text == "Two"
        assert wire.clock.now - start <= 0.5


def test_stream_that_is_forgotten_at_the_moment_of_eviction_is_no_error(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, two = held_up_streams(wire, session)
        source = one._source

        def forget() -> None:
            wire.clock.now += 31
            run(source.drop())

        wire.while_waiting.append(forget)
        assert two.get_final_response().output_text == "Two"
        one.close()


def test_unrouted_events_that_are_not_read_hold_up_no_stream(
    wire: FakeSocket, caplog: pytest.LogCaptureFixture
) -> None:
    notes = [in_lane("z", "note", text="n" * 500) for _ in range(20)]
    wire.script += [created(), *notes, delta("One"), completed("One")]
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        start = wire.clock.now
        assert ask(session).get_final_response().output_text == "One"
        assert wire.clock.now == start
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_wait_for_space_ends_at_the_deadline_of_the_stream(wire: FakeSocket) -> None:
    with session_over(wire, {"max_buffered_bytes": 1500}) as session:
        one, _ = held_up_streams(wire, session)
        with pytest.raises(StreamInterrupted, match="the deadline of 5 s"):
            ask(session, deadline=5.0).until_done()
        assert types([next(one)]) == ["created"]
