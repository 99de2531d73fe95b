"""The beginning and the end of answers of aiohttp, reported as httpx reports them.

aiohttp is not imported, as `httpx-aiohttp` may be what sends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from sys import modules
from typing import Any

import anyio

from .protocols import TransportError

__all__ = ["CUT_OFF", "end_with_connection", "refusal_of", "send_over", "time_for_headers"]

CUT_OFF = "the connection ended in the middle of the body"


async def send_over(client: Any, request: Any, send: Callable[[], Awaitable[Any]]) -> Any:
    """Call the function that sends a request over `httpx-aiohttp`, and make its answer begin and end as in httpx.

    Raises:
        TransportError: The answer did not begin in time, or is not valid.
    """
    transport = client._transport_for_url(request.url)
    if not any(kind.__module__.startswith("httpx_aiohttp") for kind in type(transport).__mro__):
        return await send()
    waits = request.extensions["timeout"]
    with anyio.move_on_after(time_for_headers(waits["connect"], waits["write"], waits["read"])):
        response = await send()
        end_with_connection(getattr(getattr(response.stream, "_stream", None), "_aiohttp_response", None))
        refusal = None if "upgrade" in request.headers else refusal_of(response.status_code)
        if refusal is None:
            return response
        await response.aclose()
        raise refusal
    raise TransportError("timeout", "ReadTimeout")


def refusal_of(status: int) -> TransportError | None:
    """Return the failure for a status that ends no request; None for any other.

    aiohttp accepts an unrequested switch of protocols, and a status that HTTP does not have.
    """
    if status >= 200:
        return None
    return TransportError("network", f"the server sent the status {status}, which cannot end a request")


def time_for_headers(
    connect: float | None, write: float | None, read: float | None, pieces: int = 1
) -> float | None:
    """Return the seconds in which the headers of an answer come, unless there is a fault; None sets no limit.

    After an interim answer (100, 102, 103), aiohttp stops its timer, and would wait for the answer itself without end.

    Args:
        connect: The limit for a connection, in seconds.
        write: The limit for each piece of the body; None takes that of `read`.
        read: The limit for the headers.
        pieces: The number of pieces in which the body is written.
    """
    return None if connect is None or read is None else connect + pieces * (write or read) + read


def end_with_connection(answer: Any) -> None:
    """Let the body of an answer end in an error when its connection ends; None is left as it is.

    When a chunk is malformed, aiohttp closes the connection and stops its timer, but the reader waits on.
    """
    protocol: Any = getattr(
        getattr(answer, "connection", None), "protocol", None
    )  # None if the body has come
    if not hasattr(protocol, "closed"):  # or aiohttp is older than 3.12
        return
    fail = partial(_fail, answer.content)
    closed = protocol.closed
    if closed is None:  # it has ended already
        fail(None)
    else:
        closed.add_done_callback(fail)
        # asyncio complains of an exception that is never retrieved, also of one after the end of the answer. Once for
        # each connection, which may serve thousands of requests.
        closed.remove_done_callback(_look_at)
        closed.add_done_callback(_look_at)
        answer.content.on_eof(partial(closed.remove_done_callback, fail))


def _look_at(closed: Any) -> None:
    if not closed.cancelled():
        closed.exception()


def _fail(content: Any, closed: Any) -> None:
    cause = None if closed is None or closed.cancelled() else closed.exception()
    if not content.is_eof() and content.exception() is None:
        error = modules["aiohttp"].ClientPayloadError(CUT_OFF)
        error.__cause__ = cause
        content.set_exception(error)
