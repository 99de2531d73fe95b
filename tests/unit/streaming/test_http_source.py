"""The source of streams over HTTP: broken streams, answers that are not streams, and time limits, in each mode."""

from __future__ import annotations

from typing import Any

import pytest
from fake_io import Answer, Clock, FakeBody, FakeIO, bad, stream, types
from samples import COMPLETED, CREATED, HEL, KEY, LO, event, response
from stream_shells import Play, Stream

from responses_client._transport.protocols import TransportError
from responses_client.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    RateLimitError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
)

ERROR = event("error", 2, code="server_error", message="Out of order")
FAILED = event("response.failed", 3, response=response("failed"))


# --- broken


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ((), "the connection was closed"),
        ((TransportError("network", "ReadError: reset"),), "ReadError: reset"),
        ((LO[:60],), "the connection ended inside an event"),
        ((b"data: [DONE]\n\n",), "the server wrote [DONE] before it"),
    ],
)
def test_interrupted_stream_keeps_the_partial_response(
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
    (
        stream(b": ping\n\n", kind=""),
        ResponseValidationError,
        "is not an event stream (status 200, no content type)",
    ),
    (
        stream(TransportError("network", "ReadError")),
        APIConnectionError,
        "got no answer after 3 attempts: ReadError",
    ),
    (stream(event("error", code="slow_down", message="Busy")), StreamError, "Busy"),
    (stream(event("error", error={"type": "server_error", "message": "Busy"})), StreamError, "Busy"),
    (stream(event("error", message="Busy", status=503)), StreamError, "Busy"),
]


@pytest.mark.parametrize("number", [0, 1, 3, 4, 5, 6])
def test_stream_that_breaks_before_its_first_event_is_requested_again(
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


def test_wait_in_the_error_of_a_stream_is_kept(play: Play, clock: Clock) -> None:
    limited = event("error", code="rate_limit_exceeded", message="Please try again in 7s.")
    io = FakeIO(clock, stream(limited), stream(CREATED, COMPLETED))

    async def script(stream: Stream) -> None:
        assert types(await stream.rest()) == ["created", "completed"]

    play(script, io)
    assert io.slept == [7.0]


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
def test_start_that_would_come_again_is_an_error_at_once(play: Play, clock: Clock, first: bytes) -> None:
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


# --- answers that are not streams


@pytest.mark.parametrize(
    ("kind", "content", "shown"),
    [
        (
            "application/json",
            b'{"id": "resp_1", "output": []}',
            "is not an event stream (status 200, application/json)",
        ),
        ("text/html", b"<html>", "is not an event stream (status 200, text/html)"),
        ("application/x-ndjson", b"{}", "is not an event stream (status 200, application/x-ndjson)"),
        ("text/event-stream", b'{"id": "resp_1"}', "has no events (status 200, text/event-stream)"),
        ("text/event-stream", b" [1]", "has no events (status 200, text/event-stream)"),
        ("text/event-stream", b"\n<html>", "has no events (status 200, text/event-stream)"),
        ("text/plain", b"upstream error", "is not an event stream (status 200, text/plain)"),
        ("", b"upstream error", "is not an event stream (status 200, no content type)"),
    ],
)
def test_answer_that_is_not_a_stream_is_an_error_that_quotes_it(
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


# --- time


def test_deadline_ends_a_stream_and_keeps_the_partial_response(play: Play, clock: Clock) -> None:
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


def test_idle_timeout_counts_from_the_last_event(play: Play, clock: Clock) -> None:
    body = stream(4.0, CREATED, 4.0, HEL, 4.0, b": ping\n\n", 4.0, LO)

    with pytest.raises(StreamInterrupted) as caught:
        play(Stream.rest, FakeIO(clock, 60.0, body), idle_timeout=5)

    assert caught.value.reason == "no event came for 5 s (idle_timeout)"
    assert clock.now == 1073


def test_idle_timeout_does_not_count_the_time_of_the_user(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        for _ in range(3):
            await stream.next()
            clock.now += 60
        assert await stream.rest() == []

    play(script, FakeIO(clock, stream(CREATED, 4.0, HEL, 4.0, COMPLETED)), idle_timeout=5)


def test_idle_timeout_before_the_first_event_is_retried(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(6.0, CREATED), stream(6.0, CREATED))

    with pytest.raises(
        APITimeoutError,
        match=r"after 2 attempts: no event came for 5 s \(idle_timeout\); raise idle_timeout, or try again$",
    ):
        play(Stream.rest, io, idle_timeout=5, max_retries=1)


@pytest.mark.parametrize(
    ("deadline", "reason"),
    [(3, "the deadline of 3 s has passed"), (9, "no event came for 5 s (idle_timeout)")],
)
def test_earlier_of_deadline_and_idle_timeout_ends_the_stream(
    play: Play, clock: Clock, deadline: float, reason: str
) -> None:
    with pytest.raises(StreamInterrupted) as caught:
        play(Stream.rest, FakeIO(clock, stream(CREATED, 60.0)), idle_timeout=5, deadline=deadline)

    assert caught.value.reason == reason


def test_reason_of_a_broken_connection_is_reported_as_it_is(play: Play, clock: Clock) -> None:
    body = stream(CREATED, 1.0, TransportError("network", "ReadError: reset"))

    with pytest.raises(StreamInterrupted, match="ReadError: reset"):
        play(Stream.rest, FakeIO(clock, body), idle_timeout=5, deadline=9)
