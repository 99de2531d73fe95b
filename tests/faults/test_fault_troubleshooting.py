"""The page on troubleshooting shows the messages as they are: each is provoked here, and compared with the page."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from scripted_server import ScriptedServer

from responses_client import Client, ConfigurationError, ResponsesClientError
from responses_client.models import FunctionToolParam
from responses_client.testing import Server, VirtualClock

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
THOUGHT: Any = {"model": "gpt-5.4", "reasoning": {"effort": "low", "summary": "auto"}}

_SECTION = re.compile(r"^### (.+?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_MESSAGE = re.compile(r"^```text\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
SECTIONS = {
    title: " ".join(_MESSAGE.findall(text)[0].split())
    for title, text in _SECTION.findall(PAGE.read_text(encoding="utf-8"))
}


class City(BaseModel):
    name: str
    people: int


@pytest.fixture
def server() -> Iterator[Server]:
    with VirtualClock(), Server(base_url="https://api.openai.com/v1") as server:
        yield server


def ask(server: Server, **params: Any) -> Any:
    return server.client().responses.create(**{"model": "gpt-5.4", "input": "Hi", **params})


# --- the server cannot be reached, or is not the one


def no_key(server: Server) -> None:
    Client().responses.create(model="gpt-5.4", input="Hi")


def wrong_key(server: Server) -> None:
    server.client(api_key="invalid").responses.create(model="gpt-5.4", input="Hi")


def wrong_model(server: Server) -> None:
    server.fail(
        404, message="The requested model 'gpt-9' does not exist.", code="model_not_found", param="model"
    )
    ask(server, model="gpt-9")


def nobody_listens(server: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with Client(base_url=f"http://127.0.0.1:{free.getsockname()[1]}/v1", api_key="unused") as client:
            client.responses.create(model="qwen3", input="Hi")


def too_slow(server: Server) -> None:
    for _ in range(3):
        server.delay(3600).unscripted()
    ask(server)


def sign_in_page(server: Server) -> None:
    server.reply_raw("<!doctype html><title>Sign in</title>", content_type="text/html")
    ask(server)


# --- limits


def too_fast(server: Server) -> None:
    server.fail(
        429,
        message="Rate limit reached for gpt-5.4 on tokens per min (TPM): Limit 30000, Used 29800, "
        "Requested 900. Please try again in 1.4s.",
        type="tokens",
        code="rate_limit_exceeded",
        retry_after=2,
        times=3,
    )
    ask(server)


def no_money(server: Server) -> None:
    server.fail(
        429,
        message="You exceeded your current quota, please check your plan and billing details.",
        type="insufficient_quota",
        code="insufficient_quota",
    )
    ask(server)


def overloaded(server: Server) -> None:
    server.fail(503, message="The engine is currently overloaded, please try again later.", times=3)
    ask(server)


def too_long(server: Server) -> None:
    server.fail(
        400,
        message="Your input exceeds the context window of this model. Please adjust your input and try again.",
        code="context_length_exceeded",
        param="input",
    )
    ask(server)


# --- the request


def chat_completions(server: Server) -> None:
    server.client().responses.create(model="gpt-5.4", messages=[{"role": "user", "content": "Hi"}])


def temperature(server: Server) -> None:
    server.fail(
        400,
        message="Unsupported parameter: 'temperature' is not supported with this model.",
        code="unsupported_parameter",
        param="temperature",
    )
    ask(server, temperature=0.2)


def save(settings: dict[str, int]) -> None:
    """Save settings."""


def loose_schema(server: Server) -> None:
    server.client().responses.run(model="gpt-5.4", input="Save.", tools=[save])


def unanswered_call(server: Server) -> None:
    server.call_tool("get_weather", {"city": "Paris"})
    response = ask(server, tools=[WEATHER])
    ask(server, input="Well?", previous_response_id=response.id)


def lonely_reasoning(server: Server) -> None:
    reasoning, _ = ask(server, **THOUGHT).output
    ask(server, input=["Hi", reasoning, "And then?"])


def forgotten_item(server: Server) -> None:
    response = ask(server, **THOUGHT, store=False, include=[])
    ask(server, input=["Hi", *response.output, "And then?"], store=False)


# --- the answer


def broken_stream(server: Server) -> None:
    server.disconnect_after(events=9, clean=True)
    with server.client().responses.stream(model="gpt-5.4", input="Tell me a story.") as stream:
        stream.until_done()


def half_a_value(server: Server) -> None:
    part = {"type": "output_text", "text": '{"name": "Li', "annotations": []}
    message = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "incomplete",
        "content": [part],
    }
    details = {"reason": "max_output_tokens"}
    server.reply_response({"status": "incomplete", "incomplete_details": details, "output": [message]})
    response = server.client().responses.parse(
        model="gpt-5.4", input="Lima?", text_format=City, max_output_tokens=16
    )
    response.output_parsed_or_raise()


def changed_webhook(server: Server) -> None:
    webhook = server.webhook(ask(server))
    server.client().webhooks.unwrap(webhook.body + b"\n", webhook.headers)


CASES: dict[str, Callable[[Server], None]] = {
    "There is no API key": no_key,
    "Incorrect API key provided": wrong_key,
    "The model does not exist": wrong_model,
    "Connection refused": nobody_listens,
    "The request was not answered in time": too_slow,
    "The answer is not valid JSON": sign_in_page,
    "Rate limit reached": too_fast,
    "You exceeded your current quota": no_money,
    "The server is overloaded": overloaded,
    "The input exceeds the context window": too_long,
    "Unexpected keyword argument 'messages'": chat_completions,
    "Unsupported parameter": temperature,
    "A strict schema cannot have this type": loose_schema,
    "No tool output found for function call": unanswered_call,
    "Reasoning without its required following item": lonely_reasoning,
    "Item not found": forgotten_item,
    "The stream ended without a terminal event": broken_stream,
    "The answer was cut short": half_a_value,
    "No signature matches": changed_webhook,
}
"""All sections but that about certificates, which needs a server of its own."""
CERTIFICATE = "The certificate of the server was refused"


def message_of(error: BaseException) -> str:
    """Return the message as a program shows it at its end, with the variable parts as on the page."""
    text = f"{type(error).__name__}: {error}"
    text = re.sub(r"\b(call|msg|req|resp|rs)_[0-9a-f]{8,}", r"\1_...", text)
    text = text.replace("self signed", "self-signed")  # older versions of OpenSSL
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8000", text)
    return re.sub(r"\[Errno \d+\]", "[Errno 111]", re.sub(r"_ssl\.c:\d+", "_ssl.c:1006", text))


@pytest.mark.parametrize("title", CASES)
def test_page_has_the_message(title: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    if title == "Connection refused" and sys.platform == "win32":
        pytest.skip("Windows says it in other words")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises((ResponsesClientError, TypeError)) as caught:
        CASES[title](server)
    assert message_of(caught.value) == SECTIONS[title]


def test_page_has_the_message_about_a_certificate(certificate: Path) -> None:
    with (
        ScriptedServer([b""], certificate=certificate) as scripted,
        Client(base_url=scripted.url, api_key="key") as client,
        pytest.raises((ResponsesClientError, TypeError)) as caught,
    ):
        client.responses.create(model="gpt-5.4", input="Hi")
    assert message_of(caught.value) == SECTIONS[CERTIFICATE]


def test_page_has_a_section_for_each_of_twenty_errors() -> None:
    assert SECTIONS.keys() == {*CASES, CERTIFICATE}
    assert len(SECTIONS) == 20


def test_each_section_has_a_cause_and_a_fix() -> None:
    sections = dict(_SECTION.findall(PAGE.read_text(encoding="utf-8")))
    assert [title for title, text in sections.items() if "\n**Cause.** " not in text] == []
    assert [title for title, text in sections.items() if "\n**Fix.** " not in text] == []


def test_page_has_the_message_about_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.delitem(sys.modules, "responses_client._mcp_tools", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        import_module("responses_client._mcp_tools")
    assert f"`{caught.value}`" in PAGE.read_text(encoding="utf-8")


def test_page_has_the_messages_of_python_itself(server: Server) -> None:
    page = PAGE.read_text(encoding="utf-8")
    call: Any = server.async_client().responses.create(model="m", input="Hi")
    with pytest.raises(AttributeError) as forgotten:
        call.output_text  # noqa: B018  # as a program reads it
    call.close()

    async def ask_without_async_client() -> None:
        await ask(server)

    with pytest.raises(TypeError) as awaited:
        asyncio.run(ask_without_async_client())
    with pytest.raises(AttributeError) as chat:
        server.client().chat  # noqa: B018  # as a program reads it
    messages = [str(error.value) for error in (forgotten, awaited, chat)]
    assert [message for message in messages if f"`{message}`" not in page] == []
