"""An estimate of when the next request to a model may be sent, from rate limit headers and refusals; pure."""

# How it works
#
# An answer reports up to two limits, of requests and of tokens: the size of the limit, what remains of it, and its
# reset, the seconds until all of it is available again. Servers refill limits in one of two ways:
#
#   bucket                                  window
#   size |\      /---                       size |\     |\     |\
#        | \    /                                | \    | \    | \
#        |  \  /                                 |  \   |  \   |
#      0 +---\/---------> time                 0 +---\--|---\--|--> time
#   refills steadily                        refills at once, at fixed times
#   reset = used / refill per second        reset = end of the window - now
#
# No header says which it is. Two observations tell them apart: the reset of a bucket grows with what is used, while
# that of a window shrinks as time passes. Each pair of observations is a vote (`_vote`), and the sum of the votes
# decides; a sum of 0 is a bucket.
#
# `_LimitEstimate` counts down as requests are sent, since an answer comes too late to pace the next request.
# Answers correct that count, but only as bounds: they overtake each other, and whether the server wrote the headers
# before or after its work is unknown. So of other requests it is uncertain whether `remaining` includes them:
#
#   sent before, in flight when      this request         sent later
#   this one was sent                sent_at ... now
#   ticket.in_flight                                      later = spent - ticket.spent
#
#   lower bound   remaining - in_flight - later               includes none of them
#   upper bound   remaining + max(refill - later, 0)          includes all, or was written at `sent_at`
#
# A count between the bounds stays, as it is exact unless other programs use the same limit.
#
# Apart from the limits, `RateLimitEstimator` bounds the number of requests in flight:
#
#               first answer               429, limits unknown
#   PROBING  ------------------>  OPEN  ------------------------>  RAMPING
#   4 in flight, twice as         no bound                         1 in flight, one more
#   many each further second                                       with each answer
#
# In every state, `block` stops all requests until the time that the server asked for.
#
# Headers may be wrong, or speak of a limit per day. So they hold a request back for at most two minutes in which
# nothing was sent or answered; it then goes as a probe, whose answer corrects the estimate or blocks.

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

from .._base.http import RateLimits
from .._base.retry import LONGEST_WAIT_SECONDS

__all__ = ["RateLimitEstimator", "Ticket"]

_INITIAL_REQUESTS = 4  # in flight before the first answer
_RECHECK_SECONDS = 0.01  # while too many requests are in flight
_DEFAULT_RESET_SECONDS = 60.0  # from empty to full, for servers that report no reset
_RESERVED_SHARE = 0.01  # of a limit, never used, to make up for errors of the count
_TRUSTED_REFILL_SHARE = 0.98  # of the refill that headers imply
_REFILL_DECAY = 0.9  # weight of all earlier observations in the estimated refill
_MEAN_REQUESTS = 50  # running means of tokens weigh a request as one of at most this many
_FINE_RESET_SECONDS, _COARSE_RESET_SECONDS = 0.002, 1.0  # precision of reported resets
_MAX_VOTES = 4
_MIN_BLOCK_SECONDS, _MAX_MIN_BLOCK_SECONDS = 0.01, 1.0  # after a 429; doubles with each further one


class Ticket(NamedTuple):
    """The facts about a request at the time it was sent, to interpret its answer by.

    `spent` is the sum of all requests up to this one, itself included. `in_flight` is the sum of the requests that
    had no answer yet. Both are pairs: requests, and tokens.
    """

    number: int
    sent_at: float
    spent: tuple[float, float]
    in_flight: tuple[float, float]


_Reported: TypeAlias = tuple[int | None, int | None, float | None]
"""The headers of an answer about one limit: its size, what remains of it, and the seconds until it is full."""


class _Observation(NamedTuple):
    """The state of a limit as one answer reported it, at an unknown time between `earliest` and `latest`."""

    earliest: float
    latest: float
    used: float
    reset: float


class _LimitEstimate:
    """The estimated state of one limit; `unit` is "requests" or "tokens"."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self.spent = 0.0  # by all requests so far
        self._latest_number = 0  # of the latest request whose answer corrected the count
        self._size: float | None = None
        self._remaining = 0.0
        self._updated_at = 0.0  # when `_remaining` was last advanced
        self._last_observation: _Observation | None = None
        self._votes = 0  # above 0 for a window, else for a bucket
        self._used_sum, self._reset_sum = 0.0, 0.0  # their ratio is the refill per second
        self._is_coarse = True  # whether all resets so far were whole seconds
        self._window_start = -math.inf  # of the current window, if we saw it begin
        self._window_end = (-math.inf, -math.inf)  # the earliest and the latest possible end
        self._is_end_guessed = True
        self._longest_reset = 0.0

    @property
    def is_known(self) -> bool:
        """Whether the server has reported this limit."""
        return self._size is not None

    def spend(self, cost: float) -> None:
        """Count a request that is sent."""
        self.spent += cost
        self._remaining -= cost

    def refund(self, cost: float) -> None:
        """Give back the cost of a request that was refused, on the assumption that servers do not count those."""
        self._remaining += cost

    def wait_seconds(self, now: float, cost: float) -> float:
        """Return the seconds until `cost` remains."""
        size = self._size
        if size is None:
            return 0.0
        self._advance(now, size)
        # A request that costs more than the whole limit waits until the limit is full.
        missing = min(cost + int(size * _RESERVED_SHARE), size) - self._remaining
        if missing <= 0:
            return 0.0
        return self._window_end[1] - now if self._is_window else missing / self._refill_per_second(size)

    def describe(self) -> str:
        """Return a description of the state for the log, with the header that says how long to wait."""
        header = "reset" if self._longest_reset else "remaining"
        remaining = max(math.floor(self._remaining), 0)
        return (
            f"as {remaining} of {self._size or 0:g} {self._unit} remain (x-ratelimit-{header}-{self._unit})"
        )

    def observe(self, ticket: Ticket, place: int, now: float, reported: _Reported) -> None:
        """Correct the estimate by an answer; `place` is the index of this limit in the pairs of the ticket."""
        limit, remaining, reset = reported
        if remaining is None:
            return
        size = float(max(self._size or 0, remaining) if limit is None else limit)
        if (
            size < 1
        ):  # it would never let a request pass; with an unknown limit it says no more than the refusal
            return
        if self._size is not None:
            self._advance(now, size)
        if reset is not None:
            self._learn(_Observation(ticket.sent_at, now, max(size - remaining, 0.0), reset))
        # An answer to an earlier request is outdated, and one from before the current window began is wrong.
        if ticket.number > self._latest_number and ticket.sent_at >= self._window_start:
            # The bounds are explained at the top of this module. There is no own count before the first answer.
            left, later = float(min(remaining, size)), self.spent - ticket.spent[place]
            refill = 0.0 if self._is_window else (now - ticket.sent_at) * self._refill_per_second(size)
            counted = left - later if self._size is None else self._remaining
            self._remaining = min(
                max(counted, left - later - ticket.in_flight[place]), left + max(refill - later, 0.0)
            )
            self._updated_at = now
            self._latest_number = ticket.number
        self._size = size

    @property
    def _is_window(self) -> bool:
        return self._votes > 0

    def _refill_per_second(self, size: float) -> float:
        """Return the refill of the limit if it is a bucket."""
        rate = self._used_sum / self._reset_sum if self._reset_sum else 0.0
        # `_learn` gets no refill from a limit of one, but its longest reset is the time from empty to full.
        seconds = (self._longest_reset if size <= 1 else 0.0) or _DEFAULT_RESET_SECONDS
        return _TRUSTED_REFILL_SHARE * (rate or size / seconds)

    def _advance(self, now: float, size: float) -> None:
        """Refill for the time since the last call."""
        if not self._is_window:
            self._remaining = min(
                size, self._remaining + (now - self._updated_at) * self._refill_per_second(size)
            )
        elif now >= self._window_end[1]:
            self._remaining = size
            self._window_start = now
            self._window_end = (now, now + max(self._longest_reset, _FINE_RESET_SECONDS))
            self._is_end_guessed = True
        self._updated_at = now

    def _learn(self, new: _Observation) -> None:
        """Learn from a reported reset: the refill of a bucket, the end of a window, and which of them it is."""
        self._is_coarse = self._is_coarse and new.reset == int(new.reset)
        self._longest_reset = max(self._longest_reset, new.reset)
        if new.used > 1 and new.reset:
            # Servers round `remaining` down, so `used` may be one too high, which must not make the refill look faster.
            self._used_sum = self._used_sum * _REFILL_DECAY + new.used - 1
            self._reset_sum = self._reset_sum * _REFILL_DECAY + new.reset
        if new.earliest >= self._window_start:
            earliest_end, latest_end = new.earliest + new.reset, new.latest + new.reset
            if self._is_end_guessed or earliest_end > self._window_end[1]:  # the next window
                self._window_end = (earliest_end, latest_end)
                self._is_end_guessed = False
            elif latest_end >= self._window_end[0]:  # the same window: each observation narrows its end
                self._window_end = (
                    max(earliest_end, self._window_end[0]),
                    min(latest_end, self._window_end[1]),
                )
        last = self._last_observation
        if last is None or new.earliest >= last.latest:  # otherwise their order is unknown
            self._last_observation = new
            precision = _COARSE_RESET_SECONDS if self._is_coarse else _FINE_RESET_SECONDS
            vote = 0 if last is None else _vote(last, new, precision)
            self._votes = max(-_MAX_VOTES, min(self._votes + vote, _MAX_VOTES))


def _vote(last: _Observation, new: _Observation, precision: float) -> int:
    """Return 1 if two observations in order suggest a window, -1 for a bucket, 0 if they fit both."""
    if not last.used or new.latest - last.earliest >= last.reset:  # a window may have ended in between
        return 0
    grown, used = new.reset - last.reset, new.used - last.used
    # As `remaining` is rounded, one more or less may have been used; in a bucket, one refills in reset / used seconds.
    slack = max(precision, last.reset / last.used) * 1.01
    if abs(grown) <= slack:
        return -1 if new.earliest - last.latest > 2 * slack else 0
    return -1 if grown * used > 0 else 1


class RateLimitEstimator:
    """An estimate of when the next request to a model may be sent.

    It is informed of every request sent, every answer, and every refusal (429). Times are readings in seconds of
    one monotonic clock.
    """

    def __init__(self) -> None:
        self._requests = _LimitEstimate("requests")
        self._tokens = _LimitEstimate("tokens")
        self._in_flight = 0
        self._sent = 0
        self._first_sent_at = 0.0
        self._last_event_at = 0.0  # a request was sent or answered
        self._blocked_until = -math.inf
        self._block_reason = ""
        self._blocks_in_a_row = 0  # since the last answer that was not a refusal
        self._has_answer = False
        self._max_in_flight: float = math.inf
        self._mean_tokens = 0.0  # of a request
        self._mean_deviation = 0.0  # of the tokens of a request from their mean
        self._measured_requests = 0

    @property
    def in_flight(self) -> int:
        """The number of requests that are sent and not answered."""
        return self._in_flight

    def wait_seconds(self, now: float) -> float:
        """Return the seconds until the next request may be sent or this should be asked again; 0 to send it now."""
        if now < self._blocked_until:
            return self._blocked_until - now
        if self._in_flight >= self._allowed_in_flight(now):
            return _RECHECK_SECONDS
        return min(max(self._limit_waits(now)), max(self._last_event_at + LONGEST_WAIT_SECONDS - now, 0.0))

    def describe_wait(self, now: float) -> str:
        """Return the length and the reason of a wait that `wait_seconds` asks for, for the log."""
        seconds = self.wait_seconds(now)
        if now < self._blocked_until:
            return f"for {seconds:.0f} s, {self._block_reason}"
        if self._in_flight >= self._allowed_in_flight(now):
            return f"until one of {self._in_flight} requests in flight is answered"
        requests, tokens = self._limit_waits(now)
        return f"for {seconds:.0f} s, {(self._requests if requests >= tokens else self._tokens).describe()}"

    def start(self, now: float) -> Ticket:
        """Count a request that is sent now; each needs one call of `finish` or `abandon`."""
        if not self._sent:
            self._first_sent_at = now
        self._sent += 1
        self._last_event_at = now
        self._requests.spend(1.0)
        self._tokens.spend(self._mean_tokens)
        in_flight = (self._in_flight, self._in_flight * self._mean_tokens)
        self._in_flight += 1
        return Ticket(self._sent, now, (self._requests.spent, self._tokens.spent), in_flight)

    def finish(self, ticket: Ticket, now: float, limits: RateLimits, *, is_refusal: bool = False) -> None:
        """Learn from the headers of an answer, which may be a refusal (429)."""
        self._in_flight -= 1
        self._last_event_at = now
        self._has_answer = True
        self._max_in_flight += 1
        if is_refusal:
            self._requests.refund(1.0)
            self._tokens.refund(self._mean_tokens)
        else:
            self._blocks_in_a_row = 0
        requests = (limits.limit_requests, limits.remaining_requests, limits.reset_requests)
        tokens = (limits.limit_tokens, limits.remaining_tokens, limits.reset_tokens)
        self._requests.observe(ticket, 0, now, requests)
        self._tokens.observe(ticket, 1, now, tokens)

    def abandon(self) -> None:
        """Stop waiting for the answer to a request, which may or may not have reached the server."""
        self._in_flight -= 1

    def block(self, now: float, seconds: float, reason: str = "") -> None:
        """Let no request be sent for some seconds, as the server asked with a refusal; `reason` is for the log.

        Some servers round that time down to 0, so the least time doubles with each refusal in a row.
        """
        if now >= self._blocked_until:  # refusals of requests that were in flight together count once
            self._blocks_in_a_row += 1
        least = min(_MIN_BLOCK_SECONDS * math.exp2(min(self._blocks_in_a_row, 60)), _MAX_MIN_BLOCK_SECONDS)
        until = now + max(seconds, least)
        if until > self._blocked_until:
            self._blocked_until, self._block_reason = until, reason
        if not (self._requests.is_known or self._tokens.is_known):
            self._max_in_flight = 1

    def record_tokens(self, tokens: int) -> None:
        """Learn from the tokens that a request used, for the estimate of the next ones."""
        self._measured_requests = min(self._measured_requests + 1, _MEAN_REQUESTS)
        deviation = tokens - self._mean_tokens
        self._mean_tokens += deviation / self._measured_requests
        if self._measured_requests > 1:
            self._mean_deviation += (abs(deviation) - self._mean_deviation) / self._measured_requests

    def _limit_waits(self, now: float) -> tuple[float, float]:
        tokens = self._mean_tokens + 2 * self._mean_deviation
        return self._requests.wait_seconds(now, 1.0), self._tokens.wait_seconds(now, tokens)

    def _allowed_in_flight(self, now: float) -> float:
        # Refusals come at once, other answers take time: the longer nothing comes, the less likely a refusal becomes.
        if self._has_answer or not self._sent:
            return self._max_in_flight
        return _INITIAL_REQUESTS * math.exp2(min(now - self._first_sent_at, 60))
