"""A proxy that breaks connections, for tests of independent servers."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from waits import PATIENT

__all__ = ["CuttingProxy"]

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
            thread.join(PATIENT)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target, PATIENT)
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
