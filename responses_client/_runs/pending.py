"""Calls that wait for the user, and the user's decisions about them: `approve` and `deny`; no I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from .._base.field_errors import FieldError, field_error
from .._base.messages import MAX_BODY_CHARS, MAX_VALUE_CHARS, one_line
from .._base.public import public
from .._tools.calls import AboutCall, call_key, is_call
from ..errors import RequestValidationError
from ..models._base import Model

if TYPE_CHECKING:
    from ..models import OutputItem

__all__ = ["CallName", "Decision", "PendingCall", "decide", "named_calls", "reasons"]


@public
@dataclass(frozen=True, repr=False)
class PendingCall(AboutCall):
    """A call that waits for an answer or an approval; `RunResult.pending` and `RunResult.approvals` list them.

        for call in result.approvals:
            print(call.name, call.arguments)
        result = client.responses.run(model="gpt-5.4", tools=tools, resume=result, approve=result.approvals)

    It can be a key of a dict, as in `deny={call: "No."}`.

    Attributes:
        item: The item of the response's output, with all fields that the server sent.
        needs_approval: Whether the call waits for a yes: its tool has `needs_approval`, or it is a request of an MCP
            server.
    """

    _item_field = "item"
    item: OutputItem
    needs_approval: bool = False

    @property
    def type(self) -> str:
        """The type of the item, such as "function_call"; "unknown" of a malformed one."""
        return self.item.type

    def __hash__(self) -> int:
        return hash(self.call_id)

    def __repr__(self) -> str:
        wait = "waits for approval" if self.needs_approval else "waits for an answer"
        name, key = one_line(self.name, MAX_VALUE_CHARS), one_line(self.call_id, MAX_VALUE_CHARS)
        return f"<PendingCall {key} {wait}: {name} {one_line(self.arguments, MAX_BODY_CHARS)}>"


CallName: TypeAlias = "str | PendingCall"
"""A call as `approve` and `deny` name it."""
Decision: TypeAlias = "Literal[True] | str"
"""True for a call that may be made; for one that may not, the reason for the model."""


def named_calls(given: object) -> list[CallName] | None:
    """Return the calls that `approve` names; None if it is not a list of ids and calls."""
    if not isinstance(given, Collection) or isinstance(given, (str, bytes, Mapping, Model)):
        return None
    names = [_call_name(one) for one in cast("Collection[object]", given)]
    found = [name for name in names if name is not None]
    return found if len(found) == len(names) else None


def reasons(given: object) -> tuple[list[tuple[CallName, str]], list[FieldError]]:
    """Return the calls that `deny` names, each with the reason, and the mistakes in the argument."""
    if not isinstance(given, Mapping):
        return [], [field_error("deny", "a dict of reasons by call id or call", given)]
    found: list[tuple[CallName, str]] = []
    mistakes: list[FieldError] = []
    for key, reason in cast("Mapping[object, object]", given).items():
        name = _call_name(key)
        if name is None:
            mistakes.append(field_error("deny", "keys that are call ids or calls", key))
        elif not isinstance(reason, str) or not reason.strip():
            # An empty output would read as that of a call that was made.
            path = ("deny", _key(name))
            mistakes.append(field_error(path, "a reason for the model, a string that is not empty", reason))
        else:
            found.append((name, reason))
    return found, mistakes


def decide(
    approve: Iterable[CallName],
    deny: Iterable[tuple[CallName, str]],
    waiting: Sequence[OutputItem],
    answered: Collection[str],
    can_deny: Collection[int],
    *,
    is_resumed: bool = True,
) -> dict[int, Decision]:
    """Return the decision on each call that waits and is named, by the `id()` of its item.

    An id stands for the one waiting call that has it; a `PendingCall` for that whose item equals its own, so that no
    decision on one call holds for another one. Of several equal calls, each `PendingCall` in `approve` stands for one,
    and one in `deny` for all that are left.

    Args:
        approve: The calls that may be made.
        deny: The calls that may not, with the reasons.
        waiting: The calls that wait.
        answered: The ids of calls that have an answer.
        can_deny: The `id()`s of the waiting calls whose answers can say no.
        is_resumed: Whether an earlier run is continued.

    Raises:
        RequestValidationError: A call is named that does not wait, or by an id that several share, or twice with
            different decisions, or one that cannot be denied.
    """
    decisions: dict[int, Decision] = {}
    mistakes = [*_misnamed("approve", approve, waiting, answered, is_resumed)]
    named: list[tuple[CallName, Decision]] = [(name, True) for name in approve]
    denied = [*deny]
    mistakes += _misnamed("deny", [name for name, _ in denied], waiting, answered, is_resumed)
    for name, decision in [*named, *denied]:
        for call in _meant(name, decision, waiting, decisions):
            message = _conflict(call, decision, decisions.setdefault(id(call), decision), can_deny)
            if message is not None:
                expected = "one decision on each call that waits"
                mistakes.append(field_error("deny", expected, None, message=message))
    if mistakes:
        raise RequestValidationError(mistakes)
    return decisions


def _conflict(
    call: OutputItem, decision: Decision, earlier: Decision, can_deny: Collection[int]
) -> str | None:
    """Return the mistake in a decision on a call, as a message; None if there is none."""
    key = call_key(call)
    if decision is not True and id(call) not in can_deny:
        return (
            f"names {key}, a {call.wire_type}, which cannot be denied; pass the item that answers it in input"
        )
    if decision == earlier:
        return None
    if earlier is True:
        return f"names {key}, which approve names as well; name it in one of the two"
    return f"gives two reasons for {key}; give one"


def _misnamed(
    argument: str,
    names: Iterable[CallName],
    waiting: Sequence[OutputItem],
    answered: Collection[str],
    is_resumed: bool,
) -> Iterator[FieldError]:
    """Yield the mistakes of an argument that names no call that waits, or more than one; one of each kind."""
    keys = dict.fromkeys(map(call_key, waiting))
    choice = f"the ids of the calls that wait are {', '.join(keys)}" if keys else "no call waits"
    if not is_resumed:
        choice += "; pass the earlier run as resume"
    kinds: dict[str, list[str]] = {}
    for name in names:
        key, count = _key(name), len(_matches(name, waiting))
        if isinstance(name, str) and count > 1:
            kind = (
                "which several calls that wait share; pass the call itself, which `pending` of the run lists"
            )
        elif count:
            continue
        elif key in keys:
            kind = f"but no call of that id that waits equals the one given; {choice}"
        elif key in answered:
            kind = f"but that call has an answer already; {choice}"
        else:
            kind = f"but the run has no waiting call with that id; {choice}"
        kinds.setdefault(kind, []).append(key or _unnamed(name))
    for kind, found in kinds.items():
        message = f"names {', '.join(found)}, {kind}"
        yield field_error(argument, "a call that waits, or its call_id", None, message=message)


def _meant(
    name: CallName, decision: Decision, waiting: Sequence[OutputItem], decisions: Mapping[int, Decision]
) -> list[OutputItem]:
    """Return the calls that a name stands for, given the earlier decisions; none if it is ambiguous."""
    found = _matches(name, waiting)
    if len(found) < 2:
        return found
    if isinstance(name, str):
        return []
    left = [call for call in found if id(call) not in decisions]
    if decision is not True:
        return left or found
    same = [call for call in found if call is name.item]
    return (same or left or found)[:1]


def _matches(name: CallName, waiting: Iterable[OutputItem]) -> list[OutputItem]:
    if isinstance(name, str):
        return [call for call in waiting if call_key(call) == name]
    content = _content(name.item)
    return [call for call in waiting if _content(call) == content]


def _content(call: OutputItem) -> dict[str, object]:
    """Return all that makes up a call; its status may differ in the event of a stream that contains it."""
    return {name: value for name, value in call.to_dict().items() if name != "status"}


def _key(name: CallName) -> str:
    return name if isinstance(name, str) else name.call_id


def _unnamed(name: CallName) -> str:
    return "an empty id" if isinstance(name, str) else f"a call of {name.name} without an id"


def _call_name(given: object) -> CallName | None:
    if isinstance(given, (str, PendingCall)):
        return given
    if not isinstance(given, Model) or not hasattr(given, "type"):
        return None
    item = cast("OutputItem", given)
    return PendingCall(item) if is_call(item) else None
