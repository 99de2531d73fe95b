"""Whether and when a failed attempt is repeated."""

import math
from typing import Literal

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from responses_client._base.retry import (
    ConnectionFailure,
    FailureKind,
    GiveUp,
    Outcome,
    Policy,
    Retry,
    StatusFailure,
    advice_after,
    decide,
    may_pass,
    rate_limit_policy,
    requested_wait_of,
    status_of_code,
)

NOW = 784_111_767.0  # ten seconds before the dates of RFC 9110, 5.6.7


def after(
    outcome: Outcome,
    attempt: int = 0,
    policy: Policy = Policy(),  # noqa: B008  # immutable
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


USED_UP = {"x-ratelimit-remaining-requests": "0"}
RESET = "x-ratelimit-reset-requests"


@pytest.mark.parametrize(
    ("headers", "delay", "source"),
    [
        ({"retry-after": "7"}, 7.0, "retry-after"),
        ({"retry-after": "0"}, 0.0, "retry-after"),
        ({"retry-after": "120"}, 120.0, "retry-after"),
        ({"retry-after-ms": "120000"}, 120.0, "retry-after-ms"),
        ({"retry-after-ms": "1500", "retry-after": "7"}, 1.5, "retry-after-ms"),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}, 10.0, "retry-after"),
        ({**USED_UP, RESET: "7s"}, 7.0, RESET),
    ],
)
def test_waits_asked_for_are_obeyed_without_jitter(
    headers: dict[str, str], delay: float, source: str
) -> None:
    assert after(StatusFailure(429, headers), random=0.9) == Retry(delay, "status 429", source)


@pytest.mark.parametrize("value", ["-5", "soon"])
def test_senseless_wait_is_the_usual_one(value: str) -> None:
    assert after(StatusFailure(429, {"retry-after": value})) == Retry(0.5, "status 429")


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "Sun, 06 Nov 1994 08:49:00 GMT"},
        {**USED_UP, RESET: "784111700"},
        {**USED_UP, RESET: "20ms"},
    ],
)
def test_wait_that_is_an_estimate_is_no_shorter_than_the_usual_one(headers: dict[str, str]) -> None:
    decisions = [after(StatusFailure(429, headers), attempt) for attempt in (0, 1)]

    assert [decision.delay for decision in decisions if isinstance(decision, Retry)] == [0.5, 1.0]


@pytest.mark.parametrize(
    ("headers", "source"),
    [
        ({"retry-after": "121"}, "retry-after"),
        ({"retry-after-ms": "121000"}, "retry-after-ms"),
        ({**USED_UP, RESET: "2m1s"}, RESET),
    ],
)
def test_a_longer_wait_than_two_minutes_gives_up(headers: dict[str, str], source: str) -> None:
    decision = after(StatusFailure(429, headers))

    assert decision == GiveUp(f"the server asks to wait 121 s ({source}), more than 120 s")


def test_wait_in_the_message_is_obeyed() -> None:
    decision = after(StatusFailure(429, {}, message="Please try again in 7s."))

    assert decision == Retry(7.0, "status 429", "the message")


def test_failure_without_an_answer_asks_for_no_wait() -> None:
    assert requested_wait_of(ConnectionFailure("network")) is None
    assert requested_wait_of(StatusFailure(503, {"retry-after": "7"})) == (7.0, "retry-after", "duration")


@pytest.mark.parametrize(
    ("outcome", "passes"),
    [
        (ConnectionFailure("network"), True),
        (ConnectionFailure("decoding"), False),
        (ConnectionFailure("size"), False),
        (StatusFailure(503, {}), True),
        (StatusFailure(400, {"retry-after": "1"}), False),
        (StatusFailure(400, {"x-should-retry": "true"}), True),
        (StatusFailure(429, {"retry-after": "100000"}), True),
        (StatusFailure(429, {"retry-after": "1"}, "insufficient_quota"), False),
    ],
)
def test_failure_passes_or_does_not_whatever_the_wait(outcome: Outcome, passes: bool) -> None:
    assert may_pass(outcome) is passes


def test_a_wait_that_reaches_the_deadline_gives_up() -> None:
    decision = after(StatusFailure(429, {"retry-after": "4"}), remaining=4.0)

    assert decision == GiveUp("a wait of 4 s is too long for the 4 s before the deadline")


def test_a_wait_within_the_deadline_is_waited() -> None:
    assert after(StatusFailure(429, {"retry-after": "4"}), remaining=4.5) == Retry(
        4.0, "status 429", "retry-after"
    )


WORDS = st.lists(st.sampled_from(["Sun,", "06", "Nov", "1994", "08:49:37", "GMT", "-", "+9999", "99", "2e3"]))
TEXTS = st.one_of(st.text(), st.floats().map(str), st.integers().map(str), WORDS.map(" ".join))
NAMES = st.sampled_from(["retry-after", "retry-after-ms", "x-should-retry", "date", *USED_UP, RESET])
OUTCOMES = st.one_of(
    st.builds(ConnectionFailure, st.sampled_from(["connect", "timeout", "network"])),
    st.builds(StatusFailure, st.integers(300, 599), st.dictionaries(NAMES, TEXTS)),
)
# Failures that pass, most of them with a wait that servers ask for: a decision has bounds to keep only after these.
WAITS = st.integers(0, 130).map(str) | st.floats(0, 130).map("{:.3f}".format)
PASSING = st.builds(
    StatusFailure,
    st.sampled_from([408, 409, 429, 429, 500, 503, 529]),
    st.one_of(
        st.fixed_dictionaries({"retry-after": WAITS}),
        st.fixed_dictionaries({"retry-after-ms": st.integers(0, 130_000).map(str)}),
        st.fixed_dictionaries(
            {RESET: WAITS.map("{}s".format), **{k: st.just(v) for k, v in USED_UP.items()}}
        ),
        st.dictionaries(NAMES.filter(lambda name: name != "x-should-retry"), TEXTS | WAITS),
    ),
)


@given(
    st.integers(0, 10_000),
    PASSING | PASSING | PASSING | OUTCOMES,
    st.sampled_from([1, 1, 2, 3, 10, 10_000, 0, -1]),
    st.floats(0, 1, exclude_max=True),
    st.none() | st.floats(100, 200) | st.floats(-1, 200),
    st.floats(0, 4e9),
)
def test_a_decision_keeps_all_bounds(
    attempt: int,
    outcome: Outcome,
    more: int,
    random: float,
    remaining: float | None,
    now: float,
) -> None:
    max_retries = max(attempt + more, 0)
    decision = decide(
        attempt,
        outcome,
        policy=Policy(max_retries=max_retries),
        now=now,
        random=random,
        remaining=remaining,
    )

    assert decision.reason
    event(
        " ".join(decision.reason.split()[:2]) if isinstance(decision, GiveUp) else f"retry, {decision.source}"
    )
    if isinstance(decision, Retry):
        assert 0 <= decision.delay <= 120
        assert attempt < max_retries
        assert remaining is None or decision.delay < remaining


@given(PASSING | OUTCOMES, st.integers(0, 20))
def test_a_call_is_never_repeated_more_often_than_allowed(outcome: Outcome, max_retries: int) -> None:
    policy = Policy(max_retries=max_retries)
    retries = 0
    while isinstance(after(outcome, retries, policy), Retry):
        retries += 1

    event(f"repeated: {retries > 0}")
    assert retries in (0, max_retries)


@pytest.mark.parametrize("kind", ["decoding", "size", "redirect"])
def test_answer_that_would_come_again_is_not_asked_for(kind: FailureKind) -> None:
    assert after(ConnectionFailure(kind)) == GiveUp("the same answer would come again")


@pytest.mark.parametrize(
    ("status", "code", "wait", "advice"),
    [
        (429, "insufficient_quota", 5.0, "check plan and billing, since waiting does not help"),
        (429, None, 5.0, "try again in 5 s"),
        (429, None, 0.0, None),
        (400, None, 5.0, None),
        (307, None, None, "set base_url to the address that answers"),
        (500, None, None, None),
    ],
)
def test_advice_follows_from_what_may_help(
    status: int, code: str | None, wait: float | None, advice: str | None
) -> None:
    assert advice_after(status, {}, code, None, wait) == advice
    assert advice_after(status, {}, None, code, wait) == advice


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("insufficient_quota", 429),
        ("overloaded", 503),
        ("overloaded_error", 503),
        ("rate_limit_error", 429),
        ("rate_limit_exceeded", 429),
        ("server_error", 500),
        ("server_is_overloaded", 503),
        ("server_overloaded", 503),
        ("service_unavailable", 503),
        ("slow_down", 503),
        ("too_many_requests", 429),
        ("invalid_prompt", None),
    ],
)
def test_code_of_an_error_that_passes_has_the_status_of_a_plain_answer(code: str, status: int | None) -> None:
    assert status_of_code(code) == status


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
    ("headers", "retries", "delay"),
    [
        ({"retry-after": "3600"}, 100, 3600.0),
        ({"retry-after-ms": "5"}, 100, 0.005),
        ({"retry-after": "Sun, 06 Nov 1994 09:49:27 GMT"}, 100, 3600.0),
        ({**USED_UP, RESET: "90s"}, 100, 90.0),
        ({**USED_UP, RESET: "8h"}, 100, 120.0),
        ({}, 10, 0.5),
    ],
)
def test_one_of_many_requests_waits_as_long_as_it_is_told_but_asks_again_where_only_a_reset_is_known(
    headers: dict[str, str], retries: int, delay: float
) -> None:
    outcome = StatusFailure(429, headers)
    policy = rate_limit_policy(outcome, NOW)

    assert policy == Policy(max_retries=retries, max_retry_after=math.inf, max_reset=120.0)
    decision = after(outcome, policy=policy)
    assert isinstance(decision, Retry)
    assert decision.delay == delay


@pytest.mark.parametrize("outcome", [StatusFailure(503, {"retry-after": "1"}), ConnectionFailure("network")])
def test_only_a_rate_limit_has_a_policy_of_its_own(outcome: Outcome) -> None:
    assert rate_limit_policy(outcome, NOW) is None
