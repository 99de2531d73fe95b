"""Bodies of requests that are read piece by piece: their protocol, and the form in which httpx takes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol, TypeVar

__all__ = ["InThread", "Upload", "stream_of"]

T = TypeVar("T")


class Upload(Protocol):
    """A body that is read piece by piece as it is sent."""

    size: int | None
    """Bytes of the whole body; None if that is not known."""
    problem: Exception | None
    """The reason why no more of it could be read; HTTP libraries hide such exceptions behind their own."""

    @property
    def can_send(self) -> bool:
        """Whether it can be sent from its beginning, maybe again."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """Yield the pieces from the beginning."""
        ...

    def async_pieces(self, in_thread: InThread) -> AsyncIterator[bytes]:
        """Yield the same for an async driver, which reads files in threads."""
        ...


class InThread(Protocol):
    """A call in a thread, so that other tasks continue."""

    async def __call__(self, function: Callable[[], T], /) -> T:
        """Return the result of the function."""
        ...


def stream_of(upload: Upload, in_thread: InThread | None, package: Any) -> Any:
    """Return the body as a stream of httpx or httpx2, for a client that blocks or, with `in_thread`, for an async one.

    The library wraps iterables of its users in generators, which it takes once only, and which wait for the garbage
    collector when an upload breaks off.
    """

    class Stream(package.SyncByteStream):  # type: ignore[misc]  # a class of httpx or httpx2
        def __iter__(self) -> Iterator[bytes]:
            return upload.pieces()

    class AsyncStream(package.AsyncByteStream):  # type: ignore[misc]  # a class of httpx or httpx2
        def __aiter__(self) -> AsyncIterator[bytes]:
            assert in_thread is not None
            return upload.async_pieces(in_thread)

    return Stream() if in_thread is None else AsyncStream()
