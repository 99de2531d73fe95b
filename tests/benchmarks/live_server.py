"""A server in a process of its own, which sends streams at a pace: `python -m tests.benchmarks.live_server [CORE]`.

It prints its port. The first part of the path says how: `/20/v1/responses` is answered with 20 events a second, each in
a packet of its own, until the client closes; `/0/v1/responses` with a whole answer at once. The text of a paced event
is the time at which it was sent, by the clock of `time.monotonic`, which all processes of a machine share.
"""

import heapq
import os
import re
import selectors
import socket
import sys
import time
from contextlib import suppress
from random import Random

from . import payloads

DELTAS = 5_000
SENT = "0000000.000000"
"""The form of the time at which an event was sent."""
_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
)
_REQUEST = re.compile(rb"POST /(\d+)/.*?content-length: (\d+).*?\r\n\r\n", re.DOTALL | re.IGNORECASE)


def chunk(data: bytes) -> bytes:
    """Return a chunk of the chunked coding of HTTP/1.1."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def whole(deltas: int = DELTAS) -> bytes:
    """Return a whole answer."""
    frames = [payloads.frame(event) for event in payloads.text_events(deltas)]
    return _HEAD + b"".join(map(chunk, frames)) + b"0\r\n\r\n"


def paced() -> tuple[bytes, bytes]:
    """Return the beginning of an answer up to its first delta, and a delta with a place for the time."""
    events = payloads.text_events(1)
    index = next(index for index, event in enumerate(events) if event["type"].endswith("output_text.delta"))
    beginning = b"".join(chunk(payloads.frame(event)) for event in events[:index])
    delta = chunk(payloads.frame(events[index] | {"delta": SENT, "obfuscation": "aB3"}))
    return _HEAD + beginning, delta.replace(SENT.encode(), b"%014.6f")


class _Server:
    """Accepts connections, reads one request at a time from each, and sends what is due."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1_024)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.listener, selectors.EVENT_READ)
        self._due: list[tuple[float, int, float, socket.socket]] = []
        self._whole = whole()
        self._beginning, self._delta = paced()
        self._random = Random(3)

    def serve(self) -> None:
        """Serve until the process ends."""
        while True:
            wait = max(self._due[0][0] - time.monotonic(), 0) if self._due else None
            for key, _ in self._selector.select(wait):
                if key.fileobj is self.listener:
                    connection, _ = self.listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._selector.register(connection, selectors.EVENT_READ)
                elif isinstance(key.fileobj, socket.socket):
                    self._read(key.fileobj)
            self._send_due()

    def _read(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(connection)
            connection.close()
            return
        found = _REQUEST.match(data)
        while found is None or len(data) < found.end() + int(found[2]):
            data += connection.recv(65536)
            found = _REQUEST.match(data)
        if rate := int(found[1]):
            connection.sendall(self._beginning)
            first = time.monotonic() + self._random.random() / rate  # so that streams differ in phase
            heapq.heappush(self._due, (first, connection.fileno(), 1 / rate, connection))
        else:
            connection.sendall(self._whole)

    def _send_due(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            moment, number, interval, connection = self._due[0]
            try:
                connection.send(self._delta % now)
            except OSError:  # closed
                heapq.heappop(self._due)
            else:
                heapq.heapreplace(self._due, (moment + interval, number, interval, connection))
            now = time.monotonic()


def settle(core: str | None) -> None:
    """Run this process on one core, if it is given, and let it open as many files as it may."""
    if core is not None:
        os.sched_setaffinity(0, {int(core)})
    with suppress(ImportError):  # on Windows
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(core: str | None = None) -> None:
    """Print the port, and serve."""
    settle(core)
    server = _Server()
    print(server.listener.getsockname()[1], flush=True)
    server.serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
