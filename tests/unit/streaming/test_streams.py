"""Streams as users hold them, in plain functions, on asyncio and on trio, over a world that plays scripts."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
import pytest
from fake_io import Answer, Clock, FakeBody, FakeIO, bad, call, stream, types
from samples import COMPLETED, CREATED, HEL, KEY, LO, event, response
from stream_shells import Stream

from responses_client._streaming.http_source import HttpSource
from responses_client._streaming.streams import (
    AsyncEventStream,
    AsyncResponseStream,
    EventStream,
    ResponseStream,
)
from responses_client._transport.protocols import TransportError, run
from responses_client.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    RateLimitError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
)

T = TypeVar("T")
ERROR = event("error", 2, code="server_error", message="Out of order")
FAILED = event("response.failed", 3, response=response("failed"))

Script = Callable[[Stream], Awaitable[T]]
Play = Callable[..., Any]


@pytest.fixture(params=["sync", "asyncio", "trio"])
def play(request: pytest.FixtureRequest) -> Play:
    """Runs a script with a stream, in each way in turn."""

    def run_script(script: Script[T], io: FakeIO, **options: Any) -> T:
        prepared = call({"stream": True}, **options)
        if request.param == "sync":
            return run(script(Stream(EventStream(HttpSource(io, prepared)))))  # type: ignore[arg-type]
        return anyio.run(script, Stream(AsyncEventStream(HttpSource(io, prepared))), backend=request.param)

    return run_script


# --- to the end


def test_events_come_in_order_and_end_with_the_terminal_one(play: Play, clock: Clock) -> None:
    body = stream(CREATED + HEL[:20], HEL[20:], LO, COMPLETED)

    assert types(play(Stream.rest, FakeIO(clock, body))) == [
        "created",
        "output_text.delta",
        "output_text.delta",
        "completed",
    ]
    assert (body.drained, body.closed) == (1, 1)


def test_request_is_sent_once_and_only_when_something_is_wanted(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(CREATED, COMPLETED))

    async def script(stream: Stream) -> None:
        assert io.requests == []
        assert (stream.inner.meta, stream.inner.snapshot) == (None, None)
        async with stream:
            assert len(io.requests) == 1
            assert stream.inner.meta is not None
            assert stream.inner.meta.request_id == "req_1"
            assert stream.inner.snapshot is None
            async with stream:
                await stream.rest()

    play(script, io)
    assert len(io.requests) == 1


def test_end_is_final(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        assert types(await stream.rest()) == ["completed"]
        assert await stream.rest() == []
        assert await stream.text() == []

    play(script, FakeIO(clock, stream(COMPLETED)))


def test_text_deltas_are_the_text_alone(play: Play, clock: Clock) -> None:
    assert play(Stream.text, FakeIO(clock, stream(CREATED, HEL + LO, COMPLETED))) == ["Hel", "lo"]


def test_final_response_is_the_one_of_the_terminal_event(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        await stream.until_done()
        final = await stream.final()
        assert final == stream.inner.snapshot
        assert final.output_text == "Hello"
        assert final.meta is stream.inner.meta

    play(script, FakeIO(clock, stream(CREATED + HEL, LO, COMPLETED)))


# PAIN A11
@pytest.mark.parametrize("status", ["failed", "incomplete", "cancelled"])
def test_response_that_did_not_complete_is_final_too(play: Play, clock: Clock, status: str) -> None:
    last = event(f"response.{status}", 2, response=response(status))

    assert play(Stream.final, FakeIO(clock, stream(CREATED, last))).status == status


def test_snapshot_grows_with_the_events(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        texts = []
        async with stream:
            for _ in range(4):
                await stream.next()
                assert stream.inner.snapshot is not None
                texts.append(stream.inner.snapshot.output_text)
        assert texts == ["", "Hel", "Hello", "Hello"]

    play(script, FakeIO(clock, stream(CREATED, HEL, LO, COMPLETED)))


# --- broken


# PAIN A10, A16
@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ((), "the connection was closed"),
        ((TransportError("network", "ReadError: reset"),), "ReadError: reset"),
        ((LO[:60],), "the connection ended inside an event"),
        ((b"data: [DONE]\n\n",), "the server wrote [DONE] before it"),
    ],
)
def test_stream_that_breaks_off_keeps_what_came(
    play: Play, clock: Clock, pieces: tuple[Any, ...], reason: str
) -> None:
    body = stream(CREATED, HEL, *pieces)
    io = FakeIO(clock, body)

    async def script(stream: Stream) -> None:
        assert types([await stream.next(), await stream.next()]) == ["created", "output_text.delta"]
        for act in (stream.next, stream.rest, stream.final):
            with pytest.raises(StreamInterrupted) as caught:
                await act()
        error = caught.value
        assert error.reason == reason
        assert error.partial is not None
        assert (error.partial.output_text, error.response_id, error.last_sequence_number) == (
            "Hel",
            "resp_1",
            1,
        )
        assert error.request_id == "req_1"
        assert error.__context__ is None

    play(script, io)
    assert (len(io.requests), io.slept, body.drained, body.closed) == (1, [], 0, 1)


def test_cause_of_a_broken_stream_is_kept(play: Play, clock: Clock) -> None:
    failure = TransportError("network", "ReadError")
    failure.__cause__ = cause = OSError("reset")

    with pytest.raises(StreamInterrupted) as caught:
        play(Stream.rest, FakeIO(clock, stream(CREATED, failure)))

    assert caught.value.__cause__ is cause


UNBEGUN: list[tuple[Answer, type[Exception], str]] = [
    (stream(), StreamInterrupted, "the answer has no events"),
    (stream(b": ping\n\n"), StreamInterrupted, "the answer has no events"),
    (stream(b": ping\n\n", kind=""), ResponseValidationError, "something else came"),
    (
        stream(TransportError("network", "ReadError")),
        APIConnectionError,
        "got no answer after 3 tries: ReadError",
    ),
    (stream(event("error", code="slow_down", message="Busy")), StreamError, "Busy"),
    (stream(event("error", error={"type": "server_error", "message": "Busy"})), StreamError, "Busy"),
    (stream(event("error", message="Busy", status=503)), StreamError, "Busy"),
]


# PAIN_THREADS a13
@pytest.mark.parametrize("number", [0, 1, 3, 4, 5, 6])
def test_stream_that_breaks_before_its_first_event_is_tried_again(
    play: Play, clock: Clock, number: int
) -> None:
    first = UNBEGUN[number][0]
    assert isinstance(first, FakeBody)
    io = FakeIO(clock, copy_of(first), bad(429, retry_after="3"), stream(CREATED, COMPLETED))

    async def script(stream: Stream) -> None:
        assert types(await stream.rest()) == ["created", "completed"]
        assert stream.inner.meta is not None
        assert stream.inner.meta.tries == 3

    play(script, io)
    assert io.slept == [0.5, 3.0]
    assert len({request.headers["Idempotency-Key"] for request in io.requests}) == 1


def copy_of(body: FakeBody) -> FakeBody:
    return FakeBody(*body.pieces, status=body.status_code, headers=dict(body.headers))


@pytest.mark.parametrize("number", range(7))
def test_stream_that_never_begins_ends_in_the_right_error(play: Play, clock: Clock, number: int) -> None:
    body, kind, text = UNBEGUN[number]
    assert isinstance(body, FakeBody)
    bodies = [copy_of(body) for _ in range(3)]

    async def script(stream: Stream) -> None:
        for _ in range(2):
            with pytest.raises(kind) as caught:
                await stream.next()
            assert text in str(caught.value)

    play(script, FakeIO(clock, *bodies))
    assert [one.closed for one in bodies if one.closed] in ([1], [1, 1, 1])


@pytest.mark.parametrize(
    "first",
    [
        event("error", code="invalid_prompt", message="No"),
        event("error", code="insufficient_quota", message="No"),
        b"data: {oops\n\n",
    ],
)
def test_bad_beginning_that_would_come_again_is_an_error_at_once(
    play: Play, clock: Clock, first: bytes
) -> None:
    io = FakeIO(clock, stream(first))

    with pytest.raises((StreamError, ResponseValidationError)):
        play(Stream.rest, io)

    assert len(io.requests) == 1


def test_error_while_the_stream_is_opened_again_stays(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(), bad(400))

    async def script(stream: Stream) -> None:
        for _ in range(2):
            with pytest.raises(APIStatusError):
                await stream.rest()

    play(script, io)
    assert len(io.requests) == 2


# PAIN A12
@pytest.mark.parametrize("pieces", [(ERROR + FAILED,), (ERROR, FAILED)])
def test_error_event_is_raised_with_the_failed_response_that_follows(
    play: Play, clock: Clock, pieces: tuple[bytes, ...]
) -> None:
    body = stream(CREATED, HEL, *pieces)

    async def script(stream: Stream) -> None:
        assert types([await stream.next(), await stream.next()]) == ["created", "output_text.delta"]
        with pytest.raises(StreamError, match="Out of order") as caught:
            await stream.next()
        assert caught.value.partial is not None
        assert caught.value.partial.status == "failed"
        assert caught.value.request_id == "req_1"

    play(script, FakeIO(clock, body))
    assert (body.drained, body.closed) == (1, 1)


@pytest.mark.parametrize("strict", [False, True])
def test_malformed_event_ends_the_stream_in_strict_mode_alone(play: Play, clock: Clock, strict: bool) -> None:
    io = FakeIO(clock, stream(CREATED, event("response.output_text.delta", 1, delta=17), COMPLETED))

    if strict:
        with pytest.raises(ResponseValidationError) as caught:
            play(Stream.rest, io, strict=True)
        assert caught.value.path == "delta"
        assert caught.value.request_id == "req_1"
    else:
        assert len(play(Stream.rest, io)) == 3


def test_event_beyond_the_limit_ends_the_stream(play: Play, clock: Clock) -> None:
    body = stream(CREATED, b"data: " + b"x" * 3000)

    with pytest.raises(ResponseValidationError, match="larger than 2000 bytes"):
        play(Stream.rest, FakeIO(clock, body), max_event_bytes=2000)

    assert (body.drained, body.closed) == (0, 1)


# --- no stream


# PAIN A13
@pytest.mark.parametrize(
    ("kind", "content", "shown"),
    [
        ("application/json", b'{"id": "resp_1", "output": []}', "but application/json came (status 200)"),
        ("text/html", b"<html>", "but text/html came"),
        ("application/x-ndjson", b"{}", "but application/x-ndjson came"),
        ("text/event-stream", b'{"id": "resp_1"}', "but text/event-stream came"),
        ("text/event-stream", b" [1]", "but text/event-stream came"),
        ("text/event-stream", b"\n<html>", "but text/event-stream came"),
        ("text/plain", b"upstream error", "but text/plain came"),
        ("", b"upstream error", "but something else came"),
    ],
)
def test_answer_that_is_no_stream_is_an_error_that_shows_it(
    play: Play, clock: Clock, kind: str, content: bytes, shown: str
) -> None:
    body = stream(content, kind=kind)
    io = FakeIO(clock, body)

    async def script(stream: Stream) -> None:
        for _ in range(2):
            with pytest.raises(ResponseValidationError) as caught:
                await stream.rest()
            assert shown in str(caught.value)
            assert caught.value.request_id == "req_1"

    play(script, io)
    assert (len(io.requests), body.closed) == (1, 1)


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", "text/plain", ""])
def test_error_in_place_of_a_stream_is_raised(play: Play, clock: Clock, kind: str) -> None:
    content = b'{"error": {"message": "Busy", "code": 429}}'

    with pytest.raises(RateLimitError, match="Busy"):
        play(Stream.rest, FakeIO(clock, stream(content, kind=kind)))


def test_key_in_place_of_a_stream_is_not_shown(play: Play, clock: Clock) -> None:
    with pytest.raises(ResponseValidationError) as caught:
        play(Stream.rest, FakeIO(clock, stream(f"<html>{KEY}".encode(), kind="text/html")))

    assert KEY not in str(caught.value)
    assert KEY not in caught.value.body


def test_start_that_is_kept_for_an_error_is_bounded(play: Play, clock: Clock) -> None:
    line = b": " + b"x" * 65534
    body = stream(*[line] * 5, kind="text/plain")

    with pytest.raises(ResponseValidationError) as caught:
        play(Stream.rest, FakeIO(clock, body))

    assert len(caught.value.body) == 65536


# --- left early


# PAIN A19
def test_block_left_early_closes_the_connection_without_waiting(play: Play, clock: Clock) -> None:
    body = stream(CREATED + HEL, LO, COMPLETED)

    async def script(stream: Stream) -> None:
        async with stream:
            await stream.next()
        assert (body.drained, body.closed) == (0, 1)
        assert await stream.rest() == []
        with pytest.raises(StreamInterrupted, match="it was closed here before its end") as caught:
            await stream.final()
        assert caught.value.partial is not None
        assert caught.value.partial.output_text == "Hel"
        assert (caught.value.response_id, caught.value.request_id) == ("resp_1", "req_1")

    play(script, FakeIO(clock, body))


def test_block_left_after_the_terminal_event_gives_the_connection_back(play: Play, clock: Clock) -> None:
    body = stream(CREATED + COMPLETED)

    async def script(stream: Stream) -> None:
        async with stream:
            await stream.next()
        assert (await stream.final()).output_text == "Hello"

    play(script, FakeIO(clock, body))
    assert (body.drained, body.closed) == (1, 1)


def test_stream_closed_before_it_was_opened_sends_nothing(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        await stream.close()
        await stream.close()
        async with stream:
            assert await stream.rest() == []
        with pytest.raises(StreamInterrupted) as caught:
            await stream.final()
        assert (caught.value.partial, caught.value.response_id) == (None, None)

    play(script, FakeIO(clock))


@pytest.mark.parametrize(
    "meanwhile",
    [None, TransportError("network", "ClosedResourceError")],
    ids=["a piece comes", "the read breaks"],
)
def test_stream_closed_from_elsewhere_while_it_is_waited_for_just_ends(
    play: Play, clock: Clock, meanwhile: TransportError | None
) -> None:
    body = stream(CREATED)
    io = FakeIO(clock, body)

    async def script(stream: Stream) -> None:
        await stream.next()
        body.pieces = [lambda: run(stream.inner._source.close()), meanwhile or b": ping\n\n"]
        assert await stream.rest() == []
        assert body.closed == 1

    play(script, io)


def test_stream_closed_from_elsewhere_while_it_is_opened_just_ends(play: Play, clock: Clock) -> None:
    body = stream(CREATED)

    async def script(stream: Stream) -> None:
        send = io.send

        async def send_slowly(*args: Any) -> Any:
            await stream.inner._source.close()
            return await send(*args)

        io.send = send_slowly  # type: ignore[method-assign]
        assert await stream.rest() == []

    io = FakeIO(clock, body)
    play(script, io)
    assert body.closed == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError()])
def test_whatever_else_is_raised_passes_and_the_block_closes(
    play: Play, clock: Clock, error: BaseException
) -> None:
    body = stream(CREATED, error, HEL)

    async def script(stream: Stream) -> None:
        with pytest.raises(type(error)):
            async with stream:
                await stream.rest()

    play(script, FakeIO(clock, body))
    assert body.closed == 1


def test_stream_dropped_while_open_is_closed_at_once_with_a_warning(clock: Clock) -> None:
    body = stream(CREATED + COMPLETED)
    dropped = EventStream(HttpSource(FakeIO(clock, body), call({"stream": True})))
    next(dropped)

    with pytest.warns(ResourceWarning, match="EventStream was not closed: use it in a block of `with`"):  # noqa: PT031
        del dropped
        gc.collect()

    assert (body.drained, body.closed) == (0, 1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_stream_dropped_while_warnings_are_errors_is_closed_too(clock: Clock) -> None:
    body = stream(CREATED + COMPLETED)
    dropped = EventStream(HttpSource(FakeIO(clock, body), call({"stream": True})))
    next(dropped)

    del dropped
    gc.collect()

    assert body.closed == 1


def test_async_stream_dropped_while_open_only_warns(clock: Clock) -> None:
    body = stream(CREATED + COMPLETED)
    dropped = AsyncEventStream(HttpSource(FakeIO(clock, body), call({"stream": True})))
    run(dropped.__anext__())

    with pytest.warns(ResourceWarning, match="AsyncEventStream was not closed"):  # noqa: PT031
        del dropped
        gc.collect()

    assert body.closed == 0


def test_stream_dropped_after_its_end_is_no_warning(clock: Clock) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        finished = EventStream(HttpSource(FakeIO(clock, stream(COMPLETED)), call({"stream": True})))
        finished.until_done()
        del finished
        gc.collect()


# --- time


def test_deadline_ends_a_stream_and_keeps_what_came(play: Play, clock: Clock) -> None:
    with pytest.raises(StreamInterrupted) as caught:
        play(Stream.rest, FakeIO(clock, 1.0, stream(CREATED, 2.0, HEL, 60.0, LO)), deadline=5)

    assert caught.value.reason == "the deadline of 5 s has passed"
    assert caught.value.last_sequence_number == 1
    assert clock.now == 1005


def test_deadline_before_the_first_event_is_a_timeout(play: Play, clock: Clock) -> None:
    with pytest.raises(APITimeoutError, match="the deadline of 5 s has passed"):
        play(Stream.rest, FakeIO(clock, stream(60.0, CREATED), stream(CREATED)), deadline=5)


def test_deadline_counts_from_when_the_stream_is_opened(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        clock.now += 60
        assert len(await stream.rest()) == 1

    play(script, FakeIO(clock, 4.0, stream(COMPLETED)), deadline=5)


# PAIN_THREADS a14
def test_idle_timeout_counts_from_the_last_event(play: Play, clock: Clock) -> None:
    body = stream(4.0, CREATED, 4.0, HEL, 4.0, b": ping\n\n", 4.0, LO)

    with pytest.raises(StreamInterrupted) as caught:
        play(Stream.rest, FakeIO(clock, 60.0, body), idle_timeout=5)

    assert caught.value.reason == "no event came for 5 s (idle_timeout)"
    assert clock.now == 1073


def test_idle_timeout_leaves_aside_what_is_done_with_events(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        for _ in range(3):
            await stream.next()
            clock.now += 60
        assert await stream.rest() == []

    play(script, FakeIO(clock, stream(CREATED, 4.0, HEL, 4.0, COMPLETED)), idle_timeout=5)


def test_idle_timeout_before_the_first_event_is_tried_again(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(6.0, CREATED), stream(6.0, CREATED))

    with pytest.raises(APITimeoutError, match=r"after 2 tries: no event came for 5 s \(idle_timeout\)"):
        play(Stream.rest, io, idle_timeout=5, max_retries=1)


@pytest.mark.parametrize(
    ("deadline", "reason"),
    [(3, "the deadline of 3 s has passed"), (9, "no event came for 5 s (idle_timeout)")],
)
def test_what_comes_first_of_deadline_and_idle_timeout_ends_the_stream(
    play: Play, clock: Clock, deadline: float, reason: str
) -> None:
    with pytest.raises(StreamInterrupted) as caught:
        play(Stream.rest, FakeIO(clock, stream(CREATED, 60.0)), idle_timeout=5, deadline=deadline)

    assert caught.value.reason == reason


def test_break_that_is_no_timeout_is_told_as_it_is(play: Play, clock: Clock) -> None:
    body = stream(CREATED, 1.0, TransportError("network", "ReadError: reset"))

    with pytest.raises(StreamInterrupted, match="ReadError: reset"):
        play(Stream.rest, FakeIO(clock, body), idle_timeout=5, deadline=9)


# --- what they look like


def test_repr_says_what_came_and_how_it_stands(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        name = type(stream.inner).__name__
        assert repr(stream.inner) == f"<{name} no response yet: 0 events, open>"
        await stream.next()
        assert repr(stream.inner) == f"<{name} resp_1: 1 events, open>"
        await stream.rest()
        assert repr(stream.inner) == f"<{name} resp_1: 3 events, completed>"

    play(script, FakeIO(clock, stream(CREATED, HEL, COMPLETED)))


def test_repr_of_a_stream_without_an_end_says_so(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        with pytest.raises(StreamInterrupted):
            await stream.rest()
        assert repr(stream.inner).endswith(" resp_1: 1 events, failed>")

    async def left(stream: Stream) -> None:
        await stream.next()
        await stream.close()
        assert repr(stream.inner).endswith(" resp_1: 1 events, closed>")

    play(script, FakeIO(clock, stream(CREATED)))
    play(left, FakeIO(clock, stream(CREATED)))


def test_streams_of_the_stream_method_are_event_streams() -> None:
    assert issubclass(ResponseStream, EventStream)
    assert issubclass(AsyncResponseStream, AsyncEventStream)
