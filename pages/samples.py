"""One sample of JSON for each object of the API: made from the schema, with values of `sample_values.yaml`.

The pages of the reference show them, and a test reads each with the class that the page names.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, cast

import yaml

from codegen.reader import load
from codegen.schema import Alias, Document, Field, Object, Spec

__all__ = ["sample", "sample_fields", "sampled", "schema"]

JSON: TypeAlias = Any
_VALUES = Path(__file__).parent / "sample_values.yaml"
_BY_TYPE: Mapping[str, JSON] = {"integer": 1, "number": 0.5, "boolean": True, "object": {}, "array": []}


@cache
def schema() -> Document:
    """Return the schema of the API."""
    return load()


@cache
def _values() -> Mapping[str, Mapping[str, JSON]]:
    values: Mapping[str, Mapping[str, JSON]] = yaml.safe_load(_VALUES.read_text("utf-8"))
    return values


def sample_fields() -> Mapping[str, Mapping[str, JSON]]:
    """Return the values that the file has for the fields of objects."""
    return _values()["objects"]


def sampled() -> list[Object]:
    """Return the objects that have a sample: all but bases of others."""
    return [each for each in schema().schemas.values() if isinstance(each, Object) and not each.abstract]


def sample(name: str, overrides: Mapping[str, JSON] | None = None) -> dict[str, JSON]:
    """Return a sample of an object: its tag, its required fields, and those that the values add."""
    return _object(schema().object(name), (), overrides or {})


def _object(item: Object, above: tuple[str, ...], overrides: Mapping[str, JSON]) -> dict[str, JSON]:
    values = _values()
    fields = schema().all_fields(item)
    short: list[str] | None = values["inside"].get(item.name) if above else None
    usual = values["objects"].get(item.name, {})
    own = {key: value for key, value in usual.items() if short is None or key in short} | dict(overrides)
    if not own and not any(field.tag or field.required or field.essential for field in fields):
        short = [field.wire for field in fields]  # all is optional
    found: dict[str, JSON] = {}
    for field in fields:
        if field.wire in own:
            if own[field.wire] != "(absent)":
                found[field.wire] = _given(field, own[field.wire], (*above, item.name))
        elif field.tag:
            found[field.wire] = field.tag[0]
        elif field.wire in short if short is not None else field.required or field.essential:
            found[field.wire] = _field(field, item, (*above, item.name))
    return found


def _given(field: Field, value: object, above: tuple[str, ...]) -> JSON:
    """Return a value of the file, in which `{sample: Name, field: value}` stands for another sample."""
    if isinstance(value, list):
        return [_given(field, each, above) for each in cast("list[object]", value)]
    rest = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    if "sample" in rest:
        name = str(rest["sample"])
        return _object(schema().object(name), above, {key: rest[key] for key in rest if key != "sample"})
    return cast("JSON", value)


def _field(field: Field, item: Object, above: tuple[str, ...]) -> JSON:
    return _value(field.spec, field, above, field.nullable)


def _value(spec: Spec, field: Field, above: tuple[str, ...], nullable: bool = False) -> JSON:
    """Return a value for the JSON Schema of a field."""
    if "$ref" in spec:
        return _reference(spec["$ref"], field, above, nullable)
    if "const" in spec:
        return spec["const"]
    fields: Mapping[str, JSON] = _values()["fields"]
    kind = spec.get("type")
    types = cast("list[str]", kind) if isinstance(kind, list) else [str(kind)]
    known = spec.get("enum") or spec.get("x-extensible-enum")
    usual = fields.get(field.wire)
    if usual is not None and spec is field.spec and (not known or usual in known) and _is_of(usual, spec):
        return usual
    if known:
        return known[0]
    if "anyOf" in spec:
        return _value(spec["anyOf"][0], field, above, nullable)
    if "array" in types:
        return [_value(spec["items"], field, above)] if "$ref" in spec.get("items", {}) else []
    if nullable and field.wire not in fields:
        return None
    if "string" in types:
        return str(fields.get(field.wire, field.wire.replace("_", " ")))
    if "minimum" in spec:
        return spec["minimum"]
    return next((_BY_TYPE[each] for each in types if each in _BY_TYPE), dict[str, JSON]())


def _is_of(value: JSON, spec: Spec) -> bool:
    """Whether a value has a type that the JSON Schema of a field allows."""
    name = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    kinds = [spec.get("type"), *(each.get("type") for each in spec.get("anyOf", ()))]
    own = name[type(value)]
    return None in kinds or own in kinds or (own == "integer" and "number" in kinds)


def _reference(name: str, field: Field, above: tuple[str, ...], nullable: bool) -> JSON:
    target = schema().schemas[name]
    if isinstance(target, Alias):
        return _values()["fields"].get(field.wire, target.values[0])
    if nullable and len(above) > 1:
        return None
    members = [each for each in schema().objects(name) if each not in above] or [name]
    return _object(schema().object(_values()["members"].get(name, members[0])), above, {})
