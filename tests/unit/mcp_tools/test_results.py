"""Results of MCP tools as outputs."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("mcp")

from mcp.types import CallToolResult

from responses_client._mcp_tools.results import as_output, error_text


def result(*content: dict[str, Any], **more: Any) -> CallToolResult:
    return CallToolResult.model_validate({"content": list(content), **more})


def parts(*content: dict[str, Any]) -> list[Any]:
    output = as_output(result(*content))
    assert not isinstance(output, str)
    return [part.to_dict() for part in output]


TEXT = {"type": "text", "text": "Sunny"}
IMAGE = {"type": "image", "data": "iVBO", "mimeType": "image/png"}
AUDIO = {"type": "audio", "data": "UklG", "mimeType": "audio/wav"}


def test_texts_are_one_string() -> None:
    assert as_output(result(TEXT, {"type": "text", "text": "and warm"})) == "Sunny\nand warm"


def test_nothing_is_an_empty_string() -> None:
    assert as_output(result()) == ""


def test_image_is_an_image() -> None:
    assert parts(TEXT, IMAGE) == [
        {"type": "input_text", "text": "Sunny"},
        {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,iVBO"},
    ]


def test_audio_is_a_file() -> None:
    assert parts(AUDIO) == [
        {"type": "input_file", "filename": "audio.wav", "file_data": "data:audio/wav;base64,UklG"}
    ]


@pytest.mark.parametrize(
    ("resource", "part"),
    [
        ({"uri": "file:///a.txt", "text": "Hi"}, None),
        (
            {"uri": "file:///a.png", "blob": "iVBO", "mimeType": "image/png"},
            {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,iVBO"},
        ),
        (
            {"uri": "file:///a.pdf", "blob": "JVBE", "mimeType": "application/pdf"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"},
        ),
        (
            {"uri": "data://", "blob": "AAAA"},
            {
                "type": "input_file",
                "filename": "resource",
                "file_data": "data:application/octet-stream;base64,AAAA",
            },
        ),
    ],
)
def test_resource_is_what_its_type_says(resource: dict[str, Any], part: dict[str, Any] | None) -> None:
    content = {"type": "resource", "resource": resource}
    if part is None:
        assert as_output(result(content)) == "Hi"
    else:
        assert parts(content) == [part]


def test_link_is_its_name_and_address() -> None:
    link = {"type": "resource_link", "name": "a.txt", "uri": "file:///a.txt", "description": "The log"}

    assert as_output(result(link)) == "[a.txt](file:///a.txt): The log"
    assert as_output(result({**link, "title": "Log", "description": None})) == "[Log](file:///a.txt)"


def test_structured_content_is_sent_where_no_text_says_the_same() -> None:
    assert as_output(result(structuredContent={"degrees": 20})) == '{"degrees": 20}'
    assert as_output(result(TEXT, structuredContent={"degrees": 20})) == "Sunny"


def test_content_of_the_future_is_sent_as_json() -> None:
    class Hologram:
        type = "hologram"

        def model_dump_json(self, **options: object) -> str:
            return '{"type":"hologram"}'

    given = result()
    given.content.append(Hologram())
    assert as_output(given) == '{"type":"hologram"}'


def test_failure_is_what_the_tool_says() -> None:
    assert error_text(result(TEXT, IMAGE, isError=True)) == "Sunny"
    assert error_text(result(isError=True)) == "the tool failed and does not say why"
