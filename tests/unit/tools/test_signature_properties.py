"""Functions with any parameters: their schemas are strict, and arguments that fit them reach the function."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Annotated, Any, NamedTuple

from form_strategies import FORMS, Form
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import Field
from test_output_type_properties import check_strict

from responses_client import RunContext, custom_tool, tool

KINDS = [Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY]
NAMES = ["a", "b_c", "_x", "self", "model_config", "schema", "context_", "größe", "total", "func", "args"]


class Made(NamedTuple):
    """A function that returns its arguments by name, and its parameters."""

    function: Callable[..., dict[str, Any]]
    forms: Mapping[str, Form]
    defaults: Mapping[str, Any]


@st.composite
def functions(draw: st.DrawFn) -> Made:
    forms = draw(st.dictionaries(st.sampled_from(NAMES), FORMS, max_size=4))
    kinds = sorted(draw(st.lists(st.sampled_from(KINDS), min_size=len(forms), max_size=len(forms))))
    parameters: list[Parameter] = []
    defaults: dict[str, Any] = {}
    for (name, form), kind in zip(forms.items(), kinds, strict=True):
        # As Python wants it: none without a default after one that has it.
        if draw(st.booleans()) or (defaults and kind is not Parameter.KEYWORD_ONLY):
            defaults[name] = draw(form.pairs)[0]
        annotation = (
            Annotated[form.type, Field(description=f"The {name}.")] if draw(st.booleans()) else form.type
        )
        parameters.append(
            Parameter(name, kind, annotation=annotation, default=defaults.get(name, Parameter.empty))
        )
    if draw(st.booleans()):
        place = draw(st.integers(0, len(parameters)))
        kind = parameters[place - 1].kind if place else Parameter.POSITIONAL_ONLY
        default = None if place and parameters[place - 1].default is not Parameter.empty else Parameter.empty
        parameters.insert(place, Parameter("context", kind, annotation=RunContext[int], default=default))
    signature = inspect.Signature(parameters)

    def function(*args: Any, **kwargs: Any) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return dict(bound.arguments)

    function.__signature__ = signature
    return Made(function, forms, defaults)


@given(functions())
def test_schemas_are_strict(made: Made) -> None:
    definition: Any = tool(made.function).definition
    schema = definition["parameters"]
    Draft202012Validator.check_schema(schema)
    json.dumps(schema, allow_nan=False)
    definitions = schema.get("$defs", {})
    assert schema["type"] == "object"
    assert [*schema["properties"]] == [*made.forms]
    check_strict(schema, {*definitions})
    for part in definitions.values():
        check_strict(part, {*definitions})


@given(functions(), st.data())
def test_function_is_called_with_arguments_that_fit_the_schema(made: Made, data: st.DataObject) -> None:
    context: Any = RunContext(3, None, 1)
    pairs = {name: data.draw(form.pairs, name) for name, form in made.forms.items()}
    arguments = {name: plain for name, (_, plain) in pairs.items()}
    shape = tool(made.function).shape
    assert shape.parameters is not None

    Draft202012Validator(shape.parameters).validate(arguments)
    text = json.dumps(arguments, ensure_ascii=data.draw(st.booleans()))
    given = shape.bind(text, context)()
    assert given.pop("context", context) is context
    assert given == {name: value for name, (value, _) in pairs.items()}
    assert [*map(type, given.values())] == [type(value) for value, _ in pairs.values()]


@given(functions(), st.data(), st.booleans())
def test_omitted_arguments_are_the_defaults(made: Made, data: st.DataObject, strict: bool) -> None:
    missing = data.draw(st.sets(st.sampled_from([*made.defaults]))) if made.defaults else set[str]()
    pairs = {name: data.draw(form.pairs, name) for name, form in made.forms.items() if name not in missing}
    shape = tool(strict=strict)(made.function).shape

    given = shape.bind(json.dumps({name: plain for name, (_, plain) in pairs.items()}), None)()
    given.pop("context", None)
    assert given == {**made.defaults, **{name: value for name, (value, _) in pairs.items()}}
    for name in missing:
        assert given[name] is made.defaults[name]


@given(st.text(), st.sampled_from(KINDS), st.sampled_from(KINDS), st.booleans())
def test_custom_tool_is_given_any_text(text: str, kind: Any, other: Any, is_first: bool) -> None:
    parameters = [
        Parameter("text", kind, annotation=str),
        Parameter("context", other, annotation=RunContext),
    ]
    signature = inspect.Signature(sorted(parameters[:: 1 if is_first else -1], key=lambda one: one.kind))

    def function(*args: Any, **kwargs: Any) -> Any:
        return signature.bind(*args, **kwargs).arguments

    function.__signature__ = signature
    context = object()
    assert custom_tool(function).shape.bind(text, context)() == {"text": text, "context": context}
