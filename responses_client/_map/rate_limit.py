"""How soon the next request may go, from what answers say of rate limits: one state for each model; no I/O, no clock."""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

from .._base.http import RateLimits

__all__ = ["Rate", "Ticket"]

_FIRST = 4  # requests that go out before anything is known of the limits
_LOOK = 0.01  # seconds until it is looked again whether a request has been answered
_DEFAULT_SECONDS = 60.0  # in which a limit is full again if no header says so
_RESERVED = 0.01  # the part of a limit that is left alone, for what is not counted quite right
_CAUTION = 0.98  # of the refill that headers promise
_KEPT = 0.9  # what an estimate of the refill has of the one before
_MEAN_OF = 50  # requests that the tokens of the next one are estimated from
_FINE, _COARSE = 0.002, 1.0  # seconds that resets are exact to
_MOST_VOTES = 4
_LEAST_CLOSED, _MOST_CLOSED = 0.01, 1.0  # seconds after refusals, whatever the server asks for


class Ticket(NamedTuple):
    """A request that was sent.

    `spent` is what all had spent up to it, itself included, and `older` what those had that were in flight at the
    time, both in requests and tokens.
    """

    number: int
    sent_at: float
    spent: tuple[float, float]
    older: tuple[float, float]


_Said: TypeAlias = tuple[int | None, int | None, float | None]
"""The limit, what is remaining of it, and the seconds until it is whole again."""


class _Look(NamedTuple):
    """What one answer said of a limit; that was so at some time from the first to the second."""

    since: float
    until: float
    used: float
    reset: float


class _Limit:
    """What is left of one limit.

    Servers refill in one of two ways, which their headers tell apart: a bucket fills all the time, and its reset,
    the time until it is full, grows with what was used; a window gives all back at once, and its reset shrinks as
    time passes.
    """

    def __init__(self) -> None:
        self.spent = 0.0  # by all requests so far
        self._newest = 0  # the number of the last request whose answer told what is left
        self._size: float | None = None
        self._left = 0.0
        self._at = 0.0  # when so much was left
        self._last: _Look | None = None
        self._votes = 0  # for a window, or against it
        self._used, self._reset = 0.0, 0.0  # sums whose ratio is the refill
        self._is_coarse = True
        self._began = -math.inf  # the window, if we saw it begin
        self._end = (-math.inf, -math.inf)  # of the window, no earlier and no later
        self._is_guess = True
        self._longest = 0.0

    @property
    def is_known(self) -> bool:
        """Whether there is such a limit."""
        return self._size is not None

    def spend(self, cost: float) -> None:
        """Count a request that is sent."""
        self.spent += cost
        self._left -= cost

    def refund(self, cost: float) -> None:
        """Take that a request was refused, so that it cost nothing."""
        self._left += cost

    def wait(self, now: float, cost: float) -> float:
        """Return the seconds until so much is left."""
        size = self._size
        if size is None:
            return 0.0
        self._advance(now, size)
        missing = min(cost + int(size * _RESERVED), size) - self._left
        if missing <= 0:
            return 0.0
        return self._end[1] - now if self._is_window else missing / self._refill(size)

    def observe(self, ticket: Ticket, place: int, now: float, said: _Said) -> None:
        """Take what an answer said; `place` is that of this limit in the sums of tickets."""
        limit, remaining, reset = said
        if remaining is None or limit == 0:
            return
        size = float(max(self._size or 0, remaining) if limit is None else limit)
        if self._size is not None:
            self._advance(now, size)
        if reset is not None:
            self._note(_Look(ticket.sent_at, now, max(size - remaining, 0.0), reset))
        # An answer to an older request says nothing new, and one from before the window began nothing true.
        if ticket.number > self._newest and ticket.sent_at >= self._began:
            # What we count ourselves is right unless others spend as well, or refills are not as thought. Headers bound
            # it: whether those of an answer were written before or after the work is not known, nor whether requests
            # that were sent before it came later.
            left, later = float(min(remaining, size)), self.spent - ticket.spent[place]
            refill = 0.0 if self._is_window else (now - ticket.sent_at) * self._refill(size)
            counted = left - later if self._size is None else self._left
            self._left = min(
                max(counted, left - later - ticket.older[place]), left + max(refill - later, 0.0)
            )
            self._at = now
            self._newest = ticket.number
        self._size = size

    @property
    def _is_window(self) -> bool:
        return self._votes > 0

    def _refill(self, size: float) -> float:
        """Return what a bucket gets back in a second."""
        rate = self._used / self._reset if self._reset else 0.0
        # A limit of one tells nothing else than how long it takes until it is whole.
        whole = (self._longest if size <= 1 else 0.0) or _DEFAULT_SECONDS
        return _CAUTION * (rate or size / whole)

    def _advance(self, now: float, size: float) -> None:
        if not self._is_window:
            self._left = min(size, self._left + (now - self._at) * self._refill(size))
        elif now >= self._end[1]:
            self._left = size
            self._began = now
            self._end = (now, now + max(self._longest, _FINE))
            self._is_guess = True
        self._at = now

    def _note(self, look: _Look) -> None:
        self._is_coarse = self._is_coarse and look.reset == int(look.reset)
        self._longest = max(self._longest, look.reset)
        if look.used > 1 and look.reset:
            # What is remaining is rounded down: a bucket has up to one more, and must not be thought faster than it is.
            self._used = self._used * _KEPT + look.used - 1
            self._reset = self._reset * _KEPT + look.reset
        if look.since >= self._began:
            early, late = look.since + look.reset, look.until + look.reset
            if self._is_guess or early > self._end[1]:  # another window
                self._end = (early, late)
                self._is_guess = False
            elif late >= self._end[0]:
                self._end = (max(early, self._end[0]), min(late, self._end[1]))
        last = self._last
        if last is None or look.since >= last.until:  # else it is not known which was first
            self._last = look
            vote = 0 if last is None else _vote(last, look, _COARSE if self._is_coarse else _FINE)
            self._votes = max(-_MOST_VOTES, min(self._votes + vote, _MOST_VOTES))


def _vote(last: _Look, look: _Look, exact: float) -> int:
    """Say whether two looks speak for a window (1), for a bucket (-1), or for neither (0)."""
    if not last.used or look.until - last.since >= last.reset:
        return 0
    grown, used = look.reset - last.reset, look.used - last.used
    slack = (
        max(exact, last.reset / last.used) * 1.01
    )  # what is remaining is rounded, so one more or less was used
    if abs(grown) <= slack:
        return -1 if look.since - last.until > 2 * slack else 0
    return -1 if grown * used > 0 else 1


class Rate:
    """How soon the next request of a model may go.

    It is told of each request as it is sent and as it is answered, and of refusals (429). Times are seconds of
    any clock that does not go back.
    """

    def __init__(self) -> None:
        self._requests = _Limit()
        self._tokens = _Limit()
        self._in_flight = 0
        self._sent = 0
        self._started = 0.0
        self._closed_until = -math.inf
        self._closings = 0  # since the last good answer
        self._is_heard = False
        self._most: float = math.inf  # in flight, after a refusal that came without limits
        self._mean = 0.0  # tokens of a request
        self._spread = 0.0  # how far those are from it
        self._measured = 0

    def wait(self, now: float) -> float:
        """Return the seconds until the next request may go, or until it is to be asked again; 0 lets it go now."""
        if now < self._closed_until:
            return self._closed_until - now
        if self._in_flight >= self._allowed(now):
            return _LOOK
        tokens = self._mean + 2 * self._spread
        return max(self._requests.wait(now, 1.0), self._tokens.wait(now, tokens))

    def send(self, now: float) -> Ticket:
        """Count a request that goes out now."""
        if not self._sent:
            self._started = now
        self._sent += 1
        self._requests.spend(1.0)
        self._tokens.spend(self._mean)
        older = (self._in_flight, self._in_flight * self._mean)
        self._in_flight += 1
        return Ticket(self._sent, now, (self._requests.spent, self._tokens.spent), older)

    def answer(self, ticket: Ticket, now: float, limits: RateLimits, *, is_refusal: bool = False) -> None:
        """Take the headers of an answer, which may be a refusal (429)."""
        self._in_flight -= 1
        self._is_heard = True
        self._most += 1
        if is_refusal:
            self._requests.refund(1.0)
            self._tokens.refund(self._mean)
        else:
            self._closings = 0
        requests = (limits.limit_requests, limits.remaining_requests, limits.reset_requests)
        tokens = (limits.limit_tokens, limits.remaining_tokens, limits.reset_tokens)
        self._requests.observe(ticket, 0, now, requests)
        self._tokens.observe(ticket, 1, now, tokens)

    def lose(self) -> None:
        """Take that a request gets no answer."""
        self._in_flight -= 1

    def refuse(self, now: float, seconds: float) -> None:
        """Let nothing go for so long, as the server asks after a refusal.

        Some servers round down what they ask for, so it is a little longer after each refusal in a row.
        """
        if now >= self._closed_until:
            self._closings += 1
        least = min(_LEAST_CLOSED * math.exp2(min(self._closings, 60)), _MOST_CLOSED)
        self._closed_until = max(self._closed_until, now + max(seconds, least))
        if not (self._requests.is_known or self._tokens.is_known):
            self._most = 1

    def use(self, tokens: int) -> None:
        """Take how many tokens a request used."""
        self._measured = min(self._measured + 1, _MEAN_OF)
        off = tokens - self._mean
        self._mean += off / self._measured
        if self._measured > 1:
            self._spread += (abs(off) - self._spread) / self._measured

    def _allowed(self, now: float) -> float:
        """Return how many may be in flight.

        At the start these are few, and twice as many each second without an answer, since refusals come at once.
        """
        if self._is_heard or not self._sent:
            return self._most
        return _FIRST * math.exp2(min(now - self._started, 60))
