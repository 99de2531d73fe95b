"""Streams that break, stall, fail or are left early: nothing is lost, nothing leaks, nothing hangs."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Sequence

import anyio
import pytest
from payloads import ERROR, FAILED, WHOLE
from samples import COMPLETED, CREATED, HEL, LO, delta, event, response
from scripted_server import (
    CLOSE,
    HOLD,
    LAST_CHUNK,
    RESET,
    ScriptedServer,
    Step,
    chunk,
    limit_for,
    stream_head,
)
from shells import Events, Session, Shell
from waits import PATIENT, eventually, settle

from responses_client import AsyncClient, AsyncEventStream, EventStream
from responses_client._transport.protocols import run
from responses_client.errors import (
    APIConnectionError,
    APITimeoutError,
    RateLimitError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
)
from responses_client.models import StreamEvent

BEGUN: list[Step] = [stream_head(x_request_id="req_1"), chunk(CREATED), chunk(HEL)]
ENDS: dict[str, list[Step]] = {
    "closed": [CLOSE],
    "reset": [RESET],
    "closed inside an event": [chunk(LO[:30]), CLOSE],
    "ended": [LAST_CHUNK],
    "ended after [DONE]": [chunk(b"data: [DONE]\n\n"), LAST_CHUNK],
    "silent": [HOLD],
    "silent inside a chunk": [b"100\r\nevent", HOLD],
}


@pytest.mark.parametrize("end", [pytest.param(end, id=name) for name, end in ENDS.items()])
def test_interrupted_stream_keeps_the_partial_response_and_is_not_sent_again(
    shell: Shell, end: list[Step]
) -> None:
    async def play(session: Session) -> None:
        events = await session.stream()
        first = [await events.next(), await events.next()]
        assert [one.type for one in first] == ["response.created", "response.output_text.delta"]
        with pytest.raises(StreamInterrupted) as caught:
            await events.next()
        error = caught.value
        assert error.partial is not None
        assert error.partial.output_text == "Hel"
        assert (error.response_id, error.last_sequence_number) == ("resp_1", 1)
        assert error.request_id == "req_1"
        assert str(error).startswith("The stream ended after event 1 without a terminal event: ")
        assert error.__context__ is None
        with pytest.raises(StreamInterrupted):
            await events.final()
        assert session.busy_connections == 0
        assert (await (await session.stream()).final()).output_text == "Hello"

    with ScriptedServer([*BEGUN, *end], WHOLE) as server:
        shell.play(play, server.url, timeout=limit_for(end))
        assert len(server.requests) == 2


def test_last_event_without_its_blank_line_counts_if_it_is_whole(shell: Shell) -> None:
    with ScriptedServer([*BEGUN, chunk(COMPLETED.rstrip()), LAST_CHUNK]) as server:
        assert [one.type for one in shell.events(server.url)][-1] == "response.completed"


UNBEGUN: dict[str, list[Step]] = {
    "reset": [stream_head(), RESET],
    "closed": [stream_head(), CLOSE],
    "closed after a comment": [stream_head(), chunk(b": ping\n\n"), CLOSE],
    "ended": [stream_head(), LAST_CHUNK],
    "silent": [stream_head(), HOLD],
    "overloaded": [
        stream_head(),
        chunk(event("error", code="server_is_overloaded", message="Later")),
        LAST_CHUNK,
    ],
}


@pytest.mark.parametrize("script", [pytest.param(script, id=name) for name, script in UNBEGUN.items()])
def test_stream_broken_before_its_first_event_is_tried_again(shell: Shell, script: list[Step]) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream()
        assert len(await stream.rest()) == 4
        assert stream.stream.meta is not None
        assert stream.stream.meta.tries == 3

    with ScriptedServer(script, script, WHOLE) as server:
        shell.play(play, server.url, timeout=limit_for(script))
        assert len({request.headers["idempotency-key"] for request in server.requests}) == 1


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("reset", APIConnectionError, "got no answer after 2 attempts: {ReadError}"),
        ("ended", StreamInterrupted, "the answer has no events"),
        ("silent", APITimeoutError, "was not answered in time after 2 attempts: ReadTimeout"),
        ("overloaded", StreamError, "Later (code server_is_overloaded)"),
    ],
)
def test_stream_that_never_begins_is_given_up(
    shell: Shell, name: str, kind: type[Exception], shown: str
) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream()
        for _ in range(2):  # the error stays
            with pytest.raises(kind) as caught:
                await stream.next()
            assert expected in str(caught.value)
        assert session.busy_connections == 0

    expected = shown.format(ReadError=shell.words("ReadError"))
    with ScriptedServer(UNBEGUN[name], UNBEGUN[name]) as server:
        shell.play(play, server.url, timeout=limit_for(UNBEGUN[name]), max_retries=1)
        assert len(server.requests) == 2


def test_first_try_of_a_stream_may_fail_with_a_status_on_the_second(shell: Shell) -> None:
    limited = b"HTTP/1.1 429 Busy\r\ncontent-length: 0\r\nx-should-retry: false\r\n\r\n"
    with ScriptedServer(UNBEGUN["closed"], [limited]) as server, pytest.raises(RateLimitError):
        shell.events(server.url)


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param([chunk(ERROR + FAILED), LAST_CHUNK], id="in one chunk"),
        pytest.param([chunk(ERROR), 0.01, chunk(FAILED), LAST_CHUNK], id="in two chunks"),
        pytest.param([chunk(ERROR), 0.01, chunk(FAILED), HOLD], id="on a line kept open"),
    ],
)
def test_error_event_is_raised_with_the_failed_response_that_follows(shell: Shell, rest: list[Step]) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream()
        assert (await stream.next()).type == "response.created"
        await stream.next()
        with pytest.raises(StreamError) as caught:
            await stream.next()
        error = caught.value
        assert (error.code, error.message, error.request_id) == ("server_error", "Out of order", "req_1")
        assert error.partial is not None
        assert error.partial.status == "failed"
        assert error.response_id == "resp_1"
        assert session.busy_connections == 0

    with ScriptedServer([*BEGUN, *rest]) as server:
        shell.play(play, server.url)
        assert len(server.requests) == 1


def test_error_event_without_more_keeps_the_text_that_came(shell: Shell) -> None:
    with ScriptedServer([*BEGUN, chunk(ERROR), LAST_CHUNK]) as server, pytest.raises(StreamError) as caught:
        shell.events(server.url)

    assert caught.value.partial is not None
    assert caught.value.partial.output_text == "Hel"


def test_first_error_event_that_no_retry_helps_is_raised_at_once(shell: Shell) -> None:
    bad = [stream_head(), chunk(event("error", code="invalid_prompt", message="No")), LAST_CHUNK]
    with ScriptedServer(bad, WHOLE) as server, pytest.raises(StreamError, match="invalid_prompt"):
        shell.events(server.url)

    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["failed", "incomplete"])
def test_response_that_failed_is_the_final_response(shell: Shell, status: str) -> None:
    async def play(session: Session) -> str | None:
        return (await (await session.stream()).final()).status

    last = event(f"response.{status}", 2, response=response(status, error={"code": "x", "message": "No"}))
    with ScriptedServer([*BEGUN, chunk(last), LAST_CHUNK]) as server:
        assert shell.play(play, server.url) == status


def test_stream_ends_after_its_terminal_event_though_the_line_stays_open(shell: Shell) -> None:
    async def play(session: Session) -> None:
        start = time.monotonic()
        assert len(await (await session.stream()).rest()) == 3
        assert time.monotonic() - start < PATIENT
        assert session.busy_connections == 0

    with ScriptedServer([*BEGUN, chunk(COMPLETED), HOLD]) as server:
        shell.play(play, server.url)
        assert server.left.wait(PATIENT)


@pytest.mark.usefixtures("patient_drain")
@pytest.mark.parametrize("pause", [0.0, 0.01])
def test_connection_is_used_again_when_the_stream_ends_soon_after_its_terminal_event(
    shell: Shell, pause: float
) -> None:
    async def play(session: Session) -> None:
        for _ in range(3):
            assert len(await (await session.stream()).rest()) == 3

    script = [*BEGUN, chunk(COMPLETED), pause, LAST_CHUNK]
    with ScriptedServer(script, script, script) as server:
        shell.play(play, server.url)
        assert server.connections == 1


@pytest.mark.usefixtures("patient_drain")
def test_connection_is_used_again_when_the_block_is_left_after_the_terminal_event(shell: Shell) -> None:
    async def play(session: Session) -> None:
        for _ in range(2):
            stream = await session.stream()
            for _ in range(3):
                await stream.next()
            await stream.close()

    script = [*BEGUN, chunk(COMPLETED), 0.01, LAST_CHUNK]
    with ScriptedServer(script, script) as server:
        shell.play(play, server.url)
        assert server.connections == 1


def test_leaving_a_stream_early_closes_its_connection_at_once(shell: Shell) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream()
        await stream.next()
        await stream.close()
        assert server.left.wait(PATIENT)
        assert session.busy_connections == 0
        assert await stream.until_closed([]) == []
        assert (await (await session.stream()).final()).output_text == "Hello"

    with ScriptedServer([*BEGUN, HOLD], WHOLE) as server:
        shell.play(play, server.url)


def test_stream_left_early_has_no_final_response_but_a_partial_one(shell: Shell) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream()
        await stream.next()
        await stream.next()
        await stream.close()
        with pytest.raises(StreamInterrupted, match="closed here before its end") as caught:
            await stream.final()
        assert caught.value.partial is not None
        assert caught.value.partial.output_text == "Hel"
        assert caught.value.response_id == "resp_1"

    with ScriptedServer([*BEGUN, HOLD]) as server:
        shell.play(play, server.url)


def test_stream_knows_its_request_id_headers_and_rate_limits(shell: Shell) -> None:
    async def play(session: Session) -> None:
        stream = (await session.stream()).stream
        assert stream.meta is not None
        assert stream.meta.request_id == "req_7"
        assert stream.meta.rate_limits.remaining_requests == 9
        await Events(stream).close()

    headers = {"x-request-id": "req_7", "x-ratelimit-remaining-requests": "9"}
    with ScriptedServer([stream_head(**headers), HOLD]) as server:
        shell.play(play, server.url)


def test_stream_dropped_without_closing_is_closed_with_a_warning() -> None:
    async def play(session: Session) -> None:
        stream = (await session.stream()).stream
        assert isinstance(stream, EventStream)
        for _ in stream:
            break
        with pytest.warns(ResourceWarning, match="EventStream was not closed: use it in a block of `with`"):  # noqa: PT031  # either line may warn
            del stream
            gc.collect()
        assert server.left.wait(PATIENT)
        assert session.busy_connections == 0

    with ScriptedServer([*BEGUN, HOLD]) as server:
        Shell("sync").play(play, server.url)


def test_connection_of_a_dropped_async_stream_is_closed_by_the_event_loop() -> None:
    async def play(session: Session) -> None:
        stream = (await session.stream()).stream
        assert isinstance(stream, AsyncEventStream)
        async for _ in stream:
            break
        with pytest.warns(ResourceWarning, match="AsyncEventStream was not closed"):  # noqa: PT031  # either line may warn
            del stream
            gc.collect()
        assert await anyio.to_thread.run_sync(server.left.wait, PATIENT)
        assert session.busy_connections == 0

    with ScriptedServer([*BEGUN, HOLD]) as server:
        Shell("asyncio").play(play, server.url)


def test_connection_of_an_async_stream_is_closed_with_the_event_loop(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main(url: str) -> None:
        stream = await AsyncClient(api_key="k", base_url=url).responses.create(
            model="m", input="Hi", stream=True
        )
        await anext(stream)

    with ScriptedServer([*BEGUN, HOLD]) as server:
        with pytest.warns(ResourceWarning) as warned:
            asyncio.run(main(server.url))
        assert server.left.wait(PATIENT)
    assert [str(one.message) for one in warned] == [
        "AsyncEventStream was not closed: use it in a block of `async with`"
    ]
    assert [record for record in caplog.records if record.name == "asyncio"] == []


def test_stream_can_be_closed_from_another_thread_while_it_is_waited_for() -> None:
    async def play(session: Session) -> None:
        stream = (await session.stream()).stream
        assert isinstance(stream, EventStream)
        found: list[StreamEvent] = []

        def close_soon() -> None:
            eventually(lambda: len(found) == 2)
            settle()
            stream.close()

        closer = threading.Thread(target=close_soon)
        closer.start()
        start = time.monotonic()
        await Events(stream).until_closed(found)
        assert time.monotonic() - start < PATIENT
        closer.join()
        assert len(found) == 2
        assert session.busy_connections == 0

    with ScriptedServer([*BEGUN, HOLD]) as server:
        Shell("sync").play(play, server.url)


def test_second_thread_that_reads_a_stream_is_refused() -> None:
    found: list[StreamEvent] = []

    async def play(session: Session) -> None:
        events = await session.stream()
        stream = events.stream
        assert isinstance(stream, EventStream)
        reader = threading.Thread(target=lambda: run(events.until_closed(found)))
        reader.start()
        eventually(lambda: len(found) == 2 and stream._source.is_reading)
        with pytest.raises(RuntimeError, match="This stream is being read by another thread or task"):
            stream.until_done()
        stream.close()
        reader.join()
        assert len(found) == 2
        assert session.busy_connections == 0

    with ScriptedServer([*BEGUN, HOLD]) as server:
        Shell("sync").play(play, server.url)


def huge(size: int) -> Sequence[Step]:
    return [chunk(delta("x" * 1000, 2)) for _ in range(size // 1000)]


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param([chunk(delta("x" * 20_000, 2)), HOLD], id="whole"),
        pytest.param([chunk(b"data: "), *[chunk(b"x" * 1000)] * 20, HOLD], id="in pieces without an end"),
    ],
)
def test_event_beyond_the_limit_is_an_error_and_closes_the_connection(shell: Shell, rest: list[Step]) -> None:
    with ScriptedServer([*BEGUN, *rest]) as server:
        with pytest.raises(ResponseValidationError, match="max_event_bytes") as caught:
            shell.events(server.url, max_event_bytes=10_000)
        assert server.left.wait(PATIENT)

    assert caught.value.request_id == "req_1"


def test_limit_is_for_one_event_and_not_for_the_stream(shell: Shell) -> None:
    with ScriptedServer([*BEGUN, *huge(100_000), chunk(COMPLETED), LAST_CHUNK]) as server:
        assert len(shell.events(server.url, max_event_bytes=10_000)) == 103


@pytest.mark.parametrize(
    "frame", [b"event: ping\n\n", b"retry: 10\n\n", b": ping\n\n", b"id: 1\n\n", b"data:\n\n"]
)
def test_frame_without_data_is_passed_over(shell: Shell, frame: bytes) -> None:
    with ScriptedServer([*BEGUN, chunk(frame), chunk(COMPLETED), LAST_CHUNK]) as server:
        assert len(shell.events(server.url)) == 3


def test_byte_order_mark_costs_no_event(shell: Shell) -> None:
    with ScriptedServer(
        [stream_head(), chunk(b"\xef"), chunk(b"\xbb\xbf" + CREATED), chunk(COMPLETED)]
    ) as server:
        assert len(shell.events(server.url)) == 2


def test_bytes_that_are_no_text_cost_no_event(shell: Shell) -> None:
    broken = HEL.replace(b"Hel", b"H\xffl")
    with ScriptedServer(
        [stream_head(), chunk(CREATED), chunk(broken), chunk(COMPLETED), LAST_CHUNK]
    ) as server:
        events = shell.events(server.url)

    assert [one.to_dict().get("delta") for one in events] == [None, "H\ufffdl", None]


def test_event_that_is_no_json_ends_the_stream_with_the_packages_error(shell: Shell) -> None:
    with ScriptedServer([*BEGUN, chunk(b"data: {oops\n\n"), HOLD]) as server:
        with pytest.raises(ResponseValidationError, match="not valid JSON") as caught:
            shell.events(server.url)
        assert server.left.wait(PATIENT)

    assert caught.value.request_id == "req_1"
