"""The items that are calls, the items that answer them, and the ids that link the two; no I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import ClassVar, cast

from .._calls.repeated_items import repeated_items
from ..models._base import union_class
from ..models._tolerance import CALL_TYPES, write_json
from ..models._unions import InputItem, OutputItem

__all__ = [
    "AboutCall",
    "answer_key",
    "answer_type",
    "answered_keys",
    "answered_positions",
    "as_item",
    "call_arguments",
    "call_key",
    "call_name",
    "is_call",
    "key_field",
    "unanswered",
]

_ANSWER_TYPES = {
    "mcp_approval_request": "mcp_approval_response",
    "tool_search_call": "tool_search_output",
}
"""The types of answers that are not the type of the call and `_output`."""

_ARGUMENTS = ("arguments", "input", "operation", "actions", "action")
"""The fields of calls that contain the action; a call of a computer has one of the last two."""


def as_item(data: object) -> InputItem:
    """Return an input item as a model; a model is returned as it is."""
    return cast("InputItem", union_class(InputItem).validate(data))


def unanswered(
    output: Sequence[OutputItem], answers: Iterable[object], answered: Collection[int] = ()
) -> list[OutputItem]:
    """Return the calls of an output that wait for the answer of a program.

    Answers may also be in the output itself, where a server ran the tool. Calls that share an id need one answer each,
    and a call that came twice needs one.

    Args:
        output: The output.
        answers: Items, those that are answers among them.
        answered: The positions of calls that have an answer beside these.
    """
    taken = {*answered, *answered_positions(output, [*output, *answers], answered)}
    taken |= _answered_without_ids(output)
    return [output[place] for place in _answerable(output) if place not in taken]


def answered_positions(
    output: Sequence[OutputItem], answers: Sequence[object], answered: Collection[int] = ()
) -> list[int | None]:
    """Return for each item the position of the call that it answers; None if it answers none.

    Of the calls with its id, an item answers the first of its kind that has no answer, else the first of any kind.
    """
    waiting: dict[str, list[int]] = {}
    for place in _answerable(output):
        if place not in answered:
            waiting.setdefault(call_key(output[place]), []).append(place)
    found: list[int | None] = [None] * len(answers)
    for is_of_kind in (True, False):
        for number, answer in enumerate(answers):
            key = answer_key(answer)
            if key is None or key not in waiting or found[number] is not None:
                continue
            kind = getattr(answer, "wire_type", None)
            for place in waiting[key]:
                if not is_of_kind or answer_type(output[place]) == kind:
                    found[number] = place
                    waiting[key].remove(place)
                    break
    return found


def _answerable(output: Sequence[OutputItem]) -> list[int]:
    """Return the positions of the calls that are whole, each call once."""
    calls = [place for place, item in enumerate(output) if is_call(item) and not _is_torn(item)]
    # Most outputs have one call or none, which nothing can repeat.
    repeated = repeated_items(output) if len(calls) > 1 else ()
    return [place for place in calls if place not in repeated]


def _is_torn(item: OutputItem) -> bool:
    # A call with this status was cut off: its arguments are not whole.
    return getattr(item, "status", None) == "incomplete"


def _answered_without_ids(output: Sequence[OutputItem]) -> set[int]:
    """Return the positions of the calls without an id that a server has answered itself, without an id as well."""
    waiting: dict[str, list[int]] = {}
    found = set[int]()
    for place, item in enumerate(output):
        if is_call(item) and not call_key(item):
            waiting.setdefault(answer_type(item), []).append(place)
        elif (places := waiting.get(str(item.wire_type))) and answer_key(item) is None:
            found.add(places.pop(0))
    return found


def answered_keys(items: Iterable[object]) -> list[str]:
    """Return the keys of the calls that items answer, one for each answer."""
    return [key for item in items if (key := answer_key(item)) is not None]


def is_call(item: OutputItem) -> bool:
    """Whether an item is a call for a program to answer; a tool search that the server executes is not."""
    return item.wire_type in CALL_TYPES and (
        item.wire_type != "tool_search_call" or getattr(item, "execution", None) != "server"
    )


def key_field(call: OutputItem) -> str:
    """Return the name of the field with the id by which an answer names a call."""
    return "id" if call.wire_type == "mcp_approval_request" else "call_id"


def call_key(call: OutputItem) -> str:
    """Return the id by which an answer names a call; empty if there is none."""
    return str(getattr(call, key_field(call), None) or "")


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


class AboutCall:
    """The base of objects about a call, which have its facts beside the item: events of a run, calls that wait."""

    _item_field: ClassVar[str]

    @property
    def call_id(self) -> str:
        """The id by which an answer, `approve` and `deny` name the call; of an MCP approval request, its `id`."""
        return call_key(self._item())

    @property
    def name(self) -> str:
        """The name of the tool; of a tool without a name its kind, such as "shell" or "apply_patch"."""
        return call_name(self._item())

    @property
    def arguments(self) -> str:
        """The arguments as the model wrote them: mostly JSON, the text of a custom tool, else the action as JSON."""
        return call_arguments(self._item())

    def _item(self) -> OutputItem:
        return cast("OutputItem", getattr(self, self._item_field))


def answer_type(call: OutputItem) -> str:
    """Return the type of the items that answer a call."""
    return _ANSWER_TYPES.get(str(call.wire_type), f"{call.wire_type}_output")


def answer_key(item: object) -> str | None:
    """Return the id of the call that an item answers; None if the item is not an answer."""
    kind = str(getattr(item, "wire_type", ""))
    if kind == "mcp_approval_response":
        key = getattr(item, "approval_request_id", None)
        return str(key) if key else None
    if kind in CALL_TYPES or not kind.endswith("_output"):
        return None
    # The API's schema gives the output of a local shell no `call_id`: its `id` is that of the call.
    key = getattr(item, "call_id", None) or (kind == "local_shell_call_output" and getattr(item, "id", None))
    return str(key) if key else None  # as `call_key` does: a malformed id may be any JSON
