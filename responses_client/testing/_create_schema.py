"""Tables of checks for the request body of `POST /responses`, with the error bodies of the API.

The tables follow the published schemas. Unknown and missing names are refused, as the API does; mistakes that
the API only finds while it works on a request are not checked here.
"""

from __future__ import annotations

from typing import Any

from ._json_checks import (
    ARRAY,
    OBJECT,
    STRING,
    Check,
    anything,
    array,
    boolean,
    either,
    expect,
    integer,
    mapping,
    missing,
    nullable,
    number,
    one_needed,
    record,
    refuse,
    tagged,
    text,
)
from ._json_types import JSONObject, is_object, objects

NAME = r"[a-zA-Z0-9_-]+"
# One set for all items, although each type of item allows only some of them.
STATUSES = (
    "in_progress",
    "completed",
    "incomplete",
    "searching",
    "generating",
    "interpreting",
    "calling",
    "failed",
)
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
SIZES = ("low", "medium", "high")
ROLES = ("user", "assistant", "system", "developer")
INCLUDABLE = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)

STR = text()
LINK = nullable(text())
CALL_ID = text(shortest=1, longest=64)
LIST = array(anything)


def _object(value: Any, path: str) -> None:
    expect(value, path, OBJECT)


# --- content parts

INPUT_PARTS: dict[str, Check] = {
    "input_text": record("type text", "prompt_cache_breakpoint", text=STR),
    "input_image": one_needed(
        record(
            "type",
            "prompt_cache_breakpoint",
            image_url=LINK,
            file_id=LINK,
            detail=nullable(text(values=("low", "high", "auto", "original"))),
        ),
        "image_url",
        "file_id",
    ),
    "input_file": one_needed(
        record(
            "type",
            "prompt_cache_breakpoint",
            file_url=LINK,
            file_id=LINK,
            file_data=LINK,
            filename=LINK,
            detail=text(values=("auto", "low", "high")),
        ),
        "file_url",
        "file_id",
        "file_data",
    ),
}
OUTPUT_PARTS: dict[str, Check] = {
    "output_text": record("type text", text=STR, annotations=LIST, logprobs=LIST),
    "refusal": record("type refusal", refusal=STR),
}
INPUT_CONTENT = either({STRING: STR, ARRAY: array(tagged(INPUT_PARTS))})
OUTPUT_CONTENT = either({STRING: STR, ARRAY: array(tagged(OUTPUT_PARTS))})
SUMMARY = array(tagged({"summary_text": record("type text", text=STR)}))
THOUGHTS = array(tagged({"reasoning_text": record("type text", text=STR)}))


def _message(value: Any, path: str) -> None:
    content = OUTPUT_CONTENT if value.get("role") == "assistant" else INPUT_CONTENT
    record(
        "role content",
        "type phase",
        role=text(values=ROLES),
        content=content,
        id=LINK,
        status=nullable(text(values=STATUSES)),
    )(value, path)


# --- input items


def _item(required: str = "", optional: str = "", **checks: Check) -> Check:
    # The published schemas require the id of most items. It is optional here: a client that stores nothing on
    # the server must leave out ids that the server never stored.
    common: dict[str, Check] = {"id": LINK, "status": nullable(text(values=STATUSES))}
    return record(f"type {required}", f"caller {optional}", **{**common, **checks})


def _tool(value: Any, path: str) -> None:
    TOOL(value, path)


def _item_type(value: JSONObject) -> Any:
    """Return the type of an input item, inferred for messages and references without one, or None."""
    if value.get("type") is None:
        return "message" if "role" in value else "item_reference" if value.keys() <= {"id", "type"} else None
    return value["type"]


ITEMS: dict[str, Check] = {
    "message": _message,
    "item_reference": record("id", "type", id=STR),
    "function_call": _item(
        "call_id name arguments", "namespace async", call_id=CALL_ID, name=STR, arguments=STR
    ),
    "function_call_output": one_needed(
        _item("output", "name namespace", call_id=nullable(CALL_ID), output=INPUT_CONTENT), "call_id", "name"
    ),
    "custom_tool_call": _item("call_id name input", "namespace async", call_id=CALL_ID, name=STR, input=STR),
    "custom_tool_call_output": _item("call_id output", call_id=CALL_ID, output=INPUT_CONTENT),
    "reasoning": _item("summary", summary=SUMMARY, content=THOUGHTS, encrypted_content=LINK),
    "web_search_call": _item("status", "action"),
    "file_search_call": _item("status queries", "results", queries=array(STR)),
    "computer_call": _item("call_id", "action actions pending_safety_checks", call_id=CALL_ID),
    "computer_call_output": _item("call_id output", "acknowledged_safety_checks", call_id=CALL_ID),
    "image_generation_call": _item(
        "result", "action background error output_format quality revised_prompt size svg_usage", result=LINK
    ),
    "code_interpreter_call": _item("container_id code outputs", container_id=STR, code=LINK),
    "local_shell_call": _item("call_id action", call_id=STR),
    # The published schema has `id`, but the API requires `call_id`.
    "local_shell_call_output": one_needed(_item("output", id=STR, call_id=STR, output=STR), "id", "call_id"),
    "shell_call": _item("call_id action", "environment", call_id=CALL_ID),
    "shell_call_output": _item("call_id output", "max_output_length", call_id=CALL_ID, output=LIST),
    "apply_patch_call": _item("call_id operation status", call_id=CALL_ID),
    "apply_patch_call_output": _item("call_id status", call_id=CALL_ID, output=LINK),
    "mcp_list_tools": _item("server_label tools", "error", server_label=STR, tools=LIST),
    "mcp_approval_request": _item(
        "id server_label name arguments", id=STR, server_label=STR, name=STR, arguments=STR
    ),
    "mcp_approval_response": _item(
        "approval_request_id approve", approval_request_id=STR, approve=boolean, reason=LINK
    ),
    "mcp_call": _item(
        "server_label name arguments", "output error approval_request_id", name=STR, arguments=STR
    ),
    "tool_search_call": _item("arguments", "execution", call_id=nullable(CALL_ID)),
    "tool_search_output": _item("tools", "execution", call_id=nullable(CALL_ID), tools=array(_tool)),
    "additional_tools": _item("role tools", role=text(values=("developer",)), tools=array(_tool)),
    "compaction": _item("encrypted_content", encrypted_content=STR),
    "compaction_trigger": _item(),
    "program": _item("id call_id code fingerprint", id=STR, call_id=CALL_ID, code=STR, fingerprint=STR),
    "program_output": _item("id call_id result status", id=STR, call_id=CALL_ID, result=STR),
    "configuration_update": _item("", "reasoning text"),
}

# --- tools

_FUNCTION_NAME = text(shortest=1, longest=128, pattern=NAME)
_FUNCTION = record(
    "type name",
    "output_schema allowed_callers",
    name=_FUNCTION_NAME,
    description=nullable(STR),
    parameters=nullable(_object),
    strict=nullable(boolean),
    defer_loading=boolean,
    **{"async": boolean},
)
_CUSTOM = record(
    "type name",
    "format allowed_callers",
    name=_FUNCTION_NAME,
    description=STR,
    defer_loading=boolean,
    **{"async": boolean},
)
_WEB_SEARCH = record(
    "type",
    "filters user_location",
    search_context_size=text(values=SIZES),
    external_web_access=boolean,
)
_WEB_SEARCH_PREVIEW = record(
    "type", "user_location", search_context_size=text(values=SIZES), search_content_types=LIST
)
TOOLS: dict[str, Check] = {
    "function": _FUNCTION,
    "custom": _CUSTOM,
    "file_search": record(
        "type vector_store_ids",
        "ranking_options filters",
        vector_store_ids=array(STR),
        max_num_results=integer(1, 50),
    ),
    "web_search": _WEB_SEARCH,
    "web_search_2025_08_26": _WEB_SEARCH,
    "web_search_preview": _WEB_SEARCH_PREVIEW,
    "web_search_preview_2025_03_11": _WEB_SEARCH_PREVIEW,
    "mcp": record(
        "type server_label",
        "connector_id tunnel_id headers allowed_tools allowed_callers require_approval",
        server_label=STR,
        server_url=STR,
        server_description=STR,
        authorization=STR,
        defer_loading=boolean,
    ),
    "code_interpreter": record("type container", "allowed_callers"),
    "image_generation": record(
        "type",
        "model quality size output_format output_compression moderation background input_fidelity n "
        "input_image_mask partial_images action complexity frame_count frame_duration_ms svg",
    ),
    "computer": record("type"),
    "computer_use_preview": record("type environment display_width display_height"),
    "local_shell": record("type"),
    "shell": record("type", "environment allowed_callers"),
    "apply_patch": record("type", "allowed_callers"),
    "programmatic_tool_calling": record("type"),
    "namespace": record("type name description tools", tools=array(_tool, shortest=1)),
    "tool_search": record("type", "execution description parameters"),
}
TOOL = tagged(TOOLS)

_HOSTED_CHOICES = (
    "file_search web_search web_search_preview web_search_preview_2025_03_11 computer computer_use "
    "computer_use_preview image_generation code_interpreter apply_patch shell programmatic_tool_calling"
)
TOOL_CHOICE = either(
    {
        STRING: text(values=("none", "auto", "required")),
        OBJECT: tagged(
            {
                "function": record("type name", name=STR),
                "custom": record("type name", name=STR),
                "mcp": record("type server_label", "name", server_label=STR),
                "allowed_tools": record(
                    "type mode tools", mode=text(values=("auto", "required")), tools=array(_object)
                ),
                **{name: record("type") for name in _HOSTED_CHOICES.split()},
            }
        ),
    }
)

# --- the request

TEXT_FORMAT = tagged(
    {
        "text": record("type"),
        "json_object": record("type"),
        "json_schema": record(
            "type name schema",
            name=text(shortest=1, longest=64, pattern=NAME),
            schema=_object,
            description=nullable(STR),
            strict=nullable(boolean),
        ),
    }
)
TEXT = record("", format=TEXT_FORMAT, verbosity=nullable(text(values=SIZES)))
REASONING = record("", "mode summary context generate_summary", effort=nullable(text(values=EFFORTS)))
METADATA = mapping(text(longest=512), most=16, longest_key=64)
CONVERSATION = either({STRING: STR, OBJECT: record("id", id=STR)})
INPUT_ITEM = tagged(ITEMS, tag=_item_type)
INPUT = either({STRING: STR, ARRAY: array(INPUT_ITEM)})
CACHE_RETENTION = text(values=("in_memory", "24h"))
REQUEST = record(
    "",
    "access_programs background_options image moderation prompt_cache_options",
    background=nullable(boolean),
    context_management=nullable(array(record("type", "compact_threshold"), shortest=1)),
    conversation=nullable(CONVERSATION),
    include=nullable(array(text(values=INCLUDABLE))),
    input=INPUT,
    instructions=nullable(STR),
    max_output_tokens=nullable(integer(16)),
    max_tool_calls=nullable(integer()),
    metadata=nullable(METADATA),
    model=STR,
    parallel_tool_calls=nullable(boolean),
    previous_response_id=nullable(STR),
    prompt=nullable(record("id", "variables", id=STR, version=LINK)),
    prompt_cache_key=nullable(STR),
    prompt_cache_retention=nullable(CACHE_RETENTION),
    reasoning=nullable(REASONING),
    safety_identifier=nullable(text(longest=128)),
    service_tier=nullable(text(values=("auto", "default", "flex", "scale", "priority", "fast", "ultrafast"))),
    store=nullable(boolean),
    stream=nullable(boolean),
    stream_options=nullable(record(include_obfuscation=boolean)),
    temperature=nullable(number(0, 2)),
    text=TEXT,
    tool_choice=TOOL_CHOICE,
    tools=array(TOOL),
    top_logprobs=nullable(integer(0, 20)),
    top_p=nullable(number(0, 1)),
    truncation=nullable(text(values=("auto", "disabled"))),
    user=STR,
)


def check_create(body: JSONObject) -> None:
    """Refuse the body of `POST /responses` for the first mistake that the API would report."""
    REQUEST(body, "")
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
    _check_choice(body.get("tool_choice"), objects(body.get("tools")))


def check_one_history(body: JSONObject) -> None:
    """Refuse a request that continues both a response and a conversation."""
    if body.get("previous_response_id") is not None and body.get("conversation") is not None:
        refuse(
            "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. Send only one of them.",
            "previous_response_id",
            "mutually_exclusive_parameters",
        )


def _check_choice(choice: Any, tools: list[JSONObject]) -> None:
    """Refuse a tool choice that forces a tool which the request does not have."""
    if choice == "required" and not tools:
        refuse("Tool choice 'required' must be specified with 'tools' parameter.", "tool_choice", None)
    if is_object(choice) and choice["type"] in ("function", "custom"):
        named = {(tool["type"], tool.get("name")) for tool in tools}
        if (choice["type"], choice["name"]) not in named:
            refuse(f"Tool choice '{choice['name']}' not found in 'tools' parameter.", "tool_choice", None)
