"""A client of the embedded server's ASGI application: WebSockets without a socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from server_calls import KEY
from waits import PATIENT

from responses_client.testing import Server

Message = dict[str, Any]
MORE = 1000


class Client:
    """The client's end of a WebSocket: `sent` has the ASGI messages of the application."""

    def __init__(
        self, to_app: MemoryObjectSendStream[Message], from_app: MemoryObjectReceiveStream[Message]
    ) -> None:
        self._to_app = to_app
        self._from_app = from_app

    async def message(self) -> Message:
        """Return the next ASGI message; its type is `ended` when the application has returned."""
        with anyio.fail_after(PATIENT):
            try:
                return await self._from_app.receive()
            except anyio.EndOfStream:
                return {"type": "ended"}

    async def event(self) -> dict[str, Any]:
        """Return the next event."""
        message = await self.message()
        assert message["type"] == "websocket.send", message
        return dict(json.loads(message["text"]))

    async def until(self, *types: str) -> list[dict[str, Any]]:
        """Return the events up to the first one of these types."""
        found = [await self.event()]
        while found[-1]["type"] not in types:
            found.append(await self.event())
        return found

    async def send(self, **event: Any) -> None:
        """Send an event."""
        await self.send_text(json.dumps(event))

    async def send_text(self, text: str) -> None:
        """Send a text message, which need not be an event."""
        await self._to_app.send({"type": "websocket.receive", "text": text})

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        await self._to_app.send({"type": "websocket.receive", "bytes": data})

    async def leave(self) -> None:
        """Close the connection."""
        await self._to_app.send({"type": "websocket.disconnect", "code": 1000})

    async def create(self, **body: Any) -> list[dict[str, Any]]:
        """Send a `response.create`, with a default model and input; return the events until its end."""
        await self.send(type="response.create", **{"model": "m", "input": "Hi", **body})
        return await self.until("response.completed", "response.incomplete", "response.failed", "error")


def websocket_scope(**changes: Any) -> Message:
    return {
        "type": "websocket",
        "scheme": "ws",
        "path": "/v1/responses",
        "raw_path": b"/v1/responses",
        "query_string": b"",
        "server": ("testserver", 80),
        "client": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in KEY.items()],
        "extensions": {"websocket.http.response": {}},
        **changes,
    }


@asynccontextmanager
async def dialled(app: Callable[..., Any], **scope: Any) -> AsyncIterator[Client]:
    """A client that has asked for a WebSocket; the application's answer is its first message."""
    to_app, app_in = anyio.create_memory_object_stream[Message](MORE)
    app_out, from_app = anyio.create_memory_object_stream[Message](MORE)

    async def run() -> None:
        with app_out:
            await app(websocket_scope(**scope), app_in.receive, app_out.send)

    with to_app, app_in, from_app:
        async with anyio.create_task_group() as tasks:
            to_app.send_nowait({"type": "websocket.connect"})
            tasks.start_soon(run)
            yield Client(to_app, from_app)
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Client]:
    """A client on an open WebSocket."""
    async with dialled(server.app()) as client:
        assert (await client.message())["type"] == "websocket.accept"
        yield client


def types(events: list[dict[str, Any]]) -> list[str]:
    """Return the types of events without their prefix, with runs of deltas as one."""
    found: list[str] = []
    for event in events:
        name = str(event["type"]).removeprefix("response.")
        if not (found and found[-1] == name and name.endswith(".delta")):
            found.append(name)
    return found
