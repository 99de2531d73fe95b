"""The retry policy: `decide`, a pure function that every call asks whether and when to try again; no I/O."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

__all__ = [
    "QUOTA_CODES",
    "TOO_MANY_REQUESTS",
    "ConnectionFailure",
    "FailureKind",
    "GiveUp",
    "Outcome",
    "Policy",
    "Retry",
    "StatusFailure",
    "decide",
    "parse_retry_after",
    "rate_limit_policy",
    "status_of_code",
]

QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
"""Error codes and types that come with 429 although waiting does not help: the account has no credit."""

TOO_MANY_REQUESTS = 429
"""The status of a request that a rate limit refuses."""

# 408: the server gave up on reading the request; 409: a lock was not free.
_RETRIED_STATUSES = frozenset({408, 409, TOO_MANY_REQUESTS})
# Errors that pass, with the status that a plain answer would have: a stream has status 200, and can begin with one.
_CODE_STATUSES = {
    "insufficient_quota": 429,
    "overloaded": 503,
    "overloaded_error": 503,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "server_error": 500,
    "server_is_overloaded": 503,
    "server_overloaded": 503,
    "service_unavailable": 503,
    "slow_down": 503,
    "too_many_requests": 429,
}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"


class Policy(NamedTuple):
    """The number of retries, and the waits before them in seconds.

    Waits double from `initial` up to `maximum`; up to a quarter is taken off at random, so that clients that failed
    together do not return together. If the server asks for a wait (`retry-after`), it is observed instead, unless it
    is longer than `max_retry_after`; the call then gives up.
    """

    max_retries: int = 2
    initial: float = 0.5
    maximum: float = 8.0
    max_retry_after: float = 60.0


FailureKind: TypeAlias = Literal["connect", "timeout", "network", "decoding"]


class ConnectionFailure(NamedTuple):
    """An attempt without a whole answer.

    There was no connection ("connect"), nothing came in time ("timeout"), the connection broke ("network"), or
    the body cannot be decompressed ("decoding").
    """

    kind: FailureKind


class StatusFailure(NamedTuple):
    """An answer with an error status, and the `code` and `type` of the API.

    `headers` are looked up by names in lower case.
    """

    status_code: int
    headers: Mapping[str, str]
    code: str | None = None
    type: str | None = None


Outcome: TypeAlias = ConnectionFailure | StatusFailure


class Retry(NamedTuple):
    """The decision to send the request again after `delay` seconds; `reason` is for the log."""

    delay: float
    reason: str


class GiveUp(NamedTuple):
    """The decision to raise the error now; `reason` is for the log."""

    reason: str


def decide(
    retries: int,
    outcome: Outcome,
    *,
    policy: Policy,
    now: float,
    random: float,
    remaining: float | None = None,
) -> Retry | GiveUp:
    """Decide whether a failed attempt is followed by another one.

    Args:
        retries: The number of retries so far: 0 after the first attempt.
        outcome: The result of the attempt.
        policy: The number of retries and the waits.
        now: The time, in seconds since 1970.
        random: A random number in [0, 1).
        remaining: The seconds that the whole call may still take; None if there is no limit.
    """
    hopeless = _why_hopeless(outcome)
    if hopeless is not None:
        return GiveUp(hopeless)
    if retries >= policy.max_retries:
        return GiveUp(f"no retry is left of {policy.max_retries}")
    # The server knows best: RFC 9110, 10.2.3.
    asked = parse_retry_after(outcome.headers, now) if isinstance(outcome, StatusFailure) else None
    if asked is not None and asked > policy.max_retry_after:
        return GiveUp(f"the server asks to wait {asked:g} s, more than {policy.max_retry_after:g} s")
    delay = _back_off(retries, policy, random) if asked is None else asked
    if remaining is not None and delay >= remaining:
        return GiveUp(f"a wait of {delay:g} s is too long for the {remaining:g} s before the deadline")
    return Retry(delay, _reason(outcome))


def rate_limit_policy(outcome: Outcome, now: float) -> Policy | None:
    """Return the policy for a rate limit (429) that one of many requests meets; None for any other outcome.

    Many requests are expected to meet a limit, so this does not count as one of their retries. The wait that the
    server names is observed however long it is: after giving up, the next request would only be refused as well. A
    server that names no wait may mean that the request is too large for the limit; it is therefore retried less often.
    `now` is the time in seconds since 1970, for a wait that ends at a date.
    """
    if not isinstance(outcome, StatusFailure) or outcome.status_code != TOO_MANY_REQUESTS:
        return None
    is_named = parse_retry_after(outcome.headers, now) is not None
    return Policy(max_retries=100 if is_named else 10, max_retry_after=math.inf)


def parse_retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds that the server asks to wait; None if it does not, or if its headers make no sense.

    `retry-after-ms` is an extension of OpenAI and Azure, `retry-after` a number of seconds or a date (RFC 9110,
    10.2.3). A date is compared with the `date` header of the answer, since the clock of the server set both, and
    without one with `now` (seconds since 1970). `headers` are looked up by names in lower case.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after", "")
    seconds = _number(asked)
    if seconds is not None or not asked:
        return seconds
    until = _http_date(asked)
    since = _http_date(headers.get("date", ""))
    if since is None:
        since = now
    if until is None or since is None or until < since:
        return None
    return until - since


def status_of_code(*codes: str | None) -> int | None:
    """Return the HTTP status for the code or type of an error inside a stream; None if there is none."""
    return next((_CODE_STATUSES[code] for code in codes if code in _CODE_STATUSES), None)


def _why_hopeless(outcome: Outcome) -> str | None:
    """Return why a retry cannot help; None if it may."""
    if isinstance(outcome, ConnectionFailure):
        return "the same body would come again" if outcome.kind == "decoding" else None
    if outcome.code in QUOTA_CODES or outcome.type in QUOTA_CODES:
        return "the quota is used up"
    # A header of OpenAI that overrules the status.
    advice = outcome.headers.get("x-should-retry", "").strip().lower()
    if advice == "false":
        return "the server says not to retry"
    if advice == "true" or outcome.status_code in _RETRIED_STATUSES or outcome.status_code >= 500:
        return None
    return f"status {outcome.status_code} is not retried"


def _back_off(attempt: int, policy: Policy, random: float) -> float:
    # The exponent is bounded so that a float cannot overflow when max_retries is huge.
    grown = policy.initial * 2.0 ** min(attempt, 64)
    return min(policy.maximum, grown) * (1 - random / 4)


def _reason(outcome: Outcome) -> str:
    if isinstance(outcome, StatusFailure):
        return f"status {outcome.status_code}"
    return f"{outcome.kind} error"


def _number(text: str) -> float | None:
    """Return a plain decimal number; None for the `inf`, `nan`, `-1` and `1_000` that `float` also accepts."""
    text = text.strip()
    if not re.fullmatch(_NUMBER, text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _http_date(text: str) -> float | None:
    # Here, because few answers have a date, and the module takes longer to load than this package.
    from email.utils import mktime_tz, parsedate_tz

    try:
        parsed = parsedate_tz(text)
        # RFC 9110, 5.6.7: HTTP dates are in UTC, even if they do not say so (the form of asctime).
        return None if parsed is None else float(mktime_tz((*parsed[:9], parsed[9] or 0)))
    except (ValueError, OverflowError):  # a month 13, a year of twenty digits
        return None
