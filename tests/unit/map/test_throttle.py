"""The throttle of a map: its queue, its deadlines, and retries after 429, on a simulated clock."""

from __future__ import annotations

import itertools
import logging
from typing import Any

import pytest
from fake_io import Answer, Clock, FakeBody, FakeIO, bad, call, good, use_clock

from responses_client._base.clock import NO_DEADLINE, Deadline
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
    assert io.locked == 1  # the first did not have to wait


def test_attempt_stands_behind_one_that_waits_though_the_limit_allows_it_by_now(clock: Clock) -> None:
    io = FakeIO(clock, limited(0, "60s"), good(), good(), good())
    throttles = Throttles(io)
    fetch_one(io, throttles)

    def come_later() -> None:
        io.before_lock = None
        clock.now += 5
        fetch_one(io, throttles)

    io.before_lock = come_later
    fetch_one(io, throttles)
    assert (io.locked, io.slept) == (2, [])

    fetch_one(io, throttles)
    assert io.locked == 2  # nobody waits any more


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

    caplog.set_level(logging.INFO, logger="responses_client")
    fetch_one(io)

    assert 601 <= sum(io.slept) < 610
    assert logged(caplog) == [
        ("INFO", "responses.create: retry in 601.00 s, status 429 (retry-after)"),
        ("WARNING", "responses.map: nothing is sent to m for 601 s, status 429 (retry-after)"),
    ]


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


@pytest.mark.parametrize(
    ("seconds", "level"), [(5, None), (6, "INFO"), (60, "INFO"), (61, "WARNING"), (120, "WARNING")]
)
def test_wait_for_a_limit_is_logged_once_with_its_reason(
    clock: Clock, caplog: pytest.LogCaptureFixture, seconds: int, level: str | None
) -> None:
    caplog.set_level(logging.INFO, logger="responses_client")
    one = {"x-ratelimit-limit-tokens": "1", "x-ratelimit-remaining-tokens": "0"}
    io = FakeIO(clock, good(**one, **{"x-ratelimit-reset-tokens": f"{seconds * 0.98}s"}), good())
    throttles = Throttles(io)
    fetch_one(io, throttles)
    throttles.for_model("m").record_usage(1)
    fetch_one(io, throttles)

    assert sum(io.slept) == pytest.approx(seconds, abs=0.1)
    reason = "as 0 of 1 tokens remain (x-ratelimit-reset-tokens)"
    text = f"responses.map: nothing is sent to m for {seconds} s, {reason}"
    assert logged(caplog) == ([] if level is None else [(level, text)])


def test_wait_that_grows_is_logged_again(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="responses_client")
    io = FakeIO(clock, good())
    throttle = Throttles(io).for_model("m")
    throttle.block_for(10, "status 429 (retry-after)")
    sleep = io.sleep

    async def refuse_once(seconds: float) -> None:
        await sleep(seconds)
        if len(io.slept) == 4:
            throttle.block_for(30, "status 429 (retry-after-ms)")

    io.sleep = refuse_once
    run(fetch(io, call(), throttle))

    assert [text for _, text in logged(caplog)] == [
        "responses.map: nothing is sent to m for 10 s, status 429 (retry-after)",
        "responses.map: nothing is sent to m for 30 s, status 429 (retry-after-ms)",
    ]


def test_wait_for_an_answer_in_flight_is_logged_once_a_minute(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="responses_client")
    io = FakeIO(clock, bad(429, retry_after="1"), bad(500), good())
    throttles = Throttles(io)
    limit = throttles.for_model("m")._limit.estimator
    sleep = io.sleep

    async def answer_late(seconds: float) -> None:
        await sleep(seconds)
        if clock.now > 1100 and limit._in_flight:
            limit.abandon()

    with pytest.raises(InternalServerError):
        fetch_one(io, throttles, max_retries=0)
    limit._max_in_flight = 1
    limit.start(clock.now)
    caplog.clear()
    io.sleep = answer_late
    fetch_one(io, throttles)

    text = "responses.map: nothing is sent to m until one of 1 requests in flight is answered"
    assert logged(caplog) == [("INFO", text)] * 2


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-reset-requests": "8h"},
        {"x-ratelimit-reset-requests": "1d"},
        {"x-ratelimit-reset-requests": "99999999"},
    ],
)
def test_limit_that_claims_hours_is_asked_again_after_two_minutes(
    clock: Clock, headers: dict[str, str]
) -> None:
    used_up = {"x-ratelimit-limit-requests": "1", "x-ratelimit-remaining-requests": "0", **headers}
    refusal = {name.replace("-", "_"): value for name, value in used_up.items()}
    io = FakeIO(clock, good(**used_up), good(**used_up), bad(429, **refusal), good())
    throttles = Throttles(io)

    moments = []
    for _ in range(3):
        fetch_one(io, throttles)
        moments.append(clock.now)

    assert [later - earlier for earlier, later in itertools.pairwise(moments)] == pytest.approx(
        [120.0, 240.0], abs=0.1
    )


def test_refusal_that_tells_only_a_reset_blocks_until_then(clock: Clock) -> None:
    used_up = bad(
        429,
        x_ratelimit_remaining_requests="0",
        x_ratelimit_reset_requests="7s",
        x_ratelimit_remaining_tokens="900",
        x_ratelimit_reset_tokens="20s",
    )
    io = FakeIO(clock, used_up, good())
    fetch_one(io, max_retries=0)

    assert 7.0 <= sum(io.slept) < 7.2


def test_reset_that_is_a_point_in_time_is_one(clock: Clock) -> None:
    headers = {
        "x-ratelimit-limit-requests": "1",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": f"{clock.time() + 3:.0f}",
    }
    io = FakeIO(clock, good(**headers), good())
    throttles = Throttles(io)
    fetch_one(io, throttles)
    fetch_one(io, throttles)

    assert sum(io.slept) == pytest.approx(3.0, abs=0.2)


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


def test_attempt_that_failed_after_a_refusal_makes_room_for_the_next(clock: Clock) -> None:
    io = FakeIO(clock, bad(429, retry_after="1"), TransportError("network", "ReadError"), good())
    start = clock.now
    fetch_one(io, max_retries=1, deadline=60)
    assert clock.now - start < 5


def test_tokens_that_calls_used_are_counted(clock: Clock) -> None:
    told = {
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "300",
        "x-ratelimit-reset-tokens": "42s",
    }
    io = FakeIO(clock, good(**told), good())
    throttles = Throttles(io)
    start = clock.now
    fetch_one(io, throttles)
    throttles.for_model("m").record_usage(700)
    fetch_one(io, throttles)
    # 300 of 700 remain and 10 are reserved; 699 refill in 42 seconds, of which 98 % are trusted.
    assert clock.now - start == pytest.approx(410 / (0.98 * 699 / 42), abs=0.1)


def test_refusal_is_no_answer_that_uses_the_limit_up(clock: Clock) -> None:
    io = FakeIO(clock, limited(3, "57s"), bad(429, retry_after="1"), good(), good())
    throttles = Throttles(io)
    for _ in range(3):
        fetch_one(io, throttles)
    assert sum(io.slept) == pytest.approx(1.0, abs=0.01)


def test_attempt_is_not_sent_after_its_deadline(clock: Clock) -> None:
    io = FakeIO(clock, good())
    throttle = Throttles(io).for_model("m")
    throttle.block_for(30, "status 429")
    with pytest.raises(TransportError, match="the rate limit did not allow this request in time") as caught:
        run(throttle.send(lambda: io.send(call().request, NO_DEADLINE), Deadline.after(5)))
    assert caught.value.outcome.kind == "timeout"
    assert (io.requests, clock.now) == ([], pytest.approx(1005.0, abs=0.01))
