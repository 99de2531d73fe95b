"""The driver over aiohttp: sessions, answers and failures; `tests/faults` runs all of its tests over it, too."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
from contextlib import suppress
from typing import Any

import aiohttp
import anyio
import httpx
import pytest
from drivers import read
from loopback import GOOD, Loopback, loopback, play
from waits import LONG, PATIENT, SOON

from responses_client._base import forks
from responses_client._base.clock import NO_DEADLINE, Deadline
from responses_client._transport.aiohttp_io import AiohttpIO
from responses_client._transport.protocols import TransportError
from responses_client.errors import ConfigurationError


def test_answer_is_read_piece_by_piece_and_decompressed() -> None:
    content = gzip.compress(b"text")
    answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(content)

    async def script(io: AiohttpIO, server: Loopback) -> None:
        for deadline in (NO_DEADLINE, Deadline.after(PATIENT)):
            body = await io.send(server.request(), deadline)
            assert (body.status_code, body.headers["Content-Encoding"]) == (200, "gzip")
            assert await read(body) == [b"text"]

    play(script, [answer + content] * 2)


def test_headers_of_answers_may_be_utf_8_or_latin_1() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-a: Caf\xc3\xa9\r\nx-b: Caf\xe9\r\n\r\n"

    async def script(io: AiohttpIO, server: Loopback) -> None:
        body = await io.send(server.request(), NO_DEADLINE)
        assert (body.headers["x-a"], body.headers["x-b"]) == ("Café", "Café")
        await body.close()

    play(script, [answer])


def test_switch_of_protocols_that_nobody_asked_for_ends_no_request() -> None:
    async def script(io: AiohttpIO, server: Loopback) -> None:
        with pytest.raises(
            TransportError, match="the server sent the status 101, which cannot end a request"
        ):
            await io.send(server.request(), NO_DEADLINE)

    play(script, [b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"])


def test_sockets_are_kept_alive() -> None:
    async def script(io: AiohttpIO, server: Loopback) -> None:
        body = await io.send(server.request(), NO_DEADLINE)
        (protocol,) = io._here()._clients["http", None].session.connector._acquired
        sock = protocol.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
        await body.close()

    play(script, [b"HTTP/1.1 200 OK\r\n\r\n"])


@pytest.mark.parametrize("is_given", [False, True])
def test_session_is_closed_by_its_owner(is_given: bool) -> None:
    async def main() -> None:
        async with loopback([GOOD]) as server, aiohttp.ClientSession() as session:
            io = AiohttpIO(session if is_given else None)
            assert io.is_borrowed is is_given
            await io.make_client(server.url)
            await read(await io.send(server.request(), NO_DEADLINE))
            used = session if is_given else io._here()._clients["http", None].session
            await io.close()
            assert used.closed is not is_given

    asyncio.run(main())


def test_loop_that_is_closed_by_hand_leaves_no_warning() -> None:
    io = AiohttpIO()
    for _ in range(3):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(io.make_client("http://api.test/"))
        loop.close()
    assert len(io._pools._pools) == 1
    asyncio.run(io.close())
    gc.collect()


def test_trio_is_refused() -> None:
    async def main() -> None:
        with pytest.raises(ConfigurationError, match="aiohttp works on asyncio only"):
            await AiohttpIO().send(Loopback().request(), NO_DEADLINE)

    anyio.run(main, backend="trio")


def test_session_of_another_loop_is_refused() -> None:
    async def make() -> aiohttp.ClientSession:
        async with aiohttp.ClientSession() as session:
            return session

    async def use() -> None:
        with pytest.raises(ConfigurationError, match="http_client belongs to another event loop"):
            await io.send(Loopback().request(), NO_DEADLINE)

    io = AiohttpIO(asyncio.run(make()))
    asyncio.run(use())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of newer versions of aiohttp
def test_request_that_a_session_cannot_send_is_a_configuration_error() -> None:
    async def script(io: AiohttpIO, server: Loopback) -> None:
        with pytest.raises(
            ConfigurationError, match=r"Cannot combine AUTHORIZATION header .*; check http_client"
        ):
            await io.send(server.request(headers={"Authorization": "Bearer key"}), NO_DEADLINE)

    play(script, session={"auth": aiohttp.BasicAuth("me", "word")})


def test_closed_session_is_an_error() -> None:
    async def script(io: AiohttpIO, server: Loopback) -> None:
        session: Any = io._session
        await session.here().close()
        with pytest.raises(RuntimeError, match="Session is closed"):
            await io.send(server.request(), NO_DEADLINE)

    play(script, session={})


@pytest.mark.parametrize("is_broken", [False, True])
def test_client_that_is_closed_while_it_connects_says_so(is_broken: bool) -> None:
    async def script(io: AiohttpIO, server: Loopback) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await server.read_request(reader)
            io.is_closed = True
            writer.write(b"" if is_broken else GOOD)

        server.scripts.append(answer)
        with pytest.raises(RuntimeError, match="The client was closed"):
            await io.send(server.request(), NO_DEADLINE)

    play(script)


@pytest.mark.parametrize("auth", [None, httpx.BasicAuth("me", "word")])
def test_deadline_ends_the_wait_for_an_answer(auth: httpx.Auth | None) -> None:
    async def script(io: AiohttpIO, server: Loopback) -> None:
        with pytest.raises(TransportError, match="the time for it was up"):
            await io.send(server.request(auth=auth), Deadline.after(SOON))

    play(script, [b"HTTP/1.1 200 OK\r\n"])


def test_deadline_ends_an_auth_object() -> None:
    class Slow(httpx.Auth):
        async def async_auth_flow(self, request: httpx.Request) -> Any:
            await asyncio.sleep(LONG)
            yield request

    async def script(io: AiohttpIO, server: Loopback) -> None:
        with pytest.raises(TransportError, match="the time for it was up"):
            await io.send(server.request(auth=Slow()), Deadline.after(SOON))

    play(script)


@pytest.mark.parametrize("name", ["socks5", "socks5h"])
def test_socks_proxy_of_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{name}://user:secret@127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")

    async def script(io: AiohttpIO, server: Loopback) -> None:
        with pytest.raises(ConfigurationError, match="aiohttp does not support SOCKS proxies") as caught:
            await io.send(server.request(), NO_DEADLINE)
        assert "secret" not in str(caught.value)

    play(script)


def test_websocket_goes_over_httpx() -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"

    async def script(io: AiohttpIO, server: Loopback) -> None:
        headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
        body = await io.send(server.request(b"", headers=headers), NO_DEADLINE)
        connection = body.socket(PATIENT)
        await connection.close()
        await body.close()
        plain = await io.send(server.request(), NO_DEADLINE)
        with pytest.raises(ConfigurationError, match="gives no access to its connections"):
            plain.socket(PATIENT)
        await plain.close()

    play(script, [switch], [GOOD])


def test_body_of_the_parent_process_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(io: AiohttpIO, server: Loopback) -> None:
        body = await io.send(server.request(), NO_DEADLINE)
        with monkeypatch.context() as child:
            child.setattr(forks, "generation", forks.generation + 1)
            with pytest.raises(TransportError, match="the process was forked"):
                await body.next(NO_DEADLINE)
            await body.close()
        assert not body._answer.closed
        await body.close()

    play(script, [b"HTTP/1.1 200 OK\r\n\r\n{"])


def test_body_that_is_left_early_closes_its_connection_at_once() -> None:
    ended = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n{")
        with suppress(ConnectionError):
            await reader.read(1)
        ended.set()

    async def script(io: AiohttpIO, server: Loopback) -> None:
        body = await io.send(server.request(), NO_DEADLINE)
        await body.close()
        connector = io._here()._clients["http", None].session.connector
        assert (len(connector._acquired), len(connector._conns)) == (0, 0)
        await asyncio.wait_for(ended.wait(), PATIENT)
        await body.close()  # once more changes nothing

    play(script, answer)
