"""A server on loopback, in a process of its own, that cuts streams at random places and can resume each of them.

    python -m tests.soak.server

prints its port, and ends with its standard input. It keeps nothing of a stream: the id of a response is its plan.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import struct
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from . import wire
from .wire import Plan

_MOST_SECONDS = 600.0
_BATCH = 24
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CUTS = (
    "between events",
    "inside an event",
    "inside a character",
    "inside a chunk",
    "by a reset",
    "as if done",
)


class Server:
    """A server that answers requests, and counts the faults that it made."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.open = 0
        self._random = random.Random(12)
        self._half_way: dict[int, set[int]] = defaultdict(set)
        self._crowd_is_complete: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._troubled: set[str] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.open += 1
        self.counts["connections"] += 1
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
                async with asyncio.timeout(None) as limit:
                    while True:
                        limit.reschedule(asyncio.get_running_loop().time() + _MOST_SECONDS)
                        if not await self._answer(reader, writer):
                            break
        finally:
            self.open -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection is kept."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length[1])) if length else b""
        method, target, _ = head.partition(b"\r\n")[0].decode().split(" ")
        url = urlsplit(target)
        if url.path.endswith("/counts"):
            return self._json(writer, {**self.counts, "open": self.open - 1})
        if method == "GET":
            after = int(parse_qs(url.query)["starting_after"][0])
            return await self._resume(writer, Plan.from_id(url.path.rpartition("/")[2]), after)
        asked = json.loads(body)
        if asked.get("stream"):
            self.counts["streams"] += 1
            return await self._stream(writer, Plan.from_id(asked["input"]), 0)
        return self._reply(writer, asked["input"])

    def _reply(self, writer: asyncio.StreamWriter, text: str) -> bool:
        """Answer a request without a stream: a few of them only the second time."""
        self.counts["requests"] += 1
        number = int(text)
        trouble = {7: "reset", 19: "busy", 31: "limit", 43: "cut"}.get(number % 100)
        if trouble is None or text in self._troubled:
            return self._json(writer, wire.response(f"resp_{number}", "completed", f"answer to {number}"))
        self._troubled.add(text)
        self.counts["refused"] += 1
        if trouble == "reset":
            return _reset(writer)
        if trouble == "cut":
            writer.write(
                b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{"id":'
            )
            return False
        return self._refuse(writer, 429 if trouble == "limit" else 503)

    def _refuse(self, writer: asyncio.StreamWriter, status: int) -> bool:
        error = {"code": None, "type": "server_error", "message": "Not now.", "param": None}
        return self._json(writer, {"error": error}, status)

    def _json(self, writer: asyncio.StreamWriter, body: object, status: int = 200) -> bool:
        content = json.dumps(body).encode()
        wait = "" if status == 200 else "retry-after-ms: 5\r\n"
        head = f"HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n{wait}content-length: {len(content)}"
        writer.write(head.encode() + b"\r\n\r\n" + content)
        return True

    async def _resume(self, writer: asyncio.StreamWriter, plan: Plan, after: int) -> bool:
        if self._random.random() < 0.05:
            self.counts["refused"] += 1
            return self._refuse(writer, 503)
        self.counts["resumed"] += 1
        again = self._random.choice((0, 0, 1, 3))  # some servers repeat what they have sent
        return await self._stream(writer, plan, max(after + 1 - again, 0))

    async def _stream(self, writer: asyncio.StreamWriter, plan: Plan, first: int) -> bool:
        """Send the events from a number on, up to the end or to the next cut."""
        gap = int(self._random.expovariate(1 / plan.gap)) if plan.gap else plan.events
        stop = min(first + gap, plan.events)
        writer.write(_STREAM_HEAD)
        for start in range(first, stop, _BATCH):
            if plan.crowd and start >= plan.events // 2:
                await self._wait_for_crowd(plan)
            data = b"".join([wire.event(plan, number) for number in range(start, min(start + _BATCH, stop))])
            place = self._random.randrange(1, len(data))  # between any two bytes
            writer.write(_chunk(data[:place]) + _chunk(data[place:]))
            await writer.drain()
        if stop == plan.events:
            writer.write(b"0\r\n\r\n")
            return True
        return self._cut(writer, plan, stop)

    async def _wait_for_crowd(self, plan: Plan) -> None:
        waiting = self._half_way[plan.crowd]
        waiting.add(plan.stream)
        self.counts["at once"] = max(self.counts["at once"], len(waiting))
        if len(waiting) == plan.crowd:
            self._crowd_is_complete[plan.crowd].set()
        await self._crowd_is_complete[plan.crowd].wait()

    def _cut(self, writer: asyncio.StreamWriter, plan: Plan, number: int) -> bool:
        """End the connection, or the body, before the whole event with a number was sent."""
        kind = self._random.choice(_CUTS)
        event = wire.event(plan, number)
        if kind == "inside a character" and not wire.is_delta(plan, number):
            kind = "inside an event"
        self.counts["cuts"] += 1
        self.counts[f"cut {kind}"] += 1
        if kind == "inside an event":
            writer.write(_chunk(event[: self._random.randrange(1, len(event) - 1)]))
        elif kind == "inside a character":
            writer.write(
                _chunk(
                    event[: event.index(wire.mark_of(plan.stream).encode()) + self._random.randrange(1, 3)]
                )
            )
        elif kind == "inside a chunk":
            writer.write(_chunk(event)[: self._random.randrange(1, len(event) - 2)])
        elif kind == "by a reset":
            return _reset(writer)
        elif kind == "as if done":
            writer.write(b"0\r\n\r\n")
            return True
        return False


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def _reset(writer: asyncio.StreamWriter) -> bool:
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
    return False


async def _main(report: Callable[[int], None]) -> None:
    server = await asyncio.start_server(Server().serve, "127.0.0.1", 0, backlog=1024)
    report(server.sockets[0].getsockname()[1])
    await asyncio.to_thread(sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(_main(lambda port: print(port, flush=True)))
