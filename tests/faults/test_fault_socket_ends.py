"""The ends of WebSocket sessions with a server of another library: losses, errors, cancellation, closing."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable

import anyio
import pytest
from samples import KEY, response
from socket_server import Peer, Script, SocketServer, answer, delta, event
from socket_shell import SocketSession, SocketShell, echo, wait_for_close
from waits import LONG, PATIENT, SHORT, SOON, eventually

from responses_client import AsyncClient, Client
from responses_client.errors import (
    APIConnectionError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
)

# Losses and errors


def lose(how: Callable[[Peer], None]) -> Script:
    def script(peer: Peer) -> None:
        lanes = [peer.request()["stream_id"] for _ in range(2)]
        for lane, text in zip(lanes, ("Hel", "Wor"), strict=True):
            about = {"id": f"resp_{lane}"}
            peer.send(
                event(lane, "created", 0, response=response("in_progress") | about), delta(lane, text, 1)
            )
        how(peer)

    return script


@pytest.mark.parametrize(
    "how",
    [
        Peer.reset,
        lambda peer: peer.connection.socket.shutdown(2),
        lambda peer: peer.connection.close(1011, "no"),
    ],
    ids=["reset", "closed", "close_frame"],
)
def test_lost_connection_gives_each_stream_its_part(
    sessions: SocketShell, how: Callable[[Peer], None]
) -> None:
    async def script(session: SocketSession) -> list[tuple[str, str | None, int | None]]:
        streams = [await session.create() for _ in range(2)]
        found: list[tuple[str, str | None, int | None]] = []
        for stream in streams:
            with pytest.raises(StreamInterrupted) as caught:
                await stream.rest()
            error = caught.value
            assert error.partial is not None
            found.append((error.partial.output_text, error.response_id, error.last_sequence_number))
        with pytest.raises(APIConnectionError, match="The WebSocket session has ended"):
            await session.create()
        return found

    with SocketServer(lose(how)) as server:
        assert sessions.talk(script, server.url) == [("Hel", "resp_rc-1", 1), ("Wor", "resp_rc-2", 1)]


def test_server_that_falls_silent_is_noticed_by_pings(sessions: SocketShell) -> None:
    frozen = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.ignore_input()
        frozen.wait(PATIENT)
        peer.reset()

    async def play(session: SocketSession) -> None:
        stream = await session.create()
        with pytest.raises(StreamInterrupted, match=f"a ping was not answered for {SOON} s"):
            await stream.rest()
        frozen.set()

    with SocketServer(script) as server:
        sessions.talk(play, server.url, options={"ping_interval": SHORT, "ping_timeout": SOON})


def test_error_of_one_response_is_its_own(sessions: SocketShell) -> None:
    error = {
        "type": "invalid_request_error",
        "code": "invalid_prompt",
        "message": "Too odd",
        "param": "input",
    }

    def script(peer: Peer) -> None:
        bad, good = peer.request(), peer.request()
        peer.send(event(bad["stream_id"], "error", status=400, error=error), *answer(good))

    async def play(session: SocketSession) -> None:
        bad, good = await session.create("bad"), await session.create("good")
        with pytest.raises(StreamError, match="Too odd") as caught:
            await bad.rest()
        assert (caught.value.status_code, caught.value.param) == (400, "input")
        assert (await good.final()).output_text == "good "

    with SocketServer(script) as server:
        sessions.talk(play, server.url)


@pytest.mark.parametrize(
    ("flood", "timeout", "error", "message"),
    [
        (b"\x00\x00", LONG, ResponseValidationError, r"larger than 5000 bytes \(max_event_bytes\)"),
        (b"\x89\x00", SHORT, StreamInterrupted, rf"no event came for {SHORT} s \(timeout\)"),
        (b"\x8a\x00", SHORT, StreamInterrupted, rf"no event came for {SHORT} s \(timeout\)"),
    ],
    ids=["empty frames", "pings", "pongs"],
)
def test_flood_of_frames_without_events_ends_in_an_error(
    sessions: SocketShell, flood: bytes, timeout: float, error: type[Exception], message: str
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send_frames(b"\x01\x00" if flood == b"\x00\x00" else b"", flood * 1000)

    async def play(session: SocketSession) -> None:
        stream = await session.create(timeout=timeout)
        start = time.monotonic()
        with pytest.raises(error, match=message):
            await stream.rest()
        assert time.monotonic() - start < PATIENT

    with SocketServer(script) as server:
        sessions.talk(play, server.url, max_event_bytes=5_000, options={"ping_interval": None})


@pytest.mark.parametrize(
    ("bad", "error", "code"),
    [
        (b"\x00\x01", StreamInterrupted, 1003),
        ("no JSON", ResponseValidationError, 1000),
        ("x" * 100_000, ResponseValidationError, 1009),
    ],
    ids=["binary", "text", "large"],
)
def test_bad_messages_end_the_session_cleanly(
    sessions: SocketShell, bad: bytes | str, error: type[Exception], code: int
) -> None:
    def script(peer: Peer) -> None:
        lane = peer.request()["stream_id"]
        peer.send(delta(lane, "Hel"))
        peer.connection.send(bad)

    async def play(session: SocketSession) -> None:
        stream = await session.create()
        with pytest.raises(error) as caught:
            await stream.rest()
        assert caught.value.partial.output_text == "Hel"

    with SocketServer(script) as server:
        sessions.talk(play, server.url, max_event_bytes=50_000)
        assert server.close_code() == code


# Cancellation and closing


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_wait_leaves_stream_and_session_usable(backend: str) -> None:
    resume = threading.Event()

    def script(peer: Peer) -> None:
        request = peer.request()
        first, *rest = answer(request)
        peer.send(first)
        resume.wait(PATIENT)
        peer.send(*rest)
        echo(peer)

    async def play(session: SocketSession) -> None:
        stream = await session.create("one two")
        await stream.next()
        with anyio.move_on_after(SOON) as scope:
            await stream.next()
        assert scope.cancelled_caught
        resume.set()
        assert (await stream.final()).output_text == "one two "
        assert (await (await session.create("three")).final()).output_text == "three "

    with SocketServer(script) as server:
        SocketShell(backend).talk(play, server.url)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_session_sends_a_close_frame(backend: str) -> None:
    async def main() -> None:
        async with AsyncClient(api_key=KEY, base_url=server.url) as client:
            with anyio.CancelScope() as scope:
                async with client.responses.connect() as session:
                    scope.deadline = anyio.current_time() + SOON
                    await session.recv()
            assert scope.cancelled_caught
            assert session.is_closed

    with SocketServer(wait_for_close) as server:
        anyio.run(main, backend=backend)
        assert server.close_code() == 1000


def test_block_left_by_an_exception_sends_a_close_frame(sessions: SocketShell) -> None:
    async def play(session: SocketSession) -> None:
        stream = await session.create()
        await stream.next()
        raise ZeroDivisionError

    with SocketServer(echo) as server:
        with pytest.raises(ZeroDivisionError):
            sessions.talk(play, server.url)
        assert server.close_code() == 1000


def test_server_that_ignores_the_close_frame_is_left(sessions: SocketShell) -> None:
    is_closed, waited_in_vain = threading.Event(), threading.Event()

    def ignore(peer: Peer) -> None:
        peer.ignore_input()
        if not is_closed.wait(PATIENT):
            waited_in_vain.set()
        peer.reset()

    async def play(session: SocketSession) -> None:
        pass

    with SocketServer(ignore) as server:
        sessions.talk(play, server.url)
        is_closed.set()
    assert not waited_in_vain.is_set()


def test_session_closed_by_another_thread_ends_the_wait() -> None:
    with SocketServer(wait_for_close) as server, Client(api_key=KEY, base_url=server.url) as client:
        session = client.responses.connect().__enter__()
        stream = session.create(model="m", input="Hi")
        timer = threading.Timer(SOON, session.close)
        timer.start()
        with pytest.raises(StreamInterrupted, match="the session was closed here"):
            next(stream)
        timer.join()


def test_closed_client_ends_its_sessions() -> None:
    with SocketServer(wait_for_close) as server:
        client = Client(api_key=KEY, base_url=server.url)
        with client.responses.connect() as session:
            stream = session.create(model="m", input="Hi")
            client.close()
            with pytest.raises(StreamInterrupted, match="the connection"):
                next(stream)


def test_no_thread_and_no_task_is_left(sessions: SocketShell) -> None:
    before = threading.active_count()

    async def play(session: SocketSession) -> None:
        await (await session.create()).final()

    with SocketServer(echo) as server:
        sessions.talk(play, server.url)
        gc.collect()
    eventually(lambda: threading.active_count() <= before)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_session_may_be_left_in_another_task_than_it_was_entered_in(backend: str) -> None:
    async def main() -> None:
        async with AsyncClient(api_key=KEY, base_url=server.url) as client:
            session = client.responses.connect()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(session.__aenter__)
            stream = await session.create(model="m", input="Hi")
            assert (await stream.get_final_response()).output_text == "Hi "
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(session.aclose)

    with SocketServer(echo) as server:
        anyio.run(main, backend=backend)
        assert server.close_code() == 1000
