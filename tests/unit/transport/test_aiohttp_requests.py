"""Requests of aiohttp as they arrive at a server, and the connections that they go by."""

from __future__ import annotations

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import Any, NamedTuple

import aiohttp
import pytest
from drivers import read
from loopback import GOOD, WAITS, Loopback, play
from waits import SHORT, settle_async
from yarl import URL

from responses_client._base.clock import NO_DEADLINE
from responses_client._transport.aiohttp_io import AiohttpIO
from responses_client._transport.aiohttp_requests import _close_stale, time_limit
from responses_client._transport.protocols import TransportError, WireRequest

LARGE = b"x" * 20_000_000


def names(head: str) -> list[str]:
    return sorted(line.partition(":")[0].lower() for line in head.split("\r\n")[1:] if line)


def test_nothing_is_sent_that_was_not_asked_for() -> None:
    async def script(io: AiohttpIO, server: Loopback) -> None:
        headers = {"X-A": "1", "Accept": None, "Accept-Encoding": None}
        await read(await io.send(server.request(headers=headers), NO_DEADLINE))
        await read(await io.send(server.request(b"", headers=headers), NO_DEADLINE))
        assert [names(head) for head in server.heads] == [["content-length", "host", "x-a"], ["host", "x-a"]]

    play(script, [GOOD, GOOD])


def test_request_for_another_host_has_nothing_of_a_given_session() -> None:
    session: dict[str, Any] = {
        "headers": {"X-Team": "blue", "Authorization": "Bearer of-the-session"},
        "cookies": {"session": "1"},
    }

    async def script(io: AiohttpIO, server: Loopback) -> None:
        request = server.request(headers={"Accept": "*/*"})._replace(
            method="GET", content=b"", is_foreign=True
        )
        await read(await io.send(request, NO_DEADLINE))
        (head,) = server.heads
        assert names(head) == ["accept", "accept-encoding", "host"] or names(head) == ["accept", "host"]

    play(script, [GOOD], session=session)


def test_settings_of_a_given_session_stay_in_force_but_where_a_call_has_its_own() -> None:
    session: dict[str, Any] = {
        "headers": {"X-Team": "blue", "X-Other": "1", "Authorization": "Basic no"},
        "cookies": {"session": "1"},
        "cookie_jar": aiohttp.DummyCookieJar,
        "base_url": "http://elsewhere.test/",
        "raise_for_status": True,
        "timeout": aiohttp.ClientTimeout(total=0.001),
        "auto_decompress": True,
    }
    gone = b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n"

    async def script(io: AiohttpIO, server: Loopback) -> None:
        headers = {"authorization": "Bearer key", "x-other": None}
        body = await io.send(server.request(headers=headers), NO_DEADLINE)
        assert body.status_code == 410
        await read(body)
        (head,) = server.heads
        assert ("X-Team: blue" in head, "x-other" in names(head)) == (True, False)
        assert "authorization: bearer key" in head.lower()
        assert "basic" not in head.lower()

    play(script, [gone], session={name: value for name, value in session.items() if "cookie" not in name})


def test_middlewares_of_a_given_session_are_kept_where_headers_are_removed() -> None:
    async def add(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.headers["X-Added"] = "1"
        return await handler(request)

    async def script(io: AiohttpIO, server: Loopback) -> None:
        await read(await io.send(server.request(headers={"X-Team": None}), NO_DEADLINE))
        assert "x-added" in names(server.heads[0])
        assert "x-team" not in names(server.heads[0])

    play(script, [GOOD], session={"headers": {"X-Team": "blue"}, "middlewares": (add,)})


@pytest.mark.parametrize("size", [0, 2, 65536, 65537, 1_000_000])
def test_body_arrives_whole(size: int) -> None:
    content = bytes(size)

    async def script(io: AiohttpIO, server: Loopback) -> None:
        await read(await io.send(server.request(content), NO_DEADLINE))
        assert server.bodies == [content]

    play(script, [GOOD])


def test_server_that_reads_nothing_is_left_after_the_write_timeout() -> None:
    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transport: Any = writer.transport
        transport.pause_reading()
        await left.wait()

    async def script(io: AiohttpIO, server: Loopback) -> None:
        request = server.request(LARGE, WAITS._replace(write=SHORT))
        with pytest.raises(TransportError, match="WriteTimeout") as caught:
            await io.send(request, NO_DEADLINE)
        assert caught.value.outcome.kind == "timeout"
        assert not io._here()._clients["http", None].session.connector._acquired
        left.set()

    left = asyncio.Event()
    play(script, ignore)


@pytest.mark.parametrize("is_closed", [False, True])
def test_answer_that_comes_before_the_body_was_sent_is_read(is_closed: bool) -> None:
    early = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(early)
        await writer.drain()
        if not is_closed:
            await left.wait()

    async def script(io: AiohttpIO, server: Loopback) -> None:
        body = await io.send(server.request(LARGE), NO_DEADLINE)
        assert body.status_code == 413
        assert await read(body) == [b"{}"]
        left.set()
        await asyncio.sleep(0)
        assert not io._here()._clients["http", None].session.connector._acquired

    left = asyncio.Event()
    play(script, refuse)


@pytest.mark.parametrize("is_given", [False, True])
@pytest.mark.parametrize("rest", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"x"], ids=["end", "answer", "bytes"])
def test_connection_on_which_more_came_is_not_used_again(rest: bytes, is_given: bool) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(GOOD)
        await has_read.wait()
        writer.write(rest)
        await writer.drain()
        if rest:
            await reader.read(1)

    async def script(io: AiohttpIO, server: Loopback) -> None:
        await read(await io.send(server.request(), NO_DEADLINE))
        has_read.set()
        await settle_async()
        body = await io.send(server.request(), NO_DEADLINE)
        assert body.headers["x-id"] == "2"
        await read(body)

    has_read = asyncio.Event()
    play(script, answer, [GOOD.replace(b"x-id: 1", b"x-id: 2")], session={} if is_given else None)


def test_connection_without_a_socket_is_used_again() -> None:
    async def script(io: AiohttpIO, server: Loopback) -> None:
        await read(await io.send(server.request(), NO_DEADLINE))
        ((protocol, _),) = next(iter(io._here()._clients["http", None].session.connector._conns.values()))
        protocol.transport._extra.clear()
        await read(await io.send(server.request(), NO_DEADLINE))

    play(script, [GOOD, GOOD])


def test_body_can_be_shown_as_text_by_a_middleware() -> None:
    async def look(request: Any, handler: Any) -> Any:
        seen.append(request.body.decode())
        return await handler(request)

    async def script(io: AiohttpIO, server: Loopback) -> None:
        await read(await io.send(server.request(b'"text"'), NO_DEADLINE))

    seen: list[str] = []
    play(script, [GOOD], session={"middlewares": (look,)})
    assert seen == ['"text"']


def test_request_without_a_body_can_fail_before_its_answer() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async def script(io: AiohttpIO, server: Loopback) -> None:
        with pytest.raises(TransportError) as caught:
            await io.send(server.request(b""), NO_DEADLINE)
        assert caught.value.outcome.kind == "network"

    play(script, hang_up)


def test_request_without_a_limit_has_none_for_its_answer() -> None:
    request = WireRequest("POST", "http://api.test/", {}, b"{}", WAITS._replace(write=None))
    connect, read, _, pool = request.timeouts
    assert connect is not None
    assert read is not None
    assert pool is not None
    assert time_limit(request) == connect + 2 * read + pool
    for name in ("connect", "read", "pool"):
        assert time_limit(request._replace(timeouts=request.timeouts._replace(**{name: None}))) is None


def test_idle_connections_to_other_hosts_are_left() -> None:
    class Key(NamedTuple):
        host: str

    idle = deque([(SimpleNamespace(transport=None), 0.0)])
    _close_stale(SimpleNamespace(_conns={Key("other.test"): idle}), URL("http://api.test/"))
    assert len(idle) == 1
