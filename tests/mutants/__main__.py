"""Make small mistakes in a module, one at a time, and see whether its tests notice: `python -m tests.mutants MODULE ...`.

Run it at the root of the repository, by hand; it takes about a second a mutant:

    python -m tests.mutants responses_client/_map/rate_limit.py --sample 40 --seed 1

By default, the tests of a module are those of its room: `tests/unit/map` for `_map/rate_limit.py`. They are collected
once; one run of them notes which test reaches which line. For each mutant, the process forks, the fork replaces the
code of the mutated function, and runs the tests that reach it, the quickest first, until one fails. So nothing is
written to the tree, and a mutant that hangs is killed, which counts as noticed. Programs that tests start see the
module as it is.

A survivor is printed as a diff. It is either a hole in the tests or an equivalent program, which does the same as the
original (a bound that no value meets, a shortcut): only a look at it says which.
"""

from __future__ import annotations

import argparse
import os
import pickle
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import pytest

from .target import Target

_LEAST_LIMIT_SECONDS = 10.0  # for a mutant, beside ten times the usual time of its tests
_NOT_MADE = 3
_MOST_MEMORY = 6 * 1024**3


class Runner:
    """A plugin of pytest that runs the collected tests against each mutant instead of once.

    Attributes:
        killed: For each target, how many mutants a test noticed.
    """

    def __init__(self, targets: list[Target], jobs: int, folder: Path, out: TextIO) -> None:
        self._targets = targets
        self._jobs = jobs
        self._folder = folder
        self._out = out
        self._seconds: dict[str, float] = {}
        self._reached: dict[str, dict[int, list[str]]] = {}  # the tests of each line, by file

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests in forks of this process: once as they are, and then for each mutant."""
        session.config.pluginmanager.unregister(name="terminalreporter")
        self._items = {item.nodeid: item for item in session.items}
        child = self._fork(lambda: self._measure(session), "measured")
        os.waitpid(child, 0)
        self._seconds, self._reached, failed = pickle.loads((self._folder / "measured").read_bytes())
        for name in failed:
            print("fails as it is, and is left out:", name, file=self._out)
        waiting = [(target, number) for target in self._targets for number in target.numbers]
        running: dict[int, tuple[Target, int, float]] = {}
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
        try:
            self._try_all(session, waiting, running)
        finally:
            for child in running:
                os.killpg(child, signal.SIGKILL)
        return True

    def _try_all(
        self,
        session: pytest.Session,
        waiting: list[tuple[Target, int]],
        running: dict[int, tuple[Target, int, float]],
    ) -> None:
        while waiting or running:
            while waiting and len(running) < self._jobs:
                target, number = waiting.pop(0)
                names = self._tests_of(target, number)
                limit = _LEAST_LIMIT_SECONDS + 10 * sum(self._seconds[name] for name in names)
                child = self._fork(lambda t=target, n=number, names=names: self._try(session, t, n, names))
                running[child] = target, number, time.monotonic() + limit
            time.sleep(0.01)
            for child, (target, number, end) in list(running.items()):
                if time.monotonic() > end:
                    os.killpg(child, signal.SIGKILL)
                done, status = os.waitpid(child, os.WNOHANG)
                if done:
                    del running[child]
                    if os.waitstatus_to_exitcode(status) == _NOT_MADE:
                        print(
                            f"{target.path}: number {number} cannot be made in a running process",
                            file=self._out,
                        )
                        target.numbers.remove(number)
                    elif status == 0:
                        target.survivors.append(target.diff(number))
                        print(target.survivors[-1], file=self._out)
                    with suppress(ProcessLookupError):  # what it left behind
                        os.killpg(child, signal.SIGKILL)

    def _fork(self, work: Callable[[], object], result: str = "") -> int:
        """Do the work in a process, which ends with status 0 if the work returns something true."""
        child = os.fork()
        if child:
            return child
        status = 1
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
            value = work()
            if result:
                (self._folder / result).write_bytes(pickle.dumps(value))
            status = 0 if value else 1
        finally:
            os._exit(status)

    def _measure(self, session: pytest.Session) -> tuple[dict[str, float], object, list[str]]:
        from coverage import Coverage

        files = [str(target.path.resolve()) for target in self._targets]
        coverage = Coverage(data_file=None, config_file=False, include=files)
        seconds, failed = {}, []
        coverage.start()
        for name in self._items:
            coverage.switch_context(name)
            start = time.monotonic()
            if not self._passes(session, [name]):
                failed.append(name)
            seconds[name] = time.monotonic() - start
        coverage.stop()
        data = coverage.get_data()
        reached = {
            file: {
                line: [name for name in names if name and name not in failed]
                for line, names in data.contexts_by_lineno(file).items()
            }
            for file in files
        }
        return seconds, reached, failed

    def _tests_of(self, target: Target, number: int) -> list[str]:
        """Return the tests that reach a mutant, the quickest first."""
        lines = self._reached[str(target.path.resolve())]
        for first, last in target.spans(number):
            names = {name for line in range(first, last + 1) for name in lines.get(line, [])}
            if names:
                return sorted(names, key=self._seconds.__getitem__)
        return []

    def _try(self, session: pytest.Session, target: Target, number: int, names: list[str]) -> bool:
        try:
            target.patch(number)
        except BaseException:
            os._exit(_NOT_MADE)
        return self._passes(session, names)

    def _passes(self, session: pytest.Session, names: Iterable[str]) -> bool:
        failed = session.testsfailed
        for name in names:
            item = self._items[name]
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            if session.testsfailed > failed:
                return False
        return True


def _run(targets: list[Target], tests: list[str], jobs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(Path(folder, "hypothesis"))
        from hypothesis import Phase, settings

        # The same examples for each mutant, and no time for small ones: that a test fails is all we want to know.
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutants", derandomize=True, database=None, phases=phases)
        settings.load_profile("mutants")
        with os.fdopen(os.dup(1), "w", buffering=1) as out:
            arguments: list[Any] = [
                *tests,
                "-q",
                "--no-header",
                "-o",
                "faulthandler_timeout=0",
                f"--basetemp={folder}/tmp",
            ]
            arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning", "-p", "no:cacheprovider"]
            arguments += ["-p", "no:xdist"]
            status = pytest.main(arguments, plugins=[Runner(targets, jobs, Path(folder), out)])
    if status != pytest.ExitCode.OK:
        sys.exit(f"pytest ended with {status!r}")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("modules", nargs="+", type=Path, metavar="MODULE", help="a file of the package")
    parser.add_argument(
        "--sample", type=int, default=40, help="how many mutants of each module (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="another one draws another sample")
    parser.add_argument(
        "--number", type=int, action="append", help="only this mutant, as a survivor names it"
    )
    parser.add_argument("--tests", action="append", help="these tests, instead of those of the rooms")
    parser.add_argument("--jobs", type=int, default=1, help="mutants that are tried at the same time")
    given = parser.parse_args()
    targets = [Target(path, given.sample, given.seed, given.number) for path in given.modules]
    _run(targets, given.tests or sorted({target.tests for target in targets}), given.jobs)
    tried = survived = 0
    for target in targets:
        tried, survived = tried + len(target.numbers), survived + len(target.survivors)
        print(_line(str(target.path), len(target.numbers), len(target.survivors)))
    print(_line("all", tried, survived))


def _line(name: str, tried: int, survived: int) -> str:
    return f"{name:50} {tried:4} mutants {survived:4} survived {1 - survived / tried:6.0%} killed"


if __name__ == "__main__":
    main()
