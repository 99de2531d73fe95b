"""The async driver: cancellation ends its waits and leaves nothing behind, over transports in process."""

from __future__ import annotations

import gc
import gzip
import ssl
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from drivers import REQUEST, Driver, Pieces, answering
from waits import LONG, PATIENT, SOON

from responses_client._base.clock import NO_DEADLINE, Deadline
from responses_client._transport import http_library
from responses_client._transport.asynchronous import AsyncIO
from responses_client._transport.protocols import TransportError
from responses_client._transport.sync import SyncIO


def test_own_client_is_made_once_for_each_loop_and_scheme_and_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[httpx.AsyncClient] = []
    real = httpx.AsyncClient

    def fake(**options: Any) -> httpx.AsyncClient:
        assert isinstance(options.pop("verify"), ssl.SSLContext)
        made.append(real(transport=httpx.MockTransport(lambda _: httpx.Response(204)), **options))
        return made[-1]

    monkeypatch.setattr(http_library.httpx, "AsyncClient", fake)
    io = AsyncIO()

    async def main() -> None:
        io.is_closed = False
        for url in ("http://a/", "http://b/", "https://c/"):
            await (await io.send(REQUEST._replace(url=url), NO_DEADLINE)).close()
        await io.close()

    for backend in ("asyncio", "asyncio", "trio"):
        anyio.run(main, backend=backend)

    assert len(made) == 6
    assert io.is_closed
    assert all(client.is_closed for client in made)


async def async_key() -> str:
    await anyio.lowlevel.checkpoint()
    return "key"


def test_async_function_is_awaited(async_driver: Driver) -> None:
    assert (
        async_driver.play(
            lambda io: io.call(async_key, Deadline.after(PATIENT)), lambda _: httpx.Response(204)
        )
        == "key"
    )


def test_async_function_ends_at_the_deadline(async_driver: Driver) -> None:
    with pytest.raises(TransportError, match="the api_key function took too long"):
        async_driver.play(
            lambda io: io.call(anyio.sleep_forever, Deadline.after(SOON)), lambda _: httpx.Response(204)
        )


def test_wait_for_headers_ends_at_the_deadline(async_driver: Driver) -> None:
    async def slow(_: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    with pytest.raises(TransportError, match="the time for it was up"):
        async_driver.play(lambda io: io.send(REQUEST, Deadline.after(SOON)), slow)


def test_wait_for_a_piece_ends_at_the_deadline(async_driver: Driver) -> None:
    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        with pytest.raises(TransportError, match="the time for it was up"):
            await body.next(Deadline.after(SOON))
        await body.close()

    async_driver.play(script, answering(Pieces(LONG, b"a")))


@pytest.mark.parametrize("pieces", [0, 1000])
def test_body_left_early_leaves_no_generator_to_the_garbage_collector(
    async_driver: Driver, pieces: int
) -> None:
    stream = Pieces(*[b"x"] * pieces, LONG)

    async def script(io: SyncIO | AsyncIO) -> None:
        await (await io.send(REQUEST, NO_DEADLINE)).close()
        gc.collect()

    async_driver.play(script, answering(stream))
    assert (stream.given, stream.closed) == (pieces, 1)


def test_close_reads_only_so_far_of_an_endless_body() -> None:
    stream = Pieces(*[b"x"] * 10_000)

    async def script(io: SyncIO | AsyncIO) -> None:
        await (await io.send(REQUEST, NO_DEADLINE)).close()

    Driver("asyncio").play(script, answering(stream))
    assert stream.given < 10_000
    assert stream.closed == 1


def test_piece_that_stands_for_many_does_not_keep_other_tasks_waiting(async_driver: Driver) -> None:
    turns: list[str] = []

    async def script(io: SyncIO | AsyncIO) -> None:
        async def take_turns() -> None:
            while "end" not in turns:
                turns.append("other")
                await anyio.lowlevel.checkpoint()

        async with anyio.create_task_group() as group:
            group.start_soon(take_turns)
            body = await io.send(REQUEST, NO_DEADLINE)
            while (piece := await body.next(NO_DEADLINE)) is not None:
                turns.append(f"piece of {len(piece)}")
            turns.append("end")
            await body.close()

    stream = Pieces(gzip.compress(bytes(4 * 65536)))
    async_driver.play(script, answering(stream, **{"content-encoding": "gzip"}))
    first, last = turns.index("piece of 65536"), turns.index("end")
    assert turns[first:last].count("piece of 65536") == 4
    assert turns[first:last].count("other") >= 3


def test_compressed_body_left_early_leaves_nothing_behind(async_driver: Driver) -> None:
    stream = Pieces(*[gzip.compress(bytes(65536))] * 9)

    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        await body.next(NO_DEADLINE)
        await body.close()

    async_driver.play(script, answering(stream, **{"content-encoding": "gzip"}))
    assert stream.closed == 1


def test_answer_that_comes_after_the_client_was_closed_is_left(async_driver: Driver) -> None:
    pieces = Pieces(b"a")
    found: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        found[0].is_closed = True
        return answering(pieces)(request)

    async def script(io: Any) -> None:
        client, io._given = io._given.here(), None
        io._pools = OwnClient(client)
        found.append(io)
        with pytest.raises(RuntimeError, match="The client was closed"):
            await io.send(REQUEST, NO_DEADLINE)

    async_driver.play(script, answer)
    assert pieces.closed == 1


class OwnClient:
    """The pools of a driver with one client, as its own."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def here(self) -> OwnClient:
        return self

    async def client(self, url: str) -> httpx.AsyncClient:
        return self._client
