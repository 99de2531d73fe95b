"""The page: its HTML, with the style and the script inside, and a policy that allows nothing else; pure."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from html import escape
from importlib.resources import files

from .._base.messages import MAX_BODY_CHARS, one_line
from .sources import Source, to_script_data
from .timeline import timeline

__all__ = ["render"]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '{style_hash}'; \
script-src '{script_hash}'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1 id="title"></h1>
<p class="note" id="note"></p>
<dl class="facts" id="facts"></dl>
</header>
<noscript><p class="note">This page needs JavaScript, which is all inside of it.</p></noscript>
<main>
<section>
<h2>Timeline</h2>
<div class="axis" id="axis"></div>
<div class="list" id="rows"></div>
</section>
<section class="step" aria-label="Step through the events">
<button id="play" type="button">Play</button>
<button id="back" type="button" aria-label="Event before">&lsaquo;</button>
<input id="slider" type="range" min="0" max="0" value="0" aria-label="Event">
<button id="next" type="button" aria-label="Event after">&rsaquo;</button>
<output id="place" for="slider"></output>
</section>
<div class="columns">
<section>
<h2>Texts so far</h2>
<div class="list texts" id="texts" tabindex="0" role="region" aria-label="Texts so far"></div>
</section>
<div>
<section>
<h2>{records}</h2>
<div class="list" id="events" tabindex="0" role="listbox" aria-label="{records}"></div>
</section>
<section>
<h2>JSON</h2>
<pre id="raw" tabindex="0" role="region" aria-label="JSON"></pre>
</section>
</div>
</div>
<p class="keys"><kbd>&larr;</kbd> <kbd>&rarr;</kbd> step, <kbd>Page Up</kbd> <kbd>Page Down</kbd> by 20, \
<kbd>Home</kbd> <kbd>End</kbd>, <kbd>Space</kbd> plays.</p>
</main>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""
_PACKAGE = __name__.rpartition(".")[0]
_RECORDS = {"events": "Events", "run": "Items", "journal": "Lines"}


def render(source: Source, title: str | None = None) -> str:
    """Return the page of a source; the title is that of its kind by default."""
    made, records = timeline(source)
    if title is not None:
        made = made._replace(title=title)
    style, script = _asset("page.css"), _asset("page.js")
    return _PAGE.format(
        title=escape(one_line(made.title, MAX_BODY_CHARS)),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        records=_RECORDS[source.kind],
        data=to_script_data(made.to_data(records)),
    )


@cache
def _asset(name: str) -> str:
    return files(_PACKAGE).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()
