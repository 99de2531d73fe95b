"""MCP servers as tools of a run: `run(tools=[McpServer.stdio("uvx", "mcp-server-time")])`; extra `mcp`."""

from __future__ import annotations

from ._mcp_tools.connection import McpConnectionError as McpConnectionError
from ._mcp_tools.server import McpServer as McpServer

__all__ = ["McpConnectionError", "McpServer"]
