"""Writes `models/__init__.py`: all public names, loaded when first used."""

from textwrap import wrap

from .emit_models import header
from .emit_params import names as param_names
from .schema import Document, Object

__all__ = ["emit"]

BASE = (
    "Model",
    "Result",
    "UnknownAnnotation",
    "UnknownContent",
    "UnknownEvent",
    "UnknownItem",
    "UnknownModel",
    "UnknownObject",
    "UnknownTool",
)


def emit(document: Document) -> str:
    """Return the text of `models/__init__.py`."""
    where = dict.fromkeys(BASE, "_base")
    for schema in document.schemas.values():
        where[schema.name] = schema.module if isinstance(schema, Object) else "_unions"
    where |= dict.fromkeys(param_names(document), "params")
    modules: dict[str, list[str]] = {}
    for name in sorted(where):
        modules.setdefault(where[name], []).append(name)
    lines = header("Every model, union and dict type of the API, loaded when first used.", "the schema")
    lines += ["from typing import TYPE_CHECKING", "", "if TYPE_CHECKING:"]
    lines += [f"    from .{module} import *" for module in sorted(modules)]
    lines += ["else:", "    from importlib import import_module", "", "    _NAMES = {"]
    for module in sorted(modules):
        names = wrap(" ".join(modules[module]), 100)
        lines += [f'        "{module}": """', *(f"            {line}" for line in names), '        """,']
    lines += ["    }", "    _MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}"]
    lines += ["    __all__ = sorted(_MODULES)", "", "    def __getattr__(name):"]
    lines += ["        if name not in _MODULES:"]
    lines += ['            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")']
    lines += ['        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)']
    lines += ["        globals()[name] = value", "        return value", ""]
    lines += ["    def __dir__():", "        return __all__"]
    return "\n".join(lines) + "\n"
