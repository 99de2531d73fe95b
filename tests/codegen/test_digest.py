"""The facts of a published document: nothing that `drift` reads is lost, and no prose is kept."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_drift import DOCUMENT, OPERATIONS, OURS, PUBLISHED, REFERRED, WITH_HOOKS, body, ref, with_hooks

from codegen.__main__ import main
from codegen.digest import DIGEST, digest, merge, write
from codegen.drift import compare, report
from codegen.reader import load, parse
from codegen.schema import Document, Field, Object, Union

OUR_DOCUMENT = load()
Json = dict[str, Any]


def with_prose(value: Any) -> Any:
    """The same document with what people read added to each schema."""
    if isinstance(value, list):
        return [with_prose(each) for each in value]
    if not isinstance(value, dict):
        return value
    texts = {
        "description": "Long.",
        "title": "T",
        "example": {"a": [1]},
        "x-note": {"properties": {}},
        "default": 1,
    }
    is_schema = isinstance(value.get("type"), str) or {"anyOf", "oneOf", "allOf", "$ref"} & value.keys()
    added = texts if is_schema else {}
    return {**{key: with_prose(each) for key, each in value.items()}, **added}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(each)


def test_prose_is_left_out():
    facts = digest(with_prose(DOCUMENT), parse(OURS))
    assert facts == digest(DOCUMENT, parse(OURS))
    assert {"description", "title", "example", "x-note", "default"}.isdisjoint(texts(facts))


@pytest.mark.parametrize(("ours", "published"), [(OURS, DOCUMENT), (WITH_HOOKS, with_hooks())])
def test_facts_are_compared_as_the_document_is(ours: dict[str, str], published: Json):
    document = parse(ours)
    assert compare(document, digest(published, document)) == compare(document, published) == []
    other = parse({**ours, "operations": OPERATIONS.replace("limit", "size").replace("GET", "DELETE")})
    assert compare(other, digest(published, other)) == compare(other, published) != []


def test_facts_of_facts_are_the_same():
    facts = digest(with_hooks(), parse(WITH_HOOKS))
    assert digest(facts, parse(WITH_HOOKS)) == facts


def test_what_is_not_offered_or_not_reached_is_left_out():
    more = {**DOCUMENT["components"]["schemas"], "Elsewhere": {"type": "object"}}
    paths = {**DOCUMENT["paths"], "/images": {"get": {"responses": {"200": body(json=ref("Elsewhere"))}}}}
    whole = {**DOCUMENT, "paths": paths, "components": {**DOCUMENT["components"], "schemas": more}}
    assert digest(whole, parse(OURS)) == digest(DOCUMENT, parse(OURS))


def test_parameters_and_bodies_among_the_components_are_kept():
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "description": "L."}}
    get = {
        **DOCUMENT["paths"]["/questions"]["get"],
        "parameters": [{"$ref": "#/components/parameters/Limit"}],
    }
    components = {**DOCUMENT["components"], "parameters": {"Limit": limit}}
    paths = {"/questions": {**DOCUMENT["paths"]["/questions"], "get": get}}
    facts = digest({**DOCUMENT, "paths": paths, "components": components}, parse(OURS))
    assert facts["components"]["parameters"] == {
        "Limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    }
    assert compare(parse(OURS), facts) == []


def test_file_is_json_with_short_lines_where_values_are_short(tmp_path: Path):
    facts = {"a": {"b": ["word"] * 40, "c": {"d": 1}}, "e": {}}
    path = tmp_path / "facts.json"
    assert write(facts, path) == ["wrote facts.json"]
    assert write(facts, path) == []
    text = path.read_text("utf-8")
    assert json.loads(text) == facts
    assert text.splitlines()[:4] == ["{", '"a":{', '"b":[', '"word",']
    assert text.splitlines()[-4:] == ['"c":{"d":1}', "},", '"e":{}', "}"]


def test_command_writes_the_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(write, "__defaults__", (tmp_path / "published.json",))
    assert main(["digest", str(DIGEST)]) == 0
    assert main(["digest", str(DIGEST)]) == 0
    assert capsys.readouterr().out == "wrote published.json\nnothing to do\n"
    assert (tmp_path / "published.json").read_text("utf-8") == DIGEST.read_text("utf-8")


def test_committed_facts_are_those_of_the_document():
    if missing := [path for path in (PUBLISHED, REFERRED) if not path.exists()]:
        pytest.skip(f"there is no published document at {missing[0]}")
    document = merge([json.loads(path.read_text("utf-8")) for path in (PUBLISHED, REFERRED)])
    assert json.loads(DIGEST.read_text("utf-8")) == digest(document, OUR_DOCUMENT)


# The facts as an oracle: what the schema says is held against them, not against itself.


def changed(change: Callable[[Object], Object | None]) -> Iterator[tuple[str, Document]]:
    """Yield the schema after a change to one object, for each object that it changes."""
    for name, schema in OUR_DOCUMENT.schemas.items():
        if isinstance(schema, Object) and schema.published and (new := change(schema)):
            yield name, replace(OUR_DOCUMENT, schemas={**OUR_DOCUMENT.schemas, name: new})


def field(item: Object, chosen: Callable[[Field], bool]) -> Field | None:
    return next((each for each in item.fields if chosen(each)), None)


def without_field(item: Object) -> Object | None:
    return replace(item, fields=item.fields[:-1]) if item.fields else None


def renamed(item: Object) -> Object | None:
    first, *rest = item.fields or (None,)
    return replace(item, fields=(replace(first, wire="misspelt"), *rest)) if first else None


def another_type(item: Object) -> Object | None:
    found = field(item, lambda each: each.spec.get("type") in ("integer", "boolean"))
    if found is None:
        return None
    kind = {"integer": "boolean", "boolean": "integer"}[found.spec["type"]]
    fields = [replace(f, spec={**f.spec, "type": kind}) if f is found else f for f in item.fields]
    return replace(item, fields=tuple(fields))


def another_tag(item: Object) -> Object | None:
    found = field(item, lambda each: each.wire == "type" and "const" in each.spec)
    fields = [replace(f, spec={"const": "other"}) if f is found else f for f in item.fields]
    return replace(item, fields=tuple(fields)) if found else None


def fewer_values(item: Object) -> Object | None:
    found = field(item, lambda each: len(each.spec.get("enum", ())) > 1)
    if found is None:
        return None
    spec = {**found.spec, "enum": found.spec["enum"][:-1]}
    return replace(item, fields=tuple(replace(f, spec=spec) if f is found else f for f in item.fields))


# With each, the number of changes that may go unnoticed: what is in ours alone is accepted, and may be left out.
ORACLE = {
    "field left out": (without_field, 1),
    "field misspelt": (renamed, 0),
    "another type": (another_type, 1),
    "another tag": (another_tag, 0),
    "value left out": (fewer_values, 1),
}


@pytest.mark.parametrize(("change", "accepted"), ORACLE.values(), ids=ORACLE)
def test_wrong_schema_differs_from_the_published_facts(
    change: Callable[[Object], Object | None], accepted: int
):
    cases = list(changed(change))
    cases = cases[:: len(cases) // 3]
    missed = [name for name, document in cases if report(document, DIGEST) == []]
    assert len(cases) >= 3
    assert len(missed) <= accepted, missed


def test_union_without_a_member_differs_from_the_published_facts():
    for name in ("StreamEvent", "OutputItem", "Tool"):
        union = OUR_DOCUMENT.schemas[name]
        assert isinstance(union, Union)
        short = replace(union, members=union.members[1:])
        assert report(replace(OUR_DOCUMENT, schemas={**OUR_DOCUMENT.schemas, name: short}), DIGEST) != []
