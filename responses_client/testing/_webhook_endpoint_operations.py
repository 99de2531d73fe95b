"""The operations on webhook endpoints, which are stored; nothing is delivered to them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from ._endpoint_schemas import ENDPOINT, ENDPOINT_TEST, ENDPOINT_UPDATE, EVENT_TYPES, ROTATION, body_of
from ._http_types import Answer, ApiError
from ._ids import Ids
from ._json_types import JSONObject
from ._list_pages import page, page_query
from ._recorded_request import RecordedRequest
from ._store import Store


def create_endpoint(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /webhook_endpoints`."""
    body = body_of(store, request, ENDPOINT)
    ids = store.new_ids("webhook endpoint")
    endpoint: JSONObject = {
        "id": ids.new("we"),
        "object": "webhook_endpoint",
        "created_at": store.now,
        "updated_at": store.now,
        "event_types": body.get("event_types"),
        "name": body.get("name"),
        "url": body.get("url"),
    }
    return _with_new_secret(store, endpoint, ids)


def list_endpoints(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /webhook_endpoints`, the newest first."""
    return Answer.of_json(page([*store.endpoints.values()], page_query(request.query.remove("order"))))


def retrieve_endpoint(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /webhook_endpoints/{webhook_endpoint_id}`."""
    return Answer.of_json(_endpoint(store, params))


def update_endpoint(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /webhook_endpoints/{webhook_endpoint_id}`."""
    endpoint = _endpoint(store, params)
    changed = {**endpoint, **body_of(store, request, ENDPOINT_UPDATE, needed=False)}
    if changed != endpoint:
        changed["updated_at"] = store.now
    store.endpoints[endpoint["id"]] = changed
    return Answer.of_json(changed)


def delete_endpoint(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`DELETE /webhook_endpoints/{webhook_endpoint_id}`."""
    id = _endpoint(store, params)["id"]
    del store.endpoints[id]
    return Answer.of_json({"id": id, "object": "webhook_endpoint.deleted", "deleted": True})


def rotate_secret(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /webhook_endpoints/{webhook_endpoint_id}/rotate_secret`."""
    endpoint = _endpoint(store, params)
    body_of(store, request, ROTATION, needed=False)
    return _with_new_secret(store, {**endpoint, "updated_at": store.now}, store.new_ids("webhook secret"))


def send_test(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /webhook_endpoints/{webhook_endpoint_id}/test`: sends nothing, and reports status 200."""
    endpoint = _endpoint(store, params)
    body = body_of(store, request, ENDPOINT_TEST)
    return Answer.of_json(
        {
            "object": "webhook_endpoint.test",
            "webhook_endpoint_id": endpoint["id"],
            "event_type": body.get("event_type"),
            "status_code": 200,
            "success": True,
        }
    )


def list_event_types(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /webhook_event_types`."""
    return Answer.of_json({"object": "list", "data": [*EVENT_TYPES]})


def _endpoint(store: Store, params: Mapping[str, str]) -> JSONObject:
    id = params["webhook_endpoint_id"]
    if id not in store.endpoints:
        raise ApiError(404, f"Webhook endpoint with id '{id}' not found.")
    return store.endpoints[id]


def _with_new_secret(store: Store, endpoint: JSONObject, ids: Ids) -> Answer:
    """Store an endpoint with a new secret, which only this answer shows."""
    seed = hashlib.sha256(ids.new("seed").encode()).digest()
    secret = "whsec_" + base64.b64encode(seed).decode()
    kept = {**endpoint, "signing_secret_hint": f"whsec_...{secret[-4:]}"}
    store.endpoints[endpoint["id"]] = kept
    return Answer.of_json({**kept, "signing_secret": secret})
