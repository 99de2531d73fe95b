"""A server on the event loop of a test, which plays one script for each request, and the driver over aiohttp."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp
from waits import PATIENT

from responses_client._transport.aiohttp_io import AiohttpIO
from responses_client._transport.protocols import Timeouts, WireRequest

T = TypeVar("T")
WAITS = Timeouts(PATIENT, PATIENT, PATIENT, PATIENT)
GOOD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-id: 1\r\n\r\n{}"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]]
"""Reads requests and writes answers; the connection is closed after it."""


class Loopback:
    """A server with a script for each connection: bytes to send for each request, or a function."""

    def __init__(self, *scripts: list[bytes] | Talk) -> None:
        self.scripts = list(scripts)
        self.heads: list[str] = []
        """The first line and headers of each request."""
        self.bodies: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.scripts.pop(0)
        try:
            if callable(script):
                await script(reader, writer)
                return
            for answer in script:
                await self.read_request(reader)
                writer.write(answer)
                await writer.drain()
            await reader.read(1)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def read_request(self, reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.heads.append(head)
        length = re.search(r"(?i)content-length: (\d+)", head)
        self.bodies.append(await reader.readexactly(int(length[1]) if length else 0))

    def request(self, content: bytes = b"{}", timeouts: Timeouts = WAITS, **options: Any) -> WireRequest:
        """Return a request to it."""
        method = "POST" if content else "GET"
        return WireRequest(method, f"{self.url}/v1", options.pop("headers", {}), content, timeouts, **options)


@asynccontextmanager
async def loopback(*scripts: list[bytes] | Talk) -> AsyncIterator[Loopback]:
    """Serve in a block."""
    found = Loopback(*scripts)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield found
    finally:
        server.close()


def play(
    script: Callable[[AiohttpIO, Loopback], Awaitable[T]],
    *scripts: list[bytes] | Talk,
    session: dict[str, Any] | None = None,
) -> T:
    """Run a script with a driver of ours, or over a session with these options, and a server."""

    async def main() -> T:
        async with loopback(*scripts) as server:
            if session is None:
                io = AiohttpIO()
                try:
                    return await script(io, server)
                finally:
                    await io.close()
            async with aiohttp.ClientSession(**session) as given:
                return await script(AiohttpIO(given), server)

    return asyncio.run(main())
