"""The work of a first streamed call that needs no server: modules, and the validators of requests and events."""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, cast

from ._base.http import ResponseMeta
from ._calls.request import prepare
from ._events.stream_state import StreamState
from ._streaming import http_source, streams
from ._tools.parse_request import STREAM

if TYPE_CHECKING:
    from ._base.json_types import JsonObject
    from ._calls.settings import Settings
    from .models import Response

__all__ = ["warm_up"]

_LOADED = (http_source, streams)  # imported for their own sake
_RESPONSE: JsonObject = {"id": "resp", "object": "response", "status": "in_progress", "output": []}
_USAGE: JsonObject = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
_TEXT: JsonObject = {"type": "output_text", "text": "Hi", "annotations": []}
_MESSAGE: JsonObject = {
    "type": "message",
    "id": "msg",
    "role": "assistant",
    "status": "completed",
    "content": [_TEXT],
}
_CALL: JsonObject = {"type": "function_call", "id": "fc", "call_id": "call", "name": "f", "arguments": "{}"}
_REASONING: JsonObject = {"type": "reasoning", "id": "rs", "summary": []}
_PLACE: JsonObject = {"item_id": "msg", "output_index": 1, "content_index": 0}
# The events of an answer that reasons, writes a message and calls a function: those of most first calls.
_EVENTS: tuple[tuple[str, JsonObject], ...] = (
    ("response.created", {"response": _RESPONSE}),
    ("response.in_progress", {"response": _RESPONSE}),
    ("response.output_item.added", {"output_index": 0, "item": _REASONING}),
    ("response.output_item.done", {"output_index": 0, "item": _REASONING}),
    ("response.output_item.added", {"output_index": 1, "item": {**_MESSAGE, "content": []}}),
    ("response.content_part.added", {**_PLACE, "part": _TEXT}),
    ("response.output_text.delta", {**_PLACE, "delta": "Hi", "logprobs": []}),
    ("response.output_text.done", {**_PLACE, "text": "Hi", "logprobs": []}),
    ("response.content_part.done", {**_PLACE, "part": _TEXT}),
    ("response.output_item.done", {"output_index": 1, "item": _MESSAGE}),
    ("response.output_item.added", {"output_index": 2, "item": _CALL}),
    ("response.function_call_arguments.delta", {"output_index": 2, "item_id": "fc", "delta": "{}"}),
    ("response.function_call_arguments.done", {"output_index": 2, "item_id": "fc", "arguments": "{}"}),
    ("response.output_item.done", {"output_index": 2, "item": _CALL}),
    (
        "response.completed",
        {
            "response": {
                **_RESPONSE,
                "status": "completed",
                "output": [_REASONING, _MESSAGE, _CALL],
                "usage": _USAGE,
            }
        },
    ),
)


def warm_up(settings: Settings) -> None:
    """Load the modules and build the validators; the second time, there is nothing left to do."""
    message = {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    prepare(STREAM, {"model": "m", "input": [message], "stream": True}, settings, ())
    meta = ResponseMeta.build(200, {}, elapsed=0.0, tries=1, method="POST", url=settings.base_url)
    state = StreamState(deque(), settings.max_event_bytes, strict=False, meta=meta)
    for kind, fields in _EVENTS:
        state.snapshot()
        state.feed(b"data: " + json.dumps({"type": kind, **fields}).encode() + b"\n\n")
    _ = cast("Response", state.snapshot()).output_text
