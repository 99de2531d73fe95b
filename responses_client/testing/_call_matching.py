"""Calls and the items that answer them, matched as the API matches them before it runs the model.

An answer belongs to a call of its kind that stands before it, in the history of the request or in its input.
Every call needs an answer, except those that the API answers itself and those that may be answered later. The
messages are those of the API, but for the one about approval requests that do not exist, which is a guess.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._http_types import ApiError
from ._json_types import JSONObject
from ._schema_checks import types_of

_ITEM_TYPES = types_of("InputItem")

# The type of the item that answers a call, by the type of the call; both names say which tool it is.
ANSWER_TYPES: dict[str, str] = {
    call: answer
    for call in _ITEM_TYPES
    if call.endswith("_call")
    for answer in (f"{call}_output", f"{call.removesuffix('_call')}_output")
    if answer in _ITEM_TYPES
}
_CALL_TYPES = {answer: call for call, answer in ANSWER_TYPES.items()}
_REQUEST, _RESPONSE = "mcp_approval_request", "mcp_approval_response"


def open_calls(items: Sequence[JSONObject]) -> list[JSONObject]:
    """Return the calls and approval requests among some items that a client must still answer."""
    answered = {_answered_call(item) for item in items}
    return [item for item in items if _is_for_the_client(item) and _key(item) not in answered]


def answer_type(call: JSONObject) -> str:
    """Return the type of the item that answers a call or an approval request."""
    return _RESPONSE if call["type"] == _REQUEST else ANSWER_TYPES[call["type"]]


def check_calls(items: Sequence[JSONObject]) -> None:
    """Refuse a conversation, from its first item to the end of the input, with a call or an answer alone."""
    known: set[tuple[str, str]] = set()
    for item in items:
        if _is_call(item):
            known.add(_key(item))
        elif (call := _answered_call(item)) is not None and call not in known:
            raise _refusal(_no_call(str(item["type"]), call[1]))
    waiting = open_calls(items)
    calls = [call for call in waiting if call["type"] != _REQUEST]
    if calls:
        kind, call_id = _key(calls[0])
        raise _refusal(f"No tool output found for {_words(kind)} {call_id}.")
    if waiting:
        ids = ", ".join(_key(request)[1] for request in waiting)
        raise _refusal(f"The following MCP approval requests do not have an approval: {ids}")


def _refusal(message: str) -> ApiError:
    return ApiError(400, message, param="input")


def _no_call(kind: str, call_id: str) -> str:
    if kind == _RESPONSE:
        return f"No approval request found for MCP approval response with approval_request_id {call_id}."
    return f"No tool call found for {_words(kind)} with call_id {call_id}."


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _is_call(item: JSONObject) -> bool:
    """Whether an item is a call that an item after it may answer."""
    return item.get("type") in ANSWER_TYPES or item.get("type") == _REQUEST


def _is_for_the_client(item: JSONObject) -> bool:
    """Whether an item is a call that the client must answer before the model continues."""
    if item.get("type") == "tool_search_call":
        return item.get("execution") == "client"
    # The output of an asynchronous call may come in any later request.
    return _is_call(item) and item.get("async") is not True


def _key(call: JSONObject) -> tuple[str, str]:
    """Return the type and the id by which an answer names a call."""
    return str(call["type"]), str(call.get("id" if call["type"] == _REQUEST else "call_id"))


def _answered_call(item: JSONObject) -> tuple[str, str] | None:
    """Return the type and the id of the call that an item answers; None if it answers none."""
    kind = item.get("type")
    if kind == _RESPONSE:
        return _REQUEST, str(item.get("approval_request_id"))
    # A local shell output has the id of its call as `id` in the published schema; others may name no call.
    call_id = item.get("call_id") or (item.get("id") if kind == "local_shell_call_output" else None)
    return None if kind not in _CALL_TYPES or call_id is None else (_CALL_TYPES[str(kind)], str(call_id))
