"""A run as people read it: as text, as Markdown, and as HTML for notebooks; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import indent
from typing import TYPE_CHECKING, Literal

from .._base.json_types import as_object, is_array
from .._base.validation import is_whole_number
from ..errors import RequestValidationError
from ..models._entries import (
    MAX_CHARS,
    Entry,
    html_of,
    item_entries,
    response_entries,
    usage_line,
)

if TYPE_CHECKING:
    from .._base.json_types import JsonObject
    from .result import RunResult

__all__ = ["TranscriptFormat", "run_html", "transcript"]

TranscriptFormat = Literal["text", "markdown"]


def transcript(run: RunResult, format: TranscriptFormat, max_chars: int) -> str:
    """Return a run as text.

    Raises:
        RequestValidationError: The format is not known, or the number of characters is not one.
    """
    from .._base.field_errors import field_error

    if format not in ("text", "markdown"):
        raise RequestValidationError([field_error("format", '"text" or "markdown"', format)])
    if not is_whole_number(max_chars, 1):
        raise RequestValidationError([field_error("max_chars", "a whole number, 1 or more", max_chars)])
    write = _text if format == "text" else _markdown
    return "\n\n".join(map(write, [*_entries(run, max_chars), Entry("note", "Run", _summary(run))])) + "\n"


def run_html(run: RunResult) -> str:
    """Return a run as HTML for notebooks."""
    return html_of(f"Run: {_summary(run)}", _entries(run, MAX_CHARS))


def _summary(run: RunResult) -> str:
    count = len(run.turns)
    parts = [f"{run.status} after {count} turn{'s' * (count != 1)}", usage_line(run.usage.to_dict())]
    parts += [f"waits for {call.name}" for call in run.pending]
    return ", ".join(filter(None, parts))


def _entries(run: RunResult, max_chars: int) -> Iterator[Entry]:
    names: dict[str, str] = {}
    instructions: object = None
    for turn in run.turns:
        response = turn.response.to_dict()
        if response.get("instructions") not in (None, "", [], instructions):
            instructions = response["instructions"]
            yield from _instructions(instructions, max_chars)
        for item in turn.input:
            yield from item_entries(item.to_dict(), names, max_chars)
        yield from response_entries(response, names, max_chars)
    # The outputs of all other turns are in the input of the next one, and may be in unsent input.
    last = run.turns[-1].outputs
    for item in (*last, *run.unsent[len(last) if run.unsent[: len(last)] == last else 0 :]):
        yield from item_entries(item.to_dict(), names, max_chars)


def _instructions(given: object, max_chars: int) -> Iterator[Entry]:
    items: list[JsonObject] = [as_object(one) for one in given] if is_array(given) else []
    if not items:
        items = [{"role": "system", "content": given}]
    for item in items:
        for entry in item_entries(item, {}, max_chars):
            yield entry._replace(title="Instructions")


def _text(entry: Entry) -> str:
    # Indented, so that no text can look like a title.
    return (
        f"{entry.title}:\n{indent(entry.text, '  ', lambda line: True)}" if entry.text else f"{entry.title}"
    )


def _markdown(entry: Entry) -> str:
    title = re.sub(r"([\\`*_{}\[\]<>#|!~])", r"\\\1", entry.title)
    if not entry.text:
        return f"**{title}**"
    if entry.is_data:
        # A fence that is longer than any in the text.
        fence = "`" * (max((len(run) for run in re.findall("`+", entry.text)), default=2) + 1)
        fence = max(fence, "```", key=len)
        return f"**{title}**\n\n{fence}\n{entry.text}\n{fence}"
    # The text may be Markdown, but the HTML that Markdown allows is shown as it is written.
    text = re.sub(r"<(?=[a-zA-Z/!?])", r"\\<", entry.text)
    return f"**{title}**\n\n" + indent(text, "> ", lambda line: True)
