"""What is asked and answered, in the JSON of OpenTelemetry's conventions; loaded when content is captured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias, cast

from pydantic_core import from_json, to_json

from ..models import Model
from .genai import Attributes, finish_reason

__all__ = ["of_output", "of_request", "of_tool_call", "of_tool_output"]

Json: TypeAlias = dict[str, Any]

# Calls whose results are to come from here, and the field with their arguments.
_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
_RESULTS = frozenset({"function_call_output", "custom_tool_call_output"})
_TEXTS = frozenset({"input_text", "output_text", "text", "summary_text", "reasoning_text"})
_MODALITIES = {"input_image": "image", "input_file": "document", "input_audio": "audio"}


def of_request(content: bytes) -> Attributes:
    """Give what a request asks: messages, instructions and tools."""
    body: Json = from_json(content)
    found: Attributes = {}
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


def of_tool_call(call: object) -> Attributes:
    """Give what a tool is called with."""
    fields = call.to_dict() if isinstance(call, Model) else {}
    given = fields.get("arguments", fields.get("input", fields.get("action", fields.get("operation"))))
    return {} if given is None else {"gen_ai.tool.call.arguments": _as_text(given)}


def of_tool_output(output: object) -> Attributes:
    """Give what a tool gave."""
    given = output.to_dict().get("output") if isinstance(output, Model) else None
    return {} if given is None else {"gen_ai.tool.call.result": _as_text(given)}


def of_output(response: object) -> Attributes:
    """Give what a response says, as one message; nothing if it says nothing."""
    output = response.to_dict().get("output") if isinstance(response, Model) else None
    parts = [part for message in _messages(_dicts(output)) for part in message["parts"]]
    if not parts:
        return {}
    message: Json = {"role": "assistant", "parts": parts}
    if reason := finish_reason(response):
        message["finish_reason"] = reason
    return {"gen_ai.output.messages": _text([message])}


def _items(given: object, role: str) -> list[Json]:
    return [{"role": role, "content": given}] if isinstance(given, str) else _dicts(given)


def _dicts(given: object) -> list[Json]:
    values = cast("list[object]", given) if isinstance(given, list) else []
    return [cast("Json", value) for value in values if isinstance(value, dict)]


def _messages(items: list[Json]) -> Iterator[Json]:
    for item in items:
        kind = item.get("type", "message")
        if kind == "message":
            yield {"role": item.get("role", "user"), "parts": list(_parts(item.get("content")))}
        elif kind in _RESULTS:
            part = {"type": "tool_call_response", "id": item.get("call_id"), "response": item.get("output")}
            yield {"role": "tool", "parts": [part]}
        else:
            yield {"role": "assistant", "parts": list(_done(kind, item))}


def _done(kind: str, item: Json) -> Iterator[Json]:
    """Yield the parts of what a model did beside talking."""
    if kind == "reasoning":
        for part in (*_dicts(item.get("summary")), *_dicts(item.get("content"))):
            yield {"type": "reasoning", "content": part.get("text")}
    elif kind in _CALLS:
        arguments = item.get(_CALLS[kind])
        yield {
            "type": "tool_call",
            "id": item.get("call_id"),
            "name": item.get("name"),
            "arguments": _parsed(arguments) if kind == "function_call" else arguments,
        }
    else:  # of hosted tools, only that they were used: pictures and pages would fill the span
        yield {name: item[name] for name in ("type", "id", "status") if item.get(name) is not None}


def _parts(content: object) -> Iterator[Json]:
    if isinstance(content, str):
        yield {"type": "text", "content": content}
    for part in _dicts(content):
        kind = part.get("type")
        if kind in _TEXTS:
            yield {"type": "text", "content": part.get("text")}
        elif kind in _MODALITIES:
            yield {"modality": _MODALITIES[kind], **_source(part)}
        elif kind == "refusal":
            yield {"type": "refusal", "content": part.get("refusal")}
        else:
            yield {"type": kind}


def _source(part: Json) -> Json:
    """Tell where a picture or file is; data that stand in the request are left out, as they would fill the span."""
    if file_id := part.get("file_id"):
        return {"type": "file", "file_id": file_id}
    url = part.get("image_url") or part.get("file_url")
    if isinstance(url, str) and not url.startswith("data:"):
        return {"type": "uri", "uri": url}
    return {"type": "blob", "content": ""}


def _definition(tool: Json) -> Json:
    """Describe a tool, without what lets it into other servers."""
    kept = (
        ("type", "name", "description", "parameters") if tool.get("type") == "function" else ("type", "name")
    )
    found = {name: tool[name] for name in kept if tool.get(name) is not None}
    return {"name": tool.get("server_label") or tool.get("type"), **found}


def _parsed(arguments: object) -> object:
    try:
        return from_json(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return arguments


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else _text(value)


def _text(value: object) -> str:
    return to_json(value, inf_nan_mode="constants").decode()
