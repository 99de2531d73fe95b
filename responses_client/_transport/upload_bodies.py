"""Bodies of requests that are read piece by piece, as httpx takes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from .protocols import InThread, Upload

__all__ = ["stream_of"]


def stream_of(upload: Upload, in_thread: InThread | None, package: Any) -> Any:
    """Return the body as a stream of httpx or httpx2, for a client that blocks or, with `in_thread`, for an async one.

    The library wraps iterables of its users in generators, which it takes once only, and which wait for the garbage
    collector when an upload breaks off.
    """

    class Stream(package.SyncByteStream):  # type: ignore[misc]  # the class of either library
        def __iter__(self) -> Iterator[bytes]:
            return upload.pieces()

    class AsyncStream(package.AsyncByteStream):  # type: ignore[misc]  # the class of either library
        def __aiter__(self) -> AsyncIterator[bytes]:
            assert in_thread is not None
            return upload.async_pieces(in_thread)

    return Stream() if in_thread is None else AsyncStream()
