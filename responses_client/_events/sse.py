"""Server-sent events: bytes in, frames out, by the rules of WHATWG; no I/O.

A frame is a pair `(event, data)`; the empty event name stands for the default type.
"""

# How it works
#
# The rules are those of the HTML standard, 9.2.5 ("Parsing an event stream") and 9.2.6 ("Interpreting an event
# stream"): lines end with LF, CR or CRLF, fields are `name: value`, a blank line ends an event. They are applied to
# bytes, since every character that means something is ASCII: a chunk may end inside a character, and what is not
# valid UTF-8 is left to the JSON parser.
#
#   chunk -> byte order mark off -> CRLF and CR to LF -> cut behind the last blank line -> frames
#            (9.2.5, first chunk)   (a CR at the end      |
#                                    waits for its LF)    +-> the rest waits in `_pieces` for the next chunk
#
# Two shortcuts make the usual case fast. A chunk that consists of whole events
# and has no CR skips all of the above. And if each event is an `event` line, a `data` line and a blank line, one
# regular expression finds them all; that it passed over no other line is known from the number of line feeds, which
# is then three for each frame. `_usual` says that nothing waits, so that the next chunk may take the shortcut.

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import TypeAlias

__all__ = ["EventTooLarge", "Frame", "SSEDecoder"]

Frame: TypeAlias = tuple[bytes, bytes]

_MAX_RETRY_DIGITS = 18  # `int` refuses thousands of them
# The form in which nearly all servers send events: an event line, a data line, a blank line.
_usual_frames = re.compile(rb"(?m)^event: (.*)\ndata: (.*)\n\n").findall


class EventTooLarge(ValueError):
    """An event of the stream is larger than the limit; `frames` are the whole ones before it."""

    def __init__(self, limit: int, frames: list[Frame]) -> None:
        super().__init__(f"A stream event is larger than {limit} bytes (max_event_bytes)")
        self.frames = frames


class SSEDecoder:
    """An incremental decoder: `feed` takes chunks, `end` the end of the stream.

    The work is linear in the number of bytes, whatever the sizes of the chunks.

    Args:
        max_event_bytes: The limit for one event, in bytes; a larger one raises `EventTooLarge`.

    Attributes:
        last_event_id: The value of the last `id` field; None if there was none.
        retry: The reconnection time in milliseconds of the last `retry` field; None if there was none.
    """

    __slots__ = ("_after_cr", "_head", "_limit", "_pieces", "_size", "_usual", "last_event_id", "retry")

    def __init__(self, max_event_bytes: int = 64 * 1024 * 1024) -> None:
        self._limit = max_event_bytes
        self._pieces: list[bytes] = []  # of the event that is not complete yet
        self._size = 0  # of the pieces, in bytes
        self._after_cr = False  # the last chunk ended with a CR, whose LF may come next
        self._head: bytes | None = b""  # the first bytes, until it is known whether they are a BOM
        self._usual = False  # nothing waits: a chunk of whole frames needs no bookkeeping
        self.last_event_id: bytes | None = None
        self.retry: int | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """Take a chunk and return the frames that it completes, in order.

        Raises:
            EventTooLarge: An event is larger than the limit.
        """
        if self._usual and data.endswith(b"\n\n") and b"\r" not in data and len(data) <= self._limit:
            frames: list[Frame] = _usual_frames(data)
            # As `_frames` does. Many servers send one event a chunk, so that a call saved here counts.
            return frames if data.count(b"\n") == 3 * len(frames) else self._frames(data)
        if self._head is not None:
            data = self._without_bom(data)
        if self._after_cr or b"\r" in data:
            data = self._with_line_feeds(data)
        frames = self._split(data) if data else []
        self._usual = not self._pieces and not self._after_cr and self._head is None
        return frames

    def end(self) -> list[Frame]:
        """Take the end of the stream and return the last frame, if its blank line is missing; else nothing.

        The standard discards an event whose blank line never came (9.2.6). Servers that forget the last blank line
        are common, so the frame is returned. If the connection broke inside it, its data are not valid JSON.
        """
        rest = (self._head or b"") + b"".join(self._pieces)
        self._head = None
        self._pieces.clear()
        self._size = 0
        return self._frames(rest.removesuffix(b"\n"))

    def _without_bom(self, data: bytes) -> bytes:
        head = (self._head or b"") + data
        if len(head) < len(BOM_UTF8) and BOM_UTF8.startswith(head):
            self._head = head
            return b""
        self._head = None
        return head.removeprefix(BOM_UTF8)

    def _with_line_feeds(self, data: bytes) -> bytes:
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")  # the second half of a CRLF that two chunks share
        if data.endswith(b"\r"):
            self._after_cr = True
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _split(self, data: bytes) -> list[Frame]:
        """Return the frames up to the last blank line, and keep the rest for the next chunk."""
        last = data.rfind(b"\n\n")
        if last >= 0:
            cut = last + 2
        elif self._pieces and self._pieces[-1].endswith(b"\n") and data.startswith(b"\n"):
            cut = 1  # two chunks share the blank line
        else:
            cut = 0
        frames: list[Frame] = []
        if cut:
            whole = b"".join([*self._pieces, data[:cut]])
            self._pieces.clear()
            self._size = 0
            frames = self._frames(whole)
        if cut < len(data):
            self._pieces.append(data[cut:])
            self._size += len(data) - cut
            # The line feed that ends the last line does not count, as it does not in a whole event.
            if self._size - data.endswith(b"\n") > self._limit:
                self._pieces.clear()
                raise EventTooLarge(self._limit, frames)
        return frames

    def _frames(self, text: bytes) -> list[Frame]:
        """Return the frames of bytes that consist of whole events."""
        frames: list[Frame] = _usual_frames(text)
        if frames and text.count(b"\n") == 3 * len(frames) and len(text) <= self._limit:
            return frames
        frames = []
        for block in text.split(b"\n\n"):
            if len(block) > self._limit:
                raise EventTooLarge(self._limit, frames)
            if (frame := self._frame(block)) is not None:
                frames.append(frame)
        return frames

    def _frame(self, block: bytes) -> Frame | None:
        """Return the frame of one event; None if it has no data, which the standard discards."""
        event = b""
        data: list[bytes] = []
        for line in block.split(b"\n"):
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"data":
                data.append(value)
            elif name == b"event":
                event = value
            elif name == b"id" and b"\0" not in value:  # 9.2.6 ignores an id with a NUL
                self.last_event_id = value
            elif name == b"retry" and value.isdigit() and len(value) <= _MAX_RETRY_DIGITS:
                self.retry = int(value)
        return (event, b"\n".join(data)) if data else None
