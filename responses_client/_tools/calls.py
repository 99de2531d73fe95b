"""The items that are calls, the items that answer them, and the ids that link the two; no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import cast

from ..models._base import union_class
from ..models._tolerance import write_json
from ..models._unions import InputItem, OutputItem

__all__ = [
    "answer_key",
    "answered_keys",
    "as_item",
    "call_arguments",
    "call_key",
    "call_name",
    "is_call",
    "unanswered",
]

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
"""The types of calls that a program answers; for `shell_call` and `tool_search_call`, a server may do so itself."""

_ARGUMENTS = ("arguments", "input", "operation", "actions", "action")
"""The fields of calls that say what is to be done; a call of a computer has one of the last two."""


def as_item(data: object) -> InputItem:
    """Return an input item as a model; a model is returned as it is."""
    return cast("InputItem", union_class(InputItem).validate(data))


def unanswered(output: Sequence[OutputItem], answers: Iterable[object]) -> list[OutputItem]:
    """Return the calls of an output that wait for the answer of a program.

    Answers may also be in the output itself, where a server ran the tool. Calls that share an id need one answer each.
    """
    answered = Counter(answered_keys([*output, *answers]))
    found: list[OutputItem] = []
    for item in output:
        # A call with this status was cut off: its arguments are not whole.
        if not is_call(item) or getattr(item, "status", None) == "incomplete":
            continue
        key = call_key(item)
        if answered[key]:
            answered[key] -= 1
        elif key:
            found.append(item)
    return found


def answered_keys(items: Iterable[object]) -> list[str]:
    """Return the keys of the calls that items answer, one for each answer."""
    return [key for item in items if (key := answer_key(item)) is not None]


def is_call(item: OutputItem) -> bool:
    """Whether an item is a call for a program to answer; a tool search that the server executes is not."""
    return item.wire_type in _CALLS and (
        item.wire_type != "tool_search_call" or getattr(item, "execution", None) != "server"
    )


def call_key(call: OutputItem) -> str:
    """Return the id by which an answer names a call; empty if there is none, as the server answers the call itself."""
    return str(getattr(call, "id" if call.wire_type == "mcp_approval_request" else "call_id", None) or "")


def call_name(call: OutputItem) -> str:
    """Return the name of the tool that a call is for; of a tool without a name its kind, such as "shell"."""
    name = getattr(call, "name", None)
    return name if isinstance(name, str) and name else str(call.wire_type).removesuffix("_call")


def call_arguments(call: OutputItem) -> str:
    """Return the arguments of a call as text: as the model wrote them, or its action as JSON; empty without any."""
    fields = call.to_dict()
    for name in _ARGUMENTS:
        if value := fields.get(name):
            return value if isinstance(value, str) else write_json(value).decode()
    return ""


def answer_key(item: object) -> str | None:
    """Return the id of the call that an item answers; None if the item is not an answer."""
    kind = str(getattr(item, "wire_type", ""))
    if kind == "mcp_approval_response":
        return str(getattr(item, "approval_request_id", None))
    if kind in _CALLS or not kind.endswith("_output"):
        return None
    # The API's schema gives the output of a local shell no `call_id`: its `id` is that of the call.
    key = getattr(item, "call_id", None) or (kind == "local_shell_call_output" and getattr(item, "id", None))
    return key or None
