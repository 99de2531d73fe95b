"""The check of resumed streams: which events are new, and whether any is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .accumulator import is_about_response
from .decoder import END_TYPES

if TYPE_CHECKING:
    from ..models import StreamEvent


__all__ = ["ResumeCheck"]


class ResumeCheck:
    """How a stream goes on: passes over what was given out before, and notices when something is missing.

    Servers that keep to `starting_after` start with the event after it. Others start from the first event, or
    number what they send anew; and some have forgotten events.

    Attributes:
        after: The number of the last event that was given out.
        has_new: Whether a new event came.
        problem: Why it cannot be told what is new, or what is missing.
    """

    def __init__(self, after: int, last: StreamEvent | None = None) -> None:
        self.after = after
        self.has_new = False
        self.problem: str | None = None
        self._last = last  # the event with the number `after`

    def take(self, events: Sequence[StreamEvent]) -> list[StreamEvent]:
        """Return the new ones among the next events."""
        new: list[StreamEvent] = []
        for event in events:
            if self._is_new(event):
                new.append(event)
                self.has_new = True
            elif self.problem is not None:
                break
        return new

    def _is_new(self, event: StreamEvent) -> bool:
        number, is_end = event.sequence_number, event.type in END_TYPES
        if event.type == "error" or (is_end and number is None):
            return True  # neither can have come before
        if number is None:
            if self.has_new:
                return True
            if is_about_response(event):
                self.problem = f"an event without a number came ({event.type}), which may have come before"
            return False
        if number > self.after + 1:
            self.problem = f"the server left out {_numbers(self.after + 1, number - 1)} when it was to go on"
        elif number <= self.after and is_end:
            self.problem = f"the server ends with event {number}, but was to go on after event {self.after}"
        elif number == self.after and self._last is not None and not _is_same(event, self._last):
            self.problem = f"the server numbers events anew: event {number} is not what it was before"
        if self.problem is not None or number <= self.after:
            return False
        self.after, self._last = number, event
        return True


def _numbers(first: int, last: int) -> str:
    return f"event {first}" if first == last else f"events {first} to {last}"


def _is_same(event: StreamEvent, other: StreamEvent) -> bool:
    """Compare what a server cannot send in another form when it repeats an event."""
    return all(getattr(event, name, None) == getattr(other, name, None) for name in ("type", "delta"))
