"""Going on with a stream: which events are new, which request is sent, what a token says."""

from __future__ import annotations

import json
import pickle
from collections import deque
from typing import Any

import pytest
from fake_io import call as created
from hypothesis import given
from hypothesis import strategies as st
from samples import COMPLETED, CREATED, HEL, KEY, LO, delta, event, response

from responses_client._base.http import ResponseMeta
from responses_client._calls.endpoints import RESPONSES_RETRIEVE
from responses_client._calls.request import Call, prepare
from responses_client._calls.settings import Settings
from responses_client._events import stream_state as _state
from responses_client._events.resume_check import ResumeCheck
from responses_client._events.stream_state import StreamState
from responses_client._streaming.resumption import can_resume, check_token, make_token, resume_call
from responses_client.errors import RequestValidationError, StreamError, StreamInterrupted
from responses_client.models import (
    ErrorEvent,
    ImageGenerationCallPartialImage,
    Keepalive,
    OutputTextDelta,
    Response,
    ResponseCompleted,
    ResponseCreated,
    StreamEvent,
    StreamOptions,
    UnknownEvent,
)

META = ResponseMeta.build(
    200, {}, elapsed=0, tries=1, method="GET", url="http://api.test/v1/responses/resp_1"
)
LATER = ResponseMeta.build(
    200,
    {"x-request-id": "req_2"},
    elapsed=0,
    tries=2,
    method="GET",
    url="http://api.test/v1/responses/resp_1",
)


def piece(number: int | None, text: str = "a") -> OutputTextDelta:
    return OutputTextDelta(delta=text, sequence_number=number)


def end(number: int | None) -> ResponseCompleted:
    return ResponseCompleted(response=Response(id="resp_1"), sequence_number=number)


def begin(number: int | None) -> ResponseCreated:
    return ResponseCreated(response=Response(id="resp_1"), sequence_number=number)


def numbers(events: list[StreamEvent]) -> list[int | None]:
    return [one.sequence_number for one in events]


# --- what is new

HELD: dict[str, tuple[list[StreamEvent], list[int | None]]] = {
    "goes on": ([piece(3), piece(4)], [3, 4]),
    "starts from the first": ([begin(0), piece(1), piece(2), piece(3), end(4)], [3, 4]),
    "repeats the last": ([piece(2), piece(3)], [3]),
    "only repeats": ([begin(0), piece(1)], []),
    "a ping first": ([Keepalive(), piece(3), Keepalive()], [3, None]),
    "an unknown ping first": ([UnknownEvent(type="codex.rate_limits"), piece(3)], [3]),
    "ends at once": ([end(3)], [3]),
    "an end without a number": ([piece(2), end(None)], [None]),
    "an error": ([ErrorEvent(message="No", sequence_number=0)], [0]),
    "an error without a number": ([ErrorEvent(message="No")], [None]),
    "a numbered ping": ([Keepalive(sequence_number=3), piece(4)], [3, 4]),
    "repeats later on": ([piece(3), piece(4), piece(4), piece(3), piece(5)], [3, 4, 5]),
    "no number later on": ([piece(3), piece(None), piece(4)], [3, None, 4]),
    "nothing": ([], []),
}


@pytest.mark.parametrize(("events", "new"), HELD.values(), ids=HELD)
@pytest.mark.parametrize("size", [1, 2, 9])
def test_what_follows_the_last_event_is_new(
    events: list[StreamEvent], new: list[int | None], size: int
) -> None:
    resume_check = ResumeCheck(2, piece(2))
    taken: list[StreamEvent] = []
    for start in range(0, len(events), size):
        batch = events[start : start + size]
        taken += resume_check.take(batch)

    assert numbers(taken) == new
    assert (resume_check.problem, resume_check.has_new) == (None, bool(new))


ASTRAY: dict[str, tuple[list[StreamEvent], str]] = {
    "one is missing": ([piece(4)], "the resumed stream lacks event 3"),
    "some are missing": ([begin(0), piece(7)], "the resumed stream lacks events 3 to 6"),
    "the end is missing some": ([end(5)], "the resumed stream lacks events 3 to 4"),
    "another count, to the end": (
        [piece(0), end(1)],
        "the server ended the resumed stream with event 1, expected one after 2",
    ),
    "another count, by the text": (
        [piece(0), piece(1), piece(2, "other"), piece(3)],
        "the server numbered its events anew: event 2 is not the one of before",
    ),
    "another count, by the kind": (
        [begin(2), piece(3)],
        "the server numbered its events anew: event 2 is not the one of before",
    ),
    "no number": (
        [piece(None)],
        "an event without a number came (response.output_text.delta), which may be a repetition",
    ),
    "no number, not in the snapshot": (
        [ImageGenerationCallPartialImage(partial_image_b64="aaaa")],
        "an event without a number came (response.image_generation_call.partial_image), which may be a repetition",
    ),
    "no number, unknown": (
        [UnknownEvent(type="response.poem.delta")],
        "an event without a number came (response.poem.delta), which may be a repetition",
    ),
}


@pytest.mark.parametrize(("events", "problem"), ASTRAY.values(), ids=ASTRAY)
def test_what_cannot_follow_the_last_event_is_a_problem(events: list[StreamEvent], problem: str) -> None:
    resume_check = ResumeCheck(2, piece(2))

    assert resume_check.take(events) == []
    assert (resume_check.problem, resume_check.has_new) == (problem, False)


@pytest.mark.parametrize(
    ("later", "problem"),
    [
        (piece(7), "the resumed stream lacks events 4 to 6"),
        (piece(3, "other"), "the server numbered its events anew: event 3 is not the one of before"),
    ],
)
def test_order_is_checked_to_the_end(later: StreamEvent, problem: str) -> None:
    resume_check = ResumeCheck(2, piece(2))

    assert numbers(resume_check.take([piece(3), later, piece(4)])) == [3]
    assert resume_check.problem == problem


def test_without_the_last_event_its_number_is_trusted() -> None:
    assert numbers(ResumeCheck(2).take([piece(2, "other"), piece(3)])) == [3]


def test_padding_and_ids_of_an_event_may_differ_when_it_comes_again() -> None:
    last = OutputTextDelta(delta="a", sequence_number=2, item_id="msg_1", obfuscation="xy")
    again = OutputTextDelta(delta="a", sequence_number=2, item_id="msg_2", obfuscation="z")

    assert numbers(ResumeCheck(2, last).take([again, piece(3)])) == [3]


@given(st.integers(0, 9), st.integers(0, 10), st.lists(st.integers(1, 4), max_size=10))
def test_no_event_comes_twice_and_none_is_lost_wherever_a_server_starts(
    after: int, first: int, sizes: list[int]
) -> None:
    resume_check, events = ResumeCheck(after, piece(after)), [piece(number) for number in range(first, 20)]
    taken: list[StreamEvent] = []
    for size in [*sizes, 20]:
        batch, events = events[:size], events[size:]
        taken += resume_check.take(batch)

    if first > after + 1:
        assert resume_check.problem is not None
        assert not resume_check.has_new
    else:
        assert numbers(taken) == [*range(after + 1, 20)]


# --- the request


def retrieved(response_id: str = "resp_1", **params: Any) -> Call[Response]:
    settings = Settings(api_key=KEY, base_url="http://api.test/v1")
    return prepare(RESPONSES_RETRIEVE, {"stream": True, **params}, settings, (response_id,))


def background(**params: Any) -> Call[Response]:
    return created({"background": True, "stream": True, **params})


def test_next_request_asks_for_the_events_after_the_last() -> None:
    call = resume_call(background(), "resp_1", 7)

    assert call is not None
    assert (call.request.method, call.request.content) == ("GET", b"")
    assert call.request.url == "http://api.test/v1/responses/resp_1?stream=true&starting_after=7"
    assert call.request.headers["Accept"] == "text/event-stream"
    assert call.request.headers["Idempotency-Key"] is None


def test_options_of_the_first_request_are_those_of_the_next() -> None:
    first = background(
        extra_headers={"X-Team": "tea", "idempotency-key": "one", "X-Off": None},
        extra_query={"api-version": "preview", "starting_after": 1, "stream": "no"},
        extra_body={"flavour": "oolong"},
        idempotency_key="two",
        include=["message.output_text.logprobs"],
        stream_options={"include_obfuscation": False},
        timeout=7.0,
        deadline=60,
        max_retries=5,
    )
    call = resume_call(first, "resp_1", 7)

    assert call is not None
    for again in (call, resume_call(call, "resp_1", 7)):
        assert again is not None
        assert again.request.url == (
            "http://api.test/v1/responses/resp_1?include%5B%5D=message.output_text.logprobs&include_obfuscation=false"
            "&stream=true&starting_after=7&api-version=preview"
        )
        assert again.request.headers["X-Team"] == "tea"
        assert again.request.headers["X-Off"] is None
        assert {k.lower(): v for k, v in again.request.headers.items()}["idempotency-key"] is None
        assert again.request.content == b""
        assert again.request.timeouts.read == 7.0
        assert again.settings == first.settings
        assert (again.settings.deadline, again.settings.max_retries) == (60, 5)


def test_stream_options_may_be_an_object() -> None:
    call = resume_call(background(stream_options=StreamOptions(include_obfuscation=False)), "resp_1", 0)

    assert call is not None
    assert "include_obfuscation=false" in call.request.url


def test_retrieved_stream_goes_on_as_it_was_retrieved() -> None:
    call = resume_call(retrieved(starting_after=3, include_obfuscation=False), "resp_other", 7)

    assert call is not None
    assert call.request.url.endswith("/resp_1?include_obfuscation=false&stream=true&starting_after=7")


@pytest.mark.parametrize(
    "call",
    [created({"stream": True}), background(store=False), created({"stream": True, "background": None})],
    ids=["in the foreground", "not stored", "null"],
)
def test_stream_that_the_server_does_not_keep_is_not_gone_on_with(call: Call[Response]) -> None:
    assert not can_resume(call)
    assert resume_call(call, "resp_1", 7) is None


def test_background_among_extra_fields_counts() -> None:
    assert can_resume(created({"stream": True, "extra_body": {"background": True}}))
    assert not can_resume(background(extra_body={"store": False}))


@pytest.mark.parametrize(
    ("response_id", "number"), [(None, 7), ("resp_1", None), ("", 7), ("..", 7), ("resp_1", -1)]
)
def test_without_a_usable_id_and_number_there_is_no_next_request(
    response_id: str | None, number: int | None
) -> None:
    assert resume_call(background(), response_id, number) is None


def test_repr_of_a_call_shows_no_secret() -> None:
    call = resume_call(background(extra_headers={"X-Api-Key": "hunter2"}), "resp_1", 7)

    assert "hunter2" not in repr(call)
    assert repr(call).startswith("<responses.retrieve: <GET http://api.test/v1/responses/resp_1")


# --- tokens


def state(*pieces: bytes, **options: Any) -> StreamState:
    made = StreamState(deque(), 2**20, False, META, **options)
    for data in pieces:
        made.feed(data)
    return made


def token(made: StreamState | None, *unread: StreamEvent, call: Call[Response] | None = None) -> Any:
    return make_token(background() if call is None else call, made, unread)


def test_token_tells_the_last_event_that_was_read() -> None:
    made = state(CREATED + HEL, LO)

    assert token(made) == {"response_id": "resp_1", "sequence_number": 2}
    assert token(made, piece(2)) == {"response_id": "resp_1", "sequence_number": 1}
    assert token(made, Keepalive(), piece(1), piece(2)) == {"response_id": "resp_1", "sequence_number": 0}
    assert token(made, Keepalive()) == {"response_id": "resp_1", "sequence_number": 2}
    assert json.loads(json.dumps(token(made))) == token(made)


NONE: dict[str, tuple[StreamState | None, list[StreamEvent], Call[Response] | None]] = {
    "not open": (None, [], None),
    "nothing came": (state(), [], None),
    "nothing was read": (state(CREATED), [begin(0)], None),
    "no id": (state(HEL), [], None),
    "no numbers": (state(event("response.created", response=response("in_progress"))), [], None),
    "some without a number": (state(CREATED, event("response.output_text.delta", delta="a"), LO), [], None),
    "the same number again": (state(CREATED, HEL, HEL), [], None),
    "the same number in a chunk": (state(CREATED, HEL + HEL), [], None),
    "all was read": (state(CREATED, COMPLETED), [], None),
    "not kept by the server": (state(CREATED, HEL), [], created({"stream": True})),
}


@pytest.mark.parametrize(("made", "unread", "call"), NONE.values(), ids=NONE)
def test_there_is_no_token_where_nobody_can_go_on(
    made: StreamState | None, unread: list[StreamEvent], call: Call[Response] | None
) -> None:
    assert token(made, *unread, call=call) is None


def test_token_of_a_retrieved_stream_is_there_from_the_start() -> None:
    call = retrieved(starting_after=3)

    assert token(None, call=call) == {"response_id": "resp_1", "sequence_number": 3}
    assert token(None, call=retrieved()) is None
    begun = state(response_id="resp_1", resume_check=ResumeCheck(3))
    assert token(begun, call=call) == {"response_id": "resp_1", "sequence_number": 3}


def test_end_that_is_still_to_be_read_leaves_a_token() -> None:
    assert token(state(CREATED + HEL + LO + COMPLETED), end(3)) == {
        "response_id": "resp_1",
        "sequence_number": 2,
    }


def test_pings_without_a_number_do_not_count() -> None:
    made = state(CREATED, event("ping"), HEL, event("codex.rate_limits"))

    assert token(made) == {"response_id": "resp_1", "sequence_number": 1}


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (None, "token"),
        ("resp_1", "token"),
        ({}, "token.response_id"),
        ({"response_id": 5, "sequence_number": 1}, "token.response_id"),
        ({"response_id": "resp_1"}, "token.sequence_number"),
        ({"response_id": "resp_1", "sequence_number": -1}, "token.sequence_number"),
        ({"response_id": "resp_1", "sequence_number": True}, "token.sequence_number"),
        ({"response_id": "resp_1", "sequence_number": "1"}, "token.sequence_number"),
    ],
)
def test_value_that_is_not_a_token_is_refused(value: object, path: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        check_token(value)

    assert caught.value.path == path


def test_other_keys_of_a_token_are_left_out() -> None:
    value = {"response_id": "resp_1", "sequence_number": 0}

    assert check_token({**value, "user": "u"}) == value


# --- the state of a stream over several connections


def gone_on(made: StreamState, *pieces: bytes, ends: bool = False) -> StreamState:
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
    made = gone_on(state(CREATED + HEL, LO[:40]), *rest)

    assert numbers([*made.events]) == [0, 1, 2, 3]
    assert (made.earlier_count, made.count, made.has_terminal_event) == (2, 2, True)
    snapshot = made.snapshot()
    assert snapshot is not None
    assert (snapshot.output_text, snapshot.meta) == ("Hello", LATER)


@pytest.mark.parametrize("rest", [[LO, ENDS_SHORT], [LO + ENDS_SHORT], [CREATED + HEL + LO, ENDS_SHORT]])
def test_snapshot_of_a_resumed_state_is_made_of_all_connections(rest: list[bytes]) -> None:
    made = gone_on(state(CREATED + HEL), *rest)

    snapshot = made.snapshot()
    assert snapshot is not None
    assert (snapshot.output_text, snapshot.status) == ("Hello", "completed")


def test_terminal_event_without_its_blank_line_ends_a_resumed_state() -> None:
    made = gone_on(state(CREATED + HEL), LO, ENDS_SHORT.rstrip(), ends=True)

    assert made.has_terminal_event
    snapshot = made.snapshot()
    assert snapshot is not None
    assert snapshot.output_text == "Hello"


def test_first_new_event_without_its_blank_line_counts_once() -> None:
    made = gone_on(state(CREATED + HEL), LO.rstrip(), ends=True)

    assert numbers([*made.events]) == [0, 1, 2]
    for _ in range(2):
        snapshot = made.snapshot()
        assert snapshot is not None
        assert snapshot.output_text == "Hello"


@pytest.mark.parametrize("is_last", [False, True])
def test_missing_events_are_an_interruption(is_last: bool) -> None:
    rest = delta("!", 5).rstrip() if is_last else delta("!", 5) + event("response.completed", 6)
    made = gone_on(state(CREATED + HEL), rest, ends=is_last)

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
    made = gone_on(state(CREATED + HEL), event("error", 2, code="server_error", message="No"))

    error = made.failure()
    assert isinstance(error, StreamError)
    assert (error.response_id, error.last_sequence_number) == ("resp_1", 2)
    assert error.partial is not None
    assert error.partial.output_text == "Hel"


def test_what_is_no_event_ends_a_resumed_state_with_all_that_came() -> None:
    made = gone_on(state(CREATED + HEL), b"data: {oops\n\n")

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
        gone_on(made, CREATED[: 0 if number > 3 else None] + replay)

    snapshot = made.snapshot()
    assert snapshot is not None
    assert snapshot.output_text == "".join(f"{number}," for number in range(1, 60))


def test_resumed_state_knows_its_id_without_an_event_that_tells_it() -> None:
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
