"""The rules of WHATWG for event streams, HTML 9.2.5 and 9.2.6, step by step and as slow as they read."""

from __future__ import annotations

from dataclasses import dataclass, field

_CR, _LF, _COLON, _SPACE = 0x0D, 0x0A, 0x3A, 0x20


@dataclass
class Reading:
    """A stream as the standard reads it.

    Attributes:
        frames: The name and the data of each event that is dispatched.
        sizes: For each block between blank lines, the number of frames before it and its bytes, with single line ends.
        last_event_id: The value of the last usable `id` field.
        retry: The value of the last usable `retry` field.
    """

    frames: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    sizes: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    last_event_id: bytes | None = None
    retry: int | None = None


def read(body: bytes) -> Reading:
    """Read a whole stream; its end dispatches the last event, which is our one addition."""
    reading = Reading()
    event, data, size = b"", b"", 0
    for line in [*_lines(body), b""]:
        if line:
            size += len(line) + bool(size)
            event, data = _process(reading, line, event, data)
            continue
        if size:
            reading.sizes.append((len(reading.frames), size))
        if data:
            reading.frames.append((event, data[:-1]))
        event, data, size = b"", b"", 0
    return reading


def _lines(body: bytes) -> list[bytes]:
    """Split at CR LF, LF and CR, and at nothing else; one byte order mark in front is not read."""
    if body[:3] == b"\xef\xbb\xbf":
        body = body[3:]
    lines: list[bytes] = []
    line = bytearray()
    for index, byte in enumerate(body):
        if byte == _LF and index and body[index - 1] == _CR:
            continue
        if byte in (_CR, _LF):
            lines.append(bytes(line))
            line.clear()
        else:
            line.append(byte)
    return [*lines, bytes(line)]


def _process(reading: Reading, line: bytes, event: bytes, data: bytes) -> tuple[bytes, bytes]:
    """Process a line; return the event type buffer and the data buffer."""
    if line[0] == _COLON:
        return event, data
    colon = line.find(b":")
    name, value = (line, b"") if colon < 0 else (line[:colon], line[colon + 1 :])
    if value[:1] == bytes([_SPACE]):
        value = value[1:]
    if name == b"event":
        return value, data
    if name == b"data":
        return event, data + value + b"\n"
    if name == b"id" and b"\0" not in value:
        reading.last_event_id = value
    # Longer ones are passed over by our decoder: Python refuses to read thousands of digits.
    if name == b"retry" and value and len(value) <= 18 and all(byte in b"0123456789" for byte in value):
        reading.retry = int(value)
    return event, data
