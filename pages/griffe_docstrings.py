"""An extension of griffe: docstrings as `help` shows them, where the package completes them when it is loaded."""

from __future__ import annotations

import inspect
import re
from functools import reduce
from importlib import import_module
from typing import Any

import griffe

__all__ = ["RuntimeDocstrings"]


class RuntimeDocstrings(griffe.Extension):
    """Takes the docstrings of methods of namespaces from the loaded package."""

    def on_function(self, *, func: griffe.Function, loader: Any, **kwargs: Any) -> None:
        """Replace the docstring of a method that has another one at run time."""
        module = func.module.path
        if func.docstring is None or not module.startswith("responses_client.resources."):
            return
        names = func.path.removeprefix(f"{module}.").split(".")
        found: Any = reduce(getattr, names, import_module(module))
        if not inspect.isfunction(found):
            return
        func.docstring.value = _with_types(inspect.cleandoc(found.__doc__ or ""), found, {*names_of(func)})


def names_of(func: griffe.Function) -> list[str]:
    """Return the names of the parameters with types in the signature."""
    return [parameter.name for parameter in func.parameters]


def _with_types(text: str, function: Any, typed: set[str]) -> str:
    """Return a docstring with the types of keywords that are the keys of a dict type."""
    before, title, after = text.partition("Args:\n")
    rows, end, rest = after.partition("\n\n")
    found = inspect.signature(function).parameters

    def row(match: re.Match[str]) -> str:
        name = match[1]
        if name in typed or name not in found:
            return match[0]
        return f"    {name} ({str(found[name].annotation).strip(chr(39))}): "

    return before + title + re.sub(r"^    (\w+): ", row, rows, flags=re.MULTILINE) + end + rest
