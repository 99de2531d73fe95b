"""Steering on a WebSocket: which input is taken for a response under way, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ._create_schema import INPUT_CONTENT, STR
from ._http_types import ApiError
from ._json_checks import ARRAY, STRING, array, either, record, text
from ._json_types import JSONObject, objects
from ._output_items import Draft
from ._response_object import usage
from ._store import Made
from ._stream_events import TERMINAL

MOST_PENDING = 16

_OPENING = ("response.created", "response.queued", "response.in_progress")
_MESSAGE = record(
    "role content", type=text(values=("message",)), role=text(values=("user",)), content=INPUT_CONTENT
)
_INPUT = either({STRING: STR, ARRAY: array(_MESSAGE, shortest=1)})
_EVENT = record("type previous_response_id input", previous_response_id=STR, input=_INPUT)


# What a client answers a call with, by the type of the call; the API fills in all others itself.
_OWED = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
    "computer_call": "computer_call_output",
    "shell_call": "shell_call_output",
    "apply_patch_call": "apply_patch_call_output",
    "tool_search_call": "tool_search_output",
}


def owed_items(output: Sequence[JSONObject]) -> list[JSONObject]:
    """Stubs of the items that a client has to send before an answer can go on."""
    given = {(item.get("type"), item.get("call_id")) for item in output}
    owed: list[JSONObject] = []
    for item in output:
        kind, call_id = str(item.get("type")), item.get("call_id")
        if kind == "mcp_approval_request":
            owed.append({"type": "mcp_approval_response", "approval_request_id": item.get("id")})
        elif kind == "tool_search_call" and item.get("execution") != "client":
            continue
        elif kind in _OWED and (_OWED[kind], call_id) not in given:
            stub: JSONObject = {"type": _OWED[kind], "call_id": call_id}
            if kind == "function_call":
                stub["name"] = item.get("name")
            elif kind == "tool_search_call":
                stub["execution"] = "client"
            owed.append(stub)
    return owed


@dataclass(frozen=True, slots=True)
class Steer:
    """Input that was taken for a response."""

    id: str
    target: str
    given: Any

    def items(self) -> list[JSONObject]:
        """The input as items."""
        if isinstance(self.given, str):
            return [{"role": "user", "content": self.given}]
        return objects(self.given)

    def accepted(self) -> JSONObject:
        """The event that it was taken."""
        return {"type": "response.steer.accepted", "steer": self._ref()}

    def pending(self, output: Sequence[JSONObject]) -> JSONObject:
        """The event that it waits until the client has answered the calls in an output."""
        return {
            "type": "response.steer.pending",
            "steer": self._ref(),
            "reason": "waiting_for_required_input",
            "required_input": owed_items(output),
        }

    def failed(self, code: str, message: str) -> JSONObject:
        """The event that it came to nothing."""
        return failed_event({**self._ref(), "input": self.given}, code, message)

    def _ref(self) -> JSONObject:
        return {"id": self.id, "previous_response_id": self.target}


@dataclass(slots=True)
class Turn:
    """A response on a WebSocket: what was made, how much of it was sent, and what steers it.

    `next_number` is the sequence number of what is sent next: events about steering take part in it.
    """

    made: Made
    stream_id: str | None
    over: bool = False
    next_number: int = 0
    steers: list[Steer] = field(default_factory=list[Steer])
    _done: list[JSONObject] = field(default_factory=list[JSONObject])
    _item_is_open: bool = False

    @property
    def output(self) -> list[JSONObject]:
        """The output of the response."""
        return objects(self.made.response.get("output"))

    def sent(self, event: Mapping[str, Any]) -> JSONObject:
        """An event as it is sent, with its number and lane; the last one ends the turn."""
        kind = str(event["type"])
        if kind == "response.output_item.done":
            self._done.append(event["item"])
        self._item_is_open = self._item_is_open and kind != "response.output_item.done"
        self._item_is_open = self._item_is_open or kind == "response.output_item.added"
        self.over = self.over or _is_terminal(event)
        lane = {} if self.stream_id is None else {"stream_id": self.stream_id}
        numbered = {**event, "sequence_number": self.next_number, **lane}
        self.next_number += 1
        return numbered

    def can_stop_before(self, event: Mapping[str, Any]) -> bool:
        """Whether the response, as it is steered, may end here: nothing half said, no call left behind."""
        between = not self._item_is_open and event["type"] not in _OPENING and not _is_terminal(event)
        return bool(self.steers) and between and not owed_items(self.output)

    def stop(self) -> JSONObject:
        """End the response with what it has given so far; the event that says so."""
        response = {
            **self.made.response,
            "status": "incomplete",
            "completed_at": None,
            "incomplete_details": {"reason": "steered"},
            "output": [*self._done],
            "usage": usage(self.made.body, self.made.history, Draft([*self._done])),
        }
        self.made = replace(self.made, response=response)
        return {"type": "response.incomplete", "response": response}

    def successor(self) -> JSONObject:
        """The request that goes on with the pending input, with the settings of this response."""
        items = [item for steer in self.steers for item in steer.items()]
        return {**self.made.body, "previous_response_id": self.made.response["id"], "input": items}


def _is_terminal(event: Mapping[str, Any]) -> bool:
    return str(event["type"]).removeprefix("response.") in TERMINAL


class Refused(Exception):
    """Input that was not taken, with the code of the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def take(event: JSONObject, turn: Turn | None, id: str) -> JSONObject:
    """Take the input of a `response.steer` for a response; the event that says so.

    Raises `Refused` when the response cannot be steered so.
    """
    try:
        _EVENT(event, "")
    except ApiError as error:
        raise Refused("invalid_input", str(error)) from error
    target = event["previous_response_id"]
    if turn is None:
        raise Refused("response_not_found", f"Response with id '{target}' was not made on this connection.")
    body = turn.made.body
    if body.get("conversation") is not None or body.get("context_management") is not None:
        message = "Responses of a conversation, and those with automatic compaction, cannot be steered."
        raise Refused("steering_not_supported", message)
    if turn.over:
        status = turn.made.response.get("status")
        code = "response_already_completed" if status == "completed" else "response_not_active"
        raise Refused(code, f"Response with id '{target}' is {status}.")
    if len(turn.steers) >= MOST_PENDING:
        message = f"Response with id '{target}' has {MOST_PENDING} pending inputs already."
        raise Refused("too_many_pending_steers", message)
    steer = Steer(id, target, event["input"])
    turn.steers.append(steer)
    return turn.sent(steer.accepted())


def refusal(event: JSONObject, turn: Turn | None, reason: Refused) -> JSONObject:
    """The event that the input of a `response.steer` was not taken; it brings the input back."""
    given = {"previous_response_id": event.get("previous_response_id", ""), "input": event.get("input", "")}
    failed = failed_event(given, reason.code, str(reason))
    return {**failed, "sequence_number": 0} if turn is None else turn.sent(failed)


def failed_event(steer: JSONObject, code: str, message: str) -> JSONObject:
    """A `response.steer.failed`, still without a number."""
    error = {"type": "invalid_request_error", "code": code, "message": message}
    return {"type": "response.steer.failed", "steer": steer, "error": error}
