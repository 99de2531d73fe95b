"""Standard output as a terminal or a pipe: escapes in text, and styles."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import TextIO

__all__ = ["DIM", "MARKED", "Output", "has_styles", "standard_output"]

# A model's text could steer the terminal by escape sequences. Tabs and line breaks are harmless; C1 controls
# (U+0080 to U+009F) are not, because many terminals read them like ESC and a letter (ECMA-48, 5.3).
_CONTROL_CHARACTERS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"

DIM = "2"
"""The style of text beside the answer, such as reasoning."""
MARKED = "36"
"""The style of calls of tools."""


class Output:
    """The output for the answer, flushed after each write so that it is seen to stream.

    Args:
        stream: The file or terminal.
        is_terminal: Whether a person reads it: control characters are replaced.
        has_styles: Whether text may be dimmed and coloured.
    """

    def __init__(self, stream: TextIO, *, is_terminal: bool = False, has_styles: bool = False) -> None:
        self._stream = stream
        self._is_in_line = False
        self.is_terminal = is_terminal
        self.has_styles = has_styles

    @property
    def shows_reasoning(self) -> bool:
        """Whether a person reads the output, and can distinguish the reasoning from the answer."""
        return self.is_terminal or self.has_styles

    def write(self, text: str, style: str | None = None) -> None:
        """Write a piece of text, which may end within a line."""
        if not text:
            return
        if self.is_terminal or self.has_styles:
            text = re.sub(_CONTROL_CHARACTERS, "\ufffd", text)
        # Set before writing: an interrupt right after it ends the line.
        was_in_line, self._is_in_line = self._is_in_line, not text.endswith("\n")
        if style is not None and self.has_styles:
            text = f"\x1b[{style}m{text}\x1b[0m"
        elif style == DIM:
            text = _with_bars(text, was_in_line)
        self._stream.write(text)
        self._stream.flush()

    def line(self, text: str, style: str | None = None) -> None:
        """Write a line of its own."""
        self.end_line()
        self.write(text, style)
        self.write("\n")

    def end_line(self) -> None:
        """Start a new line, if the last one has begun."""
        if self._is_in_line:
            self.write("\n")


def _with_bars(text: str, is_in_line: bool) -> str:
    """Begin each line with a bar, which tells it from the answer where there are no styles."""
    lines = text.split("\n")
    barred = [f"| {line}" if line else line for line in lines]
    return "\n".join([lines[0] if is_in_line else barred[0], *barred[1:]])


def standard_output(*, as_utf8: bool) -> Output:
    """Return standard output.

    JSON is UTF-8 in any locale (RFC 8259, 8.1). In plain text, a character that the terminal cannot show becomes a
    question mark.
    """
    stream = sys.stdout
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8" if as_utf8 else None, errors="replace")
    is_terminal = stream.isatty()
    return Output(stream, is_terminal=is_terminal, has_styles=has_styles(is_terminal, os.environ))


def has_styles(is_terminal: bool, environ: Mapping[str, str]) -> bool:
    """Whether to write styles, by the conventions of no-color.org and force-color.org."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return is_terminal and environ.get("TERM") != "dumb"
