"""A WebSocket to `/responses` without I/O: messages go in; frames, waits and signals come out.

The transport passes each message to `WebSocketSession.receive`, sends the frames that it returns, and, if it
also returns a lane, iterates over `Lane.steps` in a task of that lane. Requests with the same `stream_id`, or
with none, share a lane and are answered one after the other; lanes run side by side.

    message ── receive() ─┬─ response.create ──► queue of a lane ── Lane.steps() ──► events
                          └─ response.steer ───► LiveResponse.steers ──► accepted or failed, at once

A request in its lane:

    WAITING ──► PLAYING ──┬─ all events sent ─────────┬──► OVER
                 ▲  ▲ │   └─ steered, no item open ───┘     │
                 │  │ │ hold_after                          ├─ no steers: the next request of the lane
                 │  │ ▼                                     ├─ failed or cancelled: the steers fail
                 │  HOLD, until a message arrives           ├─ open calls: the steers are held until a
                 │                                          │  request of the lane continues the response
                 └─────────────── the successor ◄───────────┴─ otherwise

A steered response ends early, as `response.incomplete` with the reason `steered`, as soon as no item is open,
unless its output has calls that the client must answer. The successor is a copy of the request whose input is
the steers; if it is refused, the steers fail.

The events of a response and those about its steers share one sequence of numbers, so the transport holds a
lock from taking a step, or a message, until its frames are sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import partial
from typing import Any, TypeAlias

from ._create_schema import check_create
from ._expectations import Expectation, UnexpectedRequest
from ._http_types import Answer, ApiError, Pace
from ._ids import Ids
from ._json_checks import OBJECT, STRING, boolean, expect, missing, refuse, unsupported
from ._json_types import JSONObject, as_object, encode, load
from ._recorded_request import MESSAGE, RecordedRequest, recorded
from ._request_input import input_items
from ._response_operations import admit, answer_request
from ._schema_checks import check_of_field, types_of
from ._script_queue import Check, RawEvents, ScriptedOutput
from ._steering import LiveResponse, Steer, SteerRefused, accept_steer, owed_items, refused_event
from ._store import Memory, Store
from ._stream_events import padded, stream_events


class Signal(Enum):
    """A step of a connection other than sending and waiting."""

    HOLD = auto()
    """Continue when the client has sent something."""
    CLOSE = auto()
    """Close the connection with a closing handshake."""
    BREAK = auto()
    """Close the connection without a closing handshake."""


# A frame to send, seconds to wait, or a signal.
Step: TypeAlias = bytes | float | Signal

_STREAM_ID = check_of_field("ResponseCreateEvent", "stream_id")
_CLIENT_EVENTS = types_of("ClientEvent")


@dataclass(frozen=True, slots=True)
class StartedAnswer:
    """The answer to a request: events, or bytes that are sent as they are; or the error that refuses it."""

    parts: Sequence[Mapping[str, Any] | bytes] = ()
    pace: Pace = field(default_factory=Pace)
    live: LiveResponse | None = None
    error: ApiError | None = None


class WebSocketSession:
    """The state of one connection: its lanes, its responses, and steers that wait for tool outputs.

    `received` counts the messages of the client. `memory` has all responses of the connection, even those
    with `store` false.
    """

    def __init__(
        self, store: Store, url: str, headers: Mapping[str, str], record: Callable[[RecordedRequest], None]
    ) -> None:
        self.store = store
        self.memory: Memory = Memory()
        self.live_responses: dict[str, LiveResponse] = {}
        self.received: int = 0
        self._url = url
        self._headers = headers
        self._record = record
        self._lanes: dict[str | None, Lane] = {}
        self._held: dict[str, tuple[Lane, list[Steer]]] = {}
        self._steer_ids = Ids("steer")

    def receive(self, message: bytes) -> tuple[list[bytes], Lane | None]:
        """Take a message; return the frames to send at once, and the lane that now has a request, if any."""
        self.received += 1
        self._record(recorded(MESSAGE, self._url, self._headers, message, self._history))
        try:
            event = _parsed(message)
            if event["type"] == "response.steer":
                return [encode(self._steer(event))], None
            return [], self._queued(event)
        except ApiError as error:
            return [encode(error_event(error))], None

    def _history(self, body: JSONObject) -> list[JSONObject]:
        with self.store.lock:
            return self.store.known_history(body, self.memory)

    def _steer(self, event: JSONObject) -> JSONObject:
        live = self.live_responses.get(str(event.get("previous_response_id")))
        try:
            return accept_steer(event, live, self._steer_ids.new("steer"))
        except SteerRefused as reason:
            return refused_event(event, live, reason)

    def _queued(self, event: JSONObject) -> Lane:
        if "stream_id" in event:
            _STREAM_ID(event["stream_id"], "stream_id")
        stream_id = event.get("stream_id")
        lane = self._lanes.setdefault(stream_id, Lane(self, stream_id))
        body = {name: event[name] for name in event if name not in ("type", "stream_id")}
        lane.waiting.append((body, self.received))
        return lane

    def start(self, lane: Lane, given: JSONObject) -> StartedAnswer:
        """Begin to answer a request, with a scripted answer, with a response, or with a refusal."""
        with self.store.lock:
            check = partial(self._compare, given)
            try:
                canned = self.store.script.begin(check)
                if canned is not None:
                    return _canned(canned[0].answer, canned[1])
                return self._answered(lane, given, check)
            except ApiError as error:
                return self._failed(given, error)
            except UnexpectedRequest as error:
                return self._failed(given, error.api_error())

    def _failed(self, given: JSONObject, error: ApiError) -> StartedAnswer:
        """Forget the response that a refused request continues, unless it is stored, as the API does."""
        previous = str(given.get("previous_response_id"))
        self.memory.responses.pop(previous, None)
        self.memory.contexts.pop(previous, None)
        return StartedAnswer(error=error)

    def _compare(self, given: JSONObject, expected: Expectation) -> None:
        items = [*self._history(given), *input_items(given)]
        expected.check("The request on a WebSocket", given, items)

    def _answered(self, lane: Lane, given: JSONObject, check: Check) -> StartedAnswer:
        body = {name: given[name] for name in given if name != "generate"}
        prewarm = as_object(body.get("prompt_cache_options")).get("prewarm") is True
        generate = given.get("generate") is not False and not prewarm
        if self.store.validate:
            boolean(given.get("generate", True), "generate")
            _check(body, generate=generate)
        history = self.store.history(body, self.memory)
        previous = str(body.get("previous_response_id"))
        held = self._held.get(previous)
        waits = held is not None and held[0] is lane
        if held is not None and waits:
            steered = [item for steer in held[1] for item in steer.items()]
            body["input"] = [*steered, *input_items(body)]
        admit(self.store, body, history)
        if generate:
            scripted, pace = self.store.script.next_output(check, body, history)
        else:
            scripted, pace = ScriptedOutput(), self.store.script.pace()
        if isinstance(scripted, RawEvents):
            return StartedAnswer(scripted.parts, pace)
        answered = answer_request(self.store, body, history, scripted)
        if waits:
            # Not before: steers stay pending when the request that would take them is refused.
            del self._held[previous]
        self.store.keep(answered)
        self.memory.keep(answered, answered.response)
        live = self.live_responses[answered.response["id"]] = LiveResponse(answered, lane.stream_id)
        obfuscation = as_object(body.get("stream_options")).get("include_obfuscation") is True
        return StartedAnswer(
            [padded(e) if obfuscation else e for e in stream_events(answered.response)], pace, live
        )

    def stop(self, live: LiveResponse) -> JSONObject:
        """End a steered response early, also where it is stored; return its last event."""
        before = live.answered.response
        event = live.stop()
        with self.store.lock:
            for memory in (self.store.memory, self.memory):
                if memory.responses.get(before["id"]) is before:
                    memory.responses[before["id"]] = live.answered.response
        return event

    def hold(self, lane: Lane, live: LiveResponse) -> None:
        """Hold the steers of a response until the client has answered its calls."""
        self._held[live.answered.response["id"]] = (lane, live.steers)


class Lane:
    """A queue of the requests with one `stream_id`, or with none, which are answered one after the other."""

    def __init__(self, session: WebSocketSession, stream_id: str | None) -> None:
        self.stream_id = stream_id
        # Requests, each with the number of messages received up to and with it.
        self.waiting: deque[tuple[JSONObject, int]] = deque()
        self.is_running = False
        self._session = session

    def steps(self) -> Iterator[Step]:
        """Iterate over the steps of the connection until the queue is empty."""
        while self.waiting:
            yield from self._answer(*self.waiting.popleft())

    def _answer(self, body: JSONObject, received: int) -> Iterator[Step]:
        """Answer a request, and after it the successors that steers cause."""
        before: LiveResponse | None = None
        following: JSONObject | None = body
        while following is not None:
            started = self._session.start(self, following)
            if started.error is not None:
                started = replace(started, parts=self._refused(started.error, before))
            yield from self._play(started, received)
            before, received = started.live, self._session.received
            following = None if before is None else (yield from self._follow_up(before))

    def _play(self, started: StartedAnswer, received: int) -> Iterator[Step]:
        live, pace, damage = started.live, started.pace, started.pace.damage
        count = 0
        for part in started.parts:
            if count == pace.cut_after:
                break
            yield pace.per_event if count else pace.delay
            while count == pace.hold_after and self._session.received < received + pace.hold_for:
                yield Signal.HOLD
            frame = part if isinstance(part, bytes) else encode(self._sent(part, live))
            yield frame if damage is None or count != damage.after else damage.apply(frame)
            count += 1
            if live is not None and live.is_over:
                break
        if live is not None:
            live.is_over = True
        if count == pace.cut_after:
            yield Signal.CLOSE if pace.clean_cut else Signal.BREAK

    def _sent(self, event: Mapping[str, Any], live: LiveResponse | None) -> Mapping[str, Any]:
        """Return an event as it is sent, or the last event if a steered response can stop here."""
        if live is None:
            return event
        return live.sent(self._session.stop(live) if live.can_stop_before(event) else event)

    def _refused(self, error: ApiError, before: LiveResponse | None) -> list[JSONObject]:
        """Return the events for a refused request; for a successor, that its steers have failed."""
        if before is not None:
            failed = [steer.failed("successor_creation_failed", str(error)) for steer in before.steers]
            return [before.sent(event) for event in failed]
        lane = {} if self.stream_id is None else {"stream_id": self.stream_id}
        return [{**error_event(error), **lane}]

    def _follow_up(self, live: LiveResponse) -> Generator[Step, None, JSONObject | None]:
        """Settle the steers of a response that is over; return the successor that they cause, if any."""
        status = live.answered.response.get("status")
        if not live.steers:
            return None
        if status not in ("completed", "incomplete"):
            for steer in live.steers:
                failed = steer.failed("response_not_active", f"The response is {status}.")
                yield encode(live.sent(failed))
            return None
        if owed_items(live.output):
            for steer in live.steers:
                yield encode(live.sent(steer.pending(live.output)))
            self._session.hold(self, live)
            return None
        return live.successor()


def error_event(error: ApiError) -> JSONObject:
    """Return the event that carries an error on a WebSocket."""
    headers = {"headers": error.headers} if error.headers else {}
    return {"type": "error", "status": error.status, "error": {**error.error, **headers}}


def _parsed(message: bytes) -> JSONObject:
    """Return the event in a message, or refuse the message."""
    try:
        event = load(message)
    except ValueError:
        raise ApiError(400, "We could not parse the JSON of your message.") from None
    expect(event, "", OBJECT)
    if "type" not in event:
        missing("type")
    expect(event["type"], "type", STRING)
    if event["type"] not in _CLIENT_EVENTS:
        unsupported(event["type"], _CLIENT_EVENTS, "type")
    return as_object(event)


def _check(body: JSONObject, *, generate: bool) -> None:
    """Refuse a request that the API would refuse; one that generates nothing needs no input."""
    if body.get("background") is True:
        refuse("'background' is not supported on a WebSocket.", "background", None)
    check_create({**({} if generate else {"input": []}), **body, "stream": True})


def _canned(answer: Answer | None, pace: Pace) -> StartedAnswer:
    """Return a canned answer: an error of the API, a body that is sent unchanged, or a broken connection."""
    if answer is None:
        return StartedAnswer(pace=Pace(cut_after=0))
    body = b"".join(answer.chunks)
    try:
        error = as_object(as_object(load(body)).get("error"))
    except ValueError:
        error = {}
    if answer.status < 400 or not error:
        return StartedAnswer([body], pace)
    kind, message = str(error.get("type")), str(error.get("message"))
    code, param = error.get("code"), error.get("param")
    headers = answer.headers
    refused = ApiError(answer.status, message, type=kind, param=param, code=code, headers=headers)
    return StartedAnswer(pace=pace, error=refused)
