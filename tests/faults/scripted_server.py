"""A server on a loopback socket that plays scripts: bytes, waits, closes and resets, in that order.

Each request takes the next script. Everything is bounded in number and in time, so that no mistake of a
client (or of a test) keeps a test run from ending.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any, TypeAlias

from waits import LONG, PATIENT, SHORT

MOST_CONNECTIONS = 20
MOST_SECONDS = LONG


class End(Enum):
    """How an exchange ends, if not with the connection kept for the next request."""

    CLOSE = auto()
    """The connection is closed: a clean end of file."""
    RESET = auto()
    """The connection is reset."""
    HOLD = auto()
    """Nothing more is sent, until the client closes."""


CLOSE, RESET, HOLD = End.CLOSE, End.RESET, End.HOLD
Step: TypeAlias = bytes | float | End
"""Bytes to send, seconds to wait, or an end."""


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


Script: TypeAlias = Sequence[Step] | Callable[[Seen], Sequence[Step]]
"""Steps, or what makes them of the request."""


class ScriptedServer:
    """Plays one script a request; `host` is a loopback address or a path, with a `certificate` it speaks TLS."""

    def __init__(self, *scripts: Script, host: str = "127.0.0.1", certificate: Path | None = None) -> None:
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self.requests: list[Seen] = []
        self.connections = 0
        self.left = threading.Event()
        """Set when a client closed a connection in the middle of a script."""
        self.closed = threading.Semaphore(0)
        """Released for each connection that has been closed."""
        self.played = threading.Semaphore(0)
        """Released for each script of which all was sent."""
        self._scripts: list[Script] = list(scripts)
        self._until = time.monotonic() + MOST_SECONDS
        self._closing = threading.Event()
        self._lock = threading.Lock()
        if host.startswith("/"):
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(host)
            self._listener.listen()
            place = "unix"
        else:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._listener = socket.create_server((host, 0), family=family)
            place = f"{f'[{host}]' if ':' in host else host}:{self._listener.getsockname()[1]}"
        self._listener.settimeout(MOST_SECONDS)
        self.origin = f"http{'s' if certificate else ''}://{place}"
        """Scheme, address and port."""
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def threads(self) -> list[threading.Thread]:
        """Those that it plays in."""
        return list(self._threads)

    def add(self, *scripts: Script) -> None:
        """Have more scripts played, after those there are."""
        self._scripts += scripts

    @property
    def url(self) -> str:
        """A base URL for clients."""
        return f"{self.origin}/v1"

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(MOST_SECONDS)
        assert not any(thread.is_alive() for thread in self._threads), "the scripted server did not end"

    def _accept(self) -> None:
        with suppress(OSError):
            while self.connections < MOST_CONNECTIONS:
                sock, _ = self._listener.accept()
                self.connections += 1
                sock.settimeout(MOST_SECONDS)
                if sock.family != socket.AF_UNIX:
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.append(sock)
                thread = threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        with (
            suppress(ssl.SSLError, TimeoutError),
            sock if self._tls is None else self._encrypted(sock) as sock,
        ):
            try:
                self._serve_requests(sock, number)
            except ConnectionError:
                self.left.set()
        self.closed.release()

    def _serve_requests(self, sock: socket.socket, number: int) -> None:
        while (seen := _read_request(sock, number)) is not None:
            with self._lock:
                self.requests.append(seen)
                script = self._scripts.pop(0) if self._scripts else [CLOSE]
            if not self._play(sock, script(seen) if callable(script) else script):
                return

    def _encrypted(self, sock: socket.socket) -> socket.socket:
        assert self._tls is not None
        with sock:
            return self._tls.wrap_socket(sock, server_side=True)

    def _play(self, sock: socket.socket, script: Sequence[Step]) -> bool:
        """Play a script; tell whether the connection is kept."""
        for step in script:
            if isinstance(step, bytes):
                sock.sendall(step)
            elif isinstance(step, float):
                self._closing.wait(min(step, self._until - time.monotonic()))
            else:
                self._end(sock, step)
                return False
        self.played.release()
        return True

    def _end(self, sock: socket.socket, end: End) -> None:
        if end is HOLD:
            if not sock.recv(1) and not self._closing.is_set():
                self.left.set()
        elif end is RESET:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def limit_for(*scripts: Sequence[Step], silent: float = SHORT) -> float:
    """A timeout for scripts: it passes only where one goes silent."""
    return silent if any(HOLD in script for script in scripts) else PATIENT


def _read_request(sock: socket.socket, number: int) -> Seen | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        piece = sock.recv(65536)
        if not piece:  # the client left in the middle of its request
            return None
        body += piece
    method, path, _ = first.split(" ")
    return Seen(method, path, headers, body, number)


def answer(
    status: int = 200,
    body: bytes | str | object = b"",
    content_type: str | None = "application/json",
    **headers: str,
) -> bytes:
    """Write a whole answer; a body that is neither bytes nor a string becomes JSON."""
    content = (
        body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    )
    fields = {"content-length": str(len(content)), **{k.replace("_", "-"): v for k, v in headers.items()}}
    if content_type is not None:
        fields["content-type"] = content_type
    return head(status, **fields) + content


def head(status: int = 200, **headers: str) -> bytes:
    """Write the status line and the headers of an answer."""
    lines = [f"HTTP/1.1 {status} Status", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def stream_head(**headers: str) -> bytes:
    """Write the headers of an event stream in chunks."""
    return head(200, content_type="text/event-stream", transfer_encoding="chunked", **headers)


def chunk(data: bytes) -> bytes:
    """Write one chunk of a body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
