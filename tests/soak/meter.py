"""Measurements of the process: its memory during the work, and its resources before and after."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import urllib.parse
from collections import Counter
from statistics import mean
from typing import NamedTuple, Self

_SAMPLES = 400
_SETTLE_SECONDS = 10.0
_IS_LINUX = sys.platform == "linux"


class Holdings(NamedTuple):
    """The resources of the process; None where the system does not report them."""

    descriptors: int | None
    threads: int


def holdings() -> Holdings:
    """Return the numbers of now."""
    return Holdings(len(os.listdir("/proc/self/fd")) if _IS_LINUX else None, threading.active_count())


def settled(before: Holdings) -> Holdings:
    """Return the numbers once they are those of before; those that they still are after some seconds otherwise."""
    until = time.monotonic() + _SETTLE_SECONDS
    gc.collect()
    while (now := holdings()) != before and time.monotonic() < until:
        time.sleep(0.02)
    return now


def resident_bytes() -> int:
    """Return the memory of the process that is in use; where the system does not tell, the most that it ever was."""
    if not _IS_LINUX:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Meter:
    """Samples of memory and descriptors, spread evenly over the work.

    Args:
        lead_in: The amount of work before the first sample.
        amount: The amount of work in which samples are taken.
        samples: The number of samples; 0 for none.
        collects: Whether the garbage collector runs before each of them.
    """

    def __init__(self, lead_in: int, amount: int, samples: int = _SAMPLES, *, collects: bool = False) -> None:
        self._collects = collects
        self.done = 0
        self._lock = threading.Lock()
        self._due = lead_in
        self._end = lead_in + amount
        self._step = amount / samples if samples else 0
        self._start = lead_in
        self._memory: list[int] = []
        self._descriptors: list[int] = []

    def add(self, amount: int) -> None:
        """Count work that was done."""
        with self._lock:
            self.done += amount
            while self._step and self._due <= self.done and self._due < self._end:
                self._due = self._start + round((len(self._memory) + 1) * self._step)
                if self._collects:
                    gc.collect()
                self._memory.append(resident_bytes())
                self._descriptors.append(holdings().descriptors or 0)

    @property
    def tenths(self) -> list[float]:
        """The mean memory in each tenth of the work, in MiB."""
        return [mean(part) / 2**20 for part in _tenths(self._memory)]

    @property
    def descriptors(self) -> list[int]:
        """The most descriptors in each tenth of the work."""
        return [max(part) for part in _tenths(self._descriptors)]


class Kept:
    """The objects that are made inside of the block and outlive it: their number, and the most frequent types.

    Only those that the garbage collector knows are counted. Strings are not, of which pydantic keeps some thousands.
    """

    def __init__(self) -> None:
        self.count = 0
        self.types = ""

    def __enter__(self) -> Self:
        urllib.parse.clear_cache()
        gc.collect()
        gc.freeze()  # what there is already is left out of all that follows
        return self

    def __exit__(self, *_: object) -> None:
        urllib.parse.clear_cache()
        for _round in range(2):  # the first one runs finalizers, which free more
            gc.collect()
        kept = Counter(map(type, gc.get_objects()))
        gc.unfreeze()
        self.count = kept.total()
        self.types = ", ".join(
            f"{count} {one.__module__}.{one.__name__}" for one, count in kept.most_common(6)
        )


def _tenths(values: list[int]) -> list[list[int]]:
    size = len(values) // 10
    return [values[size * number : size * (number + 1)] for number in range(10)] if size else []
