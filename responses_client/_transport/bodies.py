"""Bodies of answers that come as async iterators of pieces, decompressed and within a deadline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from .._base import clock, forks
from .._base.clock import Deadline
from .._base.http import Headers
from .._base.overrides import override
from .http_library import CLOSED, DRAIN_SECONDS, MAX_DRAIN_PIECES, TIMED_OUT, HttpLibrary
from .protocols import IO, Body, TransportError

if TYPE_CHECKING:
    from .decompression import Decompressor

__all__ = ["PiecesBody"]


class PiecesBody(Body):
    """The part of a body that does not depend on the HTTP library.

    Args:
        io: The driver, which may be closed while the body is read.
        library: The library, for its exceptions.
        status_code: The status.
        headers: The headers.
        raw: The pieces as they come.
        is_raw: Whether the pieces may be compressed.

    Attributes:
        raw: The pieces as they come.
    """

    def __init__(
        self,
        io: IO,
        library: HttpLibrary,
        status_code: int,
        headers: Headers,
        raw: AsyncIterator[bytes],
        *,
        is_raw: bool = True,
    ) -> None:
        self._io = io
        self._process = forks.generation
        self.status_code = status_code
        self.headers = headers
        self._library = library
        self.raw = raw
        self._pieces = raw
        encodings = headers.get("content-encoding")
        if encodings is not None and is_raw:
            self._pieces = _decompressed(raw, encodings)
        self._is_finished = False

    @override
    async def next(self, deadline: Deadline) -> bytes | None:
        if self._process != forks.generation:
            raise TransportError("network", forks.FORKED)
        try:
            if deadline.at is None:
                piece = await anext(self._pieces, None)
            else:
                piece = await self._next_before(deadline)
        except Exception as error:
            if not self._library.is_failure(error):
                raise
            self._library.fail(error, self._end_by_us())
        if piece is None:
            self._finish()
        return piece

    def has_read(self, content: bytes) -> None:
        """Take the whole content, from an auth object that has read the pieces and decompressed them."""
        self._pieces = _of(content)

    def _finish(self) -> None:
        """Note the end of the pieces."""
        self._is_finished = True

    def _end_by_us(self) -> TransportError | None:
        """Return the reason why this process ended the body; None if it did not."""
        return TransportError("network", CLOSED) if self._io.is_closed else None

    async def _next_before(self, deadline: Deadline) -> bytes | None:
        if not deadline.is_expired:
            remaining = deadline.remaining()
            with clock.time_limit(remaining), anyio.move_on_after(remaining):
                return await anext(self._pieces, None)
        raise TransportError("timeout", TIMED_OUT)

    @override
    async def drain(self) -> bytes:
        pieces: list[bytes] = []
        if self._process != forks.generation:
            return b""
        with anyio.move_on_after(DRAIN_SECONDS), suppress(Exception):
            async for piece in self._pieces:
                pieces.append(piece)
                if len(pieces) == MAX_DRAIN_PIECES:
                    break
            else:
                self._is_finished = True
        return b"".join(pieces)


async def _of(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _decompressed(raw: AsyncIterator[bytes], encodings: str) -> AsyncIterator[bytes]:
    from .decompression import Decompressor  # here, because few answers are compressed

    decompressor = Decompressor(encodings)
    return _Decompressed(raw, decompressor) if decompressor.is_needed else raw


class _Decompressed(AsyncIterator[bytes]):
    """A body that is decompressed. It is not a generator, so that nothing waits in it when the body is closed."""

    def __init__(self, raw: AsyncIterator[bytes], decompressor: Decompressor) -> None:
        self._raw = raw
        self._decompressor = decompressor
        self._ready: Iterator[bytes] = iter(())
        self._has_given = False

    @override
    async def __anext__(self) -> bytes:
        if self._has_given:  # a piece that stands for many must not keep the other tasks waiting
            await anyio.lowlevel.checkpoint()
        while (piece := next(self._ready, None)) is None:
            self._has_given = False
            raw = await anext(self._raw, None)
            if raw is None:
                self._decompressor.end()
                raise StopAsyncIteration
            self._ready = self._decompressor.feed(raw)
        self._has_given = True
        return piece
