"""Checks of the request body of `POST /responses`, with the error bodies of the API.

The fields are checked by the schema: unknown and missing names are refused, as the API does. Mistakes that the API
only finds while it works on a request are not checked here.
"""

from __future__ import annotations

from typing import Any

from ._declared_tools import declared_tools, is_chosen
from ._json_checks import missing, refuse
from ._json_types import JSONObject, is_object
from ._schema_checks import CREATE, check_of

_REQUEST = check_of(CREATE)


def check_create(body: JSONObject) -> None:
    """Refuse the body of `POST /responses` for the first mistake that the API would report."""
    _REQUEST(body, "")
    if body.get("model") is None and body.get("prompt") is None:
        missing("model")
    if all(body.get(name) is None for name in ("input", "previous_response_id", "prompt", "conversation")):
        missing("input")
    check_one_history(body)
    if body.get("background") is True and body.get("store") is False:
        refuse(
            "Background responses have to be stored: 'background' needs 'store' to be true or left out.",
            "background",
            None,
        )
    if body.get("stream_options") is not None and body.get("stream") is not True:
        refuse(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options", None
        )
    # A prompt template may have tools that its request does not show.
    if body.get("prompt") is None:
        _check_choice(body.get("tool_choice"), declared_tools(body))


def check_one_history(body: JSONObject) -> None:
    """Refuse a request that continues both a response and a conversation."""
    if body.get("previous_response_id") is not None and body.get("conversation") is not None:
        refuse(
            "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. Ensure you are only"
            " providing one of: 'previous_response_id' or 'conversation'.",
            "",
            "mutually_exclusive_parameters",
        )


def _check_choice(choice: Any, tools: list[JSONObject]) -> None:
    """Refuse a tool choice that forces a tool which the request does not have."""
    if choice == "required" and not tools:
        refuse("Tool choice 'required' must be specified with 'tools' parameter.", "tool_choice", None)
    if is_object(choice) and choice["type"] != "allowed_tools":
        named = choice.get("server_label") or choice.get("name") or choice["type"]
        if not any(is_chosen(tool, choice) for tool in tools):
            refuse(f"Tool choice '{named}' not found in 'tools' parameter.", "tool_choice", None)
