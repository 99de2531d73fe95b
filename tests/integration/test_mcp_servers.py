"""MCP servers that we did not write, as tools of runs."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from npm_packages import node, npm_package

pytest.importorskip("mcp")

from responses_client.mcp import McpServer
from responses_client.testing import Server

ASK: dict[str, Any] = {"model": "gpt-5.4", "input": "Hi"}


def needs(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")


@pytest.fixture
def server() -> Server:
    return Server()


def output(server: Server) -> Any:
    return server.requests[-1].json["input"][-1]["output"]


def test_time(server: Server) -> None:
    needs("mcp_server_time")
    server.call_tool(
        "convert_time", {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
    )
    server.reply("Nine.")
    with McpServer.stdio(sys.executable, "-m", "mcp_server_time") as clock:
        server.client().responses.run(**ASK, tools=[clock])

    assert "T21:00" in json.loads(output(server))["target"]["datetime"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "new.txt").write_text("new")
    return tmp_path


async def test_git(server: Server, repository: Path) -> None:
    needs("mcp_server_git")
    git = McpServer.stdio(
        sys.executable, "-m", "mcp_server_git", "--repository", str(repository), needs_approval="destructive"
    )
    server.call_tool("git_status", {"repo_path": str(repository)}).reply("One new file.")
    async with git, server.async_client() as client:
        waiting = {tool.name for tool in git.run_tools([]) if tool.options["needs_approval"]}
        await client.responses.run(**ASK, tools=[git])

    assert "new.txt" in output(server)
    assert "git_reset" in waiting
    assert "git_status" not in waiting


def test_everything(server: Server) -> None:
    script = npm_package("@modelcontextprotocol/server-everything") / "dist" / "index.js"
    server.call_tool("echo", {"message": "Hi"}).call_tool("get-tiny-image", {}).reply("Done.")
    with McpServer.stdio(node(), str(script), "stdio", name="everything") as everything:
        result = server.client().responses.run(**ASK, tools=[everything])

    (echo,), (image,) = (turn.outputs for turn in result.turns[:2])
    assert echo.to_dict()["output"] == "Echo: Hi"
    assert "input_image" in {part["type"] for part in image.to_dict()["output"]}
