"""Many requests in memory: CPU time of each, with `responses.map` and with `asyncio.gather` and a semaphore."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from . import payloads
from .payloads import MODEL
from .peers import Answer
from .setup import Setup
from .timing import Row, Target, alternate, cpu, rows

_CONCURRENCY = 64


def requests(setup: Setup) -> Iterator[Row]:
    """Compare a map with a hand-written loop, over the official client and over ours."""
    answer = Answer.json(payloads.long_response(3))
    ways: dict[str, Callable[[], float]] = {"ours": _timed(mapped, setup.ours.async_client(answer), setup)}
    ways["gather, ours"] = _timed(gathered, setup.ours.async_client(answer), setup)
    if setup.official is not None:
        ways["gather, official"] = _timed(gathered, setup.official.async_client(answer), setup)
    samples = alternate(setup.repeats, ways)
    targets = {"gather, ours": Target("at most", 1.15), "gather, official": Target("at least", 1)}
    yield from rows("a request of a map", "ms", samples, targets, 1e3 / setup.requests)


def _timed(way: Callable[[Any, int], Awaitable[int]], client: Any, setup: Setup) -> Callable[[], float]:
    async def go() -> None:
        if await way(client, setup.requests) != setup.requests:
            raise AssertionError("not all requests were answered")

    return partial(cpu, lambda: asyncio.run(go()))


async def mapped(client: Any, count: int) -> int:
    """Send requests with `responses.map`."""
    given = ({"model": MODEL, "input": f"Number {number}"} for number in range(count))
    async with client.responses.map(given, max_concurrency=_CONCURRENCY) as results:
        return sum([result.response.status == "completed" async for result in results])


async def gathered(client: Any, count: int) -> int:
    """Send requests with `asyncio.gather`."""
    free = asyncio.Semaphore(_CONCURRENCY)

    async def one(number: int) -> bool:
        async with free:
            response = await client.responses.create(model=MODEL, input=f"Number {number}")
        return bool(response.status == "completed")

    return sum(await asyncio.gather(*map(one, range(count))))
