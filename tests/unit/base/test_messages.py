"""Text from elsewhere becomes fit for messages."""

from __future__ import annotations

import pytest

from responses_client._base.messages import (
    UNREAD,
    body_clause,
    body_start,
    clause,
    fact_list,
    number_text,
    one_line,
    sentence,
)


def cyclic() -> list[object]:
    items: list[object] = []
    items.append(items)
    return items


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"null", "'null'"),
        (b"<html>\n\xff", "'<html> \N{REPLACEMENT CHARACTER}'"),
        ("text", "'text'"),
        ({"ä": 1}, "'{\"ä\": 1}'"),
        (object(), "a object"),
        (cyclic(), "a list"),
        ("x" * 201, f"'{'x' * 200}…'"),
    ],
    ids=["None", "no bytes", "null", "bytes", "text", "JSON", "object", "cycle", "long"],
)
def test_the_start_of_a_body_is_quoted(body: object, expected: str) -> None:
    assert body_start(body) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\n b\tc", "a b c"),
        ("\x1b[31mred\x00", "[31mred"),
        (" " * 1000 + "late", "late"),
        ("x" * 50, "x" * 20 + "…"),
        ("key sk-abcdefghijklmnopqrst", "key sk-***"),
        ("half \ud800", "half \ufffd"),
        ("\u202egnp.exe\u2066", "gnp.exe"),
        ("", ""),
    ],
)
def test_texts_become_one_short_line(text: str, expected: str) -> None:
    assert one_line(text, 20) == expected


@pytest.mark.parametrize(("value", "expected"), [(1, "1"), (False, "False"), (10**80, ""), ("secret", "")])
def test_only_short_numbers_are_shown(value: object, expected: str) -> None:
    assert number_text(value) == expected


def test_clause_is_on_one_line_and_has_no_full_stop() -> None:
    assert clause(" Slow\ndown. ") == "Slow down"
    assert clause("x" * 1001) == "x" * 1000 + "…"


def test_facts_that_are_known_are_listed_in_words() -> None:
    assert fact_list(code="c", param=None, request_id="req_1") == " (code c, request id req_1)"
    assert fact_list(code=None) == fact_list() == ""


def test_facts_are_on_one_line_and_bounded() -> None:
    assert fact_list(code="a\r\nb", type="x" * 100) == f" (code a b, type {'x' * 80}…)"


def test_body_that_was_not_read_is_not_mentioned() -> None:
    assert body_clause(UNREAD) == ""
    assert body_clause(None) == ": the body is empty"


def test_message_of_an_error_is_bounded_and_can_be_printed() -> None:
    assert sentence("a\n\ud800") == "a \ufffd"
    assert len(sentence("x" * 5000)) == 4001


def test_credentials_in_json_data_are_not_quoted() -> None:
    tool = {"type": "mcp", "authorization": "hunter2"}

    assert body_start(tool) == repr('{"type": "mcp", "authorization": "***"}')
