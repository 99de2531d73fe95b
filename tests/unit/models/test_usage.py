"""Usages are added up by one rule, also if servers leave fields out."""

from __future__ import annotations

from typing import Any

import pytest

from responses_client.models import Usage
from responses_client.models._usage import known_counts, sum_usage

FULL: dict[str, Any] = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 1},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 12,
}


def total(*reports: dict[str, Any] | None) -> Usage:
    return sum_usage(None if data is None else Usage.from_dict(data) for data in reports)


def test_sum_adds_every_count() -> None:
    assert total(FULL, None, FULL).to_dict() == {
        "input_tokens": 20,
        "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 2},
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 24,
    }


@pytest.mark.parametrize(
    "bare",
    [
        {"input_tokens": 100, "output_tokens": 10},
        {"input_tokens": 100, "output_tokens": 10, "total_tokens": None},
        {"input_tokens": 100.0, "output_tokens": 10.0, "input_tokens_details": None},
        {"input_tokens": 100, "output_tokens": 10, "total_tokens": "many"},
    ],
)
def test_usage_without_a_total_counts_as_much_as_any(bare: dict[str, Any]) -> None:
    for reports in ((FULL, bare), (bare, FULL)):
        usage = total(*reports)
        assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (110, 12, 122)
        assert usage.input_tokens_details.cached_tokens == 4


def test_total_that_came_is_the_total() -> None:
    assert total({"total_tokens": 3}, FULL).total_tokens == 15


def test_malformed_count_does_not_spoil_the_sum() -> None:
    assert total({"input_tokens": 1.5, "output_tokens": 1}, FULL).input_tokens == 10


def test_numbers_that_are_not_known_are_added_and_a_null_does_not_undo_them() -> None:
    usage = total({"cost": 0.5, "by": {"a": 1}}, {"cost": 0.25, "by": {"a": 2, "b": 3}}, {"cost": None})
    assert usage.to_dict() == {"cost": 0.75, "by": {"a": 3, "b": 3}}


def test_only_numbers_are_added() -> None:
    usage = total({"b": True, "c": True, "d": "x"}, {"b": True, "c": 1, "d": "y"})
    assert usage.to_dict() == {"b": True, "c": 1, "d": "y"}
    assert usage.to_dict()["b"] is True


def test_sum_of_nothing_says_nothing() -> None:
    assert total().to_dict() == total(None, {}).to_dict() == {}


def test_only_what_was_reported_is_known() -> None:
    usage = Usage.from_dict({"input_tokens": 3, "output_tokens": None, "input_tokens_details": {"cost": 0.5}})
    assert known_counts(usage) == {
        "input_tokens": 3,
        "total_tokens": 3,
        "input_tokens_details": {"cost": 0.5},
    }
