"""Turns of threads and tasks."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import anyio
import anyio.lowlevel
import pytest

from responses_client._transport.keyed_locks import AsyncTurns, SyncTurns
from responses_client._transport.protocols import Failure, run


class Owner:
    """Something that several wait for."""


async def take(turns: SyncTurns | AsyncTurns, owner: object, left: float | None = None) -> None:
    async with turns.take(owner, left):
        pass


async def take_beside_another(turns: SyncTurns | AsyncTurns) -> None:
    """A turn of one owner does not wait for that of another."""
    async with turns.take(Owner(), None):
        await take(turns, Owner(), 0.5)


async def take_after_an_error(turns: SyncTurns | AsyncTurns) -> None:
    """A turn is given on after an error."""
    owner = Owner()
    with pytest.raises(ZeroDivisionError):
        async with turns.take(owner, None):
            raise ZeroDivisionError
    await take(turns, owner, 0.5)


@pytest.mark.parametrize("script", [take_beside_another, take_after_an_error])
def test_turn_waits_for_nothing_else_than_the_turn_before(script: object) -> None:
    run(script(SyncTurns()))  # type: ignore[operator]
    for backend in ("asyncio", "trio"):
        anyio.run(script, AsyncTurns(), backend=backend)  # type: ignore[arg-type]


def test_threads_have_the_turn_one_after_the_other() -> None:
    turns, owner = SyncTurns(), Owner()
    inside: list[int] = []
    others = threading.Event()

    async def work(number: int) -> None:
        async with turns.take(owner, 5.0):
            inside.append(number)
            others.wait(0.01)
            assert inside.pop() == number

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: run(work(number)), range(8)))
    assert inside == []


def test_thread_waits_for_its_turn_as_long_as_it_may() -> None:
    turns, owner = SyncTurns(), Owner()

    async def script() -> None:
        async with turns.take(owner, None):
            with ThreadPoolExecutor(1) as pool, pytest.raises(Failure, match="did not come in time"):
                pool.submit(lambda: run(take(turns, owner, 0.01))).result()
            await take(turns, owner, -1.0)  # its own turn, once more

    run(script())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_have_the_turn_one_after_the_other(backend: str) -> None:
    turns, owner = AsyncTurns(), Owner()
    inside: list[int] = []

    async def work(number: int) -> None:
        async with turns.take(owner, 5.0):
            inside.append(number)
            await anyio.lowlevel.checkpoint()
            assert inside.pop() == number

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(work, number)

    anyio.run(main, backend=backend)
    assert inside == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("left", [0.01, 0, -1.0])
def test_task_waits_for_its_turn_as_long_as_it_may(backend: str, left: float) -> None:
    turns, owner = AsyncTurns(), Owner()

    async def wait() -> None:
        with pytest.raises(Failure, match="did not come in time"):
            await take(turns, owner, left)

    async def main() -> None:
        async with turns.take(owner, None), anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
        await take(turns, owner, 0.5)

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_task_that_is_cancelled_while_it_waits_or_works_gives_the_turn_on(backend: str) -> None:
    turns, owner = AsyncTurns(), Owner()

    async def hold(started: anyio.Event) -> None:
        async with turns.take(owner, None):
            started.set()
            await anyio.sleep_forever()

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            started = anyio.Event()
            tasks.start_soon(hold, started)
            await started.wait()
            tasks.start_soon(take, turns, owner)
            await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        await take(turns, owner, 0.5)

    anyio.run(main, backend=backend)


def test_each_loop_has_turns_of_its_own() -> None:
    turns, owner = AsyncTurns(), Owner()
    for backend in ("asyncio", "trio", "asyncio"):
        anyio.run(take, turns, owner, backend=backend)


def test_owner_that_is_gone_leaves_nothing() -> None:
    turns, owner = SyncTurns(), Owner()
    run(take(turns, owner))
    assert len(turns._locks) == 1
    del owner
    gc.collect()
    assert len(turns._locks) == 0
