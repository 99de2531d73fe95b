"""Parameters as they stand in queries and forms."""

from __future__ import annotations

from typing import Any

import pytest

from responses_client import RequestValidationError
from responses_client._calls.query import parameters, query_of
from responses_client._calls.settings import Settings

SETTINGS = Settings(api_key="k", default_query={"a": 1, "b": [1, 2]})


@pytest.mark.parametrize(
    ("value", "pairs"),
    [
        ("x", [("n", "x")]),
        (1.5, [("n", 1.5)]),
        (True, [("n", "true")]),
        (False, [("n", "false")]),
        (None, []),
        ([1, "b"], [("n[]", 1), ("n[]", "b")]),
        ({"k": "v", "l": [1]}, [("n[k]", "v"), ("n[l][]", 1)]),
        ({"k": {"m": True}}, [("n[k][m]", "true")]),
    ],
)
def test_value_becomes_pairs(value: Any, pairs: list[tuple[str, Any]]) -> None:
    assert list(parameters("n", value)) == pairs


@pytest.mark.parametrize(
    ("options", "named", "expected"),
    [
        ({}, {}, "?a=1&b%5B%5D=1&b%5B%5D=2"),
        ({}, {"a": 2, "b": None}, "?a=2"),
        ({"extra_query": {"a": None, "b": None}}, {}, ""),
        ({"extra_query": {"b[]": [3]}}, {"a": None}, "?b%5B%5D=3"),
    ],
)
def test_later_parameters_replace_those_of_the_client(
    options: dict[str, Any], named: dict[str, Any], expected: str
) -> None:
    assert query_of(SETTINGS, options, named) == expected


def test_value_that_no_query_can_have_is_refused_by_name() -> None:
    with pytest.raises(RequestValidationError, match="after"):
        query_of(SETTINGS, {}, {"after": object()})
