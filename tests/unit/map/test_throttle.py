"""The throttle of a map: its queue, its deadlines, and retries after 429, on a simulated clock."""

from __future__ import annotations

from typing import Any

import pytest
from fake_io import Answer, Clock, FakeBody, FakeIO, bad, call, good, use_clock

from responses_client._calls.attempts import fetch
from responses_client._map.throttle import Throttles
from responses_client._transport.protocols import TransportError, run
from responses_client.errors import APITimeoutError, InternalServerError, RateLimitError
from responses_client.models import Response


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return use_clock(monkeypatch)


def fetch_one(io: FakeIO, throttles: Throttles | None = None, **options: Any) -> Response:
    return run(fetch(io, call(**options), (throttles or Throttles(io)).for_model("m")))


def limited(remaining: int, reset: str, status: int = 200, **headers: str) -> FakeBody:
    """An answer that reports a limit of 60 requests per minute."""
    reported = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": str(remaining),
        "x-ratelimit-reset-requests": reset,
    }
    if status == 200:
        return good(**reported)
    return bad(status, x_ratelimit_remaining_requests=str(remaining), **headers)


def test_call_waits_while_nothing_remains_of_the_limit(clock: Clock) -> None:
    io = FakeIO(clock, limited(0, "60s"), good())
    throttles = Throttles(io)

    fetch_one(io, throttles)
    assert io.slept == []
    start = clock.now
    fetch_one(io, throttles)

    assert clock.now - start == pytest.approx(1.0, abs=0.1)
    assert io.locked == 2


def test_models_do_not_wait_for_each_other(clock: Clock) -> None:
    io = FakeIO(clock, limited(0, "60s"), good())
    throttles = Throttles(io)

    fetch_one(io, throttles)
    run(fetch(io, call(), throttles.for_model("another")))

    assert io.slept == []


def test_wait_before_the_first_attempt_does_not_count_as_time_of_the_call(clock: Clock) -> None:
    io = FakeIO(clock, limited(0, "60s"), good())
    throttles = Throttles(io)
    fetch_one(io, throttles)

    response = fetch_one(io, throttles, deadline=0.5)

    assert response.meta is not None
    assert (response.meta.elapsed, response.meta.tries) == (0.0, 1)


def test_refusal_costs_no_retry_and_blocks_the_throttle(clock: Clock) -> None:
    refusals: list[Answer] = [bad(429, retry_after="7") for _ in range(5)]
    io = FakeIO(clock, *refusals, good())
    start = clock.now

    response = fetch_one(io, max_retries=0)

    assert response.meta is not None
    assert response.meta.tries == 6
    assert clock.now - start == pytest.approx(35.0, abs=0.1)
    assert max(io.slept) <= 1.0
    assert len({request.headers["Idempotency-Key"] for request in io.requests}) == 1


def test_other_failures_between_refusals_use_up_retries(clock: Clock) -> None:
    io = FakeIO(clock, bad(429, retry_after_ms="10"), bad(500), bad(429, retry_after_ms="10"), bad(500))

    with pytest.raises(InternalServerError):
        fetch_one(io, max_retries=1)

    assert len(io.requests) == 4


def test_call_fails_after_ten_refusals_that_name_no_wait(clock: Clock) -> None:
    io = FakeIO(clock, *[bad(429) for _ in range(11)])

    with pytest.raises(RateLimitError, match="after 11 attempts"):
        fetch_one(io, max_retries=0)


def test_call_fails_after_a_hundred_refusals(clock: Clock) -> None:
    io = FakeIO(clock, *[bad(429, retry_after="0") for _ in range(101)])

    with pytest.raises(RateLimitError, match="after 101 attempts"):
        fetch_one(io)


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
def test_used_up_quota_is_an_error_at_once(clock: Clock, code: str) -> None:
    io = FakeIO(clock, bad(429, {"code": code}, retry_after="1"))

    with pytest.raises(RateLimitError):
        fetch_one(io)

    assert len(io.requests) == 1


def test_long_wait_is_obeyed_and_logged(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    io = FakeIO(clock, bad(429, retry_after="601"), limited(5, "1s"))

    fetch_one(io)
    assert 601 <= sum(io.slept) < 610
    assert "nothing is sent for 601 s, as the server asks" in caplog.text


def test_wait_beyond_the_deadline_is_an_error_at_once(clock: Clock) -> None:
    io = FakeIO(clock, bad(429, retry_after="30"))

    with pytest.raises(RateLimitError):
        fetch_one(io, deadline=20)

    assert io.slept == []


def test_deadline_also_ends_the_wait_for_the_limit(clock: Clock) -> None:
    io = FakeIO(clock, limited(0, "60s"), bad(500), good())
    throttles = Throttles(io)
    fetch_one(io, throttles)

    with pytest.raises(APITimeoutError, match=r"the deadline of 0\.8 s has passed"):
        fetch_one(io, throttles, deadline=0.8)  # half a second before the retry, then a second for the limit

    assert len(io.requests) == 2


def test_failed_attempts_do_not_count_as_in_flight(clock: Clock) -> None:
    io = FakeIO(clock, *[TransportError("network", "ReadError") for _ in range(5)], good())
    fetch_one(io, max_retries=5)
    assert len(io.requests) == 6
