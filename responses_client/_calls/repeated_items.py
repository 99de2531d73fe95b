"""Items that came twice in one output or input; no I/O."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from ..models._base import Model, fields_of

__all__ = ["repeated_items"]

logger = logging.getLogger("responses_client")
_EMPTY: tuple[object, ...] = (None, "", [], {})


def repeated_items(items: Sequence[object], *, warns: bool = False) -> dict[int, int]:
    """Return the positions of items that only repeat another one, with the position of that one.

    Some servers send items twice. Items of one type and one `id` are the same if all that they say agrees. The one that
    says most counts, and of equal ones the first. Others with one id all count, since it is unknown which is meant.

    Args:
        items: Items, as models or dicts; other values are none.
        warns: Whether to log a warning of different items with one id.
    """
    known: dict[tuple[str, str], list[list[int]]] = {}
    for place, item in enumerate(items):
        fields = fields_of(item)
        own = fields.get("id")
        if not (isinstance(own, str) and own):
            continue
        tag = item.wire_type if isinstance(item, Model) else fields.get("type")
        groups = known.setdefault((str(tag), own), [])
        for group in groups:
            if _agree(items[group[0]], item):
                group.insert(0 if _rank(item) > _rank(items[group[0]]) else len(group), place)
                break
        else:
            groups.append([place])
    if warns:
        _warn_of(own for (_, own), groups in known.items() if len(groups) > 1)
    return {place: group[0] for groups in known.values() for group in groups for place in group[1:]}


def _warn_of(ids: Iterable[str]) -> None:
    for own in ids:
        logger.warning("Different items of the input have the id %s: the API may refuse that", own)


def _agree(one: object, other: object) -> bool:
    known, facts = _facts(one), _facts(other)
    return all(known[name] == facts[name] for name in known.keys() & facts.keys())


def _rank(item: object) -> tuple[bool, int]:
    # An item with this status was cut off.
    return fields_of(item).get("status") != "incomplete", len(_facts(item))


def _facts(item: object) -> dict[str, object]:
    """Return all that an item says: its fields without those that are empty, and without its status.

    The status may differ in the event of a stream that contains the item.
    """
    fields = item.to_dict() if isinstance(item, Model) else fields_of(item)
    return {name: value for name, value in fields.items() if name != "status" and value not in _EMPTY}
