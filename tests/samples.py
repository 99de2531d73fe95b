"""Responses and events, small and whole, for tests of every kind."""

from __future__ import annotations

import json
from typing import Any

# Not in the form of any provider, by which it would be known as a key; with characters that are often escaped.
KEY = "hunter2/hunter2+hunter2="


def response(status: str = "completed", text: str = "Hello", **fields: Any) -> dict[str, Any]:
    """A response with one message."""
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    output = [item] if status == "completed" else []
    return {"id": "resp_1", "object": "response", "model": "m", "status": status, "output": output, **fields}


def event(kind: str, number: int | None = None, **fields: Any) -> bytes:
    """One server-sent event."""
    data: dict[str, Any] = {"type": kind, **fields}
    if number is not None:
        data["sequence_number"] = number
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), json.dumps(data).encode())


def delta(text: str, number: int) -> bytes:
    """A piece of text."""
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    return event("response.output_text.delta", number, delta=text, **place)


CREATED = event("response.created", 0, response=response("in_progress"))
HEL = delta("Hel", 1)
LO = delta("lo", 2)
COMPLETED = event("response.completed", 3, response=response())
