"""The check of resumed streams: the new events, and the reasons why a stream cannot be resumed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numbered_events import begin, end, numbers, piece

from responses_client._events.resume_check import ResumeCheck
from responses_client.models import (
    ErrorEvent,
    ImageGenerationCallPartialImage,
    Keepalive,
    OutputTextDelta,
    Response,
    ResponseCreated,
    StreamEvent,
    UnknownEvent,
)

CONTINUED: dict[str, tuple[list[StreamEvent], list[int | None]]] = {
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


@pytest.mark.parametrize(("events", "new"), CONTINUED.values(), ids=CONTINUED)
@pytest.mark.parametrize("size", [1, 2, 9])
def test_events_after_the_last_one_are_new(
    events: list[StreamEvent], new: list[int | None], size: int
) -> None:
    resume_check = ResumeCheck(2, piece(2))
    taken: list[StreamEvent] = []
    for start in range(0, len(events), size):
        batch = events[start : start + size]
        taken += resume_check.take(batch)

    assert numbers(taken) == new
    assert (resume_check.problem, resume_check.has_new) == (None, bool(new))


PROBLEMS: dict[str, tuple[list[StreamEvent], str]] = {
    "one is missing": ([piece(4)], "the resumed stream lacks event 3"),
    "some are missing": ([begin(0), piece(7)], "the resumed stream lacks events 3 to 6"),
    "the end is missing some": ([end(5)], "the resumed stream lacks events 3 to 4"),
    "another count, to the end": (
        [piece(0), end(1)],
        "the server ended the resumed stream with event 1, expected one after 2",
    ),
    "another count, by the text": (
        [piece(0), piece(1), piece(2, "other"), piece(3)],
        "the server renumbered its events: event 2 differs from the earlier one",
    ),
    "another count, by the kind": (
        [begin(2), piece(3)],
        "the server renumbered its events: event 2 differs from the earlier one",
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


@pytest.mark.parametrize(("events", "problem"), PROBLEMS.values(), ids=PROBLEMS)
def test_events_that_cannot_follow_the_last_one_are_a_problem(
    events: list[StreamEvent], problem: str
) -> None:
    resume_check = ResumeCheck(2, piece(2))

    assert resume_check.take(events) == []
    assert (resume_check.problem, resume_check.has_new) == (problem, False)


@pytest.mark.parametrize(
    ("later", "problem"),
    [
        (piece(7), "the resumed stream lacks events 4 to 6"),
        (piece(3, "other"), "the server renumbered its events: event 3 differs from the earlier one"),
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
def test_no_event_comes_twice_and_none_is_lost_from_any_first_event(
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


def test_events_of_another_response_are_a_problem_also_among_those_of_before() -> None:
    check = ResumeCheck(3, response_id="resp_2")

    assert check.take([begin(0), piece(4)]) == []
    assert check.problem == "the server sent another response, 'resp_1', in place of 'resp_2'"


def test_response_without_an_id_may_be_the_same() -> None:
    check = ResumeCheck(0, response_id="resp_2")
    unnamed = ResponseCreated(response=Response(id=""), sequence_number=1)

    assert check.take([unnamed]) == [unnamed]
    assert check.problem is None
