"""Target: the decoder of server-sent events, against a reference."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from responses_client._events.sse import EventTooLarge, SSEDecoder

from .cases import Target, require
from .mutations import damaged, pieces
from .sse_reference import Reading, read

_LINE_ENDS = (b"\n", b"\n", b"\r\n", b"\r")
_NAMES = (
    b"data",
    b"data",
    b"data",
    b"event",
    b"id",
    b"retry",
    b"",
    b"color",
    b" data",
    b"Data",
    b"\xef\xbb\xbfdata",
)
_VALUES = (
    b"",
    b"1",
    b"1500",
    b"0",
    b"-1",
    b"\xd9\xa3",
    b"9" * 20,
    b" two",
    b"a:b",
    b": c",
    b"response.completed",
    b'{"type":"x"}',
    b"[DONE]",
    b"a\0b",
    b"\xff\xc3",
    "é\u2028\x85🍵".encode(),
    b"\x0b\x0c\x1c",
    b"y" * 100,
)


class Stream(NamedTuple):
    """A stream in pieces, and the limit for one event."""

    chunks: list[bytes]
    limit: int


def make(random: Random) -> Stream:
    """Write some events: in the usual form, or of any fields with any line ends."""
    body = b"\xef\xbb\xbf" * (not random.randrange(8))
    line_end = random.choice((*_LINE_ENDS, b""))
    for _ in range(random.randrange(8)):
        if not random.randrange(3):
            body += b"event: %b\ndata: %b\n\n" % (random.choice(_VALUES), random.choice(_VALUES))
            continue
        for _ in range(random.randrange(5)):
            sign = random.choice((b": ", b":", b":  ", b""))
            body += random.choice(_NAMES) + sign + random.choice(_VALUES)
            body += line_end or random.choice(_LINE_ENDS)
        body += b"".join((line_end or random.choice(_LINE_ENDS)) * random.randrange(3) for _ in range(2))
    if not random.randrange(3):
        body = damaged(random, body)
    return Stream(pieces(random, body), random.choice((2**26, 2**26, 2**26, 200, 40, 8)))


def check(stream: Stream) -> str:
    """Compare frames, id and retry; events up to the limit are read, and none beyond it."""
    reference = read(b"".join(stream.chunks))
    decoder = SSEDecoder(stream.limit)
    frames: list[tuple[bytes, bytes]] = []
    try:
        for chunk in stream.chunks:
            frames += decoder.feed(chunk)
            kept = sum(map(len, decoder._pieces))
            require(kept <= stream.limit + 1, "more is kept than the limit:", kept)
        frames += decoder.end()
    except EventTooLarge as error:
        return _check_too_large(reference, stream.limit, frames + error.frames)
    largest = max((size for _, size in reference.sizes), default=0)
    require(largest <= stream.limit, "an event above the limit was read:", largest)
    require(frames == reference.frames, "other frames:", frames, reference.frames)
    found, expected = (decoder.last_event_id, decoder.retry), (reference.last_event_id, reference.retry)
    require(found == expected, "another id or retry:", found, expected)
    return "equal"


def _check_too_large(reference: Reading, limit: int, frames: list[tuple[bytes, bytes]]) -> str:
    # A line end in front of an event may count as a part of it.
    suspects = [before for before, size in reference.sizes if size >= limit]
    require(suspects, "refused without an event above the limit:", reference.sizes)
    require(
        any(frames == reference.frames[:before] for before in suspects),
        "other frames before the one that is too large:",
        frames,
        reference.frames,
    )
    return "too large"


TARGET = Target("sse", "the decoder of server-sent events, against a reference", make, check)
