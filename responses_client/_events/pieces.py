"""Strings that grow piece by piece, and lists that a server may number oddly; pure."""

# How it works
#
# `TextBuffer` keeps the pieces of a string. If a value came whole before the first of them, they may continue it, or
# repeat it from its start, as gateways do that announce a call with all its arguments. V is the value, D all pieces:
#
#   D is V, or a beginning of V         a repetition: V counts alone, until a piece shows that D is something else
#   V is a JSON object, D begins one    D counts alone: nothing continues a whole object, V was "nothing yet", as {}
#   D begins with V = '{"a"...          D counts alone, unless V and D are a JSON object in a row
#   anything else                       a continuation: V and D count
#
# So a partial V is continued. The only doubt is a D that ends and is V or a beginning of V; then `.done`
# decides, if it comes. A string that already came in pieces is never in doubt: further pieces continue it.
#
# `PartList` finds a member by the index of an event:
#
#   1. at the index, within the list
#   2. beyond its end: the last part, if it is of the right type (vLLM raises the index with every delta), but no delta
#      belongs to a part whose text has ended
#   3. the part that was added for this index before
#   4. a new part at the end
#
# A part that is announced at the index of one that is done is another part, and so is one whose type is not that of a
# part there that says something: it comes to the end, and has the index from then on. A text and a refusal are never
# one part. Annotations that share an index are all kept, a repeated one once.

from __future__ import annotations

from typing import Any

from .._base.json_types import JsonObject, as_array, is_object, json_or
from .versions import is_blank, merged, type_of

__all__ = ["PartList", "TextBuffer", "append", "list_under", "object_at", "object_under"]


class TextBuffer:
    """A string that grows; its pieces are joined only when it is written, or long ones would take quadratic time.

    Args:
        start: The value that came before the first piece.
    """

    def __init__(self, start: object) -> None:
        self._start = start if isinstance(start, str) else ""
        self._pieces: list[str] = []
        # The number of characters of the start that the pieces repeat; None when they no longer repeat it.
        self._repeated = 0 if self._start else None
        # Whether the pieces begin with the whole start, which is a part of an object.
        self._is_in_doubt = False

    def append(self, piece: str) -> None:
        """Add a piece."""
        self._pieces.append(piece if self._repeated is None else self._news(piece, self._repeated))

    def _news(self, piece: str, repeated: int) -> str:
        """Return the part of a piece, and of those before it, that does not repeat the start."""
        start = self._start
        if start.startswith(piece, repeated):
            self._repeated = repeated + len(piece)
            return ""
        self._repeated = None
        pieces = start[:repeated] + piece
        if start.startswith("{") and pieces.startswith("{"):
            if is_object(json_or(start)):
                self._start = ""
            else:
                self._is_in_doubt = pieces.startswith(start)
        return pieces

    def __bool__(self) -> bool:
        return bool(self._start) or any(self._pieces)

    def __str__(self) -> str:
        self._pieces = ["".join(self._pieces)]  # or the next look would join them all again
        text = self._start + self._pieces[0]
        return text[len(self._start) :] if self._is_in_doubt and not is_object(json_or(text)) else text


class PartList(list[Any]):
    """A list that the server may number oddly: from 1, with gaps, or with one index for all members.

    Args:
        parts: The members.

    Attributes:
        done: The positions of members that are done.
        ended: The positions of members whose text has ended.
    """

    def __init__(self, parts: list[Any]) -> None:
        super().__init__(parts)
        self._positions: dict[int, list[int]] = {}  # of the members that were added for an index
        self._first_count = len(parts)
        self.done: set[int] = set()
        self.ended: set[int] = set()

    def position(self, index: int) -> int | None:
        """Return the position of the member of an index; None if there is none."""
        added = self._positions.get(index)
        return added[-1] if added else index if 0 <= index < len(self) else None

    def add(self, index: int | None, value: object = None) -> int:
        """Add a member, and return its position; the index is its own from now on."""
        position = len(self)
        if index is not None:
            self._positions.setdefault(index, []).append(position)
        self.append(value)
        return position

    def last_of(self, part_type: object) -> int | None:
        """Return the position of the last part of a type; None if there is none."""
        return next((n for n in reversed(range(len(self))) if type_of(self[n]) == part_type), None)

    def put_part(self, index: int | None, value: object, *, is_done: bool, ends_last: bool) -> None:
        """Put a part at an index; without such a place, it may be the end of the last part of its type.

        Args:
            index: The index, if the event has one.
            value: The part.
            is_done: Whether the part is done.
            ends_last: Whether a part without a place is the last one, and not a new one.
        """
        position = None if index is None else self.position(index)
        if position is None and ends_last and self and type_of(self[-1]) == type_of(value):
            position = len(self) - 1
        if position is None or self._is_another(position, value, is_done):
            position = self.add(index, value)
        else:
            self[position] = merged(self[position], value, is_last_word=is_done)
        if is_done:
            self.done.add(position)

    def _is_another(self, position: int, value: object, is_done: bool) -> bool:
        here = self[position]
        if type_of(here) != type_of(value):
            return is_object(here) and not is_blank(here)
        return not is_done and position in self.done

    def put_annotation(self, index: int | None, value: object) -> None:
        """Add an annotation, unless it came before at the same index."""
        if index is not None:
            same = self._positions.get(index, [])
            if 0 <= index < self._first_count:
                same = [index, *same]
            if any(self[position] == value for position in same):
                return
        self.add(index, value)


def object_under(holder: JsonObject, key: str) -> JsonObject:
    """Return the object under a key; create it if there is none."""
    child: object = holder.get(key)
    if not is_object(child):
        child = holder[key] = {}
    return child


def list_under(holder: JsonObject, key: str) -> PartList:
    """Return the list under a key as one that knows odd indexes; create it if there is none."""
    child: object = holder.get(key)
    if not isinstance(child, PartList):
        child = holder[key] = PartList(as_array(child))
    return child


def object_at(
    parts: PartList,
    index: int | None,
    part_type: str | None = None,
    *,
    is_shared: bool = False,
    is_end: bool = False,
) -> JsonObject:
    """Return the object at an index, by default the last one; create it if there is none.

    `is_shared` is for vLLM, which raises `content_index` with each delta: a delta beyond the end then belongs to the
    last part, if that is of the right type and its text has not ended. `is_end` is for the event that ends it.
    """
    # Called for each run of pieces, and for each piece where all have other ids.
    if index is None:
        position = len(parts) - 1 if parts else None
    elif (
        is_shared
        and parts
        and index >= len(parts)
        and type_of(parts[-1]) == part_type
        and (is_end or len(parts) - 1 not in parts.ended)
    ):
        position = len(parts) - 1
    else:
        position = parts.position(index)
    part: object = None if position is None else parts[position]
    if is_object(part) and part.get("type") != part_type and _is_other_kind(type_of(part), part_type):
        position = parts.last_of(part_type)
        part = None if position is None else parts[position]
    if position is None:
        position = parts.add(index)
    if not is_object(part):
        text = "refusal" if part_type == "refusal" else "text"
        part = parts[position] = {"type": part_type, text: ""} if part_type else {}
    if is_end:
        parts.ended.add(position)
    return part


def _is_other_kind(found: str | None, wanted: str | None) -> bool:
    # Texts have several types, and some servers confuse them; a refusal has its text in another field.
    return found is not None and wanted is not None and (found == "refusal") != (wanted == "refusal")


def append(holder: Any, key: Any, piece: object) -> None:
    """Append a piece to the string under a key or at an index; one that is missing is created."""
    if not isinstance(piece, str):
        return
    if isinstance(holder, PartList):
        position = (len(holder) - 1 if holder else None) if key is None else holder.position(key)
        key = holder.add(key) if position is None else position
        text: object = holder[key]
    else:
        text = holder.get(key)
    if not isinstance(text, TextBuffer):
        text = holder[key] = TextBuffer(text)
    text.append(piece)
