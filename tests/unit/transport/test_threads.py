"""A call in a thread that can be left when its time is up."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from responses_client._transport.threads import TimeIsUp, within

variable: ContextVar[str] = ContextVar("variable", default="not set")


def test_call_gives_what_its_function_gives_in_the_context_of_the_caller() -> None:
    variable.set("set")
    assert within(5, lambda: (variable.get(), threading.current_thread() is threading.main_thread())) == (
        "set",
        False,
    )


def test_error_of_the_function_is_raised_also_if_it_is_of_time() -> None:
    def fail() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        within(5, fail)


def test_what_comes_late_is_given_to_who_wants_it() -> None:
    go_on, come = threading.Event(), threading.Event()
    late: list[int] = []

    def slow() -> int:
        go_on.wait(5)
        return 42

    def take(value: int) -> None:
        late.append(value)
        come.set()

    with pytest.raises(TimeIsUp):
        within(0.001, slow, late=take)
    go_on.set()
    assert come.wait(5)
    assert late == [42]


def test_what_comes_late_is_forgotten_if_nobody_wants_it() -> None:
    go_on = threading.Event()
    threads: list[threading.Thread] = []

    def slow() -> None:
        threads.append(threading.current_thread())
        go_on.wait(5)

    with pytest.raises(TimeIsUp):
        within(0.05, slow)
    go_on.set()
    threads[0].join(5)
    assert not threads[0].is_alive()
