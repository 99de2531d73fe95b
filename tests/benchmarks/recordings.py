"""A stream that a cassette replays, against the same one from the embedded server: CPU time of an event."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from responses_client.testing import Cassette, Server

from .payloads import MODEL
from .setup import Setup
from .timing import Row, Target, alternate, cpu, rows

_ASK: Any = {"model": MODEL, "input": "Go on."}


def replays(setup: Setup) -> Iterator[Row]:
    """Compare replayed streams with those of the embedded server, client and server together."""
    server = Server()
    text = "word " * setup.deltas
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "stream.jsonl")
        with Cassette(path, "record") as cassette:
            transport = httpx.Client(transport=server.transport())
            client = cassette.client(api_key="any", base_url=server.base_url, http_client=transport)
            server.reply(text)
            events = _read(client)
        takes = {"ours": partial(_replayed, path), "embedded server": partial(_served, server, text)}
        samples = alternate(setup.repeats, takes)
    targets = {"embedded server": Target("at most", 1.2)}
    yield from rows("a replayed event", "us", samples, targets, 1e6 / events)


def _replayed(path: Path) -> float:
    with Cassette(path) as cassette:
        return cpu(_reader(cassette.client()))


def _served(server: Server, text: str) -> float:
    server.reply(text)
    return cpu(_reader(server.client()))


def _reader(client: Any) -> Callable[[], int]:
    return partial(_read, client)


def _read(client: Any) -> int:
    """Return the number of events."""
    with client.responses.create(**_ASK, stream=True) as stream:
        return sum(1 for _ in stream)
