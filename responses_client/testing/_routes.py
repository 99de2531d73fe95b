"""The operations of the API: the route table, and the look-up of the function that answers a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

import httpx

from . import _batch_operations as batches
from . import _container_operations as containers
from . import _conversation_operations as conversations
from . import _file_operations as files
from . import _response_operations as responses
from . import _vector_store_file_operations as store_files
from . import _vector_store_operations as vector_stores
from . import _webhook_endpoint_operations as endpoints
from ._http_envelope import check_key
from ._http_types import Answer, ApiError
from ._recorded_request import RecordedRequest
from ._store import Store

Handler: TypeAlias = Callable[[Store, RecordedRequest, Mapping[str, str]], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """An operation: its method, its path after the prefix, with parameters as `{name}`, and its function."""

    method: str
    path: str
    handle: Handler

    def matched(self, segments: list[str]) -> dict[str, str] | None:
        """Return the path parameters if the path is that of this route, else None."""
        names = self.path.split("/")[1:]
        if len(names) != len(segments):
            return None
        params: dict[str, str] = {}
        for name, segment in zip(names, segments, strict=True):
            if name.startswith("{") and segment:
                params[name.strip("{}")] = unquote(segment)
            elif name != segment:
                return None
        return params


_STORE = "/vector_stores/{vector_store_id}"

# Fixed paths come before those with a parameter in the same place: the first match is taken.
ROUTES: tuple[Route, ...] = (
    Route("POST", "/responses", responses.create_response),
    Route("POST", "/responses/input_tokens", responses.count_input_tokens),
    Route("POST", "/responses/compact", responses.compact_response),
    Route("GET", "/responses/{response_id}", responses.retrieve_response),
    Route("DELETE", "/responses/{response_id}", responses.delete_response),
    Route("POST", "/responses/{response_id}/cancel", responses.cancel_response),
    Route("GET", "/responses/{response_id}/input_items", responses.list_input_items),
    Route("POST", "/conversations", conversations.create_conversation),
    Route("GET", "/conversations/{conversation_id}", conversations.retrieve_conversation),
    Route("POST", "/conversations/{conversation_id}", conversations.update_conversation),
    Route("DELETE", "/conversations/{conversation_id}", conversations.delete_conversation),
    Route("POST", "/conversations/{conversation_id}/items", conversations.create_items),
    Route("GET", "/conversations/{conversation_id}/items", conversations.list_items),
    Route("GET", "/conversations/{conversation_id}/items/{item_id}", conversations.retrieve_item),
    Route("DELETE", "/conversations/{conversation_id}/items/{item_id}", conversations.delete_item),
    Route("POST", "/webhook_endpoints", endpoints.create_endpoint),
    Route("GET", "/webhook_endpoints", endpoints.list_endpoints),
    Route("GET", "/webhook_endpoints/{webhook_endpoint_id}", endpoints.retrieve_endpoint),
    Route("POST", "/webhook_endpoints/{webhook_endpoint_id}", endpoints.update_endpoint),
    Route("DELETE", "/webhook_endpoints/{webhook_endpoint_id}", endpoints.delete_endpoint),
    Route("POST", "/webhook_endpoints/{webhook_endpoint_id}/rotate_secret", endpoints.rotate_secret),
    Route("POST", "/webhook_endpoints/{webhook_endpoint_id}/test", endpoints.send_test),
    Route("GET", "/webhook_event_types", endpoints.list_event_types),
    Route("POST", "/files", files.create_file),
    Route("GET", "/files", files.list_files),
    Route("GET", "/files/{file_id}", files.retrieve_file),
    Route("DELETE", "/files/{file_id}", files.delete_file),
    Route("GET", "/files/{file_id}/content", files.file_content),
    Route("POST", "/vector_stores", vector_stores.create_vector_store),
    Route("GET", "/vector_stores", vector_stores.list_vector_stores),
    Route("GET", f"{_STORE}", vector_stores.retrieve_vector_store),
    Route("POST", f"{_STORE}", vector_stores.update_vector_store),
    Route("DELETE", f"{_STORE}", vector_stores.delete_vector_store),
    Route("POST", f"{_STORE}/search", vector_stores.search_vector_store),
    Route("POST", f"{_STORE}/files", store_files.create_vector_store_file),
    Route("GET", f"{_STORE}/files", store_files.list_vector_store_files),
    Route("GET", f"{_STORE}/files/{{file_id}}", store_files.retrieve_vector_store_file),
    Route("POST", f"{_STORE}/files/{{file_id}}", store_files.update_vector_store_file),
    Route("DELETE", f"{_STORE}/files/{{file_id}}", store_files.delete_vector_store_file),
    Route("GET", f"{_STORE}/files/{{file_id}}/content", store_files.vector_store_file_content),
    Route("POST", f"{_STORE}/file_batches", store_files.create_file_batch),
    Route("GET", f"{_STORE}/file_batches/{{batch_id}}", store_files.retrieve_file_batch),
    Route("POST", f"{_STORE}/file_batches/{{batch_id}}/cancel", store_files.cancel_file_batch),
    Route("GET", f"{_STORE}/file_batches/{{batch_id}}/files", store_files.list_file_batch_files),
    Route("POST", "/containers", containers.create_container),
    Route("GET", "/containers", containers.list_containers),
    Route("GET", "/containers/{container_id}", containers.retrieve_container),
    Route("DELETE", "/containers/{container_id}", containers.delete_container),
    Route("POST", "/containers/{container_id}/files", containers.create_container_file),
    Route("GET", "/containers/{container_id}/files", containers.list_container_files),
    Route("GET", "/containers/{container_id}/files/{file_id}", containers.retrieve_container_file),
    Route("DELETE", "/containers/{container_id}/files/{file_id}", containers.delete_container_file),
    Route("GET", "/containers/{container_id}/files/{file_id}/content", containers.container_file_content),
    Route("POST", "/batches", batches.create_batch),
    Route("GET", "/batches", batches.list_batches),
    Route("GET", "/batches/{batch_id}", batches.retrieve_batch),
    Route("POST", "/batches/{batch_id}/cancel", batches.cancel_batch),
)


def answer(store: Store, request: RecordedRequest, prefix: str) -> Answer:
    """Return the answer to a request; raise `ApiError` if the API refuses it."""
    route, params = _find(request, prefix)
    check_key(request.headers)
    found = route.handle(store, request, params)
    return found.at(found.pace.overlaid(store.script.pace()))


def _find(request: RecordedRequest, prefix: str) -> tuple[Route, dict[str, str]]:
    segments = segments_of(request, prefix)
    others: list[str] = []
    for route in ROUTES:
        params = route.matched(segments)
        if params is not None and route.method == request.method:
            return route, params
        if params is not None:
            others.append(route.method)
    if not others:
        raise not_found(request)
    if request.headers.get("upgrade", "").lower() == "websocket":
        message = (
            "A WebSocket needs a port: pass the URL that server.serve() gives to the client as base_url."
        )
        raise ApiError(405, message, code="method_not_supported")
    raise ApiError(
        405,
        f"Not allowed to {request.method} on {request.path}. This path takes {', '.join(others)}.",
        code="method_not_supported",
        headers={"allow": ", ".join(others)},
    )


def segments_of(request: RecordedRequest, prefix: str) -> list[str]:
    """Return the segments of a path after the prefix, still percent-encoded; none if there is another prefix."""
    # Split before decoding: an escaped slash is part of its segment.
    path = httpx.URL(request.url).raw_path.decode("ascii").partition("?")[0]
    rest = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else ""
    return rest.split("/")[1:]


def not_found(request: RecordedRequest) -> ApiError:
    """Return the refusal of a path that the API does not have."""
    return ApiError(404, f"Invalid URL ({request.method} {request.path})")
