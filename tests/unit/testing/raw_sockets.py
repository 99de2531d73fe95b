"""A WebSocket client over a plain socket, which knows nothing of the client that it tests beside."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import wsproto
from waits import PATIENT
from wsproto.events import Event, Message, Request, TextMessage


class Socket:
    """A WebSocket over a plain socket."""

    def __init__(self, url: str, path: str = "/responses", **headers: str) -> None:
        parsed = httpx.URL(url)
        self._socket = socket.create_connection((parsed.host, parsed.port), timeout=PATIENT)
        self._connection = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self._text = ""
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        target = parsed.path.rstrip("/") + path
        self._write(Request(host=parsed.netloc.decode(), target=target, extra_headers=pairs))
        self.handshake = next(self.received())

    def _write(self, event: Event) -> None:
        self._socket.sendall(self._connection.send(event))

    def send(self, **event: Any) -> None:
        self._write(TextMessage(data=json.dumps(event)))

    def received(self) -> Iterator[Event | None]:
        """Iterate over the events, the last of which is None if the connection breaks off."""
        while True:
            yield from self._connection.events()
            data = self._socket.recv(65536)
            if not data:
                yield None
                return
            self._connection.receive_data(data)

    def events(self) -> Iterator[dict[str, Any]]:
        for event in self.received():
            if isinstance(event, Message):
                self._text += str(event.data)
                if event.message_finished:
                    text, self._text = self._text, ""
                    yield json.loads(text)

    def until(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for event in self.events():
            found.append(event)
            if event["type"] == kind:
                return found
        raise AssertionError(f"no {kind} in {found}")

    def close(self) -> None:
        self._socket.close()
