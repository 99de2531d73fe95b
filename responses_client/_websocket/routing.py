"""The routing of messages: which response an event of a WebSocket belongs to; without I/O."""

# How it works
# ============
#
# A lane is a queue of responses that the server works through in order, named by `stream_id`. `Router.open` puts an
# inbox at the end of a lane before the request is sent, so the first inbox of a lane is the response in progress.
#
#     open("a") ──┐      _lanes                                 _lane_of(event)
#                 ▼
#           "a":  [response 3] [response 1, started]   ◄─────── stream_id "a"
#           None: [response 4] [response 2]            ◄─────── no stream_id
#                                         │
#                                         └── take() ──► the stream of the response
#
# An event with a `stream_id` goes to that lane. An event without one goes to
#
#   1. the lane None, if a response in it was requested;
#   2. otherwise, once the server has named one of our lanes, to `unrouted`: it would have named the lane;
#   3. otherwise to the oldest response in flight: a server without lanes answers one request after the other.
#
# If the lane is empty, the event is unrouted: one more inbox, which `session.events()` reads. Rule 3 is a guess, and
# a wrong one is noticed when a second response begins before the first has ended: then the connection is closed, since
# no stream may ever receive the events of another. For the same reason an `error` without a lane (`_route_error`) ends
# a response only if it can concern no other.
#
# The inbox of a response:
#
#        open()            response.created          last event, error
#     ──────────► WAITING ─────────────────► STARTED ─────────────────► FINISHED
#                    │                          │                     (still to be taken)
#                    └──────────┬───────────────┘
#                      discard()▼
#                            UNWANTED: keeps its place in the lane, and drops all messages
#
# Steering: a `Steer` follows each piece of input that is sent to a response, by the ids in `response.steer.*` events.
#
#                    accepted              response.created, whose previous_response_id is the steered response
#     SENT (no id) ────────────► ACCEPTED ─────────────────► `successor`: an inbox at the front of the lane
#          │                         │
#          └─── failed               └─── failed, pending (a request has to bring what is missing): no successor
#
# `Inboxes` keeps the messages, and evicts an inbox when they are full and nothing is taken: its stream then ends with an
# error, but the response keeps its place in the lane, like an unwanted one.

from __future__ import annotations

import logging
from collections import deque
from typing import NamedTuple

from pydantic_core import from_json

from .._base.error_bodies import read_error
from .._base.json_types import JsonObject, as_object, is_object
from .._base.messages import MAX_BODY_CHARS, one_line
from .._base.redaction import NO_SECRETS, Redactor
from .._events.decoder import END_TYPES
from ..models._tolerance import read_json, strict_validation, suppress_warnings
from .frames import CloseInfo
from .inboxes import Inbox, Inboxes, Message

__all__ = ["Router", "Steer", "as_string"]

logger = logging.getLogger("responses_client")

_CREATED = "response.created"
_STEER_PREFIX = "response.steer."
_FAILED = "response.failed"
_STEER_ENDS = ("response.steer.failed", "response.steer.pending")
# These may quote the request with its key; "" is a message that cannot be read.
_REDACTED_TYPES = frozenset({"", "error", _FAILED, "response.steer.failed"})
# Error codes that concern the connection and no request, such as `websocket_connection_limit_reached`.
_CONNECTION_ERROR_PREFIX = "websocket_"
_MAX_UNWANTED_STEERS = 32


class _RoutingFields(NamedTuple):
    """The fields of an event that decide where it belongs."""

    type: str
    stream_id: str | None
    response_id: str | None
    previous_response_id: str | None  # of the response in the event
    steer_id: str | None
    steered_response_id: str | None


class _FailedResponse(NamedTuple):
    """The response that the last `error` ended."""

    stream_id: str | None
    response_id: str | None

    def is_subject_of(self, failed: _RoutingFields) -> bool:
        """Whether a `response.failed` can be about this response, by its id."""
        return None in (self.response_id, failed.response_id) or self.response_id == failed.response_id


class Steer:
    """A piece of input that was sent to steer a response.

    Attributes:
        response_id: The response to be steered.
        id: The id that the server gave to the input; None until it has answered.
        stream_id: The lane that the answer named.
        inbox: The events about the input.
        successor: The response that continues from the input, once it has begun.
    """

    def __init__(self, response_id: str) -> None:
        self.response_id = response_id
        self.id: str | None = None
        self.stream_id: str | None = None
        self.inbox: Inbox = Inbox()
        self.successor: Inbox | None = None


class Router:
    """The responses and steers of one connection, and the rules by which messages are sorted into their inboxes.

    Attributes:
        close_info: Why no further message will come; None while the connection is open.
    """

    def __init__(self, inboxes: Inboxes, *, strict: bool, redactor: Redactor = NO_SECRETS) -> None:
        self._inboxes = inboxes
        self._strict = strict
        self._redactor = redactor
        # Responses in flight: by lane, and all together in the order of requests; the dict is an ordered set.
        self._lanes: dict[str | None, deque[Inbox]] = {}
        self._in_flight: dict[Inbox, None] = {}
        self._steers: list[Steer] = []  # those without an outcome, in the order of sending
        self._has_named_lanes = False  # whether the server has named one of our lanes
        self._failed: _FailedResponse | None = None  # None when another event came in its lane
        self._lane_count = 0
        self.close_info: CloseInfo | None = None

    def new_lane(self) -> str:
        """Return a name that no lane has."""
        self._lane_count += 1
        name = f"rc-{self._lane_count}"
        return self.new_lane() if name in self._lanes else name

    def open(self, stream_id: str | None, previous_response_id: str | None) -> Inbox:
        """Return the inbox for a response that is about to be requested."""
        inbox = Inbox(stream_id, previous_response_id)
        self._lanes.setdefault(stream_id, deque()).append(inbox)
        self._in_flight[inbox] = None
        return inbox

    def open_unrouted(self, stream_id: str | None, previous_response_id: str | None) -> None:
        """Expect a response that is about to be requested without a stream: its events are unrouted."""
        self.open(stream_id, previous_response_id).is_unrouted = True

    def steer(self, response_id: str) -> Steer:
        """Return a new steer, for input that is about to be sent."""
        steer = Steer(response_id)
        self._steers.append(steer)
        return steer

    def abandon_steer(self, steer: Steer) -> None:
        """Keep nothing about a steer; its events are still recognized, so that no other steer receives them."""
        self._inboxes.discard(steer.inbox)
        unwanted = [each for each in self._steers if not each.inbox.is_wanted]
        for each in unwanted[:-_MAX_UNWANTED_STEERS]:  # the server does not answer
            self._steers.remove(each)

    def receive(self, data: bytes) -> None:
        """Sort one message into its inbox."""
        try:
            value = self._read(data)
        except ValueError:
            if data.strip() in (b"", b"[DONE]"):
                return
            self._put_all(self._message("", data))
            self.close(CloseInfo("the server sent a message that is not valid JSON"))
            return
        if is_object(value):
            self._route(value, data)
        elif self._strict:
            self._put_all(self._message("", data))
            self.close(CloseInfo("the server sent JSON that is not an object"))
        else:
            logger.warning(
                "Ignored a WebSocket message that is not a JSON object but %s", type(value).__name__
            )

    def _read(self, data: bytes) -> object:
        try:
            return from_json(data)
        except ValueError:
            # `read_json` repairs more, at a price. It does not warn here, since the stream will read the data again.
            with strict_validation(self._strict), suppress_warnings():
                return read_json(data)

    def _message(self, kind: str, data: bytes) -> Message:
        return Message(kind, self._redactor.body(data) if kind in _REDACTED_TYPES else data)

    def _route(self, value: JsonObject, data: bytes) -> None:
        fields = _routing_fields(value)
        message = self._message(fields.type, data)
        if fields.type.startswith(_STEER_PREFIX):
            self._inboxes.put(self._inbox_of_steer(fields) or self._inboxes.unrouted, message)
            return
        if fields.type == "error" and fields.stream_id is None:
            self._route_error(message, value)
            return
        if fields.type == _CREATED:
            self._begin_response(fields)
        if self.close_info is None:
            self._deliver(fields, message)

    def _route_error(self, message: Message, value: JsonObject) -> None:
        """Give an error without a lane to the one response that it can concern; close the connection if several can.

        A server that names lanes would name that of a response in progress, so its error can only refuse a request
        that has received no event yet. If there is no such request, the error is unrouted.
        """
        error = read_error(value)
        concerned = list(self._in_flight)
        if self._has_named_lanes and not (error.code or "").startswith(_CONNECTION_ERROR_PREFIX):
            concerned = [inbox for inbox in concerned if not inbox.is_started]
        if len(concerned) > 1:
            self._put_all(message)
            shown = self._redactor.text(error.message or "no message")
            text = one_line(shown, MAX_BODY_CHARS).rstrip(" .")
            self.close(CloseInfo(f"the server reported an error that names no response: {text}"))
        elif concerned:
            self._inboxes.put(concerned[0], message)
            self._finish(concerned[0])
            self._failed = _FailedResponse(concerned[0].stream_id, concerned[0].response_id)
        else:
            self._inboxes.put(self._inboxes.unrouted, message)

    def _deliver(self, fields: _RoutingFields, message: Message) -> None:
        """Give an event to the first response of its lane."""
        lane = self._lanes.get(self._lane_of(fields))
        is_repeated = self._is_repeated_failure(fields)  # asked in any case, since it forgets the failure
        if not lane or (is_repeated and not lane[0].is_started):
            self._inboxes.put(self._inboxes.unrouted, message)
            return
        inbox = lane[0]
        if fields.type == _CREATED:
            inbox.is_started = True
            inbox.response_id = fields.response_id
        self._inboxes.put(inbox, message)
        if fields.type in END_TYPES:
            self._finish(inbox)
        if fields.type == "error":
            self._failed = _FailedResponse(inbox.stream_id, inbox.response_id)

    def _is_repeated_failure(self, fields: _RoutingFields) -> bool:
        """Whether an event repeats the failure of a response that has ended already.

        Some servers end a response with an `error` and then send `response.failed` too, which must not end the next
        response of the lane.
        """
        failed = self._failed
        if failed is None or fields.stream_id not in (None, failed.stream_id):
            return False
        self._failed = None
        return fields.type == _FAILED and failed.is_subject_of(fields)

    def _lane_of(self, fields: _RoutingFields) -> str | None:
        if fields.stream_id is not None:
            self._has_named_lanes = self._has_named_lanes or fields.stream_id in self._lanes
            return fields.stream_id
        if None in self._lanes or self._has_named_lanes or not self._in_flight:
            return None
        return next(iter(self._in_flight)).stream_id

    def _begin_response(self, fields: _RoutingFields) -> None:
        """Make sure that the inbox of a new response is the first of its lane.

        That is the next one in the queue, or a new one for the successor of a response that was steered.
        """
        stream_id = self._lane_of(fields)
        lane = self._lanes.get(stream_id, deque[Inbox]())
        if lane and lane[0].is_started:
            if fields.stream_id is None and not self._has_named_lanes and len(self._in_flight) > 1:
                reason = "the server does not say which of several responses its events belong to; request one at a time"
                self.close(CloseInfo(reason))
                return
            lane[0].close(CloseInfo("another response began in its place"))
            self._finish(lane[0])
        steers = self._steers_into(fields, stream_id, is_requested=bool(lane))
        # If the next request of the lane continues the same response, this is its response and no successor.
        if steers and not (lane and lane[0].previous_response_id == fields.previous_response_id):
            successor = Inbox(stream_id, fields.previous_response_id)
            successor.is_wanted = any(steer.inbox.is_wanted for steer in steers)
            lane.appendleft(successor)
            self._lanes[stream_id] = lane
            self._in_flight = {successor: None, **self._in_flight}
            for steer in steers:
                steer.successor = successor
        for steer in steers:
            steer.inbox.has_news = True
            self._steers.remove(steer)

    def _steers_into(
        self, fields: _RoutingFields, stream_id: str | None, *, is_requested: bool
    ) -> list[Steer]:
        """Return the accepted steers that a new response can be the successor of."""
        parents = {fields.previous_response_id}
        if fields.previous_response_id is None and not is_requested:
            # The server does not name the parent, but only steering begins a response that was not requested.
            parents = {steer.response_id for steer in self._steers}
        return [
            steer
            for steer in self._steers
            if steer.id is not None
            and steer.response_id in parents
            and (steer.stream_id == stream_id or not self._has_named_lanes)
        ]

    def _inbox_of_steer(self, fields: _RoutingFields) -> Inbox | None:
        """Return the inbox of the steer that an event is about.

        An event with an unknown id is the first about its steer. The server answers the steers of a response in the
        order of sending.
        """
        known = [steer for steer in self._steers if steer.id is not None and steer.id == fields.steer_id]
        unanswered = [
            steer
            for steer in self._steers
            if steer.id is None and steer.response_id == fields.steered_response_id
        ]
        steer = next(iter([*known, *unanswered]), None)
        if steer is None:
            return None
        steer.id = fields.steer_id
        steer.stream_id = fields.stream_id
        if fields.type in _STEER_ENDS:
            self._steers.remove(steer)
        return steer.inbox

    def _put_all(self, message: Message) -> None:
        """Give a message to all responses in flight."""
        for inbox in self._in_flight:
            self._inboxes.put(inbox, message)

    def _finish(self, inbox: Inbox) -> None:
        # Seen only by a stream that has taken everything and found no last event: it could not decode that.
        inbox.close(CloseInfo("its last event cannot be read"))
        lane = self._lanes[inbox.stream_id]
        lane.remove(inbox)
        if not lane:
            del self._lanes[inbox.stream_id]
        del self._in_flight[inbox]

    def close(self, info: CloseInfo) -> None:
        """Note that no further message will come; the first reason counts."""
        if self.close_info is not None:
            return
        self.close_info = info
        for inbox in (*self._in_flight, *(steer.inbox for steer in self._steers), self._inboxes.unrouted):
            inbox.close(info)
        self._lanes.clear()
        self._in_flight.clear()
        self._steers.clear()


def _routing_fields(value: JsonObject) -> _RoutingFields:
    response, steer = as_object(value.get("response")), as_object(value.get("steer"))
    return _RoutingFields(
        # Some servers send errors without a type.
        type=as_string(value.get("type")) or ("error" if value.get("error") else ""),
        stream_id=as_string(value.get("stream_id")),
        response_id=as_string(response.get("id")),
        previous_response_id=as_string(response.get("previous_response_id")),
        steer_id=as_string(steer.get("id")),
        steered_response_id=as_string(steer.get("previous_response_id")),
    )


def as_string(value: object) -> str | None:
    """Return a string; None for any other value."""
    return value if isinstance(value, str) else None
