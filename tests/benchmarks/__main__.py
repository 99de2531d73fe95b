"""Run the benchmarks and print a table: `python -m tests.benchmarks [NAME ...] [--quick] [--json FILE]`.

Run it at the root of the repository. The dependency group `bench` installs the official package; without it, only
our own numbers and those of bare libraries are shown.

Measures in this process are CPU time, those of new processes are wall time unless the row says otherwise. All rivals
of a measure get the same bytes in the same run, in alternating order. A number is the median of its samples. A ratio
is the median of the ratios of neighbouring samples; the spread is the least and the greatest of these.

Not in the table of all are those that take minutes: `live` and `many`, of streams that come over sockets, and
`instructions`, which counts those of the hot paths under valgrind. Its numbers hardly depend on what else the machine
does: compare them before and after a change.

`python -m tests.benchmarks page` measures everything, and writes `docs/benchmarks.md`; see `page`.
"""

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib import metadata
from pathlib import Path

from . import page
from .measures import MEASURES, SLOW
from .setup import Setup
from .timing import Row

_USUAL = [name for name in MEASURES if name not in SLOW]
_HEADER = ("what", "unit", "ours", "rival", "", "ratio", "spread", "target", "")


def main(arguments: list[str] | None = None) -> int:
    """Run the named measures, by default all; return 1 if a target is missed."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.names == ["page"]:
        _make_page(options)
        return 0
    if unknown := [name for name in options.names if name not in MEASURES]:
        parser.error(f"no such measure: {', '.join(unknown)}; there are {', '.join(MEASURES)}, and page")
    setup = _setup(options)
    print(_machine(setup), flush=True)
    if setup.official is None:
        print("The official package is not measured: --ours was given, or openai is not installed.")
    print(_line(_HEADER))
    table = [row for name in options.names or _USUAL for row in _shown(name, setup)]
    if options.json:
        lines = {"machine": _machine(setup), "rows": [row.as_json() for row in table]}
        Path(options.json).write_text(json.dumps(lines, indent=1) + "\n")
    return int(any(row.passed is False for row in table))


def _make_page(options: argparse.Namespace) -> None:
    if not options.render:
        setup = replace(_setup(options), repeats=options.repeats or 5, starts=options.starts or 9)
        alone = replace(
            setup, official=None, only_hot=True
        )  # under valgrind, the official package takes too long
        takes = {name: partial(_shown, name, alone if name == "instructions" else setup) for name in MEASURES}
        page.measure(takes)
    page.write()


def _shown(name: str, setup: Setup) -> list[Row]:
    """Take the samples of a measure, and print its rows."""
    rows = list(MEASURES[name](setup))
    for row in rows:
        print(_line(_cells(row)), flush=True)
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=(__doc__ or "").partition(":")[0]
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*MEASURES, "page"]))
    parser.add_argument("--repeats", type=int, help="samples of each measure in this process")
    parser.add_argument("--starts", type=int, help="processes started for each measure of a start")
    parser.add_argument("--quick", action="store_true", help="few samples: noisy, for a first look")
    parser.add_argument("--ours", action="store_true", help="leave the official package out")
    parser.add_argument("--render", action="store_true", help="with `page`: measure nothing")
    parser.add_argument("--json", metavar="FILE", help="write all samples to a file")
    return parser


def _setup(options: argparse.Namespace) -> Setup:
    setup = Setup.usual()
    if options.quick:
        setup = replace(setup, repeats=3, starts=3, memory_deltas=5_000)
    if options.ours:
        setup = replace(setup, official=None)
    return replace(setup, repeats=options.repeats or setup.repeats, starts=options.starts or setup.starts)


def _machine(setup: Setup) -> str:
    packages = ["httpx", "pydantic", "pydantic-core", *(["openai"] if setup.official else [])]
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    return f"Python {platform.python_version()} on {platform.machine()} ({platform.system()}); {versions}"


def _cells(row: Row) -> tuple[str, ...]:
    ratio, rival = row.ratio, row.rival_value
    return (
        row.what,
        row.unit,
        _number(row.value),
        "" if rival is None else _number(rival),
        row.rival_name,
        "" if ratio is None else f"{ratio:.2f}",
        f"{min(row.ratios):.2f} to {max(row.ratios):.2f}" if len(row.ratios) > 1 else "",
        "" if row.target is None else str(row.target),
        {None: "", True: "pass", False: "FAIL"}[row.passed],
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


_WIDTHS = (44, 9, 8, 8, 19, 7, 15, 8, 4)
_RIGHT = {2, 3, 5}


def _line(cells: tuple[str, ...]) -> str:
    return "  ".join(_padded(cells)).rstrip()


def _padded(cells: tuple[str, ...]) -> Iterator[str]:
    for number, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True)):
        yield cell.rjust(width) if number in _RIGHT else cell.ljust(width)


if __name__ == "__main__":
    sys.exit(main())
