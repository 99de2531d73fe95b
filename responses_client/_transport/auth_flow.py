"""Auth objects of httpx over another library: the requests that they send, and the answers that they see."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import httpx

from .._base.overrides import override
from ..errors import ConfigurationError
from .bodies import PiecesBody
from .protocols import TransportError, WireRequest

__all__ = ["send_with_auth"]

_B = TypeVar("_B", bound=PiecesBody)
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


async def send_with_auth(request: WireRequest, send: Callable[[WireRequest], Awaitable[_B]]) -> _B:
    """Send a request as its auth object changes it, and those that come before and after; return the last answer.

    Args:
        request: A request with an auth object.
        send: Sends one request as it is.
    """
    auth: Any = request.auth
    if request.upload is not None and getattr(auth, "requires_request_body", False):
        raise ConfigurationError(
            "auth signs the whole body of requests, which an upload over aiohttp does not have; leave "
            "transport='aiohttp' out"
        )
    flow = auth.async_auth_flow(_built(request))
    try:
        step: httpx.Request = await anext(flow)
        while True:
            body = await send(await _wire(step, request))
            answer = httpx.Response(
                body.status_code, headers=[*body.headers.items()], stream=_Stream(body), request=step
            )
            try:
                step = await flow.asend(answer)
            except StopAsyncIteration:
                if answer.is_stream_consumed:
                    body.has_read(answer.content)
                return body
            except BaseException:
                await body.close()
                raise
            await body.drain()
            await body.close()
    finally:
        await flow.aclose()


def _built(request: WireRequest) -> httpx.Request:
    headers = [(name, value) for name, value in request.headers.items() if value is not None]
    return httpx.Request(request.method, request.url, headers=headers, content=request.content)


async def _wire(step: httpx.Request, request: WireRequest) -> WireRequest:
    """Return a request of a flow, of which anything may have been changed."""
    # Others of a flow, such as one for a token, have a body of their own.
    upload = request.upload if (step.method, step.url) == (request.method, httpx.URL(request.url)) else None
    content = await step.aread()
    if any(map(_FORBIDDEN.search, step.headers.values())):
        raise TransportError("network", "LocalProtocolError: Illegal header value")
    length = int(step.headers.get("content-length", len(content)))
    if length != len(content) and upload is None:
        amount = "much" if length < len(content) else "little"
        raise TransportError("network", f"LocalProtocolError: Too {amount} data for declared Content-Length")
    left_out = {name.lower(): None for name, value in request.headers.items() if value is None}
    headers: dict[str, str | None] = {**left_out, **step.headers}
    return WireRequest(step.method, str(step.url), headers, content, request.timeouts, upload=upload)


class _Stream(httpx.AsyncByteStream):
    """The pieces of a body, for an auth object that reads them."""

    def __init__(self, body: PiecesBody) -> None:
        self._body = body

    @override
    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._body.raw
