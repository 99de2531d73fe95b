"""Starts of fresh processes: importing, being ready to send, the first request, the first typed event."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import responses_client

from . import payloads
from .loopback import Loopback
from .peers import KEY
from .setup import Setup
from .timing import Row, Target, in_turns, rows

_IMPORT = {"ours": "import responses_client", "official": "import openai"}
_MAKE = {
    "ours": "from responses_client import Client; client = Client({options})",
    "official": "from openai import OpenAI; client = OpenAI({options})",
}
_BARE = "import httpx, pydantic; client = httpx.Client()"
_FIRST_EVENT = """
stream = client.responses.create(model="gpt-5-mini", input="Tell me a story.", stream=True)
event = next(iter(stream))
now = time.monotonic()
assert event.type == "response.created" and event.response.status == "in_progress"
stream.close()
"""
# The clock of `time.monotonic` is the same in all processes of a machine.
_BEFORE = "import sys, time; began = time.monotonic(); modules = len(sys.modules); now = None\n"
_AFTER = """
now = now or time.monotonic()
cpu = time.process_time()
modules = len(sys.modules) - modules
import resource
with open("/proc/self/statm") as file:
    memory = int(file.read().split()[1]) * resource.getpagesize() / 2**20
print(now, cpu, now - began, modules, memory)
"""


class Start(NamedTuple):
    """What one process took: seconds since its start, CPU seconds, seconds of its own code, modules loaded, MiB."""

    wall: float
    cpu: float
    own: float
    modules: float
    memory: float


def imports(setup: Setup) -> Iterator[Row]:
    """Compare importing the package."""
    samples = in_turns(setup.starts, {peer.name: partial(_start, _IMPORT[peer.name]) for peer in setup.peers})
    yield from _rows("import the package", "ms", samples, "own", {"official": None}, 1e3)
    yield from _rows("import the package", "modules", samples, "modules", {"official": None})


def ready(setup: Setup) -> Iterator[Row]:
    """Compare a client that is ready to send with one of httpx, and with the official one."""
    code = {peer.name: _MAKE[peer.name].format(options=f"api_key={KEY!r}") for peer in setup.peers}
    samples = in_turns(
        setup.starts, {who: partial(_start, one) for who, one in {**code, "bare httpx": _BARE}.items()}
    )
    targets = {"bare httpx": Target("at most", 1.25), "official": None}
    yield from _rows("ready to send, wall time", "ms", samples, "wall", targets, 1e3)
    yield from _rows("ready to send, CPU time", "ms", samples, "cpu", targets, 1e3)
    yield from _rows("ready to send", "modules", samples, "modules", dict.fromkeys(targets))


def first_event(setup: Setup) -> Iterator[Row]:
    """Compare the first request at the server, and the first event out of it."""
    frames = [payloads.frame(event) for event in payloads.text_events(setup.deltas)]
    with Loopback(frames) as server:
        options = f"api_key={KEY!r}, base_url={server.base_url!r}, max_retries=0"
        code = {peer.name: _MAKE[peer.name].format(options=options) + _FIRST_EVENT for peer in setup.peers}
        samples = in_turns(setup.starts, {who: partial(_exchange, server, one) for who, one in code.items()})
    starts = {who: [start for start, _ in exchanges] for who, exchanges in samples.items()}
    requests = {who: [requested for _, requested in exchanges] for who, exchanges in samples.items()}
    yield from rows("first request at the server", "ms", requests, {"official": None}, 1e3)
    target = {"official": Target("at least", 3)}
    yield from _rows("first typed event, wall time", "ms", starts, "wall", target, 1e3)
    yield from _rows("first typed event, CPU time", "ms", starts, "cpu", {"official": None}, 1e3)
    yield from _rows("after the first event", "modules", starts, "modules", {"official": None})
    yield from _rows("after the first event", "MiB", starts, "memory", {"official": None})


def _rows(
    what: str,
    unit: str,
    samples: Mapping[str, list[Start]],
    quantity: str,
    targets: Mapping[str, Target | None],
    factor: float = 1.0,
) -> list[Row]:
    values = {who: [getattr(start, quantity) for start in starts] for who, starts in samples.items()}
    return rows(what, unit, values, targets, factor)


def _environment() -> dict[str, str]:
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith("OPENAI_") and not k.lower().endswith("_proxy")
    }
    return kept | {"PYTHONPATH": str(Path(responses_client.__file__).parents[1])}


def _start(code: str) -> Start:
    command = [sys.executable, "-c", _BEFORE + code + _AFTER]
    environment = _environment()
    before = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    now, *rest = map(float, done.stdout.split())
    return Start(now - before, *rest)


def _exchange(server: Loopback, code: str) -> tuple[Start, float]:
    before = time.monotonic()
    start = _start(code)
    return start, server.requested_at - before
