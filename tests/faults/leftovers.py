"""Objects of calls that outlive them: those that wait for the garbage collector, and those that something still holds.

The traceback of an error holds frames. If a variable of such a frame holds the error, only the garbage collector frees
both, and with them all that the other variables hold: the request with its images, the answer, the connection.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import httpcore
import httpx
from waits import PATIENT, settle

import responses_client
from responses_client._calls.attempts import Attempts
from responses_client._calls.request import Call
from responses_client._events.stream_state import StreamState
from responses_client._map.processor import RequestProcessor
from responses_client._runs.loop import RunLoop
from responses_client._runs.planner import RunPlan
from responses_client._streaming.source import Source
from responses_client._transport.bodies import PiecesBody
from responses_client._transport.protocols import TransportError, WireRequest
from responses_client._transport.sync import _SyncBody
from responses_client._websocket.connection import Connection
from responses_client.errors import ResponsesClientError
from responses_client.models import Model

__all__ = ["garbage", "is_ours", "left_after"]

_PACKAGE = str(responses_client.__path__[0])
_ERRORS = (
    ResponsesClientError,
    TransportError,
    httpx.HTTPError,
    httpcore.NetworkError,
    httpcore.TimeoutException,
)
_HTTP = (httpx.Request, httpx.Response, httpcore.Request, httpcore.Response, PiecesBody, _SyncBody)
_CALLS = (Attempts, Call, Connection, Model, RunLoop, RunPlan, Source, StreamState, WireRequest)
_OURS = (*_ERRORS, *_HTTP, *_CALLS, RequestProcessor)


def is_ours(thing: Any) -> bool:
    """Whether it is a frame of this package, an error, or holds a part of a request or an answer."""
    if type(thing) is FrameType:
        return thing.f_code.co_filename.startswith(_PACKAGE)
    return issubclass(type(thing), _OURS)  # a weak proxy has the class of its object, which may be gone


@contextmanager
def garbage() -> Iterator[list[Any]]:
    """Collect in a list the objects that only the garbage collector frees at the end of the block."""
    found: list[Any] = []
    gc.disable()
    gc.freeze()  # what was there before is not looked at
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def left_after(work: Callable[[], Awaitable[object]], expected: type[Exception]) -> list[str]:
    """Return the leftovers of work that ends in an error, while the client and its connections are still there."""
    gc.disable()
    gc.freeze()
    try:
        try:
            await work()
        except expected:
            pass
        else:
            raise AssertionError("no error came")
        until = time.monotonic() + PATIENT
        while (left := [repr(thing)[:200] for thing in gc.get_objects() if _is_left(thing)]) and (
            time.monotonic() < until
        ):
            settle(0.001)  # for threads that are about to end
        return left
    finally:
        gc.enable()


def _is_left(thing: Any) -> bool:
    # Trio keeps the exception of a timeout in a cycle, with those of our frames that wait: they may not hold data.
    return is_ours(thing) and (type(thing) is not FrameType or any(map(_is_large, thing.f_locals.values())))


def _is_large(value: Any) -> bool:
    return isinstance(value, (bytes, str)) and len(value) > 1000
