"""A call in a thread of its own, which can be left when its time is up: no thread can be ended from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

__all__ = ["TimeIsUp", "started", "within"]

_T = TypeVar("_T")


class TimeIsUp(Exception):
    """The call was not done in time."""


def _forget(_: object) -> None:
    """Do nothing about what came too late."""


def started(function: Callable[[], _T]) -> Future[_T]:
    """Call a function in a thread of its own, in a copy of this context."""
    future: Future[_T] = Future()

    def work() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    # A daemon, so that a call which never ends does not keep the program from ending.
    threading.Thread(target=copy_context().run, args=(work,), daemon=True).start()
    return future


def within(seconds: float, function: Callable[[], _T], late: Callable[[_T], object] = _forget) -> _T:
    """Call a function in a thread and return what it gives.

    Args:
        seconds: How long it may take.
        function: What is called.
        late: Is given what the function gives when nobody waits for it any more.

    Raises:
        TimeIsUp: It was not done in time; it goes on in its thread.
    """

    def leave(future: Future[_T]) -> None:
        with suppress(BaseException):
            late(future.result())

    future = started(function)
    try:
        wait([future], seconds)
    except BaseException:  # Ctrl-C
        future.add_done_callback(leave)
        raise
    if future.done():
        return future.result()
    future.add_done_callback(leave)
    raise TimeIsUp
