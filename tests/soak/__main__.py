"""Use the package for a long time, and print losses and leaks: `python -m tests.soak [NAME ...] [--short]`.

Run it at the root of the repository. The measures are

    streams    1,000,000 events of 200 streams of 5,000, cut at random places and resumed, and those around them
    crowd      500 streams that are open at the same time
    maps       10,000 requests of maps
    loops      10,000 event loops that use one client, one after the other

on threads (`sync`), asyncio, trio and uvloop. The server is a process of its own on loopback; each of its events says
its stream and its number, so that those which are lost, doubled, out of order, of another stream, or not as they were
sent, are counted. Memory is the mean of 40 samples of the resident size in each tenth of the work. Descriptors,
threads and tasks are counted before the client is made and after it is closed.

Each measure runs in a process of its own, for at most `--seconds`. With `--short`, they are small, all in this
process, and the memory is that of objects which outlive the client.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from . import modes
from .measures import MEASURES, Report, measure

_ROOT = Path(__file__).parents[2]
# glibc gives blocks back to the system as soon as they are free: else its pools, which grow for long, hide all else.
_GIVE_BACK = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "32768", "MALLOC_TRIM_THRESHOLD_": "65536"}
_HEADER = (
    "what",
    "mode",
    "work",
    "seconds",
    "cuts",
    "resumed",
    "faults",
    "memory",
    "held before and after",
    "",
)
_WIDTHS = (7, 7, 34, 7, 5, 7, 6, 27, 26, 4)


def main(arguments: list[str] | None = None) -> int:
    """Carry out the named measures, by default all; return 1 if anything is not as it must be."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in MEASURES]:
        parser.error(f"no such measure: {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    chosen = [mode for mode in options.mode or modes.MODES if _is_available(mode)]
    jobs = [
        (name, mode)
        for name in options.names or MEASURES
        for mode in chosen
        if (name, mode) != ("loops", "sync")
    ]
    if not options.only_rows:
        print(f"Python {platform.python_version()} on {platform.machine()} ({platform.system()})")
        print(_line(_HEADER), flush=True)
    if options.short or options.only_rows:
        faulthandler.dump_traceback_later(options.seconds, exit=True)
        try:
            return max([_show(measure(name, mode, options.short)) for name, mode in jobs], default=0)
        finally:
            faulthandler.cancel_dump_traceback_later()
    return max([_in_process(name, mode, options.seconds) for name, mode in jobs], default=0)


def _in_process(name: str, mode: str, seconds: int) -> int:
    command = ["-m", "tests.soak", name, "--mode", mode, "--seconds", str(seconds), "--only-rows"]
    environment = os.environ | _GIVE_BACK
    return int(
        subprocess.run([sys.executable, *command], cwd=_ROOT, env=environment, check=False).returncode != 0
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak", description=(__doc__ or "").partition(":")[0]
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--mode", action="append", choices=modes.MODES, help="by default all of them")
    parser.add_argument("--short", action="store_true", help="little work: some seconds in all")
    parser.add_argument("--seconds", type=int, default=1800, help="the most that a measure may take")
    parser.add_argument("--only-rows", action="store_true", help="no heading, and no other processes")
    return parser


def _is_available(mode: str) -> bool:
    if modes.is_available(mode):
        return True
    print(f"{mode} is not installed, and left out.")
    return False


def _show(report: Report) -> int:
    """Print the row of a measure and its problems; return 1 if there are any."""
    growth, problems = report.growth, report.problems
    if growth is None:
        memory = f"{report.kept.count if report.kept else 0} objects kept"
    else:
        memory = f"{report.tenths[0]:.2f} to {report.tenths[-1]:.2f} MiB, {growth:+.1f} %"
    held = [
        f"{before}-{after} {name}"
        for name, before, after in [
            ("fd", report.before.descriptors, report.after.descriptors),
            ("threads", report.before.threads, report.after.threads),
            ("tasks", *report.tasks),
        ]
        if before is not None
    ]
    cells = (
        report.name,
        report.mode,
        report.amount,
        f"{report.seconds:.1f}",
        str(report.server.get("cuts", 0)),
        str(report.server.get("resumed", 0)),
        str(sum(report.faults.counts.values())),
        memory,
        ", ".join(held),
        "FAIL" if problems else "pass",
    )
    print(_line(cells))
    if report.tenths:
        print("        MiB by tenth:", *(f"{one:.2f}" for one in report.tenths))
    for problem in problems:
        print(f"        {problem}")
    sys.stdout.flush()
    return int(bool(problems))


def _line(cells: Sequence[str]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
