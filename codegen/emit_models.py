"""The text of the pydantic classes in `models/`, a module for each area, and of the table of effects."""

import json
from collections.abc import Iterator

from .dialect import BOUNDS, CLASSES, is_of_requests
from .layout import docstring, exports, fit, fold, header, import_line, literal, quoted, words
from .schema import Alias, Area, Document, Field, Object, SchemaError, Spec, Union, references, without_null

__all__ = ["emit", "unconstrained_fields"]

SHARED = {
    "_base": {"JsonObject", "Model", "Result", "StrictBool", "StrictInt"},
    "_markers": {
        "EMPTY",
        "READ_ONLY",
        "TEXT_OR",
        "TOTAL",
        "Count",
        "Details",
        "Int",
        "Items",
        "Number",
        "Open",
        "Str",
        "Total",
    },
}
"""The names that modules import from hand-written ones."""


def emit(document: Document) -> dict[str, str]:
    """Return the text of each module, by file name."""
    files = {f"{area.module}.py": _module(document, area) for area in document.areas}
    return files | {"_echoes.py": _echoes(document), "_effects.py": _effects(document)}


def unconstrained_fields(document: Document, item: Object) -> dict[str, str]:
    """Return the fields of a request that take any string or any flag; none if a field is essential."""
    free: dict[str, str] = {}
    for field in document.all_fields(item):
        kind = _annotation(document, field.spec, is_sent=True)
        takes_string = kind.startswith(("str", "Open[")) or kind.endswith("TEXT_OR]")
        if field.essential:
            return {}
        if kind == "StrictBool":
            free[field.wire] = "bool"
        elif takes_string and not _bounds(field.spec):
            free[field.wire] = "str"
    return free


def _module(document: Document, area: Area) -> str:
    items = list(_in_order(document, area))
    results = {name for op in document.operations if op.result for name in document.objects(op.result)}
    body: list[str] = []
    for name in area.names:
        if isinstance(alias := document.schemas[name], Alias):
            body += ["", *fold(f"{name}: TypeAlias = Literal[", [*map(quoted, alias.values)], "] | str")]
            body += docstring(alias.description, "")
    for item in items:
        body += ["", "", *_class(document, item, "Result" if item.name in results else "Model")]
    # No `from __future__ import annotations`: evaluating strings adds a third to the time that pydantic takes to build
    # a class, so classes stand in the order in which they need each other.
    lines = header(area.doc, f"codegen/schema/{area.module}.yaml")
    lines += _imports(document, area, items, words(body))
    names = [name for name in area.names if not isinstance(document.schemas[name], Union)]
    return "\n".join([*lines, "", *exports(names), *body]) + "\n"


def _imports(document: Document, area: Area, items: list[Object], used: set[str]) -> list[str]:
    """Return the imports: bases are loaded at once, other classes of other modules when a value needs them.

    Aliases of strings are for type checkers and never loaded.
    """
    modules = {module: used & names for module, names in SHARED.items()}
    for name in used & CLASSES.keys():
        modules.setdefault(CLASSES[name], set()).add(name)
    lazy: dict[str, set[str]] = {}
    bases = {item.base for item in items}
    for name in used & document.schemas.keys():
        schema = document.schemas[name]
        if isinstance(schema, Union):
            modules.setdefault("_unions", set()).add(name)
        elif schema.module != area.module:
            (modules if name in bases else lazy).setdefault(schema.module, set()).add(name)
    # A stand-in loads the class when a value needs it; pydantic would have to import the module at once.
    stand_ins = {
        name: f'reference("{module}.{name}")' if isinstance(document.schemas[name], Object) else "str"
        for module, names in sorted(lazy.items())
        for name in sorted(names)
    }
    if lazy:
        modules["_base"] |= words(stand_ins.values()) & {"reference"}
        used = used | {"TYPE_CHECKING"}
    lines: list[str] = []
    if typing := used & {"Annotated", "Any", "Literal", "TypeAlias", "TYPE_CHECKING"}:
        lines += [*import_line("typing", typing), ""]
    if "Field" in used:
        lines += ["from pydantic import Field", ""]
    for module, names in sorted(modules.items()):
        lines += import_line(f".{module}", names) if names else []
    if lazy:
        lines += ["", "if TYPE_CHECKING:"]
        for module, names in sorted(lazy.items()):
            lines += [f"    {line}" for line in import_line(f".{module}", names)]
        lines += ["else:", *(f"    {name} = {stand_in}" for name, stand_in in stand_ins.items())]
    return lines if lines[-1] else lines[:-1]


def _in_order(document: Document, area: Area) -> Iterator[Object]:
    """Yield the area's objects, each after those it needs."""
    done: set[str] = set()

    def visit(item: Object, above: tuple[str, ...]) -> Iterator[Object]:
        if item.name in above:
            raise SchemaError(f"{item.module}.yaml: {' > '.join((*above, item.name))} contain each other")
        if item.name in done or item.module != area.module:
            return
        for name in [*([item.base] if item.base else []), *references([field.spec for field in item.fields])]:
            if isinstance(needed := document.schemas[name], Object):
                yield from visit(needed, (*above, item.name))
        done.add(item.name)
        yield item

    for name in area.names:
        if isinstance(schema := document.schemas[name], Object):
            yield from visit(schema, ())


def _class(document: Document, item: Object, default_base: str) -> list[str]:
    lines = [
        f"class {item.name}({item.base or item.python_base or default_base}):",
        *docstring(item.description),
    ]
    if item.fields:
        lines.append("")
    for field in item.fields:
        is_sent = is_of_requests(item.module)
        kind = literal(field.tag) if field.tag else _annotation(document, field.spec, is_sent)
        if item.abstract and field.wire == "type":
            lines += [
                "    if not TYPE_CHECKING:  # each class narrows it",
                f"        {field.name}: {kind} | None = None",
            ]
        else:
            lines += [*fit(f"    {field.name}: {_value(field, kind, is_sent)}")]
            text = f"{field.description} {field.server_note}".strip()
            lines += docstring(text) if text else []
    return lines


def _value(field: Field, kind: str, is_sent: bool) -> str:
    """Return a field's annotation and default; a list that servers may send as null is empty to readers."""
    is_list = kind.startswith("list[") and not is_sent
    if is_list:
        # A request may send null on purpose; in answers a null list means the same as an empty one.
        kind = f"Items{kind[4:]}"
    if bounds := _bounds(field.spec):
        kind = f"Annotated[{kind}, {bounds}]"
    if field.tag:
        default = f'"{field.tag[0]}"'
    elif is_list:
        default = "" if field.essential else "EMPTY"
    elif "default" in field.spec:
        kind, default = _or_null(kind, field.spec["default"])
    elif "x-total" in field.spec:
        kind, default = "Total", "TOTAL"
    else:
        default = "" if field.essential else "None"
        if kind != "Any" and (field.nullable or not field.essential):
            kind = f"{kind} | None"
    if field.read_only:
        kind = f"Annotated[{kind}, READ_ONLY]"
    arguments = [f"default={default}"] if default else []
    if field.name != field.wire:
        arguments += [f'validation_alias="{field.wire}"', f'serialization_alias="{field.wire}"']
    if field.spec.get("x-secret"):
        arguments.append("repr=False")
    if len(arguments) > bool(default):
        default = f"Field({', '.join(arguments)})"
    return f"{kind} = {default}" if default else kind


def _or_null(kind: str, default: object) -> tuple[str, str]:
    """Return the annotation and the default of a field that is never None to readers, though it may be null."""
    if default == "":
        return "Str", '""'
    if default == 0:
        return "Count", "0"
    return f"Details[{kind}]", f"Field(default_factory=lambda: {kind}())"


def _annotation(document: Document, spec: Spec, is_sent: bool) -> str:
    """Return the model's annotation for a schema, without null."""
    spec, _ = without_null(spec)
    if target := spec.get("$ref"):
        return f"Open[{target}]" if isinstance(document.schemas[target], Alias) else str(target)
    if options := spec.get("anyOf"):
        return _alternatives(document, options, is_sent)
    if spec.get("format") == "binary":
        return "Any"
    if values := spec.get("enum") or spec.get("x-extensible-enum"):
        return f"Open[{literal(values)}]"
    match spec.get("type"):
        case "array":
            return f"list[{_bounded(document, spec.get('items', {}), is_sent)}]"
        case "object" if values := spec.get("additionalProperties"):
            keys = _bounded(document, {"type": "string", **spec.get("propertyNames", {})}, is_sent)
            return f"dict[{keys}, {_bounded(document, values, is_sent)}]"
        case "integer":
            return "StrictInt" if is_sent else "Int"
        case kind:
            return _PLAIN[kind]


_PLAIN = {
    "string": "str",
    "number": "Number",
    "boolean": "StrictBool",
    "object": "JsonObject",
    None: "Any",
}


def _alternatives(document: Document, options: list[Spec], is_sent: bool) -> str:
    """Return the annotation of several types; a string or one structured form is reported with a single error."""
    text, other = options[0], options[-1]
    structured = "$ref" in other or other.get("type") in ("array", "object")
    if len(options) == 2 and structured and text.get("type") == "string":
        known = f"{literal(text['enum'])} | str" if "enum" in text else "str"
        return f"Annotated[{known} | {_bounded(document, other, is_sent)}, TEXT_OR]"
    return " | ".join(_bounded(document, option, is_sent) for option in options)


def _bounded(document: Document, spec: Spec, is_sent: bool) -> str:
    kind, bounds = _annotation(document, spec, is_sent), _bounds(spec)
    return f"Annotated[{kind}, {bounds}]" if bounds else kind


def _bounds(spec: Spec) -> str:
    parts = [
        f"{argument}={json.dumps(spec[key])}"
        for key, (_, argument) in BOUNDS.items()
        if argument and key in spec
    ]
    return f"Field({', '.join(parts)})" if parts else ""


def _effects(document: Document) -> str:
    """Return the module with the table by which the accumulator applies each event to the snapshot."""
    lines = header("The effect of each stream event on the snapshot of the response.", "codegen/schema")
    lines += ['__all__ = ["EFFECTS"]', ""]
    lines.append("EFFECTS: dict[str, tuple[str, str, tuple[str, ...], str | None, str | None]] = {")
    for item in document.schemas.values():
        if isinstance(item, Object) and item.effect:
            verb = next(verb for verb in ("put", "append", "set", "status") if verb in item.effect)
            entry = (
                verb,
                item.effect[verb],
                tuple(item.effect.get("at", ())),
                *map(item.effect.get, ("part", "item")),
            )
            parts = [repr(part).replace("'", '"') for part in entry]
            for tag in document.tags(item.name):
                lines += fold(f'    "{tag}": (', parts, "),")
    lines.append("}")
    lines.append('"""Event type to: action, field or value, place in the item, types of missing parents."""')
    return "\n".join(lines) + "\n"


def _echoes(document: Document) -> str:
    """Return the module with the fields that servers may leave out where they repeat settings of a request."""
    doc = "The essential fields of settings that responses repeat, and the values that readers get without them."
    lines = header(doc, "codegen/schema")
    lines += ["from typing import Any", "", '__all__ = ["ECHOES"]', ""]
    lines.append("ECHOES: dict[str, dict[str, Any]] = {")
    for item, fields in document.echoes():
        parts = [f'"{field.wire}": {field.empty}' for field in fields]
        lines += fold(f'    "{item.name}": {{', parts, "},")
    lines.append("}")
    lines.append('"""Class to: field in JSON, empty value."""')
    return "\n".join(lines) + "\n"
