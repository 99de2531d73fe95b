"""Descriptions of the fields of models: their docstrings, read from the source at first use.

pydantic can read them when it makes a class, but then the first response takes a fifth longer.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from functools import cache
from inspect import cleandoc, getsource
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ._base import Model

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.fields import FieldInfo

__all__ = ["described_fields", "described_schema"]


def described_fields(cls: type[Model]) -> Mapping[str, FieldInfo]:
    """Return the fields of a model, each with its description."""
    descriptions = _descriptions(cls)
    for name, field in cls.__pydantic_fields__.items():
        if field.description is None:
            field.description = descriptions.get(name)
    return cls.__pydantic_fields__


def described_schema(cls: type[Model], schema: Any, handler: GetJsonSchemaHandler) -> Any:
    """Return the JSON schema of a model with the descriptions of its fields."""
    properties: dict[str, Any] = handler.resolve_ref_schema(schema).get("properties", {})
    for name, field in described_fields(cls).items():
        for key in {name, field.serialization_alias or name} & properties.keys():
            if field.description is not None:
                properties[key].setdefault("description", field.description)
    return schema


@cache
def _descriptions(cls: type) -> dict[str, str]:
    """Return the docstrings of the fields of a class, by name; those of its bases are included."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if issubclass(base, Model):
            found |= _docstrings(base.__module__).get(base.__qualname__, {})
    return found


@cache
def _docstrings(module: str) -> dict[str, dict[str, str]]:
    """Return the docstrings of the fields of all classes in a module; a module without source has none."""
    try:
        tree = ast.parse(getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError):
        return {}
    return {node.name: _of_class(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> dict[str, str]:
    found: dict[str, str] = {}
    for field, text in pairwise(node.body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = " ".join(cleandoc(said).split())
            case _:
                pass
    return found
