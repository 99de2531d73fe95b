"""The page `docs/benchmarks.md`, its charts, and the table in `README.md`, all made from one file of results.

`python -m tests.benchmarks page` measures everything and writes them, within twelve minutes on a quiet machine; with
`--render`, it writes them anew from the results that are there.
"""

import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from .plots import Bar, chart, shown
from .timing import Row

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
README = ROOT / "README.md"
FOLDER = ROOT / "docs" / "benchmarks"
RESULTS = FOLDER / "results.json"
COMMAND = "python -m tests.benchmarks page"
_START, _END = "<!-- made by `python -m tests.benchmarks page` -->\n", "<!-- end -->\n"
_PACKAGES = ("httpx", "aiohttp", "pydantic", "pydantic-core", "uvloop", "openai", "openai-agents")

Json = dict[str, Any]


class Section(NamedTuple):
    """A part of the page: the measures whose rows it shows, and a text about them."""

    title: str
    measures: tuple[str, ...]
    text: str
    figure: str | None = None


SECTIONS = (
    Section(
        "Streams in memory",
        ("stream", "async", "bare", "mixed", "helper"),
        "CPU time of an event of a stream of text, over a transport that has all bytes at hand: what the client itself "
        "costs. `bare` is pydantic-core alone, which gets the events already separated.",
        "memory",
    ),
    Section(
        "Live streams",
        ("live",),
        "CPU time of an event that comes over a socket, from a server in another process on another core. `raw` is the "
        "library alone, which only counts. Several streams share 2,000 events a second; those of sync clients are read "
        "by a thread each. An event in a packet of its own, as servers send them, costs the system far more than "
        "the client; a whole answer at once is the other extreme.",
        "live",
    ),
    Section(
        "Many streams on one core",
        ("many",),
        "Streams of 20 events a second each. A core reads as many streams as can be added until more than one event in "
        "100 is read later than 50 ms after it was sent. A client that cannot keep up, as the official one at 500 "
        "streams, reads several events at once, so that its CPU time shows only that the core is full. With aiohttp, "
        "this package has a session without a limit of connections in the last rows.",
        "many",
    ),
    Section(
        "Calls, runs, maps, partial values",
        ("encode", "parse", "run", "map", "partial"),
        "CPU time in memory. `gather` is `asyncio.gather` with a semaphore, over our client and over the official one.",
    ),
    Section(
        "Recordings, official clients over ours, uploads",
        ("replay", "official", "upload"),
        "CPU time in memory, of client and server together for a replayed event. An official client over ours builds "
        "the objects of the official package, as it does alone. An upload takes the greatest memory of Python objects.",
    ),
    Section(
        "New processes",
        ("import", "ready", "first"),
        "From the start of a process to the import, to a client that can send, and to the first typed event from a "
        "local server. `bare` is httpx and pydantic with one class for that one event.",
        "first",
    ),
    Section(
        "Instructions",
        ("instructions",),
        "Instructions that valgrind counts, which hardly change from run to run; compare them before and after a "
        "change. The page has the hot paths without the official package, which takes too long under valgrind; the command counts more.",
    ),
)


def measure(measures: Mapping[str, Callable[[], Sequence[Row]]]) -> None:
    """Take the samples of all measures of the page, and write the results."""
    rows = [{"measure": name} | row.as_json() for name, take in measures.items() for row in take()]
    versions = [f"{name} {version}" for name in _PACKAGES if (version := _version(name))]
    facts = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]}",
        "versions": ", ".join([f"Python {platform.python_version()}", *versions]),
    }
    lines = ",\n".join(json.dumps(_rounded(row)) for row in rows)
    FOLDER.mkdir(exist_ok=True)
    RESULTS.write_text(f'{json.dumps(facts)[:-1]}, "rows": [\n{lines}\n]}}\n', encoding="utf-8")


def write() -> None:
    """Write all files from the results."""
    for path, text in files(json.loads(RESULTS.read_text("utf-8")), README.read_text("utf-8")).items():
        path.write_text(text, encoding="utf-8")


def files(results: Json, readme: str) -> dict[Path, str]:
    """Return the text of each file that is made from the results."""
    charts = {FOLDER / f"{name}.svg": draw(_Values(results)) for name, draw in CHARTS.items()}
    before, _, rest = readme.partition(_START)
    _, _, after = rest.partition(_END)
    summary = before + _START + _summary(results) + _END + after
    return {PAGE: "\n".join(_page(results)), README: summary, **charts}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.machine())


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, list):
        return [*map(_rounded, value)]
    return {name: _rounded(one) for name, one in value.items()} if isinstance(value, dict) else value


class _Values:
    """The medians of the rows, by what was measured, in which unit, and of whom."""

    def __init__(self, results: Json) -> None:
        self._found: dict[tuple[str, str, str], float] = {}
        for row in results["rows"]:
            self._found[row["what"], row["unit"], "ours"] = row["ours"]
            if row["rival_name"]:
                self._found[row["what"], row["unit"], row["rival_name"]] = row["rival"]

    def get(self, what: str, unit: str, who: str = "ours") -> float | None:
        return self._found.get((what, unit, who))

    def bars(self, *given: tuple[str, str, str, str]) -> list[Bar]:
        """Return bars of these labels, values and owners, without those that were not measured."""
        found: list[Bar] = []
        for label, what, unit, who in given:
            value = self.get(what, unit, who)
            if value is not None:
                kind = "ours" if who == "ours" else "official" if who.startswith("official") else "raw"
                found.append(Bar(label, value, kind))
        return found


def _memory(values: _Values) -> str:
    block, each = "stream, sync, 16 KiB chunks", "stream, sync, one event a chunk"
    bars = values.bars(
        ("pydantic-core alone", block, "us/event", "bare, class known"),
        ("this package, 16 KiB chunks", block, "us/event", "ours"),
        ("this package, one event a chunk", each, "us/event", "ours"),
        ("official, 16 KiB chunks", block, "us/event", "official"),
        ("official, one event a chunk", each, "us/event", "official"),
    )
    return chart("An event of a stream in memory", "microseconds of CPU time", bars)


def _live(values: _Values) -> str:
    what = partial("1 stream, one event a packet, {}".format)
    bars = values.bars(
        ("raw socket", what("sync"), "us/event", "raw socket"),
        ("raw httpx", what("sync"), "us/event", "raw httpx"),
        ("this package", what("sync"), "us/event", "ours"),
        ("official", what("sync"), "us/event", "official"),
        ("raw httpx, async", what("async"), "us/event", "raw httpx async"),
        ("this package, async", what("async"), "us/event", "ours"),
        ("official, async", what("async"), "us/event", "official async"),
        ("raw aiohttp", what("aiohttp"), "us/event", "raw aiohttp"),
        ("this package, aiohttp", what("aiohttp"), "us/event", "ours"),
        ("official, aiohttp", what("aiohttp"), "us/event", "official aiohttp"),
    )
    return chart("An event of a live stream, one a packet", "microseconds of CPU time", bars)


def _many(values: _Values) -> str:
    what = "streams of 20 events a second that a core reads, "
    bars = values.bars(
        ("official", what + "async", "", "official async"),
        ("this package", what + "async", "", "ours"),
        ("raw httpx", what + "async", "", "raw httpx async"),
        ("official, aiohttp", what + "aiohttp", "", "official aiohttp"),
        ("this package, aiohttp", what + "aiohttp", "", "ours"),
        ("raw aiohttp", what + "aiohttp", "", "raw aiohttp"),
    )
    return chart("Streams that one core reads", "streams of 20 events a second; more is better", bars)


def _first(values: _Values) -> str:
    what = "first typed event, CPU time"
    bars = values.bars(
        ("httpx and pydantic, one class", what, "ms", "bare"),
        ("this package", what, "ms", "ours"),
        ("official", what, "ms", "official"),
    )
    return chart("The first typed event of a new process", "milliseconds of CPU time", bars)


CHARTS: dict[str, Callable[[_Values], str]] = {
    "memory": _memory,
    "live": _live,
    "many": _many,
    "first": _first,
}
_ALTERNATIVES = {
    "memory": "Bars: CPU time of an event in memory",
    "live": "Bars: CPU time of an event that comes in a packet of its own",
    "many": "Bars: how many live streams one core reads",
    "first": "Bars: CPU time until the first typed event of a new process",
}


def _page(results: Json) -> Iterator[str]:
    yield "# Benchmarks"
    yield ""
    yield f"Made by `{COMMAND}` on {results['date']}: do not edit. The command, run at the root of the repository with the"
    yield "dependency group `bench` installed, measures everything again and writes this page, its charts, the table in the"
    yield "README, and [all samples](benchmarks/results.json)."
    yield ""
    yield f"- Machine: {results['machine']}."
    yield f"- {results['versions']}."
    yield "- Times are CPU time of the process of the client unless a row says wall time. All rivals get the same bytes in"
    yield "  the same run, in alternating order."
    yield "- A number is the median of its samples. The factor behind a rival is the median of the factors of neighbouring"
    yield "  samples: how many times as much as this package it takes."
    yield "- `official` is the package `openai`, with the HTTP library of its default unless the row says aiohttp."
    yield ""
    yield "## Goals"
    yield ""
    yield "| measure | goal | measured | |"
    yield "| --- | --- | --- | --- |"
    for row in results["rows"]:
        if row["target"] is not None:
            yield _goal(row)
    yield ""
    yield "In a goal of at least, the rival takes that many times as much, or this package reads that many times as many"
    yield "streams; in one of at most, this package takes that many times as much as the rival."
    for section in SECTIONS:
        yield from _section(section, [row for row in results["rows"] if row["measure"] in section.measures])
    yield ""


def _goal(row: Json) -> str:
    target = row["target"].replace(">=", "at least").replace("<=", "at most")
    met = "met" if row["passed"] else "**missed**"
    return f"| {row['what']}, against {row['rival_name']} | {target} | {shown(row['ratio'])} | {met} |"


def _section(section: Section, rows: list[Json]) -> Iterator[str]:
    yield ""
    yield f"## {section.title}"
    yield ""
    yield section.text
    yield ""
    if section.figure:
        yield f"![{_ALTERNATIVES[section.figure]}](benchmarks/{section.figure}.svg)"
        yield ""
    yield f"The command is `python -m tests.benchmarks {' '.join(section.measures)}`."
    yield ""
    yield "| | unit | this package | others, and their factors |"
    yield "| --- | --- | --- | --- |"
    lines: dict[tuple[str, str], list[Json]] = {}
    for row in rows:
        lines.setdefault((row["what"], row["unit"]), []).append(row)
    for (what, unit), found in lines.items():
        others = "; ".join(
            f"{row['rival_name']} {shown(row['rival'])} ({_times(row)})" for row in found if row["rival_name"]
        )
        yield f"| {what} | {unit.replace('us', 'µs', 1)} | {shown(found[0]['ours'])} | {others} |"


def _factor(row: Json) -> float:
    """How many times as much as ours the rival has."""
    samples = row["samples"]
    return median(b / a if a else 0 for a, b in zip(samples["ours"], samples["rival"], strict=True))


def _times(row: Json) -> str:
    return f"{shown(_factor(row))} times"


class _Line(NamedTuple):
    label: str
    what: str
    unit: str
    rival: str = "official"


_LINES = (
    _Line("a streamed event in memory, 16 KiB chunks", "stream, sync, 16 KiB chunks", "us/event"),
    _Line("the same, one event a chunk", "stream, sync, one event a chunk", "us/event"),
    _Line("a live event in a packet of its own, `Client`", "1 stream, one event a packet, sync", "us/event"),
    _Line(
        "the same, `AsyncClient`",
        "1 stream, one event a packet, async",
        "us/event",
        "official async",
    ),
    _Line(
        "the same, with aiohttp in both",
        "1 stream, one event a packet, aiohttp",
        "us/event",
        "official aiohttp",
    ),
    _Line(
        "streams of 20 events a second that one core reads",
        "streams of 20 events a second that a core reads, async",
        "",
        "official async",
    ),
    _Line(
        "the same, with aiohttp in both",
        "streams of 20 events a second that a core reads, aiohttp",
        "",
        "official aiohttp",
    ),
    _Line(
        "`responses.stream(...)` with the final response, an event",
        "responses.stream() and final response",
        "us/event",
    ),
    _Line("encode and check an input of 1,000 items", "encode a 1,000-item dict input, checked", "ms"),
    _Line("parse a response of 1,500 items", "parse a 1,500-item response", "ms"),
    _Line(
        "a turn of a run with a tool call, against a loop by hand",
        "a turn of a run with one tool call",
        "ms",
        "official by hand",
    ),
    _Line(
        "the same, against openai-agents",
        "a turn of a run with one tool call",
        "ms",
        "openai-agents",
    ),
    _Line(
        "one of many requests at once, against `asyncio.gather`",
        "a request of a map",
        "ms",
        "gather, official",
    ),
    _Line("import and make a client, new process", "ready to send, CPU time", "ms"),
    _Line("first typed event, new process", "first typed event, CPU time", "ms"),
    _Line("memory after the first event", "after the first event", "MiB"),
)


def _summary(results: Json) -> str:
    """Return the table of the README."""
    rows = {(row["what"], row["unit"], row["rival_name"]): row for row in results["rows"]}
    lines = [
        f"Medians of CPU time against the official package, on the same bytes in the same run ({results['date']};",
        f"{results['machine']};",
        f"{results['versions']}).",
        "[The benchmarks](docs/benchmarks.md) have the method, charts, the libraries alone, the goals that are missed, and",
        "the command that measures all of it again.",
        "",
        "| | this package | official | factor |",
        "| --- | --- | --- | --- |",
    ]
    for line in _LINES:
        row = rows.get((line.what, line.unit, line.rival))
        if row is not None:
            factor = _factor(row) if line.unit else 1 / _factor(row)
            unit = line.unit.replace("us/event", "µs")
            ours, rival = (f"{shown(row[who])} {unit}".strip() for who in ("ours", "rival"))
            lines.append(f"| {line.label} | {ours} | {rival} | {shown(factor)} |")
    return "\n".join(lines) + "\n"
