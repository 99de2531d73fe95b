"""Time limits and waits of tests, so that a busy machine changes no outcome.

Real time passes in a test only by these names; `tests/unit/test_test_limits.py` keeps it so. Waits of the client itself
go by a `VirtualClock` or a fake I/O where they can.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import anyio

__all__ = [
    "LONG",
    "PATIENT",
    "SHORT",
    "SOON",
    "cancel_when",
    "eventually",
    "eventually_async",
    "settle",
    "settle_async",
]

SOON = 0.05
"""Seconds of a limit that has to pass: nothing else has to happen before, so it may as well pass at once."""
SHORT = 0.9
"""Seconds of a limit that has to pass, but after something else: far more than that takes on a busy machine."""
PATIENT = 30.0
"""Seconds within which something has to happen: only what hangs takes as long."""
LONG = 60.0
"""Seconds of what has to be ended before they are over."""

_LOOK_SECONDS = 0.002
_SETTLE_SECONDS = 0.02


def eventually(condition: Callable[[], object]) -> None:
    """Wait in a thread until a condition holds that nothing reports."""
    until = time.monotonic() + PATIENT
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(_LOOK_SECONDS)


async def eventually_async(condition: Callable[[], object]) -> None:
    """Wait in a task until a condition holds that nothing reports."""
    with anyio.fail_after(PATIENT):
        while not condition():  # noqa: ASYNC110  # nothing reports it
            await anyio.sleep(_LOOK_SECONDS)


async def cancel_when(condition: Callable[[], object], work: Callable[[], Awaitable[object]]) -> None:
    """Do work, and cancel it by a scope soon after a condition holds."""
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:

            async def cancel() -> None:
                await eventually_async(condition)
                await settle_async()
                scope.cancel()

            tasks.start_soon(cancel)
            await work()
            tasks.cancel_scope.cancel()
    assert scope.cancelled_caught, "it ended before it was cancelled"


def settle(seconds: float = _SETTLE_SECONDS) -> None:
    """Let others get where they most probably are then, where nothing can be observed.

    The test passes too if they are not there yet; it then just shows less.
    """
    time.sleep(seconds)


async def settle_async(seconds: float = _SETTLE_SECONDS) -> None:
    """Let others get on, as `settle` does."""
    await anyio.sleep(seconds)
