"""What a streamed run tells beside the events of its responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from .._base.public import public

if TYPE_CHECKING:
    from ..errors import ToolExecutionError
    from ..models import InputItem, OutputItem, StreamEvent
    from .result import Turn

__all__ = ["RunEvent", "ToolCalled", "ToolReturned", "TurnEnded"]


@public
@dataclass(frozen=True)
class ToolCalled:
    """A call is about to be answered here.

    Attributes:
        turn: Number of the response that has the call, from 1.
        call: The item that calls.
    """

    turn: int
    call: OutputItem
    type: Literal["run.tool_called"] = "run.tool_called"


@public
@dataclass(frozen=True)
class ToolReturned:
    """A call was answered.

    Attributes:
        turn: Number of the response that has the call, from 1.
        call: The item that calls.
        output: What the model is given.
        error: What went wrong; None if nothing did.
        elapsed: Seconds that it took.
    """

    turn: int
    call: OutputItem
    output: InputItem
    error: ToolExecutionError | None
    elapsed: float
    type: Literal["run.tool_returned"] = "run.tool_returned"


@public
@dataclass(frozen=True)
class TurnEnded:
    """A response is whole, and the calls in it are answered.

    Attributes:
        number: Of the turn, from 1.
        turn: What was asked, and what was answered.
    """

    number: int
    turn: Turn
    type: Literal["run.turn_ended"] = "run.turn_ended"


RunEvent: TypeAlias = "StreamEvent | ToolCalled | ToolReturned | TurnEnded"
"""What a streamed run gives; told apart by `type`."""
