"""The schedule for polls of an object that the server works on, and its end; no I/O.

This module has the schedule of background responses, `batch_polling.py` that of batches, and `store_polling.py` those of
files in vector stores. `waiting.py` has the loop.
"""

# How it works
#
# - The first poll is due at once, unless the caller passed a response, which counts as the first one.
# - The delay is `poll_interval`, then grows by half up to 10 s; a longer interval stays as it is. It is up to a quarter
#   shorter by chance, so that many programs do not poll in step. A server may ask for more (`retry-after`, or OpenAI's
#   `openai-poll-after-ms`), up to five minutes.
# - With a `timeout`, the last poll is about a second before its end: polling at the very end would not return in time.
#   Each poll has the remaining time as its deadline. A `deadline` that the caller passes is such a limit, too: it is
#   for the whole call. The client's deadline applies to each poll; otherwise it would limit every wait.
# - A poll is a call with all its retries; an error is one that was left after them. Ten in a row end the wait.
# - A status that this version does not know may be one of a running response or of a finished one. It is logged, and
#   counts as an end only beside something that a running response does not have (`_END_SIGNS`). Without a `timeout`, ten
#   minutes in such a status end in a `WaitTimeout`. The same holds for a response without a status.

from __future__ import annotations

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from .._base.error_frames import hide_values
from .._base.field_errors import FieldError, field_error
from .._base.messages import MAX_VALUE_CHARS, one_line
from .._base.option_types import OPTIONS
from .._base.overrides import override
from .._base.retry import ConnectionFailure, Outcome, StatusFailure, may_pass
from .._base.validation import is_seconds, refuse_unknown
from .._base.waits import parse_retry_after
from ..errors import APIConnectionError, APIError, APIStatusError, RequestValidationError, WaitTimeout
from ..models._base import RUNNING_STATUSES, Model
from ..models.response import Response
from .endpoints import RESPONSES_RETRIEVE

if TYPE_CHECKING:
    from .operation import Operation

__all__ = ["PollSchedule", "Schedule", "has_ended", "outcome_of"]

_P = TypeVar("_P", bound=Model)
logger = logging.getLogger("responses_client")

_GROWTH = 1.5
_MAX_GROWTHS = 64  # a float overflows at some power of `_GROWTH`
_MIN_GROWN_SECONDS = 0.1  # an interval of 0 grows from here: no server should be polled without a pause
_MAX_INTERVAL_SECONDS = 10.0
_MAX_REQUESTED_SECONDS = 300.0
_LAST_POLL_SECONDS = 1.0  # before the end of the time
_MAX_FAILED_POLLS = 10  # in a row
_MAX_UNCLEAR_SECONDS = 600.0
_FINAL_STATUSES = frozenset({"completed", "failed", "incomplete", "cancelled"})
_END_SIGNS = ("usage", "error", "incomplete_details", "completed_at")


class Schedule(ABC, Generic[_P]):
    """The schedule for polls of an object, and their end; without I/O or a clock.

    Args:
        given: The id of the object, or the object, as it was last known.
        poll_interval: The first delay, in seconds.
        timeout: The limit for the whole wait, in seconds; None for no limit.

    Attributes:
        id: The id of the object.
        path: The ids in the path of the endpoint.
        state: The last known state of the object; None before the first.

    Raises:
        RequestValidationError: An argument is not valid.
    """

    noun: str
    """The kind of object, for messages; with `_id` behind it, the name of the argument."""
    state_type: type[_P]
    """The class of its states."""
    operation: Operation[_P]
    """The endpoint that is polled."""
    advice: str = "wait again or cancel it"
    """Advice for a wait that timed out."""
    method: str
    """The method that waits for it, for messages."""
    arguments: tuple[str, ...]
    """The arguments of that method that only it has."""
    statuses: frozenset[str]
    """The statuses that this version knows."""
    max_interval: float = _MAX_INTERVAL_SECONDS
    """The longest delay that grows from a shorter one, in seconds."""

    def __init__(self, given: object, *, poll_interval: float, timeout: float | None) -> None:
        self.state: _P | None = given if isinstance(given, self.state_type) else None
        given_id = given if self.state is None else getattr(self.state, "id", None)
        self.id: str = given_id if isinstance(given_id, str) else ""
        self.path: tuple[str, ...] = (self.id,)
        self._interval = poll_interval
        self._timeout = timeout
        self._polls = 0 if self.state is None else 1
        self._is_last = False
        self._requested_delay: float | None = None
        self._error: APIError | None = None  # of the last poll, if it failed
        self._failed_polls = 0
        # Since when the status tells nothing; of the time of the wait.
        self._unclear_since: float | None = None
        mistakes: list[FieldError] = []
        if not is_seconds(poll_interval, least=0):
            mistakes.append(field_error("poll_interval", "a number of seconds, 0 or more", poll_interval))
        if timeout is not None and not is_seconds(timeout):
            mistakes.append(field_error("timeout", "a positive number of seconds, or None", timeout))
        if not self.id.strip() and self.result is None:
            expected = f"the id of a {self.noun}, or a {self.noun} that has one"
            mistakes.append(field_error(f"{self.noun}_id", expected, given_id))
        if mistakes:
            raise RequestValidationError(mistakes)
        self._log_unknown_status(None)

    @classmethod
    def params(
        cls, options: Mapping[str, object], include: Sequence[str] | None = None
    ) -> Mapping[str, object]:
        """Return the arguments of each poll.

        Args:
            options: The options of the method that waits, as they were passed.
            include: The fields to include in each state, if the method takes them.

        Raises:
            TypeError: An option is unknown.
        """
        hide_values(options)
        own = (*cls.arguments, "poll_interval", "on_progress", "progress")
        refuse_unknown(cls.method, options, OPTIONS, [*own, *OPTIONS])
        return {**options, **({} if include is None else {"include": include})}

    @abstractmethod
    def status_of(self, state: _P) -> str | None:
        """Return the status."""

    @abstractmethod
    def is_finished(self, state: _P) -> bool | None:
        """Whether the object is finished; None if its status does not tell, and nothing else in it does."""

    @abstractmethod
    def news_of(self, state: _P) -> object:
        """Return the part of a state that is reported when it differs from that of the last state."""

    @abstractmethod
    def timed_out(self, message: str) -> WaitTimeout:
        """Return the error for an object that was not finished in time."""

    @property
    def result(self) -> _P | None:
        """The finished object; None until then."""
        return self.state if self.state is not None and self.is_finished(self.state) else None

    @property
    def _is_unclear(self) -> bool:
        return self.state is not None and self.is_finished(self.state) is None

    def _log_unknown_status(self, last: _P | None) -> None:
        """Log a status that is new and that this version does not know."""
        status = None if self.state is None else self.status_of(self.state)
        if status is None or status in self.statuses:
            return
        if last is None or self.status_of(last) != status or self.result is not None:
            action = (
                "the wait continues" if self._is_unclear else "it is taken as finished, by its other fields"
            )
            shown = [one_line(text, MAX_VALUE_CHARS) for text in (self.id, status)]
            logger.warning("The %s %s has the unknown status %r: %s", self.noun, *shown, action)

    def limit(self, seconds: float | None) -> None:
        """Limit the whole wait to some seconds, unless it is shorter already; None changes nothing."""
        if seconds is not None:
            self._timeout = seconds if self._timeout is None else min(self._timeout, seconds)

    def remaining(self, elapsed: float) -> float | None:
        """Return the seconds that remain; None if there is no limit."""
        return None if self._timeout is None else self._timeout - elapsed

    def next_delay(self, elapsed: float, random: float) -> float:
        """Return the seconds until the next poll.

        Args:
            elapsed: The seconds since the start of the wait.
            random: A number in [0, 1).

        Raises:
            WaitTimeout: No time is left for another poll.
        """
        remaining = self.remaining(elapsed)
        if self._is_last or (remaining is not None and remaining <= 0):
            raise self._timed_out(f"was not finished within {self._timeout:g} s")
        self._check_unclear(elapsed)
        if not self._polls:
            return 0.0
        first = self._interval if self._polls == 1 else max(self._interval, _MIN_GROWN_SECONDS)
        grown = first * _GROWTH ** min(self._polls - 1, _MAX_GROWTHS)
        delay = min(grown, max(self._interval, self.max_interval)) * (1 - random / 4)
        delay = max(delay, min(self._requested_delay or 0.0, _MAX_REQUESTED_SECONDS))
        latest = math.inf if remaining is None else remaining - min(_LAST_POLL_SECONDS, remaining / 2)
        self._is_last = delay > latest
        return min(delay, latest)

    def _check_unclear(self, elapsed: float) -> None:
        if not self._is_unclear:
            self._unclear_since = None
        elif self._unclear_since is None:
            self._unclear_since = elapsed
        elif self._timeout is None and elapsed - self._unclear_since >= _MAX_UNCLEAR_SECONDS:
            raise self._timed_out(f"did not say for {_MAX_UNCLEAR_SECONDS:g} s whether it is finished")

    def record(self, state: _P, now: float | None = None) -> bool:
        """Take the object of a poll; return whether there is something new in it.

        `now` is the time in seconds since 1970, for a server that asks to wait until a point in time.
        """
        last, self.state = self.state, state
        meta = getattr(state, "meta", None)
        self._count_poll(None, None if meta is None else _requested_delay(meta.headers, now))
        self._log_unknown_status(last)
        return last is None or self.news_of(last) != self.news_of(state)

    def record_failure(self, error: APIError) -> bool:
        """Take the error of a poll; return whether to poll again."""
        self._count_poll(error, error.retry_after if isinstance(error, APIStatusError) else None)
        self._failed_polls += 1
        return _is_transient(error) and self._failed_polls < _MAX_FAILED_POLLS

    def _count_poll(self, error: APIError | None, requested_delay: float | None) -> None:
        self._polls += 1
        self._error = error
        self._requested_delay = requested_delay
        if error is None:
            self._failed_polls = 0

    def _timed_out(self, problem: str) -> WaitTimeout:
        status = None if self.state is None else self.status_of(self.state)
        shown = repr(status and one_line(status, MAX_VALUE_CHARS))
        state = "its state is not known" if self.state is None else f"its status is {shown}"
        if self._is_unclear:
            state += ", which this version does not know"
        shown_id = one_line(self.id, MAX_VALUE_CHARS)
        error = self.timed_out(f"The {self.noun} {shown_id} {problem}: {state}; {self.advice}")
        error.__cause__ = self._error
        return error


class PollSchedule(Schedule[Response]):
    """The schedule for polls of a background response; `given` is its id, or its last known state."""

    noun = "response"
    state_type = Response
    operation = RESPONSES_RETRIEVE
    method = "responses.wait"
    arguments = ("response_id", "include")
    statuses = _FINAL_STATUSES | RUNNING_STATUSES

    @override
    def status_of(self, state: Response) -> str | None:
        return state.status

    @override
    def is_finished(self, state: Response) -> bool | None:
        return _is_finished(state)

    @override
    def news_of(self, state: Response) -> object:
        return state.status, state.output

    @override
    def timed_out(self, message: str) -> WaitTimeout:
        return WaitTimeout(message, response=self.state)


def _requested_delay(headers: Mapping[str, str], now: float | None) -> float | None:
    """Return the seconds that the headers of a good answer ask to wait, as HTTP or as OpenAI writes it."""
    wait = parse_retry_after(headers, now) or parse_retry_after(
        {"retry-after-ms": headers.get("openai-poll-after-ms", "")}
    )
    return None if wait is None else wait.seconds


def outcome_of(error: APIError) -> Outcome | None:
    """Return the outcome of the last attempt of a call, from its error; None for an answer that is not valid."""
    if isinstance(error, APIStatusError):
        return StatusFailure(error.status_code, error.headers, error.code, error.type, error.message)
    return ConnectionFailure("network") if isinstance(error, APIConnectionError) else None


def _is_transient(error: APIError) -> bool:
    """Whether an error that was left after all retries may be over at the next poll."""
    outcome = outcome_of(error)
    return outcome is not None and may_pass(outcome)


def _is_finished(response: Response) -> bool | None:
    """Whether a response is finished; None if its status does not tell, and nothing else in it does."""
    status = response.status
    if status is None:
        return bool(response.output) or None
    if status in _FINAL_STATUSES or status in RUNNING_STATUSES:
        return status in _FINAL_STATUSES
    return any(getattr(response, name) is not None for name in _END_SIGNS) or None


def has_ended(response: Response, *, is_background: bool = False) -> bool:
    """Whether a response that is not waited for is finished.

    A status that this version does not know counts as an end, since no later state will be read; but not of a response
    in the background, which can be polled. A response without a status, as from servers that never run one in
    the background, is finished if it has output.
    """
    if is_background:
        return bool(_is_finished(response))
    return bool(response.output) if response.status is None else response.status not in RUNNING_STATUSES
