"""What the embedded server remembers of a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from ._expectations import Expectation, expectation
from ._json_types import JSONObject, as_object, load
from ._request_input import input_items

MESSAGE = "WEBSOCKET"


@dataclass(frozen=True)
class RecordedRequest:
    """A request as the server received it; each message of a client on a WebSocket is one too."""

    method: str
    """The HTTP method in upper case; `WEBSOCKET` for a message."""
    path: str
    """The path without the query, percent-decoded: `/v1/responses`."""
    url: str
    """The whole URL as it was sent."""
    headers: Mapping[str, str] = field(repr=False)
    """The headers; look-ups take any case. Those of the handshake for a message."""
    query: httpx.QueryParams
    """The query: a mapping of names to values, with `get_list()` for repeated names."""
    body: bytes = field(repr=False)
    """The body as it was sent."""
    json: Any
    """The body as a JSON value; None when it is not JSON."""
    history: Sequence[JSONObject] = field(default=(), repr=False)
    """The items before its input, of its conversation or its previous response, as the server knew them."""

    @property
    def stream(self) -> bool:
        """Whether the request asks for events: `stream` in its body or in its query."""
        return as_object(self.json).get("stream") is True or self.query.get("stream") == "true"

    def assert_sent(
        self,
        fields: Mapping[str, object] | None = None,
        /,
        *,
        user: object = None,
        tool_outputs: Mapping[str, object] | None = None,
        **more: object,
    ) -> None:
        """`AssertionError` unless the request has this; see `Server.expect` for what can be said."""
        __tracebackhide__ = True
        compare(self, expectation(fields, more, user, tool_outputs))


def compare(request: RecordedRequest, expected: Expectation) -> None:
    """`AssertionError` unless a request is as expected."""
    __tracebackhide__ = True
    items = [*request.history, *input_items(as_object(request.json))]
    expected.check(f"The request {request.method} {request.path}", request.json, items)


def recorded(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    history: Callable[[JSONObject], Sequence[JSONObject]],
) -> RecordedRequest:
    """The record of a request; `history` finds the items before those of a body."""
    parsed = httpx.URL(url)
    try:
        value = load(body)
    except ValueError:
        value = None
    return RecordedRequest(
        method=method.upper(),
        path=parsed.path,
        url=url,
        headers=httpx.Headers(headers),
        query=parsed.params,
        body=body,
        json=value,
        history=history(as_object(value)),
    )
