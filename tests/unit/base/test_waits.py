"""The times that servers ask to wait: durations, points in time, used-up limits, messages."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses_client._base.waits import RequestedWait, Time, parse_retry_after, parse_time, requested_wait

NOW = 784_111_767.0  # ten seconds before the dates of RFC 9110, 5.6.7
DATES = ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
TODAY = 1_796_040_000.0  # 2026-11-30T12:00:00Z
LATER = "Mon, 30 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("250us", 0.00025),
        ("250µs", 0.00025),
        ("100ns", 1e-7),
        ("1h2m3.5s", 3723.5),
        ("1d", 86400.0),
        ("1m30ms", 60.03),
        ("26 seconds", 26.0),
        ("1 Minute, 5 sec", 65.0),
        ("99999999", 99_999_999.0),
    ],
)
def test_duration_is_seconds(text: str, seconds: float) -> None:
    assert parse_time(text, {}) == Time(pytest.approx(seconds))


@pytest.mark.parametrize(
    ("seconds", "units"),
    [
        (1e-9, ["ns"]),
        (1e-6, ["us", "µs"]),
        (0.001, ["ms", "millisecond", "milliseconds"]),
        (1.0, ["s", "sec", "secs", "second", "seconds"]),
        (60.0, ["m", "min", "mins", "minute", "minutes"]),
        (3600.0, ["h", "hr", "hrs", "hour", "hours"]),
        (86400.0, ["d", "day", "days"]),
    ],
)
def test_units_have_many_names(seconds: float, units: list[str]) -> None:
    assert [parse_time(f"2 {unit}", {}) for unit in units] == [Time(pytest.approx(2 * seconds))] * len(units)


@pytest.mark.parametrize(
    "text",
    [
        "1796040042",
        "1796040042.0",
        "1796040042000",
        "1796040042000000",
        "1796040042000000000",
        "2026-11-30T12:00:42Z",
        "2026-11-30T12:00:42.000Z",
        "2026-11-30 12:00:42",
        "2026-11-30T14:00:42+02:00",
        "Mon, 30 Nov 2026 12:00:42 GMT",
    ],
)
def test_point_in_time_is_seconds_from_now(text: str) -> None:
    assert parse_time(text, {}, TODAY) == Time(42.0, is_point=True)


@pytest.mark.parametrize("date", DATES)
def test_all_three_forms_of_http_dates_are_read(date: str) -> None:
    assert parse_time(date, {}, NOW) == Time(10.0, is_point=True)


@pytest.mark.parametrize("text", ["1796040042", "2026-11-30T12:00:42Z", "Mon, 30 Nov 2026 12:00:42 GMT"])
@pytest.mark.parametrize("now", [None, 0.0, TODAY + 3600])
def test_point_is_measured_by_the_clock_of_the_server(text: str, now: float | None) -> None:
    assert parse_time(text, {"date": LATER}, now) == Time(42.0, is_point=True)


@pytest.mark.parametrize("text", ["1796040000", "100000000", "2001-01-01", "0001-01-01T00:00:00+14:00"])
def test_point_in_the_past_is_now(text: str) -> None:
    assert parse_time(text, {}, TODAY + 0.5) == Time(0.0, is_point=True)


def test_point_in_whole_seconds_is_never_too_early() -> None:
    assert parse_time("1796040042", {}, TODAY + 0.7) == Time(42.0, is_point=True)
    assert parse_time("1796040042500", {}, TODAY) == Time(42.5, is_point=True)


@pytest.mark.parametrize("text", [DATES[0], "1796040042", "2026-11-30T12:00:42Z"])
def test_point_without_any_clock_is_none(text: str) -> None:
    assert parse_time(text, {}) is None
    assert parse_time(text, {"date": "today"}) is None


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " ",
        "soon",
        "-1",
        "-1s",
        "nan",
        "inf",
        "1_0",
        "1e9",
        "1.2.3s",
        "3 moons",
        "7s!",
        "9" * 20,
        "9" * 5000,
        "2026-13-40",
        "2026-11-30T",
        "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
        "Sun, 99 Foo 1994 08:49:37 GMT",
    ],
)
def test_other_text_is_no_time(text: str | None) -> None:
    assert parse_time(text, {"date": LATER}, TODAY) is None


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "7"}, RequestedWait(7.0, "retry-after")),
        ({"retry-after": "1m30s"}, RequestedWait(90.0, "retry-after")),
        ({"retry-after": DATES[0]}, RequestedWait(10.0, "retry-after", "point")),
        ({"retry-after": "1796040042"}, RequestedWait(1_011_928_275.0, "retry-after", "point")),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:26 GMT"}, RequestedWait(0.0, "retry-after", "point")),
        ({"retry-after-ms": "1500", "retry-after": "7"}, RequestedWait(1.5, "retry-after-ms")),
        ({"x-ms-retry-after-ms": "20", "retry-after": "7"}, RequestedWait(0.02, "x-ms-retry-after-ms")),
        ({"retry-after-ms": "soon", "retry-after": "7"}, RequestedWait(7.0, "retry-after")),
        ({"retry-after": "-5"}, None),
    ],
)
def test_server_says_how_long_to_wait(headers: dict[str, str], wait: RequestedWait | None) -> None:
    assert parse_retry_after(headers, NOW) == wait
    assert requested_wait(503, headers, now=NOW) == wait


def limit(
    kind: str, remaining: str | None, reset: str | None, prefix: str = "x-ratelimit-"
) -> dict[str, str]:
    values = {f"{prefix}remaining{kind}": remaining, f"{prefix}reset{kind}": reset}
    return {name: value for name, value in values.items() if value is not None}


REQUESTS, TOKENS = "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"
LIMITS: dict[str, tuple[dict[str, str], tuple[float, str] | None]] = {
    "the limit that is used up": (
        limit("-requests", "0", "7s") | limit("-tokens", "900", "30s"),
        (7, REQUESTS),
    ),
    "the longest of several": (limit("-requests", "0", "7s") | limit("-tokens", "0", "30s"), (30, TOKENS)),
    "not one that is used up without a reset": (
        limit("-requests", "0", None) | limit("-tokens", "900", "30s"),
        None,
    ),
    "a limit overdrawn": (limit("-tokens", "-12", "2s"), (2, TOKENS)),
    "a remainder with a fraction": (limit("-tokens", "0.0", "2s"), (2, TOKENS)),
    "a point in time": (limit("-requests", "0", "784111777"), (10, REQUESTS)),
    "a point in the past": (limit("-requests", "0", "1991-01-01"), (0, REQUESTS)),
    "the longest if no remainder is reported": (
        limit("-requests", None, "7s") | limit("-tokens", "", "30s"),
        (30, TOKENS),
    ),
    "the one whose remainder is not reported": (
        limit("-requests", "12", "30s") | limit("-tokens", "many", "7s"),
        (7, TOKENS),
    ),
    "the used-up one before the unreported": (
        limit("-requests", "0", "7s") | limit("-tokens", None, "30s"),
        (7, REQUESTS),
    ),
    "no limit if something remains of all": (
        limit("-requests", "1", "7s") | limit("-tokens", "900", "30s"),
        None,
    ),
    "no limit without a time": (limit("-requests", "0", "soon"), None),
    "a limit of any name": (
        limit("-requests-day", "0", "60") | limit("-tokens", "0", "7s"),
        (60, "x-ratelimit-reset-requests-day"),
    ),
    "a limit without a name": (limit("", "0", "784111777000"), (10, "x-ratelimit-reset")),
    "a limit of the draft": (limit("", "0", "9", "ratelimit-"), (9, "ratelimit-reset")),
    "no header of another name": ({"my-ratelimit-reset": "7"}, None),
    "retry-after first": (limit("-requests", "0", "7s") | {"retry-after": "2"}, (2, "retry-after")),
}


@pytest.mark.parametrize("name", LIMITS)
def test_refusal_waits_for(name: str) -> None:
    headers, expected = LIMITS[name]

    wait = requested_wait(429, headers, now=NOW)

    assert (None if wait is None else (wait.seconds, wait.source)) == expected
    assert wait is None or wait.kind == ("duration" if wait.source == "retry-after" else "reset")


@pytest.mark.parametrize("status", [200, 400, 408, 500, 503])
def test_limits_say_nothing_about_another_failure(status: int) -> None:
    assert requested_wait(status, limit("-requests", "0", "7s")) is None


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Rate limit reached for m on tokens. Please try again in 6m0s. Visit https://x.", 360.0),
        ("Rate limit reached. Please try again in 20ms.", 0.02),
        ("Please retry after 26 seconds. To raise the limit, write to us.", 26.0),
        ("Please Retry In 36.5s.", 36.5),
        ("Try again in 1 hour", 3600.0),
        ("Please try again in a minute.", None),
        ("Please try again in 3 moons.", None),
        ("Please try again later.", None),
        ("", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_message_of_the_error_says_how_long_to_wait(
    status: int, message: str | None, seconds: float | None
) -> None:
    expected = None if seconds is None else RequestedWait(seconds, "the message")
    assert requested_wait(status, {}, message) == expected
    assert requested_wait(status, {"retry-after": "2"}, message) == RequestedWait(2.0, "retry-after")


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_message_of_another_error_asks_for_no_wait(status: int) -> None:
    assert requested_wait(status, {}, "Please try again in 7s.") is None


WORDS = st.lists(
    st.sampled_from(
        ["Sun,", "06", "Nov", "1994", "08:49:37", "GMT", "-", "+9999", "99", "2e3", "2026-11-30", "s"]
    )
)
TEXTS = st.one_of(st.text(), st.floats().map(str), st.integers().map(str), WORDS.map(" ".join))
NAMES = st.sampled_from(["retry-after", "retry-after-ms", "date", REQUESTS, "x-ratelimit-remaining-requests"])


@given(st.dictionaries(NAMES, TEXTS), TEXTS, st.none() | st.floats(0, 4e9))
def test_any_answer_gives_a_finite_wait_or_none(
    headers: dict[str, str], message: str, now: float | None
) -> None:
    wait = requested_wait(429, headers, message, now)

    assert wait is None or (wait.seconds >= 0 and math.isfinite(wait.seconds))
