"""Sources that read from a WebSocket: the events of a response, the results of steering, and unrouted events."""

from __future__ import annotations

import re
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError
from typing_extensions import override

from .._base.clock import NO_REAL_DEADLINE, RealDeadline
from .._base.error_copies import copy_error
from .._base.messages import clause, fact_list
from .._events.stream_state import StreamState
from .._streaming.source import Source, second_reader
from ..errors import APIError, APITimeoutError, ResponseValidationError, StreamError
from ..models import ServerEvent, SteerAccepted, SteerFailed, SteerPending
from ..models._base import as_response_error, strict_validation, union_class
from ..models._tolerance import read_json
from .connection import Connection
from .frames import CloseInfo
from .inboxes import Inbox, Message
from .outstanding import Steer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base.http import ResponseMeta
    from .._calls.settings import Settings
    from ..models import StreamEvent

__all__ = ["SocketSource", "SteeringResult", "UnroutedEvents"]

# A line break would end the `data` field of SSE; valid JSON has them only between its tokens.
_LINE_BREAKS_TO_SPACES = bytes.maketrans(b"\r\n", b"  ")
_MAX_EVENT_LINE_BYTES = 1024
_REFUSALS = ("error", "response.steer.failed")


@lru_cache(maxsize=256)
def _event_line(kind: str) -> bytes:
    # With this line the decoder finds the parser of an event without looking into the JSON.
    return b"event: %b\n" % kind.encode() if re.fullmatch(r"[\w.]{1,200}", kind) else b""


def _as_sse(message: Message) -> bytes:
    """Return a message as server-sent event, so that decoding and outcomes are those of HTTP streams."""
    if message.type:
        data = message.data.translate(_LINE_BREAKS_TO_SPACES)
    else:
        # It may be no JSON because of a line break in a string. Every stream gets it then, and none may read it.
        data = b"\ndata: ".join(message.data.splitlines())
    return b"%bdata: %b\n\n" % (_event_line(message.type), data)


class SocketSource(Source):
    """The events of one response that shares a WebSocket with others."""

    def __init__(
        self,
        connection: Connection,
        inbox: Inbox,
        settings: Settings,
        read_timeout: float | None,
        deadline: RealDeadline | None = None,
    ) -> None:
        super().__init__()
        self.meta: ResponseMeta | None = connection.meta
        limit = settings.max_event_bytes + _MAX_EVENT_LINE_BYTES
        self._state = StreamState(self.events, limit, settings.strict, connection.meta)
        self.state: StreamState | None = self._state
        self._connection = connection
        self._inbox = inbox
        self._settings = settings
        self._read_timeout = read_timeout
        # Counts from the request, which may take long to be sent, not from the first read.
        self._deadline = deadline or RealDeadline.after(settings.deadline)

    @override
    async def open(self) -> StreamState:
        return self._state

    @override
    async def fill(self) -> bool:
        if self.failure is not None:
            raise copy_error(self.failure)
        if self.is_reading:
            raise second_reader()
        self.is_reading: bool = True
        try:
            limits: tuple[RealDeadline, RealDeadline] | None = None
            while not self.events:
                # Another task may have closed the stream during the wait.
                if self._state.has_terminal_event or self.closed:
                    await self.close()
                    return self.end()
                if self._state.has_ended:
                    raise self._fail()
                messages, close_info = self._connection.take(self._inbox)
                if messages:
                    self._state.feed(b"".join(map(_as_sse, messages)))
                elif close_info is not None:
                    self._end_with(close_info)
                else:
                    limits = limits or self._silence_limits()
                    await self._wait(*limits)
            return True
        finally:
            self.is_reading = False

    def _silence_limits(self) -> tuple[RealDeadline, RealDeadline]:
        """Return until when the next event has to come: by `idle_timeout`, and by `timeout`."""
        return RealDeadline.after(self._settings.idle_timeout), RealDeadline.after(self._read_timeout)

    async def _wait(self, idle: RealDeadline, silence: RealDeadline) -> None:
        """Wait for news; interrupt the stream if one of its time limits has passed."""
        earliest = idle.earlier(silence).earlier(self._deadline)
        if not earliest.is_expired:
            await self._connection.wait(self._inbox, earliest)
        elif earliest is idle:
            self._state.interrupt(f"no event came for {self._settings.idle_timeout:g} s (idle_timeout)")
        elif earliest is silence:
            self._state.interrupt(f"no event came for {self._read_timeout:g} s (timeout)")
        else:
            self._state.interrupt(f"the deadline of {self._settings.deadline:g} s has passed")

    def _end_with(self, info: CloseInfo) -> None:
        if info.is_invalid:
            advice = "raise max_event_bytes to take it"
            self._state.fail(ResponseValidationError(info.reason, advice=advice, meta=self.meta))
        else:
            self._state.interrupt(info.reason)

    def _fail(self) -> APIError:
        """Return the error of a stream that has ended without its last event, and keep it for the next read."""
        failure = cast("APIError", self._state.failure())
        self.failure: APIError | None = copy_error(failure)  # the frames of the error itself hold this source
        self.closed: bool = True
        self._connection.discard(self._inbox)
        return failure

    @override
    async def close(self) -> None:
        self.closed = True
        if self.events:
            self.unread: Sequence[StreamEvent] = [*self.events]
            self.events.clear()
        self._connection.discard(self._inbox)

    @override
    async def drop(self) -> None:
        # Without a lock or a wake-up, because the garbage collector calls it in the middle of anything; the connection
        # looks for unwanted inboxes when it needs space.
        self.closed = True
        self._inbox.is_wanted = False

    def __del__(self) -> None:
        self._inbox.is_wanted = False

    @property
    @override
    def is_open(self) -> bool:
        is_over = self.closed or self._state.has_ended or self._connection.close_info is not None
        return not is_over


class UnroutedEvents:
    """The events that belong to no stream, in the order of their arrival."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._messages = deque[Message]()

    async def next(self) -> ServerEvent | None:
        """Wait for the next event; return None when the connection was closed in the normal way.

        Raises:
            APIConnectionError: The connection was lost.
            ResponseValidationError: The event is malformed, and the client is strict.
        """
        connection = self._connection
        while not self._messages:
            messages, close_info = connection.take(connection.unrouted)
            self._messages.extend(messages)
            if close_info is not None and close_info.is_orderly:
                return None
            if close_info is not None:
                raise connection.closed_error()
            if not messages:
                await connection.wait(connection.unrouted, NO_REAL_DEADLINE)
        return _event(self._messages.popleft(), connection.settings.strict)


class SteeringResult:
    """The events about input that was sent to steer a response, and its successor."""

    def __init__(self, connection: Connection, steer: Steer, read_timeout: float | None) -> None:
        self._connection = connection
        self._steer = steer
        self._read_timeout = read_timeout
        self._events: list[ServerEvent] = []
        self._refusal: StreamError | None = None

    async def answer(self) -> SteerAccepted | SteerFailed:
        """Wait until the server has accepted or refused the input.

        Raises:
            StreamError: The server answered with an `error`.
            APITimeoutError: No event about it came in time.
            APIConnectionError: The connection was lost.
        """
        deadline = RealDeadline.after(self._read_timeout)
        while True:
            for event in self._events:
                if isinstance(event, (SteerAccepted, SteerFailed)):
                    return event
            await self._wait_for_news(self._steer.successor, deadline)

    async def outcome(self) -> Inbox | SteerPending | SteerFailed:
        """Wait for the successor, for the refusal, or for the news that the server requires more input.

        Raises:
            StreamError: The server answered with an `error`.
            APITimeoutError: No event about it came in time.
            APIConnectionError: The connection was lost.
        """
        deadline = RealDeadline.after(self._read_timeout)
        while True:
            successor = self._steer.successor
            if successor is not None:
                return successor
            for event in self._events:
                if isinstance(event, SteerFailed):
                    return event
            for event in self._events:
                if isinstance(event, SteerPending):
                    return event
            await self._wait_for_news(successor, deadline)

    async def _wait_for_news(self, successor: Inbox | None, deadline: RealDeadline) -> None:
        """Wait for events or for a successor other than the one that the caller has seen."""
        connection, inbox = self._connection, self._steer.inbox
        messages, close_info = connection.take(inbox)
        for message in messages:
            self._events.append(_event(message, connection.settings.strict))
            # Also a malformed `response.steer.failed`: it has a text nevertheless.
            if message.type in _REFUSALS and not isinstance(self._events[-1], SteerFailed):
                self._refusal = _refusal(self._events[-1], connection.meta)
        if self._refusal is not None:
            raise copy_error(self._refusal)  # whose frames hold this object
        if messages:
            return
        # `take` resets `has_news`: a successor that began since the caller looked would not end the wait below.
        if self._steer.successor is not successor:
            return
        if close_info is not None:
            raise connection.closed_error()
        if deadline.is_expired:
            raise APITimeoutError(
                f"No event about the steering came for {self._read_timeout:g} s; wait again, or do without it if the "
                "server does not know steering",
                meta=connection.meta,
            )
        await connection.wait(inbox, deadline)


def _refusal(event: ServerEvent, meta: ResponseMeta) -> StreamError:
    """Return the error of a steer that the server refused without a `SteerFailed`."""
    error = StreamError.from_event(event.to_dict(), event=cast("StreamEvent", event), meta=meta)
    details = fact_list(code=error.code, param=error.param, request_id=error.request_id)
    error.args = (f"The server refused the steering input: {clause(error.message)}{details}",)
    return error


def _event(message: Message, strict: bool) -> ServerEvent:
    with strict_validation(strict):
        value = read_json(message.data)
        try:
            return cast("ServerEvent", union_class(ServerEvent).validate(value))
        except ValidationError as error:
            raise as_response_error(message.type, error, message.data) from error
