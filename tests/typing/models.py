"""Models as values: construction, fields, narrowing, unions as annotations."""

from typing import Literal, assert_type

from responses_client.models import (
    Annotation,
    ContentPart,
    FunctionCall,
    InputItem,
    InputMessage,
    Model,
    ModelId,
    OutputItem,
    OutputMessage,
    OutputText,
    OutputTextDelta,
    Response,
    StreamEvent,
    Tool,
    ToolChoiceObject,
    UnknownItem,
)


def a_tag_need_not_be_given() -> None:
    call = FunctionCall(call_id="call_1", name="f", arguments="{}", async_=True)
    assert_type(call.type, Literal["function_call"])
    assert_type(call.id, str | None)
    assert_type(call.async_, bool | None)


def parts_of_a_message_have_types(message: OutputMessage, question: InputMessage) -> None:
    for part in message.content:
        if isinstance(part, OutputText):
            assert_type(part.text, str)
            assert_type(part.annotations, list[Annotation])
    assert_type(question.content, str | list[ContentPart])


def a_tag_narrows_an_event(event: StreamEvent) -> None:
    if event.type == "response.output_text.delta":
        assert_type(event, OutputTextDelta)


def all_events_share_some_fields(event: StreamEvent) -> None:
    assert_type(event.sequence_number, int | None)
    if isinstance(event, OutputTextDelta):
        assert_type(event.output_index, int | None)
        assert_type(event.item_id, str | None)


def calls_are_picked_by_class(response: Response) -> None:
    calls = [item for item in response.output if isinstance(item, FunctionCall)]
    assert_type(calls, list[FunctionCall])
    unknown = [item for item in response.output if isinstance(item, UnknownItem)]
    assert_type([item.wire_type for item in unknown], list[str | None])


def unions_are_fit_for_annotations(
    item: InputItem, output: OutputItem, tool: Tool, choice: ToolChoiceObject, name: ModelId
) -> list[Model | str]:
    return [item, output, tool, choice, name]


def an_output_item_is_an_input_item(item: OutputItem) -> InputItem:
    return item
