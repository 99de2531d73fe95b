"""WebSocket sessions in cassettes: recorded from a server on a port, and replayed without one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from callers import MODES

pytest.importorskip("wsproto")
pytest.importorskip("uvicorn")

from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Ping, Pong, TextMessage

from responses_client import APIConnectionError, StreamInterrupted
from responses_client.testing import Cassette, CassetteError, NotRecorded, Server, VirtualClock
from responses_client.testing._cassettes.exchanges import Exchange, Part, Recording, read_lines, write_lines
from responses_client.testing._cassettes.matching import Matcher
from responses_client.testing._cassettes.scrubbing import Scrubber
from responses_client.testing._cassettes.session_streams import (
    AsyncListeningStream,
    AsyncReplayStream,
    ListeningStream,
    ReplayStream,
)
from responses_client.testing._cassettes.sessions import ReplayedSession, SessionListener
from responses_client.testing._cassettes.tape import Tape
from responses_client.testing._cassettes.transports import AsyncCassetteTransport, CassetteTransport

KEY = "sk-secret-key-of-the-test"


def ask(client: Any) -> list[Any]:
    """Ask two questions over one session, the second of which continues the first."""
    events: list[Any] = []
    with client.responses.connect() as session:
        with session.create(model="gpt-5.4", input="Hi") as stream:
            events += stream
            first = stream.get_final_response()
        with session.create(model="gpt-5.4", input="More", previous_response_id=first.id) as stream:
            events += stream
    return events


async def ask_async(client: Any) -> list[Any]:
    events: list[Any] = []
    async with client.responses.connect() as session:
        async with await session.create(model="gpt-5.4", input="Hi") as stream:
            events += [event async for event in stream]
            first = await stream.get_final_response()
        async with await session.create(
            model="gpt-5.4", input="More", previous_response_id=first.id
        ) as stream:
            events += [event async for event in stream]
    return events


def with_cassette(
    mode: str, make: Callable[[], Cassette], wait: Callable[[Any], Any] = ask_async, **options: Any
) -> Any:
    """Run the questions with a cassette."""
    if mode == "sync":
        with make() as cassette:
            return ask(cassette.client(**options))

    async def run() -> Any:
        async with make() as cassette:
            return await wait(cassette.async_client(**options))

    return anyio.run(run, backend=mode)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.jsonl"


@pytest.fixture
def url() -> Iterator[str]:
    with Server() as server, server.serve() as url:
        yield url


@pytest.fixture
def recorded(path: Path, url: str) -> list[Any]:
    """The outcome of a recorded session."""
    found: list[Any] = with_cassette("sync", lambda: Cassette(path, "record"), api_key=KEY, base_url=url)
    return found


@pytest.mark.parametrize("mode", MODES)
def test_session_replays_in_each_mode(path: Path, recorded: list[Any], mode: str) -> None:
    assert with_cassette(mode, lambda: Cassette(path)) == recorded
    assert len(recorded) > 10


@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_session_is_recorded_in_each_mode(path: Path, url: str, mode: str) -> None:
    first = with_cassette(mode, lambda: Cassette(path, "record"), api_key=KEY, base_url=url)

    assert with_cassette("sync", lambda: Cassette(path)) == first


def test_file_has_the_messages_of_both_sides_and_no_key(path: Path, recorded: list[Any]) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()]

    assert lines[1] == {"request": {"method": "WEBSOCKET", "path": "/responses"}}
    assert [line["sent"]["input"] for line in lines if "sent" in line] == ["Hi", "More"]
    assert sum("received" in line for line in lines) == len(recorded)
    assert KEY not in path.read_text()


def test_message_that_was_not_recorded_is_an_error_with_its_differences(
    path: Path, recorded: list[Any]
) -> None:
    def other(client: Any) -> None:
        with client.responses.connect() as session, session.create(model="gpt-5.4", input="Bye") as stream:
            list(stream)

    with Cassette(path) as cassette, pytest.raises(NotRecorded) as raised:
        other(cassette.client())
    assert str(raised.value).splitlines() == [
        "A message of a WebSocket session is not in session.jsonl: the next recorded one differs:",
        "  input",
        "    recorded: 'Hi'",
        "    sent:     'Bye'",
    ]


async def test_message_that_was_not_recorded_is_named_in_the_error_of_an_async_session(
    path: Path, recorded: list[Any]
) -> None:
    async def other(client: Any) -> None:
        async with client.responses.connect() as session:
            await (await session.create(model="gpt-5.4", input="Bye")).until_done()

    async with Cassette(path) as cassette:
        with pytest.raises(
            (APIConnectionError, StreamInterrupted), match="NotRecorded: A message of a WebSocket"
        ):
            await other(cassette.async_client())


@pytest.mark.parametrize("mode", MODES)
def test_messages_may_take_the_time_that_they_took(path: Path, recorded: list[Any], mode: str) -> None:
    lines = path.read_text().splitlines()
    late = [json.loads(line) for line in lines[2:]]
    for number, line in enumerate(late):
        line.get("answer", line)["at"] = 1000 * number
    path.write_text("\n".join([*lines[:2], *map(json.dumps, late)]) + "\n")
    with VirtualClock() as clock:
        with_cassette(mode, lambda: Cassette(path, realtime=True))
        assert sum(clock.waits) == pytest.approx(len(late) - 1, abs=2.5)


# --- the parts


SENT, RECEIVED = Part(1, "sent", {"n": 1}), Part(2, "received", {"m": 1})


def exchange(*parts: Part) -> Exchange:
    return Exchange(Recording("WEBSOCKET", "/responses"), 101, at=0, parts=[*parts])


def session(*parts: Part, ignore: tuple[str, ...] = ()) -> ReplayedSession:
    return ReplayedSession(exchange(*parts), Matcher(ignore), Scrubber(), "a.jsonl")


class Client:
    """The frames of a client."""

    def __init__(self, server: ReplayedSession) -> None:
        self.connection = Connection(ConnectionType.CLIENT)
        self.server = server

    def sends(self, event: Any) -> None:
        self.server.receive(self.connection.send(event))

    def reads(self) -> list[Any]:
        while self.server.output:
            self.connection.receive_data(self.server.output.popleft()[1])
        return list(self.connection.events())


def texts(events: list[Any]) -> list[Any]:
    return [json.loads(event.data) for event in events if isinstance(event, TextMessage)]


def test_message_of_the_server_comes_when_all_before_it_was_sent() -> None:
    server = session(Part(0, "received", {"m": 0}), SENT, Part(1, "sent", {"n": 2}), RECEIVED)
    client = Client(server)
    assert texts(client.reads()) == [{"m": 0}]
    client.sends(TextMessage('{"n": 2}'))
    assert texts(client.reads()) == []
    client.sends(TextMessage('{"n": ', message_finished=False))
    client.sends(TextMessage("1}"))
    assert texts(client.reads()) == [{"m": 1}]
    assert server.has_ended


def test_ignored_fields_of_messages_may_differ() -> None:
    client = Client(session(Part(1, "sent", {"n": 1, "id": "a"}), RECEIVED, ignore=("id",)))
    client.sends(TextMessage('{"n": 1, "id": "b"}'))
    assert texts(client.reads()) == [{"m": 1}]


def test_message_after_the_last_one_is_an_error() -> None:
    client = Client(session(RECEIVED))
    with pytest.raises(NotRecorded, match="no recorded message is left"):
        client.sends(TextMessage("not JSON"))


def test_text_that_is_no_json_replays_as_it_is() -> None:
    client = Client(session(Part(1, "sent", "hello"), Part(2, "received", "world")))
    client.sends(TextMessage("hello"))
    assert [event.data for event in client.reads()] == ["world"]


def test_ping_is_answered() -> None:
    client = Client(session(SENT))
    client.sends(Ping(b"a"))
    client.sends(Pong(b"b"))
    assert client.reads() == [Pong(b"a")]


def test_close_of_the_server_replays() -> None:
    (closed,) = Client(session(Part(1, "closed", {"code": 1001, "reason": "Bye"}))).reads()
    assert (closed.code, closed.reason) == (1001, "Bye")


def test_close_of_the_client_ends_the_session() -> None:
    server = session(SENT, RECEIVED)
    client = Client(server)
    client.sends(CloseConnection(1000))
    assert [type(event) for event in client.reads()] == [CloseConnection]
    assert server.has_ended


def test_what_comes_after_the_close_of_the_client_is_left_out() -> None:
    server = session(SENT, RECEIVED)
    client = Client(server)
    data = client.connection.send(TextMessage('{"n": 1}'))
    server._connection.send(CloseConnection(1000))
    server.receive(data)
    assert server.has_ended or len(server.output) == 0


def test_listener_takes_down_messages_of_several_frames_and_the_end() -> None:
    notes: list[tuple[str, Any]] = []
    listener = SessionListener(lambda form, value: notes.append((form, value)))
    client, server = Connection(ConnectionType.CLIENT), Connection(ConnectionType.SERVER)
    listener.sent(client.send(TextMessage('{"n": ', message_finished=False)))
    listener.sent(client.send(TextMessage("1}")))
    listener.received(server.send(TextMessage("plain")))
    listener.received(server.send(CloseConnection(1001, "Bye")))
    listener.received(b"")
    assert notes == [("sent", {"n": 1}), ("received", "plain"), ("closed", {"code": 1001, "reason": "Bye"})]


def test_lines_of_a_session_are_read_as_they_were_written() -> None:
    given = exchange(
        SENT, RECEIVED, Part(3, "closed", {"code": 1000, "reason": ""}), Part(4, "received", "text")
    )
    assert read_lines(write_lines([given])) == [given]


@pytest.mark.parametrize(
    ("closed", "message"),
    [
        ({"reason": ""}, "closed.code: missing"),
        ({"code": "1000", "reason": ""}, "closed.code: expected a valid integer, got str"),
        ({"code": 70_000, "reason": ""}, "closed.code: expected a number less"),
    ],
)
def test_end_without_a_code_is_an_error_with_its_line(closed: dict[str, str], message: str) -> None:
    lines = [*write_lines([exchange()]), json.dumps({"at": 1, "closed": closed})]
    with pytest.raises(CassetteError, match=f"line 4: {message}"):
        read_lines(lines)


def test_read_that_gets_nothing_in_time_says_so() -> None:
    with pytest.raises(TimeoutError):
        ReplayStream(session(SENT), realtime=False).read(100, timeout=0)


def test_read_ends_when_the_stream_is_closed() -> None:
    stream = ReplayStream(session(SENT), realtime=False)
    stream.close()
    assert stream.read(100) == b""
    assert stream.get_extra_info("socket") is None


async def test_async_read_ends_when_the_stream_is_closed() -> None:
    stream = AsyncReplayStream(session(SENT), realtime=False)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stream.read, 100)
        await anyio.wait_all_tasks_blocked()
        stream.close()
    assert await stream.read(100) == b""


async def test_async_read_takes_the_time_that_the_message_took(virtual_clock: VirtualClock) -> None:
    stream = AsyncReplayStream(session(RECEIVED), realtime=True)
    assert (await stream.read(100)).endswith(b'{"m":1}')
    assert virtual_clock.waits == [0.002]


async def test_facts_of_a_recorded_connection_are_those_of_the_real_one() -> None:
    class Real:
        """A connection that knows its socket."""

        def get_extra_info(self, info: str) -> str:
            return f"its {info}"

    listener = SessionListener(print)
    assert ListeningStream(Real(), listener).get_extra_info("socket") == "its socket"
    assert AsyncListeningStream(Real(), listener).get_extra_info("socket") == "its socket"


async def test_answer_that_opens_a_session_has_no_body(path: Path, recorded: list[Any]) -> None:
    headers = {"upgrade": "websocket", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}
    request = httpx.Request("GET", "http://cassette/responses", headers=headers)
    tape = Tape(path, "replay", Matcher(), Scrubber())
    answer = CassetteTransport(tape, httpx.Client, realtime=False).handle_request(request)
    assert (answer.status_code, answer.read()) == (101, b"")
    assert answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    tape = Tape(path, "replay", Matcher(), Scrubber())
    transport = AsyncCassetteTransport(tape, httpx.AsyncClient, realtime=False)
    assert await (await transport.handle_async_request(request)).aread() == b""


def test_read_gives_no_more_than_was_asked_for() -> None:
    stream = ReplayStream(session(RECEIVED), realtime=False)
    whole = b"".join(stream.read(3) for _ in range(10))
    assert whole.endswith(b'{"m":1}')
    assert stream.read(3) == b""
