"""`responses_client.openai`: the official clients over ours, against the embedded server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pydantic
import pytest

openai = pytest.importorskip("openai")

from responses_client import AsyncClient, Client, RequestInfo, errors
from responses_client.openai import AsyncOpenAI, OpenAI
from responses_client.testing import Server, sign_webhook

ASK: dict[str, Any] = {"model": "gpt-5.4", "input": "Hi"}
SECRET = "whsec_" + "c2VjcmV0" * 4
OTHER_SECRET = "whsec_" + "b3RoZXIu" * 4


class City(pydantic.BaseModel):
    name: str
    inhabitants: int


@pytest.fixture
def official(server: Server) -> Iterator[OpenAI]:
    with server.client() as client, OpenAI(client=client) as official:
        yield official


@pytest.fixture
async def async_official(server: Server) -> AsyncIterator[AsyncOpenAI]:
    async with server.async_client() as client, AsyncOpenAI(client=client) as official:
        yield official


# --- objects


def test_response_is_an_official_object(server: Server, official: OpenAI) -> None:
    server.reply("Hello")
    response = official.responses.create(**ASK, instructions=openai.omit, temperature=openai.NOT_GIVEN)

    assert type(response).__module__.startswith("openai.types.responses")
    assert response.output_text == "Hello"
    assert response._request_id is not None
    assert server.requests[0].json == ASK


def test_events_are_official_objects(server: Server, official: OpenAI) -> None:
    server.reply("Hello")
    events = list(official.responses.create(**ASK, stream=True))

    assert {type(event).__module__.split(".")[0] for event in events} == {"openai"}
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "Hello"
    assert events[-1].type == "response.completed"


def test_stream_helper_accumulates(server: Server, official: OpenAI) -> None:
    server.reply('{"name": "Rome", "inhabitants": 3}')
    with official.responses.stream(**ASK, text_format=City) as stream:
        final = stream.get_final_response()
    assert final.output_parsed == City(name="Rome", inhabitants=3)


def test_parse(server: Server, official: OpenAI) -> None:
    server.reply('{"name": "Rome", "inhabitants": 3}')

    assert official.responses.parse(**ASK, text_format=City).output_parsed == City(name="Rome", inhabitants=3)


def test_stored_objects(official: OpenAI) -> None:
    response = official.responses.create(**ASK)
    assert official.responses.retrieve(response.id) == response
    assert [item.type for item in official.responses.input_items.list(response.id, limit=1)] == ["message"]
    assert official.responses.input_tokens.count(**ASK).input_tokens > 0
    assert official.responses.delete(response.id) is None

    conversation = official.conversations.create(metadata={"a": "b"})
    official.conversations.items.create(
        conversation.id, items=[{"type": "message", "role": "user", "content": "Hi"}]
    )
    assert [item.type for item in official.conversations.items.list(conversation.id)] == ["message"]
    assert official.conversations.delete(conversation.id).deleted


def test_endpoints_of_webhooks(server: Server, official: OpenAI) -> None:
    made = official.webhooks.create(
        name="mine", url="https://example.test/hook", event_types=["response.completed"]
    )
    assert [endpoint.id for endpoint in official.webhooks.list()] == [made.id]
    assert {request.path for request in server.requests} == {"/v1/webhook_endpoints"}


def test_background_response(official: OpenAI) -> None:
    with official.responses.create(**ASK, background=True, stream=True) as stream:
        response = next(iter(stream)).response
    with official.responses.retrieve(response.id, stream=True, starting_after=1) as stream:
        assert next(iter(stream)).sequence_number == 2
    assert official.responses.cancel(response.id).status == "cancelled"


def test_raw_answers(official: OpenAI) -> None:
    raw = official.responses.with_raw_response.create(**ASK)
    assert raw.parse().id == raw.http_response.json()["id"]
    assert raw.elapsed.total_seconds() >= 0
    with official.responses.with_streaming_response.create(**ASK, stream=True) as streamed:
        assert streamed.headers["content-type"].startswith("text/event-stream")
        assert b"response.completed" in b"".join(streamed.iter_bytes())


async def test_async_client_does_the_same(server: Server, async_official: AsyncOpenAI) -> None:
    server.reply("Hello").reply("Hello again")
    response = await async_official.responses.create(**ASK)
    stream = await async_official.responses.create(**ASK, stream=True)
    events = [event async for event in stream]

    assert (response.output_text, events[-1].response.output_text) == ("Hello", "Hello again")
    assert [item.type async for item in async_official.responses.input_items.list(response.id)] == ["message"]
    async with async_official.responses.stream(**ASK) as helper:
        assert (await helper.get_final_response()).status == "completed"


# --- errors, retries, hooks


def test_error_is_official_and_has_ours_as_its_cause(server: Server, official: OpenAI) -> None:
    server.fail(status=404, code="model_not_found", message="There is no such model.")
    with pytest.raises(openai.NotFoundError, match="There is no such model") as raised:
        official.responses.create(**ASK)

    assert (raised.value.code, raised.value.status_code) == ("model_not_found", 404)
    assert isinstance(raised.value.__cause__, errors.NotFoundError)
    assert raised.value.request_id == raised.value.__cause__.request_id


async def test_async_error_is_official(server: Server, async_official: AsyncOpenAI) -> None:
    server.fail(status=400, message="No.")
    with pytest.raises(openai.BadRequestError) as raised:
        await async_official.responses.create(**ASK, stream=True)

    assert isinstance(raised.value.__cause__, errors.BadRequestError)


@pytest.mark.parametrize(("retries", "requests"), [(0, 1), (1, 2), (None, 3)])
def test_retries_are_ours_by_the_options_of_the_official_client(
    server: Server, official: OpenAI, retries: int | None, requests: int
) -> None:
    for _ in range(5):
        server.fail(status=503, retry_after=0)
    chosen = official if retries is None else official.with_options(max_retries=retries)
    with pytest.raises(openai.InternalServerError) as raised:
        chosen.responses.create(**ASK)

    assert len(server.requests) == requests
    assert getattr(raised.value.__cause__, "tries", None) == requests


def test_lost_connection_is_an_official_error() -> None:
    official = OpenAI(api_key="x", base_url="http://127.0.0.1:9/v1", max_retries=0)
    with official, pytest.raises(openai.APIConnectionError, match="Connection refused") as raised:
        official.responses.create(**ASK)

    assert isinstance(raised.value.__cause__, errors.APIConnectionError)


def test_error_of_another_endpoint_is_as_it_was(server: Server) -> None:
    official = OpenAI(api_key="x", base_url="http://127.0.0.1:9/v1", max_retries=0)
    with official, pytest.raises(openai.APIConnectionError) as raised:
        official.models.list()

    assert not isinstance(raised.value.__cause__, errors.ResponsesClientError)


def test_stream_that_breaks_is_an_official_error_with_what_came(server: Server, official: OpenAI) -> None:
    server.disconnect_after(events=5).reply("Hello")
    with pytest.raises(openai.APIConnectionError, match="without a terminal event") as raised:
        list(official.responses.create(**ASK, stream=True))

    assert isinstance(raised.value.__cause__, errors.StreamInterrupted)
    assert raised.value.__cause__.partial is not None


async def test_async_stream_that_breaks_is_an_official_error(
    server: Server, async_official: AsyncOpenAI
) -> None:
    server.disconnect_after(events=5).reply("Hello")
    with pytest.raises(openai.APIConnectionError) as raised:
        async for _ in await async_official.responses.create(**ASK, stream=True):
            pass

    assert isinstance(raised.value.__cause__, errors.StreamInterrupted)


def test_background_stream_that_breaks_is_resumed(server: Server, official: OpenAI) -> None:
    server.disconnect_after(events=5).reply("Hello")
    events = list(official.responses.create(**ASK, stream=True, background=True))

    assert events[-1].type == "response.completed"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert len(server.requests) == 2


def test_request_that_cannot_be_made_is_an_official_error() -> None:
    def fail() -> str:
        raise errors.ConfigurationError("The vault is closed.")

    with Client(api_key=fail) as client, OpenAI(client=client) as official:
        with pytest.raises(openai.OpenAIError, match="vault is closed") as raised:
            official.responses.create(**ASK)
        assert isinstance(raised.value.__cause__, errors.ConfigurationError)


def test_address_that_is_not_one_is_an_official_error() -> None:
    official = OpenAI(api_key="sk-a-key", base_url="nonsense")
    with pytest.raises(openai.OpenAIError, match="base_url argument must be a URL"):
        official.responses.create(**ASK)


async def test_address_that_is_not_one_is_an_official_error_of_an_async_client() -> None:
    official = AsyncOpenAI(api_key="sk-a-key", base_url="nonsense")
    with pytest.raises(openai.OpenAIError, match="base_url argument must be a URL"):
        await official.responses.create(**ASK)


def test_hooks_of_our_client_see_the_calls(server: Server) -> None:
    seen: list[str] = []

    def note(info: RequestInfo) -> None:
        seen.append(info.operation)

    with server.client(on_request=note) as client, OpenAI(client=client) as official:
        official.responses.create(**ASK)
        official.conversations.create()
    assert seen == ["responses.create", "request"]


# --- keys, addresses, copies


def test_key_of_the_official_client_is_sent(server: Server) -> None:
    with server.client() as client, OpenAI(client=client, api_key="official-key") as official:
        official.responses.create(**ASK)
        official.with_options(api_key="another-key").responses.create(**ASK)
    assert [request.headers["authorization"] for request in server.requests] == [
        "Bearer official-key",
        "Bearer another-key",
    ]


def test_key_that_a_function_returns_is_asked_for_by_our_client(server: Server) -> None:
    keys = iter(["one-key", "two-key"])
    with server.client(api_key=lambda: next(keys)) as client, OpenAI(client=client) as official:
        official.responses.create(**ASK)
        official.with_options(timeout=5).responses.create(**ASK)
    assert [request.headers["authorization"] for request in server.requests] == [
        "Bearer one-key",
        "Bearer two-key",
    ]


def test_copy_may_have_another_http_client(server: Server, official: OpenAI) -> None:
    copy = official.with_options(http_client=openai.DefaultHttpxClient())
    with copy:
        assert copy.responses.create(**ASK).status == "completed"
    assert not official.is_closed()


def test_client_that_sends_is_at_the_address_of_the_official_one() -> None:
    with OpenAI(api_key="x", base_url="https://api.test/v1") as official:
        assert official.responses_client.base_url == "https://api.test/v1"
        assert official.with_options(base_url="https://b.test").responses_client.base_url == "https://b.test"


async def test_async_client_that_sends_and_its_copies(server: Server, async_official: AsyncOpenAI) -> None:
    copy = async_official.with_options(http_client=openai.DefaultAsyncHttpxClient())
    assert isinstance(copy.responses_client, AsyncClient)
    assert (await copy.responses.create(**ASK)).status == "completed"
    assert (await async_official.copy(max_retries=0).responses.create(**ASK)).status == "completed"
    await copy.close()


def test_client_of_the_other_kind_is_refused() -> None:
    wrong: Any = Client(api_key="x")
    with pytest.raises(errors.ConfigurationError, match="client"):
        AsyncOpenAI(client=wrong)


@pytest.mark.parametrize(("make", "name"), [(OpenAI, "Client"), (AsyncOpenAI, "AsyncClient")])
def test_http_client_of_another_library_is_refused(make: Any, name: str) -> None:
    with pytest.raises(
        errors.ConfigurationError, match=rf"http_client must be an httpx2?\.{name} \(.*, got object"
    ):
        make(api_key="sk-a-key", http_client=object())


# --- webhooks


EVENT = '{"id": "evt_1", "object": "event", "created_at": 1, "type": "response.completed", "data": {"id": "resp_1"}}'


@pytest.fixture(params=[OpenAI, AsyncOpenAI])
def receiver(request: pytest.FixtureRequest) -> Any:
    return request.param(api_key="x", webhook_secret=SECRET)


def test_signed_webhook_is_an_official_event(receiver: Any) -> None:
    event = receiver.webhooks.unwrap(EVENT, sign_webhook(EVENT, secret=SECRET))

    assert (type(event).__module__.split(".")[0], event.data.id) == ("openai", "resp_1")


def test_webhook_with_another_signature_is_an_official_error(receiver: Any) -> None:
    with pytest.raises(openai.InvalidWebhookSignatureError) as raised:
        receiver.webhooks.unwrap(EVENT, sign_webhook(EVENT, secret=OTHER_SECRET))

    assert isinstance(raised.value.__cause__, errors.WebhookSignatureError)
    receiver.webhooks.verify_signature(EVENT, sign_webhook(EVENT, secret=OTHER_SECRET), secret=OTHER_SECRET)


def test_webhook_without_a_secret_is_an_error_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_WEBHOOK_SECRET", raising=False)
    with OpenAI(api_key="x") as official, pytest.raises(ValueError, match="secret"):
        official.webhooks.verify_signature(EVENT, sign_webhook(EVENT))


def test_secret_of_our_client_is_used_where_the_official_one_has_none() -> None:
    with Client(api_key="x", webhook_secret=SECRET) as client, OpenAI(client=client) as official:
        official.webhooks.verify_signature(EVENT, sign_webhook(EVENT, secret=SECRET))
