"""The parts of a run's history that its next request may have; no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._base.json_types import is_mapping
from .._tools.calls import is_call, unanswered
from ..models._base import Model

if TYPE_CHECKING:
    from ..models import InputItem, OutputItem, Response
    from .result import Turn

__all__ = ["cut_calls", "items_until", "torn_calls", "unforced", "without_cut_calls"]


def items_until(turns: Sequence[Turn], response: Response) -> list[InputItem | OutputItem]:
    """Return the items of the turns up to the one of a response."""
    last = next(number for number, turn in enumerate(turns) if turn.response is response)
    return [item for turn in turns[: last + 1] for item in (*turn.input, *turn.response.output)]


def cut_calls(turn: Turn) -> list[OutputItem]:
    """Return the calls of an output that was cut off: those without an answer, and those that are not whole."""
    return [*unanswered(turn.response.output, ()), *torn_calls(turn)]


def torn_calls(turn: Turn) -> list[OutputItem]:
    """Return the calls of an output that are not whole."""
    return [
        item
        for item in turn.response.output
        if is_call(item) and getattr(item, "status", None) == "incomplete"
    ]


def without_cut_calls(turn: Turn) -> Response:
    """Return the response without the calls that were cut off, and without the reasoning before each of them.

    The API refuses reasoning that is not followed by the item it led to.
    """
    cut = {id(item) for item in cut_calls(turn)}
    kept: list[OutputItem] = []
    is_cut = False
    for item in reversed(turn.response.output):
        is_cut = id(item) in cut or (is_cut and item.wire_type == "reasoning")
        if not is_cut:
            kept.append(item)
    return turn.response.model_copy(update={"output": kept[::-1]})


def unforced(choice: object) -> object:
    """Return a tool choice under which the model may answer without a call."""
    fields = choice.to_dict() if isinstance(choice, Model) else choice
    if is_mapping(fields) and "mode" in fields:  # of `allowed_tools`, whose list of tools stays
        return {**fields, "mode": "auto"}
    return choice if choice in (None, "auto", "none") else "auto"
