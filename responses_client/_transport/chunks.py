"""Bodies in chunks over HTTP/1.1: a shorter way from the connection to a piece than through h11, httpcore and httpx."""

# A server of events sends each in a chunk of its own. To take one off its chunk, the libraries need more time than the
# client needs for the event. So the connection is read here, from the first moment at which h11 is between two chunks:
#
#                      h11 has to read the rest of a chunk
#                      +-----------------------------+
#                      v                             |
#     begin --> pieces of the library --> h11 is between two chunks --> chunks are read here
#                      ^                                                         |
#                      +---------------------------------------------------------+
#                         the last chunk, one with an extension, a mistake,
#                         the end of the connection, an exception
#
# What ends this way is put back on the connection, where httpcore reads it, or has it raised, as if it came then. h11
# has not seen the chunks that were read here, and is between two chunks still. The way is taken once for each body.
# Where a version of a library names its parts otherwise, it is never taken; the tests of this module fail then.

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic, TypeVar

from .._base.overrides import override
from .framing import connection_of

__all__ = ["ChunkDecoder", "Unread", "chunks_of", "chunks_of_async"]

_Pieces = TypeVar("_Pieces")

_READ_BYTES = 65536
_END = b"\r\n"
# Heads of chunks, and beginnings of heads; each but the first follows the end of another chunk. RFC 9112, 7.1. Longer
# numbers, and extensions, are left to h11.
_FIRST_HEAD = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
_FIRST_BEGUN = re.compile(rb"[0-9A-Fa-f]{0,8}\r?")
_HEAD = re.compile(rb"\r\n([0-9A-Fa-f]{1,8})\r\n")
_BEGUN = re.compile(rb"(\r(\n([0-9A-Fa-f]{1,8}\r?)?)?)?")


class ChunkDecoder:
    """Takes the content out of chunks that come in pieces, cut anywhere."""

    def __init__(self) -> None:
        self._head, self._begun = _FIRST_HEAD, _FIRST_BEGUN
        self._held = b""  # of a head
        self._missing = 0  # bytes of the chunk that has begun

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Return the content in some bytes.

        Returns:
            The content, and the bytes from the first head on that is not of a usual chunk, which end the decoding;
            None if there is no such head. h11 is to read these bytes as if no chunk came before them.
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
        """Return bytes for h11, which has not read a chunk whose end they should begin with."""
        if self._head is _FIRST_HEAD:
            return data
        # h11 refuses an empty head, and with it a chunk that is longer than its head says.
        return data.removeprefix(_END) if data.startswith(_END) else _END + data


class Unread:
    """The part of a network stream that gives a result of its `read` a second time."""

    unread: bytes | BaseException | None = None

    def put_back(self, result: bytes | BaseException) -> None:
        """Have the next read return these bytes, or raise this exception."""
        self.unread = result

    def read_again(self) -> bytes:
        """Return the bytes that were put back, or raise the exception."""
        result, self.unread = self.unread, None
        if isinstance(result, bytes):
            return result
        assert result is not None
        try:
            raise result
        finally:
            del result  # its traceback holds this frame


class _Chunks(Generic[_Pieces]):
    """The state of both kinds of iterators.

    Attributes:
        pieces: The body by the long way.
        is_open: Whether the connection is read here.
    """

    def __init__(self, pieces: _Pieces, protocol: Any, stream: Any, timeout: float | None) -> None:
        self.pieces = pieces
        self.is_open = False
        self._protocol = protocol
        self._stream = stream
        self._timeout = timeout
        self._decoder: ChunkDecoder | None = None

    def begin(self) -> None:
        """Read here from now on if h11 is between two chunks, and this way was not taken before."""
        if self._decoder is None and _is_between_chunks(self._protocol):
            self._decoder = ChunkDecoder()
            self.is_open = True

    def leave(self, result: bytes | BaseException) -> None:
        """Leave the rest to the libraries, beginning with these bytes or this exception."""
        self.is_open = False
        self._stream.put_back(result)

    def content(self, data: bytes) -> bytes:
        """Return the content in some bytes that were read."""
        assert self._decoder is not None
        content, rest = self._decoder.feed(data) if data else (b"", data)
        if rest is not None:
            self.leave(rest)
        return content


class _SyncChunks(_Chunks[Iterator[bytes]], Iterator[bytes]):
    @override
    def __next__(self) -> bytes:
        if not self.is_open:
            self.begin()
        while self.is_open:
            try:
                content = self.content(self._stream.read(_READ_BYTES, self._timeout))
            except BaseException as error:
                self.leave(error)
            else:
                if content:
                    return content
        return next(self.pieces)


class _AsyncChunks(_Chunks[AsyncIterator[bytes]], AsyncIterator[bytes]):
    @override
    async def __anext__(self) -> bytes:
        if not self.is_open:
            self.begin()
        while self.is_open:
            try:
                content = self.content(await self._stream.read(_READ_BYTES, self._timeout))
            except GeneratorExit:  # nothing can be awaited then
                raise
            except BaseException as error:
                self.leave(error)
            else:
                if content:
                    return content
        return await anext(self.pieces)


def chunks_of(response: Any, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Return the pieces of a body by the shorter way, or as they are where there is none."""
    parts = _parts_of(response)
    return pieces if parts is None else _SyncChunks(pieces, *parts)


def chunks_of_async(response: Any, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Return the pieces of a body by the shorter way, or as they are where there is none."""
    parts = _parts_of(response)
    return pieces if parts is None else _AsyncChunks(pieces, *parts)


def _parts_of(response: Any) -> tuple[Any, Any, float | None] | None:
    """Return the h11 connection of an answer of httpx, its network stream, and the time limit of a read."""
    if response.headers.get("transfer-encoding", "").lower() != "chunked":
        return None
    stream = response.extensions.get("network_stream")
    protocol = getattr(connection_of(response), "_h11_state", None)
    if protocol is None or not isinstance(stream, Unread):
        return None
    timeouts = response.request.extensions.get("timeout", {})
    return protocol, stream, timeouts.get("read")


def _is_between_chunks(protocol: Any) -> bool:
    """Whether an h11 connection has nothing more to read of the last chunk, and nothing of the next."""
    reader = getattr(protocol, "_reader", None)
    if getattr(reader, "_bytes_in_chunk", None) != 0 or getattr(reader, "_reading_trailer", True):
        return False
    end = getattr(reader, "_bytes_to_discard", None)
    if protocol.trailing_data[0] != end:
        return False
    if end:
        protocol.next_event()  # which reads the end of the last chunk
    return True
