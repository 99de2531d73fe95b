"""The events of a streamed run beside those of its responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from .._base.public import public
from .._tools.calls import AboutCall

if TYPE_CHECKING:
    from ..errors import ToolExecutionError
    from ..models import InputItem, OutputItem, StreamEvent
    from .result import Turn

__all__ = ["RunEvent", "ToolCalled", "ToolReturned", "TurnEnded"]


class _RunEvent:
    """The common base of the events of a run."""

    @property
    def wire_type(self) -> str:
        """The same as `type`; events of responses have it as well."""
        kind: str = getattr(self, "type", "")  # a literal of its own in each class
        return kind


class _CallEvent(_RunEvent, AboutCall):
    """The common base of events about a call."""

    _item_field = "call"


@public
@dataclass(frozen=True)
class ToolCalled(_CallEvent):
    """A call of a tool that your program is about to answer.

    Attributes:
        turn: The number of the turn whose response contains the call, from 1.
        call: The call, an item of the response's output.
        type: `"run.tool_called"`.
    """

    turn: int
    call: OutputItem
    type: Literal["run.tool_called"] = "run.tool_called"


@public
@dataclass(frozen=True)
class ToolReturned(_CallEvent):
    """The answer to a call of a tool.

    Attributes:
        turn: The number of the turn whose response contains the call, from 1.
        call: The call, an item of the response's output.
        output: The item that the model receives; if the tool failed, it says so.
        error: The failure of the tool; None if it succeeded, or if the call was denied.
        elapsed: The time that the call took, in seconds; 0 if it was denied.
        type: `"run.tool_returned"`.
    """

    turn: int
    call: OutputItem
    output: InputItem
    error: ToolExecutionError | None
    elapsed: float
    type: Literal["run.tool_returned"] = "run.tool_returned"


@public
@dataclass(frozen=True)
class TurnEnded(_RunEvent):
    """The end of a turn: its response is complete, and its calls are answered as far as they can be here.

    Attributes:
        number: The number of the turn, from 1.
        turn: The turn: new input, response, outputs of calls.
        type: `"run.turn_ended"`.
    """

    number: int
    turn: Turn
    type: Literal["run.turn_ended"] = "run.turn_ended"


RunEvent: TypeAlias = "StreamEvent | ToolCalled | ToolReturned | TurnEnded"
"""An event of a streamed run; the field `type` distinguishes them."""
