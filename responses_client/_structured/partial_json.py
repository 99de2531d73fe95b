"""Unfinished JSON, read as it grows: each piece is read once, however often the value so far is asked for; pure."""

# How it works
#
# A stack of open arrays and objects, and a state that says what may come next:
#
#                "{" ──▶ FIRST_KEY ─┐
#   VALUE ───────┤                  ├ string ──▶ COLON ── ":" ──▶ VALUE
#     │          │  COMMA ── "," ──▶ KEY ┘ (in an object)
#     │          │    └───── "," ──▶ VALUE  (in an array)
#     │          "[" ──▶ FIRST: as VALUE, or "]"
#     └ string, number, word, or the end of a container ──▶ COMMA, or END where nothing is open
#
#   COMMA ── anything but a comma or an end ──▶ END: garbage behind a value does not take the value away
#   any other state ── a token that does not fit ──▶ BROKEN: there is no value
#
# The differences between END and BROKEN are those of pydantic-core, which reads the whole text at the end. A number
# counts when something follows it: "12" may become "123".
#
# A token that the text cuts off waits in `_rest` for more, but for strings, which may be long: `_string` has what is
# read of one, and `_rest` at most the beginning of an escape.

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Any

from pydantic_core import from_json

__all__ = ["PartialJson", "partial_json"]

_MAX_DEPTH = 201  # as pydantic-core
_NOTHING: Any = object()
_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'(?:[^"\\\x00-\x1f]+|\\u[0-9a-fA-F]{4}|\\["\\/bfnrt])*')
_CUT_ESCAPE = re.compile(r"(?:\\(?:u[0-9a-fA-F]{0,3})?)?")
_HALF_PAIR = re.compile(r"(?<!\\)(?:\\\\)*(\\u[dD][89abAB][0-9a-fA-F]{2})\Z")  # the other half is to come
_NUMBER = re.compile(r"[-+.0-9eE]+")
_WORDS = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}


class _State(Enum):
    VALUE = auto()
    FIRST = auto()
    KEY = auto()
    FIRST_KEY = auto()
    COLON = auto()
    COMMA = auto()
    END = auto()
    BROKEN = auto()


_KEYS = (_State.KEY, _State.FIRST_KEY)
_ENDS = (_State.END, _State.BROKEN)


class PartialJson:
    """The value of a JSON text that grows."""

    def __init__(self) -> None:
        self._state = _State.VALUE
        self._open: list[list[Any] | dict[str, Any]] = []
        self._keys: list[str] = []  # for each open container the key of its next value; "" in an array
        self._string: str | None = None  # what is read of the open string
        self._rest = ""
        self._root: Any = None

    def feed(self, text: str) -> None:
        """Read more of the text."""
        text, self._rest = self._rest + text, ""
        at = 0
        while at < len(text) and self._state not in _ENDS:
            if self._string is not None:
                at = self._read_string(text, at, self._string)
            else:
                at = _end_of(_SPACE, text, at)
                if at < len(text):
                    at = self._read_token(text, at)

    @property
    def value(self) -> Any:
        """The value so far; None if nothing came yet, and if the text is not the start of valid JSON.

        It has a part of a string at its end, but no part of a number. It does not change when more comes, but it shares
        its complete parts with the next values.
        """
        if self._state is _State.BROKEN:
            return None
        inner = _NOTHING if self._string is None or self._state in _KEYS else self._string
        for container, key in zip(reversed(self._open), reversed(self._keys), strict=True):
            copied = container.copy()
            if inner is not _NOTHING:
                _put(copied, key, inner)
            inner = copied
        return self._root if inner is _NOTHING else inner

    def _read_token(self, text: str, at: int) -> int:
        """Read the token at a position, and return where the next one begins."""
        state, first = self._state, text[at]
        is_in_array = bool(self._open) and isinstance(self._open[-1], list)
        if state is _State.COMMA and first == ",":
            self._state = _State.VALUE if is_in_array else _State.KEY
        elif first == ("]" if is_in_array else "}") and state in (
            _State.COMMA,
            _State.FIRST if is_in_array else _State.FIRST_KEY,
        ):
            self._keys.pop()
            self._take(self._open.pop())
        elif state is _State.COMMA:
            self._state = _State.END
        elif state is _State.COLON:
            self._state = _State.VALUE if first == ":" else _State.BROKEN
        elif first == '"':
            self._string = ""
        elif state in _KEYS:
            self._state = _State.BROKEN
        elif first in "[{":
            self._open.append([] if first == "[" else {})
            self._keys.append("")
            self._state = _State.FIRST if first == "[" else _State.FIRST_KEY
            if len(self._open) > _MAX_DEPTH:
                self._state = _State.BROKEN
        else:
            return self._read_scalar(text, at)
        return at + 1

    def _read_scalar(self, text: str, at: int) -> int:
        for word, value in _WORDS.items():
            if text.startswith(word, at):
                self._take(value)
                return at + len(word)
            if word.startswith(text[at:]):
                self._rest = text[at:]
                return len(text)
        end = _end_of(_NUMBER, text, at)
        if end == len(text):
            self._rest = text[at:]
        else:
            try:
                self._take(from_json(text[at:end]))
            except ValueError:
                self._state = _State.BROKEN
        return end

    def _read_string(self, text: str, at: int, before: str) -> int:
        end = _end_of(_STRING, text, at)
        is_whole = text.startswith('"', end)
        if not is_whole:
            if not _CUT_ESCAPE.fullmatch(text, end):
                self._state = _State.BROKEN
            elif half := _HALF_PAIR.search(text, at, end):
                end = half.start(1)
            self._rest = text[end:]
        try:
            content = text[at:end]
            whole = before + (from_json(f'"{content}"') if "\\" in content else content)
        except ValueError:  # half of a character
            self._state = _State.BROKEN
            return end
        self._string = None if is_whole else whole
        if not is_whole:
            return len(text)
        if self._state in _KEYS:
            self._keys[-1] = whole
            self._state = _State.COLON
        else:
            self._take(whole)
        return end + 1

    def _take(self, value: Any) -> None:
        """Take a value that is complete."""
        if self._open:
            _put(self._open[-1], self._keys[-1], value)
            self._state = _State.COMMA
        else:
            self._root = value
            self._state = _State.END


def partial_json(text: str) -> Any:
    """Return the value of unfinished JSON, see `PartialJson.value`."""
    reader = PartialJson()
    reader.feed(text)
    return reader.value


def _put(container: list[Any] | dict[str, Any], key: str, value: Any) -> None:
    if isinstance(container, list):
        container.append(value)
    else:
        container[key] = value


def _end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Return where a match at a position ends, which may be empty."""
    found = pattern.match(text, at)
    return found.end() if found else at
