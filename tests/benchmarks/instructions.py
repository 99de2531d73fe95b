"""Instructions of the hot paths, counted by valgrind: hardly any load of the machine changes them.

A process does the work once, has valgrind count from there on, and does it again, so that start-up and first builds
are not counted; what it takes to tell valgrind is counted without work, and subtracted. The count of a start is that of
its process, minus that of an empty one. `python -m tests.benchmarks.instructions ours call` is such a process.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

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
_HOT = {"event", "call", "map"}
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
    shown = {row: rivals for row, rivals in _ROWS.items() if row[1] in _HOT or not setup.only_hot}
    wanted = {("ours", path) for _, path in shown} | {
        (one.who, one.path)
        for rivals in shown.values()
        for one in rivals
        if has_official or one.who != "official"
    }
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # counts do not depend on what else runs
        counted = dict(zip(wanted, threads.map(_per_unit, *zip(*wanted, strict=True)), strict=True))
    for (what, path), rivals in shown.items():
        found = {one.name: one for one in rivals if (one.who, one.path) in counted}
        samples = {"ours": [counted["ours", path]]}
        samples |= {name: [counted[one.who, one.path]] for name, one in found.items()}
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
    count = _count("-m", "tests.benchmarks.instructions", who, path, from_start=False)
    units = {"call": CALLS, "gather": REQUESTS, "map": REQUESTS, "threads": REQUESTS}.get(path, _EVENTS)
    return (count - _telling()) / units


@cache
def _telling() -> int:
    return _count("-m", "tests.benchmarks.instructions", from_start=False)


def _count(*arguments: str, from_start: bool = True) -> int:
    """Return the number of instructions that Python executes with these arguments."""
    options = ["--callgrind-out-file=/dev/null", f"--instr-atstart={'yes' if from_start else 'no'}"]
    command = [_TOOL, "--tool=callgrind", *options, sys.executable, *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONHASHSEED"] = "0"
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    collected = _COLLECTED.search(done.stderr)
    if done.returncode or collected is None:
        raise RuntimeError(done.stderr)
    return int(collected[1])


def _tell(what: Literal["on", "off"]) -> None:
    subprocess.run(["callgrind_control", "-i", what, str(os.getpid())], check=True, capture_output=True)


def main(who: str = "", path: str = "") -> None:
    """Do work twice, and have the second time counted."""
    again = work(who, path) if who else lambda: None
    again()
    _tell("on")
    again()
    _tell("off")


if __name__ == "__main__":
    main(*sys.argv[1:3])
