"""Copies and pickles of errors keep their notes and causes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

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
