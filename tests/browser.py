"""Chromium for tests: the tab by which the site is checked, too; without Chromium, tests that need it are skipped.

with opened_browser() as browser:
    browser.open("http://127.0.0.1:8000")
    assert browser.run("document.title") == "Ask"
    assert browser.errors == []
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from waits import eventually

from pages.browser import Browser, browser, find_chromium

__all__ = ["Browser", "opened_browser", "wait_for"]


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Start Chromium; yield a tab of it."""
    pytest.importorskip("websockets")
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("Chromium is not installed")
    with browser(chromium) as tab:
        tab.show(1200, 800, "light")
        yield tab


def wait_for(tab: Browser, expression: str) -> None:
    """Wait until an expression of JavaScript is true."""
    eventually(lambda: tab.run(expression))
