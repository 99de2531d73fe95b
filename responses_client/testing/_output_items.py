"""Output items that scripts and unscripted answers are made of: messages and tool calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ._ids import Ids
from ._json_types import JSONObject, encode, objects


@dataclass(frozen=True, slots=True)
class ModelOutput:
    """The output of a response, its reasoning tokens, and the reason if it is incomplete."""

    items: list[JSONObject] = field(default_factory=list[JSONObject])
    reasoning_tokens: int = 0
    incomplete_reason: str | None = None


def text_part(text: str, notes: Sequence[JSONObject] = ()) -> JSONObject:
    """Return a text part with its annotations."""
    return {"type": "output_text", "annotations": [*notes], "logprobs": [], "text": text}


def message(ids: Ids, *parts: JSONObject) -> JSONObject:
    """Return a completed message of the assistant."""
    common = {"id": ids.new("msg"), "type": "message", "status": "completed"}
    return {**common, "role": "assistant", "content": [*parts]}


def tool_call(
    request: JSONObject, ids: Ids, name: str, arguments: Mapping[str, Any] | str, call_id: str | None = None
) -> JSONObject:
    """Return a call of a function, or of a custom tool if the request has one of that name."""
    written = arguments if isinstance(arguments, str) else as_text(arguments)
    call = {"status": "completed", "call_id": call_id or ids.new("call", 24), "name": name}
    tools = objects(request.get("tools"))
    if any(tool.get("type") == "custom" and tool.get("name") == name for tool in tools):
        return {"id": ids.new("ctc"), "type": "custom_tool_call", **call, "input": written}
    return {"id": ids.new("fc"), "type": "function_call", **call, "arguments": written}


def as_text(value: Any) -> str:
    """Return a JSON value as the text of an answer."""
    return encode(value).decode()
