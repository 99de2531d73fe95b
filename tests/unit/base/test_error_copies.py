"""Copies and pickles of errors keep their notes and causes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import TypeVar

import pytest

from responses_client._base.error_copies import KeptError, copy_error
from responses_client.errors import APIConnectionError, APITimeoutError, ResponsesClientError, ToolError

DUPLICATES: list[Callable[[ResponsesClientError], ResponsesClientError]] = [
    copy.copy,
    copy.deepcopy,
    lambda error: pickle.loads(pickle.dumps(error)),
]


@pytest.mark.parametrize("duplicate", DUPLICATES, ids=["copy", "deepcopy", "pickle"])
def test_copies_keep_notes_and_own_causes(
    duplicate: Callable[[ResponsesClientError], ResponsesClientError],
) -> None:
    error = ToolError("tool failed")
    error.add_note("while testing")
    error.__cause__ = APITimeoutError("too slow", request_id="req_1")

    again = duplicate(error)

    assert again.__notes__ == ["while testing"]
    assert isinstance(again.__cause__, APITimeoutError)
    assert again.__cause__.request_id == "req_1"
    assert again.__suppress_context__


def test_a_cause_that_cannot_be_pickled_is_kept_as_text() -> None:
    class Unpicklable(Exception):
        def __init__(self, message: str, request: object) -> None:
            super().__init__(f"{message} (Bearer abcdefgh123)")
            self.request = request

    error = APIConnectionError("refused")
    error.__cause__ = Unpicklable("no route", lambda: None)

    again = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(error))))

    assert str(again.__cause__).endswith("Unpicklable: no route (Bearer ***")


def test_an_error_without_cause_gets_none() -> None:
    again = pickle.loads(pickle.dumps(ToolError("x")))

    assert again.__cause__ is None
    assert not again.__suppress_context__


E = TypeVar("E", bound=Exception)


def raised(error: E) -> E:
    try:
        raise error
    except Exception:
        return error


def test_a_copy_has_attributes_and_cause_of_its_original_and_not_its_frames() -> None:
    error = APITimeoutError("too slow", request_id="req_1")
    error.__cause__ = OSError(1, "no route")

    again = copy_error(raised(error))

    assert again is not error
    assert (str(again), again.request_id, again.__cause__) == (str(error), "req_1", error.__cause__)
    assert again.__traceback__ is None


def test_an_error_of_a_class_that_takes_no_copies_is_used_as_it_is() -> None:
    class Singular(Exception):
        def __new__(cls, *args: object) -> Singular:
            if args == ("copy",):
                raise TypeError("no")
            error = super().__new__(cls)
            error.args = ("copy",)
            return error

        def __init__(self, *args: object) -> None:
            pass

    error = Singular()

    assert copy_error(error) is error


def test_a_kept_error_is_raised_first_as_it_is() -> None:
    error = raised(ValueError("no"))
    kept = KeptError(error)

    first, second, third = kept.take(), kept.take(), kept.take()

    assert first is error
    assert first.__traceback__ is not None
    assert second is not error
    assert (type(second), second.args, second.__traceback__) == (ValueError, ("no",), None)
    assert third is second or third.args == second.args
