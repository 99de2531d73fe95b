"""The sources of the site, its texts for language models, its picture, and the checks of the built site."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pages.browser import browser, find_chromium, look, served
from pages.links import check_links
from pages.llms_text import llms_files, plain
from pages.staging import PROJECT_PAGES, ROOT, pages, stage
from pages.stream_diagram import PATH, draw, recorded

PAGES = pages()


# Sources


def test_project_pages_are_pages_of_the_site(tmp_path: Path) -> None:
    settings = stage(tmp_path).read_text("utf-8")
    for target in PROJECT_PAGES.values():
        assert (tmp_path / "docs" / target).exists()
        assert target in settings
    assert (tmp_path / "docs" / "versions.md").exists()
    assert (tmp_path / "docs" / "assets" / "logo.svg").exists()


def test_each_page_is_in_the_menu_of_the_site_once(tmp_path: Path) -> None:
    menu = re.findall(r"[\w/-]+\.md\b", stage(tmp_path).read_text("utf-8"))
    assert sorted(menu) == sorted(PAGES)


def test_links_between_pages_lead_to_pages_of_the_site() -> None:
    for name, text in PAGES.items():
        for target in re.findall(r"\]\((?!\w+:|#)([^)\s#]+)", text):
            path = (Path(name).parent / target).as_posix()
            path = re.sub(r"[^/.]+/\.\./", "", path)
            assert path in PAGES or (ROOT / "docs" / path).exists(), f"{name}: {target}"


def test_code_that_only_tests_see_is_left_out() -> None:
    assert "<!-- python" in (ROOT / "docs" / "streaming.md").read_text("utf-8")
    assert [name for name, text in PAGES.items() if re.search("<!-- (?:python|no-run)", text)] == []


# Language models


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return llms_files(
        [{"Start": ["index.md", {"More": ["streaming.md"]}]}, {"All": [{"Rest": "errors.md"}]}], PAGES
    )


def test_list_of_pages_has_a_title_a_summary_and_links(texts: dict[str, str]) -> None:
    title, empty, summary, *rest = texts["llms.txt"].splitlines()
    assert (title, empty) == ("# responses_client", "")
    assert summary.startswith("> A typed Python client for the Responses API")
    assert [line for line in rest if line.startswith("## ")] == ["## Start", "## All"]
    assert [re.findall(r"\]\((.*?)\)", line)[0] for line in rest if line.startswith("- [")] == [
        "index.md",
        "streaming.md",
        "errors.md",
    ]


def test_full_text_has_each_page_in_the_order_of_the_menu(texts: dict[str, str]) -> None:
    full = texts["llms-full.txt"]
    assert full.startswith("# responses_client\n")
    assert full.index("\n# Streaming\n") < full.index("\n# Errors\n")


def test_text_of_the_reference_has_docstrings_and_no_marks(texts: dict[str, str]) -> None:
    assert "A client for synchronous code." in texts["reference/client.md"]
    assert "### Responses.create" in texts["reference/client-responses.md"]
    events = texts["reference/models/events.md"]
    assert "### OutputTextDelta\n" in events
    assert "| `sequence_number` | int | None |" in events
    assert [
        name for name, text in texts.items() if re.search(r"^::: |\{ #|&#\d+;|</?code>", text, re.M)
    ] == []


def test_name_that_cannot_be_loaded_keeps_its_place() -> None:
    assert (
        plain("# X\n\n::: responses_client.nowhere.Thing\n") == "# X\n\n## responses_client.nowhere.Thing\n"
    )


# The picture


def test_picture_of_a_stream_is_that_of_its_events() -> None:
    assert PATH.read_text("utf-8") == draw(recorded()), "run `python -m pages.stream_diagram`"


def test_picture_has_a_title_a_description_and_colours_for_the_dark() -> None:
    text = PATH.read_text("utf-8")
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in text
    assert re.search(r"<title id=\"[\w-]+\">The events of a streamed answer</title>", text)
    assert "response.created" in re.findall(r"<desc .*?>(.*?)</desc>", text)[0]
    assert "prefers-color-scheme: dark" in text


def test_picture_is_a_part_of_its_page_in_the_site(tmp_path: Path) -> None:
    stage(tmp_path)
    page = (tmp_path / "docs" / "streaming.md").read_text("utf-8")
    assert '<div class="picture">\n<svg' in page
    assert "<style>" not in page


# Checks of the built site

GOOD = "<html lang=en><title>t</title><h1 id=top>Title</h1><p>Text.</p>{}</html>"


def site(folder: Path, **bodies: str) -> Path:
    for name, body in bodies.items():
        path = folder / ("" if name == "start" else name) / "index.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(GOOD.format(body), "utf-8")
    return folder


def test_site_without_mistakes_has_its_links_counted(tmp_path: Path) -> None:
    links = '<a href="other/#top">a</a><a href="#top">b</a><a href="https://example.com/">c</a>'
    checked = check_links(site(tmp_path, start=links, other='<a href="../">up</a>'))
    assert (checked.pages, checked.links, checked.anchors, checked.mistakes) == (2, 3, 2, [])


@pytest.mark.parametrize(
    ("body", "mistake"),
    [
        ('<a href="nowhere/">x</a>', "a link leads nowhere: nowhere/"),
        ('<a href="#nothing">x</a>', "a link has an anchor that is not there: #nothing"),
        ('<script src="https://cdn.example.com/x.js"></script>', "loads https://cdn.example.com/x.js"),
        ('<link rel="stylesheet" href="no.css">', "loads no.css, which is not there"),
        ("<img src='data:image/png;base64,'>", "an image has no text"),
        ("<h1>Second</h1>", "there are 2 headings of the first level"),
        ("<h3>Deep</h3>", "a heading of level 3 follows one of level 1"),
        ("<p id=top>", "ids that are there twice: top"),
    ],
)
def test_mistake_of_a_page_is_found(body: str, mistake: str, tmp_path: Path) -> None:
    assert check_links(site(tmp_path, start=body)).mistakes == [f"index.html: {mistake}"]


CHROMIUM = find_chromium() or ""
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")


@needs_chromium
def test_browser_finds_errors_and_requests_to_other_hosts(tmp_path: Path) -> None:
    body = (
        "<script>console.error('broken'); throw new Error('thrown')</script><img alt='' src='missing.png'>"
        "<img alt='' src='http://127.0.0.1:9/elsewhere.png'>"
    )
    opened, mistakes = look(site(tmp_path, start=body), CHROMIUM)
    assert opened == 1
    text = "\n".join(mistake for mistake in mistakes if mistake.startswith("start: "))
    for part in ("error: broken", "thrown", "404", "asks http://127.0.0.1:9/elsewhere.png"):
        assert part in text


@needs_chromium
def test_browser_measures_contrast_and_width(tmp_path: Path) -> None:
    body = "<p style='color:#ccc;background:#fff'>Pale</p><p style='color:#000;background:#fff'>Clear</p>"
    folder = site(tmp_path, start=body + "<div style='width:900px'>Wide</div>")
    script = (ROOT / "pages" / "contrast.js").read_text("utf-8")
    with served(folder) as address, browser(CHROMIUM) as tab:
        tab.show(390, 844, "light")
        tab.open(address)
        (found,) = tab.run(f"({script})(4.5)")
        assert found.startswith('1.6 of "Pale"')
        assert tab.run("document.documentElement.scrollWidth") >= 900
        tab.screenshot(tmp_path / "shots" / "page.png")
    assert (tmp_path / "shots" / "page.png").read_bytes().startswith(b"\x89PNG")
