"""The requests of an official client that our client sends, and the call for each; no I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote

from .._base.json_types import is_mapping
from .._transport.protocols import Timeouts

__all__ = ["Plan", "Route", "is_ours", "plan"]

_RESOURCES = r"/?(responses|conversations|webhook_endpoints|webhook_event_types)(/|$)"
# Headers that our client sets itself; all others are sent as the official client has them.
_OWN_HEADERS = r"accept|accept-encoding|connection|content-length|content-type|host|x-stainless-.*"
_OFFICIAL_AGENT = r"(Async)?OpenAI/Python"


class Route(NamedTuple):
    """The facts about a request of the official client that its bytes do not show.

    Attributes:
        base_url: The address of the API, as the official client has it.
        max_retries: The number of retries, of the call or of the client.
    """

    base_url: str
    max_retries: int


class Plan(NamedTuple):
    """One request as a call of our client.

    Attributes:
        call: The kind of request: a new response, a stored one, or any other of these resources.
        is_stream: Whether the answer is to be a stream of events.
        method: The HTTP method.
        path: The path below the address of the API, with its query; for a stored response, its id.
        body: The fields of a new response, or the bytes of any other request.
        options: The options of the call.
    """

    call: Literal["create", "retrieve", "other"]
    is_stream: bool
    method: str
    path: str
    body: Any
    options: dict[str, Any]


def is_ours(path: str) -> bool:
    """Whether a path of the API, below its address, is one that our client sends."""
    return re.match(_RESOURCES, path.partition("?")[0]) is not None


def plan(
    route: Route,
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: bytes,
    timeout: Mapping[str, float | None],
    *,
    own_key: str | None,
) -> Plan:
    """Return the call of a request.

    Args:
        route: The facts that the request lacks.
        method: The HTTP method.
        url: The whole URL.
        headers: The headers, as the official client would send them.
        content: The body.
        timeout: The time limits of httpx, by name.
        own_key: The key in place of which our client signs the request; None if there is none.
    """
    path, _, query = url.removeprefix(route.base_url.rstrip("/")).lstrip("/").partition("?")
    options: dict[str, Any] = {
        "extra_headers": _headers(headers, own_key=own_key),
        "max_retries": route.max_retries,
        "timeout": Timeouts(*map(timeout.get, Timeouts._fields)),
    }
    parameters = _parameters(query)
    if method == "POST" and path == "responses":
        body = json.loads(content)
        if is_mapping(body):
            if query:
                options["extra_query"] = parameters
            return Plan("create", body.get("stream") is True, method, path, body, options)
    found = re.fullmatch(r"responses/([^/]+)", path)
    if method == "GET" and found:
        is_stream = parameters.pop("stream", None) == "true"
        number = parameters.pop("starting_after", None)
        if isinstance(number, str):  # an argument, so that a stream that breaks can put another in its place
            options["starting_after"] = int(number)
        options["extra_query"] = parameters
        return Plan("retrieve", is_stream, method, unquote(found[1]), None, options)
    if content_type := headers.get("content-type"):
        options["extra_headers"]["Content-Type"] = content_type
    return Plan("other", False, method, path + (f"?{query}" if query else ""), content or None, options)


def _parameters(query: str) -> dict[str, str | list[str]]:
    """Return the parameters of a query; a name that ends in `[]` is a list."""
    pairs = parse_qsl(query, keep_blank_values=True)
    lists = {name for name, _ in pairs if name.endswith("[]")}
    single = {name: value for name, value in pairs if name not in lists}
    return {**single, **{name[:-2]: [value for one, value in pairs if one == name] for name in lists}}


def _headers(headers: Mapping[str, str], *, own_key: str | None) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if not re.fullmatch(_OWN_HEADERS, name.lower())}
    lowered = {name.lower(): name for name in kept}
    if re.match(_OFFICIAL_AGENT, kept.get(lowered.get("user-agent", ""), "")):
        del kept[lowered["user-agent"]]
    if own_key is not None and kept.get(lowered.get("authorization", "")) == f"Bearer {own_key}":
        del kept[lowered["authorization"]]
    return kept
