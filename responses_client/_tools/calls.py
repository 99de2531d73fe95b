"""Which items call something, which items answer calls, and by which id they name each other; no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from ..models._base import Model, dispatcher
from ..models._unions import InputItem, OutputItem

__all__ = ["answer_key", "answered_keys", "as_item", "call_key", "is_call", "unanswered"]

_CALLS = frozenset(
    {
        "apply_patch_call",
        "computer_call",
        "custom_tool_call",
        "function_call",
        "local_shell_call",
        "mcp_approval_request",
        "shell_call",
        "tool_search_call",
    }
)
"""Types of items that a program answers; for some of them, a server may."""


def as_item(data: Mapping[str, Any] | Model) -> InputItem:
    """Return an item of an input as a model; a model stays as it is."""
    return cast("InputItem", dispatcher(InputItem).validate(data))


def unanswered(output: Sequence[OutputItem], answers: Iterable[object]) -> list[OutputItem]:
    """Return the calls in an output that only a program can answer, and none has, nor the server."""
    answered = Counter(answered_keys([*output, *answers]))
    found: list[OutputItem] = []
    for item in output:
        if not is_call(item) or getattr(item, "status", None) == "incomplete":
            continue
        key = call_key(item)
        if answered[key]:
            answered[key] -= 1
        elif key:
            found.append(item)
    return found


def answered_keys(items: Iterable[object]) -> list[str]:
    """Return the keys of the calls that some items answer."""
    return [key for item in items if (key := answer_key(item)) is not None]


def is_call(item: OutputItem) -> bool:
    """Tell whether an item is a call that a program answers, and not one that the server searches tools for."""
    return item.type in _CALLS and (
        item.type != "tool_search_call" or getattr(item, "execution", None) != "server"
    )


def call_key(call: OutputItem) -> str:
    """Return what the answer to a call names it by; nothing where the server answers it itself."""
    return str(getattr(call, "id" if call.type == "mcp_approval_request" else "call_id", None) or "")


def answer_key(item: object) -> str | None:
    """Return what an item names the call by that it answers; None if it answers none."""
    kind = str(getattr(item, "type", ""))
    if kind == "mcp_approval_response":
        return str(getattr(item, "approval_request_id", None))
    if kind in _CALLS or not kind.endswith("_output"):
        return None
    key = getattr(item, "call_id", None) or (kind == "local_shell_call_output" and getattr(item, "id", None))
    return key or None
