"""Auth objects of httpx over aiohttp: each request of a flow is sent, and its answer given back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import httpx
import pytest
from drivers import read
from loopback import GOOD, Loopback, play

from responses_client._base.clock import NO_DEADLINE
from responses_client._transport.aiohttp_io import AiohttpIO
from responses_client._transport.protocols import Body, TransportError

CHALLENGE = b'HTTP/1.1 401 No\r\nwww-authenticate: Digest realm="r", nonce="n", qop="auth"\r\ncontent-length: 2\r\n\r\n{}'


def send(auth: httpx.Auth, use: Callable[[Body, Loopback], Any], *answers: bytes, **options: Any) -> None:
    async def script(io: AiohttpIO, server: Loopback) -> None:
        body = await io.send(server.request(auth=auth, **options), NO_DEADLINE)
        use(body, server)
        await read(body)

    play(script, list(answers))


def test_header_of_an_auth_object_is_sent() -> None:
    def use(body: Body, server: Loopback) -> None:
        assert re.search(r"(?i)authorization: basic ", server.heads[0])
        assert "user-agent" not in server.heads[0].lower()

    send(httpx.BasicAuth("me", "word"), use, GOOD, headers={"User-Agent": None})


def test_flow_of_two_requests_goes_by_one_connection() -> None:
    def use(body: Body, server: Loopback) -> None:
        assert body.status_code == 200
        assert server.bodies == [b"{}", b"{}"]
        assert "Digest" in server.heads[1]
        assert hashlib.md5(b"me:r:word").hexdigest() not in server.heads[1]

    send(httpx.DigestAuth("me", "word"), use, CHALLENGE, GOOD)


class Reads(httpx.Auth):
    requires_response_body = True

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        self.seen = (yield request).content


def test_answer_that_an_auth_object_reads_is_still_there() -> None:
    auth = Reads()

    async def script(io: AiohttpIO, server: Loopback) -> None:
        body = await io.send(server.request(auth=auth), NO_DEADLINE)
        assert await read(body) == [b"{}"]

    play(script, [GOOD])
    assert auth.seen == b"{}"


def test_auth_object_that_raises_leaves_no_connection() -> None:
    class Broken(httpx.Auth):
        async def async_auth_flow(
            self, request: httpx.Request
        ) -> AsyncGenerator[httpx.Request, httpx.Response]:
            yield request
            raise LookupError

    async def script(io: AiohttpIO, server: Loopback) -> None:
        with pytest.raises(LookupError):
            await io.send(server.request(auth=Broken()), NO_DEADLINE)
        assert not io._here()._clients["http", None].session.connector._acquired

    play(script, [b"HTTP/1.1 200 OK\r\n\r\n{"])


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("x-a", "a\nb", "Illegal header value"),
        ("x-a", "a\x00", "Illegal header value"),
        ("content-length", "1", "Too much data for declared Content-Length"),
        ("content-length", "3", "Too little data for declared Content-Length"),
    ],
)
def test_request_that_http_cannot_carry_is_a_failure_as_over_httpx(
    name: str, value: str, reason: str
) -> None:
    class Wrong(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
            request.headers[name] = value
            yield request

    async def script(io: AiohttpIO, server: Loopback) -> None:
        with pytest.raises(TransportError, match=f"LocalProtocolError: {reason}") as caught:
            await io.send(server.request(auth=Wrong()), NO_DEADLINE)
        assert caught.value.outcome.kind == "network"
        assert server.heads == []

    play(script)
