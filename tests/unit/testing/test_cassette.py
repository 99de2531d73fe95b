"""Cassettes as users use them: recordings replay in each mode, and no secret is in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import anyio
import httpx
import pydantic
import pytest
from callers import MODES
from cassette_tools import ADDRESS, KEY, record, recorded, replay, replayed

from responses_client import (
    APIConnectionError,
    BadRequestError,
    NotFoundError,
    RateLimitError,
    RawAnswer,
    StreamInterrupted,
)
from responses_client.testing import Cassette, CassetteError, NotRecorded, Server, VirtualClock

ASK: dict[str, Any] = {"model": "gpt-5.4", "input": "Hi"}


class City(pydantic.BaseModel):
    name: str


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls" / "greeting.jsonl"


@pytest.fixture
def server() -> Server:
    return Server()


def ask(client: Any) -> Any:
    return client.responses.create(**ASK)


def stream(client: Any) -> list[Any]:
    with client.responses.create(**ASK, stream=True) as opened:
        return list(opened)


async def stream_async(client: Any) -> list[Any]:
    async with await client.responses.create(**ASK, stream=True) as opened:
        return [event async for event in opened]


# --- what replays


@pytest.mark.parametrize("mode", MODES)
def test_answer_replays(path: Path, server: Server, mode: str) -> None:
    server.reply("Hello")
    first = recorded(path, server, mode, ask, ask)
    again = replayed(path, mode, ask, ask)

    assert again == first
    assert again.meta.request_id == first.meta.request_id
    assert len(server.requests) == 1


@pytest.mark.parametrize("mode", MODES)
def test_stream_replays_event_by_event(path: Path, server: Server, mode: str) -> None:
    server.reply("Gr\u00fc\u00dfe \U0001f600")
    first = recorded(path, server, mode, stream, stream_async)

    assert replayed(path, mode, stream, stream_async) == first
    assert len(first) > 5


@pytest.mark.parametrize("writer", ["sync", "asyncio"])
def test_file_of_one_mode_replays_in_another(path: Path, server: Server, writer: str) -> None:
    first = recorded(path, server, writer, stream, stream_async)

    assert [replayed(path, mode, stream, stream_async) for mode in MODES] == [first] * 3


def test_same_requests_replay_in_their_order(path: Path, server: Server) -> None:
    server.reply("One").reply("Two")

    def twice(client: Any) -> list[str]:
        return [ask(client).output_text for _ in range(2)]

    assert record(path, server, twice) == replay(path, twice) == ["One", "Two"]


def test_errors_and_retries_replay(path: Path, server: Server) -> None:
    server.fail(429, retry_after=0).reply("Hello").fail(404, code="model_not_found")

    def scenario(client: Any) -> Any:
        assert ask(client).meta.tries == 2
        with pytest.raises(NotFoundError) as raised:
            ask(client)
        return raised.value.code

    assert record(path, server, scenario) == replay(path, scenario) == "model_not_found"


def test_run_with_tools_replays(path: Path, server: Server) -> None:
    def get_weather(city: str) -> str:
        return f"Sunny in {city}"

    def scenario(client: Any) -> str:
        text: str = client.responses.run(**ASK, tools=[get_weather]).output_text
        return text

    server.call_tool("get_weather", {"city": "Rome"}).reply("It is sunny.")
    assert record(path, server, scenario) == replay(path, scenario) == "It is sunny."


def test_structured_output_replays(path: Path, server: Server) -> None:
    def scenario(client: Any) -> Any:
        return client.responses.parse(**ASK, text_format=City).output_parsed

    server.reply_json({"name": "Rome"})
    assert record(path, server, scenario) == replay(path, scenario) == City(name="Rome")


def test_background_response_replays_with_its_polls(path: Path, server: Server) -> None:
    def scenario(client: Any) -> Any:
        started = client.responses.create(**ASK, background=True)
        return client.responses.wait(started.id, poll_interval=0.001).output_text

    assert record(path, server, scenario) == replay(path, scenario)


@pytest.mark.parametrize("mode", MODES)
def test_stream_that_was_resumed_replays_with_its_break(path: Path, server: Server, mode: str) -> None:
    options: dict[str, Any] = {**ASK, "stream": True, "background": True}

    def scenario(client: Any) -> list[Any]:
        with client.responses.create(**options) as opened:
            return list(opened)

    async def wait(client: Any) -> list[Any]:
        async with await client.responses.create(**options) as opened:
            return [event async for event in opened]

    server.disconnect_after(events=4).reply("Hello")
    first = recorded(path, server, mode, scenario, wait)
    assert replayed(path, mode, scenario, wait) == first
    assert [event.sequence_number for event in first] == list(range(len(first)))
    assert path.read_text().count('"request"') == 2


def test_endpoints_of_webhooks_replay(path: Path, server: Server) -> None:
    def scenario(client: Any) -> Any:
        client.webhooks.create(
            name="mine", url="https://example.test/hook", event_types=["response.completed"]
        )
        return [endpoint.name for endpoint in client.webhooks.list()]

    assert record(path, server, scenario) == replay(path, scenario) == ["mine"]
    assert '"signing_secret": "***"' in path.read_text()


def test_map_replays_whatever_order_its_requests_are_sent_in(path: Path, server: Server) -> None:
    def scenario(client: Any) -> list[str]:
        requests = [{"model": "gpt-5.4", "input": f"Question {number}"} for number in range(20)]
        with client.responses.map(requests) as results:
            return [result.response.output_text for result in results]

    assert record(path, server, scenario) == replay(path, scenario)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("content", [b"A text.", b"\xff\x00"])
def test_upload_replays_though_its_boundary_is_another_one(
    path: Path, server: Server, mode: str, content: bytes
) -> None:
    def upload(client: Any) -> Any:
        return client.files.create(file=("a.txt", content), purpose="user_data")

    first = recorded(path, server, mode, upload, upload)

    assert replayed(path, mode, upload, upload) == first
    assert "boundary=boundary-of-the-parts" in path.read_text().splitlines()[1]


def test_upload_of_another_file_is_not_recorded(path: Path, server: Server) -> None:
    def upload(client: Any, content: bytes) -> Any:
        return client.files.create(file=("a.txt", content), purpose="user_data")

    record(path, server, lambda client: upload(client, b"One"))

    with pytest.raises(NotRecorded, match="POST /files"):
        replay(path, lambda client: upload(client, b"Two"))


@pytest.mark.parametrize("mode", MODES)
def test_connection_that_broke_breaks_again(path: Path, server: Server, mode: str) -> None:
    def scenario(client: Any) -> int:
        with pytest.raises(StreamInterrupted) as raised:
            stream(client)
        return raised.value.last_sequence_number or 0

    async def wait(client: Any) -> int:
        with pytest.raises(StreamInterrupted) as raised:
            await stream_async(client)
        return raised.value.last_sequence_number or 0

    server.disconnect_after(events=4).reply("Hello")
    first = recorded(path, server, mode, scenario, wait)
    assert replayed(path, mode, scenario, wait) == first == 3


@pytest.mark.parametrize("mode", MODES)
def test_server_that_was_not_reached_is_not_reached_again(path: Path, mode: str) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Nobody listens.")

    def scenario(client: Any) -> None:
        with pytest.raises(APIConnectionError, match="Nobody listens"):
            client.responses.create(**ASK, max_retries=0)

    async def wait(client: Any) -> None:
        with pytest.raises(APIConnectionError, match="Nobody listens"):
            await client.responses.create(**ASK, max_retries=0)

    async def run() -> None:
        async with Cassette(path, "record") as cassette:
            transport = httpx.MockTransport(refuse)
            await wait(cassette.async_client(api_key=KEY, http_client=httpx.AsyncClient(transport=transport)))

    if mode == "sync":
        with Cassette(path, "record") as cassette:
            http_client = httpx.Client(transport=httpx.MockTransport(refuse))
            scenario(cassette.client(api_key=KEY, http_client=http_client))
    else:
        anyio.run(run, backend=mode)
    replayed(path, mode, scenario, wait)


def test_stream_that_was_left_early_is_recorded_as_far_as_it_came(path: Path, server: Server) -> None:
    def scenario(client: Any) -> str:
        with client.responses.create(**ASK, stream=True) as opened:
            return str(next(opened).type)

    assert record(path, server, scenario) == replay(path, scenario) == "response.created"


@pytest.mark.parametrize("mode", MODES)
def test_answers_may_take_the_time_that_they_took(path: Path, server: Server, mode: str) -> None:
    server.delay(per_event=2.0).delay(1.0).reply("Hi")
    with VirtualClock() as clock:
        recorded(path, server, mode, stream, stream_async)
        slow = sum(clock.waits)
        replayed(path, mode, stream, stream_async)
        assert sum(clock.waits) == slow
        replayed(path, mode, stream, stream_async, realtime=True)
        assert sum(clock.waits) == pytest.approx(2 * slow, abs=0.05)


def test_failures_take_the_time_that_they_took(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(
        '{"cassette": 1}\n'
        '{"request": {"method": "POST", "path": "/responses", "body": {"model": "gpt-5.4", "input": "Hi"}}}\n'
        '{"at": 2000, "error": {"kind": "ConnectTimeout", "message": "It took too long."}}\n'
        '{"request": {"method": "POST", "path": "/responses", "body": {"model": "gpt-5.4", "input": "Hi"}}}\n'
        '{"answer": {"status": 200, "headers": {"content-type": "application/json"}, "at": 1000, "text": "{"}}\n'
        '{"at": 4000, "error": {"kind": "NoSuchError", "message": "It broke."}}\n'
    )

    def scenario(client: Any) -> None:
        for message in ("ConnectTimeout", "It broke"):
            with pytest.raises(APIConnectionError, match=message):
                client.responses.create(**ASK, max_retries=0)

    with VirtualClock() as clock:
        replay(path, scenario, realtime=True)
        assert clock.waits == [2, 1, 3]


def test_frame_that_was_cut_is_cut_again(path: Path, server: Server) -> None:
    body = b'data: {"type": "response.created"}\n\ndata: {"type": "resp'
    answer = httpx.Response(200, content=body, headers={"content-type": "text/event-stream"})

    def scenario(client: Any) -> str:
        with pytest.raises(StreamInterrupted) as raised:
            stream(client)
        return raised.value.reason

    with Cassette(path, "record") as cassette:
        http_client = httpx.Client(transport=httpx.MockTransport(lambda _: answer))
        first = scenario(cassette.client(api_key=KEY, http_client=http_client))
    assert replay(path, scenario) == first


def test_body_that_is_no_object_is_recorded_and_masked(path: Path) -> None:
    answer = httpx.Response(200, text=f"Your key is {KEY}")

    def scenario(client: Any) -> Any:
        return client.request("POST", "echo", content="text", cast_to=str)

    with Cassette(path, "record", scrub=["a"]) as cassette:
        http_client = httpx.Client(transport=httpx.MockTransport(lambda _: answer))
        scenario(cassette.client(api_key=KEY, http_client=http_client))
    assert replay(path, scenario, scrub=["a"]) == "Your key is ***"


# --- requests that do not match


def test_request_that_was_not_recorded_is_an_error_with_its_differences(path: Path, server: Server) -> None:
    record(path, server, lambda client: client.responses.create(**ASK, metadata={"run": "1"}))

    def scenario(client: Any) -> None:
        client.responses.create(model="gpt-5.4", input="Hello", metadata={"run": "1"}, store=False)

    with pytest.raises(NotRecorded) as raised:
        replay(path, scenario)
    assert str(raised.value).splitlines()[:-1] == [
        "POST /responses is not in greeting.jsonl: the nearest recorded one, POST /responses, differs:",
        "  input",
        "    recorded: 'Hi'",
        "    sent:     'Hello'",
        "  store",
        "    recorded: nothing",
        "    sent:     False",
    ]


def test_ignored_fields_may_differ(path: Path, server: Server) -> None:
    record(path, server, lambda client: client.responses.create(**ASK, metadata={"run": "1", "user": "a"}))

    def scenario(client: Any) -> Any:
        return client.responses.create(**ASK, metadata={"run": "2", "user": "a"})

    assert replay(path, scenario, ignore=["metadata.run"]).status == "completed"
    with pytest.raises(NotRecorded, match=r"metadata\.run"):
        replay(path, scenario)


def test_request_sent_once_too_often_is_an_error(path: Path, server: Server) -> None:
    record(path, server, ask)
    with pytest.raises(NotRecorded, match="recorded 1 time, and was replayed as often"):
        replay(path, lambda client: [ask(client), ask(client)])


def test_recorded_request_that_was_not_sent_is_an_error_at_the_end(path: Path, server: Server) -> None:
    record(path, server, lambda client: [ask(client), client.responses.retrieve(ask(client).id)])
    with pytest.raises(
        AssertionError, match=r"2 recorded requests were not sent .*POST /responses, GET /resp"
    ):
        replay(path, ask)
    replay(path, ask, allow_unused=True)


def test_one_request_that_was_not_sent_is_named(path: Path, server: Server) -> None:
    record(path, server, ask)
    with pytest.raises(AssertionError, match=r"A recorded request was not sent \(greeting.jsonl\): POST"):
        replay(path, lambda client: None)


def test_error_of_the_block_comes_before_that_of_the_end(path: Path, server: Server) -> None:
    record(path, server, ask)
    with pytest.raises(ZeroDivisionError), Cassette(path):
        raise ZeroDivisionError


async def test_error_of_an_async_block_comes_before_that_of_the_end(path: Path, server: Server) -> None:
    record(path, server, ask)
    with pytest.raises(ZeroDivisionError):
        async with Cassette(path):
            raise ZeroDivisionError


# --- modes


def test_missing_requests_are_recorded_and_the_others_replayed(path: Path, server: Server) -> None:
    record(path, server, ask)
    with Cassette(path, "auto") as cassette:
        http_client = httpx.Client(transport=server.transport())
        client = cassette.client(api_key=KEY, base_url="http://testserver/v1", http_client=http_client)
        first = ask(client)
        second = client.responses.create(model="gpt-5.4", input="More")
    assert len(server.requests) == 2

    def scenario(client: Any) -> list[Any]:
        return [ask(client), client.responses.create(model="gpt-5.4", input="More")]

    assert replay(path, scenario) == [first, second]


def test_nothing_missing_leaves_the_file_as_it_is(path: Path, server: Server) -> None:
    record(path, server, ask)
    before = path.read_bytes()
    with Cassette(path, "auto") as cassette:
        ask(cassette.client(api_key=KEY))
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", ["record", "auto", "replay"])
def test_variable_decides_the_mode(
    path: Path, server: Server, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(path, server, ask)
    monkeypatch.setenv("RESPONSES_CASSETTES", mode)

    assert Cassette(path).mode == mode
    assert Cassette(path, "replay").mode == "replay"
    assert repr(Cassette(path)) == f"<Cassette {str(path)!r} ({mode})>"


def recording(path: Path, server: Server, mode: str = "record") -> tuple[Cassette, Any]:
    cassette = Cassette(path, mode)
    http_client = httpx.Client(transport=server.transport())
    return cassette, cassette.client(api_key=KEY, base_url=ADDRESS, http_client=http_client)


@pytest.mark.parametrize("mode", ["record", "auto"])
def test_file_is_recorded_by_one_cassette_at_a_time(path: Path, server: Server, mode: str) -> None:
    first, client = recording(path, server)
    second, other = recording(path, server, mode)
    with first:
        ask(client)
        with pytest.raises(
            CassetteError, match=r"greeting\.jsonl is being recorded by this process \(pid \d+"
        ):
            ask(other)
        assert len(server.requests) == 1
        ask(client)
    second.close(keep=False)
    third, client = recording(path, server, mode)
    with third:
        ask(client)
        ask(client)
    assert [each.name for each in path.parent.iterdir()] == ["greeting.jsonl"]


def test_recording_that_cannot_be_written_stays_in_the_file_beside(
    path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    cassette, client = recording(path, server)
    ask(client)
    monkeypatch.setattr("os.replace", Mock(side_effect=OSError("The disk is full")))
    with pytest.raises(OSError, match="full"):
        cassette.close()
    replay(path.with_name("greeting.jsonl.recording"), ask)


def test_recording_without_an_answer_leaves_nothing(path: Path) -> None:
    http_client = httpx.Client(transport=httpx.MockTransport(Mock(side_effect=ZeroDivisionError)))
    with pytest.raises(ZeroDivisionError), Cassette(path, "record") as cassette:
        ask(cassette.client(api_key=KEY, base_url=ADDRESS, http_client=http_client))
    assert [*path.parent.iterdir()] == []


def test_recording_that_fails_keeps_the_old_file_and_what_came(path: Path, server: Server) -> None:
    record(path, server, ask)
    before = path.read_bytes()

    def scenario(client: Any) -> None:
        client.responses.create(model="gpt-5.4", input="One")
        client.responses.create(model="gpt-5.4", input="Two")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record(path, server, scenario)
    assert path.read_bytes() == before
    with pytest.raises(ZeroDivisionError):
        replay(path.with_name("greeting.jsonl.recording"), scenario)


def test_recording_again_gives_the_same_file(path: Path, server: Server) -> None:
    with VirtualClock():
        record(path, server, stream)
        before = path.read_bytes()
        record(path, Server(), stream)
    assert path.read_bytes() == before


def test_http_clients_made_here_are_closed_at_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = httpx.Response(200, json={"id": "resp_1", "object": "response", "output": []})
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda self, request: answer)
    with Cassette(path, "record") as cassette:
        ask(cassette.client(api_key=KEY))
    assert replay(path, ask).id == "resp_1"


def test_async_http_clients_made_here_are_closed_at_the_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handle(self: object, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": "resp_1", "object": "response", "output": []})

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle)

    async def run() -> None:
        async with Cassette(path, "record") as cassette:
            await ask(cassette.async_client(api_key=KEY))

    anyio.run(run)
    assert replay(path, ask).id == "resp_1"


# --- options and files that cannot work


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "reply"}, "mode must be one of replay, record, auto, got 'reply'"),
        (
            {"mode": "record", "ignore": "metadata"},
            "ignore must be a list of paths, got the string 'metadata'",
        ),
        ({"mode": "record", "ignore": ["a..b"]}, "ignore must be paths such as"),
        ({"mode": "record", "scrub": ["[0]x"]}, "scrub must be paths such as"),
        ({"mode": "record", "scrub": "user"}, "scrub must be a list of paths, got the string 'user'"),
        ({}, "The cassette .* does not exist; record it with mode='record' or RESPONSES_CASSETTES=record"),
    ],
)
def test_option_that_cannot_work_is_an_error(path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CassetteError, match=message):
        Cassette(path, **options)


def test_variable_that_names_no_mode_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESPONSES_CASSETTES", "yes")
    with pytest.raises(CassetteError, match="RESPONSES_CASSETTES must be one of"):
        Cassette(path)


# --- secrets


def test_no_secret_is_in_the_file(path: Path, server: Server) -> None:
    tool = {
        "type": "mcp",
        "server_label": "docs",
        "server_url": "https://docs.test/mcp",
        "authorization": "token-of-the-server",
        "headers": {"X-Api-Key": "header-of-the-server"},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        body = {"id": "resp_1", "object": "response", "instructions": f"Your key is {KEY}", "tools": [tool]}
        return httpx.Response(200, json=body, headers={"set-cookie": "session=cookie-of-the-answer"})

    with Cassette(path, "record", scrub=["metadata.user", "input[*].content"]) as cassette:
        client = cassette.client(
            api_key=KEY,
            organization="org-of-the-account",
            project="proj-of-the-account",
            default_headers={"Cookie": "session=cookie-of-the-request"},
            http_client=httpx.Client(transport=httpx.MockTransport(answer)),
        )
        client.responses.create(
            model="gpt-5.4",
            input=[{"role": "user", "content": "private text"}],
            tools=[tool],
            metadata={"user": "bob-the-user"},
            extra_query={"api_key": "query-of-the-request"},
        )
    text = path.read_text()
    for secret in (
        KEY,
        "token-of",
        "header-of",
        "cookie-of",
        "of-the-account",
        "private text",
        "bob-the",
        "query-of",
    ):
        assert secret not in text


def test_secret_of_a_request_is_masked_wherever_an_answer_repeats_it(path: Path) -> None:
    tool: dict[str, Any] = {
        "type": "mcp",
        "server_label": "docs",
        "authorization": "token-of-the-server",
        "headers": {"X-Key": "header-of-the-server"},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        message = f"token-of-the-server and header-of-the-server are refused at {request.url}"
        headers = {"x-request-id": "of query-of-the-request"}
        return httpx.Response(400, json={"error": {"message": message}}, headers=headers)

    with Cassette(path, "record") as cassette:
        http_client = httpx.Client(transport=httpx.MockTransport(answer))
        client = cassette.client(api_key=KEY, base_url=ADDRESS, http_client=http_client)
        with pytest.raises(BadRequestError):
            client.responses.create(**ASK, tools=[tool], extra_query={"api_key": "query-of-the-request"})
    text = path.read_text()

    assert "of-the-server" not in text
    assert "query-of" not in text
    assert "are refused at" in text


def test_stream_that_is_open_at_the_end_is_written_as_far_as_it_came_and_without_keys(
    path: Path, server: Server
) -> None:
    server.reply("Hello")
    with Cassette(path, "record") as cassette:
        http_client = httpx.Client(transport=server.transport())
        client = cassette.client(api_key=KEY, base_url=ADDRESS, http_client=http_client)
        opened = client.responses.create(**ASK, stream=True)
        first = next(iter(opened))
    opened.close()

    assert KEY not in path.read_text()
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    with Cassette(path) as cassette, cassette.client().responses.create(**ASK, stream=True) as again:
        assert next(iter(again)) == first


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_stream_that_is_open_at_the_end_is_written_without_keys(
    path: Path, server: Server, backend: str
) -> None:
    async def scenario() -> Any:
        async with Cassette(path, "record") as cassette:
            http_client = httpx.AsyncClient(transport=server.async_transport())
            client = cassette.async_client(api_key=KEY, base_url=ADDRESS, http_client=http_client)
            opened = await client.responses.create(**ASK, stream=True)
            first = await anext(aiter(opened))
        await opened.aclose()
        return first

    first = anyio.run(scenario, backend=backend)

    assert KEY not in path.read_text()
    assert json.loads(path.read_text().splitlines()[3])["event"]["type"] == first.type


def test_request_without_an_answer_at_the_end_is_left_out(path: Path) -> None:
    cassette = Cassette(path, "record")

    def answer(request: httpx.Request) -> httpx.Response:
        cassette.close()
        return httpx.Response(200, json={"id": "resp_1", "object": "response"})

    http_client = httpx.Client(transport=httpx.MockTransport(answer))
    ask(cassette.client(api_key=KEY, base_url=ADDRESS, http_client=http_client))

    assert path.read_text().splitlines() == ['{"cassette": 1}']
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_answer_that_the_function_of_the_user_fails_on_is_not_written(path: Path, server: Server) -> None:
    def scrub(value: Any) -> Any:
        return {**value, "model": value["model"].upper()}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": "resp_1", "object": "response"})

    with Cassette(path, "record", scrub=scrub) as cassette:
        http_client = httpx.Client(transport=httpx.MockTransport(answer))
        client = cassette.client(api_key=KEY, base_url=ADDRESS, http_client=http_client)
        with pytest.raises(KeyError):
            ask(client)

    assert path.read_text().splitlines() == ['{"cassette": 1}']


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/jsonl"])
def test_lines_of_json_are_scrubbed_whatever_they_stand_in(path: Path, content_type: str) -> None:
    content = (
        'data: {"choices": [{"text": "private"}], "authorization": "of-the-server"}\n\n'
        '{"choices": [{"text": "private"}]}\n'
        '{"choices": [{"te'
    )

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=content, headers={"content-type": content_type})

    with Cassette(path, "record", scrub=["choices[*].text"]) as cassette:
        http_client = httpx.Client(transport=httpx.MockTransport(answer))
        client = cassette.client(api_key=KEY, base_url=ADDRESS, http_client=http_client)
        client.request("GET", "/files/file_1/content", cast_to=RawAnswer)

    with Cassette(path) as cassette:
        again = cassette.client().request("GET", "/files/file_1/content", cast_to=RawAnswer)
    assert again.content.decode() == (
        'data: {"choices":[{"text":"***"}],"authorization":"***"}\n\n'
        '{"choices":[{"text":"***"}]}\n'
        '{"choices": [{"te'
    )


def test_half_of_a_surrogate_pair_replays_as_it_came(path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, content=rb'{"id": "resp_1", "object": "response", "instructions": "\ud83d"}'
        )

    with Cassette(path, "record") as cassette:
        http_client = httpx.Client(transport=httpx.MockTransport(answer))
        first = ask(cassette.client(api_key=KEY, base_url=ADDRESS, http_client=http_client))

    assert replay(path, ask) == first


def test_function_of_the_user_has_the_last_word(path: Path, server: Server) -> None:
    def scrub(value: Any) -> Any:
        return {**value, "model": "some-model"} if isinstance(value, dict) and "model" in value else value

    record(path, server, ask, scrub=scrub)

    assert "gpt-5.4" not in path.read_text().splitlines()[1]
    assert replay(path, ask, scrub=scrub).status == "completed"


def test_chosen_headers_are_recorded(path: Path, server: Server) -> None:
    record(
        path,
        server,
        lambda c: c.responses.create(**ASK, extra_headers={"X-Tenant": "t1"}),
        headers=["x-tenant"],
    )

    assert json.loads(path.read_text().splitlines()[1])["request"]["headers"] == {
        "content-type": "application/json",
        "x-tenant": "t1",
    }


def test_rate_limit_of_the_account_is_an_error_as_it_was(path: Path, server: Server) -> None:
    server.fail(429, retry_after=7)

    def scenario(client: Any) -> float | None:
        with pytest.raises(RateLimitError) as raised:
            client.responses.create(**ASK, max_retries=0)
        return raised.value.retry_after

    assert record(path, server, scenario) == replay(path, scenario) == 7
