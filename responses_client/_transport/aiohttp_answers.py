"""Answers of `httpx-aiohttp`: their end when the connection ends, of which aiohttp does not always tell."""

from __future__ import annotations

from functools import partial
from sys import modules
from typing import Any

__all__ = ["end_with_connection"]


def end_with_connection(response: Any) -> None:
    """Let the body of an answer end in an error when its connection ends; any other answer is left as it is.

    When a chunk is malformed, aiohttp closes the connection and stops its timer, but the reader waits on.
    """
    answer: Any = getattr(getattr(response.stream, "_stream", None), "_aiohttp_response", None)
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
        # The connection may serve thousands of requests.
        answer.content.on_eof(partial(closed.remove_done_callback, fail))


def _fail(content: Any, closed: Any) -> None:
    cause = None if closed is None or closed.cancelled() else closed.exception()
    if not content.is_eof() and content.exception() is None:
        error = modules["aiohttp"].ClientPayloadError("the connection ended in the middle of the body")
        error.__cause__ = cause
        content.set_exception(error)
