"""A WebSocket server on loopback, from a library that is not ours, which plays scripts in Python.

Every wait has a time limit, so that no mistake of a client or of a test keeps a test run from ending.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

from samples import response
from waits import LONG
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

_MAX_WAIT_SECONDS = LONG
_numbers = count(1)  # of responses, each of which has an id of its own


class Peer:
    """The connection to one client, as a script sees it."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.requests: list[dict[str, Any]] = []

    def request(self) -> dict[str, Any]:
        """Return the next event of the client."""
        self.requests.append(json.loads(self.connection.recv(_MAX_WAIT_SECONDS)))
        return self.requests[-1]

    def send(self, *events: dict[str, Any]) -> None:
        """Send events."""
        for event in events:
            self.connection.send(json.dumps(event))

    def send_frames(self, begin: bytes, repeated: bytes) -> None:
        """Send bytes, and then others again and again, until the client closes the connection."""
        sock = self.connection.socket
        until = time.monotonic() + _MAX_WAIT_SECONDS
        with suppress(OSError):
            sock.sendall(begin)
            while time.monotonic() < until:
                sock.sendall(repeated)

    def wait(self) -> None:
        """Wait until the client closes the connection."""
        with suppress(ConnectionClosed):
            while True:
                self.connection.recv(_MAX_WAIT_SECONDS)

    def reset(self) -> None:
        """Reset the connection."""
        sock = self.connection.socket
        with suppress(OSError):  # the client may have closed it already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.shutdown(socket.SHUT_RDWR)

    def ignore_input(self) -> None:
        """Ignore everything from now on, even pings."""
        self.connection.protocol.receive_data = lambda data: None


Script: TypeAlias = Callable[[Peer], None]


class SocketServer:
    """A server that plays a script with each client; it refuses the first attempts to connect with `statuses`."""

    def __init__(
        self, script: Script, *, statuses: tuple[int, ...] = (), certificate: Path | None = None
    ) -> None:
        self.peers: list[Peer] = []
        self.headers: list[dict[str, str]] = []
        self.errors: list[BaseException] = []
        self.closed = threading.Semaphore(0)
        """Released for each connection that has ended."""
        self._script = script
        self._statuses = list(statuses)
        tls: ssl.SSLContext | None = None
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
        self._server: Server = serve(
            self._play,
            "127.0.0.1",
            0,
            ssl=tls,
            compression=None,
            max_size=None,
            open_timeout=_MAX_WAIT_SECONDS,
            close_timeout=1,
            ping_interval=None,
            process_request=self._answer,
        )
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.socket.getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _answer(self, connection: ServerConnection, request: Any) -> Any:
        self.headers.append({name.lower(): value for name, value in request.headers.raw_items()})
        if self._statuses:
            status = HTTPStatus(self._statuses.pop(0))
            return connection.respond(status, json.dumps({"error": {"message": status.phrase, "code": "no"}}))
        return None

    def _play(self, connection: ServerConnection) -> None:
        peer = Peer(connection)
        self.peers.append(peer)
        try:
            self._script(peer)
            peer.wait()
        except ConnectionClosed:
            pass
        except BaseException as error:
            self.errors.append(error)
            raise
        finally:
            self.closed.release()

    def close_code(self) -> int | None:
        """Wait for the end of the first connection; return the code in the client's close frame."""
        assert self.closed.acquire(timeout=_MAX_WAIT_SECONDS), "a script did not end"
        self.closed.release()
        received = self.peers[0].connection.protocol.close_rcvd
        return None if received is None else received.code

    def __enter__(self) -> SocketServer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._thread.join(_MAX_WAIT_SECONDS)
        for _ in self.peers:
            assert self.closed.acquire(timeout=_MAX_WAIT_SECONDS), "a script did not end"
        assert not self.errors


def event(lane: str | None, kind: str, number: int | None = None, **fields: Any) -> dict[str, Any]:
    """An event of a lane, or without one."""
    named = {} if lane is None else {"stream_id": lane}
    numbered = {} if number is None else {"sequence_number": number}
    return {"type": f"response.{kind}" if kind != "error" else kind, **named, **numbered, **fields}


def delta(lane: str | None, text: str, number: int | None = None) -> dict[str, Any]:
    """An event with a piece of text."""
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    return event(lane, "output_text.delta", number, delta=text, **place)


def answer(request: dict[str, Any], *words: str) -> Iterator[dict[str, Any]]:
    """The events of a response; by default it repeats the input."""
    lane = request.get("stream_id")
    words = words or tuple(f"{word} " for word in request["input"].split())
    about = {"id": f"resp_{next(_numbers)}"}
    yield event(lane, "created", 0, response=response("in_progress") | about)
    for number, word in enumerate(words, 1):
        yield delta(lane, word, number)
    text = "".join(words)
    yield event(lane, "completed", len(words) + 1, response=response(text=text) | about)
