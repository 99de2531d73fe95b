"""The routing of messages: which response an event of a WebSocket belongs to; without I/O."""

# How it works
# ============
#
# A lane is a queue of responses that the server works through in order, named by `stream_id`. `Router.open` puts an
# inbox at the end of a lane before the request is sent, so the first inbox of a lane is the response in progress.
#
#     open("a") ──┐      lanes                                  _lane_of(event)
#                 ▼
#           "a":  [response 3] [response 1, started]   ◄─────── stream_id "a"
#           None: [response 4] [response 2]            ◄─────── no stream_id
#                                         │
#                                         └── take() ──► the stream of the response
#
# No stream may ever receive the events of another, so each event has to fit the place that it is given. One that does
# not fit proves that the order of answers is not the order of requests, or that one was counted too many. Nothing can be
# trusted then: the event is refused, the connection closed, and all streams end with the parts that they have.
#
# Events without a `stream_id` show what the server does with lanes:
#
#                   an event names a lane of ours
#                 ┌──────────────────────────────► NAMED ── no stream_id: the lane None
#     UNKNOWN ────┤
#                 └──────────────────────────────► IN_ORDER ── the oldest response in flight
#                   an event of a response names none, though   (one that names a lane is then refused)
#                   all in flight were requested in a lane
#
# While it is UNKNOWN, the oldest response was requested without a lane, and both ways lead to it; or it was requested
# in a lane, another one was not, and the event is refused.
#
# The inbox of a response:
#
#        open()             its first event                last event, or an error about it
#     ──────────► WAITING ─────────────────► STARTED ─────────────────────────────────► FINISHED
#                    │                          │                                     (still to be taken)
#                    └──────────┬───────────────┘
#                      discard()▼
#                            UNWANTED: keeps its place in the lane, and drops all messages
#
# Which event is given to the first inbox of its lane, and which is refused:
#
#     event               WAITING                                   STARTED                     no inbox in the lane
#
#     response.created    accepted, unless a steer can have caused  refused, unless it begins   refused, unless it begins
#                         it, its parent is that of another, or     a successor                 a successor
#                         its id is that of one that has ended
#                         (unless it has and names its own lane)
#     other `response.*`  accepted with an id that is new here, or  refused if it has the id    refused
#                         if the lane had no response before        of another response
#     all others          accepted                                  accepted                    unrouted
#
# Without an inbox, an event is unrouted and not refused if it names a lane, where it confuses no other lane, or if an
# event that the user sent can have caused it. So is a `response.failed` that repeats the `error` before it, and an event
# of a new type that comes before a response has begun and may answer what the user sent. But a server
# that has not named a lane of ours is refused a response in another lane: that may be the answer to any request.
#
# Steering: a `Steer` follows each piece of input that is sent to a response, by the ids in `response.steer.*` events.
#
#                    accepted              response.created, whose previous_response_id is the steered response
#     SENT (no id) ────────────► ACCEPTED ─────────────────► `successor`: an inbox at the front of the lane
#          │                         │
#          └─── failed, error        └─── failed, error, pending (a request has to bring what is missing): no successor
#
# An `error` is given to what it is about, if `Outstanding` finds only one thing; otherwise the connection is closed.
#
# `Inboxes` keeps the messages, and evicts an inbox when they are full and nothing is taken: its stream then ends with an
# error, but the response keeps its place in the lane, like an unwanted one.

from __future__ import annotations

import logging
from collections import deque
from enum import Enum, auto
from typing import NamedTuple

from pydantic_core import from_json

from .._base.error_bodies import ErrorFields, read_error
from .._base.json_types import JsonObject, is_object
from .._base.messages import MAX_BODY_CHARS, MAX_VALUE_CHARS, clause, one_line
from .._base.redaction import NO_SECRETS, Redactor
from .._events.decoder import END_TYPES
from ..models import StreamEvent
from ..models._base import union_class
from ..models._tolerance import read_json, strict_validation, suppress_warnings
from .event_fields import KEEP_ALIVE_TYPES, EventFields, error_names, read_fields
from .frames import CloseInfo
from .inboxes import Inbox, Inboxes, Message
from .outstanding import OtherEvent, Outstanding, Request, Steer, Subject, listed

__all__ = ["Router"]

logger = logging.getLogger("responses_client")

_CREATED = "response.created"
_STEER_PREFIX = "response.steer."
_FAILED = "response.failed"
_ACCEPTED = "response.steer.accepted"
_STEER_ENDS = ("response.steer.failed", "response.steer.pending")
# These may quote the request with its key; "" is a message that cannot be read.
_REDACTED_TYPES = frozenset({"", "error", _FAILED, "response.steer.failed"})
# Error codes that concern the connection and no request, such as `websocket_connection_limit_reached`.
_CONNECTION_ERROR_PREFIX = "websocket_"
_MAX_PAST_IDS = 256
_UNTRUSTED = (
    "the request may have been carried out, so check before you send it again; "
    "send a server without lanes one request at a time"
)
_SAME_ID = "the server gave two responses the same id, or sent an answer again"


class _Naming(Enum):
    """How a server names lanes, as far as it is known."""

    UNKNOWN = auto()
    NAMED = auto()
    IN_ORDER = auto()


class _FailedResponse(NamedTuple):
    """The response that the last `error` ended."""

    stream_id: str | None
    response_id: str | None


class _MisplacedEvent(Exception):
    """An event does not fit the place where it came; the text is the rest of a sentence about the event."""


class Router:
    """The responses and steers of one connection, and the rules by which messages are sorted into their inboxes.

    Attributes:
        close_info: Why no further message will come; None while the connection is open.
        redactor: Masks secrets in what errors quote.
    """

    def __init__(self, inboxes: Inboxes, *, strict: bool, redactor: Redactor = NO_SECRETS) -> None:
        self._inboxes = inboxes
        self._strict = strict
        self.redactor = redactor
        self._sent = Outstanding()
        self._naming = _Naming.UNKNOWN
        self._has_other_lanes = False  # whether events of responses named lanes that are not ours
        self._failed: _FailedResponse | None = None  # None when another event came in its lane
        self._has_past = False  # whether a response has ended, or one came that was not requested
        self._past_ids = deque[str](maxlen=_MAX_PAST_IDS)  # of such responses
        self._lane_count = 0
        self.close_info: CloseInfo | None = None

    def new_lane(self) -> str:
        """Return a name that no lane has."""
        self._lane_count += 1
        name = f"rc-{self._lane_count}"
        return self.new_lane() if name in self._sent.lanes else name

    def open(self, request: Request) -> Inbox:
        """Return the inbox for a response that is about to be requested."""
        return self._sent.add_request(request)

    def steer(
        self, response_id: str | None, *, event_id: str | None = None, is_unrouted: bool = False
    ) -> Steer:
        """Return a new steer, for input that is about to be sent."""
        steer = Steer(response_id, event_id=event_id, is_unrouted=is_unrouted)
        self._sent.add_steer(steer)
        return steer

    def expect_refusal(self, event: OtherEvent) -> None:
        """Expect that an event that is about to be sent may be refused."""
        self._sent.add_other(event)

    def abandon_steer(self, steer: Steer) -> None:
        """Keep nothing about a steer; its events are still recognized, so that no other steer receives them."""
        self._inboxes.discard(steer.inbox)
        self._sent.abandon_steer(steer)

    def receive(self, data: bytes) -> None:
        """Sort one message into its inbox; those after the end are dropped."""
        if self.close_info is not None:
            return
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
        return Message(kind, self.redactor.body(data) if kind in _REDACTED_TYPES else data)

    def _route(self, value: JsonObject, data: bytes) -> None:
        fields = read_fields(value)
        message = self._message(fields.type, data)
        try:
            if fields.stream_id is not None and self._naming is not _Naming.NAMED:
                self._note_lane(fields)
            if fields.type == "error":
                self._route_error(fields, message, value)
            elif fields.type.startswith(_STEER_PREFIX):
                self._route_steer(fields, message)
            elif fields.is_of_response:
                self._route_response(fields, message)
            else:
                self._route_other(fields, message)
        except _MisplacedEvent as misplaced:
            # Not lost: it is the last of the unrouted events.
            self._inboxes.put(self._inboxes.unrouted, message)
            self._close_untrusted(f"the event {one_line(fields.type, MAX_VALUE_CHARS)} {misplaced}")

    def _note_lane(self, fields: EventFields) -> None:
        """Note that the server names lanes, if an event names one of ours."""
        is_ours = fields.stream_id in self._sent.lanes
        if not is_ours and not (fields.is_of_response and self._sent.in_flight):
            return
        if self._naming is _Naming.IN_ORDER:
            raise _MisplacedEvent("names a lane, and those before it did not")
        if is_ours:
            self._naming = _Naming.NAMED
            return
        self._has_other_lanes = True
        if fields.type == _CREATED and not (self._sent.steers or self._sent.others):
            raise _MisplacedEvent(
                f"is of the lane {_short(fields.stream_id)}, which no request in progress names"
            )

    # Errors

    def _route_error(self, fields: EventFields, message: Message, value: JsonObject) -> None:
        """Give an error to its subject; close the connection if several are possible."""
        error = read_error(value)
        in_flight: list[Subject] = list(self._sent.in_flight)
        is_of_connection = (error.code or "").startswith(_CONNECTION_ERROR_PREFIX)
        if is_of_connection and fields.stream_id is None and in_flight:
            subjects = in_flight
        else:
            names = error_names(value, fields, error)
            subjects = self._sent.subjects(names, names_lanes=self._naming is _Naming.NAMED)
        others = [each for each in subjects if isinstance(each, OtherEvent)]
        readers = [each for each in subjects if not isinstance(each, OtherEvent)]
        if not readers:
            self._inboxes.put(self._inboxes.unrouted, message)
            if len(others) == 1:  # of several it is not known which; all of them remain
                self._sent.settle_other(others[0])
        elif len(subjects) == 1:
            self._settle(readers[0], message)
        elif is_of_connection:
            self._put_all(message)
            self.close(CloseInfo(f"the server reported an error of the connection: {self._shown(error)}"))
        else:
            # Not given to the streams: they would take an error that may be about another one for their own.
            self._inboxes.put(self._inboxes.unrouted, message)
            text = f"the server reported an error that may be about {listed(subjects)}"
            self._close_untrusted(f"{text}, and does not say which: {self._shown(error)}")

    def _settle(self, subject: Inbox | Steer, message: Message) -> None:
        """Give an error to the one request or steer that it is about."""
        if isinstance(subject, Steer):
            self._inboxes.put(subject.inbox, message)
            self._sent.steers.remove(subject)
        else:
            self._inboxes.put(subject, message)
            self._finish(subject)
            self._failed = _FailedResponse(subject.stream_id, subject.response_id)

    def _shown(self, error: ErrorFields) -> str:
        return clause(one_line(self.redactor.text(error.message or "no message"), MAX_BODY_CHARS))

    # Steers

    def _route_steer(self, fields: EventFields, message: Message) -> None:
        """Give an event about a steer to that steer."""
        steers = self._sent.steers_named(fields.steer_id, fields.steered_response_id)
        if not steers:
            self._inboxes.put(self._inboxes.unrouted, message)
            return
        if any(steer.response_id != steers[0].response_id for steer in steers):
            raise _MisplacedEvent(f"does not say which of {len(steers)} steering inputs it is about")
        steer = steers[0]
        if fields.type == _ACCEPTED and self._is_repeated_id(steer.response_id):
            raise _MisplacedEvent(f"is about response {_short(steer.response_id)}, and several have this id")
        self._inboxes.put(steer.inbox, message)
        steer.id = fields.steer_id
        steer.is_accepted = True
        steer.stream_id = steer.stream_id if fields.stream_id is None else fields.stream_id
        if fields.type in _STEER_ENDS:
            self._sent.steers.remove(steer)

    def _is_repeated_id(self, response_id: str | None) -> bool:
        """Whether the server gave the same id to several responses, so that it cannot say which was steered."""
        in_flight = sum(inbox.response_id == response_id for inbox in self._sent.in_flight)
        return response_id is not None and in_flight + self._past_ids.count(response_id) > 1

    # Other events

    def _route_other(self, fields: EventFields, message: Message) -> None:
        """Give an event that belongs to no response to the response in progress, which it cannot damage.

        It may also answer an event that the user sent; then it is unrouted.
        """
        stream_id, oldest = fields.stream_id, next(iter(self._sent.in_flight), None)
        if stream_id is None and self._naming is not _Naming.NAMED and oldest is not None:
            stream_id = oldest.stream_id
        lane = self._sent.lanes.get(stream_id)
        may_answer = fields.stream_id is None and fields.type not in KEEP_ALIVE_TYPES and self._sent.others
        self._inboxes.put(lane[0] if lane and not may_answer else self._inboxes.unrouted, message)

    # Events of responses

    def _route_response(self, fields: EventFields, message: Message) -> None:
        """Give an event to the first response of its lane.

        Raises:
            _MisplacedEvent: It does not fit there.
        """
        stream_id = self._lane_of(fields)
        if self._failed is not None and self._is_repeated_failure(fields, stream_id, self._failed):
            self._put_unrequested(fields, message)
            return
        if fields.type == _CREATED:
            self._begin(fields, stream_id)
        lane = self._sent.lanes.get(stream_id)
        if lane is None:
            self._check_unrequested(fields)
            self._put_unrequested(fields, message)
            return
        inbox = lane[0]
        if not inbox.is_started and self._may_answer(fields):
            self._inboxes.put(self._inboxes.unrouted, message)
            return
        if inbox.is_started:
            if fields.response_id is not None and inbox.response_id not in (None, fields.response_id):
                raise _MisplacedEvent(f"is of {_id(fields)}, but {_id(inbox)} is in progress")
        else:
            self._check_first(fields, inbox)
            inbox.is_started = True
        if inbox.response_id is None:
            inbox.response_id = fields.response_id
        self._inboxes.put(inbox, message)
        if fields.type in END_TYPES:
            self._finish(inbox)

    def _lane_of(self, fields: EventFields) -> str | None:
        """Return the lane of an event of a response."""
        if fields.stream_id is not None or self._naming is _Naming.NAMED or not self._sent.in_flight:
            return fields.stream_id
        oldest = next(iter(self._sent.in_flight)).stream_id
        if self._naming is _Naming.UNKNOWN and self._has_other_lanes:
            raise _MisplacedEvent("names no lane, and those before it did")
        if self._naming is _Naming.UNKNOWN and oldest is not None:
            if None in self._sent.lanes:
                raise _MisplacedEvent("names no lane, and may be of a request with a lane or of one without")
            self._naming = _Naming.IN_ORDER
        return oldest

    def _is_repeated_failure(
        self, fields: EventFields, stream_id: str | None, failed: _FailedResponse
    ) -> bool:
        """Whether an event repeats the failure of a response that has ended already.

        Some servers end a response with an `error` and then send `response.failed` too, which must not end the next
        response of the lane.
        """
        if fields.stream_id not in (None, failed.stream_id):
            return False
        self._failed = None
        lane = self._sent.lanes.get(stream_id)
        if fields.type != _FAILED or (lane and lane[0].is_started):
            return False
        if failed.response_id is not None and fields.response_id is not None:
            return failed.response_id == fields.response_id
        if lane:
            raise _MisplacedEvent("may be of the response that an error ended, or of the next one")
        return True

    def _begin(self, fields: EventFields, stream_id: str | None) -> None:
        """Make sure that the inbox of a new response is the first of its lane.

        That is the next one in the queue, or a new one for the successor of a response that was steered.
        """
        parent, is_named = fields.previous_response_id, self._naming is _Naming.NAMED
        lane = self._sent.lanes.get(stream_id, deque[Inbox]())
        steers = self._sent.steers_into(parent, stream_id, names_lanes=is_named)
        accepted = [steer for steer in steers if steer.is_accepted]
        if lane and lane[0].is_started:
            if not accepted or parent is None or parent != lane[0].response_id:
                raise _MisplacedEvent(f"begins {_id(fields)}, but {_id(lane[0])} has not ended")
            lane[0].close(CloseInfo("another response began in its place"))
            self._finish(lane[0])
        others = lane if is_named else self._sent.in_flight
        if lane and parent in (None, lane[0].previous_response_id):
            if accepted:
                raise _MisplacedEvent("may begin the answer to a request, or continue from steering input")
        elif accepted:
            if any(steer.response_id != accepted[0].response_id for steer in accepted):
                raise _MisplacedEvent("does not say which of several steered responses it continues")
            self._sent.add_successor(accepted, stream_id)
        elif lane and (steers or any(inbox.previous_response_id == parent for inbox in others)):
            raise _MisplacedEvent(f"continues {_short(parent)}, which the request whose turn it is does not")

    def _may_answer(self, fields: EventFields) -> bool:
        """Whether an event answers something that the user sent, rather than to begin a response."""
        is_nameless = fields.stream_id is None and fields.response_id is None
        is_possible = is_nameless and bool(self._sent.others)
        return is_possible and union_class(StreamEvent).member(fields.type) is None

    def _check_first(self, fields: EventFields, inbox: Inbox) -> None:
        """Check the first event of a response."""
        is_first_of_lane = inbox.has_own_lane and fields.stream_id is not None
        if is_first_of_lane or not self._has_past:
            return
        if fields.type == _CREATED:
            if fields.response_id in self._past_ids:
                raise _MisplacedEvent(f"is of {_id(fields)}, which has ended: {_SAME_ID}")
            return
        if fields.response_id is None or fields.response_id in self._past_ids:
            raise _MisplacedEvent(f"is of {_id(fields)}, but the response whose turn it is has not begun")

    def _check_unrequested(self, fields: EventFields) -> None:
        """Check an event of a response without a request in its lane."""
        if fields.stream_id is not None:
            return
        if self._naming is not _Naming.NAMED:
            if not self._sent.others:
                raise _MisplacedEvent("came when no request was in progress")
        elif self._sent.in_flight and union_class(StreamEvent).member(fields.type):
            raise _MisplacedEvent("names no lane, though all requests in progress do")

    def _put_unrequested(self, fields: EventFields, message: Message) -> None:
        self._inboxes.put(self._inboxes.unrouted, message)
        self._note_past(fields.response_id)

    def _put_all(self, message: Message) -> None:
        """Give a message to all responses in flight."""
        for inbox in self._sent.in_flight:
            self._inboxes.put(inbox, message)

    def _finish(self, inbox: Inbox) -> None:
        # Seen only by a stream that has taken everything and found no last event: it could not decode that.
        inbox.close(CloseInfo("its last event cannot be read"))
        self._sent.remove_request(inbox)
        self._note_past(inbox.response_id)

    def _note_past(self, response_id: str | None) -> None:
        self._has_past = True
        if response_id is not None:
            self._past_ids.append(response_id)

    def _close_untrusted(self, reason: str) -> None:
        self.close(CloseInfo(self.redactor.text(f"{reason}; {_UNTRUSTED}")))

    def close(self, info: CloseInfo) -> None:
        """Note that no further message will come; the first reason counts."""
        if self.close_info is not None:
            return
        self.close_info = info
        steers = (steer.inbox for steer in self._sent.steers)
        for inbox in (*self._sent.in_flight, *steers, self._inboxes.unrouted):
            inbox.close(info)
        self._sent.clear()


def _id(response: EventFields | Inbox) -> str:
    if response.response_id is None:
        return "a response without an id"
    return f"response {_short(response.response_id)}"


def _short(id: str | None) -> str:
    return one_line(id or "", MAX_VALUE_CHARS)
