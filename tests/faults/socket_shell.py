"""The three ways to run a WebSocket session behind one interface, and the simplest scripts for its server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from shells import Events, Shell
from shells import Session as ClientSession
from socket_server import Peer, answer

from responses_client import AsyncWebSocketSession, WebSocketSession
from responses_client._websocket.session import AsyncSteering, Steering
from responses_client.models import ServerEvent, SteerAccepted, SteerFailed

T = TypeVar("T")


class SocketSession:
    """A session, sync or async, with async methods that never suspend in the sync shell."""

    def __init__(self, session: WebSocketSession | AsyncWebSocketSession) -> None:
        self.session = session

    async def create(self, text: str = "Hi", **params: Any) -> Events:
        """Request a response."""
        params = {"model": "m", "input": text, **params}
        if isinstance(self.session, WebSocketSession):
            return Events(self.session.create(**params))
        return Events(await self.session.create(**params))

    async def send(self, event: dict[str, Any]) -> None:
        """Send any event."""
        await self._done(self.session.send(event))

    async def steer(self, response_id: str, text: str) -> Steering | AsyncSteering:
        """Steer a response."""
        result: Any = self.session.steer(previous_response_id=response_id, input=text)
        steering: Steering | AsyncSteering = await self._done(result)
        return steering

    async def answer(self, steering: Steering | AsyncSteering) -> SteerAccepted | SteerFailed:
        """Wait until the server has accepted or refused a steer."""
        found: SteerAccepted | SteerFailed = await self._done(steering.answer())
        return found

    async def _done(self, result: Any) -> Any:
        return result if isinstance(self.session, WebSocketSession) else await result

    async def receive(self) -> ServerEvent:
        """Return the next unrouted event."""
        return (
            self.session.recv() if isinstance(self.session, WebSocketSession) else await self.session.recv()
        )


class SocketShell(Shell):
    """A way to run sessions."""

    def talk(
        self,
        script: Callable[[SocketSession], Awaitable[T]],
        url: str,
        http: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        **settings: Any,
    ) -> T:
        """Run a script with an open session; check that its connection is released."""

        async def main(client: ClientSession) -> T:
            session = client.client.responses.connect(**(options or {}))
            if isinstance(session, WebSocketSession):
                with session:
                    return await script(SocketSession(session))
            async with session:
                return await script(SocketSession(session))

        async def play(client: ClientSession) -> T:
            result = await main(client)
            assert client.busy_connections == 0
            return result

        return self.play(play, url, http, **settings)


def wait_for_close(peer: Peer) -> None:
    """A script: do nothing until the client closes the connection."""


def echo(peer: Peer) -> None:
    """A script: answer one request after the other."""
    while True:
        peer.send(*answer(peer.request()))
