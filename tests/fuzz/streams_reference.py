"""The response of a stream as its events say, for streams in the order of the API: items at their indexes, done as told.

It reads events that are whole and in order, up to any place: a terminal event has the last word, a done event that of
its item, and until then there are the pieces of texts, in their order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_ENDS = ("response.completed", "response.incomplete", "response.failed")
# The place of a piece: the list of the item and the index in it, if it is in one, and the field.
_PIECES = {
    "response.output_text.delta": ("content", "content_index", "text"),
    "response.refusal.delta": ("content", "content_index", "refusal"),
    "response.reasoning_text.delta": ("content", "content_index", "text"),
    "response.reasoning_summary_text.delta": ("summary", "summary_index", "text"),
    "response.function_call_arguments.delta": ("", "", "arguments"),
    "response.custom_tool_call_input.delta": ("", "", "input"),
    "response.mcp_call_arguments.delta": ("", "", "arguments"),
}
_Place = tuple[str, Any, str]


@dataclass
class _Item:
    done: Any = None
    texts: dict[_Place, str] = field(default_factory=dict[_Place, str])


def problem(frames: list[Any], snapshot: dict[str, Any]) -> str:
    """Return the differences of a snapshot from its events; empty if there are none."""
    items: dict[int, _Item] = {}
    for event in frames:
        if event["type"] == "error":
            return ""  # what comes behind it may be read or not
        if event["type"] in _ENDS and isinstance(event.get("response"), dict):
            return _problem_at_end(event, len(items), snapshot)
        index = event.get("output_index")
        if isinstance(index, int):
            _note(items.setdefault(index, _Item()), event)
    output = snapshot.get("output") or []
    if len(output) != len(items):
        return f"{len(output)} items instead of {len(items)}"
    found = (_problem_of_item(items[index], item) for index, item in zip(sorted(items), output, strict=True))
    return next(filter(None, found), "")


def _note(item: _Item, event: dict[str, Any]) -> None:
    kind = event["type"]
    if kind == "response.output_item.done":
        item.done = event["item"]
        return
    is_done = kind.endswith(".done")
    place = _PIECES.get(kind.removesuffix(".done") + ".delta" if is_done else kind)
    if place is not None:
        below, index, name = place
        key = (below, event.get(index) if index else None, name)
        item.texts[key] = event[name] if is_done else item.texts.get(key, "") + event["delta"]


def _problem_at_end(event: dict[str, Any], count: int, snapshot: dict[str, Any]) -> str:
    response = event["response"]
    status = response.get("status")
    if status in (None, "queued", "in_progress"):
        status = event["type"].rpartition(".")[2]
    if snapshot.get("status") != status:
        return f"the status {snapshot.get('status')!r} instead of {status!r}"
    output = response.get("output")
    if isinstance(output, list) and len(output) >= max(count, 1) and snapshot.get("output") != output:
        return f"another output than that of the last event: {output!r}"
    return ""


def _problem_of_item(item: _Item, found: Any) -> str:
    if item.done is not None:
        return (
            "" if found == item.done else f"another item than the one that is done: {found!r}, {item.done!r}"
        )
    for (below, index, name), text in item.texts.items():
        holder = found
        if below:
            parts = found.get(below) or []
            holder = parts[index] if isinstance(index, int) and index < len(parts) else {}
        if holder.get(name) != text:
            return f"other pieces of {below or 'the item'}: {holder!r} instead of {text!r}"
    return ""
