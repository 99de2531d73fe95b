"""The house: which room may import which, and which modules may touch the world outside.

`docs/architecture.md` shows the rooms to readers. The lists here are exact: an import that is new and one that is gone
both fail, so a permission that nothing needs any more does not stay.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import responses_client

pytestmark = pytest.mark.no_cover  # it reads the sources

PACKAGE = "responses_client"
ROOT = Path(responses_client.__file__).parent
HERE = Path(__file__).parent

FLOORS = (
    ("_version", "_base", "errors"),
    ("models",),
    ("_events",),
    ("_transport",),
    ("_calls",),
    ("_streaming",),
    ("_structured",),
    ("_websocket",),
    ("_tools",),
    ("_mcp_tools", "mcp"),
    ("_runs",),
    ("_map",),
    ("_report", "inspect"),
    ("_telemetry", "otel"),
    ("_webhook_signatures", "_batch_files", "_warm_up"),
    ("_batches",),
    ("_client_core", "_client_base", "_client", "resources"),
    ("_official", "openai"),
    ("testing",),
    ("_cli", "__main__"),
)
"""Rooms from the top of the house to the bottom: a module imports from its own floor and from those above it."""

DOORS = {
    # Methods of models, for the user's convenience: `response.as_input()`, `InputImage.from_path(...)`.
    ("models._results", "_calls.output_as_input", "call"),
    ("models._results", "_structured.parsed", "type"),
    ("models._results", "_tools.typed_calls", "call"),
    ("models._results", "_tools.parse_params", "type"),
    ("models._results", "_batch_files", "call"),
    # Values beside fields: `call.parsed_arguments`.
    ("models._results", "_structured.outcomes", "call"),
    ("models._results", "_structured.outcomes", "type"),
    ("models._attachments", "_calls.attachments", "call"),
    ("models._attachments", "_client", "type"),
    # Attributes of errors: the partial response, the event, the run so far.
    ("errors", "models", "type"),
    ("_base.stream_failures", "models", "type"),
    ("errors", "_runs.result", "type"),
}
"""The imports that point down all the same: from, to, and when (at "import", in a "call", or for a "type" alone)."""

OUTSIDE = {
    "anyio": {
        "_base.clock",
        "_batches.job",
        "_map.response_map",
        "_map.tasks",
        "_mcp_tools.connection",
        "_mcp_tools.server",
        "_runs.workers",
        "_transport.aiohttp_answers",
        "_transport.aiohttp_bodies",
        "_transport.aiohttp_io",
        "_transport.aiohttp_requests",
        "_transport.asynchronous",
        "_transport.bodies",
        "_transport.failures",
        "_transport.keyed_locks",
        "_transport.loop_pools",
        "_transport.lost_connections",
        "_transport.network",
        "_transport.stream_limits",
        "_transport.timed_reads",
        "_transport.websocket",
    },
    "asyncio": {
        "_transport.aiohttp_bodies",
        "_transport.aiohttp_io",
        "_transport.aiohttp_requests",
        "_transport.loop_pools",
        "_transport.timed_reads",
        "_transport.websocket",
    },
    "concurrent": {"_transport.threads"},
    "environ": {
        "_calls.settings",
        "_cli.last_response",
        "_cli.terminal",
        "_transport.environment",
    },
    "httpcore": set[str](),
    "httpx": {
        "_transport.asynchronous",
        "_transport.auth_flow",
        "_transport.environment",
        "_transport.http_library",
        "_transport.loop_pools",
        "_transport.pools",
        "_transport.sync",
        "_transport.websocket",
    },
    "selectors": {"_transport.sockets", "_transport.websocket"},
    "socket": {"_transport.aiohttp_io", "_transport.network", "_transport.sockets"},
    "ssl": {
        "_transport.environment",
        "_transport.failures",
        "_transport.framing",
        "_transport.websocket",
    },
    "subprocess": set[str](),
    "threading": {
        "_base.forks",
        "_calls.uploads",
        "_map.journal",
        "_map.response_map",
        "_map.threads",
        "_map.throttle",
        "_mcp_tools.connection",
        "_runs.workers",
        "_transport.keyed_locks",
        "_transport.network",
        "_transport.pools",
        "_transport.stream_limits",
        "_transport.sync",
        "_transport.threads",
        "_transport.websocket",
        "_websocket.connection",
        "models._first_builds",
    },
    "time": {
        "_base.clock",
        "_map.threads",
        "_runs.executor",
        "_telemetry.otel",
    },
    "trio": {"_transport.websocket"},
}
"""Who may import what has I/O, threads or a clock at run time, or read `os.environ`; all other modules are pure."""


class Arrow(NamedTuple):
    """One import of a module of the package: from, to, and when."""

    source: str
    target: str
    when: str


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}
SOURCES = {name: path.read_text(encoding="utf-8") for name, path in MODULES.items() if name}


@cache
def imports(source: str) -> list[tuple[ast.Import | ast.ImportFrom, str]]:
    """Return each import of a module and when it is carried out."""

    def visit(node: ast.AST, when: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.Import, ast.ImportFrom)):
                yield child, when
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from visit(child, "call")
            elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                yield from visit(ast.Module(child.body, []), "type")
                yield from visit(ast.Module(child.orelse, []), when)
            else:
                yield from visit(child, when)

    return [*visit(ast.parse(source), "import")]


def arrows(name: str, source: str) -> Iterator[Arrow]:
    """Yield the imports of other modules of the package."""
    package = [PACKAGE, *name.split(".")]
    if name and MODULES[name].name != "__init__.py":
        package.pop()
    for node, when in imports(source):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        else:
            above = package[: len(package) - node.level + 1] if node.level else []
            whole = ".".join([*above, *filter(None, [node.module])])
            targets = [f"{whole}.{alias.name}" for alias in node.names]
        for target in targets:
            if target.split(".")[0] != PACKAGE:
                continue
            inside = target.removeprefix(f"{PACKAGE}.")
            yield Arrow(name, inside if inside in MODULES else inside.rpartition(".")[0], when)


def floor(name: str) -> int:
    room = name.split(".")[0]
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def downward(found: Iterator[Arrow]) -> set[Arrow]:
    """Pick the arrows that point down the list of rooms."""
    return {arrow for arrow in found if arrow.target and floor(arrow.target) > floor(arrow.source)}


@cache
def touched(source: str) -> set[str]:
    """Return the names that a module imports or reads of the world outside."""
    found = {
        module.split(".")[0]
        for node, when in imports(source)
        if when != "type"
        for module in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        )
        if not getattr(node, "level", 0)
    }
    reads = {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
    return (found & OUTSIDE.keys()) | ({"environ"} if reads & {"environ", "getenv"} else set())


def test_rooms_import_only_rooms_above_them_but_by_doors() -> None:
    found = {arrow for name, source in SOURCES.items() for arrow in downward(arrows(name, source))}
    assert found == {Arrow(*door) for door in DOORS}


def test_every_module_is_in_a_room() -> None:
    assert {name.split(".")[0] for name in SOURCES} == {room for rooms in FLOORS for room in rooms}


def test_nothing_is_imported_in_a_circle() -> None:
    below = {
        name: {arrow.target for arrow in arrows(name, source) if arrow.when == "import"} - {name, ""}
        for name, source in SOURCES.items()
    }
    while free := {name for name, targets in below.items() if not targets & below.keys()}:
        below = {name: targets for name, targets in below.items() if name not in free}
    assert below == {}


@pytest.mark.parametrize("thing", OUTSIDE)
def test_world_outside_is_touched_only_where_it_may(thing: str) -> None:
    users = {
        name
        for name, source in SOURCES.items()
        if not name.startswith("testing") and thing in touched(source)
    }
    assert users == OUTSIDE[thing]


@pytest.mark.parametrize(
    ("source", "arrow"),
    [
        ("from ..models import Response", Arrow("_base.retry", "models", "import")),
        ("def late():\n    from .._calls import attempts", Arrow("_base.retry", "_calls.attempts", "call")),
        (
            "if TYPE_CHECKING:\n    from responses_client._client import Client",
            Arrow("_base.retry", "_client", "type"),
        ),
        (
            "class A:\n    def b(self):\n        import responses_client._cli",
            Arrow("_base.retry", "_cli", "call"),
        ),
    ],
)
def test_new_import_that_points_down_is_noticed(source: str, arrow: Arrow) -> None:
    assert downward(arrows("_base.retry", source)) == {arrow}


@pytest.mark.parametrize(
    ("source", "thing"),
    [
        ("import socket", "socket"),
        ("from time import sleep", "time"),
        ("import os\nos.environ['A']", "environ"),
    ],
)
def test_new_use_of_the_world_outside_is_noticed(source: str, thing: str) -> None:
    assert touched(source) == {thing}


def test_architecture_page_lists_the_rooms_in_this_order() -> None:
    page = (ROOT.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    shown = re.findall(r"^### .*?`(_\w+|models)/`", page, re.MULTILINE)
    folders = [room for rooms in FLOORS for room in rooms if (ROOT / room).is_dir()]
    assert shown == [room for room in folders if room not in ("resources", "testing")]


def test_every_module_of_a_room_has_a_test_file() -> None:
    rooms = {room for rooms in FLOORS for room in rooms if (ROOT / room).is_dir()} - {"resources", "testing"}
    paths = [path.relative_to(ROOT) for room in rooms for path in (ROOT / room).glob("*.py")]
    by_hand = [
        path for path in paths if "\n# GENERATED " not in (ROOT / path).read_text(encoding="utf-8")[:500]
    ]
    tests = {path: Path(path.parent.name.lstrip("_"), f"test_{path.stem.lstrip('_')}.py") for path in by_hand}
    missing = [
        str(test) for path, test in tests.items() if path.name != "__init__.py" and not (HERE / test).exists()
    ]
    assert sorted(missing) == []
