"""The operations of the API: the route table, and the look-up of the function that answers a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

import httpx

from . import _conversation_operations as conversations
from . import _response_operations as responses
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
