"""The frames of an event stream, found in its bytes while they come; no I/O."""

from __future__ import annotations

import re

__all__ = ["FrameSplitter"]

# The end of a line and an empty line, each ended in one of three ways (WHATWG HTML, 9.2.5).
_END = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")


class FrameSplitter:
    """Splits an event stream into frames, as text without their blank lines, with line feeds alone."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Return the frames that these bytes end."""
        self._rest += data
        frames: list[str] = []
        start = 0
        for end in _END.finditer(self._rest):
            # A carriage return at the end may be the first half of a line end.
            if end.end() == len(self._rest) and self._rest.endswith(b"\r"):
                break
            frames.append(_text(self._rest[start : end.start()]))
            start = end.end()
        self._rest = self._rest[start:]
        return frames

    def rest(self) -> str:
        """Return what came after the last frame; empty where the stream ended with a frame."""
        return _text(self._rest)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
