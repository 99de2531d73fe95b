"""A call that succeeds after failures leaves nothing behind that waits for the garbage collector.

The traceback of an error holds frames. If a variable of such a frame holds the error, only the garbage collector frees
both, and with them all that the other variables hold: the response so far, the connection, the whole source.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from samples import COMPLETED, CREATED, HEL, LO, response
from scripted_server import (
    CLOSE,
    HOLD,
    LAST_CHUNK,
    RESET,
    ScriptedServer,
    Step,
    answer,
    chunk,
    head,
    stream_head,
)
from shells import Session, Shell

import responses_client
from responses_client._events.stream_state import StreamState
from responses_client._streaming.source import Source
from responses_client._transport.asynchronous import _AsyncBody
from responses_client._transport.protocols import TransportError
from responses_client._transport.sync import _SyncBody
from responses_client.errors import APIError
from responses_client.models import Response

BEGIN: list[Step] = [stream_head(), chunk(CREATED), chunk(HEL)]
REST: list[Step] = [stream_head(), chunk(LO), chunk(COMPLETED), LAST_CHUNK]
OURS = (APIError, TransportError, Response, Source, StreamState, _AsyncBody, _SyncBody)
PACKAGE = str(responses_client.__path__[0])
ENDS: dict[str, list[list[Step]]] = {
    "closed": [[*BEGIN, CLOSE]],
    "reset": [[*BEGIN, 0.005, RESET]],
    "silent": [[*BEGIN, HOLD]],
    "closed inside of an event": [[*BEGIN, chunk(LO[:20]), CLOSE]],
    "closed inside of a chunk": [[*BEGIN, chunk(LO)[:20], CLOSE]],
    "as if it were done": [[*BEGIN, LAST_CHUNK]],
    "closed, and then refused": [[*BEGIN, CLOSE], [answer(503)]],
    "closed before the first event": [[stream_head(), CLOSE]],
}


@contextmanager
def garbage() -> Iterator[list[Any]]:
    """Collect in a list what only the garbage collector frees at the end of the block."""
    found: list[Any] = []
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def is_ours(thing: Any) -> bool:
    """Whether it is a frame of this package, an error, or holds an answer."""
    if isinstance(thing, FrameType):
        return thing.f_code.co_filename.startswith(PACKAGE)
    return isinstance(thing, OURS)


@pytest.mark.parametrize("deadline", [None, 10.0])
@pytest.mark.parametrize("end", ENDS)
def test_resumed_stream_is_freed_without_the_garbage_collector(
    shell: Shell, end: str, deadline: float | None
) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream(background=True)
        await stream.rest()
        assert (await stream.final()).output_text == "Hello"

    limits = {"idle_timeout": 0.1} if end == "silent" else {}
    with ScriptedServer(*ENDS[end], REST) as server, garbage() as found:
        shell.play(play, server.url, deadline=deadline, **limits)

    assert [repr(thing)[:200] for thing in found if is_ours(thing)] == []


@pytest.mark.parametrize("deadline", [None, 10.0])
@pytest.mark.parametrize(
    "failed",
    [[], [RESET], [HOLD], [head(200, content_length="900"), CLOSE], [answer(503)]],
    ids=["none", "reset", "silent", "cut off", "refused"],
)
def test_retried_call_is_freed_without_the_garbage_collector(
    shell: Shell, failed: list[Step], deadline: float | None
) -> None:
    scripts = [failed, [answer(200, response())]] if failed else [[answer(200, response())]]

    async def play(session: Session) -> None:
        assert (await session.create()).output_text == "Hello"

    with ScriptedServer(*scripts) as server, garbage() as found:
        shell.play(play, server.url, timeout=0.1 if HOLD in failed else 3.0, deadline=deadline)

    assert [repr(thing)[:200] for thing in found if is_ours(thing)] == []
