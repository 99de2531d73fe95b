"""A call in a thread of its own that its caller can leave when time is up.

Python cannot end a thread from outside: the thread runs on, and its late result is discarded or cleaned up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

__all__ = ["TimedOut", "run_with_timeout", "start_in_thread"]

_T = TypeVar("_T")


class TimedOut(Exception):
    """A call was not done in time.

    A class of its own, because the called function may raise `TimeoutError` itself.
    """


def _discard(_: object) -> None:
    """Ignore a late result."""


def start_in_thread(function: Callable[[], _T]) -> Future[_T]:
    """Call a function in a new thread, in a copy of the current context."""
    future: Future[_T] = Future()

    def work(future: Future[_T]) -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)
        finally:
            del future  # or this frame, which the error's traceback holds, would hold the error

    # A daemon, so that a call which never ends does not keep the program from ending. The threads of an executor
    # would: `concurrent.futures` joins them at exit.
    threading.Thread(target=copy_context().run, args=(work, future), daemon=True).start()
    return future


def run_with_timeout(
    seconds: float, function: Callable[[], _T], on_late: Callable[[_T], object] = _discard
) -> _T:
    """Call a function in a new thread and return its result.

    Args:
        seconds: The time limit.
        function: The function to call.
        on_late: Takes the result that comes after the caller has left, such as an answer to close.

    Raises:
        TimedOut: The function did not return in time; its thread runs on.
    """

    def leave(future: Future[_T]) -> None:
        with suppress(BaseException):
            on_late(future.result())

    future = start_in_thread(function)
    try:
        wait([future], seconds)
    except BaseException:  # Ctrl-C
        future.add_done_callback(leave)
        raise
    # Not `wait`'s own verdict: a result that came since is as good.
    if future.done():
        try:
            return future.result()
        finally:
            del future  # or this frame, which the error's traceback holds, would hold the error
    future.add_done_callback(leave)
    raise TimedOut
