"""Polling of background responses: the schedule, and the wait in plain functions, on asyncio and trio."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
from fake_io import Answer, Clock, FakeBody, FakeIO, bad
from hypothesis import given
from hypothesis import strategies as st
from samples import KEY, response
from waits import SOON

from responses_client import AsyncClient, Client, WaitTimeout
from responses_client._base.http import ResponseMeta
from responses_client._calls.polling import PollSchedule, has_ended
from responses_client._transport.protocols import TransportError
from responses_client.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
    RequestValidationError,
    ResponseValidationError,
)
from responses_client.models import Response

Wait = Callable[..., Response]


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


# --- the schedule


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
        {"timeout": 0.001},
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


# --- the wait, over a scripted outside world


@pytest.fixture
def clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of all unit tests, and no chance in the delays."""
    monkeypatch.setattr("responses_client._calls.polling.random.random", lambda: 0.0)
    return clock


@pytest.fixture(params=["sync", "asyncio", "trio"])
def wait(request: pytest.FixtureRequest) -> Wait:
    """Waits for a response: sync, on asyncio and on trio."""

    def play(
        io: FakeIO, given: Any = "resp_1", *, client: dict[str, Any] | None = None, **params: Any
    ) -> Response:
        options: dict[str, Any] = {"api_key": KEY, "base_url": "http://api.test/v1", **(client or {})}
        if request.param == "sync":
            plain = Client(**options)
            plain._core.io = io
            return plain.responses.wait(given, **params)
        other = AsyncClient(**options)
        other._core.io = io

        async def main() -> Response:
            return await other.responses.wait(given, **params)

        return anyio.run(main, backend=request.param)

    return play


def answer(status: str = "in_progress", **headers: str) -> FakeBody:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return FakeBody(json.dumps(response(status)).encode(), headers=names)


def test_response_is_polled_until_it_is_finished(wait: Wait, clock: Clock) -> None:
    io = FakeIO(clock, answer("queued"), answer(), answer(), answer("completed"))

    assert wait(io).output_text == "Hello"
    assert io.slept == [0, 1, 1.5, 2.25]
    assert {(one.method, one.url, one.headers.get("Idempotency-Key")) for one in io.requests} == {
        ("GET", "http://api.test/v1/responses/resp_1", None)
    }
    assert io.timeouts == [None] * 4


@pytest.mark.parametrize("status", ["failed", "incomplete", "cancelled"])
def test_each_end_is_returned(wait: Wait, clock: Clock, status: str) -> None:
    assert wait(FakeIO(clock, answer(status))).status == status


def test_finished_response_is_returned_without_a_poll(wait: Wait, clock: Clock) -> None:
    io = FakeIO(clock)
    given = Response.from_dict({"status": "completed"})

    assert wait(io, given) is given
    assert (io.requests, io.slept) == ([], [])


def test_running_response_is_polled_after_the_first_delay(wait: Wait, clock: Clock) -> None:
    io = FakeIO(clock, answer(), answer("completed"))

    assert wait(io, seen("queued"), poll_interval=2).status == "completed"
    assert io.slept == [2, 3]


def test_options_apply_to_each_poll(wait: Wait, clock: Clock) -> None:
    io = FakeIO(clock, bad(503), answer(), answer("completed"))
    wait(
        io,
        include=["message.output_text.logprobs"],
        extra_headers={"X-Team": "tea"},
        extra_query={"v": 1},
        max_retries=1,
        deadline=7,
    )

    assert len(io.requests) == 3
    for request in io.requests:
        assert request.url.endswith("/resp_1?include%5B%5D=message.output_text.logprobs&v=1")
        assert request.headers["X-Team"] == "tea"
    assert io.timeouts == [7, 6.5, 5.5]


def test_mistake_among_the_options_is_found_before_anything_is_sent(wait: Wait, clock: Clock) -> None:
    for options in ({"include": "x"}, {"poll_interval": -1}, {"given": " "}):
        io = FakeIO(clock)
        with pytest.raises(RequestValidationError):
            wait(io, **options)
        assert (io.requests, io.slept) == ([], [])
    with pytest.raises(TypeError, match="flavour"):
        wait(FakeIO(clock), flavour="oolong")


def test_progress_is_reported_once_for_each_change(wait: Wait, clock: Clock) -> None:
    reported: list[str | None] = []
    io = FakeIO(clock, answer("queued"), answer("queued"), answer(), answer(), answer("completed"))
    wait(io, on_progress=lambda state: reported.append(state.status))

    assert reported == ["queued", "in_progress", "completed"]


def test_progress_may_raise(wait: Wait, clock: Clock) -> None:
    def stop(state: Response) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        wait(FakeIO(clock, answer()), on_progress=stop)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_progress_may_be_async_for_the_async_client(clock: Clock, backend: str) -> None:
    reported: list[str | None] = []

    async def report(state: Response) -> None:
        await anyio.lowlevel.checkpoint()
        reported.append(state.status)

    async def main() -> Response:
        client = AsyncClient(api_key=KEY)
        client._core.io = FakeIO(clock, answer(), answer("completed"))
        return await client.responses.wait("resp_1", on_progress=report)

    assert anyio.run(main, backend=backend).status == "completed"
    assert reported == ["in_progress", "completed"]


class Later:
    """An awaitable that is not a coroutine."""

    def __await__(self) -> Any:
        yield


def test_async_progress_is_refused_by_the_sync_client(clock: Clock) -> None:
    async def report(state: Response) -> None:
        raise AssertionError

    for function in (report, lambda state: Later()):
        client = Client(api_key=KEY)
        client._core.io = FakeIO(clock, answer())
        with pytest.raises(
            ConfigurationError, match="on_progress is an async function, which needs AsyncClient"
        ):
            client.responses.wait("resp_1", on_progress=function)


def test_timeout_raises_with_the_last_state(wait: Wait, clock: Clock) -> None:
    io = FakeIO(clock, *[answer() for _ in range(10)])

    with pytest.raises(WaitTimeout, match="within 5 s: its status is 'in_progress'") as caught:
        wait(io, timeout=5)

    assert caught.value.response is not None
    assert caught.value.response.status == "in_progress"
    assert io.slept == [0, 1, 1.5, 1.5]
    assert io.timeouts == [5, 4, 2.5, 1]
    assert clock.now == 1004


def test_poll_that_hangs_ends_at_the_timeout(wait: Wait, clock: Clock) -> None:
    io = FakeIO(clock, answer(), 60.0, answer())

    with pytest.raises(WaitTimeout) as caught:
        wait(io, timeout=5, max_retries=0)

    assert type(caught.value.__cause__) is APITimeoutError
    assert caught.value.response is not None
    assert clock.now == 1005


def test_deadline_of_the_client_bounds_a_poll(wait: Wait, clock: Clock) -> None:
    io = FakeIO(clock, 60.0, answer(), answer("completed"))
    io.answers[1:2] = []

    assert wait(io, client={"deadline": 2}, max_retries=0, timeout=100).status == "completed"
    assert io.timeouts == [2, 2]


@pytest.mark.parametrize(
    "limits", [{"deadline": 5}, {"deadline": 5, "timeout": 9}, {"deadline": 9, "timeout": 5}]
)
def test_deadline_bounds_the_whole_wait(wait: Wait, clock: Clock, limits: dict[str, float]) -> None:
    io = FakeIO(clock, *(answer() for _ in range(50)))

    with pytest.raises(WaitTimeout, match="was not finished within 5 s: its status is 'in_progress'"):
        wait(io, **limits)

    assert io.timeouts == [5, 4, 2.5, 1]
    assert clock.now == 1004


def test_wait_continues_after_transient_errors(wait: Wait, clock: Clock) -> None:
    down: list[Answer] = [
        TransportError("connect", "ConnectError"),
        bad(500),
        bad(429, retry_after="20"),
        bad(503),
    ]
    io = FakeIO(clock, answer(), *down, answer("completed"))

    assert wait(io, max_retries=0).status == "completed"
    assert io.slept == [0, 1, 1.5, 2.25, 20, 5.0625]


def test_errors_that_persist_are_raised(wait: Wait, clock: Clock) -> None:
    io = FakeIO(clock, answer(), *[bad(503) for _ in range(10)])

    with pytest.raises(InternalServerError):
        wait(io, max_retries=0)

    assert len(io.requests) == 11


@pytest.mark.parametrize(("status", "kind"), [(404, NotFoundError), (401, AuthenticationError)])
def test_permanent_errors_are_raised_at_once(
    wait: Wait, clock: Clock, status: int, kind: type[APIError]
) -> None:
    io = FakeIO(clock, answer(), bad(status))

    with pytest.raises(kind):
        wait(io)

    assert len(io.requests) == 2


def test_closed_client_is_refused() -> None:
    client = Client(api_key=KEY)
    client.close()

    with pytest.raises(RuntimeError, match="This Client is closed"):
        client.responses.wait("resp_1")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_wait_can_be_cancelled(backend: str) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=response("in_progress"))

    async def main() -> bool:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as given:
            client = AsyncClient(api_key=KEY, http_client=given)
            with anyio.move_on_after(SOON) as scope:
                await client.responses.wait("resp_1", poll_interval=0)
            assert scope.cancelled_caught
            with anyio.move_on_after(SOON) as scope:
                await client.responses.wait("resp_1", poll_interval=3600)
            return scope.cancelled_caught

    assert anyio.run(main, backend=backend)


def test_unknown_status_is_waited_out(wait: Wait, clock: Clock) -> None:
    io = FakeIO(clock, answer("paused"), answer("paused"), answer("completed"))

    assert wait(io).status == "completed"
    assert len(io.requests) == 3


def test_unknown_status_that_stays_ends_the_wait_with_an_error(wait: Wait, clock: Clock) -> None:
    io = FakeIO(clock, *[answer("paused") for _ in range(100)])

    with pytest.raises(
        WaitTimeout, match="its status is 'paused', which this version does not know"
    ) as caught:
        wait(io)

    assert caught.value.response is not None
    assert 600 <= sum(io.slept) <= 610
