"""The operations on containers and their files."""

from __future__ import annotations

from collections.abc import Mapping

from ._containers import Container
from ._endpoint_schemas import CONTAINER, CONTAINER_FILE, checked_body
from ._file_operations import download
from ._http_types import JSON_TYPE, Answer, ApiError
from ._json_checks import missing
from ._json_types import objects
from ._list_pages import page, page_query
from ._multipart import base_name, fields_of, media_type, parse_form, text_of
from ._recorded_request import RecordedRequest
from ._store import Store


def create_container(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /containers`."""
    body = checked_body(request, CONTAINER)
    files = [store.files.get(str(id), store.now, param="file_ids") for id in body.get("file_ids") or ()]
    made = Container(store.new_ids("container").new("cntr"), body["name"], store.now, store.now)
    made.expires_after = body.get("expires_after") or made.expires_after
    made.memory_limit = body.get("memory_limit") or made.memory_limit
    policy = body.get("network_policy")
    if policy:
        # The secrets of domains go in and never come out.
        made.network_policy = {key: policy[key] for key in ("type", "allowed_domains") if key in policy}
    for file in files:
        _copy(store, made, file["id"])
    store.containers[made.id] = made
    return Answer.of_json(made.shown(store.now))


def list_containers(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /containers`, the newest first."""
    name = request.query.get("name")
    shown = [each.shown(store.now) for each in store.containers.values() if name in (None, each.name)]
    return Answer.of_json(page(shown, page_query(request.query)))


def retrieve_container(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /containers/{container_id}`, which does not count as a use."""
    return Answer.of_json(_container(store, params).shown(store.now))


def delete_container(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`DELETE /containers/{container_id}`, with its files."""
    container = _container(store, params)
    for id in container.files:
        store.files.contents.drop(id)
    del store.containers[container.id]
    return Answer.of_json({"id": container.id, "object": "container.deleted", "deleted": True})


def create_container_file(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /containers/{container_id}/files`: a form with a file, or the id of one."""
    container = _container(store, params)
    if media_type(request.headers) == JSON_TYPE:
        id = checked_body(request, CONTAINER_FILE).get("file_id")
        content, name = None, ""
    else:
        form = fields_of(parse_form(request.headers, request.body), files="file", values=("file_id",))
        id = text_of(form, "file_id")
        content, name = (form["file"].content, str(form["file"].filename)) if "file" in form else (None, "")
    if content is None and not id:
        missing("file")
    if content is not None and id:
        raise ApiError(400, "Only one of 'file' and 'file_id' may be given.", param="file_id")
    container.use(store.now)
    if content is None:
        return Answer.of_json(_copy(store, container, str(id)))
    ids, contents = store.new_ids("container file"), store.files.contents
    return Answer.of_json(container.add_file(ids, contents, name, content, now=store.now, source="user"))


def _copy(store: Store, container: Container, file_id: str) -> dict[str, object]:
    file = store.files.get(file_id, store.now, param="file_id")
    contents = store.files.contents
    name, content = base_name(file["filename"]), contents.get(file["id"])
    ids = store.new_ids("container file")
    return container.add_file(ids, contents, name, content, now=store.now, source="user")


def list_container_files(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /containers/{container_id}/files`, the newest first."""
    container = _container(store, params)
    container.use(store.now)
    return Answer.of_json(page(objects([*container.files.values()]), page_query(request.query)))


def retrieve_container_file(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /containers/{container_id}/files/{file_id}`."""
    container = _container(store, params)
    container.use(store.now)
    return Answer.of_json(container.file(params["file_id"]))


def container_file_content(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /containers/{container_id}/files/{file_id}/content`."""
    container = _container(store, params)
    container.use(store.now)
    file = container.file(params["file_id"])
    return download(base_name(file["path"]), store.files.contents.get(file["id"]))


def delete_container_file(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`DELETE /containers/{container_id}/files/{file_id}`."""
    container = _container(store, params)
    container.use(store.now)
    id = container.file(params["file_id"])["id"]
    del container.files[id]
    store.files.contents.drop(id)
    return Answer.of_json({"id": id, "object": "container.file.deleted", "deleted": True})


def _container(store: Store, params: Mapping[str, str]) -> Container:
    id = params["container_id"]
    if id not in store.containers:
        raise ApiError(404, f"Container with id '{id}' not found.")
    return store.containers[id]
