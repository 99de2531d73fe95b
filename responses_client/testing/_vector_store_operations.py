"""The operations on vector stores, their search included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._endpoint_schemas import VECTOR_STORE, VECTOR_STORE_SEARCH, VECTOR_STORE_UPDATE, checked_body
from ._http_types import Answer, ApiError
from ._json_types import JSONObject, as_object, is_array
from ._lexical_search import Hit, matches, search, text_in
from ._list_pages import page, page_query
from ._recorded_request import RecordedRequest
from ._store import Store
from ._vector_store_file_operations import add_file, get_store
from ._vector_stores import IndexedFile, VectorStore

MAX_SEARCHED_CHARS = 4 * 1024 * 1024
"""The text that a search looks at; the rest of larger stores is not found."""

_SEARCH_RESULTS = 10


def create_vector_store(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /vector_stores`."""
    body = checked_body(request, VECTOR_STORE, needed=False)
    for id in body.get("file_ids") or ():
        store.files.get(str(id), store.now, param="file_ids")
    settings: JSONObject = {
        "name": body.get("name") or "",
        "description": body.get("description"),
        "metadata": as_object(body.get("metadata")),
        "expires_after": body.get("expires_after"),
    }
    made = VectorStore(store.new_ids("vector store").new("vs"), store.now, store.now, settings)
    for id in body.get("file_ids") or ():
        add_file(store, made, {"file_id": id, "chunking_strategy": body.get("chunking_strategy")})
    store.vector_stores[made.id] = made
    return Answer.of_json(made.shown(store.now))


def list_vector_stores(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /vector_stores`, the newest first."""
    shown = [each.shown(store.now) for each in store.vector_stores.values()]
    return Answer.of_json(page(shown, page_query(request.query)))


def retrieve_vector_store(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /vector_stores/{vector_store_id}`, which polls the files in it."""
    found = get_store(store, params)
    found.poll()
    return Answer.of_json(found.shown(store.now))


def update_vector_store(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /vector_stores/{vector_store_id}`."""
    found = get_store(store, params)
    body = checked_body(request, VECTOR_STORE_UPDATE)
    found.use(store.now)
    if "metadata" in body:
        body["metadata"] = as_object(body["metadata"])
    found.settings = {**found.settings, **body, "name": body.get("name") or found.settings["name"]}
    return Answer.of_json(found.shown(store.now))


def delete_vector_store(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`DELETE /vector_stores/{vector_store_id}`: the files themselves stay."""
    id = get_store(store, params).id
    del store.vector_stores[id]
    return Answer.of_json({"id": id, "object": "vector_store.deleted", "deleted": True})


def search_vector_store(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /vector_stores/{vector_store_id}/search`."""
    found = get_store(store, params)
    body = checked_body(request, VECTOR_STORE_SEARCH)
    found.use(store.now)
    query: Any = body["query"]
    queries = [str(each) for each in query] if is_array(query) else [str(query)]
    if not any(each.strip() for each in queries):
        raise ApiError(400, "Invalid 'query': it must not be empty.", param="query", code="invalid_value")
    hits = hits_in(store, [found], queries, body, most=_SEARCH_RESULTS)
    return Answer.of_json(
        {
            "object": "vector_store.search_results.page",
            "search_query": queries,
            "data": [_result(store, hit) for hit in hits],
            "has_more": False,
            "next_page": None,
        }
    )


def hits_in(
    store: Store, searched: Sequence[VectorStore], queries: Sequence[str], settings: JSONObject, *, most: int
) -> list[Hit]:
    """Return the chunks in vector stores that a search finds; their keys are the indexed files.

    `settings` are those of the search: filters, the least score, and the number of results, `most` if it has none.
    """
    filters = as_object(settings.get("filters"))
    least = as_object(settings.get("ranking_options")).get("score_threshold") or 0
    chunks: list[tuple[IndexedFile, str]] = []
    rest = MAX_SEARCHED_CHARS
    for file in [file for each in searched for file in each.files.values()]:
        is_there = file.status == "completed" and store.files.find(file.id, store.now) is not None
        if is_there and (not filters or matches(filters, file.attributes)):
            text = text_in(store.files.contents.get(file.id)[: 4 * rest])[:rest]
            rest -= len(text)
            chunks += [(file, chunk) for chunk in file.chunks(text)]
    hits = [hit for hit in search(chunks, queries) if hit.score >= least]
    return hits[: settings.get("max_num_results") or most]


def _result(store: Store, hit: Hit) -> JSONObject:
    file: IndexedFile = hit.key
    return {
        "file_id": file.id,
        "filename": store.files.get(file.id, store.now)["filename"],
        "score": hit.score,
        "attributes": file.attributes,
        "content": [{"type": "text", "text": hit.text}],
    }
