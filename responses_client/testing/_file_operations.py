"""The operations on files."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from ._endpoint_schemas import FILE_EXPIRY
from ._http_types import Answer, ApiError
from ._json_checks import refuse
from ._json_types import JSONObject
from ._list_pages import page, page_query
from ._multipart import Part, choice_of, fields_of, parse_form, text_of
from ._recorded_request import RecordedRequest
from ._schema_checks import values_of
from ._store import Store

BYTES_TYPE = "application/octet-stream"
PURPOSES: tuple[str, ...] = tuple(values_of("FileCreateRequest", "purpose"))
_MAX_LISTED = 10_000
_EXPIRY = ("expires_after[anchor]", "expires_after[seconds]")
# The API serves files that it made, and files that it returns unchanged, but not documents that it only reads.
_NOT_GIVEN_OUT = ("assistants", "user_data")


def create_file(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /files`, with a form."""
    parts = parse_form(request.headers, request.body)
    form = fields_of(parts, files="file", values=("purpose", *_EXPIRY))
    purpose = choice_of(form, "purpose", PURPOSES)
    if "file" not in form:
        refuse("Missing required parameter: 'file'.", "file", "missing_required_parameter")
    filename = str(form["file"].filename)
    if purpose == "batch" and not filename.endswith(".jsonl"):
        refuse("Invalid file format for Batch API. Must be .jsonl", "file", "invalid_file_format")
    content = form["file"].content
    if not content:
        refuse("File is empty.", "file", "empty_file")
    seconds = _expiry(form)
    ids = store.new_ids("file")
    file = store.files.add(ids, filename, content, purpose=purpose, now=store.now, expires_after=seconds)
    return Answer.of_json(file)


def _expiry(form: Mapping[str, Part]) -> int | None:
    if not any(name in form for name in _EXPIRY):
        return None
    given: JSONObject = {"anchor": text_of(form, _EXPIRY[0]), "seconds": text_of(form, _EXPIRY[1])}
    # Forms have no numbers; one of many digits is out of bounds, and is not read.
    if str(given["seconds"]).isdecimal():
        given["seconds"] = int(given["seconds"][:18])
    FILE_EXPIRY({key: value for key, value in given.items() if value is not None}, "expires_after")
    return int(given["seconds"])


def list_files(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /files`, the newest first."""
    query = page_query(request.query, default=_MAX_LISTED, most=_MAX_LISTED)
    purpose = request.query.get("purpose")
    files = store.files.listed(store.now)
    return Answer.of_json(page([file for file in files if purpose in (None, file["purpose"])], query))


def retrieve_file(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /files/{file_id}`."""
    return Answer.of_json(store.files.get(params["file_id"], store.now))


def delete_file(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`DELETE /files/{file_id}`: the file also leaves all vector stores."""
    id = store.files.get(params["file_id"], store.now)["id"]
    store.files.delete(id)
    for vector_store in store.vector_stores.values():
        vector_store.files.pop(id, None)
    return Answer.of_json({"id": id, "object": "file", "deleted": True})


def file_content(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /files/{file_id}/content`."""
    file = store.files.get(params["file_id"], store.now)
    if file["purpose"] in _NOT_GIVEN_OUT:
        raise ApiError(400, f"Not allowed to download files of purpose: {file['purpose']}")
    return download(file["filename"], store.files.contents.get(file["id"]))


def download(filename: str, content: bytes) -> Answer:
    """Return an answer with the bytes of a file."""
    disposition = f"attachment; filename*=UTF-8''{quote(filename, errors='replace')}"
    headers = {"content-disposition": disposition, "content-length": str(len(content))}
    return Answer(200, (content,), content_type=BYTES_TYPE, headers=headers)
