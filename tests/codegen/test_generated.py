"""The properties of every generated class: documented, importable, lossless, picklable, public by name."""

import ast
import pickle
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from golden import NAMES, public_names

import responses_client.models as models
from codegen.__main__ import ROOT, generate
from codegen.layout import WIDTH, words
from codegen.reader import load
from codegen.schema import Field, Object, Spec, Union
from responses_client._calls.operation import Operation
from responses_client._calls.request import validate
from responses_client.errors import ResponseValidationError
from responses_client.models import Model
from responses_client.models._base import OpenUnion
from responses_client.models._tolerance import omit_read_only

DOCUMENT = load()
FILES = generate(DOCUMENT)
OBJECTS = [schema for schema in DOCUMENT.schemas.values() if isinstance(schema, Object)]
UNIONS = DOCUMENT.unions()
OPERATIONS = [
    operation
    for file in (ROOT / "responses_client" / "resources").glob("_[a-z]*.py")
    for operation in vars(import_module(f"responses_client.resources.{file.stem}")).values()
    if isinstance(operation, Operation)
]


def model(item: Object) -> type[Model]:
    return getattr(models, item.name)


def minimal(item: Object) -> dict[str, Any]:
    """Return the tags and required fields of an object, with the shortest valid values."""
    fields = [f for f in DOCUMENT.all_fields(item) if f.tag or f.essential or f.required]
    return {field.wire: field.tag[0] if field.tag else example(field.spec) for field in fields}


def example(spec: Spec) -> Any:
    if "$ref" in spec:
        names = DOCUMENT.objects(spec["$ref"])
        return minimal(DOCUMENT.object(names[0])) if names else "some text"
    if "anyOf" in spec:
        return example(spec["anyOf"][-1])
    if spec.get("enum"):
        return spec["enum"][0]
    if spec.get("type") == "array":
        return [example(spec["items"])]
    if spec.get("type") == "object":
        return {"key": example(spec.get("additionalProperties", {}))}
    text = "text" if "pattern" in spec else "some text"
    values = {"string": text, "integer": spec.get("minimum", 1), "number": 0.5, "boolean": True}
    return values.get(spec.get("type", ""), [1, None])


def ids(schema: Object | Union) -> str:
    return schema.name


@pytest.mark.parametrize("item", OBJECTS, ids=ids)
def test_minimal_object_comes_back_as_it_was(item: Object):
    data = minimal(item)
    built = model(item).from_dict(data, strict=True)
    assert built.to_dict() == data
    assert model(item).from_json(built.to_json(), strict=True) == built


@pytest.mark.parametrize("item", OBJECTS, ids=ids)
def test_object_with_every_field_and_a_new_one_comes_back_as_it_was(item: Object):
    fields = [field for field in DOCUMENT.all_fields(item) if not field.tag]
    data = minimal(item) | {field.wire: example(field.spec) for field in fields} | {"brand_new": {"a": [1]}}
    built = model(item).from_dict(data, strict=True)
    assert built.to_dict() == data
    assert built.model_extra == {"brand_new": {"a": [1]}}


@pytest.mark.parametrize("item", OBJECTS, ids=ids)
def test_null_in_every_field_that_may_be_null_comes_back(item: Object):
    nulls = {field.wire: None for field in DOCUMENT.all_fields(item) if field.nullable}
    data = minimal(item) | nulls
    assert model(item).from_dict(data, strict=True).to_dict() == data


@pytest.mark.parametrize("item", OBJECTS, ids=ids)
def test_objects_can_be_pickled(item: Object):
    built = model(item).from_dict(minimal(item))
    assert pickle.loads(pickle.dumps(built)) == built
    assert pickle.loads(pickle.dumps(model(item))) is model(item)


@pytest.mark.parametrize("item", OBJECTS, ids=ids)
def test_object_in_a_request_lacks_read_only_fields(item: Object):
    fields = [field for field in DOCUMENT.all_fields(item) if not field.tag]
    kept = {field.wire: example(field.spec) for field in fields if not field.read_only}
    built = model(item).from_dict(minimal(item) | {field.wire: example(field.spec) for field in fields})
    with omit_read_only():
        assert built.to_dict() == minimal(item) | kept


@pytest.mark.parametrize("item", OBJECTS, ids=ids)
def test_keywords_make_an_object_with_its_tags(item: Object):
    fields = DOCUMENT.all_fields(item)
    data = minimal(item)
    built = model(item)(
        **{field.name: data[field.wire] for field in fields if field.wire in data and not field.tag}
    )
    assert built.to_dict() == data | {field.wire: field.tag[0] for field in fields if field.tag}


@pytest.mark.parametrize("item", [item for item in OBJECTS if any(f.essential for f in item.fields)], ids=ids)
def test_object_without_an_essential_field_is_refused(item: Object):
    essential = [field.wire for field in DOCUMENT.all_fields(item) if field.essential]
    for wire in essential:
        data = {key: value for key, value in minimal(item).items() if key != wire}
        with pytest.raises(ResponseValidationError, match=f"at {wire}"):
            model(item).from_dict(data, strict=True)


@pytest.mark.parametrize("union", UNIONS, ids=ids)
def test_union_gives_each_member_its_own_class(union: Union):
    dispatcher = getattr(models, union.name)
    assert issubclass(dispatcher, OpenUnion)
    for name in DOCUMENT.objects(union.name):
        item = DOCUMENT.object(name)
        for tag in DOCUMENT.tags(name):
            data = {**minimal(item), "type": tag}
            assert type(dispatcher.validate(data)) is model(item)


@pytest.mark.parametrize("union", UNIONS, ids=ids)
def test_union_keeps_unknown_members(union: Union):
    unknown = getattr(models, union.name).validate({"type": "brand_new", "a": 1})
    assert type(unknown).__name__ == union.unknown
    assert unknown.to_dict() == {"type": "brand_new", "a": 1}


SENT_BACK = "sent back as it came; the model describes its fields."
"""The end of the docstring of a dict type whose keys have none."""


def classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for name, text in FILES.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                yield name, node


def documented(node: ast.ClassDef) -> Iterator[tuple[ast.AnnAssign, str]]:
    """Yield the fields of a class, each with its docstring or an empty string."""
    for field, following in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign):
            text = following.value if isinstance(following, ast.Expr) else None
            found = text.value if isinstance(text, ast.Constant) else ""
            yield field, " ".join(str(found).split())


def dict_types() -> Iterator[tuple[str, ast.AnnAssign, str]]:
    """Yield the keys of all dict types: the name, the declaration, the docstring."""
    for name, node in classes():
        if name.endswith("/params.py"):
            yield from ((f"{node.name}.{ast.unparse(f.target)}", f, text) for f, text in documented(node))


def test_every_class_and_field_has_a_docstring():
    missing: list[str] = []
    for name, node in classes():
        text = " ".join((ast.get_docstring(node) or "").split())
        if not text:
            missing.append(f"{name}: {node.name}")
        fields = list(documented(node))
        if text.endswith(SENT_BACK):
            assert [found for _, found in fields if found] == []
            continue
        for field, found in fields:
            if not found and "Literal" not in ast.unparse(field.annotation)[:9]:
                missing.append(f"{name}: {node.name}.{ast.unparse(field.target)}")
    # A tag explains itself; the schema describes the exceptions.
    assert [text for text in missing if not text.endswith((".type", ".role", ".mode", ".media_type"))] == []


def test_docstring_of_a_required_key_never_says_that_it_may_be_omitted():
    pattern = re.compile(
        r"absent|omit|missing|left out|leaves? \w+ out|not needed|need not|optional|by default"
    )
    said = {
        name: text for name, field, text in dict_types() if "Required[" in ast.unparse(field.annotation)[:9]
    }
    assert len(said) > 100
    assert [(name, text) for name, text in said.items() if pattern.search(text)] == []


def test_remarks_on_servers_are_on_models_and_not_on_dict_types():
    notes = {field.server_note for item in OBJECTS for field in item.fields} - {""}
    texts = {name: " ".join(text.split()) for name, text in FILES.items()}
    params = texts.pop("responses_client/models/params.py")
    assert [note for note in notes if note in params] == []
    assert [note for note in notes if not any(note in text for text in texts.values())] == []
    servers = re.compile(
        r"[Ss]ome servers|[Oo]lder responses|[Gg]ateways|LM Studio|llama\.cpp|LiteLLM|vLLM|Copilot"
    )
    assert servers.search(params) is None


def test_docstrings_of_the_schema_are_sentences():
    described = [(schema.name, schema.description) for schema in DOCUMENT.schemas.values()]
    described += [
        (f"{item.name}.{f.wire}", text)
        for item in OBJECTS
        for f in item.fields
        for text in (f.description, f.server_note)
        if text
    ]
    odd = [
        name
        for name, text in described
        if not (text[0].isupper() or text[0] in "`0123456789") or text[-1] != "."
    ]
    assert odd == []


def test_no_line_is_too_long():
    long = [name for name, text in FILES.items() if max(map(len, text.splitlines())) > WIDTH]
    assert long == []


def test_no_argument_is_typed_any():
    assert "Any" not in words([FILES["responses_client/models/params.py"]])


def test_type_checkers_see_the_public_names():
    seen: set[str] = set()
    for node in ast.walk(ast.parse(FILES["responses_client/models/__init__.py"])):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            module = import_module(f"responses_client.models.{node.module}")
            seen |= set(module.__all__) if node.names[0].name == "*" else {alias.name for alias in node.names}
    assert sorted(seen) == models.__all__


def test_every_public_name_can_be_imported():
    assert all(getattr(models, name) is not None for name in models.__all__)


def test_unknown_name_raises_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'OutputMesage'"):
        models.OutputMesage  # noqa: B018  # reading it raises


def test_literal_fields_are_the_tags():
    for item in OBJECTS:
        literals = [n for n, f in model(item).model_fields.items() if get_origin(f.annotation) is Literal]
        tags = {field.name: field.tag for field in DOCUMENT.all_fields(item) if field.tag}
        assert literals == list(tags) == list(model(item).tags)
        assert all(get_args(model(item).model_fields[name].annotation) == tags[name] for name in tags)


def test_public_names_are_those_on_the_list():
    """`python tests/codegen/golden.py` rewrites the list; to remove a name breaks programs."""
    assert public_names() == NAMES.read_text("utf-8")


def test_generated_files_name_their_source():
    for name in FILES:
        assert "GENERATED by `python -m codegen`" in (ROOT / name).read_text("utf-8").partition("\n\nfrom")[0]


def test_readme_names_every_keyword():
    from codegen.dialect import KEYWORDS

    text = (Path(ROOT) / "codegen" / "README.md").read_text("utf-8")
    assert [
        keyword for keyword in sorted(KEYWORDS) if f"`{keyword}" not in text and f"{keyword}`" not in text
    ] == []


def field_names(fields: tuple[Field, ...]) -> list[str]:
    return [field.name for field in fields]


def test_models_have_the_fields_of_the_schema_in_its_order():
    for item in OBJECTS:
        assert list(model(item).model_fields) == field_names(DOCUMENT.all_fields(item))


@pytest.mark.parametrize("operation", [op for op in OPERATIONS if op.unconstrained], ids=lambda op: op.name)
def test_unconstrained_arguments_need_no_check(operation: Operation[Any]):
    request = operation.request_model()
    assert request is not None
    validate(request, {})
    for name, kind in (operation.unconstrained or {}).items():
        for value in (True, False) if kind is bool else ("", "text", "{}" * 100_000):
            validate(request, {name: value})
