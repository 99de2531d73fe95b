"""The operations on the files of vector stores, and on batches of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._endpoint_schemas import FILE_BATCH, VECTOR_STORE_FILE, VECTOR_STORE_FILE_UPDATE, checked_body
from ._http_types import Answer, ApiError
from ._json_checks import unsupported
from ._json_types import JSONObject, as_object, objects
from ._lexical_search import text_in
from ._list_pages import page, page_query
from ._recorded_request import RecordedRequest
from ._store import Store
from ._vector_stores import FILE_STATUSES, FileBatch, IndexedFile, VectorStore, strategy_of

_EMPTY: JSONObject = {"code": "invalid_file", "message": "The file has no text."}


def get_store(store: Store, params: Mapping[str, str]) -> VectorStore:
    """Return the vector store of a path; refuse with 404 if there is none of that id."""
    id = params["vector_store_id"]
    if id not in store.vector_stores:
        raise ApiError(404, f"Vector store with id '{id}' not found.")
    return store.vector_stores[id]


def add_file(
    store: Store, target: VectorStore, given: JSONObject, batch_id: str | None = None
) -> IndexedFile:
    """Add a file to a vector store, where its indexing begins; refuse with 404 if it is unknown."""
    file = store.files.get(str(given["file_id"]), store.now, param="file_id")
    planned = store.planned_index_errors.popleft() if store.planned_index_errors else None
    if planned is None and not text_in(store.files.contents.get(file["id"])).strip():
        planned = _EMPTY
    added = IndexedFile(
        id=file["id"],
        size=file["bytes"],
        created_at=store.now,
        store_id=target.id,
        strategy=strategy_of(given.get("chunking_strategy")),
        attributes=as_object(given.get("attributes")),
        polls=store.index_polls,
        planned_error=planned,
        batch_id=batch_id,
    )
    added.settle()
    target.files[added.id] = added
    return added


def create_vector_store_file(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /vector_stores/{vector_store_id}/files`."""
    target = get_store(store, params)
    body = checked_body(request, VECTOR_STORE_FILE)
    target.use(store.now)
    return Answer.of_json(add_file(store, target, body).shown())


def list_vector_store_files(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /vector_stores/{vector_store_id}/files`, the newest first."""
    return _listed(request, [*get_store(store, params).files.values()])


def retrieve_vector_store_file(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /vector_stores/{vector_store_id}/files/{file_id}`, which polls the file."""
    file = get_store(store, params).file(params["file_id"])
    file.poll()
    return Answer.of_json(file.shown())


def update_vector_store_file(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /vector_stores/{vector_store_id}/files/{file_id}`: other attributes."""
    target = get_store(store, params)
    file = target.file(params["file_id"])
    body = checked_body(request, VECTOR_STORE_FILE_UPDATE)
    target.use(store.now)
    file.attributes = as_object(body.get("attributes"))
    return Answer.of_json(file.shown())


def delete_vector_store_file(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`DELETE /vector_stores/{vector_store_id}/files/{file_id}`: the file itself stays."""
    target = get_store(store, params)
    id = target.file(params["file_id"]).id
    del target.files[id]
    return Answer.of_json({"id": id, "object": "vector_store.file.deleted", "deleted": True})


def vector_store_file_content(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /vector_stores/{vector_store_id}/files/{file_id}/content`: its text."""
    id = get_store(store, params).file(params["file_id"]).id
    text = text_in(store.files.content(id, store.now))
    return Answer.of_json(
        {
            "object": "vector_store.file_content.page",
            "data": [{"type": "text", "text": text}],
            "has_more": False,
            "next_page": None,
        }
    )


def create_file_batch(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /vector_stores/{vector_store_id}/file_batches`."""
    target = get_store(store, params)
    body = checked_body(request, FILE_BATCH)
    if (body.get("file_ids") is None) == (body.get("files") is None):
        raise ApiError(400, "Exactly one of 'file_ids' and 'files' is needed.", param="file_ids")
    target.use(store.now)
    shared = {key: body.get(key) for key in ("attributes", "chunking_strategy")}
    given = [{"file_id": id, **shared} for id in body.get("file_ids") or ()] + objects(body.get("files"))
    for each in given:
        store.files.get(str(each["file_id"]), store.now, param="file_ids")
        strategy_of(each.get("chunking_strategy"))
    id = store.new_ids("file batch").new("vsfb")
    added = {file.id: file for file in (add_file(store, target, each, id) for each in given)}
    target.batches[id] = FileBatch(id, store.now, target.id, [*added.values()])
    return Answer.of_json(target.batches[id].shown())


def retrieve_file_batch(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /vector_stores/{vector_store_id}/file_batches/{batch_id}`, which polls the files in it."""
    batch = _batch(store, params)
    batch.poll()
    return Answer.of_json(batch.shown())


def cancel_file_batch(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel`."""
    batch = _batch(store, params)
    for file in batch.files:
        file.cancel()
    return Answer.of_json(batch.shown())


def list_file_batch_files(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /vector_stores/{vector_store_id}/file_batches/{batch_id}/files`, the newest first."""
    return _listed(request, _batch(store, params).files)


def _batch(store: Store, params: Mapping[str, str]) -> FileBatch:
    target, id = get_store(store, params), params["batch_id"]
    if id not in target.batches:
        raise ApiError(404, f"No file batch found with id '{id}' in vector store '{target.id}'.")
    return target.batches[id]


def _listed(request: RecordedRequest, files: Sequence[IndexedFile]) -> Answer:
    wanted: Any = request.query.get("filter")
    if wanted is not None and wanted not in FILE_STATUSES:
        unsupported(wanted, FILE_STATUSES, "filter")
    shown = [file.shown() for file in files if wanted in (None, file.status)]
    return Answer.of_json(page(shown, page_query(request.query)))
