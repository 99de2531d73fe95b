"""JSON Schemas of MCP tools as the API takes them, and arguments on their way back; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from .._base.json_types import is_array, is_object
from .._structured.strict_schema import strict_schema
from ..errors import RequestValidationError

__all__ = ["ToolSchema", "tool_schema"]

_MAX_DEPTH = 50


class ToolSchema(NamedTuple):
    """The parameters of a tool.

    Attributes:
        parameters: The schema for the API.
        is_strict: Whether the API guarantees that arguments fit it.
        given: The schema of the server.
    """

    parameters: dict[str, Any]
    is_strict: bool
    given: Mapping[str, Any]

    def arguments(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments for the server, without nulls that the model wrote only because the schema is strict."""
        return _without_nulls(sent, self.given, self.given, 0) if self.is_strict else sent


def tool_schema(name: str, given: Mapping[str, Any]) -> ToolSchema:
    """Return the parameters of a tool: made strict if that is possible, else as the server has them.

    Properties that are not required become nullable, since a strict schema requires all of them.
    """
    whole: dict[str, Any] = {"type": "object", "properties": {}, **given}
    try:
        return ToolSchema(strict_schema(_nullable(deepcopy(whole), 0), name), True, whole)
    except (RequestValidationError, RecursionError):
        return ToolSchema(whole, False, whole)


def _nullable(schema: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise RecursionError
    if is_array(schema):
        return [_nullable(one, depth + 1) for one in schema]
    if not is_object(schema):
        return schema
    changed = {name: _nullable(one, depth + 1) for name, one in schema.items()}
    properties = changed.get("properties")
    if is_object(properties):
        required = changed.get("required")
        needed = required if is_array(required) else []
        changed["properties"] = {
            name: one if name in needed else _or_null(one) for name, one in properties.items()
        }
    return changed


def _or_null(schema: Any) -> Any:
    if not is_object(schema) or _takes_null(schema):
        return schema
    described = {"description": schema["description"]} if "description" in schema else {}
    rest = {name: one for name, one in schema.items() if name not in ("description", "default")}
    return {"anyOf": [rest, {"type": "null"}], **described}


def _takes_null(schema: Mapping[str, Any]) -> bool:
    kinds = schema.get("type")
    unions = [*_list(schema.get("anyOf")), *_list(schema.get("oneOf"))]
    return (
        kinds == "null"
        or "null" in _list(kinds)
        or any(is_object(one) and _takes_null(one) for one in unions)
        or None in _list(schema.get("enum"))
    )


def _without_nulls(value: Any, schema: Any, root: Mapping[str, Any], depth: int) -> Any:
    """Return a value without the nulls of properties that are neither required nor nullable."""
    schema = _resolved(schema, root)
    if depth > _MAX_DEPTH:
        return value
    if is_array(value):
        return [_without_nulls(one, schema.get("items"), root, depth + 1) for one in value]
    if not is_object(value):
        return value
    properties = schema.get("properties")
    known = properties if is_object(properties) else {}
    required = _list(schema.get("required"))
    return {
        name: _without_nulls(one, known.get(name), root, depth + 1)
        for name, one in value.items()
        if one is not None or name in required or _takes_null(_resolved(known.get(name), root))
    }


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_MAX_DEPTH):
        reference = schema.get("$ref") if is_object(schema) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        schema = root
        for step in reference[2:].split("/"):
            schema = schema.get(step) if is_object(schema) else None
    return schema if is_object(schema) else {}


def _list(value: Any) -> list[Any]:
    return value if is_array(value) else []
