"""A server of HTTP/2 on a loopback socket that plays scripts, over TLS or without (prior knowledge)."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.settings
from h2.connection import H2Connection
from waits import LONG

MOST_CONNECTIONS = 20
MOST_SECONDS = LONG


@dataclass(frozen=True)
class Answer:
    """An answer: the part of its body that is sent, and whether that is all of it."""

    body: bytes
    content_type: str = "application/json"
    ends: bool = True
    status: str = "200"
    then: Callable[[H2Connection, int], None] | None = None
    """Called after the body was sent, with the state of the connection and the id of the stream."""
    frame: bytes = b""
    """A frame, or what should be one, that is sent before anything else."""


def json_answer(value: object) -> Answer:
    """Return a whole answer."""
    return Answer(json.dumps(value).encode())


class Http2Server:
    """Plays one answer a request, over as many connections as the client makes.

    Attributes:
        connections: The number of connections.
        resets: The ids of the streams that the client reset, with the code.
        most_streams: The highest number of streams that were open at the same time.
    """

    def __init__(
        self, *answers: Answer, certificate: Path | None = None, max_streams: int = 100, is_deaf: bool = False
    ) -> None:
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
            self._tls.set_alpn_protocols(["h2"])
        self.connections = 0
        self.resets: list[tuple[int, int]] = []
        self.was_reset = threading.Semaphore(0)
        self.requested = threading.Semaphore(0)
        self.most_streams = 0
        self._max_streams = max_streams
        self._is_deaf = is_deaf
        self._answers = list(answers)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(MOST_SECONDS)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Http2Server:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for sock in (self._listener, *self._open):
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(MOST_SECONDS)
        assert not any(thread.is_alive() for thread in self._threads), "the server did not end"

    def _accept(self) -> None:
        with suppress(OSError):
            while self.connections < MOST_CONNECTIONS:
                sock, _ = self._listener.accept()
                sock.settimeout(MOST_SECONDS)
                self.connections += 1
                self._open.append(sock)
                thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, suppress(OSError):
            if self._tls is None:
                _Connection(self, sock).run()
            else:
                with self._tls.wrap_socket(sock, server_side=True) as encrypted:
                    self._open.append(encrypted)
                    _Connection(self, encrypted).run()

    def next_answer(self) -> Answer:
        """Take the next answer."""
        with self._lock:
            return self._answers.pop(0)


class _Connection:
    def __init__(self, server: Http2Server, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        config = h2.config.H2Configuration(client_side=False)
        self.state = h2.connection.H2Connection(config=config)
        self.state.local_settings = h2.settings.Settings(
            client=False,
            initial_values={h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: server._max_streams},
        )
        self.bodies: dict[int, tuple[bytes, bool]] = {}

    def run(self) -> None:
        self.state.initiate_connection()
        self.flush()
        while data := self.sock.recv(65536):
            for event in self.state.receive_data(data):
                self.take(event)
            for stream_id in list(self.bodies):
                self.send(stream_id)
            self.flush()

    def take(self, event: Any) -> None:
        server = self.server
        if isinstance(event, h2.events.StreamEnded):
            server.most_streams = max(server.most_streams, self.state.open_inbound_streams)
            server.requested.release()
            if server._is_deaf:
                return
            answer = server.next_answer()
            self.flush()
            self.sock.sendall(answer.frame)
            headers = [(":status", answer.status), ("content-type", answer.content_type)]
            self.state.send_headers(event.stream_id, headers)
            self.bodies[event.stream_id] = (answer.body, answer.ends)
            if answer.then is not None:
                self.send(event.stream_id)
                answer.then(self.state, event.stream_id)
        elif isinstance(event, h2.events.DataReceived):
            self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.bodies.pop(event.stream_id, None)
            server.resets.append((event.stream_id, int(event.error_code)))
            server.was_reset.release()

    def send(self, stream_id: int) -> None:
        body, ends = self.bodies.pop(stream_id)
        while body and (room := self.room(stream_id)):
            self.state.send_data(stream_id, body[:room])
            body = body[room:]
        if body or not ends:
            self.bodies[stream_id] = (body, ends)
        else:
            self.state.end_stream(stream_id)

    def room(self, stream_id: int) -> int:
        return min(self.state.local_flow_control_window(stream_id), self.state.max_outbound_frame_size)

    def flush(self) -> None:
        self.sock.sendall(self.state.data_to_send())


def stream_of(parts: Sequence[bytes], *, ends: bool = True) -> Answer:
    """Return an answer that is an event stream."""
    return Answer(b"".join(parts), "text/event-stream", ends)
