"""A connection to an MCP server, on asyncio or trio: its tools, and their calls."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, Self, TextIO

import anyio
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, Tool

from .._base.messages import MAX_BODY_CHARS, one_line
from .._tools.sources import ReportedFailure
from ..errors import ResponsesClientError
from . import mcp

__all__ = ["Command", "Connection", "McpConnectionError", "Url"]

logger = logging.getLogger("responses_client")


class McpConnectionError(ResponsesClientError):
    """An MCP server could not be started or reached."""


class Command(NamedTuple):
    """A server that is a program, and talks over its standard input and output."""

    command: str
    arguments: Sequence[str]
    environment: Mapping[str, str] | None
    folder: str | None


class Url(NamedTuple):
    """A server at an address."""

    url: str
    headers: Mapping[str, str]
    auth: Any


class Connection:
    """A connection, as an async context manager.

    Args:
        place: The server.
        name: Its name, for messages.
        timeout: The time limit of the start, and of each call, in seconds; None for none.
        on_change: Called when its tools have changed.

    Attributes:
        tools: The tools of the server.
    """

    def __init__(
        self, place: Command | Url | Any, name: str, timeout: float | None, on_change: Callable[[], None]
    ) -> None:
        self.tools: list[Tool] = []
        self._place = place
        self._name = name
        self._timeout = timeout
        self._on_change = on_change
        self._client: Client | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            with anyio.fail_after(self._timeout):
                self._client = await self._stack.enter_async_context(await self._connected())
                self.tools = await self._list()
        except BaseException as error:
            await self._stack.aclose()
            if isinstance(error, Exception):
                reason = "it did not answer in time" if isinstance(error, TimeoutError) else _reason(error)
                raise McpConnectionError(f"The MCP server {self._name} cannot be used: {reason}") from error
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._client = None
        await self._stack.aclose()

    async def call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        """Call a tool; leaving the call, also by a cancellation, cancels it on the server.

        Raises:
            ReportedFailure: The call failed, and the model is to know why.
        """
        if self._client is None:
            raise ReportedFailure(f"the MCP server {self._name} is closed")
        try:
            with anyio.fail_after(self._timeout):
                return await self._client.call_tool(tool, arguments)
        except TimeoutError:
            raise ReportedFailure(f"it took longer than {self._timeout:g} s") from None
        except MCPError as error:
            raise ReportedFailure(_reason(error)) from error
        except (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream) as error:
            raise ReportedFailure(f"the connection to the MCP server {self._name} is lost") from error
