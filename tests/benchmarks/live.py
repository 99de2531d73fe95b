"""Live streams from a server in another process, on another core where there are two: CPU time of the client."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from .live_client import Sample
from .setup import Setup
from .timing import Row, Target, alternate, rows

_ROOT = Path(__file__).parents[2]
_EVENTS_A_SECOND = 2_000
_Rivals = Mapping[str, Mapping[str, Target | None]]

# Of each of our clients: those that it is compared with, and the ratios that it is to have.
RIVALS: _Rivals = {
    "ours": {"raw socket": None, "raw httpx": Target("at most", 1.12), "official": None},
    "ours async": {"raw asyncio": None, "raw httpx async": Target("at most", 1.12), "official async": None},
    "ours aiohttp": {
        "raw aiohttp": Target("at most", 1.3),
        "official async": None,
        "official aiohttp": None,
    },
    "ours async uvloop": {"raw httpx async uvloop": None, "official async uvloop": None},
    "ours aiohttp uvloop": {"raw aiohttp uvloop": None, "official aiohttp uvloop": None},
}
_WHOLE: _Rivals = {
    "ours": {"raw httpx": None, "official": None},
    "ours async": {"raw httpx async": None, "official async": None},
    "ours aiohttp": {"raw aiohttp": None, "official async": Target("at least", 8), "official aiohttp": None},
}
_MANY: _Rivals = {
    "ours async": {"raw httpx async": None, "official async": None},
    "ours aiohttp": {"raw aiohttp": None, "official async": None, "official aiohttp": None},
}
_MOST: _Rivals = {
    "ours async": {"raw httpx async": None, "official async": Target("times as many", 2)},
    "ours aiohttp, own session": {
        "raw aiohttp": None,
        "official async": Target("times as many", 4),
        "official aiohttp": None,
    },
}


def streams(setup: Setup) -> Iterator[Row]:
    """Compare whole answers that come at once, and streams of one event a packet: one, and several at once."""
    yield from _compare(setup, "whole answers, each at once", _WHOLE, 1, 0, 0)
    for number in setup.live_streams:
        what = f"{number} stream{'s' if number > 1 else ''}, one event a packet"
        rate = _EVENTS_A_SECOND // number
        targets = _without_targets(RIVALS) if number > 1 else RIVALS
        yield from _compare(setup, what, targets, number, rate, setup.live_seconds)


def many(setup: Setup) -> Iterator[Row]:
    """Compare many streams of 20 events a second, and look for the most that a core can read."""
    number, seconds = setup.many_streams, setup.many_seconds
    samples = _samples(setup, setup.many_repeats, _MANY, (number, 20, seconds))
    what = f"{number} streams, 20 events a second each"
    yield from _rows(f"{what}: CPU", "s/s", samples, _MANY, lambda one: one.cpu / one.wall)
    yield from _rows(f"{what}: longest pause", "ms", samples, _MANY, lambda one: one.pause * 1e3)
    yield from _rows(f"{what}: 99 % read within", "ms", samples, _MANY, lambda one: one.delay * 1e3)
    yield from _rows(f"{what}: memory", "KiB each", samples, _MANY, lambda one: one.memory / number)
    samples = _samples(setup, setup.most_repeats, _MOST, (0, 20, seconds / 4))
    yield from _rows("streams of 20 events a second that a core reads", "", samples, _MOST, _streams)


def _streams(sample: Sample) -> float:
    return float(sample.streams)


def _compare(
    setup: Setup, what: str, rivals: _Rivals, number: int, rate: int, seconds: float
) -> Iterator[Row]:
    with _Server() as server:
        clients = {name: server.client(name, number, rate, seconds) for name in _names(setup, rivals)}
        try:
            samples = alternate(setup.live_repeats, {name: client.sample for name, client in clients.items()})
        finally:
            for client in clients.values():
                client.end()
    yield from _rows(what, "us/event", samples, rivals, lambda one: one.cpu / max(one.events, 1) * 1e6)


def _samples(
    setup: Setup, repeats: int, rivals: _Rivals, given: tuple[int, int, float]
) -> dict[str, list[Sample]]:
    """Return samples of new processes, whose memory has not grown yet."""
    with _Server() as server:
        measures = {name: partial(_once, server, name, *given) for name in _names(setup, rivals)}
        return alternate(repeats, measures, discard=False)


def _once(server: "_Server", name: str, number: int, rate: int, seconds: float) -> Sample:
    client = server.client(name, number, rate, seconds)
    try:
        return client.sample()
    finally:
        client.end()


def _names(setup: Setup, rivals: _Rivals) -> list[str]:
    found = [name for ours, others in rivals.items() for name in (ours, *others)]
    return [name for name in dict.fromkeys(found) if setup.reads(name)]


def _without_targets(rivals: _Rivals) -> _Rivals:
    return {name: dict.fromkeys(others) for name, others in rivals.items()}


def _rows(
    what: str,
    unit: str,
    samples: Mapping[str, Sequence[Sample]],
    rivals: _Rivals,
    quantity: Callable[[Sample], float],
) -> Iterator[Row]:
    for name, targets in rivals.items():
        if name in samples:
            values = {who: [*map(quantity, found)] for who, found in samples.items()}
            values["ours"] = values[name]
            way = name.removeprefix("ours").partition(",")[0].strip() or "sync"
            yield from rows(f"{what}, {way}", unit, values, targets)


class _Client:
    def __init__(self, *arguments: str) -> None:
        self._process = _start("tests.benchmarks.live_client", *arguments)

    def sample(self) -> Sample:
        line = _ask(self._process, "go\n")
        return Sample(**json.loads(line))

    def end(self) -> None:
        _end(self._process)


class _Server:
    """The server, and the cores on which it and its clients run."""

    def __enter__(self) -> Self:
        mine, self._theirs = _cores()
        self._process = _start("tests.benchmarks.live_server", *mine)
        self._port = int(_ask(self._process, ""))
        return self

    def client(self, name: str, streams: int, rate: int, seconds: float) -> _Client:
        url = f"http://127.0.0.1:{self._port}/{rate}/v1"
        return _Client(name, url, str(streams), str(seconds), *self._theirs)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _end(self._process)


def _cores() -> tuple[list[str], list[str]]:
    if not hasattr(os, "sched_getaffinity"):
        return [], []
    first, *others = sorted(os.sched_getaffinity(0))
    return [str(first)], [str(others[0] if others else first)]


def _start(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", *arguments]
    return subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ask(process: "subprocess.Popen[str]", line: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line)
    process.stdin.flush()
    if answer := process.stdout.readline():
        return answer
    raise RuntimeError(f"{process.args} ended with {process.wait()}")


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()
