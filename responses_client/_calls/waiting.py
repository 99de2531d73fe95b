"""The work of `responses.wait` and its kin: the loop that polls an object until it is finished."""

# How it works
#
#     +--> sleep next_delay() ---> GET /responses/{id} ---+---> finished -----------------------> return it
#     |                                                   |
#     +---- on_progress, if status or output is new <-----+---- running
#     |                                                   |
#     +---- it may pass <---------------------------------+---- error ---> it will not: raise it
#
# `polling.py` decides when to poll and when that ends. A poll is a call with all its retries. Each has the remaining
# time as its deadline.

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from .._base import clock
from ..errors import APIError
from ..models._base import Model
from .attempts import fetch
from .request import Call, prepare
from .wait_progress import WaitReporter

if TYPE_CHECKING:
    from .._transport.protocols import IO
    from .polling import Schedule
    from .settings import Settings

__all__ = ["bounded", "bounded_settings", "wait", "wait_work"]

_P = TypeVar("_P", bound=Model)

_MIN_DEADLINE_SECONDS = 0.001


def wait_work(
    schedule: Schedule[_P],
    params: Mapping[str, object],
    on_progress: Callable[..., object] | None,
    *,
    progress: bool,
    is_async: bool,
) -> Callable[[IO, Settings], Coroutine[Any, Any, _P]]:
    """Return the work of a method that waits, which is to be performed by a client.

    Args:
        schedule: The schedule of the polls.
        params: The arguments of each poll.
        on_progress: The function to report to, which may be async only if `is_async`.
        progress: Whether standard error shows the progress.
        is_async: Whether the client is async.

    Raises:
        RequestValidationError: `progress` is not True or False.
    """
    reporter = WaitReporter(on_progress, is_shown=progress, is_async=is_async)
    return partial(wait, schedule=schedule, params=params, reporter=reporter)


async def wait(
    io: IO,
    settings: Settings,
    schedule: Schedule[_P],
    params: Mapping[str, object],
    reporter: WaitReporter,
) -> _P:
    """Poll an object until it is finished, and return it.

    Raises:
        WaitTimeout: It was not finished within the time of the schedule, or the `deadline` in `params`.
        APIError: It cannot be polled.
    """
    result = schedule.result
    if result is not None:
        return result
    call = prepare(schedule.operation, params, settings, schedule.path)
    deadline: Any = params.get("deadline")
    schedule.limit(deadline)
    start = clock.monotonic()
    with reporter.watch(schedule.id):
        while result is None:
            delay = schedule.next_delay(clock.monotonic() - start, random.random())
            await reporter.sleep(io, delay)
            try:
                state = await fetch(io, bounded(call, schedule.remaining(clock.monotonic() - start)))
            except APIError as error:
                if not schedule.record_failure(error):
                    raise
                await reporter.report(schedule.state, error=error)
                continue
            is_new = schedule.record(state, clock.time())
            result = schedule.result
            await reporter.report(state, is_new=is_new, is_finished=result is not None)
    return result


def bounded(call: Call[_P], remaining: float | None) -> Call[_P]:
    """Return a call with a deadline no later than the end of the wait."""
    return call._replace(settings=bounded_settings(call.settings, remaining))


def bounded_settings(settings: Settings, remaining: float | None) -> Settings:
    """Return settings with a deadline no later than the end of the wait."""
    if remaining is None:
        return settings
    deadline = settings.deadline
    bound = max(remaining if deadline is None else min(remaining, deadline), _MIN_DEADLINE_SECONDS)
    return settings.for_call({"deadline": bound})
