"""Writes `models/params.py`: the dict types that requests accept beside models."""

from collections.abc import Iterator

from .emit_models import header, literal, prose, split_null
from .schema import Document, Field, Object, Spec, Union, references

__all__ = ["emit", "names"]


def reachable(document: Document) -> dict[str, None]:
    """Return the schemas that requests can hold, each before those it holds."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in found:
            return
        found[name] = None
        schema = document.schemas[name]
        if isinstance(schema, Union):
            below: Iterator[str] = iter(schema.members)
        else:
            below = references([f.spec for f in document.all_fields(schema) if not f.read_only])
        for other in below:
            visit(other)

    for operation in document.operations:
        visit(operation.request)
    return found


def param_name(document: Document, name: str) -> str:
    """Return the name of the dict type of a schema."""
    schema = document.schemas[name]
    return schema.request if isinstance(schema, Object) and schema.request else f"{name}Param"


def names(document: Document) -> list[str]:
    """Return the names of all dict types."""
    return sorted(param_name(document, name) for name in reachable(document))


def emit(document: Document) -> str:
    """Return the text of `models/params.py`."""
    found = reachable(document)
    objects = [s for name in found if isinstance(s := document.schemas[name], Object)]
    unions = [s for name in found if isinstance(s := document.schemas[name], Union)]
    modules: dict[str, set[str]] = {"_unions": {union.name for union in unions}}
    for item in objects:
        if not item.request:
            modules.setdefault(item.module, set()).add(item.name)
    lines = header("Dict types: what may be passed as plain dicts, field for field.", "the schema")
    lines.insert(1, "")
    lines += ["from __future__ import annotations", "", "from collections.abc import Mapping, Sequence"]
    lines += ["from typing import TYPE_CHECKING, Any, Literal, Required, TypeAlias, TypedDict", ""]
    lines += ["from .._options import RequestOptions", "", "if TYPE_CHECKING:"]
    for module in sorted(modules):
        lines += [f"    from .{module} import (", *(f"        {name}," for name in sorted(modules[module])), "    )"]
    lines += ["", "__all__ = [", *(f'    "{name}",' for name in names(document)), "]"]
    for item in sorted(objects, key=lambda item: item.name):
        lines += ["", "", *_typed_dict(document, item)]
    lines += ["", ""]
    for union in sorted(unions, key=lambda union: union.name):
        members = " | ".join(param_name(document, name) for name in document.objects(union))
        lines += [f"{param_name(document, union.name)}: TypeAlias = (", f"    {members}", ")", *prose(union.description, "")]
    return "\n".join(lines) + "\n"


def _typed_dict(document: Document, item: Object) -> list[str]:
    name = param_name(document, item.name)
    fields = [f for f in document.all_fields(item) if not f.read_only and f.wire != "stream"]
    keywords = [f for f in fields if f.name != f.wire]
    base = "RequestOptions" if item.request else "TypedDict"
    lines: list[str] = []
    if keywords:
        # A class body cannot spell these keys.
        pairs = ", ".join(f'"{f.wire}": "{_kind(document, f)}"' for f in keywords)
        lines += [f'_{name} = TypedDict("_{name}", {{{pairs}}}, total=False)', "", ""]
        base = f"_{name}"
    lines += [f"class {name}({base}, total=False):", *prose(item.description)]
    for number, field in enumerate(f for f in fields if f not in keywords):
        lines += [*([""] if not number else []), f"    {field.wire}: {_kind(document, field)}"]
        if field.description:
            lines += prose(field.description)
    return lines


def _kind(document: Document, field: Field) -> str:
    kind = literal(field.tag) if field.tag else _annotation(document, field.spec)
    if split_null(field.spec)[1]:
        kind += " | None"
    return f"Required[{kind}]" if field.required else kind


def _annotation(document: Document, spec: Spec) -> str:
    spec, _ = split_null(spec)
    if "$ref" in spec:
        return f"{spec['$ref']} | {param_name(document, spec['$ref'])}"
    if "const" in spec:
        return literal([spec["const"]])
    if options := spec.get("anyOf"):
        return " | ".join(dict.fromkeys(_annotation(document, option) for option in options))
    if "x-values" in spec:
        return f"{literal(spec['x-values'])} | str"
    if "enum" in spec:
        return literal(spec["enum"])
    match spec.get("type"):
        case "string":
            return "str"
        case "integer":
            return "int"
        case "number":
            return "float"
        case "boolean":
            return "bool"
        case "array":
            return f"Sequence[{_annotation(document, spec.get('items', {}))}]"
        case "object":
            values = spec.get("additionalProperties")
            return f"Mapping[str, {_annotation(document, values) if values else 'Any'}]"
        case _:
            return "Any"
