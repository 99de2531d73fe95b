"""MCP servers in runs: sync, on asyncio and on trio, against a server in process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest
from callers import MODES

pytest.importorskip("mcp")

from mcp_apps import App
from waits import SHORT, eventually

from responses_client import ConfigurationError, ToolExecutionError
from responses_client.mcp import McpServer
from responses_client.testing import Server

ASK: dict[str, Any] = {"model": "gpt-5.4", "input": "Hi"}


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def server() -> Server:
    return Server()


def run(mode: str, server: Server, given: McpServer, *more: Any, **options: Any) -> Any:
    """The result of a run with a server and other tools."""
    if mode == "sync":
        with given:
            return server.client().responses.run(**ASK, tools=[given, *more], **options)

    async def within() -> Any:
        async with given, server.async_client() as client:
            return await client.responses.run(**ASK, tools=[given, *more], **options)

    return anyio.run(within, backend=mode)


def output(server: Server) -> Any:
    """The output that the last request has."""
    return server.requests[-1].json["input"][-1]["output"]


@pytest.mark.parametrize("mode", MODES)
def test_tool_of_a_server_is_called(mode: str, app: App, server: Server) -> None:
    server.call_tool("add", {"a": 2, "b": 3}).reply("Five.")

    assert run(mode, server, McpServer(app.server, "demo")).output_text == "Five."
    assert (app.seen, output(server)) == (["add 2 3"], "5")


def test_tools_are_described_to_the_model(app: App, server: Server) -> None:
    run("sync", server, McpServer(app.server, "demo", only=["add"]))
    (tool,) = server.requests[0].json["tools"]

    assert (tool["type"], tool["name"], tool["description"], tool["strict"]) == (
        "function",
        "add",
        "Add two numbers.",
        True,
    )
    assert tool["parameters"]["required"] == ["a", "b"]


def test_null_for_what_the_model_leaves_out_does_not_reach_the_server(app: App, server: Server) -> None:
    server.call_tool("add", {"a": 2, "b": None}).reply("Three.")
    run("sync", server, McpServer(app.server, "demo"))

    assert app.seen == ["add 2 1"]


def test_functions_stand_beside_the_server_and_keep_their_names(app: App, server: Server) -> None:
    def add(a: int, b: int) -> str:
        return "mine"

    server.call_tool("add", {"a": 1, "b": 1}).call_tool("demo_add", {"a": 1, "b": 1}).reply("Done.")
    result = run("sync", server, McpServer(app.server, "demo"), add)

    assert [tool["name"] for tool in server.requests[0].json["tools"]][:2] == ["add", "demo_add"]
    assert [item.to_dict()["output"] for turn in result.turns for item in turn.outputs] == ["mine", "2"]


def test_image_reaches_the_model(app: App, server: Server) -> None:
    server.call_tool("picture", {}).reply("A picture.")
    run("sync", server, McpServer(app.server, "demo"))

    assert output(server) == [
        {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,iVBORw=="}
    ]


@pytest.mark.parametrize("mode", MODES)
def test_failure_is_told_in_the_words_of_the_tool(mode: str, app: App, server: Server) -> None:
    server.call_tool("fail", {}).reply("Pity.")
    run(mode, server, McpServer(app.server, "demo"))

    assert output(server) == "Error: Error executing tool fail: no luck today."


def test_failure_may_end_the_run(app: App, server: Server) -> None:
    server.call_tool("fail", {})
    with pytest.raises(ToolExecutionError, match="no luck today"):
        run("sync", server, McpServer(app.server, "demo"), on_tool_error="raise")


@pytest.mark.parametrize("mode", MODES)
def test_call_that_takes_too_long_is_cancelled_on_the_server(mode: str, app: App, server: Server) -> None:
    server.call_tool("slow", {}).reply("Too slow.")
    run(mode, server, McpServer(app.server, "demo", timeout=SHORT))

    assert output(server) == f"Error: it took longer than {SHORT:g} s."
    eventually(lambda: app.seen == ["slow began", "slow ended"])


@pytest.mark.parametrize("mode", MODES)
def test_tools_that_change_are_there_in_the_next_turn(mode: str, app: App, server: Server) -> None:
    given = McpServer(app.server, "demo")
    server.call_tool("grow", {}).call_tool("add", {"a": 1, "b": 1}).call_tool("extra", {}).reply("Done.")
    run(mode, server, given)

    assert output(server) == "new"
    assert given.changes > 0
    assert len(server.requests[0].json["tools"]) == 5
    assert len(server.requests[-1].json["tools"]) == 6


def test_call_waits_for_approval(app: App, server: Server) -> None:
    with McpServer(app.server, "demo", needs_approval=["add"]) as given:
        client = server.client()
        server.call_tool("add", {"a": 1, "b": 1})
        first = client.responses.run(**ASK, tools=[given])
        assert (first.status, [call.name for call in first.approvals], app.seen) == ("pending", ["add"], [])
        server.reply("Two.")
        second = client.responses.run(model="gpt-5.4", resume=first, approve=first.approvals, tools=[given])
    assert (second.output_text, app.seen) == ("Two.", ["add 1 1"])


def test_server_that_ended_is_told_to_the_model(app: App, server: Server) -> None:
    given = McpServer(app.server, "demo")
    with given:
        tools = [*given.run_tools([])]
    server.call_tool("add", {"a": 1, "b": 1}).reply("Pity.")
    server.client().responses.run(**ASK, tools=tools)

    assert output(server) == "Error: the MCP server demo is closed."


async def test_async_server_that_ended_is_told_to_the_model(app: App, server: Server) -> None:
    async with McpServer(app.server, "demo") as given:
        tools = [*given.run_tools([])]
    server.call_tool("add", {"a": 1, "b": 1}).reply("Pity.")
    async with server.async_client() as client:
        await client.responses.run(**ASK, tools=tools)

    assert output(server) == "Error: the MCP server demo is closed."


def test_server_outside_of_its_block_is_an_error(app: App, server: Server) -> None:
    with pytest.raises(ConfigurationError, match="demo is not in use; enter its block first"):
        server.client().responses.run(**ASK, tools=[McpServer(app.server, "demo")])


def test_block_inside_of_its_block_is_an_error(app: App) -> None:
    given = McpServer(app.server, "demo")
    with given, pytest.raises(ConfigurationError, match="is in use already"), given:
        pass


async def test_leaving_twice_does_nothing(app: App) -> None:
    given = McpServer(app.server, "demo")
    async with given:
        pass
    await given.__aexit__(None, None, None)
    assert given.tools == []


def test_server_may_be_used_again(app: App) -> None:
    given = McpServer(app.server, "demo", without=["slow"])
    for _ in range(2):
        with given:
            assert [tool.name for tool in given.tools] == ["add", "fail", "picture", "grow"]
            assert repr(given) == "<McpServer demo, 4 tools>"
    assert (given.tools, repr(given)) == ([], "<McpServer demo, not in use>")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: McpServer.http("localhost:8000"), "url must be an http or https address"),
        (lambda: McpServer.stdio("x", timeout=-1), "timeout must be a number of seconds, or None"),
    ],
)
def test_option_that_cannot_work_is_an_error(make: Callable[[], McpServer], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (McpServer.stdio("/usr/bin/mcp-time.exe"), "mcp-time"),
        (McpServer.stdio("python", "-m", "x", name="my server"), "my_server"),
        (McpServer.http("https://docs.test:8000/mcp"), "docs_test"),
        (McpServer.http("https://docs.test/mcp", name="docs"), "docs"),
        (McpServer(object(), ""), "mcp"),
    ],
)
def test_server_has_a_name_for_prefixes(given: McpServer, name: str) -> None:
    assert given.name == name
