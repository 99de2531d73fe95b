"""The wait for a background response over a scripted outside world: sync, on asyncio and on trio."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
from fake_io import Answer, Clock, FakeBody, FakeIO, bad
from samples import KEY, response
from waits import SOON

from responses_client import AsyncClient, Client, WaitTimeout
from responses_client._transport.protocols import TransportError
from responses_client.errors import (
    APIError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
    InternalServerError,
    NotFoundError,
    RequestValidationError,
)
from responses_client.models import Response

Wait = Callable[..., Response]


@pytest.fixture
def clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of all unit tests, and no chance in the delays."""
    monkeypatch.setattr("responses_client._calls.waiting.random.random", lambda: 0.0)
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

    assert wait(io, Response.from_dict(response("queued")), poll_interval=2).status == "completed"
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
