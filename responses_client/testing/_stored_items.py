"""Input items in the form in which the API stores them: with ids, and without shorthand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ._ids import Ids
from ._json_types import JSONObject, objects
from ._request_input import item_type
from ._schema_checks import fields_of, types_of

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
# Items that have a status once they are stored; those that a client sends are completed.
_WITH_STATUS = [
    kind
    for kind, names in types_of("InputItem").items()
    if kind != "reasoning" and any("status" in fields_of(name) for name in names)
]


def kept_items(
    items: Sequence[JSONObject], ids: Ids, find: Callable[[str], JSONObject | None]
) -> list[JSONObject]:
    """Return input items as they are stored; `find` looks up the item behind a reference."""
    return [_kept(item, ids, find) for item in items]


def _kept(item: JSONObject, ids: Ids, find: Callable[[str], JSONObject | None]) -> JSONObject:
    kind = item_type(item)
    if kind == "item_reference":
        return find(str(item.get("id"))) or item
    kept: JSONObject = {"id": item.get("id") or ids.new(_PREFIXES.get(kind) or _initials(kind)), "type": kind}
    if kind in _WITH_STATUS:
        kept["status"] = item.get("status") or "completed"
    if kind == "message":
        kept["content"] = _parts(item.get("content"), is_output=item.get("role") == "assistant")
    return {**kept, **{key: value for key, value in item.items() if key not in kept}}


def _initials(kind: str) -> str:
    return "".join(word[0] for word in kind.split("_") if word)


def _parts(content: Any, *, is_output: bool) -> Any:
    """Return a content as a list of parts; those of an output have all fields that the API always sends."""
    parts: Any = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
    if not is_output:
        return parts
    written = [{"type": "output_text", "text": content}] if isinstance(content, str) else objects(parts)
    blank: JSONObject = {"annotations": [], "logprobs": []}
    return [{**blank, **part} if part.get("type") == "output_text" else part for part in written]
