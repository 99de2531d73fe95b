"""The operations on batches; the server answers their requests itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ._batches import Batch, BatchPlan, new_batch
from ._endpoint_schemas import BATCH, checked_body
from ._http_types import Answer, ApiError
from ._json_types import as_object
from ._list_pages import page, page_query
from ._recorded_request import RecordedRequest
from ._store import Store


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of the server, as a batch needs them."""

    store: Store

    def read(self, id: str) -> bytes:
        return self.store.files.content(id, self.store.now)

    def write(self, filename: str, content: bytes, expires_after: int | None) -> str:
        store = self.store
        ids = store.new_ids("file")
        purpose = "batch_output"
        file = store.files.add(
            ids, filename, content, purpose=purpose, now=store.now, expires_after=expires_after
        )
        return str(file["id"])


def create_batch(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /batches`."""
    body = checked_body(request, BATCH)
    file = store.files.get(str(body["input_file_id"]), store.now, param="input_file_id")
    if file["purpose"] != "batch":
        message = f"Invalid purpose for input file: expected 'batch', but got '{file['purpose']}'."
        raise ApiError(400, message, param="input_file_id", code="invalid_file_purpose")
    id = store.new_ids("batch").new("batch")
    plan = store.planned_batches.popleft() if store.planned_batches else BatchPlan()
    expiry = as_object(body.get("output_expires_after"))
    store.batches[id] = Batch(
        new_batch(id, body, store.now),
        store.batch_polls,
        store.batch_limits,
        plan,
        output_expires_after=expiry.get("seconds"),
    )
    return Answer.of_json(store.batches[id].shown)


def list_batches(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /batches`, the newest first."""
    shown = [batch.shown for batch in store.batches.values()]
    return Answer.of_json(page(shown, page_query(request.query.remove("order"))))


def retrieve_batch(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /batches/{batch_id}`, which polls the batch and so executes a part of it."""
    batch = _batch(store, params)
    # Taken first: it is for this answer, not for the requests that the poll executes.
    pace = store.script.pace()
    batch.poll(store.now, _Files(store), store.execute)
    return Answer.of_json(batch.shown, pace=pace)


def cancel_batch(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /batches/{batch_id}/cancel`."""
    batch = _batch(store, params)
    batch.cancel(store.now)
    return Answer.of_json(batch.shown)


def _batch(store: Store, params: Mapping[str, str]) -> Batch:
    id = params["batch_id"]
    if id not in store.batches:
        raise ApiError(404, f"No batch found with id '{id}'.")
    return store.batches[id]
