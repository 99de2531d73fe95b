"""Errors in bodies that are event streams, or JSON on several lines, as gateways answer streamed calls; no I/O.

Loaded when an answer has an error status and a body that is not one JSON value.
"""

from __future__ import annotations

from .._base.error_bodies import read_error
from .._base.json_types import JsonObject, is_object, json_or
from .._events.sse import Frame, SSEDecoder

__all__ = ["ErrorFinder", "first_error"]


class ErrorFinder:
    """Finds the first error in an event stream that arrives piece by piece.

    A server may keep such a stream open, so that the call must not wait for its end.
    """

    def __init__(self) -> None:
        self._decoder = SSEDecoder()

    def feed(self, piece: bytes) -> bool:
        """Take a piece and return whether it completes an event with an error."""
        return any(_error_of(frame) is not None for frame in self._decoder.feed(piece))


def first_error(body: bytes) -> JsonObject | None:
    """Return the first event, or line of JSON, that reports an error; None if there is none."""
    decoder = SSEDecoder()
    frames = [*decoder.feed(body), *decoder.end()] or [(b"", line) for line in body.splitlines()]
    return next((error for frame in frames if (error := _error_of(frame)) is not None), None)


def _error_of(frame: Frame) -> JsonObject | None:
    """Return the JSON of an event that reports an error; other events of responses may have a `code` as well."""
    value = json_or(frame[1])
    if not is_object(value):
        return None
    tag = value.get("type")
    if isinstance(tag, str) and tag.startswith("response.") and tag != "response.failed":
        return None
    found = read_error(value)
    return value if found.message or found.code or value.get("error") else None
