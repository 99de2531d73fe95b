"""An extension of griffe: docstrings as `help` shows them, where the package completes them when it is loaded."""

from __future__ import annotations

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
        if isinstance(found.__doc__, str):
            func.docstring.value = griffe.Docstring(found.__doc__).value
