"""Which tools the model gets, under which names, and which wait for approval."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("mcp")

from mcp.types import Tool

from responses_client import ConfigurationError
from responses_client._mcp_tools.selection import selection


def tool(name: str = "write", **hints: bool) -> Tool:
    annotations = hints or None
    return Tool.model_validate({"name": name, "inputSchema": {"type": "object"}, "annotations": annotations})


def names(taken: list[str], given: list[str], prefix: str | None = None) -> list[str]:
    chosen, known = selection(None, (), False, prefix), set(taken)
    found = []
    for name in given:
        found.append(chosen.name(name, "git", known))
        known.add(found[-1])
    return found


@pytest.mark.parametrize(
    ("only", "without", "taken"),
    [
        (None, (), ["a", "b", "c"]),
        (["a", "c"], (), ["a", "c"]),
        (None, ["a"], ["b", "c"]),
        (["a", "b"], ["a"], ["b"]),
        ([], (), []),
    ],
)
def test_tools_are_filtered_by_name(only: Any, without: Any, taken: list[str]) -> None:
    chosen = selection(only, without, False, None)

    assert [name for name in "abc" if chosen.takes(name)] == taken


def test_name_that_another_tool_has_gets_that_of_the_server_before_it() -> None:
    assert names(["status"], ["status", "log", "log"]) == ["git_status", "log", "git_log"]


def test_name_that_is_taken_even_so_gets_a_number() -> None:
    assert names(["status", "git_status", "git_status_2"], ["status"]) == ["git_status_3"]


def test_prefix_is_before_all_names() -> None:
    assert names([], ["status", "log"], "repo-") == ["repo-status", "repo-log"]


@pytest.mark.parametrize(("given", "name"), [("a.b/c d", "a_b_c_d"), ("", "tool"), ("x" * 100, "x" * 64)])
def test_name_has_only_what_the_api_takes(given: str, name: str) -> None:
    assert names([], [given]) == [name]


@pytest.mark.parametrize(
    ("rule", "given", "waits"),
    [
        (True, tool(), True),
        (False, tool(), False),
        (["write"], tool(), True),
        (["other"], tool(), False),
        (lambda one: one.name == "write", tool(), True),
        (lambda one: one.name == "write", tool("read"), False),
        ("destructive", tool(), True),
        ("destructive", tool(destructiveHint=True), True),
        ("destructive", tool(destructiveHint=False), False),
        ("destructive", tool(readOnlyHint=True), False),
        ("destructive", tool(readOnlyHint=False), True),
    ],
)
def test_rule_says_which_calls_wait_for_approval(rule: Any, given: Tool, waits: bool) -> None:
    assert selection(None, (), rule, None).waits(given) is waits


@pytest.mark.parametrize(
    ("only", "without", "approval", "prefix", "message"),
    [
        ("status", (), False, None, "only must be a list of names of tools"),
        (None, "status", False, None, "without must be a list of names of tools"),
        (None, [1], False, None, "without must be a list of names of tools"),
        (
            None,
            (),
            "dangerous",
            None,
            "needs_approval must be True, False, 'destructive', names, or a function",
        ),
        (None, (), False, "a b", "prefix must be up to 32 letters"),
    ],
)
def test_option_that_cannot_work_is_an_error(
    only: Any, without: Any, approval: Any, prefix: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        selection(only, without, approval, prefix)
