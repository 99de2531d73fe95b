"""Targets, their numbered cases, and the loop that runs them.

A case depends on the seed, the target and its number alone, so that each can be made again without those before it.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, Generic, TypeVar

from typing_extensions import override

C = TypeVar("C")

MAX_CASE_SECONDS = 20.0
"""CPU time of one case; the usual one takes about a millisecond, so more of it means work without a bound."""
MAX_GROWTH_BYTES = 64 * 1024 * 1024
"""The memory that a target may take between its first tenth and its end, beside what allocators keep."""
MAX_FAILURES = 5
"""A target stops after this number of failures: most have one cause."""


class Mismatch(AssertionError):
    """A result that breaks an invariant of its target."""


def require(holds: object, text: str, *values: object) -> None:
    """Raise `Mismatch` unless an invariant holds; the values are shown shortened."""
    if not holds:
        raise Mismatch(" ".join([text, *(shorten(value) for value in values)]))


def shorten(value: object, limit: int = 2000) -> str:
    """Return the repr of a value, cut in the middle."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit // 2]} [...] {text[-limit // 2 :]}"


@dataclass(frozen=True)
class Target(Generic[C]):
    """A reader of input, and the properties to check.

    Attributes:
        name: The name in commands.
        subject: The thing under test, in words.
        make: Makes a case of random numbers, and of nothing else.
        check: Runs a case; returns a word for its outcome, which is counted. Any exception is a failure.
    """

    name: str
    subject: str
    make: Callable[[Random], C]
    check: Callable[[C], str]

    def case(self, seed: int, number: int) -> C:
        """Return a case by its number."""
        return self.make(Random(f"{seed} {self.name} {number}"))


@dataclass(frozen=True)
class Failure:
    """A case that failed, and the way to see it again."""

    target: str
    seed: int
    number: int
    case: str
    trace: str

    @override
    def __str__(self) -> str:
        again = f"python -m tests.fuzz --seed {self.seed} --case {self.number} {self.target}"
        return (
            f"{self.target}, seed {self.seed}, case {self.number}; again: {again}\n{self.case}\n{self.trace}"
        )


@dataclass
class Report:
    """The counts of one target.

    Attributes:
        cases: The number of cases that were run.
        outcomes: How often each outcome came.
        failures: The cases that failed.
        slowest: The CPU seconds and the number of the slowest case.
        growth: The bytes that the process grew by after the first tenth; None if that was not measured.
        seconds: The wall time of all cases.
    """

    target: Target[Any]
    seed: int
    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    failures: list[Failure] = field(default_factory=list[Failure])
    slowest: tuple[float, int] = (0.0, 0)
    growth: int | None = None
    seconds: float = 0.0

    @property
    def grew(self) -> bool:
        """Whether more memory is kept than any case has reason to."""
        return self.growth is not None and self.growth > MAX_GROWTH_BYTES

    def run(self, number: int) -> None:
        """Run one case, and count it."""
        case: Any = None
        start = time.thread_time()
        try:
            with cpu_limit(MAX_CASE_SECONDS):
                case = self.target.case(self.seed, number)
                outcome = self.target.check(case)
        except Exception:
            outcome = "FAILED"
            # With the chain and its notes, but without the frames of this loop.
            trace = traceback.format_exc(limit=-12)
            self.failures.append(Failure(self.target.name, self.seed, number, shorten(case), trace))
        self.slowest = max(self.slowest, (time.thread_time() - start, number))
        self.outcomes[outcome] += 1
        self.cases += 1


class OutOfTime(Exception):
    """A case took more CPU time than it may."""


@contextmanager
def cpu_limit(seconds: float) -> Generator[None]:
    """Raise `OutOfTime` when the block takes more CPU time, where the platform can tell."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise OutOfTime(f"the case takes more than {seconds:g} s of CPU time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def run(target: Target[Any], seed: int, *, cases: int | None = None, seconds: float | None = None) -> Report:
    """Run the cases of a target from the first one, as many as are asked for and as the time allows."""
    report = Report(target, seed)
    start = time.monotonic()
    first: int | None = None
    with readable_logs():
        for number in count() if cases is None else range(cases):
            elapsed = time.monotonic() - start
            if (seconds is not None and elapsed >= seconds) or len(report.failures) >= MAX_FAILURES:
                break
            if first is None and seconds is not None and elapsed >= seconds / 10:
                first = resident_bytes()
            report.run(number)
    report.seconds = time.monotonic() - start
    last = resident_bytes()
    report.growth = None if first is None or last is None else last - first
    return report


def run_numbers(target: Target[Any], seed: int, numbers: Iterable[int]) -> Report:
    """Run cases by their numbers."""
    report = Report(target, seed)
    with readable_logs():
        for number in numbers:
            report.run(number)
    return report


class _Reader(logging.Handler):
    """Makes the text of each record, as a handler that writes to a file would."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        record.getMessage().encode()


@contextmanager
def readable_logs() -> Iterator[None]:
    """Make every log record of the package, and show none; warnings are errors."""
    logger = logging.getLogger("responses_client")
    reader = _Reader(logging.WARNING)
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(reader)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        logger.removeHandler(reader)
        logger.propagate = propagates


def resident_bytes() -> int | None:
    """Return the memory of this process; None where `/proc` does not tell."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))
    except OSError:
        return None
