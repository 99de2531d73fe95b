"""What a test has scripted: a queue of answers and failures, and changes to how the next one is played."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from ._answers import Ids
from ._wire import Answer, ApiError, JSONObject, Pace, encode_event


@dataclass(frozen=True, slots=True)
class Items:
    """Output items, made for the request that they answer."""

    build: Callable[[JSONObject, Ids], list[JSONObject]]


@dataclass(frozen=True, slots=True)
class Whole:
    """Fields of a response, in place of those that it would have."""

    fields: JSONObject


@dataclass(frozen=True, slots=True)
class Events:
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
class Itself:
    """Stands for a request that is answered as if nothing were scripted."""


Reply: TypeAlias = Items | Whole | Events
Entry: TypeAlias = Reply | Canned | Itself


class Script:
    """Answers in the order in which they were scripted.

    Changes of pace wait for the next answer that is scripted, and apply to the next request's answer
    when that comes first.
    """

    def __init__(self) -> None:
        self._queue: deque[tuple[Entry, Pace]] = deque()
        self._pending = Pace()
        self._itself: Pace | None = None

    def add(self, scripted: Entry) -> None:
        """Queue an answer, at the pace that was set before it."""
        self._queue.append((scripted, self._pending))
        self._pending = Pace()

    def change(self, pace: Pace) -> None:
        """Change the pace of what comes next in what `pace` sets."""
        self._pending = self._pending.overlaid(pace)

    def begin(self) -> tuple[Canned, Pace] | None:
        """Start a request, whatever it is: the canned answer to it, when it is the turn of one."""
        self._itself = None
        if not self._queue or not isinstance(self._queue[0][0], (Canned, Itself)):
            return None
        scripted, pace = self._queue.popleft()
        if isinstance(scripted, Canned):
            return scripted, pace
        self._itself = pace
        return None

    def next_reply(self) -> tuple[Reply | None, Pace]:
        """The answer for a request that is in order and wants a response, if one was scripted; its pace."""
        if self._itself is not None or not self._queue:
            return None, self.pace()
        scripted, pace = self._queue.popleft()
        assert not isinstance(scripted, (Canned, Itself)), "these are taken when a request begins"
        return scripted, pace.overlaid(self.pace())

    def pace(self) -> Pace:
        """The pace of the answer to this request, beside what was scripted for a reply."""
        if self._itself is not None:
            own, self._itself = self._itself, Pace()
            return own
        pending, self._pending = self._pending, Pace()
        return pending


_Number = TypeVar("_Number", int, float)


def checked(name: str, value: _Number, *, least: int, most: int | None = None) -> _Number:
    """A number of a script, when it is within its bounds; `ValueError` when not."""
    # Written so that NaN is refused too.
    if not (value >= least and (most is None or value <= most)):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} is {value!r}, but has to be {bounds}.")
    return value


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


def raw_events(events: bytes | Sequence[Mapping[str, Any] | bytes]) -> Events:
    """Events as they are scripted; bytes alone are one."""
    return Events((events,) if isinstance(events, bytes) else tuple(events))
