"""The content of requests, responses and tool calls, in the JSON of OpenTelemetry's conventions.

Loaded only if content is captured.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic_core import to_json

from .._base.json_types import JsonObject, as_array, is_object, json_or
from .._tools.calls import call_arguments
from ..models import Model
from .genai import Attributes, finish_reason

if TYPE_CHECKING:
    from ..models import OutputItem

__all__ = ["request_content", "response_content", "tool_call_content", "tool_output_content"]

_CALL_ARGUMENTS = {"function_call": "arguments", "custom_tool_call": "input"}
"""The calls that the program answers, and the fields with their arguments."""
_OUTPUT_TYPES = frozenset({"function_call_output", "custom_tool_call_output"})
_TEXT_TYPES = frozenset({"input_text", "output_text", "text", "summary_text", "reasoning_text"})
_MODALITIES = {"input_image": "image", "input_file": "document", "input_audio": "audio"}


def request_content(content: bytes) -> Attributes:
    """Return the messages, instructions and tools of a request as attributes.

    Args:
        content: The body as it is sent.
    """
    found: Attributes = {}
    body: object = json_or(content)
    if not is_object(body):
        return found
    messages = list(_messages(_items(body.get("input"), "user")))
    if messages:
        found["gen_ai.input.messages"] = _text(messages)
    instructions = body.get("instructions")
    if instructions:
        found["gen_ai.system_instructions"] = _text(
            [part for message in _messages(_items(instructions, "system")) for part in message["parts"]]
        )
    if tools := [_definition(tool) for tool in _dicts(body.get("tools"))]:
        found["gen_ai.tool.definitions"] = _text(tools)
    return found


def tool_call_content(call: OutputItem) -> Attributes:
    """Return the arguments of a tool call as an attribute."""
    given = call_arguments(call)
    return {"gen_ai.tool.call.arguments": given} if given else {}


def tool_output_content(output: object) -> Attributes:
    """Return the output of a tool as an attribute."""
    given = output.to_dict().get("output") if isinstance(output, Model) else None
    return {} if given is None else {"gen_ai.tool.call.result": _as_text(given)}


def response_content(response: object) -> Attributes:
    """Return the output of a response as an attribute, with all items in one message; none without output."""
    output = response.to_dict().get("output") if isinstance(response, Model) else None
    parts = [part for message in _messages(_dicts(output)) for part in message["parts"]]
    if not parts:
        return {}
    message: JsonObject = {"role": "assistant", "parts": parts}
    if reason := finish_reason(response):
        message["finish_reason"] = reason
    return {"gen_ai.output.messages": _text([message])}


def _items(given: object, role: str) -> list[JsonObject]:
    return [{"role": role, "content": given}] if isinstance(given, str) else _dicts(given)


def _dicts(given: object) -> list[JsonObject]:
    return [value for value in as_array(given) if is_object(value)]


def _messages(items: list[JsonObject]) -> Iterator[JsonObject]:
    for item in items:
        kind = item.get("type", "message")
        if kind == "message":
            yield {"role": item.get("role", "user"), "parts": list(_parts(item.get("content")))}
        elif kind in _OUTPUT_TYPES:
            part = {"type": "tool_call_response", "id": item.get("call_id"), "response": item.get("output")}
            yield {"role": "tool", "parts": [part]}
        else:
            yield {"role": "assistant", "parts": list(_action_parts(kind, item))}


def _action_parts(kind: str, item: JsonObject) -> Iterator[JsonObject]:
    """Yield the parts of an item that is not a message: reasoning, a call, or the use of a hosted tool."""
    if kind == "reasoning":
        for part in (*_dicts(item.get("summary")), *_dicts(item.get("content"))):
            yield {"type": "reasoning", "content": part.get("text")}
    elif kind in _CALL_ARGUMENTS:
        arguments = item.get(_CALL_ARGUMENTS[kind])
        yield {
            "type": "tool_call",
            "id": item.get("call_id"),
            "name": item.get("name"),
            "arguments": _parsed(arguments) if kind == "function_call" else arguments,
        }
    else:  # results of hosted tools are left out: pictures and pages are too large for a span
        yield {name: item[name] for name in ("type", "id", "status") if item.get(name) is not None}


def _parts(content: object) -> Iterator[JsonObject]:
    if isinstance(content, str):
        yield {"type": "text", "content": content}
    for part in _dicts(content):
        kind = part.get("type")
        if kind in _TEXT_TYPES:
            yield {"type": "text", "content": part.get("text")}
        elif kind in _MODALITIES:
            yield {"modality": _MODALITIES[kind], **_source(part)}
        elif kind == "refusal":
            yield {"type": "refusal", "content": part.get("refusal")}
        else:
            yield {"type": kind}


def _source(part: JsonObject) -> JsonObject:
    """Return the place of an image or file; data inside the request is left out, because it is too large for a span."""
    if file_id := part.get("file_id"):
        return {"type": "file", "file_id": file_id}
    url = part.get("image_url") or part.get("file_url")
    if isinstance(url, str) and not url.startswith("data:"):
        return {"type": "uri", "uri": url}
    return {"type": "blob", "content": ""}


def _definition(tool: JsonObject) -> JsonObject:
    """Return the definition of a tool; that of a hosted tool without its settings, which may hold keys of servers."""
    kept = (
        ("type", "name", "description", "parameters") if tool.get("type") == "function" else ("type", "name")
    )
    found = {name: tool[name] for name in kept if tool.get(name) is not None}
    return {"name": tool.get("server_label") or tool.get("type"), **found}


def _parsed(arguments: object) -> object:
    return json_or(arguments, arguments) if isinstance(arguments, str) else arguments


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else _text(value)


def _text(value: object) -> str:
    return to_json(value, inf_nan_mode="constants").decode()
