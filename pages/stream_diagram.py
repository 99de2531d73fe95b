"""The picture of a streamed answer in docs/stream-events.svg: drawn from the events of the embedded server.

`python -m pages.stream_diagram` writes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import cast

from responses_client.models import StreamEvent
from responses_client.testing import Server

__all__ = ["PATH", "draw", "inlined", "recorded"]

PATH = Path(__file__).parents[1] / "docs" / "stream-events.svg"
_ROW, _TOP, _WIDTH, _STEP = 28, 40, 760, 20
_TITLE = "The events of a streamed answer"
# In the site, the stylesheet of the site takes the place of this one.
_STYLE = """
text { font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #24292f; }
.note { fill: #57606a; }
.level0 { fill: #00796b0c; stroke: #00796b; }
.level1 { fill: #00796b0f; stroke: #00796b99; }
.level2 { fill: #00796b14; stroke: #00796b66; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .note { fill: #9da7b1; }
  .level0, .level1, .level2 { stroke: #4db6ac; }
}
"""


@dataclass
class _Row:
    """Events of one type after each other."""

    first: int
    last: int
    type: str
    notes: list[str]
    level: int = 0

    @property
    def note(self) -> str:
        return self.notes[0] if len(self.notes) == 1 else f"{' '.join(self.notes[:2])} ..."


def recorded() -> list[StreamEvent]:
    """Return the events of an answer with reasoning and a message."""
    reasoning = {"type": "summary_text", "text": "**Checking the forecast**"}
    text = {"type": "output_text", "text": "Lisbon is sunny today."}
    with Server() as server:
        server.reply_items(
            [
                {"type": "reasoning", "id": "rs_1", "summary": [reasoning]},
                {"type": "message", "role": "assistant", "content": [text]},
            ]
        )
        client = server.client()
        with client.responses.stream(model="gpt-5.4", input="Is Lisbon sunny today?") as stream:
            return [*stream]


def draw(events: Sequence[StreamEvent]) -> str:
    """Return the picture: a row for each event, and a box around those of one item and of one part."""
    rows, boxes = _rows(events)
    height = _TOP + len(rows) * _ROW + 14
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-labelledby="stream-events-title stream-events-text">',
        f'<title id="stream-events-title">{_TITLE}</title>',
        f'<desc id="stream-events-text">{escape(_description(rows))}</desc>',
        f"<style>{_STYLE}</style>",
    ]
    for first, last, level in boxes:
        beyond = -1.5 if level else 8  # boxes of one level stay apart
        x, y = 6 + level * _STEP, _TOP + first * _ROW - beyond
        w, h = _WIDTH - 12 - level * (_STEP + 10), (last - first + 1) * _ROW + 2 * beyond
        lines.append(f'<rect class="level{level}" x="{x}" y="{y}" width="{w}" height="{h}" rx="6"/>')
    lines.append('<text class="note" x="22" y="20">event</text>')
    lines.append(f'<text class="note" x="{_WIDTH - 330}" y="20">contents</text>')
    lines.append(f'<text class="note" text-anchor="end" x="{_WIDTH - 20}" y="20">sequence number</text>')
    for number, row in enumerate(rows):
        y = _TOP + number * _ROW + 18
        span = f"{row.first}" if row.first == row.last else f"{row.first}-{row.last}"
        lines.append(f'<text x="{18 + row.level * _STEP}" y="{y}">{escape(row.type)}</text>')
        lines.append(f'<text class="note" x="{_WIDTH - 330}" y="{y}">{escape(row.note)}</text>')
        lines.append(f'<text class="note" text-anchor="end" x="{_WIDTH - 66}" y="{y}">{span}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def _rows(events: Sequence[StreamEvent]) -> tuple[list[_Row], list[tuple[int, int, int]]]:
    """Return the rows, and the boxes as first row, last row and level; outer ones first."""
    rows: list[_Row] = []
    starts: list[int] = [0]
    boxes: list[tuple[int, int, int]] = []
    for event in events:
        kind = str(event.wire_type)
        if rows and rows[-1].type == kind and kind.endswith(".delta"):
            rows[-1].last += 1
            rows[-1].notes.append(_note(event))
            continue
        if kind.endswith(".added"):
            starts.append(len(rows))
        number = len(rows)
        rows.append(_Row(event.sequence_number or 0, event.sequence_number or 0, kind, [_note(event)]))
        rows[-1].level = len(starts) - 1
        if kind.endswith((".output_item.done", "part.done")):
            boxes.append((starts.pop(), number, len(starts)))
    boxes.append((0, len(rows) - 1, 0))
    return rows, sorted(boxes, key=lambda box: box[2])


def _note(event: StreamEvent) -> str:
    """Return the most telling part of an event."""
    data = event.to_dict()
    for key in ("delta", "text"):
        if key in data:
            return f'"{data[key]}"'
    for key in ("item", "part", "response"):
        if isinstance(held := data.get(key), dict):
            named = cast("dict[str, object]", held)
            return str(named.get("status") or named["type"])
    return ""


def _description(rows: Sequence[_Row]) -> str:
    return "; ".join(f"{row.type} {row.note}".strip() for row in rows)


def inlined(svg: str) -> str:
    """Return the picture without its own colours, for a page with a stylesheet that sets them."""
    return re.sub(r"<style>.*?</style>\n", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    PATH.write_text(draw(recorded()), encoding="utf-8")
