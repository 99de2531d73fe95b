"""The script of a server: a queue of answers and failures, and the pace and expectations of the next one.

A request takes its answer in two steps, because some answers are for any request and others only for one that
creates a response:

1. `begin` is called for every request before it is checked. If the head of the queue is `Canned`, that is the
   answer. If it is `Unscripted`, the request is answered as if nothing were scripted. Any other answer stays.
2. `next_output` is called for a request that creates a response, once it has been checked. So refused requests
   use up no reply.

A response takes one reply, and before it all calls of hosted tools that stand before it in the queue. It ends
early with a call that the client must answer; the rest of the queue waits for the next request. `together` lets
it take more than that.

A pace and expectations are set before the answer that they are for, and wait for it. If a request comes
first, they apply to that request.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ._declared_tools import declared_tools
from ._expectations import Expectation, UnexpectedRequest
from ._hosted_calls import HostedCall, McpCall
from ._http_types import Answer, ApiError, Pace, encode_event
from ._ids import Ids
from ._json_types import JSONObject


@dataclass(frozen=True, slots=True)
class OutputItems:
    """A reply with output items, which `build` makes for the request and its ids."""

    build: Callable[[JSONObject, Ids], list[JSONObject]]


@dataclass(frozen=True, slots=True)
class ResponseFields:
    """A reply with fields that replace those of the unscripted response."""

    fields: JSONObject


@dataclass(frozen=True, slots=True)
class RawEvents:
    """A reply with the events of a stream, sent as they are: objects, or any bytes."""

    parts: tuple[Mapping[str, Any] | bytes, ...]

    def chunks(self) -> list[bytes]:
        """Return the body of the stream, a chunk for each event."""
        return [part if isinstance(part, bytes) else encode_event(part) for part in self.parts]


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer to any request, before it is checked, as from a gateway; None drops the connection."""

    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Unscripted:
    """An entry for any request, which is answered as if nothing were scripted."""


Entry: TypeAlias = HostedCall | OutputItems | ResponseFields | RawEvents | Canned | Unscripted
Check: TypeAlias = Callable[[Expectation], None]


@dataclass(frozen=True, slots=True)
class ScriptedOutput:
    """The scripted part of a response: its items, and fields that replace those of the unscripted response.

    `goes_on` is whether unscripted output follows the items.
    """

    parts: tuple[HostedCall | OutputItems, ...] = ()
    fields: JSONObject = field(default_factory=JSONObject)
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """An answer with its pace and the expectations of the request that it is for.

    `joined` is whether the next one belongs to the same response in any case.
    """

    entry: Entry
    pace: Pace
    expected: tuple[Expectation, ...]
    joined: bool = False


class Script:
    """The queue of scripted answers.

    A `check` compares the request in hand with an expectation, and raises `UnexpectedRequest` if it differs.
    `planned_calls` are those that wait for an approval, by the id of the request for it.
    """

    def __init__(self) -> None:
        self._queue: deque[ScriptedAnswer] = deque()
        self._pending = Pace()
        self._expected: tuple[Expectation, ...] = ()
        self._unexpected: list[UnexpectedRequest] = []
        self._unscripted_pace: Pace | None = None
        self._together = 0
        self.planned_calls: dict[str, McpCall] = {}

    def add(self, entry: Entry) -> None:
        """Queue an answer with the pace and the expectations that were set before it."""
        self._together = max(self._together - 1, 0)
        self._queue.append(ScriptedAnswer(entry, self._pending, self._expected, joined=self._together > 0))
        self._pending = Pace()
        self._expected = ()

    def join(self, count: int) -> None:
        """Let the next answers come in one response, as many as `count`."""
        self._together = count

    def change(self, pace: Pace) -> None:
        """Add the settings of `pace` to the pace of the next answer."""
        self._pending = self._pending.overlaid(pace)

    def expect(self, expected: Expectation) -> None:
        """Add an expectation of the request that the next answer is for."""
        self._expected = (*self._expected, expected)

    def begin(self, check: Check) -> tuple[Canned, Pace] | None:
        """Begin any request; return the canned answer to it and its pace, if one is next."""
        self._unscripted_pace = None
        if not self._queue or not isinstance(self._queue[0].entry, (Canned, Unscripted)):
            return None
        scripted = self._queue.popleft()
        self._compare(scripted.expected, check)
        if isinstance(scripted.entry, Canned):
            return scripted.entry, scripted.pace
        self._unscripted_pace = scripted.pace
        return None

    def next_output(
        self, check: Check, body: JSONObject, history: Sequence[JSONObject]
    ) -> tuple[ScriptedOutput | RawEvents, Pace]:
        """Return the scripted output for a checked request that creates a response, and its pace."""
        if self._unscripted_pace is not None:
            return ScriptedOutput(goes_on=True), self.pace()
        if not self._queue:
            expected, self._expected = self._expected, ()
            self._compare(expected, check)
            return ScriptedOutput(goes_on=True), self.pace()
        tools = declared_tools(body, history)
        parts: list[HostedCall | OutputItems] = []
        fields: JSONObject = {}
        pace = Pace()
        goes_on = True
        while self._queue and not isinstance(entry := self._queue[0].entry, (Canned, Unscripted)):
            if parts and isinstance(entry, RawEvents):
                break
            scripted = self._queue.popleft()
            pace = pace.overlaid(scripted.pace)
            self._compare(scripted.expected, check)
            if isinstance(entry, RawEvents):
                return entry, pace.overlaid(self.pace())
            if isinstance(entry, ResponseFields):
                fields = entry.fields
                break
            parts.append(entry)
            goes_on = goes_on and self._goes_on_after(entry, check, tools)
            if not goes_on and not scripted.joined:
                break
        return ScriptedOutput(tuple(parts), fields, goes_on), pace.overlaid(self.pace())

    def _goes_on_after(
        self, entry: HostedCall | OutputItems, check: Check, tools: Sequence[JSONObject]
    ) -> bool:
        """Whether a response continues after an entry: one with calls that the API executes itself."""
        if isinstance(entry, OutputItems):
            return False
        self._compare((entry.needed.expectation(),), check)
        return not entry.waits(entry.tool_among(tools))

    def pace(self) -> Pace:
        """Take the pace of the answer to this request, except that of a scripted reply."""
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
        """Raise `AssertionError` for unexpected requests and, if `ended`, for expected ones never sent."""
        problems = [str(error) for error in self._unexpected]
        self._unexpected.clear()
        if ended:
            waiting = [*(scripted.expected for scripted in self._queue), self._expected]
            problems += [
                f"An expected request was never sent: {' and '.join(map(str, expected))}"
                for expected in waiting
                if expected
            ]
        if problems:
            raise AssertionError("\n".join(problems))


# Type and code of the API's errors by status; from 500 on the type is "server_error".
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
    """Return an error of the API; arguments that are None are as usual for the status."""
    waits = {} if retry_after is None else {"retry-after": f"{retry_after}"}
    error = refusal(status, message=message, code=code, type=type, param=param)
    return Canned(error.answer().under({**waits, **(headers or {})}))


def refusal(
    status: int, *, message: str | None, code: str | None, type: str | None, param: str | None
) -> ApiError:
    """Return an error of the API; arguments that are None are as usual for the status."""
    usual_type, usual_code = _KINDS.get(
        status, ("server_error" if status >= 500 else "invalid_request_error", None)
    )
    if code == "insufficient_quota":
        # The API repeats this one code as the type.
        usual_type = code
    return ApiError(
        status,
        message or f"The request failed with status {status}, as scripted.",
        type=type or usual_type,
        param=param,
        code=code or usual_code,
    )


def raw_events(events: bytes | Sequence[Mapping[str, Any] | bytes]) -> RawEvents:
    """Return scripted events; bytes alone are one event."""
    return RawEvents((events,) if isinstance(events, bytes) else tuple(events))
