"""The check of resumed streams: which events are new, and whether any is missing; no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._base.messages import MAX_VALUE_CHARS, one_line
from .decoder import END_TYPES, is_about_response, tag_of

if TYPE_CHECKING:
    from ..models import StreamEvent


__all__ = ["ResumeCheck"]


class ResumeCheck:
    """The seam between two connections of a stream: drops events that came before, and notices missing ones.

    A server that honours `starting_after` begins with the event after it. Others begin with the first event, number
    their events again, have forgotten some of them, or send those of another response. Without a check, the user
    would get text with a gap or a repetition in it, so that every doubt is a `problem`.

    Args:
        after: The number of the last event that the user got.
        last: That event, if it is known.
        response_id: The id of the response, if it is known.

    Attributes:
        after: The number of the last event that the user got.
        has_new: Whether a new event came.
        problem: Why the stream cannot continue; None if it can.
    """

    def __init__(
        self, after: int, last: StreamEvent | None = None, *, response_id: str | None = None
    ) -> None:
        self.after: int = after
        self.has_new: bool = False
        self.problem: str | None = None
        self._last = last  # the event with the number `after`
        self._response_id = response_id

    def take(self, events: Sequence[StreamEvent]) -> list[StreamEvent]:
        """Return the new ones among the next events; see `problem` afterwards."""
        new: list[StreamEvent] = []
        for event in events:
            if self._is_new(event):
                new.append(event)
                self.has_new = True
            elif self.problem is not None:
                break
        return new

    def _is_new(self, event: StreamEvent) -> bool:
        response_id = getattr(getattr(event, "response", None), "id", None)
        if response_id and self._response_id is not None and response_id != self._response_id:
            ids = [one_line(str(value), MAX_VALUE_CHARS) for value in (response_id, self._response_id)]
            self.problem = f"the server sent another response, {ids[0]!r}, in place of {ids[1]!r}"
            return False
        number, is_end = event.sequence_number, tag_of(event) in END_TYPES
        if tag_of(event) == "error" or (is_end and number is None):
            return True  # a stream that ended with one of these is not resumed: it cannot have come before
        if number is None:
            if self.has_new:  # past the seam: unnumbered events, such as a keepalive, are new as well
                return True
            if is_about_response(event):
                kind = one_line(event.wire_type or "", MAX_VALUE_CHARS)
                self.problem = f"an event without a number came ({kind}), which may be a repetition"
            return False
        if number > self.after + 1:
            self.problem = f"the resumed stream lacks {_numbers(self.after + 1, number - 1)}"
        elif number <= self.after and is_end:
            self.problem = (
                f"the server ended the resumed stream with event {number}, expected one after {self.after}"
            )
        elif number == self.after and self._last is not None and not _is_same(event, self._last):
            self.problem = f"the server renumbered its events: event {number} differs from the earlier one"
        if self.problem is not None or number <= self.after:
            return False
        self.after, self._last = number, event
        return True


def _numbers(first: int, last: int) -> str:
    return f"event {first}" if first == last else f"events {first} to {last}"


def _is_same(event: StreamEvent, other: StreamEvent) -> bool:
    """Whether an event is repeated, judged by the fields that do not vary; `obfuscation`, for one, is random."""
    return all(getattr(event, name, None) == getattr(other, name, None) for name in ("type", "delta"))
