"""The text of `models/__init__.py`: all public names, loaded when first used."""

from textwrap import wrap

from .dialect import UNKNOWN
from .emit_params import names as param_names
from .layout import WIDTH, header
from .schema import Document, Union

__all__ = ["emit"]

BY_HAND = {"_base": ("Model", "Result"), "_unknown": ("UnknownModel", "UnknownWebhookData", *UNKNOWN)}
"""The public names of the hand-written modules."""

_LOADER = """\
    }
    _MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}
    __all__ = sorted(_MODULES)

    def __getattr__(name):
        if name not in _MODULES:
            from .._base.foreign_classes import class_hint
            from .._base.foreign_names import missing_name

            raise missing_name(__name__, name, class_hint(name, _MODULES))
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value
        return value

    def __dir__():
        return __all__
"""


def emit(document: Document) -> str:
    """Return the text of `models/__init__.py`."""
    modules: dict[str, list[str]] = {}
    for schema in document.schemas.values():
        module = "_unions" if isinstance(schema, Union) else schema.module
        modules.setdefault(module, []).append(schema.name)
    modules["params"] = param_names(document)
    modules = {module: names for module, names in modules.items() if names}
    lines = header("Every model, union and dict type of the API, loaded when first used.", "codegen/schema")
    lines += ["from typing import TYPE_CHECKING", "", "if TYPE_CHECKING:"]
    for module in sorted({**modules, **BY_HAND}):
        imported = [f"{name} as {name}" for name in sorted(BY_HAND.get(module, ()))] or ["*"]
        lines += [f"    from .{module} import {name}" for name in imported]
    lines += ["else:", "    from importlib import import_module", "", "    _NAMES = {"]
    for module, names in sorted({**modules, **BY_HAND}.items()):
        indent = " " * 12
        lines += [f'        "{module}": """']
        lines += wrap(" ".join(sorted(names)), WIDTH, initial_indent=indent, subsequent_indent=indent)
        lines += ['        """,']
    return "\n".join(lines) + "\n" + _LOADER
