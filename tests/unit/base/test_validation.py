"""Predicates on options and arguments, and checks of values that a request is to carry."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest

from responses_client._base.validation import (
    MAX_SECONDS,
    check_argument,
    check_headers,
    check_option,
    check_query,
    check_query_value,
    check_text,
    invalid_option,
    is_async,
    is_number,
    is_seconds,
    is_whole_number,
    needs_async,
    needs_names,
    needs_names_after,
    unknown_argument,
)
from responses_client.errors import ConfigurationError, RequestValidationError

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


def test_value_by_position_beyond_the_first_gets_no_example() -> None:
    assert str(needs_names_after("retrieve", "response_id")).endswith("by name, except response_id")


# --- headers and query parameters


def test_headers_are_copied_without_white_space_around_values() -> None:
    given = {"X-A": " a\tb ", "X-B": None, "X-C": "é"}

    assert check_option("headers", check_headers, given) == {"X-A": "a\tb", "X-B": None, "X-C": "é"}
    assert check_option("headers", check_headers, None) == {}


@pytest.mark.parametrize(
    "headers", [{"Connection": "Close"}, {"connection": None}, {"Host": "inside.example"}]
)
def test_headers_of_a_connection_may_be_set_where_that_breaks_nothing(headers: dict[str, str | None]) -> None:
    assert check_option("headers", check_headers, headers) == headers


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ([("X-A", "a")], "The headers must be a mapping, got list"),
        ({1: "a"}, "The name in the headers must be a string, got int 1"),
        ({"X A": "a"}, "The headers has a header 'X A', which is not a valid header name; correct it"),
        (
            {"Content-Length": "5"},
            "The header 'Content-Length' in the headers belongs to HTTP, which sets it for each",
        ),
        ({"transfer-encoding": None}, "The header 'transfer-encoding' in the headers belongs to HTTP"),
        (
            {"Host": None},
            "The header 'Host' in the headers cannot be removed, since HTTP requires it; leave it out",
        ),
        (
            {"Connection": "X-A"},
            "The header 'Connection' in the headers belongs to HTTP; it may be 'close' or 'keep",
        ),
        ({"X-A": 5}, "The header 'X-A' in the headers must be a string or None, got int 5"),
        (
            {"X-A": "hunter2\n"},
            "The header 'X-A' in the headers contains a line break, which a header must not",
        ),
        ({"X-A": "hunter2\x00"}, "The header 'X-A' in the headers contains a control character"),
        ({"X-A": "hunter2€"}, "The header 'X-A' in the headers contains a character beyond Latin-1"),
    ],
)
def test_headers_that_http_cannot_carry_are_refused_without_their_value(headers: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_option("headers", check_headers, headers)

    assert str(caught.value).startswith(problem)
    assert "hunter2" not in str(caught.value)


def test_query_parameters_are_copied() -> None:
    given = {"a": "1", "b": [1, 2.5, True], "c": None, "d": ("x",)}

    assert check_option("query", check_query, given) == given


@pytest.mark.parametrize("value", [{1}, b"a", [[1]]])
def test_query_parameter_that_no_url_can_carry_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError, match="parameter 'a' in the query must be a string, number, list"):
        check_option("query", check_query, {"a": value})


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (
            {"a": "\ud800"},
            "The parameter 'a' in the query contains half of a surrogate pair, which no URL can carry",
        ),
        ({"a": {"b": ["\ud800"]}}, "The parameter 'a[b]' in the query contains half of a surrogate pair"),
        ({"\ud800": 1}, "The name of the parameter '\ufffd' in the query contains half of a surrogate pair"),
        (
            {"a": 10**5000},
            "The parameter 'a' in the query is a number of too many digits; pass a shorter one",
        ),
    ],
)
def test_query_that_cannot_be_written_is_refused_by_its_name(query: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_option("query", check_query, query)

    assert str(caught.value).startswith(problem)


def test_query_that_is_in_itself_is_refused() -> None:
    query: dict[str, Any] = {}
    query["a"] = {"b": query}

    with pytest.raises(
        ConfigurationError, match="The parameter 'a' in the query is nested too deep, or in itself"
    ):
        check_option("query", check_query, query)


def test_value_of_a_query_parameter_is_refused_at_its_own_place() -> None:
    with pytest.raises(
        RequestValidationError, match="sent: after: expected a string, number, list, dict or None"
    ):
        check_argument("after", check_query_value, b"a")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"hunter2", "must be a string, got bytes"),
        (" ", "is blank; set a value or leave it out"),
        ("hunter2 ", "contains white space at its start or end; remove it"),
        ("hunter2é", "contains a character beyond ASCII; remove it"),
    ],
)
def test_text_that_a_header_cannot_carry_unchanged_is_refused_without_being_shown(
    value: object, problem: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_option("key", check_text, value)

    assert problem in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_text_that_a_header_can_carry_is_returned() -> None:
    assert check_text("Zoë", "\xff") == "Zoë"


# --- errors and functions


def test_error_for_an_option_shows_only_numbers() -> None:
    assert str(invalid_option("timeout", "a number", "sk-1")) == "The timeout must be a number, got str"
    assert str(invalid_option("timeout", "above 0", -1)) == "The timeout must be above 0, got int -1"


def test_error_for_an_unknown_argument_suggests_a_similar_one() -> None:
    known = ["timeout", "max_retries"]

    assert str(unknown_argument("Client", "timeuot", known)).endswith("'timeuot'; did you mean 'timeout'?")
    assert str(unknown_argument("Client", "x", known)).endswith("keyword argument 'x'")


def test_error_for_an_async_function_names_the_option() -> None:
    assert str(needs_async("api_key")).startswith("api_key is an async function, which needs AsyncClient")


async def give() -> None:
    """An async function."""


class Giver:
    """An object that is called like an async function."""

    async def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "expected"), [(give, True), (Giver(), True), (partial(give), True), (len, False), (5, False)]
)
def test_async_functions_are_found(function: object, expected: bool) -> None:
    assert is_async(function) is expected
