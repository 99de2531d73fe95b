"""Accumulation never fails, does not depend on earlier snapshots, and takes linear time."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from model_strategies import wire_of
from samples import response

from responses_client._events import pieces
from responses_client._events.accumulator import Accumulator
from responses_client.models import OutputTextDelta, Response, StreamEvent
from responses_client.models._base import OpenUnion, union_class

Wire = dict[str, Any]
UNION: type[OpenUnion] = union_class(StreamEvent)


def typed(wire: Wire) -> Any:
    model = UNION.member(wire["type"])
    assert model is not None
    return model.from_dict(wire)


def delta(text: str, **fields: Any) -> Wire:
    return {"type": "response.output_text.delta", "delta": text, **fields}


FORMS: dict[str, Callable[[int], Wire]] = {
    "usual": lambda _: delta("x", output_index=0, item_id="m1", content_index=0),
    "bare": lambda _: delta("x"),
    "other ids": lambda n: delta("x", output_index=0, item_id=f"m{n}", content_index=0),
    "other indexes": lambda n: delta("x", output_index=0, item_id="m1", content_index=n),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_thousands_of_deltas_are_copied_once(form: Callable[[int], Wire], monkeypatch: pytest.MonkeyPatch):
    copied: list[int] = []
    write = pieces.TextBuffer.__str__
    monkeypatch.setattr(pieces.TextBuffer, "__str__", lambda text: (copied.append(1), write(text))[1])
    accumulator = Accumulator()
    for start in range(0, 10_000, 1000):
        accumulator.extend([OutputTextDelta.model_validate(form(n)) for n in range(start, start + 1000)])
    assert copied == []
    snapshot = accumulator.snapshot()
    assert snapshot is not None
    assert len(snapshot.output_text) == 10_000
    assert copied == [1]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_work_grows_as_the_number_of_deltas_does(form: Callable[[int], Wire]):
    def calls(count: int) -> int:
        events = [OutputTextDelta.model_validate(form(n)) for n in range(count)]
        accumulator, seen = Accumulator(), 0

        def count_call(frame: object, kind: str, argument: object) -> None:
            nonlocal seen
            seen += 1

        former = sys.getprofile()
        sys.setprofile(count_call)
        try:
            accumulator.extend(events)
        finally:
            sys.setprofile(former)
        return seen

    calls(10)
    assert calls(2000) < 2.1 * calls(1000)


def small(wire: Wire) -> Wire:
    """Make indexes small enough to meet, ids few enough to be met again."""
    changes: Wire = {}
    for name, value in wire.items():
        if name.endswith("_index") and isinstance(value, int):
            changes[name] = value % 3 - (value % 7 == 0)
        if name == "item_id" and isinstance(value, str):
            changes[name] = f"id_{len(value) % 3}"
    return {**wire, **changes}


def streams() -> st.SearchStrategy[list[Wire]]:
    kinds = sorted(kind for kind in UNION.members if kind not in ("error", "ping", "keepalive"))
    events = st.sampled_from(kinds).flatmap(
        lambda kind: wire_of(UNION.member(kind), {"type": kind}).map(small)
    )
    return st.lists(events | events | TEXT_EVENTS, max_size=12) | st.lists(
        TEXT_EVENTS | TEXT_EVENTS | events, min_size=3, max_size=12
    )


# Events about a text that may fit each other: the few places where it can be make them meet.
PLACES = st.fixed_dictionaries(
    {},
    optional={
        "output_index": st.integers(-1, 1),
        "item_id": st.sampled_from(["id_0", "id_1"]),
        "content_index": st.integers(0, 1),
    },
)
TEXTS = st.sampled_from(["", "a", "bc", "abc", "é\U0001f600"])
PARTS = TEXTS.map(lambda text: {"type": "output_text", "text": text, "annotations": []})
MESSAGES = st.builds(
    lambda id, parts, phase: {"type": "message", "id": id, "role": "assistant", "content": parts, **phase},
    st.sampled_from(["id_0", "id_1"]),
    st.lists(PARTS, max_size=2),
    st.sampled_from([{}, {}, {"phase": "final_answer"}, {"phase": "commentary"}, {"status": "in_progress"}]),
)
TEXT_EVENTS = st.one_of(
    *(
        st.builds(
            lambda place, value, kind=kind, name=name: {"type": f"response.{kind}", **place, name: value},
            PLACES,
            values,
        )
        for kind, name, values in (
            ("output_text.delta", "delta", TEXTS),
            ("output_text.delta", "delta", TEXTS),
            ("output_text.done", "text", TEXTS),
            ("refusal.delta", "delta", TEXTS),
            ("content_part.added", "part", PARTS),
            ("content_part.done", "part", PARTS),
            ("output_item.added", "item", MESSAGES),
            ("output_item.done", "item", MESSAGES),
            (
                "completed",
                "response",
                st.lists(MESSAGES, max_size=2).map(lambda items: response(output=items)),
            ),
        )
    )
)


@given(streams())
def test_no_stream_is_too_odd_to_look_at(wire: list[Wire]):
    for count in range(len(wire) + 1):
        accumulator = Accumulator()
        accumulator.extend([typed(data) for data in wire[:count]])
        snapshot = accumulator.snapshot()
        assert snapshot is None or Response.from_json(snapshot.to_json()) == snapshot


@given(streams())
def test_looking_in_between_never_changes_the_end(wire: list[Wire]):
    once, often = Accumulator(), Accumulator()
    once.extend([typed(data) for data in wire])
    for data in wire:
        often.extend([typed(data)])
        often.snapshot()
    one, other = once.snapshot(), often.snapshot()
    event(f"text: {bool(one and one.output_text)}")
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one.to_dict() == other.to_dict()
