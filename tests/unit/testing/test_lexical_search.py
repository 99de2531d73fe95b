"""The search that stands in for embeddings: texts, chunks, ranks and filters."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses_client.testing._lexical_search import Hit, chunks_of, matches, search, text_in

NUMBERS = " ".join(f"w{n}" for n in range(10))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Tée".encode(), "Tée"),
        ("\ufeffTée".encode(), "Tée"),
        ("Tée".encode("utf-16"), "Tée"),
        (b"\xff\xfeT", "\ufffd"),
        (b"\x00\x80\xffHello\x01\x02abc\x03World", "Hello\nWorld"),
        (b"", ""),
    ],
)
def test_text_of_a_file_is_read(content: bytes, text: str) -> None:
    assert text_in(content) == text


def test_chunks_overlap() -> None:
    assert chunks_of(NUMBERS, size=4, overlap=2) == [
        "w0 w1 w2 w3",
        " w2 w3 w4 w5",
        " w4 w5 w6 w7",
        " w6 w7 w8 w9",
    ]


@pytest.mark.parametrize(("text", "chunks"), [("", []), ("Tea", ["Tea"]), (NUMBERS, [NUMBERS])])
def test_short_text_is_one_chunk(text: str, chunks: list[str]) -> None:
    assert chunks_of(text, size=800, overlap=400) == chunks


@given(st.text(), st.integers(2, 9), st.integers(0, 4))
def test_chunks_without_overlap_are_the_text(text: str, size: int, overlap: int) -> None:
    assert "".join(chunks_of(text, size=size, overlap=0)) == text
    assert all(chunk in text for chunk in chunks_of(text, size=size, overlap=min(overlap, size // 2)))


def found(query: str | list[str], *texts: str) -> list[int]:
    queries = [query] if isinstance(query, str) else query
    return [hit.key for hit in search([*enumerate(texts)], queries)]


def test_chunk_with_more_words_of_the_query_comes_first() -> None:
    assert found("green tea", "Coffee.", "Green paint.", "Green tea!") == [2, 1]


def test_rare_words_count_more() -> None:
    assert found("the emperor", "the the the", "the cat", "an emperor", "the dog") == [2, 0, 1, 3]


def test_case_and_plurals_do_not_matter() -> None:
    assert found("TEAS", "the tea", "a glass", "chess") == [0]
    assert found("glass", "glas", "Glass") == [1]


def test_several_queries_are_one_search() -> None:
    assert found(["tea", "milk"], "tea", "tea and milk", "beer") == [1, 0]


@pytest.mark.parametrize("query", ["", "?!", "wine"])
def test_query_that_fits_nothing_finds_nothing(query: str) -> None:
    assert found(query, "tea", "milk") == []


def test_search_of_nothing_finds_nothing() -> None:
    assert search([], ["tea"]) == []


@given(st.lists(st.text(alphabet="ab ", max_size=12), max_size=6), st.text(alphabet="ab ", max_size=6))
def test_scores_are_between_0_and_1_and_fall(texts: list[str], query: str) -> None:
    hits: list[Hit] = search([*enumerate(texts)], [query])
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)
    assert all(set(re.findall(r"\w+", query)) & set(re.findall(r"\w+", hit.text)) for hit in hits)


ADA: dict[str, Any] = {"name": "Ada", "age": 36, "alive": False, "one": 1}


@pytest.mark.parametrize(
    ("kind", "key", "value", "passes"),
    [
        ("eq", "name", "Ada", True),
        ("eq", "one", True, False),
        ("eq", "one", 1.0, True),
        ("eq", "nothing", "Ada", False),
        ("ne", "name", "Ada", False),
        ("ne", "nothing", "Ada", True),
        ("gt", "age", 36, False),
        ("gt", "age", 35.5, True),
        ("gte", "age", 36, True),
        ("lt", "name", "Bob", True),
        ("lte", "age", 35, False),
        ("gt", "age", "a", False),
        ("lt", "alive", 1, False),
        ("gt", "age", False, False),
        ("lt", "nothing", 1, False),
        ("in", "name", ["Bob", "Ada"], True),
        ("in", "name", "Ada", True),
        ("in", "one", [True], False),
        ("nin", "name", ["Bob", "Ada"], False),
        ("nin", "nothing", ["Bob"], True),
    ],
)
def test_comparison_of_an_attribute(kind: str, key: str, value: Any, passes: bool) -> None:
    assert matches({"type": kind, "key": key, "value": value}, ADA) is passes


@pytest.mark.parametrize(("kind", "passes"), [("and", False), ("or", True)])
def test_filters_are_combined(kind: str, passes: bool) -> None:
    filters = [{"type": "eq", "key": "age", "value": age} for age in (35, 36)]
    assert matches({"type": kind, "filters": filters}, ADA) is passes
    nested = {"type": "and", "filters": [{"type": kind, "filters": filters}]}
    assert matches(nested, ADA) is passes
