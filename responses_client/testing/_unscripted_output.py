"""The output for a request without a script: pure functions in the place of a model.

Equal requests get equal texts; ids come from a seed and a counter.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from ._answer_texts import answer_text, thought
from ._declared_tools import COMPUTERS, is_chosen
from ._hosted_calls import (
    CodeCall,
    ComputerCall,
    HostedCall,
    ImageCall,
    LocalShellCall,
    McpCall,
    PatchCall,
    ShellCall,
    Turn,
    has_container,
)
from ._http_types import ApiError
from ._ids import Ids
from ._json_types import JSONObject, as_object, encode, is_array, is_object, objects
from ._output_items import ModelOutput, as_text, message, text_part, tool_call
from ._request_input import Question, count_tokens, includes, read_question, tokens
from ._schema_examples import example_for
from ._search_tools import Search, cited_text, searches

_REASONING_TOKENS = {
    "none": 0,
    "minimal": 16,
    "low": 64,
    "medium": 128,
    "high": 256,
    "xhigh": 512,
    "max": 1024,
}


def unscripted(turn: Turn, before: Sequence[JSONObject]) -> ModelOutput:
    """Return the output of a response: the items before, reasoning, then a call, or searches and a message."""
    request, ids = turn.request, turn.ids
    question = read_question(turn.items)
    reasoning = as_object(request.get("reasoning"))
    spent = _REASONING_TOKENS.get(str(reasoning.get("effort") or "medium"), 0) if reasoning else 0
    output = [*before, *(_reasoning_items(request, reasoning, question, ids) if spent else ())]
    is_new = not any(map(_is_step, turn.items[_last_message(turn.items) :]))
    tool = _tool_to_call(request, question) if is_new else None
    if tool is not None and tool.get("type") in _HOSTED:
        call = _HOSTED[str(tool["type"])](tool, request, question)
        output += turn.play(call)
        if call.waits(call.tool_among([tool])):
            return ModelOutput(output, spent)
    elif tool is not None:
        made = tool_call(request, ids, str(tool.get("name")), _arguments(tool, question))
        return ModelOutput([*output, made], spent)
    found = searches(_offered(request), question.text, turn.find_in_files) if is_new else []
    calls = [item for search in found for item in turn.play(search.call)]
    part = text_part(*_words(request, question, found))
    return _limited(
        ModelOutput([*output, *calls, message(ids, part)], spent), request.get("max_output_tokens")
    )


def _last_message(items: Sequence[JSONObject]) -> int:
    """Return the position of the last message of the user; 0 if there is none."""
    return max((place for place, item in enumerate(items) if item.get("role") == "user"), default=0)


def _is_step(item: JSONObject) -> bool:
    """Whether an item is a call, or the answer to one: the question is being worked on."""
    return str(item.get("type")).endswith(("_call", "_call_output", "_approval_response"))


def _reasoning_items(
    request: JSONObject, reasoning: JSONObject, question: Question, ids: Ids
) -> list[JSONObject]:
    """Return a reasoning item, if the request asks for a summary or for the encrypted content."""
    shown: JSONObject = {}
    if includes(request, "reasoning.encrypted_content"):
        sealed = hashlib.sha512(encode(question.text)).digest()
        shown["encrypted_content"] = "gAAAAA" + base64.urlsafe_b64encode(sealed).decode()
    if reasoning.get("summary") or reasoning.get("generate_summary"):
        shown["summary"] = [{"type": "summary_text", "text": thought(question)}]
    return [{"id": ids.new("rs"), "type": "reasoning", "summary": [], **shown}] if shown else []


def _offered(request: JSONObject) -> list[JSONObject]:
    """Return the tools that the tool choice of the request allows."""
    tools = objects(request.get("tools"))
    choice = request.get("tool_choice")
    if not is_object(choice):
        return [] if choice == "none" else tools
    allowed = objects(choice["tools"]) if "tools" in choice else [choice]
    return [tool for tool in tools if any(is_chosen(tool, wanted) for wanted in allowed)]


def _tool_to_call(request: JSONObject, question: Question) -> JSONObject | None:
    """Return the tool to call, the one most like the question; only a function if no call is required."""
    choice = request.get("tool_choice")
    mode = choice.get("mode", "required") if is_object(choice) else choice
    kinds = ("function", "custom", *_HOSTED) if mode == "required" else ("function",)
    asked = _vocabulary(question.text)

    def likeness(tool: JSONObject) -> int:
        return len(asked & _vocabulary(f"{tool.get('name')} {tool.get('description')}"))

    candidates = [tool for tool in _offered(request) if tool.get("type") in kinds]
    return max(candidates, key=likeness, default=None)


def _vocabulary(text: str) -> set[str]:
    return {word.strip().lower() for word in tokens(text.replace("_", " "))}


def _arguments(tool: JSONObject, question: Question) -> JSONObject | str:
    if tool.get("type") == "custom":
        return question.text
    value = _example(tool.get("parameters"), question, f"function '{tool.get('name')}'", "tools")
    return as_object(value)


def _words(request: JSONObject, question: Question, found: Sequence[Search]) -> tuple[str, list[JSONObject]]:
    """Return the text of the answer and its annotations: JSON if requested, search results, or prose."""
    wanted = as_object(as_object(request.get("text")).get("format"))
    if wanted.get("type") == "json_schema":
        what = f"text format '{wanted.get('name')}'"
        return as_text(_example(wanted.get("schema"), question, what, "text.format.schema")), []
    if wanted.get("type") == "json_object":
        return as_text({"answer": answer_text(question)}), []
    if found:
        return cited_text(found)
    return answer_text(question), []


def _example(schema: Any, question: Question, what: str, param: str) -> Any:
    try:
        return example_for(as_object(schema), question.text)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        message = f"Invalid schema for {what}: {error}"
        raise ApiError(400, message, param=param, code="invalid_json_schema") from error


def _limited(output: ModelOutput, limit: Any) -> ModelOutput:
    """Return an output that ends with a message, cut off at `max_output_tokens`."""
    if not isinstance(limit, int) or output.reasoning_tokens + count_tokens(output.items) <= limit:
        return output
    *others, last = output.items
    spent = min(output.reasoning_tokens, limit)
    budget = limit - spent - count_tokens(others)
    if budget <= 0:
        return ModelOutput(others, spent, "max_output_tokens")
    part = last["content"][0]
    text = "".join(tokens(part["text"])[:budget])
    notes = [note for note in part["annotations"] if note.get("end_index", note.get("index")) <= len(text)]
    short = {**last, "status": "incomplete", "content": [text_part(text, notes)]}
    return ModelOutput([*others, short], spent, "max_output_tokens")


# --- calls of hosted tools, by the type of the tool


def _mcp(tool: JSONObject, request: JSONObject, question: Question) -> HostedCall:
    allowed: Any = tool.get("allowed_tools")
    names = allowed if is_array(allowed) else as_object(allowed).get("tool_names")
    chosen = as_object(request.get("tool_choice")).get("name")
    name = chosen or next(iter(names or ()), "search")
    output = answer_text(question)
    return McpCall(str(tool.get("server_label")), str(name), as_text({"query": question.text}), output)


def _shell(tool: JSONObject, request: JSONObject, question: Question) -> HostedCall:
    return ShellCall(("echo hello",), ("hello\n",) if has_container(tool) else None)


_HOSTED: dict[str, Callable[[JSONObject, JSONObject, Question], HostedCall]] = {
    "code_interpreter": lambda tool, request, question: CodeCall("print('hello')", "hello\n"),
    "image_generation": lambda tool, request, question: ImageCall(revised_prompt=question.text),
    "mcp": _mcp,
    "shell": _shell,
    "local_shell": lambda tool, request, question: LocalShellCall(("echo", "hello"), {"env": {}}),
    "apply_patch": lambda tool, request, question: PatchCall(
        {"type": "create_file", "path": "hello.txt", "diff": "+hello\n"}
    ),
    **dict.fromkeys(COMPUTERS, lambda tool, request, question: ComputerCall(({"type": "screenshot"},))),
}
