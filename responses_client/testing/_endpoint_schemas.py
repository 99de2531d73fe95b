"""Tables of checks for the request bodies of all operations except `POST /responses`."""

from __future__ import annotations

from typing import Any

from ._create_schema import (
    CACHE_RETENTION,
    CONVERSATION,
    INPUT,
    INPUT_ITEM,
    LINK,
    METADATA,
    REASONING,
    STR,
    TEXT,
    TOOL,
    TOOL_CHOICE,
)
from ._http_envelope import parse_body
from ._json_checks import Check, array, boolean, nullable, record, refuse, text
from ._json_types import JSONObject
from ._recorded_request import RecordedRequest
from ._store import Store

# The events that an endpoint can subscribe to; the API signs more kinds than these.
EVENT_TYPES = (
    "batch.completed",
    "batch.failed",
    "batch.expired",
    "batch.cancelled",
    "response.completed",
    "response.failed",
    "response.cancelled",
    "response.incomplete",
    "eval.run.succeeded",
    "eval.run.failed",
    "eval.run.canceled",
    "fine_tuning.job.succeeded",
    "fine_tuning.job.failed",
    "fine_tuning.job.cancelled",
    "realtime.call.incoming",
    "video.completed",
    "video.failed",
    "agent.environment.ready",
    "agent.environment.failed",
    "agent.environment.suspended",
    "agent.environment.expired",
    "agent.session.created",
    "agent.session.action_required",
    "agent.session.in_progress",
    "agent.session.idle",
    "agent.session.failed",
    "safety.alert.created",
)

INPUT_TOKENS = record(
    conversation=nullable(CONVERSATION),
    input=nullable(INPUT),
    instructions=nullable(STR),
    model=nullable(STR),
    parallel_tool_calls=nullable(boolean),
    personality=text(longest=64),
    previous_response_id=LINK,
    reasoning=nullable(REASONING),
    text=nullable(TEXT),
    tool_choice=nullable(TOOL_CHOICE),
    tools=nullable(array(TOOL)),
    truncation=text(values=("auto", "disabled")),
)
COMPACTION = record(
    "model",
    "image prompt_cache_options",
    input=nullable(INPUT),
    instructions=nullable(STR),
    model=nullable(STR),
    previous_response_id=LINK,
    prompt_cache_key=nullable(text(longest=64)),
    prompt_cache_retention=nullable(CACHE_RETENTION),
    service_tier=nullable(text(values=("auto", "default", "fast", "flex", "priority"))),
)

_ITEMS = array(INPUT_ITEM, longest=20)
NEW_CONVERSATION = record(items=nullable(_ITEMS), metadata=nullable(METADATA))
CONVERSATION_UPDATE = record("metadata", metadata=nullable(METADATA))
CONVERSATION_ITEMS = record("items", items=_ITEMS)


def _https(value: Any, path: str) -> None:
    STR(value, path)
    if not value.startswith("https://"):
        refuse(f"Invalid '{path}': expected a URL that starts with 'https://'.", path, "invalid_value")


_EVENT_TYPE = text(values=EVENT_TYPES)
_NAME = text(shortest=1)
_EVENT_TYPES = array(_EVENT_TYPE, shortest=1)
ENDPOINT = record("event_types name url", event_types=_EVENT_TYPES, name=_NAME, url=_https)
ENDPOINT_UPDATE = record(event_types=_EVENT_TYPES, name=_NAME, url=_https)
ENDPOINT_TEST = record("event_type", event_type=_EVENT_TYPE)
ROTATION = record(keep_old_secret_active_for_24_hours=boolean)


def body_of(store: Store, request: RecordedRequest, check: Check, *, needed: bool = True) -> JSONObject:
    """Return the checked body of a request; an absent one is empty, unless it is `needed`."""
    if not request.body and not needed:
        return {}
    body = parse_body(request.headers, request.body)
    if store.validate:
        check(body, "")
    return body
