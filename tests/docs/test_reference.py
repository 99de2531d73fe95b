"""The reference of the site: each public name has one entry, and each object a sample that its class reads."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib import import_module
from types import FunctionType

import pytest
from pydantic import TypeAdapter

from codegen.schema import Object, Union
from pages import names
from pages.families import family_pages
from pages.names import name_pages, namespaces, public_modules
from pages.samples import sample, sample_fields, sampled, schema
from responses_client import models

PAGES = {path: text for path, (_, text) in (name_pages() | family_pages()).items()}
ENTRIES = Counter(
    entry
    for text in PAGES.values()
    for entry in (
        *re.findall(r"^::: (\S+)", text, re.MULTILINE),
        *re.findall(r"\{ #(\S+) \}$", text, re.MULTILINE),
    )
)
TOP = import_module("responses_client")


def entry(name: str) -> str:
    """Return the name that a name of the package has in the reference: that of a public module goes before."""
    module = TOP._WHERE[name]
    return f"responses_client.{module}.{name}" if module in public_modules() else f"responses_client.{name}"


def test_every_name_at_the_top_of_the_package_has_one_entry() -> None:
    assert len(TOP._WHERE) > 70
    assert {name: ENTRIES[entry(name)] for name in TOP._WHERE if ENTRIES[entry(name)] != 1} == {}


@pytest.mark.parametrize("module", sorted(public_modules()))
def test_every_name_of_a_public_module_has_one_entry(module: str) -> None:
    found = [f"responses_client.{module}.{name}" for name in public_modules()[module]]
    assert found
    assert {name: ENTRIES[name] for name in found if ENTRIES[name] != 1} == {}


def test_every_name_of_the_models_has_one_entry() -> None:
    found = [f"responses_client.models.{name}" for name in models.__all__]
    assert len(found) > 500
    assert {name: ENTRIES[name] for name in found if ENTRIES[name] != 1} == {}


def test_nothing_has_two_entries() -> None:
    assert [name for name, count in ENTRIES.items() if count > 1] == []


def test_modules_that_have_public_names_are_found() -> None:
    assert {"errors", "otel", "testing"} <= {*public_modules()}


def test_no_two_pages_of_the_menu_look_alike() -> None:
    """Neither two of one title, nor one of the singular and one of the plural."""
    for pages in (name_pages(), family_pages()):
        assert [
            title
            for title, count in Counter(t.removesuffix("s") for t, _ in pages.values()).items()
            if count > 1
        ] == []


def test_every_public_module_has_a_title() -> None:
    assert {*names._MODULES} == {*public_modules()}, "list the module in pages/names.py"
    assert {"MCP servers", "OpenAI clients"} <= {title for title, _ in name_pages().values()}


@pytest.mark.parametrize("namespace", namespaces(), ids=lambda namespace: namespace.path)
def test_every_method_of_a_namespace_is_on_its_page(namespace: names.Namespace) -> None:
    listed = re.search(r"members: \[(.*)\]", PAGES[namespace.page])
    assert listed
    found = [
        name
        for base in namespace.sync.__mro__
        for name, value in vars(base).items()
        if isinstance(value, FunctionType) and not name.startswith("_")
    ]
    assert sorted(re.findall(r"'(\w+)'", listed[1])) == sorted({*found})


def test_namespaces_are_those_of_the_clients() -> None:
    paths = [namespace.path for namespace in namespaces()]
    assert {"responses", "responses.input_items", "conversations", "conversations.items", "webhooks"} <= {
        *paths
    }
    assert paths.index("responses") < paths.index("responses.input_items")


def test_name_of_an_unknown_room_is_on_a_page_of_its_own() -> None:
    assert names._room("_nowhere.thing", "Thing") == "further"
    assert names._room("_runs.result", "RunResult") == "tools-and-runs"
    assert names._room("_calls.params", "BatchLineParams") == "batch-files"


@pytest.mark.parametrize("page", sorted(PAGES))
def test_links_between_entries_lead_to_entries(page: str) -> None:
    for path, anchor in re.findall(r"\]\(((?!\w+:|\.\./)[\w.-]*)#(\S+?)\)", PAGES[page]):
        target = page.rpartition("/")[0] + "/" + path if path else page
        assert f"{{ #{anchor} }}" in PAGES[target.lstrip("/")] or f"::: {anchor}" in PAGES[target.lstrip("/")]


# Samples


def test_every_object_has_a_sample_on_its_page() -> None:
    shown = [
        json.loads(text)
        for page in PAGES.values()
        for text in re.findall(r"^```json\n(.*?)^```$", page, re.M | re.S)
    ]
    assert len(shown) == len(sampled()) > 250
    assert [each.name for each in sampled() if sample(each.name) not in shown] == []


@pytest.mark.parametrize("name", [each.name for each in sampled()])
def test_sample_is_read_by_its_class_and_nothing_is_lost(name: str) -> None:
    cls = getattr(models, name)
    read = cls.from_json(json.dumps(sample(name)), strict=True)
    assert type(read) is cls
    assert read.to_dict() == sample(name)
    assert not read.model_extra


UNIONS = [each for each in schema().schemas.values() if isinstance(each, Union)]


@pytest.mark.parametrize("union", UNIONS, ids=lambda union: union.name)
def test_sample_becomes_the_class_that_the_union_has_for_its_type(union: Union) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(getattr(models, union.name))
    for name in schema().objects(union.name):
        assert type(adapter.validate_python(sample(name))).__name__ == name


def test_every_event_and_item_is_a_member_of_a_union_on_a_page() -> None:
    text = PAGES["models/events.md"] + PAGES["models/items.md"] + PAGES["models/tool-calls.md"]
    for union in ("StreamEvent", "OutputItem", "InputItem"):
        for name in schema().objects(union):
            assert f"{{ #responses_client.models.{name} }}" in text
            assert all(f"`{tag}`" in text for tag in schema().tags(name))


def test_values_are_for_objects_and_fields_that_there_are() -> None:
    unknown = []
    for name, fields in sample_fields().items():
        known = schema().schemas.get(name)
        wires = (
            {field.wire for field in schema().all_fields(known)} if isinstance(known, Object) else set[str]()
        )
        unknown += [f"{name}.{field}" for field in fields if field not in wires]
    assert unknown == []


def test_sample_inside_another_is_short() -> None:
    assert {*sample("ResponseCompleted")["response"]} == {
        "id",
        "object",
        "created_at",
        "status",
        "model",
        "output",
    }
