"""The relay of a stream to a browser: over real sockets, and in Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browser import Browser, opened_browser, wait_for
from example_programs import EXAMPLES, copied, serving, with_key
from waits import PATIENT, eventually

from responses_client.testing import Server

pytest.importorskip("fastapi")

ENDLESS = "and another wave " * 20_000
"""A text that takes more than half an hour at one piece in a twentieth of a second."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def relay(server: Server, tmp_path: Path) -> Iterator[str]:
    """The URL of a copy of the example, alone, with a key."""
    program = copied("sse_relay", tmp_path)
    with (
        server.serve() as url,
        serving(
            program,
            **with_key(url),
        ) as relay,
    ):
        yield relay


def events(lines: Iterator[str]) -> Iterator[tuple[str, object]]:
    """Yield the kind and the data of each server-sent event."""
    for line in lines:
        if line.startswith("event: "):
            yield line.removeprefix("event: "), json.loads(next(lines).removeprefix("data: "))


def test_relay_passes_the_text_on_and_says_how_it_ended(server: Server, relay: str) -> None:
    server.reply("Ships pass.\n\nSo does time.")
    with httpx.stream("GET", f"{relay}/answer", params={"question": "Hi"}, timeout=PATIENT) as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        *texts, end = events(answer.iter_lines())
    assert "".join(str(data) for kind, data in texts if kind == "text") == "Ships pass.\n\nSo does time."
    assert end == ("end", {"status": "completed"})


def test_relay_ends_the_request_to_the_api_when_its_client_leaves(server: Server, relay: str) -> None:
    server.delay(per_event=0.05).reply(ENDLESS)
    with httpx.stream("GET", f"{relay}/answer", params={"question": "Hi"}, timeout=PATIENT) as answer:
        assert next(events(answer.iter_lines()))[0] == "text"
        assert (server.open_streams, server.closed_streams) == (1, 0)
    eventually(lambda: (server.open_streams, server.closed_streams) == (0, 1))


def test_relay_tells_its_client_that_the_answer_broke_off(server: Server, relay: str) -> None:
    server.disconnect_after(events=8).reply("Ships pass. So does time.")
    with httpx.stream("GET", f"{relay}/answer", params={"question": "Hi"}, timeout=PATIENT) as answer:
        *_, last = events(answer.iter_lines())
    assert last == ("problem", "The answer broke off. Please ask again.")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


def shown(browser: Browser, element: str) -> str:
    return str(browser.run(f"document.querySelector('#{element}').textContent"))


def test_page_shows_an_answer_to_its_end(server: Server, relay: str, browser: Browser) -> None:
    server.reply("Ships pass.")
    browser.open(relay)
    browser.run("document.forms[0].requestSubmit()")
    wait_for(browser, "document.querySelector('#state').textContent === 'completed'")
    assert shown(browser, "answer") == "Ships pass."
    assert browser.run("document.querySelector('#stop').disabled") is True
    assert server.requests[0].json["input"] == "Tell me a story about a lighthouse."
    assert browser.errors == []


@pytest.mark.parametrize(
    "leave", ["document.querySelector('#stop').click()", "location.replace('about:blank')"]
)
def test_browser_that_leaves_ends_the_request_to_the_api(
    leave: str, server: Server, relay: str, browser: Browser
) -> None:
    server.delay(per_event=0.05).reply(ENDLESS)
    browser.open(relay)
    browser.run("document.forms[0].requestSubmit()")
    wait_for(browser, "document.querySelector('#answer').textContent.length > 10")
    assert server.open_streams == 1
    browser.run(leave)
    eventually(lambda: (server.open_streams, server.closed_streams) == (0, 1))
    assert len(server.requests) == 1
    assert browser.errors == []


def test_page_says_that_an_answer_broke_off(server: Server, relay: str, browser: Browser) -> None:
    server.disconnect_after(events=8).reply("Ships pass. So does time.")
    browser.open(relay)
    browser.run("document.forms[0].requestSubmit()")
    wait_for(browser, "document.querySelector('#state').textContent.startsWith('The answer broke off')")
    assert "Ships" in shown(browser, "answer")
    assert len(server.requests) == 1
    assert browser.errors == []


def test_page_works_without_a_key(browser: Browser) -> None:
    with serving(EXAMPLES / "sse_relay.py") as relay:
        browser.open(relay)
        browser.run("document.forms[0].requestSubmit()")
        wait_for(browser, "document.querySelector('#state').textContent === 'completed'")
    assert "lighthouse" in shown(browser, "answer")
