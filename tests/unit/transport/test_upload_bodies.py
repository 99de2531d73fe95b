"""Bodies that are read piece by piece, as streams of httpx."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import httpx
import pytest

from responses_client._transport.upload_bodies import InThread, Upload, stream_of

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
    body = stream_of(Numbers(), None, httpx)
    assert isinstance(body, httpx.SyncByteStream)
    assert [b"".join(body), b"".join(body)] == [b"123", b"123"]


@pytest.mark.anyio
async def test_async_body_reads_by_the_given_threads_and_can_be_iterated_twice() -> None:
    body = stream_of(Numbers(), at_once, httpx)
    assert isinstance(body, httpx.AsyncByteStream)
    for _ in range(2):
        assert [piece async for piece in body] == [b"1", b"2", b"3"]
