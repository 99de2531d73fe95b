"""Numbered events and states of streams, for tests of resumption."""

from __future__ import annotations

from collections import deque
from typing import Any

from responses_client._base.http import ResponseMeta
from responses_client._events.stream_state import StreamState
from responses_client.models import OutputTextDelta, Response, ResponseCompleted, ResponseCreated, StreamEvent

META = ResponseMeta.build(
    200, {}, elapsed=0, tries=1, method="GET", url="http://api.test/v1/responses/resp_1"
)


def piece(number: int | None, text: str = "a") -> OutputTextDelta:
    """A piece of text with a sequence number."""
    return OutputTextDelta(delta=text, sequence_number=number)


def begin(number: int | None) -> ResponseCreated:
    """The event that begins a response."""
    return ResponseCreated(response=Response(id="resp_1"), sequence_number=number)


def end(number: int | None) -> ResponseCompleted:
    """The event that completes a response."""
    return ResponseCompleted(response=Response(id="resp_1"), sequence_number=number)


def numbers(events: list[StreamEvent]) -> list[int | None]:
    """The sequence numbers of events."""
    return [one.sequence_number for one in events]


def state(*chunks: bytes, **options: Any) -> StreamState:
    """The state of a stream after these chunks."""
    made = StreamState(deque(), 2**20, False, META, **options)
    for data in chunks:
        made.feed(data)
    return made
