"""A proxy on a loopback socket that plays scripts: CONNECT, requests with whole URLs, and SOCKS5 (RFC 1928)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress

from waits import LONG

MOST_SECONDS = LONG
ACCEPT, ASK_PASSWORD, REFUSE_METHODS = b"\x05\x00", b"\x05\x02", b"\x05\xff"
CONNECTED = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x01"
HANG_UP = b""
PASSWORD_OK, PASSWORD_WRONG = b"\x01\x00", b"\x01\x01"


def reply(code: int) -> bytes:
    """Return the answer of a SOCKS5 proxy to a request for a connection."""
    return b"\x05%c\x00\x01\x00\x00\x00\x00\x00\x00" % code


class ProxyServer:
    """Gives the same answers to each connection, one to each message; after the last one it connects, or is silent.

    Attributes:
        messages: What came, over all connections.
        connections: The number of connections.
    """

    def __init__(self, *answers: bytes, target: str | None = None) -> None:
        self.messages: list[bytes] = []
        self.connections = 0
        self._answers: Sequence[bytes] = answers
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(MOST_SECONDS)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> ProxyServer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for sock in (self._listener, *self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(MOST_SECONDS)
        assert not any(thread.is_alive() for thread in self._threads), "the proxy did not end"

    def _start(self, function: object, *arguments: socket.socket) -> None:
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while self.connections < 10:
                sock, _ = self._listener.accept()
                sock.settimeout(MOST_SECONDS)
                self.connections += 1
                self._open.append(sock)
                self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with sock, suppress(OSError):
            for answer in self._answers:
                self.messages.append(sock.recv(65536))
                if answer == HANG_UP:
                    return
                sock.sendall(answer)
            if self._target is None:
                sock.recv(65536)
                sock.recv(65536)
                return
            host, _, port = self._target.rpartition("/")[2].rpartition(":")
            with socket.create_connection((host, int(port)), MOST_SECONDS) as server:
                self._open.append(server)
                self._start(_copy, server, sock)
                _copy(sock, server)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
