"""A connection to an MCP server, on asyncio or trio: its tools, and their calls."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple, Self, TextIO

import anyio
import httpx2
from anyio.abc import TaskGroup, TaskStatus
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, Tool, ToolListChangedNotification

from .._base.messages import MAX_BODY_CHARS, one_line
from .._tools.sources import ReportedFailure
from ..errors import ResponsesClientError

__all__ = ["Command", "Connection", "McpConnectionError", "Url"]

logger = logging.getLogger("responses_client")

_MAX_PAGES = 1000  # of tools
_MAX_LOG_LINE_CHARS = 65_536


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
        place: The server: a program, an address, or anything that the package `mcp` connects to.
        name: Its name, for messages.
        timeout: The time limit of the start, and of each call, in seconds; None for none.
        on_change: Called when its tools have changed.

    Attributes:
        tools: The tools of the server.
    """

    def __init__(
        self, place: object, name: str, timeout: float | None, on_change: Callable[[], None]
    ) -> None:
        self.tools: list[Tool] = []
        self._place: Any = place
        self._name = name
        self._timeout = timeout
        self._on_change = on_change
        self._client: Client | None = None
        self._group: TaskGroup
        self._tasks: TaskGroup
        self._ended: anyio.Event

    async def __aenter__(self) -> Self:
        self._group = await anyio.create_task_group().__aenter__()
        self._ended = anyio.Event()
        try:
            with anyio.fail_after(self._timeout):
                await self._group.start(self._run)
        except BaseException as error:
            problem = _first(error)
            await self._group.__aexit__(None, None, None)
            if not isinstance(problem, Exception):
                raise
            reason = "it did not answer in time" if isinstance(problem, TimeoutError) else _reason(problem)
            raise McpConnectionError(f"The MCP server {self._name} cannot be used: {reason}") from problem
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._ended.set()
        await self._group.__aexit__(None, None, None)

    async def _run(self, *, task_status: TaskStatus[None]) -> None:
        """Hold the connection in a task of its own, since the cancel scopes of `mcp` must end in the task that began them."""
        try:
            async with AsyncExitStack() as stack:
                made = Client(await self._transport(stack), message_handler=self._handle, cache=None)
                client = await stack.enter_async_context(made)
                self.tools = await self._list(client)
                self._tasks = await stack.enter_async_context(anyio.create_task_group())
                self._client = client
                self._tasks.start_soon(self._listen, client)
                task_status.started()
                await self._ended.wait()
                self._tasks.cancel_scope.cancel()
        except Exception as error:  # also groups of them
            if self._client is None:
                raise
            # The block of the user continues; its calls fail from now on.
            logger.info("MCP server %s: the connection is lost: %s", self._name, _reason(_first(error)))
        finally:
            self._client = None

    async def call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        """Call a tool; leaving the call, also by a cancellation, cancels it on the server.

        Raises:
            ReportedFailure: The call failed; the model gets the reason.
        """
        if self._client is None:
            raise self._lost()
        try:
            with anyio.fail_after(self._timeout):
                return await self._client.call_tool(tool, arguments)
        except TimeoutError:
            raise ReportedFailure(f"it took longer than {self._timeout:g} s") from None
        except MCPError as error:
            raise ReportedFailure(_reason(error)) from error
        except (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream) as error:
            raise self._lost() from error

    def _lost(self) -> ReportedFailure:
        return ReportedFailure(f"the connection to the MCP server {self._name} is lost")

    async def _transport(self, stack: AsyncExitStack) -> Any:
        if isinstance(self._place, Command):
            program, arguments, environment, folder = self._place
            variables = None if environment is None else {**environment}
            parameters = StdioServerParameters(command=program, args=[*arguments], env=variables, cwd=folder)
            return stdio_client(parameters, errlog=stack.enter_context(_log_of(self._name)))
        if isinstance(self._place, Url):
            client = httpx2.AsyncClient(headers=self._place.headers, auth=self._place.auth, timeout=None)
            await stack.enter_async_context(client)
            return streamable_http_client(self._place.url, http_client=client)
        return self._place

    async def _list(self, client: Client) -> list[Tool]:
        found: list[Tool] = []
        cursor: str | None = None
        for _ in range(_MAX_PAGES):
            page = await client.list_tools(cursor=cursor)
            found += page.tools
            cursor = page.next_cursor
            if not cursor:
                return found
        raise McpConnectionError(f"its list of tools has more than {_MAX_PAGES} pages")

    async def _handle(self, message: object) -> None:
        """Take a notification of a server of the protocol before 2026-07-28."""
        # In a task of its own, since the answer comes through the task that calls this.
        if isinstance(message, ToolListChangedNotification) and self._client is not None:
            self._tasks.start_soon(self._refresh, self._client)

    async def _listen(self, client: Client) -> None:
        """Wait for changes of the tools, on a server of newer protocols."""
        capability = client.server_capabilities.tools
        if capability is None or not capability.list_changed:
            return
        try:
            async with client.listen(tools_list_changed=True) as changes:
                async for _ in changes:
                    await self._refresh(client)
        # Also in groups. An older server sends notifications instead, and a server that has ended sends nothing.
        except* Exception as errors:
            logger.debug(
                "MCP server %s: it does not report changes of its tools: %s",
                self._name,
                _reason(_first(errors)),
            )

    async def _refresh(self, client: Client) -> None:
        """Fetch the tools again; keep the old ones if the server does not send valid ones in time."""
        try:
            with anyio.fail_after(self._timeout):
                self.tools = await self._list(client)
            self._on_change()
        except Exception as error:
            logger.info("MCP server %s: its tools cannot be listed: %s", self._name, _reason(error))


def _first(error: BaseException) -> BaseException:
    """Return the first error of a group: relevant errors come alone in one."""
    inner: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return _first(inner[0]) if inner else error


def _reason(error: BaseException) -> str:
    text = one_line(str(error), MAX_BODY_CHARS).rstrip(".")
    return (
        text
        if isinstance(error, (MCPError, McpConnectionError))
        else f"{type(error).__name__}: {text}".rstrip(": ")
    )


@contextmanager
def _log_of(name: str) -> Generator[TextIO]:
    """Yield a file for the standard error of a server, which logs each line at level INFO."""
    reading, writing = os.pipe()

    def copy() -> None:
        with open(reading, encoding="utf-8", errors="replace") as lines:
            # A line without an end comes in pieces.
            for line in iter(partial(lines.readline, _MAX_LOG_LINE_CHARS), ""):
                logger.info("MCP server %s: %s", name, one_line(line, MAX_BODY_CHARS))

    thread = threading.Thread(target=copy, name=f"log of {name}", daemon=True)
    thread.start()
    with open(writing, "w", encoding="utf-8") as file:
        yield file
