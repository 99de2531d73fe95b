"""Connections to MCP servers: programs, addresses, and servers that fail or end."""

from __future__ import annotations

import importlib
import logging
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

pytest.importorskip("mcp")

from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ListToolsResult, Tool
from mcp_apps import App
from waits import SOON, eventually

from responses_client import ConfigurationError
from responses_client._mcp_tools.connection import Connection, _log_of
from responses_client._tools.sources import ReportedFailure
from responses_client.mcp import McpConnectionError, McpServer
from responses_client.testing import Server

PROGRAM = """
import os, sys
from mcp.server import MCPServer
from mcp.server.mcpserver import Context

print("It has begun.", file=sys.stderr, flush=True)
app = MCPServer("program")

@app.tool()
def where() -> str:
    return f"{os.getcwd()} {os.environ.get('PLACE')} {os.environ.get('OPENAI_API_KEY')}"

@app.tool()
def end() -> str:
    os._exit(3)

app.run()
"""
ASK: dict[str, Any] = {"model": "gpt-5.4", "input": "Hi"}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def server() -> Server:
    return Server()


def output(server: Server) -> Any:
    return server.requests[-1].json["input"][-1]["output"]


def test_program_runs_in_its_folder_with_its_variables_and_no_keys(
    program: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    server.call_tool("where", {}).reply("There.")
    with McpServer.stdio(sys.executable, str(program), env={"PLACE": "here"}, cwd=tmp_path) as given:
        server.client().responses.run(**ASK, tools=[given])

    assert output(server) == f"{tmp_path} here None"


def test_standard_error_of_a_program_is_logged(program: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "responses_client")
    with McpServer.stdio(sys.executable, str(program), name="noisy"):
        eventually(lambda: "MCP server noisy: It has begun." in caplog.text)


def test_program_that_ends_is_told_to_the_model_and_the_run_continues(program: Path, server: Server) -> None:
    server.call_tool("end", {}).call_tool("where", {}).reply("Pity.")
    with McpServer.stdio(sys.executable, str(program), name="program") as given:
        result = server.client().responses.run(**ASK, tools=[given])

    assert result.output_text == "Pity."
    outputs = [item.to_dict()["output"] for turn in result.turns for item in turn.outputs]
    assert [text.startswith("Error: ") for text in outputs] == [True, True]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["no-such-program"], "The MCP server no-such-program cannot be used: FileNotFoundError"),
        ([sys.executable, "-c", "pass"], "cannot be used: "),
    ],
)
def test_program_that_cannot_start_is_an_error(command: list[str], message: str) -> None:
    with pytest.raises(McpConnectionError, match=message), McpServer.stdio(*command):
        pass


def test_program_that_does_not_answer_is_an_error() -> None:
    silent = McpServer.stdio(sys.executable, "-c", "import time; time.sleep(60)", name="silent", timeout=SOON)
    with pytest.raises(McpConnectionError, match="silent cannot be used: it did not answer in time"), silent:
        pass


async def test_start_that_is_cancelled_leaves_nothing() -> None:
    with anyio.move_on_after(SOON) as scope:
        async with McpServer.stdio(sys.executable, "-c", "import time; time.sleep(60)"):
            pass
    assert scope.cancelled_caught


@pytest.fixture
def url() -> Iterator[str]:
    uvicorn = pytest.importorskip("uvicorn")
    app = App()
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        config = uvicorn.Config(app.server.streamable_http_app(), log_config=None, ws="none")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        finally:
            running.should_exit = True
            thread.join()


def test_server_at_an_address_is_used(url: str, server: Server) -> None:
    server.call_tool("add", {"a": 1, "b": 2}).reply("Three.")
    with McpServer.http(url, headers={"X-Tenant": "t1"}) as given:
        server.client().responses.run(**ASK, tools=[given])

    assert output(server) == "3"


@pytest.mark.parametrize("era", ["2025-06-18", "latest"])
def test_changes_are_heard_of_in_old_and_new_protocols(
    era: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    if era != "latest":
        monkeypatch.setattr("responses_client._mcp_tools.connection.Client", partial(Client, mode="legacy"))
    app = App()
    server.call_tool("grow", {}).call_tool("add", {"a": 1, "b": 1}).call_tool("extra", {}).reply("Done.")
    with McpServer(app.server, "demo") as given:
        server.client().responses.run(**ASK, tools=[given])

    assert output(server) == "new"


async def test_tools_on_several_pages_are_all_taken() -> None:
    class Pages:
        """A client of a server with two pages."""

        async def list_tools(self, cursor: str | None) -> ListToolsResult:
            tool = Tool.model_validate({"name": f"after-{cursor}", "inputSchema": {"type": "object"}})
            return ListToolsResult(tools=[tool], next_cursor=None if cursor else "two", ttl_ms=0)

    pages: Any = Pages()
    assert [tool.name for tool in await Connection(None, "x", None, print)._list(pages)] == [
        "after-None",
        "after-two",
    ]


async def test_call_over_a_connection_that_broke_is_told_to_the_model() -> None:
    class Broken:
        """A client with a broken connection."""

        async def call_tool(self, tool: str, arguments: object) -> None:
            raise anyio.BrokenResourceError

    connection = Connection(None, "demo", None, print)
    connection._client = Broken()
    with pytest.raises(ReportedFailure, match="the connection to the MCP server demo is lost"):
        await connection.call("add", {})


def test_server_that_is_not_reached_is_an_error() -> None:
    with (
        pytest.raises(McpConnectionError, match=r"127_0_0_1 cannot be used"),
        McpServer.http("http://127.0.0.1:9/mcp"),
    ):
        pass


def test_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)  # as if it could not be found
    monkeypatch.delitem(sys.modules, "responses_client._mcp_tools")
    with pytest.raises(ConfigurationError) as raised:
        importlib.import_module("responses_client._mcp_tools")

    assert str(raised.value) == (
        "MCP servers need the package mcp, which is not installed: pip install 'mcp>=2.3'"
    )


async def test_call_without_a_connection_is_told_to_the_model() -> None:
    with pytest.raises(ReportedFailure, match="the connection to the MCP server demo is lost"):
        await Connection(None, "demo", None, print).call("add", {})


async def test_block_goes_on_when_the_connection_breaks(
    url: str, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "responses_client")
    broken = anyio.Event()

    async def break_connection() -> None:
        await broken.wait()
        raise OSError("It broke.")

    @asynccontextmanager
    async def transport() -> AsyncIterator[Any]:
        async with anyio.create_task_group() as group, streamable_http_client(url) as streams:
            group.start_soon(break_connection)
            yield streams

    server.call_tool("slow", {}).call_tool("add", {"a": 1}).reply("Pity.")
    async with McpServer(transport(), "demo") as given, anyio.create_task_group() as group:

        async def wait_for_call() -> None:
            while len(server.requests) < 1:
                await anyio.lowlevel.checkpoint()
            broken.set()

        group.start_soon(wait_for_call)
        result = await server.async_client().responses.run(**ASK, tools=[given])

    assert result.output_text == "Pity."
    outputs = [item.to_dict()["output"] for turn in result.turns for item in turn.outputs]
    assert [text.startswith("Error: ") for text in outputs] == [True, True]
    assert "MCP server demo: the connection is lost: OSError: It broke" in caplog.text


async def test_tools_without_an_end_are_an_error() -> None:
    class Endless:
        """A client of a server with endless pages."""

        async def list_tools(self, cursor: str | None) -> ListToolsResult:
            return ListToolsResult(tools=[], next_cursor="again", ttl_ms=0)

    endless: Any = Endless()
    with pytest.raises(McpConnectionError, match="its list of tools has more than 1000 pages"):
        await Connection(None, "x", None, print)._list(endless)


async def test_tools_stay_where_the_server_does_not_list_them_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "responses_client")
    tool = Tool.model_validate({"name": "add", "inputSchema": {"type": "object"}})

    class Confused:
        """A client of a server that answers with something else."""

        async def list_tools(self, cursor: str | None) -> ListToolsResult:
            return ListToolsResult.model_validate({"tools": [{"name": 5}]})

    confused: Any = Confused()
    connection = Connection(None, "demo", None, pytest.fail)
    connection.tools = [tool]
    await connection._refresh(confused)

    assert connection.tools == [tool]
    assert "MCP server demo: its tools cannot be listed: ValidationError: " in caplog.text


async def test_listening_that_fails_ends_nothing_else() -> None:
    def listen(*, tools_list_changed: bool) -> object:
        raise ValueError("It is not a subscription.")

    tools = SimpleNamespace(list_changed=True)
    client: Any = SimpleNamespace(server_capabilities=SimpleNamespace(tools=tools), listen=listen)
    await Connection(None, "demo", None, print)._listen(client)


def test_standard_error_without_line_ends_is_logged_in_pieces(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "responses_client")
    with _log_of("noisy") as file:
        file.write("x" * 100_000)
    eventually(lambda: len(caplog.records) == 2)


async def test_server_that_says_nothing_of_changes_is_not_listened_to() -> None:
    client: Any = SimpleNamespace(server_capabilities=SimpleNamespace(tools=None))
    await Connection(None, "demo", None, print)._listen(client)


async def test_other_notifications_change_nothing() -> None:
    connection = Connection(None, "demo", None, print)
    await connection._handle(object())
    assert connection.tools == []
