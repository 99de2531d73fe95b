"""Checks of the request bodies of all operations except `POST /responses`."""

from __future__ import annotations

from typing import Any

from ._http_envelope import parse_body
from ._json_checks import Check
from ._json_types import JSONObject
from ._recorded_request import RecordedRequest
from ._schema_checks import check_of, values_of
from ._store import Store

# The events that an endpoint can subscribe to; the API signs more kinds than these.
EVENT_TYPES = values_of("WebhookCreateRequest", "event_types")

INPUT_TOKENS = check_of("InputTokenCountRequest")
COMPACTION = check_of("ResponseCompactRequest")
NEW_CONVERSATION = check_of("ConversationCreateRequest")
CONVERSATION_UPDATE = check_of("ConversationUpdateRequest")
CONVERSATION_ITEMS = check_of("ConversationItemsCreateRequest")
ENDPOINT = check_of("WebhookCreateRequest")
ENDPOINT_UPDATE = check_of("WebhookUpdateRequest")
ENDPOINT_TEST = check_of("WebhookTestRequest")
ROTATION = check_of("WebhookRotateSecretRequest")
FILE_EXPIRY = check_of("FileExpiration")
VECTOR_STORE = check_of("VectorStoreCreateRequest")
VECTOR_STORE_UPDATE = check_of("VectorStoreUpdateRequest")
VECTOR_STORE_SEARCH = check_of("VectorStoreSearchRequest")
VECTOR_STORE_FILE = check_of("VectorStoreFileCreateRequest")
VECTOR_STORE_FILE_UPDATE = check_of("VectorStoreFileUpdateRequest")
FILE_BATCH = check_of("VectorStoreFileBatchCreateRequest")
CONTAINER = check_of("ContainerCreateRequest")
CONTAINER_FILE = check_of("ContainerFileCreateRequest")
BATCH = check_of("BatchCreateRequest")


def body_of(store: Store, request: RecordedRequest, check: Check, *, needed: bool = True) -> JSONObject:
    """Return the checked body of a request; an absent one is empty, unless it is `needed`."""
    return checked_body(request, check if store.validate else _accept, needed=needed)


def _accept(value: Any, path: str) -> None:
    """Refuse nothing."""


def checked_body(request: RecordedRequest, check: Check, *, needed: bool = True) -> JSONObject:
    """Return the body of a request that is checked even without validation, since responses refer to the object."""
    if not request.body and not needed:
        return {}
    body = parse_body(request.headers, request.body)
    check(body, "")
    return body
