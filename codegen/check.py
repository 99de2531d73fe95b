"""Checks across schemas: references, tags of unions, bases, effects."""

from collections.abc import Iterable
from typing import cast

from .check_names import check_names
from .schema import Alias, Document, Field, Object, Operation, SchemaError, Spec, Union, references

__all__ = ["ENTRIES", "check", "check_use"]

ITEMS = "OutputItem"
"""The union whose tags an effect names as `item`."""

ENTRIES = frozenset(
    {"BatchRequestLine", "BatchResultLine", "ClientEvent", "ErrorResponse", "ServerEvent", "WebhookEvent"}
)
"""The schemas that are used by name, in modules by hand; all others belong to a union, a property or an endpoint."""

_EVENTS = "StreamEvent"
"""The union of the events whose effects the accumulator carries out."""

_SHARED_TAG = "message"  # `OpenUnion` distinguishes input and output messages by their fields
_VERBS = ("put", "append", "set", "status")


def check(document: Document) -> None:
    """Raise SchemaError for the first contradiction."""
    for schema in document.schemas.values():
        where = f"{schema.module}.yaml: {schema.name}"
        if isinstance(schema, Union):
            _check_names(document, where, schema.members)
            _check_members(document, where, schema, ())
            _check_union(document, where, schema)
        elif isinstance(schema, Object):
            _check_object(document, where, schema)
    for item, fields in document.echoes():
        if lacking := [field.wire for field in fields if field.empty is None]:
            where = f"{item.module}.yaml: {item.name}.{lacking[0]}"
            raise SchemaError(f"{where}: is essential in an x-echo, but no string, list or object")
    for operation in document.operations:
        where = f"operations.yaml: {operation.resource}.{operation.method}"
        _check_operation(document, where, operation)
    _check_paths(document)
    _check_imports(document)
    check_names(document)


def check_use(document: Document) -> None:
    """Raise SchemaError for the first schema that nothing uses, and the first effect that nothing carries out."""
    used = set(ENTRIES)
    for schema in document.schemas.values():
        if isinstance(schema, Union):
            used.update(schema.members, map(str, schema.list_also))
        elif isinstance(schema, Object):
            used.update(name for name in (schema.base,) if name)
            used.update(references([field.spec for field in schema.fields]))
    for op in document.operations:
        used.update(op.schemas)
    events = document.objects(_EVENTS) if _EVENTS in document.schemas else ()
    for schema in document.schemas.values():
        where = f"{schema.module}.yaml: {schema.name}"
        if schema.name not in used:
            raise SchemaError(f"{where}: no union, property or endpoint refers to it")
        if isinstance(schema, Object) and schema.effect and schema.name not in events:
            raise SchemaError(f"{where}.x-effect: {_EVENTS} does not contain the event")


def _check_paths(document: Document) -> None:
    seen: dict[str, str] = {}
    for op in document.operations:
        name = seen.setdefault(f"{op.verb} {op.path}", f"{op.resource}.{op.method}")
        if name != f"{op.resource}.{op.method}":
            raise SchemaError(
                f"operations.yaml: {op.resource}.{op.method}: {name} is {op.verb} {op.path} too"
            )


def _check_imports(document: Document) -> None:
    """Check that files do not import their bases from each other."""
    needed: dict[str, dict[str, str]] = {}
    for schema in document.schemas.values():
        if isinstance(schema, Object) and schema.base:
            module = document.schemas[schema.base].module
            if module != schema.module:
                needed.setdefault(schema.module, {}).setdefault(module, schema.name)

    def visit(module: str, above: tuple[str, ...]) -> None:
        for below, name in needed.get(module, {}).items():
            if below in above:
                files = " > ".join([*above[above.index(below) :], below])
                raise SchemaError(f"{module}.yaml: {name}: {files} contain bases of each other")
            visit(below, (*above, below))

    for module in needed:
        visit(module, (module,))


def _check_operation(document: Document, where: str, operation: Operation) -> None:
    _check_names(document, where, operation.schemas)
    if operation.request:
        request = document.object(operation.request)
        if not request.request:
            raise SchemaError(f"{where}: {operation.request} is not a request: it has no x-request")
        fields = {field.wire for field in document.all_fields(request)}
        if missing := sorted(set(operation.query) - fields):
            raise SchemaError(f"{where}: {operation.request} has no {', '.join(missing)}")
        if document.files(operation) and operation.verb != "POST":
            raise SchemaError(f"{where}: {operation.request} has a file, which only POST can send")
        if operation.page and "after" not in fields:
            raise SchemaError(f"{where}: {operation.request} has no after, by which pages continue")
    if operation.query and not operation.request:
        raise SchemaError(f"{where}: query needs a request")
    if operation.stream and not operation.request:
        raise SchemaError(f"{where}: stream needs a request")
    if operation.stream and not isinstance(document.schemas[operation.stream], Union):
        raise SchemaError(f"{where}: stream must be a union of events, not {operation.stream}")
    if operation.page:
        listing = document.object(operation.result or "")
        data = [f for f in document.all_fields(listing) if f.wire == "data"]
        if not data or [*references(data[0].spec)] != [operation.page]:
            raise SchemaError(f"{where}: {operation.result} does not list {operation.page} as data")


def _check_names(document: Document, where: str, names: Iterable[str]) -> None:
    for name in names:
        if name not in document.schemas:
            raise SchemaError(f"{where} refers to {name}, which is not defined")


def _check_object(document: Document, where: str, item: Object) -> None:
    if item.base:
        _check_names(document, where, [item.base])
        _check_base(document, where, item)
    for field in item.fields:
        _check_names(document, f"{where}.{field.wire}", references(field.spec))
        _check_default(document, f"{where}.{field.wire}", item, field)
    if item.without:
        fields = frozenset(field.wire for field in document.all_fields(item))
        for _, lacking in item.without:
            if not item.request or not lacking < fields:
                raise SchemaError(
                    f"{where}: x-request-without needs x-request, and in each type fewer fields of that request"
                )
            fields = lacking
    if item.request and len(lists := [field.wire for field, _ in document.lists(item)]) > 1:
        raise SchemaError(f"{where} has {' and '.join(lists)}, both lists that may contain strings")
    tags = {field.wire: field.tag for field in document.all_fields(item)}
    if not item.abstract and tags.get("type") == () and _has_abstract_base(document, item):
        raise SchemaError(f"{where}: {item.base} leaves its type to each class, and this one has no tag")
    if item.effect is not None:
        _check_effect(document, f"{where}.x-effect", item, item.effect)


def _has_abstract_base(document: Document, item: Object) -> bool:
    return item.base is not None and document.object(item.base).abstract


def _check_default(document: Document, where: str, item: Object, field: Field) -> None:
    target, default = field.spec.get("$ref"), field.spec.get("default")
    if target and default is not None:
        kind, name = (Alias, "an alias of strings") if default == "" else (Object, "an object")
        if not isinstance(document.schemas[target], kind):
            raise SchemaError(f"{where}: default {default!r} needs {name}, which {target} is not")
    if "x-total" in field.spec:
        names = [other.wire for other in item.fields]
        if not {"input_tokens", "output_tokens"} <= set(names[: names.index(field.wire)]):
            raise SchemaError(f"{where}: x-total needs input_tokens and output_tokens before it")


def _check_base(document: Document, where: str, item: Object) -> None:
    above = [item.name]
    base = item.base
    while base:
        if base in above:
            raise SchemaError(f"{where} inherits from itself: {' > '.join([*above, base])}")
        above.append(base)
        schema = document.schemas[base]
        if not isinstance(schema, Object):
            raise SchemaError(f"{where} has the base {base}, which is not an object")
        base = schema.base


def _check_members(document: Document, where: str, union: Union, above: tuple[str, ...]) -> None:
    """Check that no union contains itself."""
    if union.name in above:
        raise SchemaError(f"{where} contains itself: {' > '.join((*above, union.name))}")
    for name in union.members:
        if isinstance(member := document.schemas.get(name), Union):
            _check_members(document, where, member, (*above, union.name))


def _check_union(document: Document, where: str, union: Union) -> None:
    found: dict[str, list[str]] = {}
    for name in document.objects(union.name):
        item = document.object(name)
        tags = document.tags(name)
        if item.abstract or not tags:
            raise SchemaError(
                f"{where} contains {name}, which {'is abstract' if item.abstract else 'has no tag'}"
            )
        for tag in tags:
            found.setdefault(tag, []).append(name)
    for tag, names in found.items():
        if len(names) > (2 if tag == _SHARED_TAG else 1):
            raise SchemaError(f"{where} contains {' and '.join(names)}, both of type {tag}")
    if union.list_name in document.schemas:
        raise SchemaError(f"{where}: x-list-type names {union.list_name}, which is a schema")
    if strange := [name for name in union.list_also if not _may_be_listed(document, name)]:
        raise SchemaError(f"{where}: x-list-also must list string and unions, not {strange[0]}")
    if stray := [tag for tag in union.infer_type.values() if tag not in found and tag != "item_reference"]:
        raise SchemaError(f"{where}: x-infer-type names {stray[0]}, which no member has")
    fields = {
        field.wire
        for names in found.values()
        for name in names
        for field in document.all_fields(document.object(name))
    }
    if lacking := [wire for wire in union.infer_type if wire not in fields]:
        raise SchemaError(f"{where}: x-infer-type names {lacking[0]}, a field that no member has")


def _may_be_listed(document: Document, name: object) -> bool:
    return name == "string" or isinstance(document.schemas.get(str(name)), Union)


def _check_effect(document: Document, where: str, item: Object, effect: Spec) -> None:
    verbs = [verb for verb in _VERBS if verb in effect]
    if len(verbs) != 1:
        raise SchemaError(f"{where}: must have exactly one of {', '.join(_VERBS)}")
    value, path = effect[verbs[0]], cast("list[str]", effect.get("at", []))
    fields = {field.wire for field in document.all_fields(item)}
    missing = [key for key in path if key.endswith("_index") and key not in fields]
    if verbs[0] != "status" and value not in fields:
        missing.append(value)
    if missing:
        raise SchemaError(f"{where}: {item.name} has no {', '.join(missing)}")
    if verbs == ["put"] and value in ("response", "item"):
        return
    _check_names(document, where, [ITEMS])
    items = [name for name in document.objects(ITEMS) if effect.get("item") in (None, *document.tags(name))]
    if not items:
        raise SchemaError(f"{where}: {ITEMS} has no {effect['item']}")
    _follow(document, where, items, ["status"] if verbs[0] == "status" else path, effect.get("part"))
    if verbs[0] == "status":
        _check_status(document, where, items, value)


def _check_status(document: Document, where: str, items: list[str], value: str) -> None:
    fields = [f for name in items for f in document.all_fields(document.object(name)) if f.wire == "status"]
    known = {each for field in fields for each in field.spec.get("enum", [value])}
    if value not in known:
        raise SchemaError(f"{where}: status must be one of {', '.join(sorted(known))}, not {value!r}")


def _follow(document: Document, where: str, items: list[str], path: list[str], part: str | None) -> None:
    """Check that the path exists in at least one of the items, and that the part is on it."""
    classes = items
    met_part = part is None
    for key in path:
        if key.endswith("_index"):
            continue  # selects an element of the list that the key before it names
        fields = [f for name in classes for f in document.all_fields(document.object(name)) if f.wire == key]
        if not fields:
            lacking = " and ".join(classes) or "a string"
            raise SchemaError(f"{where}: the path fails at {key}, which {lacking} lacks")
        below = [
            name for field in fields for target in references(field.spec) for name in document.objects(target)
        ]
        parts = [name for name in below if part in document.tags(name)]
        met_part = met_part or bool(parts)
        classes = parts or below
    if not met_part:
        raise SchemaError(f"{where}: the path contains no {part}")
