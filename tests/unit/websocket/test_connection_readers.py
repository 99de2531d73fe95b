"""Several tasks or threads at once: one reads, the others wait, and the role of the reader is handed over."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from contextlib import nullcontext

import anyio
import pytest
from fake_io import Clock, FakeIO
from fake_socket import (
    CLOSE,
    LOST,
    CloseConnection,
    FakeSocket,
    Step,
    Upgraded,
    ask,
    completed,
    connection_of,
    created,
    delta,
    in_lane,
    session_over,
    use_nonce,
    whole,
)
from samples import KEY
from typing_extensions import override
from waits import PATIENT, SOON

from responses_client import AsyncWebSocketSession, EventStream
from responses_client._base.clock import NO_REAL_DEADLINE, RealDeadline
from responses_client._calls.settings import Settings
from responses_client._transport.protocols import Event, run
from responses_client._transport.websocket import AsyncSocket
from responses_client._websocket.connection import Connection
from responses_client._websocket.frames import CloseInfo
from responses_client._websocket.inboxes import Inbox, Message
from responses_client._websocket.source import SocketSource
from responses_client.errors import APIConnectionError, StreamInterrupted


class LoopSocket(FakeSocket):
    """A socket on an event loop; a test puts in the data."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.put, self.get = anyio.create_memory_object_stream[bytes](100)

    def arrive(self, *events: Step) -> None:
        """Let events arrive in one read."""
        self.script = list(events)
        self.put.send_nowait(b"".join(run(FakeSocket.read(self, NO_REAL_DEADLINE)) or b"" for _ in events))

    @override
    async def read(self, deadline: RealDeadline) -> bytes | None:
        with anyio.move_on_after(deadline.remaining()):
            return await self.get.receive()
        return None

    @override
    def new_event(self) -> Event:
        return AsyncSocket.new_event(self)

    @override
    async def close(self) -> None:
        self.put.close()
        self.get.close()


Play = Callable[[Callable[[LoopSocket, AsyncWebSocketSession], Awaitable[None]]], None]


@pytest.fixture(params=["asyncio", "trio"])
def play(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Play:
    """A function that runs a script with an open session, on each kind of event loop."""
    use_nonce(monkeypatch)

    def start(script: Callable[[LoopSocket, AsyncWebSocketSession], Awaitable[None]]) -> None:
        async def main() -> None:
            wire = LoopSocket(Clock())
            given = Settings(api_key=KEY, base_url="http://api.test/v1", timeout=5.0)
            io = FakeIO(wire.clock, Upgraded(wire))
            async with AsyncWebSocketSession(io, given, {"ping_interval": None}) as session:
                with anyio.fail_after(PATIENT):
                    await script(wire, session)
                if not session.is_closed:
                    wire.arrive(CLOSE)

        anyio.run(main, backend=request.param)

    return start


def test_reader_that_is_cancelled_hands_over_to_a_waiter(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        one, two = [await session.create(model="m") for _ in range(2)]
        async with anyio.create_task_group() as tasks:
            reading = anyio.CancelScope()

            async def read_until_cancelled() -> None:
                with reading:
                    await anext(one)

            tasks.start_soon(read_until_cancelled)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(two.until_done)
            await anyio.wait_all_tasks_blocked()
            reading.cancel()
            await anyio.wait_all_tasks_blocked()
            wire.arrive(*whole("Two", "rc-2"), *whole("One", "rc-1"))
        assert (await two.get_final_response()).output_text == "Two"
        assert (await one.get_final_response()).output_text == "One"

    play(script)


def test_waiter_that_is_cancelled_takes_nothing_from_others(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        streams = [await session.create(model="m") for _ in range(3)]
        scopes = [anyio.CancelScope() for _ in streams]

        async def read(number: int) -> None:
            with scopes[number]:
                await streams[number].until_done()

        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(read, number)
                await anyio.wait_all_tasks_blocked()
            # The reader has its events, and hands over to a waiter that is cancelled at the same moment.
            scopes[1].cancel()
            wire.arrive(*whole("One", "rc-1"))
            await anyio.wait_all_tasks_blocked()
            wire.arrive(*whole("Two", "rc-2"), *whole("Three", "rc-3"))
        texts = [(await stream.get_final_response()).output_text for stream in streams]
        assert texts == ["One", "Two", "Three"]

    play(script)


def test_waiter_that_is_cancelled_at_the_hand_over_hands_over_again(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        streams = [await session.create(model="m") for _ in range(3)]
        scope = anyio.CancelScope()

        async def read(number: int) -> None:
            with scope if number == 1 else nullcontext():
                await streams[number].until_done()
                if number == 0:
                    scope.cancel()  # after the reader has woken it

        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(read, number)
                await anyio.wait_all_tasks_blocked()
            wire.arrive(*whole("One", "rc-1"))
            await anyio.wait_all_tasks_blocked()
            wire.arrive(*whole("Three", "rc-3"))
        assert (await streams[2].get_final_response()).output_text == "Three"
        await streams[1].aclose()

    play(script)


def test_waiter_is_interrupted_by_its_timeout_while_another_task_reads(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        one, two = await session.create(model="m"), await session.create(model="m", timeout=SOON)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.until_done)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(StreamInterrupted, match=rf"no event came for {SOON} s \(timeout\)"):
                await anext(two)
            wire.arrive(*whole("One", "rc-1"))

    play(script)


def test_lost_connection_wakes_all_waiters(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        ended: list[str] = []

        async def read() -> None:
            stream = await session.create(model="m")
            with pytest.raises(StreamInterrupted) as caught:
                await stream.until_done()
            ended.append(caught.value.reason)

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            wire.arrive(CloseConnection(1001, "restart"))
        assert ended == ["the server closed the WebSocket (code 1001: restart)"] * 5

    play(script)


def test_stream_closed_by_another_task_is_interrupted_for_its_waiter(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        one, two = [await session.create(model="m") for _ in range(2)]
        reasons: list[str] = []

        async def read() -> None:
            with pytest.raises(StreamInterrupted) as caught:
                await anext(two)
            reasons.append(caught.value.reason)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.until_done)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            await two.aclose()
            await anyio.wait_all_tasks_blocked()
            assert reasons == ["it was closed here before its end"]
            wire.arrive(*whole("One", "rc-1"))

    play(script)


def test_stream_that_is_closed_makes_space_for_the_reader(play: Play) -> None:
    async def script(wire: LoopSocket, session: AsyncWebSocketSession) -> None:
        one, two = [await session.create(model="m") for _ in range(2)]
        connection = session._core.connection
        assert connection is not None
        connection._inboxes.max_bytes = 1500
        wire.arrive(created("rc-1"), delta("x" * 1500, "rc-1"))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(two.until_done)
            await anyio.wait_all_tasks_blocked()
            assert connection._space_event is not None
            await one.aclose()
            wire.arrive(*whole("Two", "rc-2"))
        assert connection._space_event is None

    play(script)


class _ThreadEvent:
    is_waiting: threading.Event

    def __init__(self) -> None:
        self.event = threading.Event()

    def set(self) -> None:
        self.event.set()

    async def wait(self, deadline: RealDeadline) -> None:
        self.is_waiting.set()
        assert self.event.wait(PATIENT)


def test_threads_hand_the_role_of_the_reader_over(wire: FakeSocket) -> None:
    """The second thread waits, is woken when the first has its events, and reads in its place."""
    wire.new_event = _ThreadEvent
    is_waiting = threading.Event()
    found: dict[str, str] = {}
    with session_over(wire) as session:
        one, two = ask(session), ask(session)

        def wait_until_the_other_thread_waits() -> None:
            is_waiting.wait(PATIENT)

        _ThreadEvent.is_waiting = is_waiting
        wire.script += [wait_until_the_other_thread_waits, *whole("One", "rc-1"), *whole("Two", "rc-2")]

        def read(name: str, stream: EventStream) -> None:
            found[name] = stream.get_final_response().output_text

        threads = [threading.Thread(target=read, args=pair) for pair in (("one", one), ("two", two))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENT)
    assert found == {"one": "One", "two": "Two"}


def read_meanwhile(monkeypatch: pytest.MonkeyPatch, connection: Connection, inbox: Inbox) -> None:
    """Read, in the place of another thread, right after an inbox was found empty."""
    original = connection.take
    reads: list[None] = []

    def take(wanted: Inbox) -> tuple[list[Message], CloseInfo | None]:
        if wanted is inbox and not reads:
            reads.append(None)
            found = original(wanted)
            for _ in range(3):
                run(connection._read(NO_REAL_DEADLINE))
            return found
        return original(wanted)

    monkeypatch.setattr(connection, "take", take)


def test_response_that_ends_right_after_a_look_for_its_events_is_whole(
    wire: FakeSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.script += whole("One")
    with session_over(wire) as session:
        stream = ask(session)
        source = stream._source
        assert isinstance(source, SocketSource)
        read_meanwhile(monkeypatch, connection_of(session), source._inbox)
        assert stream.get_final_response().output_text == "One"


def test_successor_that_begins_right_after_a_look_for_it_is_found(
    wire: FakeSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = {"steer": {"id": "s1", "previous_response_id": "resp_1", "input": []}}
    wire.script += [created(), in_lane("rc-1", "response.steer.accepted", **accepted), *whole("Two", "rc-2")]
    with session_over(wire, timeout=5.0) as session:
        first, other = ask(session), ask(session)
        steering = session.steer(previous_response_id="resp_1", input="More")
        assert steering.answer().type == "response.steer.accepted"
        wire.script += [completed("One"), created("rc-1", id="r2", previous_response_id="resp_1")]
        connection, steer = connection_of(session), steering._result._steer
        other.until_done()
        original = connection.take

        def take(inbox: Inbox) -> tuple[list[Message], CloseInfo | None]:
            if inbox is steer.inbox and wire.script:
                for _ in range(2):  # in the place of another thread, after the look for the successor
                    run(connection._read(NO_REAL_DEADLINE))
            return original(inbox)

        monkeypatch.setattr(connection, "take", take)
        start = wire.clock.now
        assert isinstance(steering.outcome(), EventStream)
        assert wire.clock.now == start
        first.close()


def test_waiter_that_is_cancelled_is_none_any_more(wire: FakeSocket) -> None:
    def cancel() -> None:
        raise KeyboardInterrupt

    with session_over(wire) as session:
        connection = connection_of(session)
        connection._has_reader = True  # in the place of another thread
        wire.while_waiting.append(cancel)
        with pytest.raises(KeyboardInterrupt):
            run(connection.wait(Inbox(), NO_REAL_DEADLINE))
        assert connection._waiters == {}
        connection._has_reader = False


def test_waiter_with_news_of_its_own_hands_over_again(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        connection, inbox, other = connection_of(session), Inbox(), wire.new_event()
        connection._has_reader = True  # in the place of another thread

        def leave() -> None:
            inbox.has_news = True
            connection._has_reader = False
            connection._hand_over()
            connection._waiters[other] = Inbox()

        wire.while_waiting.append(leave)
        run(connection.wait(inbox, NO_REAL_DEADLINE))
        assert other.is_set
        connection._waiters.clear()


def test_reader_wakes_those_that_have_news_and_no_others(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        connection, with_news, without = connection_of(session), wire.new_event(), wire.new_event()
        one, two, three = ask(session), ask(session), ask(session)
        for waiter, stream in ((with_news, two), (without, three)):
            assert isinstance(stream._source, SocketSource)
            connection._waiters[waiter] = stream._source._inbox
        woken: list[tuple[bool, bool]] = []
        wire.script += [created("rc-2"), lambda: woken.append((with_news.is_set, without.is_set)), created()]
        next(one)
        assert woken == [(True, False)]
        connection._waiters.clear()
        for stream in (one, two, three):
            stream.close()


def test_waiters_are_woken_when_a_message_cannot_be_sent(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        connection, waiter = connection_of(session), wire.new_event()
        connection._waiters[waiter] = Inbox()
        wire.broken = LOST
        with pytest.raises(APIConnectionError, match="reset by peer"):
            session.send({"type": "x.note"})
        assert waiter.is_set
        connection._waiters.clear()
