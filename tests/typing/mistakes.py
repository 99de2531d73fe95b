"""Mistakes that type checkers must find.

mypy (`warn_unused_ignores`) and pyright (the rule below) each report an `ignore` that hides nothing.
"""
# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from pathlib import Path
from typing import Any, assert_never

import aiohttp
import httpx

from responses_client import AsyncClient, Client, WebSocketSession, batch_line
from responses_client.models import (
    FunctionTool,
    FunctionToolParam,
    InputFile,
    InputImage,
    InputList,
    InputMessage,
    InputMessageParam,
    OutputMessage,
    OutputText,
    OutputTextDelta,
    Response,
    StreamEvent,
    UnknownEvent,
)


def name_that_no_model_has() -> None:
    from responses_client.models import OutputMesage  # type: ignore[attr-defined]  # noqa: F401


def attribute_of_another_package(client: Client, response: Response) -> None:
    print(client.chat)  # type: ignore[attr-defined]
    print(client.responses.with_raw_response)  # type: ignore[attr-defined]
    print(response._request_id)  # type: ignore[attr-defined]
    Client(base_url=b"https://a.example")  # type: ignore[arg-type]


async def http_client_of_the_wrong_kind() -> None:
    AsyncClient(transport="h3")  # type: ignore[arg-type]
    AsyncClient(http_client=httpx.Client())  # type: ignore[arg-type]
    async with aiohttp.ClientSession() as session:
        Client(http_client=session)  # type: ignore[arg-type]
    Client(transport="aiohttp")  # type: ignore[call-arg]


def value_of_a_wrong_type(client: Client) -> None:
    client.responses.create(input="Hi", temperature="hot")  # type: ignore[call-overload]
    client.responses.stream(input="Hi", temperature="hot")  # type: ignore[call-overload]


def misspelt_keyword(client: Client) -> None:
    client.responses.create(inputs="Hi")  # type: ignore[call-overload]
    client.responses.stream(inputs="Hi")  # type: ignore[call-overload]


def argument_by_position(client: Client) -> None:
    client.responses.create("Hi")  # type: ignore[call-overload]
    client.responses.stream("Hi")  # type: ignore[call-overload]
    client.responses.parse("Hi", text_format=int)  # type: ignore[call-overload]
    client.responses.run("Hi")  # type: ignore[call-overload]
    client.responses.run_stream("Hi")  # type: ignore[call-overload]
    client.responses.retrieve("resp_1", True)  # type: ignore[call-overload]
    client.responses.map([], 5)  # type: ignore[call-overload]


async def argument_by_position_of_async_methods(client: AsyncClient) -> None:
    await client.responses.create("Hi")  # type: ignore[call-overload]
    client.responses.stream("Hi")  # type: ignore[call-overload]
    await client.responses.run("Hi")  # type: ignore[call-overload]
    await client.responses.retrieve("resp_1", True)  # type: ignore[call-overload]
    client.responses.map([], 5)  # type: ignore[call-overload]


def plumbing_of_clients(client: Client) -> None:
    client.stream(model="gpt-5-mini", input="Hi")  # type: ignore[attr-defined]
    client.call  # type: ignore[attr-defined]  # noqa: B018


def value_out_of_a_list(client: Client) -> None:
    client.responses.stream(input="Hi", service_tier="fastest")  # type: ignore[call-overload]
    client.responses.stream(input="Hi", tool_choice="maybe")  # type: ignore[call-overload]
    client.responses.stream(input="Hi", include=["everything"])  # type: ignore[list-item]
    client.responses.stream(input="Hi", include="reasoning.encrypted_content")  # type: ignore[arg-type]


def dict_without_a_required_key() -> None:
    _: FunctionToolParam = {"type": "function"}  # type: ignore[typeddict-item]
    __: InputMessageParam = {"role": "user"}  # type: ignore[typeddict-item]


def dict_with_a_key_too_many() -> None:
    _: InputMessageParam = {"role": "user", "content": "Hi", "colour": "red"}  # type: ignore[typeddict-unknown-key]


def dict_of_a_wrong_kind(client: Client) -> None:
    client.responses.stream(input=[{"role": "king", "content": "Hi"}])  # type: ignore[list-item]
    client.responses.stream(input="Hi", tools=[{"type": "hammer"}])  # type: ignore[list-item]
    client.responses.stream(input="Hi", tools=[{"type": "function"}])  # type: ignore[list-item]


def dicts_of_which_nothing_is_known(
    client: Client, messages: list[dict[str, str]], objects: list[dict[str, Any]]
) -> None:
    # Lists that took these would take the literals above as well.
    client.responses.create(input=messages)  # type: ignore[arg-type]
    client.responses.create(input=objects)  # type: ignore[arg-type]
    _: InputList = [{"role": "king", "content": "Hi"}]  # type: ignore[list-item]


def number_among_items(client: Client) -> None:
    client.responses.stream(input=["Hi", 3])  # type: ignore[list-item]


def values_that_form_no_message(client: Client, picture: InputImage, response: Response) -> None:
    client.responses.stream(input=["Hi", b"data"])  # type: ignore[list-item]
    client.responses.stream(input=["Hi", Path("cat.png")])  # type: ignore[list-item]
    client.responses.stream(input=["Hi", ("user", "Hi")])  # type: ignore[list-item]
    client.responses.stream(input=["Hi", response.output])  # type: ignore[list-item]
    client.responses.stream(input=["Hi", {"type": "text", "text": "Hi"}])  # type: ignore[list-item]
    client.responses.stream(input=[{"role": "user", "content": ["Hi", 3]}])  # type: ignore[list-item]
    client.responses.stream(input=picture)  # type: ignore[call-overload]


def file_that_is_no_path() -> None:
    InputImage.from_path(b"cat.png")  # type: ignore[arg-type]
    InputImage.from_bytes("data")  # type: ignore[arg-type]
    InputImage.from_path("cat.png", detail="medium")  # type: ignore[arg-type]
    InputFile.from_bytes(b"data")  # type: ignore[call-arg]


def model_without_its_point() -> None:
    FunctionTool()  # type: ignore[call-arg]
    InputMessage(content="Hi")  # type: ignore[call-arg]
    OutputText(text=3)  # type: ignore[arg-type]


def model_of_another_kind(client: Client, response: Response, message: OutputMessage) -> None:
    client.responses.stream(input=response)  # type: ignore[call-overload]
    client.responses.stream(input="Hi", tools=[message])  # type: ignore[list-item]


async def response_that_is_not_awaited(client: AsyncClient) -> None:
    print(client.responses.create(input="Hi").output_text)  # type: ignore[attr-defined]


def events_used_as_a_response(client: Client) -> None:
    print(client.responses.create(input="Hi", stream=True).output_text)  # type: ignore[attr-defined]


def field_that_an_event_lacks(event: StreamEvent) -> None:
    print(event.delta)  # type: ignore[union-attr]


def match_that_leaves_something(event: StreamEvent) -> None:
    match event:
        case OutputTextDelta() | UnknownEvent():
            print(event)
        case _:
            assert_never(event)  # type: ignore[arg-type]


def key_that_is_none(client: Client) -> None:
    Client(api_key=b"key")  # type: ignore[arg-type]
    Client(api_key=lambda: 7)  # type: ignore[arg-type]
    client.with_options(api_key=lambda: ("key", "tomorrow"))  # type: ignore[arg-type, return-value]


def async_key_of_a_sync_client(client: Client) -> None:
    async def key() -> str:
        return "key"

    AsyncClient(api_key=key)
    Client(api_key=key)  # type: ignore[arg-type]
    client.with_options(api_key=key)  # type: ignore[arg-type]


def option_that_the_call_cannot_have(client: Client, session: WebSocketSession) -> None:
    batch_line("1", input="Hi", timeout=3)  # type: ignore[call-arg]
    batch_line("1", input="Hi", background=True)  # type: ignore[call-arg]
    session.create(input="Hi", timeout=3, deadline=9)
    session.create(input="Hi", max_retries=3)  # type: ignore[call-arg]
    session.create(input="Hi", extra_headers={})  # type: ignore[call-arg]
    session.create(input="Hi", background=True)  # type: ignore[call-arg]
    session.response.create(input="Hi", idempotency_key="1")  # type: ignore[call-arg]
    client.responses.connect(idempotency_key="1")  # type: ignore[call-arg]


def way_to_sign_that_is_none(client: Client) -> None:
    Client(auth="basic")  # type: ignore[arg-type]
    Client(auth=httpx.BasicAuth)  # type: ignore[arg-type]
    client.with_options(auth=("me", "password"))  # type: ignore[arg-type]
