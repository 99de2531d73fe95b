"""Errors are found in bodies that are event streams, or JSON on several lines."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from callers import RULE_MODES, Caller
from samples import KEY

from responses_client import AsyncClient, Client, RateLimitError
from responses_client._calls.error_streams import ErrorFinder, first_error

ERROR = {
    "type": "insufficient_quota",
    "code": "insufficient_quota",
    "message": "The tin is empty.",
    "param": None,
}
FLAT = {"type": "error", "code": "insufficient_quota", "message": "The tin is empty.", "param": None}
NESTED = {"type": "error", "sequence_number": 0, "error": ERROR}
WRAPPED = {"type": "response.failed", "response": {"id": "resp_1", "status": "failed", "error": ERROR}}
BARE = {"error": ERROR}


def frame(value: Any, name: str | None = "error") -> bytes:
    line = "" if name is None else f"event: {name}\n"
    return f"{line}data: {json.dumps(value)}\n\n".encode()


STREAMS: dict[str, tuple[bytes, Any]] = {
    "flat": (frame(FLAT), FLAT),
    "nested": (frame(NESTED), NESTED),
    "wrapped": (frame(WRAPPED, "response.failed"), WRAPPED),
    "without an event line": (frame(NESTED, None), NESTED),
    "without a type": (frame(BARE, None), BARE),
    "of the type alone": (frame({"error": {"type": "insufficient_quota"}}), {"error": {"type": "insufficient_quota"}}),
    "without its blank line": (frame(FLAT).rstrip(), FLAT),
    "on several lines": (b'event: error\r\ndata: {"error":\r\ndata: {"code": "busy"}}\r\n\r\n', {"error": {"code": "busy"}}),
    "after other events": (
        b": ping\n\n"
        + frame({"type": "response.created", "response": {"id": "resp_1", "error": None}}, None)
        + frame({"type": "response.code_interpreter_call_code.done", "code": "1 + 1"}, None)
        + b"data: [DONE]\n\ndata: {oops\n\n"
        + frame(NESTED)
        + frame(FLAT),
        NESTED,
    ),
    "lines of JSON": (b'{"status": "queued"}\n' + json.dumps(BARE).encode() + b"\n", BARE),
}  # fmt: skip


@pytest.mark.parametrize(("body", "error"), STREAMS.values(), ids=STREAMS.keys())
def test_first_error_of_a_body_is_found(body: bytes, error: Any) -> None:
    assert first_error(body) == error


@pytest.mark.parametrize(
    "body", [b"", b"<html>\nNo.", b"data: No.\n\n", frame({"type": "ping"}, None), b"5\n[]\n"]
)
def test_body_without_an_error_has_none(body: bytes) -> None:
    assert first_error(body) is None


def test_error_is_found_when_its_event_is_complete() -> None:
    finder = ErrorFinder()
    whole = frame({"type": "response.created"}) + frame(NESTED)

    assert not finder.feed(whole[:-1])
    assert finder.feed(whole[-1:])


class Gateway:
    """A server that answers every request with a status and an event stream."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.count = 0

    def answer(self, _: httpx.Request) -> httpx.Response:
        self.count += 1
        return httpx.Response(429, headers={"content-type": "text/event-stream"}, content=self.body)

    def client(self) -> Client:
        return Client(api_key=KEY, http_client=httpx.Client(transport=httpx.MockTransport(self.answer)))

    def async_client(self) -> AsyncClient:
        transport = httpx.MockTransport(self.answer)
        return AsyncClient(api_key=KEY, http_client=httpx.AsyncClient(transport=transport))


@pytest.mark.parametrize("mode", RULE_MODES)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("event", [FLAT, NESTED, WRAPPED, BARE], ids=["flat", "nested", "wrapped", "bare"])
def test_quota_that_is_used_up_is_not_asked_for_again(event: dict[str, Any], stream: bool, mode: str) -> None:
    gateway = Gateway(frame(event))
    caller = Caller(mode, gateway.client, gateway.async_client)

    with pytest.raises(RateLimitError, match=r"The tin is empty.*check plan and billing") as caught:
        caller(lambda client: client.responses.create(model="m", input="Hi", stream=stream))

    error = caught.value
    assert (error.code, error.message, error.body) == ("insufficient_quota", "The tin is empty.", event)
    assert error.type == (None if event is FLAT else "insufficient_quota")
    assert gateway.count == 1
