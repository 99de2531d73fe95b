"""A response that runs in the background: time passes for it when somebody looks.

There is no clock. A plain look at it is one poll, and after so many it has ended; reading its stream
makes one event after the other happen. So tests take no time, and give the same each time.
"""

from __future__ import annotations

from collections.abc import Callable

from ._json_types import JSONObject
from ._stream_events import TERMINAL, snapshot, stream_events

# At the start the response is created and queued; the third event says that it is in progress.
_EVENTS_WHEN_QUEUED = 2
_EVENTS_WHEN_IN_PROGRESS = 3


class BackgroundRun:
    """The events that a response will have, and how many of them have happened.

    A response that is scripted with a status of its own, such as `in_progress`, stays as it is.
    """

    def __init__(self, response: JSONObject, *, polls: int, streamed: bool) -> None:
        self.id = str(response["id"])
        self.streamed = streamed
        self.on_end: Callable[[], None] | None = None
        self._events = stream_events(response)
        self._polls = polls
        if response["status"] in TERMINAL:
            self.response = snapshot(response, "queued")
            self._happened = _EVENTS_WHEN_QUEUED
        else:
            self.response = response
            self._happened = len(self._events)

    def poll(self) -> JSONObject:
        """Poll: the response as it is now."""
        self._polls -= 1
        self._advance(_EVENTS_WHEN_IN_PROGRESS if self._polls > 0 else len(self._events))
        return self.response

    def event(self, number: int) -> JSONObject | None:
        """The event of a number, which makes it and all before it happen; none after the last one."""
        self._advance(number + 1)
        return self._events[number] if number < len(self._events) else None

    def cancel(self) -> JSONObject:
        """Stop: what has not happened never will, and streams end in `response.cancelled`."""
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
