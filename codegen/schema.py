"""Reads `schema/*.yaml` into frozen dataclasses; every mistake names file, schema and property."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import yaml

__all__ = ["Area", "Field", "Object", "Operation", "Schema", "SchemaError", "Spec", "Union", "load", "parse"]

Spec: TypeAlias = Mapping[str, Any]

FOLDER = Path(__file__).parent / "schema"


class SchemaError(Exception):
    """The schema files contradict the dialect or themselves."""


@dataclass(frozen=True)
class Field:
    """One property of an object: its wire name, its Python name and its JSON Schema."""

    wire: str
    name: str
    spec: Spec
    required: bool  # as published: requests must have it
    point: bool  # the model demands it
    read_only: bool

    @property
    def description(self) -> str:
        """What the field means, or the empty string for a tag."""
        return str(self.spec.get("description", ""))

    @property
    def tag(self) -> tuple[str, ...]:
        """Spellings of a tag, the default first; empty if the field is none."""
        if "const" in self.spec:
            return (self.spec["const"],)
        return tuple(self.spec["enum"]) if self.wire == "type" and "enum" in self.spec else ()


@dataclass(frozen=True)
class Object:
    """A wire object: a model class and, where requests take it, a dict type."""

    name: str
    module: str
    description: str
    base: str | None
    python_base: str | None
    fields: tuple[Field, ...]
    abstract: bool
    request: str | None
    effect: Spec | None
    published: tuple[str, ...]


@dataclass(frozen=True)
class Union:
    """An open union of objects, dispatched on `type`."""

    name: str
    module: str
    description: str
    members: tuple[str, ...]
    unknown: str
    untagged: Mapping[str, str]
    published: tuple[str, ...]


Schema: TypeAlias = Object | Union


@dataclass(frozen=True)
class Operation:
    """An endpoint and the method that calls it."""

    resource: str
    method: str
    description: str
    verb: str
    path: str
    request: str
    result: str
    stream: str | None


@dataclass(frozen=True)
class Area:
    """One file of the schema and the module made from it."""

    module: str
    doc: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """All areas, schemas and operations."""

    areas: tuple[Area, ...]
    schemas: Mapping[str, Schema]
    operations: tuple[Operation, ...]

    def object(self, name: str) -> Object:
        """Return the object of that name."""
        found = self.schemas[name]
        if not isinstance(found, Object):
            raise SchemaError(f"{found.module}.yaml: {name} is a union where an object is needed")
        return found

    def all_fields(self, item: Object) -> tuple[Field, ...]:
        """Return the fields of the object, those of its bases first; its own replace theirs."""
        fields = {field.wire: field for field in self.all_fields(self.object(item.base))} if item.base else {}
        return tuple((fields | {field.wire: field for field in item.fields}).values())

    def tags(self, name: str) -> tuple[str, ...]:
        """Return the `type` values of an object."""
        return next((f.tag for f in self.all_fields(self.object(name)) if f.wire == "type"), ())

    def objects(self, union: Union) -> tuple[str, ...]:
        """Return the objects of a union, those of nested unions included, without repeats."""
        names: dict[str, None] = {}
        for name in union.members:
            member = self.schemas[name]
            names |= dict.fromkeys(self.objects(member) if isinstance(member, Union) else (name,))
        return tuple(names)


def references(spec: object) -> Iterator[str]:
    """Yield the names a JSON Schema refers to."""
    if isinstance(spec, Mapping):
        mapping = cast("Mapping[str, object]", spec)
        if isinstance(target := mapping.get("$ref"), str):
            yield target
        for value in mapping.values():
            yield from references(value)
    elif isinstance(spec, list):
        for value in cast("list[object]", spec):
            yield from references(value)


def load(folder: Path = FOLDER) -> Document:
    """Read the schema files of a folder."""
    return parse({path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.yaml"))})


def parse(texts: Mapping[str, str]) -> Document:
    """Read schema texts, one a module."""
    areas: list[Area] = []
    schemas: dict[str, Schema] = {}
    operations: list[Operation] = []
    for module, text in texts.items():
        content = cast("dict[str, Any]", yaml.safe_load(text))
        doc = content.pop("x-doc", None)
        if not doc:
            raise SchemaError(f"{module}.yaml: x-doc is missing")
        if module == "operations":
            operations = [_operation(name, spec) for name, spec in content.items()]
            continue
        for name, spec in content.items():
            if name in schemas:
                raise SchemaError(f"{module}.yaml: {name} stands in {schemas[name].module}.yaml too")
            schemas[name] = _schema(module, name, spec)
        areas.append(Area(module, doc, tuple(content)))
    document = Document(tuple(areas), schemas, tuple(operations))
    _check(document)
    return document


def _schema(module: str, name: str, spec: Spec) -> Schema:
    where = f"{module}.yaml: {name}"
    description = str(spec.get("description") or "")
    if not description:
        raise SchemaError(f"{where}: description is missing")
    published = tuple(spec.get("x-spec", ()))
    if "anyOf" in spec:
        members = tuple(member["$ref"] for member in spec["anyOf"])
        unknown = spec.get("x-unknown", "UnknownObject")
        untagged = spec.get("x-untagged", {})
        return Union(name, module, description, members, unknown, untagged, published)
    required, point = set(spec.get("required", ())), set(spec.get("x-point", ()))
    properties = cast("Mapping[str, Spec]", spec.get("properties") or {})
    if missing := (required | point) - set(properties) - {"type"}:
        raise SchemaError(f"{where}: required names no property: {', '.join(sorted(missing))}")
    bases = [base["$ref"] for base in spec.get("allOf", ())]
    if len(bases) > 1:
        raise SchemaError(f"{where}: more than one base")
    return Object(
        name=name,
        module=module,
        description=description,
        base=bases[0] if bases else None,
        python_base=spec.get("x-class"),
        fields=tuple(_field(where, k, v, k in required, k in point) for k, v in properties.items()),
        abstract=bool(spec.get("x-abstract")),
        request=spec.get("x-request"),
        effect=spec.get("x-effect"),
        published=published,
    )


def _field(where: str, wire: str, spec: Spec, required: bool, point: bool) -> Field:
    name = spec.get("x-python", wire)
    field = Field(wire, name, spec, required, point, bool(spec.get("readOnly")))
    if not field.description and not field.tag:
        raise SchemaError(f"{where}.{wire}: description is missing")
    return field


def _operation(name: str, spec: Spec) -> Operation:
    resource, _, method = name.rpartition(".")
    return Operation(
        resource=resource,
        method=method,
        description=spec["description"],
        verb=spec["verb"],
        path=spec["path"],
        request=spec["request"],
        result=spec["result"],
        stream=spec.get("stream"),
    )


def _check(document: Document) -> None:
    for schema in document.schemas.values():
        if isinstance(schema, Union):
            names: tuple[str, ...] = schema.members
        else:
            names = (*([schema.base] if schema.base else []), *references([f.spec for f in schema.fields]))
        for name in names:
            if name not in document.schemas:
                raise SchemaError(f"{schema.module}.yaml: {schema.name} refers to {name}, which is nowhere")
    for operation in document.operations:
        for name in (operation.request, operation.result):
            document.object(name)
