"""What a test has scripted: a queue of answers and failures, and changes to how the next one is played."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ._expectations import Expectation, UnexpectedRequest
from ._http_types import Answer, ApiError, Pace, encode_event
from ._ids import Ids
from ._json_types import JSONObject


@dataclass(frozen=True, slots=True)
class OutputItems:
    """Output items, made for the request that they answer."""

    build: Callable[[JSONObject, Ids], list[JSONObject]]


@dataclass(frozen=True, slots=True)
class ResponseFields:
    """Fields of a response, in place of those that it would have."""

    fields: JSONObject


@dataclass(frozen=True, slots=True)
class RawEvents:
    """The events of a stream, sent as they are: objects, or bytes of any kind."""

    parts: tuple[Mapping[str, Any] | bytes, ...]

    def chunks(self) -> list[bytes]:
        """The body of a stream, a chunk an event."""
        return [part if isinstance(part, bytes) else encode_event(part) for part in self.parts]


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer that comes before the request is looked at, as from a gateway; none drops the connection."""

    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Unscripted:
    """Stands for a request that is answered as if nothing were scripted."""


Reply: TypeAlias = OutputItems | ResponseFields | RawEvents
Entry: TypeAlias = Reply | Canned | Unscripted
Check: TypeAlias = Callable[[Expectation], None]


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """An answer, how it is played, and what is expected of the request that it is for."""

    entry: Entry
    pace: Pace
    expected: tuple[Expectation, ...]


class Script:
    """Answers in the order in which they were scripted.

    Changes of pace and expectations wait for the next answer that is scripted, and apply to the next request
    when that comes first. A `check` compares a request with an expectation.
    """

    def __init__(self) -> None:
        self._queue: deque[ScriptedAnswer] = deque()
        self._pending = Pace()
        self._expected: tuple[Expectation, ...] = ()
        self._unexpected: list[UnexpectedRequest] = []
        self._unscripted_pace: Pace | None = None

    def add(self, entry: Entry) -> None:
        """Queue an answer, at the pace and for the request that were set before it."""
        self._queue.append(ScriptedAnswer(entry, self._pending, self._expected))
        self._pending = Pace()
        self._expected = ()

    def change(self, pace: Pace) -> None:
        """Change the pace of what comes next in what `pace` sets."""
        self._pending = self._pending.overlaid(pace)

    def expect(self, expected: Expectation) -> None:
        """Expect something of the next request, beside what is expected of it already."""
        self._expected = (*self._expected, expected)

    def begin(self, check: Check) -> tuple[Canned, Pace] | None:
        """Start a request, whatever it is: the canned answer to it, when it is the turn of one."""
        self._unscripted_pace = None
        if not self._queue or not isinstance(self._queue[0].entry, (Canned, Unscripted)):
            return None
        scripted = self._queue.popleft()
        self._compare(scripted.expected, check)
        if isinstance(scripted.entry, Canned):
            return scripted.entry, scripted.pace
        self._unscripted_pace = scripted.pace
        return None

    def next_reply(self, check: Check) -> tuple[Reply | None, Pace]:
        """The answer for a request that is in order and wants a response, if one was scripted; its pace."""
        if self._unscripted_pace is not None:
            return None, self.pace()
        if not self._queue:
            expected, self._expected = self._expected, ()
            self._compare(expected, check)
            return None, self.pace()
        scripted = self._queue.popleft()
        assert not isinstance(scripted.entry, (Canned, Unscripted)), "these are taken when a request begins"
        self._compare(scripted.expected, check)
        return scripted.entry, scripted.pace.overlaid(self.pace())

    def pace(self) -> Pace:
        """The pace of the answer to this request, beside what was scripted for a reply."""
        if self._unscripted_pace is not None:
            own, self._unscripted_pace = self._unscripted_pace, Pace()
            return own
        pending, self._pending = self._pending, Pace()
        return pending

    def _compare(self, expected: tuple[Expectation, ...], check: Check) -> None:
        for each in expected:
            try:
                check(each)
            except UnexpectedRequest as error:
                self._unexpected.append(error)
                raise

    def verify(self, *, ended: bool) -> None:
        """Raise `AssertionError` for requests that were not as expected, and, at the end, for those that lack."""
        problems = [str(error) for error in self._unexpected]
        self._unexpected.clear()
        if ended:
            waiting = [*(scripted.expected for scripted in self._queue), self._expected]
            problems += [
                f"A request that was expected never came: {' and '.join(map(str, expected))}"
                for expected in waiting
                if expected
            ]
        if problems:
            raise AssertionError("\n".join(problems))


# Type and code of an error, by its HTTP status: what the API sends, and "server_error" from 500 on.
_KINDS: dict[int, tuple[str, str | None]] = {
    401: ("invalid_request_error", "invalid_api_key"),
    429: ("requests", "rate_limit_exceeded"),
}


def failure(
    status: int,
    *,
    message: str | None,
    code: str | None,
    type: str | None,
    param: str | None,
    retry_after: float | str | None,
    headers: Mapping[str, str] | None,
) -> Canned:
    """An error of the API; what is None is as usual for the status."""
    usual_type, usual_code = _KINDS.get(
        status, ("server_error" if status >= 500 else "invalid_request_error", None)
    )
    if code == "insufficient_quota":
        # The one code that the API repeats as the type.
        usual_type = code
    waits = {} if retry_after is None else {"retry-after": f"{retry_after}"}
    error = ApiError(
        status,
        message or f"The request failed with status {status}, as scripted.",
        type=type or usual_type,
        param=param,
        code=code or usual_code,
        headers={**waits, **(headers or {})},
    )
    return Canned(error.answer())


def raw_events(events: bytes | Sequence[Mapping[str, Any] | bytes]) -> RawEvents:
    """RawEvents as they are scripted; bytes alone are one."""
    return RawEvents((events,) if isinstance(events, bytes) else tuple(events))
