"""Errors worded for users of a shell."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from responses_client import Client
from responses_client._cli.problems import failure_of, problem_of
from responses_client.errors import (
    APIStatusError,
    ConfigurationError,
    RateLimitError,
    RequestValidationError,
    ResponsesClientError,
    StreamError,
    StreamInterrupted,
    WaitTimeout,
)
from responses_client.models import Response
from responses_client.testing import Server

STREAM = {"content-type": "text/event-stream"}
ANSWERS = {
    "JSON": httpx.Response(200, json=[1]),
    "HTML": httpx.Response(200, html="<html><title>Welcome</title></html>"),
    "empty": httpx.Response(200),
    "response": httpx.Response(200, json={"object": "response", "status": "completed", "output": []}),
    "stream without events": httpx.Response(200, headers=STREAM, text=": ping\n\n"),
    "stream cut off": httpx.Response(
        200, headers=STREAM, text='data: {"type": "response.created", "response": {"id": "r"}}\n\ndata: {'
    ),
    "event that is not JSON": httpx.Response(200, headers=STREAM, text="data: {\n\n"),
    "error event": httpx.Response(200, headers=STREAM, text='data: {"type": "error", "message": "No."}\n\n'),
    "redirect": httpx.Response(302, headers={"location": "https://b.test/"}),
    **{str(status): httpx.Response(status) for status in (400, 401, 403, 404, 405, 413, 422, 429, 500, 501)},
}
FAILURES = {
    "refused": httpx.ConnectError("[Errno 111] Connection refused"),
    "late": httpx.ReadTimeout("timed out"),
    "certificate": httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: expired"),
    "proxy": httpx.ProxyError("407 Proxy Authentication Required"),
}
PYTHON = re.compile(
    r"\.[a-z_]+\b(?<!\.test)(?<!\.openai)(?<!\.com)|\w_\w+=|\b[a-z]+_[a-z_]+\b(?<!api_key)|\w+Error|Errno|\bNone\b"
)


def error_of(answer: httpx.Response | Exception) -> ResponsesClientError:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    http_client = httpx.Client(transport=httpx.MockTransport(handle))
    client = Client(api_key="any", max_retries=0, http_client=http_client)
    with pytest.raises(ResponsesClientError) as caught:
        client.responses.create(model="m", input="Hi", stream=True).until_done()
    return caught.value


@pytest.mark.parametrize("name", [*ANSWERS, *FAILURES])
def test_no_message_speaks_of_python(name: str) -> None:
    failure = failure_of(error_of({**ANSWERS, **FAILURES}[name]))
    assert failure.status == 1
    assert PYTHON.search(failure.problem) is None
    assert not failure.problem.endswith((".", ";", ","))


@pytest.mark.parametrize(
    ("argument", "option"),
    [
        ({"max_output_tokens": 1}, "--max-output-tokens"),
        ({"reasoning": {"effort": 3}}, "--effort"),
        ({"previous_response_id": 3}, "--previous"),
        ({"text": {"format": {"type": "json_schema", "name": "a", "schema": 3}}}, "--schema"),
    ],
)
def test_wrong_argument_is_named_by_its_option(argument: dict[str, Any], option: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        Server().client().responses.create(model="m", input="Hi", **argument)
    failure = failure_of(caught.value)
    assert failure.problem.startswith(f"{option}: expected ")
    assert failure.status == 2


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (
            APIStatusError("Method Not Allowed.", status_code=405, request_id="req_1"),
            "the server answered with 405: Method Not Allowed (request id req_1); this server does not offer "
            "the call; check --base-url",
        ),
        (
            RateLimitError("Slow down.", status_code=429, retry_after=2.5, tries=3),
            "the server answered with 429 after 3 attempts: Slow down; try again in 2.5 s",
        ),
        (
            RateLimitError("No money.", status_code=429, code="insufficient_quota"),
            "the server answered with 429: No money (code insufficient_quota); check plan and billing, since "
            "waiting does not help",
        ),
        (APIStatusError("Odd.", status_code=418), "the server answered with 418: Odd; try again later"),
        (APIStatusError("Bad.", status_code=400), "the server answered with 400: Bad"),
        (
            APIStatusError("a redirect", status_code=307),
            "the server answered with 307: a redirect; set --base-url to the address that answers",
        ),
        (
            StreamInterrupted("ReadError: gone", response_id="resp_1"),
            "the answer broke off: gone (response resp_1)",
        ),
        (StreamError("Boom.", code="x"), "the server ended the answer with an error: Boom (code x)"),
        (WaitTimeout("The response was not finished"), "The response was not finished"),
        (
            ConfigurationError("The base_url argument must be a URL; correct it"),
            "--base-url must be a URL; correct it",
        ),
        (
            ConfigurationError("The api_key from OPENAI_API_KEY contains a line break; remove it"),
            "OPENAI_API_KEY contains a line break; remove it",
        ),
    ],
)
def test_error_is_one_sentence(error: ResponsesClientError, problem: str) -> None:
    assert failure_of(error).problem == problem


@pytest.mark.parametrize("status", ["completed", None, "of_tomorrow"])
def test_response_of_any_other_status_is_no_problem(status: str | None) -> None:
    assert problem_of(Response(), status) is None
