"""Waiting for a response that runs in the background: what to do when is pure, what waits is `async def` over `IO`."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Coroutine, Mapping
from inspect import isawaitable
from typing import TYPE_CHECKING, cast

from .._base import clock
from .._base.field_errors import FieldError, field_error
from .._base.retry import Policy, Retry, StatusFailure, decide, parse_retry_after
from .._base.validation import is_seconds, needs_async
from ..errors import APIConnectionError, APIError, APIStatusError, RequestValidationError, WaitTimeout
from ..models._base import RUNNING_STATUSES
from ..models.response import Response
from .attempts import fetch
from .endpoints import RESPONSES_RETRIEVE
from .request import Call, prepare

if TYPE_CHECKING:
    from .._transport.protocols import IO
    from .settings import Settings

__all__ = ["Waiting", "has_ended", "plain", "wait"]

_GROWTH = 1.5
_LEAST_GROWN = 0.1  # what an interval of 0 grows from: nobody wants to ask without a pause for ever
_LONGEST_INTERVAL = 10.0
_LONGEST_ASKED = 300.0  # what a server may ask to wait
_LAST_SECONDS = 1.0  # left for a last look
_MOST_FAILED_LOOKS = 10  # in a row


class Waiting:
    """Decides when a response is looked at, and when that ends; without I/O or a clock.

    Attributes:
        response: The last state seen; None before the first.

    Raises:
        RequestValidationError: An argument makes no sense.
    """

    def __init__(self, given: object, *, poll_interval: float, timeout: float | None) -> None:
        self.response = given if isinstance(given, Response) else None
        self._id: object = given if self.response is None else self.response.id
        self._interval = poll_interval
        self._timeout = timeout
        self._looks = 0 if self.response is None else 1
        self._is_last = False
        self._asked: float | None = None
        self._error: APIError | None = None  # of the last look, if it failed
        self._failed_looks = 0
        mistakes: list[FieldError] = []
        if not is_seconds(poll_interval, least=0):
            mistakes.append(field_error("poll_interval", "a number of seconds, 0 or more", poll_interval))
        if timeout is not None and not is_seconds(timeout):
            mistakes.append(field_error("timeout", "a positive number of seconds, or None", timeout))
        if not (isinstance(self._id, str) and self._id.strip()) and not self.is_over():
            expected = "the id of a response, or a response that has one"
            mistakes.append(field_error("response_id", expected, self._id))
        if mistakes:
            raise RequestValidationError(mistakes)

    @property
    def response_id(self) -> str:
        """The id of what is waited for."""
        return cast("str", self._id)

    def is_over(self) -> bool:
        """Tell whether the response is finished."""
        return self.response is not None and has_ended(self.response)

    def left(self, passed: float) -> float | None:
        """Return the seconds that are left when some have passed; None if there is no bound."""
        return None if self._timeout is None else self._timeout - passed

    def pause(self, passed: float, random: float) -> float:
        """Return the seconds until the next look; `passed` of all have, `random` is a number in [0, 1).

        The first look at a response that is known by its id alone is due at once. Waits grow by half up to
        10 s, less up to a quarter by chance; a server may ask for a longer one. Shortly before the time is up
        there is a last look.

        Raises:
            WaitTimeout: No time is left for another look.
        """
        left = self.left(passed)
        if self._is_last or (left is not None and left <= 0):
            raise self._timed_out()
        if not self._looks:
            return 0.0
        # The exponent is bounded so that a float cannot overflow.
        least = self._interval if self._looks == 1 else max(self._interval, _LEAST_GROWN)
        grown = least * _GROWTH ** min(self._looks - 1, 64)
        pause = min(grown, max(self._interval, _LONGEST_INTERVAL)) * (1 - random / 4)
        pause = max(pause, min(self._asked or 0.0, _LONGEST_ASKED))
        latest = math.inf if left is None else left - min(_LAST_SECONDS, left / 2)
        self._is_last = pause > latest
        return min(pause, latest)

    def saw(self, response: Response) -> bool:
        """Take what a look gave; tell whether its status or its output is new."""
        last, self.response = self.response, response
        self._noted(None, None if response.meta is None else _asked(response.meta.headers))
        return last is None or (last.status, last.output) != (response.status, response.output)

    def failed(self, error: APIError) -> bool:
        """Take the error of a look; tell whether to look again, as it may pass."""
        self._noted(error, error.retry_after if isinstance(error, APIStatusError) else None)
        self._failed_looks += 1
        return _may_pass(error) and self._failed_looks < _MOST_FAILED_LOOKS

    def _noted(self, error: APIError | None, asked: float | None) -> None:
        self._looks += 1
        self._error = error
        self._asked = asked
        if error is None:
            self._failed_looks = 0

    def _timed_out(self) -> WaitTimeout:
        state = (
            "no state of it was seen" if self.response is None else f"its status is {self.response.status!r}"
        )
        text = f"The response {self._id} was not finished within {self._timeout:g} s: {state}; wait again or cancel it"
        error = WaitTimeout(text, response=self.response)
        error.__cause__ = self._error
        return error


def _asked(headers: Mapping[str, str]) -> float | None:
    """Give the seconds that the headers of a good answer ask to wait, in the ways of HTTP or of polling."""
    seconds = parse_retry_after(headers)
    if seconds is None:
        seconds = parse_retry_after({"retry-after-ms": headers.get("openai-poll-after-ms", "")})
    return seconds


def _may_pass(error: APIError) -> bool:
    """Tell whether an error that was left after all retries may be over soon."""
    if not isinstance(error, APIStatusError):
        return isinstance(error, APIConnectionError)
    outcome = StatusFailure(error.status_code, error.headers, error.code, error.type)
    policy = Policy(max_retries=1, max_retry_after=math.inf)
    return isinstance(decide(0, outcome, policy=policy, now=clock.time(), random=0), Retry)


async def wait(
    io: IO,
    settings: Settings,
    waiting: Waiting,
    on_progress: Callable[[Response], object] | None,
    params: Mapping[str, object],
) -> Response:
    """Look at a response until it is finished, and return it.

    Raises:
        WaitTimeout: It was not finished in time.
        APIError: It cannot be looked at.
    """
    if waiting.is_over():
        return cast("Response", waiting.response)
    call = prepare(RESPONSES_RETRIEVE, params, settings, (waiting.response_id,))
    start = clock.monotonic()
    while not waiting.is_over():
        await io.sleep(waiting.pause(clock.monotonic() - start, random.random()))
        try:
            response = await fetch(io, _within(call, waiting.left(clock.monotonic() - start)))
        except APIError as error:
            if not waiting.failed(error):
                raise
            continue
        if waiting.saw(response) and on_progress is not None:
            told = on_progress(response)
            if isawaitable(told):
                await told
    return cast("Response", waiting.response)


def _within(call: Call[Response], left: float | None) -> Call[Response]:
    """Bound a look by what is left of the time."""
    if left is None:
        return call
    deadline = call.settings.deadline
    bound = max(left if deadline is None else min(left, deadline), 0.001)
    return call._replace(settings=call.settings.replace(deadline=bound))


def plain(function: Callable[[Response], object] | None) -> Callable[[Response], object] | None:
    """Refuse a function that is async, for the client that is not.

    Raises:
        ConfigurationError: It gave something to wait for.
    """
    if function is None:
        return None

    def call(response: Response) -> None:
        told = function(response)
        if isawaitable(told):
            if isinstance(told, Coroutine):
                told.close()
            raise needs_async("on_progress")

    return call


def has_ended(response: Response) -> bool:
    """Tell whether a response is finished: a status that is not known here counts as an end.

    One without a status is finished if it has output.
    """
    return bool(response.output) if response.status is None else response.status not in RUNNING_STATUSES
