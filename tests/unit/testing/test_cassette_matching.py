"""Which recorded request a request is, and paths in its body."""

from __future__ import annotations

from typing import Any

import pytest

from responses_client.testing._cassettes.exchanges import Body, Recording
from responses_client.testing._cassettes.matching import Matcher, describe_mismatch
from responses_client.testing._cassettes.scrubbing import change, path_steps


def request(
    body: Any = None, *, method: str = "POST", path: str = "/responses", **query: list[str]
) -> Recording:
    return Recording(method, path, query, {}, None if body is None else Body("body", body))


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (request({"b": [1, {"d": 2, "c": 1}], "a": 1}), True),
        (request({"a": 1, "b": [1, {"c": 1, "d": 3}]}), False),
        (request({"a": 1, "b": [{"c": 1, "d": 2}, 1]}), False),
        (request({"a": 1}), False),
        (request({"a": 1, "b": [1, {"c": 1, "d": 2}]}, method="PUT"), False),
        (request({"a": 1, "b": [1, {"c": 1, "d": 2}]}, path="/other"), False),
        (request({"a": 1, "b": [1, {"c": 1, "d": 2}]}, page=["2"]), False),
        (request(), False),
    ],
)
def test_requests_match_by_method_path_query_and_body(other: Recording, is_same: bool) -> None:
    matcher = Matcher()
    assert (matcher.key(request({"a": 1, "b": [1, {"c": 1, "d": 2}]})) == matcher.key(other)) is is_same


def test_body_that_is_not_json_is_compared_whole() -> None:
    one, two = (Recording("POST", "/files", body=Body("text", text)) for text in ("a", "b"))

    assert Matcher(["a"]).key(one) != Matcher(["a"]).key(two)


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("a", {"b": [{"c": 1}, {"c": 2}], "d": {"e": 1}}),
        ("b[0].c", {"a": 1, "b": [{}, {"c": 2}], "d": {"e": 1}}),
        ("b[-1]", {"a": 1, "b": [{"c": 1}], "d": {"e": 1}}),
        ("b[*].c", {"a": 1, "b": [{}, {}], "d": {"e": 1}}),
        ("d.*", {"a": 1, "b": [{"c": 1}, {"c": 2}], "d": {}}),
        ("d[0]", {"a": 1, "b": [{"c": 1}, {"c": 2}], "d": {"e": 1}}),
        ("b.c", {"a": 1, "b": [{"c": 1}, {"c": 2}], "d": {"e": 1}}),
        ("missing.field", {"a": 1, "b": [{"c": 1}, {"c": 2}], "d": {"e": 1}}),
    ],
)
def test_path_leads_to_fields_and_elements(path: str, changed: dict[str, Any]) -> None:
    value = {"a": 1, "b": [{"c": 1}, {"c": 2}], "d": {"e": 1}}

    assert change(value, path_steps("ignore", path), lambda _: ...) == changed


def test_element_of_an_empty_list_and_beyond_the_end_is_none() -> None:
    assert change({"a": []}, path_steps("ignore", "a[0]"), lambda _: ...) == {"a": []}
    assert change({"a": [1]}, path_steps("ignore", "a[3]"), lambda _: ...) == {"a": [1]}


def test_nearest_request_is_the_one_of_the_same_call_that_is_most_alike() -> None:
    recorded = [
        request({"input": "A long story about a lighthouse"}, path="/responses/input_tokens"),
        request({"input": "A short poem"}),
        request({"input": "A long story about a ship"}),
    ]
    text = describe_mismatch(Matcher(), request({"input": "A long story about a lighthouse"}), recorded, [])

    assert "a ship" in text
    assert "poem" not in text


def test_differences_are_shown_path_by_path() -> None:
    recorded = request({"input": [{"role": "user"}, 1], "n": 1}, path="/a", page=["1"])
    text = describe_mismatch(
        Matcher(), request({"input": [{"role": "tool"}], "n": True}, method="GET"), [recorded], []
    )

    assert [line.strip() for line in text.splitlines()] == [
        "the nearest recorded one, POST /a, differs:",
        *("method", "recorded: 'POST'", "sent:     'GET'"),
        *("path", "recorded: '/a'", "sent:     '/responses'"),
        *("query.page", "recorded: ['1']", "sent:     nothing"),
        *("input[0].role", "recorded: 'user'", "sent:     'tool'"),
        *("input[1]", "recorded: 1", "sent:     nothing"),
        *("n", "recorded: 1", "sent:     True"),
    ]


def test_body_that_is_missing_is_a_difference() -> None:
    assert "body" in describe_mismatch(Matcher(), request({"a": 1}), [request()], [])


def test_many_differences_are_counted() -> None:
    recorded, sent = ({str(number): number + add for number in range(30)} for add in (0, 1))

    assert describe_mismatch(Matcher(), request(sent), [request(recorded)], []).endswith(
        "and 10 more differences"
    )


def test_nothing_left_is_said() -> None:
    assert describe_mismatch(Matcher(), request({}), [], []) == "no recorded request is left"
    same = request({})
    assert (
        describe_mismatch(Matcher(), same, [], [same, same])
        == "it is recorded 2 times, and was replayed as often"
    )
