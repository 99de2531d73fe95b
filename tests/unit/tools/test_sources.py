"""Sources of tools in a toolbox: their names beside others, and changes between turns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from responses_client import tool
from responses_client._tools.sources import ToolSource
from responses_client._tools.toolbox import Toolbox


@tool
def first() -> str:
    return "first"


@tool
def second() -> str:
    return "second"


class Source(ToolSource):
    """A source with tools that a test changes."""

    def __init__(self, *tools: Any) -> None:
        self.tools = tools
        self.taken: list[set[str]] = []

    def run_tools(self, taken: Collection[str]) -> Sequence[Any]:
        self.taken.append({*taken})
        return self.tools


def test_tools_of_a_source_come_after_the_others_and_know_their_names() -> None:
    source = Source(second)
    toolbox = Toolbox([source, first])

    assert [one["name"] for one in toolbox.definitions] == ["first", "second"]
    assert source.taken == [{"first"}]
    assert toolbox.find("second", is_custom=False) is second


def test_two_sources_know_the_names_of_each_other() -> None:
    later = Source()
    Toolbox([Source(first), later])

    assert later.taken == [{"first"}]


def test_changed_tools_take_the_place_of_those_before() -> None:
    source = Source(first)
    toolbox = Toolbox([source])
    assert not toolbox.refresh()

    source.tools, source.changes = (second,), 1
    assert toolbox.refresh()
    assert [one["name"] for one in toolbox.definitions] == ["second"]
    assert toolbox.find("first", is_custom=False) is None
    assert source.taken == [set(), set()]
