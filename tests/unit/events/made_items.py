"""Hypothesis strategies for items of any kind, each with the events that bring it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from model_strategies import classes_of, wire_of

from responses_client.models import OutputItem
from responses_client.models._base import OpenUnion, union_class

Wire = dict[str, Any]
Events = list[Wire]
ITEMS: type[OpenUnion] = union_class(OutputItem)

FILLED = ("content", "summary", "arguments", "input", "code", "output")
"""The fields of items that say something, of which most come in pieces."""
texts = st.text('ab{}" \n', max_size=6)
arguments = st.sampled_from(["", "{}", '{"a": 1}', '{"a": {"a": 1}}', '{"b": "{}"}', "no JSON"])


def pieces(draw: st.DrawFn, text: str) -> list[str]:
    size = draw(st.integers(1, 4))
    return [text[start : start + size] for start in range(0, len(text), size)]


def grown(draw: st.DrawFn, kind: str, text: str, name: str, **place: int) -> Events:
    """The events that bring a string: pieces, and their end."""
    found: Events = [
        {"type": f"response.{kind}.delta", "delta": piece, **place} for piece in pieces(draw, text)
    ]
    return [*found, {"type": f"response.{kind}.done", name: text, **place}]


def part_events(draw: st.DrawFn, kind: str, place: Wire, part: Wire, middle: Events) -> Events:
    empty = {name: type(value)() if name != "type" else value for name, value in part.items()}
    return [
        {"type": f"response.{kind}.added", "part": empty, **place},
        *middle,
        {"type": f"response.{kind}.done", "part": part, **place},
    ]


def text_part(draw: st.DrawFn, number: int) -> tuple[Wire, Events]:
    text, place = draw(texts), {"content_index": number}
    if draw(st.integers(0, 3)) == 0:
        part = {"type": "refusal", "refusal": text}
        return part, part_events(
            draw, "content_part", place, part, grown(draw, "refusal", text, "refusal", **place)
        )
    cited = [
        {
            "type": "url_citation",
            "url": f"https://tea.example/{n}",
            "title": "",
            "start_index": 0,
            "end_index": 0,
        }
        for n in range(draw(st.integers(0, 3)))
    ]
    middle = grown(draw, "output_text", text, "text", **place)
    for n, annotation in reversed([*enumerate(cited)]):
        one = {"type": "response.output_text.annotation.added", "annotation": annotation}
        middle.insert(0, {**one, "annotation_index": n, **place})
    part = {"type": "output_text", "text": text, "annotations": cited}
    return part, part_events(draw, "content_part", place, part, middle)


def message(draw: st.DrawFn) -> tuple[Wire, Events]:
    parts = [text_part(draw, number) for number in range(draw(st.integers(0, 3)))]
    item = {"type": "message", "role": "assistant", "content": [part for part, _ in parts]}
    return item, [one for _, events in parts for one in events]


def reasoning(draw: st.DrawFn) -> tuple[Wire, Events]:
    summary = [{"type": "summary_text", "text": text} for text in draw(st.lists(texts, max_size=2))]
    content = [{"type": "reasoning_text", "text": text} for text in draw(st.lists(texts, max_size=2))]
    found: Events = []
    for n, part in enumerate(summary):
        middle = grown(draw, "reasoning_summary_text", part["text"], "text", summary_index=n)
        found += part_events(draw, "reasoning_summary_part", {"summary_index": n}, part, middle)
    for n, part in enumerate(content):
        middle = grown(draw, "reasoning_text", part["text"], "text", content_index=n)
        found += part_events(draw, "content_part", {"content_index": n}, part, middle)
    return {"type": "reasoning", "summary": summary, "content": content}, found


def function_call(draw: st.DrawFn) -> tuple[Wire, Events]:
    text = draw(arguments)
    item = {"type": "function_call", "call_id": "", "name": "boil", "arguments": text}
    return item, grown(draw, "function_call_arguments", text, "arguments")


def custom_call(draw: st.DrawFn) -> tuple[Wire, Events]:
    text = draw(texts)
    item = {"type": "custom_tool_call", "call_id": "", "name": "sql", "input": text}
    return item, grown(draw, "custom_tool_call_input", text, "input")


def mcp_call(draw: st.DrawFn) -> tuple[Wire, Events]:
    text = draw(arguments)
    item = {"type": "mcp_call", "name": "find", "server_label": "s", "arguments": text, "output": draw(texts)}
    middle = grown(draw, "mcp_call_arguments", text, "arguments")
    return item, [{"type": "response.mcp_call.in_progress"}, *middle, {"type": "response.mcp_call.completed"}]


def code_call(draw: st.DrawFn) -> tuple[Wire, Events]:
    text, kind = draw(texts), "response.code_interpreter_call"
    item = {"type": "code_interpreter_call", "code": text, "container_id": "c", "outputs": []}
    middle = grown(draw, "code_interpreter_call_code", text, "code")
    return item, [{"type": f"{kind}.in_progress"}, *middle, {"type": f"{kind}.interpreting"}]


def web_search(draw: st.DrawFn) -> tuple[Wire, Events]:
    item = {"type": "web_search_call", "action": {"type": "search", "query": draw(texts)}}
    return item, [{"type": f"response.web_search_call.{word}"} for word in ("in_progress", "searching")]


def picture(draw: st.DrawFn) -> tuple[Wire, Events]:
    item = {"type": "image_generation_call", "result": f"{draw(texts)}="}
    return item, [
        {"type": f"response.image_generation_call.{word}"} for word in ("in_progress", "generating")
    ]


def shell_call(draw: st.DrawFn) -> tuple[Wire, Events]:
    commands = draw(st.lists(texts, max_size=2))
    found: Events = []
    for n, command in enumerate(commands):
        found.append({"type": "response.shell_call_command.added", "command": "", "command_index": n})
        found += grown(draw, "shell_call_command", command, "command", command_index=n)
    return {"type": "shell_call", "call_id": "", "action": {"commands": commands}}, found


def shell_output(draw: st.DrawFn) -> tuple[Wire, Events]:
    # Nothing announces the output of a command: an empty one never comes.
    output = [{"stdout": f"{text}.", "stderr": f"{text[:1]}!"} for text in draw(st.lists(texts, max_size=2))]
    found: Events = []
    kind = "response.shell_call_output_content"
    for n, one in enumerate(output):
        for name in ("stdout", "stderr"):
            deltas = [{name: piece} for piece in pieces(draw, one[name])]
            found += [{"type": f"{kind}.delta", "delta": delta, "command_index": n} for delta in deltas]
    return {"type": "shell_call_output", "call_id": "", "output": output}, found


def patch_call(draw: st.DrawFn) -> tuple[Wire, Events]:
    text = draw(texts)
    operation = {"type": "update_file", "path": "a.txt", "diff": text}
    item = {"type": "apply_patch_call", "call_id": "", "operation": operation}
    return item, grown(draw, "apply_patch_call_operation_diff", text, "diff")


GROWN = [
    message,
    message,
    reasoning,
    function_call,
    function_call,
    custom_call,
    mcp_call,
    code_call,
    web_search,
]
GROWN += [picture, shell_call, shell_output, patch_call]
GROWN_TYPES = {
    "message",
    "reasoning",
    "function_call",
    "custom_tool_call",
    "mcp_call",
    "code_interpreter_call",
    "web_search_call",
    "image_generation_call",
    "shell_call",
    "shell_call_output",
    "apply_patch_call",
}
WHOLE_TYPES = sorted(set(ITEMS.members) - GROWN_TYPES)


@st.composite
def items(draw: st.DrawFn, number: int) -> tuple[Wire, Events]:
    """An item, and the events between its beginning and its end."""
    make = draw(st.sampled_from([*GROWN, None]))
    if make is not None:
        item, events = make(draw)
        names = {"id": f"item_{number}"} | ({"call_id": f"call_{number}"} if "call_id" in item else {})
        return {**item, **names, "status": "completed"}, events
    tag = draw(st.sampled_from(WHOLE_TYPES))
    model = classes_of(ITEMS)[tag]
    names = {"id": f"item_{number}"} | (
        {"call_id": f"call_{number}"} if "call_id" in model.model_fields else {}
    )
    return draw(wire_of(model, {"type": tag, **names}, 1)), []


def emptied(item: Wire, *, is_end: bool = True) -> Wire:
    """An item without anything that its events bring; at its beginning, also without its results."""
    if item["type"] not in GROWN_TYPES:
        return item
    found = {name: type(value)() if name in FILLED else value for name, value in item.items()}
    if item["type"] == "mcp_call" and is_end:
        found["output"] = item["output"]
    if item["type"] == "shell_call":
        found["action"] = {"commands": []}
    if item["type"] == "apply_patch_call":
        found["operation"] = {**item["operation"], "diff": ""}
    if not is_end:
        found |= {"status": "in_progress"} | {name: None for name in ("result",) if name in item}
        found |= {"action": None} if item["type"] == "web_search_call" else {}
    return found
