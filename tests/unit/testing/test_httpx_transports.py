"""The pace of answers: event by event, slowly, and broken off, with sync and async clients."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from server_calls import async_http, create, events, http, text_of

from responses_client.testing import Server

STREAM = {"model": "m", "input": "Hello", "stream": True}
PLAIN = {"model": "m", "input": "Hello"}


def slow(naps: list[float]) -> Server:
    """A server that records the seconds of its waits."""
    return Server(sleep=naps.append)


def read(client: httpx.Client, body: Any) -> list[bytes]:
    """Return the chunks of an answer."""
    with client.stream("POST", "/responses", json=body) as response:
        return list(response.iter_raw())


async def aread(client: httpx.AsyncClient, body: Any, chunks: list[bytes]) -> list[bytes]:
    """Read the chunks of an answer into `chunks`, which has those before an error, too."""
    async with client.stream("POST", "/responses", json=body) as response:
        async for chunk in response.aiter_raw():
            chunks.append(chunk)  # noqa: PERF401  # a comprehension would lose them
    return chunks


# --- streaming


def test_each_chunk_is_one_event() -> None:
    with Server() as server, http(server) as client:
        chunks = read(client, STREAM)
    assert [len(events(chunk.decode())) for chunk in chunks] == [1] * len(chunks)


async def test_each_chunk_is_one_event_async() -> None:
    with Server() as server:
        async with async_http(server) as client:
            chunks = await aread(client, STREAM, [])
    assert [len(events(chunk.decode())) for chunk in chunks] == [1] * len(chunks)


def test_stream_left_early_is_closed() -> None:
    with Server() as server, http(server) as client:
        with client.stream("POST", "/responses", json=STREAM) as response:
            next(response.iter_raw())
            assert (server.open_streams, server.closed_streams) == (1, 0)
        assert (server.open_streams, server.closed_streams) == (0, 1)


async def test_stream_left_early_is_closed_async() -> None:
    with Server() as server:
        async with async_http(server) as client:
            async with client.stream("POST", "/responses", json=STREAM) as response:
                assert server.open_streams == 1
            assert (server.open_streams, server.closed_streams) == (0, 1)
            assert response.is_closed


def test_stream_is_counted_once_however_often_it_is_closed() -> None:
    with Server() as server:
        request = httpx.Request("POST", f"{server.base_url}/responses", json=STREAM, headers={"api-key": "k"})
        response = server.transport().handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream.close()
        response.stream.close()
        assert (server.open_streams, server.closed_streams) == (0, 1)


def test_answers_that_are_no_streams_are_not_counted() -> None:
    with Server() as server:
        create(server)
        assert (server.open_streams, server.closed_streams) == (0, 0)


async def test_event_loop_runs_other_tasks_between_events() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    with Server() as server:
        async with async_http(server) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(other)
            chunks = await aread(client, STREAM, [])
            tasks.cancel_scope.cancel()
    assert turns >= len(chunks) > 10


async def test_cancelled_reader_leaves_no_open_stream() -> None:
    with Server() as server:
        async with async_http(server) as client:
            with anyio.CancelScope() as scope:
                async with client.stream("POST", "/responses", json=STREAM) as response:
                    async for _ in response.aiter_raw():
                        scope.cancel()
            assert scope.cancelled_caught
            assert server.open_streams == 0
            assert (await client.post("/responses", json=PLAIN)).status_code == 200


# --- broken connections


@pytest.mark.parametrize("count", [0, 1, 5])
def test_stream_breaks_off_after_so_many_events(count: int) -> None:
    with Server() as server, http(server) as client:
        server.disconnect_after(events=count)
        chunks: list[bytes] = []
        with client.stream("POST", "/responses", json=STREAM) as response:
            assert response.status_code == 200
            with pytest.raises(httpx.ReadError, match="disconnect_after"):
                chunks.extend(response.iter_raw())
        assert len(events(b"".join(chunks).decode())) <= count
        assert server.open_streams == 0


async def test_stream_breaks_off_after_so_many_events_async() -> None:
    chunks: list[bytes] = []
    with Server() as server:
        server.disconnect_after(events=5)
        async with async_http(server) as client:
            with pytest.raises(httpx.ReadError, match="disconnect_after"):
                await aread(client, STREAM, chunks)
    assert len(chunks) == 5


def test_clean_cut_ends_the_stream_without_an_error() -> None:
    with Server() as server, http(server) as client:
        server.disconnect_after(events=5, clean=True)
        assert len(read(client, STREAM)) == 5
        assert len(read(client, STREAM)) > 5


@pytest.mark.parametrize(("more", "broken"), [(0, True), (1, False)])
def test_cut_after_the_last_event_breaks_there_and_beyond_it_nothing(more: int, broken: bool) -> None:
    with Server() as server, http(server) as client:
        length = len(read(client, STREAM))
        server.disconnect_after(events=length + more)
        if broken:
            with pytest.raises(httpx.ReadError):
                read(client, STREAM)
        else:
            assert len(read(client, STREAM)) == length


@pytest.mark.parametrize("count", [0, 1])
def test_answer_that_is_no_stream_breaks_off_in_its_middle(count: int) -> None:
    with Server() as server, http(server) as client:
        whole = client.post("/responses", json=PLAIN).content
        server.disconnect_after(events=count, clean=True)
        assert len(client.post("/responses", json=PLAIN).content) == count * (len(whole) // 2)
        server.disconnect_after(events=count)
        with pytest.raises(httpx.ReadError):
            client.post("/responses", json=PLAIN)


# --- the answers that changes apply to


def outcomes(server: Server, count: int) -> list[str]:
    """Return the outcomes of streams in a row: the type of the last event, an HTTP status, or a break."""
    found: list[str] = []
    with http(server) as client:
        for _ in range(count):
            try:
                response = client.post("/responses", json=STREAM)
            except httpx.ReadError:
                found.append("broken")
            else:
                is_error = response.status_code != 200
                found.append(str(response.status_code) if is_error else events(response.text)[-1]["type"])
    return found


DONE = "response.completed"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (lambda server: server.disconnect_after(events=3), ["broken", DONE]),
        (lambda server: server.disconnect_after(events=3).reply("a"), ["broken", DONE]),
        (lambda server: server.reply("a").disconnect_after(events=3), ["broken", DONE]),
        (lambda server: server.reply("a").disconnect_after(events=3).reply("b"), [DONE, "broken"]),
        (lambda server: server.fail(500).disconnect_after(events=3), ["500", "broken", DONE]),
        (lambda server: server.delay(0).disconnect_after(events=3).fail(500), ["broken", DONE]),
    ],
)
def test_cut_applies_to_the_next_answer(script: Callable[[Server], Server], expected: list[str]) -> None:
    with Server() as server:
        script(server)
        assert outcomes(server, len(expected)) == expected


def test_changes_before_and_after_an_answer_add_up() -> None:
    naps: list[float] = []
    with slow(naps) as server:
        server.delay(2).delay(per_event=3).reply("a").disconnect_after(events=2)
        assert outcomes(server, 2) == ["broken", DONE]
    assert naps == [2, 3]


# --- slow answers


def test_delay_comes_before_the_headers_once() -> None:
    naps: list[float] = []
    with slow(naps) as server:
        server.delay(1.5)
        assert create(server).status_code == 200
        assert create(server).status_code == 200
    assert naps == [1.5]


def test_delay_per_event_comes_between_events() -> None:
    naps: list[float] = []
    with slow(naps) as server, http(server) as client:
        server.delay(per_event=0.25)
        chunks = read(client, STREAM)
    assert naps == [0.25] * (len(chunks) - 1)


async def test_delays_are_the_same_async() -> None:
    naps: list[float] = []
    with slow(naps) as server:
        async with async_http(server) as client:
            server.delay(1.5, per_event=0.25)
            chunks = await aread(client, STREAM, [])
    assert naps == [1.5] + [0.25] * (len(chunks) - 1)


def test_delay_over_the_read_timeout_times_out_after_that_time() -> None:
    naps: list[float] = []
    with slow(naps) as server, http(server, timeout=httpx.Timeout(30, read=2)) as client:
        server.delay(60)
        with pytest.raises(httpx.ReadTimeout, match="2"):
            client.post("/responses", json=PLAIN)
    assert naps == [2]


def test_wait_between_events_times_out_in_the_stream() -> None:
    naps: list[float] = []
    with slow(naps) as server, http(server, timeout=httpx.Timeout(30, read=2)) as client:
        server.delay(per_event=3)
        with client.stream("POST", "/responses", json=STREAM) as response, pytest.raises(httpx.ReadTimeout):
            response.read()
        assert server.open_streams == 0
    assert naps == [2]


async def test_wait_between_events_times_out_in_the_stream_async() -> None:
    naps: list[float] = []
    with slow(naps) as server:
        async with async_http(server, timeout=httpx.Timeout(30, read=2)) as client:
            server.delay(per_event=3)
            with pytest.raises(httpx.ReadTimeout):
                await client.post("/responses", json=STREAM)
            server.delay(3)
            with pytest.raises(httpx.ReadTimeout):
                await client.post("/responses", json=PLAIN)
    assert naps == [2, 2]


def test_without_a_read_timeout_any_delay_is_sat_out() -> None:
    naps: list[float] = []
    with slow(naps) as server, http(server, timeout=None) as client:
        server.delay(3600)
        assert client.post("/responses", json=PLAIN).status_code == 200
    assert naps == [3600]


def test_request_without_timeouts_is_sat_out_too() -> None:
    naps: list[float] = []
    with slow(naps) as server:
        server.delay(3600)
        request = httpx.Request("GET", f"{server.base_url}/x")
        assert server.transport().handle_request(request).status_code == 404
    assert naps == []


def test_sync_clients_wait_by_the_real_clock_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    with Server() as server:
        create(server.delay(0.5))
    assert naps == [0.5]


async def test_async_clients_wait_by_the_real_clock_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    with Server() as server:
        async with async_http(server.delay(0.5)) as client:
            await client.post("/responses", json=PLAIN)
    assert naps == [0.5]


async def test_plain_answer_is_the_same_async() -> None:
    with Server() as server:
        server.reply("Hello").fail(503)
        async with async_http(server) as client:
            assert text_of((await client.post("/responses", json=PLAIN)).json()) == "Hello"
            assert (await client.post("/responses", json=PLAIN)).status_code == 503
