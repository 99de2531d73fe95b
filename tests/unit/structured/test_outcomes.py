"""The outcomes of reading: values, and reasons in one sentence."""

from __future__ import annotations

import pytest
from pydantic import Json, TypeAdapter

from responses_client import ParseError
from responses_client._structured.outcomes import (
    Outcome,
    UndeclaredTool,
    arguments_error,
    outcome_of_arguments,
    outcome_of_text,
)
from responses_client.models import FunctionCall

INT = TypeAdapter(dict[str, int])


class Reader:
    def read(self, text: str) -> object:
        if text == "!":
            raise RuntimeError("no")
        return INT.validate_json(text)


def call(arguments: str) -> FunctionCall:
    return FunctionCall(call_id="call_1", name="add", arguments=arguments)


def test_value_has_no_problem() -> None:
    assert outcome_of_text(INT.validate_json, '{"a": 1}', "dict") == Outcome({"a": 1})
    assert outcome_of_arguments(call('{"a": 1}'), Reader()) == Outcome({"a": 1})
    assert arguments_error(call("{}"), Outcome({})) is None


@pytest.mark.parametrize(
    ("text", "of_text", "of_arguments"),
    [
        (
            "{",
            "The text is not valid JSON (EOF while parsing an object at line 1 column 1), so it does not match dict; "
            "the answer is in .text and .response",
            "The arguments are not valid JSON (EOF while parsing an object at line 1 column 1), so they do not match the "
            "call of add; the received text is in .arguments",
        ),
        (
            '{"a": "x", "b": "y"}',
            "The text is not a valid dict: a: expected a valid integer, got str 'x' and 1 more in .errors; the answer "
            "is in .text and .response",
            "The arguments are not a valid call of add: a: expected a valid integer, got str 'x' and 1 more in "
            ".errors; the received text is in .arguments",
        ),
        (
            "!",
            "A validator of dict failed (RuntimeError: no); the answer is in .text and .response",
            "A validator of call of add failed (RuntimeError: no); the received text is in .arguments",
        ),
    ],
)
def test_problem_is_told_in_one_sentence(text: str, of_text: str, of_arguments: str) -> None:
    reader = Reader()
    assert outcome_of_text(reader.read, text, "dict").problem == of_text
    outcome = outcome_of_arguments(call(text), reader)
    assert outcome.problem == of_arguments
    error = arguments_error(call(text), outcome)
    assert isinstance(error, ParseError)
    assert (str(error), error.text, error.errors) == (of_arguments, text, list(outcome.errors))
    assert error.__cause__ is outcome.cause


def test_field_of_json_that_is_not_valid_is_named() -> None:
    outcome = outcome_of_text(TypeAdapter(list[Json[int]]).validate_json, '["{"]', "list")
    assert [error["path"] for error in outcome.errors] == ["[0]"]
    assert outcome.problem is not None
    assert outcome.problem.startswith("The text is not a valid list: [0]: Invalid JSON: EOF")


def test_arguments_without_a_known_type_are_not_read() -> None:
    outcome = outcome_of_arguments(call("{}"), None)
    assert outcome.value is None
    assert outcome.problem is not None
    assert outcome.problem.startswith("The type of the arguments of add is not known; call .parse(tools=...)")


def test_call_of_none_of_the_tools_names_them() -> None:
    outcome = outcome_of_arguments(call("{}"), UndeclaredTool(("Search", "Buy")))
    assert outcome.value is None
    assert outcome.problem == "add is not one of the tools: Search, Buy; the received text is in .arguments"
