"""The sizes of a benchmark run, and the clients that it compares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec

from . import peers
from .peers import Peer
from .timing import Row


@dataclass(frozen=True)
class Setup:
    """The clients, sizes and repeats of a benchmark run."""

    ours: Peer
    official: Peer | None
    repeats: int = 7
    starts: int = 11
    """Processes started for each measure of a start."""
    deltas: int = 5_000
    long_deltas: int = 20_000
    memory_deltas: int = 50_000
    rounds: int = 25
    """Rounds of the mixed stream."""
    input_items: int = 1_000
    output_items: int = 1_500
    turns: int = 50
    """Turns of a run with tools."""
    requests: int = 1_000
    """Requests of a map."""
    partial_deltas: int = 10_000
    upload_mib: int = 512
    live_repeats: int = 3
    live_streams: tuple[int, ...] = (1, 8, 64)
    live_seconds: float = 0.5
    many_streams: int = 500
    many_seconds: float = 2
    many_repeats: int = 2
    most_repeats: int = 2
    """Searches for the number of streams that a core can read."""
    only_hot: bool = False
    """Whether instructions are counted of the hot paths only."""

    @classmethod
    def usual(cls) -> Setup:
        """Return the setup of the table in the documentation."""
        return cls(peers.ours(), peers.official())

    @classmethod
    def tiny(cls) -> Setup:
        """Return a setup that measures this package once at small sizes, for tests."""
        return cls(
            peers.ours(),
            None,
            repeats=1,
            starts=1,
            deltas=20,
            long_deltas=30,
            memory_deltas=50,
            rounds=1,
            input_items=10,
            output_items=9,
            turns=3,
            requests=5,
            partial_deltas=20,
            upload_mib=2,
            live_repeats=1,
            live_streams=(1, 2),
            live_seconds=0.01,
            many_streams=2,
            many_seconds=0.01,
            many_repeats=1,
            most_repeats=0,
        )

    @property
    def peers(self) -> list[Peer]:
        """The clients that are compared."""
        return [self.ours] if self.official is None else [self.ours, self.official]

    def reads(self, reader: str) -> bool:
        """Whether live streams are read with this reader."""
        if reader.startswith("official") and self.official is None:
            return False
        needed = [module for module in ("aiohttp", "uvloop") if module in reader]
        return all(find_spec(module) is not None for module in needed)


Measure = Callable[[Setup], Iterable[Row]]
