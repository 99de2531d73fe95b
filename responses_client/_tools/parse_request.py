"""The request of `responses.parse` and `stream`: its arguments, and the types of its answer; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._base.error_frames import hide_values
from .._base.json_types import is_mapping, is_sequence
from .._calls.endpoints import RESPONSES_CREATE

if TYPE_CHECKING:
    from .._structured.output_type import OutputType
    from .._structured.parsed import ReaderOf

__all__ = ["PARSE", "STREAM", "ParseRequest", "class_of", "has_typed_tools", "parse_request"]

PARSE = RESPONSES_CREATE.called("responses.parse", "text_format")
STREAM = RESPONSES_CREATE.called("responses.stream", "text_format")


class ParseRequest(NamedTuple):
    """A request with an answer read as values: its arguments, and the types of its text and of its calls."""

    params: Mapping[str, Any]
    wanted: OutputType[Any] | None
    reader_of: ReaderOf | None


def has_typed_tools(params: Mapping[str, Any]) -> bool:
    """Whether a tool is a class or a function, was made of a class, or has the form of Chat Completions."""
    tools: object = params.get("tools")
    if not tools or not is_sequence(tools):
        return False
    from .._calls.chat_forms import chat_function

    return any(
        callable(tool) or chat_function(tool) is not None or (is_mapping(tool) and class_of(tool) is not None)
        for tool in tools
    )


def class_of(tool: Mapping[str, Any]) -> type | None:
    """Return the class that a tool was made of; None if it is not known.

    The functions of the package `openai` that make a tool of a class leave it as an attribute of the dict with the name.
    """
    from .._calls.chat_forms import chat_function  # here, as most requests have no tools

    model: object = getattr(chat_function(tool) or tool, "model", None)
    return model if isinstance(model, type) else None


def parse_request(params: Mapping[str, Any], text_format: Any) -> ParseRequest:
    """Return the request of `parse` or `stream`.

    Raises:
        RequestValidationError: No strict schema can express `text_format`, or an argument does not go with it.
        ToolDefinitionError: A class or a function cannot be a tool.
    """
    hide_values(params)
    wanted: OutputType[Any] | None = None
    if text_format is not None:
        from .._structured.output_type import output_type, with_format

        wanted = output_type(text_format)
        params = with_format(params, wanted)
    tools: Any = params.get("tools")
    if not tools:
        return ParseRequest(params, wanted, None)
    from .typed_calls import CallTypes  # here, since most responses are read without tools

    types = CallTypes(tools)
    return ParseRequest({**params, "tools": types.definitions}, wanted, types.reader_of)
