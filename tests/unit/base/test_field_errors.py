"""Mistakes in requests name the place, the expected value and the given one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, Json, TypeAdapter, ValidationError, create_model, field_validator

from responses_client._base.field_errors import (
    describe_error,
    field_error,
    field_error_of,
    field_path,
    invalid_json_reason,
    located,
    missing_field,
)

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (("model",), "model"),
        (("input", 3, "content", 0, "text"), "input[3].content[0].text"),
        (("metadata", "my key"), "metadata['my key']"),
        (("metadata", "x" * 100 + " "), f"metadata['{'x' * 80}']"),
        ((0, "a"), "[0].a"),
        ((), ""),
    ],
)
def test_locations_are_written_as_users_read_them(location: Sequence[str | int], expected: str) -> None:
    assert field_path(location) == expected


@pytest.mark.parametrize(
    ("value", "got", "value_type"),
    [
        (3, "int 3", "int"),
        (2.5, "float 2.5", "float"),
        (True, "bool True", "bool"),
        (None, "None", "None"),
        ("hot", "str 'hot'", "str"),
        ("x" * 100, f"str '{'x' * 80}…'", "str"),
        ("sk-abcdefgh123", "str 'sk-***'", "str"),
        ([1], "list", "list"),
        (b"bytes", "bytes", "bytes"),
        (10**5000, "int", "int"),
    ],
    ids=["int", "float", "bool", "None", "str", "long str", "key", "list", "bytes", "huge int"],
)
def test_a_mistake_names_value_and_expectation(value: object, got: str, value_type: str) -> None:
    assert field_error(("input", 0, "x"), "a number from 0 to 2", value) == {
        "path": "input[0].x",
        "message": f"expected a number from 0 to 2, got {got}",
        "expected": "a number from 0 to 2",
        "value_type": value_type,
    }


@pytest.mark.parametrize("path", ["tools[0].authorization", "tools[0].headers['X-Mine']", "metadata.api_key"])
def test_a_mistake_in_a_secret_field_does_not_quote_it(path: str) -> None:
    assert field_error(path, "an object", "hunter2")["message"] == "expected an object, got str"


def test_a_mistake_may_have_its_own_message() -> None:
    error = field_error("modle", "a known field", "m", message="unknown field, did you mean 'model'?")

    assert error["message"] == "unknown field, did you mean 'model'?"


@pytest.mark.parametrize("path", ["input[0].role", ("input", 0, "role")])
def test_a_missing_field_is_named(path: str | Sequence[str | int]) -> None:
    assert missing_field(path, "a string") == {
        "path": "input[0].role",
        "message": "missing, expected a string",
        "expected": "a string",
        "value_type": "missing",
    }


def test_field_errors_are_plain_json() -> None:
    assert json.loads(json.dumps(field_error("a", "b", 1)))["path"] == "a"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1", "EOF while parsing a list at line 1 column 2"),
        ('["{"]', None),  # the string in it is what is not valid
        ("5", None),
    ],
)
def test_reason_why_a_string_is_not_json_is_that_of_the_whole_string(text: str, reason: str | None) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(list[Json[Any]]).validate_json(text)
    assert invalid_json_reason(caught.value.errors()) == reason


def test_message_about_the_whole_value_has_no_place() -> None:
    assert located("a[0]", "missing") == "a[0]: missing"
    assert located("", "missing") == "missing"


class Model(BaseModel):
    number: Annotated[int, Field(ge=1)] = 1
    names: Annotated[list[str], Field(min_length=1, max_length=2)] = []
    name: Annotated[str, Field(max_length=3)] = ""
    day: date = date(2026, 12, 1)
    kind: Literal["a", "b"] = "a"

    @field_validator("name")
    @classmethod
    def _check(cls, value: str) -> str:
        if value == "bad":
            raise ValueError("a bad name")
        return value


def lines_of(data: object) -> list[ErrorDetails]:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate(data)
    return caught.value.errors(include_url=False)


@pytest.mark.parametrize(
    ("data", "expected", "got"),
    [
        ({"number": "x"}, "a valid integer", "str 'x'"),
        ({"number": 1.5}, "a valid integer", "float 1.5"),
        ({"number": 0}, "a number greater than or equal to 1", "int 0"),
        ({"names": []}, "at least 1 entry", "list"),
        ({"names": ["a", "b", "c"]}, "at most 2 entries", "list"),
        ({"name": "long"}, "a string with at most 3 characters", "str 'long'"),
        ({"name": None}, "a valid string", "None"),
        ({"kind": "c"}, "'a' or 'b'", "str 'c'"),
        (
            {"day": "2026-13-01"},
            "a valid date or datetime, month value is outside expected range of 1-12",
            None,
        ),
    ],
)
def test_error_of_pydantic_is_told_in_the_words_of_this_package(
    data: dict[str, object], expected: str, got: str | None
) -> None:
    (line,) = lines_of(data)
    (value,) = data.values()
    assert field_error_of(line, "place") == field_error("place", expected, value)
    assert describe_error(line) == f"expected {expected}"
    assert got is None or field_error_of(line, "place")["message"] == f"expected {expected}, got {got}"


def test_missing_field_is_told_as_one() -> None:
    with pytest.raises(ValidationError) as caught:
        create_model("Needy", name=(str, ...)).model_validate({})
    (line,) = caught.value.errors(include_url=False)
    assert field_error_of(line, "name") == missing_field("name", "a value")
    assert describe_error(line) == "expected a value"


def test_words_of_a_validator_are_kept() -> None:
    (line,) = lines_of({"name": "bad"})
    assert field_error_of(line, "name") == {
        "path": "name",
        "message": "Value error, a bad name",
        "expected": "Value error, a bad name",
        "value_type": "str",
    }
    assert describe_error(line) == "Value error, a bad name"
