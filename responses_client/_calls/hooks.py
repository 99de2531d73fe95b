"""What hooks are given: one try as it goes out, and how it was answered; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._base.http import Headers, ResponseMeta
from .._base.public import public
from .._base.redaction import public_url, redact_headers

if TYPE_CHECKING:
    from .._transport.protocols import WireRequest
    from ..errors import APIError
    from ..models import Model

__all__ = ["RequestInfo", "ResponseInfo", "info_of"]

_IDEMPOTENCY = "Idempotency-Key"


@public
class RequestInfo(NamedTuple):
    """One try of a call, as it is about to be sent; what `on_request` is given.

    `operation` is the method's name, such as `responses.create`; where a stream is resumed, `responses.retrieve`.
    `call_number` tells the calls of a process apart; all tries of one share it, and `try_number` counts them from 1.
    In `url` and `headers`, secrets are masked. `content` is the body as it is sent, empty where there is none; what
    an `httpx.Auth` does to a request comes later and is not seen here.
    """

    operation: str
    call_number: int
    try_number: int
    method: str
    url: str
    headers: Headers
    content: bytes

    def json(self) -> Any:
        """Return the body as JSON data, parsed at each call; None where there is none."""
        # Imported here, since hooks that count requests never ask.
        from pydantic_core import from_json

        return from_json(self.content) if self.content else None

    def __repr__(self) -> str:
        """Show where it goes and how much: a body has what nobody wants in a log by accident."""
        size = f"{len(self.content)} bytes"
        return f"<{self.operation}: {self.method} {self.url}, call {self.call_number}, try {self.try_number}, {size}>"


@public
class ResponseInfo(NamedTuple):
    """How one try was answered; what `on_response` is given.

    `meta` is None where no answer came. `error` is what was wrong with the answer, or why there was none; None where
    nothing was. `result` is what the call returns, the very object; None for errors and for streams, whose headers
    alone are here.
    """

    request: RequestInfo
    meta: ResponseMeta | None
    error: APIError | None
    result: Model | None

    @property
    def operation(self) -> str:
        """The method's name, such as `responses.create`."""
        return self.request.operation

    def __repr__(self) -> str:
        """Show no body."""
        status = "no answer" if self.meta is None else f"status {self.meta.status_code}"
        outcome = "" if self.error is None else f", {type(self.error).__name__}"
        return f"<{self.operation}: {status}{outcome}, call {self.request.call_number}, try {self.request.try_number}>"


def info_of(operation: str, call_number: int, try_number: int, request: WireRequest) -> RequestInfo:
    """Make what hooks may see of a request."""
    return RequestInfo(
        operation,
        call_number,
        try_number,
        request.method,
        public_url(request.url),
        _shown(request.headers),
        request.content,
    )


def _shown(headers: Mapping[str, str | None]) -> Headers:
    """Return the headers that are sent, secrets masked; the idempotency key is none."""
    shown = redact_headers(headers)
    for name in headers:
        if name.lower() == _IDEMPOTENCY.lower():
            shown[name] = headers[name]
    return Headers({name: value for name, value in shown.items() if value is not None})
