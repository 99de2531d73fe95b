"""The facts of calls and runs, under the names of OpenTelemetry's conventions; no I/O, and no OpenTelemetry either.

https://github.com/open-telemetry/semantic-conventions-genai
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from .._base.http import DEFAULT_PORTS
from .._base.json_types import as_array, is_mapping
from .._base.validation import is_number
from .._calls.request import Call
from .._calls.settings import is_azure
from .._tools.calls import call_key, call_name
from ..errors import APIStatusError
from ..models._base import Model, fields_of
from ..models._usage import known_counts

if TYPE_CHECKING:
    from ..models import OutputItem

__all__ = [
    "DURATION_BUCKETS_SECONDS",
    "TOKEN_BUCKETS",
    "Attributes",
    "FailureInfo",
    "call_attributes",
    "failure_info",
    "field",
    "finish_reason",
    "generates",
    "metric_attributes",
    "response_attributes",
    "run_attributes",
    "token_counts",
    "tool_attributes",
    "usage_attributes",
]

Attributes: TypeAlias = dict[str, str | int | float | bool | list[str]]

# The bucket boundaries of histograms that the conventions recommend.
DURATION_BUCKETS_SECONDS = (
    0.01,
    0.02,
    0.04,
    0.08,
    0.16,
    0.32,
    0.64,
    1.28,
    2.56,
    5.12,
    10.24,
    20.48,
    40.96,
    81.92,
)
TOKEN_BUCKETS = tuple(4**power for power in range(14))

_GENERATING = {"responses.create": "chat", "responses.compact": "responses.compact"}
"""The calls that make a model work, with the names of their operations.

Only these count tokens: a response that is retrieved must not be counted again.
"""
_PROVIDERS = {
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
}
"""The names of providers by the host of the address; `openai` for others."""
_OPENAI = frozenset({"openai", "azure.ai.openai"})
"""The providers whose spans have the attributes `openai.*`."""
_NUMBER_ARGUMENTS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_output_tokens": "max_tokens",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
"""Arguments that are numbers, and the last part of their attributes `gen_ai.request.*`."""
_OUTPUT_TYPES = {"text": "text", "json_schema": "json", "json_object": "json"}
_METRIC_ATTRIBUTES = (
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "server.address",
    "server.port",
    "error.type",
)
"""The attributes of measurements; each has few values, as each combination of values is a series of its own."""
_USAGE = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "cache_read.input_tokens": ("input_tokens_details", "cached_tokens"),
    "cache_creation.input_tokens": ("input_tokens_details", "cache_write_tokens"),
    "reasoning.output_tokens": ("output_tokens_details", "reasoning_tokens"),
}
_FUNCTION_CALLS = frozenset({"function_call", "custom_tool_call"})
_FINISH_REASONS = {"max_output_tokens": "length"}
_SAFE_CODE = r"[\w.-]{1,64}"
"""Error codes that are certainly codes; other values of a server may quote the prompt."""


def generates(call: Call[Any]) -> bool:
    """Whether a call makes a model work."""
    return call.operation.name in _GENERATING


def _server_attributes(operation: str, url: str, provider: str | None) -> Attributes:
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


def run_attributes(base_url: str, params: Mapping[str, object], provider: str | None) -> Attributes:
    """Return the attributes of a run that are known at its start."""
    found = _server_attributes("invoke_agent", base_url, provider)
    _put(found, "gen_ai.request.model", params.get("model"))
    _put(found, "gen_ai.conversation.id", params.get("conversation"))
    return found


def tool_attributes(call: OutputItem) -> Attributes:
    """Return the attributes of a tool call that are known before the tool runs."""
    found: Attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.type": "function"}
    _put(found, "gen_ai.tool.name", call_name(call))
    _put(found, "gen_ai.tool.call.id", call_key(call))
    return found


def call_attributes(call: Call[Any], provider: str | None) -> tuple[str, Attributes]:
    """Return the name of a call's span, and the attributes that are known at its start.

    Args:
        call: The call.
        provider: The name of the provider; None if the address determines it.
    """
    name = call.operation.name
    operation = _GENERATING.get(name, name)
    extra = call.params.get("extra_body")
    arguments = {**call.params, **(extra if is_mapping(extra) else {})}
    found = _server_attributes(operation, call.request.url, provider)
    model = arguments.get("model")
    if isinstance(model, str):
        found["gen_ai.request.model"] = model
    for argument, attribute in _NUMBER_ARGUMENTS.items():
        if is_number(number := arguments.get(argument)):
            found[f"gen_ai.request.{attribute}"] = number
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


def response_attributes(response: object, provider: str) -> Attributes:
    """Return the attributes of a response, which may be incomplete, or of a conversation; none for other objects."""
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
    return found | usage_attributes(response)


def usage_attributes(response: object) -> Attributes:
    """Return the numbers of tokens that a response reports; those that it does not report are not 0, but missing."""
    usage = field(response, "usage")
    if isinstance(usage, Model):
        usage = known_counts(usage)
    counts = {name: field(usage, *path) for name, path in _USAGE.items()}
    return {f"gen_ai.usage.{name}": count for name, count in counts.items() if isinstance(count, int)}


def finish_reason(response: object) -> str | None:
    """Return why the model stopped, in the words of the conventions; None while it has not."""
    status = field(response, "status")
    if status == "completed":
        output = field(response, "output")
        calls = any(field(item, "type") in _FUNCTION_CALLS for item in as_array(output))
        return "tool_calls" if calls else "stop"
    if status == "incomplete":
        reason = field(response, "incomplete_details", "reason")
        return _FINISH_REASONS.get(reason, reason) if isinstance(reason, str) else "incomplete"
    return {"failed": "error", "cancelled": "cancelled"}.get(str(status))


class FailureInfo(NamedTuple):
    """The reason of a failure, without sentences, which may quote prompts and answers.

    Attributes:
        type: The `error.type` of the conventions: a class of errors, or a code.
        text: The description for the status of the span.
    """

    type: str
    text: str


def failure_info(error: BaseException | None, response: object) -> FailureInfo | None:
    """Return the reason why an exception was raised, or why a response failed; None if there was no failure."""
    if error is not None:
        kind = type(error).__qualname__
        status = error.status_code if isinstance(error, APIStatusError) else None
        code = getattr(error, "code", None)
        parts = (kind, "" if status is None else str(status), _code(code) or "")
        return FailureInfo(kind, " ".join(filter(None, parts)))
    if field(response, "status") != "failed":
        return None
    kind = _code(field(response, "error", "code")) or "failed"
    return FailureInfo(kind, f"The response failed: {kind}")


def metric_attributes(attributes: Attributes) -> Attributes:
    """Return the attributes that measurements have, too."""
    return {name: attributes[name] for name in _METRIC_ATTRIBUTES if name in attributes}


def token_counts(attributes: Attributes) -> dict[str, int]:
    """Return the numbers of tokens by kind, "input" and "output"."""
    counts = {kind: attributes.get(f"gen_ai.usage.{kind}_tokens") for kind in ("input", "output")}
    return {kind: count for kind, count in counts.items() if isinstance(count, int)}


def field(value: object, *path: str) -> object:
    """Return a field of models and dicts inside each other; None if it is missing."""
    for name in path:
        value = fields_of(value).get(name)
    return value


def _put(attributes: Attributes, name: str, value: object) -> None:
    if isinstance(value, str) and value:
        attributes[name] = value


def _code(value: object) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(_SAFE_CODE, value) else None
