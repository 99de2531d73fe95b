"""`McpServer`: the tools of an MCP server at one place of `tools` of a run."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Self

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp.types import Tool
from pydantic import TypeAdapter

from .._base.public import public
from .._base.validation import invalid_option, is_seconds
from .._tools.signature import ToolShape
from .._tools.sources import ReportedFailure, ToolSource
from .._tools.tool import CallableTool
from ..errors import ConfigurationError
from .connection import Command, Connection, Url
from .results import as_output, error_text
from .schemas import ToolSchema, tool_schema
from .selection import NeedsApproval, Selection, selection

__all__ = ["McpServer"]

_DEFAULT_TIMEOUT = 60.0
_ARGUMENTS: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


@public
class McpServer(ToolSource):
    """The tools of an MCP server, which stand in `tools` of a run beside functions.

        with McpServer.stdio("uvx", "mcp-server-git", "--repository", ".") as git:
            result = client.responses.run(model="gpt-5.4", input="What changed?", tools=[git, get_weather])

    `stdio` and `http` make one. Its block, `with` for a `Client` and `async with` for an `AsyncClient`, holds the
    connection; runs in it share the server. Tools that fail, a server that ends, and calls that take too long are told
    to the model, or end the run, by `on_tool_error` of the run.

    Attributes:
        name: The name of the server, for messages and prefixes.
        changes: The number of times that the tools have changed.
    """

    def __init__(
        self,
        place: object,
        name: str,
        *,
        only: Collection[str] | None = None,
        without: Collection[str] = (),
        needs_approval: NeedsApproval = False,
        prefix: str | None = None,
        timeout: float | None = _DEFAULT_TIMEOUT,
    ) -> None:
        if timeout is not None and not is_seconds(timeout):
            raise invalid_option("timeout", "a number of seconds, or None", timeout)
        self.name: str = re.sub(r"[^A-Za-z0-9_-]", "_", name) or "mcp"
        self.changes: int = 0
        self._place = place
        self._timeout = timeout
        self._selection: Selection = selection(only, without, needs_approval, prefix)
        self._connection: Connection | None = None
        self._portal: BlockingPortal | None = None
        self._stack = ExitStack()

    @classmethod
    def stdio(
        cls,
        command: str,
        *args: str,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        name: str | None = None,
        only: Collection[str] | None = None,
        without: Collection[str] = (),
        needs_approval: NeedsApproval = False,
        prefix: str | None = None,
        timeout: float | None = _DEFAULT_TIMEOUT,
    ) -> Self:
        """Return a server that is a program, and talks over its standard input and output.

        What it writes to its standard error is logged at level INFO.

        Args:
            command: The program.
            args: Its arguments.
            env: Variables for its environment, beside the few that programs need; your keys are not passed on.
            cwd: The folder in which it runs; by default that of this process.
            name: The name of the server; by default that of the program.
            only: The names of the tools to take; by default all.
            without: The names of tools to leave out.
            needs_approval: The tools whose calls wait for `approve` or `deny` of a run: all (True), those that may be
                destructive ("destructive"), some by their names, or those for which a function returns True.
            prefix: The beginning of all names; by default tools have that of the server if another tool has theirs.
            timeout: Seconds that the start, and each call, may take; None sets no limit.

        Raises:
            ConfigurationError: An option cannot work.
        """
        place = Command(command, args, env, None if cwd is None else str(cwd))
        return cls(
            place,
            Path(command).stem if name is None else name,
            only=only,
            without=without,
            needs_approval=needs_approval,
            prefix=prefix,
            timeout=timeout,
        )

    @classmethod
    def http(
        cls,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
        name: str | None = None,
        only: Collection[str] | None = None,
        without: Collection[str] = (),
        needs_approval: NeedsApproval = False,
        prefix: str | None = None,
        timeout: float | None = _DEFAULT_TIMEOUT,
    ) -> Self:
        """Return a server at an address, over Streamable HTTP.

        Args:
            url: The address.
            headers: Headers of all requests, such as `Authorization`.
            auth: An auth object of httpx2, such as the OAuth flow of the package `mcp`.
            name: The name of the server; by default its host.
            only: See `stdio`, as for the options below.
            without: See `stdio`.
            needs_approval: See `stdio`.
            prefix: See `stdio`.
            timeout: See `stdio`.

        Raises:
            ConfigurationError: An option cannot work.
        """
        found = re.match(r"https?://([^/:?#]+)", url)
        if found is None:
            raise invalid_option("url", "an http or https address", url)
        return cls(
            Url(url, dict(headers or {}), auth),
            found[1] if name is None else name,
            only=only,
            without=without,
            needs_approval=needs_approval,
            prefix=prefix,
            timeout=timeout,
        )

    @property
    def tools(self) -> list[Tool]:
        """The tools that runs get, as the server describes them; empty outside of the block."""
        found = [] if self._connection is None else self._connection.tools
        return [tool for tool in found if self._selection.takes(tool.name)]

    def run_tools(self, taken: Collection[str]) -> Sequence[CallableTool[..., Any]]:
        """Return the tools for a run.

        Raises:
            ConfigurationError: The server is not in use.
        """
        if self._connection is None:
            raise ConfigurationError(
                f"The MCP server {self.name} is not in use; enter its block first: with server:"
            )
        names = set(taken)
        made: list[CallableTool[..., Any]] = []
        for tool in self.tools:
            name = self._selection.name(tool.name, self.name, names)
            names.add(name)
            made.append(self._as_tool(tool, name))
        return made

    def _as_tool(self, tool: Tool, name: str) -> CallableTool[..., Any]:
        schema = tool_schema(name, tool.input_schema)
        function = self._function(tool.name, schema, is_async=self._portal is None)
        options = {"name": name, "strict": schema.is_strict, "needs_approval": self._selection.waits(tool)}
        made: CallableTool[..., Any] = CallableTool(function, options)
        description = tool.description or tool.title or ""
        shape = ToolShape(function, description, schema.parameters, _ARGUMENTS, {}, (), "")
        vars(made)["shape"] = shape  # in place of the one that the signature would give
        return made

    def _function(self, tool: str, schema: ToolSchema, *, is_async: bool) -> Callable[..., Any]:
        async def call(arguments: dict[str, Any]) -> Any:
            if self._connection is None:
                raise ReportedFailure(f"the MCP server {self.name} is closed")
            result = await self._connection.call(tool, schema.arguments(arguments))
            if result.is_error:
                raise ReportedFailure(error_text(result))
            return as_output(result)

        async def call_async(**arguments: Any) -> Any:
            return await call(arguments)

        def call_sync(**arguments: Any) -> Any:
            portal = self._portal
            if portal is None:
                raise ReportedFailure(f"the MCP server {self.name} is closed")
            future = portal.start_task_soon(partial(call, arguments))
            try:
                return future.result()
            except BaseException:
                future.cancel()  # Ctrl-C reaches the server, too
                raise

        return call_async if is_async else call_sync

    def _changed(self) -> None:
        self.changes += 1

    def _connect(self) -> Connection:
        if self._connection is not None:
            raise ConfigurationError(f"The MCP server {self.name} is in use already; make another one")
        return Connection(self._place, self.name, self._timeout, self._changed)

    def __enter__(self) -> Self:
        made = self._connect()
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal("asyncio"))
            manager: AbstractContextManager[Connection] = portal.wrap_async_context_manager(made)
            self._connection = stack.enter_context(manager)
            self._portal = portal
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection = self._portal = None
        self._stack.close()

    async def __aenter__(self) -> Self:
        self._connection = await self._connect().__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.__aexit__(*exc)

    def __repr__(self) -> str:
        state = "not in use" if self._connection is None else f"{len(self.tools)} tools"
        return f"<McpServer {self.name}, {state}>"
