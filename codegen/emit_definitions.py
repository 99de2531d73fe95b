"""The text of `testing/_definitions.py`: request bodies as data, for the checks of the embedded server."""

from collections.abc import Collection, Mapping
from typing import Any, cast

from .layout import WIDTH, fold, header, quoted
from .schema import Document, Object, Schema, Union, references

__all__ = ["emit"]

_SOCKET_EVENTS = "ClientEvent"
_RESPONSE = "Response"
_DOC = "The schema of requests as data, from which the embedded server makes its checks and tables."
_KINDS = """\
# By name: an object with `fields`, of which some are `required` or `read_only`; a union with its `members`,
# and with `infer`, the types of members that have none, by a field that they have; a string with its known
# `values`. A field is a JSON Schema whose `$ref` is such a name, with `nullable` in place of a null type.
DEFINITIONS: dict[str, dict[str, Any]] = {"""
_FIELDS = """\
# The fields of a response, and whether they may be null.
RESPONSE_FIELDS: dict[str, bool] = {"""


def emit(document: Document) -> str:
    """Return the text of `testing/_definitions.py`."""
    found: dict[str, Schema] = {}
    bodies = {
        item.request: item.query for item in document.operations if item.request and item.verb == "POST"
    }
    for name in [*bodies, *([_SOCKET_EVENTS] if _SOCKET_EVENTS in document.schemas else [])]:
        _visit(document, name, found)
    lines = [*header(_DOC, "codegen/schema"), "from typing import Any", "", _KINDS]
    for name in sorted(found):
        lines += _entry(f"{quoted(name)}: ", _definition(document, found[name], bodies.get(name, ())), "    ")
    lines += ["}", "", _FIELDS]
    if _RESPONSE in document.schemas:
        fields = document.all_fields(document.object(_RESPONSE))
        lines += [f'    "{field.wire}": {field.nullable},' for field in fields]
    return "\n".join([*lines, "}"]) + "\n"


def _visit(document: Document, name: str, found: dict[str, Schema]) -> None:
    if name in found:
        return
    schema = found[name] = document.schemas[name]
    below = schema.members if isinstance(schema, Union) else ()
    if isinstance(schema, Object):
        below = tuple(ref for field in document.all_fields(schema) for ref in references(field.spec))
    for each in below:
        _visit(document, each, found)


def _definition(document: Document, schema: Schema, left_out: Collection[str]) -> dict[str, Any]:
    if isinstance(schema, Union):
        infer = {"infer": dict(schema.infer_type)} if schema.infer_type else {}
        return {"members": [*schema.members], **infer}
    if not isinstance(schema, Object):
        return {"values": [*schema.values]}
    fields = [field for field in document.all_fields(schema) if field.wire not in left_out]
    definition: dict[str, Any] = {
        "fields": {
            field.wire: _bare(field.spec) | ({"nullable": True} if field.nullable else {}) for field in fields
        },
        "required": [field.wire for field in fields if field.required],
        "read_only": [field.wire for field in fields if field.read_only],
    }
    return {key: value for key, value in definition.items() if value or key == "fields"}


def _bare(spec: object) -> Any:
    """Return a JSON Schema without the parts that only people and the models need."""
    if isinstance(spec, list):
        return [_bare(item) for item in cast("list[object]", spec)]
    if not isinstance(spec, Mapping):
        return spec
    left_out = ("description", "deprecated", "default", "readOnly")
    return {
        key: value if key == "enum" else _bare(value)
        for key, value in cast("Mapping[str, object]", spec).items()
        if key not in left_out and not key.startswith("x-")
    }


def _entry(before: str, value: object, indent: str) -> list[str]:
    """Return an entry of a dict: on one line if it fits, else with a line for each entry or element in it."""
    line = f"{indent}{before}{_text(value)},"
    if len(line) <= WIDTH:
        return [line]
    if isinstance(value, list):
        return fold(f"{indent}{before}[", [_text(item) for item in cast("list[object]", value)], "],")
    entries = cast("dict[str, object]", value).items()
    inner = [line for key, item in entries for line in _entry(f"{quoted(key)}: ", item, f"{indent}    ")]
    return [f"{indent}{before}{{", *inner, f"{indent}}},"]


def _text(value: object) -> str:
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value).items()
        return f"{{{', '.join(f'{quoted(key)}: {_text(item)}' for key, item in entries)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_text(item) for item in cast('list[object]', value))}]"
    return quoted(value.replace("\\", "\\\\")) if isinstance(value, str) else repr(value)
