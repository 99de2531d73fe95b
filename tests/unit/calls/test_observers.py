"""Observers of calls see each step, and can neither change nor break it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import pytest
from fake_io import Clock, FakeBody, FakeIO, bad, good
from observed_calls import Player, RecordingObserver
from samples import KEY

from responses_client import AsyncClient, Client, ConfigurationError, RequestInfo, ResponseInfo
from responses_client._transport.protocols import TransportError
from responses_client.errors import (
    APIConnectionError,
    APIStatusError,
    InternalServerError,
    RateLimitError,
    ResponseValidationError,
)
from responses_client.testing import Server

RESET = TransportError("network", "ReadError: reset")


class Hooks:
    """Hooks that record their arguments."""

    def __init__(self) -> None:
        self.requests: list[RequestInfo] = []
        self.answers: list[ResponseInfo] = []
        self.options: dict[str, Any] = {
            "on_request": self.requests.append,
            "on_response": self.answers.append,
        }


def test_hooks_see_each_attempt_and_its_answer(player: Player, clock: Clock) -> None:
    hooks = Hooks()
    io = FakeIO(clock, bad(429, x_request_id="req_1"), RESET, good(**{"x-request-id": "req_3"}))

    result = player.fetch(io, **hooks.options)

    assert [request.try_number for request in hooks.requests] == [1, 2, 3]
    assert len({request.call_number for request in hooks.requests}) == 1
    assert len({request.headers["idempotency-key"] for request in hooks.requests}) == 1
    first = hooks.requests[0]
    assert (first.operation, first.method, first.url) == (
        "responses.create",
        "POST",
        "http://api.test/v1/responses",
    )
    assert first.json() == {"model": "m", "input": "Hi"}
    assert first.headers["authorization"] == "***"
    assert [answer.request for answer in hooks.answers] == hooks.requests
    assert [type(answer.error) for answer in hooks.answers] == [
        RateLimitError,
        APIConnectionError,
        type(None),
    ]
    assert [answer.meta and answer.meta.request_id for answer in hooks.answers] == ["req_1", None, "req_3"]
    assert hooks.answers[2].result is result


def test_calls_have_numbers_of_their_own(player: Player, clock: Clock) -> None:
    hooks = Hooks()

    player.fetch(FakeIO(clock, good()), **hooks.options)
    player.fetch(FakeIO(clock, good()), **hooks.options)

    assert hooks.requests[0].call_number < hooks.requests[1].call_number


@pytest.mark.parametrize(
    ("answers", "kinds"),
    [
        pytest.param(
            lambda: [FakeBody(b"{", RESET), good()], [APIConnectionError, None], id="body broken off"
        ),
        pytest.param(lambda: [FakeBody(b"<html>")], [ResponseValidationError], id="no JSON"),
        pytest.param(lambda: [FakeBody(b'{"error": "No."}')], [APIStatusError], id="error with status 200"),
        pytest.param(lambda: [bad(400)], [APIStatusError], id="refused"),
    ],
)
def test_hooks_see_errors_found_in_bodies(
    player: Player, clock: Clock, answers: Callable[[], list[Any]], kinds: list[type[Exception] | None]
) -> None:
    hooks, observer = Hooks(), RecordingObserver()
    error: Exception | None = None
    try:
        player.fetch(FakeIO(clock, *answers()), telemetry=observer, **hooks.options)
    except (APIConnectionError, APIStatusError, ResponseValidationError) as raised:
        error = raised

    assert len(hooks.requests) == len(kinds)
    for answer, kind in zip(hooks.answers, kinds, strict=True):
        assert answer.error is None if kind is None else isinstance(answer.error, kind)
        assert answer.meta is not None
    assert hooks.answers[-1].error is error
    assert error is None or error.__context__ is None
    assert observer.notifications[-1] == ("ended", None if error is None else type(error).__name__, None)


def test_attempts_that_were_never_sent_are_not_reported(player: Player, clock: Clock) -> None:
    hooks, observer = Hooks(), RecordingObserver()

    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        player.fetch(FakeIO(clock), api_key=None, telemetry=observer, **hooks.options)
    with pytest.raises(APIConnectionError):
        player.fetch(FakeIO(clock), api_key=late, max_retries=0, telemetry=observer, **hooks.options)

    assert (hooks.requests, hooks.answers) == ([], [])
    assert observer.notifications == [
        *("responses.create starts", ("ended", "ConfigurationError", None)),
        *("responses.create starts", ("ended", "APIConnectionError", None)),
    ]


def late() -> str:
    raise TransportError("network", "the vault is closed")


def test_observers_are_notified_of_retries(player: Player, clock: Clock) -> None:
    observer = RecordingObserver()
    keys = iter(["sk-old-hunter2", "sk-new-hunter2", "sk-new-hunter2"])

    io = FakeIO(clock, bad(401), bad(500), good())
    player.fetch(io, api_key=lambda: next(keys), telemetry=observer)

    assert observer.notifications == [
        "responses.create starts",
        "try 1",
        (401, "AuthenticationError"),
        ("responses.create", 0, "status 401, with another key"),
        "try 2",
        (500, "InternalServerError"),
        ("responses.create", 0.5, "status 500"),
        "try 3",
        (200, None),
        ("ended", None, None),
    ]


def test_hooks_and_requests_run_in_the_context_of_observers(player: Player, clock: Clock) -> None:
    observer = RecordingObserver()
    depths: list[int] = []

    def look(_: object) -> None:
        depths.append(observer.depth)

    body = good()
    io = FakeIO(clock, body)
    body.pieces.insert(0, lambda: depths.append(-observer.depth))
    player.fetch(io, telemetry=observer, on_request=look, on_response=look)

    assert depths == [1, 0, 1]
    assert observer.depth == 0


def test_headers_of_observers_are_sent_but_those_of_the_user_win(player: Player, clock: Clock) -> None:
    io = FakeIO(clock, good(), good())
    hooks = Hooks()
    observer = RecordingObserver(traceparent="00-1", tracestate="a=1")

    player.fetch(io, telemetry=observer, **hooks.options)
    player.fetch(io, {"extra_headers": {"TraceParent": "00-2"}}, telemetry=observer)

    assert io.requests[0].headers["traceparent"] == hooks.requests[0].headers["traceparent"] == "00-1"
    assert io.requests[1].headers["TraceParent"] == "00-2"
    assert "traceparent" not in io.requests[1].headers
    assert io.requests[1].headers["tracestate"] == "a=1"
    assert io.requests[1].headers["Authorization"] == f"Bearer {KEY}"


# --- observers that fail


def broken(_: object) -> None:
    raise ValueError("out of ink")


async def broken_later(_: object) -> None:
    await anyio.lowlevel.checkpoint()
    raise ValueError("out of ink")


@pytest.mark.parametrize("hook", [broken, broken_later])
def test_hook_that_raises_is_logged_and_changes_nothing(
    player: Player, clock: Clock, hook: Any, caplog: pytest.LogCaptureFixture
) -> None:
    if player.mode == "sync" and hook is broken_later:
        return  # refused, see below
    io = FakeIO(clock, bad(500), good())

    assert player.fetch(io, on_request=hook, on_response=hook).output_text == "Hello"

    assert caplog.messages == [
        f"{name} failed; the call continues" for name in ("on_request", "on_response") * 2
    ]
    assert {record.levelname for record in caplog.records} == {"ERROR"}
    assert "out of ink" in caplog.text


class BrokenObserver(RecordingObserver):
    """An observer in which all methods raise."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("around", "headers", "on_request", "on_response", "on_retry", "on_events", "on_end"):
            return broken_method
        return super().__getattribute__(name)


def broken_method(*_: object) -> None:
    raise ValueError("no collector")


class FailingTelemetry:
    """Telemetry that cannot observe."""

    def observe(self, call: object) -> None:
        raise ValueError("no collector")


@pytest.mark.parametrize(
    ("telemetry", "count"),
    [pytest.param(BrokenObserver(), 12, id="broken"), pytest.param(FailingTelemetry(), 1, id="failing")],
)
def test_telemetry_that_raises_is_logged_and_changes_nothing(
    player: Player, clock: Clock, telemetry: Any, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    io = FakeIO(clock, bad(500), good())

    assert player.fetch(io, telemetry=telemetry, on_response=lambda _: None).output_text == "Hello"

    assert caplog.messages == ["Telemetry failed; the call continues"] * count


def test_log_of_a_failed_observer_does_not_quote_the_error_of_the_call(
    player: Player, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Errors quote the answer of a server, which must not get into the log."""
    with pytest.raises(ResponseValidationError, match="the secret answer"):
        player.fetch(
            FakeIO(clock, FakeBody(b'["the secret answer"]')), telemetry=BrokenObserver(), on_response=broken
        )

    assert "no collector" in caplog.text
    assert "the secret answer" not in caplog.text


def test_interrupt_in_a_hook_ends_the_call(player: Player, clock: Clock) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    observer, body = RecordingObserver(), bad(500)

    with pytest.raises(KeyboardInterrupt):
        player.fetch(FakeIO(clock, body), on_response=interrupt, telemetry=observer)

    assert body.closed == 1
    assert observer.notifications[-1] == ("ended", "KeyboardInterrupt", None)


@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_async_hooks_are_awaited_before_the_call_continues(mode: str, clock: Clock) -> None:
    order: list[str] = []

    async def hook(info: RequestInfo | ResponseInfo) -> None:
        await anyio.lowlevel.checkpoint()
        order.append(type(info).__name__)

    body = good()
    body.pieces.insert(0, lambda: order.append("body"))
    Player(mode).fetch(FakeIO(clock, body), on_request=hook, on_response=hook)

    assert order == ["RequestInfo", "body", "ResponseInfo"]


async def waits(_: object) -> None:
    """A hook for `AsyncClient`."""


class Waits:
    """A hook that is an object and not a function."""

    async def __call__(self, _: object) -> None:
        """Be a hook."""


@pytest.mark.parametrize("name", ["on_request", "on_response", "on_event"])
@pytest.mark.parametrize("hook", [waits, partial(waits), Waits(), Waits().__call__])
def test_async_hooks_need_the_async_client(name: str, hook: Any) -> None:
    options: dict[str, Any] = {name: hook}

    with pytest.raises(ConfigurationError, match=f"{name} is an async function, which needs AsyncClient"):
        Client(api_key=KEY, **options)
    with Client(api_key=KEY) as client, pytest.raises(ConfigurationError, match=f"{name} is an async"):
        client.with_options(**options)

    AsyncClient(api_key=KEY).with_options(**options)


class Awaitable:
    """An awaitable that is not a coroutine."""

    def __await__(self) -> Any:
        yield


@pytest.mark.parametrize("make", [lambda: waits(None), Awaitable])
def test_hook_that_returns_an_awaitable_to_the_sync_client_is_logged(
    make: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    with Server() as server, server.client(on_request=lambda _: make()) as client:
        assert client.responses.create(model="m", input="Hi").output_text

    assert caplog.messages == ["on_request failed; the call continues"]
    assert "needs AsyncClient" in caplog.text


def test_with_options_changes_and_removes_hooks() -> None:
    one: list[RequestInfo] = []
    other: list[RequestInfo] = []
    with Server() as server, server.client(on_request=one.append) as client:
        client.with_options(on_request=other.append).responses.create(model="m", input="Hi")
        client.with_options(on_request=None).responses.create(model="m", input="Hi")
        client.with_options(timeout=1).responses.create(model="m", input="Hi")

    assert (len(one), len(other)) == (1, 1)


def test_every_operation_is_observed() -> None:
    hooks = Hooks()
    with Server() as server, server.client(**hooks.options) as client:
        response = client.responses.create(model="m", input="Hi")
        client.responses.wait(response.id)
        [*client.responses.input_items.list(response.id)]
        client.conversations.create()

    assert [answer.operation for answer in hooks.answers] == [
        "responses.create",
        "responses.retrieve",
        "responses.input_items.list",
        "conversations.create",
    ]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"on_request": "print"}, "The on_request argument must be a function or None, got str"),
        ({"on_response": 1}, "The on_response argument must be a function or None, got int 1"),
        ({"on_event": []}, "The on_event argument must be a function or None, got list"),
        ({"telemetry": "otel"}, "must be a responses_client.otel.OpenTelemetry or None, got str"),
        ({"telemetry": RecordingObserver}, "must be a responses_client.otel.OpenTelemetry or None, got type"),
    ],
)
def test_option_that_cannot_be_a_hook_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Client(**options)

    assert text in str(caught.value)


def test_repr_of_settings_shows_no_arguments_of_hooks() -> None:
    client = Client(api_key=KEY, on_request=partial(print, KEY), telemetry=RecordingObserver())

    assert "on_request=<class 'functools.partial'>" in repr(client._core.settings)
    assert KEY not in repr(client._core.settings)


def test_error_of_the_last_attempt_is_raised(player: Player, clock: Clock) -> None:
    hooks = Hooks()

    with pytest.raises(InternalServerError) as caught:
        player.fetch(FakeIO(clock, bad(500), bad(500)), max_retries=1, **hooks.options)

    assert hooks.answers[1].error is caught.value
    assert caught.value.__context__ is None
