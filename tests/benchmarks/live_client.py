"""A client in a process of its own, which reads streams of `live_server`, and counts.

`python -m tests.benchmarks.live_client READER ADDRESS STREAMS SECONDS [CORE]` reads these streams once for each line
of its standard input, and writes a `Sample` as JSON. The seconds are those of reading once all streams have begun; with
0, whole answers are read from their beginning to their end. With 0 streams, it looks for the number of streams that one
core can read. A name that ends in `uvloop` runs on that event loop.
"""

import asyncio
import json
import os
import sys
import threading
import time
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from .live_readers import TASKS, THREADS, UVLOOP, Reader, Tally
from .live_server import settle

_TICK = 0.01
_FIRST_STREAMS, _MOST_STREAMS = 50, 5_000
_SETTLED = 0.3  # seconds in which those streams calm down that have just begun
_LATE = 0.05  # seconds, the time between two events of a stream


@dataclass(frozen=True)
class Sample:
    """The costs of reading for a while."""

    streams: int
    events: int
    wall: float
    cpu: float
    memory: float
    """By which it has grown with the streams, in KiB."""
    delay: float
    """See `Tally`."""
    pause: float = 0
    """The longest time in which the event loop did not turn to another task; 0 for threads."""


class _Window:
    """A time in which events are counted, from now on."""

    def __init__(self, tally: Tally, memory_before: float) -> None:
        self._tally, self._memory = tally, _memory() - memory_before
        tally.restart()
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def sample(self, pause: float = 0) -> Sample:
        cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        return Sample(
            self._tally.begun, self._tally.events, wall, cpu, self._memory, self._tally.delay, pause
        )


def _memory() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1024


class _Threads:
    """Reads streams, each in a thread of its own."""

    def __init__(self, reader: Reader, url: str, streams: int) -> None:
        make, self._read = reader
        self._url, self._streams, self._client = url, streams, make(url)

    def sample(self, seconds: float) -> Sample:
        tally, memory = Tally(), _memory()
        given = (self._client, self._url, tally)
        threads = [threading.Thread(target=self._read, args=given) for _ in range(self._streams)]
        window = _Window(tally, memory)
        for thread in threads:
            thread.start()
        if seconds:
            while tally.begun < self._streams:
                time.sleep(_TICK)
            time.sleep(_SETTLED)
            window = _Window(tally, memory)
            time.sleep(seconds)
        else:
            for thread in threads:
                thread.join()
        sample = window.sample()
        tally.stopped = True
        for thread in threads:
            thread.join()
        return sample


class _Tasks:
    """Reads streams, each in a task of its own."""

    def __init__(self, reader: Reader, url: str, streams: int, loop: Any) -> None:
        make, self._reader = reader
        self._url, self._streams = url, streams
        self._runner = asyncio.Runner(loop_factory=loop)
        self._client = self._runner.run(_called(make, url))

    def sample(self, seconds: float) -> Sample:
        return self._runner.run(self._sample(seconds))

    async def _sample(self, seconds: float) -> Sample:
        tally, tasks = Tally(), list[asyncio.Task[None]]()
        if not seconds:
            return await self._read(tally, tasks, self._streams, 0)
        await self._read(tally, tasks, 1, _TICK)  # loads what only streams need
        if self._streams:
            sample = await self._read(tally, tasks, self._streams - 1, seconds)
        else:
            sample = await self._most(tally, tasks, seconds)
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
        return sample

    async def _most(self, tally: Tally, tasks: list[asyncio.Task[None]], seconds: float) -> Sample:
        """Add streams until events are late, and return the last sample before that."""
        sample = await self._read(tally, tasks, _FIRST_STREAMS, seconds)
        while sample.streams < _MOST_STREAMS:
            share = sample.cpu / sample.wall
            growth = 0.3 if share < 0.6 else 0.1 if share < 0.8 else 0.05
            more = await self._read(tally, tasks, int(tally.begun * growth), seconds)
            if more.delay > _LATE:
                break
            sample = more
        return sample

    async def _read(
        self, tally: Tally, tasks: list[asyncio.Task[None]], streams: int, seconds: float
    ) -> Sample:
        """Begin more streams, and count all from the moment on at which they have begun."""
        memory, pause, begun = _memory(), 0.0, tally.begun + streams
        window = _Window(tally, memory)
        reads = [self._reader(self._client, self._url, tally) for _ in range(streams)]
        tasks += map(asyncio.create_task, reads)
        if not seconds:
            await asyncio.gather(*tasks)
            return window.sample()
        while tally.begun < begun and not any(task.done() for task in tasks):  # noqa: ASYNC110  # nothing reports it
            await asyncio.sleep(_TICK)
        await asyncio.sleep(_SETTLED)
        window = _Window(tally, memory)
        end = (before := time.perf_counter()) + seconds
        while before < end:
            await asyncio.sleep(_TICK)
            now = time.perf_counter()
            pause, before = max(pause, now - before - _TICK), now
        return window.sample(pause)


async def _called(make: Any, url: str) -> Any:
    return make(url)  # in the event loop, which a session of aiohttp asks for


def main(name: str, url: str, streams: str, seconds: str, core: str | None = None) -> None:
    """Answer each line of the standard input with a sample."""
    settle(core)
    name, on_uvloop, _ = name.partition(UVLOOP)
    source: _Threads | _Tasks
    if name in THREADS:
        source = _Threads(THREADS[name], url, int(streams))
    else:
        loop: Any = import_module("uvloop").new_event_loop if on_uvloop else None
        source = _Tasks(TASKS[name], url, int(streams), loop)
    for _ in sys.stdin:
        print(json.dumps(asdict(source.sample(float(seconds)))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
