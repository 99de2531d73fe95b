"""One call, from its first attempt to its answer, on a clock that only moves when something waits."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest
from fake_io import Answer, Clock, FakeBody, FakeIO, bad, call, good
from samples import KEY, response

from responses_client._base.clock import NO_DEADLINE
from responses_client._calls.attempts import Attempts, fetch
from responses_client._calls.auth import RecordingAuth
from responses_client._transport.protocols import TransportError, run
from responses_client.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
    InternalServerError,
    RateLimitError,
    ResponseValidationError,
)
from responses_client.models import Response


def network(
    kind: Any = "network", reason: str = "ReadError", cause: BaseException | None = None
) -> TransportError:
    failure = TransportError(kind, reason)
    failure.__cause__ = cause
    return failure


def fetched(io: FakeIO, params: dict[str, Any] | None = None, **options: Any) -> Response:
    return run(fetch(io, call(params, **options)))


def test_answer_becomes_the_result_with_its_meta(clock: Clock) -> None:
    body = good(**{"x-request-id": "req_1"})
    io = FakeIO(clock, 2.0, body)

    result = fetched(io)

    assert result.output_text == "Hello"
    assert result.meta is not None
    assert (result.meta.request_id, result.meta.elapsed, result.meta.tries) == ("req_1", 2.0, 1)
    assert (result.meta.method, result.meta.url) == ("POST", "http://api.test/v1/responses")
    assert io.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert (body.closed, io.slept) == (1, [])


@pytest.mark.parametrize(
    ("answers", "slept", "elapsed"),
    [
        ([network("connect")], [0.5], 0.5),
        ([network(), network("timeout")], [0.5, 1.0], 1.5),
        ([bad(500), bad(429)], [0.5, 1.0], 1.5),
        ([bad(429, retry_after="7")], [7.0], 7.0),
        ([bad(503, retry_after_ms="1500")], [1.5], 1.5),
        ([bad(429, retry_after="120")], [120.0], 120.0),
        ([bad(429, x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests="7s")], [7.0], 7.0),
        ([bad(429, {"message": "Please try again in 9s."})], [9.0], 9.0),
        ([FakeBody(b"{", network())], [0.5], 0.5),
        ([3.0, bad(500)], [0.5], 3.5),
    ],
)
def test_failed_attempt_is_repeated_after_a_delay(
    clock: Clock, answers: list[Answer], slept: list[float], elapsed: float
) -> None:
    io = FakeIO(clock, *answers, good())

    result = fetched(io)

    assert io.slept == slept
    assert result.meta is not None
    assert result.meta.tries == len(io.requests)
    assert result.meta.elapsed == elapsed
    assert len({request.headers["Idempotency-Key"] for request in io.requests}) == 1


def test_wait_that_looks_like_a_program_that_hangs_is_a_warning(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="responses_client")
    used_up = bad(429, x_ratelimit_remaining_tokens="0", x_ratelimit_reset_tokens="1m1s")

    fetched(FakeIO(clock, bad(429, retry_after="60"), used_up, good()))

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "responses.create: retry in 60.00 s, status 429 (retry-after)"),
        ("WARNING", "responses.create: retry in 61.00 s, status 429 (x-ratelimit-reset-tokens)"),
    ]


def test_wait_of_two_minutes_needs_a_deadline_that_allows_it(clock: Clock) -> None:
    io = FakeIO(clock, bad(429, retry_after="120"), good())

    with pytest.raises(RateLimitError) as caught:
        fetched(io, deadline=119)

    assert (caught.value.retry_after, io.slept) == (120.0, [])
    assert fetched(FakeIO(clock, bad(429, retry_after="120"), good()), deadline=121).output_text == "Hello"


def test_wait_varies_by_chance(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responses_client._calls.attempts.random.random", lambda: 0.5)
    io = FakeIO(clock, network(), good())

    fetched(io)

    assert io.slept == [0.4375]


@pytest.mark.parametrize(
    ("failure", "kind", "text"),
    [
        (
            network("connect", "ConnectError: refused"),
            APIConnectionError,
            "POST http://api.test got no answer after 2 attempts: ConnectError: refused; check the network and base_url",
        ),
        (
            network("timeout", "ReadTimeout"),
            APITimeoutError,
            "POST http://api.test was not answered in time after 2 attempts: ReadTimeout; "
            "raise timeout or deadline, or try again",
        ),
    ],
)
def test_call_without_an_answer_ends_in_one_sentence(
    clock: Clock, failure: TransportError, kind: type[Exception], text: str
) -> None:
    cause = OSError("no route")
    failure.__cause__ = cause
    io = FakeIO(clock, failure, failure)

    with pytest.raises(kind) as caught:
        fetched(io, max_retries=1)

    assert str(caught.value) == text
    assert caught.value.__cause__ is cause
    assert caught.value.__context__ is None


def test_single_attempt_is_not_counted(clock: Clock) -> None:
    with pytest.raises(APIConnectionError, match=r"^POST http://api.test got no answer: ReadError; "):
        fetched(FakeIO(clock, network()), max_retries=0)


def test_redirect_to_something_that_is_not_a_url_is_named_and_not_asked_again(clock: Clock) -> None:
    io = FakeIO(clock, network("redirect", "InvalidURL"))
    with pytest.raises(
        ResponseValidationError, match="redirect to something that is not a URL; set base_url"
    ):
        fetched(io)
    assert len(io.requests) == 1


def test_start_of_a_body_is_read_whatever_its_status(clock: Clock) -> None:
    attempts = Attempts(FakeIO(clock), call())
    body = FakeBody(b"<html>", b"</html>")
    assert run(attempts.read_start(body)) == b"<html></html>"
    assert body.closed == 1
    with pytest.raises(ResponseValidationError, match="cannot be decompressed: it is not valid gzip"):
        run(attempts.read_start(FakeBody(network("decoding", "it is not valid gzip"))))


def test_call_without_observers_notifies_nobody(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("responses_client._calls.observers.make_dispatcher", never)
    assert fetched(FakeIO(clock, good())).output_text == "Hello"


def test_cause_that_quotes_the_key_is_left_out(clock: Clock) -> None:
    io = FakeIO(clock, network(reason=f"illegal line {KEY}", cause=OSError(f"illegal line {KEY}")))

    with pytest.raises(APIConnectionError, match=r"illegal line \*\*\*;") as caught:
        fetched(io, max_retries=0)

    assert caught.value.__cause__ is None


def test_error_status_ends_the_call_when_no_retry_is_left(clock: Clock) -> None:
    io = FakeIO(clock, bad(500), bad(502, {"message": "Busy"}, x_request_id="req_2"))

    with pytest.raises(InternalServerError, match="answered with 502 after 2 attempts: Busy") as caught:
        fetched(io, max_retries=1)

    assert caught.value.request_id == "req_2"
    assert caught.value.meta is not None
    assert caught.value.meta.tries == 2
    assert caught.value.__context__ is None


def test_body_of_an_error_is_read_up_to_a_limit(clock: Clock) -> None:
    mebibyte = b"x" * 1024 * 1024
    body = FakeBody(b"start ", mebibyte, mebibyte, mebibyte, status=400)
    io = FakeIO(clock, body)

    with pytest.raises(APIStatusError, match="start x") as caught:
        fetched(io)

    assert len(caught.value.body) == len(mebibyte)
    assert len(body.pieces) == 2  # were not read
    assert body.closed == 1


def test_error_whose_body_cannot_be_decompressed_is_that_of_its_status(clock: Clock) -> None:
    body = FakeBody(network("decoding", "it is not valid gzip"), status=404)

    with pytest.raises(
        APIStatusError, match="404: the body cannot be decompressed: it is not valid gzip"
    ) as caught:
        fetched(FakeIO(clock, body))

    assert caught.value.body is None
    assert body.closed == 1


def test_error_whose_body_can_be_decompressed_in_part_has_that_part(clock: Clock) -> None:
    body = FakeBody(b"no such ", network("decoding", "it is not valid gzip"), status=404)

    with pytest.raises(APIStatusError, match="404: no such"):
        fetched(FakeIO(clock, body))


def test_start_of_an_answer_that_cannot_be_decompressed_is_an_error(clock: Clock) -> None:
    body = FakeBody(network("decoding", "it is not valid gzip"))

    with pytest.raises(ResponseValidationError, match="cannot be decompressed: it is not valid gzip"):
        run(Attempts(FakeIO(clock), call()).read_start(body))

    assert body.closed == 1


def test_answer_is_read_up_to_the_limit_and_not_asked_for_again(clock: Clock) -> None:
    content = json.dumps(response()).encode()
    assert fetched(FakeIO(clock, FakeBody(content)), max_response_bytes=len(content)).output_text == "Hello"
    body = FakeBody(content, b" ", b" ", headers={"x-request-id": "req_1"})

    with pytest.raises(
        ResponseValidationError,
        match=rf"The answer is larger than {len(content)} bytes \(max_response_bytes\).*; raise max_response_bytes",
    ) as caught:
        fetched(FakeIO(clock, body), max_response_bytes=len(content))

    assert caught.value.request_id == "req_1"
    assert len(body.pieces) == 1
    assert body.closed == 1


def test_interrupted_body_of_an_error_is_used_as_far_as_it_came(clock: Clock) -> None:
    body = FakeBody(b"no such ", network(), status=404)

    with pytest.raises(APIStatusError, match="404: no such"):
        fetched(FakeIO(clock, body))

    assert body.closed == 1


def test_switch_to_another_protocol_is_a_success(clock: Clock) -> None:
    io = FakeIO(clock, FakeBody(status=101))
    body, meta = run(Attempts(io, call()).connect())
    assert (body.status_code, meta.status_code, len(io.requests)) == (101, 101, 1)


def test_key_that_the_server_repeats_is_masked(clock: Clock) -> None:
    with pytest.raises(AuthenticationError) as caught:
        fetched(FakeIO(clock, bad(401, {"message": f"Incorrect key {KEY}"})))

    assert "Incorrect key ***" in str(caught.value)
    assert KEY not in json.dumps(caught.value.body)


def test_body_that_cannot_be_decompressed_is_not_retried(clock: Clock) -> None:
    body = good(**{"x-request-id": "req_1"})
    body.pieces = [network("decoding", "DecodingError: bad header")]

    with pytest.raises(ResponseValidationError, match="cannot be decompressed: DecodingError") as caught:
        fetched(FakeIO(clock, body))

    assert caught.value.request_id == "req_1"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError()])
def test_other_exceptions_pass_and_close_the_answer(clock: Clock, error: BaseException) -> None:
    bodies = [FakeBody(b"{", error), FakeBody(b"{", error, status=500)]
    for body in bodies:
        with pytest.raises(type(error)):
            fetched(FakeIO(clock, body))
        assert body.closed == 1
    with pytest.raises(type(error)):
        fetched(FakeIO(clock, error))


# --- deadlines


def test_deadline_counts_all_that_a_call_does(clock: Clock) -> None:
    io = FakeIO(clock, 3.0, bad(500), 1.0, FakeBody(2.0, b"{", 10.0, b"}"), good())

    with pytest.raises(APITimeoutError, match=r"in time after 2 attempts: the deadline of 10 s has passed"):
        fetched(io, deadline=10)

    assert clock.now == 1010
    assert io.timeouts == [10.0, 6.5]


def test_no_wait_goes_beyond_the_deadline(clock: Clock) -> None:
    io = FakeIO(clock, bad(429, retry_after="9"), good())

    with pytest.raises(RateLimitError):
        fetched(io, deadline=8)

    assert io.slept == []


def test_no_request_is_sent_after_the_deadline(clock: Clock) -> None:
    late = good()
    redirect = FakeBody(status=307, headers={"location": "/v2/responses"})

    async def close() -> None:
        clock.now += 5

    redirect.close = close
    io = FakeIO(clock, redirect, late)

    with pytest.raises(APITimeoutError, match="deadline of 4 s"):
        fetched(io, deadline=4)

    assert len(io.requests) == 1


def test_deadline_counts_from_the_first_attempt(clock: Clock) -> None:
    attempts = Attempts(FakeIO(clock, good()), call(deadline=5))
    assert attempts.deadline == NO_DEADLINE
    clock.now += 100
    run(attempts.connect())
    assert attempts.deadline.remaining() == 5


# --- keys


def test_missing_key_is_named_before_anything_is_sent(clock: Clock) -> None:
    io = FakeIO(clock)

    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        fetched(io, api_key=None)

    assert io.requests == []


@pytest.mark.parametrize("headers", [{"authorization": None}, {"Authorization": "Basic x"}, {"api-key": "x"}])
def test_header_of_the_users_own_replaces_the_key(clock: Clock, headers: dict[str, str | None]) -> None:
    io = FakeIO(clock, good())

    fetched(io, default_headers=headers, api_key=None)

    assert [v for k, v in io.requests[0].headers.items() if k.lower() == "authorization"] in (
        [[None], ["Basic x"], []]
    )


def test_function_is_called_for_each_attempt(clock: Clock) -> None:
    keys = iter(["key-number-1", "key-number-2"])
    io = FakeIO(clock, bad(500), bad(400, {"message": "No key-number-2, was key-number-1"}))

    with pytest.raises(APIStatusError, match=r"No \*\*\*, was \*\*\*"):
        fetched(io, api_key=lambda: next(keys))

    assert sent(io) == ["Bearer key-number-1", "Bearer key-number-2"]


def sent(io: FakeIO) -> list[str | None]:
    return [request.headers["Authorization"] for request in io.requests]


def test_refused_key_of_a_function_is_replaced_at_once(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="responses_client")
    keys = iter(["key-number-1", "key-number-2"])
    refused = bad(401)
    io = FakeIO(clock, refused, good())

    result = fetched(io, api_key=lambda: next(keys), max_retries=0)

    assert sent(io) == ["Bearer key-number-1", "Bearer key-number-2"]
    assert (io.slept, refused.closed) == ([], 1)
    assert result.meta is not None
    assert result.meta.tries == 2
    assert len({request.headers["Idempotency-Key"] for request in io.requests}) == 1
    assert caplog.messages == ["responses.create: retry with another key, status 401"]


def test_replacing_a_key_costs_no_retry(clock: Clock) -> None:
    keys = iter(["key-number-1", "key-number-2", "key-number-3", "key-number-4"])
    io = FakeIO(clock, bad(401), bad(500), bad(503), good())

    assert fetched(io, api_key=lambda: next(keys), max_retries=2).output_text == "Hello"

    assert sent(io) == [f"Bearer key-number-{number}" for number in (1, 2, 3, 4)]
    assert io.slept == [0.5, 1.0]


@pytest.mark.parametrize("max_retries", [0, 2])
def test_second_refusal_is_an_error_that_shows_no_key(clock: Clock, max_retries: int) -> None:
    keys = iter(["key-number-1", "key-number-2"])
    io = FakeIO(clock, bad(401), bad(401, {"message": "Neither key-number-1 nor key-number-2"}))

    with pytest.raises(AuthenticationError, match=r"Neither \*\*\* nor \*\*\*") as caught:
        fetched(io, api_key=lambda: next(keys), max_retries=max_retries)

    assert caught.value.tries == 2
    assert "key-number" not in json.dumps(caught.value.body)
    assert caught.value.__context__ is None


def test_refused_key_that_comes_again_is_an_error(clock: Clock) -> None:
    given: list[str] = []

    def key() -> str:
        given.append("key-number-1")
        return given[-1]

    io = FakeIO(clock, bad(401, {"message": "No key-number-1"}), good())

    with pytest.raises(AuthenticationError, match=r"401: No \*\*\*"):
        fetched(io, api_key=key)

    assert (len(given), len(io.requests)) == (2, 1)


def test_key_that_cannot_be_replaced_in_time_is_an_error(clock: Clock) -> None:
    keys = iter(["key-number-1", network("timeout")])

    def key() -> str:
        if isinstance(given := next(keys), str):
            return given
        raise given

    with pytest.raises(AuthenticationError):
        fetched(FakeIO(clock, bad(401)), api_key=key)


def test_error_of_the_function_that_replaces_a_key_passes(clock: Clock) -> None:
    keys = iter(["key-number-1", ""])

    with pytest.raises(ConfigurationError, match="api_key function gave is blank"):
        fetched(FakeIO(clock, bad(401)), api_key=lambda: next(keys))


@pytest.mark.parametrize("options", [{}, {"auth": httpx.BasicAuth("me", KEY)}])
def test_refused_key_of_a_setting_is_not_tried_again(clock: Clock, options: dict[str, Any]) -> None:
    io = FakeIO(clock, bad(401), good())

    with pytest.raises(AuthenticationError):
        fetched(io, **options)

    assert len(io.requests) == 1


def test_auth_object_stands_in_for_the_key(clock: Clock) -> None:
    io = FakeIO(clock, FakeBody(status=307, headers={"location": "/v2/responses"}), good())

    fetched(io, api_key=None, auth=httpx.BasicAuth("me", KEY))

    first, second = io.requests
    assert "Authorization" not in first.headers
    assert isinstance(first.auth, RecordingAuth)
    assert second.auth is first.auth


def test_key_of_a_function_that_cannot_be_sent_is_not_quoted(clock: Clock) -> None:
    with pytest.raises(
        ConfigurationError, match="key that the api_key function gave contains a line break"
    ) as caught:
        fetched(FakeIO(clock), api_key=lambda: "hunter2hunter2\n")

    assert "hunter2" not in str(caught.value)


# --- the log


def test_log_has_each_attempt_and_the_reason_for_the_last(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="responses_client")
    io = FakeIO(clock, network("connect"), bad(404, x_request_id="req_2"))

    with pytest.raises(APIStatusError):
        fetched(io, default_query={"sig-key": "hunter2"})

    url = "http://api.test/v1/responses?sig-key=***"
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("DEBUG", f"responses.create: POST {url}, attempt 1"),
        ("INFO", "responses.create: retry in 0.50 s, connect error"),
        ("DEBUG", f"responses.create: POST {url}, attempt 2"),
        ("DEBUG", "responses.create: 404 req_2"),
        ("DEBUG", "responses.create: no retry, status 404 is not retried"),
    ]


def test_answer_that_is_not_a_response_is_not_retried(clock: Clock) -> None:
    io = FakeIO(clock, FakeBody(b"<html>"), good())

    with pytest.raises(ResponseValidationError, match="is not valid JSON"):
        fetched(io)

    assert len(io.requests) == 1


def test_stream_of_an_error_is_read_to_the_error_alone(clock: Clock) -> None:
    event = b'data: {"error": {"code": "insufficient_quota", "message": "No"}}\n'
    body = FakeBody(
        b": ping\n\n",
        event,
        b"\n",
        600.0,
        b": ping\n\n",
        status=429,
        headers={"content-type": "text/event-stream"},
    )

    with pytest.raises(RateLimitError) as caught:
        fetched(FakeIO(clock, body))

    assert (caught.value.code, body.closed, len(body.pieces)) == ("insufficient_quota", 1, 2)


def test_stream_without_an_error_is_read_to_its_end(clock: Clock) -> None:
    body = FakeBody(b": ping\n\n", b"data: No\n\n", status=400, headers={"content-type": "text/event-stream"})

    with pytest.raises(APIStatusError) as caught:
        fetched(FakeIO(clock, body))

    assert (caught.value.body, caught.value.code) == (": ping\n\ndata: No\n\n", None)


class Recorder:
    """A throttle that lets all attempts pass, and records its calls."""

    def __init__(self) -> None:
        self.sent = 0
        self.blocks: list[tuple[float, str]] = []
        self.pauses: list[tuple[float, str]] = []

    async def send(self, send: Any, deadline: Any) -> Any:
        self.sent += 1
        return await send()

    def block_for(self, seconds: float, reason: str) -> None:
        self.blocks.append((seconds, reason))

    async def pause(self, seconds: float, reason: str) -> None:
        self.pauses.append((seconds, reason))

    def record_usage(self, tokens: int) -> None:
        pass


def test_attempts_of_a_map_go_through_its_throttle_which_waits_for_them(clock: Clock) -> None:
    io, throttle = FakeIO(clock, bad(429, retry_after="7"), bad(500), good()), Recorder()
    run(fetch(io, call(), throttle))
    assert throttle.sent == 3
    assert throttle.blocks == [(7.0, "status 429 (retry-after)")]
    assert throttle.pauses == [(0.5, "status 500")]  # the other failure is none of the limit
    assert io.slept == []


def test_log_says_from_where_a_stream_is_resumed(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="responses_client")
    resumed = call()._replace(params={"starting_after": 0})
    attempts = Attempts(FakeIO(clock, bad(500), good()), resumed)
    run(attempts.connect())
    assert [record.getMessage() for record in caplog.records] == [
        "responses.create: resume after event 0 in 0.50 s, status 500"
    ]


def test_secrets_of_both_requests_are_masked_after_one_is_gone_over_to(clock: Clock) -> None:
    keys = ["sk-first-of-two", "sk-second-of-two"]
    attempts = Attempts(FakeIO(clock), call(api_key=keys[0]))
    attempts.continue_with(call(api_key=keys[1]))
    assert attempts.redactor.text(" and ".join(keys)) == "*** and ***"


def test_request_that_is_gone_over_to_has_all_retries_again(clock: Clock) -> None:
    io = FakeIO(clock, bad(500), bad(500), good(), bad(500), bad(500))
    attempts = Attempts(io, call(max_retries=2))
    run(attempts.connect())
    attempts.continue_with(call(max_retries=2))
    with pytest.raises(InternalServerError):
        run(attempts.connect())
    assert len(io.requests) == 3 + 2  # to go over is itself a retry


def test_secrets_are_masked_in_the_headers_of_the_meta(clock: Clock) -> None:
    result = fetched(FakeIO(clock, good(**{"x-echo": f"Bearer {KEY}", "x-other": "1"})))
    assert result.meta is not None
    assert KEY not in result.meta.headers["x-echo"]
    assert result.meta.headers["x-other"] == "1"
