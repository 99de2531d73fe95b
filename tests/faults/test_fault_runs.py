"""Runs that are long, wide, cancelled, interrupted, left early or resumed elsewhere: nothing leaks, nothing is lost."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from inspect import isawaitable
from typing import Any

import anyio
import pytest
from callers import MODES, Caller
from payloads import WHOLE
from samples import CREATED, HEL, KEY, event, response
from scripted_server import (
    HOLD,
    LAST_CHUNK,
    RESET,
    ScriptedServer,
    Step,
    answer,
    chunk,
    limit_for,
    stream_head,
)
from shells import Session, Shell
from waits import PATIENT, SOON, cancel_when, eventually, eventually_async, settle, settle_async

from responses_client import RunContext, RunResult, tool
from responses_client.errors import APIConnectionError, StreamInterrupted
from responses_client.testing import Server


def call(key: str = "c1", name: str = "weather", arguments: str = '{"city": "Oslo"}') -> dict[str, Any]:
    fixed = {"type": "function_call", "id": f"fc_{key}", "call_id": key, "status": "completed"}
    return {**fixed, "name": name, "arguments": arguments}


CALL = {**response(), "output": [call()]}
CALLS = {**response(), "output": [call(), call("c2")]}
GOOD = [answer(200, response())]
CALLS_FIRST = [answer(200, CALL)]
STREAM_CALLS_FIRST: list[Step] = [
    stream_head(),
    chunk(CREATED),
    chunk(event("response.completed", 3, response=CALL)),
    LAST_CHUNK,
]
STALLED: list[Step] = [stream_head(), chunk(CREATED), chunk(HEL), HOLD]
RUNNING = {**response("in_progress"), "id": "resp_2"}


def weather(city: str) -> str:
    """Tell the weather."""
    return f"Sunny in {city}"


@pytest.fixture(params=["asyncio", "trio"])
def loop(request: pytest.FixtureRequest) -> Shell:
    """Each kind of event loop in turn."""
    return Shell(request.param)


def running() -> set[threading.Thread]:
    """All threads, but those that trio keeps for the next function."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("Trio thread")}


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """All threads of a test end with it."""
    before = running()
    yield
    # No join: of a thread whose join was interrupted, Python says that it has ended (bpo-46726).
    eventually(lambda: running() <= before)


async def given(value: Any) -> Any:
    """The result of a call, awaited if need be."""
    return await value if isawaitable(value) else value


def start(session: Session, **params: Any) -> Any:
    return session.client.responses.run(**{"model": "m", "input": "Hi", "tools": [weather], **params})


# --- cancelled


class Stage:
    """Where a run is when it is cancelled: it gets there, and stays."""

    def __init__(self) -> None:
        self.is_there = threading.Event()
        self.release = threading.Event()

    async def wait(self, *anything: object, **named: object) -> None:
        """Stay here, in a task."""
        self.is_there.set()
        await anyio.sleep_forever()

    def block(self, *anything: object, **named: object) -> None:
        """Stay here, in a thread, which cannot be ended."""
        self.is_there.set()
        self.release.wait(PATIENT)

    async def arrival(self, server: ScriptedServer, requests: int) -> None:
        """Wait until the run is there, or else the server has that many requests."""
        await eventually_async(
            lambda: self.is_there.is_set() if requests == 0 else len(server.requests) >= requests
        )
        await settle_async()


async def sending(session: Session, stage: Stage) -> None:
    await start(session)


async def streaming(session: Session, stage: Stage) -> None:
    async with session.client.responses.run_stream(model="m", input="Hi", tools=[weather]) as stream:
        async for _ in stream:
            pass


async def between_events(session: Session, stage: Stage) -> None:
    async with session.client.responses.run_stream(model="m", input="Hi", tools=[weather]) as stream:
        async for event in stream:
            if event.type == "response.output_text.delta":
                await stage.wait()


async def in_async_tool(session: Session, stage: Stage) -> None:
    @tool(name="weather")
    async def slow(city: str) -> None:
        await stage.wait()

    await start(session, tools=[slow])


async def in_sync_tool(session: Session, stage: Stage) -> None:
    @tool(name="weather")
    def slow(city: str) -> None:
        stage.block()

    await start(session, tools=[slow])


async def in_streamed_tool(session: Session, stage: Stage) -> None:
    @tool(name="weather")
    async def slow(city: str) -> None:
        await stage.wait()

    async with session.client.responses.run_stream(model="m", input="Hi", tools=[slow]) as stream:
        await stream.until_done()


async def in_timed_tool(session: Session, stage: Stage) -> None:
    @tool(name="weather")
    async def slow(city: str) -> None:
        await stage.wait()

    await start(session, tools=[slow], tool_timeout=60)


async def in_background(session: Session, stage: Stage) -> None:
    await start(session, background=True)


async def in_on_turn(session: Session, stage: Stage) -> None:
    await start(session, on_turn=stage.wait)


async def in_on_tool_error(session: Session, stage: Stage) -> None:
    @tool(name="weather")
    def broken(city: str) -> None:
        raise ValueError

    await start(session, tools=[broken], on_tool_error=stage.wait)


async def in_hook(session: Session, stage: Stage) -> None:
    await start(session, on_shell=stage.wait)


SHELL = {
    "type": "shell_call",
    "id": "s",
    "call_id": "s1",
    "status": "completed",
    "action": {"commands": ["ls"]},
}
Work = Callable[[Session, Stage], Awaitable[None]]
STATES: list[tuple[Work, list[Any], int]] = [
    (sending, [CALLS_FIRST, [HOLD]], 2),
    (streaming, [STREAM_CALLS_FIRST, STALLED], 2),
    (streaming, [STREAM_CALLS_FIRST, [HOLD]], 2),
    (between_events, [STREAM_CALLS_FIRST, STALLED], 0),
    (in_async_tool, [CALLS_FIRST], 0),
    (in_async_tool, [[answer(200, CALLS)]], 0),
    (in_timed_tool, [[answer(200, CALLS)]], 0),
    (in_sync_tool, [CALLS_FIRST], 0),
    (in_sync_tool, [[answer(200, CALLS)]], 0),
    (in_streamed_tool, [STREAM_CALLS_FIRST], 0),
    (in_background, [[answer(200, RUNNING)], [HOLD]], 2),
    (in_background, [[answer(200, RUNNING)], [answer(200, RUNNING)], [answer(200, RUNNING)]], 3),
    (in_on_turn, [CALLS_FIRST], 0),
    (in_on_tool_error, [CALLS_FIRST], 0),
    (in_hook, [[answer(200, {**response(), "output": [SHELL]})]], 0),
]
STATE_IDS = [f"{work.__name__} {number}" for number, (work, _, _) in enumerate(STATES)]


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Background responses are polled soon, and then less and less often."""
    monkeypatch.setattr("responses_client._runs.loop._POLL_INTERVAL_SECONDS", 0.005)


@pytest.mark.usefixtures("polls")
@pytest.mark.parametrize(("work", "scripts", "requests"), STATES, ids=STATE_IDS)
def test_cancelled_run_leaves_nothing(loop: Shell, work: Work, scripts: list[Any], requests: int) -> None:
    stage = Stage()

    async def play(session: Session) -> None:
        async with anyio.create_task_group() as group:
            scope = anyio.CancelScope()

            async def run() -> None:
                with scope:
                    await work(session, stage)

            group.start_soon(run)
            await stage.arrival(server, requests)
            scope.cancel()
        assert scope.cancelled_caught
        assert session.busy_connections == 0
        server.add(GOOD)
        assert (await session.create()).output_text == "Hello"
        stage.release.set()

    with ScriptedServer(*scripts) as server:
        loop.play(play, server.url, max_retries=0)


@pytest.mark.usefixtures("polls")
@pytest.mark.parametrize(("work", "scripts", "requests"), STATES, ids=STATE_IDS)
def test_cancelled_task_of_asyncio_leaves_nothing(work: Work, scripts: list[Any], requests: int) -> None:
    stage = Stage()

    async def play(session: Session) -> None:
        task = asyncio.ensure_future(work(session, stage))
        await stage.arrival(server, requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        gc.collect()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert session.busy_connections == 0
        server.add(GOOD)
        assert (await session.create()).output_text == "Hello"
        stage.release.set()

    with ScriptedServer(*scripts) as server:
        Shell("asyncio").play(play, server.url, max_retries=0)


def test_streamed_run_whose_tools_were_cancelled_repeats_no_call_unasked(loop: Shell) -> None:
    calls: list[str] = []

    async def play(session: Session) -> list[str]:
        @tool(name="weather")
        async def slow(about: RunContext[object], city: str) -> str:
            calls.append(about.call.call_id)
            if len(calls) == 2:
                scope.cancel()
                await anyio.sleep_forever()
            return city

        client = session.client
        kinds: list[str] = []
        async with client.responses.run_stream(
            model="m", input="Hi", tools=[slow], max_concurrency=1
        ) as stream:
            while True:
                with anyio.CancelScope() as scope:
                    try:
                        kinds.append((await anext(stream)).type)
                    except StopAsyncIteration:
                        break
            result = await stream.get_final_result()
        assert (result.status, [call.call_id for call in result.pending]) == ("pending", ["c2"])
        result = await client.responses.run(model="m", tools=[slow], resume=result)
        assert result.output_text == "Hello"
        assert [len(turn.outputs) for turn in result.turns] == [2, 0]
        return [kind for kind in kinds if kind.startswith("run.")]

    first = [stream_head(), chunk(CREATED), chunk(event("response.completed", 3, response=CALLS)), LAST_CHUNK]
    with ScriptedServer(first, WHOLE) as server:
        kinds = loop.play(play, server.url)
    called, returned = "run.tool_called", "run.tool_returned"
    assert kinds == [called, called, returned]
    assert calls == ["c1", "c2", "c2"]  # the last one when it was asked for


def test_streamed_run_whose_request_was_cancelled_asks_again(loop: Shell) -> None:
    async def play(session: Session) -> None:
        async with session.client.responses.run_stream(model="m", input="Hi", tools=[weather]) as stream:
            await cancel_when(lambda: len(server.requests) == 2, stream.until_done)
            await cancel_when(lambda: len(server.requests) == 3, stream.until_done)
            result = await stream.get_final_result()
            assert (result.output_text, len(result.turns)) == ("Hello", 2)
        assert session.busy_connections == 0

    stalled_at_once = [stream_head(), HOLD]
    with ScriptedServer(STREAM_CALLS_FIRST, [HOLD], stalled_at_once, WHOLE) as server:
        loop.play(play, server.url)
        assert len(server.requests) == 4


def test_streamed_run_whose_events_were_cancelled_ends_as_interrupted(loop: Shell) -> None:
    async def play(session: Session) -> None:
        async with session.client.responses.run_stream(model="m", input="Hi", tools=[weather]) as stream:
            seen: list[str] = []

            async def read() -> None:
                async for event in stream:
                    seen.append(event.type)  # noqa: PERF401  # other tasks read the list meanwhile

            await cancel_when(lambda: seen.count("response.output_text.delta") == 1, read)
            with pytest.raises(StreamInterrupted) as caught:
                await stream.until_done()
        assert caught.value.partial is not None
        assert caught.value.partial.output_text == "Hel"
        assert caught.value.run is not None
        assert len(caught.value.run.turns) == 1
        result = await start(session, resume=caught.value.run, input=None)
        assert (result.output_text, len(result.turns)) == ("Hello", 2)

    with ScriptedServer(STREAM_CALLS_FIRST, STALLED, GOOD) as server:
        loop.play(play, server.url)


# --- interrupted


def interrupt_when(condition: Callable[[], bool]) -> threading.Thread:
    """Press Ctrl-C when a condition is true."""

    def press() -> None:
        eventually(condition)
        settle()  # until the main thread is inside of its wait, which cannot be observed
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    return thread


def sync_stream(session: Session, stage: Stage) -> None:
    with session.client.responses.run_stream(model="m", input="Hi", tools=[weather]) as stream:
        stream.until_done()


def sync_tool(session: Session, stage: Stage, **params: Any) -> None:
    @tool(name="weather")
    def slow(city: str) -> None:
        stage.block()

    start(session, tools=[slow], **params)


def sync_timed_tool(session: Session, stage: Stage) -> None:
    sync_tool(session, stage, tool_timeout=60)


def sync_on_turn(session: Session, stage: Stage) -> None:
    start(session, on_turn=stage.block)


INTERRUPTED: list[tuple[Callable[[Session, Stage], object], list[Any], int]] = [
    (lambda session, stage: start(session), [CALLS_FIRST, [HOLD]], 2),
    (sync_stream, [STREAM_CALLS_FIRST, STALLED], 2),
    (sync_stream, [STREAM_CALLS_FIRST, [HOLD]], 2),
    (sync_stream, [STREAM_CALLS_FIRST, [stream_head(), HOLD]], 2),
    (sync_tool, [CALLS_FIRST], 0),
    (sync_tool, [[answer(200, CALLS)]], 0),
    (sync_timed_tool, [CALLS_FIRST], 0),
    (sync_on_turn, [CALLS_FIRST], 0),
    (lambda session, stage: start(session, background=True), [[answer(200, RUNNING)], [HOLD]], 2),
]


@pytest.mark.usefixtures("polls")
@pytest.mark.parametrize(("work", "scripts", "requests"), INTERRUPTED)
def test_interrupted_run_leaves_nothing(
    work: Callable[[Session, Stage], object], scripts: list[Any], requests: int
) -> None:
    stage = Stage()

    async def play(session: Session) -> None:
        presser = interrupt_when(
            lambda: stage.is_there.is_set() if requests == 0 else len(server.requests) >= requests
        )
        with pytest.raises(KeyboardInterrupt):
            work(session, stage)
        presser.join(PATIENT)
        stage.release.set()
        assert session.busy_connections == 0
        server.add(GOOD)
        assert (await session.create()).output_text == "Hello"

    with ScriptedServer(*scripts) as server:
        Shell("sync").play(play, server.url, max_retries=0)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("body", [CALL, CALLS], ids=["one call", "two calls"])
def test_tool_that_ends_the_program_does(shell: Shell, error: BaseException, body: Any) -> None:
    @tool(name="weather")
    def end(city: str) -> None:
        raise error

    async def play(session: Session) -> None:
        with pytest.raises(type(error)) as caught:
            await given(start(session, tools=[end]))
        assert caught.value is error
        assert session.busy_connections == 0
        assert (await session.create()).output_text == "Hello"

    with ScriptedServer([answer(200, body)], GOOD) as server:
        shell.play(play, server.url)


# --- left early


@pytest.mark.parametrize(
    "kind",
    [
        "response.created",
        "run.tool_called",
        "run.tool_returned",
        "run.turn_ended",
        "response.output_text.delta",
    ],
)
def test_streamed_run_that_is_left_early_leaves_nothing(shell: Shell, kind: str) -> None:
    async def play(session: Session) -> None:
        stream = session.client.responses.run_stream(model="m", input="Hi", tools=[weather])
        if shell.name == "sync":
            with stream:
                assert kind in (event.type for event in stream)
        else:
            async with stream:
                async for event in stream:
                    if event.type == kind:
                        break
        assert session.busy_connections == 0
        assert (await session.create()).output_text == "Hello"
        del stream
        gc.collect()
        if shell.name == "asyncio":
            assert asyncio.all_tasks() == {asyncio.current_task()}

    scripts = [STREAM_CALLS_FIRST, STALLED] if "delta" in kind else [STREAM_CALLS_FIRST]
    with ScriptedServer(*scripts, GOOD) as server:
        shell.play(play, server.url)


def test_streamed_run_that_is_dropped_gives_its_connection_back(shell: Shell) -> None:
    async def play(session: Session) -> None:
        stream = session.client.responses.run_stream(model="m", input="Hi")
        await given(next(stream) if shell.name == "sync" else anext(stream))
        source = stream._source
        with pytest.warns(ResourceWarning, match="was not closed"):
            del stream
        await source.close()  # a no-op in sync
        assert session.busy_connections == 0

    with ScriptedServer(STALLED) as server:
        shell.play(play, server.url)


# --- long and wide


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server
        assert server.open_streams == 0


@pytest.fixture(params=MODES)
def caller(request: pytest.FixtureRequest, server: Server) -> Caller:
    return Caller(request.param, server.client, server.async_client)


def go(caller: Caller, **params: Any) -> Any:
    return caller(lambda client: client.responses.run(**{"model": "m", "input": "Hi", **params}))


def test_run_of_200_turns(caller: Caller, server: Server) -> None:
    for _ in range(199):
        server.call_tool("weather", {"city": "Oslo"})
    server.reply("Done.")
    result = go(caller, tools=[weather], max_turns=200)
    assert (result.status, result.output_text, len(result.turns)) == ("completed", "Done.", 200)
    assert {len(request.json["input"]) for request in server.requests[1:]} == {1}
    assert result.usage.total_tokens == sum(turn.response.usage.total_tokens for turn in result.turns)
    assert RunResult.from_json(result.to_json()) == result


def test_streamed_run_of_60_turns_that_sends_all_each_time(caller: Caller, server: Server) -> None:
    for _ in range(59):
        server.call_tool("weather", {"city": "Oslo"})
    server.reply("Done.")
    params: dict[str, Any] = {"tools": [weather], "max_turns": 60, "store": False}
    events = caller.events(
        lambda client: Opened(client.responses.run_stream(model="m", input="Hi", **params))
    )
    assert sum(event.type == "run.turn_ended" for event in events) == 60
    assert [len(request.json["input"]) for request in server.requests[1:]] == list(range(3, 121, 2))


class Opened:
    """A stream that may be awaited before it is entered."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __enter__(self) -> Any:
        return self.stream.__enter__()

    def __exit__(self, *exc_info: Any) -> None:
        self.stream.__exit__(*exc_info)

    def __await__(self) -> Any:
        yield from ()
        return self.stream


@pytest.mark.parametrize("most", [1, 7, 50])
@pytest.mark.parametrize("is_async", [False, True])
def test_50_calls_at_once(caller: Caller, server: Server, most: int, is_async: bool) -> None:
    lock = threading.Lock()
    now = highest = 0

    def step(change: int) -> None:
        nonlocal now, highest
        with lock:
            now += change
            highest = max(highest, now)

    def has_met_others() -> bool:
        return highest > 1 or most == 1

    def in_thread(number: int) -> int:
        step(1)
        eventually(has_met_others)
        step(-1)
        return number

    async def in_task(number: int) -> int:
        step(1)
        await eventually_async(has_met_others)
        step(-1)
        return number

    function = tool(name="count")(in_task if is_async and caller.mode != "sync" else in_thread)
    server.call_tools([("count", {"number": number}) for number in range(50)]).reply("Done.")
    result = go(caller, tools=[function], max_concurrency=most)
    assert [item.output for item in result.turns[0].outputs] == [str(number) for number in range(50)]
    assert highest <= most
    if most > 1:
        assert highest > 1


# --- unusual tools


def test_tools_may_call_the_client_themselves(caller: Caller, server: Server) -> None:
    def ask(about: RunContext[Any], question: str) -> str:
        result: RunResult = about.value.responses.run(model="m", input=question, tools=[weather])
        return result.output_text

    async def ask_async(about: RunContext[Any], question: str) -> str:
        result: RunResult = await about.value.responses.run(model="m", input=question, tools=[weather])
        return result.output_text

    asks = tool(name="ask")(ask if caller.mode == "sync" else ask_async)
    server.call_tools([("ask", {"question": "Oslo?"}), ("ask", {"question": "Rome?"})])
    server.reply("Sunny.").reply("Sunny.").reply("Both are sunny.")
    result = caller(lambda client: client.responses.run(model="m", input="Hi", tools=[asks], context=client))
    assert result.output_text == "Both are sunny."
    assert [item.output for item in result.turns[0].outputs] == ["Sunny.", "Sunny."]


def test_cancelled_tool_is_a_failure_and_does_not_disturb_others(loop: Shell) -> None:
    @tool(name="weather")
    async def cancelled(about: RunContext[object], city: str) -> str:
        if about.call.call_id == "c1":
            raise asyncio.CancelledError
        await settle_async()
        return city

    async def play(session: Session) -> RunResult:
        result: RunResult = await start(session, tools=[cancelled])
        return result

    with ScriptedServer([answer(200, CALLS)], GOOD) as server:
        result = loop.play(play, server.url)
    outputs = [item.to_dict()["output"] for item in result.turns[0].outputs]
    assert outputs == ["Error: it was cancelled.", "Oslo"]
    assert result.status == "completed"


def test_tool_that_waits_for_a_future_that_was_cancelled(caller: Caller, server: Server) -> None:
    future: Future[int] = Future()
    future.cancel()

    def wait() -> int:
        return future.result()

    server.call_tool("wait").reply("Done.")
    result = go(caller, tools=[wait])
    assert result.turns[0].outputs[0].output == "Error: CancelledError."


def test_timeout_error_of_a_tool_is_not_its_time_limit(caller: Caller, server: Server) -> None:
    def slow() -> None:
        raise TimeoutError("the database")

    server.call_tool("slow").reply("Done.")
    result = go(caller, tools=[slow], tool_timeout=60)
    assert result.turns[0].outputs[0].output == "Error: TimeoutError: the database."


def test_slow_tools_do_not_hold_up_the_run(caller: Caller, server: Server) -> None:
    release = threading.Event()

    def slow() -> None:
        release.wait(PATIENT)

    async def slow_async() -> None:
        await anyio.sleep_forever()

    tools: list[Any] = [slow] if caller.mode == "sync" else [slow, slow_async]
    server.call_tools([(function.__name__, {}) for function in tools] * 2).reply("Done.")
    try:
        result = go(caller, tools=tools, tool_timeout=SOON)
    finally:
        release.set()
    assert {item.output for item in result.turns[0].outputs} == {f"Error: it took longer than {SOON} s."}
    assert result.output_text == "Done."


def test_response_that_was_cut_off_calls_nothing_and_can_be_continued(caller: Caller, server: Server) -> None:
    calls: list[str] = []

    def count(city: str) -> str:
        calls.append(city)
        return city

    cut = [call(name="count"), {**call("c2", "count", '{"ci'), "status": "incomplete"}]
    details = {"reason": "max_output_tokens"}
    server.reply_response({"status": "incomplete", "incomplete_details": details, "output": cut})
    result = go(caller, tools=[count])
    assert (result.status, calls, result.pending) == ("incomplete", [], [])

    server.reply("Done.")
    again = go(caller, tools=[count], resume=result, input="Go on.")
    assert again.output_text == "Done."
    assert [item["content"] for item in server.requests[-1].json["input"]] == ["Hi", "Go on."]


# --- broken connections


@pytest.mark.parametrize("end", [RESET, HOLD])
def test_connection_that_breaks_in_the_middle_loses_nothing(shell: Shell, end: Step) -> None:
    calls: list[str] = []

    @tool(name="weather")
    def count(city: str) -> str:
        calls.append(city)
        return city

    async def play(session: Session) -> RunResult:
        with pytest.raises(APIConnectionError) as caught:
            await given(start(session, tools=[count], max_retries=0, timeout=limit_for([end])))
        assert session.busy_connections == 0
        run = caught.value.run
        assert run is not None
        result: RunResult = await given(start(session, tools=[count], resume=run, input=None))
        return result

    with ScriptedServer(CALLS_FIRST, [end], GOOD) as server:
        result = shell.play(play, server.url)
    assert (result.status, result.output_text, calls) == ("completed", "Hello", ["Oslo"])


def test_connection_that_breaks_is_tried_again_without_tools(shell: Shell) -> None:
    calls: list[str] = []

    @tool(name="weather")
    def count(city: str) -> str:
        calls.append(city)
        return city

    async def play(session: Session) -> RunResult:
        result: RunResult = await given(start(session, tools=[count]))
        return result

    with ScriptedServer(CALLS_FIRST, [RESET], [answer(500)], GOOD) as server:
        assert shell.play(play, server.url, max_retries=3).output_text == "Hello"
    assert calls == ["Oslo"]


def test_streamed_run_that_breaks_off_before_its_first_event_is_tried_again(shell: Shell) -> None:
    async def play(session: Session) -> RunResult:
        stream = session.client.responses.run_stream(model="m", input="Hi", tools=[weather])
        result: RunResult = await given(stream.get_final_result())
        return result

    with ScriptedServer(STREAM_CALLS_FIRST, [stream_head(), RESET], WHOLE) as server:
        assert shell.play(play, server.url).output_text == "Hello"


# --- in another process

OTHER_PROCESS = """
import sys
from responses_client import Client, RunResult

def weather(city: str) -> str:
    "Tell the weather."
    return f"Sunny in {city}"

with Client(api_key="test-key", base_url=sys.argv[1]) as client:
    saved = sys.stdin.read()
    before = {"resume": RunResult.from_json(saved)} if saved else {"input": "Hi"}
    print(client.responses.run(model="m", tools=[weather], on_turn=lambda so_far: True, **before).to_json())
"""


def scripted(server: Server) -> Server:
    return (
        server.call_tool("weather", {"city": "Oslo"})
        .call_tools([("weather", {"city": "Rome"}), ("nobody", {})])
        .reply("Both are sunny.")
    )


@pytest.mark.parametrize("store", [True, False])
def test_run_that_other_processes_resume_has_the_same_result(store: bool) -> None:
    script = OTHER_PROCESS.replace('model="m"', f'model="m", store={store}')
    with Server() as one, one.client() as client:
        scripted(one)
        at_once = client.responses.run(model="m", input="Hi", tools=[weather], store=store)
    with Server() as other, other.serve() as url:
        scripted(other)
        text = ""
        for _ in range(3):
            made = subprocess.run(
                [sys.executable, "-c", script, url],
                input=text,
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            )
            text = made.stdout
    assert RunResult.from_json(text) == at_once
    assert [request.json for request in other.requests] == [request.json for request in one.requests]


def test_keys_are_in_no_saved_run() -> None:
    with ScriptedServer(CALLS_FIRST, GOOD) as server:

        async def play(session: Session) -> str:
            result: RunResult = start(session, extra_headers={"x-secret": "hush"})
            return result.to_json() + repr(result)

        saved = Shell("sync").play(play, server.url)
    assert KEY not in saved
    assert "hush" not in saved
