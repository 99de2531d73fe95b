"""Responses in the background, which only make progress when a client asks for them.

There is no clock, so tests take no time and give the same results each time. A response has a fixed list of
events, and a counter of those that have happened. Two things move the counter:

- A poll, which is a `GET` without `stream`. All polls before the last one find the response in progress; the
  last one, whose number is `polls`, finds its end.
- Reading its stream, which makes each event happen when it is read. A client that leaves the stream leaves
  the response as it is, and may resume the stream or poll.

    queued ──first poll──► in_progress ──poll number `polls`──► completed, incomplete, failed
       │    or event 2          │        or the last event
       └────────────────────────┴──────── cancel() ───────────► cancelled

A response whose scripted status is not a terminal one, such as `in_progress`, keeps that status until it is
cancelled.
"""

from __future__ import annotations

from collections.abc import Callable

from ._json_types import JSONObject
from ._stream_events import TERMINAL, snapshot, stream_events

# The events of a queued response are `created` and `queued`; the third one is `in_progress`.
_EVENTS_WHEN_QUEUED = 2
_EVENTS_WHEN_IN_PROGRESS = 3


class BackgroundRun:
    """The events that a response will have, and the number of those that have happened.

    `streamed` is whether it was created with `stream`, without which it has no stream. `response` is its
    state after the events that have happened. `on_end` is called once, when it reaches a terminal status.
    """

    def __init__(self, response: JSONObject, *, polls: int, streamed: bool) -> None:
        self.id: str = str(response["id"])
        self.streamed = streamed
        self.on_end: Callable[[], None] | None = None
        self._events = stream_events(response)
        self._polls = polls
        if response["status"] in TERMINAL:
            self.response: JSONObject = snapshot(response, "queued")
            self._happened = _EVENTS_WHEN_QUEUED
        else:
            self.response = response
            self._happened = len(self._events)

    def poll(self) -> JSONObject:
        """Count a poll and return the response as the poll finds it."""
        self._polls -= 1
        self._advance(_EVENTS_WHEN_IN_PROGRESS if self._polls > 0 else len(self._events))
        return self.response

    def event(self, number: int) -> JSONObject | None:
        """Return the event of a number, after making it and all before it happen; None after the last one."""
        self._advance(number + 1)
        return self._events[number] if number < len(self._events) else None

    def cancel(self) -> JSONObject:
        """Drop the events that have not happened, end in `response.cancelled`, and return the response."""
        del self._events[self._happened :]
        cancelled = {**self.response, "status": "cancelled"}
        self._events.append(
            {"type": "response.cancelled", "response": cancelled, "sequence_number": self._happened}
        )
        self._advance(len(self._events))
        return self.response

    def _advance(self, count: int) -> None:
        for event in self._events[self._happened : count]:
            self._happened += 1
            if "response" in event:
                self.response = event["response"]
            elif event["type"] == "response.output_item.done":
                self.response = {**self.response, "output": [*self.response["output"], event["item"]]}
        if self.response["status"] in TERMINAL and self.on_end is not None:
            self.on_end()
            self.on_end = None
