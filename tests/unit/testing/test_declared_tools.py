"""The tools of a request: those that it declares, and the one that a scripted call needs."""

from __future__ import annotations

from typing import Any

import pytest
from server_calls import create, created, types_of

from responses_client.testing import Server, UnexpectedRequest
from responses_client.testing._declared_tools import NeededTool, declared_tools, is_chosen, selects

CODE = {"type": "code_interpreter", "container": {"type": "auto"}}
SHELL = {"type": "shell"}
MCP = {"type": "mcp", "server_label": "docs", "server_url": "https://example.com/mcp"}


def test_tools_come_from_the_request_and_from_items_out_of_their_namespaces() -> None:
    space = {
        "type": "namespace",
        "name": "n",
        "description": "d",
        "tools": [{"type": "function", "name": "f"}],
    }
    added = {"type": "additional_tools", "role": "developer", "tools": [SHELL]}
    found = {"type": "tool_search_output", "tools": [MCP]}
    request = {"tools": [CODE, space], "input": [added]}
    tools = declared_tools(request, [found])
    assert [tool["type"] for tool in tools] == ["code_interpreter", "function", "mcp", "shell"]


def test_needed_tool_is_the_first_of_its_types_that_fits() -> None:
    needed = NeededTool(("a", "b"), "a tool", lambda tool: tool.get("n") == 2)
    assert needed.find([{"type": "c", "n": 2}, {"type": "a", "n": 1}, {"type": "b", "n": 2}]) == {
        "type": "b",
        "n": 2,
    }
    assert needed.find([]) is None


@pytest.mark.parametrize(
    ("names", "is_selected"),
    [
        (["f"], True),
        (["g"], False),
        ({"tool_names": ["f"]}, True),
        ({"read_only": True}, False),
        (None, False),
    ],
)
def test_selection_of_tools_is_a_list_or_an_object_with_one(names: Any, is_selected: bool) -> None:
    assert selects(names, "f") is is_selected


@pytest.mark.parametrize(
    ("choice", "tool", "is_so"),
    [
        ({"type": "code_interpreter"}, CODE, True),
        ({"type": "code_interpreter"}, SHELL, False),
        ({"type": "function", "name": "f"}, {"type": "function", "name": "f", "strict": True}, True),
        ({"type": "function", "name": "g"}, {"type": "function", "name": "f"}, False),
        ({"type": "computer_use"}, {"type": "computer"}, True),
        ({"type": "computer"}, {"type": "computer_use_preview"}, True),
        ({"type": "shell"}, {"type": "computer"}, False),
        ({"type": "mcp", "server_label": "docs", "name": "f"}, MCP, True),
        ({"type": "mcp", "server_label": "others"}, MCP, False),
        ({"type": "shell"}, MCP, False),
        ({"type": "web_search"}, {"type": "web_search_2025_08_26"}, True),
        ({"type": "web_search_preview"}, {"type": "web_search_preview_2025_03_11"}, True),
        ({"type": "web_search_preview"}, {"type": "web_search"}, False),
    ],
)
def test_choice_is_of_a_tool_by_what_identifies_it(
    choice: dict[str, Any], tool: dict[str, Any], is_so: bool
) -> None:
    assert is_chosen(tool, choice) is is_so


def test_call_of_a_tool_that_the_request_lacks_is_unexpected() -> None:
    server = Server().run_code("1")
    with pytest.raises(UnexpectedRequest) as caught:
        create(server, tools=[SHELL, MCP])
    assert str(caught.value).splitlines()[1:] == [
        "  tools",
        "    expected: a tool of type 'code_interpreter'",
        "    got:      [{'type': 'shell'}, {'type': 'mcp', 'server_label': 'docs'}]",
    ]


def test_call_is_unexpected_without_any_tools() -> None:
    with pytest.raises(UnexpectedRequest, match="got:      nothing"):
        create(Server().run_shell("ls"))


def test_call_is_unexpected_where_the_request_forbids_calls() -> None:
    server = Server().run_shell("ls")
    with pytest.raises(UnexpectedRequest, match="expected: a choice that allows a tool of type 'shell'"):
        create(server, tools=[SHELL], tool_choice="none")


def test_unexpected_request_is_reported_at_the_end_of_the_block_too() -> None:
    server = Server().run_code("1")
    with pytest.raises(UnexpectedRequest):
        create(server)
    with pytest.raises(AssertionError, match="a tool of type 'code_interpreter'"):
        server.verify()


def test_calls_that_were_not_made_may_be_left_over() -> None:
    with Server() as server:
        server.run_code("1").patch("a.txt", "+a")


def test_tool_may_come_with_an_item() -> None:
    added = {"type": "additional_tools", "role": "developer", "tools": [SHELL]}
    with Server() as server:
        response = created(server.run_shell("ls"), input=[{"role": "user", "content": "Hi"}, added])
    assert types_of(response) == ["shell_call"]


def test_prompt_template_may_have_the_tool() -> None:
    with Server() as server:
        response = created(server.run_code("1").reply("One."), prompt={"id": "pmpt_1"})
        assert types_of(response) == ["code_interpreter_call", "message"]
