"""Type guards for JSON values."""

from __future__ import annotations

from collections import UserDict

import pytest

from responses_client._base.json_types import (
    as_array,
    as_object,
    is_array,
    is_mapping,
    is_object,
    is_sequence,
    json_or,
)


@pytest.mark.parametrize(
    ("value", "passes"),
    [
        ({"a": 1}, {is_object, is_mapping}),
        (UserDict({"a": 1}), {is_mapping}),
        ([1], {is_array, is_sequence}),
        ((1,), {is_sequence}),
        ("text", set()),
        (None, set()),
        (1, set()),
    ],
)
def test_guards_take_their_own_kind_and_no_other(value: object, passes: set[object]) -> None:
    assert {guard for guard in (is_object, is_mapping, is_array, is_sequence) if guard(value)} == passes


@pytest.mark.parametrize("text", ["", b"", "{", b"\xff", "NaN?"])
def test_text_that_is_not_json_has_no_data(text: str | bytes) -> None:
    assert json_or(text) is None
    assert json_or(text, "default") == "default"


def test_text_that_is_json_has_its_data() -> None:
    assert json_or('{"a": [1]}', "default") == {"a": [1]}
    assert json_or(b"null", "default") is None


def test_other_values_count_as_empty() -> None:
    assert as_object({"a": 1}) == {"a": 1}
    assert as_array([1]) == [1]
    for value in ("text", None, 1):
        assert as_object(value) == {}
        assert as_array(value) == []
