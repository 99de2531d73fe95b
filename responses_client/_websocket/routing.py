"""Which message of a WebSocket belongs to which response, and what waits to be read; without I/O.

Servers name the lane of an event in `stream_id`, and work off the responses of one lane one after the other. An event
without it belongs to the lane without a name, or, where a server knows no lanes, to the oldest response in flight.
What may belong to several responses ends the connection: nobody is given the events of another.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Any, NamedTuple, cast

from pydantic_core import from_json

from .._base.error_bodies import read_error
from .._base.messages import MAX_BODY_CHARS, one_line
from .._base.redaction import NO_SECRETS, Redactor
from .._events.decoder import END_TYPES
from ..models._tolerance import read_json, strict_validation, suppress_warnings
from .frames import Ending

__all__ = ["Inbox", "Message", "SocketState", "Steer"]

logger = logging.getLogger("responses_client")

_TAKEN_BYTES = 64 * 1024
_CREATED = "response.created"
_STEER = "response.steer."
_FAILED = "response.failed"
_TOLD_OF_FAILURE = frozenset({"", "error", _FAILED, "response.steer.failed"})  # may quote the request
_OF_THE_CONNECTION = "websocket_"  # how codes of errors begin that are about no request
_MOST_UNWANTED = 32


class Message(NamedTuple):
    """An event as it came."""

    type: str
    data: bytes


class _Head(NamedTuple):
    """What tells where an event belongs."""

    type: str
    stream_id: str | None
    response_id: str | None
    previous_response_id: str | None  # of the response in it
    steer_id: str | None
    steered: str | None


class _Failed(NamedTuple):
    """The response that an `error` ended."""

    stream_id: str | None
    response_id: str | None

    def is_again(self, head: _Head) -> bool:
        """Return whether `response.failed` tells of it once more, rather than of the next one."""
        return None in (self.response_id, head.response_id) or self.response_id == head.response_id


class Inbox:
    """What came and nobody took yet: the events of one response, of one steering, or of neither.

    Attributes:
        messages: The events.
        size: Their bytes.
        is_started: Whether the first event of its response came.
        response_id: Which that named.
        is_raw: Whether they go to the strays, as nobody holds a stream.
        is_wanted: Whether somebody will take them.
        has_news: Whether anything happened since somebody looked.
        ending: Why no more will come; after the last event, what is wrong with that if it is not seen as one.
        stream: What a user reads them with.
    """

    def __init__(self, stream_id: str | None = None, previous_response_id: str | None = None) -> None:
        self.stream_id = stream_id
        self.previous_response_id = previous_response_id
        self.messages = deque[Message]()
        self.size = 0
        self.is_started = False
        self.response_id: str | None = None
        self.is_raw = False
        self.is_wanted = True
        self.has_news = False
        self.ending: Ending | None = None
        self.stream: object = None

    def end(self, ending: Ending) -> None:
        """Take the news that no more will come."""
        self.ending = self.ending or ending
        self.has_news = True


class Steer:
    """One submission of input that steers a response.

    Attributes:
        inbox: What the server said of it.
        successor: The response that it led to, once that has begun.
    """

    def __init__(self, response_id: str) -> None:
        self.response_id = response_id
        self.id: str | None = None
        self.stream_id: str | None = None
        self.inbox = Inbox()
        self.successor: Inbox | None = None


class SocketState:
    """Sorts messages into inboxes.

    Attributes:
        strays: What belongs to no response that was asked for here.
        size: Bytes in all inboxes.
        ending: Why no more will come; None while more may.
    """

    def __init__(self, *, strict: bool, redactor: Redactor = NO_SECRETS) -> None:
        self._strict = strict
        self._redactor = redactor
        self._lanes: dict[str | None, deque[Inbox]] = {}  # of responses in flight, the oldest first
        self._in_flight: dict[Inbox, None] = {}
        self._steers: list[Steer] = []
        self._unread: dict[Inbox, None] = {}
        self._names_lanes = False  # whether the server has named one of ours
        self._failed: _Failed | None = None  # nothing came in its lane since
        self._are_strays_read = False
        self._has_warned = False
        self._number = 0
        self.strays = Inbox()
        self.size = 0
        self.ending: Ending | None = None

    def new_lane(self) -> str:
        """Return a name for a lane that has none."""
        self._number += 1
        name = f"rc-{self._number}"
        return self.new_lane() if name in self._lanes else name

    def open(self, stream_id: str | None, previous_response_id: str | None) -> Inbox:
        """Return the inbox of a response that is about to be asked for."""
        inbox = Inbox(stream_id, previous_response_id)
        self._lanes.setdefault(stream_id, deque()).append(inbox)
        self._in_flight[inbox] = None
        return inbox

    def open_raw(self, stream_id: str | None, previous_response_id: str | None) -> None:
        """Take note of a response whose events are to be strays."""
        self.open(stream_id, previous_response_id).is_raw = True

    def steer(self, response_id: str) -> Steer:
        """Return what follows the fate of input that is about to be sent."""
        steer = Steer(response_id)
        self._steers.append(steer)
        return steer

    def give_up(self, steer: Steer) -> None:
        """Take note that nobody asks what becomes of a steering; its answers are told apart all the same."""
        self.drop(steer.inbox)
        unwanted = [each for each in self._steers if not each.inbox.is_wanted]
        for each in unwanted[:-_MOST_UNWANTED]:  # of a server that does not answer
            self._steers.remove(each)

    def receive(self, data: bytes) -> None:
        """Take one message."""
        try:
            value = self._read(data)
        except ValueError:
            if data.strip() in (b"", b"[DONE]"):
                return
            self._tell_all(self._message("", data))
            self.end(Ending("the server sent a message that is no JSON"))
            return
        if not isinstance(value, dict):
            if self._strict:
                self._tell_all(self._message("", data))
                self.end(Ending("the server sent JSON that is no object"))
            else:
                logger.warning("Passed over a message that is no JSON object but %s", type(value).__name__)
            return
        self._sort(cast("dict[str, Any]", value), data)

    def _read(self, data: bytes) -> object:
        try:
            return from_json(data)
        except ValueError:
            with (
                strict_validation(self._strict),
                suppress_warnings(),
            ):  # the stream that it belongs to will tell
                return read_json(data)

    def _message(self, kind: str, data: bytes) -> Message:
        return Message(kind, self._redactor.body(data) if kind in _TOLD_OF_FAILURE else data)

    def _sort(self, value: dict[str, Any], data: bytes) -> None:
        head = _head(value)
        message = self._message(head.type, data)
        if head.type.startswith(_STEER):
            self._put(self._steered(head) or self.strays, message)
            return
        if head.type == "error" and head.stream_id is None:
            self._take_error(message, value)
            return
        if head.type == _CREATED:
            self._begin(head)
        if self.ending is None:
            self._deliver(head, message)

    def _take_error(self, message: Message, value: object) -> None:
        """Take an error that names no lane: it is that of the one response it can be, or ends the connection.

        Where the server names lanes it can only refuse a request of which nothing came yet.
        """
        error = read_error(value)
        concerned = list(self._in_flight)
        if self._names_lanes and not (error.code or "").startswith(_OF_THE_CONNECTION):
            concerned = [inbox for inbox in concerned if not inbox.is_started]
        if len(concerned) > 1:
            self._tell_all(message)
            shown = self._redactor.text(error.message or "no message")
            text = one_line(shown, MAX_BODY_CHARS).rstrip(" .")
            self.end(Ending(f"the server reported an error that names no response: {text}"))
        elif concerned:
            self._put(concerned[0], message)
            self._finish(concerned[0])
            self._failed = _Failed(concerned[0].stream_id, concerned[0].response_id)
        else:
            self._put(self.strays, message)

    def _deliver(self, head: _Head, message: Message) -> None:
        stream_id = self._lane_of(head)
        lane = self._lanes.get(stream_id)
        is_repeated = self._is_repeated(head)
        if not lane or (is_repeated and not lane[0].is_started):
            self._put(self.strays, message)
            return
        inbox = lane[0]
        if head.type == _CREATED:
            inbox.response_id = head.response_id
        self._put(inbox, message)
        if head.type in END_TYPES:
            self._finish(inbox)
        if head.type == "error":
            self._failed = _Failed(inbox.stream_id, inbox.response_id)

    def _is_repeated(self, head: _Head) -> bool:
        """Some servers end a response with an `error` and tell of the failure once more: not of the next one."""
        failed = self._failed
        if failed is None or head.stream_id not in (None, failed.stream_id):
            return False
        self._failed = None
        return head.type == _FAILED and failed.is_again(head)

    def _lane_of(self, head: _Head) -> str | None:
        if head.stream_id is not None:
            self._names_lanes = self._names_lanes or head.stream_id in self._lanes
            return head.stream_id
        if None in self._lanes or self._names_lanes or not self._in_flight:
            return None
        return next(iter(self._in_flight)).stream_id

    def _begin(self, head: _Head) -> None:
        """Make place for a response: one asked for, or one that succeeds a response which was steered."""
        stream_id = self._lane_of(head)
        lane = self._lanes.get(stream_id, deque[Inbox]())
        if lane and lane[0].is_started:
            if head.stream_id is None and not self._names_lanes and len(self._in_flight) > 1:
                self.end(
                    Ending(
                        "the server does not say which of several responses its events belong to; ask for one"
                    )
                )
                return
            lane[0].end(Ending("another response began in its place"))
            self._finish(lane[0])
        parents = {head.previous_response_id}
        if (
            head.previous_response_id is None and not lane
        ):  # the server does not tell, but nobody asked for it
            parents = {steer.response_id for steer in self._steers}
        steers = [
            steer
            for steer in self._steers
            if steer.id is not None
            and steer.response_id in parents
            and (steer.stream_id == stream_id or not self._names_lanes)
        ]
        if steers and not (lane and lane[0].previous_response_id == head.previous_response_id):
            successor = Inbox(stream_id, head.previous_response_id)
            successor.is_wanted = any(steer.inbox.is_wanted for steer in steers)
            lane.appendleft(successor)
            self._lanes[stream_id] = lane
            self._in_flight = {successor: None, **self._in_flight}
            for steer in steers:
                steer.successor = successor
        for steer in steers:
            steer.inbox.has_news = True
            self._steers.remove(steer)

    def _steered(self, head: _Head) -> Inbox | None:
        """Return the inbox of the submission that an event is about; those not yet answered are in order."""
        known = [steer for steer in self._steers if steer.id is not None and steer.id == head.steer_id]
        waiting = [s for s in self._steers if s.id is None and s.response_id == head.steered]
        steer = next(iter([*known, *waiting]), None)
        if steer is None:
            return None
        steer.id = head.steer_id
        steer.stream_id = head.stream_id
        if head.type in ("response.steer.failed", "response.steer.pending"):  # a request goes on from that
            self._steers.remove(steer)
        return steer.inbox

    def _put(self, inbox: Inbox, message: Message) -> None:
        if message.type == _CREATED:
            inbox.is_started = True
        if inbox.is_raw:
            inbox = self.strays
        if inbox.is_wanted:
            inbox.has_news = True
            inbox.messages.append(message)
            inbox.size += len(message.data)
            self.size += len(message.data)
            self._unread[inbox] = None

    def _tell_all(self, message: Message) -> None:
        """Give a message to all responses in flight."""
        for inbox in self._in_flight:
            self._put(inbox, message)

    def _finish(self, inbox: Inbox) -> None:
        inbox.end(Ending("its last event cannot be read"))
        lane = self._lanes[inbox.stream_id]
        lane.remove(inbox)
        if not lane:
            del self._lanes[inbox.stream_id]
        del self._in_flight[inbox]

    def take(self, inbox: Inbox) -> list[Message]:
        """Return the next few messages."""
        self._are_strays_read |= inbox is self.strays
        taken: list[Message] = []
        size = 0
        while inbox.messages and size < _TAKEN_BYTES:
            taken.append(inbox.messages.popleft())
            size += len(taken[-1].data)
        self._shrink(inbox, size)
        inbox.has_news = bool(inbox.messages)
        return taken

    def _shrink(self, inbox: Inbox, size: int) -> None:
        inbox.size -= size
        self.size -= size
        if not inbox.messages:
            self._unread.pop(inbox, None)

    def drop(self, inbox: Inbox) -> None:
        """Throw away what came and what is to come; the place in its lane stays taken."""
        inbox.is_wanted = False
        inbox.has_news = True
        inbox.messages.clear()
        self._shrink(inbox, inbox.size)

    def sweep(self, limit: int) -> None:
        """Throw away what nobody will take any more, and of strays that nobody reads what there is no room for."""
        for inbox in [inbox for inbox in self._unread if not inbox.is_wanted]:
            self.drop(inbox)
        strays = self.strays
        if self._are_strays_read or self.size < limit or self.size - strays.size >= limit:
            return
        while self.size >= limit:
            self._shrink(strays, len(strays.messages.popleft().data))
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "Throwing away WebSocket events of no response: nobody reads them (session.events())"
            )

    def relieve(self) -> None:
        """Give up the inbox with most in it."""
        fullest = max(self._unread, key=lambda inbox: inbox.size, default=None)
        if fullest is None:
            return
        if fullest is self.strays:
            count = len(fullest.messages)
            logger.warning("Threw away %d WebSocket events of no response that nobody read", count)
            self.drop(fullest)
            fullest.is_wanted = True
            self._are_strays_read = False  # any more
            return
        fullest.end(
            Ending(f"{fullest.size} bytes of its events waited to be read while others were waited for")
        )
        self.drop(fullest)

    def end(self, ending: Ending) -> None:
        """Take the news that nothing more will come."""
        if self.ending is not None:
            return
        self.ending = ending
        for inbox in (*self._in_flight, *(steer.inbox for steer in self._steers), self.strays):
            inbox.end(ending)
        self._lanes.clear()
        self._in_flight.clear()
        self._steers.clear()


def _head(value: dict[str, Any]) -> _Head:
    response, steer = _object(value.get("response")), _object(value.get("steer"))
    return _Head(
        type=_text(value.get("type")) or ("error" if value.get("error") else ""),
        stream_id=_text(value.get("stream_id")),
        response_id=_text(response.get("id")),
        previous_response_id=_text(response.get("previous_response_id")),
        steer_id=_text(steer.get("id")),
        steered=_text(steer.get("previous_response_id")),
    )


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
