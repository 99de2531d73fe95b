"""Probable misspellings inside of the arguments of a request, found by the fields of its class; no I/O."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from .._base.field_errors import field_path
from .._base.json_types import is_object

if TYPE_CHECKING:
    from ..models import Model

__all__ = ["warn_of_typos"]

logger = logging.getLogger("responses_client")

# The similarity (of `difflib`) from which an unknown key counts as a misspelling of a known one, and not as a new field.
_MIN_SIMILARITY = 0.8


def warn_of_typos(operation: str, model: type[Model], named: Mapping[str, object]) -> None:
    """Log probable misspellings inside of arguments. They are sent all the same, because they may be new fields."""
    if typos := list(_typos(model, named)):
        logger.warning("%s: sent as given, but probably mistyped: %s", operation, "; ".join(typos))


def _typos(model: type[Model], data: Mapping[str, object], path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, value in data.items():
        if not is_object(value) or (nested := _nested_model(model, name)) is None:
            continue
        for key in value:
            if key not in nested.__pydantic_fields__ and (near := _nearest(key, nested, value)):
                yield f"{field_path((*path, name, key))} (did you mean {near!r}?)"
        yield from _typos(nested, value, (*path, name))


def _nearest(key: object, model: type[Model], fields: Mapping[str, object]) -> str | None:
    # Here, because the module is needed only for mistakes.
    import difflib

    known = [name for name in model.__pydantic_fields__ if name not in fields]
    return next(iter(difflib.get_close_matches(str(key), known, 1, _MIN_SIMILARITY)), None)


@cache
def _nested_model(model: type[Model], name: str) -> type[Model] | None:
    """Return the class of a field whose value is one object; None for other fields."""
    field = model.__pydantic_fields__.get(name)
    return None if field is None else _find_class(field.annotation)


def _find_class(annotation: Any) -> type[Model] | None:
    from .. import models

    if isinstance(annotation, type):
        # By its name, because a `Reference` may stand in the annotation for a class of another module.
        found = getattr(models, annotation.__name__, None)
        return found if isinstance(found, type) and issubclass(found, models.Model) else None
    return next(filter(None, map(_find_class, get_args(annotation))), None)
