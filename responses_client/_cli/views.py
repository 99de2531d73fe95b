"""The views of an answer while it comes: as text, as typed events, or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..models import (
    CustomToolCall,
    FunctionCall,
    Model,
    OutputItemDone,
    OutputMessage,
    OutputTextDelta,
    ReasoningItem,
    ReasoningSummaryTextDelta,
    ReasoningSummaryTextDone,
    ReasoningTextDelta,
    RefusalDelta,
)
from ..models._answer import answer_messages, refusal_of
from .statuses import print_note
from .terminal import DIM, MARKED, Output

if TYPE_CHECKING:
    from ..models import OutputItem, Response, StreamEvent

__all__ = ["EventView", "JsonView", "TextView", "View"]

_NAME_WIDTH = 26
_MAX_VALUE_CHARS = 60
_HIDDEN_FIELDS = frozenset(
    {
        "content_index",
        "item_id",
        "logprobs",
        "obfuscation",
        "output_index",
        "sequence_number",
        "summary_index",
    }
)


class View(Protocol):
    """A way to show an answer."""

    def show(self, event: StreamEvent) -> None:
        """Print an event as soon as it is received."""
        ...

    def finish(self, response: Response) -> None:
        """Print the parts of the response that no event contained."""
        ...


class JsonView:
    """Each event as received, on a line of its own."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def show(self, event: StreamEvent) -> None:
        """Print an event as soon as it is received."""
        self._out.line(event.to_json())

    def finish(self, response: Response) -> None:
        """Print nothing: the events have it all."""


class TextView:
    """The text as it is received, a line for each tool call, and at a terminal the reasoning.

    Args:
        out: The output for the text.
        is_data: Whether the text is read by a program: then it is written alone.
    """

    def __init__(self, out: Output, *, is_data: bool = False) -> None:
        self._out = out
        self._is_data = is_data
        self._shows_reasoning = out.shows_reasoning
        self._has_text = self._has_call = False

    def show(self, event: StreamEvent) -> None:
        """Print an event as soon as it is received."""
        match event:
            case OutputTextDelta():
                self._out.write(event.delta)
                self._has_text = True
            case RefusalDelta() if not self._is_data:
                self._out.write(event.delta)
                self._has_text = True
            case ReasoningSummaryTextDelta() | ReasoningTextDelta() if self._shows_reasoning:
                self._out.write(event.delta, DIM)
            case ReasoningSummaryTextDone() | OutputItemDone(item=OutputMessage() | ReasoningItem()):
                self._out.end_line()
            case OutputItemDone(item=item) if not self._is_data:
                self._show_call(item)
            case _:
                pass

    def finish(self, response: Response) -> None:
        """Print the parts of the response that no event contained, and say so if there are none."""
        refusal = "".join(map(refusal_of, answer_messages(response.output)))
        if not self._has_text:  # some servers send no deltas, only the final response
            text = response.output_text + ("" if self._is_data else refusal)
            self._out.write(text)
            if not self._has_call and not self._is_data:
                for item in response.output:
                    if not isinstance(item, (OutputMessage, ReasoningItem)):
                        self._show_call(item)
            if not text.strip() and not self._has_call and not refusal:
                print_note("The answer is empty.")
        self._out.end_line()
        if refusal and not self._is_data:
            print_note("The model refused to answer.")

    def _show_call(self, item: OutputItem) -> None:
        self._out.line(_call_line(item), MARKED)
        self._has_call = True


def _call_line(item: OutputItem) -> str:
    match item:
        case FunctionCall(name=name, arguments=given) | CustomToolCall(name=name, input=given):
            return f"[{name}({given})]"
        case _:
            return f"[{item.wire_type}]"


class EventView:
    """A line for each event; successive deltas of the same type share one, so that the text can be read."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._name = ""
        self._count = 0

    def show(self, event: StreamEvent) -> None:
        """Print an event as soon as it is received."""
        name = type(event).__name__
        piece = getattr(event, "delta", None)
        if name != self._name or not isinstance(piece, str):
            self._end_run()
        if not isinstance(piece, str):
            self._out.line(f"{name:<{_NAME_WIDTH}} {_details(event)}".rstrip())
            return
        if not self._count:
            self._out.write(f"{name:<{_NAME_WIDTH}} ")
        self._out.write("".join(c if c.isprintable() else repr(c)[1:-1] for c in piece))
        self._name = name
        self._count += 1

    def finish(self, response: Response) -> None:
        """End the last line."""
        self._end_run()

    def _end_run(self) -> None:
        if self._count:
            self._out.write(f"  ({self._count} event{'s' if self._count > 1 else ''})\n")
            self._count = 0


def _details(event: Model) -> str:
    values = {name: value for name, value in event if name not in _HIDDEN_FIELDS and name not in event.tags}
    return ", ".join(
        f"{name}: {_shorten(value)}" for name, value in values.items() if value not in (None, [])
    )


def _shorten(value: object) -> str:
    if isinstance(value, Model):
        status = getattr(value, "status", None)
        return f"{type(value).__name__} ({status})" if status else type(value).__name__
    shown = repr(value)
    return shown if len(shown) <= _MAX_VALUE_CHARS else f"{shown[: _MAX_VALUE_CHARS - 1]}…"
