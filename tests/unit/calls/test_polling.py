"""The schedule for polls of background responses, and its end."""

from __future__ import annotations

import math
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import response
from waits import SOON

from responses_client import WaitTimeout
from responses_client._base.http import ResponseMeta
from responses_client._calls.polling import PollSchedule, has_ended
from responses_client.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
    RequestValidationError,
    ResponseValidationError,
)
from responses_client.models import Response


def seen(status: str | None = "in_progress", **headers: str) -> Response:
    found = Response.from_dict(response(status or "completed"))
    found.status = status
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    meta = ResponseMeta.build(200, names, elapsed=0, tries=1, method="GET", url="http://api.test/v1")
    object.__setattr__(found, "_meta", meta)
    return found


def schedule(given: Any = "resp_1", poll_interval: Any = 1.0, timeout: Any = None) -> PollSchedule:
    return PollSchedule(given, poll_interval=poll_interval, timeout=timeout)


STATE = seen()


# --- the delays


def pauses(made: PollSchedule, count: int, random: float = 0.0, **headers: str) -> list[float]:
    found = []
    for _ in range(count):
        found.append(made.next_delay(sum(found), random))
        made.record(seen(**headers))
    return found


def test_waits_grow_by_half_up_to_ten_seconds() -> None:
    assert pauses(schedule(), 8) == [0, 1, 1.5, 2.25, 3.375, 5.0625, 7.59375, 10]
    assert pauses(schedule(), 3000)[-1] == 10


def test_given_response_is_not_polled_at_once() -> None:
    assert pauses(schedule(seen()), 3) == [1, 1.5, 2.25]


def test_waits_are_shortened_by_chance() -> None:
    assert pauses(schedule(), 3, random=1.0) == [0, 0.75, 1.125]


def test_longer_interval_stays_as_it_is() -> None:
    assert pauses(schedule(poll_interval=30), 4) == [0, 30, 30, 30]


def test_no_interval_is_no_wait_at_first() -> None:
    assert pauses(schedule(poll_interval=0), 4) == pytest.approx([0, 0, 0.15, 0.225])


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "5"}, 5),
        ({"retry_after_ms": "4500"}, 4.5),
        ({"openai_poll_after_ms": "2500"}, 2.5),
        ({"retry_after": "0.1"}, 1),
        ({"retry_after": "100000"}, 300),
        ({"retry_after": "soon"}, 1),
        ({"retry_after": "1m5s"}, 65),
        ({"retry_after": "Mon, 30 Nov 2026 12:00:42 GMT", "date": "Mon, 30 Nov 2026 12:00:00 GMT"}, 42),
        ({}, 1),
    ],
)
def test_longer_delay_that_the_server_asks_for_is_obeyed(headers: dict[str, str], wait: float) -> None:
    assert pauses(schedule(), 2, **headers) == [0, wait]


def test_server_may_ask_to_poll_at_a_point_in_time() -> None:
    made = schedule()
    made.record(seen(retry_after="1796040042"), 1_796_040_000.0)

    assert made.next_delay(0, 0) == 42


def test_delay_that_was_asked_for_once_is_not_repeated() -> None:
    made = schedule()
    made.record(seen(retry_after="60"))
    assert made.next_delay(0, 0) == 60
    made.record(seen())
    assert made.next_delay(0, 0) == 1.5


def test_last_poll_is_shortly_before_the_timeout() -> None:
    made = schedule(timeout=10)

    assert pauses(made, 6) == [0, 1, 1.5, 2.25, 3.375, 0.9375]
    with pytest.raises(WaitTimeout) as caught:
        made.next_delay(9.1, 0)
    assert str(caught.value) == (
        "The response resp_1 was not finished within 10 s: its status is 'in_progress'; wait again or cancel it"
    )
    assert caught.value.response is made.state
    assert caught.value.__cause__ is None


def test_timeout_without_any_state() -> None:
    made = schedule(timeout=5)
    error = APIConnectionError("No.")
    assert made.record_failure(error)

    with pytest.raises(WaitTimeout, match="within 5 s: its state is not known") as caught:
        made.next_delay(5, 0)

    assert (caught.value.response, caught.value.__cause__) == (None, error)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@given(
    interval=st.floats(0.001, 1000),
    timeout=st.floats(0.001, 1000),
    costs=st.lists(st.floats(0, 3), min_size=1),
    random=st.floats(0, 1, exclude_max=True),
)
def test_polls_begin_before_the_timeout_and_end(
    interval: float, timeout: float, costs: list[float], random: float
) -> None:
    made, now, polls = schedule(poll_interval=interval, timeout=timeout), 0.0, 0

    def poll() -> None:
        nonlocal now, polls
        pause = made.next_delay(now, random)
        assert pause >= 0
        assert now + pause < timeout
        now += pause + costs[polls % len(costs)]
        polls += 1
        made.record(STATE)

    def poll_on() -> None:
        while polls < 100 * (timeout / interval + 10):
            poll()

    with pytest.raises(WaitTimeout):
        poll_on()
    assert polls >= 1


# --- progress and the end


def test_new_status_or_output_is_progress() -> None:
    made = schedule()
    states = [seen("queued"), seen("queued"), seen(), seen(), seen("completed"), seen("completed")]

    assert [made.record(state) for state in states] == [True, False, True, False, True, False]
    more = seen("completed")
    more.output = []
    assert made.record(more)
    assert made.state is more


def test_first_state_is_no_progress_if_it_is_the_one_given() -> None:
    assert not schedule(seen()).record(seen())
    assert schedule(seen()).record(seen("completed"))


@pytest.mark.parametrize("status", ["completed", "failed", "incomplete", "cancelled", None])
def test_all_other_statuses_end_the_wait(status: str | None) -> None:
    made = schedule()
    assert made.result is None
    made.record(seen("queued"))
    assert made.result is None
    made.record(seen(status))
    assert made.result is made.state


SIGNS: dict[str, Any] = {
    "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
    "error": {"code": "server_error", "message": "No."},
    "incomplete_details": {"reason": "max_output_tokens"},
    "completed_at": 1_700_000_000,
}


@pytest.mark.parametrize(("name", "value"), SIGNS.items(), ids=SIGNS)
@pytest.mark.parametrize("is_given", [True, False])
def test_unknown_status_ends_the_wait_with_a_warning_beside_what_only_the_end_brings(
    name: str, value: Any, is_given: bool, caplog: pytest.LogCaptureFixture
) -> None:
    found = Response.from_dict(response("expired", **{name: value}))
    made = schedule(found if is_given else "resp_1")
    if not is_given:
        made.record(found)

    assert made.result is found
    assert caplog.messages == [
        "The response resp_1 has the unknown status 'expired': it is taken as finished, by its other fields"
    ]


def test_other_unknown_statuses_are_waited_for_with_one_warning_each(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = schedule(seen("paused"))
    for status in ("paused", "paused", "in_progress", "revising", "revising"):
        made.record(seen(status))
        assert made.result is None
    made.record(seen("completed"))

    assert made.result is made.state
    assert caplog.messages == [
        f"The response resp_1 has the unknown status {status!r}: the wait continues"
        for status in ("paused", "revising")
    ]


@pytest.mark.parametrize("status", ["paused", None])
def test_wait_without_a_limit_ends_after_ten_minutes_in_an_unknown_status(status: str | None) -> None:
    made, now = schedule(), 0.0
    states = [seen("queued")] * 200 + [unclear(status)] * 20 + [seen()] + [unclear(status)] * 200

    def poll_all() -> None:
        nonlocal now
        for state in states:
            now += made.next_delay(now, 0)
            made.record(state)

    with pytest.raises(WaitTimeout) as caught:
        poll_all()

    assert str(caught.value) == (
        "The response resp_1 did not say for 600 s whether it is finished: its status is "
        f"{status!r}, which this version does not know; wait again or cancel it"
    )
    assert caught.value.response is made.state
    assert now == pytest.approx(280 * 10, abs=60)


def test_limit_of_the_caller_counts_in_an_unknown_status() -> None:
    made, now = schedule(timeout=5000), 0.0

    def poll_on() -> None:
        nonlocal now
        while True:
            now += made.next_delay(now, 0)
            made.record(unclear("paused"))

    with pytest.raises(WaitTimeout, match="not finished within 5000 s: its status is 'paused', which this"):
        poll_on()
    assert now == pytest.approx(4999)


def unclear(status: str | None) -> Response:
    """A response without output."""
    return Response.from_dict({**response("queued"), "status": status})


def status_error(kind: type[Any], status: int, code: str | None = None, **headers: str) -> APIError:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    error: APIError = kind("No.", status_code=status, code=code, headers=names)
    return error


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (APIConnectionError("No."), True),
        (APITimeoutError("No."), True),
        (status_error(InternalServerError, 503), True),
        (status_error(RateLimitError, 429), True),
        (status_error(RateLimitError, 429, retry_after="120"), True),
        (status_error(RateLimitError, 429, code="insufficient_quota"), False),
        (status_error(InternalServerError, 503, x_should_retry="false"), False),
        (status_error(NotFoundError, 404), False),
        (status_error(AuthenticationError, 401), False),
        (ResponseValidationError("No."), False),
    ],
)
def test_transient_errors_do_not_end_the_wait(error: APIError, passes: bool) -> None:
    assert schedule().record_failure(error) is passes


def test_tenth_failed_poll_in_a_row_ends_the_wait() -> None:
    made = schedule()
    for _ in range(3):
        made.record(seen())
        assert [made.record_failure(APIConnectionError("No.")) for _ in range(9)] == [True] * 9
    assert not made.record_failure(APIConnectionError("No."))


def test_delay_that_an_error_asks_for_is_obeyed() -> None:
    made = schedule()
    error = RateLimitError("No.", status_code=429, retry_after=45.0)
    made.record_failure(error)

    assert made.next_delay(0, 0) == 45


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"poll_interval": -1}, "poll_interval"),
        ({"poll_interval": math.nan}, "poll_interval"),
        ({"poll_interval": math.inf}, "poll_interval"),
        ({"poll_interval": "1"}, "poll_interval"),
        ({"poll_interval": True}, "poll_interval"),
        ({"poll_interval": None}, "poll_interval"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": math.nan}, "timeout"),
        ({"timeout": math.inf}, "timeout"),
        ({"timeout": 10**400}, "timeout"),
        ({"timeout": "1"}, "timeout"),
        ({"given": None}, "response_id"),
        ({"given": 5}, "response_id"),
        ({"given": Response(status="queued")}, "response_id"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], path: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        schedule(**arguments)

    assert caught.value.path == path


@pytest.mark.parametrize(
    "arguments",
    [
        {"poll_interval": 0},
        {"timeout": None},
        {"timeout": SOON},
        {"given": "r"},
        {"given": Response(id="resp_1", status="queued")},
        {"given": Response(status="completed")},
    ],
)
def test_argument_next_to_a_wrong_one_is_taken(arguments: dict[str, Any]) -> None:
    schedule(**arguments)


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("queued", False),
        ("in_progress", False),
        ("completed", True),
        ("failed", True),
        ("incomplete", True),
        ("cancelled", True),
        ("expired", True),
        (None, False),
    ],
)
def test_response_is_running_by_two_statuses_alone(status: str | None, ended: bool) -> None:
    assert has_ended(Response(id="resp_1", status=status)) is ended


def test_response_without_a_status_has_ended_if_there_is_output() -> None:
    assert has_ended(Response.from_dict({"id": "resp_1", "output": [{"type": "message", "content": []}]}))
