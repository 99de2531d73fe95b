"""The measures: each does its work twice, a little of it first, and reports on the second time."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from responses_client import AsyncClient, Client

from . import modes
from .checks import Faults
from .meter import Holdings, Kept, Meter, holdings, settled
from .server_process import ServerProcess
from .work import Job, Loops, Maps, Streams

Work: TypeAlias = Streams | Maps | Loops

MOST_GROWTH_PERCENT = 3.0
MOST_KEPT_OBJECTS = 100


@dataclass
class Size:
    """The work of a measure.

    Attributes:
        warm_up: What is done before the measure, so that modules are loaded and caches filled.
        work: What is measured.
        amount: What it amounts to, in words.
        lead_in: The number of events, requests or loops before the first sample of memory.
        sampled: The number of those in which memory is sampled; 0 to count the objects that are left in place of it.
        expected: Counts that the server must have at least in the end.
        collects: Whether the garbage collector runs before each sample.
    """

    warm_up: Work
    work: Work
    amount: str
    lead_in: int = 0
    sampled: int = 0
    expected: dict[str, int] = field(default_factory=dict[str, int])
    collects: bool = False


def streams(is_short: bool) -> Size:
    """Streams that are cut and resumed."""
    count, events, gap, workers, before = (0, 200, 100, 16, 0) if is_short else (200, 5000, 500, 20, 100)
    work = Streams.broken(1000, count, events, gap, workers, before)
    lead_in = sum(plan.events for plan in work.plans[: workers + before])
    total = sum(plan.events for plan in work.plans)
    return Size(
        Streams.broken(0, 0, 40, 20, 4),
        work,
        f"{total:,} events of {len(work.plans)} streams",
        lead_in,
        count * events,
        {"cuts": len(work.plans), "resumed": len(work.plans)},
    )


def crowd(is_short: bool) -> Size:
    """Streams that are all open at the same time."""
    count, events = (60, 40) if is_short else (500, 400)
    work = Streams.at_once(1000, count, events, 0 if is_short else events)
    return Size(
        Streams.at_once(0, 8, events, 0 if is_short else 20),
        work,
        f"{count * events:,} events of {count} streams",
        expected={"at once": count},
    )


def maps(is_short: bool) -> Size:
    """Requests of maps, a few of which have to be repeated."""
    count = 300 if is_short else 10_000
    lead_in = 0 if is_short else 2_000
    return Size(
        Maps(0, 100),
        Maps(1000, lead_in + count),
        f"{lead_in + count:,} requests",
        lead_in,
        0 if is_short else count,
        {"refused": count // 50},
    )


def loops(is_short: bool) -> Size:
    """Event loops that use one client."""
    count = 60 if is_short else 10_000
    lead_in = 0 if is_short else 2_000
    return Size(
        Loops(0, 6),
        Loops(1000, lead_in + count),
        f"{lead_in + count:,} loops",
        lead_in,
        0 if is_short else count,
        collects=True,  # httpx leaves closed loops to the collector, and those of uvloop are large
    )


MEASURES: dict[str, Callable[[bool], Size]] = {
    "streams": streams,
    "crowd": crowd,
    "maps": maps,
    "loops": loops,
}


@dataclass
class Report:
    """The result of a measure."""

    name: str
    mode: str
    amount: str
    faults: Faults
    seconds: float
    server: dict[str, int]
    before: Holdings
    after: Holdings
    tasks: tuple[int, int]
    tenths: list[float]
    descriptors: list[int]
    kept: Kept | None
    expected: dict[str, int]

    @property
    def growth(self) -> float | None:
        """The growth of memory from the first to the last tenth, in percent; None if it was not sampled."""
        return 100 * (self.tenths[-1] / self.tenths[0] - 1) if self.tenths else None

    @property
    def problems(self) -> list[str]:
        """Everything that is not as it must be, as sentences."""
        found = [f"{count} {name}" for name, count in self.faults.counts.items() if count]
        if self.growth is not None and self.growth > MOST_GROWTH_PERCENT:
            found.append(f"memory grew by {self.growth:.1f} %")
        if self.kept is not None and self.kept.count > MOST_KEPT_OBJECTS:
            found.append(f"{self.kept.count} objects were kept: {self.kept.types}")
        if self.after != self.before:
            found.append(f"{self.before} before, {self.after} after")
        if self.tasks[0] != self.tasks[1]:
            found.append(f"{self.tasks[0]} tasks before, {self.tasks[1]} after")
        if self.name == "loops" and self.descriptors and self.descriptors[-1] > self.descriptors[0] + 1:
            found.append(f"descriptors grew from {self.descriptors[0]} to {self.descriptors[-1]}")
        if self.server["open"]:
            found.append(f"{self.server['open']} connections are open at the server")
        for name, least in self.expected.items():
            if self.server.get(name, 0) < least:
                found.append(f"the server counted {self.server.get(name, 0)} of {least} for {name!r}")
        return found + self.faults.notes


def measure(name: str, mode: str, is_short: bool) -> Report:
    """Carry out a measure in this process."""
    size, faults = MEASURES[name](is_short), Faults()
    with ServerProcess() as server:
        modes.run(mode, _nothing)  # uvloop keeps descriptors of its own from its first loop on
        before = holdings()
        _do(size.warm_up, Job(mode, Meter(0, 0, 0), faults), server.options)
        job = (
            Job(mode, Meter(size.lead_in, size.sampled, collects=size.collects), faults)
            if size.sampled
            else Job(mode, Meter(0, 0, 0), faults)
        )
        start = time.monotonic()
        with nullcontext() if size.sampled else Kept() as kept:
            tasks = _do(size.work, job, server.options)
        seconds = time.monotonic() - start
        after = settled(before)
        counts = server.counts()
    return Report(
        name,
        mode,
        size.amount,
        faults,
        seconds,
        counts,
        before,
        after,
        tasks,
        job.meter.tenths,
        job.meter.descriptors,
        kept,
        size.expected,
    )


async def _nothing() -> None:
    pass


def _do(work: Work, job: Job, options: dict[str, Any]) -> tuple[int, int]:
    """Do the work with a client of its own; return the number of tasks before and after."""
    if isinstance(work, Loops):
        shared = AsyncClient(**options)
        work.run(shared, job)
        modes.run(job.mode, shared.aclose)
        return 0, 0
    if job.mode == "sync":
        with Client(**options) as client:
            work.sync(client, job)
        return 0, 0
    tasks = [0, 0]

    async def main() -> None:
        tasks[0] = modes.tasks_here()
        async with AsyncClient(**options) as client:
            await work.asynchronous(client, job)
        tasks[1] = modes.tasks_here()

    modes.run(job.mode, main)
    return tasks[0], tasks[1]
