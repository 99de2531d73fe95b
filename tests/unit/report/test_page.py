"""The HTML of a page: self-contained, and safe from its texts."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from typing import Any

import pytest

from responses_client._report.page import render
from responses_client._report.sources import Source, as_source

HOSTILE = "</script><script>alert(1)</script><!--\u202e{style}"


def element(page: str, tag: str) -> str:
    """Return the content of the last element of a tag."""
    found = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", page, re.DOTALL)
    return str(found[-1])


@pytest.fixture
def page() -> str:
    return render(as_source([{"type": HOSTILE, "delta": HOSTILE, "output_index": 0}], None), HOSTILE)


def test_policy_allows_the_style_and_the_script_of_the_page_alone(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    hashes = [
        b64encode(hashlib.sha256(element(page, tag).encode()).digest()).decode()
        for tag in ("style", "script")
    ]
    assert policy[1] == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_page_refers_to_nothing_outside(page: str) -> None:
    assert not re.search(r"(?:src|href|action)\s*=|url\(|@import|https?:", page)


def test_hostile_text_stays_in_the_data(page: str) -> None:
    assert len(re.findall("<script", page)) == 2
    assert "alert(1)</script>" not in page
    assert "\u202e" not in page
    data: dict[str, Any] = json.loads(re.findall(r'id="data">(.*?)</script>', page)[0])
    assert data["raw"] == [{"type": HOSTILE, "delta": HOSTILE, "output_index": 0}]
    assert data["title"] == HOSTILE


@pytest.mark.parametrize(
    ("kind", "title", "records"),
    [("events", "Stream", "Events"), ("run", "Run", "Items"), ("journal", "Journal", "Lines")],
)
def test_page_is_named_after_its_content(kind: Any, title: str, records: str) -> None:
    page = render(Source(kind, []))
    assert element(page, "title") == title
    assert f"<h2>{records}</h2>" in page
