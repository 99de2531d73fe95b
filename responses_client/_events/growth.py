"""Snapshots in which one string grew, made from the one before; pure.

A user who looks at the snapshot after each delta would otherwise have the whole response written and read as often, which
takes quadratic time. The copy shares all but the string and the objects around it with the snapshot before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._base.json_types import as_array, is_object
from .pieces import PartList

if TYPE_CHECKING:
    from ..models import Response
    from ..models._base import Model

__all__ = ["with_grown"]


def with_grown(before: Response, output: Sequence[object], holder: object, key: object) -> Response | None:
    """Return a snapshot with the string that grew; None if it cannot be made from the one before.

    Args:
        before: The snapshot before.
        output: The JSON of the items now, in which all else is as it was.
        holder: The object of an item that has the string: the item itself, or a member of a list in it.
        key: The name of the string.
    """
    path = _path_to(holder, output)
    if path is None or not is_object(holder) or not isinstance(key, str):
        return None
    # From the string outwards: each object is copied with its change.
    steps: list[tuple[Model, str, int]] = []  # a model, the name of a list in it, the position there
    model: Any = before
    for name, position, length in path:
        members = as_array(_own(model, name))
        if len(members) != length:
            return None
        steps.append((model, name, position))
        model = members[position]
    if not isinstance(_own(model, key), str):
        return None
    changed: Any = _copied(model, key, str(holder[key]))
    for model, name, position in reversed(steps):
        members = [*_own(model, name)]
        members[position] = changed
        changed = _copied(model, name, members)
    made: Response = changed
    return made


def _path_to(holder: object, output: Sequence[object]) -> list[tuple[str, int, int]] | None:
    """Return the lists that lead to an object, outermost first: the name, the position in it, its length."""
    for index in reversed(range(len(output))):  # it is nearly always in the last item
        item = output[index]
        if item is holder:
            return [("output", index, len(output))]
        for name, parts in item.items() if is_object(item) else ():
            if isinstance(parts, PartList):
                for position, part in enumerate(parts):
                    if part is holder:
                        return [("output", index, len(output)), (name, position, len(parts))]
    return None


def _own(model: Any, name: str) -> Any:
    """Return a field that came, and was well-formed."""
    return model.__dict__.get(name) if name in getattr(model, "__pydantic_fields_set__", ()) else None


def _copied(model: Any, name: str, value: object) -> Any:
    copied = model.__copy__()
    copied.__dict__[name] = value
    return copied
