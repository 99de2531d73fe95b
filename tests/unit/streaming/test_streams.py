"""Streams as users hold them: in plain functions, on asyncio and on trio, over a scripted outside world."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fake_io import Clock, FakeIO, call, stream, types
from samples import COMPLETED, CREATED, HEL, LO, event, response
from stream_shells import Play, Stream

from responses_client._streaming.http_source import HttpSource
from responses_client._streaming.streams import (
    AsyncEventStream,
    AsyncResponseStream,
    EventStream,
    ResponseStream,
)
from responses_client._transport.protocols import TransportError, run
from responses_client.errors import (
    StreamInterrupted,
)

ERROR = event("error", 2, code="server_error", message="Out of order")
FAILED = event("response.failed", 3, response=response("failed"))


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
        assert (stream.inner.meta, stream.inner.request_id, stream.inner.snapshot) == (None, None, None)
        async with stream:
            assert len(io.requests) == 1
            assert stream.inner.meta is not None
            assert stream.inner.meta.request_id == stream.inner.request_id == "req_1"
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
        assert final.request_id == "req_1"

    play(script, FakeIO(clock, stream(CREATED + HEL, LO, COMPLETED)))


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


# --- left early


def test_block_left_early_closes_the_connection_without_waiting(play: Play, clock: Clock) -> None:
    body = stream(CREATED + HEL, LO, COMPLETED)

    async def script(stream: Stream) -> None:
        async with stream:
            await stream.next()
        assert (body.drained, body.closed) == (0, 1)
        assert await stream.until_closed() == []
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
            assert await stream.until_closed() == []
        with pytest.raises(StreamInterrupted) as caught:
            await stream.final()
        assert (caught.value.partial, caught.value.response_id) == (None, None)

    play(script, FakeIO(clock))


@pytest.mark.parametrize(
    "meanwhile",
    [None, TransportError("network", "ClosedResourceError")],
    ids=["a piece comes", "the read breaks"],
)
def test_stream_closed_from_elsewhere_while_it_waits_is_interrupted(
    play: Play, clock: Clock, meanwhile: TransportError | None
) -> None:
    body = stream(CREATED)
    io = FakeIO(clock, body)

    async def script(stream: Stream) -> None:
        await stream.next()
        body.pieces = [lambda: run(stream.inner._source.close()), meanwhile or b": ping\n\n"]
        assert await stream.until_closed() == []
        assert await stream.until_closed() == []
        assert body.closed == 1

    play(script, io)


def test_stream_closed_from_elsewhere_while_it_is_opened_is_interrupted(play: Play, clock: Clock) -> None:
    body = stream(CREATED)

    async def script(stream: Stream) -> None:
        send = io.send

        async def send_slowly(*args: Any) -> Any:
            await stream.inner._source.close()
            return await send(*args)

        io.send = send_slowly
        assert await stream.until_closed() == []

    io = FakeIO(clock, body)
    play(script, io)
    assert body.closed == 1


def test_close_that_takes_the_terminal_event_from_its_reader_is_an_interruption(
    play: Play, clock: Clock
) -> None:
    async def script(stream: Stream) -> None:
        await stream.next()
        await stream.close()
        assert await stream.until_closed() == []
        assert (await stream.final()).output_text == "Hello"

    play(script, FakeIO(clock, stream(CREATED + HEL + COMPLETED)))


# --- two readers

READS: list[Callable[[Stream], Awaitable[Any]]] = [
    Stream.next,
    Stream.rest,
    Stream.text,
    Stream.until_done,
    Stream.final,
]


@pytest.mark.parametrize("read", READS)
def test_second_reader_is_refused_and_the_first_one_reads_on(
    play: Play, clock: Clock, read: Callable[[Stream], Awaitable[Any]]
) -> None:
    body = stream(CREATED, HEL, COMPLETED)

    async def script(stream: Stream) -> None:
        def read_as_well() -> None:
            with pytest.raises(RuntimeError, match="This stream is being read by another thread or task"):
                run(read(stream))

        body.pieces.insert(1, read_as_well)
        assert types(await stream.rest()) == ["created", "output_text.delta", "completed"]

    play(script, FakeIO(clock, body))


def test_second_reader_is_refused_while_the_stream_is_opened_or_resumed(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(CREATED, TransportError("network", "reset")), stream(HEL, LO, COMPLETED))
    refusals: list[str] = []

    async def script(stream: Stream) -> None:
        send = io.send

        async def send_meanwhile(*args: Any) -> Any:
            with pytest.raises(RuntimeError) as caught:
                await stream.next()
            refusals.append(str(caught.value))
            return await send(*args)

        io.send = send_meanwhile
        assert len(await stream.rest()) == 4

    play(script, io, background=True)
    assert (len(refusals), len(io.requests)) == (2, 2)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError()])
def test_stream_can_be_read_on_after_an_exception_ended_a_wait(
    play: Play, clock: Clock, error: BaseException
) -> None:
    async def script(stream: Stream) -> None:
        with pytest.raises(type(error)):
            await stream.rest()
        assert types(await stream.rest()) == ["output_text.delta", "completed"]

    play(script, FakeIO(clock, stream(CREATED, error, HEL, COMPLETED)))


def test_event_that_was_taken_by_another_reader_is_not_waited_for(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        source = stream.inner._source
        fill = source.fill

        async def fill_for_another() -> bool:
            assert await fill()
            source.events.clear()
            source.fill = fill
            return True

        source.fill = fill_for_another
        assert types(await stream.rest()) == ["output_text.delta", "completed"]

    play(script, FakeIO(clock, stream(CREATED, HEL, COMPLETED)))


def test_text_deltas_can_be_read_one_at_a_time(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        pieces: Any = stream.inner.text_deltas()
        is_sync = isinstance(stream.inner, EventStream)
        assert [next(pieces) if is_sync else await anext(pieces) for _ in range(2)] == ["Hel", "lo"]
        with pytest.raises(StopIteration if is_sync else StopAsyncIteration):
            next(pieces) if is_sync else await anext(pieces)

    play(script, FakeIO(clock, stream(CREATED, HEL + LO, COMPLETED)))


# --- exceptions of others


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError()])
def test_other_exceptions_pass_and_the_block_closes_the_stream(
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

    with pytest.warns(ResourceWarning, match="EventStream was not closed: use it in a block of `with`"):  # noqa: PT031  # either line may warn
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

    with pytest.warns(ResourceWarning, match="AsyncEventStream was not closed"):  # noqa: PT031  # either line may warn
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


# --- the classes


def test_streams_of_the_stream_method_are_event_streams() -> None:
    assert issubclass(ResponseStream, EventStream)
    assert issubclass(AsyncResponseStream, AsyncEventStream)
