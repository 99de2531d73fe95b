"""Bytes as bodies of requests of async clients, without a generator."""

from __future__ import annotations

import gc
from inspect import isasyncgen
from typing import Any, cast

import anyio.lowlevel
import httpx
import httpx2
import pytest

from responses_client._base.clock import NO_DEADLINE
from responses_client._transport.async_bytes import async_bytes
from responses_client._transport.asynchronous import AsyncIO
from responses_client._transport.protocols import Timeouts, WireRequest


@pytest.mark.anyio
@pytest.mark.parametrize("package", [httpx, httpx2])
async def test_bytes_of_an_async_request_are_one_piece_as_often_as_they_are_sent(package: Any) -> None:
    body = async_bytes(package)(b"123")
    assert isinstance(body, package.ByteStream)
    for _ in range(2):
        assert [piece async for piece in body] == [b"123"]


@pytest.mark.anyio
async def test_body_that_is_left_half_way_leaves_nothing_to_the_garbage_collector() -> None:
    pieces = aiter(async_bytes(httpx)(b"123"))
    await anext(pieces)
    # trio warns of a generator here, which is an error in these tests.
    del pieces
    gc.collect()
    await anyio.lowlevel.checkpoint()


@pytest.mark.anyio
@pytest.mark.parametrize("content", [b"{}", b""])
async def test_requests_of_async_clients_have_such_bodies(content: bytes) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    io = AsyncIO(httpx.AsyncClient(transport=httpx.MockTransport(answer)))
    request = WireRequest("POST", "http://a.test/", {}, content, Timeouts(1, 1, 1, 1))
    await (await io.send(request, NO_DEADLINE)).close()
    assert not isasyncgen(aiter(cast("httpx.AsyncByteStream", sent[0].stream)))
    assert sent[0].content == content
