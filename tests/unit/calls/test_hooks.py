"""The arguments of hooks: the facts of an attempt, without secrets."""

from __future__ import annotations

from samples import KEY

from responses_client import RequestInfo, ResponseInfo
from responses_client._base.http import ResponseMeta
from responses_client._calls.hooks import make_request_info
from responses_client._transport.protocols import Timeouts, WireRequest
from responses_client.errors import RateLimitError

HEADERS = {
    "Authorization": f"Bearer {KEY}",
    "X-Api-Key": KEY,
    "idempotency-key": "rc-1",
    "X-Team": "docs",
    "User-Agent": None,
}


def info(content: bytes = b'{"input": "the plan"}') -> RequestInfo:
    url = f"http://me:hunter2@api.test/v1/responses?api-key={KEY}&n=1"
    request = WireRequest("POST", url, HEADERS, content, Timeouts(1, 1, 1, 1))
    return make_request_info("responses.create", 7, 2, request)


def test_request_has_all_that_is_sent_but_secrets() -> None:
    sent = info()

    assert (sent.operation, sent.call_number, sent.try_number, sent.method) == (
        "responses.create",
        7,
        2,
        "POST",
    )
    assert sent.url == "http://api.test/v1/responses?api-key=***&n=1"
    assert sent.headers["authorization"] == sent.headers["x-api-key"] == "***"
    assert sent.headers["x-team"] == "docs"
    assert "user-agent" not in sent.headers
    assert sent.content == b'{"input": "the plan"}'
    assert KEY not in repr(tuple(sent))


def test_idempotency_key_is_not_masked_and_the_same_for_all_attempts() -> None:
    assert info().headers["Idempotency-Key"] == "rc-1"


def test_body_is_parsed_on_demand() -> None:
    assert info().json() == {"input": "the plan"}
    assert info(b"").json() is None
    assert info(b"\xff, from client.request").json() is None


def test_reprs_show_no_body() -> None:
    meta = ResponseMeta.build(429, {}, elapsed=1, tries=2, method="POST", url="http://api.test/v1/responses")
    error = RateLimitError("the plan", status_code=429, body={"x": "the plan"}, headers={})
    answers = [ResponseInfo(info(), meta, error, None), ResponseInfo(info(), None, None, None)]

    assert repr(info()) == (
        "<responses.create: POST http://api.test/v1/responses?api-key=***&n=1, call 7, try 2, 21 bytes>"
    )
    assert [repr(answer) for answer in answers] == [
        "<responses.create: status 429, RateLimitError, call 7, try 2>",
        "<responses.create: no answer, call 7, try 2>",
    ]
    assert answers[0].operation == "responses.create"
