"""The frames of an event stream, found in its bytes while they come; no I/O."""

from __future__ import annotations

__all__ = ["FrameSplitter"]


class FrameSplitter:
    """Splits an event stream into frames, as text without their blank lines, with line feeds alone.

    The work is linear in the number of bytes, whatever the sizes of the chunks.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._after_cr = False

    def feed(self, data: bytes) -> list[str]:
        """Return the frames that these bytes end."""
        if not data:
            return []
        after_cr, self._after_cr = self._after_cr, data.endswith(b"\r")
        if after_cr:
            data = data.removeprefix(b"\n")  # the second half of a line end
        start = max(len(self._rest) - 1, 0)
        self._rest += data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        frames: list[str] = []
        while (end := self._rest.find(b"\n\n", start)) >= 0:
            frames.append(_text(self._rest[:end]))
            del self._rest[: end + 2]
            start = 0
        return frames

    def rest(self) -> str:
        """Return the text after the last frame; an empty string if the stream ended with a frame."""
        return _text(self._rest)


def _text(data: bytearray) -> str:
    return data.decode("utf-8", "replace")
