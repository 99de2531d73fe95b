"""HTTP/2, over clients of the user: streams that are left, windows, and the server's limit of streams."""

from __future__ import annotations

import re
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import h2.settings
import httpx
import pytest
from callers import ASYNC_MODES
from http2_server import MOST_SECONDS, Answer, Http2Server, json_answer, stream_of
from samples import COMPLETED, CREATED, HEL, KEY, LO, event, response
from shells import Session, Shell
from waits import PATIENT, SHORT, SOON

from responses_client import AsyncClient, Client
from responses_client.errors import APIConnectionError, APITimeoutError, StreamInterrupted

CANCEL = 8
GOOD = json_answer(response())
OPEN = stream_of([CREATED, HEL], ends=False)
WHOLE = stream_of([CREATED, HEL, LO, COMPLETED])
PLAIN: dict[str, Any] = {"http1": False, "http2": True, "trust_env": False}


def long(megabytes: int) -> Answer:
    """A stream of so many bytes after its first event."""
    delta = event(
        "response.output_text.delta", 1, item_id="msg_1", output_index=0, content_index=0, delta="x" * 65400
    )
    return stream_of([CREATED, *[delta] * (16 * megabytes)], ends=False)


async def left(session: Session, **params: Any) -> None:
    stream = await session.stream(**params)
    await stream.next()
    await stream.close()


def test_stream_that_is_left_is_reset_and_its_connection_serves_on(shell: Shell) -> None:
    async def play(session: Session) -> None:
        await left(session)
        assert server.was_reset.acquire(timeout=MOST_SECONDS)
        assert (await session.create()).output_text == "Hello"

    with Http2Server(OPEN, GOOD) as server:
        shell.play(play, server.url, http=PLAIN)
        assert (server.resets, server.connections) == ([(1, CANCEL)], 1)


def test_stream_over_tls_is_reset_as_well(shell: Shell, certificate: Path) -> None:
    async def play(session: Session) -> None:
        await left(session)
        assert (await session.create()).output_text == "Hello"

    trusting = {
        "http2": True,
        "trust_env": False,
        "verify": ssl.create_default_context(cafile=str(certificate)),
    }
    with Http2Server(OPEN, GOOD, certificate=certificate) as server:
        shell.play(play, server.url, http=trusting)
        assert (server.resets, server.connections) == ([(1, CANCEL)], 1)


def test_bytes_of_streams_that_were_left_do_not_use_up_the_window_of_the_connection(shell: Shell) -> None:
    async def play(session: Session) -> None:
        for _ in range(6):
            await left(session)
        assert (await session.create()).output_text == "Hello"

    with Http2Server(*[long(4)] * 6, GOOD) as server:
        shell.play(play, server.url, http=PLAIN)
        assert server.connections == 1


def test_bytes_that_another_stream_received_do_not_either(shell: Shell) -> None:
    async def play(session: Session) -> None:
        other = await session.stream()
        await other.next()
        for _ in range(6):
            stream = await session.stream()  # all that comes of it is kept while the other one is read
            await stream.next()
            await session.create()
            await stream.close()
        assert (await session.create()).output_text == "Hello"
        await other.close()

    with Http2Server(OPEN, *[long(4), GOOD] * 6, GOOD) as server:
        shell.play(play, server.url, http=PLAIN)
        assert server.connections == 1


def test_other_streams_of_the_connection_go_on(shell: Shell) -> None:
    async def play(session: Session) -> list[Any]:
        other = await session.stream()
        await other.next()
        await left(session)
        return await other.rest()

    with Http2Server(WHOLE, OPEN) as server:
        assert len(shell.play(play, server.url, http=PLAIN)) == 3
        assert server.connections == 1


def test_streams_that_were_left_do_not_count_against_the_servers_limit(shell: Shell) -> None:
    async def play(session: Session) -> None:
        for _ in range(4):
            await left(session)
        assert (await session.create()).output_text == "Hello"

    with Http2Server(*[OPEN] * 4, GOOD, max_streams=2) as server:
        shell.play(play, server.url, http=PLAIN, max_retries=0)
        assert (server.connections, len(server.resets)) == (1, 4)


def test_calls_above_the_servers_limit_wait_for_their_turn() -> None:
    with Http2Server(*[GOOD] * 12, max_streams=2) as server, httpx.Client(**PLAIN) as http:
        client = Client(api_key=KEY, base_url=server.url, http_client=http, max_retries=0, timeout=PATIENT)
        with ThreadPoolExecutor(6) as pool:
            calls = [pool.submit(client.responses.create, model="m", input="Hi") for _ in range(12)]
            assert {call.result(PATIENT).output_text for call in calls} == {"Hello"}
        assert (server.connections, server.most_streams <= 2) == (1, True)


@pytest.mark.parametrize("backend", ASYNC_MODES)
def test_async_calls_above_the_servers_limit_wait_for_their_turn(backend: str) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(**PLAIN) as http, anyio.create_task_group() as group:
            client = AsyncClient(
                api_key=KEY, base_url=server.url, http_client=http, max_retries=0, timeout=PATIENT
            )

            async def call() -> None:
                texts.append((await client.responses.create(model="m", input="Hi")).output_text)

            for _ in range(12):
                group.start_soon(call)

    texts: list[str] = []
    with Http2Server(*[GOOD] * 12, max_streams=2) as server:
        anyio.run(main, backend=backend)
        assert texts == ["Hello"] * 12
        assert (server.connections, server.most_streams <= 2) == (1, True)


@pytest.mark.parametrize("backend", ASYNC_MODES)
def test_request_that_is_cancelled_before_its_answer_is_reset(backend: str) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(**PLAIN) as http:
            client = AsyncClient(api_key=KEY, base_url=server.url, http_client=http, max_retries=0)
            with pytest.raises(APITimeoutError):
                await client.responses.create(model="m", input="Hi", deadline=SHORT)
            with anyio.move_on_after(SHORT):
                await client.responses.create(model="m", input="Hi")
            for _ in range(2):
                assert await anyio.to_thread.run_sync(server.was_reset.acquire, True, MOST_SECONDS)

    with Http2Server(is_deaf=True) as server:
        anyio.run(main, backend=backend)
        assert (server.resets, server.connections) == ([(1, CANCEL), (3, CANCEL)], 1)


def test_request_whose_time_is_up_is_reset_from_its_thread() -> None:
    with Http2Server(is_deaf=True) as server, httpx.Client(**PLAIN) as http:
        client = Client(api_key=KEY, base_url=server.url, http_client=http, max_retries=0)
        with pytest.raises(APITimeoutError):
            client.responses.create(model="m", input="Hi", deadline=SHORT)
        assert server.was_reset.acquire(timeout=MOST_SECONDS)
        assert server.resets == [(1, CANCEL)]


@pytest.mark.parametrize("backend", ASYNC_MODES)
def test_task_that_is_cancelled_in_a_stream_resets_it(backend: str) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(**PLAIN) as http:
            client = AsyncClient(api_key=KEY, base_url=server.url, http_client=http, max_retries=0)
            with anyio.move_on_after(SHORT):
                async with client.responses.stream(model="m", input="Hi") as stream:
                    await stream.until_done()
            assert (await client.responses.create(model="m", input="Hi")).output_text == "Hello"

    with Http2Server(OPEN, GOOD) as server:
        anyio.run(main, backend=backend)
        assert (server.resets, server.connections) == ([(1, CANCEL)], 1)


@pytest.mark.parametrize("backend", ASYNC_MODES)
def test_deadline_of_one_stream_does_not_end_the_others(backend: str) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(**PLAIN) as http:
            client = AsyncClient(api_key=KEY, base_url=server.url, http_client=http, max_retries=0)
            async with await client.responses.create(model="m", input="Hi", stream=True) as other:
                await anext(other)
                for _ in range(2):
                    # On a busy machine, the head of the answer may be what does not come in time.
                    with pytest.raises((StreamInterrupted, APITimeoutError), match="deadline"):
                        async with client.responses.stream(model="m", input="Hi", deadline=SHORT) as stream:
                            await stream.until_done()
                    with pytest.raises(APITimeoutError):
                        await client.responses.create(model="m", input="Hi", deadline=SHORT)
                assert len([event async for event in other]) == 3
            for _ in range(4):
                assert await anyio.to_thread.run_sync(server.was_reset.acquire, True, MOST_SECONDS)

    silent = Answer(b"", ends=False)
    with Http2Server(WHOLE, *[OPEN, silent] * 2) as server:
        anyio.run(main, backend=backend)
        assert (len(server.resets), server.connections) == (4, 1)


class Wrapped(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport of the user around one of httpx, which hides its connections."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.transport.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.transport.handle_async_request(request)

    def close(self) -> None:
        self.transport.close()

    async def aclose(self) -> None:
        await self.transport.aclose()


def test_connection_that_is_hidden_is_closed_with_all_its_streams(shell: Shell) -> None:
    async def play(session: Session) -> None:
        other = await session.stream()
        await other.next()
        await left(session)
        with pytest.raises(StreamInterrupted):
            await other.rest()
        assert (await session.create()).output_text == "Hello"

    kind = httpx.HTTPTransport if shell.name == "sync" else httpx.AsyncHTTPTransport
    transport = Wrapped(kind(http1=False, http2=True))
    with Http2Server(OPEN, OPEN, GOOD) as server:
        shell.play(play, server.url, http={"transport": transport}, max_retries=1)
        assert (server.connections, server.resets) == (2, [])


# --- the limit of streams, and what a server may send


def test_call_above_the_limit_does_not_wait_for_ever(shell: Shell) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream()
        await stream.next()
        with pytest.raises(
            APITimeoutError, match="the server allows no more streams at once, and none ended"
        ):
            await session.create(timeout=SOON)
        await stream.close()
        assert (await session.create()).output_text == "Hello"

    with Http2Server(OPEN, GOOD, max_streams=1) as server:
        shell.play(play, server.url, http=PLAIN, max_retries=0)
        assert server.connections == 1


def lower_and_end(state: Any, _: int) -> None:
    state.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 1})
    for stream_id in (1, 3):
        state.send_data(stream_id, LO + COMPLETED, end_stream=True)


def test_limit_that_the_server_lowers_holds_up_no_stream(shell: Shell) -> None:
    async def play(session: Session) -> list[int]:
        streams = [await session.stream() for _ in range(3)]
        counts = [len(await stream.rest()) for stream in streams[:2]]
        await streams[2].close()
        return counts

    with Http2Server(OPEN, OPEN, replace(OPEN, then=lower_and_end)) as server:
        assert shell.play(play, server.url, http=PLAIN, max_retries=0) == [4, 4]


UNDONE = Answer(b"{", ends=False)
BAD = {
    "refuses the stream": (
        replace(UNDONE, then=lambda state, stream_id: state.reset_stream(stream_id, 7)),
        r"the server reset the stream, by the HTTP/2 code 7 \(REFUSED_STREAM\)",
    ),
    "sends a status that is no number": (Answer(b"", status="abc"), "ValueError: invalid literal for int"),
    "sends headers that cannot be decoded": (
        Answer(b"", frame=bytes.fromhex("000002010500000001ffff")),
        "from <memory>;",
    ),
    "sends data of no stream": (
        Answer(b"", frame=bytes.fromhex("00000100000000000078")),
        "Stream ID must be non-zero",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_server_that_breaks_a_stream_is_asked_again(shell: Shell, name: str) -> None:
    answer, reason = BAD[name]
    with Http2Server(answer, answer) as server, pytest.raises(APIConnectionError) as caught:
        shell.play(Session.create, server.url, http=PLAIN, max_retries=1)
    assert type(caught.value) is APIConnectionError
    assert re.search(f"after 2 attempts: .*{reason}", str(caught.value))
