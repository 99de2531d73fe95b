"""What tools give, as items that the model reads: values, pictures and files, and what went wrong; no I/O."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from pydantic_core import to_json, to_jsonable_python

from .._base.field_errors import field_path
from .._base.messages import MAX_BODY_CHARS, one_line
from ..models._base import Model, as_response_error, strict_validation
from ..models.attachments import InputFile, InputImage
from ..models.content import InputText
from ..models.items import CustomToolCall, FunctionCall
from ..models.tool_calls import (
    ApplyPatchCall,
    ComputerCall,
    ComputerScreenshot,
    LocalShellCall,
    McpApprovalRequest,
    ShellCall,
    ToolSearchCall,
)
from .calls import answer_key, as_item, call_key

if TYPE_CHECKING:
    from ..models import InputItem, OutputItem

__all__ = ["failure_of", "output_of", "tool_search_output", "wrong_arguments"]

_PARTS = (InputText, InputImage, InputFile)
_MISTAKES_SHOWN = 10
_OUTPUTS = {"mcp_approval_request": "mcp_approval_response"}


def output_of(call: OutputItem, value: object) -> InputItem:
    """Return the answer to a call that has come to a value.

    Raises:
        ValueError: The value is nothing that the call can be answered with; the text says what would be.
    """
    if _type_of(value) == _output_type(call):  # the whole item
        item = _checked(call, cast("Mapping[str, Any] | Model", value))
        if (key := answer_key(item)) != call_key(call):
            raise ValueError(f"expected the answer to the call {call_key(call)}, got that to {key}")
        return item
    match call:
        case FunctionCall() | CustomToolCall():
            return _answer(call, {"output": _text_or_parts(value)})
        case McpApprovalRequest():
            if not isinstance(value, bool):
                raise ValueError(f"expected True or False, or an McpApprovalResponse, got {_named(value)}")
            return _checked(call, {**_start(call), "approval_request_id": call.id, "approve": value})
        case ShellCall():
            if isinstance(value, str) or not isinstance(value, Sequence):
                raise ValueError(f"expected a list of ShellOutputContent, got {_named(value)}")
            limit = call.action.max_output_length
            limits = {} if limit is None else {"max_output_length": limit}
            return _answer(call, {"output": [_json(part) for part in cast("list[object]", value)], **limits})
        case LocalShellCall():
            # Published with the id of the call as `id`.
            return _answer(call, {"id": call.call_id, "output": _expected_text(value)})
        case ApplyPatchCall():
            log = {} if value is None else {"output": _expected_text(value)}
            return _answer(call, {"status": "completed", **log})
        case ComputerCall():
            return _answer(call, {"output": _screen(call, value)})
        case _:
            raise ValueError(f"expected an item that answers a {call.type}, got {_named(value)}")


def _type_of(value: object) -> object:
    """Return the type that an item or a part of one names, None for any other value."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, object]", value).get("type")
    return getattr(value, "type", None) if isinstance(value, Model) else None


def failure_of(call: OutputItem, text: str) -> InputItem | None:
    """Return the answer to a call that failed, for the model to read; None if there is no such answer."""
    text = _sendable(text)
    match call:
        case FunctionCall() | CustomToolCall():
            return _answer(call, {"output": text})
        case ShellCall():
            outcome = {"type": "exit", "exit_code": 1}
            return output_of(call, [{"stdout": "", "stderr": text, "outcome": outcome}])
        case LocalShellCall():
            return output_of(call, text)
        case ApplyPatchCall():
            return _answer(call, {"status": "failed", "output": text})
        case _:
            return None


def wrong_arguments(error: ValidationError) -> str:
    """Say to the model what is wrong with the arguments that it wrote."""
    lines = error.errors(include_url=False)
    if lines[0]["type"] == "json_invalid" and not lines[0]["loc"]:
        return f"the arguments are no JSON ({lines[0]['msg'].removeprefix('Invalid JSON: ')})"
    places = [(field_path(line["loc"]), line["msg"]) for line in lines[:_MISTAKES_SHOWN]]
    shown = [f"{path}: {text}" if path else text for path, text in places]
    more = [f"and {len(lines) - _MISTAKES_SHOWN} more"] if len(lines) > _MISTAKES_SHOWN else []
    return f"the arguments do not fit: {'; '.join([*shown, *more])}"


def tool_search_output(call: ToolSearchCall, tools: Sequence[object]) -> InputItem:
    """Return the answer to a search that has found tools."""
    found = [_json(tool) for tool in tools]
    return _answer(call, {"execution": "client", "status": "completed", "tools": found})


def _output_type(call: OutputItem) -> str:
    kind = str(call.type)
    return (
        _OUTPUTS.get(kind) or f"{kind.removesuffix('_call') if kind == 'tool_search_call' else kind}_output"
    )


def _start(call: OutputItem) -> dict[str, Any]:
    return {"type": _output_type(call)}


def _answer(call: OutputItem, fields: Mapping[str, object]) -> InputItem:
    # Who made the call is to be told again: a program of the model's waits for what it called.
    caller: Model | None = getattr(call, "caller", None)
    callers = {} if caller is None else {"caller": caller.to_dict()}
    return _checked(call, {**_start(call), "call_id": call_key(call), **fields, **callers})


def _checked(call: OutputItem, value: Mapping[str, Any] | Model) -> InputItem:
    try:
        with strict_validation():
            return as_item(value if isinstance(value, Model) else dict(value))
    except ValidationError as error:
        raise ValueError(str(as_response_error(_output_type(call), error, value, "correct it"))) from None


def _text_or_parts(value: object) -> object:
    if isinstance(value, str):
        return _sendable(value)
    if _is_part(value):
        return [_json(value)]
    if isinstance(value, (list, tuple)):
        parts = cast("Sequence[object]", value)
        if any(map(_is_part, parts)):
            return [_part(part) for part in parts]
    if isinstance(value, Iterator):  # which can be read once
        value = list(cast("Iterator[object]", value))
    try:
        return to_json(value, by_alias=True, inf_nan_mode="strings").decode()
    except ValueError as error:
        reason = one_line(str(error), MAX_BODY_CHARS)
    if "surrogates not allowed" in reason:  # in a name of a file, say; keys are no such names
        with suppress(ValueError):
            return _sendable(json.dumps(to_jsonable_python(value, by_alias=True), ensure_ascii=False))
    raise ValueError(f"expected a text, JSON data, or InputText, InputImage and InputFile, but {reason}")


def _sendable(text: str) -> str:
    """Return a text with U+FFFD for each half of a character, which Python has in names of files that are no text."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_part(value: object) -> bool:
    return isinstance(value, _PARTS)  # and no dict, which may look like one and be data


def _part(value: object) -> object:
    if isinstance(value, str):
        return {"type": "input_text", "text": _sendable(value)}
    if not _is_part(value):
        raise ValueError(
            f"expected texts, InputText, InputImage and InputFile in one list, got {_named(value)}"
        )
    return _json(value)


def _screen(call: ComputerCall, value: object) -> dict[str, Any]:
    if call.pending_safety_checks:
        raise ValueError(
            "the call has safety checks, which nobody but you may acknowledge: expected a ComputerCallOutput "
            f"with acknowledged_safety_checks, got {_named(value)}"
        )
    if isinstance(value, ComputerScreenshot):
        return value.to_dict()
    url = value.image_url if isinstance(value, InputImage) else value
    return {"type": "computer_screenshot", "image_url": _expected_text(url)}


def _expected_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a text, got {_named(value)}")
    return _sendable(value)


def _json(part: object) -> object:
    if isinstance(part, Model):
        return part.to_dict()
    return dict(cast("Mapping[str, object]", part)) if isinstance(part, Mapping) else part


def _named(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
