"""Every generated model writes matching JSON as it came, and never holds other data in a typed field."""

import json
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_strategies import anything, wire_of
from model_types import misfits, parts_of

from responses_client import models
from responses_client.errors import ResponseValidationError
from responses_client.models import Model, UnknownModel

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


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_json_that_fits_is_typed_in_strict_mode(data: st.DataObject):
    model = data.draw(st.sampled_from(ANSWERS))
    wire = data.draw(wire_of(model))
    made = model.from_dict(wire, strict=True)
    assert made.to_dict() == wire
    assert misfits(made) == []


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_json_that_does_not_fit_never_sits_under_a_typed_field(data: st.DataObject):
    model = data.draw(st.sampled_from(ANSWERS))
    wire = data.draw(wire_of(model))
    for _ in range(data.draw(st.integers(1, 3))):
        wire = changed(data, wire)
    try:
        made = model.from_dict(wire)
    except ResponseValidationError:
        assert type(wire) is not dict or any(field.is_required() for field in model.model_fields.values())
    else:
        assert made.to_dict() == wire
        assert json.loads(made.to_json()) == wire
        assert misfits(made) == []


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_strict_mode_refuses_raw_data_of_lenient_mode(data: st.DataObject):
    model = data.draw(st.sampled_from(ANSWERS))
    wire = changed(data, data.draw(wire_of(model)))
    try:
        made = model.from_dict(wire, strict=True)
    except ResponseValidationError:
        return
    lenient = model.from_dict(wire)
    assert lenient == made
    assert made.to_dict() == wire
    assert [p.type for p in parts_of(lenient) if isinstance(p, UnknownModel) and p.validation_error] == []


def changed(data: st.DataObject, value: Any) -> Any:
    """Change JSON somewhere: another value, one more, or one less."""
    if isinstance(value, dict) and value:
        key = data.draw(st.sampled_from(sorted(value)))
        if data.draw(st.integers(0, 5)) == 0:
            return {name: inner for name, inner in value.items() if name != key}
        inner = value[key]
        deeper = isinstance(inner, (dict, list)) and inner and data.draw(st.booleans())
        return {**value, key: changed(data, inner) if deeper else data.draw(anything)}
    if isinstance(value, list) and value:
        index = data.draw(st.integers(0, len(value) - 1))
        if data.draw(st.booleans()):
            return [*value[:index], data.draw(anything), *value[index:]]
        return [*value[:index], changed(data, value[index]), *value[index + 1 :]]
    return data.draw(anything)
