"""WebSocket sessions with a server of another library: connecting, many responses at once, slow readers, steering."""

from __future__ import annotations

import random
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from samples import KEY, response
from scripted_server import CLOSE, HOLD, ScriptedServer, Seen, Step, head
from scripted_server import answer as http_answer
from shells import HTTP, Events
from socket_server import Peer, SocketServer, answer, delta, event
from socket_shell import SocketSession, SocketShell, echo, wait_for_close
from waits import LONG, PATIENT, SHORT, SOON, eventually, eventually_async, settle, settle_async

from responses_client import AsyncClient, Client, WebSocketSession
from responses_client._transport.protocols import run
from responses_client._websocket.frames import accept_token
from responses_client.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    NotFoundError,
    ResponseValidationError,
    StreamInterrupted,
)
from responses_client.models import SteerAccepted, SteerFailed, SteerPending

MANY = 50


# Many at once


def interleaved(peer: Peer) -> None:
    """A script: take many requests and answer them all at the same time."""
    answers = [answer(peer.request()) for _ in range(MANY)]
    chance = random.Random(17)
    while answers:
        one = chance.choice(answers)
        found = next(one, None)
        if found is None:
            answers.remove(one)
        else:
            peer.send(found)


def texts() -> list[str]:
    return [" ".join(f"{number}-{word}" for word in range(20)) + " " for number in range(MANY)]


def test_responses_read_one_after_the_other_are_not_mixed_up(sessions: SocketShell) -> None:
    async def script(session: SocketSession) -> list[str]:
        streams = [await session.create(text) for text in texts()]
        return [(await stream.final()).output_text for stream in streams]

    with SocketServer(interleaved) as server:
        assert sessions.talk(script, server.url) == texts()
        assert server.close_code() == 1000
    lanes = [request["stream_id"] for request in server.peers[0].requests]
    assert len(set(lanes)) == MANY


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_responses_read_by_as_many_tasks_are_not_mixed_up(backend: str) -> None:
    found: dict[str, str] = {}

    async def script(session: SocketSession) -> None:
        async def one(text: str) -> None:
            stream = (await session.create(text)).stream
            async with stream:
                found[text] = "".join([piece async for piece in stream.text_deltas()])

        async with anyio.create_task_group() as tasks:
            for text in texts():
                tasks.start_soon(one, text)

    with SocketServer(interleaved) as server:
        SocketShell(backend).talk(script, server.url)
    assert found == {text: text for text in texts()}


def test_responses_read_by_as_many_threads_are_not_mixed_up() -> None:
    async def script(session: SocketSession) -> list[str]:
        def one(text: str) -> str:
            with run(session.create(text)).stream as stream:
                return "".join(stream.text_deltas())

        with ThreadPoolExecutor(MANY) as pool:
            return list(pool.map(one, texts()))

    with SocketServer(interleaved) as server:
        assert SocketShell("sync").talk(script, server.url) == texts()


def test_one_session_serves_one_request_after_the_other(sessions: SocketShell) -> None:
    async def script(session: SocketSession) -> None:
        for number in range(5):
            assert (await (await session.create(f"turn {number}")).final()).output_text == f"turn {number} "

    with SocketServer(echo) as server:
        sessions.talk(script, server.url)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_large_messages_go_both_ways(sessions: SocketShell) -> None:
    text = "x" * 3_000_000

    async def script(session: SocketSession) -> str:
        return (await (await session.create(text)).final()).output_text

    with SocketServer(lambda peer: peer.send(*answer(peer.request(), text))) as server:
        assert sessions.talk(script, server.url) == text


def test_encrypted_session_works(sessions: SocketShell, certificate: Path) -> None:
    http = {"trust_env": False, "verify": ssl.create_default_context(cafile=certificate)}

    async def script(session: SocketSession) -> list[str]:
        streams = [await session.create(text) for text in texts()]
        return [(await stream.final()).output_text for stream in streams]

    with SocketServer(interleaved, certificate=certificate) as server:
        assert sessions.talk(script, server.url, http) == texts()


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_clients_of_both_libraries_carry_sessions(library: Any) -> None:
    with SocketServer(echo) as server:
        with (
            library.Client(**HTTP) as http,
            Client(api_key=KEY, base_url=server.url, http_client=http) as client,
            client.responses.connect() as session,
        ):
            assert session.create(model="m", input="Hi").get_final_response().output_text == "Hi "

        async def main() -> str:
            async with (
                library.AsyncClient(**HTTP) as http,
                AsyncClient(api_key=KEY, base_url=server.url, http_client=http) as client,
                client.responses.connect() as session,
            ):
                stream = await session.create(model="m", input="Ho")
                return (await stream.get_final_response()).output_text

        assert anyio.run(main) == anyio.run(main, backend="trio") == "Ho "


# Sending


def deaf(seen: Seen) -> list[Step]:
    """A script: open a WebSocket, and read nothing from it."""
    accept = accept_token(seen.headers["sec-websocket-key"])
    return [head(101, connection="Upgrade", upgrade="websocket", sec_websocket_accept=accept), LONG]


@pytest.mark.parametrize("limit", ["deadline", "timeout"])
def test_limit_of_a_request_holds_while_it_is_sent(sessions: SocketShell, limit: str) -> None:
    async def script(session: SocketSession) -> None:
        start = time.monotonic()
        limits: dict[str, Any] = {limit: SOON}
        with pytest.raises(APITimeoutError, match="The message was not sent before its deadline"):
            await session.create("x" * 20_000_000, **limits)
        assert time.monotonic() - start < PATIENT

    with ScriptedServer(deaf) as server:
        sessions.talk(script, server.url, timeout=LONG)


# Connecting


@pytest.mark.parametrize(
    ("status", "error", "attempts"),
    [
        (401, AuthenticationError, 1),
        (404, NotFoundError, 1),
        (426, APIStatusError, 1),
        (503, APIStatusError, 3),
    ],
)
def test_refused_session_raises_what_any_request_raises(
    sessions: SocketShell, status: int, error: type[APIStatusError], attempts: int
) -> None:
    async def script(session: SocketSession) -> None:
        pytest.fail("there is no session")

    with SocketServer(wait_for_close, statuses=(status,) * 3) as server:
        with pytest.raises(error) as caught:
            sessions.talk(script, server.url)
        assert (caught.value.status_code, caught.value.code) == (status, "no")
        assert len(server.headers) == attempts


@pytest.mark.parametrize(
    "refusal",
    [
        http_answer(403, b""),
        http_answer(404, {"detail": "Not Found"}),
        http_answer(405, {"detail": "Method Not Allowed"}),
        http_answer(426, b"Upgrade Required"),
        http_answer(501, b""),
        http_answer(200, b"<html>", "text/html"),
    ],
    ids=["403", "404", "405", "426", "501", "200"],
)
def test_server_without_websockets_is_the_probable_cause(sessions: SocketShell, refusal: bytes) -> None:
    async def script(session: SocketSession) -> None:
        pytest.fail("there is no session")

    with ScriptedServer([refusal]) as server:
        with pytest.raises(APIError, match="the server may offer no WebSocket here") as caught:
            sessions.talk(script, server.url, max_retries=0)
        for blamed in (" key", " base_url"):
            assert blamed not in str(caught.value)


def test_session_is_tried_again_after_a_passing_error(sessions: SocketShell) -> None:
    async def script(session: SocketSession) -> str:
        return (await (await session.create()).final()).output_text

    with SocketServer(echo, statuses=(503, 429)) as server:
        assert sessions.talk(script, server.url) == "Hi "


def test_missing_server_is_an_error_of_the_connection(sessions: SocketShell) -> None:
    with ScriptedServer() as server:
        url = server.url

    async def script(session: SocketSession) -> None:
        pytest.fail("there is no session")

    with pytest.raises(APIConnectionError, match="got no answer after 2 attempts"):
        sessions.talk(script, url, max_retries=1)


@pytest.mark.parametrize("options", [{"timeout": SOON}, {"deadline": SOON}])
def test_server_that_does_not_answer_in_time_is_a_timeout(
    sessions: SocketShell, options: dict[str, Any]
) -> None:
    async def script(session: SocketSession) -> None:
        pytest.fail("there is no session")

    with ScriptedServer([HOLD]) as server, pytest.raises(APITimeoutError):
        sessions.talk(script, server.url, options={"max_retries": 0, **options})


def test_server_without_websockets_is_recognized(sessions: SocketShell) -> None:
    async def script(session: SocketSession) -> None:
        pytest.fail("there is no session")

    with (
        ScriptedServer([http_answer(200, {"data": []}), CLOSE]) as server,
        pytest.raises(ResponseValidationError, match="the answer has the status 200"),
    ):
        sessions.talk(script, server.url)


def test_deadline_of_connecting_does_not_end_the_session(sessions: SocketShell) -> None:
    async def script(session: SocketSession) -> str:
        return (await (await session.create()).final()).output_text

    def slow(peer: Peer) -> None:
        request = peer.request()
        settle(SHORT + 4 * SOON)
        peer.send(*answer(request))

    with SocketServer(slow) as server:
        assert sessions.talk(script, server.url, options={"deadline": SHORT}) == "Hi "


# Slow and absent readers


def test_slow_reader_makes_the_server_wait(sessions: SocketShell) -> None:
    sent: list[int] = []
    words = ["x" * 50_000] * 400  # 20 MB: more than sockets hold

    def script(peer: Peer) -> None:
        for each in answer(peer.request(), *words):
            peer.send(each)
            sent.append(1)

    async def play(session: SocketSession) -> None:
        stream = await session.create()
        await stream.next()
        if not isinstance(session.session, WebSocketSession):
            await settle_async(SOON)
        assert len(sent) < 300
        assert (await stream.final()).output_text == "".join(words)

    with SocketServer(script) as server:
        sessions.talk(play, server.url, options={"max_buffered_bytes": 1_000_000})


def test_stream_that_is_not_read_is_evicted_for_one_that_is(
    sessions: SocketShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("responses_client._websocket.connection._EVICTION_DELAY_SECONDS", SOON)

    def script(peer: Peer) -> None:
        flood, other = peer.request(), peer.request()
        peer.send(*answer(flood, *["x" * 1000] * 100), *answer(other))

    async def play(session: SocketSession) -> None:
        flood, other = await session.create("flood"), await session.create("other")
        assert (await other.final()).output_text == "other "
        with pytest.raises(StreamInterrupted, match="of its events waited to be read"):
            await flood.rest()

    with SocketServer(script) as server:
        sessions.talk(play, server.url, options={"max_buffered_bytes": 20_000})


def test_stream_left_early_does_not_disturb_the_next(sessions: SocketShell) -> None:
    async def play(session: SocketSession) -> None:
        for _ in range(3):
            stream = await session.create("one two three", stream_id="lane")
            await stream.next()
            await stream.close()
        assert (await (await session.create("last", stream_id="lane")).final()).output_text == "last "

    with SocketServer(echo) as server:
        sessions.talk(play, server.url)


def test_session_stays_alive_while_nothing_is_read(sessions: SocketShell) -> None:
    alive: list[bool] = []

    def script(peer: Peer) -> None:
        alive.append(peer.connection.ping().wait(PATIENT))
        echo(peer)

    async def play(session: SocketSession) -> str:
        if isinstance(session.session, WebSocketSession):
            eventually(lambda: alive)  # nothing is read meanwhile
        else:
            await eventually_async(lambda: alive)
        return (await (await session.create()).final()).output_text

    with SocketServer(script) as server:
        assert sessions.talk(play, server.url, options={"ping_interval": SOON}) == "Hi "
    assert alive == [True]


# Steering and unrouted events


def test_steering_gives_the_stream_of_the_successor(sessions: SocketShell) -> None:
    def script(peer: Peer) -> None:
        lane = peer.request()["stream_id"]
        first = response("in_progress") | {"id": "r1"}
        peer.send(event(lane, "created", 0, response=first), delta(lane, "Hel", 1))
        steer = peer.request()
        about = {"id": "s1", "previous_response_id": steer["previous_response_id"]}
        peer.send(event(lane, "steer.accepted", 2, steer=about))
        peer.send(event(lane, "incomplete", 3, response=first | {"status": "incomplete"}))
        second = response("in_progress") | {"id": "r2", "previous_response_id": "r1"}
        done = response(text="Bonjour") | {"id": "r2", "previous_response_id": "r1"}
        peer.send(event(lane, "created", 0, response=second), delta(lane, "Bonjour", 1))
        peer.send(event(lane, "completed", 2, response=done))
        late = peer.request()
        refused = {"previous_response_id": late["previous_response_id"], "input": late["input"]}
        error = {"type": "invalid_request_error", "code": "response_already_completed", "message": "Too late"}
        peer.send(event(None, "steer.failed", 0, steer=refused, error=error))

    async def play(session: SocketSession) -> None:
        stream = await session.create()
        await stream.next()
        connection: Any = session.session
        is_sync = isinstance(connection, WebSocketSession)

        async def got(value: Any) -> Any:
            return value if is_sync else await value

        steering = await got(connection.steer(previous_response_id="r1", input="In French"))
        assert isinstance(await got(steering.answer()), SteerAccepted)
        successor = await got(steering.outcome())
        assert (await stream.final()).status == "incomplete"
        assert (await Events(successor).final()).output_text == "Bonjour"
        failed = await got((await got(connection.steer(previous_response_id="r2", input="More"))).outcome())
        assert isinstance(failed, SteerFailed)
        assert failed.steer.input == "More"
        assert not isinstance(failed, SteerPending)

    with SocketServer(script) as server:
        sessions.talk(play, server.url)


def test_unrouted_events_are_not_lost(sessions: SocketShell) -> None:
    def script(peer: Peer) -> None:
        request = peer.request()
        peer.send({"type": "session.news", "x": 1}, *answer(request), {"type": "session.more", "x": 2})
        peer.connection.close(4000, "enough")

    async def play(session: SocketSession) -> None:
        stream = await session.create(stream_id="a")
        assert (await stream.final()).output_text == "Hi "
        event = await session.receive()
        assert event.wire_type == "session.more"
        with pytest.raises(
            APIConnectionError, match=r"the server closed the WebSocket \(code 4000: enough\)"
        ):
            await session.receive()

    with SocketServer(script) as server:
        sessions.talk(play, server.url)
