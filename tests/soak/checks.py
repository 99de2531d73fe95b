"""The check of the events of a client: each once, in order, from its own stream, with every byte."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from . import wire
from .wire import Plan

_MOST_NOTES = 5


@dataclass
class Faults:
    """The number of events, answers or calls that were not as they must be."""

    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    foreign: int = 0
    garbled: int = 0
    failed: int = 0
    notes: list[str] = field(default_factory=list[str])
    """Descriptions of the first ones."""

    def note(self, text: str) -> None:
        """Keep a description, if it is among the first."""
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(text)

    def fail(self, what: object, error: Exception) -> None:
        """Count a call that raised an error."""
        self.failed += 1
        self.note(f"{what}: {type(error).__name__}: {error}")

    def answer(self, what: object, text: str, expected: str) -> None:
        """Count an answer with an unexpected text: that of another request is foreign."""
        if text != expected:
            self.foreign += text.startswith("answer to ")
            self.garbled += not text.startswith("answer to ")
            self.note(f"{what}: {text!r} in place of {expected!r}")

    @property
    def counts(self) -> dict[str, int]:
        """The numbers by name."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "notes"}


class StreamCheck:
    """The events of one stream, checked as they come.

    Attributes:
        count: The number of events that came.
    """

    def __init__(self, plan: Plan, faults: Faults) -> None:
        self.count = 0
        self._plan = plan
        self._faults = faults
        self._seen = bytearray(plan.events)
        self._next = 0

    def take(self, event: Any) -> None:
        """Check the next event."""
        self.count += 1
        number = event.sequence_number
        if number is None or not 0 <= number < len(self._seen):
            self._faults.garbled += 1
            self._faults.note(f"stream {self._plan.stream}: event {number} came, which was never sent")
            return
        if number == self._next:
            self._next += 1
        elif self._seen[number]:
            self._faults.doubled += 1
            self._faults.note(f"stream {self._plan.stream}: event {number} came twice")
        elif number < self._next:
            self._faults.disordered += 1
            self._faults.note(f"stream {self._plan.stream}: event {number} came after {self._next - 1}")
        else:
            self._next = number + 1
        self._seen[number] = 1
        if event.type == wire.DELTA:
            if event.delta != wire.text_of(self._plan.stream, number):
                self._judge_text(number, event.delta)
        elif wire.is_delta(self._plan, number):
            self._faults.garbled += 1
            self._faults.note(f"stream {self._plan.stream}: event {number} has the type {event.type}")
        elif getattr(getattr(event, "response", None), "id", self._plan.id) != self._plan.id:
            self._faults.foreign += 1

    def take_snapshot(self, snapshot: Any) -> None:
        """Check the response so far."""
        # It may be ahead of the events that were read: it has all that came.
        read, sent = wire.deltas_before(self._plan, self._next), wire.whole_text(self._plan)
        text = "" if snapshot is None else snapshot.output_text
        if not (text.startswith(read) and sent.startswith(text)):
            self._faults.garbled += 1
            self._faults.note(f"stream {self._plan.stream}: the snapshot after {self.count} events is wrong")

    def end(self, response: Any) -> None:
        """Check the final response, and count the events that never came."""
        missing = self._seen.count(0)
        self._faults.lost += missing
        if missing:
            self._faults.note(f"stream {self._plan.stream}: {missing} of {len(self._seen)} events are lost")
        if response.output_text != wire.whole_text(self._plan):
            self._judge_text(len(self._seen), response.output_text)

    def _judge_text(self, number: int, text: str) -> None:
        is_own = text.startswith(f"{self._plan.stream}:")
        self._faults.garbled += is_own
        self._faults.foreign += not is_own
        self._faults.note(f"stream {self._plan.stream}: event {number} has the text {text!r}")
