"""The times that servers ask to wait, read from headers and from the messages of errors; no I/O."""

# How it works
#
# Servers write times in many ways, and `parse_time` reads all of them:
#
#   a duration           7, 1.5, 20ms, 6m0s, 1h2m3s, 26 seconds
#   a point in time      1796055246 (Unix time, also in milliseconds), 2026-11-30T12:00:00Z, an HTTP date
#
# A point is compared with the `date` header of the answer, since the clock of the server set both, and without one with
# the clock of this machine. A point in the past is now.
#
# An answer with an error status may ask for a wait in several places, and the first that does is believed:
#
#   1. `retry-after-ms`, `retry-after`       any status
#   2. `x-ratelimit-reset-*`                 429: until the used-up limit is full again
#   3. "Please try again in 6m0s."           429 and 503: the message of the error
#
# A limit is used up if nothing remains of it. Of several, the longest reset counts, because a request needs them all.
# If no limit is known to be used up, the refusal may be due to any whose remainder is not reported, and again the
# longest reset counts. If something remains of every limit, none of them explains the refusal.

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["RequestedWait", "Time", "parse_retry_after", "parse_time", "requested_wait"]

# The second is an older name at Azure.
_MILLISECONDS_HEADERS = ("retry-after-ms", "x-ms-retry-after-ms")
# Patterns are compiled when first needed, as the start of every program would pay for them.
_RESET_HEADER = r"((?:x-)?ratelimit-)reset(-.+)?"
_REFUSED, _UNAVAILABLE = 429, 503  # RFC 6585, 4, and RFC 9110, 15.6.4: the statuses that name a time to wait
_NUMBER = r"[0-9]{1,19}(?:\.[0-9]{1,19})?"
_PART = rf"({_NUMBER})\s*([a-zA-Zµ]+)"
_DURATION = rf"(?:{_NUMBER}\s*[a-zA-Zµ]+[\s,]*)+"
_ADVICE = rf"(?i:try again|retry) (?i:in|after) ({_DURATION})"
_NOTHING = r"-[0-9]{1,19}|0+(?:\.0+)?"
_UNIT_SECONDS = {
    **dict.fromkeys(("ns",), 1e-9),
    **dict.fromkeys(("us", "µs"), 1e-6),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
# A plain number from here on is Unix time: as a duration, it would be three years or more.
_MIN_UNIX_SECONDS, _MIN_UNIX_MILLISECONDS = 1e8, 1e11


class Time(NamedTuple):
    """A time that a server wrote, as seconds from now.

    `is_point` tells that the server named a point in time, so that the seconds depend on clocks.
    """

    seconds: float
    is_point: bool = False


WaitKind: TypeAlias = Literal["duration", "point", "reset"]


class RequestedWait(NamedTuple):
    """The seconds that a server asks to wait.

    `source` is the header that says so, or "the message". `kind` is "duration" if the server named the seconds,
    "point" if it named the end, and "reset" if it only reported when a used-up limit is full again.
    """

    seconds: float
    source: str
    kind: WaitKind = "duration"


def requested_wait(
    status: int, headers: Mapping[str, str], message: str | None = None, now: float | None = None
) -> RequestedWait | None:
    """Return the wait that an answer with an error status asks for; None if it asks for none.

    Args:
        status: The status of the answer.
        headers: Its headers, looked up by names in lower case.
        message: The message of the error in its body.
        now: The time, in seconds since 1970, for a point in time in an answer without a `date`.
    """
    wait = parse_retry_after(headers, now)
    if wait is None and status == _REFUSED:
        wait = _reset_of_used_up_limit(headers, now)
    if wait is None and status in (_REFUSED, _UNAVAILABLE):
        wait = _advice(message or "")
    return wait


def parse_retry_after(headers: Mapping[str, str], now: float | None = None) -> RequestedWait | None:
    """Return the wait that headers ask for; None if they ask for none, or make no sense.

    `retry-after` is a number of seconds or a date (RFC 9110, 10.2.3), `retry-after-ms` an extension of OpenAI and
    Azure. Arguments are those of `requested_wait`.
    """
    for name in _MILLISECONDS_HEADERS:
        milliseconds = _number(headers.get(name, "").strip())
        if milliseconds is not None:
            return RequestedWait(milliseconds / 1000, name)
    time = parse_time(headers.get("retry-after"), headers, now)
    if time is None:
        return None
    return RequestedWait(time.seconds, "retry-after", "point" if time.is_point else "duration")


def parse_time(text: str | None, headers: Mapping[str, str], now: float | None = None) -> Time | None:
    """Return the time that a header has, a duration or a point in time; None if it is neither.

    Args:
        text: The value of the header; None if it is missing.
        headers: The headers of the answer, for its `date`.
        now: The time, in seconds since 1970, for a point in time in an answer without a `date`.
    """
    text = (text or "").strip()
    number = _number(text)
    seconds = _duration(text) if number is None else number
    if seconds is not None and (number is None or number < _MIN_UNIX_SECONDS):
        return Time(seconds)
    until = _date(text) if number is None else _unix_seconds(number)
    since = _date(headers.get("date", ""))
    if since is None:
        since = now
    if until is None or since is None:
        return None
    # Servers round points to whole seconds, so that the seconds are rounded up.
    remaining = math.ceil(until - since) if until.is_integer() else until - since
    return Time(max(float(remaining), 0.0), is_point=True)


def _reset_of_used_up_limit(headers: Mapping[str, str], now: float | None) -> RequestedWait | None:
    used_up: list[RequestedWait] = []
    unreported: list[RequestedWait] = []
    for name in headers:
        found = re.fullmatch(_RESET_HEADER, name)
        time = None if found is None else parse_time(headers[name], headers, now)
        if found is None or time is None:
            continue
        prefix, kind = found.groups(default="")
        remaining = headers.get(f"{prefix}remaining{kind}", "").strip()
        wait = RequestedWait(time.seconds, name, "reset")
        if re.fullmatch(_NOTHING, remaining):
            used_up.append(wait)
        elif _number(remaining) is None:
            unreported.append(wait)
    return max(used_up or unreported, default=None)


def _advice(message: str) -> RequestedWait | None:
    found = re.search(_ADVICE, message)
    seconds = None if found is None else _duration(found[1])
    return None if seconds is None else RequestedWait(seconds, "the message")


def _number(text: str) -> float | None:
    """Return a plain decimal number; None for the `inf`, `nan`, `-1` and `1_000` that `float` also accepts."""
    return float(text) if re.fullmatch(_NUMBER, text) else None


def _unix_seconds(number: float) -> float:
    while number >= _MIN_UNIX_MILLISECONDS:  # or microseconds, or nanoseconds
        number /= 1000
    return number


def _duration(text: str) -> float | None:
    """Return the seconds of `6m0s`, `20ms`, `1h2m3.5s` (the notation of Go), or of `26 seconds`."""
    if not re.fullmatch(_DURATION, text):
        return None
    seconds = 0.0
    for number, unit in re.findall(_PART, text):
        unit_seconds = _UNIT_SECONDS.get(unit.lower())
        if unit_seconds is None:
            return None
        seconds += float(number) * unit_seconds
    return seconds


def _date(text: str) -> float | None:
    """Return Unix time of an HTTP date (RFC 9110, 5.6.7) or an ISO date; None if the text is neither."""
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return _iso_date(text)
    # Here, because few answers have a date, and the module takes longer to load than this package.
    from email.utils import mktime_tz, parsedate_tz

    try:
        parsed = parsedate_tz(text)
        # HTTP dates are in UTC, even if they do not say so (the form of asctime).
        return None if parsed is None else float(mktime_tz((*parsed[:9], parsed[9] or 0)))
    except (ValueError, OverflowError):  # a month 13, a year of twenty digits
        return None


def _iso_date(text: str) -> float | None:
    from datetime import UTC, datetime  # here, for the same reason

    try:
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):  # a month 13, a year 1 in an eastern time zone
        return None
