"""The state of a stream over several connections: each event once, and one outcome with all that came."""

from __future__ import annotations

import pickle
from collections import deque

import pytest
from numbered_events import META, numbers, state
from samples import COMPLETED, CREATED, HEL, LO, delta, event

from responses_client._base.http import ResponseMeta
from responses_client._events import stream_state as _state
from responses_client._events.resume_check import ResumeCheck
from responses_client._events.stream_state import StreamState
from responses_client.errors import StreamError, StreamInterrupted

LATER = ResponseMeta.build(
    200,
    {"x-request-id": "req_2"},
    elapsed=0,
    tries=2,
    method="GET",
    url="http://api.test/v1/responses/resp_1",
)


def reconnected(made: StreamState, *pieces: bytes, ends: bool = False) -> StreamState:
    _, number = made.position()
    assert number is not None
    made.reconnect(LATER, ResumeCheck(number, made.last_numbered))
    for data in pieces:
        made.feed(data)
    if ends:
        made.end()
    return made


WHOLE = CREATED + HEL + LO + COMPLETED
ENDS_SHORT = event("response.completed", 3, response={"id": "resp_1"})


@pytest.mark.parametrize(
    "rest",
    [[LO, COMPLETED], [LO + COMPLETED], [WHOLE], [CREATED + HEL[:9], HEL[9:] + LO[:30], LO[30:], COMPLETED]],
    ids=["event by event", "at once", "all again", "torn"],
)
def test_resumed_state_gives_each_event_once(rest: list[bytes]) -> None:
    made = reconnected(state(CREATED + HEL, LO[:40]), *rest)

    assert numbers([*made.events]) == [0, 1, 2, 3]
    assert (made.earlier_count, made.count, made.has_terminal_event) == (2, 2, True)
    snapshot = made.snapshot()
    assert snapshot is not None
    assert (snapshot.output_text, snapshot.meta) == ("Hello", LATER)


@pytest.mark.parametrize("rest", [[LO, ENDS_SHORT], [LO + ENDS_SHORT], [CREATED + HEL + LO, ENDS_SHORT]])
def test_snapshot_of_a_resumed_state_is_made_of_all_connections(rest: list[bytes]) -> None:
    made = reconnected(state(CREATED + HEL), *rest)

    snapshot = made.snapshot()
    assert snapshot is not None
    assert (snapshot.output_text, snapshot.status) == ("Hello", "completed")


def test_terminal_event_without_its_blank_line_ends_a_resumed_state() -> None:
    made = reconnected(state(CREATED + HEL), LO, ENDS_SHORT.rstrip(), ends=True)

    assert made.has_terminal_event
    snapshot = made.snapshot()
    assert snapshot is not None
    assert snapshot.output_text == "Hello"


def test_first_new_event_without_its_blank_line_counts_once() -> None:
    made = reconnected(state(CREATED + HEL), LO.rstrip(), ends=True)

    assert numbers([*made.events]) == [0, 1, 2]
    for _ in range(2):
        snapshot = made.snapshot()
        assert snapshot is not None
        assert snapshot.output_text == "Hello"


@pytest.mark.parametrize("is_last", [False, True])
def test_missing_events_are_an_interruption(is_last: bool) -> None:
    rest = delta("!", 5).rstrip() if is_last else delta("!", 5) + event("response.completed", 6)
    made = reconnected(state(CREATED + HEL), rest, ends=is_last)

    assert (made.is_out_of_sequence, made.has_ended, made.has_terminal_event, made.count) == (
        True,
        True,
        False,
        0,
    )
    error = made.failure()
    assert isinstance(error, StreamInterrupted)
    assert error.reason == "the resumed stream lacks events 2 to 4"
    assert (error.response_id, error.last_sequence_number) == ("resp_1", 1)
    assert error.partial is not None
    assert error.partial.output_text == "Hel"
    assert pickle.loads(pickle.dumps(error)).partial == error.partial


def test_error_event_ends_a_resumed_state_with_all_that_came() -> None:
    made = reconnected(state(CREATED + HEL), event("error", 2, code="server_error", message="No"))

    error = made.failure()
    assert isinstance(error, StreamError)
    assert (error.response_id, error.last_sequence_number) == ("resp_1", 2)
    assert error.partial is not None
    assert error.partial.output_text == "Hel"


def test_invalid_json_ends_a_resumed_state_after_the_earlier_events() -> None:
    made = reconnected(state(CREATED + HEL), b"data: {oops\n\n")

    error = made.failure()
    assert error is not None
    assert "not valid JSON" in str(error)


def test_event_that_is_too_large_ends_a_resumed_state() -> None:
    made = StreamState(deque(), 600, False, META)
    made.feed(CREATED)
    made.reconnect(LATER, ResumeCheck(0))
    made.feed(CREATED + b"data: " + b"x" * 700)

    assert "larger than 600 bytes" in str(made.failure())
    assert made.snapshot() is not None


def test_bytes_are_folded_right_across_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_state, "MAX_KEPT_BYTES", 500)
    made = state(CREATED)
    for number in range(1, 60):
        made.feed(delta(f"{number},", number) + delta("torn", number + 1)[:50])
        replay = b"".join(delta(f"{old},", old) for old in range(max(1, number - 3), number + 1))
        reconnected(made, CREATED[: 0 if number > 3 else None] + replay)

    snapshot = made.snapshot()
    assert snapshot is not None
    assert snapshot.output_text == "".join(f"{number}," for number in range(1, 60))


def test_resumed_state_knows_its_id_without_an_event_that_has_it() -> None:
    made = state(HEL, response_id="resp_1", resume_check=ResumeCheck(0))
    made.interrupt("reset")

    error = made.failure()
    assert isinstance(error, StreamInterrupted)
    assert (error.response_id, error.last_sequence_number) == ("resp_1", 1)
    assert error.partial is not None
    assert (error.partial.id, error.partial.output_text) == ("resp_1", "Hel")


def test_resumed_state_to_which_nothing_came_knows_where_it_is() -> None:
    made = state(response_id="resp_1", resume_check=ResumeCheck(4))
    made.end()

    error = made.failure()
    assert isinstance(error, StreamInterrupted)
    assert (error.response_id, error.last_sequence_number, error.partial) == ("resp_1", 4, None)
    assert error.reason == "the answer has no events"
