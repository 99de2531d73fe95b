"""The stream of a response: all events of the API in their order, derived from the finished response."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from ._json_types import JSONObject, as_object, is_object, objects
from ._request_input import tokens

# The part of the type after `response.`, and the fields that only this event has.
_Steps: TypeAlias = Iterator[tuple[str, JSONObject]]
_ItemSteps: TypeAlias = Callable[[JSONObject], _Steps]

TERMINAL = ("completed", "incomplete", "failed", "cancelled")
_ABSENT: Any = object()
_PREVIEW_FACTS: tuple[str, ...] = ("background", "output_format", "quality", "size")


def stream_events(response: JSONObject) -> list[JSONObject]:
    """Return the events that build a response up, numbered from 0.

    The last event is the terminal one; a response whose status is not terminal ends without it.
    """
    events = [*_opening(response)]
    for index, item in enumerate(objects(response.get("output"))):
        events += _item_events(item, index, response)
    if response.get("status") in TERMINAL:
        events.append({"type": f"response.{response['status']}", "response": response})
    for number, event in enumerate(events):
        event["sequence_number"] = number
    return events


def padded(event: JSONObject) -> JSONObject:
    """Return an event with padding that hides the length of its delta, if it has one."""
    return {**event, "obfuscation": "x" * (16 - len(event["delta"]) % 16)} if "delta" in event else event


def snapshot(response: JSONObject, status: str) -> JSONObject:
    """Return a response as it is before its first output, with another status."""
    blank = dict.fromkeys(("completed_at", "error", "incomplete_details", "usage"))
    return {**response, "status": status, "output": [], **blank}


def _opening(response: JSONObject) -> Iterator[JSONObject]:
    if response.get("background"):
        queued = snapshot(response, "queued")
        yield {"type": "response.created", "response": queued}
        yield {"type": "response.queued", "response": queued}
    else:
        yield {"type": "response.created", "response": snapshot(response, "in_progress")}
    yield {"type": "response.in_progress", "response": snapshot(response, "in_progress")}


def _item_events(item: JSONObject, index: int, response: JSONObject) -> Iterator[JSONObject]:
    place: JSONObject = {"output_index": index}
    named = {"item_id": item["id"], **place} if "id" in item else place
    kind = str(item.get("type"))
    blank, steps = _ITEMS.get(kind, ({}, _progress()))
    if kind == "image_generation_call":
        steps = _drawn(_previews(response))
    added = {key: _blank(blank, key, item[key]) for key in item if blank.get(key) is not _ABSENT}
    if "status" in item:
        added["status"] = blank.get("status", "in_progress")
    yield {"type": "response.output_item.added", **place, "item": added}
    for name, fields in steps(item):
        # The events of shell commands have no item id, only the output index.
        shared = place if name.startswith("shell_call_command.") else named
        yield {"type": f"response.{name}", **shared, **fields}
    yield {"type": "response.output_item.done", **place, "item": item}


def _blank(blank: JSONObject, key: str, value: Any) -> Any:
    """Return the value of a field before it is filled; null stays, and an object keeps its other fields."""
    if key not in blank or value is None:
        return value
    if is_object(blank[key]) and blank[key]:
        return {name: blank[key].get(name, part) for name, part in as_object(value).items()}
    return blank[key]


def _deltas(name: str, text: Any, fields: JSONObject) -> _Steps:
    for piece in tokens(str(text or "")):
        yield f"{name}.delta", {**fields, "delta": piece}


# --- steps of one kind of item


def _progress(*names: str, or_failed: bool = False) -> _ItemSteps:
    """Return the steps of an item that only reports its progress; the last report may be a failure."""

    def steps(item: JSONObject) -> _Steps:
        failed = or_failed and (item.get("status") == "failed" or item.get("error") is not None)
        for name in names:
            yield f"{item['type']}.{'failed' if failed and name == names[-1] else name}", {}

    return steps


def _written(name: str, field: str) -> _ItemSteps:
    """Return the steps of an item that writes one string."""

    def steps(item: JSONObject) -> _Steps:
        yield from _deltas(name, item.get(field), {})
        yield f"{name}.done", {field: item.get(field)}

    return steps


def _in_turn(*parts: _ItemSteps) -> _ItemSteps:
    """Return the steps of several kinds, one kind after the other."""

    def steps(item: JSONObject) -> _Steps:
        for part in parts:
            yield from part(item)

    return steps


def _content(item: JSONObject) -> _Steps:
    for index, part in enumerate(objects(item.get("content"))):
        at: JSONObject = {"content_index": index}
        kind = str(part.get("type"))
        blank: JSONObject = {"text": "", "refusal": "", "annotations": [], "logprobs": []}
        yield "content_part.added", {**at, "part": {key: blank.get(key, part[key]) for key in part}}
        if kind in _PARTS:
            yield from _PARTS[kind](part, at)
        yield "content_part.done", {**at, "part": part}


def _output_text(part: JSONObject, at: JSONObject) -> _Steps:
    yield from _deltas("output_text", part.get("text"), {**at, "logprobs": []})
    for index, annotation in enumerate(objects(part.get("annotations"))):
        yield "output_text.annotation.added", {**at, "annotation_index": index, "annotation": annotation}
    yield "output_text.done", {**at, "text": part.get("text"), "logprobs": []}


def _refusal(part: JSONObject, at: JSONObject) -> _Steps:
    yield from _deltas("refusal", part.get("refusal"), at)
    yield "refusal.done", {**at, "refusal": part.get("refusal")}


def _reasoning_text(part: JSONObject, at: JSONObject) -> _Steps:
    yield from _deltas("reasoning_text", part.get("text"), at)
    yield "reasoning_text.done", {**at, "text": part.get("text")}


def _summary(item: JSONObject) -> _Steps:
    for index, part in enumerate(objects(item.get("summary"))):
        at: JSONObject = {"summary_index": index}
        yield "reasoning_summary_part.added", {**at, "part": {**part, "text": ""}}
        yield from _deltas("reasoning_summary_text", part.get("text"), at)
        yield "reasoning_summary_text.done", {**at, "text": part.get("text")}
        yield "reasoning_summary_part.done", {**at, "part": part}


def _shell_commands(item: JSONObject) -> _Steps:
    for index, command in enumerate(as_object(item.get("action")).get("commands") or ()):
        at: JSONObject = {"command_index": index}
        yield "shell_call_command.added", {**at, "command": ""}
        yield from _deltas("shell_call_command", command, at)
        yield "shell_call_command.done", {**at, "command": command}


def _shell_output(item: JSONObject) -> _Steps:
    outputs = objects(item.get("output"))
    for index, output in enumerate(outputs):
        written = {name: output[name] for name in ("stdout", "stderr") if output.get(name)}
        if written:
            yield "shell_call_output_content.delta", {"command_index": index, "delta": written}
    last = max(len(outputs) - 1, 0)
    yield "shell_call_output_content.done", {"command_index": last, "output": outputs}


def _patch(item: JSONObject) -> _Steps:
    operation = as_object(item.get("operation"))
    if "diff" in operation:
        yield from _written("apply_patch_call_operation_diff", "diff")(operation)


def _drawn(previews: int) -> _ItemSteps:
    """Return the steps of an image with this number of previews, each of which is the whole image."""

    def steps(item: JSONObject) -> _Steps:
        yield from _progress("in_progress", "generating")(item)
        facts: JSONObject = {name: item[name] for name in _PREVIEW_FACTS if name in item}
        for number in range(previews if isinstance(item.get("result"), str) else 0):
            shown: JSONObject = {"partial_image_index": number, "partial_image_b64": item["result"]}
            yield "image_generation_call.partial_image", {**shown, **facts}
        yield from _progress("completed")(item)

    return steps


def _previews(response: JSONObject) -> int:
    """Return the number of previews that the image tool of a response asks for."""
    counts = [
        tool.get("partial_images")
        for tool in objects(response.get("tools"))
        if tool.get("type") == "image_generation"
    ]
    return next((count for count in counts if isinstance(count, int)), 0)


_PARTS: dict[str, Callable[[JSONObject, JSONObject], _Steps]] = {
    "output_text": _output_text,
    "refusal": _refusal,
    "reasoning_text": _reasoning_text,
}

# By type, the values that an item has when it is added, in place of its own, and the steps that fill it.
_ITEMS: dict[str, tuple[JSONObject, _ItemSteps]] = {
    "message": ({"content": []}, _content),
    "reasoning": ({"summary": [], "content": []}, _in_turn(_summary, _content)),
    "function_call": ({"arguments": ""}, _written("function_call_arguments", "arguments")),
    "custom_tool_call": ({"input": ""}, _written("custom_tool_call_input", "input")),
    "web_search_call": ({"action": _ABSENT}, _progress("in_progress", "searching", "completed")),
    "file_search_call": (
        {"queries": [], "results": None},
        _progress("in_progress", "searching", "completed"),
    ),
    "image_generation_call": (
        dict.fromkeys(("result", "revised_prompt", "action", *_PREVIEW_FACTS), _ABSENT),
        _progress(),  # its steps need the number of previews
    ),
    "code_interpreter_call": (
        {"code": "", "outputs": []},
        _in_turn(
            _progress("in_progress"),
            _written("code_interpreter_call_code", "code"),
            _progress("interpreting", "completed"),
        ),
    ),
    "compaction": ({}, _progress("compacting")),
    "mcp_list_tools": ({"tools": []}, _progress("in_progress", "completed", or_failed=True)),
    "mcp_call": (
        {"arguments": "", "output": None, "error": None},
        _in_turn(
            _progress("in_progress"),
            _written("mcp_call_arguments", "arguments"),
            _progress("completed", or_failed=True),
        ),
    ),
    "shell_call": (
        {"action": {"commands": [], "max_output_length": None, "timeout_ms": None}},
        _shell_commands,
    ),
    "tool_search_call": ({"arguments": {}}, _progress()),
    # Its status is final from the start.
    "shell_call_output": ({"output": [], "status": "completed"}, _shell_output),
    "local_shell_call": ({"action": {"command": []}}, _progress()),
    "apply_patch_call": ({"operation": {"diff": ""}}, _patch),
}
