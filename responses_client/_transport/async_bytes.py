"""Bytes as the body of a request of an async client of httpx, which itself wraps them in an async generator.

A generator that is left half way, as when a request is cancelled while it is sent, waits for the garbage collector, and
trio warns of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from typing import Any

__all__ = ["async_bytes"]


@cache
def async_bytes(package: Any) -> Any:
    """Return the class of such bodies for httpx or httpx2."""
    stream: Any = package.ByteStream

    class Bytes(stream):  # type: ignore[misc]  # a class of httpx or httpx2
        def __aiter__(self) -> AsyncIterator[bytes]:
            return _Piece(next(iter(self)))

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
