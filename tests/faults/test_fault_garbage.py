"""A call leaves nothing behind that waits for the garbage collector, whether it succeeds after failures or raises."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from leftovers import garbage, is_ours, left_after
from samples import COMPLETED, CREATED, HEL, LO, event, response
from scripted_server import (
    CLOSE,
    HOLD,
    LAST_CHUNK,
    RESET,
    ScriptedServer,
    Step,
    answer,
    chunk,
    head,
    limit_for,
    stream_head,
)
from shells import Session, Shell
from socket_server import Peer, Script, SocketServer
from socket_server import event as socket_event
from socket_shell import SocketSession, SocketShell
from waits import PATIENT, SHORT, SOON

from responses_client import Client, tool
from responses_client.errors import APIError, ResponsesClientError

BEGIN: list[Step] = [stream_head(), chunk(CREATED), chunk(HEL)]
REST: list[Step] = [stream_head(), chunk(LO), chunk(COMPLETED), LAST_CHUNK]
ENDS: dict[str, list[list[Step]]] = {
    "closed": [[*BEGIN, CLOSE]],
    "reset": [[*BEGIN, 0.005, RESET]],
    "silent": [[*BEGIN, HOLD]],
    "closed inside of an event": [[*BEGIN, chunk(LO[:20]), CLOSE]],
    "closed inside of a chunk": [[*BEGIN, chunk(LO)[:20], CLOSE]],
    "as if it were done": [[*BEGIN, LAST_CHUNK]],
    "closed, and then refused": [[*BEGIN, CLOSE], [answer(503)]],
    "closed before the first event": [[stream_head(), CLOSE]],
}


@pytest.mark.parametrize("deadline", [None, PATIENT])
@pytest.mark.parametrize("end", ENDS)
def test_resumed_stream_is_freed_without_the_garbage_collector(
    shell: Shell, end: str, deadline: float | None
) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream(background=True)
        await stream.rest()
        assert (await stream.final()).output_text == "Hello"

    limits = {"idle_timeout": SHORT} if end == "silent" else {}
    with ScriptedServer(*ENDS[end], REST) as server, garbage() as found:
        shell.play(play, server.url, deadline=deadline, **limits)

    assert [repr(thing)[:200] for thing in found if is_ours(thing)] == []


@pytest.mark.parametrize("deadline", [None, PATIENT])
@pytest.mark.parametrize(
    "failed",
    [[], [RESET], [HOLD], [head(200, content_length="900"), CLOSE], [answer(503)]],
    ids=["none", "reset", "silent", "cut off", "refused"],
)
def test_retried_call_is_freed_without_the_garbage_collector(
    shell: Shell, failed: list[Step], deadline: float | None
) -> None:
    scripts = [failed, [answer(200, response())]] if failed else [[answer(200, response())]]

    async def play(session: Session) -> None:
        assert (await session.create()).output_text == "Hello"

    with ScriptedServer(*scripts) as server, garbage() as found:
        shell.play(play, server.url, timeout=limit_for(failed), deadline=deadline)

    assert [repr(thing)[:200] for thing in found if is_ours(thing)] == []


IMAGE = "data:image/png;base64," + "iVBO" * 1000
INPUT = [{"role": "user", "content": [{"type": "input_image", "image_url": IMAGE, "detail": "low"}]}]
LIMITS = {"max_retries": 1}

CALLS: dict[str, tuple[list[list[Step]], dict[str, Any]]] = {
    "status 400": ([[answer(400, {"error": {"message": "no"}})]], {}),
    "status 401": ([[answer(401, {"error": {"message": "no"}})]], {}),
    "status 503, retries used up": ([[answer(503)]] * 2, LIMITS),
    "reset, retries used up": ([[RESET]] * 2, LIMITS),
    "silent, retries used up": ([[HOLD]] * 2, {**LIMITS, "timeout": SOON}),
    "redirect to another origin": ([[answer(302, location="http://other.test/")]], {}),
    "redirect to no URL": ([[answer(302, location="http://[")]], {"max_retries": 0}),
    "cut off, retries used up": ([[head(200, content_length="900"), b"{", CLOSE]] * 2, LIMITS),
    "silent in the body": ([[head(200, content_length="900"), b"{", HOLD]] * 2, {**LIMITS, "timeout": SOON}),
    "malformed": ([[answer(200, b"{")]], {}),
    "not HTTP": ([[b"220 mail\r\n\r\n", CLOSE]] * 2, LIMITS),
    "not a response": ([[answer(200, [])]], {}),
    "error with status 200": ([[answer(200, {"error": {"message": "no"}})]], {}),
    "not gzip": ([[answer(200, b"plain", content_encoding="gzip")]], {"max_retries": 0}),
    "status 500, not gzip": ([[answer(500, b"plain", content_encoding="gzip")]], {"max_retries": 0}),
    "too large": ([[answer(200, response())]], {"max_response_bytes": 20}),
    "stream that breaks off": ([[*BEGIN, CLOSE]], {"max_retries": 0}),
}


@pytest.mark.parametrize("deadline", [None, PATIENT])
@pytest.mark.parametrize(("scripts", "options"), CALLS.values(), ids=CALLS)
def test_nothing_is_left_of_a_call_that_raises(
    shell: Shell, scripts: list[list[Step]], options: dict[str, Any], deadline: float | None
) -> None:
    async def play(session: Session) -> list[str]:
        return await left_after(lambda: session.create(input=INPUT), APIError)

    with ScriptedServer(*scripts) as server:
        assert shell.play(play, server.url, deadline=deadline, **options) == []


async def read_all(session: Session) -> None:
    events = await session.stream(input=INPUT, background=True)
    await events.rest()


async def read_again(session: Session) -> None:
    events = await session.stream(input=INPUT)
    for _ in range(2):
        with suppress(APIError):
            await events.rest()
    await events.rest()


async def read_final(session: Session) -> None:
    await (await session.stream(input=INPUT)).final()


async def close_early(session: Session) -> None:
    events = await session.stream(input=INPUT)
    await events.next()
    await events.close()
    await events.rest()


ERROR = event("error", 2, code="server_error", message="no", param=None)
FAILED = event("response.output_text.delta", 2, delta=5)
STREAMS: dict[str, tuple[Callable[[Session], Awaitable[None]], list[list[Step]], dict[str, Any]]] = {
    "not connected": (read_all, [[RESET]] * 2, LIMITS),
    "status 400": (read_all, [[answer(400)]], {}),
    "not a stream": (read_all, [[answer(200, response())]], {}),
    "an error with status 200": (read_all, [[answer(200, {"error": {"message": "no"}})]], {}),
    "closed": (read_final, [[*BEGIN, CLOSE]], {}),
    "closed, read again": (read_again, [[*BEGIN, CLOSE]], {}),
    "cut off": (read_final, [[*BEGIN, chunk(LO)[:20], CLOSE]], {}),
    "reset": (read_final, [[*BEGIN, 0.005, RESET]], {}),
    "not resumed": (read_all, [[*BEGIN, CLOSE], [answer(404)]], {}),
    "not resumed, retries used up": (read_all, [[*BEGIN, CLOSE], [answer(503)], [answer(503)]], LIMITS),
    "silent": (read_final, [[*BEGIN, HOLD]], {"idle_timeout": SOON}),
    "silent for the timeout": (read_final, [[*BEGIN, HOLD]], {"timeout": SOON}),
    "error event": (read_all, [[*BEGIN, chunk(ERROR), LAST_CHUNK]], {}),
    "error event first": (read_all, [[stream_head(), chunk(ERROR), LAST_CHUNK]], {"max_retries": 0}),
    "malformed event": (read_all, [[*BEGIN, chunk(b"event: response.created\ndata: {\n\n")]], {}),
    "malformed event, strict": (read_all, [[*BEGIN, chunk(FAILED)]], {"strict": True}),
    "without events": (read_all, [[stream_head(), LAST_CHUNK]] * 2, LIMITS),
    "closed, with a deadline": (read_final, [[*BEGIN, CLOSE]], {"deadline": PATIENT}),
    "late": (read_final, [[*BEGIN, HOLD]], {"deadline": SOON}),
    "left early": (close_early, [[*BEGIN, HOLD]], {}),
}


@pytest.mark.parametrize(("read", "scripts", "options"), STREAMS.values(), ids=STREAMS)
def test_nothing_is_left_of_a_stream_that_raises(
    shell: Shell,
    read: Callable[[Session], Awaitable[None]],
    scripts: list[list[Step]],
    options: dict[str, Any],
) -> None:
    async def play(session: Session) -> list[str]:
        return await left_after(lambda: read(session), APIError)

    with ScriptedServer(*scripts) as server:
        assert shell.play(play, server.url, **options) == []


def weather(city: str) -> str:
    """Tell the weather."""
    return f"Sunny in {city}"


def broken(city: str) -> str:
    """Raise an error."""
    raise ValueError(city)


CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "c1",
    "status": "completed",
    "arguments": '{"city": "Oslo"}',
}


def calls(name: str, count: int = 1) -> dict[str, Any]:
    return {
        **response(),
        "output": [{**CALL, "name": name, "id": f"fc_{i}", "call_id": f"c{i}"} for i in range(count)],
    }


def whole(name: str, count: int = 1) -> list[Step]:
    return [answer(200, calls(name, count))]


def streamed(name: str, count: int = 1) -> list[Step]:
    done = event("response.completed", 1, response=calls(name, count))
    return [stream_head(), chunk(CREATED), chunk(done), LAST_CHUNK]


RUNS: dict[str, list[list[Step]]] = {
    "refused": [[answer(400)]],
    "refused after a tool": [whole("weather"), [answer(400)]],
    "not answered": [whole("weather"), [RESET]],
    "a tool raises": [whole("broken")],
    "two tools raise": [whole("broken", 2)],
}
STREAMED_RUNS: dict[str, list[list[Step]]] = {
    "refused": [[answer(400)]],
    "refused after a tool": [streamed("weather"), [answer(400)]],
    "cut off": [streamed("weather"), [*BEGIN, CLOSE]],
    "a tool raises": [streamed("broken")],
    "two tools raise": [streamed("broken", 2)],
}


def tools() -> dict[str, Any]:
    return {"model": "m", "input": INPUT, "tools": [tool(weather), tool(broken)], "on_tool_error": "raise"}


@pytest.mark.parametrize("scripts", RUNS.values(), ids=RUNS)
def test_nothing_is_left_of_a_run_that_raises(shell: Shell, scripts: list[list[Step]]) -> None:
    async def run(session: Session) -> None:
        if isinstance(session.client, Client):
            session.client.responses.run(**tools())
        else:
            await session.client.responses.run(**tools())

    async def play(session: Session) -> list[str]:
        return await left_after(lambda: run(session), ResponsesClientError)

    with ScriptedServer(*scripts) as server:
        assert shell.play(play, server.url, max_retries=0) == []


@pytest.mark.parametrize("scripts", STREAMED_RUNS.values(), ids=STREAMED_RUNS)
def test_nothing_is_left_of_a_streamed_run_that_raises(shell: Shell, scripts: list[list[Step]]) -> None:
    async def run(session: Session) -> None:
        if isinstance(session.client, Client):
            with session.client.responses.run_stream(**tools()) as events:
                for _ in events:
                    pass
        else:
            async with session.client.responses.run_stream(**tools()) as events:
                async for _ in events:
                    pass

    async def play(session: Session) -> list[str]:
        return await left_after(lambda: run(session), ResponsesClientError)

    with ScriptedServer(*scripts) as server:
        assert shell.play(play, server.url, max_retries=0) == []


class BrokenSourceError(Exception):
    """The error of a source of requests."""


def requests(*, is_broken: bool) -> Any:
    for _ in range(3):
        yield {"model": "m", "input": INPUT}
    if is_broken:
        raise BrokenSourceError


def refuse_result(result: Any) -> None:
    raise BrokenSourceError from result.error


async def map_all(session: Session, is_broken: bool, **options: Any) -> None:
    if isinstance(session.client, Client):
        with session.client.responses.map(
            requests(is_broken=is_broken), max_concurrency=2, **options
        ) as results:
            for result in results:
                assert result.error is not None
    else:
        found = session.client.responses.map(requests(is_broken=is_broken), max_concurrency=2, **options)
        async with found as results:
            async for result in results:
                assert result.error is not None
    raise BrokenSourceError


MAPS: dict[str, Step] = {"refused": answer(400), "reset": RESET, "malformed": answer(200, b"{")}


@pytest.mark.parametrize("options", [{}, {"on_result": refuse_result}], ids=["read", "hook"])
@pytest.mark.parametrize("is_broken", [False, True], ids=["whole", "broken"])
@pytest.mark.parametrize("step", MAPS.values(), ids=MAPS)
def test_nothing_is_left_of_a_map(shell: Shell, step: Step, is_broken: bool, options: dict[str, Any]) -> None:
    async def play(session: Session) -> list[str]:
        return await left_after(lambda: map_all(session, is_broken, **options), BrokenSourceError)

    with ScriptedServer(*[[step]] * 3) as server:
        assert shell.play(play, server.url, max_retries=0) == []


def test_nothing_is_left_of_a_map_whose_requests_raise_after_its_end() -> None:
    is_waiting, has_ended = threading.Event(), threading.Event()

    def late() -> Iterator[Any]:
        yield {"model": "m", "input": INPUT}
        is_waiting.set()
        has_ended.wait(PATIENT)
        raise BrokenSourceError

    async def leave(session: Session) -> None:
        assert isinstance(session.client, Client)
        with session.client.responses.map(late()) as results:
            assert next(results).error is not None
            assert is_waiting.wait(PATIENT)
        has_ended.set()
        raise BrokenSourceError

    async def play(session: Session) -> list[str]:
        return await left_after(lambda: leave(session), BrokenSourceError)

    with ScriptedServer([answer(400)]) as server:
        assert Shell("sync").play(play, server.url) == []


def play_error(peer: Peer) -> None:
    lane = peer.request()["stream_id"]
    peer.send(socket_event(lane, "created", 0, response=response("in_progress")))
    peer.send(socket_event(lane, "error", 1, code="no", message="no"))


def play_malformed(peer: Peer) -> None:
    peer.request()
    peer.connection.send("{")


def play_reset(peer: Peer) -> None:
    lane = peer.request()["stream_id"]
    peer.send(socket_event(lane, "created", 0, response=response("in_progress")))
    peer.reset()


def play_close(peer: Peer) -> None:
    peer.request()
    peer.connection.close(1011, "no")


def play_nothing(peer: Peer) -> None:
    peer.request()


SOCKETS: dict[str, tuple[Script, dict[str, Any]]] = {
    "error event": (play_error, {}),
    "malformed": (play_malformed, {"strict": True}),
    "reset": (play_reset, {}),
    "closed": (play_close, {}),
    "silent": (play_nothing, {"idle_timeout": SOON}),
}


@pytest.mark.parametrize(("script", "options"), SOCKETS.values(), ids=SOCKETS)
def test_nothing_is_left_of_a_stream_over_a_websocket_that_raises(
    sessions: SocketShell, script: Script, options: dict[str, Any]
) -> None:
    async def read(session: SocketSession) -> None:
        await (await session.create(input=INPUT)).rest()

    async def talk(session: SocketSession) -> list[str]:
        return await left_after(lambda: read(session), APIError)

    with SocketServer(script) as server:
        assert sessions.talk(talk, server.url, **options) == []


@pytest.mark.parametrize("statuses", [(404,), (400,), (503, 503)])
def test_nothing_is_left_of_a_websocket_that_is_refused(
    sessions: SocketShell, statuses: tuple[int, ...]
) -> None:
    async def open_session(session: Session) -> None:
        if isinstance(session.client, Client):
            session.client.responses.connect().__enter__()
        else:
            await session.client.responses.connect().__aenter__()

    async def play(session: Session) -> list[str]:
        return await left_after(lambda: open_session(session), APIError)

    with SocketServer(play_nothing, statuses=statuses) as server:
        assert sessions.play(play, server.url, max_retries=1) == []
