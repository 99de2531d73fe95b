"""Server-sent events: bytes in, frames out, by the WHATWG rules, without I/O.

The rules are those of the HTML standard, section 9.2.6 ("Interpreting an event stream"), applied to
bytes, so that neither a chunk that ends inside a UTF-8 character nor invalid UTF-8 needs care here.
A frame is a pair `(event, data)`; the empty event name stands for the default type.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import TypeAlias

__all__ = ["EventTooLarge", "Frame", "SSEDecoder"]

Frame: TypeAlias = tuple[bytes, bytes]

_RETRY_DIGITS = 18  # `int` refuses thousands of them
# What nearly all servers send: an event line, a data line, a blank line.
_usual_frames = re.compile(rb"(?m)^event: (.*)\ndata: (.*)\n\n").findall


class EventTooLarge(ValueError):
    """One event of the stream is larger than the limit; `frames` are those that were whole before it."""

    def __init__(self, limit: int, frames: list[Frame]) -> None:
        super().__init__(f"A stream event is larger than {limit} bytes (max_event_bytes)")
        self.frames = frames


class SSEDecoder:
    """An incremental decoder: `feed` it chunks, `end` it when the stream ends.

    Work is linear in the bytes fed, whatever the chunk sizes.

    Args:
        max_event_bytes: Limit for one event, in bytes; `EventTooLarge` is raised beyond it.

    Attributes:
        last_event_id: Value of the last `id` field, or None.
        retry: Reconnection time in milliseconds from the last `retry` field, or None.
    """

    __slots__ = ("_after_cr", "_head", "_limit", "_pieces", "_size", "_usual", "last_event_id", "retry")

    def __init__(self, max_event_bytes: int = 64 * 1024 * 1024) -> None:
        self._limit = max_event_bytes
        self._pieces: list[bytes] = []  # of the event that is not complete yet
        self._size = 0
        self._after_cr = False
        self._head: bytes | None = b""  # the first bytes, until it is known whether they are a BOM
        self._usual = False  # nothing is pending: a chunk of whole frames needs no bookkeeping
        self.last_event_id: bytes | None = None
        self.retry: int | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """Take one chunk and return the frames it completes, in order."""
        if self._usual and data.endswith(b"\n\n") and b"\r" not in data and len(data) <= self._limit:
            frames: list[Frame] = _usual_frames(data)
            # As in `_frames`, which is one call more: many servers send an event a chunk.
            return frames if data.count(b"\n") == 3 * len(frames) else self._frames(data)
        if self._head is not None:
            data = self._without_bom(data)
        if self._after_cr or b"\r" in data:
            data = self._with_line_feeds(data)
        frames = self._split(data) if data else []
        self._usual = not self._pieces and not self._after_cr and self._head is None
        return frames

    def end(self) -> list[Frame]:
        """Return what the end of the stream leaves open: at most one frame.

        The standard drops an event whose blank line never came. Servers that forget the last blank
        line are common, so the frame is given out; whoever parses its data notices a torn one.
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
            data = data.removeprefix(b"\n")  # the second half of a CRLF that a chunk end tore apart
        if data.endswith(b"\r"):
            self._after_cr = True
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _split(self, data: bytes) -> list[Frame]:
        last = data.rfind(b"\n\n")
        if last >= 0:
            cut = last + 2
        elif self._pieces and self._pieces[-1].endswith(b"\n") and data.startswith(b"\n"):
            cut = 1
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
        frames: list[Frame] = _usual_frames(text)
        if frames and text.count(b"\n") == 3 * len(frames) and len(text) <= self._limit:
            return frames  # no line was passed over
        frames = []
        for block in text.split(b"\n\n"):
            if len(block) > self._limit:
                raise EventTooLarge(self._limit, frames)
            if (frame := self._frame(block)) is not None:
                frames.append(frame)
        return frames

    def _frame(self, block: bytes) -> Frame | None:
        event = b""
        data: list[bytes] = []
        for line in block.split(b"\n"):
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"data":
                data.append(value)
            elif name == b"event":
                event = value
            elif name == b"id" and b"\0" not in value:
                self.last_event_id = value
            elif name == b"retry" and value.isdigit() and len(value) <= _RETRY_DIGITS:
                self.retry = int(value)
        return (event, b"\n".join(data)) if data else None
