"""Calls: arguments, overloads and results."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import assert_type

from api import (
    AsyncClient,
    Client,
    FunctionToolParam,
    InputItemParam,
    InputList,
    InputMessageParam,
    Response,
    ResponseCreateParams,
    ToolParam,
)
from pydantic import BaseModel


class City(BaseModel):
    name: str
    people: int


@dataclass
class Options:
    model: str
    temperature: float | None = None


WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": True,
}


def answer(client: Client) -> str:
    response = client.responses.create(model="gpt-5.4", input="Hi", temperature=0.5, max_output_tokens=100)
    assert_type(response, Response)
    return response.output_text


def settings(client: Client) -> Response:
    return client.responses.create(
        model="gpt-5.4",
        instructions="You are brief.",
        input="Hi",
        reasoning={"effort": "low", "summary": "auto"},
        text={"verbosity": "low", "format": {"type": "json_object"}},
        include=["reasoning.encrypted_content"],
        metadata={"topic": "greeting"},
        store=False,
        truncation="auto",
        parallel_tool_calls=False,
        service_tier="flex",
    )


def messages(client: Client) -> Response:
    return client.responses.create(
        model="gpt-5.4",
        input=[
            {"role": "developer", "content": "You are brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello."},
            {"role": "user", "content": [{"type": "input_text", "text": "And now?"}]},
        ],
    )


def picture(client: Client, url: str) -> Response:
    return client.responses.create(
        model="gpt-5.4",
        input=[
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is on it?"},
                    {"type": "input_image", "image_url": url, "detail": "low"},
                ],
            }
        ],
    )


def history(client: Client) -> None:
    items: InputList = [{"role": "user", "content": "Hi"}]
    response = client.responses.create(model="gpt-5.4", input=items)
    items.append({"role": "assistant", "content": response.output_text})
    items.append({"role": "user", "content": "And then?"})
    client.responses.create(model="gpt-5.4", input=items)


def output_as_input(client: Client) -> None:
    items: InputList = [{"role": "user", "content": "Hi"}]
    response = client.responses.create(model="gpt-5.4", input=items)
    items += response.output
    items.append({"role": "user", "content": "And then?"})
    client.responses.create(model="gpt-5.4", input=items)


def output_in_a_literal(client: Client, response: Response) -> Response:
    return client.responses.create(
        model="gpt-5.4", input=[*response.output, {"role": "user", "content": "And then?"}]
    )


def output_item_by_item(client: Client, response: Response) -> None:
    items: InputList = []
    for item in response.output:
        items.append(item)
        if item.type == "function_call":
            items.append({"type": "function_call_output", "call_id": item.call_id, "output": "4"})
    client.responses.create(model="gpt-5.4", input=items)


def tuples_in_place_of_lists(client: Client) -> Response:
    return client.responses.create(
        model="gpt-5.4", input="Hi", tools=(WEATHER,), include=("reasoning.encrypted_content",)
    )


def history_of_items(client: Client, items: list[InputItemParam], message: InputMessageParam) -> None:
    items.append(message)
    items.append({"type": "function_call_output", "call_id": "call_1", "output": "4"})
    client.responses.create(model="gpt-5.4", input=items)


def tools(client: Client) -> Response:
    return client.responses.create(
        model="gpt-5.4",
        input="How is the weather?",
        tools=[WEATHER, {"type": "web_search"}],
        tool_choice={"type": "function", "name": "weather"},
    )


def list_of_tools(client: Client) -> None:
    tools: list[ToolParam] = [WEATHER]
    tools.append({"type": "file_search", "vector_store_ids": ["vs_1"]})
    client.responses.create(model="gpt-5.4", input="Hi", tools=tools, tool_choice="required")


def stream(client: Client) -> None:
    with client.responses.create(model="gpt-5.4", input="Hi", stream=True) as events:
        for event in events:
            if event.type == "response.output_text.delta":
                print(event.delta)


def stream_or_not(client: Client, stream: bool) -> None:
    result = client.responses.create(model="gpt-5.4", input="Hi", stream=stream)
    if isinstance(result, Response):
        print(result.output_text)
    else:
        for event in result:
            print(event.type)


def stream_as_a_block(client: Client) -> str:
    with client.responses.stream(model="gpt-5.4", input="Hi") as events:
        for event in events:
            if event.type == "response.output_text.delta":
                print(event.delta)
        return events.get_final_response().output_text


def parsed(client: Client) -> City | None:
    response = client.responses.parse(model="gpt-5.4", input="Paris", text_format=City)
    assert_type(response.output_parsed, City | None)
    return response.output_parsed


@dataclass
class Town:
    name: str


def parsed_dataclass(client: Client) -> str:
    response = client.responses.parse(model="gpt-5.4", input="Paris", text_format=Town)
    return response.output_parsed.name if response.output_parsed else ""


def parsed_list(client: Client) -> list[City]:
    return client.responses.parse(model="gpt-5.4", input="Paris", text_format=list[City]).output_parsed or []


def parsed_stream(client: Client) -> int:
    with client.responses.stream(model="gpt-5.4", input="Paris", text_format=City) as events:
        for event in events:
            print(event.type)
        city = events.get_final_response().output_parsed
    assert_type(city, City | None)
    return city.people if city else 0


def arguments_from_a_dict(client: Client) -> Response:
    params: ResponseCreateParams = {"model": "gpt-5.4", "input": "Hi"}
    return client.responses.create(**params)


def arguments_that_may_be_absent(client: Client, options: Options) -> Response:
    params: ResponseCreateParams = {"model": options.model, "input": "Hi"}
    if options.temperature is not None:
        params["temperature"] = options.temperature
    return client.responses.create(**params)


def other_options(client: Client) -> Response:
    return client.with_options(timeout=5, max_retries=0).responses.create(
        model="gpt-5.4",
        input="Hi",
        extra_headers={"X-Team": "a"},
        extra_query={"api-version": "1"},
        extra_body={"top_k": 5},
        timeout=20.0,
    )


def stored(client: Client) -> None:
    response = client.responses.retrieve("resp_1", include=["reasoning.encrypted_content"])
    assert_type(response, Response)
    for item in client.responses.input_items.list("resp_1", limit=10, order="asc"):
        print(item.type)
    client.responses.cancel(response.id)
    client.responses.delete(response.id)


def conversation(client: Client) -> Response:
    conversation = client.conversations.create(items=[{"type": "message", "role": "user", "content": "Hi"}])
    return client.responses.create(model="gpt-5.4", input="Hello", conversation=conversation.id)


def webhook(client: Client, body: bytes, headers: dict[str, str]) -> str:
    event = client.webhooks.unwrap(body, headers, secret="whsec_x")
    if event.type == "response.completed":
        return event.data.id
    return event.id or ""


async def async_answer(client: AsyncClient) -> str:
    response = await client.responses.create(model="gpt-5.4", input="Hi")
    assert_type(response, Response)
    return response.output_text


async def async_stream(client: AsyncClient) -> None:
    stream = await client.responses.create(model="gpt-5.4", input="Hi", stream=True)
    async for event in stream:
        if event.type == "response.output_text.delta":
            print(event.delta)


async def async_block(client: AsyncClient) -> City | None:
    async with client.responses.stream(model="gpt-5.4", input="Hi", text_format=City) as events:
        async for event in events:
            print(event.type)
        return (await events.get_final_response()).output_parsed


async def many(client: AsyncClient, questions: list[str]) -> list[str]:
    responses = await asyncio.gather(
        *(client.responses.create(model="gpt-5.4", input=question) for question in questions)
    )
    return [response.output_text for response in responses]


def client_in_a_block() -> None:
    with Client(api_key="key", base_url="http://localhost:1234/v1", timeout=30, max_retries=5) as client:
        print(client.responses.create(model="local", input="Hi").output_text)


def misspelt_argument(client: Client) -> None:
    client.responses.create(model="gpt-5.4", input="Hi", temperatur=1)  # wrong


def misspelt_argument_of_a_stream(client: Client) -> None:
    client.responses.stream(model="gpt-5.4", input="Hi", temperatur=1)  # wrong


def argument_of_another_api(client: Client) -> None:
    client.responses.create(model="gpt-5.4", messages=[{"role": "user", "content": "Hi"}])  # wrong


def wrong_type_of_an_argument(client: Client) -> None:
    client.responses.create(model="gpt-5.4", input="Hi", temperature="hot")  # wrong


def value_that_the_api_does_not_have(client: Client) -> None:
    client.responses.create(model="gpt-5.4", input="Hi", truncation="maybe")  # wrong


def misspelt_option_of_a_client() -> None:
    Client(api_kye="key")  # wrong


def answer_that_is_not_awaited(client: AsyncClient) -> None:
    print(client.responses.create(model="gpt-5.4", input="Hi").output_text)  # wrong


def events_taken_for_a_response(client: Client) -> None:
    print(client.responses.create(model="gpt-5.4", input="Hi", stream=True).output_text)  # wrong


def parsed_value_of_a_plain_answer(client: Client) -> None:
    print(client.responses.create(model="gpt-5.4", input="Hi").output_parsed)  # wrong


def field_that_the_type_lacks(client: Client) -> None:
    city = client.responses.parse(model="gpt-5.4", input="Paris", text_format=City).output_parsed
    if city is not None:
        print(city.mayor)  # wrong
