"""Target: bytes of a WebSocket, against a reference: fragments, bad opcodes and lengths, close codes."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Ping, Pong

from responses_client._websocket.frames import Frames

from .cases import Target, require
from .mutations import damaged, pieces
from .websocket_reference import Reading, read

_TEXTS = (
    b"",
    b"a",
    b'{"type":"response.created"}',
    "é🍵".encode(),
    b"x" * 125,
    b"x" * 126,
    b"x" * 300,
    b"\0",
)
_BAD_TEXTS = ("🍵".encode()[:2], b"\xff", b"\xed\xa0\x80", b"\xc0\x80")
_CODES = (
    0,
    999,
    1000,
    1001,
    1002,
    1003,
    1004,
    1005,
    1006,
    1007,
    1009,
    1011,
    1013,
    1015,
    1016,
    2999,
    3000,
    4999,
    5000,
    65535,
)


class Traffic(NamedTuple):
    """Data of a server in two ways of cutting, and the limit for a message."""

    chunks: list[bytes]
    other_chunks: list[bytes]
    limit: int


def make(random: Random) -> Traffic:
    """Write frames, most of them by the rules, and damage some of the bytes."""
    data = b"".join(_message(random) for _ in range(random.randint(1, 5)))
    if not random.randrange(5):
        data = damaged(random, data)
    return Traffic(pieces(random, data), pieces(random, data), random.choice((2**20, 2**20, 400, 50, 3)))


def _message(random: Random) -> bytes:
    match random.randrange(12):
        case 0:
            return _frame(random, random.choice((9, 10)), _payload(random)[:125])
        case 1:
            payload = random.choice(_CODES).to_bytes(2, "big") + _payload(random)[:123]
            return _frame(random, 8, payload[: random.choice((0, 1, 2, 125))])
        case 2:
            return _frame(random, random.randrange(16), _payload(random), fin=random.random() < 0.5)
        case 3:
            return random.randbytes(random.randrange(12))
        case _:
            parts = [_payload(random) for _ in range(random.choice((1, 1, 2, 4)))]
            frames: list[bytes] = []
            for number, part in enumerate(parts):
                opcode = 0 if number else random.choice((1,) * 15 + (2,))
                frames.append(_frame(random, opcode, part, fin=number == len(parts) - 1))
                if not random.randrange(6):
                    frames.append(_frame(random, 9, b"?"))
            return b"".join(frames)


def _payload(random: Random) -> bytes:
    return random.choice(_TEXTS if random.randrange(15) else _BAD_TEXTS)


def _frame(random: Random, opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    size = len(payload)
    is_odd = not random.randrange(40)
    first = opcode | fin << 7 | (random.choice((0x10, 0x20, 0x40)) if is_odd and random.randrange(2) else 0)
    forms = [bytes([size])] if size < 126 else []
    forms += [b"\x7e" + size.to_bytes(2, "big")] if is_odd or 126 <= size < 65536 else []
    forms += (
        [b"\x7f" + size.to_bytes(8, "big"), b"\x7f\xff" + bytes(7), bytes([size & 0x7F | 0x80])]
        if is_odd
        else []
    )
    return bytes([first]) + random.choice(forms) + payload


def check(traffic: Traffic) -> str:
    """Compare the messages and the end with the reference, for both ways of cutting."""
    reading = read(b"".join(traffic.chunks), traffic.limit)
    end = _check(reading, traffic.chunks, traffic.limit)
    _check(reading, traffic.other_chunks, traffic.limit)
    return end or "open"


def _check(reading: Reading, chunks: list[bytes], limit: int) -> str:
    frames = Frames(limit)
    messages: list[bytes] = []
    server = Connection(ConnectionType.SERVER)
    for chunk in filter(None, chunks):
        messages += frames.receive(chunk)
        require(len(frames._begin) <= limit, "more is kept than the limit:", len(frames._begin))
        replies = frames.take_replies()
        require(len(replies) <= 300, "replies without a bound:", len(replies))
        server.receive_data(replies)
    if reading.is_unsure:
        messages = messages[: len(reading.messages)]
    require(messages == reading.messages, "other messages:", messages, reading.messages)
    end = _end_of(frames)
    if reading.is_unsure:
        return "unsure"
    require(end in reading.ends, "another end:", frames.close_info, reading.ends)
    for event in server.events():
        require(isinstance(event, (Pong, Ping, CloseConnection)), "a reply that is not one:", event)
        if isinstance(event, CloseConnection):
            require(server.state.name != "OPEN", "a reply that breaks the protocol:", event)
    info = frames.close_info
    frames.receive(b"")
    require(frames.close_info is not None, "no end at the end of the data")
    require(info is None or frames.close_info == info, "another end afterwards:", info, frames.close_info)
    if info is not None:
        info.reason.encode()
        require(len(info.reason) < 400, "a reason without a bound:", info.reason)
        orderly = end == "closed" and reading.code in (1000, 1005)
        require(info.is_orderly == orderly, "an end is called orderly, or is not:", info, reading.code)
    return end


def _end_of(frames: Frames) -> str:
    info = frames.close_info
    if info is None:
        return ""
    if info.is_invalid:
        return "large"
    if "binary" in info.reason:
        return "binary"
    return "closed" if info.reason.startswith("the server closed") else "broken"


TARGET = Target("websocket", "bytes of a WebSocket, against a reference", make, check)
