"""Every generated model writes matching JSON as it came, and never holds other data in a typed field."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, get_args

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from model_strategies import anything, hints_of, value_of, wire_name, wire_of
from model_types import misfits, parts_of

from responses_client import models
from responses_client.errors import ResponseValidationError
from responses_client.models import Model, UnknownModel
from responses_client.models._base import OpenUnion

MODULES = [
    import_module(f"responses_client.models.{module.name}")
    for module in iter_modules(models.__path__)
    if not module.name.startswith("_") and module.name != "params"
]
MODELS = {
    model.__name__: model
    for module in MODULES
    for model in vars(module).values()
    if isinstance(model, type) and issubclass(model, Model) and model.__module__ == module.__name__
}
# What a request refuses is bounds, which no strategy here knows of.
ANSWERS = [
    model
    for name, model in MODELS.items()
    if not model.__module__.endswith("requests") and name != "BatchRequestLine"  # it holds a request
]


def test_there_are_models():
    assert len(MODELS) > 200


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
@settings(max_examples=5, deadline=None)
@given(st.data())
def test_matching_json_is_written_as_it_came(model: type[Model], data: st.DataObject):
    wire = data.draw(wire_of(model))
    made = model.from_dict(wire)
    assert made.to_dict() == wire
    assert json.loads(made.to_json()) == wire
    again = model.from_json(made.to_json())
    assert again == made
    assert again.to_json() == made.to_json()
    assert misfits(made) == []


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_json_that_fits_is_typed_in_strict_mode(data: st.DataObject):
    model = data.draw(st.sampled_from(ANSWERS))
    wire = data.draw(wire_of(model))
    made = model.from_dict(wire, strict=True)
    assert made.to_dict() == wire
    assert misfits(made) == []


def has_members(model: type[Model]) -> bool:
    """Whether a field of a model takes members of an open union."""
    return any(issubclass(union, OpenUnion) for hint in hints_of(model).values() for union in kinds_of(hint))


def kinds_of(hint: Any) -> list[type]:
    inner = [kind for argument in get_args(hint) for kind in kinds_of(argument)]
    return [hint, *inner] if isinstance(hint, type) and not get_args(hint) else inner


HOLDERS = [model for model in ANSWERS if has_members(model)]
"""Models with members of unions inside, where data that do not fit become an `Unknown…`."""


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_json_that_does_not_fit_never_sits_under_a_typed_field(data: st.DataObject):
    model, wire = drawn(data)
    for _ in range(data.draw(st.integers(1, 3))):
        wire = changed(data, wire)
    try:
        made = model.from_dict(wire)
    except ResponseValidationError:
        event("refused")
        assert type(wire) is not dict or any(field.is_required() for field in model.model_fields.values())
    else:
        unknown = [part for part in parts_of(made) if isinstance(part, UnknownModel)]
        event(f"unknown: {bool(unknown)}, malformed: {any(part.validation_error for part in unknown)}")
        assert made.to_dict() == wire
        assert json.loads(made.to_json()) == wire
        assert misfits(made) == []


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_strict_mode_refuses_raw_data_of_lenient_mode(data: st.DataObject):
    model, wire = drawn(data)
    wire = changed(data, wire)
    try:
        made = model.from_dict(wire, strict=True)
    except ResponseValidationError as error:
        refusal = str(error)
    else:
        refusal = ""
    with warnings() as warned:
        try:
            lenient = model.from_dict(wire)
        except ResponseValidationError:
            event("refused by both")
            assert refusal
            return
    event(f"refused by strict mode: {bool(refusal)}")
    assert lenient.to_dict() == wire
    if refusal:
        # Lenient mode says nothing of what is missing or null: a field, or the type of a member.
        is_missing = "expected a value at" in refusal or "an object with a `" in refusal
        assert warned or is_missing or "null" in json.dumps(wire)
        return
    assert warned == []
    assert lenient == made
    assert [p.type for p in parts_of(lenient) if isinstance(p, UnknownModel) and p.validation_error] == []


@contextmanager
def warnings() -> Iterator[list[logging.LogRecord]]:
    """Collect what is logged."""
    records: list[logging.LogRecord] = []
    logger, handler = logging.getLogger("responses_client"), logging.Handler()
    handler.emit = records.append
    logger.addHandler(handler)
    try:
        yield records
    finally:
        logger.removeHandler(handler)


def drawn(data: st.DataObject) -> tuple[type[Model], dict[str, Any]]:
    """Draw a model and JSON that fits it, in half of the cases with members of unions in it."""
    if data.draw(st.booleans()):
        model = data.draw(st.sampled_from(ANSWERS))
        return model, data.draw(wire_of(model))
    model = data.draw(st.sampled_from(HOLDERS))
    names = [
        name
        for name, hint in hints_of(model).items()
        if any(issubclass(k, OpenUnion) for k in kinds_of(hint))
    ]
    name = data.draw(st.sampled_from(names))
    members = data.draw(value_of(hints_of(model)[name], 2))
    return model, data.draw(wire_of(model, {wire_name(model, name): members}))


def changed(data: st.DataObject, value: Any) -> Any:
    """Change JSON somewhere: another value, one more, or one less."""
    if isinstance(value, dict) and value:
        key = data.draw(st.sampled_from(sorted(value)))
        if data.draw(st.integers(0, 5)) == 0:
            return {name: inner for name, inner in value.items() if name != key}
        inner = value[key]
        deeper = isinstance(inner, (dict, list)) and inner and data.draw(st.integers(0, 3))
        return {**value, key: changed(data, inner) if deeper else data.draw(anything)}
    if isinstance(value, list) and value:
        index = data.draw(st.integers(0, len(value) - 1))
        if data.draw(st.integers(0, 3)) == 0:
            return [*value[:index], data.draw(anything), *value[index:]]
        return [*value[:index], changed(data, value[index]), *value[index + 1 :]]
    return data.draw(anything)
