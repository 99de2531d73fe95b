"""The tasks of a map, on asyncio and trio; `tests/faults/test_fault_map.py` has their ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from callers import ASYNC_MODES, Caller
from map_helpers import requests

from responses_client.testing import Server


@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_tasks_may_share_a_map(server: Server, mode: str) -> None:
    found: list[int] = []

    async def main() -> None:
        async def read() -> None:
            found.extend([result.index async for result in results])

        async with (
            server.async_client() as client,
            client.responses.map(requests(20)) as results,
            anyio.create_task_group() as group,
        ):
            for _ in range(3):
                group.start_soon(read)

    anyio.run(main, backend=mode)
    assert sorted(found) == list(range(20))


def test_async_generator_of_requests_is_closed_with_the_block(server: Server) -> None:
    closed: list[bool] = []

    async def endless() -> AsyncIterator[Any]:
        try:
            while True:
                yield {"model": "m", "input": "Hi"}
        finally:
            closed.append(True)

    async def wait(client: Any) -> None:
        async with client.responses.map(endless(), max_concurrency=1) as results:
            await anext(results)

    for mode in ASYNC_MODES:
        Caller(mode, server.client, server.async_client).run(wait, wait)
    assert closed == [True, True]
