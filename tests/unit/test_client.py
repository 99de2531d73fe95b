"""`Client` and `AsyncClient`: settings, public names, arguments by position, copies, and closing."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Callable
from inspect import getdoc, isawaitable, iscoroutinefunction
from operator import attrgetter
from textwrap import dedent
from typing import Any
from unittest.mock import create_autospec

import anyio
import httpx
import pytest
from samples import COMPLETED, CREATED, HEL, KEY, response

from responses_client import AsyncClient, AsyncEventStream, Client, EventStream, testing
from responses_client._calls.settings import DEFAULT_BASE_URL
from responses_client.errors import ConfigurationError, RequestValidationError
from responses_client.resources.async_responses import AsyncResponses
from responses_client.resources.responses import Responses


class Server:
    """A server in memory that answers every request."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if json.loads(request.content).get("stream"):
            headers = {"content-type": "text/event-stream"}
            return httpx.Response(200, headers=headers, content=CREATED + HEL + COMPLETED)
        return httpx.Response(200, json=response())

    def http(self, **options: Any) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self.answer), **options)

    def async_http(self, **options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self.answer), **options)

    def client(self, **options: Any) -> Client:
        return Client(**{"api_key": KEY, "http_client": self.http(), **options})

    def async_client(self, **options: Any) -> AsyncClient:
        return AsyncClient(**{"api_key": KEY, "http_client": self.async_http(), **options})


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


HI: dict[str, Any] = {"model": "m", "input": "Hi"}
KINDS = pytest.mark.parametrize("kind", [Client, AsyncClient])


def test_client_creates_and_streams(server: Server) -> None:
    with server.client() as client:
        assert isinstance(client.responses, Responses)
        assert client.responses.create(**HI).output_text == "Hello"
        assert client.responses.create(stream=False, **HI).output_text == "Hello"
        with client.responses.create(stream=True, **HI) as stream:
            assert isinstance(stream, EventStream)
            assert [event.type for event in stream][-1] == "response.completed"
        with client.responses.stream(**HI) as stream:
            assert list(stream.text_deltas()) == ["Hel"]

    assert [json.loads(request.content).get("stream") for request in server.requests] == [
        None,
        False,
        True,
        True,
    ]


def test_async_client_creates_and_streams(server: Server, backend: str) -> None:
    async def main() -> None:
        async with server.async_client() as client:
            assert isinstance(client.responses, AsyncResponses)
            assert (await client.responses.create(**HI)).output_text == "Hello"
            assert (await client.responses.create(stream=False, **HI)).output_text == "Hello"
            async with await client.responses.create(stream=True, **HI) as stream:
                assert isinstance(stream, AsyncEventStream)
                assert [event.type async for event in stream][-1] == "response.completed"
            async with client.responses.stream(**HI) as stream:
                assert [piece async for piece in stream.text_deltas()] == ["Hel"]

    anyio.run(main, backend=backend)
    assert len(server.requests) == 4


def test_create_with_stream_sends_at_once_and_stream_when_it_is_entered(server: Server) -> None:
    with server.client() as client:
        stream = client.responses.create(stream=True, **HI)
        assert len(server.requests) == 1
        stream.close()
        client.responses.stream(**HI)
        assert len(server.requests) == 1


@KINDS
def test_settings_come_from_variables_by_default(
    kind: type[Client | AsyncClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://variable.test/v1/")
    assert kind().base_url == "http://variable.test/v1"
    assert kind(base_url="http://argument.test/v1").base_url == "http://argument.test/v1"


@KINDS
@pytest.mark.parametrize("value", ["", "  "])
def test_blank_variable_counts_as_not_set(
    kind: type[Client | AsyncClient], value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", value)
    assert kind(api_key=KEY).base_url == DEFAULT_BASE_URL


@KINDS
def test_unknown_option_is_a_type_error_with_the_nearest_name(kind: Any) -> None:
    with pytest.raises(
        TypeError, match=r"Client\(\) got an unexpected keyword .*; did you mean 'max_retries'\?"
    ):
        kind(max_retry=1)
    with pytest.raises(TypeError, match=r"with_options\(\) .*; did you mean 'timeout'\?"):
        kind(api_key=KEY).with_options(timeouts=1)


@KINDS
def test_repr_shows_address_and_state_but_no_secret(kind: type[Client | AsyncClient]) -> None:
    client = kind(api_key=KEY, base_url="http://api.test/v1")

    assert repr(client) == f"<{kind.__name__} http://api.test/v1 (open)>"


# --- names that users see


def public_names(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


@pytest.mark.parametrize(("kind", "closes"), [(Client, {"close"}), (AsyncClient, {"aclose", "close"})])
def test_client_shows_its_public_names_only(kind: type[Client | AsyncClient], closes: set[str]) -> None:
    resources = {"responses", "conversations", "webhooks", "files", "vector_stores", "containers", "batches"}
    names = {"base_url", "is_closed", "request", "warm_up", "with_options"}
    assert public_names(kind(api_key=KEY)) == resources | names | closes


async def test_close_of_an_async_client_is_awaited() -> None:
    client = AsyncClient(api_key=KEY)
    await client.close()

    assert client.is_closed


METHODS = {
    "responses": "batch cancel compact connect create delete map parse resume retrieve run run_stream stream wait",
    "responses.input_items": "list",
    "responses.input_tokens": "count",
    "conversations": "create delete retrieve update",
    "conversations.items": "create delete list retrieve",
    "webhooks": "create delete list retrieve rotate_secret test unwrap update verify_signature",
    "webhooks.event_types": "list",
}


@KINDS
@pytest.mark.parametrize("path", METHODS)
def test_resource_shows_its_methods_and_resources_only(kind: type[Client | AsyncClient], path: str) -> None:
    resources = {name.rpartition(".")[2] for name in METHODS if name.rpartition(".")[0] == path}
    assert public_names(attrgetter(path)(kind(api_key=KEY))) == resources | set(METHODS[path].split())


@KINDS
@pytest.mark.parametrize("path", METHODS)
def test_methods_are_documented_with_valid_examples(kind: Any, path: str) -> None:
    resource = attrgetter(path)(kind(api_key=KEY))
    for name in METHODS[path].split():
        text = getdoc(getattr(resource, name)) or ""
        description = re.split(r"^(?:Args|Returns|Raises):", text, flags=re.MULTILINE)[0]
        example = "\n".join(line for line in description.splitlines() if line.startswith("    "))
        ast.parse(dedent(example))
        assert text
        assert f"client.{path}.{name}(" in example or not example


# --- arguments by position


def message_of_type_error(call: Callable[[], Any]) -> str:
    """The message of the `TypeError` that a call raises, or, if it is async, its awaiting."""

    async def main() -> None:
        result = call()
        if isawaitable(result):
            await result

    with pytest.raises(TypeError) as caught:
        anyio.run(main)
    return str(caught.value)


@KINDS
@pytest.mark.parametrize("name", ["create", "stream", "run", "run_stream"])
def test_prompt_by_position_is_shown_by_name(kind: Any, name: str) -> None:
    method = getattr(kind(api_key=KEY).responses, name)

    expected = f"client.responses.{name}() takes its arguments by name"
    assert message_of_type_error(lambda: method("hello")) == f"{expected}: input='hello'"
    assert message_of_type_error(lambda: method("m", "hello")) == f"{expected}, such as input=..."


@KINDS
def test_prompt_of_parse_by_position_is_shown_by_name(kind: Any) -> None:
    parse = kind(api_key=KEY).responses.parse

    expected = "client.responses.parse() takes its arguments by name: input='hello'"
    assert message_of_type_error(lambda: parse("hello", text_format=int)) == expected


@KINDS
@pytest.mark.parametrize(("name", "first"), [("retrieve", "response_id"), ("map", "requests")])
def test_second_argument_by_position_is_refused(kind: Any, name: str, first: str) -> None:
    method = getattr(kind(api_key=KEY).responses, name)

    expected = f"client.responses.{name}() takes its arguments by name, except {first}"
    assert message_of_type_error(lambda: method("resp_1", True)) == expected


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("name", ["create", "stream", "parse", "run", "compact", "retrieve", "map"])
def test_signatures_and_mocks_know_that_arguments_go_by_name(kind: Any, name: str) -> None:
    method = getattr(kind(api_key="k").responses, name)
    kinds = {parameter.kind for parameter in inspect.signature(method).parameters.values()}
    assert inspect.Parameter.VAR_POSITIONAL not in kinds

    def call_mock() -> None:
        made = create_autospec(method)("one", "two")
        if inspect.iscoroutine(made):  # Python 3.13 looks at the arguments when it runs
            made.send(None)

    with pytest.raises(TypeError, match="too many positional arguments"):
        call_mock()


@KINDS
@pytest.mark.parametrize("path", METHODS)
def test_every_method_says_its_public_path_when_called_by_position(kind: Any, path: str) -> None:
    resource = attrgetter(path)(kind(api_key=KEY))
    for name in set(METHODS[path].split()) - {"parse"}:  # which asks for `text_format` first
        method = getattr(resource, name)
        message = message_of_type_error(lambda method=method: method(*"12345"))
        assert message.startswith(f"client.{path}.{name}() takes ")


@KINDS
def test_missing_argument_is_reported_with_the_public_path(kind: Any) -> None:
    client = kind(api_key=KEY)

    expected = "client.responses.cancel() missing 1 required positional argument: 'response_id'"
    assert message_of_type_error(lambda: client.responses.cancel()) == expected
    expected = "client.responses.parse() takes its arguments by name: input='hello'"
    assert message_of_type_error(lambda: client.responses.parse("hello")) == expected


def test_async_methods_are_coroutine_functions() -> None:
    responses = AsyncClient(api_key=KEY).responses
    names = ["batch", "cancel", "compact", "create", "delete", "parse", "resume", "retrieve", "run", "wait"]
    assert [name for name in METHODS["responses"].split() if is_coroutine_function(responses, name)] == names


def is_coroutine_function(resource: object, name: str) -> bool:
    return iscoroutinefunction(getattr(resource, name))


def test_coroutine_that_was_never_awaited_is_named_by_its_public_path() -> None:
    coroutine = AsyncClient(api_key=KEY).responses.create(**HI)
    coroutine.close()
    assert coroutine.__qualname__ == "client.responses.create"


# --- http_client


@pytest.mark.parametrize(
    ("kind", "given", "name"),
    [
        (Client, httpx.AsyncClient, "httpx.AsyncClient"),
        (AsyncClient, httpx.Client, "httpx.Client"),
        (Client, dict, "builtins.dict"),
        (AsyncClient, httpx.HTTPTransport, "httpx.HTTPTransport"),
    ],
)
def test_http_client_of_the_wrong_kind_is_refused(kind: Any, given: Any, name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        kind(api_key=KEY, http_client=given())

    wanted = {
        Client: "httpx.Client or httpx2.Client",
        AsyncClient: "httpx.AsyncClient, httpx2.AsyncClient or aiohttp.ClientSession",
    }[kind]
    assert str(caught.value) == (f"http_client must be an {wanted} here, got a {name}")


def test_http_client_of_a_derived_class_is_accepted(server: Server) -> None:
    class Mine(httpx.Client):
        """A class of an application."""

    with server.client(http_client=Mine(transport=httpx.MockTransport(server.answer))) as client:
        assert client.responses.create(**HI).output_text == "Hello"


@pytest.mark.parametrize(
    ("given", "options", "read"),
    [
        ({}, {}, 600),
        ({"timeout": 5}, {}, 600),  # the default of httpx
        ({"timeout": 30}, {}, 30),
        ({"timeout": None}, {}, None),
        ({"timeout": 30}, {"timeout": 60}, 60),
        ({"timeout": 30}, {"timeout": None}, None),
    ],
)
def test_timeout_of_the_http_client_applies_unless_an_option_is_given(
    server: Server, given: dict[str, Any], options: dict[str, Any], read: float | None
) -> None:
    with server.client(http_client=server.http(**given), **options) as client:
        client.responses.create(**HI)

    assert server.requests[0].extensions["timeout"]["read"] == read


# --- copies


def test_copy_has_other_settings_and_the_same_connections(server: Server) -> None:
    client = server.client(default_headers={"X-A": "1"}, max_retries=5)
    copy = client.with_options(
        api_key="other-key", default_headers={"X-B": "2"}, base_url="http://copy.test/v1"
    )

    copy.responses.create(**HI)

    (request,) = server.requests
    assert str(request.url) == "http://copy.test/v1/responses"
    assert request.headers["authorization"] == "Bearer other-key"
    assert (request.headers["x-a"], request.headers["x-b"]) == ("1", "2")
    assert copy._core.io is client._core.io
    assert (client.base_url, client._core.settings.max_retries) == (DEFAULT_BASE_URL, 5)


@KINDS
def test_copy_is_of_the_same_class_and_keeps_its_attributes(kind: Any) -> None:
    class Mine(kind):
        def __init__(self, team: str) -> None:
            super().__init__(api_key=KEY)
            self.team = team

    client = Mine("docs")
    resources = client.responses
    copy = client.with_options(timeout=1)

    assert (type(copy), copy.team, copy._core.settings.timeout) == (Mine, "docs", 1)
    assert copy.responses is not resources


def test_async_hook_is_refused_by_the_client_and_by_its_copies() -> None:
    async def hook(info: object) -> None:
        pass

    with pytest.raises(ConfigurationError, match="on_request is an async function, which needs AsyncClient"):
        Client(api_key=KEY, on_request=hook)
    with pytest.raises(ConfigurationError, match="on_request is an async function, which needs AsyncClient"):
        Client(api_key=KEY).with_options(on_request=hook)


def test_async_copy_has_other_settings_and_the_same_connections(server: Server, backend: str) -> None:
    client = server.async_client()
    copy = client.with_options(base_url="http://copy.test/v1")

    async def main() -> None:
        await copy.responses.create(**HI)
        await copy.aclose()
        await client.responses.create(**HI)

    anyio.run(main, backend=backend)
    assert copy._core.io is client._core.io
    assert [request.url.host for request in server.requests] == ["copy.test", "api.openai.com"]


def test_closing_a_copy_leaves_the_client_open(server: Server) -> None:
    client = server.client()
    with client.with_options(timeout=1) as copy:
        pass

    assert (copy.is_closed, client.is_closed) == (True, False)
    assert copy.with_options(timeout=2).is_closed
    assert client.responses.create(**HI).output_text == "Hello"
    with pytest.raises(RuntimeError, match="This Client is closed; make a new one"):
        copy.responses.create(**HI)


def test_closing_a_client_closes_its_copies(server: Server) -> None:
    client = server.client()
    copy = client.with_options(timeout=1)
    client.close()
    client.close()

    assert copy.is_closed
    assert client.with_options(timeout=2).is_closed
    assert repr(copy).endswith("(closed)>")
    for closed in (client, copy):
        with pytest.raises(RuntimeError, match="closed"):
            closed.responses.create(**HI)
        with pytest.raises(RuntimeError, match="closed"):
            closed.responses.stream(**HI)
    assert server.requests == []


def test_async_client_that_is_closed_sends_nothing(server: Server, backend: str) -> None:
    async def main() -> None:
        client = server.async_client()
        async with client:
            pass
        with pytest.raises(RuntimeError, match="This AsyncClient is closed"):
            await client.responses.create(**HI)
        with pytest.raises(RuntimeError, match="This AsyncClient is closed"):
            client.responses.stream(**HI)

    anyio.run(main, backend=backend)
    assert server.requests == []


def test_http_client_of_the_user_stays_open(server: Server, backend: str) -> None:
    http, async_http = server.http(), server.async_http()

    async def main() -> None:
        async with server.async_client(http_client=async_http):
            pass
        assert not async_http.is_closed
        await async_http.aclose()

    anyio.run(main, backend=backend)
    with server.client(http_client=http):
        pass
    assert not http.is_closed


def test_client_that_was_never_used_closes(backend: str) -> None:
    with Client(api_key=KEY):
        pass

    async def main() -> None:
        async with AsyncClient(api_key=KEY):
            pass

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("value", ["yes", 1])
def test_stream_must_be_a_bool(value: Any) -> None:
    with testing.Server() as server, server.client() as client:
        with pytest.raises(RequestValidationError, match="stream: expected"):
            client.responses.create(model="m", input="Hi", stream=value)
        assert server.requests == []


def test_stream_method_refuses_stream_false() -> None:
    with testing.Server() as server, server.client() as client:
        params: Any = {"model": "m", "input": "Hi", "stream": False}
        with pytest.raises(RequestValidationError, match="stream: expected True"):
            client.responses.stream(**params)


def test_stream_made_before_its_client_was_closed_sends_nothing() -> None:
    with testing.Server() as server:
        client = server.client()
        stream = client.responses.stream(model="m", input="Hi")
        client.close()
        with pytest.raises(RuntimeError, match="was closed"):
            stream.__enter__()
        assert server.requests == []


async def test_async_stream_made_before_its_client_was_closed_sends_nothing() -> None:
    with testing.Server() as server:
        client = server.async_client()
        stream = client.responses.stream(model="m", input="Hi")
        await client.aclose()
        with pytest.raises(RuntimeError, match="was closed"):
            await stream.__aenter__()
        assert server.requests == []


def test_none_keeps_an_option_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://gateway.example/v1")
    with Client(api_key="key") as client:
        assert client.with_options(base_url=None).base_url == "http://gateway.example/v1"
