"""Background streams that are interrupted, and resumed automatically, in each mode."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest
from callers import RULE_MODES
from fake_io import Clock, FakeBody, FakeIO, bad, call, stream, types, use_clock
from hypothesis import given
from hypothesis import strategies as st
from samples import COMPLETED, CREATED, HEL, KEY, LO, delta, event, response
from stream_shells import Play, Stream

from responses_client._calls.endpoints import RESPONSES_RETRIEVE
from responses_client._calls.request import prepare
from responses_client._calls.settings import Settings
from responses_client._streaming.http_source import HttpSource
from responses_client._streaming.streams import AsyncEventStream, EventStream
from responses_client._transport.protocols import TransportError, run
from responses_client.errors import (
    APIConnectionError,
    APITimeoutError,
    BadRequestError,
    NotFoundError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
)

T = TypeVar("T")
RESET = TransportError("network", "ReadError: reset")
WHOLE = CREATED + HEL + LO + COMPLETED


@pytest.fixture(params=RULE_MODES)
def play(request: pytest.FixtureRequest) -> Play:
    """Runs a script with a background stream: sync and on asyncio."""

    def run_script(
        script: Callable[[Stream], Awaitable[T]],
        io: FakeIO,
        params: dict[str, Any] | None = None,
        *,
        retrieved: dict[str, Any] | None = None,
        **options: Any,
    ) -> T:
        prepared = call({"stream": True, "background": True, **(params or {})}, **options)
        if retrieved is not None:
            settings = Settings(**{"api_key": KEY, "base_url": "http://api.test/v1", **options})
            prepared = prepare(RESPONSES_RETRIEVE, {"stream": True, **retrieved}, settings, ("resp_1",))
        source = HttpSource(io, prepared)
        if request.param == "sync":
            return run(script(Stream(EventStream(source))))
        return anyio.run(script, Stream(AsyncEventStream(source)), backend=request.param)

    return run_script


def asked(io: FakeIO) -> list[tuple[str, str | None]]:
    """The method and `starting_after` of each request."""
    found = []
    for request in io.requests:
        query = parse_qs(urlsplit(request.url).query)
        found.append((request.method, query.get("starting_after", [None])[0]))
    return found


async def numbers(stream: Stream) -> list[int | None]:
    return [one.sequence_number for one in await stream.rest()]


# --- streams that are resumed


ENDS: dict[str, Sequence[bytes | TransportError]] = {
    "closed": (),
    "reset": (RESET,),
    "torn": (LO[:60],),
    "torn and reset": (LO[:60], RESET),
    "silent": (TransportError("timeout", "ReadTimeout"),),
    "[DONE]": (b"data: [DONE]\n\n",),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize(
    "rest", [[LO, COMPLETED], [LO + COMPLETED], [WHOLE], [HEL + LO, COMPLETED]], ids=lambda rest: len(rest)
)
def test_interrupted_background_stream_is_resumed(
    play: Play, clock: Clock, end: Sequence[Any], rest: list[bytes]
) -> None:
    broken = stream(CREATED, HEL, *end)
    io = FakeIO(clock, broken, stream(*rest))

    async def script(stream: Stream) -> None:
        assert await numbers(stream) == [0, 1, 2, 3]
        assert (await stream.final()).output_text == "Hello"

    play(script, io)
    assert asked(io) == [("POST", None), ("GET", "1")]
    assert io.requests[1].url == "http://api.test/v1/responses/resp_1?stream=true&starting_after=1"
    assert (broken.closed, broken.drained, io.slept) == (1, 0, [0.5])
    assert [request.headers["Idempotency-Key"] is None for request in io.requests] == [False, True]


def test_stream_is_resumed_as_often_as_new_events_come(play: Play, clock: Clock) -> None:
    cuts = [stream(delta(f"{number}", number), RESET) for number in range(1, 30)]
    io = FakeIO(
        clock, stream(CREATED), *cuts, stream(event("response.completed", 30, response={"id": "resp_1"}))
    )

    async def script(stream: Stream) -> None:
        assert (await stream.final()).output_text == "".join(f"{number}" for number in range(1, 30))

    play(script, io, max_retries=1)
    assert asked(io) == [("POST", None), *(("GET", f"{number}") for number in range(30))]
    assert io.slept == [0.5] * 30


def test_retries_begin_anew_when_an_event_came(play: Play, clock: Clock) -> None:
    io = FakeIO(
        clock,
        stream(CREATED),
        bad(503),
        stream(HEL),
        stream(),
        stream(CREATED + HEL),
        stream(LO, RESET),
        RESET,
        stream(COMPLETED),
    )

    assert play(numbers, io, max_retries=3) == [0, 1, 2, 3]
    assert [number for _, number in asked(io)] == [None, "0", "0", "1", "1", "1", "2", "2"]
    assert io.slept == [0.5, 1.0, 0.5, 1.0, 2.0, 0.5, 1.0]


def test_delay_that_the_server_asks_for_is_obeyed(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(CREATED), bad(429, retry_after="7"), stream(HEL + LO + COMPLETED))

    assert play(numbers, io) == [0, 1, 2, 3]
    assert io.slept == [0.5, 7.0]


def test_resumed_stream_has_the_meta_of_its_last_answer(play: Play, clock: Clock) -> None:
    last = FakeBody(LO + COMPLETED, headers={"content-type": "text/event-stream", "x-request-id": "req_2"})

    async def script(stream: Stream) -> None:
        await stream.rest()
        assert stream.inner.meta is not None
        assert (stream.inner.meta.request_id, stream.inner.meta.tries) == ("req_2", 2)
        assert (stream.inner.meta.method, stream.inner.meta.elapsed) == ("GET", 0.5)
        assert (await stream.final()).meta is stream.inner.meta
        assert repr(stream.inner).endswith("resp_1: 4 events, completed>")

    play(script, FakeIO(clock, stream(CREATED, HEL), last))


def test_log_says_that_a_stream_is_resumed(
    play: Play, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "responses_client"):
        play(numbers, FakeIO(clock, stream(CREATED, RESET), stream(HEL + LO + COMPLETED)))

    assert caplog.messages == ["responses.retrieve: resume after event 0 in 0.50 s, network error"]


def test_idle_timeout_lets_a_stream_be_resumed(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(CREATED, 4.0, HEL, 60.0), stream(4.0, LO, 4.0, COMPLETED))

    assert play(numbers, io, idle_timeout=5) == [0, 1, 2, 3]


def test_retrieved_stream_is_resumed_too(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(CREATED, HEL), stream(LO), stream(COMPLETED))

    assert play(numbers, io, retrieved={"include_obfuscation": False}) == [0, 1, 2, 3]
    assert asked(io) == [("GET", None), ("GET", "1"), ("GET", "2")]
    assert all("include_obfuscation=false" in request.url for request in io.requests)


@pytest.mark.parametrize("rest", [[LO, RESET], [WHOLE[:-20], RESET]])
def test_retrieved_stream_starts_where_it_was_asked_to(play: Play, clock: Clock, rest: list[Any]) -> None:
    io = FakeIO(clock, stream(RESET), stream(*rest), stream(COMPLETED))

    async def script(stream: Stream) -> None:
        assert await numbers(stream) == [2, 3]
        assert (await stream.final()).output_text == "Hello"

    play(script, io, retrieved={"starting_after": 1})
    assert asked(io) == [("GET", "1"), ("GET", "1"), ("GET", "2")]


def test_snapshot_of_a_stream_from_the_middle_has_only_its_events(play: Play, clock: Clock) -> None:
    last = event("response.completed", 3, response={"id": "resp_1", "status": "completed"})

    async def script(stream: Stream) -> None:
        await stream.next()
        snapshot = stream.inner.snapshot
        assert snapshot is not None
        assert (snapshot.id, snapshot.output_text) == ("resp_1", "lo")
        assert (await stream.final()).output_text == "lo"

    play(script, FakeIO(clock, stream(LO), stream(last)), retrieved={"starting_after": 1})


# --- streams that are not


@pytest.mark.parametrize(
    "params",
    [{"background": None}, {"store": False}],
    ids=["in the foreground", "not stored"],
)
def test_stream_that_the_server_does_not_keep_is_not_resumed(
    play: Play, clock: Clock, params: dict[str, Any]
) -> None:
    io = FakeIO(clock, stream(CREATED, HEL, RESET))

    with pytest.raises(StreamInterrupted, match="ReadError: reset"):
        play(Stream.rest, io, params)

    assert len(io.requests) == 1


UNNUMBERED = {
    "no numbers": event("response.created", response=response("in_progress")),
    "no id": HEL,
    "one without": CREATED + event("response.output_text.delta", delta="?") + HEL,
    "all the same": CREATED + event("response.output_text.delta", 0, delta="?"),
}


@pytest.mark.parametrize("begin", UNNUMBERED.values(), ids=UNNUMBERED)
def test_stream_without_usable_numbers_is_not_resumed(play: Play, clock: Clock, begin: bytes) -> None:
    async def script(stream: Stream) -> None:
        with pytest.raises(StreamInterrupted) as caught:
            await stream.rest()
        assert caught.value.reason == "the connection was closed"
        assert caught.value.partial is not None
        assert stream.inner.resume_token is None

    io = FakeIO(clock, stream(begin))
    play(script, io)
    assert len(io.requests) == 1


def test_without_retries_there_is_no_resuming(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(CREATED, HEL, RESET))

    with pytest.raises(StreamInterrupted, match="ReadError: reset"):
        play(Stream.rest, io, max_retries=0)

    assert (len(io.requests), io.slept) == (1, [])


@pytest.mark.parametrize("code", ["server_error", "server_is_overloaded"])
@pytest.mark.parametrize("is_resumed", [False, True])
def test_error_event_after_others_is_raised(play: Play, clock: Clock, code: str, is_resumed: bool) -> None:
    error = event("error", 2, code=code, message="Out of order")
    answers = [stream(CREATED + HEL), stream(error)] if is_resumed else [stream(CREATED + HEL, error)]

    with pytest.raises(StreamError, match="Out of order") as caught:
        play(Stream.rest, FakeIO(clock, *answers))

    assert caught.value.partial is not None
    assert (caught.value.partial.output_text, caught.value.response_id) == ("Hel", "resp_1")


def test_malformed_event_is_raised(play: Play, clock: Clock) -> None:
    for answers in ([stream(CREATED, b"data: {oops\n\n")], [stream(CREATED), stream(b"data: {oops\n\n")]):
        with pytest.raises(ResponseValidationError, match="not valid JSON") as caught:
            play(Stream.rest, FakeIO(clock, *answers))

        assert caught.value.response_id == "resp_1"
        assert caught.value.partial is not None


def test_gap_ends_the_stream(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(CREATED, HEL, RESET), stream(delta("!", 4), COMPLETED))

    async def script(stream: Stream) -> None:
        assert [await stream.next(), await stream.next()]
        for _ in range(2):
            with pytest.raises(StreamInterrupted) as caught:
                await stream.next()
        error = caught.value
        assert error.reason == "the resumed stream lacks events 2 to 3"
        assert (error.response_id, error.last_sequence_number) == ("resp_1", 1)
        assert error.partial is not None
        assert error.partial.output_text == "Hel"

    play(script, io)
    assert len(io.requests) == 2


def test_gap_before_the_first_event_ends_the_stream(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(COMPLETED))

    with pytest.raises(StreamInterrupted, match="the resumed stream lacks event 2"):
        play(Stream.rest, io, retrieved={"starting_after": 1})

    assert len(io.requests) == 1


FINISHED = json.dumps(response()).encode()
UNFINISHED = json.dumps(response("in_progress")).encode()


@pytest.mark.parametrize(
    ("status", "kind", "content", "cause", "text"),
    [
        (404, "application/json", b'{"error": {"message": "Gone"}}', NotFoundError, "Gone"),
        (400, "application/json", b'{"error": {"message": "Too late"}}', BadRequestError, "Too late"),
        (
            200,
            "application/json",
            UNFINISHED,
            ResponseValidationError,
            "is not an event stream (status 200, application/json)",
        ),
        (
            200,
            "text/html",
            b"<html>",
            ResponseValidationError,
            "is not an event stream (status 200, text/html)",
        ),
        (
            200,
            "text/event-stream",
            UNFINISHED,
            ResponseValidationError,
            "has no events (status 200, text/event-stream)",
        ),
        (200, "", b'{"error": {"message": "Gone", "code": 404}}', NotFoundError, "Gone"),
    ],
)
def test_answer_that_does_not_resume_is_the_cause(
    play: Play, clock: Clock, status: int, kind: str, content: bytes, cause: type[Exception], text: str
) -> None:
    answer = FakeBody(content, status=status, headers={"content-type": kind})
    io = FakeIO(clock, stream(CREATED, HEL), answer)

    async def script(stream: Stream) -> None:
        assert [await stream.next(), await stream.next()]
        for _ in range(2):
            with pytest.raises(StreamInterrupted) as caught:
                await stream.next()
        error = caught.value
        assert error.reason.startswith("the connection was closed, and it was not resumed: ")
        assert text in error.reason
        assert type(error.__cause__) is cause
        assert error.__context__ is None
        assert (error.response_id, error.last_sequence_number) == ("resp_1", 1)
        assert error.partial is not None
        assert error.partial.output_text == "Hel"
        assert stream.inner.resume_token == {"response_id": "resp_1", "sequence_number": 1}

    play(script, io)
    assert (len(io.requests), answer.closed) == (2, 1)


def test_finished_response_in_place_of_a_stream_is_kept(play: Play, clock: Clock) -> None:
    for body, text, status in ((FINISHED, "Hello", "completed"), (UNFINISHED, "Hel", "in_progress")):
        io = FakeIO(clock, stream(CREATED, HEL), stream(body, kind="application/json"))
        with pytest.raises(StreamInterrupted) as caught:
            play(Stream.rest, io)

        assert caught.value.partial is not None
        assert (caught.value.partial.output_text, caught.value.partial.status) == (text, status)


NO_RESUMING = "this server does not resume streams: ask for the response with responses.wait('resp_1')"


@pytest.mark.parametrize("kind", ["application/json", "", "text/event-stream"])
def test_server_that_answers_with_json_does_not_resume_streams(play: Play, clock: Clock, kind: str) -> None:
    io = FakeIO(clock, stream(CREATED, HEL), stream(UNFINISHED, kind=kind))

    with pytest.raises(StreamInterrupted) as caught:
        play(Stream.rest, io)

    assert NO_RESUMING in str(caught.value)
    assert "base_url" not in str(caught.value) + str(caught.value.__cause__)
    assert caught.value.partial is not None
    assert caught.value.partial.output_text == "Hel"
    assert len(io.requests) == 2


@pytest.mark.parametrize("body", [b"[]", b'{"detail": "unknown"}', b"<html>"])
def test_any_other_answer_in_place_of_a_resumed_stream_says_so_too(
    play: Play, clock: Clock, body: bytes
) -> None:
    with pytest.raises(StreamInterrupted) as caught:
        play(Stream.rest, FakeIO(clock, stream(CREATED, HEL), stream(body, kind="application/json")))

    assert NO_RESUMING in str(caught.value)
    assert "base_url" not in str(caught.value.__cause__)
    assert caught.value.partial is not None
    assert caught.value.partial.output_text == "Hel"


@pytest.mark.parametrize("kind", ["application/json", "", "text/event-stream"])
@pytest.mark.parametrize("params", [{}, {"starting_after": 1}])
@pytest.mark.parametrize("body", [FINISHED, UNFINISHED], ids=["finished", "unfinished"])
def test_retrieved_stream_that_comes_as_json_is_the_state_of_the_response(
    play: Play, clock: Clock, body: bytes, params: dict[str, Any], kind: str
) -> None:
    with pytest.raises(ResponseValidationError) as caught:
        play(Stream.rest, FakeIO(clock, stream(body, kind=kind)), retrieved=params)

    assert NO_RESUMING in str(caught.value)
    assert str(caught.value).endswith("; the response is in .partial")
    assert "base_url" not in str(caught.value)
    assert caught.value.response_id == "resp_1"
    assert caught.value.partial is not None
    assert caught.value.partial.to_dict() == json.loads(body)
    assert caught.value.partial.request_id == "req_1"


def test_json_of_another_response_is_not_the_partial_one(play: Play, clock: Clock) -> None:
    other = json.dumps({**response(text="Other"), "id": "resp_2"}).encode()

    with pytest.raises(ResponseValidationError) as caught:
        play(Stream.rest, FakeIO(clock, stream(other, kind="application/json")), retrieved={})
    with pytest.raises(StreamInterrupted) as interrupted:
        play(Stream.rest, FakeIO(clock, stream(CREATED, HEL), stream(other, kind="application/json")))

    assert NO_RESUMING in str(caught.value)
    assert str(caught.value).endswith("; see .body for the whole answer")
    assert (caught.value.partial, caught.value.response_id) == (None, "resp_1")
    assert caught.value.body["id"] == "resp_2"
    assert interrupted.value.partial is not None
    assert interrupted.value.partial.output_text == "Hel"


@pytest.mark.parametrize("retrieved", [None, {"starting_after": 1}])
@pytest.mark.parametrize("kind", ["response.created", "response.in_progress"])
def test_resumed_stream_of_another_response_is_an_error(
    play: Play, clock: Clock, retrieved: dict[str, Any] | None, kind: str
) -> None:
    other = event(kind, 0, response={**response("in_progress"), "id": "resp_2"})
    first = [] if retrieved else [stream(CREATED, HEL)]
    io = FakeIO(clock, *first, stream(other + HEL, LO, COMPLETED))

    with pytest.raises(StreamInterrupted, match="the server sent another response, 'resp_2'") as caught:
        play(Stream.rest, io, retrieved=retrieved)

    assert caught.value.response_id == "resp_1"
    assert caught.value.last_sequence_number == 1
    assert len(io.requests) == len(first) + 1


def test_another_response_at_the_end_of_a_resumed_stream_is_an_error(play: Play, clock: Clock) -> None:
    other = event("response.completed", 3, response={**response(), "id": "resp_2"})

    async def script(stream: Stream) -> None:
        assert len([await stream.next() for _ in range(3)]) == 3
        with pytest.raises(StreamInterrupted, match="'resp_2', in place of 'resp_1'") as caught:
            await stream.next()
        assert caught.value.partial is not None
        assert (caught.value.partial.id, caught.value.partial.output_text) == ("resp_1", "Hello")
        assert stream.inner.resume_token == {"response_id": "resp_1", "sequence_number": 2}

    play(script, FakeIO(clock, stream(CREATED, HEL), stream(LO + other)))


def test_no_connection_is_the_cause_when_all_retries_are_used_up(play: Play, clock: Clock) -> None:
    cause = OSError("no route")
    failures = []
    for _ in range(2):
        failure = TransportError("connect", "ConnectError: no route")
        failure.__cause__ = cause
        failures.append(failure)
    io = FakeIO(clock, stream(CREATED, RESET), *failures)

    with pytest.raises(StreamInterrupted) as caught:
        play(Stream.rest, io)

    assert "reset, and it was not resumed: GET http://api.test got no answer after 3 attempts" in str(
        caught.value
    )
    assert type(caught.value.__cause__) is APIConnectionError
    assert caught.value.__cause__.__cause__ is cause
    assert (asked(io), io.slept) == ([("POST", None), ("GET", "0"), ("GET", "0")], [0.5, 1.0])


@pytest.mark.parametrize(
    ("silent", "reason"),
    [
        ([stream(), stream()], "the connection was closed"),
        ([stream(CREATED), stream(CREATED)], "the connection was closed"),
        ([stream(), stream(RESET)], "reset, and it was not resumed: GET http://api.test got no answer"),
        ([stream(RESET), stream(HEL[:60])], "the connection ended inside an event"),
    ],
)
def test_connections_without_a_new_event_use_up_the_retries(
    play: Play, clock: Clock, silent: list[FakeBody], reason: str
) -> None:
    io = FakeIO(
        clock, stream(CREATED, RESET), *[FakeBody(*one.pieces, headers=dict(one.headers)) for one in silent]
    )

    with pytest.raises(StreamInterrupted) as caught:
        play(Stream.rest, io)

    assert reason in caught.value.reason
    assert caught.value.last_sequence_number == 0
    assert len(io.requests) == 3


def test_key_may_be_renewed_for_each_interruption(play: Play, clock: Clock) -> None:
    keys = iter(f"sk-{number}-hunter2" for number in range(9))
    refused = FakeBody(b"Not sk-0-hunter2, nor sk-2-hunter2", status=404)
    io = FakeIO(clock, bad(401), stream(CREATED), bad(401), stream(HEL), refused)

    with pytest.raises(StreamInterrupted) as caught:
        play(Stream.rest, io, api_key=lambda: next(keys))

    sent = [request.headers["Authorization"] for request in io.requests]
    assert sent == [f"Bearer sk-{number}-hunter2" for number in range(5)]
    assert "hunter2" not in str(caught.value) + str(caught.value.__cause__)


# --- time


def test_deadline_counts_from_the_first_request(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(CREATED, 3.0, HEL, 3.0, RESET), stream(2.0, LO, 60.0))

    with pytest.raises(StreamInterrupted) as caught:
        play(Stream.rest, io, deadline=10)

    assert caught.value.reason == "the deadline of 10 s has passed"
    assert (caught.value.last_sequence_number, clock.now) == (2, 1010)
    assert io.timeouts == [10.0, 3.5]


def test_deadline_ends_the_opening_of_a_resumed_stream(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(CREATED, 3.0, RESET), 60.0, stream(HEL))

    with pytest.raises(
        StreamInterrupted, match=r"reset, and it was not resumed: .*the deadline of 10 s"
    ) as caught:
        play(Stream.rest, io, deadline=10)

    assert type(caught.value.__cause__) is APITimeoutError
    assert clock.now == 1010


def test_stream_is_not_resumed_when_the_wait_does_not_fit_before_the_deadline(
    play: Play, clock: Clock
) -> None:
    io = FakeIO(clock, stream(CREATED, 9.7, RESET))

    with pytest.raises(StreamInterrupted, match="ReadError: reset"):
        play(Stream.rest, io, deadline=10)

    assert (len(io.requests), io.slept) == (1, [])


# --- streams that are closed meanwhile


def test_stream_closed_while_it_waits_to_be_resumed_sends_nothing_more(play: Play, clock: Clock) -> None:
    io = FakeIO(clock, stream(CREATED, RESET))

    async def script(stream: Stream) -> None:
        async def close_meanwhile(seconds: float) -> None:
            await stream.close()

        io.sleep = close_meanwhile
        assert types(await stream.until_closed()) == ["created"]

    play(script, io)
    assert len(io.requests) == 1


def test_stream_closed_while_it_connects_again_is_interrupted(play: Play, clock: Clock) -> None:
    again = stream(HEL)
    io = FakeIO(clock, stream(CREATED, RESET), again)

    async def script(stream: Stream) -> None:
        await stream.next()
        send = io.send

        async def send_slowly(*args: Any) -> Any:
            await stream.close()
            return await send(*args)

        io.send = send_slowly
        assert await stream.until_closed() == []

    play(script, io)
    assert again.closed == 1


# --- tokens


def test_token_follows_what_was_read(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        assert stream.inner.resume_token is None
        async with stream:
            seen = []
            for number in range(3):
                assert (await stream.next()).sequence_number == number
                seen.append(stream.inner.resume_token)
                assert stream.inner.resume_token == seen[-1]
        assert seen == [{"response_id": "resp_1", "sequence_number": number} for number in range(3)]
        assert stream.inner.resume_token == seen[-1]  # what was not read when the block was left stays unread
        await stream.close()
        assert stream.inner.resume_token == seen[-1]

    for pieces in ((WHOLE,), (CREATED, HEL, LO, COMPLETED), (CREATED + HEL, LO + COMPLETED)):
        play(script, FakeIO(clock, stream(*pieces)))


@pytest.mark.parametrize("pieces", [(WHOLE,), (CREATED, HEL, LO, COMPLETED)])
def test_there_is_no_token_after_the_end(play: Play, clock: Clock, pieces: tuple[bytes, ...]) -> None:
    async def script(stream: Stream) -> None:
        await stream.rest()
        assert stream.inner.resume_token is None

    play(script, FakeIO(clock, stream(*pieces)))


def test_token_of_a_resumed_stream_follows_its_events(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        seen = []
        async with stream:
            for _ in range(3):
                await stream.next()
                seen.append(cast("dict[str, Any]", stream.inner.resume_token)["sequence_number"])
        assert seen == [0, 1, 2]

    play(script, FakeIO(clock, stream(CREATED + HEL), stream(WHOLE)))


# --- interruptions anywhere


STORY = [
    CREATED,
    event("keepalive", 1),
    delta("H", 2),
    b": ping\n\n",
    delta("ällo ", 3),
    event(
        "response.output_text.delta", 4, delta="wörld 🫖", item_id="msg_1", output_index=0, content_index=0
    ),
    event("response.completed", 5, response={"id": "resp_1", "status": "completed"}).replace(b"\n", b"\r\n"),
]
TOLD = b"".join(STORY)


class Keeper(FakeIO):
    """A server that keeps the events of a response, on a line that breaks again and again."""

    def __init__(self, clock: Clock, cuts: list[int], sizes: list[int], replays: bool, breaks: bool) -> None:
        super().__init__(clock)
        self.cuts = cuts
        self.sizes = sizes
        self.replays = replays
        self.breaks = breaks

    async def send(self, request: Any, deadline: Any) -> Any:
        self.requests.append(request)
        after = parse_qs(urlsplit(request.url).query).get("starting_after")
        first = 0 if self.replays or after is None else int(after[0]) + 1
        kept = [one for one in STORY if one.startswith(b"event")][first:]
        data = TOLD if first == 0 else b"".join(kept)
        is_cut = bool(self.cuts) and self.cuts[0] < len(data)
        data = data[: self.cuts.pop(0)] if is_cut else data
        pieces: list[Any] = []
        number = 0
        while data:
            size = self.sizes[number % len(self.sizes)]
            pieces.append(data[:size])
            data = data[size:]
            number += 1
        return stream(*pieces, *([RESET] if is_cut and self.breaks else []))


@given(
    cuts=st.lists(st.integers(0, len(TOLD)), max_size=12),
    sizes=st.lists(st.integers(1, 600), min_size=1, max_size=4),
    replays=st.booleans(),
    breaks=st.booleans(),
)
def test_stream_cut_anywhere_and_in_any_pieces_gives_the_same_events(
    cuts: list[int], sizes: list[int], replays: bool, breaks: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        io = Keeper(use_clock(patch), cuts, sizes, replays, breaks)
        with EventStream(
            HttpSource(io, call({"stream": True, "background": True}, max_retries=13))
        ) as events:
            seen: list[int | None] = []
            tokens: list[int | None] = []
            for one in events:
                seen.append(one.sequence_number)
                token = events.resume_token
                tokens.append(None if token is None else token["sequence_number"])
            final = events.get_final_response()

    assert seen == [0, 1, 2, 3, 4, 5]
    assert tokens == [0, 1, 2, 3, 4, None]
    assert (final.output_text, final.status) == ("Hällo wörld 🫖", "completed")
