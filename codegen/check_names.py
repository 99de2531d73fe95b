"""Checks of names: those that Python refuses, that hide a method of a model, and that two schemas share."""

import ast
from collections.abc import Iterator
from functools import cache
from keyword import iskeyword
from pathlib import Path

from pydantic import BaseModel

from .dialect import CLASSES, UNKNOWN
from .schema import Document, Object, Operation, SchemaError, Union

__all__ = ["RESERVED", "check_area_name", "check_names", "taken_names"]

_PACKAGE = Path(__file__).parent.parent / "responses_client"
_SOURCES = {"Model": "models/_base.py", "Result": "models/_base.py", "HasRequestId": "_base/http.py"}
_FILES = frozenset({"params"})  # other modules of `models/` without an underscore

_BY_HAND = frozenset({"Model", "Result", "UnknownModel", "UnknownWebhookData", *UNKNOWN})
_IN_PARAMS = frozenset(
    {
        "FileInput",
        "Literal",
        "Mapping",
        "OpenRequestOptions",
        "Required",
        "Sequence",
        "TYPE_CHECKING",
        "TypeAlias",
        "TypedDict",
    }
)
RESERVED = (
    frozenset(
        {
            *{
                "Annotated",
                "Any",
                "AsyncPager",
                "BinaryOperation",
                "Callable",
                "Count",
                "Details",
                "EMPTY",
                "Field",
                "Int",
                "Items",
                "JsonObject",
            },
            *{
                "None",
                "Number",
                "Open",
                "OpenUnion",
                "Operation",
                "Page",
                "PagedOperation",
                "READ_ONLY",
                "Str",
            },
            *{
                "StrictBool",
                "StrictInt",
                "TEXT_OR",
                "TOTAL",
                "Total",
                "True",
                "TransferProgress",
                "Unpack",
                "False",
            },
            *CLASSES,
        }
    )
    | _BY_HAND
    | _IN_PARAMS
)
"""Names that generated modules import or define; a schema of such a name would hide them."""


def check_names(document: Document) -> None:
    """Raise SchemaError for the first name that Python or another schema does not allow."""
    seen: dict[str, str] = {}
    for where, name in _declared(document):
        if not name.isidentifier() or iskeyword(name) or not name[0].isupper():
            raise SchemaError(
                f"{where}: the name {name} must begin with a capital and be a Python identifier"
            )
        if name in (RESERVED if name in document.schemas else _BY_HAND | _IN_PARAMS):
            raise SchemaError(f"{where}: the name {name} is taken by the package")
        if name in seen:
            raise SchemaError(f"{where}: the name {name} is taken by {seen[name]}")
        seen[name] = where
    results = {name for op in document.operations if op.result for name in document.objects(op.result)}
    for item in document.schemas.values():
        if isinstance(item, Object):
            _check_fields(document, item, taken_names(_python_base(document, item, results)))
    for operation in document.operations:
        _check_operation(document, operation)


def check_area_name(module: str) -> None:
    """Raise SchemaError for a file with a module that could not be imported, or that another generator writes."""
    if not module.isidentifier() or iskeyword(module) or module.startswith("_") or module in _FILES:
        raise SchemaError(f"{module}.yaml: the name of the file must be free as the name of a Python module")


@cache
def taken_names(base: str) -> frozenset[str]:
    """Return the public attributes of a hand-written class: pydantic's, and those that its source defines.

    The source is read and not imported: the generator must work where generated files are broken.
    """
    path = _SOURCES.get(base) or f"models/{CLASSES[base]}.py"
    tree = ast.parse((_PACKAGE / path).read_text("utf-8"))
    node = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == base)
    bases = [name.id for name in node.bases if isinstance(name, ast.Name)]
    above = [taken_names(name) for name in bases if name in _SOURCES or name in CLASSES]
    names = {*dir(BaseModel), *_attributes(node)}.union(*above)
    return frozenset(name for name in names if not name.startswith("_"))


def _attributes(node: ast.AST) -> Iterator[str]:
    """Yield the names that the body of a class defines, also under an `if`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield child.name
        elif isinstance(child, ast.AnnAssign | ast.Assign):
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(child, ast.If):
            yield from _attributes(child)


def _python_base(document: Document, item: Object, results: set[str]) -> str:
    if item.base:
        return _python_base(document, document.object(item.base), results)
    return item.python_base or ("Result" if item.name in results else "Model")


def _declared(document: Document) -> Iterator[tuple[str, str]]:
    """Yield all names of types that are made of a schema, each with the place that asks for it."""
    for schema in document.schemas.values():
        where = f"{schema.module}.yaml: {schema.name}"
        yield where, schema.name
        if isinstance(schema, Object):
            yield from ((where, name) for name in (schema.request or f"{schema.name}Param",))
            yield from ((where, name) for name, _ in schema.without)
        if isinstance(schema, Union):
            yield where, f"{schema.name}Param"
            yield from ((where, name) for name in (schema.list_name,) if name)


def _check_fields(document: Document, item: Object, taken: frozenset[str]) -> None:
    where = f"{item.module}.yaml: {item.name}"
    for field in item.fields:
        cure = "give it an x-python-name" if field.name == field.wire else "choose another x-python-name"
        if not field.wire.isidentifier() or field.wire.startswith("_"):
            raise SchemaError(
                f"{where}.{field.wire}: a property must be a Python identifier without _ before it"
            )
        if not field.name.isidentifier() or field.name.startswith("_"):
            raise SchemaError(f"{where}.{field.wire}: x-python-name {field.name} must be a Python identifier")
        if iskeyword(field.name):
            raise SchemaError(f"{where}.{field.wire}: {field.name} is a keyword of Python; {cure}")
        if field.name in taken:
            raise SchemaError(f"{where}.{field.wire}: {field.name} hides an attribute of the class; {cure}")
    names: dict[str, str] = {}
    for field in document.all_fields(item):
        other = names.setdefault(field.name, field.wire)
        if other != field.wire:
            raise SchemaError(f"{where}.{field.wire}: {other} has the Python name {field.name} too")


def _check_operation(document: Document, operation: Operation) -> None:
    where = f"operations.yaml: {operation.resource}.{operation.method}"
    fields = document.all_fields(document.object(operation.request)) if operation.request else ()
    if twice := sorted({field.wire for field in fields}.intersection(operation.arguments)):
        raise SchemaError(f"{where}: {twice[0]} is a name in the path and a field of {operation.request}")
