"""The site as text for language models: `llms.txt`, each page as Markdown, and all of them as `llms-full.txt`.

See https://llmstxt.org for the convention.
"""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, cast

__all__ = ["llms_files", "plain"]

_ENTRY = re.compile(r"^::: (\S+)((?:\n    .*)*)", re.MULTILINE)
_SUMMARY = re.compile(r"\A# [^\n]+\n+(.+?)\n\n", re.DOTALL)


def llms_files(menu: list[Any], pages: Mapping[str, str]) -> dict[str, str]:
    """Return the files by their paths in the site; the menu gives the order of the pages."""
    texts = {name: plain(text) for name, text in pages.items()}
    lines = ["# responses_client", "", f"> {_summary(texts['index.md'])}"]
    order: list[str] = []
    for group in menu:
        for title, entries in group.items():
            lines += ["", f"## {title}", ""]
            for name in _names(entries):
                order.append(name)
                heading = texts[name].partition("\n")[0].removeprefix("# ")
                lines.append(f"- [{heading}]({name}): {_summary(texts[name])}")
    full = "\n\n".join(texts[name].strip() for name in order)
    return texts | {"llms.txt": "\n".join(lines) + "\n", "llms-full.txt": full + "\n"}


def _names(entries: list[Any]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            for below in cast("dict[str, object]", entry).values():
                yield from _names([*cast("list[object]", below)] if isinstance(below, list) else [below])


def _summary(text: str) -> str:
    """Return the first sentence of a page."""
    found = _SUMMARY.search(text)
    sentence = " ".join(found[1].split()).replace("`", "") if found else ""
    sentence = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", sentence)
    return re.split(r"(?<=[.])\s", sentence)[0] if not sentence.startswith(("|", "-", ":::", "##")) else ""


def plain(text: str) -> str:
    """Return a page with the docstrings that the site shows, and without the parts that only HTML needs."""
    text = _ENTRY.sub(lambda match: _entry(match[1], match[2]), text)
    text = re.sub(r" \{ #[\w.]+ \}$", "", text, flags=re.MULTILINE)
    text = re.sub(r"</?code>", "", text)
    return re.sub(r"&#\d+;", lambda match: html.unescape(match[0]), text)


def _entry(path: str, options: str) -> str:
    """Return the signature and the docstring of a name, and those of its methods."""
    value = _found(path)
    if value is None:
        return f"## {path}"
    name = path.rpartition(".")[2]
    parts = [_text(f"## {name}", value)]
    chosen = re.search(r"^ +members: (.*)", options, re.MULTILINE)
    if inspect.isclass(value) and (chosen is None or chosen[1] != "false"):
        wanted = re.findall(r"'(\w+)'", chosen[1]) if chosen else None
        for member in wanted or [each for each in vars(value) if not each.startswith("_")]:
            found = inspect.getattr_static(value, member, None)
            if inspect.isfunction(found):
                parts.append(_text(f"### {name}.{member}", found))
    return "\n\n".join(parts)


def _text(heading: str, value: Any) -> str:
    try:
        signature = f"`{inspect.signature(value)}`" if callable(value) else ""
    except (TypeError, ValueError):
        signature = ""
    return "\n\n".join(part for part in (heading, signature, inspect.getdoc(value) or "") if part)


def _found(path: str) -> Any:
    """Return the object of a path; None if a package that it needs is missing."""
    steps = path.split(".")
    for number in range(len(steps) - 1, 0, -1):
        try:
            module = import_module(".".join(steps[:number]))
        except Exception:  # of a part of the package whose extra is not installed
            continue
        found: Any = module
        for step in steps[number:]:
            found = getattr(found, step, None)
        return found
    return None
