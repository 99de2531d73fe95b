"""Facts of the pages about the package: links, names, versions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from snippets import PAGES, ROOT, name

from responses_client import __version__, errors

ALL = [*PAGES, ROOT / "CHANGELOG.md", ROOT / "codegen" / "README.md"]


@pytest.mark.parametrize("page", ALL, ids=name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and mkdocs make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", ALL, ids=name)
def test_headings_stand_apart_from_tables(page: Path) -> None:
    """Without a line between them, the heading is a row of the table in the site, though not on GitHub."""
    assert re.findall(r"^\|.*\n#+ .*", page.read_text(encoding="utf-8"), re.MULTILINE) == []


def test_every_page_of_the_docs_is_in_the_menu() -> None:
    menu = re.findall(r"[\w-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(menu) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))


def test_every_page_of_the_docs_is_in_the_list_of_the_index() -> None:
    listed = re.findall(
        r"^\| \[.*?\]\(([\w-]+\.md)\)", (ROOT / "docs" / "index.md").read_text("utf-8"), re.MULTILINE
    )
    assert sorted([*listed, "index.md"]) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))


def test_every_error_is_documented() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    missing = [error for error in errors.__all__ if not re.search(rf"\b{error}\b", text)]
    assert missing == []


def test_changelog_has_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(__version__)}\b", changelog, re.MULTILINE)
    assert "\n## Unreleased\n" in changelog


PACKAGE = ROOT / "responses_client"


@pytest.mark.parametrize("page", ["architecture.md", "design.md"])
def test_files_named_in_the_architecture_exist(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for path in re.findall(r"`([\w./-]+(?:\.py|/))`", text):
        assert (PACKAGE / path).exists() or (ROOT / path).exists(), path


def test_every_file_by_hand_has_its_place_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    files = [file for file in PACKAGE.rglob("*.py") if "testing" not in file.parts]
    by_hand = [file for file in files if "\n# GENERATED " not in file.read_text(encoding="utf-8")[:500]]
    named = [file for file in by_hand if file.name not in ("_version.py", "__init__.py")]
    paths = [file.relative_to(PACKAGE).as_posix() for file in named]
    assert [path for path in paths if f"`{path}`" not in text] == []


def test_commands_of_the_readme_are_those_that_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "README.md" in gate
    assert len(re.findall(r"^python3 -m venv .*$", readme, re.MULTILINE)) == 2
