"""The text of `models/_unions.py`: plain unions for type checkers, dispatchers by `type` at run time."""

from .layout import docstring, exports, fold, header, import_line
from .schema import Document, Union

__all__ = ["emit"]

_OF_THE_ASSISTANT = "OutputMessage"


def emit(document: Document) -> str:
    """Return the text of `models/_unions.py`."""
    unions = document.unions()
    modules: dict[str, set[str]] = {}
    for name in {name for union in unions for name in union.members}:
        if not isinstance(schema := document.schemas[name], Union):
            modules.setdefault(schema.module, set()).add(name)
    doc = "The open unions: a plain union for type checkers, a dispatcher by `type` at run time."
    lines = header(doc, "codegen/schema")
    lines += ["from typing import TYPE_CHECKING, TypeAlias", ""]
    lines += ["from ._base import OpenUnion", "", "if TYPE_CHECKING:"]
    lines += import_line("._unknown", {union.unknown for union in unions}, "    ")
    for module, names in sorted(modules.items()):
        lines += import_line(f".{module}", names, "    ")
    lines += ["", *exports(union.name for union in unions), "", "if TYPE_CHECKING:"]
    for union in unions:
        # The unknown class of a nested union is a member of that union only.
        members = list(dict.fromkeys([*union.members, union.unknown]))
        lines += fold(f"    {union.name}: TypeAlias = ", members, joint=" | ", brackets="()")
        lines += docstring(union.description)
    lines += ["else:"]
    for number, union in enumerate(unions):
        lines += [*([""] if number else []), *_dispatcher(document, union)]
    return "\n".join(lines) + "\n"


def _dispatcher(document: Document, union: Union) -> list[str]:
    lines = [f"    class {union.name}(OpenUnion):", *docstring(union.description, "        "), ""]
    lines += ["        members = {"]
    nested = [name for name in union.members if isinstance(document.schemas[name], Union)]
    below = {tag: classes for name in nested for tag, classes in _table(document, name).items()}
    lines += [f"            **{name}.members," for name in nested]
    for tag, classes in _table(document, union.name).items():
        if below.get(tag) != classes:
            lines.append(f'            "{tag}": "{" ".join(classes)}",')
    lines.append("        }")
    if union.infer_type:
        pairs = [f'"{field}": "{tag}"' for field, tag in union.infer_type.items()]
        lines.append(f"        untagged = {{{', '.join(pairs)}}}")
    if union.unknown != "UnknownObject":
        lines.append(f'        unknown = "{union.unknown}"')
    return lines


def _table(document: Document, union: str) -> dict[str, list[str]]:
    """Return the classes of each tag; of two, `OpenUnion` uses the first for messages of the assistant."""
    table: dict[str, list[str]] = {}
    for name in document.objects(union):
        for tag in document.tags(name):
            table.setdefault(tag, []).append(f"{document.schemas[name].module}.{name}")
    for classes in table.values():
        classes.sort(key=lambda entry: not entry.endswith(f".{_OF_THE_ASSISTANT}"))
    return table
