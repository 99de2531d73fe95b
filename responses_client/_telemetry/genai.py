"""What OpenTelemetry's conventions for generative AI call the facts of a call; without I/O and without OpenTelemetry.

https://github.com/open-telemetry/semantic-conventions-genai
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias, cast
from urllib.parse import urlsplit

from .._base.http import DEFAULT_PORTS
from .._calls.request import Call
from .._calls.settings import is_azure
from ..errors import APIStatusError

__all__ = [
    "SECONDS",
    "TOKENS",
    "Attributes",
    "Failing",
    "field",
    "finish_reason",
    "for_metrics",
    "generates",
    "of_call",
    "of_response",
    "of_run",
    "of_tool",
    "of_usage",
    "token_counts",
    "what_failed",
]

Attributes: TypeAlias = dict[str, str | int | float | bool | list[str]]

# The bounds of histograms that the conventions ask for.
SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = tuple(4**power for power in range(14))

# What makes a model work, and is billed. Looking at a response again must not count its tokens again.
_GENERATES = {"responses.create": "chat", "responses.compact": "responses.compact"}
_PROVIDERS = {
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
}
_OPENAI = frozenset({"openai", "azure.ai.openai"})
_NUMBERS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_output_tokens": "max_tokens",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
_OUTPUT_TYPES = {"text": "text", "json_schema": "json", "json_object": "json"}
_OF_METRICS = (
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "server.address",
    "server.port",
    "error.type",
)
_USAGE = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "cache_read.input_tokens": ("input_tokens_details", "cached_tokens"),
    "cache_creation.input_tokens": ("input_tokens_details", "cache_write_tokens"),
    "reasoning.output_tokens": ("output_tokens_details", "reasoning_tokens"),
}
_TO_BE_DONE = frozenset({"function_call", "custom_tool_call"})
_REASONS = {"max_output_tokens": "length"}
_CODE = r"[\w.-]{1,64}"


def generates(call: Call[Any]) -> bool:
    """Say whether a call makes a model work."""
    return call.operation.name in _GENERATES


def _of_server(operation: str, url: str, provider: str | None) -> Attributes:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if provider is None:
        provider = "azure.ai.openai" if is_azure(url) else _PROVIDERS.get(host, "openai")
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": provider,
        "server.address": host,
        "server.port": parts.port or DEFAULT_PORTS[parts.scheme],
    }


def of_run(base_url: str, params: Mapping[str, object], provider: str | None) -> Attributes:
    """Give what is known of a run of tools at its start."""
    found = _of_server("invoke_agent", base_url, provider)
    _put(found, "gen_ai.request.model", params.get("model"))
    _put(found, "gen_ai.conversation.id", params.get("conversation"))
    return found


def of_tool(call: object) -> Attributes:
    """Give what is known of a call of a tool before it runs."""
    found: Attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.type": "function"}
    _put(found, "gen_ai.tool.name", field(call, "name") or field(call, "type"))
    _put(found, "gen_ai.tool.call.id", field(call, "call_id") or field(call, "id"))
    return found


def of_call(call: Call[Any], provider: str | None) -> tuple[str, Attributes]:
    """Give the name of the span of a call, and what is known at its start."""
    name = call.operation.name
    operation = _GENERATES.get(name, name)
    extra = cast("Mapping[str, object] | None", call.params.get("extra_body")) or {}
    arguments = {**call.params, **extra}
    found = _of_server(operation, call.request.url, provider)
    model = arguments.get("model")
    if isinstance(model, str):
        found["gen_ai.request.model"] = model
    for ours, theirs in _NUMBERS.items():
        if (number := arguments.get(ours)) is not None and _is_number(number):
            found[f"gen_ai.request.{theirs}"] = cast("float", number)
    if arguments.get("stream") is True:
        found["gen_ai.request.stream"] = True
    _put(found, "gen_ai.output.type", _OUTPUT_TYPES.get(str(field(arguments, "text", "format", "type"))))
    if name.startswith("conversations."):
        _put(found, "gen_ai.conversation.id", next(iter(call.path), None))
    else:
        conversation = arguments.get("conversation")
        given = conversation if isinstance(conversation, str) else field(conversation, "id")
        _put(found, "gen_ai.conversation.id", given)
    if name.startswith("responses."):
        _put(found, "gen_ai.response.id", next(iter(call.path), None))
        if found["gen_ai.provider.name"] in _OPENAI:
            found["openai.api.type"] = "responses"
            tier = arguments.get("service_tier")
            _put(found, "openai.request.service_tier", None if tier == "auto" else tier)
    return f"{operation} {model}" if isinstance(model, str) else operation, found


def of_response(response: object, provider: str) -> Attributes:
    """Give what a response tells, whole or in part; nothing for what is none."""
    found: Attributes = {}
    kind = str(field(response, "object"))
    if kind == "conversation":
        _put(found, "gen_ai.conversation.id", field(response, "id"))
    if not kind.startswith("response"):
        return found
    _put(found, "gen_ai.response.id", field(response, "id"))
    _put(found, "gen_ai.response.model", field(response, "model"))
    _put(found, "gen_ai.conversation.id", field(response, "conversation", "id"))
    if provider in _OPENAI:
        _put(found, "openai.response.service_tier", field(response, "service_tier"))
    reason = finish_reason(response)
    if reason is not None:
        found["gen_ai.response.finish_reasons"] = [reason]
    return found | of_usage(response)


def of_usage(response: object) -> Attributes:
    """Give the tokens that a response used."""
    counts = {name: field(response, "usage", *path) for name, path in _USAGE.items()}
    return {f"gen_ai.usage.{name}": count for name, count in counts.items() if isinstance(count, int)}


def finish_reason(response: object) -> str | None:
    """Say why the model stopped, in the words of the conventions; None while it has not."""
    status = field(response, "status")
    if status == "completed":
        output = field(response, "output")
        items = cast("list[object]", output) if isinstance(output, list) else []
        return "tool_calls" if any(field(item, "type") in _TO_BE_DONE for item in items) else "stop"
    if status == "incomplete":
        reason = field(response, "incomplete_details", "reason")
        return _REASONS.get(reason, reason) if isinstance(reason, str) else "incomplete"
    return {"failed": "error", "cancelled": "cancelled"}.get(str(status))


class Failing(NamedTuple):
    """What went wrong: `type` is the `error.type` of the conventions, `text` says more, and quotes no sentences."""

    type: str
    text: str


def what_failed(error: BaseException | None, response: object) -> Failing | None:
    """Name what went wrong, be it an exception or a response that failed; None if nothing did."""
    if error is not None:
        kind = type(error).__qualname__
        status = error.status_code if isinstance(error, APIStatusError) else None
        code = getattr(error, "code", None)
        parts = (kind, "" if status is None else str(status), _code(code) or "")
        return Failing(kind, " ".join(filter(None, parts)))
    if field(response, "status") != "failed":
        return None
    kind = _code(field(response, "error", "code")) or "failed"
    return Failing(kind, f"The response failed: {kind}")


def for_metrics(attributes: Attributes) -> Attributes:
    """Choose what measurements are told apart by: only what has few values."""
    return {name: attributes[name] for name in _OF_METRICS if name in attributes}


def token_counts(attributes: Attributes) -> dict[str, int]:
    """Give the tokens used by their kind."""
    counts = {kind: attributes.get(f"gen_ai.usage.{kind}_tokens") for kind in ("input", "output")}
    return {kind: count for kind, count in counts.items() if isinstance(count, int)}


def field(value: object, *path: str) -> object:
    """Look into models and dicts; None where there is nothing."""
    for name in path:
        if isinstance(value, Mapping):
            value = cast("Mapping[str, object]", value).get(name)
        else:
            value = getattr(value, name, None)
    return value


def _put(attributes: Attributes, name: str, value: object) -> None:
    if isinstance(value, str) and value:
        attributes[name] = value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _code(value: object) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(_CODE, value) else None
