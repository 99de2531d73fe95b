"""The reference pages of clients, namespaces and public names; mkdocstrings fills in the docstrings.

A name belongs to the page of the room that defines it, and a public module to a page of its own, so that a new name
needs a line here only where its room or its module is new.
"""

from __future__ import annotations

import ast
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import responses_client
from responses_client.errors import ConfigurationError

__all__ = ["Namespace", "home_of_name", "name_pages", "namespaces", "public_modules"]

_TOP = "responses_client"

# Page: title, text, and the modules (or single names) that it is about. The longest match wins.
_ROOMS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "client": (
        "Clients",
        "The clients, and the options of clients and calls.",
        ("_client", "_calls.client_options", "_base.options", "_structured.cast"),
    ),
    "streams": ("Streams", "What `stream=True` and `responses.stream` return.", ("_streaming",)),
    "structured-output": (
        "Structured output",
        "Answers as values of your types.",
        ("_structured",),
    ),
    "tools-and-runs": ("Tools and runs", "Tools, and the loop that calls them.", ("_tools", "_runs")),
    "many-requests": (
        "Many requests",
        "What `responses.map` takes and gives, and the progress that it reports.",
        ("_map", "_base.progress"),
    ),
    "websocket-sessions": (
        "WebSocket sessions",
        "What `responses.connect` returns.",
        ("_websocket", "_calls.params"),
    ),
    "batch-files": (
        "Batch files",
        "Files of requests, and files of results.",
        ("_batch", "_batches", "BatchLineParams"),
    ),
    "answers": (
        "Answers, pages and hooks",
        "The facts of an answer, pages of lists, what hooks get, and types of values.",
        ("_base", "_calls.hooks", "_calls.pagination"),
    ),
}
_FURTHER = (
    "Further names",
    "Names of rooms that have no page of their own: `_ROOMS` of `pages/names.py` lists those.",
)
# Public modules: title and text.
_MODULES: Mapping[str, tuple[str, str]] = {
    "errors": ("Errors", "All errors, also importable from `responses_client`; see [errors](../errors.md)."),
    "inspect": ("Pages of runs", "Pages of HTML with a timeline; see [look at a run](../inspect.md)."),
    "mcp": ("MCP servers", "The tools of MCP servers in runs; see [MCP servers](../mcp.md)."),
    "openai": (
        "OpenAI clients",
        "Official clients that send by this package; see [programs that take an official client](../openai.md).",
    ),
    "otel": ("OpenTelemetry", "Spans and metrics; see [observability](../observability.md)."),
    "testing": ("Testing", "The embedded server; see [testing](../testing.md)."),
}
_NOT_REFERRED = frozenset({"models", "resources"})  # have pages of another form


@dataclass(frozen=True)
class Namespace:
    """An attribute of a client that has methods, such as `responses.input_items`."""

    path: str
    sync: type
    asynchronous: type

    @property
    def page(self) -> str:
        """The page in the reference."""
        return f"client-{self.path.replace('.', '-').replace('_', '-')}.md"


def public_modules() -> Mapping[str, list[str]]:
    """Return the names of each public module, without those of models and namespaces; none of them is imported.

    A module may need packages that are not installed here.
    """
    found: dict[str, list[str]] = {}
    for module in pkgutil.iter_modules(responses_client.__path__):
        if not module.name.startswith("_") and module.name not in _NOT_REFERRED:
            for node in _source(module.name).body:
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                    found[module.name] = ast.literal_eval(node.value)
    return found


def _source(module: str) -> ast.Module:
    path = Path(responses_client.__path__[0], module)
    return ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8"))


def _where() -> Mapping[str, str]:
    """Return the module, below the package, of each name that the package exports at its top."""
    found: dict[str, str] = vars(responses_client)["_WHERE"]
    return found


@cache
def home_of_name() -> Mapping[str, str]:
    """Return the page of each public name, by its path in the package."""
    homes: dict[str, str] = {}
    for module, names in public_modules().items():
        for name in names:
            homes[f"{_TOP}.{module}.{name}"] = f"{module}.md"
    for name, module in _where().items():
        if f"{_TOP}.{module}.{name}" not in homes:
            homes[f"{_TOP}.{name}"] = f"{_room(module, name)}.md"
    return homes


def _room(module: str, name: str) -> str:
    """Return the page of the room that a module is in; names of rooms without a page are together on one."""
    named = [page for page, (_, _, rooms) in _ROOMS.items() if name in rooms]
    keys = [
        (len(key), page)
        for page, (_, _, rooms) in _ROOMS.items()
        for key in rooms
        if module == key or module.startswith((f"{key}.", f"{key}_"))
    ]
    return named[0] if named else max(keys, default=(0, "further"))[1]


@cache
def namespaces() -> tuple[Namespace, ...]:
    """Return the namespaces of clients, each before those in it."""
    return tuple(_namespaces("", responses_client.Client, responses_client.AsyncClient))


def _namespaces(above: str, sync: type, asynchronous: type) -> Iterator[Namespace]:
    for name, value in inspect.getmembers_static(sync):
        if isinstance(value, cached_property) and not name.startswith("_"):
            path = f"{above}.{name}".lstrip(".")
            found = Namespace(path, _result(value), _result(inspect.getattr_static(asynchronous, name)))
            yield found
            yield from _namespaces(path, found.sync, found.asynchronous)


def _result(attribute: Any) -> type:
    """Return the class that a cached property returns; modules import it for type checkers only."""
    name = str(attribute.func.__annotations__["return"]).strip('"')
    for found in pkgutil.iter_modules(import_module(f"{_TOP}.resources").__path__):
        module = import_module(f"{_TOP}.resources.{found.name}")
        value = getattr(module, name, None)
        if isinstance(value, type) and value.__module__ == module.__name__:
            return value
    raise LookupError(f"no module of resources defines {name}")


def name_pages() -> dict[str, tuple[str, str]]:
    """Return title and Markdown of each page, by its path in the reference."""
    pages: dict[str, tuple[str, str]] = {}
    for room, (title, text, _) in _ROOMS.items():
        pages[f"{room}.md"] = (title, _page(title, text, f"{room}.md"))
        if room == "client":
            pages |= {each.page: (f"client.{each.path}", _namespace(each)) for each in namespaces()}
    if "further.md" in home_of_name().values():
        pages["further.md"] = (_FURTHER[0], _page(*_FURTHER, "further.md"))
    for module in public_modules():
        title, text = _MODULES[module]
        pages[f"{module}.md"] = (title, _page(title, f"{text}\n\nModule `{_TOP}.{module}`.", f"{module}.md"))
    return pages


def _page(title: str, text: str, page: str) -> str:
    names = [name for name, home in home_of_name().items() if home == page]
    names.sort(key=_order)
    return "\n\n".join([f"# {title}", text, *(_entry(name) for name in names)]) + "\n"


def _order(name: str) -> tuple[str, bool]:
    """Sort an async class right after its sync one."""
    last = name.rpartition(".")[2]
    return last.removeprefix("Async").lower(), last.startswith("Async")


def _entry(name: str) -> str:
    """Return the entry of a name; for an async class, only the members that its sync class lacks."""
    module, _, last = name.rpartition(".")
    other = f"{module}.{last.removeprefix('Async')}"
    if other == name or other not in home_of_name():
        return f"::: {name}"
    try:
        value, sync = (getattr(import_module(module), each.rpartition(".")[2]) for each in (name, other))
    except (ImportError, ConfigurationError):  # its extra is not installed
        return f"::: {name}"
    if not (isinstance(value, type) and isinstance(sync, type) and sync is not value):
        return f"::: {name}"
    if hasattr(value, "__required_keys__"):
        return f"::: {name}"
    text = f"Its members are those of [`{sync.__name__}`](#{module}.{sync.__name__}); its methods are awaited"
    if own := _own(value, sync):
        return f"::: {name}\n    options:\n      members: {own}\n\n{text}; those above are its own."
    return f"::: {name}\n    options:\n      members: false\n\n{text}."


def _own(asynchronous: type, sync: type) -> list[str]:
    """Return the public members that only the async class has."""
    return [
        name
        for name in dir(asynchronous)
        if not name.startswith("_") and not hasattr(sync, name) and name in _members(asynchronous)
    ]


def _members(cls: type) -> set[str]:
    kinds = (FunctionType, property, cached_property, classmethod)
    return {name for base in cls.__mro__ for name, value in vars(base).items() if isinstance(value, kinds)}


def _namespace(found: Namespace) -> str:
    """Return the page of a namespace: its methods, those of endpoints in the order of the schema first."""
    path = f"{found.sync.__module__}.{found.sync.__qualname__}"
    methods = [
        name
        for base in reversed(found.sync.__mro__)
        for name, value in vars(base).items()
        if isinstance(value, FunctionType) and not name.startswith("_")
    ]
    methods = [name for name in _FIRST if name in methods] + [name for name in methods if name not in _FIRST]
    inner = [each for each in namespaces() if each.path.rpartition(".")[0] == found.path]
    links = "".join(f"\n- [`client.{each.path}`]({each.page})" for each in inner)
    return f"""# client.{found.path}

`AsyncClient` has the same methods, to be awaited; where `Client` returns an iterator, it returns an async one.
{f"{chr(10)}In it are further namespaces:{chr(10)}{links}{chr(10)}" if links else ""}
::: {path}
    options:
      show_root_heading: false
      show_root_toc_entry: false
      show_bases: false
      merge_init_into_class: false
      inherited_members: true
      members: {[*dict.fromkeys(methods)]}
"""


_FIRST = ("create", "stream", "parse", "run", "run_stream", "retrieve", "list")
"""Methods by which most programs start; the others follow in the order of the source."""
