"""The official package as a client of the embedded server, on a port."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pydantic
import pytest

from responses_client.testing import RateLimit, Server

openai = pytest.importorskip("openai")

ASK: dict[str, Any] = {"model": "gpt-5.4", "input": "Hi"}
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


class City(pydantic.BaseModel):
    name: str
    inhabitants: int


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    with server.serve() as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="any", base_url=url, timeout=30) as client:
        yield client


@pytest.fixture
async def aclient(url: str) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key="any", base_url=url, timeout=30) as client:
        yield client


# --- what a response refers to


def test_files_vector_stores_and_containers(server: Server, client: openai.OpenAI) -> None:
    server.indexing(polls=1)
    file = client.files.create(file=("tea.txt", b"Green tea at 80 degrees."), purpose="user_data")
    assert [each.filename for each in client.files.list()] == ["tea.txt"]
    store = client.vector_stores.create(name="Drinks")
    added = client.vector_stores.files.create_and_poll(
        file_id=file.id, vector_store_id=store.id, poll_interval_ms=1
    )
    assert added.status == "completed"
    (found,) = client.vector_stores.search(store.id, query="green tea")
    assert found.content[0].text == "Green tea at 80 degrees."
    container = client.containers.create(name="Mine", file_ids=[file.id])
    table = client.containers.files.create(container.id, file=("a.csv", b"1,2"))
    assert client.containers.files.content.retrieve(table.id, container_id=container.id).read() == b"1,2"
    client.containers.delete(container.id)
    with pytest.raises(openai.NotFoundError, match="not found"):
        client.containers.retrieve(container.id)


def test_batch(server: Server, client: openai.OpenAI) -> None:
    server.batching(polls=2).reply("One").reply("Two")
    lines = [
        json.dumps({"custom_id": key, "method": "POST", "url": "/v1/responses", "body": ASK}) for key in "ab"
    ]
    file = client.files.create(file=("r.jsonl", "\n".join(lines).encode()), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h")
    statuses = [client.batches.retrieve(batch.id).status for _ in range(2)]
    assert statuses == ["in_progress", "completed"]
    batch = client.batches.retrieve(batch.id)
    assert batch.output_file_id
    output = client.files.content(batch.output_file_id).text
    assert sorted(json.loads(line)["custom_id"] for line in output.splitlines()) == ["a", "b"]
    with pytest.raises(openai.ConflictError, match="Cannot cancel a batch with status 'completed'"):
        client.batches.cancel(batch.id)


# --- plain answers and streams


def test_create(server: Server, client: openai.OpenAI) -> None:
    server.expect(user="Hi", model="gpt-5.4", instructions="Be brief.").reply("Hello")
    response = client.responses.create(**ASK, instructions="Be brief.")
    assert (response.output_text, response.status) == ("Hello", "completed")
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


async def test_create_async(server: Server, aclient: openai.AsyncOpenAI) -> None:
    server.expect(user="Hi").reply("Hello")
    assert (await aclient.responses.create(**ASK)).output_text == "Hello"


def test_stream_of_events(server: Server, client: openai.OpenAI) -> None:
    server.drip(7).reply("Gr\u00fc\u00dfe \U0001f600")
    events = list(client.responses.create(**ASK, stream=True))
    texts = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(texts) == "Gr\u00fc\u00dfe \U0001f600"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"


def test_stream_with_its_final_response(server: Server, client: openai.OpenAI) -> None:
    server.reply("Hello there")
    with client.responses.stream(**ASK) as stream:
        types = [event.type for event in stream]
        final = stream.get_final_response()
    assert (types[0], types[-1]) == ("response.created", "response.completed")
    assert final.output_text == "Hello there"


async def test_stream_async(server: Server, aclient: openai.AsyncOpenAI) -> None:
    server.reply("Hello there")
    async with aclient.responses.stream(**ASK) as stream:
        types = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert (types[0], types[-1]) == ("response.created", "response.completed")
    assert final.output_text == "Hello there"


def test_stream_left_early(server: Server, client: openai.OpenAI) -> None:
    server.delay(per_event=0.01).reply("word " * 500)
    with client.responses.create(**ASK, stream=True) as stream:
        assert next(iter(stream)).type == "response.created"
    assert client.responses.create(**ASK).output_text


# --- structured output and tools


def test_parse(server: Server, client: openai.OpenAI) -> None:
    server.expect({"text.format.type": "json_schema"}, user="Hi")
    server.reply_json({"name": "Paris", "inhabitants": 2_100_000})
    response = client.responses.parse(**ASK, text_format=City)
    assert response.output_parsed == City(name="Paris", inhabitants=2_100_000)


async def test_parse_async(aclient: openai.AsyncOpenAI) -> None:
    # Nothing is scripted: the server answers with what fits the schema.
    response = await aclient.responses.parse(**ASK, text_format=City)
    assert isinstance(response.output_parsed, City)


def outputs_of(response: Any) -> list[Any]:
    """The outputs of the tool for the calls in a response."""
    calls = [item for item in response.output if item.type == "function_call"]
    return [
        {
            "type": "function_call_output",
            "call_id": call.call_id,
            "output": json.dumps({"city": json.loads(call.arguments)["city"], "degrees": 20}),
        }
        for call in calls
    ]


def test_loop_of_tools_that_sends_the_history(server: Server, client: openai.OpenAI) -> None:
    server.expect(user="Weather?", tools=[{"name": "get_weather"}])
    server.call_tools([("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"})])
    server.expect(user="Weather?", tool_outputs={"get_weather": {"city": "Rome", "degrees": 20}})
    server.reply("20 degrees in both.")
    history: list[Any] = [{"role": "user", "content": "Weather?"}]
    first = client.responses.create(model="gpt-5.4", input=history, tools=[WEATHER])
    history += [*first.output, *outputs_of(first)]
    second = client.responses.create(model="gpt-5.4", input=history, tools=[WEATHER])
    assert second.output_text == "20 degrees in both."


async def test_loop_of_tools_that_goes_on_from_a_response(
    server: Server, aclient: openai.AsyncOpenAI
) -> None:
    server.call_tool("get_weather", {"city": "Paris"})
    server.expect(user="Weather?", tool_outputs={"get_weather": {"city": "Paris"}}).reply("20 degrees.")
    first = await aclient.responses.create(model="gpt-5.4", input="Weather?", tools=[WEATHER])
    second = await aclient.responses.create(
        model="gpt-5.4", input=outputs_of(first), previous_response_id=first.id, tools=[WEATHER]
    )
    assert second.output_text == "20 degrees."


# --- what the server keeps


def test_retrieve_cancel_and_delete(server: Server, client: openai.OpenAI) -> None:
    started = client.responses.create(**ASK, background=True)
    assert started.status == "queued"
    assert client.responses.retrieve(started.id).status == "in_progress"
    assert client.responses.cancel(started.id).status == "cancelled"
    client.responses.delete(started.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(started.id)


async def test_retrieve_cancel_and_delete_async(aclient: openai.AsyncOpenAI) -> None:
    started = await aclient.responses.create(**ASK, background=True)
    assert (await aclient.responses.retrieve(started.id)).id == started.id
    assert (await aclient.responses.cancel(started.id)).status == "cancelled"
    await aclient.responses.delete(started.id)
    with pytest.raises(openai.NotFoundError):
        await aclient.responses.retrieve(started.id)


def test_stream_of_a_stored_response(server: Server, client: openai.OpenAI) -> None:
    server.reply("Hello")
    events: list[Any] = list(client.responses.create(**ASK, background=True, stream=True))
    again = list(client.responses.retrieve(events[-1].response.id, stream=True, starting_after=2))
    assert [event.sequence_number for event in again] == [event.sequence_number for event in events[3:]]


def test_items_of_the_input_in_pages(client: openai.OpenAI) -> None:
    texts = [f"{n}" for n in range(5)]
    response = client.responses.create(
        model="gpt-5.4", input=[{"role": "user", "content": text} for text in texts]
    )
    items: list[Any] = list(client.responses.input_items.list(response.id, order="asc", limit=2))
    assert [item.content[0].text for item in items] == texts


def test_conversations(server: Server, client: openai.OpenAI) -> None:
    conversation = client.conversations.create(metadata={"of": "me"})
    server.reply("Hello")
    client.responses.create(**ASK, conversation=conversation.id)
    items = list(client.conversations.items.list(conversation.id, order="asc"))
    assert [item.type for item in items] == ["message", "message"]
    assert client.conversations.retrieve(conversation.id).metadata == {"of": "me"}
    assert client.conversations.update(conversation.id, metadata={"of": "you"}).metadata == {"of": "you"}
    assert client.conversations.delete(conversation.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(conversation.id)


async def test_conversations_async(server: Server, aclient: openai.AsyncOpenAI) -> None:
    conversation = await aclient.conversations.create(
        items=[{"type": "message", "role": "user", "content": "I am Ada."}]
    )
    server.expect(user="Who am I?", conversation=conversation.id).reply("You are Ada.")
    await aclient.responses.create(model="gpt-5.4", input="Who am I?", conversation=conversation.id)
    items = [item async for item in aclient.conversations.items.list(conversation.id)]
    assert len(items) == 3


# --- errors


def test_failures_are_tried_again(server: Server, client: openai.OpenAI) -> None:
    server.fail(429, headers={"retry-after-ms": "1"}).fail(503, headers={"retry-after-ms": "1"}).reply(
        "At last"
    )
    assert client.responses.create(**ASK).output_text == "At last"
    assert len(server.requests) == 3


async def test_failures_are_tried_again_async(server: Server, aclient: openai.AsyncOpenAI) -> None:
    server.fail(429, headers={"retry-after-ms": "1"}).reply("At last")
    assert (await aclient.responses.create(**ASK)).output_text == "At last"


def test_rate_limit_is_waited_for() -> None:
    server = Server(rate_limit=RateLimit(requests=1, seconds=0.1))
    with server.serve() as url, openai.OpenAI(api_key="any", base_url=url, max_retries=20) as client:
        for _ in range(3):
            client.responses.create(**ASK)
    assert server.refused == len(server.requests) - 3


def test_rate_limit_headers_are_read() -> None:
    server = Server(rate_limit=RateLimit(requests=1, seconds=3600))
    with server.serve() as url, openai.OpenAI(api_key="any", base_url=url, max_retries=0) as client:
        client.responses.create(**ASK)
        with pytest.raises(openai.RateLimitError) as caught:
            client.responses.create(**ASK)
    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.response.headers["x-ratelimit-remaining-requests"] == "0"


def test_request_that_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**ASK, temperature=9)
    assert (caught.value.status_code, caught.value.param) == (400, "temperature")
    assert caught.value.request_id


async def test_request_that_is_refused_async(aclient: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await aclient.responses.create(**ASK, temperature=9)
    assert caught.value.param == "temperature"


def test_key_that_is_refused(url: str) -> None:
    with openai.OpenAI(api_key="invalid", base_url=url) as client, pytest.raises(openai.AuthenticationError):
        client.responses.create(**ASK)


def test_connection_that_is_dropped_is_tried_again(server: Server, client: openai.OpenAI) -> None:
    server.drop_connection().reply("At last")
    assert client.responses.create(**ASK).output_text == "At last"
