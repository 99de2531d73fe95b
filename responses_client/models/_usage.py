"""Sums of the tokens that several responses used; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeIs

from .._base.json_types import as_object, is_object
from ._base import Model
from ._stand_ins import is_null
from .outcome import Usage

if TYPE_CHECKING:
    from .._base.json_types import JsonObject

__all__ = ["known_counts", "sum_usage"]


def sum_usage(reports: Iterable[Usage | None]) -> Usage:
    """Return the usage of several responses together; numbers that this package does not know are added as well."""
    total: JsonObject = {}
    for usage in reports:
        if usage is not None:
            total = _sum(total, known_counts(usage))
    return Usage.from_dict(total)


def known_counts(usage: Model) -> JsonObject:
    """Return the counts that a server reported, and the total that follows from them.

    Unlike in `to_dict`, there are neither nulls nor malformed data under the names of counts.
    """
    fields = type(usage).__pydantic_fields__
    known: dict[str, Any] = {name: vars(usage)[name] for name in fields if name in usage.model_fields_set}
    total: int = getattr(usage, "total_tokens", 0)
    counts: JsonObject = {
        name: known_counts(value) if isinstance(value, Model) else value
        for name, value in known.items()
        if not is_null(value)
    }
    others = {name: value for name, value in (usage.model_extra or {}).items() if name not in fields}
    return {**counts, **({"total_tokens": total} if total else {}), **others}


def _is_number(value: object) -> TypeIs[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _sum(left: JsonObject, right: JsonObject) -> JsonObject:
    """Return the numbers added field by field, at any depth; of other values, the later one counts."""
    total = dict(left)
    for name, value in right.items():
        before: object = total.get(name)
        if is_object(value):
            total[name] = _sum(as_object(before), value)
        elif _is_number(value) and _is_number(before):
            total[name] = before + value
        elif value is not None or before is None:
            total[name] = value
    return total
