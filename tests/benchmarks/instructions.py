"""Instructions of the hot paths, counted by valgrind: hardly any load of the machine changes them.

A count is that of a process that does the work twice, minus that of one that does it once, so that start-up and the
first builds drop out; that of a start is the count of its process minus that of an empty one. `python -m
tests.benchmarks.instructions ours call 2` is such a process.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from . import maps, payloads, peers, streams
from .payloads import MODEL
from .peers import KEY, Answer, Peer
from .setup import Setup
from .timing import Row, Target, rows

_TOOL = "valgrind"
_COLLECTED = re.compile(r"Collected : (\d+)")
CALLS, REQUESTS, DELTAS = 100, 200, 2_000
_ROOT = Path(__file__).parents[2]
_EVENTS = len(payloads.text_events(DELTAS))

_Work = Callable[[], object]


def _stream(peer: Peer, size: int | None) -> _Work:
    return partial(streams.read, peer.client(Answer.events(payloads.chunks(_frames(DELTAS), size))))


def _async_stream(peer: Peer) -> _Work:
    client = peer.async_client(Answer.events(_frames(DELTAS)))
    return lambda: asyncio.run(streams.read_async(client))


def _calls(peer: Peer) -> _Work:
    client = peer.client(Answer.json(payloads.long_response(3)))

    def work() -> None:
        for number in range(CALLS):
            client.responses.create(model=MODEL, input=f"Number {number}")

    return work


def _bare_calls() -> _Work:
    """Post the same JSON with httpx alone, and make dicts of the answer."""
    client: httpx.Client = peers.bare(Answer.json(payloads.long_response(3)))
    headers = {"Authorization": f"Bearer {KEY}"}

    def work() -> None:
        for number in range(CALLS):
            sent = {"model": MODEL, "input": f"Number {number}"}
            json.loads(client.post("https://api.openai.com/v1/responses", json=sent, headers=headers).content)

    return work


def _map(way: Callable[[Any, int], Any], peer: Peer) -> _Work:
    client = peer.async_client(Answer.json(payloads.long_response(3)))
    return lambda: asyncio.run(way(client, REQUESTS))


def _sync_map(peer: Peer) -> _Work:
    client = peer.client(Answer.json(payloads.long_response(3)))
    given = [{"model": MODEL, "input": f"Number {number}"} for number in range(REQUESTS)]
    return lambda: client.responses.map(given, max_concurrency=8).all()


def _frames(deltas: int) -> list[bytes]:
    return [payloads.frame(event) for event in payloads.text_events(deltas)]


PATHS: dict[str, Callable[[Peer], _Work]] = {
    "event": partial(_stream, size=None),
    "block": partial(_stream, size=payloads.BLOCK),
    "async": _async_stream,
    "call": _calls,
    "gather": partial(_map, maps.gathered),
    "map": partial(_map, maps.mapped),
    "threads": _sync_map,
}


class _Rival(NamedTuple):
    name: str
    who: str
    path: str
    target: Target | None = None


_ROWS = {
    ("an event, sync, one a chunk", "event"): [_Rival("official", "official", "event")],
    ("an event, sync, 16 KiB chunks", "block"): [_Rival("official", "official", "block")],
    ("an event, async, one a chunk", "async"): [_Rival("official", "official", "async")],
    ("a plain call", "call"): [_Rival("bare httpx", "bare", "call"), _Rival("official", "official", "call")],
    ("a request of a map, async", "map"): [
        _Rival("gather, ours", "ours", "gather", Target("at most", 1.15)),
        _Rival("gather, official", "official", "gather"),
    ],
    ("a request of a map, sync", "threads"): [_Rival("calls, ours", "ours", "call", Target("at most", 1.15))],
}
_STARTS = {
    "import the package": ("import responses_client", {"official": "import openai"}),
    "make a client": (
        f"from responses_client import Client; Client(api_key={KEY!r})",
        {
            "bare httpx": "import httpx, pydantic; httpx.Client(verify=False)",
            "official": f"from openai import OpenAI; OpenAI(api_key={KEY!r})",
        },
    ),
}


def work(who: str, path: str) -> _Work:
    """Return the work of a path, to be done once or more."""
    if who == "bare":
        return _bare_calls()
    peer = peers.ours() if who == "ours" else peers.official()
    if peer is None:
        raise RuntimeError("the official package is not installed")
    return PATHS[path](peer)


def counts(setup: Setup) -> Iterator[Row]:
    """Count the instructions of each path, and those of the official package and of bare libraries."""
    if shutil.which(_TOOL) is None:
        print(f"Instructions are not counted: {_TOOL} is not installed.", flush=True)
        return
    has_official = setup.official is not None
    per_unit = cache(_per_unit)
    for (what, path), rivals in _ROWS.items():
        found = {one.name: one for one in rivals if has_official or one.who != "official"}
        samples = {"ours": [per_unit("ours", path)]}
        samples |= {name: [per_unit(one.who, one.path)] for name, one in found.items()}
        targets = {name: one.target for name, one in found.items()}
        yield from rows(f"{what}, instructions", "1,000", samples, targets, 1e-3)
    empty = _count("-c", "pass")
    for what, (code, others) in _STARTS.items():
        programs = {"ours": code} | {
            name: one for name, one in others.items() if has_official or name != "official"
        }
        samples = {name: [float(_count("-c", one) - empty)] for name, one in programs.items()}
        yield from rows(f"{what}, instructions", "million", samples, dict.fromkeys(others), 1e-6)


def _per_unit(who: str, path: str) -> float:
    once, twice = (_count("-m", "tests.benchmarks.instructions", who, path, str(times)) for times in (1, 2))
    return (twice - once) / {"call": CALLS, "gather": REQUESTS, "map": REQUESTS, "threads": REQUESTS}.get(
        path, _EVENTS
    )


def _count(*arguments: str) -> int:
    """Return the number of instructions that Python executes with these arguments."""
    command = [_TOOL, "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONHASHSEED"] = "0"
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    collected = _COLLECTED.search(done.stderr)
    if done.returncode or collected is None:
        raise RuntimeError(done.stderr)
    return int(collected[1])


if __name__ == "__main__":
    _who, _path, _times = sys.argv[1:]
    _work = work(_who, _path)
    for _ in range(int(_times)):
        _work()
