"""Attributes that are made at their first use; tests/faults/test_fault_forks.py forks meanwhile."""

from __future__ import annotations

import functools
import threading
from concurrent.futures import ThreadPoolExecutor

from waits import PATIENT

from responses_client._base.cached import cached_property


class Thing:
    """A class with an attribute that is made by as many threads as `together` waits for."""

    def __init__(self, together: threading.Barrier) -> None:
        self.together = together

    @cached_property
    def value(self) -> object:
        """A value."""
        self.together.wait(PATIENT)
        return object()


def test_value_is_made_once() -> None:
    thing = Thing(threading.Barrier(1))
    assert thing.value is thing.value
    assert "value" in vars(thing)


def test_value_can_be_replaced_and_made_again() -> None:
    thing = Thing(threading.Barrier(1))
    first = thing.value
    del thing.value
    assert thing.value is not first
    thing.value = 5
    assert thing.value == 5


def test_threads_do_not_wait_for_each_other_and_get_one_value() -> None:
    thing = Thing(threading.Barrier(4))
    with ThreadPoolExecutor(4) as pool:
        values = list(pool.map(lambda _: thing.value, range(4)))
    assert {id(value) for value in values} == {id(thing.value)}


def test_class_shows_the_attribute_as_python_would() -> None:
    assert isinstance(Thing.value, functools.cached_property)
    assert Thing.value.__doc__ == "A value."
