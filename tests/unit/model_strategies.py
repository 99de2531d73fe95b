"""Hypothesis strategies for the JSON that fits a model, derived from its annotations."""

import types
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from responses_client.models import Model, UnknownModel
from responses_client.models._base import OpenUnion, Reference, union_class
from responses_client.models._markers import NULLS, Count, Details, Str, Total

NULLABLE = {NULLS, *(mark for kind in (Count, Total, Str, Details) for mark in get_args(kind)[1:])}
"""The marks of fields that may be null, though readers never get None."""
texts = st.text(st.characters(codec="utf-8"), max_size=5)
whole = st.integers() | st.integers(-3, 3) | st.integers(-3, 3).map(float)
numbers = whole | st.floats(allow_nan=False, allow_infinity=False)
plain = st.none() | st.booleans() | numbers | texts
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2), max_leaves=4
)
maps = st.dictionaries(texts, anything, max_size=2)
UNKNOWN_FIELDS = st.dictionaries(
    st.sampled_from(["x_new", "xNew2", "ünknown", "class", "to_dict"]), anything, max_size=2
)


@cache
def hints_of(model: type[Model]) -> dict[str, Any]:
    """Return the annotations of a model's fields, with their markers."""
    hints = get_type_hints(model, include_extras=True)
    return {name: hints[name] for name in model.model_fields}


@cache
def classes_of(union: type[OpenUnion]) -> dict[str, type[Model]]:
    """Return the class of each tag; of two, the one for messages that are not the assistant's."""
    return {tag: union.member(tag) or UnknownModel for tag in union.members}


def wire_name(model: type[Model], name: str) -> str:
    return model.model_fields[name].serialization_alias or name


@st.composite
def wire_of(
    draw: st.DrawFn, model: type[Model], fixed: dict[str, Any] | None = None, depth: int = 2
) -> dict[str, Any]:
    """Draw JSON that fits a model: its required fields, some of the others, some unknown ones."""
    names = list(hints_of(model))
    optional = [name for name in names if not model.model_fields[name].is_required()]
    chosen = draw(st.sets(st.sampled_from(optional), max_size=6)) if optional else set()
    wire: dict[str, Any] = draw(UNKNOWN_FIELDS) if depth else {}
    for name in names:
        if name in chosen or name not in optional:
            wire[wire_name(model, name)] = draw(value_of(hints_of(model)[name], depth))
    return wire | (fixed or {})


def value_of(hint: Any, depth: int) -> st.SearchStrategy[Any]:
    """Return a strategy for the JSON of an annotation."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated and get_origin(arguments[0]) is list:
        marks = [mark for field in arguments[1:] for mark in getattr(field, "metadata", ())]
        least = max((getattr(mark, "min_length", 0) for mark in marks), default=0)
        members = value_of(get_args(arguments[0])[0], depth)
        values = st.lists(members, min_size=least, max_size=max(least, 2 if depth else 0))
        return values if NULLABLE.isdisjoint(arguments[1:]) else values | st.none()
    if origin is Annotated:
        marks = [mark for field in arguments[1:] for mark in getattr(field, "metadata", ())]
        least = [mark.ge for mark in marks if hasattr(mark, "ge")]
        # A number with a minimum that is required has no other way to fit.
        values = st.integers(least[0], least[0] + 9) if least else value_of(arguments[0], depth)
        return values if NULLABLE.isdisjoint(arguments[1:]) else values | st.none()
    if origin in (Union, types.UnionType):
        return st.one_of([value_of(kind, depth) for kind in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is list:
        return st.lists(value_of(arguments[0], depth), max_size=2 if depth else 0)
    if origin is dict:
        return st.dictionaries(texts, value_of(arguments[1], depth), max_size=2)
    if isinstance(hint, type) and issubclass(hint, OpenUnion):
        return member_of(union_class(hint), depth)
    if isinstance(hint, type) and issubclass(hint, Reference):
        hint = hint.model()
    if isinstance(hint, type) and issubclass(hint, Model):
        return wire_of(hint, depth=max(depth - 1, 0))
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: texts,
        int: whole,
        float: numbers,
        bool: st.booleans(),
        type(None): st.none(),
        Any: anything,
    }
    return simple[hint]


def member_of(union: type[OpenUnion], depth: int) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for members of a union, unknown ones among them."""
    unknown = st.just({"type": "x_new_type", "size": 1.0})
    if not depth:
        return unknown
    tags = st.sampled_from(sorted(union.members))
    return unknown | tags.flatmap(lambda tag: wire_of(classes_of(union)[tag], {"type": tag}, depth - 1))
