"""Whether the last event holds all that came before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from responses_client._events.wholeness import holds_all
from responses_client.models import OutputItem, OutputItemAdded, OutputItemDone, OutputTextAnnotationAdded
from responses_client.models._base import union_class

Wire = dict[str, Any]


def item(wire: Any) -> Any:
    return union_class(OutputItem).validate(wire)


def message(text: str = "a", **fields: Any) -> Wire:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "type": "message",
        "id": "m1",
        "role": "assistant",
        "status": "completed",
        "content": content,
        **fields,
    }


def reasoning(**fields: Any) -> Wire:
    return {"type": "reasoning", "id": "r1", "summary": [], **fields}


def call(arguments: str = "{}", **fields: Any) -> Wire:
    return {"type": "function_call", "call_id": "c1", "name": "boil", "arguments": arguments, **fields}


def added(wire: Wire) -> Any:
    return OutputItemAdded.from_dict({"type": "response.output_item.added", "output_index": 0, "item": wire})


def done(wire: Any) -> Any:
    return OutputItemDone.from_dict({"type": "response.output_item.done", "output_index": 0, "item": wire})


def kept_in(*chunks: bytes) -> Callable[[bytes, int, int | None], bool]:
    return lambda name, start, end: any(name in data for data in chunks[start:end])


CITED = {"type": "url_citation", "url": "https://tea.example/"}
ANNOTATION = OutputTextAnnotationAdded.from_dict(
    {"type": "response.output_text.annotation.added", "annotation": CITED}
)
WITH_CITATION = message(content=[{"type": "output_text", "text": "a", "annotations": [CITED]}])

CASES: dict[str, tuple[list[Any], list[Any], bytes, bool]] = {
    "nothing came": ([message()], [], b"", True),
    "the item that was done": ([message()], [added(message("")), done(message())], b"", True),
    "it with more": ([message(x=1)], [done(message())], b"", True),
    "it under another id": ([message(id="m2")], [done(message())], b"", True),
    "the call that was done": ([call()], [done(call())], b"", True),
    "not the item that was done": ([message()], [done(reasoning())], b"", False),
    "another text under another id": ([message("b", id="m2")], [done(message())], b"", False),
    "one of two": ([message()], [done(message()), done(message(id="m2"))], b"", False),
    "one of two, twice": ([message(), message()], [done(message()), done(message("b", id="m2"))], b"", False),
    "not the item that was begun": ([message()], [added(call())], b"", False),
    "less of the item": ([reasoning(content=None)], [done(reasoning(encrypted_content="x"))], b"", True),
    "null for what it had": (
        [reasoning(encrypted_content=None)],
        [done(reasoning(encrypted_content="x"))],
        b"",
        False,
    ),
    "all citations": ([WITH_CITATION], [ANNOTATION], b"", True),
    "no citation": ([message()], [ANNOTATION], b"", False),
    "no summary, and none came": ([reasoning()], [], b"response.output_text.delta", True),
    "no summary, though one came": ([reasoning()], [], b"response.reasoning_summary_text.delta", False),
    "no thoughts, though some came": ([reasoning()], [], b'"type":"reasoning_text"', False),
    "no text": ([message(content=[])], [], b"response.output_text.delta", False),
    "an empty text": ([message("")], [], b"response.output_text.delta", False),
    "a text, and no refusal": ([message()], [], b"response.output_text.delta response.refusal.delta", True),
    "no arguments": ([call("")], [], b"response.function_call_arguments.delta", False),
    "empty arguments, though some came": ([call("{}")], [], b"response.function_call_arguments.delta", False),
    "empty arguments, and none came": ([call("{}")], [done(call("{}"))], b"", True),
    "no commands": (
        [
            {
                "type": "shell_call",
                "id": "s1",
                "call_id": "c1",
                "status": "completed",
                "action": {"commands": []},
            }
        ],
        [],
        b"response.shell_call_command.delta",
        False,
    ),
    "an item that is no object": ([7], [done(message()), done(7)], b"", False),
    "nothing but an item that is no object": ([7], [done(7)], b"", True),
    "an item of another kind": ([{"type": "poem"}], [done({"type": "poem"})], b"response.output_text", True),
}


@pytest.mark.parametrize(("output", "noted", "kept", "is_whole"), CASES.values(), ids=CASES.keys())
def test_an_output_holds_all_or_not(output: list[Any], noted: list[Any], kept: bytes, is_whole: bool):
    found = holds_all([item(wire) for wire in output], [], [(one, 1) for one in noted], kept_in(kept))
    assert found is is_whole


@pytest.mark.parametrize(
    ("before", "is_whole"), [(message(), True), (message(id="m2"), True), (call(), False)]
)
def test_items_that_were_put_together_before_count(before: Wire, is_whole: bool):
    assert holds_all([item(message())], [before], [], kept_in()) is is_whole


def test_each_item_is_one_of_those_before():
    assert not holds_all([item(message())], [message()], [(done(message(id="m2")), 1)], kept_in())


NOISE = b"response.reasoning_summary_text.delta"
SPANS: dict[str, tuple[list[tuple[Any, int]], int, bool]] = {
    "within it": ([(added(reasoning()), 2), (done(reasoning()), 4)], 2, False),
    "in the chunk where it begins": ([(added(reasoning()), 2), (done(reasoning()), 4)], 1, False),
    "in the chunk where it ends": ([(added(reasoning()), 2), (done(reasoning()), 4)], 3, False),
    "before it": ([(added(reasoning()), 2), (done(reasoning()), 4)], 0, True),
    "after it": ([(added(reasoning()), 2), (done(reasoning()), 4)], 4, True),
    "before its end, and nothing began it": ([(done(reasoning()), 4)], 0, False),
    "after its beginning, and nothing ended it": ([(added(reasoning()), 2)], 4, False),
    "anywhere, under another id": ([(done(reasoning(id="r2")), 1)], 4, False),
    "anywhere, without an id": ([(done(reasoning(id="")), 1)], 4, False),
}


@pytest.mark.parametrize(("noted", "place", "is_whole"), SPANS.values(), ids=SPANS.keys())
def test_pieces_are_sought_where_the_item_was_written(noted: list[Any], place: int, is_whole: bool):
    chunks = [NOISE if number == place else b"" for number in range(5)]
    assert holds_all([item(reasoning())], [], noted, kept_in(*chunks)) is is_whole
