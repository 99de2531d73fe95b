"""The progress of the work on many requests: one value at a time, and the counts and rates behind it; pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from .public import public

__all__ = ["Progress", "ProgressMeter"]

_WINDOW_SECONDS = 60
_MIN_RATED_SECONDS = 1.0  # before, one answer more or less would change a rate by far
_MIN_WINDOW_REQUESTS = 10  # with fewer in the last minute, the estimated end goes by the whole time


@public
@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The progress of a map, a batch, or a wait. `print(progress)` shows it on one line.

    Attributes:
        total: The number of requests; None while it is not known, as with a generator that is not read to its end.
        done: The number of results so far, failed ones included.
        failed: The number of those with an error, or with a response whose status is `failed`.
        replayed: The number of those that come from a journal, so that nothing was sent.
        in_flight: The number of requests that are sent and not answered.
        waiting: The number of all other requests: to be read, to be sent or sent again, or held back by `wait_reason`.
        tokens: The number of tokens that the responses used, input and output.
        requests_per_minute: The number of results a minute, of the last minute; replayed ones do not count.
        tokens_per_minute: The number of tokens a minute, of the last minute.
        elapsed: The seconds since the start.
        eta: The estimated seconds until the end; None if they cannot be known.
        wait_reason: The reason why something is waited for, as a part of a sentence, such as a rate limit with its
            header, or the status of a response in the background; None if nothing is held back.
    """

    total: int | None = None
    done: int = 0
    failed: int = 0
    replayed: int = 0
    in_flight: int = 0
    waiting: int = 0
    tokens: int = 0
    requests_per_minute: float = 0.0
    tokens_per_minute: float = 0.0
    elapsed: float = 0.0
    eta: float | None = None
    wait_reason: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether all requests have a result."""
        return self.done == self.total

    def notes(self) -> Iterator[str]:
        """Yield the facts to show beside `done`, `total` and `elapsed`, in short parts."""
        for count, text in (
            (self.failed, "failed"),
            (self.replayed, "from the journal"),
            (self.in_flight, "in flight"),
            (self.waiting, "waiting"),
        ):
            if count:
                yield f"{count:,} {text}"
        if self.requests_per_minute:
            yield f"{self.requests_per_minute:,.0f} requests/min"
        if self.tokens_per_minute:
            yield f"{self.tokens_per_minute:,.0f} tokens/min"
        if self.eta:
            yield f"about {_clock_text(self.eta)} left"
        if self.wait_reason:
            yield self.wait_reason

    def __str__(self) -> str:
        done = f"{self.done:,} done" if self.total is None else f"{self.done:,} of {self.total:,} done"
        return ", ".join([f"{done} in {_clock_text(self.elapsed)}", *self.notes()])


class ProgressMeter:
    """Counts results and times them; the times are readings in seconds of one monotonic clock.

    Attributes:
        done: The number of results so far.
    """

    def __init__(self, now: float) -> None:
        self.done = 0
        self._start = now
        self._failed = 0
        self._replayed = 0
        self._tokens = 0
        # The results of the last minute, those of one second together: second, requests, tokens.
        self._window: deque[list[int]] = deque()
        self._window_requests = 0
        self._window_tokens = 0

    def add(self, now: float, *, is_failed: bool = False, is_replayed: bool = False, tokens: int = 0) -> None:
        """Count a result."""
        self.done += 1
        self._failed += is_failed
        self._replayed += is_replayed
        if is_replayed:
            return
        self._tokens += tokens
        second = int(now)
        if self._window and self._window[-1][0] == second:
            last = self._window[-1]
            last[1] += 1
            last[2] += tokens
        else:
            self._window.append([second, 1, tokens])
        self._window_requests += 1
        self._window_tokens += tokens

    def progress(
        self,
        now: float,
        *,
        total: int | None,
        in_flight: int = 0,
        waiting: int = 0,
        wait_reason: str | None = None,
    ) -> Progress:
        """Return how far the work is."""
        while self._window and self._window[0][0] <= now - _WINDOW_SECONDS:
            _, requests, tokens = self._window.popleft()
            self._window_requests -= requests
            self._window_tokens -= tokens
        elapsed = now - self._start
        scale = _WINDOW_SECONDS / min(max(elapsed, _MIN_RATED_SECONDS), _WINDOW_SECONDS)
        return Progress(
            total=total,
            done=self.done,
            failed=self._failed,
            replayed=self._replayed,
            in_flight=in_flight,
            waiting=waiting,
            tokens=self._tokens,
            requests_per_minute=self._window_requests * scale,
            tokens_per_minute=self._window_tokens * scale,
            elapsed=elapsed,
            eta=self._eta(total, elapsed, self._window_requests * scale / _WINDOW_SECONDS),
            wait_reason=wait_reason,
        )

    def _eta(self, total: int | None, elapsed: float, per_second: float) -> float | None:
        if total is None or total <= self.done:
            return None if total is None else 0.0
        if self._window_requests < _MIN_WINDOW_REQUESTS:
            per_second = (self.done - self._replayed) / max(elapsed, _MIN_RATED_SECONDS)
        if elapsed < _MIN_RATED_SECONDS or not per_second:
            return None
        return (total - self.done) / per_second


def _clock_text(seconds: float) -> str:
    """Return a duration as `0:07`, or `1:02:03` from one hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
