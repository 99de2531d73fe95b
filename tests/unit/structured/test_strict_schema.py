"""Schemas made strict: keywords that stay, that go into descriptions, and that are refused."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from responses_client import RequestValidationError
from responses_client._structured.strict_schema import is_object_schema, strict_schema

STRING = {"type": "string"}
INTEGER = {"type": "integer"}


def closed(**properties: Any) -> dict[str, Any]:
    """The strict schema of an object with these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def of_field(schema: Any, definitions: dict[str, Any] | None = None) -> Any:
    """The strict schema of one field, with the definitions that it uses."""
    whole = {"type": "object", "properties": {"f": schema}, "$defs": definitions or {}}
    before = copy.deepcopy(whole)
    strict = strict_schema(whole, "T")
    assert whole == before
    assert strict["required"] == ["f"]
    field = strict["properties"]["f"]
    return (field, strict["$defs"]) if "$defs" in strict else field


def refused(schema: Any, definitions: dict[str, Any] | None = None) -> list[str]:
    """The mistakes in the schema of a field, a line for each place."""
    whole = {"type": "object", "properties": {"f": schema}, "$defs": definitions or {}}
    with pytest.raises(RequestValidationError) as caught:
        strict_schema(whole, "T")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    return [f"{error['path']}: {error['message']}" for error in caught.value.errors]


# --- objects


def test_all_properties_are_required_and_no_others_allowed() -> None:
    schema = {
        "title": "City",
        "description": "A place.",
        "type": "object",
        "properties": {"name": STRING, "people": {"type": "integer", "default": 5}},
        "required": ["name"],
    }
    assert strict_schema(schema, "T") == {
        "title": "City",
        "description": "A place.",
        **closed(name=STRING, people={"type": "integer", "description": "Default 5"}),
    }


def test_objects_are_closed_however_deep_they_are() -> None:
    inner = {"type": "object", "properties": {"a": STRING}}
    assert of_field({"type": "array", "items": {"anyOf": [inner, {"type": "null"}]}}) == {
        "type": "array",
        "items": {"anyOf": [closed(a=STRING), {"type": "null"}]},
    }


@pytest.mark.parametrize("extra", [{"additionalProperties": False}, {"properties": {}}])
def test_object_without_properties_is_empty(extra: dict[str, Any]) -> None:
    assert of_field({"type": "object", **extra}) == closed()


def test_fields_beside_those_with_a_name_are_left_out() -> None:
    assert of_field({"type": "object", "properties": {"a": STRING}, "additionalProperties": True}) == closed(
        a=STRING
    )


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"additionalProperties": {}},
        {"type": "object", "additionalProperties": True},
        {"type": "object", "additionalProperties": INTEGER},
        {"type": "object", "properties": {}, "additionalProperties": True},
        {"type": "object", "properties": {"a": STRING}, "additionalProperties": INTEGER},
        {"type": "object", "patternProperties": {"^x": STRING}, "additionalProperties": False},
    ],
)
def test_keys_that_are_not_known_are_refused(schema: dict[str, Any]) -> None:
    assert refused(schema) == [
        "T.f: has keys that are not known beforehand, which a strict schema cannot have; "
        "make it a list of objects with a key and a value"
    ]


@pytest.mark.parametrize("schema", [{}, True, {"title": "F"}, {"minLength": 3}, {"type": "any"}, None])
def test_anything_is_refused(schema: Any) -> None:
    assert refused(schema) == ["T.f: may be anything, which a strict schema cannot express; give it a type"]


def test_all_mistakes_are_reported_with_their_paths() -> None:
    bad: dict[str, Any] = {"type": "object"}
    lists = {"type": "array", "items": {"type": "object", "properties": {"a b": bad, "c": {}}}}
    assert [
        line.partition(": ")[0] for line in refused({"anyOf": [lists, {"$ref": "#/$defs/D"}]}, {"D": {}})
    ] == [
        "T.f[]['a b']",
        "T.f[].c",
        "T.f",
    ]


# --- keywords


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^a+$"},
        *({"type": "string", "format": name} for name in ("date-time", "time", "date", "duration", "email")),
        *({"type": "string", "format": name} for name in ("hostname", "ipv4", "ipv6", "uuid")),
        {"type": "number", "multipleOf": 0.5, "minimum": 1, "maximum": 2},
        {"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 5},
        {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "boolean"}},
        {"type": "null"},
        {"type": ["string", "null"], "format": "date"},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "string", "const": "a"},
        {"description": "A letter.", "type": "string"},
    ],
)
def test_supported_keywords_stay(schema: dict[str, Any]) -> None:
    assert of_field(schema) == schema


@pytest.mark.parametrize(
    ("schema", "description"),
    [
        ({"type": "string", "maxLength": 9, "minLength": 3}, "Length at least 3, length at most 9"),
        ({"type": "string", "format": "uri"}, "Format uri"),
        ({"type": "string", "pattern": "a(?=b)"}, "Matches the regular expression a(?=b)"),
        ({"type": "string", "pattern": r"(a)\1"}, r"Matches the regular expression (a)\1"),
        ({"type": "string", "default": "é"}, 'Default "é"'),
        ({"type": "string", "$comment": "in the past", "maxLength": 5}, "In the past, length at most 5"),
        ({"type": "string", "examples": ["a", "b"]}, 'For example "a", "b"'),
        ({"type": "integer", "examples": {"x": 1}}, 'For example {"x": 1}'),
        ({"type": "integer", "minLength": 2}, "Length at least 2"),
        ({"type": "boolean", "default": False}, "Default false"),
        ({"type": "string", "description": "A name.", "maxLength": 5}, "A name. (length at most 5)"),
        ({"type": "string", "not": {"const": "a"}}, 'Not {"const": "a"}'),
        ({"type": "string", "default": {1}}, 'Default "{1}"'),
    ],
)
def test_unsupported_keywords_go_into_the_description(schema: dict[str, Any], description: str) -> None:
    assert of_field(schema) == {"type": schema["type"], "description": description}


@pytest.mark.parametrize("version", [1, 4, 8])
def test_versions_of_uuids_are_uuids(version: int) -> None:
    expected = {"type": "string", "format": "uuid", "description": f"Format uuid{version}"}
    assert of_field({"type": "string", "format": f"uuid{version}"}) == expected
    assert of_field({"type": "integer", "format": f"uuid{version}"})["type"] == "integer"


def test_keywords_that_say_nothing_are_dropped() -> None:
    schema = {"type": "string", "default": None, "x-order": 1, "deprecated": True, "writeOnly": True}
    assert of_field(schema) == STRING
    assert of_field({"type": "array", "items": STRING, "uniqueItems": False}) == {
        "type": "array",
        "items": STRING,
    }


def test_sets_say_that_nothing_repeats() -> None:
    assert of_field({"type": "array", "items": STRING, "uniqueItems": True})["description"] == "No two alike"


# --- enums


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"enum": ["a", 1, None, True]}, {"type": ["string", "integer", "null", "boolean"]}),
        ({"enum": [1.5, 2.5]}, {"type": "number"}),
        ({"const": None}, {"type": "null"}),
    ],
)
def test_values_get_their_types(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert of_field(schema) == {**schema, **expected}


def test_value_that_is_an_object_is_refused() -> None:
    assert refused({"enum": ["a", {}]}) == [
        "T.f: has lists or objects as values, which an enum of a strict schema cannot have; give each a name"
    ]


# --- unions


def test_unions_are_any_of() -> None:
    union = {
        "oneOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
        "discriminator": {"propertyName": "kind", "mapping": {"a": "#/$defs/A"}},
        "description": "One of both.",
    }
    kinds = {
        name: {"type": "object", "properties": {"kind": {"const": name, "type": "string"}}} for name in "AB"
    }
    assert of_field(union, kinds) == (
        {"description": "One of both.", "anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]},
        {name: closed(kind={"const": name, "type": "string"}) for name in "AB"},
    )


def test_list_of_types_with_objects_is_a_union() -> None:
    schema = {"type": ["object", "array", "null"], "properties": {"a": STRING}, "items": INTEGER}
    assert of_field(schema) == {
        "anyOf": [closed(a=STRING), {"type": "array", "items": INTEGER}, {"type": "null"}]
    }


def test_all_of_with_one_member_is_that() -> None:
    nested = {"allOf": [{"allOf": [STRING]}], "description": "Two deep."}
    assert of_field(nested) == {"type": "string", "description": "Two deep."}


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [STRING, {"minLength": 1}]},
        {"allOf": [True]},
        {"type": "object", "properties": {"a": STRING}, "anyOf": [{"required": ["a"]}]},
        {"items": STRING, "oneOf": [STRING]},
    ],
)
def test_several_schemas_at_once_are_refused(schema: dict[str, Any]) -> None:
    assert refused(schema) == [
        "T.f: combines several schemas (allOf, or anyOf beside fields), which a strict schema cannot; make it one type"
    ]


# --- lists


@pytest.mark.parametrize(
    ("schema", "bounds"),
    [
        ({"prefixItems": [INTEGER, INTEGER], "minItems": 2, "maxItems": 2}, {"minItems": 2, "maxItems": 2}),
        ({"prefixItems": [INTEGER, INTEGER]}, {"maxItems": 2}),
        ({"prefixItems": [INTEGER, INTEGER], "items": False, "maxItems": 1}, {"maxItems": 1}),
        ({"prefixItems": [INTEGER], "items": INTEGER, "minItems": 1}, {"minItems": 1}),
    ],
)
def test_tuple_of_one_type_is_a_list_of_a_length(schema: dict[str, Any], bounds: dict[str, Any]) -> None:
    assert of_field({"type": "array", **schema}) == {"type": "array", **bounds, "items": INTEGER}


@pytest.mark.parametrize(
    "schema", [{"prefixItems": [INTEGER, STRING]}, {"prefixItems": [INTEGER], "items": STRING}]
)
def test_tuple_of_several_types_is_refused(schema: dict[str, Any]) -> None:
    assert refused(schema) == [
        "T.f: is a tuple of several types, which a strict schema cannot have; "
        "make it an object with named fields, such as a NamedTuple"
    ]


def test_list_of_anything_is_refused() -> None:
    assert refused({"type": "array"}) == [
        "T.f[]: may be anything, which a strict schema cannot express; give it a type"
    ]


# --- references


def test_reference_keeps_its_definition_and_others_go() -> None:
    definitions = {"A": {"type": "object", "properties": {"x": STRING}}, "Unused": {}}
    assert of_field({"$ref": "#/$defs/A"}, definitions) == ({"$ref": "#/$defs/A"}, {"A": closed(x=STRING)})


@pytest.mark.parametrize(("name", "ref"), [("a/b", "a~1b"), ("a~b", "a~0b"), ("pkg.A-1", "pkg.A-1")])
def test_names_of_definitions_are_escaped_in_references(name: str, ref: str) -> None:
    assert of_field({"$ref": f"#/$defs/{ref}"}, {name: STRING}) == (
        {"$ref": f"#/$defs/{ref}"},
        {name: STRING},
    )


def test_definitions_may_have_the_name_of_earlier_drafts() -> None:
    schema = {"properties": {"f": {"$ref": "#/definitions/A"}}, "definitions": {"A": STRING}}
    assert strict_schema(schema, "T") == {**closed(f={"$ref": "#/$defs/A"}), "$defs": {"A": STRING}}


def test_keywords_beside_a_reference_are_merged_into_its_schema() -> None:
    field = {"$ref": "#/$defs/A", "description": "Mine.", "default": "x"}
    assert of_field(field, {"A": {"$ref": "#/$defs/B"}, "B": {**STRING, "description": "B's."}}) == {
        "description": 'Mine. (default "x")',
        "type": "string",
    }


@pytest.mark.parametrize("beside", [{"title": "T"}, {"default": None}, {"deprecated": True}, {}])
def test_reference_stays_without_keywords_beside_it(beside: dict[str, Any]) -> None:
    assert of_field({"$ref": "#/$defs/A", **beside}, {"A": STRING})[0] == {"$ref": "#/$defs/A"}


def test_reference_to_a_recursive_definition_has_its_description_around_it() -> None:
    kid = {"$ref": "#/$defs/A", "description": "A kid."}
    kinds = {
        "A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B", "description": "Via B."}}},
        "B": {
            "type": "object",
            "properties": {
                "kids": {"anyOf": [{"type": "array", "items": kid}, {"type": "null"}]},
                "c": {"$ref": "#/$defs/C"},
            },
        },
        "C": STRING,
    }
    field, used = of_field(kid, kinds)
    assert field == {"description": "A kid.", "anyOf": [{"$ref": "#/$defs/A"}]}
    assert used["A"] == closed(b={"description": "Via B.", "anyOf": [{"$ref": "#/$defs/B"}]})
    assert used["B"]["properties"]["kids"]["anyOf"][0]["items"] == field


def test_root_may_refer_to_itself() -> None:
    schema = {
        "type": "object",
        "properties": {"kids": {"type": "array", "items": {"$ref": "#", "description": "K"}}},
    }
    kid = {"description": "K", "anyOf": [{"$ref": "#"}]}
    assert strict_schema(schema, "T") == closed(kids={"type": "array", "items": kid})


@pytest.mark.parametrize(
    ("beside", "text"),
    [
        ({"description": "Mine."}, "Mine."),
        ({"description": "Mine.", "default": [], "examples": [[]]}, "Mine. (for example [], default [])"),
        ({"default": []}, "Default []"),
    ],
)
def test_reference_to_a_definition_that_refers_to_the_root_is_described(
    beside: dict[str, Any], text: str
) -> None:
    found, _ = of_field({"$ref": "#/$defs/A", **beside}, {"A": {"type": "array", "items": {"$ref": "#"}}})
    assert found == {"description": text, "anyOf": [{"$ref": "#/$defs/A"}]}


@pytest.mark.parametrize("beside", [{"type": "array"}, {"title": "T"}, {"default": None}])
def test_reference_to_a_recursive_definition_stands_alone_without_a_text(beside: dict[str, Any]) -> None:
    found, _ = of_field({"$ref": "#/$defs/A", **beside}, {"A": {"type": "array", "items": {"$ref": "#"}}})
    assert found == {"$ref": "#/$defs/A"}


def test_root_that_is_a_reference_is_resolved() -> None:
    node = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/Node"}}}}
    strict = strict_schema({"$ref": "#/$defs/Node", "$defs": {"Node": node}}, "T")
    assert strict == {**closed(**strict["properties"]), "$defs": {"Node": closed(**strict["properties"])}}


@pytest.mark.parametrize("ref", ["#/$defs/B", "#/properties/f", "https://example.com/a", "#/$defs/C"])
@pytest.mark.parametrize("beside", [{}, {"description": "Mine."}])
def test_reference_to_nothing_is_refused(ref: str, beside: dict[str, Any]) -> None:
    assert refused({"$ref": ref, **beside}, {"A": STRING, "C": True}) == [
        f"T.f: refers to {ref!r}, which is not a definition of this schema; put it into $defs"
    ]


def test_reference_that_is_not_a_string_is_refused() -> None:
    assert "refers to 5" in refused({"$ref": 5})[0]


# --- the root

OBJECT = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (OBJECT, True),
        ({"properties": {}}, True),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": OBJECT}}, True),
        ({"allOf": [OBJECT]}, True),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, False),
        ({"$ref": "#/$defs/A"}, False),
        ({"type": "object"}, True),
        ({"type": "object", "anyOf": [OBJECT]}, False),
        ({"anyOf": [OBJECT, OBJECT]}, False),
        ({"type": "array", "items": OBJECT}, False),
        ({"type": ["object", "null"], "properties": {}}, False),
        ({}, False),
    ],
)
def test_objects_are_distinguished_from_other_schemas(schema: dict[str, Any], expected: bool) -> None:
    assert is_object_schema(schema) is expected


def test_root_that_is_not_an_object_is_refused() -> None:
    with pytest.raises(RequestValidationError) as caught:
        strict_schema({"type": "array", "items": STRING}, "search.parameters")
    assert str(caught.value) == (
        "The request was not sent: search.parameters: is not an object, "
        "which the root of a strict schema must be; make it a field of one"
    )


def test_root_can_be_put_under_a_key() -> None:
    schema = {"type": "array", "items": {"$ref": "#/$defs/A"}, "$defs": {"A": STRING}}
    assert strict_schema(schema, "T", key="value") == {
        **closed(value={"type": "array", "items": {"$ref": "#/$defs/A"}}),
        "$defs": {"A": STRING},
    }


def test_paths_leave_the_key_out() -> None:
    with pytest.raises(RequestValidationError, match=r"T\[\]\.a: may be anything"):
        strict_schema({"items": {"type": "object", "properties": {"a": {}}}}, "T", key="value")


# --- limits


def fields(count: int, schema: Any = STRING, name: str = "f{}") -> dict[str, Any]:
    return {"type": "object", "properties": {name.format(number): schema for number in range(count)}}


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {"a": STRING}}
    for _ in range(levels - 1):
        schema = {"type": "object", "properties": {"a": {"anyOf": [{"type": "array", "items": schema}]}}}
    return schema


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (fields(5001), "T.f5000: exceeds 5000 properties in a schema, the limit of the API"),
        (
            fields(2, fields(2500), "g{}"),
            "T.g1.f2498: exceeds 5000 properties in a schema, the limit of the API",
        ),
        (
            fields(2, {"enum": [*range(501)]}),
            "T.f1: exceeds 1000 values of enums in a schema",
        ),
        (
            fields(1, {"const": "x" * 120_000}),
            "T.f0: exceeds 120000 characters of names and values",
        ),
        (fields(3, name="x" * 50_000 + "{}"), "exceeds 120000 characters of names and values"),
        (
            {**fields(1, {"$ref": f"#/$defs/{'x' * 120_000}"}), "$defs": {"x" * 120_000: STRING}},
            "T.f0: exceeds 120000 characters",
        ),
        (
            fields(1, {"enum": [f"{number:061}" for number in range(251)]}),
            "T.f0: has 251 strings of 15311 characters in all, but more than 250 strings may have at most 15000",
        ),
        (nested(11), f"T{'.a[]' * 10}: is nested more than 10 objects deep"),
    ],
)
def test_more_than_the_api_takes_is_refused_with_the_place(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        strict_schema(schema, "T")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "schema",
    [
        fields(5000),
        fields(2, {"enum": [*range(500)]}),
        fields(1, {"const": "x" * 119_998}),
        fields(1, {"enum": [f"{number:060}" for number in range(250)]}),
        fields(1, {"enum": [f"{number:05}" for number in range(1000)]}),
        nested(10),
    ],
)
def test_as_much_as_the_api_takes_is_taken(schema: dict[str, Any]) -> None:
    strict_schema(schema, "T")


def test_definitions_count_for_the_depth_where_they_are_used() -> None:
    chain = {f"D{n}": fields(1, {"$ref": f"#/$defs/D{n + 1}"}, "a") for n in range(10)}
    schema = {**fields(1, {"$ref": "#/$defs/D0"}, "a"), "$defs": {**chain, "D10": STRING}}
    with pytest.raises(RequestValidationError, match=r"T(\.a){10}: is nested more than 10 objects deep"):
        strict_schema(schema, "T")


def test_definition_that_is_met_again_further_up_is_not_followed_again() -> None:
    schema = {
        **{
            "type": "object",
            "properties": {"deep": fields(1, {"$ref": "#/$defs/A"}), "a": {"$ref": "#/$defs/A"}},
        },
        "$defs": {"A": fields(1)},
    }
    assert strict_schema(schema, "T")["properties"]["a"] == {"$ref": "#/$defs/A"}


def test_recursion_is_not_too_deep() -> None:
    node = fields(2, {"anyOf": [{"$ref": "#/$defs/Node"}, {"$ref": "#"}, {"type": "null"}]})
    strict_schema({**node, "$defs": {"Node": node}}, "T")


def test_schema_that_would_grow_without_end_is_refused_in_time() -> None:
    doubled = {
        f"D{n}": fields(2, {"$ref": f"#/$defs/D{n + 1}", "description": "Inlined."}) for n in range(40)
    }
    with pytest.raises(RequestValidationError, match="exceeds 5000 properties"):
        strict_schema({**fields(1, {"$ref": "#/$defs/D0"}), "$defs": {**doubled, "D40": STRING}}, "T")
