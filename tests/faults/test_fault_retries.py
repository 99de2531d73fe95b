"""Retries: after which answers, after which delay, and with which request."""

from __future__ import annotations

import time
from typing import Any

import pytest
from payloads import WHOLE
from samples import response
from scripted_server import ScriptedServer, answer
from shells import Session, Shell

from responses_client.errors import APIStatusError, InternalServerError, RateLimitError

GOOD = [answer(200, response())]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_passing_error_is_tried_again_with_the_same_idempotency_key(shell: Shell, status: int) -> None:
    bad = [answer(status, {})]
    with ScriptedServer(bad, bad, GOOD) as server:
        created = shell.create(server.url)

    assert created.meta is not None
    assert created.meta.tries == 3
    keys = {request.headers["idempotency-key"] for request in server.requests}
    assert len(keys) == 1
    assert next(iter(keys)).startswith("rc-")


def test_each_call_has_an_idempotency_key_of_its_own(shell: Shell) -> None:
    async def play(session: Session) -> None:
        await session.create()
        await session.create()
        await session.create(idempotency_key="mine")

    with ScriptedServer(GOOD, GOOD, GOOD) as server:
        shell.play(play, server.url)

    first, second, third = (request.headers["idempotency-key"] for request in server.requests)
    assert first != second
    assert third == "mine"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_lasting_error_is_raised_at_once(shell: Shell, status: int) -> None:
    with ScriptedServer([answer(status, {})], GOOD) as server, pytest.raises(APIStatusError):
        shell.create(server.url)

    assert len(server.requests) == 1


@pytest.mark.parametrize("field", ["code", "type"])
def test_used_up_quota_is_raised_at_once(shell: Shell, field: str) -> None:
    body = {"error": {"message": "You exceeded your current quota.", field: "insufficient_quota"}}
    with (
        ScriptedServer([answer(429, body, retry_after="1")], GOOD) as server,
        pytest.raises(RateLimitError, match="check plan and billing"),
    ):
        shell.create(server.url)

    assert len(server.requests) == 1


@pytest.mark.parametrize(("status", "advice", "requests"), [(500, "false", 1), (400, "true", 2)])
def test_advice_of_the_server_goes_before_the_status(
    shell: Shell, status: int, advice: str, requests: int
) -> None:
    bad = [answer(status, {}, x_should_retry=advice)]
    with ScriptedServer(bad, bad) as server, pytest.raises(APIStatusError):
        shell.create(server.url, max_retries=1)

    assert len(server.requests) == requests


@pytest.mark.parametrize("headers", [{"retry_after_ms": "100"}, {"retry_after": "0.1"}])
def test_wait_that_the_server_asks_for_is_kept(shell: Shell, headers: dict[str, str]) -> None:
    with ScriptedServer([answer(429, {}, **headers)], GOOD) as server:
        start = time.monotonic()
        shell.create(server.url)

    assert time.monotonic() - start >= 0.1


def test_wait_that_is_too_long_is_the_users_to_make(shell: Shell) -> None:
    with (
        ScriptedServer([answer(429, {}, retry_after="121")], GOOD) as server,
        pytest.raises(RateLimitError, match="try again in 121 s") as caught,
    ):
        shell.create(server.url)

    assert caught.value.retry_after == 121
    assert len(server.requests) == 1


def test_error_after_the_last_try_counts_the_tries(shell: Shell) -> None:
    with (
        ScriptedServer(*[[answer(500, {})]] * 3) as server,
        pytest.raises(InternalServerError, match="after 3 attempts") as caught,
    ):
        shell.create(server.url)

    assert caught.value.tries == 3
    assert len(server.requests) == 3


@pytest.mark.parametrize(("retries", "requests"), [(0, 1), (3, 4)])
def test_retries_of_a_request_go_before_those_of_the_client(
    shell: Shell, retries: int, requests: int
) -> None:
    with ScriptedServer(*[[answer(500, {})]] * 5) as server, pytest.raises(InternalServerError):
        shell.create(server.url, {"max_retries": retries}, max_retries=1)

    assert len(server.requests) == requests


def test_stream_is_tried_again_after_an_error_status(shell: Shell) -> None:
    with ScriptedServer([answer(503, {})], WHOLE) as server:
        assert len(shell.events(server.url)) == 4


@pytest.mark.parametrize("kind", ["function", "async function"])
def test_function_for_the_key_is_asked_for_each_try(shell: Shell, kind: str) -> None:
    keys = iter(["first-key", "second-key"])

    async def later() -> str:
        return next(keys)

    key: Any = later if kind == "async function" else lambda: next(keys)
    if kind == "async function" and shell.name == "sync":
        return  # refused, which has a test of its own
    with ScriptedServer([answer(500, {})], GOOD) as server:
        shell.create(server.url, api_key=key)

    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer first-key", "Bearer second-key"]
