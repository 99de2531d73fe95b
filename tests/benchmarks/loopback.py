"""A server on a local port that answers every request with the same stream, and notes when the request came."""

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
)


class Loopback:
    """A server of plain sockets and one thread, so that nearly all of the time measured is that of the client."""

    def __init__(self, body: list[bytes]) -> None:
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in body)
        self._answer = _HEAD + chunks + b"0\r\n\r\n"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self.requested_at = 0.0

    @property
    def base_url(self) -> str:
        """The address for clients."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes `accept`
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                self._answer_on(connection)

    def _answer_on(self, connection: socket.socket) -> None:
        connection.settimeout(30)
        request = connection.recv(65536)
        self.requested_at = time.monotonic()
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        head, _, body = request.partition(b"\r\n\r\n")
        lengths = [
            line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
        ]
        while len(body) < int(lengths[0]):
            body += connection.recv(65536)
        connection.sendall(self._answer)
        while connection.recv(65536):  # until the client closes
            pass
