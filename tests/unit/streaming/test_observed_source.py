"""Streams with observers: each event and the end are reported once, and no event is lost."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio
import pytest
from fake_io import Clock, FakeBody, FakeIO, bad, call, stream, types
from observed_calls import Player, RecordingObserver
from samples import COMPLETED, CREATED, HEL, LO, event
from stream_shells import Stream

from responses_client._streaming.http_source import HttpSource, http_source
from responses_client._streaming.observed_source import ObservedHttpSource
from responses_client._streaming.streams import AsyncEventStream
from responses_client._transport.protocols import TransportError, run
from responses_client.errors import (
    BadRequestError,
    ConfigurationError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
)

RESET = TransportError("network", "ReadError: reset")
ALL = ["created", "output_text.delta", "output_text.delta", "completed"]


def test_streams_without_observers_have_an_unobserved_source(clock: Clock) -> None:
    io = FakeIO(clock)

    assert type(http_source(io, call({"stream": True}))) is HttpSource
    for name in ("on_request", "on_response", "on_event", "telemetry"):
        options: dict[str, Any] = {name: RecordingObserver() if name == "telemetry" else print}
        assert type(http_source(io, call({"stream": True}, **options))) is ObservedHttpSource


@pytest.mark.parametrize("chunks", [[CREATED, HEL, LO, COMPLETED], [CREATED + HEL + LO + COMPLETED]])
def test_hook_sees_each_event_before_the_user(player: Player, clock: Clock, chunks: list[bytes]) -> None:
    reported: list[Any] = []

    async def script(stream: Stream) -> list[Any]:
        given = []
        async with stream:
            for number in range(4):
                given.append(await stream.next())
                assert reported[number] is given[-1]
            assert await stream.rest() == []
        return given

    given = player.play(script, player.opened(FakeIO(clock, stream(*chunks)), on_event=reported.append))

    assert types(reported) == types(given) == ALL


def test_response_is_reported_when_the_headers_of_a_stream_come(player: Player, clock: Clock) -> None:
    order: list[Any] = []
    body = stream(CREATED + COMPLETED)
    body.pieces.insert(0, lambda: order.append("body"))

    player.events(
        FakeIO(clock, body),
        on_request=lambda request: order.append(request.json()["stream"]),
        on_response=lambda answer: order.append(
            (answer.meta.request_id, answer.error, answer.result, answer.operation)
        ),
        on_event=lambda event: order.append(event.type),
    )

    assert order == [
        True,
        ("req_1", None, None, "responses.create"),
        "body",
        "response.created",
        "response.completed",
    ]


def test_observers_get_the_events_of_a_stream_in_batches(player: Player, clock: Clock) -> None:
    observer = RecordingObserver()

    player.events(FakeIO(clock, stream(CREATED + HEL, LO + COMPLETED)), telemetry=observer)

    assert observer.notifications == [
        "responses.create starts",
        "try 1",
        (200, None),
        ["created", "output_text.delta"],
        ["output_text.delta", "completed"],
        ("ended", None, "Hello"),
    ]


def test_end_is_reported_with_the_terminal_event_before_the_user_reads_it(
    player: Player, clock: Clock
) -> None:
    observer = RecordingObserver()

    async def script(stream: Stream) -> None:
        async with stream:
            await stream.next()
            assert observer.notifications[-1] == ("ended", None, "Hello")

    player.play(script, player.opened(FakeIO(clock, stream(CREATED + COMPLETED)), telemetry=observer))
    assert observer.notifications.count(("ended", None, "Hello")) == 1


async def leave(stream: Stream) -> None:
    async with stream:
        await stream.next()


async def close_twice(stream: Stream) -> None:
    async with stream:
        await stream.next()
        await stream.close()
        await stream.close()


async def fail_within(stream: Stream) -> None:
    with suppress(KeyError):
        async with stream:
            await stream.next()
            raise KeyError


@pytest.mark.parametrize("script", [leave, close_twice, fail_within])
def test_stream_that_is_left_early_ends_once_and_without_an_error(
    player: Player, clock: Clock, script: Any
) -> None:
    observer, body = RecordingObserver(), stream(CREATED, HEL, LO, COMPLETED)

    player.play(script, player.opened(FakeIO(clock, body), telemetry=observer))

    assert observer.notifications[3:] == [["created"], ("ended", None, "")]
    assert body.closed == 1


ENDS: dict[str, tuple[Callable[[], list[Any]], type[Exception], Any]] = {
    "interrupted": (lambda: [stream(CREATED + HEL, RESET)], StreamInterrupted, "Hel"),
    "error event": (
        lambda: [stream(CREATED + HEL + event("error", 2, message="No.", code=None, param=None))],
        StreamError,
        "Hel",
    ),
    "no JSON": (lambda: [stream(CREATED + HEL + b"data: {oops\n\n")], ResponseValidationError, "Hel"),
    "refused": (lambda: [bad(400)], BadRequestError, None),
    "no stream": (
        lambda: [FakeBody(b"<html>", headers={"content-type": "text/html"})],
        ResponseValidationError,
        None,
    ),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_error_of_a_stream_is_reported_once(player: Player, clock: Clock, end: tuple[Any, Any, Any]) -> None:
    answers, kind, said = end
    observer, answered = RecordingObserver(), []

    with pytest.raises(kind) as caught:
        player.events(FakeIO(clock, *answers()), telemetry=observer, on_response=answered.append)

    ends = [one for one in observer.notifications if one[0] == "ended"]
    assert ends == [("ended", kind.__name__, said)] == observer.notifications[-1:]
    assert len(answered) == 1
    assert (answered[0].error is caught.value) == (said is None)


def test_error_is_raised_again_but_not_reported_again(player: Player, clock: Clock) -> None:
    observer = RecordingObserver()

    async def script(stream: Stream) -> None:
        async with stream:
            for _ in range(2):
                with pytest.raises(StreamInterrupted):
                    await stream.until_done()

    player.play(script, player.opened(FakeIO(clock, stream(CREATED)), telemetry=observer))

    assert observer.notifications[4:] == [("ended", "StreamInterrupted", "")]


def test_attempts_before_the_first_event_and_resumptions_are_reported(player: Player, clock: Clock) -> None:
    observer, reported, requests, answers = RecordingObserver(), [], [], []
    io = FakeIO(clock, stream(RESET), stream(CREATED + HEL, RESET), bad(503), stream(HEL + LO, COMPLETED))

    given = player.events(
        io,
        {"background": True},
        telemetry=observer,
        on_event=reported.append,
        on_request=requests.append,
        on_response=answers.append,
    )

    assert types(reported) == types(given) == ALL
    assert [(request.operation, request.try_number) for request in requests] == [
        ("responses.create", 1),
        ("responses.create", 2),
        ("responses.retrieve", 3),
        ("responses.retrieve", 4),
    ]
    assert len({request.call_number for request in requests}) == 1
    assert [answer.meta.status_code for answer in answers] == [200, 200, 503, 200]
    assert [one for one in observer.notifications if isinstance(one, tuple) and len(one) == 3] == [
        ("responses.create", 0.5, "network error"),
        ("responses.retrieve", 0.5, "network error"),
        ("responses.retrieve", 1.0, "status 503"),
        ("ended", None, "Hello"),
    ]


def test_whole_response_is_read_past_the_hook(player: Player, clock: Clock) -> None:
    reported: list[Any] = []

    async def script(stream: Stream) -> str:
        async with stream:
            return (await stream.final()).output_text

    io = FakeIO(clock, stream(CREATED, HEL, LO, COMPLETED))
    assert player.play(script, player.opened(io, on_event=reported.append)) == "Hello"
    assert types(reported) == ALL


def test_hook_that_raises_costs_no_event(
    player: Player, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    reported: list[Any] = []

    def hook(event: Any) -> None:
        reported.append(event)
        raise ValueError("out of ink")

    given = player.events(FakeIO(clock, stream(CREATED + HEL, LO + COMPLETED)), on_event=hook)

    assert types(reported) == types(given) == ALL
    assert caplog.messages == ["on_event failed; the call continues"] * 4


def test_hooks_of_a_stream_run_in_the_context_of_observers(player: Player, clock: Clock) -> None:
    observer, depths = RecordingObserver(), []

    def look(_: object) -> None:
        depths.append(observer.depth)

    io = FakeIO(clock, stream(CREATED + COMPLETED))
    player.events(io, telemetry=observer, on_request=look, on_response=look, on_event=look)

    assert depths == [1, 1, 1, 1]


@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_async_hook_is_awaited_for_each_event(mode: str, clock: Clock) -> None:
    reported: list[Any] = []

    async def hook(event: Any) -> None:
        await anyio.lowlevel.checkpoint()
        reported.append(event)

    given = Player(mode).events(FakeIO(clock, stream(CREATED + HEL, LO + COMPLETED)), on_event=hook)

    assert types(reported) == types(given) == ALL


@pytest.mark.parametrize("mode", ["asyncio", "trio"])
@pytest.mark.parametrize("closes", [False, True])
def test_cancelled_hook_costs_no_event(mode: str, closes: bool, clock: Clock) -> None:
    """The events were received: if the stream is read on, the hook gets the rest."""
    reported: list[Any] = []
    scopes: list[anyio.CancelScope] = []

    async def hook(event: Any) -> None:
        reported.append(event)
        if event.type.endswith("delta"):
            scopes[0].cancel()
            await anyio.lowlevel.checkpoint()

    async def script(stream: Stream) -> list[Any]:
        async with stream:
            with anyio.CancelScope() as scope:
                scopes.append(scope)
                await stream.next()
            assert scope.cancelled_caught
            assert types(reported) == ["created", "output_text.delta"]
            if closes:
                await stream.close()
                return await stream.until_closed()
            return await stream.rest()

    player = Player(mode)
    io = FakeIO(clock, stream(CREATED + HEL + HEL.replace(b"Hel", b"l"), LO + COMPLETED))
    given = player.play(script, player.opened(io, on_event=hook))

    if closes:
        assert (given, len(reported)) == ([], 2)
    else:
        assert types(given) == types(reported) == ["created", *["output_text.delta"] * 3, "completed"]


def test_refusal_of_a_second_reader_is_not_the_end_of_the_stream(player: Player, clock: Clock) -> None:
    observer, body = RecordingObserver(), stream(CREATED, HEL + LO + COMPLETED)

    async def script(stream: Stream) -> list[Any]:
        def read_as_well() -> None:
            with pytest.raises(RuntimeError, match="read by another thread or task"):
                run(stream.next())

        body.pieces.insert(1, read_as_well)
        return await stream.rest()

    assert types(player.play(script, player.opened(FakeIO(clock, body), telemetry=observer))) == ALL
    assert not any("RuntimeError" in str(notification) for notification in observer.notifications)


def test_interrupt_in_a_hook_while_opening_closes_the_connection(player: Player, clock: Clock) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    observer, body = RecordingObserver(), stream(CREATED)
    opened = player.opened(FakeIO(clock, body), telemetry=observer, on_response=interrupt)

    with pytest.raises(KeyboardInterrupt):
        player.play(leave, opened)

    assert body.closed == 1
    assert observer.notifications[-1] == ("ended", "KeyboardInterrupt", None)


def test_stream_that_could_not_be_opened_can_be_opened_again(player: Player, clock: Clock) -> None:
    observer = RecordingObserver()
    opened = player.opened(FakeIO(clock), api_key=None, telemetry=observer)

    for _ in range(2):
        with pytest.raises(ConfigurationError):
            player.play(leave, opened)

    assert observer.notifications == ["responses.create starts", ("ended", "ConfigurationError", None)] * 2


def test_interrupt_while_reading_is_reported(player: Player, clock: Clock) -> None:
    observer, body = RecordingObserver(), stream(CREATED, KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        player.events(FakeIO(clock, body), telemetry=observer)

    assert body.closed == 1
    assert observer.notifications[4:] == [("ended", "KeyboardInterrupt", "")]


def test_stream_that_was_never_opened_is_not_reported(player: Player, clock: Clock) -> None:
    observer = RecordingObserver()

    async def script(stream: Stream) -> None:
        await stream.close()

    player.play(script, player.opened(FakeIO(clock), telemetry=observer))

    assert observer.notifications == []


@pytest.mark.parametrize("mode", ["sync", "asyncio"])
def test_stream_that_is_forgotten_ends(mode: str, clock: Clock) -> None:
    observer = RecordingObserver()
    player = Player(mode)
    io = FakeIO(clock, stream(CREATED, HEL))

    def forget() -> None:
        opened = player.opened(io, telemetry=observer)

        async def script(stream: Stream) -> None:
            await stream.__aenter__()
            await stream.next()

        player.play(script, opened)
        del opened
        gc.collect()

    with pytest.warns(ResourceWarning, match="was not closed"):
        forget()

    assert observer.notifications[-2:] == [["created"], ("ended", None, None)]


def test_dropped_source_ends_even_if_it_cannot_be_closed(clock: Clock) -> None:
    observer = RecordingObserver()
    body = stream(CREATED)

    async def fail() -> None:
        raise RuntimeError("no")

    source = http_source(FakeIO(clock, body), call({"stream": True}, telemetry=observer))
    inner = AsyncEventStream(source)
    run(inner.__aenter__())
    body.close = fail

    with pytest.raises(RuntimeError, match="no"):
        run(source.drop())

    assert observer.notifications[-1] == ("ended", None, None)
