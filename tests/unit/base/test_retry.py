"""Whether and when a failed attempt is repeated."""

import math
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses_client._base.retry import (
    ConnectionFailure,
    GiveUp,
    Outcome,
    Policy,
    Retry,
    StatusFailure,
    decide,
    parse_retry_after,
    rate_limit_policy,
    status_of_code,
)

NOW = 784_111_767.0  # ten seconds before the dates of RFC 9110, 5.6.7


def after(
    outcome: Outcome,
    attempt: int = 0,
    policy: Policy = Policy(),  # noqa: B008 - immutable
    random: float = 0.0,
    remaining: float | None = None,
) -> Retry | GiveUp:
    return decide(attempt, outcome, policy=policy, now=NOW, random=random, remaining=remaining)


@pytest.mark.parametrize("kind", ["connect", "timeout", "network"])
def test_connection_errors_are_retried(kind: Literal["connect", "timeout", "network"]) -> None:
    assert after(ConnectionFailure(kind)) == Retry(0.5, f"{kind} error")


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529, 599])
def test_statuses_that_may_pass_are_retried(status: int) -> None:
    assert after(StatusFailure(status, {})) == Retry(0.5, f"status {status}")


@pytest.mark.parametrize("status", [307, 400, 401, 403, 404, 413, 422])
def test_statuses_that_stay_are_not_retried(status: int) -> None:
    assert after(StatusFailure(status, {})) == GiveUp(f"status {status} is not retried")


def test_server_may_ask_for_a_retry_of_any_status() -> None:
    assert after(StatusFailure(400, {"x-should-retry": "true"})) == Retry(0.5, "status 400")


def test_server_may_forbid_a_retry_of_any_status() -> None:
    assert after(StatusFailure(503, {"x-should-retry": " False"})) == GiveUp("the server says not to retry")


def test_garbage_in_x_should_retry_is_ignored() -> None:
    assert after(StatusFailure(503, {"x-should-retry": "maybe"})) == Retry(0.5, "status 503")


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
@pytest.mark.parametrize("field", ["code", "type"])
@pytest.mark.parametrize("headers", [{}, {"x-should-retry": "true"}, {"retry-after": "1"}])
def test_missing_money_is_never_retried(code: str, field: str, headers: dict[str, str]) -> None:
    assert after(StatusFailure(429, headers, **{field: code})) == GiveUp("the quota is used up")


@pytest.mark.parametrize(
    ("attempt", "delay"), [(0, 0.5), (1, 1.0), (2, 2.0), (4, 8.0), (5, 8.0), (5000, 8.0)]
)
def test_waits_double_up_to_a_maximum(attempt: int, delay: float) -> None:
    decision = after(ConnectionFailure("network"), attempt, Policy(max_retries=10_000))

    assert decision == Retry(delay, "network error")


def test_chance_shortens_a_wait_by_up_to_a_quarter() -> None:
    decision = after(ConnectionFailure("network"), random=0.5)

    assert decision == Retry(0.5 * 0.875, "network error")


def test_retries_end_when_the_policy_says_so() -> None:
    assert after(ConnectionFailure("connect"), attempt=2) == GiveUp("no retry is left of 2")


@pytest.mark.parametrize(
    ("headers", "delay"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "60"}, 60.0),
        ({"retry-after-ms": "1500", "retry-after": "7"}, 1.5),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}, 10.0),
        ({"retry-after": "-5"}, 0.5),
        ({"retry-after": "soon"}, 0.5),
    ],
)
def test_waits_asked_for_are_obeyed_without_jitter(headers: dict[str, str], delay: float) -> None:
    assert after(StatusFailure(429, headers), random=0.0) == Retry(delay, "status 429")


def test_a_longer_wait_than_a_minute_gives_up() -> None:
    decision = after(StatusFailure(429, {"retry-after": "61"}))

    assert decision == GiveUp("the server asks to wait 61 s, more than 60 s")


def test_a_wait_that_reaches_the_deadline_gives_up() -> None:
    decision = after(StatusFailure(429, {"retry-after": "4"}), remaining=4.0)

    assert decision == GiveUp("a wait of 4 s is too long for the 4 s before the deadline")


def test_a_wait_within_the_deadline_is_waited() -> None:
    assert after(StatusFailure(429, {"retry-after": "4"}), remaining=4.5) == Retry(4.0, "status 429")


DATES = ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]


@pytest.mark.parametrize("date", DATES)
def test_all_three_forms_of_dates_are_read(date: str) -> None:
    assert parse_retry_after({"retry-after": date}, NOW) == 10.0


def test_dates_are_measured_by_the_clock_of_the_server() -> None:
    headers = {"retry-after": DATES[0], "date": "Sun, 06 Nov 1994 08:49:07 GMT"}

    assert parse_retry_after(headers, NOW) == 30.0
    assert parse_retry_after(headers) == 30.0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": ""},
        {"retry-after": "-1"},
        {"retry-after": "nan"},
        {"retry-after": "inf"},
        {"retry-after": "1_0"},
        {"retry-after": "9" * 400},
        {"retry-after-ms": "garbage"},
        {"retry-after": "Sun, 06 Nov 1994 08:49:26 GMT"},
        {"retry-after": "Sun, 06 Nov 99999999999999999999 08:49:37 GMT"},
        {"retry-after": "Sun, 99 Foo 1994 08:49:37 GMT"},
    ],
)
def test_senseless_waits_are_none(headers: dict[str, str]) -> None:
    assert parse_retry_after(headers, NOW) is None


def test_a_date_without_any_clock_is_none() -> None:
    assert parse_retry_after({"retry-after": DATES[0]}) is None


WORDS = st.lists(st.sampled_from(["Sun,", "06", "Nov", "1994", "08:49:37", "GMT", "-", "+9999", "99", "2e3"]))
TEXTS = st.one_of(st.text(), st.floats().map(str), st.integers().map(str), WORDS.map(" ".join))
NAMES = st.sampled_from(["retry-after", "retry-after-ms", "x-should-retry", "date"])
OUTCOMES = st.one_of(
    st.builds(ConnectionFailure, st.sampled_from(["connect", "timeout", "network"])),
    st.builds(StatusFailure, st.integers(300, 599), st.dictionaries(NAMES, TEXTS)),
)


@given(
    st.integers(0, 10_000),
    OUTCOMES,
    st.integers(0, 10_000),
    st.floats(0, 1, exclude_max=True),
    st.none() | st.floats(-1, 100),
    st.floats(0, 4e9),
)
def test_a_decision_keeps_all_bounds(
    attempt: int,
    outcome: Outcome,
    max_retries: int,
    random: float,
    remaining: float | None,
    now: float,
) -> None:
    decision = decide(
        attempt,
        outcome,
        policy=Policy(max_retries=max_retries),
        now=now,
        random=random,
        remaining=remaining,
    )

    assert decision.reason
    if isinstance(decision, Retry):
        assert 0 <= decision.delay <= 60
        assert attempt < max_retries
        assert remaining is None or decision.delay < remaining


@given(OUTCOMES, st.integers(0, 20))
def test_a_call_is_never_repeated_more_often_than_allowed(outcome: Outcome, max_retries: int) -> None:
    policy = Policy(max_retries=max_retries)
    retries = 0
    while isinstance(after(outcome, retries, policy), Retry):
        retries += 1

    assert retries in (0, max_retries)


@given(st.dictionaries(NAMES, TEXTS), st.none() | st.floats(0, 4e9))
def test_any_headers_give_a_finite_wait_or_none(headers: dict[str, str], now: float | None) -> None:
    wait = parse_retry_after(headers, now)

    assert wait is None or (wait >= 0 and math.isfinite(wait))


def test_body_that_cannot_be_decompressed_is_not_asked_for_again() -> None:
    assert after(ConnectionFailure("decoding")) == GiveUp("the same body would come again")


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        (("server_error",), 500),
        ((None, "rate_limit_error"), 429),
        (("unheard_of", "slow_down"), 503),
        (("invalid_prompt", None), None),
        ((), None),
    ],
)
def test_code_of_an_error_in_a_stream_has_the_status_it_would_have_had(
    codes: tuple[str | None, ...], status: int | None
) -> None:
    assert status_of_code(*codes) == status


@pytest.mark.parametrize(
    ("headers", "retries"), [({"retry-after": "3600"}, 100), ({"retry-after-ms": "5"}, 100), ({}, 10)]
)
def test_rate_limit_of_one_of_many_requests_is_waited_for_however_long(
    headers: dict[str, str], retries: int
) -> None:
    policy = rate_limit_policy(StatusFailure(429, headers))

    assert policy == Policy(max_retries=retries, max_retry_after=math.inf)


@pytest.mark.parametrize("outcome", [StatusFailure(503, {"retry-after": "1"}), ConnectionFailure("network")])
def test_only_a_rate_limit_has_a_policy_of_its_own(outcome: Outcome) -> None:
    assert rate_limit_policy(outcome) is None
