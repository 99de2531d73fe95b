"""The arguments of hooks: one attempt as it is sent, and the answer to it; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._base.http import Headers, ResponseMeta
from .._base.json_types import json_or
from .._base.public import public
from .._base.redaction import NO_SECRETS, Redactor, public_url, redact_headers

if TYPE_CHECKING:
    from .._transport.protocols import WireRequest
    from ..errors import APIError
    from ..models import Model

__all__ = ["RequestInfo", "ResponseInfo", "make_request_info"]

_IDEMPOTENCY_KEY = "idempotency-key"


@public
class RequestInfo(NamedTuple):
    """One attempt of a call, about to be sent; the argument of `on_request`.

    An `httpx.Auth` of the client works on the request after the hook: its changes are not in here.

    Attributes:
        operation: The name of the method, such as `responses.create`; `responses.retrieve` when a stream is resumed.
        call_number: The number of the call in this process, from 1; all attempts of a call share it.
        try_number: The number of the attempt within its call, from 1.
        method: The HTTP method.
        url: The URL, with secrets masked.
        headers: The headers, with secrets masked. The idempotency key is not a secret.
        content: The body as it is sent; empty if there is none, and for a file, which is read as it is sent.
    """

    operation: str
    call_number: int
    try_number: int
    method: str
    url: str
    headers: Headers
    content: bytes

    def json(self) -> Any:
        """Return the body as JSON data, parsed at each call; None if there is no body, or it is not JSON."""
        return json_or(self.content)

    def __repr__(self) -> str:
        """Show the target and the size, but not the body: prompts must not get into logs by accident."""
        size = f"{len(self.content)} bytes"
        return f"<{self.operation}: {self.method} {self.url}, call {self.call_number}, try {self.try_number}, {size}>"


@public
class ResponseInfo(NamedTuple):
    """The answer to one attempt, or its failure; the argument of `on_response`.

    Attributes:
        request: The attempt.
        meta: Status, headers and more of the answer; None if none came.
        error: The error that the answer is, or the reason why none came; None after a success.
        result: The object that the call returns, not a copy: a model, or the result of `client.request`. None after an
            error, and for streams, of which only the headers have come.
    """

    request: RequestInfo
    meta: ResponseMeta | None
    error: APIError | None
    result: Model | Any | None

    @property
    def operation(self) -> str:
        """The name of the method, such as `responses.create`."""
        return self.request.operation

    def __repr__(self) -> str:
        """Show status and error, but not the result."""
        status = "no answer" if self.meta is None else f"status {self.meta.status_code}"
        outcome = "" if self.error is None else f", {type(self.error).__name__}"
        return f"<{self.operation}: {status}{outcome}, call {self.request.call_number}, try {self.request.try_number}>"


def make_request_info(
    operation: str,
    call_number: int,
    try_number: int,
    request: WireRequest,
    redactor: Redactor = NO_SECRETS,
) -> RequestInfo:
    """Return the part of a request that hooks may see; the redactor masks secrets in headers of harmless names."""
    headers = _public_headers(request.headers)
    masked = redactor.headers(headers)
    return RequestInfo(
        operation,
        call_number,
        try_number,
        request.method,
        redactor.text(public_url(request.url)),
        headers if masked is None else Headers(masked),
        request.content,
    )


def _public_headers(headers: Mapping[str, str | None]) -> Headers:
    """Return the headers that are sent, with secrets masked."""
    shown = redact_headers(headers)
    for name in headers:
        # It looks like a secret by its name, but hooks need it to find their request in the logs of a server.
        if name.lower() == _IDEMPOTENCY_KEY:
            shown[name] = headers[name]
    return Headers({name: value for name, value in shown.items() if value is not None})
