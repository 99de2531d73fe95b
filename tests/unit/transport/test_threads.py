"""Calls in threads of their own, with a time limit."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest
from waits import PATIENT, SOON, eventually

from responses_client._transport.threads import TimedOut, run_with_timeout

variable: ContextVar[str] = ContextVar("variable", default="not set")


def test_result_comes_from_a_thread_with_the_context_of_the_caller() -> None:
    variable.set("set")
    assert run_with_timeout(
        PATIENT, lambda: (variable.get(), threading.current_thread() is threading.main_thread())
    ) == (
        "set",
        False,
    )


def test_timeout_error_of_the_function_itself_is_raised_as_it_is() -> None:
    def fail() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        run_with_timeout(PATIENT, fail)


def test_late_result_is_passed_to_on_late() -> None:
    release, has_come = threading.Event(), threading.Event()
    late: list[int] = []

    def slow() -> int:
        release.wait(PATIENT)
        return 42

    def take(value: int) -> None:
        late.append(value)
        has_come.set()

    with pytest.raises(TimedOut):
        run_with_timeout(SOON, slow, on_late=take)
    release.set()
    assert has_come.wait(PATIENT)
    assert late == [42]


def test_late_result_is_discarded_without_on_late() -> None:
    release = threading.Event()
    threads: list[threading.Thread] = []

    def slow() -> None:
        threads.append(threading.current_thread())
        release.wait(PATIENT)

    with pytest.raises(TimedOut):
        run_with_timeout(SOON, slow)
    release.set()
    eventually(lambda: threads)
    threads[0].join(PATIENT)
    assert not threads[0].is_alive()
