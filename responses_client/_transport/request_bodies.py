"""Bodies of requests, as httpx takes them, without the generators that it wraps them in.

A generator can be taken once only. An async one that is left half way, as when a request is cancelled while it is sent,
waits for the garbage collector, and trio warns of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any

from .protocols import InThread, Upload

__all__ = ["async_bytes", "upload_stream"]


def upload_stream(upload: Upload, in_thread: InThread | None, package: Any) -> Any:
    """Return a body that is read piece by piece, for a client of httpx or httpx2 that blocks or, with `in_thread`, is async."""

    class Stream(package.SyncByteStream):  # type: ignore[misc]  # the class of either library
        def __iter__(self) -> Iterator[bytes]:
            return upload.pieces()

    class AsyncStream(package.AsyncByteStream):  # type: ignore[misc]  # the class of either library
        def __aiter__(self) -> AsyncIterator[bytes]:
            assert in_thread is not None
            return upload.async_pieces(in_thread)

    return Stream() if in_thread is None else AsyncStream()


@cache
def async_bytes(package: Any) -> Any:
    """Return the class of bytes as a body for an async client of httpx or httpx2."""

    class Bytes(package.ByteStream):  # type: ignore[misc]  # the class of either library
        def __init__(self, content: bytes) -> None:
            super().__init__(content)
            self._content = content

        def __aiter__(self) -> AsyncIterator[bytes]:
            return _Piece(self._content)

    return Bytes


class _Piece(AsyncIterator[bytes]):
    """An iterator of one piece."""

    def __init__(self, content: bytes) -> None:
        self._content: bytes | None = content

    async def __anext__(self) -> bytes:
        content, self._content = self._content, None
        if content is None:
            raise StopAsyncIteration
        return content
