"""Bodies of requests, as streams of httpx."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable, Iterator
from inspect import isasyncgen
from typing import Any, TypeVar

import anyio.lowlevel
import httpx
import httpx2
import pytest

from responses_client._base.clock import Deadline
from responses_client._transport.http_library import HttpLibrary
from responses_client._transport.protocols import InThread, Timeouts, Upload, WireRequest
from responses_client._transport.request_bodies import async_bytes, upload_stream

T = TypeVar("T")


class Numbers(Upload):
    """A body of three pieces."""

    size = 3
    problem = None

    @property
    def can_send(self) -> bool:
        return True

    def pieces(self) -> Iterator[bytes]:
        yield from (b"1", b"2", b"3")

    async def async_pieces(self, in_thread: InThread) -> AsyncIterator[bytes]:
        for number in (b"1", b"2", b"3"):
            yield await in_thread(lambda number=number: number)


async def at_once(function: Callable[[], T]) -> T:
    return function()


def test_body_can_be_iterated_twice_as_auth_objects_need_it() -> None:
    body = upload_stream(Numbers(), None, httpx)
    assert isinstance(body, httpx.SyncByteStream)
    assert [b"".join(body), b"".join(body)] == [b"123", b"123"]


@pytest.mark.anyio
async def test_async_body_reads_by_the_given_threads_and_can_be_iterated_twice() -> None:
    body = upload_stream(Numbers(), at_once, httpx)
    assert isinstance(body, httpx.AsyncByteStream)
    for _ in range(2):
        assert [piece async for piece in body] == [b"1", b"2", b"3"]


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
