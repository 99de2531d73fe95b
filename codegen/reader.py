"""The reader of `schema/*.yaml`; each error names file, schema and property."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from .check import check, check_use
from .check_names import check_area_name
from .dialect import OPERATIONS, check_operation, check_schema, read
from .schema import (
    Alias,
    Area,
    Document,
    Field,
    Object,
    Operation,
    Schema,
    SchemaError,
    Spec,
    Union,
    without_null,
)

__all__ = ["load", "parse"]

FOLDER = Path(__file__).parent / "schema"


def load(folder: Path = FOLDER) -> Document:
    """Read the schema files of a folder, in which every schema is used.

    Raises:
        SchemaError: A file is not valid, or a schema is used nowhere.
    """
    document = parse({path.stem: _text(path) for path in sorted(folder.glob("*.yaml"))})
    check_use(document)
    return document


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise SchemaError(f"{path.name}: not UTF-8: {error.reason} at byte {error.start}") from None


def parse(texts: Mapping[str, str]) -> Document:
    """Read schema texts, one per module.

    Raises:
        SchemaError: A text is not valid YAML, or contradicts the dialect or another schema.
    """
    areas: list[Area] = []
    schemas: dict[str, Schema] = {}
    operations: list[Operation] = []
    for module, text in texts.items():
        content = read(module, text)
        doc = content.pop("x-doc")
        if module == OPERATIONS:
            operations = [_operation(name, check_operation(name, spec)) for name, spec in content.items()]
            continue
        check_area_name(module)
        for name, spec in content.items():
            if name in schemas:
                raise SchemaError(f"{module}.yaml: {name} is defined in {schemas[name].module}.yaml too")
            schemas[name] = _schema(module, name, check_schema(module, name, spec))
        areas.append(Area(module, doc, tuple(content)))
    document = Document(tuple(areas), schemas, tuple(operations))
    check(document)
    return document


def _schema(module: str, name: str, spec: Spec) -> Schema:
    description, published = str(spec["description"]), tuple(spec.get("x-published", ()))
    if "anyOf" in spec:
        members = tuple(member["$ref"] for member in spec["anyOf"])
        unknown = spec.get("x-unknown", "UnknownObject")
        infer_type, list_name = spec.get("x-infer-type", {}), spec.get("x-list-type")
        list_also = tuple(spec.get("x-list-also", ()))
        return Union(name, module, description, published, members, unknown, infer_type, list_name, list_also)
    if "x-extensible-enum" in spec:
        return Alias(name, module, description, published, tuple(spec["x-extensible-enum"]))
    required, essential = spec.get("required", ()), spec.get("x-essential", ())
    properties = cast("Mapping[str, Spec]", spec.get("properties") or {})
    bases = [base["$ref"] for base in spec.get("allOf", ())]
    return Object(
        name=name,
        module=module,
        description=description,
        published=published,
        base=bases[0] if bases else None,
        python_base=spec.get("x-python-base"),
        fields=tuple(_field(k, v, k in required, k in essential) for k, v in properties.items()),
        abstract=bool(spec.get("x-abstract")),
        request=spec.get("x-request"),
        without=tuple((k, frozenset(v)) for k, v in spec.get("x-request-without", {}).items()),
        effect=spec.get("x-effect"),
        server_made=bool(spec.get("x-server-made")),
    )


def _field(wire: str, spec: Spec, required: bool, essential: bool) -> Field:
    bare, nullable = without_null(spec)
    name = spec.get("x-python-name", wire)
    return Field(wire, name, bare, nullable, required, essential, bool(spec.get("readOnly")))


def _operation(name: str, spec: Spec) -> Operation:
    resource, _, method = name.rpartition(".")
    return Operation(
        resource=resource,
        method=method,
        description=spec["description"],
        verb=spec["verb"],
        path=spec["path"],
        request=spec.get("request"),
        query=tuple(spec.get("query", ())),
        result=spec.get("result"),
        stream=spec.get("stream"),
        page=spec.get("page"),
        example=spec.get("example", ""),
    )
