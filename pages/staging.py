"""The sources of the site, as the generator of sites takes them: pages by hand, pages that are made, and settings."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .families import family_pages
from .names import name_pages
from .stream_diagram import inlined

__all__ = ["PROJECT_PAGES", "ROOT", "pages", "reference_pages", "stage"]

ROOT = Path(__file__).parents[1]
REPOSITORY = "https://github.com/responses-client/responses-client/blob/main/"
# Files of the project that are pages of the site, too.
PROJECT_PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting-vulnerabilities.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
}
_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s#]+)")
_HIDDEN = re.compile(r"^<!-- (?:python\n.*?\n-->|no-run: .*?-->)\n", re.MULTILINE | re.DOTALL)


def reference_pages() -> dict[str, tuple[str, str]]:
    """Return title and Markdown of each page of the reference, by its path below it."""
    return name_pages() | family_pages()


def stage(folder: Path) -> Path:
    """Write the sources of the site into a folder; return the path of its settings."""
    docs = folder / "docs"
    docs.mkdir(parents=True)
    for name, text in pages().items():
        text = _PICTURE.sub(lambda match: _inline(match[1]), text)
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "pages" / "theme", docs / "assets")
    settings = folder / "mkdocs.yml"
    # JSON is YAML, too.
    settings.write_text(json.dumps(_settings(), indent=1), encoding="utf-8")
    return settings


def pages() -> dict[str, str]:
    """Return the Markdown of each page by its path in the site."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "docs").glob("*.md")):
        found[path.name] = _for_site(path.read_text("utf-8"), "docs")
    for name, target in PROJECT_PAGES.items():
        found[target] = _for_site((ROOT / name).read_text("utf-8"), ".")
    found["reference.md"] += "\n" + _contents()
    return found | {f"reference/{name}": text for name, (_, text) in reference_pages().items()}


def _for_site(text: str, folder: str) -> str:
    """Return a page with the links that it needs in the site, without code that only tests see."""

    def target(match: re.Match[str]) -> str:
        path = (ROOT / folder / match[1]).resolve().relative_to(ROOT).as_posix()
        if path in PROJECT_PAGES:
            return PROJECT_PAGES[path]
        if path.startswith("docs/") and path.count("/") == 1:
            return path.removeprefix("docs/")
        return REPOSITORY + path

    return _LINK.sub(target, _HIDDEN.sub("", text))


_PICTURE = re.compile(r"^!\[[^\]]*\]\(([\w-]+\.svg)\)$", re.MULTILINE)


def _inline(name: str) -> str:
    """Return a picture of the docs as a part of the page, so that it has the colours of the page."""
    return f'<div class="picture">\n{inlined((ROOT / "docs" / name).read_text("utf-8"))}</div>'


def _contents() -> str:
    """Return the list of the pages of the reference."""
    lines = ["## Clients and values", ""]
    lines += [f"- [{title}](reference/{path})" for path, (title, _) in name_pages().items()]
    lines += ["", "## Models", ""]
    lines += [f"- [{title}](reference/{path})" for path, (title, _) in family_pages().items()]
    return "\n".join(lines) + "\n"


def _settings() -> dict[str, Any]:
    """Return the settings with the whole menu."""
    settings: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    settings |= {"docs_dir": "docs", "site_dir": "site"}
    python = settings["plugins"][1]["mkdocstrings"]["handlers"]["python"]
    python["paths"] = [str(ROOT)]
    for group in settings["nav"]:
        for title, entries in group.items():
            group[title] = [*entries, *_more(title)]
    return settings


def _more(group: str) -> Iterator[Any]:
    """Yield the entries of the menu for the pages that are made."""
    if group == "Project":
        yield from PROJECT_PAGES.values()
    if group == "Reference":
        pages = name_pages()
        yield {
            "Clients": [
                {title: f"reference/{path}"}
                for path, (title, _) in pages.items()
                if path.startswith("client")
            ]
        }
        yield {
            "Values": [
                {title: f"reference/{path}"}
                for path, (title, _) in pages.items()
                if not path.startswith("client")
            ]
        }
        yield {"Models": [{title: f"reference/{path}"} for path, (title, _) in family_pages().items()]}
