"""The schema as frozen dataclasses, from the reader to the modules that write text."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

__all__ = [
    "Alias",
    "Area",
    "Document",
    "Field",
    "Object",
    "Operation",
    "Schema",
    "SchemaError",
    "Spec",
    "Union",
    "references",
    "without_null",
]

Spec: TypeAlias = Mapping[str, Any]


class SchemaError(Exception):
    """The schema files contradict the dialect or themselves."""


@dataclass(frozen=True)
class Field:
    """A property of an object: its wire name, its Python name and its JSON Schema without null."""

    wire: str
    name: str
    spec: Spec
    nullable: bool
    required: bool  # as published: requests must have it
    essential: bool  # the model demands it
    read_only: bool

    @property
    def is_file(self) -> bool:
        """Whether the field is a file, which makes the request a form with several parts."""
        return self.spec.get("format") == "binary"

    @property
    def description(self) -> str:
        """The meaning of the field, or the empty string for a tag."""
        text = str(self.spec.get("description", ""))
        return f"Deprecated. {text}" if self.spec.get("deprecated") and "eprecated" not in text else text

    @property
    def server_note(self) -> str:
        """A remark on the answers of servers, which a request type must not show."""
        return str(self.spec.get("x-server-note", ""))

    @property
    def empty(self) -> str | None:
        """The value that readers get for an essential field in an `x-echo`; None if there is none of its type."""
        kind = self.spec.get("type", self.spec.get("anyOf", [{}])[0].get("type"))
        return {"string": '""', "array": "[]", "object": "{}"}.get(kind)

    @property
    def tag(self) -> tuple[str, ...]:
        """The values of a tag, the default first; empty if the field is not a tag."""
        if "const" in self.spec:
            return (self.spec["const"],)
        return tuple(self.spec["enum"]) if self.wire == "type" and "enum" in self.spec else ()


@dataclass(frozen=True)
class Object:
    """A wire object: a model class and, where requests take it, a dict type."""

    name: str
    module: str
    description: str
    published: tuple[str, ...]
    base: str | None
    python_base: str | None
    fields: tuple[Field, ...]
    abstract: bool
    request: str | None
    without: tuple[tuple[str, frozenset[str]], ...]  # names of dict types, and the fields that they lack
    effect: Spec | None
    server_made: bool  # requests only send it back


@dataclass(frozen=True)
class Union:
    """An open union of objects, dispatched on `type`."""

    name: str
    module: str
    description: str
    published: tuple[str, ...]
    members: tuple[str, ...]
    unknown: str
    infer_type: Mapping[str, str]
    list_name: str | None  # the type of a list in a request, whose strings become items
    list_also: tuple[
        str, ...
    ]  # "string", and unions, whose values may stand among the members in such a list


@dataclass(frozen=True)
class Alias:
    """An open string with many known values, named so that they are listed once."""

    name: str
    module: str
    description: str
    published: tuple[str, ...]
    values: tuple[str, ...]


Schema: TypeAlias = Object | Union | Alias


@dataclass(frozen=True)
class Operation:
    """An endpoint and the method that calls it."""

    resource: str
    method: str
    description: str
    verb: str
    path: str
    request: str | None
    query: tuple[str, ...]  # fields of the request that go into the URL
    result: str | None  # None for an answer that is no JSON
    stream: str | None
    page: str | None  # the type of the items that the result lists
    example: str  # lines of Python that call the sync method

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of the parameters in the path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @property
    def schemas(self) -> tuple[str, ...]:
        """Names of the schemas that it refers to."""
        return tuple(name for name in (self.request, self.result, self.stream, self.page) if name)


@dataclass(frozen=True)
class Area:
    """One file of the schema, and the module generated from it."""

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
        """Return the object of that name.

        Raises:
            SchemaError: The schema of that name is not an object.
        """
        found = self.schemas[name]
        if not isinstance(found, Object):
            raise SchemaError(f"{found.module}.yaml: {name} is used where only an object is allowed")
        return found

    def entry(self, name: str) -> str:
        """Return the location of a class or a union at run time, as `module.Name`."""
        schema = self.schemas[name]
        return f"{'_unions' if isinstance(schema, Union) else schema.module}.{name}"

    def files(self, operation: Operation) -> tuple[str, ...]:
        """Return the fields of the request that are files."""
        fields = self.all_fields(self.object(operation.request)) if operation.request else ()
        return tuple(field.wire for field in fields if field.is_file)

    def query(self, operation: Operation) -> tuple[str, ...]:
        """Return the fields of the request that go into the URL: all of them, for an operation without a body."""
        if operation.request and operation.verb in ("GET", "DELETE"):
            return tuple(field.wire for field in self.all_fields(self.object(operation.request)))
        return operation.query

    def lists(self, item: Object) -> list[tuple[Field, Union]]:
        """Return the fields of a request that are lists with an `x-list-type`, with the union of each."""
        found: list[tuple[Field, Union]] = []
        for field in self.all_fields(item):
            for spec in field.spec.get("anyOf", [field.spec]):
                held = self.schemas.get(spec.get("items", {}).get("$ref"))
                if isinstance(held, Union) and held.list_name:
                    found.append((field, held))
        return found

    def unions(self) -> list[Union]:
        """Return the unions, each after the unions that it contains."""
        found: dict[str, Union] = {}

        def visit(schema: Schema) -> None:
            if isinstance(schema, Union) and schema.name not in found:
                for name in schema.members:
                    visit(self.schemas[name])
                found[schema.name] = schema

        for schema in self.schemas.values():
            visit(schema)
        return list(found.values())

    def echoes(self) -> list[tuple[Object, list[Field]]]:
        """Return the objects in all `x-echo` that have essential fields, with these fields, by their names.

        Values of maps do not count: they are data of the program, and no settings.
        """
        found: dict[str, Object] = {}

        def visit(spec: Spec) -> None:
            for name in references(
                {key: value for key, value in spec.items() if key != "additionalProperties"}
            ):
                for item in map(self.object, self.objects(name)):
                    if item.name not in found:
                        found[item.name] = item
                        for field in self.all_fields(item):
                            visit(field.spec)

        for schema in self.schemas.values():
            for field in schema.fields if isinstance(schema, Object) else ():
                if "x-echo" in field.spec:
                    visit(field.spec)
        essential = {name: [f for f in self.all_fields(item) if f.essential] for name, item in found.items()}
        return [(found[name], essential[name]) for name in sorted(found) if essential[name]]

    def all_fields(self, item: Object) -> tuple[Field, ...]:
        """Return the fields of the object, those of its bases first; its own fields replace theirs."""
        fields = {field.wire: field for field in self.all_fields(self.object(item.base))} if item.base else {}
        return tuple((fields | {field.wire: field for field in item.fields}).values())

    def tags(self, name: str) -> tuple[str, ...]:
        """Return the `type` values of an object."""
        return next((f.tag for f in self.all_fields(self.object(name)) if f.wire == "type"), ())

    def objects(self, name: str) -> tuple[str, ...]:
        """Return the objects of a name, itself or the members of a union, without duplicates."""
        schema = self.schemas[name]
        if isinstance(schema, Union):
            return tuple(dict.fromkeys(found for member in schema.members for found in self.objects(member)))
        return (name,) if isinstance(schema, Object) else ()


def references(spec: object) -> Iterator[str]:
    """Yield the names that a JSON Schema refers to."""
    if isinstance(spec, Mapping):
        mapping = cast("Mapping[str, object]", spec)
        if isinstance(target := mapping.get("$ref"), str):
            yield target
        for value in mapping.values():
            yield from references(value)
    elif isinstance(spec, list):
        for value in cast("list[object]", spec):
            yield from references(value)


def without_null(spec: Spec) -> tuple[Spec, bool]:
    """Return a JSON Schema without its null alternative, and whether there was one."""
    if isinstance(spec.get("type"), list):
        kinds = [kind for kind in cast("list[str]", spec["type"]) if kind != "null"]
        return {**spec, "type": kinds[0] if len(kinds) == 1 else kinds}, len(kinds) < len(spec["type"])
    options = cast("list[Spec]", spec.get("anyOf", []))
    rest = [option for option in options if option.get("type") != "null"]
    if len(rest) == len(options):
        return spec, False
    plain = {key: value for key, value in spec.items() if key != "anyOf"}
    return {**plain, **(rest[0] if len(rest) == 1 else {"anyOf": rest})}, True
