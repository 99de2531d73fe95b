"""Example values that fit JSON schemas."""

from __future__ import annotations

from typing import Any

import pytest

from responses_client.testing import _schema_examples
from responses_client.testing._schema_examples import example_for

TREE: dict[str, Any] = {
    "$ref": "#/$defs/Tree",
    "$defs": {
        "Tree": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "left": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]},
                "right": {"type": ["object", "null"], "$ref": "#/$defs/Tree"},
                "others": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
            },
            "required": ["name", "left", "others"],
        }
    },
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": 7}, 7),
        ({"type": "string", "default": "d"}, "d"),
        ({"enum": ["b", "a"]}, "b"),
        ({"type": "string", "enum": []}, "text"),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({}, None),
        ({"type": ["null", "integer"]}, 1),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, True),
        ({"oneOf": [{"type": "null"}]}, None),
        ({"title": "T", "oneOf": [{"const": 1}, {"const": 2}]}, 1),
        ({"type": "array"}, []),
        ({"type": "array", "minItems": 2, "items": {"type": "boolean"}}, [True, True]),
        ({"type": "array", "maxItems": 0, "items": {"type": "boolean"}}, []),
        ({"items": {"type": "boolean"}}, [True]),
        ({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}]}, [1, 2]),
        ({"type": "array", "prefixItems": [{"const": 1}], "items": {"const": 3}, "minItems": 2}, [1, 3]),
        ({"type": "object"}, {}),
        ({"properties": {"a": {"const": 1}, "b": {"const": 2}}}, {"a": 1, "b": 2}),
        ({"properties": {"a": {"const": 1}, "b": {"const": 2}}, "required": ["b"]}, {"b": 2}),
        ({"type": "object", "required": ["a"]}, {"a": "a"}),
        ({"type": "string"}, "text"),
        ({"type": "string", "minLength": 6}, "texttext"),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": "string", "format": "date"}, "2025-01-01"),
        ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"const": 1}}}, 1),
        ({"$ref": "#/nowhere/at/all"}, None),
        (
            {
                "allOf": [
                    {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]},
                    {"properties": {"b": {"const": 2}}, "required": ["b"]},
                ]
            },
            {"a": 1, "b": 2},
        ),
    ],
)
def test_value_fits_the_schema(schema: dict[str, Any], value: Any) -> None:
    assert example_for(schema) == value


@pytest.mark.parametrize(
    ("bounds", "value"),
    [
        ({}, 1),
        ({"minimum": 5}, 5),
        ({"maximum": -5}, -5),
        ({"exclusiveMinimum": 5}, 6),
        ({"exclusiveMaximum": -5}, -6),
        ({"minimum": 10, "multipleOf": 7}, 14),
        ({"minimum": 0, "maximum": 0}, 0),
    ],
)
def test_integer_fits_its_bounds(bounds: dict[str, Any], value: int) -> None:
    made = example_for({"type": "integer", **bounds})
    assert made == value
    assert isinstance(made, int)


@pytest.mark.parametrize(
    ("bounds", "value"),
    [
        ({"minimum": 0.5, "maximum": 0.75}, 0.5),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 0.5}, 0.25),
        ({"minimum": 3, "maximum": 2}, 3),
    ],
)
def test_number_fits_its_bounds_where_any_does(bounds: dict[str, Any], value: float) -> None:
    assert example_for({"type": "number", **bounds}) == value


def schema_of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties]}


STRING = {"type": "string"}
INTEGER = {"type": "integer"}


@pytest.mark.parametrize(
    ("text", "properties", "value"),
    [
        (
            "What is it like in Boston, MA?",
            {"city": STRING, "state": STRING},
            {"city": "Boston", "state": "MA"},
        ),
        ("From Oslo", {"start": STRING, "end": STRING}, {"start": "Oslo", "end": "Oslo"}),
        ("Find “red tea” for Ada", {"item": STRING}, {"item": "red tea"}),
        ("Look in New York", {"query": STRING}, {"query": "Look in New York"}),
        ("no names here", {"city": STRING}, {"city": "no names here"}),
        ("Add 2 and 40", {"a": INTEGER, "b": INTEGER, "c": INTEGER}, {"a": 2, "b": 40, "c": 1}),
        ("Give me 500", {"percent": {"type": "integer", "maximum": 100}}, {"percent": 1}),
        ("It is 2.5 m", {"width": {"type": "number"}}, {"width": 2.5}),
        ("It is 2.5 m", {"count": INTEGER}, {"count": 1}),
    ],
)
def test_names_and_numbers_come_from_the_text(text: str, properties: Any, value: Any) -> None:
    assert example_for(schema_of(**properties), text) == value


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()))
    return max(map(depth, value), default=0) if isinstance(value, list) else 0


def test_recursive_schema_ends() -> None:
    tree = example_for(TREE, "about Oaks and Elms")
    assert tree["left"]["left"]["name"] == "Elms"
    assert 3 < depth(tree) < 10


def test_optional_types_are_null_deep_down() -> None:
    schema: dict[str, Any] = {"type": ["object", "null"], "properties": {"next": {"$ref": "#"}}}
    assert depth(example_for({**schema, "required": ["next"]})) < 10


@pytest.mark.parametrize("schema", [{"$ref": "#"}, schema_of(me={"$ref": "#"})])
def test_schema_that_no_finite_value_fits_is_an_error(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no finite value"):
        example_for(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 10**9, "items": {"type": "string"}},
        {"type": "string", "minLength": 10**9},
        {
            "type": "array",
            "minItems": 200,
            "items": {"type": "array", "minItems": 200, "items": {"type": "integer"}},
        },
    ],
)
def test_schema_of_huge_values_only_is_an_error(schema: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_schema_examples, "_MAX_SIZE", 10_000)
    with pytest.raises(ValueError, match="each value that fits it is too large"):
        example_for(schema)
