"""Bodies of requests that are read piece by piece, as httpx takes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from .protocols import InThread, Upload

__all__ = ["body_of"]


def body_of(upload: Upload, in_thread: InThread | None) -> object:
    """Return the body for a client that blocks or, with `in_thread`, for an async one."""
    return _Pieces(upload) if in_thread is None else _AsyncPieces(upload, in_thread)


# No generators: httpx takes those once only, and an auth object may send a request twice.


class _Pieces:
    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def __iter__(self) -> Iterator[bytes]:
        return self._upload.pieces()


class _AsyncPieces:
    def __init__(self, upload: Upload, in_thread: InThread) -> None:
        self._upload = upload
        self._in_thread = in_thread

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._upload.async_pieces(self._in_thread)
