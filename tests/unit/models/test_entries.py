"""The texts that people read of items: titled, bounded, without secrets, and safe in HTML."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from samples import response

from responses_client.models import Response
from responses_client.models._entries import (
    MAX_CHARS,
    Entry,
    html_of,
    item_entries,
    response_entries,
    usage_line,
)

HOSTILE = "</div><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\u202etxt\x1b[31m"


def entries(*items: dict[str, Any], max_chars: int = MAX_CHARS) -> list[tuple[str, str, str]]:
    names: dict[str, str] = {}
    return [entry[:3] for item in items for entry in item_entries(item, names, max_chars)]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"role": "user", "content": "Hi"}, [("message", "User", "Hi")]),
        (
            {"type": "message", "content": [{"type": "output_text", "text": "Yes."}, {"text": "No."}]},
            [("message", "Assistant", "Yes.\nNo.")],
        ),
        (
            {"role": "critic", "content": [{"type": "refusal", "refusal": "I will not."}]},
            [("refusal", "critic refuses", "I will not.")],
        ),
        ({"role": "user", "content": []}, []),
        (
            {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]},
            [("message", "User", "[input_image image/png, 26 characters of data]")],
        ),
        (
            {"role": "user", "content": [{"type": "input_file", "filename": "a.pdf"}, {"type": "logs"}]},
            [("message", "User", "[input_file a.pdf]\n[logs]")],
        ),
        (
            {"type": "reasoning", "summary": [{"text": "Hm."}], "encrypted_content": "gAAA"},
            [("reasoning", "Reasoning", "Hm.")],
        ),
        (
            {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "So."}]},
            [("reasoning", "Reasoning", "So.")],
        ),
        ({"type": "reasoning", "summary": []}, []),
        (
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":1}'},
            [("call", "Call of f", '{"a": 1}')],
        ),
        ({"type": "function_call", "name": "f", "arguments": "{bad"}, [("call", "Call of f", "{bad")]),
        ({"type": "function_call", "name": "f", "arguments": ""}, [("call", "Call of f", "")]),
        ({"type": "custom_tool_call", "name": "sh", "input": "ls"}, [("call", "Call of sh", "ls")]),
        (
            {"type": "web_search_call", "id": "w", "action": {"type": "search", "query": "tea"}},
            [("call", "Call of web_search", '{"type": "search", "query": "tea"}')],
        ),
        (
            {"type": "mcp_call", "id": "m", "name": "add", "arguments": "{}", "output": "3"},
            [("call", "Call of add", "{}"), ("output", "Output of add", "3")],
        ),
        (
            {"type": "code_interpreter_call", "code": "1+1", "outputs": [{"type": "logs", "logs": "2"}]},
            [("call", "Call of code_interpreter", "1+1"), ("output", "Output of code_interpreter", "[logs]")],
        ),
        (
            {"type": "file_search_call", "queries": ["tea"], "results": None},
            [("call", "Call of file_search", '["tea"]')],
        ),
        (
            {"type": "function_call_output", "call_id": "x", "output": "3"},
            [("output", "Output of function_call", "3")],
        ),
        (
            {"type": "function_call_output", "output": [{"type": "input_text", "text": "Three."}]},
            [("output", "Output of function_call", "Three.")],
        ),
        (
            {"type": "mcp_approval_response", "approval_request_id": "a", "approve": True},
            [("output", "Output of mcp_approval_response", '{"approval_request_id": "a", "approve": true}')],
        ),
        ({"type": "poem", "verses": ["Tea"]}, [("other", "poem", '{"verses": ["Tea"]}')]),
        ({"type": "poem"}, [("other", "poem", "")]),
        ({}, [("other", "item", "")]),
    ],
)
def test_items_are_titled_texts(item: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert entries(item) == expected


def test_output_has_the_name_of_its_call() -> None:
    found = entries(
        {"type": "function_call", "call_id": "c", "name": "get_tea", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "Hot."},
    )
    assert [title for _, title, _ in found] == ["Call of get_tea", "Output of get_tea"]


def test_long_values_are_cut_with_their_length() -> None:
    [(_, _, text)] = entries({"role": "user", "content": "a" * 50}, max_chars=10)
    assert text == "aaaaaaaaaa… (40 more characters)"

    deep = {"type": "function_call", "name": "f", "arguments": {"a": ["b" * 50, 5, None]}}
    [(_, _, text)] = entries(deep, max_chars=30)
    assert len(text) < 80


def test_long_data_is_in_lines() -> None:
    [(_, _, text)] = entries({"type": "function_call", "name": "f", "arguments": {"a": "b" * 80}})
    assert text.splitlines()[0] == "{"


def test_secrets_and_what_steers_a_terminal_are_not_shown() -> None:
    given = {"authorization": "tea-and-milk", "key": "sk-abcdefgh12345678", "encrypted_content": "gAAA"}
    [(_, title, text)] = entries({"type": "function_call", "name": "f\u202e\x1b", "arguments": given})
    assert title.rstrip() == "Call of f"
    assert text == '{"authorization": "***", "key": "sk-***"}'
    assert entries({"role": "user", "content": "a\u202eb\x1b[31m\r\nc\td\ud800"}) == [
        ("message", "User", "a\ufffdb\ufffd[31m\nc\td\ufffd")
    ]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"status": "failed", "error": {"message": "Oh."}}, ["failed: Oh."]),
        ({"status": "incomplete", "incomplete_details": {"reason": "length"}}, ["incomplete: length"]),
        ({"status": "cancelled"}, ["cancelled"]),
        ({"status": "completed"}, []),
        ({}, []),
    ],
)
def test_response_that_is_not_complete_says_why(fields: dict[str, Any], text: list[str]) -> None:
    assert [entry.text for entry in response_entries({"output": [], **fields}, {}, MAX_CHARS)] == text


@pytest.mark.parametrize(
    ("usage", "line"),
    [
        ({}, ""),
        ({"total_tokens": 0}, ""),
        (
            {
                "input_tokens": 1000,
                "input_tokens_details": {"cached_tokens": 10},
                "output_tokens": 20,
                "output_tokens_details": {"reasoning_tokens": 5},
                "total_tokens": 1020,
            },
            "1,020 tokens (1,000 input, 10 cached, 20 output, 5 reasoning)",
        ),
    ],
)
def test_usage_is_a_line(usage: dict[str, Any], line: str) -> None:
    assert usage_line(usage) == line


class Tags(HTMLParser):
    """The tags of a page, and the attributes that they have."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_hostile_text_cannot_inject_html() -> None:
    kinds = ("message", "reasoning", "call", "output", "refusal", "note", "other")
    found = [Entry(kind, HOSTILE, HOSTILE, kind == "call") for kind in kinds]
    shown = Tags(html_of(HOSTILE, found, HOSTILE))

    assert shown.names == {"div", "details", "summary"}
    assert shown.attributes == {"style", "dir"}
    assert shown.open == []


def test_notebook_shows_a_response() -> None:
    message = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": []}
    part = {"type": "output_text", "annotations": [], "text": "Good <b>tea</b>."}
    data = {**response("completed"), "model": HOSTILE, "output": [{**message, "content": [part]}]}
    page = Response.from_dict(data)._repr_html_()

    assert "Good &lt;b&gt;tea&lt;/b&gt;." in page
    assert Tags(page).names == {"div"}
