"""Whether a parsed object matches its annotations: every field and every property, at any depth."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from model_strategies import hints_of

import responses_client
from responses_client import models
from responses_client._base.http import ResponseMeta
from responses_client.models import Model
from responses_client.models._base import OpenUnion, Reference

# What annotations of properties name, which their modules import for type checkers alone.
_NAMES = {
    "ResponseMeta": ResponseMeta,
    "_HasMeta": object,
    **{name: getattr(responses_client, name) for name in ("ParseError", "ResponseValidationError")},
    **{name: getattr(models, name) for name in models.__all__},
}


def misfits(value: Any) -> list[str]:
    """Return the attributes of a model, and of all models inside, with values of a wrong type."""
    return [
        f"{type(part).__name__}.{name}: {shown!r}"
        for part in parts_of(value)
        for name, hint in [*hints_of(type(part)).items(), *properties_of(type(part)).items()]
        if not fits(hint, shown := getattr(part, name))
    ]


def parts_of(value: Any) -> Iterator[Model]:
    """Yield a model and all models in its fields."""
    if isinstance(value, Model):
        yield value
        value = [*value.__dict__.values()]
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for member in members:
        yield from parts_of(member)


@cache
def properties_of(model: type[Model]) -> dict[str, Any]:
    """Return the annotations of the properties that are the package's own."""
    found: dict[str, Any] = {}
    for name in dir(model):
        value = inspect.getattr_static(model, name)
        getter = getattr(value, "fget", None) or getattr(value, "func", None)
        if getter is not None and getter.__module__.startswith("responses_client.") and name[0] != "_":
            found[name] = get_type_hints(getter, localns=_NAMES).get("return", Any)
    return found


def fits(hint: Any, value: Any) -> bool:
    """Whether a value is of an annotated type; booleans are not numbers."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return fits(arguments[0], value)
    if origin in (Union, types.UnionType):
        return any(fits(kind, value) for kind in arguments)
    if origin is Literal:
        return value in arguments
    if origin is list:
        return isinstance(value, list) and all(fits(arguments[0], member) for member in value)
    if origin is dict:
        return type(value) is dict and all(type(k) is str and fits(arguments[1], v) for k, v in value.items())
    if hint is Any or hint is object:
        return True
    if issubclass(hint, OpenUnion):
        return isinstance(value, Model) and type(value).__name__ in _member_names(hint)
    if issubclass(hint, Reference):
        return type(value) is hint.model()
    if hint is float:
        return type(value) in (int, float)
    if hint in (int, str):  # or a subclass: of what came as null, or as a float
        return isinstance(value, hint) and type(value) is not bool
    return type(value) is hint


@cache
def _member_names(union: type[OpenUnion]) -> frozenset[str]:
    entries = " ".join(union.members.values()).split()
    return frozenset([*(entry.partition(".")[2] for entry in entries), union.unknown])
