"""Requests as the embedded server records them, and their comparison with expectations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from .._base.public import public
from ._expectations import Expectation, expectation
from ._json_types import JSONObject, as_object, load
from ._request_input import input_items

MESSAGE = "WEBSOCKET"


@public
@dataclass(frozen=True)
class RecordedRequest:
    """A request as the server received it; so is each message that a client sends on a WebSocket."""

    method: str
    """The HTTP method in upper case, or `WEBSOCKET` for a message."""
    path: str
    """The path without the query, percent-decoded: `/v1/responses`."""
    url: str
    """The whole URL as it was sent."""
    headers: Mapping[str, str] = field(repr=False)
    """The headers, whose names match in any case; for a message, those of the handshake."""
    query: httpx.QueryParams
    """The query, a mapping of names to values with `get_list()` for repeated names."""
    body: bytes = field(repr=False)
    """The body as it was sent."""
    json: Any
    """The body as a JSON value; None if it is not valid JSON."""
    history: Sequence[JSONObject] = field(default=(), repr=False)
    """The items before its input: those of its conversation or previous response, if the server has it."""

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
        """Compare the request with an expectation; the arguments are those of `Server.expect`.

            server.requests[-1].assert_sent(user="Hi", model="gpt-5.4")

        Raises:
            UnexpectedRequest: The request differs; it is an `AssertionError` that lists the differences.
            ValueError: A path is not valid, or `tool_outputs` is not a mapping.
        """
        __tracebackhide__ = True
        compare(self, expectation(fields, more, user, tool_outputs))


def compare(request: RecordedRequest, expected: Expectation) -> None:
    """Raise `UnexpectedRequest` if a request differs from the expected one."""
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
    """Return the record of a request; `history` finds the items that come before the input of a body."""
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
