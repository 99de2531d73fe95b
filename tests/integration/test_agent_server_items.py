"""Items of all kinds that an independent server writes, in each mode."""

from __future__ import annotations

from typing import Any

import pytest
from callers import MODES, Caller

from responses_client import AsyncClient, Client
from responses_client.models import (
    CodeInterpreterCall,
    CustomToolCall,
    FunctionCall,
    ImageGenerationCall,
    McpCall,
    OutputMessage,
    OutputText,
    ReasoningItem,
    Refusal,
    Response,
    UnknownItem,
    UnknownModel,
)

pytestmark = pytest.mark.usefixtures("no_warnings")

KINDS = [
    "reasoning",
    "file_search_call",
    "web_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_call",
    "mcp_call",
    "function_call",
    "custom_tool_call",
    "function_call_output",
    "custom_tool_call_output",
    "computer_call",
    "computer_call_output",
    "local_shell_call",
    "shell_call",
    "shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "compaction",
    "structured_outputs",
    "message",
]


@pytest.fixture(params=MODES)
def caller(request: pytest.FixtureRequest, agent_server: str) -> Caller:
    options: dict[str, Any] = {"api_key": "any", "base_url": agent_server, "max_retries": 0, "timeout": 30}
    return Caller(request.param, lambda: Client(**options), lambda: AsyncClient(**options))


def streamed(caller: Caller, **params: Any) -> tuple[list[Any], Response]:
    """The events of a stream, and its snapshot."""

    def read(client: Client) -> tuple[list[Any], Response]:
        with client.responses.create(model="m", input="everything", stream=True, **params) as stream:
            return list(stream), stream.snapshot

    async def wait(client: AsyncClient) -> tuple[list[Any], Response]:
        async with await client.responses.create(
            model="m", input="everything", stream=True, **params
        ) as stream:
            return [event async for event in stream], stream.snapshot

    events, snapshot = caller.run(read, wait)
    return events, snapshot


@pytest.mark.parametrize("background", [False, True])
def test_items_are_put_together_as_the_server_keeps_them(caller: Caller, background: bool) -> None:
    events, snapshot = streamed(caller, background=background)

    assert not [event for event in events if isinstance(event, UnknownModel)]
    assert [item.wire_type for item in snapshot.output] == KINDS
    kept: Response = caller(lambda client: client.responses.retrieve(snapshot.id))
    # Of the message, the server keeps no annotations.
    assert [item.to_dict() for item in snapshot.output[:-1]] == [item.to_dict() for item in kept.output[:-1]]


def test_all_items_but_those_of_the_server_alone_have_their_class(caller: Caller) -> None:
    response: Response = caller(lambda client: client.responses.create(model="m", input="everything"))

    assert [item.wire_type for item in response.output] == KINDS
    unknown = [item for item in response.output if isinstance(item, UnknownItem)]
    assert [item.wire_type for item in unknown] == ["structured_outputs"]


def test_what_is_written_piece_by_piece_is_whole(caller: Caller) -> None:
    _, response = streamed(caller)
    reasoning, code, image = (response.output[index] for index in (0, 3, 4))
    assert isinstance(reasoning, ReasoningItem)
    assert [part.text for part in reasoning.summary] == ["First, think.", "Then, think again."]
    assert isinstance(code, CodeInterpreterCall)
    assert code.code == "print(1 + 1)"
    assert isinstance(image, ImageGenerationCall)
    assert image.result == "AAAABBBB"

    good, bad = response.output[7:9]
    assert isinstance(good, McpCall)
    assert (good.status, good.arguments, good.output) == ("completed", '{"word": "sky"}', "blue")
    assert isinstance(bad, McpCall)
    assert (bad.status, bad.output) == ("failed", None)
    assert bad.error is not None

    message = response.output[-1]
    assert isinstance(message, OutputMessage)
    text, refusal = message.content
    assert isinstance(text, OutputText)
    assert text.text == "See the source."
    assert [getattr(note, "title", None) for note in text.annotations] == ["A", "B"]  # both at index 0
    assert isinstance(refusal, Refusal)
    assert refusal.refusal == "No more than that."


def test_calls_that_are_written_at_the_same_time_keep_apart(caller: Caller) -> None:
    _, response = streamed(caller)
    plain, custom = response.output[9:11]

    assert isinstance(plain, FunctionCall)
    assert (plain.call_id, plain.arguments) == ("call_plain", '{"a": 1}')
    assert isinstance(custom, CustomToolCall)
    assert (custom.call_id, custom.input) == ("call_custom", "a piece, and another")
