"""The results of `create` and `stream`, as type checkers see them."""

from typing import assert_type

from responses_client import (
    AsyncClient,
    AsyncEventStream,
    AsyncResponseStream,
    Client,
    EventStream,
    ResponseStream,
)
from responses_client.models import (
    InputTokensDetails,
    OutputItem,
    Response,
    ResponseCreateParams,
    StreamEvent,
    Usage,
)


def without_stream_the_result_is_a_response(client: Client) -> None:
    assert_type(client.responses.create(model="gpt-5-mini", input="Hi"), Response)
    assert_type(client.responses.create(model="gpt-5-mini", input="Hi", stream=False), Response)
    assert_type(client.responses.create(model="gpt-5-mini", input="Hi", stream=None), Response)


def with_stream_it_is_a_stream_of_events(client: Client) -> None:
    with client.responses.create(model="gpt-5-mini", input="Hi", stream=True) as stream:
        assert_type(stream, EventStream)
        for event in stream:
            assert_type(event, StreamEvent)


def with_a_bool_it_is_one_of_both(client: Client, stream: bool) -> None:
    result = client.responses.create(model="gpt-5-mini", input="Hi", stream=stream)
    assert_type(result, Response | EventStream)
    if isinstance(result, Response):
        print(result.output_text)
    else:
        print(sum(1 for _ in result))


async def the_async_client_gives_the_same(client: AsyncClient, stream: bool) -> None:
    assert_type(await client.responses.create(model="gpt-5-mini", input="Hi"), Response)
    assert_type(await client.responses.create(input="Hi", stream=stream), Response | AsyncEventStream)
    async with await client.responses.create(input="Hi", stream=True) as events:
        assert_type(events, AsyncEventStream)
        async for event in events:
            assert_type(event, StreamEvent)


def stream_is_a_context_manager(client: Client) -> None:
    with client.responses.stream(model="gpt-5-mini", input="Hi") as stream:
        assert_type(stream, ResponseStream)
        for text in stream.text_deltas():
            assert_type(text, str)
        assert_type(stream.snapshot, Response | None)
        assert_type(stream.get_final_response(), Response)


async def async_stream_is_a_context_manager(client: AsyncClient) -> None:
    async with client.responses.stream(model="gpt-5-mini", input="Hi") as stream:
        assert_type(stream, AsyncResponseStream)
        async for text in stream.text_deltas():
            assert_type(text, str)
        assert_type(await stream.get_final_response(), Response)


def parameters_may_be_kept_in_a_dict(client: Client) -> None:
    params: ResponseCreateParams = {"model": "gpt-5-mini", "input": "Hi", "timeout": 5.0}
    assert_type(client.responses.create(**params), Response)
    assert_type(client.responses.create(**params, stream=True), EventStream)
    assert_type(list(client.responses.create(**params, stream=True)), list[StreamEvent])


def fields_of_a_response_have_types(response: Response) -> None:
    assert_type(response.output_text, str)
    assert_type(response.id, str)
    assert_type(response.model, str)
    assert_type(response.request_id, str | None)
    assert_type(response.output, list[OutputItem])
    assert_type(response.usage, Usage | None)
    if response.usage is not None:
        assert_type(response.usage.total_tokens, int)
        assert_type(response.usage.input_tokens_details, InputTokensDetails)
        assert_type(response.usage.input_tokens_details.cached_tokens, int)
        assert_type(response.usage.output_tokens_details.reasoning_tokens, int)
    if response.tool_usage is not None:
        assert_type(response.tool_usage.web_search.num_requests, int)
        assert_type(response.tool_usage.image_gen.total_tokens, int)
        assert_type(response.tool_usage.image_gen.cached_tokens, int | None)  # null means unknown
    if response.meta is not None:
        assert_type(response.meta.request_id, str | None)


def responses_come_from_json_and_go_back(response: Response) -> None:
    assert_type(Response.from_json(response.to_json()), Response)
    assert_type(Response.from_dict(response.to_dict()), Response)
    assert_type(response.to_json(), str)
