"""Samples of rival implementations, taken in alternating order, and rows made from them."""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Target:
    """The required ratio of a row.

    It is rival / ours for "at least", ours / rival for "at most", and for "times as many", where more is better.
    """

    bound: Literal["at least", "at most", "times as many"]
    value: float

    def __str__(self) -> str:
        return f"{'<=' if self.bound == 'at most' else '>='} {self.value:g}"

    def ratio(self, ours: float, rival: float) -> float:
        """Return the ratio that is compared with the value."""
        above, below = (rival, ours) if self.bound == "at least" else (ours, rival)
        return above / below if below else float("inf")

    def met(self, ratio: float) -> bool:
        """Whether the ratio meets the target."""
        return ratio <= self.value if self.bound == "at most" else ratio >= self.value


@dataclass(frozen=True)
class Row:
    """One line of the table: our samples and those of a rival, in the same unit.

    The speed of a machine changes from one moment to the next, so the ratio is the median of the ratios of neighbouring
    samples.
    """

    what: str
    unit: str
    ours: list[float]
    rival: list[float] = field(default_factory=list[float])
    rival_name: str = ""
    target: Target | None = None

    @property
    def value(self) -> float:
        """The median of our samples."""
        return median(self.ours)

    @property
    def rival_value(self) -> float | None:
        """The median of the rival's samples."""
        return median(self.rival) if self.rival else None

    @property
    def ratios(self) -> list[float]:
        """The ratios of neighbouring samples, in the direction of the target."""
        target = self.target or _MORE
        return [
            target.ratio(ours, rival) for ours, rival in zip(self.ours, self.rival, strict=bool(self.rival))
        ]

    @property
    def ratio(self) -> float | None:
        """The median of the ratios; None without a rival."""
        return median(self.ratios) if self.rival else None

    @property
    def passed(self) -> bool | None:
        """Whether the target is met; None without one."""
        return None if self.target is None or self.ratio is None else self.target.met(self.ratio)

    def as_json(self) -> dict[str, object]:
        """Return the row as JSON data, samples included."""
        return {
            "what": self.what,
            "unit": self.unit,
            "ours": self.value,
            "rival_name": self.rival_name or None,
            "rival": self.rival_value,
            "ratio": self.ratio,
            "ratios": self.ratios,
            "target": None if self.target is None else str(self.target),
            "passed": self.passed,
            "samples": {"ours": self.ours, "rival": self.rival},
        }


_MORE = Target("at least", 0)


def cpu(function: Callable[[], object]) -> float:
    """Return the CPU seconds that a call takes."""
    gc.collect()  # so that garbage of earlier calls is not collected during this one
    start = time.process_time()
    function()
    return time.process_time() - start


def alternate(
    repeats: int, measures: Mapping[str, Callable[[], T]], *, discard: bool = True
) -> dict[str, list[T]]:
    """Return samples of each measure, taken in alternating order after a first round that is discarded."""
    if discard:
        for measure in measures.values():
            measure()
    samples: dict[str, list[T]] = {name: [] for name in measures}
    names = list(measures)
    for number in range(repeats):
        for name in names if number % 2 == 0 else reversed(names):
            samples[name].append(measures[name]())
    return samples


def rows(
    what: str,
    unit: str,
    samples: Mapping[str, list[float]],
    targets: Mapping[str, Target | None],
    factor: float = 1.0,
) -> list[Row]:
    """Return a row for each rival that was measured, or a single one without a rival."""
    mine = [sample * factor for sample in samples["ours"]]
    rivals = {name: [sample * factor for sample in samples[name]] for name in targets if name in samples}
    if not rivals:
        return [Row(what, unit, mine)]
    return [Row(what, unit, mine, rival, name, targets[name]) for name, rival in rivals.items()]
