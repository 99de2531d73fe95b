"""Snapshots that are made from the one before are those that would be made from all events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from responses_client._events import accumulator as module
from responses_client._events.accumulator import Accumulator
from responses_client._events.growth import with_grown
from responses_client.models import Response, StreamEvent
from responses_client.models._base import OpenUnion, union_class

Wire = dict[str, Any]
UNION: type[OpenUnion] = union_class(StreamEvent)


def extend(accumulator: Accumulator, *events: Wire) -> None:
    for wire in events:
        found: Any = UNION.validate(wire)
        accumulator.extend([found])


def added(item: Wire, index: int = 0) -> Wire:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def delta(kind: str, piece: str = "x", **fields: Any) -> Wire:
    return {"type": f"response.{kind}.delta", "delta": piece, "output_index": 0, "item_id": "i_1", **fields}


def message(*parts: Wire) -> Wire:
    return {"type": "message", "id": "i_1", "role": "assistant", "content": [*parts]}


CALL = {"type": "function_call", "id": "i_1", "call_id": "call_1", "name": "f", "arguments": ""}
CUSTOM_CALL = {"type": "custom_tool_call", "id": "i_1", "call_id": "call_1", "name": "f", "input": ""}
CODE_CALL = {"type": "code_interpreter_call", "id": "i_1", "container_id": "c_1", "code": "", "outputs": []}
REASONING = {"type": "reasoning", "id": "i_1", "summary": [{"type": "summary_text", "text": ""}]}
OUTPUT_TEXT = {"type": "output_text", "text": "", "annotations": []}


@pytest.mark.parametrize(
    ("item", "wire"),
    [
        (message(OUTPUT_TEXT), delta("output_text", content_index=0)),
        (message({"type": "refusal", "refusal": ""}), delta("refusal", content_index=0)),
        (REASONING, delta("reasoning_summary_text", summary_index=0)),
        (CALL, delta("function_call_arguments")),
        (CUSTOM_CALL, delta("custom_tool_call_input")),
        (CODE_CALL, delta("code_interpreter_call_code")),
    ],
)
def test_string_that_grows_costs_no_reading_of_the_response(
    item: Wire, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    accumulator = Accumulator("resp_1")
    extend(accumulator, added(item), wire)
    before = accumulator.snapshot()
    assert before is not None
    shown = before.to_json()
    with monkeypatch.context() as patch:
        patch.setattr(Response, "from_json", None)
        for _ in range(3):
            extend(accumulator, wire)
            after = accumulator.snapshot()
    assert after is not None
    assert after.to_json() == shown.replace('"x"', '"xxxx"')
    assert type(after.output[0]) is type(before.output[0])
    assert before.to_json() == shown


def test_strings_that_grow_in_two_places_are_both_seen() -> None:
    accumulator = Accumulator("resp_1")
    extend(accumulator, added(message(OUTPUT_TEXT, OUTPUT_TEXT)))
    accumulator.snapshot()
    extend(
        accumulator, delta("output_text", "a", content_index=0), delta("output_text", "b", content_index=1)
    )
    snapshot = accumulator.snapshot()
    assert snapshot is not None
    assert snapshot.output_text == "ab"


def test_response_that_lacks_the_string_is_no_beginning() -> None:
    before = Response.from_dict({"id": "resp_1", "output": [message(OUTPUT_TEXT)]})
    other = {"type": "function_call", "arguments": "{"}
    assert with_grown(before, [other], other, "arguments") is None
    assert with_grown(before, [other, other], other, "arguments") is None
    assert with_grown(before, [], other, "arguments") is None
    assert with_grown(before, [["x"]], ["x"], 0) is None


INDEX = st.integers(0, 1)
ITEMS = [
    message(),
    message(OUTPUT_TEXT),
    message({"type": "output_text", "text": 7}),
    CALL,
    REASONING,
    {},
    {"type": "odd"},
]
PIECE = st.sampled_from(["a", "é", "\U0001f600", '{"', ""])


@st.composite
def events(draw: st.DrawFn) -> Wire:
    index = draw(INDEX)
    item_id = draw(st.sampled_from([f"i_{index}", "i_1", None]))
    place: Wire = {
        "output_index": index,
        "item_id": item_id,
        "content_index": draw(INDEX),
        "summary_index": draw(INDEX),
    }
    kind = draw(
        st.sampled_from(
            ["output_text"] * 6 + ["refusal", "function_call_arguments", "reasoning_summary_text"]
        )
    )
    match draw(st.integers(0, 9)):
        case 0:
            return added({**draw(st.sampled_from(ITEMS)), "id": f"i_{index}"}, index)
        case 1:
            part = draw(
                st.sampled_from([OUTPUT_TEXT, {"type": "refusal", "refusal": ""}, 5, {"type": "odd"}])
            )
            return {"type": "response.content_part.added", "part": part, **place}
        case 2:
            return {
                "type": f"response.{kind}.done",
                "text": "abc",
                "arguments": "{}",
                "refusal": "no",
                **place,
            }
        case 3:
            return {
                "type": "response.in_progress",
                "response": {"id": "resp_1", "output": draw(st.sampled_from([[], [CALL]]))},
            }
        case _:
            return delta(kind, draw(PIECE), **place)


@given(st.lists(events(), max_size=14))
def test_any_snapshot_is_that_of_all_events_so_far(wires: list[Wire]) -> None:
    often = Accumulator()
    grown: list[bool] = []
    with pytest.MonkeyPatch.context() as patch:

        def watched(*arguments: Any) -> Response | None:
            found = with_grown(*arguments)
            grown.append(found is not None)
            return found

        patch.setattr(module, "with_grown", watched)
        for count, wire in enumerate(wires, 1):
            extend(often, wire)
            once = Accumulator()
            extend(once, *wires[:count])
            one, other = once.snapshot(), often.snapshot()
            assert (one and one.to_json()) == (other and other.to_json())
            assert one is None or other is None or one == other
    event(f"grown: {min(grown.count(True), 3)}, not: {min(grown.count(False), 3)}")
