"""What is read from a WebSocket: the events of a response, what becomes of steering, and what belongs to neither."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from .._events.stream_state import StreamState
from .._streaming.source import Source
from ..errors import APIError, APITimeoutError, ResponseValidationError
from ..models import ServerEvent, SteerAccepted, SteerFailed, SteerPending
from ..models._base import as_response_error, dispatcher, strict_validation
from ..models._tolerance import read_json
from .connection import Connection
from .frames import Ending
from .routing import Inbox, Message, Steer

if TYPE_CHECKING:
    from .._calls.settings import Settings

__all__ = ["SocketSource", "Steered", "Strays"]

_BREAKS = bytes.maketrans(b"\r\n", b"  ")  # JSON has them only between its parts
_EVENT_LINE_BYTES = 1024


@lru_cache(maxsize=256)
def _event_line(kind: str) -> bytes:
    return b"event: %b\n" % kind.encode() if re.fullmatch(r"[\w.]{1,200}", kind) else b""


def _as_sse(message: Message) -> bytes:
    """Write a message as an event of a stream, so that all that is true of streams is true of it."""
    return b"%bdata: %b\n\n" % (_event_line(message.type), message.data.translate(_BREAKS))


class SocketSource(Source):
    """The events of one response that shares a WebSocket with others."""

    def __init__(
        self, connection: Connection, inbox: Inbox, settings: Settings, read_timeout: float | None
    ) -> None:
        super().__init__()
        self.meta = connection.meta
        limit = settings.max_event_bytes + _EVENT_LINE_BYTES
        self._state = StreamState(self.events, limit, settings.strict, connection.meta)
        self.state = self._state
        self._connection = connection
        self._inbox = inbox
        self._settings = settings
        self._timeout = read_timeout
        self._start = time.monotonic()

    async def open(self) -> StreamState:
        """See `Source`."""
        return self._state

    async def fill(self) -> bool:
        """See `Source`."""
        if self.failure is not None:
            raise self.failure
        since = time.monotonic()
        while not self.events:
            if self._state.has_terminal_event or self.closed:
                await self.close()
                return False
            if self._state.has_ended:
                raise self._failed()
            messages, ending = self._connection.take(self._inbox)
            if messages:
                self._state.feed(b"".join(map(_as_sse, messages)))
            elif ending is not None:
                self._take_ending(ending)
            else:
                await self._wait(since)
        return True

    async def _wait(self, since: float) -> None:
        until, reason = min(self._limits(since), default=(None, ""))
        left = None if until is None else until - time.monotonic()
        if left is None or left > 0:
            await self._connection.wait(self._inbox, left)
        else:
            self._state.interrupt(reason)

    def _limits(self, since: float) -> Iterator[tuple[float, str]]:
        """Yield until when to wait, and what is wrong then."""
        deadline, idle = self._settings.deadline, self._settings.idle_timeout
        if deadline is not None:
            yield self._start + deadline, f"the deadline of {deadline:g} s has passed"
        if idle is not None:
            yield since + idle, f"no event came for {idle:g} s (idle_timeout)"
        if self._timeout is not None:
            yield since + self._timeout, f"no event came for {self._timeout:g} s (timeout)"

    def _take_ending(self, ending: Ending) -> None:
        if ending.is_invalid:
            advice = "raise max_event_bytes to take it"
            self._state.fail(ResponseValidationError(ending.reason, advice=advice, meta=self.meta))
        else:
            self._state.interrupt(ending.reason)

    def _failed(self) -> APIError:
        self.failure = cast("APIError", self._state.failure())
        self.closed = True
        self._connection.drop(self._inbox)
        return self.failure

    async def close(self) -> None:
        """Read no more; the events still to come are passed over."""
        self.closed = True
        self.events.clear()
        self._connection.drop(self._inbox)

    async def drop(self) -> None:
        """Leave what is to come to be passed over; takes no lock, as the garbage collector calls it at any time."""
        self.closed = True
        self._inbox.is_wanted = False

    def __del__(self) -> None:
        self._inbox.is_wanted = False

    @property
    def is_open(self) -> bool:
        """Whether events may come that nobody will read."""
        is_over = self.closed or self._state.has_ended or self._connection.ending is not None
        return not is_over


class Strays:
    """The events that belong to no response which was asked for here, in their order."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._messages = deque[Message]()

    async def next(self) -> ServerEvent | None:
        """Return the next one; None when the connection was closed.

        Raises:
            APIConnectionError: The connection was lost.
        """
        connection = self._connection
        while not self._messages:
            messages, ending = connection.take(connection.strays)
            self._messages.extend(messages)
            if ending is not None and ending.is_orderly:
                return None
            if ending is not None:
                raise connection.error()
            if not messages:
                await connection.wait(connection.strays, None)
        return _event(self._messages.popleft(), connection.settings.strict)


class Steered:
    """What becomes of input that steers a response."""

    def __init__(self, connection: Connection, steer: Steer, read_timeout: float | None) -> None:
        self._connection = connection
        self._steer = steer
        self._timeout = read_timeout
        self._events: list[object] = []

    async def answer(self) -> SteerAccepted | SteerFailed:
        """Wait until the server has the input, or has refused it."""
        since = time.monotonic()
        while True:
            for event in self._events:
                if isinstance(event, (SteerAccepted, SteerFailed)):
                    return event
            await self._go_on(since, self._steer.successor)

    async def outcome(self) -> Inbox | SteerPending | SteerFailed:
        """Wait until the input is used, will not be used, or waits for the user."""
        since = time.monotonic()
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
            await self._go_on(since, successor)

    async def _go_on(self, since: float, successor: Inbox | None) -> None:
        """Wait for news; `successor` is the one that the caller has seen."""
        connection, inbox = self._connection, self._steer.inbox
        messages, ending = connection.take(inbox)
        if messages:
            self._events += [_event(message, connection.settings.strict) for message in messages]
            return
        if self._steer.successor is not successor:  # it began meanwhile, and that news is taken
            return
        if ending is not None:
            raise connection.error()
        left = None if self._timeout is None else since + self._timeout - time.monotonic()
        if left is not None and left <= 0:
            raise APITimeoutError(
                f"Nothing was heard of the steering for {self._timeout:g} s; raise timeout, or wait again",
                meta=connection.meta,
            )
        await connection.wait(inbox, left)


def _event(message: Message, strict: bool) -> ServerEvent:
    with strict_validation(strict):
        value = read_json(message.data)
        try:
            return cast("ServerEvent", dispatcher(ServerEvent).validate(value))
        except ValidationError as error:
            raise as_response_error(message.type, error, message.data) from error
