"""Types of any kind have strict schemas, which their values match, and values survive the way as text."""

from __future__ import annotations

import json
from typing import Any, cast

from form_strategies import FORMS, Form
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from responses_client._structured.output_type import output_type
from responses_client._structured.partial_json import PartialJson

# All that strict schemas may have, by type; the words of the API's guide, not those of the code.
COMMON = {"title", "description", "type", "enum", "const"}
KEYWORDS = {
    "object": COMMON | {"properties", "required", "additionalProperties", "$defs"},
    "array": COMMON | {"items", "minItems", "maxItems"},
    "string": COMMON | {"pattern", "format"},
    "integer": COMMON | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "number": COMMON | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "boolean": COMMON,
    "null": COMMON,
}


def check_strict(schema: dict[str, Any], definitions: set[str]) -> None:
    if "$ref" in schema:
        assert schema.keys() == {"$ref"}
        assert schema["$ref"].removeprefix("#/$defs/") in definitions
        return
    if "anyOf" in schema:
        assert schema.keys() <= {"anyOf", "title", "description"}
        for branch in schema["anyOf"]:
            check_strict(branch, definitions)
        return
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert schema.keys() <= set().union(*(KEYWORDS[kind] for kind in kinds))
    if kinds == ["object"]:
        assert schema["additionalProperties"] is False
        assert schema["required"] == [*schema["properties"]]
        for part in schema["properties"].values():
            check_strict(part, definitions)
    if kinds == ["array"]:
        check_strict(schema["items"], definitions)


@given(FORMS)
def test_schemas_are_strict(form: Form) -> None:
    schema = dict(output_type(form.type).format["schema"])
    Draft202012Validator.check_schema(schema)
    definitions = cast("dict[str, Any]", schema.get("$defs", {}))
    assert schema["type"] == "object"
    check_strict(schema, {*definitions})
    for definition in definitions.values():
        check_strict(definition, {*definitions})


@given(FORMS, st.data())
def test_values_fit_the_schema_and_come_back(form: Form, data: st.DataObject) -> None:
    value, plain = data.draw(form.pairs)
    wanted = output_type(form.type)
    whole = {"value": plain} if wanted.is_wrapped else plain

    Draft202012Validator(wanted.format["schema"]).validate(whole)
    found = wanted.read(json.dumps(whole, ensure_ascii=data.draw(st.booleans())))
    assert found == value
    assert type(found) is type(value)
    assert wanted.read(json.dumps(plain)) == value


def is_start_of(start: Any, whole: Any) -> bool:
    if isinstance(start, dict):
        keys = [*whole][: len(start)]
        return keys == [*start] and all(is_start_of(start[key], whole[key]) for key in keys)
    if isinstance(start, list):
        return len(start) <= len(whole) and all(map(is_start_of, start, whole))
    if isinstance(start, str):
        return isinstance(whole, str) and whole.startswith(start)
    return type(start) is type(whole) and start == whole


@given(FORMS, st.data())
def test_start_of_a_text_has_the_start_of_its_value(form: Form, data: st.DataObject) -> None:
    _, plain = data.draw(form.pairs)
    wanted = output_type(form.type)
    text = json.dumps({"value": plain} if wanted.is_wrapped else plain, ensure_ascii=data.draw(st.booleans()))
    reader = PartialJson()
    for length, character in enumerate(text):
        found = wanted.unwrapped(reader.value)
        assert found is None or is_start_of(found, plain), text[:length]
        reader.feed(character)
    assert wanted.unwrapped(reader.value) == plain
