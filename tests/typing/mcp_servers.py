"""MCP servers as tools of runs; checked, not run."""

from typing import assert_type

from responses_client import AsyncClient, Client, RunResult
from responses_client.mcp import McpServer


def get_weather(city: str) -> str:
    """Say how the weather is."""
    return f"Sunny in {city}"


def sync(client: Client) -> None:
    with McpServer.stdio("uvx", "mcp-server-git", without=["git_reset"], needs_approval="destructive") as git:
        assert_type(git, McpServer)
        assert_type(client.responses.run(model="gpt-5.4", input="Hi", tools=[git, get_weather]), RunResult)
    McpServer.stdio(
        "uvx", only=["a"], needs_approval=["a"], prefix="g_", timeout=None, env={"A": "b"}, cwd="."
    )
    McpServer.http(
        "https://docs.test/mcp",
        headers={"Authorization": "Bearer x"},
        needs_approval=lambda tool: tool.name == "a",
    )
    McpServer.stdio(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def asynchronous(client: AsyncClient) -> None:
    async with McpServer.http("https://docs.test/mcp") as docs:
        assert_type(await client.responses.run(model="gpt-5.4", input="Hi", tools=[docs]), RunResult)
