"""An MCP server in process, with tools that a test needs."""

from __future__ import annotations

from typing import Any

import anyio


class App:
    """The server, and the calls that its tools have seen.

    Attributes:
        server: The server.
        seen: What happened, in order.
    """

    def __init__(self) -> None:
        from mcp.server import MCPServer
        from mcp.server.mcpserver import Context, Image

        self.seen: list[str] = []
        self.server = MCPServer("demo", log_level="CRITICAL")

        async def grow(ctx: Context) -> str:
            self.server.add_tool(self.extra)
            await ctx.notify_tools_changed()  # who listens
            await ctx.session.send_tool_list_changed()  # clients of older protocols
            await anyio.lowlevel.checkpoint()
            return "grown"

        def picture() -> Any:
            return [Image(data=b"\x89PNG", format="png")]

        for tool in (self.add, self.slow, self.fail, picture):
            self.server.add_tool(tool)
        # The class of the context is known here alone.
        grow.__annotations__["ctx"] = Context
        self.server.add_tool(grow)

    def add(self, a: int, b: int = 1) -> str:
        """Add two numbers."""
        self.seen.append(f"add {a} {b}")
        return str(a + b)

    async def slow(self) -> str:
        """Take for ever."""
        self.seen.append("slow began")
        try:
            await anyio.sleep_forever()
        finally:
            self.seen.append("slow ended")
        return ""

    def fail(self) -> str:
        """Fail."""
        from mcp.server.mcpserver.exceptions import ToolError

        raise ToolError("no luck today")

    def extra(self) -> str:
        """Be new."""
        return "new"
