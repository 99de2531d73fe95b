"""Streams of an independent server over connections that break."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from callers import MODES, Caller

from responses_client import AsyncClient, Client
from responses_client._base.retry import Policy

MOST_BYTES = 3000
"""More than the largest event, less than the stream."""


class CuttingProxy:
    """A proxy that closes each connection after a number of bytes from the server."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cuts = 0
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target, 10)
                self._threads += [
                    threading.Thread(target=self._send, args=(client, server), daemon=True),
                    threading.Thread(target=self._receive, args=(client, server), daemon=True),
                ]
                for thread in self._threads[-2:]:
                    thread.start()

    def _send(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _receive(self, client: socket.socket, server: socket.socket) -> None:
        left = MOST_BYTES
        with client, server, suppress(OSError):
            while left and (data := server.recv(left)):
                client.sendall(data)
                left -= len(data)
            self.cuts += not left
            client.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(agent_server: str) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(agent_server)
    yield proxy
    proxy.close()


@pytest.mark.parametrize("mode", MODES)
def test_stream_that_breaks_off_again_and_again_is_whole(
    mode: str, proxy: CuttingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("responses_client._calls.attempts.Policy", partial(Policy, initial=0.001))
    options: dict[str, Any] = {"api_key": "any", "base_url": proxy.url, "timeout": 30}
    caller = Caller(mode, lambda: Client(**options), lambda: AsyncClient(**options))
    text = "one two three four five six seven eight nine ten"
    events = caller.events(
        lambda client: client.responses.create(model="m", input=text, background=True, stream=True)
    )

    assert proxy.cuts >= 2
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type.endswith("text.delta")) == f"{text} "
    assert events[-1].response.output_text == f"{text} "
