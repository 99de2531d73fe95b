"""The progress of a map: its counts, the limit that holds requests back, and its reports; pure but for the display."""

from __future__ import annotations

from collections.abc import Sized
from typing import TYPE_CHECKING, Protocol

from .._base import clock
from .._base.progress import Progress, ProgressMeter

if TYPE_CHECKING:
    from .._base.progress_display import ProgressDisplay
    from .requests import MapResult
    from .throttle import Throttles

__all__ = ["BEAT_SECONDS", "MapProgress", "RequestCount"]

BEAT_SECONDS = 1.0
"""The seconds without a result after which the progress is reported again: meanwhile, reasons to wait may change."""

_REASON_SECONDS = 0.1  # for which a reason to wait is taken for the current one


class RequestCount(Protocol):
    """The requests of a map, as far as they are counted."""

    @property
    def count(self) -> int:
        """The number of requests that were read."""
        ...

    @property
    def is_exhausted(self) -> bool:
        """Whether there are no others."""
        ...


class MapProgress:
    """The progress of a map, used by the one thread or task that takes its results.

    Args:
        given: The requests, as the user passed them.
        requests: The requests, as they are read.
        throttles: The rate limits of the map.
        has_listener: Whether the progress is reported to a function of the user.
        display: The display of the progress; None if it is not shown.
    """

    def __init__(
        self,
        given: object,
        requests: RequestCount,
        throttles: Throttles,
        has_listener: bool,
        display: ProgressDisplay | None,
    ) -> None:
        self._requests = requests
        self._throttles = throttles
        self._has_listener = has_listener
        self._display = display
        self._size = _size(given)
        self._meter = ProgressMeter(clock.monotonic())
        self._reason: str | None = None
        self._reason_at = -_REASON_SECONDS
        self._is_total_told = False

    def open(self) -> None:
        """Start the time, and the display."""
        self._meter = ProgressMeter(clock.monotonic())
        if self._display is not None:
            self._display.open(self.now())

    def add(self, result: MapResult) -> Progress | None:
        """Count a result, and return the progress after it; None if no report of it is due now."""
        response = result.response
        usage = None if response is None else response.usage
        self._meter.add(
            clock.monotonic(),
            is_failed=response is None or response.status == "failed",
            is_replayed=result.is_replayed,
            tokens=0 if usage is None else usage.total_tokens or 0,
        )
        if not self._has_listener and self._display is not None and not self._display.is_due:
            return None
        return self.now()

    def now(self) -> Progress:
        """Return the progress as it is, and show it."""
        now = clock.monotonic()
        total = self._total
        in_flight = self._throttles.in_flight
        known = self._requests.count if total is None else total
        if now - self._reason_at >= _REASON_SECONDS:
            self._reason, self._reason_at = self._throttles.wait_reason(now), now
        progress = self._meter.progress(
            now,
            total=total,
            in_flight=in_flight,
            waiting=max(known - self._meter.done - in_flight, 0),
            wait_reason=self._reason,
        )
        self._is_total_told = total is not None
        if self._display is not None:
            self._display.show(progress)
        return progress

    def end(self) -> Progress | None:
        """Return the last progress if none before has the total; otherwise None."""
        return None if self._is_total_told else self.now()

    def close(self) -> None:
        """End the display."""
        if self._display is not None:
            self._display.show(self.now())
            self._display.close()

    @property
    def _total(self) -> int | None:
        if self._requests.is_exhausted:
            return self._requests.count
        return None if self._size is None else max(self._size, self._requests.count)


def _size(given: object) -> int | None:
    """Return the number of requests, if the user's object knows it."""
    try:
        return len(given) if isinstance(given, Sized) else None
    except Exception:  # of a class that has a length only sometimes, such as a loader of an endless stream
        return None
