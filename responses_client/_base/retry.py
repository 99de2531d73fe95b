"""The retry policy: `decide`, a pure function that every call asks whether and when to try again; no I/O."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from .waits import RequestedWait, requested_wait

__all__ = [
    "LONGEST_WAIT_SECONDS",
    "QUOTA_CODES",
    "RETRIED_STATUSES",
    "TOO_MANY_REQUESTS",
    "ConnectionFailure",
    "FailureKind",
    "GiveUp",
    "Outcome",
    "Policy",
    "Retry",
    "StatusFailure",
    "advice_after",
    "decide",
    "may_pass",
    "rate_limit_policy",
    "requested_wait_of",
    "status_of_code",
]

QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
"""Error codes and types that come with 429 although waiting does not help: the account has no credit."""

TOO_MANY_REQUESTS = 429
"""The status of a request that a rate limit refuses."""

LONGEST_WAIT_SECONDS = 120.0
"""The longest wait that a call makes as the server asks, and that a map makes because of headers without asking again."""

# Beside 500 and above. 408: the server gave up on reading the request; 409: a lock was not free.
RETRIED_STATUSES = frozenset({408, 409, TOO_MANY_REQUESTS})
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


class Policy(NamedTuple):
    """The number of retries, and the waits before them in seconds.

    Waits double from `initial` up to `maximum`; up to a quarter is taken off at random, so that clients that failed
    together do not return together. If the server asks for a wait (`waits.requested_wait`), it is observed instead,
    unless it is longer than `max_retry_after`; the call then gives up. A wait for a limit to be full again is cut to
    `max_reset`, as a part of the limit may be back earlier.
    """

    max_retries: int = 2
    initial: float = 0.5
    maximum: float = 8.0
    max_retry_after: float = LONGEST_WAIT_SECONDS
    max_reset: float = math.inf


FailureKind: TypeAlias = Literal[
    "connect", "timeout", "network", "decoding", "size", "redirect", "certificate", "proxy"
]


class ConnectionFailure(NamedTuple):
    """An attempt without a whole answer.

    There was no connection ("connect"), nothing came in time ("timeout"), the connection broke ("network"), the body
    cannot be decompressed ("decoding") or is too large ("size"), the answer is a redirect to something that is not a
    URL ("redirect"), the certificate of the server was refused ("certificate"), or a proxy refused the connection
    ("proxy").
    """

    kind: FailureKind


class StatusFailure(NamedTuple):
    """An answer with an error status, and the `code`, `type` and `message` of the API.

    `headers` are looked up by names in lower case.
    """

    status_code: int
    headers: Mapping[str, str]
    code: str | None = None
    type: str | None = None
    message: str | None = None


Outcome: TypeAlias = ConnectionFailure | StatusFailure


class Retry(NamedTuple):
    """The decision to send the request again after `delay` seconds.

    `reason` is for the log, and `source` names the header that asked for the delay, None if the server asked for none.
    """

    delay: float
    reason: str
    source: str | None = None


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
    asked = requested_wait_of(outcome, now)
    delay = _back_off(retries, policy, random) if asked is None else _obey(asked, retries, policy, random)
    if asked is not None and delay > policy.max_retry_after:
        return GiveUp(
            f"the server asks to wait {delay:g} s ({asked.source}), more than {policy.max_retry_after:g} s"
        )
    if remaining is not None and delay >= remaining:
        return GiveUp(f"a wait of {delay:g} s is too long for the {remaining:g} s before the deadline")
    return Retry(delay, _reason(outcome), None if asked is None else asked.source)


def may_pass(outcome: Outcome) -> bool:
    """Whether the same request may succeed later; after a 400 it does not, even if a header asks to wait."""
    return _why_hopeless(outcome) is None


def advice_after(
    status: int, headers: Mapping[str, str], code: str | None, kind: str | None, wait: float | None
) -> str | None:
    """Return the advice that ends the message about an error status; None for the usual one of its class.

    Args:
        status: The status.
        headers: The headers, looked up by names in lower case.
        code: The code of the error.
        kind: The type of the error.
        wait: The seconds that the server asks to wait; None if it does not.
    """
    # A used-up quota comes with 429, like a rate limit, but does not pass.
    if code in QUOTA_CODES or kind in QUOTA_CODES:
        return "check plan and billing, since waiting does not help"
    if wait and may_pass(StatusFailure(status, headers)):
        return f"try again in {wait:g} s"
    return "set base_url to the address that answers" if 300 <= status < 400 else _STATUS_ADVICE.get(status)


_NOT_OFFERED = "this server does not offer the call, or base_url is not the address of its API"
_STATUS_ADVICE = {405: _NOT_OFFERED, 413: "send less in one request", 501: _NOT_OFFERED}


def requested_wait_of(outcome: Outcome, now: float | None = None) -> RequestedWait | None:
    """Return the wait that a server asks for after a failed attempt; None if it asks for none.

    `now` is the time in seconds since 1970, for a point in time in an answer without a `date`.
    """
    if not isinstance(outcome, StatusFailure):
        return None
    return requested_wait(outcome.status_code, outcome.headers, outcome.message, now)


def rate_limit_policy(outcome: Outcome, now: float) -> Policy | None:
    """Return the policy for a rate limit (429) that one of many requests meets; None for any other outcome.

    Many requests are expected to meet a limit, so this does not count as one of their retries. The wait that the
    server names is observed however long it is: after giving up, the next request would only be refused as well. A
    server that names no wait may mean that the request is too large for the limit; it is therefore retried less often.
    A server that only reports when the limit is full again has named no wait for the next request, so that one is tried
    after two minutes. `now` is the time in seconds since 1970, for a wait that ends at a date.
    """
    if not isinstance(outcome, StatusFailure) or outcome.status_code != TOO_MANY_REQUESTS:
        return None
    max_retries = 10 if requested_wait_of(outcome, now) is None else 100
    return Policy(max_retries, max_retry_after=math.inf, max_reset=LONGEST_WAIT_SECONDS)


def status_of_code(*codes: str | None) -> int | None:
    """Return the HTTP status for the code or type of an error inside a stream; None if there is none."""
    return next((_CODE_STATUSES[code] for code in codes if code in _CODE_STATUSES), None)


_HOPELESS_KINDS = {
    "decoding": "the same answer would come again",
    "size": "the same answer would come again",
    "redirect": "the same answer would come again",
    "certificate": "the same certificate would come again",
    "proxy": "the proxy would refuse again",
}


def _why_hopeless(outcome: Outcome) -> str | None:
    """Return why a retry cannot help; None if it may."""
    if isinstance(outcome, ConnectionFailure):
        return _HOPELESS_KINDS.get(outcome.kind)
    if outcome.code in QUOTA_CODES or outcome.type in QUOTA_CODES:
        return "the quota is used up"
    # A header of OpenAI that overrules the status.
    advice = outcome.headers.get("x-should-retry", "").strip().lower()
    if advice == "false":
        return "the server says not to retry"
    if advice == "true" or outcome.status_code in RETRIED_STATUSES or outcome.status_code >= 500:
        return None
    return f"status {outcome.status_code} is not retried"


def _back_off(attempt: int, policy: Policy, random: float) -> float:
    # The exponent is bounded so that a float cannot overflow when max_retries is huge.
    grown = policy.initial * 2.0 ** min(attempt, 64)
    return min(policy.maximum, grown) * (1 - random / 4)


def _obey(asked: RequestedWait, attempt: int, policy: Policy, random: float) -> float:
    """Return the delay that the server asks for; at least the usual one if the server did not name its length.

    Clocks and limits are estimates. One that is a second off would make all retries follow at once.
    """
    if asked.kind == "duration":
        return asked.seconds
    seconds = min(asked.seconds, policy.max_reset) if asked.kind == "reset" else asked.seconds
    return max(seconds, _back_off(attempt, policy, random))


def _reason(outcome: Outcome) -> str:
    if isinstance(outcome, StatusFailure):
        return f"status {outcome.status_code}"
    return f"{outcome.kind} error"
