"""The operations on conversations and their items."""

from __future__ import annotations

from collections.abc import Mapping

from ._endpoint_schemas import CONVERSATION_ITEMS, CONVERSATION_UPDATE, NEW_CONVERSATION, body_of
from ._http_types import Answer, ApiError
from ._json_types import JSONObject, as_object, objects
from ._list_pages import listed, page, page_query
from ._query_params import check_include
from ._recorded_request import RecordedRequest
from ._store import Store
from ._stored_items import kept_items


def create_conversation(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /conversations`."""
    body = body_of(store, request, NEW_CONVERSATION, needed=False)
    ids = store.new_ids("conversation")
    id = ids.new("conv")
    store.conversations[id] = kept_items(objects(body.get("items")), ids, store.find_item)
    store.conversation_objects[id] = _new(store, id, as_object(body.get("metadata")))
    return Answer.of_json(store.conversation_objects[id])


def retrieve_conversation(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /conversations/{conversation_id}`."""
    return Answer.of_json(_conversation(store, params["conversation_id"]))


def update_conversation(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /conversations/{conversation_id}`."""
    conversation = _conversation(store, params["conversation_id"])
    body = body_of(store, request, CONVERSATION_UPDATE)
    changed = {**conversation, "metadata": as_object(body.get("metadata"))}
    store.conversation_objects[conversation["id"]] = changed
    return Answer.of_json(changed)


def delete_conversation(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`DELETE /conversations/{conversation_id}`."""
    id = params["conversation_id"]
    store.conversation_items(id)
    del store.conversations[id]
    store.conversation_objects.pop(id, None)
    return Answer.of_json({"id": id, "object": "conversation.deleted", "deleted": True})


def create_items(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /conversations/{conversation_id}/items`."""
    items = store.conversation_items(params["conversation_id"])
    check_include(request.query)
    body = body_of(store, request, CONVERSATION_ITEMS)
    added = kept_items(objects(body.get("items")), store.new_ids("items"), store.find_item)
    items += added
    return Answer.of_json(listed(added))


def list_items(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /conversations/{conversation_id}/items`."""
    items = store.conversation_items(params["conversation_id"])
    check_include(request.query)
    return Answer.of_json(page(items, page_query(request.query)))


def retrieve_item(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /conversations/{conversation_id}/items/{item_id}`."""
    items = store.conversation_items(params["conversation_id"])
    check_include(request.query)
    return Answer.of_json(items[_index(items, params["item_id"])])


def delete_item(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`DELETE /conversations/{conversation_id}/items/{item_id}`."""
    items = store.conversation_items(params["conversation_id"])
    del items[_index(items, params["item_id"])]
    return Answer.of_json(_conversation(store, params["conversation_id"]))


def _conversation(store: Store, id: str) -> JSONObject:
    """Return a conversation without its items, creating the object of one that a test put in by hand."""
    store.conversation_items(id)
    return store.conversation_objects.setdefault(id, _new(store, id, {}))


def _new(store: Store, id: str, metadata: JSONObject) -> JSONObject:
    return {"id": id, "object": "conversation", "created_at": store.now, "metadata": metadata}


def _index(items: list[JSONObject], item_id: str) -> int:
    for index, item in enumerate(items):
        if item.get("id") == item_id:
            return index
    raise ApiError(404, f"Item with id '{item_id}' not found.")
