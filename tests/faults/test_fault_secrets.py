"""The key is only in its header: not in errors, not in logs, not in anything that is shown."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import Generator
from inspect import isawaitable
from typing import Any
from urllib.parse import quote

import httpx
import pydantic
import pytest
from leaks import leaks
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from payloads import ERROR, WHOLE
from samples import CREATED, HEL, KEY, event, response
from scripted_server import CLOSE, HOLD, LAST_CHUNK, RESET, ScriptedServer, Step, answer, chunk, stream_head
from shells import Session, Shell, shown
from waits import SOON

from responses_client import AsyncClient, Client, RequestInfo, ResponseInfo
from responses_client.errors import APIError, ConfigurationError, ResponsesClientError
from responses_client.otel import OpenTelemetry

PROMPT = "the secret plan"
SAID = "the secret answer"
ECHO = f"Incorrect API key provided: {KEY}. Authorization was 'Bearer {KEY}'."
ESCAPED = json.dumps(ECHO).strip('"').replace("-", "\\u002d").replace("h", "\\u0068")
QUOTED = json.dumps({"error": {"message": json.dumps({"message": "@"})}}).replace(
    "@", json.dumps(ESCAPED)[1:-1]
)
ECHOED_HEADERS = {
    "x-echo": KEY,
    "x-request-id": f"req-{KEY}",
    "location": f"/v1/other?k={KEY}",
    "x-url": KEY.replace("-", "%2D"),
}
SCRIPTS: dict[str, list[Step]] = {
    "refused key": [answer(401, {"error": {"message": ECHO, "code": "invalid_api_key"}})],
    "facts of an error": [answer(400, {"error": {"message": ECHO, "code": KEY, "type": KEY, "param": KEY}})],
    "escapes": [answer(401, b'{"error": {"message": "%b"}}' % ESCAPED.encode(), "application/json")],
    "JSON in JSON": [answer(502, QUOTED.encode(), "application/json")],
    "UTF-16": [answer(401, json.dumps({"error": {"message": ECHO}}).encode("utf-16"), "application/json")],
    "headers": [answer(500, {}, **ECHOED_HEADERS)],
    "headers of an answer that is not JSON": [answer(200, b"{", "application/json", **ECHOED_HEADERS)],
    "media type": [answer(200, b"{", f"text/{KEY}")],
    "error page": [answer(500, f"<html>{ECHO}</html>", "text/html")],
    "page with status 200": [answer(200, f"<html>{ECHO}</html>", "text/html")],
    "short page with status 200": [answer(200, f"<p>{KEY}", "text/html")],
    "JSON of another shape": [answer(200, {"echo": ECHO})],
    "list": [answer(200, [ECHO])],
    "error with status 200": [answer(200, {"error": {"message": ECHO}})],
    "redirect": [answer(307, b"", None, location=f"https://elsewhere.invalid/?key={KEY}")],
    "redirect to something else": [answer(307, b"", None, location=f"javascript:{KEY}")],
    "no HTTP": [f"{ECHO}\r\n\r\n".encode(), CLOSE],
    "body that breaks off": [answer(200, {"echo": ECHO})[:-9], CLOSE],
    "reset": [RESET],
}


@pytest.mark.parametrize("own_header", [False, True], ids=["api_key", "header"])
@pytest.mark.parametrize("script", [pytest.param(script, id=name) for name, script in SCRIPTS.items()])
def test_no_error_shows_the_key_even_if_the_server_repeats_it(
    shell: Shell, script: list[Step], own_header: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    options: dict[str, Any] = {"default_headers": {"Authorization": f"Bearer {KEY}"}} if own_header else {}
    for play in (shell.create, shell.events):
        with ScriptedServer(script) as server, pytest.raises(APIError) as caught:
            play(server.url, max_retries=0, **options)
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
        assert leaks(caught.value, KEY) == []
        ours = "\n".join(r.getMessage() for r in caplog.records if r.name == "responses_client")
        assert KEY not in ours
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


# What comes in a stream that fails, and the error for it.
EVENTS = {
    "error": event("error", 1, message=ECHO, code=KEY),
    "escaped error": b'data: {"type": "error", "message": "%b"}\n\n' % ESCAPED.encode(),
    "failure before others": event("error", 1, message="x")
    + event("response.created", 2, response=response(text=KEY)),
    "no JSON": f"data: {{{KEY}\n\n".encode(),
    "no object": f'data: ["{KEY}"]\n\n'.encode(),
    "malformed": event("response.output_text.delta", 1, delta=[KEY]),
    "good one before": event("x.y", 1, text=KEY) + event("response.output_text.delta", 2, delta=[1]),
    "cut off": f'data: {{"type": "response.created", "x": "{KEY}'.encode(),
    "comment": f": {KEY}\n\n".encode(),
}


@pytest.mark.parametrize("name", EVENTS)
def test_no_error_of_a_stream_shows_the_key_even_if_an_event_repeats_it(shell: Shell, name: str) -> None:
    for start in ([], [chunk(CREATED)]):
        steps = [stream_head(**ECHOED_HEADERS), *start, chunk(EVENTS[name]), LAST_CHUNK]
        with ScriptedServer(steps) as server, pytest.raises(APIError) as caught:
            shell.events(server.url, max_retries=0, strict=True)
        assert leaks(caught.value, KEY) == []


@pytest.mark.parametrize("script", [pytest.param(script, id=name) for name, script in SCRIPTS.items()])
def test_observers_and_logs_do_not_show_the_key(
    shell: Shell,
    script: list[Step],
    caplog: pytest.LogCaptureFixture,
    tracers: TracerProvider,
    exported: InMemorySpanExporter,
) -> None:
    caplog.set_level(logging.DEBUG, logger="responses_client")
    caplog.set_level(logging.DEBUG, logger="responses_client.bodies")
    seen: list[Any] = []
    options = {
        "on_request": seen.append,
        "on_response": seen.append,
        "telemetry": OpenTelemetry(tracer_provider=tracers, capture_content=True),
        "default_headers": {"x-caller": KEY, "x-api-key": KEY},
        "default_query": {"k": KEY},
        "max_retries": 1,
    }
    for play in (shell.create, shell.events):
        with ScriptedServer(script, script) as server, pytest.raises(APIError):
            play(server.url, **options)

    requests = [info for info in seen if isinstance(info, RequestInfo)]
    answers = [info for info in seen if isinstance(info, ResponseInfo)]
    assert requests
    assert answers
    shown = [repr(seen), *(repr((info.url, dict(info.headers))) for info in requests)]
    shown += [repr((dict(info.meta.headers), info.meta)) for info in answers if info.meta is not None]
    shown += [span.to_json() for span in exported.get_finished_spans()]
    shown += [
        f"{record.getMessage()} {record.args}" for record in caplog.records if record.name.startswith("resp")
    ]
    assert not [text for text in shown if KEY in text]


TEXTS = {
    f"{KEY}\n": "a line break",
    f"{KEY}\r\nX-Evil: 1": "a line break",
    f"{KEY}\u2028": "a character beyond ASCII",
    f"{KEY}é": "a character beyond ASCII",
    f"{KEY}\x1b": "a control character",
    f" {KEY}": "white space at its start or end",
}
OTHERS: dict[Any, str] = {"": "is blank", 17: "must be a string"}
WRONG_KEYS = [
    *[("variable", key, problem) for key, problem in TEXTS.items()],
    *[("argument", key, problem) for key, problem in (TEXTS | OTHERS).items()],
    *[("function", key, problem) for key, problem in (TEXTS | OTHERS).items()],
    ("function", None, "must be a string, or a token with expires_on, got NoneType"),
]


@pytest.mark.parametrize(("way", "key", "problem"), WRONG_KEYS)
def test_key_that_no_header_can_hold_is_refused_and_not_quoted(
    shell: Shell,
    way: str,
    key: Any,
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    options: dict[str, Any] = {"api_key": key}
    if way == "function":
        options = {"api_key": lambda: key}
    elif way == "variable":
        monkeypatch.setenv("OPENAI_API_KEY", key)
        options = {"api_key": None}
    with ScriptedServer() as server, pytest.raises(ConfigurationError) as caught:
        shell.create(server.url, **options)

    assert problem in str(caught.value)
    assert not [text for text in shown(caught.value) if "hunter2" in text]
    assert "hunter2" not in caplog.text
    assert server.connections == 0


def test_missing_key_names_the_variable_and_sends_nothing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " ")
    for play in (shell.create, shell.events):
        with ScriptedServer() as server, pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
            play(server.url, api_key=None)
        assert server.connections == 0


def test_async_function_for_the_key_needs_the_async_client() -> None:
    async def key() -> str:
        return KEY

    with ScriptedServer() as server, pytest.raises(ConfigurationError, match="needs AsyncClient"):
        Shell("sync").create(server.url, api_key=key)

    assert server.connections == 0


def test_log_has_neither_bodies_nor_secrets(shell: Shell, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="responses_client")
    query = {"api-key": KEY, "api-version": "1"}
    headers = {"X-Token": KEY}

    async def play(session: Session) -> None:
        await session.create(input=PROMPT)
        stream = await session.stream(input=PROMPT)
        await stream.rest()

    busy = answer(429, {"error": {"message": SAID}}, retry_after_ms="1", x_request_id="req_1")
    said = [answer(200, response(text=SAID), x_request_id="req_2")]
    with ScriptedServer([busy], said, WHOLE) as server:
        shell.play(play, server.url, default_query=query, default_headers=headers)
        lines = [r.getMessage() for r in caplog.records if r.name == "responses_client"]
        url = f"{server.url}/responses?api-key=***&api-version=1"

    assert lines == [
        f"responses.create: POST {url}, attempt 1",
        "responses.create: 429 req_1",
        "responses.create: retry in 0.00 s, status 429 (retry-after-ms)",
        f"responses.create: POST {url}, attempt 2",
        "responses.create: 200 req_2",
        f"responses.create: POST {url}, attempt 1",
        "responses.create: 200 ",
    ]
    assert KEY not in caplog.text
    assert PROMPT not in caplog.text
    assert SAID not in caplog.text


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param([CLOSE], id="interrupted"),
        pytest.param([chunk(ERROR), LAST_CHUNK], id="error event"),
        pytest.param([chunk(b"data: {oops\n\n"), LAST_CHUNK], id="no JSON"),
    ],
)
def test_errors_of_streams_survive_pickling_with_the_partial_response(shell: Shell, rest: list[Step]) -> None:
    with (
        ScriptedServer([stream_head(x_request_id="req_1"), chunk(CREATED), chunk(HEL), *rest]) as server,
        pytest.raises(ResponsesClientError) as caught,
    ):
        shell.events(server.url)

    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is type(caught.value)
    assert str(copy) == str(caught.value)
    assert copy.request_id == "req_1"
    partial = getattr(copy, "partial", None)
    if hasattr(caught.value, "partial"):
        assert partial.output_text == "Hel"
        assert partial.meta.request_id == "req_1"


def test_variables_in_frames_of_an_error_show_no_key(shell: Shell) -> None:
    """Tools that report errors show the variables of each frame."""
    with ScriptedServer([answer(500, {})]) as server, pytest.raises(APIError) as caught:
        shell.create(server.url, max_retries=0)

    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    ours = [frame for frame in frames if "responses_client" in frame.f_globals.get("__name__", "")]
    assert ours
    for frame in ours:
        assert KEY not in repr(frame.f_locals)


def test_client_stream_and_response_show_no_key() -> None:
    with (
        ScriptedServer([answer(200, response())], WHOLE) as server,
        Client(api_key=KEY, base_url=server.url, default_headers={"X-Key": KEY}) as client,
    ):
        created = client.responses.create(model="m", input="Hi")
        with client.responses.stream(model="m", input="Hi") as stream:
            stream.until_done()
        everything = [client, client._core.settings, created, created.meta, stream, stream.meta]

    assert KEY not in repr(everything)


def test_key_in_an_event_is_the_servers_text_and_stays(shell: Shell) -> None:
    """The output of a model is data: it is not changed, and not logged."""
    said = event("response.completed", 1, response=response(text=json.dumps({"key": "sk-of-somebody"})))
    with ScriptedServer([stream_head(), chunk(said), LAST_CHUNK]) as server:
        (last,) = shell.events(server.url)

    assert last.to_dict()["response"]["output"][0]["content"][0]["text"] == '{"key": "sk-of-somebody"}'


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Answer(pydantic.BaseModel):
    text: str


async def _call(session: Session, method: str, **options: Any) -> None:
    """Call a method in any mode, with options and arguments that may be wrong."""
    client: Any = session.client
    params = {"model": "m", "input": "Hi"}
    if method == "create":
        await session.create(**options)
    elif method == "create, stream=False":
        await session.create(stream=False, **options)
    elif method == "stream":
        await (await session.stream(**options)).rest()
    elif method == "parse":
        await as_awaited(client.responses.parse(**params, **options, text_format=Answer))
    elif method == "run":
        tools = [add, *options.pop("tools", ())]
        await as_awaited(client.responses.run(**params, **options, tools=tools))
    elif method == "retrieve, stream=False":
        await as_awaited(client.responses.retrieve("resp_1", stream=False, **options))
    elif method == "wait":
        await as_awaited(client.responses.wait("resp_1", **options))
    elif method == "request":
        body = {"tools": options.pop("tools")} if "tools" in options else None
        await as_awaited(client.request("POST", "x", json=body, **options))
    else:
        query = {"api-key": KEY}
        url = f"x?api-key={quote(KEY)}" if method == "request with a query in its path" else "x"
        await as_awaited(client.request("GET", url, query=query, **options))


async def as_awaited(value: Any) -> Any:
    """Return a result of either client."""
    return await value if isawaitable(value) else value


CREATING = ["create", "create, stream=False", "stream", "parse", "run", "request"]
OTHER = ["retrieve, stream=False", "wait", "request with a query", "request with a query in its path"]
WRONG: list[dict[str, Any]] = [{"max_retries": -1}, {"nonsense": 1}, {"extra_body": 5}, {"timeout": "x"}]


@pytest.mark.parametrize("method", [*CREATING, *OTHER])
def test_headers_and_query_of_a_call_are_in_no_frame_and_are_masked(shell: Shell, method: str) -> None:
    options: dict[str, Any] = {"extra_headers": {"x-token": KEY}, "extra_query": {"api-key": KEY}}

    async def script(session: Session) -> None:
        with pytest.raises(ResponsesClientError) as caught:
            await _call(session, method, **options)
        assert leaks(caught.value, KEY) == []
        for wrong in WRONG:
            with pytest.raises((ResponsesClientError, TypeError)) as refused:
                await _call(session, method, **{**options, **wrong})
            assert leaks(refused.value, KEY) == []

    with ScriptedServer([answer(400, {"error": ECHO})]) as server:
        shell.play(script, server.url, api_key="another-key", max_retries=0)
    (seen,) = server.requests
    assert seen.headers["x-token"] == KEY


MCP = {"type": "mcp", "server_label": "x", "server_url": "https://a.test", "authorization": KEY}
WITH_HEADERS = {**MCP, "authorization": "of-the-tool", "headers": {"x-key": KEY}}
SECRET = {"name": "N", "domain": "a.test", "value": KEY}
POLICY = {"type": "allowlist", "allowed_domains": ["a.test"], "domain_secrets": [SECRET]}
SHELL = {"type": "shell", "environment": {"type": "container_auto", "network_policy": POLICY}}
WRONG_TOOLS: list[dict[str, Any]] = [
    {"max_retries": -1},
    {"temperature": "warm"},
    {"nonsense": 1},
    {"extra_headers": {"a b": "c"}},
    {"metadata": {"a": float("nan")}},
]


@pytest.mark.parametrize("place", ["tools", "extra_body"])
@pytest.mark.parametrize("method", CREATING)
def test_credentials_of_a_hosted_tool_are_in_no_frame_and_are_masked(
    shell: Shell, method: str, place: str
) -> None:
    tools = [MCP, WITH_HEADERS, SHELL]

    def given() -> dict[str, Any]:
        return {"tools": tools} if place == "tools" else {"extra_body": {"tools": tools}}

    async def script(session: Session) -> None:
        with pytest.raises(ResponsesClientError) as caught:
            await _call(session, method, **given())
        assert leaks(caught.value, KEY) == []
        for wrong in WRONG_TOOLS:
            with pytest.raises((ResponsesClientError, TypeError)) as refused:
                await _call(session, method, **given(), **wrong)
            assert leaks(refused.value, KEY) == []

    refusal = [answer(400, {"error": ECHO})]
    with ScriptedServer(*[refusal] * (1 + len(WRONG_TOOLS))) as server:
        shell.play(script, server.url, api_key="another-key", max_retries=0)
    sent = server.requests[0].json["tools"]
    assert sent[-3:] == tools


@pytest.mark.parametrize("secret", [f"whsec_{KEY}", KEY, [KEY, "short"], f"whsec_{KEY}%"])
def test_secret_of_a_webhook_is_in_no_frame(secret: Any) -> None:
    headers = {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
    for client in (Client(api_key="another-key"), AsyncClient(api_key="another-key")):
        for check in (client.webhooks.verify_signature, client.webhooks.unwrap):
            with pytest.raises(ResponsesClientError) as caught:
                check(b"{}", headers, secret)
            assert leaks(caught.value, KEY) == []


@pytest.mark.parametrize("wrong", [{"timeout": -1}, {"nonsense": 1}, {"base_url": "nowhere"}])
def test_options_of_a_client_are_in_no_frame(wrong: dict[str, Any]) -> None:
    for kind in (Client, AsyncClient):
        with pytest.raises((ConfigurationError, TypeError)) as caught:
            kind(**{"api_key": KEY, "default_headers": {"x-token": KEY}, **wrong})
        assert leaks(caught.value, KEY) == []
        with pytest.raises((ConfigurationError, TypeError)) as caught:
            kind(api_key="other").with_options(**{"api_key": KEY, **wrong})
        assert leaks(caught.value, KEY) == []


@pytest.mark.parametrize(
    "name", ["Content-Length", "transfer-encoding", "TE", "Upgrade", "Trailer", "keep-alive"]
)
def test_headers_that_http_owns_are_refused_before_anything_is_sent(shell: Shell, name: str) -> None:
    with ScriptedServer() as server, pytest.raises(ResponsesClientError, match=f"{name}.*belongs to HTTP"):
        shell.create(server.url, {"extra_headers": {name: "5"}})
    assert server.connections == 0


class WrongLength(httpx.Auth):
    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        request.headers["content-length"] = "5"
        request.headers["x-token"] = KEY
        yield request


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of trio, about httpx
def test_length_that_an_auth_object_gets_wrong_is_an_error_of_the_package(shell: Shell) -> None:
    with ScriptedServer() as server, pytest.raises(APIError, match="LocalProtocolError: Too much data"):
        shell.create(server.url, auth=WrongLength(), max_retries=0)


def test_timeout_names_no_object_in_memory(shell: Shell) -> None:
    with ScriptedServer([HOLD]) as server, pytest.raises(APIError) as caught:
        shell.create(server.url, timeout=SOON, max_retries=0)

    assert "ReadTimeout" in str(caught.value)
    assert "scope" not in str(caught.value)
    assert "0x" not in str(caught.value)


def test_error_with_half_of_a_surrogate_pair_can_be_printed(
    shell: Shell,
) -> None:
    body = b'{"error": {"message": "half \\ud800", "code": "a\\r\\n\\u001b[31mb", "type": "%b"}}' % (
        b"x" * 500
    )
    with ScriptedServer([answer(400, body)]) as server, pytest.raises(APIError) as caught:
        shell.create(server.url)

    text = str(caught.value)
    assert f"half \ufffd (type {'x' * 80}…, code a [31mb)" in text
    assert text.encode()
    assert caught.value.code == "a\r\n\x1b[31mb"
