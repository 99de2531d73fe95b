"""Deadlines and idle timeouts: no call and no stream takes longer than it may."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from samples import CREATED, HEL, response
from scripted_server import HOLD, LAST_CHUNK, ScriptedServer, Step, answer, chunk, head, stream_head
from shells import Session, Shell
from waits import LONG, PATIENT, SHORT, SOON, settle

from responses_client.errors import APITimeoutError, InternalServerError, StreamInterrupted

PING = chunk(b": ping\n\n")


@contextmanager
def in_time() -> Iterator[None]:
    """Fail where it takes as long as the usual timeout, or as the server waits."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < PATIENT


def drip(*before: bytes, piece: bytes = b"1") -> list[Step]:
    return [*before, *[piece, 0.02] * 200]


DRIPS = {
    "headers": drip(b"HTTP/1.1 200 OK\r\nx-drip: "),
    "body": drip(head(200, content_type="application/json", content_length="1000")),
    "size of a chunk": drip(
        head(200, content_type="application/json", transfer_encoding="chunked"), piece=b"0"
    ),
    "body until the end of the connection": drip(head(200, content_type="application/json")),
    "body of an error": drip(head(503, content_type="application/json", content_length="1000")),
}


@pytest.mark.parametrize("name", DRIPS)
def test_deadline_ends_an_answer_that_drips(shell: Shell, name: str) -> None:
    expected, limit = (InternalServerError, SHORT) if "error" in name else (APITimeoutError, SOON)
    with ScriptedServer(DRIPS[name], DRIPS[name]) as server, in_time(), pytest.raises(expected) as caught:
        shell.create(server.url, deadline=limit)

    assert len(server.requests) < 2
    if expected is APITimeoutError:
        assert f"the deadline of {limit} s has passed; raise timeout or deadline" in str(caught.value)


def test_deadline_ends_the_wait_for_headers(shell: Shell) -> None:
    with ScriptedServer([HOLD]) as server, in_time(), pytest.raises(APITimeoutError, match=f"of {SOON} s"):
        shell.create(server.url, deadline=SOON)

    assert len(server.requests) < 2


@pytest.fixture
def deaf_server() -> Iterator[str]:
    """The base URL of a server that accepts connections and never reads."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


# On trio, httpx leaves the generator of the body that it sends to the garbage collector.
@pytest.mark.filterwarnings("ignore:Async generator 'httpx._content:ResourceWarning")
@pytest.mark.parametrize("is_streamed", [False, True])
def test_deadline_ends_a_request_that_the_server_does_not_read(
    shell: Shell, deaf_server: str, is_streamed: bool
) -> None:
    large = {"input": "x" * 10_000_000}  # more than the buffers of two sockets hold
    with in_time(), pytest.raises(APITimeoutError, match=f"the deadline of {SOON} s has passed"):
        (shell.events if is_streamed else shell.create)(deaf_server, large, deadline=SOON)


def test_deadline_ends_headers_that_drip_on_a_connection_used_before(shell: Shell) -> None:
    async def play(session: Session) -> None:
        await session.create()
        with in_time(), pytest.raises(APITimeoutError, match=f"of {SOON} s"):
            await session.create(deadline=SOON)

    with ScriptedServer([answer(200, response())], DRIPS["headers"]) as server:
        shell.play(play, server.url)
        assert server.connections == 1


def test_deadline_bounds_all_tries_together(shell: Shell) -> None:
    busy: list[Step] = [0.05, answer(503, {}, retry_after_ms="100")]
    with (
        ScriptedServer(*[busy] * 20) as server,
        in_time(),
        pytest.raises((InternalServerError, APITimeoutError)),
    ):
        shell.create(server.url, deadline=SHORT, max_retries=19)
    assert len(server.requests) < 10


def test_deadline_of_a_request_goes_before_that_of_the_client(shell: Shell) -> None:
    with ScriptedServer([HOLD]) as server, in_time(), pytest.raises(APITimeoutError, match=f"of {SOON} s"):
        shell.create(server.url, {"deadline": SOON}, deadline=LONG)


def test_call_within_its_deadline_is_not_disturbed() -> None:
    async def play(session: Session) -> None:
        for _ in range(2):
            assert (await session.create()).output_text == "Hello"
        settle(SHORT + SOON)  # were a timer left, it would now close the connection
        assert (await session.create()).output_text == "Hello"

    with ScriptedServer(*[[answer(200, response())]] * 3) as server:
        Shell("sync").play(play, server.url, deadline=SHORT)
        assert server.connections == 1


def test_deadline_ends_a_stream_and_keeps_the_partial_response(shell: Shell) -> None:
    script = [stream_head(), chunk(CREATED), chunk(HEL), *[PING, 0.02] * 200]
    with ScriptedServer(script) as server, in_time(), pytest.raises(StreamInterrupted) as caught:
        shell.events(server.url, deadline=SHORT)

    assert caught.value.reason == f"the deadline of {SHORT} s has passed"
    assert caught.value.partial is not None
    assert caught.value.partial.output_text == "Hel"


def test_deadline_ends_a_stream_that_never_begins_as_a_timeout(shell: Shell) -> None:
    with (
        ScriptedServer([stream_head(), *[PING, 0.02] * 200]) as server,
        in_time(),
        pytest.raises(APITimeoutError, match=f"the deadline of {SOON} s has passed"),
    ):
        shell.events(server.url, deadline=SOON)

    assert len(server.requests) < 2


@pytest.mark.parametrize("rest", [[HOLD], [PING, 0.02] * 200], ids=["silence", "pings"])
def test_idle_timeout_ends_a_stream_without_events(shell: Shell, rest: list[Step]) -> None:
    script = [stream_head(), chunk(CREATED), chunk(HEL), *rest]
    with ScriptedServer(script) as server, in_time(), pytest.raises(StreamInterrupted) as caught:
        shell.events(server.url, idle_timeout=SHORT)

    assert caught.value.reason == f"no event came for {SHORT} s (idle_timeout)"
    assert caught.value.last_sequence_number == 1


def test_idle_timeout_before_the_first_event_is_tried_again(shell: Shell) -> None:
    quiet: list[Step] = [stream_head(), HOLD]
    with ScriptedServer(quiet, quiet) as server, in_time(), pytest.raises(APITimeoutError) as caught:
        shell.events(server.url, idle_timeout=SHORT, max_retries=1)

    assert f"after 2 attempts: no event came for {SHORT} s (idle_timeout)" in str(caught.value)
    assert len(server.requests) == 2


def test_idle_timeout_runs_anew_with_each_event(shell: Shell) -> None:
    events = [
        step for number in range(5) for step in (chunk(HEL.replace(b": 1}", b": %d}" % number)), SHORT / 3)
    ]
    with (
        ScriptedServer([stream_head(), *events, chunk(CREATED), LAST_CHUNK]) as server,
        pytest.raises(StreamInterrupted, match="connection was closed"),
    ):
        shell.events(server.url, idle_timeout=SHORT)


def test_idle_timeout_is_not_for_plain_answers(shell: Shell) -> None:
    with ScriptedServer([4 * SOON, answer(200, response())]) as server:
        assert shell.create(server.url, idle_timeout=SOON).output_text == "Hello"


def test_deadline_is_counted_from_when_the_request_is_sent(shell: Shell) -> None:
    async def play(session: Session) -> None:
        stream = session.client.responses.stream(model="m", input="Hi")
        settle(SHORT + SOON)  # longer than the deadline, before the call begins
        async with entered(stream):
            pass

    with ScriptedServer([stream_head(), chunk(CREATED), HOLD]) as server:
        shell.play(play, server.url, deadline=SHORT)


class entered:
    """Enters a sync or async stream."""

    def __init__(self, stream: object) -> None:
        self.stream = stream

    async def __aenter__(self) -> None:
        if hasattr(self.stream, "__aenter__"):
            await self.stream.__aenter__()
        else:
            self.stream.__enter__()

    async def __aexit__(self, *exc_info: object) -> None:
        if hasattr(self.stream, "__aexit__"):
            await self.stream.__aexit__(None, None, None)
        else:
            self.stream.__exit__(None, None, None)
