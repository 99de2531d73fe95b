"""Predicates on options and arguments; the checks that raise are tested with the settings, which use them."""

from __future__ import annotations

import math

import pytest

from responses_client._base.validation import (
    MAX_SECONDS,
    is_number,
    is_seconds,
    is_whole_number,
    needs_names,
)

NOT_NUMBERS = (True, False, "1", None, [1], math.nan, math.inf)


@pytest.mark.parametrize("value", NOT_NUMBERS)
def test_bools_strings_and_endless_numbers_are_no_numbers(value: object) -> None:
    assert not is_number(value)
    assert not is_whole_number(value)
    assert not is_seconds(value)


def test_numbers_may_be_below_zero() -> None:
    assert is_number(-1)
    assert is_number(0.5)


def test_integers_too_large_for_a_float_are_numbers() -> None:
    assert is_number(10**400)
    assert is_whole_number(10**400)
    assert not is_seconds(10**400)


@pytest.mark.parametrize(
    ("value", "least", "fits"), [(0, 0, True), (0, 1, False), (3, 1, True), (1.0, 0, False)]
)
def test_whole_numbers_have_a_lower_bound(value: object, least: int, fits: bool) -> None:
    assert is_whole_number(value, least) is fits


@pytest.mark.parametrize(
    ("value", "least", "fits"),
    [
        (0.001, None, True),
        (0, None, False),
        (0, 0, True),
        (MAX_SECONDS, None, True),
        (MAX_SECONDS + 1, None, False),
    ],
)
def test_seconds_are_above_zero_unless_a_bound_is_given(
    value: float, least: float | None, fits: bool
) -> None:
    assert is_seconds(value, least=least) is fits


@pytest.mark.parametrize(
    ("values", "name", "hint"),
    [
        (["hello"], "input", ": input='hello'"),
        (["two\nlines"], "input", ": input='two lines'"),
        (["x" * 81], "input", f": input='{'x' * 80}…'"),
        (["my key is sk-1234567890abcdefghij"], "input", ": input='my key is sk-***'"),
        ([[{"role": "user"}]], "input", ", such as input=..."),
        (["gpt-5-mini", "hello"], "input", ", such as input=..."),
        (["hello"], None, ""),
    ],
)
def test_values_by_position_get_the_name_that_they_need(
    values: list[object], name: str | None, hint: str
) -> None:
    assert str(needs_names("client.ask", values, name)) == f"client.ask() takes its arguments by name{hint}"
