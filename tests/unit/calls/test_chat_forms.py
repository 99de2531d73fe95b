"""Forms of Chat Completions in a request: each is named once, with the form of this API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fake_io import call

from responses_client import RequestValidationError
from responses_client._calls import chat_forms
from responses_client._calls.chat_forms import chat_function
from responses_client.models import InputMessage, InputText, OutputMessage, OutputText

CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


@pytest.fixture(autouse=True)
def _nothing_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_forms, "_reported", set())


def warnings(caplog: pytest.LogCaptureFixture, *items: object, **params: Any) -> list[str]:
    """The warnings about items, which are sent as they are."""
    caplog.clear()
    sent = json.loads(call({"input": [*items], **params}).request.content)["input"]
    assert len(sent) == len(items)
    return [record.getMessage() for record in caplog.records if record.name == "responses_client"]


def message(role: str, *parts: object) -> dict[str, object]:
    return {"role": role, "content": [*parts]}


@pytest.mark.parametrize(
    ("role", "part", "form"),
    [
        ("user", {"type": "text", "text": "Hi"}, '\'text\'; write {"type": "input_text", "text": ...}'),
        (
            "user",
            {"type": "image_url", "image_url": {"url": "x"}},
            '\'image_url\'; write {"type": "input_image",',
        ),
        ("user", {"type": "image", "source": {}}, '\'image\'; write {"type": "input_image",'),
        ("user", {"type": "file", "file": {"file_id": "f"}}, '\'file\'; write {"type": "input_file",'),
        ("user", {"type": "document", "source": {}}, '\'document\'; write {"type": "input_file",'),
        ("user", {"type": "input_audio", "input_audio": {}}, "'input_audio'; write the text of a transcript"),
        ("user", {"type": "tool_result"}, '\'tool_result\'; write the item {"type": "function_call_output",'),
        ("assistant", {"type": "tool_use"}, "'tool_use' in a message of the assistant; write the item"),
        ("user", {"type": "output_text", "text": "Hi"}, '\'output_text\'; write {"type": "input_text",'),
        ("system", {"type": "refusal", "refusal": "No"}, '\'refusal\'; write {"type": "input_text",'),
        (
            "assistant",
            {"type": "input_text", "text": "Hi"},
            '\'input_text\' in a message of the assistant; write {"type": "output_text",',
        ),
        (
            "assistant",
            {"type": "text", "text": "Hi"},
            '\'text\' in a message of the assistant; write {"type": "output_text",',
        ),
        (
            "assistant",
            {"type": "input_image", "file_id": "f"},
            "'input_image' in a message of the assistant; write it in a message of the user",
        ),
    ],
)
def test_part_of_another_api_or_role_is_sent_and_named(
    caplog: pytest.LogCaptureFixture, role: str, part: dict[str, Any], form: str
) -> None:
    (warning,) = warnings(caplog, "Hi", message(role, "Hi", part))

    start = "responses.create: sent as given, but the API may refuse it: input[1].content[1] has the type "
    assert warning.startswith(start + form)


def test_part_in_the_output_of_a_call_is_named(caplog: pytest.LogCaptureFixture) -> None:
    output = [{"type": "text", "text": "42"}]
    (warning,) = warnings(caplog, {"type": "function_call_output", "call_id": "call_1", "output": output})

    assert "input[0].output[0] has the type 'text'" in warning


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("text", '{"type": "input_text", "text": ...}'),
        ("image_url", '{"type": "input_image", "image_url": "https://..."}'),
        ("output_text", 'the message that contains it, or {"type": "input_text", "text": ...}'),
        ("refusal", 'the message that contains it, or {"type": "input_text", "text": ...}'),
        ("summary_text", "the reasoning that contains it"),
        ("reasoning_text", "the reasoning that contains it"),
    ],
)
def test_part_among_the_items_is_named(caplog: pytest.LogCaptureFixture, kind: str, form: str) -> None:
    (warning,) = warnings(caplog, {"role": "user", "content": "Hi"}, {"type": kind, "text": "Hi"})

    assert warning.endswith(f"input[1] has the type {kind!r} and is not an item; write {form}")


def test_part_among_the_items_is_named_beside_one_in_a_message(caplog: pytest.LogCaptureFixture) -> None:
    part = {"type": "text", "text": "Hi"}
    (warning,) = warnings(caplog, part, message("user", part))

    assert "input[0] has the type 'text' and is not an item" in warning
    assert "input[1].content[0] has the type 'text'; write" in warning


def test_first_place_of_each_kind_is_named(caplog: pytest.LogCaptureFixture) -> None:
    tool = {"role": "tool", "tool_call_id": "call_1", "content": "42"}
    texts = message("user", {"type": "text", "text": "Hi"}, {"type": "text", "text": "Ho"})
    (warning,) = warnings(caplog, texts, tool, texts, tool)

    assert "input[0].content[0] has the type 'text'" in warning
    assert "input[1] has the role 'tool'" in warning
    assert "input[2]" not in warning
    assert "input[3]" not in warning


@pytest.mark.parametrize(
    ("item", "form"),
    [
        (
            {"role": "tool", "tool_call_id": "call_1", "content": "42"},
            'has the role \'tool\'; write {"type": "function_call_output", "call_id": ..., "output": ...}',
        ),
        ({"role": "function", "name": "look", "content": "42"}, "has the role 'function'; write {"),
        (
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            "has tool_calls; write each call as {",
        ),
        (
            {"role": "assistant", "content": "", "function_call": {"name": "look"}},
            "has function_call; write each",
        ),
    ],
)
def test_message_of_chat_completions_is_sent_and_named(
    caplog: pytest.LogCaptureFixture, item: dict[str, Any], form: str
) -> None:
    (warning,) = warnings(caplog, item)

    assert f": input[0] {form}" in warning


def test_models_are_looked_at_as_dicts_are(caplog: pytest.LogCaptureFixture) -> None:
    (warning,) = warnings(caplog, InputMessage(role="assistant", content=[InputText(text="Hi")]))

    assert "input[0].content[0] has the type 'input_text' in a message of the assistant" in warning


def test_each_kind_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    texts = [{"type": "text", "text": "Hi"}] * 2
    image = {"type": "image_url", "image_url": {"url": "x"}}

    (warning,) = warnings(caplog, message("user", *texts), message("user", *texts, image))
    assert warning.count("'text'") == warning.count("'image_url'") == 1
    assert warnings(caplog, message("user", *texts, image)) == []
    assert len(warnings(caplog, message("assistant", *texts))) == 1


@pytest.mark.parametrize(
    "item",
    [
        message("user", "Hi", InputText(text="Hi"), {"type": "new"}, {"type": "input_image", "file_id": "f"}),
        message("assistant", OutputText(text="Hi"), {"type": "refusal", "refusal": "No"}),
        {"role": "assistant", "content": "Hi", "tool_calls": []},
        OutputMessage.from_dict({"role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}),
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": []},
        {"type": "new"},
    ],
)
def test_forms_of_this_api_are_no_warning(caplog: pytest.LogCaptureFixture, item: object) -> None:
    assert warnings(caplog, item) == []


def test_client_that_checks_nothing_warns_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    call({"input": [message("user", {"type": "text", "text": "Hi"})]}, validate_requests=False)

    assert caplog.records == []


# --- fields that Chat Completions nests

NESTED = {"type": "function", "function": {"name": "look", "parameters": {}}}


@pytest.mark.parametrize(
    ("params", "path", "form"),
    [
        (
            {"tools": [{"type": "web_search"}, NESTED]},
            "tools[1]",
            '{"type": "function", "name": ..., "parameters": ...}',
        ),
        ({"tool_choice": NESTED}, "tool_choice", '{"type": "function", "name": ..., "parameters": ...}'),
        (
            {"text": {"format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}}},
            "text.format",
            '{"type": "json_schema", "name": ..., "schema": ...}',
        ),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0]", '{"type": "function", "name": ...}'),
        (
            {"tools": [{"type": "custom", "custom": {"description": "a"}}]},
            "tools[0]",
            '{"type": "custom", "name": ..., "description": ...}',
        ),
        (
            {"text": {"format": {"type": "json_schema", "json_schema": {}}}},
            "text.format",
            '{"type": "json_schema", "name": ..., "schema": ...}',
        ),
        ({"input": [{"type": "mcp_call", "mcp_call": {}}]}, "input[0]", '{"type": "mcp_call"}'),
    ],
)
def test_object_with_nested_fields_is_refused_with_the_flat_form(
    params: dict[str, Any], path: str, form: str
) -> None:
    with pytest.raises(RequestValidationError) as caught:
        call(params)

    assert [mistake["path"] for mistake in caught.value.errors] == [path]
    assert f"{path}: has the form of Chat Completions; write {form}, without " in str(caught.value)
    assert caught.value.expected == form


def test_object_without_a_field_is_not_taken_for_one_of_chat_completions() -> None:
    for tool in ({"type": "function"}, {"type": "function", "function": "look"}):
        with pytest.raises(RequestValidationError, match=r"tools\[0\]\.name: missing"):
            call({"tools": [tool]})


def test_url_of_an_image_is_not_nested() -> None:
    image = {"type": "input_image", "image_url": {"url": "https://example.com/cat.png"}}

    with pytest.raises(
        RequestValidationError, match=r"input\[0\]\.image_url: expected the URL itself, a string, got"
    ):
        call({"input": [image]})


@pytest.mark.parametrize(
    ("tool", "fields"),
    [
        ({"type": "function", "function": {"name": "look"}}, {"name": "look"}),
        ({"type": "function", "function": "look"}, None),
        ({"type": "function", "name": "look"}, None),
        ({"type": "custom", "custom": {"name": "look"}}, None),
        ({"function": {"name": "look"}}, None),
        (print, None),
    ],
)
def test_function_of_chat_completions_has_its_fields_under_its_type(tool: object, fields: object) -> None:
    assert chat_function(tool) == fields
