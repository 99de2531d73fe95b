"""Bodies of answers of aiohttp, and the time limit of each wait, over invented connections."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast
from weakref import ref

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from waits import PATIENT, SOON, settle_async

from responses_client._transport.aiohttp_bodies import Pieces


def new_content() -> StreamReader:
    loop = asyncio.get_running_loop()
    return StreamReader(BaseProtocol(loop), 2**16, loop=loop)


def timed(timeout: float | None) -> tuple[Pieces, StreamReader, SimpleNamespace]:
    content, started = new_content(), list[float | None]()
    content._protocol.transport = SimpleNamespace()
    protocol = SimpleNamespace(read_timeout=5.0)
    protocol.start_timeout = lambda: started.append(protocol.read_timeout)
    answer = SimpleNamespace(connection=SimpleNamespace(protocol=protocol), content=content)
    return Pieces(answer, timeout), content, SimpleNamespace(started=started)


def test_wait_for_a_piece_has_a_time_limit() -> None:
    async def main() -> None:
        pieces, _, protocol = timed(SOON)
        assert protocol.started == [None]  # the timer of aiohttp
        with pytest.raises(aiohttp.SocketTimeoutError):
            await anext(pieces)

    asyncio.run(main())


def test_limit_runs_only_while_a_piece_is_waited_for() -> None:
    async def wait() -> asyncio.Task[bytes]:
        waiting = asyncio.ensure_future(anext(pieces))
        await asyncio.sleep(0)
        return waiting

    def look(seconds: float) -> None:
        nonlocal now
        now += seconds
        pieces.look()

    async def main() -> None:
        nonlocal pieces
        pieces, content, _ = timed(PATIENT)
        pieces._time = lambda: now
        for _ in range(3):
            waiting = await wait()
            look(PATIENT - 1)
            content.feed_data(b"1")
            assert await waiting == b"1"
            look(PATIENT * 10)
        assert content.exception() is None
        waiting = await wait()
        look(PATIENT)
        with pytest.raises(aiohttp.SocketTimeoutError):
            await waiting
        pieces.close()

    now, pieces = 0.0, cast("Pieces", None)
    asyncio.run(main())


def test_timer_keeps_no_answer_alive() -> None:
    async def main() -> None:
        pieces, content, _ = timed(SOON)
        gone = ref(pieces)
        del pieces
        assert gone() is None
        await settle_async(2 * SOON)
        assert content.exception() is None

    asyncio.run(main())


def test_answers_without_a_limit_or_a_connection_have_no_timer() -> None:
    async def main() -> None:
        pieces, content, protocol = timed(None)
        assert protocol.started == []
        content.feed_eof()
        assert [piece async for piece in pieces] == []
        pieces.close()
        Pieces(SimpleNamespace(connection=None, content=content), PATIENT).close()

    asyncio.run(main())


def test_connection_that_has_just_ended_ends_the_body() -> None:
    async def read() -> bytes:
        raise RuntimeError("Connection closed.")

    async def main() -> None:
        pieces = Pieces(SimpleNamespace(connection=None, content=SimpleNamespace(readany=read)), None)
        with pytest.raises(aiohttp.ClientPayloadError, match="ended in the middle of the body"):
            await anext(pieces)

    asyncio.run(main())
