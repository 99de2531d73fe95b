"""The input of a request: its items, the question that it asks last, and its size in tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ._json_types import JSONObject, is_array, is_object, objects

# A word or a run of punctuation with the whitespace before it; joined, the matches are the whole text.
_TOKEN = re.compile(r"\s*\w+|\s*[^\w\s]+|\s+\Z")
_ATTACHMENT_TOKENS = 256
_UNCOUNTED_KEYS = {
    "id",
    "type",
    "role",
    "status",
    "call_id",
    "encrypted_content",
    "annotations",
    "logprobs",
    "summary",
}


def tokens(text: str) -> list[str]:
    """Split a text into the pieces that are streamed and counted; joined, they are the text again."""
    return _TOKEN.findall(text)


def count_tokens(value: Any) -> int:
    """Count the tokens of a JSON value: the pieces of all strings in it that a model would read."""
    if isinstance(value, str):
        return len(tokens(value))
    if is_array(value):
        return sum(map(count_tokens, value))
    if not is_object(value):
        return 0
    if value.get("type") in ("input_image", "input_file"):
        return _ATTACHMENT_TOKENS
    return sum(count_tokens(item) for key, item in value.items() if key not in _UNCOUNTED_KEYS)


class ToolResult(NamedTuple):
    """The output of a tool, with the name and the call id of the tool call."""

    name: str
    output: str
    call_id: str


@dataclass(frozen=True, slots=True)
class Question:
    """The question that an answer is to: the text of the last user message and all that belongs to it.

    `is_asked` is whether there is a user message at all. `earlier` holds the texts of the user messages
    before it, `images` and `files` count its attachments, and `results` are the tool outputs after it.
    """

    is_asked: bool = False
    text: str = ""
    earlier: tuple[str, ...] = ()
    images: int = 0
    files: int = 0
    results: tuple[ToolResult, ...] = ()


def input_items(request: JSONObject) -> list[JSONObject]:
    """Return the input of a request as items; a string is one user message."""
    given = request.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": given}]}]
    return objects(given)


def item_type(item: JSONObject) -> str:
    """Return the type of an input item; messages and references may leave it out."""
    return str(item.get("type") or ("message" if "role" in item else "item_reference"))


def includes(request: JSONObject, name: str) -> bool:
    """Whether a request asks for a field that responses leave out by default."""
    include = request.get("include")
    return is_array(include) and name in include


def read_question(items: Sequence[JSONObject]) -> Question:
    """Return the last question of a conversation, from its items, oldest first."""
    question = Question()
    names: dict[str, str] = {}
    for item in items:
        kind = item_type(item)
        if item.get("role") == "user":
            earlier = (*question.earlier, question.text) if question.text else question.earlier
            question = replace(_read_message(item.get("content")), earlier=earlier)
        elif kind.endswith("_output") and "output" in item:
            call_id = str(item.get("call_id"))
            name = str(item.get("name") or names.get(call_id, "The tool"))
            result = ToolResult(name, _text_of(item.get("output")), call_id)
            question = replace(question, results=(*question.results, result))
        elif kind.endswith("_call") and "call_id" in item:
            names[str(item["call_id"])] = str(item.get("name") or kind.removesuffix("_call"))
    return question


def _read_message(content: Any) -> Question:
    types = [part.get("type") for part in objects(content)]
    images, files = types.count("input_image"), types.count("input_file")
    return Question(is_asked=True, text=_text_of(content), images=images, files=files)


def _text_of(content: Any) -> str:
    """Return the text of a content: a string, a list of parts, or the output of a shell."""
    if isinstance(content, str):
        return content
    found = [part.get(key) for part in objects(content) for key in ("text", "stdout", "stderr")]
    return "\n".join(text for text in found if isinstance(text, str))
