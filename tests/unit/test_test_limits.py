"""The time limits of tests: no outcome depends on how busy the machine is.

A limit in which something has to happen is `PATIENT`, so that only what hangs reaches it. A limit that has to pass is
`SOON` or `SHORT`, a pause is `settle`. All are in `tests/waits.py`; numbers are for tests with a clock that is not real.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from waits import PATIENT

pytestmark = pytest.mark.no_cover  # it reads the sources

TESTS = Path(__file__).parent.parent
ELSEWHERE = {
    "agent_server.py",
    "benchmarks",
    "fast_server.py",
    "golden",
    "mutants",
    "soak",
    "typing",
    "waits.py",
}
"""Folders and files of what is not run as a test, runs in a process of its own, or is there to measure."""
REAL = {"faults", "integration"}
"""Folders in which all time is real."""
NOT_REAL = ("VirtualClock", "fake_io", "fake_socket", "rate_servers")
"""Modules with one of these names move the time by themselves."""

WAITS = {
    "acquire",
    "communicate",
    "fail_after",
    "join",
    "move_on_after",
    "result",
    "settimeout",
    "wait",
    "wait_for",
}
"""Methods that wait in real time, with a limit among their arguments, or by name."""
UNREAL = {"client.batches.wait", "client.vector_stores.files.wait", "story.wait"}
"""Methods of tests that are called so, and only move a time."""
LIMITS = {
    "connect_timeout",
    "deadline",
    "idle_timeout",
    "ping_interval",
    "ping_timeout",
    "time_limit",
    "timeout",
    "tool_timeout",
    "write_timeout",
}
"""Names of options that limit a time."""
DEADLINES = {"Timeout", "after", "timeout"}
"""Functions that make a limit."""
SLEEPS = {"anyio.sleep", "asyncio.sleep", "time.sleep", "trio.sleep"}
CLOCKS = {"monotonic", "perf_counter"}


def short(node: ast.AST | None, floor: float) -> bool:
    """Whether it is a number of seconds above 0 and below a floor."""
    value = node.value if isinstance(node, ast.Constant) else None
    return type(value) in (int, float) and 0 < value < floor


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def reads_clock(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Call) and name_of(each.func) in CLOCKS for each in ast.walk(node))


def in_call(call: ast.Call, floor: float) -> Iterator[str]:
    name = name_of(call.func)
    whole = ast.unparse(call.func) if name == "sleep" or name in WAITS else name
    is_wait = name in WAITS and whole not in UNREAL | {name}
    given = [*call.args, *(option.value for option in call.keywords if option.arg in ("read", "timeout"))]
    if whole in SLEEPS and ast.unparse(call.args[0]) not in ("0", "LONG"):
        yield "a sleep"
    elif is_wait and any(short(each, PATIENT) for each in given):
        yield "a wait"
    elif any(option.arg in LIMITS and short(option.value, floor) for option in call.keywords) or (
        name in DEADLINES and any(short(each, floor) for each in given)
    ):
        yield "a limit"


def in_node(node: ast.AST, floor: float) -> Iterator[str]:
    if isinstance(node, ast.Call):
        yield from in_call(node, floor)
    elif isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        if any(
            isinstance(key, ast.Constant) and key.value in LIMITS and short(value, floor)
            for key, value in pairs
        ):
            yield "a limit"
    elif isinstance(node, ast.Compare) and reads_clock(node.left):
        if any(isinstance(op, (ast.Lt, ast.LtE)) for op in node.ops) and short(node.comparators[-1], PATIENT):
            yield "a bound"
    elif isinstance(node, ast.BinOp) and reads_clock(node.left) and short(node.right, PATIENT):
        yield "a bound"


def found(source: str, *, is_real: bool = False) -> list[str]:
    """Return the parts that depend on the speed of the machine, by line."""
    moves_time = any(name in source for name in NOT_REAL)
    floor = PATIENT if is_real else 0 if moves_time else 1
    nodes = sorted(
        (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.expr)),
        key=lambda node: node.lineno,
    )
    return [
        f"{node.lineno}: {kind}: {ast.unparse(node)[:100]}" for node in nodes for kind in in_node(node, floor)
    ]


def test_no_test_depends_on_the_speed_of_the_machine() -> None:
    paths = [
        path for path in sorted(TESTS.rglob("*.py")) if not ELSEWHERE & set(path.relative_to(TESTS).parts)
    ]
    lines = {
        path.relative_to(TESTS): found(path.read_text(encoding="utf-8"), is_real=bool(REAL & set(path.parts)))
        for path in paths
    }
    assert [f"{path}:{line}" for path, each in lines.items() for line in each] == []


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("time.sleep(0.01)", "a sleep"),
        ("await anyio.sleep(seconds)", "a sleep"),
        ("event.wait(5)", "a wait"),
        ("assert lock.acquire(timeout=2)", "a wait"),
        ("with anyio.fail_after(1): pass", "a wait"),
        ("create(timeout=0.1)", "a limit"),
        ("options = {'deadline': 0.1}", "a limit"),
        ("Deadline.after(0.05)", "a limit"),
        ("httpx.Timeout(PATIENT, read=0.05)", "a limit"),
        ("assert time.monotonic() - start < 1", "a bound"),
        ("until = time.monotonic() + 5", "a bound"),
    ],
)
def test_number_of_seconds_is_noticed(source: str, kind: str) -> None:
    assert [line.split(": ")[1] for line in found(source)] == [kind]


@pytest.mark.parametrize(
    "source",
    [
        "await asyncio.sleep(0)",
        "await anyio.sleep_forever()",
        "event.wait(PATIENT)",
        "create(timeout=SHORT)",
        "assert time.monotonic() - start >= 0.1",
        "with VirtualClock(): create(deadline=0.5)",
        "client.responses.wait(response, poll_interval=0)",
        "create(timeout=5)",
    ],
)
def test_named_limits_and_times_that_are_not_real_are_fine(source: str) -> None:
    assert found(source) == []


def test_limits_of_seconds_are_noticed_where_all_time_is_real() -> None:
    assert found("create(timeout=5)", is_real=True)
