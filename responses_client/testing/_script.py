"""What a test has scripted: a queue of answers and failures, and changes to how the next one is played."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

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
    """The chunks of a stream, sent as they are."""

    chunks: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer that comes before the request is looked at, as from a gateway; none drops the connection."""

    answer: Answer | None


Reply: TypeAlias = Items | Whole | Events


class Script:
    """Answers in the order in which they were scripted.

    Changes of pace wait for the next answer that is scripted, and apply to the next request's answer
    when that comes first.
    """

    def __init__(self) -> None:
        self._queue: deque[tuple[Reply | Canned, Pace]] = deque()
        self._pending = Pace()

    def add(self, scripted: Reply | Canned) -> None:
        """Queue an answer, at the pace that was set before it."""
        self._queue.append((scripted, self._pending))
        self._pending = Pace()

    def change(self, pace: Pace) -> None:
        """Change the pace of what comes next in what `pace` sets."""
        self._pending = self._pending.overlaid(pace)

    def next_canned(self) -> tuple[Canned, Pace] | None:
        """The canned answer for the request that has come in, when it is its turn."""
        if not self._queue:
            return None
        scripted, pace = self._queue[0]
        if not isinstance(scripted, Canned):
            return None
        self._queue.popleft()
        return scripted, pace

    def next_reply(self) -> tuple[Reply | None, Pace]:
        """The answer for a request that is in order, if one was scripted, and its pace."""
        pending, self._pending = self._pending, Pace()
        if not self._queue:
            return None, pending
        scripted, pace = self._queue.popleft()
        assert not isinstance(scripted, Canned), "canned answers are taken before"
        return scripted, pace.overlaid(pending)


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
    """Events as chunks: dicts become server-sent events, bytes stay as they are."""
    parts = [events] if isinstance(events, bytes) else events
    return Events(tuple(part if isinstance(part, bytes) else encode_event(part) for part in parts))
