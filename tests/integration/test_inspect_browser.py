"""Pages of `responses_client.inspect` in headless Chromium: hostile texts, ten thousand events, keys, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser, opened_browser, wait_for

from responses_client import inspect

HOSTILE = (
    "</script><script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
    "<!-- \u202etxt\u0007 javascript:alert(1)"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as found:
        yield found


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Any:
    """Write a page, open it, and return the browser."""

    def show(given: Any, *, width: int = 1200, dark: bool = False, **options: Any) -> Browser:
        path = tmp_path / "page.html"
        path.write_text(inspect.page(given, **options), encoding="utf-8")
        browser.show(width, 800, "dark" if dark else "light")
        browser.open(path.as_uri())
        wait_for(browser, "document.querySelectorAll('#axis .tick').length > 0")
        return browser

    return show


def stream(items: int, pieces: int, text: str = " tea") -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {"model": HOSTILE, "status": "in_progress", "output": []}}
    ]
    for index in range(items):
        item = {"type": "message", "id": f"m{index}", "name": HOSTILE, "content": []}
        events.append({"type": "response.output_item.added", "output_index": index, "item": item})
        for _ in range(pieces):
            delta = {"type": "response.output_text.delta", "output_index": index, "content_index": 0}
            events.append({**delta, "item_id": f"m{index}", "delta": text})
    return events


def place(page: Browser) -> int:
    return int(page.run("document.getElementById('place').textContent.split(' ')[0]"))


def press(page: Browser, key: str) -> None:
    page.call("Input.dispatchKeyEvent", type="keyDown", key=key)
    page.call("Input.dispatchKeyEvent", type="keyUp", key=key)


def test_hostile_texts_are_texts(opened: Any) -> None:
    events = [*stream(2, 2, HOSTILE), {"type": HOSTILE, "message": HOSTILE, HOSTILE: [HOSTILE]}]
    page = opened(events, title=HOSTILE)

    assert page.errors == []
    assert page.run("document.title").startswith("</script>")
    assert page.run("document.scripts.length") == 2
    assert page.run("document.querySelectorAll('img, a, iframe').length") == 0
    assert not page.run("/[\\u202a-\\u202e\\u0007]/.test(document.body.innerText)")
    assert "\\u202etxt\\u0007" in page.run("document.getElementById('texts').innerText")


def test_policy_refuses_scripts_that_get_in_all_the_same(opened: Any) -> None:
    page = opened(stream(1, 1))
    page.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.owned = 1\">')")
    page.run(
        "const s = document.createElement('script'); s.textContent = 'window.owned = 1'; document.body.append(s)"
    )
    page.run("new Promise((done) => requestAnimationFrame(() => done()))")
    assert page.run("window.owned") is None
    page.errors.clear()  # which say so


def test_ten_thousand_events_are_a_small_document(opened: Any) -> None:
    page = opened(stream(50, 200))
    assert page.errors == []
    for key in ("Home", "End", "PageUp"):
        press(page, key)
        assert page.run("document.querySelectorAll('*').length") < 500
    assert place(page) == 10_051 - 20
    assert page.run("document.querySelectorAll('.text').length") == 20


def test_keys_step_through_the_events(opened: Any) -> None:
    page = opened(stream(1, 30))
    assert place(page) == 32
    for key, expected in [
        ("ArrowLeft", 31),
        ("ArrowUp", 30),
        ("k", 29),
        ("Home", 1),
        ("j", 2),
        ("ArrowRight", 3),
        ("ArrowDown", 4),
        ("PageDown", 24),
        ("End", 32),
        ("ArrowRight", 32),
    ]:
        press(page, key)
        assert place(page) == expected
    assert page.run("document.querySelector('#events .selected').id") == "event-31"


def test_texts_grow_with_the_slider(opened: Any) -> None:
    page = opened(stream(1, 30))

    def text(index: int) -> str:
        page.run(f"slider.value = {index}; slider.dispatchEvent(new Event('input'))")
        return str(page.run("document.getElementById('texts').innerText"))

    assert "No text yet." in text(0)
    assert text(4).count("tea") == 3
    assert text(31).count("tea") == 30


def test_space_plays(opened: Any) -> None:
    page = opened(stream(1, 5))
    press(page, " ")
    wait_for(page, "document.getElementById('play').textContent === 'Pause'")
    wait_for(page, "document.getElementById('play').textContent === 'Play'")
    assert place(page) == 7


def test_click_on_an_event_shows_its_json(opened: Any) -> None:
    page = opened(stream(1, 30))
    page.run("document.querySelector('#rows .name').click()")
    assert place(page) == 2
    assert '"response.output_item.added"' in page.run("document.getElementById('raw').textContent")
    page.run("document.querySelector('#event-4').click()")
    assert place(page) == 5


@pytest.mark.parametrize("width", [400, 1200])
def test_page_fits_its_window_in_light_and_dark(opened: Any, width: int) -> None:
    papers = []
    for dark in (False, True):
        page = opened(stream(3, 5), width=width, dark=dark, times=[n / 10 for n in range(19)])
        assert page.run("document.documentElement.scrollWidth") <= width
        papers.append(page.run("getComputedStyle(document.body).backgroundColor"))
    assert papers == ["rgb(255, 255, 255)", "rgb(20, 23, 28)"]
    assert page.errors == []


def test_bars_stand_below_their_ticks(opened: Any) -> None:
    page = opened(stream(30, 5))
    left = "document.querySelector('{}').getBoundingClientRect().{}"
    for tick, edge in (("#axis .tick", "left"), ("#axis .last", "right")):
        at = page.run(left.format(tick, edge))
        assert at == pytest.approx(page.run(left.format("#rows .track", edge)), abs=1.5)


def test_page_without_events_says_so(opened: Any) -> None:
    page = opened([])
    assert page.errors == []
