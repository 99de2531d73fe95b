"""Models and dict types as their source declares them: fields with type, default and docstring; pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import TypeAlias

__all__ = ["Declared", "Property", "declared", "type_text"]

FOLDER = Path(__file__).parents[1] / "responses_client" / "models"
_PLAIN = {"Int": "int", "Str": "str", "Count": "int", "Total": "int", "Number": "float", "StrictBool": "bool"}
_INNER = frozenset({"Annotated", "Details", "Required", "NotRequired", "ReadOnly"})


@dataclass(frozen=True)
class Property:
    """A field of a class."""

    name: str
    type: str
    is_required: bool
    text: str


@dataclass(frozen=True)
class Declared:
    """A class or an alias of a module: its bases, its docstring, and its own fields."""

    name: str
    module: str
    bases: tuple[str, ...]
    text: str
    properties: tuple[Property, ...]
    alias: str = ""


@cache
def declared() -> dict[str, Declared]:
    """Return all that the modules of `responses_client.models` declare, by name."""
    found: dict[str, Declared] = {}
    for path in sorted(FOLDER.glob("*.py")):
        for node in _statements(ast.parse(path.read_text("utf-8")).body):
            for each in _declarations(node, path.stem):
                found.setdefault(each.name, each)
    return found


_Pair: TypeAlias = tuple[ast.stmt, ast.stmt | None]


def _statements(body: list[ast.stmt]) -> Iterator[_Pair]:
    """Yield the statements, each with the one after it, which may be its docstring; as type checkers see them."""
    for node, following in zip(body, [*body[1:], None], strict=False):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from _statements(node.body)
            yield from _statements(node.orelse)
        else:
            yield (node, following)


def _declarations(pair: _Pair, module: str) -> Iterator[Declared]:
    node, following = pair
    if isinstance(node, ast.ClassDef):
        bases = tuple(ast.unparse(base) for base in node.bases)
        text = cleandoc(ast.get_docstring(node) or "")
        yield Declared(node.name, module, bases, text, tuple(_properties(node)))
    elif (
        isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and ast.unparse(node.annotation) == "TypeAlias"
        and node.value is not None
    ):
        yield Declared(node.target.id, module, (), _docstring(following), (), type_text(node.value))


def _properties(node: ast.ClassDef) -> Iterator[Property]:
    is_dict = not any(ast.unparse(base) in ("Model", "Result") for base in node.bases) and node.name.endswith(
        ("Param", "Params", "Fields")
    )
    for field, following in zip(node.body, [*node.body[1:], None], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if field.target.id.startswith("_") or "ClassVar" in ast.unparse(field.annotation):
            continue
        text = ast.unparse(field.annotation)
        required = "Required[" in text if is_dict else field.value is None
        yield Property(field.target.id, type_text(field.annotation), required, _docstring(following))


def _docstring(node: ast.stmt | None) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return cleandoc(text)
        case _:
            return ""


def type_text(node: ast.expr) -> str:
    """Return a type as a reader needs it: without marks, and values in place of `Literal`."""
    match node:
        case ast.Constant(value=str(text)):
            return type_text(ast.parse(text, mode="eval").body)
        case ast.Name(id=name):
            return _PLAIN.get(name, name)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            parts = [part for side in (left, right) for part in type_text(side).split(" | ")]
            return " | ".join(dict.fromkeys(parts))
        case ast.Subscript(value=ast.Name(id=name), slice=inner):
            return _subscript(name, inner)
        case _:
            return ast.unparse(node)


def _subscript(name: str, inner: ast.expr) -> str:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name == "Literal":
        return " | ".join(
            f'"{part.value}"'
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
            else ast.unparse(part)
            for part in parts
        )
    if name == "Open":
        return f"{type_text(parts[0])} | str"
    if name in _INNER:
        return type_text(parts[0])
    if name == "Items":
        return f"list[{type_text(parts[0])}]"
    return f"{name}[{', '.join(map(type_text, parts))}]"
