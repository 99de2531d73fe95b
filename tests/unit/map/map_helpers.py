"""Maps for tests: requests, and the results of a map in each mode."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from callers import Caller

from responses_client import MapResult

__all__ = ["as_async", "mapped", "requests", "texts"]


def requests(count: int, **params: Any) -> Iterator[Any]:
    """Yield requests with the input `Number 0`, `Number 1`, and so on."""
    for number in range(count):
        yield {"model": "m", "input": f"Number {number}", **params}


async def as_async(values: Any) -> AsyncIterator[Any]:
    """Yield the same values from an async generator."""
    for value in values:
        yield value


def mapped(caller: Caller, given: Any, **options: Any) -> list[MapResult]:
    """Return all results of a map, by iterating in its block."""

    def read(client: Any) -> list[MapResult]:
        with client.responses.map(given, **options) as results:
            return list(results)

    async def wait(client: Any) -> list[MapResult]:
        async with client.responses.map(given, **options) as results:
            return [result async for result in results]

    result: list[MapResult] = caller.run(read, wait)
    return result


def texts(results: list[MapResult]) -> list[str]:
    """Return the texts of the responses."""
    return [result.response_or_raise().output_text for result in results]
