"""The items that answer calls, made of return values and of failures; no I/O."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from pydantic_core import to_json, to_jsonable_python

from .._base.field_errors import field_error_of, field_path, invalid_json_reason, located
from .._base.json_types import is_mapping, is_sequence
from .._base.messages import MAX_BODY_CHARS, one_line
from ..models._base import Model, as_response_error, fields_of, strict_validation
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
from .calls import answer_key, answer_type, as_item, call_key

if TYPE_CHECKING:
    from ..models import InputItem, OutputItem

__all__ = ["denial_of", "describe_argument_errors", "failure_of", "output_of", "tool_search_output"]

_PARTS = (InputText, InputImage, InputFile)
_MISTAKES_SHOWN = 10


def output_of(call: OutputItem, value: object) -> InputItem:
    """Return the answer to a call, made of the value that its function returned.

    A value that has the type of the answer is the whole item, and is only checked.

    Raises:
        ValueError: The value cannot be the answer to this call; the text says which values can.
    """
    if fields_of(value).get("type") == answer_type(call):
        item = _checked(call, value)
        if (key := answer_key(item)) != call_key(call):
            raise ValueError(f"expected the answer to the call {call_key(call)}, got that to {key}")
        return item
    match call:
        case FunctionCall() | CustomToolCall():
            return _answer(call, {"output": _text_or_parts(value)})
        case McpApprovalRequest():
            if not isinstance(value, bool):
                raise ValueError(
                    f"expected True or False, or an McpApprovalResponse, got {_type_name(value)}"
                )
            return _checked(
                call,
                {"type": answer_type(call), "approval_request_id": call.id, "approve": value},
            )
        case ShellCall():
            if isinstance(value, str) or not isinstance(value, Sequence):
                raise ValueError(f"expected a list of ShellOutputContent, got {_type_name(value)}")
            return _shell_output(call, [_json(part) for part in cast("list[object]", value)])
        case LocalShellCall():
            return _local_shell_output(call, _expected_string(value))
        case ApplyPatchCall():
            log = {} if value is None else {"output": _expected_string(value)}
            return _answer(call, {"status": "completed", **log})
        case ComputerCall():
            return _answer(call, {"output": _screen(call, value)})
        case _:
            raise ValueError(f"expected an item that answers a {call.wire_type}, got {_type_name(value)}")


def failure_of(call: OutputItem, text: str) -> InputItem | None:
    """Return the answer that reports the failure of a call to the model; None if answers to this call cannot.

    The call may be malformed: its type and id are enough.
    """
    text = _without_surrogates(text)
    match call.wire_type:
        case "function_call" | "custom_tool_call":
            return _answer(call, {"output": text})
        case "shell_call":
            outcome = {"type": "exit", "exit_code": 1}
            return _shell_output(call, [{"stdout": "", "stderr": text, "outcome": outcome}])
        case "local_shell_call":
            return _local_shell_output(call, text)
        case "apply_patch_call":
            return _answer(call, {"status": "failed", "output": text})
        case _:
            return None


def denial_of(call: OutputItem, reason: str) -> InputItem | None:
    """Return the answer that says no to a call, with the reason; None if answers to this call cannot."""
    if call.wire_type == "mcp_approval_request":
        fields = {"approve": False, "reason": _without_surrogates(reason)}
        return _checked(call, {"type": answer_type(call), "approval_request_id": call_key(call), **fields})
    return failure_of(call, reason)


def describe_argument_errors(error: ValidationError) -> str:
    """Describe for the model the mistakes in its arguments."""
    lines = error.errors(include_url=False)
    if (reason := invalid_json_reason(lines)) is not None:
        return f"the arguments are not valid JSON ({reason})"
    mistakes = [field_error_of(line, field_path(line["loc"])) for line in lines[:_MISTAKES_SHOWN]]
    shown = [located(mistake["path"], mistake["message"]) for mistake in mistakes]
    more = [f"and {len(lines) - _MISTAKES_SHOWN} more"] if len(lines) > _MISTAKES_SHOWN else []
    return f"the arguments do not fit: {'; '.join([*shown, *more])}"


def tool_search_output(call: ToolSearchCall, tools: Sequence[object]) -> InputItem:
    """Return the answer to a tool search that has found tools."""
    found = [_json(tool) for tool in tools]
    return _answer(call, {"execution": "client", "status": "completed", "tools": found})


def _answer(call: OutputItem, fields: Mapping[str, object]) -> InputItem:
    fields = {"type": answer_type(call), "call_id": call_key(call), **fields}
    # The caller is repeated: a program that the model wrote waits for the results of its own calls.
    caller: object = getattr(call, "caller", None)
    if caller is not None:
        with suppress(ValueError):  # a malformed one is in no valid answer
            return _checked(call, {**fields, "caller": _json(caller)})
    return _checked(call, fields)


def _shell_output(call: OutputItem, parts: Sequence[object]) -> InputItem:
    limit = call.action.max_output_length if isinstance(call, ShellCall) else None
    limits = {} if limit is None else {"max_output_length": limit}
    return _answer(call, {"output": parts, **limits})


def _local_shell_output(call: OutputItem, text: str) -> InputItem:
    # The API's schema names the call by `id` here, and has no `call_id`.
    return _answer(call, {"id": call_key(call), "output": text})


def _checked(call: OutputItem, value: object) -> InputItem:
    data = dict(value) if is_mapping(value) else value
    try:
        with strict_validation():
            return as_item(data)
    except ValidationError as error:
        raise ValueError(str(as_response_error(answer_type(call), error, data, "correct it"))) from None


def _text_or_parts(value: object) -> object:
    if isinstance(value, str):
        return _without_surrogates(value)
    if _is_part(value):
        return [_json(value)]
    if is_sequence(value) and any(map(_is_part, value)):
        return [_part(part) for part in value]
    if isinstance(value, Iterator):  # it can be read once, and may have to be written twice below
        value = list(cast("Iterator[object]", value))
    try:
        return to_json(value, by_alias=True, inf_nan_mode="strings").decode()
    except ValueError as error:
        reason = one_line(str(error), MAX_BODY_CHARS)
    if "surrogates not allowed" in reason:  # as in names of files; in keys they stay a mistake
        with suppress(ValueError):
            return _without_surrogates(
                json.dumps(to_jsonable_python(value, by_alias=True), ensure_ascii=False)
            )
    raise ValueError(f"expected a string, JSON data, or InputText, InputImage and InputFile, but {reason}")


def _without_surrogates(text: str) -> str:
    """Return a string that UTF-8 can encode: a lone surrogate becomes U+FFFD, a pair the character it stands for.

    Python decodes names of files to such strings if their bytes are not valid UTF-8 (PEP 383).
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_part(value: object) -> bool:
    return isinstance(value, _PARTS)  # not a dict: one that looks like a part may be data


def _part(value: object) -> object:
    if isinstance(value, str):
        return {"type": "input_text", "text": _without_surrogates(value)}
    if not _is_part(value):
        raise ValueError(
            f"expected strings, InputText, InputImage and InputFile in one list, got {_type_name(value)}"
        )
    return _json(value)


def _screen(call: ComputerCall, value: object) -> dict[str, Any]:
    if call.pending_safety_checks:
        raise ValueError(
            "the call has safety checks, which only you can acknowledge: expected a ComputerCallOutput "
            f"with acknowledged_safety_checks, got {_type_name(value)}"
        )
    if isinstance(value, ComputerScreenshot):
        return value.to_dict()
    url = value.image_url if isinstance(value, InputImage) else value
    return {"type": "computer_screenshot", "image_url": _expected_string(url)}


def _expected_string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a string, got {_type_name(value)}")
    return _without_surrogates(value)


def _json(part: object) -> object:
    if isinstance(part, Model):
        return part.to_dict()
    return dict(part) if is_mapping(part) else part


def _type_name(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
