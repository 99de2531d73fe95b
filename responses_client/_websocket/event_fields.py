"""The fields of an event that decide where it belongs; without I/O."""

from __future__ import annotations

from typing import NamedTuple

from .._base.error_bodies import ErrorFields
from .._base.json_types import JsonObject, as_object
from .outstanding import ErrorNames

__all__ = ["KEEP_ALIVE_TYPES", "EventFields", "as_string", "error_names", "read_fields"]

KEEP_ALIVE_TYPES = frozenset({"keepalive", "ping", "response.keep_alive"})
"""Types of the events that only show that the connection is alive."""


class EventFields(NamedTuple):
    """The fields of an event that decide where it belongs."""

    type: str
    stream_id: str | None
    response_id: str | None
    previous_response_id: str | None  # of the response in the event
    steer_id: str | None
    steered_response_id: str | None

    @property
    def is_of_response(self) -> bool:
        """Whether it is a part of a response, so that its place in a lane matters."""
        return self.type.startswith("response.") and self.type not in KEEP_ALIVE_TYPES


def read_fields(value: JsonObject) -> EventFields:
    """Return the fields of an event."""
    # Some servers send errors without a type.
    kind = as_string(value.get("type")) or ("error" if value.get("error") else "")
    stream_id = as_string(value.get("stream_id"))
    if "response" not in value and "steer" not in value:  # most events
        return EventFields(kind, stream_id, None, None, None, None)
    response, steer = as_object(value.get("response")), as_object(value.get("steer"))
    return EventFields(
        type=kind,
        stream_id=stream_id,
        response_id=as_string(response.get("id")) or None,
        previous_response_id=as_string(response.get("previous_response_id")) or None,
        steer_id=as_string(steer.get("id")),
        steered_response_id=as_string(steer.get("previous_response_id")),
    )


def error_names(value: JsonObject, fields: EventFields, error: ErrorFields) -> ErrorNames:
    """Return the names in an error that identify its subject."""
    body = as_object(value.get("error"))
    ids = (body.get("event_id"), body.get("client_event_id"), value.get("client_event_id"))
    # The `event_id` beside the type is not among these: where events have one, it is that of the error itself.
    event_id = next(filter(None, map(as_string, ids)), None)
    return ErrorNames(fields.stream_id, error.response_id, event_id)


def as_string(value: object) -> str | None:
    """Return a string; None for any other value."""
    return value if isinstance(value, str) else None
