"""The check of the built site without a browser: links, anchors, and resources from other hosts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

__all__ = ["Checked", "check_links"]

_ORIGIN = "http://site.invalid"
_LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
_LOADING_RELATIONS = {
    "stylesheet",
    "icon",
    "preload",
    "modulepreload",
    "preconnect",
    "dns-prefetch",
    "manifest",
}


@dataclass
class Checked:
    """The counts of a site, and a line for each mistake."""

    pages: int = 0
    links: int = 0
    anchors: int = 0
    mistakes: list[str] = field(default_factory=list[str])


class _Page(HTMLParser):
    """The ids, links, headings and loaded files of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.headings: list[int] = []
        self.images_without_text = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "link" and _LOADING_RELATIONS & {*found.get("rel", "").split()}:
            self.loaded.append(found["href"])
        if found.get(_LOADING.get(tag, "")):
            self.loaded.append(found[_LOADING[tag]])
        if tag == "img" and "alt" not in found:
            self.images_without_text += 1
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))


def check_links(site: Path) -> Checked:
    """Check each link, anchor, heading and loaded file of a built site."""
    pages = {path: _Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    found = Checked(pages=len(pages))
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        for mistake in _mistakes(site, path, pages, found):
            found.mistakes.append(f"{name}: {mistake}")
        if len(page.ids) != len({*page.ids}):
            twice = sorted({each for each in page.ids if page.ids.count(each) > 1})
            found.mistakes.append(f"{name}: ids that are there twice: {', '.join(twice)}")
    return found


def _mistakes(site: Path, path: Path, pages: dict[Path, _Page], found: Checked) -> Iterator[str]:
    page = pages[path]
    here = f"{_ORIGIN}/{path.relative_to(site).as_posix().removesuffix('index.html')}"
    for loaded in page.loaded:
        if not urljoin(here, loaded).startswith((f"{_ORIGIN}/", "data:")):
            yield f"loads {loaded}"
        elif not loaded.startswith("data:") and _file(site, urljoin(here, loaded)) is None:
            yield f"loads {loaded}, which is not there"
    for link in page.links:
        target = urljoin(here, link)
        if not target.startswith(f"{_ORIGIN}/"):
            continue
        found.links += 1
        file = _file(site, target)
        anchor = unquote(urlsplit(target).fragment)
        if file is None:
            yield f"a link leads nowhere: {link}"
        elif anchor and file in pages:
            found.anchors += 1
            if anchor not in pages[file].ids:
                yield f"a link has an anchor that is not there: {link}"
    if page.images_without_text:
        yield "an image has no text"
    if page.headings.count(1) != 1 and path.name != "404.html":
        yield f"there are {page.headings.count(1)} headings of the first level"
    for above, below in zip(page.headings, page.headings[1:], strict=False):
        if below > above + 1:
            yield f"a heading of level {below} follows one of level {above}"
            break


def _file(site: Path, target: str) -> Path | None:
    path = site / unquote(urlsplit(target).path).lstrip("/")
    path = path / "index.html" if path.is_dir() else path
    return path if path.is_file() else None
