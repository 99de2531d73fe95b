"""Items as titled texts for people: the parts of a transcript, from JSON data; pure."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._base.json_types import as_array, as_object, is_array, is_object, json_or
from .._base.messages import MAX_VALUE_CHARS, one_line
from .._base.redaction import mask_fields, scrub

if TYPE_CHECKING:
    from .._base.json_types import JsonObject

__all__ = ["MAX_CHARS", "Entry", "html_of", "item_entries", "response_entries", "usage_line"]

MAX_CHARS = 2_000
"""The number of characters of a value that is shown."""

_LINE_CHARS = 80  # of data on one line
# Those that steer a terminal, and those that change the direction of the text after them.
_STEERING = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
_DATA_URL = r"\Adata:([\w./+-]*)[^,]{0,100},"
_HIDDEN = ("id", "type", "status", "call_id", "encrypted_content", "created_by", "phase", "role")
_ROLES = {"user": "User", "assistant": "Assistant", "system": "System", "developer": "Developer"}
_GIVEN = ("arguments", "input", "action", "actions", "operation", "code", "query", "queries", "commands")
_RETURNED = ("output", "outputs", "results", "result", "error", "tools")


class Entry(NamedTuple):
    """A titled text of a transcript.

    Attributes:
        kind: "message", "reasoning", "call", "output", "refusal", "note" or "other".
        title: The title, on one line.
        text: The text; it may have any lines.
        is_data: Whether the text is data or a program, and not prose.
    """

    kind: str
    title: str
    text: str
    is_data: bool = False


def response_entries(response: Mapping[str, Any], names: dict[str, str], max_chars: int) -> Iterator[Entry]:
    """Yield the entries of a response: its output, and why it is not complete."""
    for item in as_array(response.get("output")):
        yield from item_entries(as_object(item), names, max_chars)
    error, details = as_object(response.get("error")), as_object(response.get("incomplete_details"))
    reason = error.get("message") or details.get("reason")
    status = response.get("status")
    if status not in ("completed", None) or reason:
        text = f"{status}: {reason}" if reason else str(status)
        yield Entry("note", "Status", _clean(text, max_chars))


def item_entries(item: JsonObject, names: dict[str, str], max_chars: int) -> Iterator[Entry]:
    """Yield the entries of an item of an input or output.

    Args:
        item: The item, as JSON data.
        names: The names of the calls so far, by their ids; those of the item are added.
        max_chars: The number of characters that are shown of each value.
    """
    kind = _name(item.get("type") or ("message" if "role" in item else "item"))
    if kind == "message":
        yield from _message(item, max_chars)
    elif kind == "reasoning":
        text = _parts(item.get("summary")) or _parts(item.get("content"))
        if text:
            yield Entry("reasoning", "Reasoning", _clean(text, max_chars))
    else:
        yield from _tool_entries(kind, item, names, max_chars)


def _message(item: JsonObject, max_chars: int) -> Iterator[Entry]:
    role = _name(item.get("role") or "assistant")
    title = _ROLES.get(role, role)
    content = item.get("content")
    refusal = "\n".join(
        str(part["refusal"]) for part in as_array(content) if is_object(part) and part.get("refusal")
    )
    if text := _parts(content):
        yield Entry("message", title, _clean(text, max_chars))
    if refusal:
        yield Entry("refusal", f"{title} refuses", _clean(refusal, max_chars))


def _tool_entries(kind: str, item: JsonObject, names: dict[str, str], max_chars: int) -> Iterator[Entry]:
    key = item.get("call_id") or item.get("id")
    name = _name(item.get("name") or "")
    if kind.endswith(("_output", "_response")):
        called = names.get(key, "") if isinstance(key, str) else ""
        text, is_data = _returned(item, max_chars)
        yield Entry("output", f"Output of {called or kind.removesuffix('_output')}", text, is_data)
        return
    name = name or kind.removesuffix("_call")
    if isinstance(key, str):
        names[key] = name
    given = {field: item[field] for field in _GIVEN if item.get(field) not in (None, "", [], {})}
    rest = {
        field: value
        for field, value in item.items()
        if field not in _HIDDEN
        and field not in _GIVEN
        and field not in _RETURNED
        and field != "name"
        and value not in (None, [], {})
    }
    value: Any = next(iter(given.values())) if len(given) == 1 and not kind.startswith("mcp_list") else given
    is_call = "call" in kind or bool(given)
    text = _data(value if given else rest, max_chars) if given or rest else ""
    yield Entry("call" if is_call else "other", f"Call of {name}" if is_call else name, text, True)
    if any(item.get(field) not in (None, "", [], {}) for field in _RETURNED):
        text, is_data = _returned(item, max_chars)
        yield Entry("output", f"Output of {name}", text, is_data)


def _returned(item: JsonObject, max_chars: int) -> tuple[str, bool]:
    found = {field: item[field] for field in _RETURNED if item.get(field) not in (None, "", [], {})}
    if not found:
        found = {field: value for field, value in item.items() if field not in _HIDDEN and value is not None}
    value: Any = next(iter(found.values())) if len(found) == 1 else found
    if is_array(value) and (text := _parts(value)):
        return _clean(text, max_chars), False
    return _data(value, max_chars), True


def _parts(content: object) -> str:
    """Return the text of a message, a summary or an output: the text of each part, or its kind."""
    if isinstance(content, str):
        return content
    return "\n".join(filter(None, (_part(as_object(part)) for part in as_array(content))))


def _part(part: JsonObject) -> str:
    text = part.get("text")
    if isinstance(text, str):
        return text
    kind = str(part.get("type") or "")
    if not kind or kind == "refusal":
        return ""
    source = next(
        (part[field] for field in ("filename", "file_id", "image_url", "file_url") if part.get(field)), ""
    )
    return f"[{kind} {_short_url(source)}]".replace(" ]", "]")


def _short_url(value: object) -> str:
    text = str(value)
    match = re.match(_DATA_URL, text[:200])
    return text if match is None else f"{match[1]}, {len(text):,} characters of data"


def _data(value: object, max_chars: int) -> str:
    """Return a value as readable data: JSON in lines, a string as it is."""
    if isinstance(value, str):
        parsed = json_or(value) if value.lstrip()[:1] in ("{", "[") else None
        if parsed is None:
            return _clean(_short_url(value), max_chars)
        value = parsed
    shown = _bounded(mask_fields(value), max_chars)
    text = json.dumps(shown, ensure_ascii=False, default=str)
    if len(text) > _LINE_CHARS:
        text = json.dumps(shown, ensure_ascii=False, default=str, indent=2)
    return _clean(text, max_chars)


def _bounded(value: object, max_chars: int) -> object:
    """Return JSON data with its long strings cut, so that little is written to be thrown away."""
    if is_object(value):
        return {
            name: _bounded(field, max_chars) for name, field in value.items() if name != "encrypted_content"
        }
    if is_array(value):
        return [_bounded(member, max_chars) for member in value[:max_chars]]
    return _cut(_short_url(value), max_chars) if isinstance(value, str) else value


def _clean(text: str, max_chars: int) -> str:
    """Return a string of bounded length, without keys and without control characters for a terminal."""
    return re.sub(_STEERING, "\ufffd", scrub(_cut(text.replace("\r\n", "\n"), max_chars))).strip("\n")


def _cut(text: str, max_chars: int) -> str:
    more = len(text) - max_chars
    return text if more <= 0 else f"{text[:max_chars]}… ({more:,} more characters)"


def _name(value: object) -> str:
    return one_line(str(value), MAX_VALUE_CHARS)


def usage_line(usage: Mapping[str, Any]) -> str:
    """Return the tokens of a usage as a line; empty if nothing is known."""
    details = {
        "cached": as_object(usage.get("input_tokens_details")).get("cached_tokens"),
        "reasoning": as_object(usage.get("output_tokens_details")).get("reasoning_tokens"),
    }
    known = [
        f"{count:,} {name}"
        for name, count in (
            ("input", usage.get("input_tokens")),
            ("cached", details["cached"]),
            ("output", usage.get("output_tokens")),
            ("reasoning", details["reasoning"]),
        )
        if isinstance(count, int) and count
    ]
    total = usage.get("total_tokens")
    return f"{total:,} tokens ({', '.join(known)})" if isinstance(total, int) and known else ""


_BOX = (
    "border:1px solid rgba(128,128,128,.4);border-radius:6px;padding:.4em .8em;margin:.4em 0;max-width:60em"
)
_TITLE = "font-weight:600;opacity:.75;margin:.5em 0 .1em"
_TEXT = (
    "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate;margin:0;max-height:24em;overflow:auto"
)
_DATA = f"{_TEXT};font-family:ui-monospace,monospace;font-size:.9em;opacity:.9"


def html_of(heading: str, entries: Iterable[Entry], footer: str = "") -> str:
    """Return entries as HTML for notebooks: without scripts and links, and with all text escaped."""
    parts = [
        f'<div style="{_BOX}"><div style="{_TITLE}">{html.escape(one_line(heading, 4 * MAX_VALUE_CHARS))}</div>'
    ]
    for entry in entries:
        text = html.escape(entry.text)
        body = f'<div dir="auto" style="{_DATA if entry.is_data else _TEXT}">{text}</div>'
        title = html.escape(entry.title)
        if entry.kind in ("message", "refusal", "note"):
            parts.append(f'<div style="{_TITLE}">{title}</div>{body}')
        else:
            parts.append(f'<details><summary style="{_TITLE}">{title}</summary>{body}</details>')
    if footer:
        parts.append(f'<div style="opacity:.6;margin-top:.6em">{html.escape(footer)}</div>')
    return "".join([*parts, "</div>"])
