"""The ways in which calls are made: by threads, or on one of three event loops."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any, TypeAlias, TypeVar

import anyio
import trio

T = TypeVar("T")
Main: TypeAlias = Callable[[], Coroutine[Any, Any, None]]

MODES = ("sync", "asyncio", "trio", "uvloop")


def is_available(mode: str) -> bool:
    """Whether the event loop is installed."""
    return mode != "uvloop" or find_spec("uvloop") is not None


def run(mode: str, main: Main) -> None:
    """Run a coroutine in a new event loop, as programs do."""
    if mode in ("asyncio", "sync"):
        asyncio.run(main())
    elif mode == "trio":
        trio.run(main)
    elif sys.platform != "win32":
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())


def each(workers: int, items: Iterable[T], work: Callable[[T], None]) -> None:
    """Do the work for each item, in threads."""
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work, item) for item in items]:
            done.result()


async def each_async(workers: int, items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Do the work for each item, in tasks."""
    rest = iter(items)

    async def take() -> None:
        for item in rest:
            await work(item)

    async with anyio.create_task_group() as tasks:
        for _ in range(workers):
            tasks.start_soon(take)


def tasks_here() -> int:
    """Return the number of tasks of this event loop."""
    return len(anyio.get_running_tasks())
