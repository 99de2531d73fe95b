"""Bytes as bodies of requests of async clients, without a generator."""

from __future__ import annotations

import gc
from collections.abc import Callable
from inspect import isasyncgen
from typing import Any, TypeVar

import anyio.lowlevel
import httpx
import httpx2
import pytest

from responses_client._base.clock import Deadline
from responses_client._transport.async_bytes import async_bytes
from responses_client._transport.http_library import HttpLibrary
from responses_client._transport.protocols import Timeouts, WireRequest

T = TypeVar("T")


async def at_once(function: Callable[[], T]) -> T:
    return function()


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


@pytest.mark.parametrize("content", [b"{}", b""])
def test_requests_of_async_clients_have_such_bodies(content: bytes) -> None:
    request = WireRequest("POST", "http://a.test/", {}, content, Timeouts(1, 1, 1, 1))
    built = HttpLibrary(httpx).build(httpx.AsyncClient(), request, Deadline.after(None), in_thread=at_once)
    assert not isasyncgen(aiter(built.stream))
    assert built.content == content
