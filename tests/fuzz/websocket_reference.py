"""RFC 6455 as a client reads it from a server, frame by frame, without extensions."""

from __future__ import annotations

from codecs import getincrementaldecoder
from dataclasses import dataclass, field

_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_EMPTY_FRAME_BYTES = 2  # as our client counts frames of a message that add nothing to it


@dataclass
class Reading:
    """Data of a server as the standard reads them.

    Attributes:
        messages: The complete text messages.
        ends: The ways in which the connection may be over: "" is that it is not; several where the last frame is not
            complete, and it is not laid down how early a mistake in it is found.
        code: The code of the server's close frame.
        is_unsure: Whether more messages may follow, because the size of the last one is within a few bytes of the limit.
    """

    messages: list[bytes] = field(default_factory=list[bytes])
    ends: set[str] = field(default_factory=lambda: {""})
    code: int | None = None
    is_unsure: bool = False


class _Broken(Exception):
    pass


class _Incomplete(Exception):
    pass


def read(data: bytes, limit: int) -> Reading:
    """Read all frames up to the end of the connection, or of the data."""
    reading = Reading()
    reader = _Reader(reading, limit)
    at = 0
    while at < len(data) and reading.ends == {""}:
        at = reader.take(data, at)
    return reading


class _Reader:
    def __init__(self, reading: Reading, limit: int) -> None:
        self.reading = reading
        self.limit = limit
        self.opcode: int | None = None  # of the message that is not complete
        self.text = b""
        self.empty_frames = self.odd_frames = 0  # in that message
        self.decode = getincrementaldecoder("utf-8")()

    def take(self, data: bytes, at: int) -> int:
        """Take the frame at a place; return the place behind it."""
        try:
            fin, opcode, start, size = _header(data, at)
            payload = data[start : start + size]
            is_whole = len(payload) == size
            self._apply(fin, opcode, payload, is_whole)
        except _Broken:
            self.reading.ends = {"broken"}
            return len(data)
        except (_Incomplete, UnicodeDecodeError) as error:
            # What can be seen of the frame may be enough to refuse it.
            self.reading.ends = {"broken"} if isinstance(error, UnicodeDecodeError) else {"", "broken"}
            return len(data)
        return start + size

    def _apply(self, fin: bool, opcode: int, payload: bytes, is_whole: bool) -> None:
        if opcode >= _CLOSE:
            if is_whole and opcode == _CLOSE:
                self._close(payload)
            return
        if (opcode == 0) != (self.opcode is not None):
            if not payload and not is_whole:
                raise _Incomplete
            raise _Broken
        self.opcode = self.opcode or opcode
        if self.opcode == _BINARY:
            self.reading.ends = {"binary"} if payload or is_whole else {"", "binary"}
            return
        is_last = fin and is_whole
        text = self.text + payload
        try:
            self.decode.decode(payload, is_last)
            pending = len(self.decode.getstate()[0])
            mistake = False
        except UnicodeDecodeError:
            pending, mistake = 0, True
        if is_whole and not is_last:
            self.empty_frames += not payload
            # A frame that ends inside a character may count as an empty one, if the character came in pieces.
            self.odd_frames += pending > 0
        least = len(text) - pending + self.empty_frames * _EMPTY_FRAME_BYTES
        most = len(text) + (self.empty_frames + self.odd_frames) * _EMPTY_FRAME_BYTES
        if mistake:
            # It may be behind the place where the message becomes too large.
            self.reading.ends = {"broken", "large"} if most > self.limit else {"broken"}
        elif least > self.limit:
            self.reading.ends = {"large"}
        elif most > self.limit:
            self.reading.ends, self.reading.is_unsure = {"", "large"}, True
        elif is_last:
            self.reading.messages.append(text)
        self.text = text
        if is_last:
            self.opcode, self.text, self.empty_frames, self.odd_frames = None, b"", 0, 0

    def _close(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if payload else 1005
        is_known = (
            code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013) or 3000 <= code < 5000
        )
        if payload and (len(payload) == 1 or not is_known):
            # 1014 came after the RFC, which leaves the codes from 1016 to 2999 to the future.
            raise _Broken
        payload[2:].decode()
        self.reading.ends = {"closed"}
        self.reading.code = code


def _header(data: bytes, at: int) -> tuple[bool, int, int, int]:
    """Return FIN, opcode, the start of the payload, and its size."""
    if len(data) < at + 2:
        raise _Incomplete
    first, second = data[at], data[at + 1]
    fin, opcode, size = bool(first & 0x80), first & 0x0F, second & 0x7F
    if opcode not in (0, _TEXT, _BINARY, _CLOSE, _PING, _PONG):
        raise _Broken
    if opcode >= _CLOSE and (not fin or size > 125):
        raise _Broken
    start = at + 2
    if size > 125:
        width, least = (2, 126) if size == 126 else (8, 65536)
        start += width
        if len(data) < start:
            raise _Incomplete
        size = int.from_bytes(data[start - width : start], "big")
        if size < least or size >= 2**63:
            raise _Broken
    if first & 0x70 or second & 0x80:
        raise _Broken
    return fin, opcode, start, size
