"""Items as the API keeps them: with ids and without shorthand; and what a client still owes to calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ._ids import Ids
from ._json_types import JSONObject, objects

_PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "web_search_call": "ws",
    "file_search_call": "fs",
    "image_generation_call": "ig",
    "code_interpreter_call": "ci",
    "computer_call": "cu",
    "mcp_list_tools": "mcpl",
    "mcp_call": "mcp",
    "mcp_approval_request": "mcpr",
    "compaction": "cmp",
}
# Items that the API demands a status of; what a client sends of them is complete.
_WITH_STATUS = (
    "message",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
)


def kept_items(
    items: Sequence[JSONObject], ids: Ids, find: Callable[[str], JSONObject | None]
) -> list[JSONObject]:
    """Input items as they are kept; `find` gives the item behind a reference when there is one."""
    return [_kept(item, ids, find) for item in items]


def _kept(item: JSONObject, ids: Ids, find: Callable[[str], JSONObject | None]) -> JSONObject:
    kind = str(item.get("type") or ("message" if "role" in item else "item_reference"))
    if kind == "item_reference":
        return find(str(item.get("id"))) or item
    kept: JSONObject = {"id": item.get("id") or ids.new(_PREFIXES.get(kind, "item")), "type": kind}
    if kind in _WITH_STATUS:
        kept["status"] = item.get("status") or "completed"
    if kind == "message":
        kept["content"] = _parts(item.get("content"), is_output=item.get("role") == "assistant")
    return {**kept, **{key: value for key, value in item.items() if key not in kept}}


def _parts(content: Any, *, is_output: bool) -> Any:
    """A content as a list of parts, with what parts of an output always have."""
    parts: Any = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
    if not is_output:
        return parts
    written = [{"type": "output_text", "text": content}] if isinstance(content, str) else objects(parts)
    blank: JSONObject = {"annotations": [], "logprobs": []}
    return [{**blank, **part} if part.get("type") == "output_text" else part for part in written]
