"""The files, vector stores and containers that a request refers to: their ids, and searches in them.

An id that the server never gave out is refused only if it has objects of that kind, or had some: tests that create
none write any id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ._http_types import ApiError
from ._json_types import JSONObject, as_object, is_array, objects
from ._request_input import input_items
from ._store import Store
from ._vector_store_operations import hits_in

_PARTS_WITH_FILES = ("input_file", "input_image")
_MAX_RESULTS = 20


def check_referred(store: Store, body: JSONObject) -> None:
    """Refuse a checked request that refers to a file, a vector store or a container that is not there."""
    if store.has_made("file"):
        for id, param in _file_ids(body):
            store.files.get(id, store.now, param=param)
    for place, tool in enumerate(objects(body.get("tools"))):
        _check_tool(store, tool, f"tools[{place}]")


def _file_ids(body: JSONObject) -> Iterator[tuple[str, str]]:
    """Iterate over the ids of files in the input, each with its path."""
    for place, item in enumerate(input_items(body)):
        for key in ("content", "output"):
            for number, part in enumerate(objects(item.get(key))):
                if part.get("type") in _PARTS_WITH_FILES and part.get("file_id") is not None:
                    yield str(part["file_id"]), f"input[{place}].{key}[{number}].file_id"


def _check_tool(store: Store, tool: JSONObject, path: str) -> None:
    if tool.get("type") == "file_search" and store.has_made("vector store"):
        for id in _list(tool.get("vector_store_ids")):
            if id not in store.vector_stores:
                raise ApiError(
                    404, f"Vector store with id '{id}' not found.", param=f"{path}.vector_store_ids"
                )
            store.vector_stores[id].use(store.now)
    environment = as_object(tool.get("environment"))
    container = tool.get("container", environment.get("container_id"))
    if isinstance(container, str) and store.has_made("container"):
        if container not in store.containers:
            raise ApiError(404, f"Container with id '{container}' not found.", param=f"{path}.container")
        store.containers[container].use(store.now)
    if store.has_made("file"):
        for settings in (as_object(container), environment):
            for id in _list(settings.get("file_ids")):
                store.files.get(str(id), store.now, param=f"{path}.file_ids")


def _list(value: Any) -> Sequence[Any]:
    return value if is_array(value) else ()


def find_in_files(store: Store, tool: JSONObject, query: str) -> list[JSONObject] | None:
    """Return the results of a search with a tool; None if the server has none of its vector stores."""
    searched = [
        store.vector_stores[id]
        for id in map(str, _list(tool.get("vector_store_ids")))
        if id in store.vector_stores
    ]
    if not searched:
        return None
    # Without checks, the settings may be anything.
    settings = tool if store.validate else {}
    return [
        {
            "file_id": hit.key.id,
            "filename": store.files.get(hit.key.id, store.now)["filename"],
            "attributes": hit.key.attributes,
            "score": hit.score,
            "text": hit.text,
        }
        for hit in hits_in(store, searched, [query], settings, most=_MAX_RESULTS)
    ]
