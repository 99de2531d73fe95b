"""The handshake of a WebSocket: its request, the checks of the answer, and the probable cause of a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._base.http import Headers
from .._base.messages import MAX_VALUE_CHARS, one_line
from .._calls.attempts import Attempts
from ..errors import APIStatusError, ResponseValidationError
from .connection import Connection
from .frames import accept_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._base.options import SessionOptions
    from .._calls.request import Call
    from .._transport.protocols import IO

__all__ = ["connect"]

# Servers without WebSockets answer with these statuses.
_NO_WEBSOCKET_STATUSES = frozenset({404, 405, 426, 501})
# And these come from frameworks (Starlette, for one) and gateways, but also from the API, which then names an error.
_UNCLEAR_STATUSES = frozenset({400, 403})
_NO_WEBSOCKET = "the server may offer no WebSocket here: use responses.stream, or set websocket_base_url"
_UNASKED = "check the server and the proxies between here and it"


async def connect(io: IO, call: Call[Any], options: SessionOptions) -> Connection:
    """Request a WebSocket, with the retries, keys and errors of any other call, and take the connection over.

    Raises:
        APIStatusError: The server refused.
        APIConnectionError: No answer came.
        ResponseValidationError: The answer does not open a WebSocket, or not one as it was asked for.
    """
    attempts = Attempts(io, call)
    try:
        body, meta = await attempts.connect()
    except APIStatusError as error:
        if _may_offer_none(error):
            error.args = (f"{error.args[0].rpartition('; ')[0]}; {_NO_WEBSOCKET}",)
        raise
    expected = accept_token(call.request.headers["Sec-WebSocket-Key"] or "")
    try:
        if body.status_code != 101:
            raise ResponseValidationError(
                f"A WebSocket was requested, but the answer has the status {body.status_code}",
                body=attempts.redactor.body(await attempts.read_start(body)),
                advice=_NO_WEBSOCKET,
                meta=meta,
            )
        if body.headers.get("sec-websocket-accept") != expected:
            raise ResponseValidationError(
                "The connection was switched to a protocol that is not WebSocket (RFC 6455)",
                advice="check the proxies between here and base_url",
                meta=meta,
            )
        problem = _unasked(body.headers, call.request.headers)
        if problem is not None:
            raise ResponseValidationError(attempts.redactor.text(problem), advice=_UNASKED, meta=meta)
        socket = body.socket(call.request.timeouts.write)
    except BaseException:
        await body.close()
        raise
    return Connection(socket, meta, call.settings, options, attempts.redactor)


def _may_offer_none(error: APIStatusError) -> bool:
    """Whether a refusal probably means that the server has no WebSocket, and not that something else is wrong."""
    if error.status_code in _NO_WEBSOCKET_STATUSES:
        return True
    return error.status_code in _UNCLEAR_STATUSES and error.code is None and error.type is None


def _unasked(answer: Headers, request: Mapping[str, str | None]) -> str | None:
    """Return the reason why an answer is not one to this request (RFC 6455, 4.1); None if it is."""
    extensions = answer.get("sec-websocket-extensions", "").strip()
    if extensions:
        # Also one that the user has offered in `extra_headers`: its frames could not be read.
        shown = one_line(extensions, MAX_VALUE_CHARS)
        return f"The server chose the WebSocket extension {shown!r}, which this client does not offer"
    protocol = answer.get("sec-websocket-protocol", "").strip()
    offered = ",".join(
        value or "" for name, value in request.items() if name.lower() == "sec-websocket-protocol"
    )
    if protocol and protocol not in [name.strip() for name in offered.split(",")]:
        return f"The server chose the WebSocket subprotocol {one_line(protocol, MAX_VALUE_CHARS)!r}, which was not offered"
    return None
