"""Any response, its events in any legal order, and any known deviation of a server: the snapshot is the response."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from hypothesis import given
from hypothesis import strategies as st
from made_items import GROWN_TYPES, Events, Wire, emptied, items
from numbered_events import state
from samples import event

MISTAKES = {
    "added whole": "a call has all arguments when it is announced, and pieces repeat them",
    "added in part": "a call has the first of its arguments when it is announced, and pieces continue them",
    "added again": "an item is announced several times",
    "annotations at 0": "all annotations have the same index",
    "empty ends": "the end of a string, a part or an item says nothing",
    "no added": "items are not announced",
    "no ends": "strings and parts have no end",
    "no ids": "items have no ids, and events do not name them",
    "no index": "events have no `output_index`",
    "no item_id": "the events of parts do not name their item",
    "no parts": "parts are not announced",
    "other ids": "each event has another id",
    "same index": "items share an index",
}
EXCLUDED = [
    {"other ids", "added again"},
    {"other ids", "no ids"},
    {"no ids", "same index"},
    {"no ids", "no index", "added again"},
    {"no added", "same index"},
    {"no added", "added again"},
    {"no added", "added in part"},
    {"no parts", "empty ends"},
    {"no index", "same index"},
]
"""Mistakes of which nobody could make sense together."""
ENDS = ("whole", "none", "null", "empty", "partial", "emptied", "twice", "more", "short before null")
"""How the output of the last event may be; `none` is a stream that breaks off."""
TEXTS = ("text", "refusal", "arguments", "input", "code", "diff", "command")


@dataclass
class Plan:
    """A stream, and its expected result."""

    mistakes: set[str]
    end: str
    events: Events = field(default_factory=list)
    output: list[Wire] = field(default_factory=list)
    is_ordered: bool = True
    is_exact: bool = True
    warns: bool = False


@st.composite
def plans(draw: st.DrawFn, *, careful: bool = False) -> Plan:
    """Draw a stream of a server that makes no mistake, or some."""
    plan = Plan(set(), "whole") if careful else Plan(draw(mistakes()), draw(st.sampled_from(ENDS)))
    made = [draw(items(number)) for number in range(draw(st.integers(0, 6)))]
    queues = [item_events(draw, plan.mistakes, *one) for one in made]
    order = interleaved(draw, queues, in_turn=in_turn(plan.mistakes))
    indexes = {number: number for number in range(len(made))}
    if "same index" in plan.mistakes:
        indexes = {number: draw(st.integers(0, number)) for number in indexes}
    fresh = map("other_{}".format, count())
    truth = [without_id(item) if "no ids" in plan.mistakes else item for item, _ in made]
    arrived: list[int] = []
    done: list[int] = []
    for number, one in order:
        if number not in arrived:
            arrived.append(number)
        plan.events.append(placed(one, plan.mistakes, f"item_{number}", indexes[number], fresh))
        if one["type"] == "response.output_item.done":
            done.append(number)
            if plan.end == "short before null" and has_ids(plan) and draw(st.booleans()):
                shown = [number for number in sorted(done) if draw(st.booleans())]
                plan.events.append(response_event("in_progress", [truth[number] for number in shown]))
                plan.warns = plan.warns or 0 < len(shown) < len(done)
    plan.output = truth
    if plan.end in ("none", "null", "empty", "short before null") and plan.mistakes & {
        "no index",
        "same index",
    }:
        plan.output = [truth[number] for number in arrived]
        plan.is_ordered = in_turn(plan.mistakes) or "no index" in plan.mistakes
        plan.is_ordered = plan.is_ordered and plan.end != "short before null"
    finish(draw, plan, fresh)
    return plan


def mistakes() -> st.SearchStrategy[set[str]]:
    chosen = st.sets(st.sampled_from(sorted(MISTAKES)), max_size=3)
    return chosen.filter(lambda names: not any(together <= names for together in EXCLUDED))


def in_turn(mistakes: set[str]) -> bool:
    """Whether only the order of events can tell the items apart, so that each has to end before the next begins."""
    if "no index" in mistakes and "no added" in mistakes:
        return True
    return bool(mistakes & {"no index", "same index"} and mistakes & {"no ids", "no item_id", "other ids"})


def has_ids(plan: Plan) -> bool:
    return not plan.mistakes & {"no ids", "other ids"}


def without_id(item: Wire) -> Wire:
    return {name: value for name, value in item.items() if name != "id"}


def item_events(draw: st.DrawFn, mistakes: set[str], item: Wire, middle: Events) -> Events:
    """The events of an item with the mistakes that do not concern its place."""
    begun = emptied(item, is_end=False)
    filled = next((name for name in ("arguments", "input", "code") if name in item and middle), None)
    pieces = [one for one in middle if one["type"].endswith(".delta")]
    if filled and "added whole" in mistakes:
        begun[filled] = item[filled]
    elif filled and "added in part" in mistakes and len(pieces) > 1:
        start = pieces[0]["delta"]
        rest = item[filled][len(start) :]
        if not start.startswith(rest[: len(start)]) and (filled == "arguments" or start[0] != "{"):
            begun[filled] = start
            middle = [one for one in middle if one is not pieces[0]]
    for name, ends in {"no ends": ".done", "no parts": "_part.added"}.items():
        if name in mistakes:
            middle = [one for one in middle if not one["type"].endswith(ends) or draw(st.booleans())]
    if "annotations at 0" in mistakes:
        middle = [{**one, "annotation_index": 0} if "annotation" in one else one for one in middle]
    end = item
    if "empty ends" in mistakes:
        middle = [with_empty_end(one) if draw(st.booleans()) else one for one in middle]
        end = emptied(item) if draw(st.booleans()) else item
    added = {"type": "response.output_item.added", "item": begun}
    found = [added, *middle, {"type": "response.output_item.done", "item": end}]
    if "no added" in mistakes:
        found = found[1:]
    if "added again" in mistakes:
        again = draw(st.lists(st.integers(1, len(found) - ("no ids" in mistakes)), max_size=2))
        for position in sorted(again, reverse=True):
            found.insert(position, added)
    return found


def with_empty_end(one: Wire) -> Wire:
    if not one["type"].endswith(".done"):
        return one
    if "part" in one:
        return {**one, "part": {name: v if name == "type" else type(v)() for name, v in one["part"].items()}}
    return {name: "" if name in TEXTS else value for name, value in one.items()}


def interleaved(draw: st.DrawFn, queues: list[Events], *, in_turn: bool) -> Iterator[tuple[int, Wire]]:
    left = {number: [*queue] for number, queue in enumerate(queues)}
    while left:
        number = min(left) if in_turn else draw(st.sampled_from(sorted(left)))
        size = len(left[number]) if in_turn else draw(st.integers(1, 4))
        for _ in range(min(size, len(left[number]))):
            yield number, left[number].pop(0)
        if not left[number]:
            del left[number]


def placed(one: Wire, mistakes: set[str], name: str, index: int, fresh: Iterator[str]) -> Wire:
    """An event with the place that the server gives it."""
    found = dict(one)
    if "other ids" in mistakes:
        name = next(fresh)
    if "item" in found:
        found["item"] = without_id(found["item"]) if "no ids" in mistakes else {**found["item"], "id": name}
    elif not mistakes & {"no item_id", "no ids"}:
        found["item_id"] = name
    if "no index" not in mistakes:
        found["output_index"] = index
    return found


def response_event(kind: str, output: list[Wire] | None) -> Wire:
    status = kind if kind == "in_progress" else "completed"
    response = {"id": "resp_1", "object": "response", "status": status, "model": "m", "output": output}
    return {"type": f"response.{kind}", "response": response}


def finish(draw: st.DrawFn, plan: Plan, fresh: Iterator[str]) -> None:
    """Add the last event."""
    output = [*plan.output]
    if plan.end == "partial":
        output = [item for item in plan.output if draw(st.booleans())]
        plan.warns = 0 < len(output) < len(plan.output)
        plan.is_exact = has_ids(plan)
        plan.is_ordered = not plan.mistakes & {"no index", "same index"}
    elif plan.end == "emptied":
        output = [{**item, **said_less(draw, item)} for item in plan.output]
    elif plan.end == "twice" and output:
        output.insert(draw(st.integers(0, len(output))), draw(st.sampled_from(output)))
        plan.output = output
    elif plan.end == "more":
        output.insert(draw(st.integers(0, len(output))), draw(items(9))[0])
        plan.output = output
    if "other ids" in plan.mistakes:
        output = [{**item, "id": next(fresh)} for item in output]
    if plan.end != "none":
        last = {"null": None, "short before null": None, "empty": []}.get(plan.end, output)
        plan.events.append(response_event("completed", last))


def said_less(draw: st.DrawFn, item: Wire) -> Wire:
    less = emptied(item, is_end=False) if item["type"] in GROWN_TYPES and draw(st.booleans()) else {}
    return {name: value for name, value in less.items() if name != "status"}


@contextmanager
def warnings_logged() -> Iterator[list[str]]:
    found: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())
    logger = logging.getLogger("responses_client")
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)


def put_together(events: Events, looks: set[int]) -> tuple[list[Wire], list[str]]:
    """Return the output of the last snapshot, and the warnings; `looks` are the events after which there is another."""
    with warnings_logged() as warnings:
        stream = state(event("response.created", response=response_event("in_progress", [])["response"]))
        for number, one in enumerate(events):
            stream.feed(event(one["type"], **{name: value for name, value in one.items() if name != "type"}))
            if number in looks:
                stream.snapshot()
        snapshot = stream.snapshot()
    assert snapshot is not None
    return snapshot.to_dict().get("output") or [], [
        line for line in warnings if "lacks items" in line or "says less" in line
    ]


def comparable(plan: Plan, output: list[Wire]) -> list[str]:
    if "other ids" in plan.mistakes:
        output = [without_id(item) for item in output]
    lines = [json.dumps(item, sort_keys=True) for item in output]
    return lines if plan.is_ordered else sorted(lines)


LOOKS = st.sets(st.integers(0, 60), max_size=3)


@given(plans(careful=True), LOOKS)
def test_the_events_of_a_careful_server_give_its_response(plan: Plan, looks: set[int]):
    assert put_together(plan.events, looks) == (plan.output, [])
    assert put_together(plan.events[:-1], looks) == (plan.output, [])


@given(plans(), LOOKS)
def test_whatever_servers_get_wrong_the_snapshot_is_the_response(plan: Plan, looks: set[int]):
    output, warnings = put_together(plan.events, looks)
    if plan.is_exact:
        assert comparable(plan, output) == comparable(plan, plan.output)
    # A stream warns once: of items that the last event lacks, or of one that an event before it had emptied.
    if plan.warns:
        assert len(warnings) == 1
    else:
        assert [line for line in warnings if "lacks items" in line] == []
