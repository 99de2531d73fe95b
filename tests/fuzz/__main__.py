"""Feed random and mutated input to all that reads bytes of others: `python -m tests.fuzz [TARGET ...] [--seconds N]`.

Run it at the root of the repository. The time is shared by the targets, by default all. The cases follow from the
seed: the same seed gives the same cases, as many as the time allows, and another one gives others. A failure names its
target, seed and case, and the command that runs this one case again. The exit status is 1 if anything failed.

Fixed are the invariants, not the outcomes: every exception is one of `responses_client.errors`, every attribute is of
its annotated type, everything is written as it came, what is kept is bounded, and where there is a reference, the
result is that of the reference.
"""

from __future__ import annotations

import argparse
import platform
import pprint
import sys

from . import (
    answers,
    batches,
    corpus,
    error_bodies,
    events,
    journals,
    outputs,
    responses,
    saved_runs,
    sessions,
    sse,
    streams,
    webhooks,
    websocket,
)
from .cases import Report, run, run_numbers

MODULES = (
    sse,
    events,
    streams,
    responses,
    answers,
    error_bodies,
    outputs,
    websocket,
    sessions,
    webhooks,
    batches,
    saved_runs,
    journals,
)
TARGETS = {module.TARGET.name: module.TARGET for module in MODULES}
_HEADER = ("target", "cases", "failed", "a second", "slowest", "growth", "outcomes")
_WIDTHS = (10, 10, 7, 9, 9, 9, 0)
_MOST_OUTCOMES = 4


def main(arguments: list[str] | None = None) -> int:
    """Run the targets and print their counts; return 1 if anything failed."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.targets if name not in TARGETS]:
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    targets = [TARGETS[name] for name in options.targets or TARGETS]
    if options.case is not None:
        if len(targets) != 1:
            parser.error("--case needs one target")
        return _replay(options)
    print(f"Python {platform.python_version()}, seed {options.seed}, {options.seconds:g} s; {_recordings()}")
    print(_line(_HEADER))
    failed = False
    for target in targets:
        report = run(target, options.seed, cases=options.cases, seconds=options.seconds / len(targets))
        print(_line(_cells(report)), flush=True)
        for failure in report.failures:
            print(f"\n{failure}", file=sys.stderr)
        if report.grew:
            print(f"{target.name}: the process grew by {report.growth} bytes", file=sys.stderr)
        failed = failed or report.grew or bool(report.failures)
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=(__doc__ or "").partition(":")[0]
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=60.0, help="wall time of all targets together (60)")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other cases (0)")
    parser.add_argument("--cases", type=int, help="at most this number of cases of each target")
    parser.add_argument("--case", type=int, help="run this case of one target, and show it")
    return parser


def _replay(options: argparse.Namespace) -> int:
    target = TARGETS[options.targets[0]]
    pprint.pp(target.case(options.seed, options.case), width=110)
    report = run_numbers(target, options.seed, [options.case])
    for failure in report.failures:
        print(failure.trace)
    print(*report.outcomes)
    return int(bool(report.failures))


def _recordings() -> str:
    count = len(corpus.recordings())
    return (
        f"with {count} recordings"
        if count
        else f"without recordings: there are none in {corpus.RECORDINGS.name}"
    )


def _cells(report: Report) -> tuple[str, ...]:
    shown = [f"{name} {count:,}" for name, count in report.outcomes.most_common(_MOST_OUTCOMES)]
    rest = report.cases - sum(count for _, count in report.outcomes.most_common(_MOST_OUTCOMES))
    return (
        report.target.name,
        f"{report.cases:,}",
        f"{len(report.failures):,}",
        f"{report.cases / max(report.seconds, 1e-9):,.0f}",
        f"{report.slowest[0] * 1000:.0f} ms",
        "" if report.growth is None else f"{report.growth / 2**20:.1f} MiB",
        ", ".join([*shown, *([f"others {rest:,}"] if rest else [])]),
    )


def _line(cells: tuple[str, ...]) -> str:
    first, *numbers, last = cells
    padded = [
        first.ljust(_WIDTHS[0]),
        *(cell.rjust(width) for cell, width in zip(numbers, _WIDTHS[1:-1], strict=True)),
    ]
    return "  ".join([*padded, last]).rstrip()


if __name__ == "__main__":
    sys.exit(main())
