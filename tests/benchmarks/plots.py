"""Bar charts as SVG, which are light or dark as the page around them is."""

from collections.abc import Sequence
from html import escape
from typing import Literal, NamedTuple

_WIDTH, _LABELS, _VALUES, _BAR, _STEP, _TOP = 720, 270, 70, 16, 26, 52
_STYLE = """
  .card { fill: #ffffff; stroke: #d0d7de; }
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .unit { fill: #59636e; }
  .ours { fill: #1a7f64; }
  .official { fill: #b35900; }
  .raw { fill: #8c959f; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; }
    .unit { fill: #9198a1; }
    .ours { fill: #3fb98f; }
    .official { fill: #e08b3a; }
    .raw { fill: #656c76; }
  }
"""


class Bar(NamedTuple):
    """A bar: its label, its length, and who it is, which decides its colour."""

    label: str
    value: float
    who: Literal["ours", "official", "raw"]


def chart(title: str, unit: str, bars: Sequence[Bar]) -> str:
    """Return an SVG with horizontal bars."""
    height = _TOP + _STEP * len(bars) + 10
    scale = (_WIDTH - _LABELS - _VALUES) / max(bar.value for bar in bars)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>",
        f'<rect class="card" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="6"/>',
        f'<text class="title" x="16" y="24">{escape(title)}</text>',
        f'<text class="unit" x="16" y="41">{escape(unit)}</text>',
    ]
    for number, bar in enumerate(bars):
        top = _TOP + _STEP * number
        width = max(bar.value * scale, 1)
        lines += [
            f'<text x="{_LABELS - 8}" y="{top + 13}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect class="{bar.who}" x="{_LABELS}" y="{top}" width="{width:.1f}" height="{_BAR}" rx="2"/>',
            f'<text x="{_LABELS + width + 6:.1f}" y="{top + 13}">{shown(bar.value)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def shown(value: float) -> str:
    """Return a number with three digits, or all of them."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
