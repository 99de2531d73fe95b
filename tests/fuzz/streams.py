"""Target: whole streams, with events lost, doubled, swapped and mutated, in any pieces."""

from __future__ import annotations

import json
from itertools import takewhile
from random import Random
from typing import Any, NamedTuple

import samples
from wire_helpers import Outcome, framed, stream_through

from responses_client.errors import APIError
from responses_client.models import Response, StreamEvent
from responses_client.models._base import union_class

from . import corpus, streams_reference
from .cases import Target, require
from .failures import check_error
from .mutations import changed, damaged
from .parsed import check_copies, check_types, malformed_parts
from .values import Values

_MOST_EVENTS = 60
_MOST_WHOLE = 200


class Stream(NamedTuple):
    """The bytes of a stream, the options of another way to read them, whether the connection breaks at the end,
    whether nothing in it fits together, so that there is no right response, and its events if they are all in order.
    """

    body: bytes
    options: dict[str, Any]
    strict: bool
    broken_by: str | None
    is_odd: bool
    events: list[dict[str, Any]] | None = None


def make(random: Random) -> Stream:
    """Take a stream of the corpus, at times a part of a longer one, and spoil it; or make a short odd one."""
    options: dict[str, Any] = (
        {"size": random.choice((1, 7, 64, 1021))} if random.randrange(5) else {"looking": True}
    )
    if not random.randrange(3):
        return Stream(
            _written(random, _odd_events(random)),
            random.choice((options, {"looking": True})),
            False,
            None,
            True,
        )
    if random.randrange(2):
        return _regular(random, options)
    frames = [*random.choice(corpus.streams())]
    start = random.randrange(max(1, len(frames) - _MOST_EVENTS))
    frames = frames[:1] + frames[1 + start : start + _MOST_EVENTS] + frames[-1:]
    is_odd = random.random() < 0.5
    for _ in range(random.choice((0, 1, 1, 2, 5))):
        frames = _mutated(random, frames) if is_odd and random.randrange(2) else _disordered(random, frames)
    body = _written(random, frames)
    if is_odd and not random.randrange(3):
        body = damaged(random, body)
    broken_by = random.choice((None, None, "the connection broke"))
    return Stream(body, options, not random.randrange(4), broken_by, is_odd)


def _regular(random: Random, options: dict[str, Any]) -> Stream:
    """Return a stream of the corpus that keeps to its order, up to any place."""
    events = random.choice(corpus.regular_streams())
    if len(events) > _MOST_WHOLE or random.randrange(2):
        events = events[: random.randint(1, min(len(events), _MOST_WHOLE))]
    if dones := [at for at, event in enumerate(events) if event["type"] == "response.output_item.done"]:
        at = random.choice(dones)
        if random.randrange(3):
            # Up to the last event, which would tell the item once more, in some recordings with another id.
            others = takewhile(lambda event: "response" not in event, events[at + 1 :])
            events = [*events[:at], {**events[at], "item": _rewritten(random, events[at]["item"])}, *others]
    response = events[-1].get("response")
    if isinstance(response, dict) and not random.randrange(4):
        status = random.choice(({}, {"status": None}, {"status": "in_progress"}))
        rest = {name: value for name, value in response.items() if name != "status"}
        events = [*events[:-1], {**events[-1], "response": {**rest, **status}}]
    broken_by = random.choice((None, "the connection broke"))
    return Stream(_written(random, [*events]), options, False, broken_by, False, events)


def _rewritten(random: Random, item: Any) -> Any:
    """Return an item with other texts in its parts or arguments, some shorter, some longer."""
    if isinstance(item, list):
        return [_rewritten(random, part) for part in item]
    if not isinstance(item, dict):
        return item
    return {
        name: random.choice((value, value[: len(value) // 2], f"{value} more", "other"))
        if name in ("text", "refusal", "arguments", "input") and isinstance(value, str)
        else _rewritten(random, value)
        for name, value in item.items()
    }


_MESSAGE = samples.response()["output"][0]
_CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "get", "arguments": "{}"}
_ITEMS: tuple[Any, ...] = (
    _MESSAGE,
    _CALL,
    {"type": "reasoning", "id": "rs_1", "summary": []},
    {"type": "poem", "id": "poem_1"},
    {**_MESSAGE, "id": ["x"]},
    {**_MESSAGE, "content": [7, None, {}]},
    {**_CALL, "call_id": {"a": 1}},
    {**_CALL, "arguments": 7},
    {"type": "reasoning", "id": {}, "summary": "x"},
    {"type": None, "id": "msg_1"},
    {"id": "msg_1"},
    {"type": "message"},
    {"id": 7, "type": 7},
    {},
    [],
    7,
    "x",
    None,
    True,
)
_PARTS: tuple[Any, ...] = (
    {"type": "output_text", "text": "t"},
    {"type": "refusal", "refusal": "x"},
    {},
    7,
    None,
)
_PIECES = (
    "output_text.delta",
    "output_text.done",
    "function_call_arguments.delta",
    "reasoning_summary_text.delta",
    "reasoning_text.done",
    "content_part.added",
    "content_part.done",
    "output_text.annotation.added",
)


def _odd_events(random: Random) -> list[Any]:
    """Return a short stream in which nothing fits together: items of any form, indexes and ids of others."""
    events: list[Any] = []
    for _ in range(random.randint(1, 6)):
        event: dict[str, Any] = {
            "delta": "d",
            "text": "t",
            "part": random.choice(_PARTS),
            "annotation": random.choice(_PARTS),
        }
        for name, values in (("output_index", (0, 1, -1, "0", 10**20)), ("content_index", (0, 1, 5, None))):
            if random.randrange(3):
                event[name] = random.choice(values)
        if random.randrange(2):
            event["item_id"] = random.choice(("msg_1", "fc_1", "rs_1", 7, None))
        match random.randrange(5):
            case 0 | 1:
                kind = random.choice(("output_item.added", "output_item.done"))
                event["item"] = random.choice(_ITEMS)
            case 2:
                kind, event["response"] = "in_progress", _odd_response(random)
            case _:
                kind = random.choice(_PIECES)
        events.append({"type": f"response.{kind}", **event})
    end = random.choice(("completed", "completed", "failed", "in_progress"))
    return [*events, {"type": f"response.{end}", "response": _odd_response(random)}]


def _odd_response(random: Random) -> dict[str, Any]:
    return {**samples.response("in_progress"), "output": random.choices(_ITEMS, k=random.randrange(3))}


def _disordered(random: Random, frames: list[Any]) -> list[Any]:
    """Lose, double or swap events, or all behind one."""
    if frames:
        at, other = random.randrange(len(frames)), random.randrange(len(frames))
        match random.randrange(4):
            case 0:
                del frames[at]
            case 1:
                frames.insert(at, frames[other])
            case 2:
                frames[at], frames[other] = frames[other], frames[at]
            case _:
                del frames[at:]
    return frames


def _mutated(random: Random, frames: list[Any]) -> list[Any]:
    """Change an event, or put in one that is not of the stream."""
    at = random.randrange(len(frames) + 1)
    if at < len(frames) and isinstance(frames[at], dict) and random.randrange(4):
        wire = changed(random, frames[at])
        frames[at] = wire if isinstance(wire, dict) else f"data: {json.dumps(wire)}\n\n"
    else:
        frames.insert(at, Values(random).member_of(union_class(StreamEvent)))
    return frames


def _written(random: Random, frames: list[Any]) -> bytes:
    if random.randrange(3) and all(
        isinstance(one, str) or isinstance(one.get("type"), str) for one in frames
    ):
        return framed(frames)
    return b"".join(
        one.encode() if isinstance(one, str) else b"data: %b\n\n" % json.dumps(one).encode() for one in frames
    )


def check(stream: Stream) -> str:
    """Require one outcome for any division into pieces, whether or not the response so far is read."""
    whole = _read(stream)
    is_same = _is_same(whole, _read(stream, **stream.options), is_odd=stream.is_odd)
    for event in whole.events:
        check_types(event)
        is_error = event.wire_type == "error"
        require(
            not stream.strict or is_error or not malformed_parts(event), "malformed in strict mode:", event
        )
    if whole.snapshot is not None:
        _check_snapshot(whole.snapshot)
        if stream.events is not None:
            found = streams_reference.problem(stream.events, whole.snapshot.to_dict())
            require(not found, "another response than its events say:", found)
    outcome = "complete" if whole.failure is None else check_error(whole.failure)
    return outcome if is_same else f"{outcome}, another response in pieces"


def _read(stream: Stream, **options: Any) -> Outcome:
    return stream_through(stream.body, strict=stream.strict, broken_by=stream.broken_by, **options)


def _is_same(one: Outcome, other: Outcome, *, is_odd: bool) -> bool:
    """Require the same events and error; return whether the responses agree as well, which those of odd streams need not.

    An odd stream has no right response: the last event may count as whole, unless what came before was put together
    when somebody looked.
    """
    events, other_events = ([event.to_json() for event in outcome.events] for outcome in (one, other))
    require(events == other_events, "other events in pieces:", events, other_events)
    require(
        _shown(one.failure) == _shown(other.failure), "another error in pieces:", one.failure, other.failure
    )
    snapshots = [outcome.snapshot and outcome.snapshot.to_json() for outcome in (one, other)]
    require(is_odd or snapshots[0] == snapshots[1], "another response in pieces:", *snapshots)
    return snapshots[0] == snapshots[1]


def _shown(error: APIError | None) -> tuple[str, str]:
    return type(error).__name__, str(error)


def _check_snapshot(snapshot: Response) -> None:
    check_types(snapshot)
    check_copies(snapshot)
    snapshot.as_input()
    again = Response.from_json(snapshot.to_json())
    require(again.to_json() == snapshot.to_json(), "another response when read again:", again, snapshot)


TARGET = Target("streams", "whole streams, spoiled: one outcome, whatever the pieces", make, check)
