"""Whether and when a failed try is repeated: one pure function of what happened, used by every call."""

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
"""Error codes and types that come with 429 although waiting does not help: money is missing."""

TOO_MANY_REQUESTS = 429
"""The status of a request that came too early."""

_RETRIED_STATUSES = frozenset({408, 409, TOO_MANY_REQUESTS})
# Errors that pass; a stream can begin with one although its status is 200.
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
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"  # compiled by `re` when first used


class Policy(NamedTuple):
    """How often and how long to wait; all times in seconds.

    Waits grow from `initial` by doubling up to `maximum`, less up to a quarter by chance. A wait that the
    server asks for is obeyed up to `max_retry_after`; beyond it the call gives up.
    """

    max_retries: int = 2
    initial: float = 0.5
    maximum: float = 8.0
    max_retry_after: float = 60.0


FailureKind: TypeAlias = Literal["connect", "timeout", "network", "decoding"]


class ConnectionFailure(NamedTuple):
    """No whole answer came.

    There was no connection ("connect"), nothing came in time ("timeout"), the connection broke ("network"), or
    the body cannot be decompressed ("decoding").
    """

    kind: FailureKind


class StatusFailure(NamedTuple):
    """An answer with an error status; `headers` are looked up by lower-case names, `code` and `type` are the API's."""

    status_code: int
    headers: Mapping[str, str]
    code: str | None = None
    type: str | None = None


Outcome: TypeAlias = ConnectionFailure | StatusFailure


class Retry(NamedTuple):
    """Send the request again after `delay` seconds; `reason` says why, for the log."""

    delay: float
    reason: str


class GiveUp(NamedTuple):
    """Raise the error now; `reason` says why, for the log."""

    reason: str


def decide(
    attempt: int,
    outcome: Outcome,
    *,
    policy: Policy,
    now: float,
    random: float,
    remaining: float | None = None,
) -> Retry | GiveUp:
    """Decide what follows a failed try.

    `attempt` is 0 after the first try, 1 after the first retry, and so on. `now` is Unix time, `random` a
    number in [0, 1), `remaining` the seconds that the whole call may still take.
    """
    refusal = _refusal(outcome)
    if refusal is not None:
        return GiveUp(refusal)
    if attempt >= policy.max_retries:
        return GiveUp(f"no retry is left of {policy.max_retries}")
    asked = parse_retry_after(outcome.headers, now) if isinstance(outcome, StatusFailure) else None
    if asked is not None and asked > policy.max_retry_after:
        return GiveUp(f"the server asks to wait {asked:g} s, more than {policy.max_retry_after:g} s")
    delay = _back_off(attempt, policy, random) if asked is None else asked
    if remaining is not None and delay >= remaining:
        return GiveUp(f"a wait of {delay:g} s does not fit into the {remaining:g} s before the deadline")
    return Retry(delay, _reason(outcome))


def rate_limit_policy(outcome: Outcome) -> Policy | None:
    """Return how a refusal (429) of one of many requests is repeated, apart from its own retries; None for all else.

    Many requests are expected to meet a limit, and the wait is the server's to name, however long: to give up would only
    have the next request refused. One that names none may mean
    that the request will never fit.
    """
    if not isinstance(outcome, StatusFailure) or outcome.status_code != TOO_MANY_REQUESTS:
        return None
    is_named = parse_retry_after(outcome.headers) is not None
    return Policy(max_retries=100 if is_named else 10, max_retry_after=math.inf)


def parse_retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Give the seconds that `retry-after-ms` or `retry-after` ask to wait; None if neither says so sensibly.

    A date (RFC 9110, 10.2.3) is measured from the answer's own `date` header, since the server's clock set
    both, and only without one from `now` (Unix time). `headers` are looked up by lower-case names.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after", "")
    seconds = _number(asked)
    if seconds is not None or not asked:
        return seconds
    then = _http_date(asked)
    since = _http_date(headers.get("date", ""))
    if since is None:
        since = now
    if then is None or since is None or then < since:
        return None
    return then - since


def status_of_code(*codes: str | None) -> int | None:
    """Give the HTTP status that belongs to the code or type of an error inside a stream; None if none is known."""
    return next((_CODE_STATUSES[code] for code in codes if code in _CODE_STATUSES), None)


def _refusal(outcome: Outcome) -> str | None:
    """Say why no wait would help, or None if a retry may."""
    if isinstance(outcome, ConnectionFailure):
        return "the same body would come again" if outcome.kind == "decoding" else None
    if outcome.code in QUOTA_CODES or outcome.type in QUOTA_CODES:
        return "the quota is used up"
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
    """Read a plain decimal number; `float` alone takes `inf`, `nan`, `-1` and `1_000` as well."""
    text = text.strip()
    if not re.fullmatch(_NUMBER, text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _http_date(text: str) -> float | None:
    # Imported here because few answers hold a date, and the module takes longer to load than this package.
    from email.utils import mktime_tz, parsedate_tz

    try:
        parsed = parsedate_tz(text)
        # RFC 9110, 5.6.7: HTTP dates are in UTC, whether they say so (asctime form) or not.
        return None if parsed is None else float(mktime_tz((*parsed[:9], parsed[9] or 0)))
    except (ValueError, OverflowError):  # a month 13, a year of twenty digits
        return None
