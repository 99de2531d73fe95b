"""The messages that were sent over a WebSocket and are not settled, and which of them an error can be about; no I/O."""

# How it works
# ============
#
# A server refuses a message with an `error` event, which need not say what it refuses. So everything that was sent is
# kept until no further message can be about it:
#
#     sent                  is outstanding until
#
#     a request             its last event came, or an error about it
#     a steer               its outcome came (failed, pending, the first event of the successor), or an error about it
#     any other event       an error about it came; there is no rule which other answer it has, if any
#
# The last line makes this an upper bound: an event of a new type, to which the server says nothing, stays outstanding
# as long as the session. An error that may be about such an event or about a request is then about neither for sure.
#
# `subjects` returns all that an error can be about. These decide, the first that is known:
#
#   1. `error.event_id` or `client_event_id`: the id that the user gave to the message
#   2. `stream_id`: the responses of that lane (one that waits may be refused before its turn comes), the steers of its
#      responses, and other events that named the lane
#   3. no `stream_id`, from a server that names lanes: all but the responses in progress in a lane with a name
#   4. otherwise: everything
#
# A `response_id` narrows 2 to 4 down: to the response that has this id and its steers, or, if none has it, to what has
# no id yet. It never excludes other events, since these can be about a response too (`response.cancel`).
#
# A steer that was accepted is a subject only when its response is over: until then an error is about the response, and
# from then on it is about the successor.

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from .inboxes import Inbox

__all__ = ["ErrorNames", "OtherEvent", "Outstanding", "Request", "Steer", "Subject", "listed"]

_MAX_UNREAD_STEERS = 32  # of those whose answer no Steering waits for
_MAX_EVENT_IDS = 256


class Request(NamedTuple):
    """The fields of a request that decide which events are its answer.

    Attributes:
        stream_id: The lane.
        previous_response_id: The response that it continues.
        event_id: The id that the user gave to the message.
        has_own_lane: Whether the lane was named for this request alone.
        is_unrouted: Whether it is requested without a stream: its events are unrouted.
    """

    stream_id: str | None = None
    previous_response_id: str | None = None
    event_id: str | None = None
    has_own_lane: bool = False
    is_unrouted: bool = False


class Steer:
    """A piece of input that was sent to steer a response.

    Attributes:
        response_id: The response to be steered; None if the user sent a steer without it.
        event_id: The id that the user gave to the message.
        id: The id that the server gave to the input.
        is_accepted: Whether the server has answered.
        stream_id: The lane of the response, or the one that the answer named; None if it is not known.
        inbox: The events about the input.
        successor: The response that continues from the input, once it has begun.
    """

    def __init__(
        self, response_id: str | None, *, event_id: str | None = None, is_unrouted: bool = False
    ) -> None:
        self.response_id = response_id
        self.event_id = event_id
        self.id: str | None = None
        self.is_accepted = False
        self.stream_id: str | None = None
        self.inbox: Inbox = Inbox()
        self.inbox.is_unrouted = is_unrouted
        self.successor: Inbox | None = None


class OtherEvent(NamedTuple):
    """An event that is neither a request nor a steer."""

    stream_id: str | None = None
    event_id: str | None = None


Subject: TypeAlias = Inbox | Steer | OtherEvent


class ErrorNames(NamedTuple):
    """The names in an error that identify its subject."""

    stream_id: str | None = None
    response_id: str | None = None
    event_id: str | None = None


class Outstanding:
    """Everything that was sent over one connection and is not settled.

    Attributes:
        lanes: The responses in flight, by lane, in the order of requests; a lane without any is missing.
        in_flight: All of them, in the order of requests; the dict is an ordered set.
        steers: The steers without an outcome, in the order of sending.
        others: The number of other events, by the lane that they named.
    """

    def __init__(self) -> None:
        self.lanes: dict[str | None, deque[Inbox]] = {}
        self.in_flight: dict[Inbox, None] = {}
        self.steers: list[Steer] = []
        self.others: dict[str | None, int] = {}
        self._named_others: deque[OtherEvent] = deque(maxlen=_MAX_EVENT_IDS)

    def add_request(self, request: Request) -> Inbox:
        """Return the inbox of a new request, which waits behind those of its lane."""
        inbox = Inbox(request.stream_id, request.previous_response_id)
        inbox.event_id = request.event_id
        inbox.has_own_lane = request.has_own_lane
        inbox.is_unrouted = request.is_unrouted
        self.lanes.setdefault(request.stream_id, deque()).append(inbox)
        self.in_flight[inbox] = None
        return inbox

    def add_successor(self, steers: Sequence[Steer], stream_id: str | None) -> None:
        """Put a response that continues from steers before all that wait in its lane."""
        successor = Inbox(stream_id, steers[0].response_id)
        successor.is_wanted = any(steer.inbox.is_wanted for steer in steers)
        successor.is_unrouted = all(steer.inbox.is_unrouted for steer in steers)
        self.lanes.setdefault(stream_id, deque()).appendleft(successor)
        self.in_flight = {successor: None, **self.in_flight}
        for steer in steers:
            steer.successor = successor
            steer.inbox.has_news = True
            self.steers.remove(steer)

    def remove_request(self, inbox: Inbox) -> None:
        """Forget a response after its last event."""
        lane = self.lanes[inbox.stream_id]
        lane.remove(inbox)
        if not lane:
            del self.lanes[inbox.stream_id]
        del self.in_flight[inbox]

    def add_steer(self, steer: Steer) -> None:
        """Expect the answer to a steer."""
        steered = self._steered(steer)
        steer.stream_id = None if steered is None else steered.stream_id
        self.steers.append(steer)
        self._forget_surplus(steer for steer in self.steers if steer.inbox.is_unrouted)

    def abandon_steer(self, steer: Steer) -> None:
        """Note that the answer to a steer will not be read."""
        steer.inbox.is_wanted = False
        self._forget_surplus(steer for steer in self.steers if not steer.inbox.is_wanted)

    def _forget_surplus(self, steers: Iterable[Steer]) -> None:
        for surplus in [*steers][:-_MAX_UNREAD_STEERS]:  # the server does not answer
            self.steers.remove(surplus)
            self.add_other(OtherEvent(surplus.stream_id))

    def add_other(self, event: OtherEvent) -> None:
        """Expect that an event may be refused."""
        self.others[event.stream_id] = self.others.get(event.stream_id, 0) + 1
        if event.event_id is not None:
            self._named_others.append(event)

    def settle_other(self, event: OtherEvent) -> None:
        """Note that an event was refused."""
        self.others[event.stream_id] = self.others.get(event.stream_id, 1) - 1
        if self.others[event.stream_id] == 0:
            del self.others[event.stream_id]
        if event in self._named_others:
            self._named_others.remove(event)

    def clear(self) -> None:
        """Forget everything, at the end of the connection."""
        self.lanes.clear()
        self.in_flight.clear()
        self.steers.clear()

    # Steers

    def _steered(self, steer: Steer) -> Inbox | None:
        """Return the response that is to be steered, if it is in progress."""
        known = (inbox for inbox in self.in_flight if inbox.response_id is not None)
        return next((inbox for inbox in known if inbox.response_id == steer.response_id), None)

    def steers_named(self, steer_id: str | None, response_id: str | None) -> list[Steer]:
        """Return the steers that an event can be about, by the ids in it; the first is the likely one.

        An event with an unknown id is the first about its steer. The server answers the steers of a response in the
        order of sending.
        """
        if steer_id is None and response_id is None:
            return list(self.steers)
        known = [steer for steer in self.steers if steer.id is not None and steer.id == steer_id]
        unanswered = (steer for steer in self.steers if not steer.is_accepted)
        return known or [steer for steer in unanswered if steer.response_id == response_id][:1]

    def steers_into(
        self, previous_response_id: str | None, stream_id: str | None, *, names_lanes: bool
    ) -> list[Steer]:
        """Return the steers that a new response can be the successor of; of any response if it names no parent."""
        return [
            steer
            for steer in self.steers
            if previous_response_id in (None, steer.response_id)
            and (steer.stream_id == stream_id or not names_lanes)
        ]

    # Errors

    def subjects(self, names: ErrorNames, *, names_lanes: bool) -> list[Subject]:
        """Return everything that an error can be about; `names_lanes` is whether the server names lanes."""
        sent: list[Subject] = [*self.in_flight, *self.steers, *self._named_others]
        meant = [each for each in sent if names.event_id is not None and each.event_id == names.event_id]
        if meant:
            return meant
        found: list[Inbox | Steer] = [
            *(inbox for inbox in self.in_flight if self._can_end(inbox, names, names_lanes)),
            *(steer for steer in self.steers if self._can_refuse(steer, names)),
        ]
        if names.response_id is not None:
            exact = [each for each in found if each.response_id == names.response_id]
            found = exact or [each for each in found if isinstance(each, Steer) or each.response_id is None]
        others = (OtherEvent(lane) for lane in self.others if names.stream_id in (None, lane))
        return [*found, *others]

    def _can_end(self, inbox: Inbox, names: ErrorNames, names_lanes: bool) -> bool:
        """Whether an error can be about a request, by its lane."""
        if names.stream_id is not None:
            return inbox.stream_id == names.stream_id
        return not (names_lanes and inbox.is_started and inbox.stream_id is not None)

    def _can_refuse(self, steer: Steer, names: ErrorNames) -> bool:
        """Whether an error can be about a steer, by its lane."""
        if steer.is_accepted and self._steered(steer) is not None:
            return False
        return None in (names.stream_id, steer.stream_id) or names.stream_id == steer.stream_id


def listed(subjects: Sequence[Subject]) -> str:
    """Return how many things of each kind there are, as a part of a sentence."""
    requests = sum(isinstance(each, Inbox) for each in subjects)
    steers = sum(isinstance(each, Steer) for each in subjects)
    parts = [
        f"{requests} request{'s' * (requests > 1)}" * (requests > 0),
        f"{steers} steering input{'s' * (steers > 1)}" * (steers > 0),
        "an event of send()" * any(isinstance(each, OtherEvent) for each in subjects),
    ]
    return " or ".join(filter(None, parts))
