"""Small uses as programs for the package `openai` have them: the same code with it and with this package.

Each function is an idiom. It runs twice, against servers that answer the same, and must give the same result. Where
this package differs on purpose, `differs` says how: the two results, and the reason that `docs/migrating.md` gives.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

import pydantic
import pytest
from waits import PATIENT, SOON

import responses_client
from responses_client.testing import Server

openai = pytest.importorskip("openai")

ASK: dict[str, Any] = {"model": "gpt-5.4", "input": "Hi"}
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()
TOOL: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


class City(pydantic.BaseModel):
    name: str
    size: int


CITY = '{"name":"Rome","size":3}'


@dataclass
class Use:
    """One of the two packages, and a server for its clients."""

    lib: ModuleType
    server: Server
    url: str
    opened: ExitStack
    first: int
    """The number of requests that idioms before this one sent to the server."""

    @property
    def requests(self) -> list[Any]:
        """The requests of this idiom."""
        return list(self.server.requests[self.first :])

    def client(self, **options: Any) -> Any:
        return self.opened.enter_context(self._make("OpenAI", "Client", options))

    def aclient(self, **options: Any) -> Any:
        return self._make("AsyncOpenAI", "AsyncClient", options)

    def _make(self, official: str, ours: str, options: dict[str, Any]) -> Any:
        kind = getattr(self.lib, official if self.lib is openai else ours)
        return kind(
            **{"api_key": "any", "base_url": self.url, "timeout": 30, "webhook_secret": SECRET, **options}
        )


Idiom: TypeAlias = Callable[[Use], Any]
IDIOMS: list[Idiom] = []
DIFFERENCES: dict[str, tuple[Any, Any]] = {}


def same(idiom: Idiom) -> Idiom:
    """Add an idiom with one result."""
    IDIOMS.append(idiom)
    return idiom


def differs(*, official: Any, ours: Any) -> Callable[[Idiom], Idiom]:
    """Add an idiom with two results; an exception is given by the name of its class."""

    def add(idiom: Idiom) -> Idiom:
        DIFFERENCES[idiom.__name__] = (official, ours)
        return same(idiom)

    return add


def outcome(idiom: Idiom, lib: ModuleType, server: Server, url: str) -> Any:
    """Run an idiom; if its results differ, an exception is one."""
    with ExitStack() as opened:
        try:
            return idiom(Use(lib, server, url, opened, len(server.requests)))
        except Exception as error:
            if idiom.__name__ not in DIFFERENCES:
                raise
            return type(error).__name__


# --- responses


@same
def output_text(use: Use) -> Any:
    with use.client() as client:
        return client.responses.create(**ASK).output_text


@same
def text_of_the_first_part(use: Use) -> Any:
    return use.client().responses.create(**ASK).output[0].content[0].text


@same
def texts_of_all_messages(use: Use) -> Any:
    response = use.client().responses.create(**ASK)
    return [
        part.text
        for item in response.output
        if item.type == "message"
        for part in item.content
        if part.type == "output_text"
    ]


@same
def status_and_model(use: Use) -> Any:
    response = use.client().responses.create(**ASK, instructions="Be brief.", temperature=0.5)
    return response.status, response.model, response.instructions, response.temperature, response.error


@same
def counts_of_tokens(use: Use) -> Any:
    usage = use.client().responses.create(**ASK).usage
    return (
        usage.input_tokens,
        usage.output_tokens,
        usage.total_tokens,
        usage.input_tokens_details.cached_tokens,
    )


@same
def system_message_and_user_message(use: Use) -> Any:
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    use.client().responses.create(model="gpt-5.4", input=messages)
    return use.requests[-1].json["input"]


@same
def image_in_the_input(use: Use) -> Any:
    content = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="},
    ]
    use.client().responses.create(model="gpt-5.4", input=[{"role": "user", "content": content}])
    return use.requests[-1].json["input"]


@same
def previous_response(use: Use) -> Any:
    client = use.client()
    first = client.responses.create(**ASK)
    second = client.responses.create(model="gpt-5.4", input="And?", previous_response_id=first.id)
    return second.previous_response_id == first.id


@same
def output_added_to_the_next_input(use: Use) -> Any:
    client = use.client()
    context: list[Any] = [{"role": "user", "content": "Hi"}]
    context += client.responses.create(model="gpt-5.4", input=context).output
    context.append({"role": "user", "content": "And?"})
    client.responses.create(model="gpt-5.4", input=context)
    return [item.get("role") for item in use.requests[-1].json["input"]]


@same
def output_dumped_for_the_next_input(use: Use) -> Any:
    client = use.client()
    response = client.responses.create(**ASK)
    items = [item.model_dump(exclude_none=True) for item in response.output]
    client.responses.create(model="gpt-5.4", input=[*items, {"role": "user", "content": "And?"}])
    return len(use.requests[-1].json["input"])


@same
def function_call_and_its_output(use: Use) -> Any:
    use.server.call_tool("get_weather", {"city": "Rome"}).reply("Sunny.")
    client = use.client()
    context: list[Any] = [{"role": "user", "content": "Weather?"}]
    response = client.responses.create(model="gpt-5.4", input=context, tools=[TOOL])
    context += response.output
    for item in response.output:
        if item.type == "function_call":
            city = json.loads(item.arguments)["city"]
            context.append(
                {"type": "function_call_output", "call_id": item.call_id, "output": f"{city}: sun"}
            )
    client.responses.create(model="gpt-5.4", input=context, tools=[TOOL])
    return use.requests[-1].json["input"][-1]["output"]


@same
def custom_tool_call(use: Use) -> Any:
    use.server.reply_items([{"type": "custom_tool_call", "call_id": "c", "name": "code", "input": "1+1"}])
    call = use.client().responses.create(**ASK).output[0]
    return call.type, call.name, call.input


@same
def citations(use: Use) -> Any:
    note = {"type": "url_citation", "url": "https://a.test", "title": "A", "start_index": 0, "end_index": 2}
    part = {"type": "output_text", "text": "Hi", "annotations": [note]}
    use.server.reply_items([{"type": "message", "role": "assistant", "content": [part]}])
    return use.client().responses.create(**ASK).output[0].content[0].annotations[0].url


@same
def refusal(use: Use) -> Any:
    part = {"type": "refusal", "refusal": "No."}
    use.server.reply_items([{"type": "message", "role": "assistant", "content": [part]}])
    content = use.client().responses.create(**ASK).output[0].content[0]
    return content.refusal if content.type == "refusal" else None


@same
def summary_of_reasoning(use: Use) -> Any:
    item = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "I thought."}]}
    use.server.reply_items([item])
    reasoning = use.client().responses.create(**ASK, reasoning={"effort": "low"}).output[0]
    return [part.text for part in reasoning.summary]


@same
def json_mode(use: Use) -> Any:
    use.server.reply_json({"a": 1})
    text: Any = {"format": {"type": "json_object"}}
    return json.loads(use.client().responses.create(model="gpt-5.4", input="JSON", text=text).output_text)


@same
def unknown_field_of_the_answer(use: Use) -> Any:
    use.server.reply_items([{"type": "message", "role": "assistant", "content": [], "new_field": 1}])
    return use.client().responses.create(**ASK).output[0].new_field


@same
def extra_fields_headers_and_parameters(use: Use) -> Any:
    use.client().responses.create(
        **ASK, extra_body={"user": "ada"}, extra_headers={"X-A": "1"}, extra_query={"q": "2"}
    )
    request = use.requests[-1]
    return request.json["user"], request.headers["x-a"], request.query["q"]


# --- models


@same
def dumped_as_dict(use: Use) -> Any:
    dumped = use.client().responses.create(**ASK).model_dump()
    return dumped["output"][0]["content"][0]["text"], dumped["object"]


@same
def dumped_as_json(use: Use) -> Any:
    return json.loads(use.client().responses.create(**ASK).model_dump_json())["object"]


@same
def dumped_without_what_was_not_set(use: Use) -> Any:
    dumped = use.client().responses.create(**ASK).model_dump(mode="json", exclude_unset=True)
    return sorted(dumped)


@same
def written_with_to_dict_and_to_json(use: Use) -> Any:
    response = use.client().responses.create(**ASK)
    return response.to_dict()["object"], json.loads(response.to_json())["object"]


@same
def read_back_from_a_dump(use: Use) -> Any:
    item = use.client().responses.create(**ASK).output[0]
    return type(item).model_validate(item.model_dump()) == item


@same
def copied_with_a_change(use: Use) -> Any:
    return use.client().responses.create(**ASK).model_copy(update={"status": "failed"}).status


@same
def set_fields(use: Use) -> Any:
    return {"id", "output", "status"} <= use.client().responses.create(**ASK).model_fields_set


# --- streams


@same
def deltas_of_a_stream(use: Use) -> Any:
    text = ""
    for event in use.client().responses.create(**ASK, stream=True):
        if event.type == "response.output_text.delta":
            text += event.delta
    return text


@same
def stream_with_match(use: Use) -> Any:
    seen: list[str] = []
    for event in use.client().responses.create(**ASK, stream=True):
        match event.type:
            case "response.created":
                seen.append(event.response.status)
            case "response.output_item.done":
                seen.append(event.item.type)
            case "response.completed":
                seen.append(event.response.output_text)
    return seen


@same
def types_of_events(use: Use) -> Any:
    return Counter(event.type for event in use.client().responses.create(**ASK, stream=True))


@same
def numbers_of_events(use: Use) -> Any:
    return [event.sequence_number for event in use.client().responses.create(**ASK, stream=True)]


@same
def events_by_a_part_of_their_type(use: Use) -> Any:
    with use.client().responses.create(**ASK, stream=True) as stream:
        return [event.type for event in stream if "output_text" in event.type]


@same
def stream_that_is_left_early(use: Use) -> Any:
    with use.client().responses.create(**ASK, stream=True) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                break
    return event.type


@same
def stream_that_is_closed(use: Use) -> Any:
    stream = use.client().responses.create(**ASK, stream=True)
    first = next(iter(stream)).type
    stream.close()
    return first


@same
def stream_as_context_manager(use: Use) -> Any:
    with use.client().responses.stream(**ASK) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                pass
        return stream.get_final_response().output_text


@same
def final_response_without_reading(use: Use) -> Any:
    with use.client().responses.stream(**ASK) as stream:
        return stream.get_final_response().status


@same
def until_done(use: Use) -> Any:
    with use.client().responses.stream(**ASK) as stream:
        stream.until_done()
        return stream.get_final_response().output_text


@same
def dumped_event(use: Use) -> Any:
    events = list(use.client().responses.create(**ASK, stream=True))
    return [json.loads(event.model_dump_json())["type"] for event in events]


@same
def arguments_of_a_streamed_call(use: Use) -> Any:
    use.server.call_tool("get_weather", {"city": "Rome"})
    calls: dict[int, Any] = {}
    for event in use.client().responses.create(**ASK, tools=[TOOL], stream=True):
        if event.type == "response.output_item.added":
            calls[event.output_index] = event.item
        elif event.type == "response.function_call_arguments.delta":
            calls[event.output_index].arguments += event.delta
    return [json.loads(call.arguments) for call in calls.values()]


@same
def stream_of_a_background_response_taken_up_again(use: Use) -> Any:
    client = use.client()
    with client.responses.create(**ASK, background=True, stream=True) as stream:
        for event in stream:
            if event.type == "response.created":
                id = event.response.id
            if event.sequence_number == 3:
                break
    with client.responses.retrieve(response_id=id, stream=True, starting_after=3) as stream:
        return next(event.sequence_number for event in stream)


# --- structured output


@same
def parsed_output(use: Use) -> Any:
    use.server.reply(CITY)
    return use.client().responses.parse(**ASK, text_format=City).output_parsed


@same
def parsed_stream(use: Use) -> Any:
    use.server.reply(CITY)
    with use.client().responses.stream(**ASK, text_format=City) as stream:
        return stream.get_final_response().output_parsed


@same
def schema_by_hand(use: Use) -> Any:
    use.server.reply(CITY)
    schema = {"type": "json_schema", "name": "city", "schema": City.model_json_schema()}
    response = use.client().responses.create(**ASK, text={"format": schema})
    return City.model_validate_json(response.output_text)


# --- async


@same
def async_client_in_asyncio_run(use: Use) -> Any:
    client = use.aclient()

    async def main() -> Any:
        async with client:
            return (await client.responses.create(**ASK)).output_text

    return asyncio.run(main())


@same
def async_stream(use: Use) -> Any:
    async def main() -> Any:
        async with use.aclient() as client:
            stream = await client.responses.create(**ASK, stream=True)
            return [event.delta async for event in stream if event.type == "response.output_text.delta"]

    return "".join(asyncio.run(main()))


@same
def async_stream_manager(use: Use) -> Any:
    async def main() -> Any:
        async with use.aclient() as client, client.responses.stream(**ASK) as stream:
            async for _ in stream:
                pass
            return (await stream.get_final_response()).output_text

    return asyncio.run(main())


@same
def gathered_requests(use: Use) -> Any:
    async def main() -> Any:
        async with use.aclient() as client:
            return await asyncio.gather(*(client.responses.create(**ASK) for _ in range(3)))

    return [response.output_text for response in asyncio.run(main())]


@same
def async_pages(use: Use) -> Any:
    async def main() -> Any:
        async with use.aclient() as client:
            response = await client.responses.create(model="gpt-5.4", input=MANY)
            return [
                item.content[0].text async for item in client.responses.input_items.list(response.id, limit=2)
            ]

    return asyncio.run(main())


# --- stored responses, pages, conversations

MANY: list[Any] = [{"role": "user", "content": f"{number}"} for number in range(5)]


@same
def retrieved_response(use: Use) -> Any:
    client = use.client()
    response = client.responses.create(**ASK)
    return client.responses.retrieve(response.id).output_text == response.output_text


@same
def polled_background_response(use: Use) -> Any:
    client = use.client()
    response = client.responses.create(**ASK, background=True)
    while response.status in {"queued", "in_progress"}:
        response = client.responses.retrieve(response.id)
    return response.status, response.output_text


@same
def cancelled_response(use: Use) -> Any:
    client = use.client()
    return client.responses.cancel(client.responses.create(**ASK, background=True).id).status


@differs(official=None, ours=True)
def deleted_response(use: Use) -> Any:
    client = use.client()
    deleted = client.responses.delete(client.responses.create(**ASK).id)
    return deleted and deleted.deleted


@same
def items_of_all_pages(use: Use) -> Any:
    client = use.client()
    response = client.responses.create(model="gpt-5.4", input=MANY)
    return [item.content[0].text for item in client.responses.input_items.list(response.id, limit=2)]


@same
def pages_one_by_one(use: Use) -> Any:
    client = use.client()
    response = client.responses.create(model="gpt-5.4", input=MANY)
    page = client.responses.input_items.list(response.id, limit=2, order="asc")
    sizes = [len(page.data)]
    while page.has_next_page():
        page = page.get_next_page()
        sizes.append(len(page.data))
    return sizes, page.has_more


@same
def iterated_pages(use: Use) -> Any:
    client = use.client()
    response = client.responses.create(model="gpt-5.4", input=MANY)
    return [len(page.data) for page in client.responses.input_items.list(response.id, limit=2).iter_pages()]


@same
def cursor_by_hand(use: Use) -> Any:
    client = use.client()
    response = client.responses.create(model="gpt-5.4", input=MANY)
    page = client.responses.input_items.list(response.id, limit=2, order="asc")
    rest = client.responses.input_items.list(response.id, after=page.last_id, order="asc")
    return len(rest.data)


@same
def counted_input(use: Use) -> Any:
    return use.client().responses.input_tokens.count(**ASK).input_tokens


@same
def compacted_input(use: Use) -> Any:
    return use.client().responses.compact(model="gpt-5.4", input=MANY).object


@same
def conversation(use: Use) -> Any:
    client = use.client()
    made = client.conversations.create(
        metadata={"of": "ada"}, items=[{"role": "user", "content": "I am Ada."}]
    )
    client.responses.create(**ASK, conversation=made.id)
    items = client.conversations.items.list(made.id, order="asc")
    return made.metadata, [item.role for item in items], client.conversations.delete(made.id).deleted


@same
def items_of_a_conversation(use: Use) -> Any:
    client = use.client()
    made = client.conversations.create()
    added = client.conversations.items.create(made.id, items=[{"role": "user", "content": "Hi"}])
    item = client.conversations.items.retrieve(added.data[0].id, conversation_id=made.id)
    client.conversations.items.delete(item.id, conversation_id=made.id)
    return item.content[0].text, list(client.conversations.items.list(made.id))


# --- errors


@same
def error_of_a_status(use: Use) -> Any:
    try:
        use.client().responses.retrieve("resp_missing")
    except use.lib.NotFoundError as error:
        return error.status_code, type(error).__name__
    return None


@same
def facts_of_an_error(use: Use) -> Any:
    use.server.fail(status=400, code="bad", message="Bad.", param="input")
    try:
        use.client().responses.create(**ASK)
    except use.lib.BadRequestError as error:
        return error.code, error.param, error.type, bool(error.request_id)
    return None


@same
def rate_limit_and_its_wait(use: Use) -> Any:
    use.server.fail(status=429, retry_after=7)
    try:
        use.client(max_retries=0).responses.create(**ASK)
    except use.lib.RateLimitError as error:
        return error.status_code
    except use.lib.APIError:
        return "other"
    return None


@same
def errors_from_the_narrow_to_the_wide(use: Use) -> Any:
    lib = use.lib
    return [
        issubclass(lib.APITimeoutError, lib.APIConnectionError),
        issubclass(lib.APIConnectionError, lib.APIError),
        issubclass(lib.RateLimitError, lib.APIStatusError),
        issubclass(lib.APIStatusError, lib.APIError),
        issubclass(lib.AuthenticationError, lib.APIStatusError),
        issubclass(lib.InternalServerError, lib.APIStatusError),
    ]


@same
def unreachable_server(use: Use) -> Any:
    try:
        use.client(base_url="http://127.0.0.1:1/v1", max_retries=0).responses.create(**ASK)
    except use.lib.APIConnectionError as error:
        return error.__cause__ is not None
    return None


@same
def timeout_of_a_call(use: Use) -> Any:
    use.server.delay(2)
    try:
        use.client(max_retries=0).responses.create(**ASK, timeout=SOON)
    except use.lib.APITimeoutError as error:
        return isinstance(error, use.lib.APIConnectionError)
    return None


@same
def key_that_is_refused(use: Use) -> Any:
    try:
        use.client(api_key="invalid").responses.create(**ASK)
    except use.lib.AuthenticationError as error:
        return error.status_code
    return None


@differs(official="invalid_value", ours="missing")
def body_of_an_error(use: Use) -> Any:
    use.server.fail(status=400, code="invalid_value", message="Bad.")
    try:
        use.client().responses.create(**ASK)
    except use.lib.APIStatusError as error:
        return error.body.get("code", "missing")
    return None


@differs(official=400, ours="AttributeError")
def http_response_of_an_error(use: Use) -> Any:
    use.server.fail(status=400)
    try:
        use.client().responses.create(**ASK)
    except use.lib.APIStatusError as error:
        return error.response.status_code
    return None


@differs(official="BadRequestError", ours="RequestValidationError")
def argument_out_of_bounds(use: Use) -> Any:
    return use.client().responses.create(**ASK, temperature=9)


@differs(official="TypeError", ours="TypeError")
def misspelt_argument(use: Use) -> Any:
    return use.client().responses.create(**ASK, temprature=1)


# --- clients


@same
def options_of_a_copy(use: Use) -> Any:
    client = use.client().with_options(timeout=PATIENT, max_retries=5)
    return client.responses.create(**ASK).status


@same
def repeated_failures(use: Use) -> Any:
    use.server.fail(status=500).fail(status=503)
    use.client(max_retries=2).responses.create(**ASK)
    return len(use.requests)


@same
def no_retries(use: Use) -> Any:
    use.server.fail(status=500)
    try:
        use.client().with_options(max_retries=0).responses.create(**ASK)
    except use.lib.InternalServerError as error:
        return error.status_code, len(use.requests)
    return None


@same
def headers_and_parameters_of_a_client(use: Use) -> Any:
    client = use.client(default_headers={"X-A": "1"}, default_query={"q": "2"}, organization="o", project="p")
    client.responses.create(**ASK)
    request = use.requests[-1]
    headers = request.headers
    return headers["x-a"], request.query["q"], headers["openai-organization"], headers["openai-project"]


@same
def key_from_a_function(use: Use) -> Any:
    use.client(api_key=lambda: "fresh").responses.create(**ASK)
    return use.requests[-1].headers["authorization"]


@same
def key_from_the_environment(use: Use) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "of-the-environment")
        patch.setenv("OPENAI_BASE_URL", use.url)
        use.client(api_key=None, base_url=None).responses.create(**ASK)
    return use.requests[-1].headers["authorization"]


@same
def http_client_of_the_user(use: Use) -> Any:
    import httpx2

    with httpx2.Client(headers={"X-A": "1"}) as http:
        use.client(http_client=http).responses.create(**ASK)
    return use.requests[-1].headers["x-a"]


@same
def closed_client(use: Use) -> Any:
    client = use.client()
    client.close()
    try:
        client.responses.create(**ASK)
    except Exception:
        return "refused"
    return None


@differs(official="bool", ours="TypeError")
def is_closed_as_a_method(use: Use) -> Any:
    return type(use.client().is_closed()).__name__


@differs(official="bool", ours="RequestValidationError")
def omitted_by_a_marker(use: Use) -> Any:
    return type(use.client().responses.create(**ASK, temperature=openai.omit).store).__name__


# --- webhooks


def signed(data: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Sign a webhook as Standard Webhooks does."""
    body = json.dumps(data)
    stamp = str(int(time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, f"wh_1.{stamp}.{body}".encode(), hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return body, {"webhook-id": "wh_1", "webhook-timestamp": stamp, "webhook-signature": signature}


EVENT = {
    "id": "evt_1",
    "object": "event",
    "created_at": 1,
    "type": "response.completed",
    "data": {"id": "resp_1"},
}


@same
def unwrapped_webhook(use: Use) -> Any:
    event = use.client().webhooks.unwrap(*signed(EVENT))
    return (event.type, event.data.id) if event.type == "response.completed" else None


@same
def verified_webhook(use: Use) -> Any:
    return use.client().webhooks.verify_signature(*signed(EVENT))


@same
def secret_of_a_call(use: Use) -> Any:
    body, headers = signed(EVENT)
    return use.client(webhook_secret=None).webhooks.unwrap(body, headers, secret=SECRET).id


@differs(official="InvalidWebhookSignatureError", ours="WebhookSignatureError")
def forged_webhook(use: Use) -> Any:
    body, headers = signed(EVENT)
    return use.client().webhooks.unwrap(body + " ", headers)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Server, str]]:
    with Server() as server, server.serve() as url:
        yield server, url


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "BASE_URL", "ORG_ID", "PROJECT_ID", "WEBHOOK_SECRET"):
        monkeypatch.delenv(f"OPENAI_{name}", raising=False)


@pytest.mark.parametrize("idiom", IDIOMS, ids=lambda idiom: idiom.__name__)
def test_idiom(idiom: Idiom, server: tuple[Server, str]) -> None:
    official = outcome(idiom, openai, *server)
    ours = outcome(idiom, responses_client, *server)

    if idiom.__name__ in DIFFERENCES:
        assert (official, ours) == DIFFERENCES[idiom.__name__]
    else:
        assert ours == official
        assert official is not None or idiom is verified_webhook
