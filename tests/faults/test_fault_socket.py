"""WebSocket sessions with a server of another library: many responses at once, and all that goes wrong."""

from __future__ import annotations

import gc
import random
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import anyio
import httpx
import httpx2
import pytest
from samples import KEY, response
from scripted_server import CLOSE, HOLD, ScriptedServer
from scripted_server import answer as http_answer
from shells import HTTP, Events, Shell
from shells import Session as ClientShell
from socket_server import Peer, Script, SocketServer, answer, delta, event

from responses_client import AsyncClient, AsyncWebSocketSession, Client, WebSocketSession
from responses_client._transport.protocols import run
from responses_client.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    NotFoundError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
)
from responses_client.models import ServerEvent, SteerAccepted, SteerFailed, SteerPending

T = TypeVar("T")
MANY = 50


class Session:
    """A sync or async session, with async methods that in the sync shell never suspend."""

    def __init__(self, session: WebSocketSession | AsyncWebSocketSession) -> None:
        self.session = session

    async def create(self, text: str = "Hi", **params: Any) -> Events:
        """Ask for a response."""
        params = {"model": "m", "input": text, **params}
        if isinstance(self.session, WebSocketSession):
            return Events(self.session.create(**params))
        return Events(await self.session.create(**params))

    async def receive(self) -> ServerEvent:
        """Return the next event of no stream."""
        return (
            self.session.recv() if isinstance(self.session, WebSocketSession) else await self.session.recv()
        )


class SocketShell(Shell):
    """A way to run sessions."""

    def talk(
        self,
        script: Callable[[Session], Awaitable[T]],
        url: str,
        http: dict[str, Any] = HTTP,
        options: dict[str, Any] | None = None,
        **settings: Any,
    ) -> T:
        """Run a script with a session that is open."""

        async def main(shell: ClientShell) -> T:
            session = shell.client.responses.connect(**(options or {}))
            if isinstance(session, WebSocketSession):
                with session:
                    return await script(Session(session))
            async with session:
                return await script(Session(session))

        async def play(shell: ClientShell) -> T:
            result = await main(shell)
            assert shell.busy_connections == 0
            return result

        return self.play(play, url, http, **settings)


@pytest.fixture
def sessions(shell: Shell) -> SocketShell:
    return SocketShell(shell.name)


def nothing(peer: Peer) -> None:
    """A script: only wait for the goodbye."""


def echo(peer: Peer) -> None:
    """A script: answer one after the other."""
    while True:
        peer.send(*answer(peer.request()))


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


# Many at once


def test_responses_read_one_after_the_other_are_not_mixed_up(sessions: SocketShell) -> None:
    async def script(session: Session) -> list[str]:
        streams = [await session.create(text) for text in texts()]
        return [(await stream.final()).output_text for stream in streams]

    with SocketServer(interleaved) as server:
        assert sessions.talk(script, server.url) == texts()
        assert server.goodbye() == 1000
    lanes = [request["stream_id"] for request in server.peers[0].requests]
    assert len(set(lanes)) == MANY


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_responses_read_by_as_many_tasks_are_not_mixed_up(backend: str) -> None:
    found: dict[str, str] = {}

    async def script(session: Session) -> None:
        async def one(text: str) -> None:
            stream = (await session.create(text)).stream
            async with stream:  # type: ignore[union-attr]
                found[text] = "".join([piece async for piece in stream.text_deltas()])  # type: ignore[union-attr]

        async with anyio.create_task_group() as tasks:
            for text in texts():
                tasks.start_soon(one, text)

    with SocketServer(interleaved) as server:
        SocketShell(backend).talk(script, server.url)
    assert found == {text: text for text in texts()}


def test_responses_read_by_as_many_threads_are_not_mixed_up() -> None:
    async def script(session: Session) -> list[str]:
        def one(text: str) -> str:
            with run(session.create(text)).stream as stream:  # type: ignore[union-attr]
                return "".join(stream.text_deltas())  # type: ignore[union-attr, arg-type]

        with ThreadPoolExecutor(MANY) as pool:
            return list(pool.map(one, texts()))

    with SocketServer(interleaved) as server:
        assert SocketShell("sync").talk(script, server.url) == texts()


def test_one_session_serves_turn_after_turn(sessions: SocketShell) -> None:
    async def script(session: Session) -> None:
        for number in range(5):
            assert (await (await session.create(f"turn {number}")).final()).output_text == f"turn {number} "

    with SocketServer(echo) as server:
        sessions.talk(script, server.url)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_large_messages_go_both_ways(sessions: SocketShell) -> None:
    text = "x" * 3_000_000

    async def script(session: Session) -> str:
        return (await (await session.create(text)).final()).output_text

    with SocketServer(lambda peer: peer.send(*answer(peer.request(), text))) as server:
        assert sessions.talk(script, server.url) == text


def test_encrypted_session_works(sessions: SocketShell, certificate: Path) -> None:
    http = {"trust_env": False, "verify": ssl.create_default_context(cafile=certificate)}

    async def script(session: Session) -> list[str]:
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
    async def script(session: Session) -> None:
        pytest.fail("there is no session")

    with SocketServer(nothing, statuses=(status,) * 3) as server:
        with pytest.raises(error) as caught:
            sessions.talk(script, server.url)
        assert (caught.value.status_code, caught.value.code) == (status, "no")
        assert len(server.headers) == attempts


def test_session_is_tried_again_after_a_passing_error(sessions: SocketShell) -> None:
    async def script(session: Session) -> str:
        return (await (await session.create()).final()).output_text

    with SocketServer(echo, statuses=(503, 429)) as server:
        assert sessions.talk(script, server.url) == "Hi "


def test_server_that_is_not_there_is_an_error_of_the_connection(sessions: SocketShell) -> None:
    with ScriptedServer() as server:
        url = server.url

    async def script(session: Session) -> None:
        pytest.fail("there is no session")

    with pytest.raises(APIConnectionError, match="got no answer after 2 tries"):
        sessions.talk(script, url, max_retries=1)


@pytest.mark.parametrize("options", [{"timeout": 0.1}, {"deadline": 0.1}])
def test_server_that_does_not_answer_is_not_waited_for(
    sessions: SocketShell, options: dict[str, Any]
) -> None:
    async def script(session: Session) -> None:
        pytest.fail("there is no session")

    with ScriptedServer([HOLD]) as server, pytest.raises(APITimeoutError):
        sessions.talk(script, server.url, options={"max_retries": 0, **options})


def test_server_without_websockets_is_told_apart(sessions: SocketShell) -> None:
    async def script(session: Session) -> None:
        pytest.fail("there is no session")

    with (
        ScriptedServer([http_answer(200, {"data": []}), CLOSE]) as server,
        pytest.raises(ResponseValidationError, match="an answer with status 200 came"),
    ):
        sessions.talk(script, server.url)


def test_deadline_of_connecting_does_not_end_the_session(sessions: SocketShell) -> None:
    async def script(session: Session) -> str:
        return (await (await session.create()).final()).output_text

    def slow(peer: Peer) -> None:
        request = peer.request()
        time.sleep(0.3)
        peer.send(*answer(request))

    with SocketServer(slow) as server:
        assert sessions.talk(script, server.url, options={"deadline": 0.2}) == "Hi "


# Losses


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
    ids=["reset", "closed", "goodbye"],
)
def test_lost_connection_gives_each_stream_its_part(
    sessions: SocketShell, how: Callable[[Peer], None]
) -> None:
    async def script(session: Session) -> list[tuple[str, str | None, int | None]]:
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
        peer.deafen()
        frozen.wait(5)
        peer.reset()

    async def play(session: Session) -> None:
        stream = await session.create()
        with pytest.raises(StreamInterrupted, match=r"a ping was not answered for 0\.1 s"):
            await stream.rest()
        frozen.set()

    with SocketServer(script) as server:
        sessions.talk(play, server.url, options={"ping_interval": 0.05, "ping_timeout": 0.1})


def test_session_stays_alive_while_nothing_is_read(sessions: SocketShell) -> None:
    alive: list[bool] = []

    def script(peer: Peer) -> None:
        alive.append(peer.connection.ping().wait(5))
        echo(peer)

    async def play(session: Session) -> str:
        start = time.monotonic()
        while not alive and time.monotonic() < start + 5:
            if isinstance(session.session, WebSocketSession):
                time.sleep(0.01)  # noqa: ASYNC251  # nothing is read meanwhile
            else:
                await anyio.sleep(0.01)
        return (await (await session.create()).final()).output_text

    with SocketServer(script) as server:
        assert sessions.talk(play, server.url, options={"ping_interval": 0.02}) == "Hi "
    assert alive == [True]


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

    async def play(session: Session) -> None:
        bad, good = await session.create("bad"), await session.create("good")
        with pytest.raises(StreamError, match="Too odd") as caught:
            await bad.rest()
        assert (caught.value.status_code, caught.value.param) == (400, "input")
        assert (await good.final()).output_text == "good "

    with SocketServer(script) as server:
        sessions.talk(play, server.url)


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

    async def play(session: Session) -> None:
        stream = await session.create()
        with pytest.raises(error) as caught:
            await stream.rest()
        assert caught.value.partial.output_text == "Hel"  # type: ignore[attr-defined]

    with SocketServer(script) as server:
        sessions.talk(play, server.url, max_event_bytes=50_000)
        assert server.goodbye() == code


# Slow and absent readers


def test_slow_reader_makes_the_server_wait(sessions: SocketShell) -> None:
    sent: list[int] = []
    words = ["x" * 50_000] * 400  # 20 MB: more than sockets hold

    def script(peer: Peer) -> None:
        for each in answer(peer.request(), *words):
            peer.send(each)
            sent.append(1)

    async def play(session: Session) -> None:
        stream = await session.create()
        await stream.next()
        if not isinstance(session.session, WebSocketSession):
            await anyio.sleep(0.1)
        assert len(sent) < 300
        assert (await stream.final()).output_text == "".join(words)

    with SocketServer(script) as server:
        sessions.talk(play, server.url, options={"max_buffered_bytes": 1_000_000})


def test_stream_that_is_not_read_is_given_up_for_one_that_is(
    sessions: SocketShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("responses_client._websocket.connection._PATIENCE_SECONDS", 0.05)

    def script(peer: Peer) -> None:
        flood, other = peer.request(), peer.request()
        peer.send(*answer(flood, *["x" * 1000] * 100), *answer(other))

    async def play(session: Session) -> None:
        flood, other = await session.create("flood"), await session.create("other")
        assert (await other.final()).output_text == "other "
        with pytest.raises(StreamInterrupted, match="of its events waited to be read"):
            await flood.rest()

    with SocketServer(script) as server:
        sessions.talk(play, server.url, options={"max_buffered_bytes": 20_000})


def test_stream_left_early_does_not_disturb_the_next(sessions: SocketShell) -> None:
    async def play(session: Session) -> None:
        for _ in range(3):
            stream = await session.create("one two three", stream_id="lane")
            await stream.next()
            await stream.close()
        assert (await (await session.create("last", stream_id="lane")).final()).output_text == "last "

    with SocketServer(echo) as server:
        sessions.talk(play, server.url)


# Cancellation and closing


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_wait_leaves_stream_and_session_usable(backend: str) -> None:
    go_on = threading.Event()

    def script(peer: Peer) -> None:
        request = peer.request()
        first, *rest = answer(request)
        peer.send(first)
        go_on.wait(5)
        peer.send(*rest)
        echo(peer)

    async def play(session: Session) -> None:
        stream = await session.create("one two")
        await stream.next()
        with anyio.move_on_after(0.05) as scope:
            await stream.next()
        assert scope.cancelled_caught
        go_on.set()
        assert (await stream.final()).output_text == "one two "
        assert (await (await session.create("three")).final()).output_text == "three "

    with SocketServer(script) as server:
        SocketShell(backend).talk(play, server.url)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_session_says_goodbye(backend: str) -> None:
    async def main() -> None:
        async with AsyncClient(api_key=KEY, base_url=server.url) as client:
            with anyio.move_on_after(0.1) as scope:
                async with client.responses.connect() as session:
                    await session.recv()
            assert scope.cancelled_caught
            assert session.is_closed

    with SocketServer(nothing) as server:
        anyio.run(main, backend=backend)
        assert server.goodbye() == 1000


def test_block_left_by_an_exception_says_goodbye(sessions: SocketShell) -> None:
    async def play(session: Session) -> None:
        stream = await session.create()
        await stream.next()
        raise ZeroDivisionError

    with SocketServer(echo) as server:
        with pytest.raises(ZeroDivisionError):
            sessions.talk(play, server.url)
        assert server.goodbye() == 1000


def test_server_that_ignores_the_goodbye_is_left(sessions: SocketShell) -> None:
    left, waited_in_vain = threading.Event(), threading.Event()

    def deaf(peer: Peer) -> None:
        peer.deafen()
        if not left.wait(5):
            waited_in_vain.set()
        peer.reset()

    async def play(session: Session) -> None:
        pass

    with SocketServer(deaf) as server:
        sessions.talk(play, server.url)
        left.set()
    assert not waited_in_vain.is_set()


def test_session_closed_by_another_thread_ends_what_waits() -> None:
    with SocketServer(nothing) as server, Client(api_key=KEY, base_url=server.url) as client:
        session = client.responses.connect().__enter__()
        stream = session.create(model="m", input="Hi")
        timer = threading.Timer(0.05, session.close)
        timer.start()
        with pytest.raises(StreamInterrupted, match="the session was closed here"):
            next(stream)
        timer.join()


def test_closed_client_ends_its_sessions() -> None:
    with SocketServer(nothing) as server:
        client = Client(api_key=KEY, base_url=server.url)
        with client.responses.connect() as session:
            stream = session.create(model="m", input="Hi")
            client.close()
            with pytest.raises(StreamInterrupted, match="the connection"):
                next(stream)


def test_no_thread_and_no_task_is_left(sessions: SocketShell) -> None:
    before = threading.active_count()

    async def play(session: Session) -> None:
        await (await session.create()).final()

    with SocketServer(echo) as server:
        sessions.talk(play, server.url)
        gc.collect()
    until = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() <= before


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
        assert server.goodbye() == 1000


# Steering


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

    async def play(session: Session) -> None:
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


def test_events_of_no_stream_are_not_lost(sessions: SocketShell) -> None:
    def script(peer: Peer) -> None:
        request = peer.request()
        peer.send({"type": "session.news", "x": 1}, *answer(request), {"type": "session.more", "x": 2})
        peer.connection.close(4000, "enough")

    async def play(session: Session) -> None:
        stream = await session.create(stream_id="a")
        assert (await stream.final()).output_text == "Hi "
        event = await session.receive()
        assert event.type == "session.more"
        with pytest.raises(
            APIConnectionError, match=r"the server closed the WebSocket \(code 4000: enough\)"
        ):
            await session.receive()

    with SocketServer(script) as server:
        sessions.talk(play, server.url)
