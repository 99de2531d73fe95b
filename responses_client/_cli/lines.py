"""The input of a chat: lines, blocks of several lines, and commands."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from importlib import import_module
from typing import NamedTuple

from .statuses import MISUSED, CommandFailed

__all__ = ["ChatCommand", "LineReader", "parse_line"]

_BLOCK = '"""'
_PROMPT = "> "
_CONTINUED = ". "


class ChatCommand(NamedTuple):
    """A line such as `/model gpt-5.4-mini`."""

    name: str
    value: str


def parse_line(line: str) -> str | ChatCommand:
    """Return a command if a line is one; else the line, which is sent to the model.

    A path such as `/etc/hosts` is not a command, nor is a line with a blank before the slash.
    """
    found = re.fullmatch(r"/([a-z]+)(?:\s+(.*?))?\s*", line, re.DOTALL)
    return line.strip() if found is None else ChatCommand(found[1], found[2] or "")


class LineReader:
    """A reader of the lines that the user types, or that are piped to the command.

    At a terminal, lines can be edited and brought back by the arrow keys.
    """

    def __init__(self) -> None:
        if sys.stdin is None:
            raise CommandFailed("standard input is closed", MISUSED)
        self.is_terminal = sys.stdin.isatty()
        self._shows_prompt_itself = self.is_terminal and sys.stdout is not None and sys.stdout.isatty()
        if self.is_terminal:
            with suppress(ImportError):  # Windows has none, but edits the lines of its console itself
                import_module("readline")  # after which `input` edits lines

    def read(self) -> str | None:
        """Return the next line, or a block between lines of three quotation marks; None at the end.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed, which drops what was typed.
            CommandFailed: The input is not text.
        """
        line = self._line(_PROMPT)
        if line is None or not line.lstrip().startswith(_BLOCK):
            return line
        rest = line.lstrip().removeprefix(_BLOCK)
        if rest.rstrip().endswith(_BLOCK):
            return rest.rstrip().removesuffix(_BLOCK)
        lines = [rest] if rest else []
        while (line := self._line(_CONTINUED)) is not None:
            if line.rstrip().endswith(_BLOCK):
                last = line.rstrip().removesuffix(_BLOCK)
                return "\n".join([*lines, *([last] if last else [])])
            lines.append(line)
        return "\n".join(lines)

    def _line(self, prompt: str) -> str | None:
        try:
            if not self.is_terminal:
                line = sys.stdin.readline()
                return line.removesuffix("\n") if line else None
            if not self._shows_prompt_itself:  # `input` would write the prompt to where the answers go
                sys.stderr.write(prompt)
                sys.stderr.flush()
                return input()
            return input(prompt)
        except EOFError:
            return None
        except UnicodeError as error:
            raise CommandFailed(f"standard input cannot be read as text: {error}", MISUSED) from None
