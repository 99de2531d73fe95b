"""The response object: the output, its usage, and the fields that echo the request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._definitions import RESPONSE_FIELDS
from ._json_types import JSONObject, as_object, is_object, objects
from ._output_items import ModelOutput
from ._request_input import count_tokens, input_items
from ._schema_checks import CREATE, fields_of

# Fields of a response whose value is this default if the request does not set them.
_DEFAULTS: JSONObject = {
    "background": False,
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "model": None,
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
# Fields that are made for each response, or never shown.
_MADE = ("conversation", "input", "metadata", "reasoning", "service_tier", "text", "tools")
# Fields that a response only has if the request has them.
_ECHOED = [name for name in fields_of(CREATE) if name in RESPONSE_FIELDS.keys() - {*_DEFAULTS, *_MADE}]
_SEARCH_DEFAULTS: JSONObject = {
    "search_context_size": "medium",
    "user_location": {"type": "approximate", "city": None, "country": "US", "region": None, "timezone": None},
}
_TOOL_DEFAULTS: dict[str, JSONObject] = {
    "function": {"description": None, "parameters": None, "strict": True},
    "file_search": {
        "filters": None,
        "max_num_results": 20,
        "ranking_options": {"ranker": "auto", "score_threshold": 0.0},
    },
    "web_search": {"filters": None, **_SEARCH_DEFAULTS},
    "web_search_preview": {"domains": [], **_SEARCH_DEFAULTS},
}


def response_object(
    request: JSONObject, history: Sequence[JSONObject], output: ModelOutput, *, id: str, created_at: int
) -> JSONObject:
    """Return the whole response to a request; `created_at` is in Unix seconds."""
    cut = output.incomplete_reason
    service_tier = request.get("service_tier")
    return {
        "id": id,
        "object": "response",
        "created_at": created_at,
        "status": "incomplete" if cut else "completed",
        "completed_at": None if cut else created_at + 1,
        "error": None,
        "incomplete_details": {"reason": cut} if cut else None,
        "output": output.items,
        "reasoning": {"effort": None, "summary": None, **as_object(request.get("reasoning"))},
        "service_tier": "default" if service_tier in (None, "auto") else service_tier,
        "text": {"format": {"type": "text"}, **as_object(request.get("text"))},
        "tools": [_echoed_tool(tool) for tool in objects(request.get("tools"))],
        "usage": usage(request, history, output),
        "metadata": as_object(request.get("metadata")),
        **{name: _given(request, name, default) for name, default in _DEFAULTS.items()},
        **{name: request[name] for name in _ECHOED if request.get(name) is not None},
        **_conversation(request.get("conversation")),
    }


def usage(request: JSONObject, history: Sequence[JSONObject], output: ModelOutput) -> JSONObject:
    """Return the usage of a request and its output, in tokens."""
    read = count_tokens([*history, *input_items(request), request.get("instructions"), request.get("tools")])
    written = count_tokens(output.items) + output.reasoning_tokens
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": output.reasoning_tokens},
        "total_tokens": read + written,
    }


def _given(request: JSONObject, name: str, default: Any) -> Any:
    value = request.get(name)
    return default if value is None else value


def _conversation(given: Any) -> JSONObject:
    if given is None:
        return {}
    return {"conversation": given if is_object(given) else {"id": given}}


def _echoed_tool(tool: JSONObject) -> JSONObject:
    """Return a tool as a response shows it, with the defaults that the API fills in."""
    kind = str(tool.get("type"))
    return {"type": kind, **_TOOL_DEFAULTS.get(kind, {}), **tool}
