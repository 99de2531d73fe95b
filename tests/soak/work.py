"""The work that is done for a long time: streams that break, many streams at once, maps, event loops."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from responses_client import APIError, AsyncClient, Client
from responses_client.models import ResponseCreateParams

from . import modes
from .checks import Faults, StreamCheck
from .meter import Meter
from .wire import Plan

_STEP = 20
_MAP_SIZE = 500


class Job(NamedTuple):
    """The tools of a measure in one mode."""

    mode: str
    meter: Meter
    faults: Faults


class Streams(NamedTuple):
    """Streams to read, many of them at the same time; `crowd` for all at once."""

    plans: list[Plan]
    workers: int

    @classmethod
    def broken(
        cls, first: int, streams: int, events: int, gap: int, workers: int, before: int = 0
    ) -> Streams:
        """Return streams that are cut after `gap` events in the mean.

        Before and after these there are others, of different lengths and so many that all the time as many streams are
        young as are old: the responses so far, which a client keeps, then take the same memory all the time.
        """
        stairs = [max(8, events * (number + 1) // workers) for number in range(workers)]
        lengths = [*stairs, *[events] * (before + streams + workers)]
        return cls([Plan(first + number, length, gap) for number, length in enumerate(lengths)], workers)

    @classmethod
    def at_once(cls, first: int, streams: int, events: int, gap: int) -> Streams:
        """Return streams that wait for each other half-way."""
        return cls([Plan(first + number, events, gap, streams) for number in range(streams)], streams)

    def sync(self, client: Client, job: Job) -> None:
        """Read them in threads."""

        def read(plan: Plan) -> None:
            reader = _Reader(plan, job)
            try:
                with client.responses.create(
                    model="m", input=plan.id, background=True, stream=True
                ) as stream:
                    for event in stream:
                        if reader.take(event):
                            reader.check.take_snapshot(stream.snapshot)
                    reader.end(stream.get_final_response())
            except APIError as error:
                job.faults.fail(plan.id, error)

        modes.each(self.workers, self.plans, read)

    async def asynchronous(self, client: AsyncClient, job: Job) -> None:
        """Read them in tasks."""

        async def read(plan: Plan) -> None:
            reader = _Reader(plan, job)
            try:
                async with await client.responses.create(
                    model="m", input=plan.id, background=True, stream=True
                ) as stream:
                    async for event in stream:
                        if reader.take(event):
                            reader.check.take_snapshot(stream.snapshot)
                    reader.end(await stream.get_final_response())
            except APIError as error:
                job.faults.fail(plan.id, error)

        await modes.each_async(self.workers, self.plans, read)


class _Reader:
    """The reader of one stream, which looks at the snapshot once."""

    def __init__(self, plan: Plan, job: Job) -> None:
        self.check = StreamCheck(plan, job.faults)
        self._look = plan.events * (1 + plan.stream % 8) // 10
        self._meter = job.meter

    def take(self, event: Any) -> bool:
        """Take an event; return whether to look at the snapshot now."""
        check = self.check
        check.take(event)
        if check.count % _STEP == 0:
            self._meter.add(_STEP)
        return check.count == self._look

    def end(self, response: Any) -> None:
        """Take the final response."""
        self._meter.add(self.check.count % _STEP)
        self.check.end(response)


class Maps(NamedTuple):
    """Requests of maps, one map after the other; every second one gives results as they come."""

    first: int
    requests: int

    def sync(self, client: Client, job: Job) -> None:
        """Send them from threads."""
        for number, indices in enumerate(self._parts()):
            with client.responses.map(_questions(indices), ordered=number % 2 == 0) as results:
                self._check(job, indices, number % 2 == 0, [_take(result, job) for result in results])

    async def asynchronous(self, client: AsyncClient, job: Job) -> None:
        """Send them from tasks."""
        for number, indices in enumerate(self._parts()):
            async with client.responses.map(_questions(indices), ordered=number % 2 == 0) as results:
                self._check(job, indices, number % 2 == 0, [_take(result, job) async for result in results])

    def _parts(self) -> Iterator[range]:
        end = self.first + self.requests
        for start in range(self.first, end, _MAP_SIZE):
            yield range(start, min(start + _MAP_SIZE, end))

    @staticmethod
    def _check(job: Job, indices: range, is_ordered: bool, taken: list[int]) -> None:
        """Check the numbers of the requests of which results came."""
        faults, unique = job.faults, set(taken)
        faults.lost += len(set(indices) - unique)
        faults.doubled += len(taken) - len(unique)
        if is_ordered:
            faults.disordered += sum(before > after for before, after in pairwise(taken))


def _questions(indices: range) -> Iterator[ResponseCreateParams]:
    for number in indices:
        yield {"model": "m", "input": str(number)}


def _take(result: Any, job: Job) -> int:
    number = int(result.request["input"])
    if result.error is not None:
        job.faults.fail(f"request {number}", result.error)
    else:
        job.faults.answer(f"request {number}", result.response.output_text, f"answer to {number}")
    job.meter.add(1)
    return number


class Loops(NamedTuple):
    """Event loops, one after the other, that use one client."""

    first: int
    loops: int

    def run(self, client: AsyncClient, job: Job) -> None:
        """Run them: of three loops, one asks, one reads a stream, and one leaves a stream early."""
        for number in range(self.first, self.first + self.loops):
            way = (self._ask, self._read, self._leave)[number % 3]
            modes.run(job.mode, partial(way, client, number * 100, job.faults))
            job.meter.add(1)

    @staticmethod
    async def _ask(client: AsyncClient, number: int, faults: Faults) -> None:
        response = await client.responses.create(model="m", input=str(number))
        faults.answer(f"request {number}", response.output_text, f"answer to {number}")

    @staticmethod
    async def _read(client: AsyncClient, number: int, faults: Faults) -> None:
        check = StreamCheck(plan := Plan(number, 8), faults)
        async with await client.responses.create(model="m", input=plan.id, stream=True) as stream:
            async for event in stream:
                check.take(event)
            check.end(await stream.get_final_response())

    @staticmethod
    async def _leave(client: AsyncClient, number: int, faults: Faults) -> None:
        check = StreamCheck(plan := Plan(number, 200), faults)
        async with await client.responses.create(model="m", input=plan.id, stream=True) as stream:
            async for event in stream:
                check.take(event)
                if check.count == 5:
                    break
