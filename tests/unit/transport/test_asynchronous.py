"""The async driver: cancellation ends its waits and leaves nothing behind, over transports in process."""

from __future__ import annotations

import gc
import ssl
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from drivers import REQUEST, Driver, Pieces, answering

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
        async_driver.play(lambda io: io.call(async_key, Deadline.after(5.0)), lambda _: httpx.Response(204))
        == "key"
    )


def test_async_function_ends_at_the_deadline(async_driver: Driver) -> None:
    with pytest.raises(TransportError, match="the api_key function took too long"):
        async_driver.play(
            lambda io: io.call(lambda: anyio.sleep(30), Deadline.after(0.05)), lambda _: httpx.Response(204)
        )  # type: ignore[arg-type,return-value]


def test_wait_for_headers_ends_at_the_deadline(async_driver: Driver) -> None:
    async def slow(_: httpx.Request) -> httpx.Response:
        await anyio.sleep(30)
        raise AssertionError

    with pytest.raises(TransportError, match="the time for it was up"):
        async_driver.play(lambda io: io.send(REQUEST, Deadline.after(0.05)), slow)  # type: ignore[arg-type]


def test_wait_for_a_piece_ends_at_the_deadline(async_driver: Driver) -> None:
    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        with pytest.raises(TransportError, match="the time for it was up"):
            await body.next(Deadline.after(0.05))
        await body.close()

    async_driver.play(script, answering(Pieces(30.0, b"a")))


@pytest.mark.parametrize("pieces", [0, 1000])
def test_body_left_early_leaves_no_generator_to_the_garbage_collector(
    async_driver: Driver, pieces: int
) -> None:
    stream = Pieces(*[b"x"] * pieces, 30.0)

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
