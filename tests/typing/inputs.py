"""Types of `input`: text, dicts, models, and the output of a response."""

from pathlib import Path
from typing import Any, assert_type

from responses_client import AsyncClient, Client, WebSocketSession, batch_line
from responses_client.models import (
    ConversationRef,
    FunctionCall,
    FunctionCallOutput,
    FunctionCallOutputParam,
    InputFile,
    InputImage,
    InputItem,
    InputItemParam,
    InputList,
    InputMessage,
    InputMessageParam,
    InputText,
    InputTextParam,
    OutputItem,
    PromptTemplate,
    ReasoningConfig,
    Response,
    TextConfigParam,
    TextFormatJsonSchema,
)


def text(client: Client) -> None:
    client.responses.create(input="Hi")


def dicts(client: Client) -> None:
    client.responses.create(
        input=[
            {"role": "developer", "content": "Be brief."},
            {
                "type": "message",
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "image_url": "https://example.com/cat.png", "detail": "low"},
                    {"type": "input_file", "file_id": "file_1"},
                ],
            },
            {"type": "function_call_output", "call_id": "call_1", "output": "42"},
            {"type": "item_reference", "id": "rs_1"},
            {"type": "reasoning", "id": "rs_2", "summary": [{"type": "summary_text", "text": "…"}]},
        ]
    )


def models(client: Client) -> None:
    parts: list[InputText | InputImage] = [
        InputText(text="What is this?"),
        InputImage(image_url="https://example.com/cat.png"),
    ]
    client.responses.create(
        input=[
            InputMessage(role="user", content="Hi"),
            InputMessage(role="user", content=[*parts]),
            FunctionCallOutput(call_id="call_1", output="42"),
        ]
    )


def models_and_dicts_together(client: Client) -> None:
    client.responses.create(
        input=[
            InputMessage(role="user", content="Hi"),
            {"role": "user", "content": [InputText(text="Hello"), {"type": "input_text", "text": "again"}]},
        ]
    )


def the_output_of_a_response_and_more(client: Client, response: Response) -> None:
    client.responses.create(input=[*response.output, {"role": "user", "content": "next"}])
    client.responses.create(input=response.output)


def texts_among_items(client: Client, response: Response, texts: list[str]) -> None:
    client.responses.create(input=[*response.output, "next question"])
    client.responses.create(input=["What is the capital of Peru?", *response.output, "And of Chile?"])
    client.responses.create(
        input=["Hi", {"role": "user", "content": "Hi"}, InputMessage(role="user", content="Hi")]
    )
    client.responses.create(input=texts)
    client.responses.create(input=("Hi", *response.output))
    client.responses.stream(input=[*response.output, "next question"])
    batch_line("one", input=[*response.output, "next question"])


def other_methods(client: Client, session: WebSocketSession, response: Response) -> None:
    client.responses.compact(model="gpt-5.4", input=[*response.output, "next question"])
    client.responses.input_tokens.count(input=[*response.output, "next question"])
    conversation = client.conversations.create(items=["Hi", *response.output])
    client.conversations.items.create(conversation.id, items=[*response.output, "next question"])
    session.create(input=[*response.output, "next question"])
    session.steer(previous_response_id="resp_1", input=["In French", {"role": "user", "content": "please"}])


async def other_methods_async(client: AsyncClient, response: Response) -> None:
    await client.responses.create(input=[*response.output, "next question"])
    await client.conversations.create(items=["Hi", *response.output])


def output_that_is_replayed(client: Client, response: Response) -> None:
    assert_type(response.as_input(), list[InputItem])
    client.responses.create(input=response.as_input(store=False))
    client.responses.create(input=[*response.as_input(), "next question"])


def a_history_with_everything_in_it(client: Client, response: Response) -> None:
    history: InputList = ["What is the capital of Peru?"]
    history += response.output
    history += response.as_input()
    history.append("And of Chile?")
    history.append({"role": "user", "content": [InputImage.from_path("cat.png", detail="low")]})
    history.append(InputMessage(role="user", content=[InputFile.from_path(Path("report.pdf"))]))
    client.responses.create(input=history)


def parts_among_items(client: Client, session: WebSocketSession, response: Response) -> None:
    picture = InputImage.from_path("cat.png")
    client.responses.create(input=["What is on it?", picture])
    client.responses.create(input=[picture])
    client.responses.create(
        input=["What is on it?", {"type": "input_image", "file_id": "file_1"}, *response.output]
    )
    client.responses.stream(input=[picture, InputFile(file_id="file_1"), InputText(text="Hi")])
    client.responses.run(input=["What is on it?", picture], tools=[])
    client.responses.compact(model="gpt-5.4", input=[*response.output, picture])
    client.responses.input_tokens.count(input=["What is on it?", picture])
    client.conversations.create(items=["What is on it?", picture])
    session.create(input=["What is on it?", picture])
    session.steer(previous_response_id="resp_1", input=["What is on it?", picture])
    batch_line("one", input=["What is on it?", picture])
    parts: list[str | InputImage] = ["What is on it?", picture]
    client.responses.create(input=parts)
    history: InputList = []
    history += parts
    history.append({"type": "input_text", "text": "Hi"})


def texts_among_parts(client: Client, picture: InputImage) -> None:
    client.responses.create(input=[{"role": "user", "content": ["What is on it?", picture]}])
    client.responses.create(
        input=[
            {"role": "user", "content": ["Hi", {"type": "input_text", "text": "Hi"}]},
            {"type": "function_call_output", "call_id": "call_1", "output": ["The map:", picture]},
            {"type": "custom_tool_call_output", "call_id": "call_1", "output": [picture, "from here"]},
        ]
    )


def untyped_values(client: Client, history: list[Any], message: Any, messages: Any) -> None:
    client.responses.create(input=history)
    client.responses.create(input=[*history, "next question"])
    client.responses.create(input=[message, {"role": "user", "content": "Hi"}])
    client.responses.create(input=messages)


def the_history_of_a_loop(client: Client, first: Response) -> None:
    history: list[InputItem | InputItemParam] = [{"role": "user", "content": "What is the time?"}]
    history += first.output
    for item in first.output:
        if isinstance(item, FunctionCall):
            history.append({"type": "function_call_output", "call_id": item.call_id, "output": "noon"})
    client.responses.create(input=history)


def narrow_lists(
    client: Client,
    messages: list[InputMessageParam],
    outputs: list[FunctionCallOutputParam],
    built: list[InputMessage],
    items: list[OutputItem],
    pair: tuple[InputMessage, InputMessageParam],
) -> None:
    client.responses.create(input=messages)
    client.responses.create(input=outputs)
    client.responses.create(input=built)
    client.responses.create(input=items)
    client.responses.create(input=pair)
    client.responses.create(input=[*messages, *outputs, *built, *items])


def parts_that_were_made_before(client: Client, parts: list[InputTextParam]) -> None:
    client.responses.create(input=[{"role": "user", "content": parts}])


def a_role_that_is_computed(client: Client, is_system: bool) -> None:
    message: InputMessageParam = {"role": "system" if is_system else "user", "content": "Hi"}
    client.responses.create(input=[message])


def other_fields_take_models_and_dicts(client: Client) -> None:
    text_config: TextConfigParam = {"format": {"type": "text"}, "verbosity": "low"}
    client.responses.create(
        input="Hi",
        reasoning={"effort": "low", "summary": None},
        text=text_config,
        metadata={"user": "17"},
        include=["reasoning.encrypted_content"],
        stream_options={"include_obfuscation": False},
        conversation="conv_1",
    )
    client.responses.create(
        input="Hi",
        model="a-model-of-tomorrow",
        reasoning=ReasoningConfig(effort="low"),
        text={"format": TextFormatJsonSchema(name="answer", schema_={"type": "object"}, strict=True)},
        prompt=PromptTemplate(id="pmpt_1", variables={"name": "Ada", "photo": InputImage(file_id="file_1")}),
        conversation=ConversationRef(id="conv_1"),
        previous_response_id=None,
    )
