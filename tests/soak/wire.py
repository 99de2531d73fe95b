"""The streams of a soak test as both sides know them: each event follows from the plan of its stream and its number."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

DELTA = "response.output_text.delta"
_FIRST_DELTA = 3
_MARKS = ("🍵", *["€"] * 7)


class Plan(NamedTuple):
    """One stream; a plan travels as the input of its request, and as the id of its response.

    Attributes:
        stream: Its number, which no other stream of the server has.
        events: The number of its events.
        gap: The mean number of events from one cut to the next; 0 for no cuts.
        crowd: The number of streams that must have come half-way before this one goes on; 0 to wait for none.
    """

    stream: int
    events: int
    gap: int = 0
    crowd: int = 0

    @property
    def id(self) -> str:
        """The plan as the id of a response."""
        return "resp_" + "_".join(map(str, self))

    @classmethod
    def from_id(cls, text: str) -> Plan:
        """Read a plan from the id of a response."""
        return cls(*map(int, text.split("_")[1:]))


def text_of(stream: int, number: int) -> str:
    """Return the text of the delta with a number."""
    return f"{stream}:{number} {mark_of(stream)} "


def mark_of(stream: int) -> str:
    """Return the character of three or four bytes that each delta of a stream has once, and that a cut can halve."""
    return _MARKS[stream % len(_MARKS)]


def deltas_before(plan: Plan, number: int) -> str:
    """Return the text of all deltas before the event with a number."""
    return "".join(text_of(plan.stream, one) for one in range(_FIRST_DELTA, min(number, plan.events - 1)))


def whole_text(plan: Plan) -> str:
    """Return the text of the response when it is complete."""
    return deltas_before(plan, plan.events)


def is_delta(plan: Plan, number: int) -> bool:
    """Whether the event with a number is a delta."""
    return _FIRST_DELTA <= number < plan.events - 1


def event(plan: Plan, number: int) -> bytes:
    """Return the event with a number, as a server sends it."""
    stream = plan.stream
    if _FIRST_DELTA <= number < plan.events - 1:
        # Not by `json`, because a million of these are written.
        return (
            f'event: {DELTA}\ndata: {{"type":"{DELTA}","sequence_number":{number},"item_id":"msg_{stream}",'
            f'"output_index":0,"content_index":0,"delta":"{text_of(stream, number)}"}}\n\n'
        ).encode()
    item: dict[str, Any] = {"type": "message", "id": f"msg_{stream}", "role": "assistant", "content": []}
    part: dict[str, Any] = {"type": "output_text", "text": "", "annotations": []}
    place = {"item_id": f"msg_{stream}", "output_index": 0, "content_index": 0}
    if number == 0:
        return _frame("response.created", 0, response=response(plan.id, "in_progress"))
    if number == 1:
        return _frame("response.output_item.added", 1, output_index=0, item={**item, "status": "in_progress"})
    if number == 2:
        return _frame("response.content_part.added", 2, **place, part=part)
    return _frame("response.completed", number, response=response(plan.id, "completed", whole_text(plan)))


def response(response_id: str, status: str, text: str = "") -> dict[str, Any]:
    """Return a response; one that is completed has a message."""
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "id": "msg", "role": "assistant", "status": "completed", "content": [part]}
    output = [item] if status == "completed" else []
    fields = {"object": "response", "created_at": 0, "model": "m", "background": True}
    return {"id": response_id, **fields, "status": status, "output": output}


def _frame(kind: str, number: int, **fields: object) -> bytes:
    data = json.dumps({"type": kind, "sequence_number": number, **fields})
    return f"event: {kind}\ndata: {data}\n\n".encode()
