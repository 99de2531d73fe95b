"""Schemas of MCP tools for the API, and arguments on their way back to the server."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("mcp")

from responses_client._mcp_tools.schemas import tool_schema


def made(properties: dict[str, Any], required: list[str], **more: Any) -> Any:
    return tool_schema("tool", {"type": "object", "properties": properties, "required": required, **more})


def test_schema_whose_properties_are_required_becomes_strict() -> None:
    schema = made({"city": {"type": "string", "description": "Where"}}, ["city"])

    assert schema.is_strict
    assert schema.parameters == {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Where"}},
        "required": ["city"],
        "additionalProperties": False,
    }


def test_property_that_may_be_missing_becomes_nullable_and_its_null_is_not_sent() -> None:
    schema = made(
        {"city": {"type": "string"}, "days": {"type": "integer", "default": 3, "description": "How far"}},
        ["city"],
    )

    assert schema.parameters["required"] == ["city", "days"]
    assert schema.parameters["properties"]["days"]["anyOf"] == [{"type": "integer"}, {"type": "null"}]
    assert schema.parameters["properties"]["days"]["description"] == "How far"
    assert schema.arguments({"city": "Rome", "days": None}) == {"city": "Rome"}
    assert schema.arguments({"city": "Rome", "days": 2}) == {"city": "Rome", "days": 2}


@pytest.mark.parametrize(
    "nullable",
    [
        {"type": ["string", "null"]},
        {"type": "null"},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"$ref": "#/$defs/Maybe"},
    ],
)
def test_null_that_the_server_takes_is_sent(nullable: dict[str, Any]) -> None:
    schema = made(
        {"note": nullable}, [], **{"$defs": {"Maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}
    )

    assert schema.arguments({"note": None}) == {"note": None}


def test_null_that_is_required_is_sent() -> None:
    assert made({"note": {"type": "string"}}, ["note"]).arguments({"note": None}) == {"note": None}


def test_nulls_inside_of_objects_lists_and_references_are_not_sent() -> None:
    point = {
        "type": "object",
        "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
        "required": ["x"],
    }
    schema = made(
        {"points": {"type": "array", "items": {"$ref": "#/$defs/Point"}}, "center": point},
        ["points", "center"],
        **{"$defs": {"Point": point}},
    )

    assert schema.is_strict
    assert schema.arguments(
        {"points": [{"x": 1, "y": None}, {"x": 2, "y": 3}], "center": {"x": 0, "y": None}}
    ) == {
        "points": [{"x": 1}, {"x": 2, "y": 3}],
        "center": {"x": 0},
    }


def test_schema_that_cannot_be_strict_is_sent_as_it_is() -> None:
    schema = made({"anything": {"type": "object", "additionalProperties": True}}, [])

    assert not schema.is_strict
    assert schema.parameters["properties"] == {"anything": {"type": "object", "additionalProperties": True}}
    assert schema.arguments({"anything": None}) == {"anything": None}


@pytest.mark.parametrize("given", [{}, {"type": "object"}])
def test_tool_without_parameters_has_none(given: dict[str, Any]) -> None:
    assert tool_schema("tool", given).parameters == {
        "type": "object",
        "properties": {},
        "required": [],
        "additionalProperties": False,
    }


def test_schema_without_end_is_sent_as_it_is() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
    for _ in range(60):
        schema = {"type": "object", "properties": {"inner": schema}}

    assert not tool_schema("tool", schema).is_strict


@pytest.mark.parametrize("reference", ["#/$defs/Missing", "#/$defs/Loop", "elsewhere.json", 7])
def test_reference_that_leads_nowhere_does_not_keep_a_value_back(reference: Any) -> None:
    given = {"properties": {"a": {"$ref": reference}}, "$defs": {"Loop": {"$ref": "#/$defs/Loop"}}}
    schema = tool_schema("tool", given)._replace(is_strict=True)

    assert schema.arguments({"a": {"b": 1}, "c": 2}) == {"a": {"b": 1}, "c": 2}


def test_deep_values_are_sent_as_they_are() -> None:
    value: Any = {"a": None}
    for _ in range(100):
        value = [value]

    assert made({"v": {"type": "string"}}, ["v"]).arguments({"v": value}) == {"v": value}
