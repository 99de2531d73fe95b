"""The HTTP clients of event loops; tests/faults/test_fault_loops.py has real connections."""

from __future__ import annotations

import asyncio
import gc
import sys

import anyio
import httpx
import pytest

from responses_client._transport.loop_pools import LoopPools, own_client


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_loop_closes_its_clients_at_its_end(backend: str) -> None:
    pools = LoopPools(own_client)
    clients: list[httpx.AsyncClient] = []

    async def main() -> None:
        here = pools.here()
        clients.extend(
            [
                await here.client("http://api.test/"),
                await here.client("http://api.test/"),
                await here.client("https://api.test/"),
            ]
        )
        assert pools.here() is here

    for _ in range(2):
        anyio.run(main, backend=backend)
    assert [client.is_closed for client in clients] == [True] * 6
    assert len(set(clients)) == 4
    assert pools._pools == {}


def test_clients_of_a_loop_that_was_closed_by_hand_are_dropped() -> None:
    pools = LoopPools(own_client)

    async def main() -> None:
        await pools.here().client("http://api.test/")

    for _ in range(3):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        loop.close()
    assert len(pools._pools) == 1
    asyncio.run(pools.close())
    assert pools._pools == {}


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_loop_that_ended_cannot_be_asked_to_close(backend: str) -> None:
    pools = LoopPools(own_client)

    async def main() -> None:
        pools.here()

    anyio.run(main, backend=backend)
    ended = next(iter(pools._pools.values()))
    ended.close_from_elsewhere()
    gc.collect()


def test_clients_that_nobody_closed_are_closed_by_the_garbage_collector() -> None:
    clients: list[httpx.AsyncClient] = []

    async def main() -> None:
        pools = LoopPools(own_client)
        clients.append(await pools.here().client("http://api.test/"))
        del pools
        gc.collect()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert clients[0].is_closed

    asyncio.run(main())


def test_loop_of_a_program_without_trio_is_one_of_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        pool = pools.here()
        assert pool._loop is asyncio.get_running_loop()
        await pools.close()

    pools = LoopPools(own_client)
    monkeypatch.delitem(sys.modules, "trio")
    asyncio.run(main())
