"""Steering on a WebSocket: input for a response in progress, and the events that report on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ._call_matching import answer_type, open_calls
from ._http_types import ApiError
from ._json_types import JSONObject, objects
from ._output_items import ModelOutput
from ._response_object import usage
from ._schema_checks import check_of
from ._store import AnsweredRequest
from ._stream_events import TERMINAL

MAX_PENDING_STEERS = 16

_OPENING = ("response.created", "response.queued", "response.in_progress")
_EVENT = check_of("ResponseSteerEvent")


def owed_items(output: Sequence[JSONObject]) -> list[JSONObject]:
    """Return stubs of the items that a client must send before the response can be continued."""
    owed: list[JSONObject] = []
    for call in open_calls(output):
        kind = call["type"]
        key = {"call_id": call.get("call_id")}
        if kind == "mcp_approval_request":
            key = {"approval_request_id": call.get("id")}
        elif kind == "function_call":
            key["name"] = call.get("name")
        elif kind == "tool_search_call":
            key["execution"] = "client"
        owed.append({"type": answer_type(call), **key})
    return owed


@dataclass(frozen=True, slots=True)
class Steer:
    """Accepted input for a response: its id, the id of the response, and the input as it was sent."""

    id: str
    target: str
    given: Any

    def items(self) -> list[JSONObject]:
        """Return the input as items."""
        if isinstance(self.given, str):
            return [{"role": "user", "content": self.given}]
        return objects(self.given)

    def accepted(self) -> JSONObject:
        """Return the event that reports that it is accepted."""
        return {"type": "response.steer.accepted", "steer": self._ref()}

    def pending(self, output: Sequence[JSONObject]) -> JSONObject:
        """Return the event that reports that it waits until the client answers the calls in an output."""
        return {
            "type": "response.steer.pending",
            "steer": self._ref(),
            "reason": "waiting_for_required_input",
            "required_input": owed_items(output),
        }

    def failed(self, code: str, message: str) -> JSONObject:
        """Return the event that reports that it failed."""
        return failed_event({**self._ref(), "input": self.given}, code, message)

    def _ref(self) -> JSONObject:
        return {"id": self.id, "previous_response_id": self.target}


@dataclass(slots=True)
class LiveResponse:
    """A response on a WebSocket with the state of its stream and its steers.

    `next_number` is the sequence number of the next event; events of the stream and events about steers share
    one count. `is_over` is whether the last event was sent; from then on the response cannot be steered.
    """

    answered: AnsweredRequest
    stream_id: str | None
    is_over: bool = False
    next_number: int = 0
    steers: list[Steer] = field(default_factory=list[Steer])
    _done: list[JSONObject] = field(default_factory=list[JSONObject])
    _item_is_open: bool = False

    @property
    def output(self) -> list[JSONObject]:
        """The output of the response."""
        return objects(self.answered.response.get("output"))

    def sent(self, event: Mapping[str, Any]) -> JSONObject:
        """Return an event as it is sent, with its number and lane, and update the state of the stream."""
        kind = str(event["type"])
        if kind == "response.output_item.done":
            self._done.append(event["item"])
        self._item_is_open = self._item_is_open and kind != "response.output_item.done"
        self._item_is_open = self._item_is_open or kind == "response.output_item.added"
        self.is_over = self.is_over or _is_terminal(event)
        lane = {} if self.stream_id is None else {"stream_id": self.stream_id}
        numbered = {**event, "sequence_number": self.next_number, **lane}
        self.next_number += 1
        return numbered

    def can_stop_before(self, event: Mapping[str, Any]) -> bool:
        """Whether a steered response may end here: no item is open, and no call would remain unanswered."""
        between = not self._item_is_open and event["type"] not in _OPENING and not _is_terminal(event)
        return bool(self.steers) and between and not owed_items(self.output)

    def stop(self) -> JSONObject:
        """End the response with the output that was sent so far; return its last event."""
        response = {
            **self.answered.response,
            "status": "incomplete",
            "completed_at": None,
            "incomplete_details": {"reason": "steered"},
            "output": [*self._done],
            "usage": usage(self.answered.body, self.answered.history, ModelOutput([*self._done])),
        }
        self.answered = replace(self.answered, response=response)
        return {"type": "response.incomplete", "response": response}

    def successor(self) -> JSONObject:
        """Return the request that continues with the steers, with the settings of this response."""
        items = [item for steer in self.steers for item in steer.items()]
        return {**self.answered.body, "previous_response_id": self.answered.response["id"], "input": items}


def _is_terminal(event: Mapping[str, Any]) -> bool:
    return str(event["type"]).removeprefix("response.") in TERMINAL


class SteerRefused(Exception):
    """A refusal to steer, with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def accept_steer(event: JSONObject, live: LiveResponse | None, id: str) -> JSONObject:
    """Accept the input of a `response.steer` event; return the event that reports it.

    Raises:
        SteerRefused: The event is not valid, or the response cannot be steered.
    """
    try:
        _EVENT(event, "")
    except ApiError as error:
        raise SteerRefused("invalid_input", str(error)) from error
    target = event["previous_response_id"]
    if live is None:
        raise SteerRefused(
            "response_not_found", f"Response with id '{target}' was not made on this connection."
        )
    body = live.answered.body
    if body.get("conversation") is not None or body.get("context_management") is not None:
        message = "Responses of a conversation, and those with automatic compaction, cannot be steered."
        raise SteerRefused("steering_not_supported", message)
    if live.is_over:
        status = live.answered.response.get("status")
        code = "response_already_completed" if status == "completed" else "response_not_active"
        raise SteerRefused(code, f"Response with id '{target}' is {status}.")
    if len(live.steers) >= MAX_PENDING_STEERS:
        message = f"Response with id '{target}' has {MAX_PENDING_STEERS} pending inputs already."
        raise SteerRefused("too_many_pending_steers", message)
    steer = Steer(id, target, event["input"])
    live.steers.append(steer)
    return live.sent(steer.accepted())


def refused_event(event: JSONObject, live: LiveResponse | None, reason: SteerRefused) -> JSONObject:
    """Return the event that refuses a `response.steer`; it contains the refused input."""
    given = {"previous_response_id": event.get("previous_response_id", ""), "input": event.get("input", "")}
    failed = failed_event(given, reason.code, str(reason))
    return {**failed, "sequence_number": 0} if live is None else live.sent(failed)


def failed_event(steer: JSONObject, code: str, message: str) -> JSONObject:
    """Return a `response.steer.failed` event, still without a number."""
    error = {"type": "invalid_request_error", "code": code, "message": message}
    return {"type": "response.steer.failed", "steer": steer, "error": error}
