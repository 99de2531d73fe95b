"""Uploads and new batches with a lost answer: the server is asked for them before they are sent again."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest
from batch_helpers import Killer, batched, carrying, killing, questions, sent
from callers import Caller

from responses_client import (
    APIStatusError,
    APITimeoutError,
    InternalServerError,
    RequestInfo,
    ResponseValidationError,
)
from responses_client.testing import Server, VirtualClock

pytestmark = pytest.mark.usefixtures("virtual_clock")


def losing(mode: str, server: Server, at: int, *, is_answered: bool = True) -> Caller:
    """Return a caller that gets no answer to the request of a number: in a batch, 1 is the upload, 2 the batch."""
    return killing(mode, server, Killer(at, is_answered=is_answered, error=httpx.ReadError("reset")))


def posts(server: Server) -> list[str]:
    return [request.path for request in server.requests if request.method == "POST"]


@pytest.mark.parametrize("at", [1, 2])
def test_request_whose_answer_is_lost_is_not_sent_again(
    every_caller: Caller, server: Server, at: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="responses_client")
    assert batched(losing(every_caller.mode, server, at), questions(2)).failed == []
    assert sent(server) == (1, 1)
    assert posts(server) == ["/v1/files", "/v1/batches"]
    (message,) = [text for text in caplog.messages if "responses.batch" in text]
    assert message.startswith("responses.batch: retry in 0.")
    assert message.endswith(" s, network error")


@pytest.mark.parametrize("at", [1, 2])
def test_request_that_did_not_reach_the_server_is_sent_again(caller: Caller, server: Server, at: int) -> None:
    assert batched(losing(caller.mode, server, at, is_answered=False), questions(2)).failed == []
    assert sent(server) == (1, 1)


def test_request_that_is_refused_for_a_while_is_sent_again(
    every_caller: Caller, server: Server, virtual_clock: VirtualClock
) -> None:
    server.fail(503, retry_after=7).batching(polls=1)
    assert batched(every_caller, questions(2)).failed == []
    assert posts(server) == ["/v1/files", "/v1/files", "/v1/batches"]
    assert virtual_clock.waits[0] == 7


def test_request_is_sent_again_as_often_as_the_client_retries(caller: Caller, server: Server) -> None:
    def fail_uploads(request: RequestInfo) -> None:
        if request.operation == "files.create":
            server.fail(500)

    options: dict[str, Any] = {"max_retries": 1, "on_request": fail_uploads}
    failing = Caller(caller.mode, lambda: server.client(**options), lambda: server.async_client(**options))
    with pytest.raises(InternalServerError):
        batched(failing, questions(1))
    assert [request.method for request in server.requests] == ["POST", "GET", "POST"]


@pytest.mark.parametrize("status", [400, 429])
def test_request_that_is_refused_for_good_is_not_sent_again(
    caller: Caller, server: Server, status: int
) -> None:
    server.fail(status, code="insufficient_quota" if status == 429 else None)
    with pytest.raises(APIStatusError) as caught:
        batched(caller, questions(1))
    assert caught.value.status_code == status
    assert len(server.requests) == 1


def test_answer_that_is_not_valid_is_not_asked_for_again(caller: Caller, server: Server) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        return httpx.Response(200, text="oops")

    with pytest.raises(ResponseValidationError):
        batched(carrying(caller.mode, server, httpx.MockTransport(answer)), questions(1))
    assert seen == ["POST"]


def test_deadline_of_the_client_is_that_of_all_attempts(
    caller: Caller, server: Server, virtual_clock: VirtualClock
) -> None:
    def fail_uploads(request: RequestInfo) -> None:
        if request.operation == "files.create":
            server.delay(6).fail(503)

    options: dict[str, Any] = {"deadline": 10, "on_request": fail_uploads}
    slow = Caller(caller.mode, lambda: server.client(**options), lambda: server.async_client(**options))
    with pytest.raises(APITimeoutError):
        batched(slow, questions(1))
    assert virtual_clock.now == pytest.approx(10)
