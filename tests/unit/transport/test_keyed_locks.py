"""Locks by key, for threads and for tasks."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import anyio
import anyio.lowlevel
import pytest
from waits import PATIENT, SOON, settle

from responses_client._base.clock import NO_DEADLINE, Deadline
from responses_client._transport.keyed_locks import AsyncKeyedLocks, SyncKeyedLocks
from responses_client._transport.protocols import TransportError, run


class Owner:
    """Something that several wait for."""


async def hold(locks: SyncKeyedLocks | AsyncKeyedLocks, owner: object, seconds: float | None = None) -> None:
    async with locks.hold(owner, Deadline.after(seconds)):
        pass


async def hold_beside_another(locks: SyncKeyedLocks | AsyncKeyedLocks) -> None:
    """A lock of one owner does not wait for that of another."""
    async with locks.hold(Owner(), NO_DEADLINE):
        await hold(locks, Owner(), PATIENT)


async def hold_after_an_error(locks: SyncKeyedLocks | AsyncKeyedLocks) -> None:
    """A lock is released after an error."""
    owner = Owner()
    with pytest.raises(ZeroDivisionError):
        async with locks.hold(owner, NO_DEADLINE):
            raise ZeroDivisionError
    await hold(locks, owner, PATIENT)


@pytest.mark.parametrize("script", [hold_beside_another, hold_after_an_error])
def test_lock_waits_for_nothing_else_than_the_lock_before(script: object) -> None:
    run(script(SyncKeyedLocks()))
    for backend in ("asyncio", "trio"):
        anyio.run(script, AsyncKeyedLocks(), backend=backend)


def test_threads_have_the_lock_one_after_the_other() -> None:
    locks, owner = SyncKeyedLocks(), Owner()
    inside: list[int] = []

    async def work(number: int) -> None:
        async with locks.hold(owner, Deadline.after(PATIENT)):
            inside.append(number)
            settle()
            assert inside.pop() == number

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: run(work(number)), range(8)))
    assert inside == []


def test_thread_waits_for_its_lock_as_long_as_it_may() -> None:
    locks, owner = SyncKeyedLocks(), Owner()

    async def script() -> None:
        async with locks.hold(owner, NO_DEADLINE):
            with (
                ThreadPoolExecutor(1) as pool,
                pytest.raises(TransportError, match="held the lock for too long"),
            ):
                pool.submit(lambda: run(hold(locks, owner, SOON))).result()
            await hold(locks, owner, -1.0)  # its own lock, once more

    run(script())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_have_the_lock_one_after_the_other(backend: str) -> None:
    locks, owner = AsyncKeyedLocks(), Owner()
    inside: list[int] = []

    async def work(number: int) -> None:
        async with locks.hold(owner, Deadline.after(PATIENT)):
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
@pytest.mark.parametrize("timeout", [SOON, 0, -1.0])
def test_task_waits_for_its_lock_as_long_as_it_may(backend: str, timeout: float) -> None:
    locks, owner = AsyncKeyedLocks(), Owner()

    async def wait() -> None:
        with pytest.raises(TransportError, match="held the lock for too long"):
            await hold(locks, owner, timeout)

    async def main() -> None:
        async with locks.hold(owner, NO_DEADLINE), anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
        await hold(locks, owner, PATIENT)

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_task_that_is_cancelled_while_it_waits_or_works_passes_the_lock_on(backend: str) -> None:
    locks, owner = AsyncKeyedLocks(), Owner()

    async def hold_forever(started: anyio.Event) -> None:
        async with locks.hold(owner, NO_DEADLINE):
            started.set()
            await anyio.sleep_forever()

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            started = anyio.Event()
            tasks.start_soon(hold_forever, started)
            await started.wait()
            tasks.start_soon(hold, locks, owner)
            await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        await hold(locks, owner, PATIENT)

    anyio.run(main, backend=backend)


def test_owner_that_is_gone_leaves_nothing() -> None:
    locks, owner = SyncKeyedLocks(), Owner()
    run(hold(locks, owner))
    assert len(locks._locks) == 1
    del owner
    gc.collect()
    assert len(locks._locks) == 0
