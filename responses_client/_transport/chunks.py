"""Bodies in chunks over HTTP/1.1: a shorter way from the connection to a piece than through h11, httpcore and httpx."""

# A server of events sends each in a chunk of its own, which the libraries take longer to open than the client takes to
# decode the event. So a body in chunks is read from the connection here, and h11 sees none of it:
#
#     begin: the part that came with the headers is taken from h11, and put back on the connection
#       |
#       v
#     chunks are read here: a read of the connection gives a piece
#       |
#       |  the last chunk, one with an extension, a mistake, the end of the connection, an exception
#       v
#     the result of the last read is put back, and the pieces of the library follow
#
# The next read of httpcore returns the bytes that were put back, which h11 takes for the beginning of the body, or raises
# the exception. Where a version of a library names its parts otherwise, all pieces come from the library; the tests of
# this module fail then.

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

from .framing import connection_of

__all__ = ["ChunkDecoder", "Unread", "chunks_of", "chunks_of_async"]

# The first reads are small: where a whole answer has come, its first events are not to wait until all are decoded.
_FIRST_READ_BYTES, _READ_BYTES = 2048, 65536
_END = b"\r\n"
# Heads of chunks, and beginnings of heads; each but the first follows the end of another chunk. RFC 9112, 7.1. Longer
# numbers, and extensions, are left to h11.
_FIRST_HEAD = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
_FIRST_BEGUN = re.compile(rb"[0-9A-Fa-f]{0,8}\r?")
_HEAD = re.compile(rb"\r\n([0-9A-Fa-f]{1,8})\r\n")
_BEGUN = re.compile(rb"(\r(\n([0-9A-Fa-f]{1,8}\r?)?)?)?")


class ChunkDecoder:
    """A decoder of chunks that come in pieces, cut anywhere."""

    def __init__(self) -> None:
        self._head, self._begun = _FIRST_HEAD, _FIRST_BEGUN
        self._held = b""  # of a head
        self._missing = 0  # bytes of the chunk that has begun

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Return the content in some bytes.

        Returns:
            The content; and the rest, which begins with the first head that is not of a usual chunk, or None if there
            is no such head. The rest ends the decoding. It is for h11, as if no chunk came before it.
        """
        data, self._held = self._held + data, b""
        content: list[bytes] = []
        at, end = 0, len(data)
        while at < end:
            if not self._missing:
                head = self._head.match(data, at)
                size = 0 if head is None else int(head[1], 16)
                if head is None and self._begun.fullmatch(data, at):
                    self._held = data[at:]
                    break
                if head is None or not size:
                    return b"".join(content), self._rest(data[at:])
                self._head, self._begun = _HEAD, _BEGUN
                at, self._missing = head.end(), size
            piece = data[at : at + self._missing]
            at += len(piece)
            self._missing -= len(piece)
            content.append(piece)
        return b"".join(content), None

    def _rest(self, data: bytes) -> bytes:
        """Return bytes for h11, without the end of the chunk before them, which h11 has not read."""
        if self._head is _FIRST_HEAD:
            return data
        # h11 refuses an empty head, and with it a chunk that is longer than its head says.
        return data.removeprefix(_END) if data.startswith(_END) else _END + data


class Unread:
    """The part of a network stream that gives a result of its `read` a second time."""

    unread: bytes | BaseException | None = None

    def put_back(self, result: bytes | BaseException) -> None:
        """Have the next read return these bytes, in front of others that were put back, or raise this exception."""
        if isinstance(result, bytes) and isinstance(self.unread, bytes):
            result += self.unread
        self.unread = result

    def read_again(self, max_bytes: int) -> bytes:
        """Return bytes that were put back, or raise the exception."""
        result, self.unread = self.unread, None
        if isinstance(result, bytes):
            self.unread = result[max_bytes:] or None
            return result[:max_bytes]
        assert result is not None
        try:
            raise result
        finally:
            del result  # its traceback holds this frame


class _Chunks:
    """The part of both ways, sync and async, that does not wait.

    Attributes:
        is_left: Whether the library reads the body from now on.
    """

    def __init__(self, stream: Any, timeout: float | None) -> None:
        self.is_left = False
        self._stream = stream
        self._timeout = timeout
        self._decoder = ChunkDecoder()
        self._max_bytes = _FIRST_READ_BYTES

    def read(self) -> Any:
        """Read from the connection; the result is awaited if the connection is async."""
        max_bytes = self._max_bytes
        if max_bytes < _READ_BYTES:
            self._max_bytes = 2 * max_bytes
        return self._stream.read(max_bytes, self._timeout)

    def content(self, data: bytes) -> bytes:
        """Return the content in bytes that were read; no bytes are the end of the connection."""
        content, rest = self._decoder.feed(data) if data else (b"", data)
        if rest is not None:
            self.leave(rest)
        return content

    def leave(self, result: bytes | BaseException) -> None:
        """Leave the rest to the library, beginning with these bytes or this exception."""
        self.is_left = True
        self._stream.put_back(result)


def chunks_of(response: Any, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Return the pieces of a body by the shorter way, or as they are where there is none."""
    chunks = _begin(response)
    return pieces if chunks is None else _read(chunks, pieces)


def chunks_of_async(response: Any, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Return the pieces of a body by the shorter way, or as they are where there is none."""
    chunks = _begin(response)
    return pieces if chunks is None else _read_async(chunks, pieces, response)


def _read(chunks: _Chunks, pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        while not chunks.is_left:
            if content := chunks.content(chunks.read()):
                yield content
    except BaseException as error:
        chunks.leave(error)
    yield from pieces


async def _read_async(chunks: _Chunks, pieces: AsyncIterator[bytes], response: Any) -> AsyncIterator[bytes]:
    while not chunks.is_left:
        try:
            content = chunks.content(await chunks.read())
        except BaseException as error:
            chunks.leave(error)
            break
        if content:
            try:
                yield content
            except BaseException:
                # The body was dropped, or its loop ends. Then the pieces, which are generators too, must not begin.
                await response.stream.aclose()
                raise
    async for piece in pieces:
        yield piece


def _begin(response: Any) -> _Chunks | None:
    """Return the chunks of an answer of httpx; None if its body is not in chunks, or cannot be read here."""
    stream = response.extensions.get("network_stream")
    protocol = getattr(connection_of(response), "_h11_state", None)
    buffer = getattr(protocol, "_receive_buffer", None)
    is_in_chunks = type(getattr(protocol, "_reader", None)).__name__ == "ChunkedReader"
    if not is_in_chunks or buffer is None or not isinstance(stream, Unread):
        return None
    if begun := buffer.maybe_extract_at_most(len(buffer)):
        stream.put_back(bytes(begun))
    timeouts = response.request.extensions.get("timeout", {})
    return _Chunks(stream, timeouts.get("read"))
