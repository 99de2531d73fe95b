"""Errors made as tests of the official package make them: with objects of httpx, which are not kept."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import httpx
import pytest

from responses_client import APIConnectionError, APIError, APIStatusError, APITimeoutError, RateLimitError

REQUEST = httpx.Request("POST", "https://api.test/v1/responses")
HEADERS = {"retry-after": "3", "x-request-id": "req_1"}


def made(kind: Any, *args: Any, **options: Any) -> Any:
    return kind(*args, **options)


@pytest.mark.parametrize(
    "body", [{"error": {"code": "slow", "param": "model"}}, {"code": "slow", "param": "model"}]
)
def test_answer_gives_the_facts(body: object) -> None:
    answer = httpx.Response(429, headers=HEADERS, request=REQUEST)
    error = made(RateLimitError, "Slow down.", response=answer, body=body)
    for each in (error, pickle.loads(pickle.dumps(error))):
        assert (each.status_code, each.code, each.param, each.body) == (429, "slow", "model", body)
        assert (each.headers["Retry-After"], each.retry_after, each.request_id) == ("3", 3.0, "req_1")
        assert each.message == "Slow down."
    assert "response" not in vars(error)


def test_answer_tells_the_wait_in_any_place() -> None:
    used_up = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "7s"}
    body = {"error": {"message": "Please try again in 9s."}}

    assert made(RateLimitError, "No.", response=httpx.Response(429, headers=used_up)).retry_after == 7.0
    assert made(RateLimitError, "No.", response=httpx.Response(429), body=body).retry_after == 9.0
    assert made(RateLimitError, "No.", response=httpx.Response(429)).retry_after is None


def test_arguments_come_before_the_facts_of_an_answer() -> None:
    error = made(APIStatusError, "No.", response=httpx.Response(400), code="own", status_code=499)
    assert (error.code, error.status_code, error.body) == ("own", 499, None)


@pytest.mark.parametrize("kind", [APIError, APIConnectionError, APITimeoutError])
def test_request_is_not_kept(kind: Any) -> None:
    assert made(kind, "No.", request=REQUEST).message == "No."
    assert made(kind, message="No.", request=REQUEST).message == "No."
    assert made(kind, request=REQUEST).message == "no answer came"
    assert made(kind, REQUEST).message == "no answer came"
    assert "request" not in vars(made(kind, request=REQUEST))


def test_status_is_needed_without_an_answer() -> None:
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'status_code'"):
        made(RateLimitError, "No.")
    with pytest.raises(TypeError, match="unexpected keyword argument 'flavour'"):
        made(RateLimitError, "No.", status_code=429, flavour=1)


def test_signatures_stay_those_of_this_package() -> None:
    assert "response" not in inspect.signature(RateLimitError).parameters
    assert "status_code" in inspect.signature(RateLimitError).parameters
