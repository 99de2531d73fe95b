"""Observers of runs: their arguments, and that their exceptions change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import pytest
from call_items import weather
from callers import MODES, Caller
from run_streams import Stream, play

from responses_client import ToolReturned, tool
from responses_client._calls.observers import Observer
from responses_client._runs.observers import RunObserver, ToolObserver
from responses_client.errors import InternalServerError, ToolExecutionError
from responses_client.testing import Server


class CallTelemetry:
    """Telemetry that observes calls, and no runs."""

    def observe(self, call: Any) -> Observer:
        return Observer()


class Recorder(CallTelemetry):
    """Telemetry that records the arguments of observers of runs."""

    def __init__(self) -> None:
        self.entered: list[str] = []
        self.ends: list[tuple[Any, BaseException | None]] = []
        self.tool_ends: list[tuple[ToolReturned | None, BaseException | None]] = []

    @contextmanager
    def block(self, name: str) -> Iterator[None]:
        self.entered.append(name)
        yield

    def observe_run(self, settings: Any, params: Any) -> RunObserver:
        recorder = self

        class Run(RunObserver):
            def around(self) -> AbstractContextManager[object]:
                return recorder.block("run")

            def on_call(self, call: Any) -> ToolObserver:
                return Tool()

            def on_end(self, result: Any, error: BaseException | None) -> None:
                recorder.ends.append((result, error))

        class Tool(ToolObserver):
            def around(self) -> AbstractContextManager[object]:
                return recorder.block("tool")

            def on_end(self, returned: ToolReturned | None, error: BaseException | None) -> None:
                recorder.tool_ends.append((returned, error))

        return Run()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(params=MODES)
def observed(request: pytest.FixtureRequest, server: Server, recorder: Recorder) -> Caller:
    """A caller with clients that have the recorder as telemetry."""
    options: dict[str, Any] = {"telemetry": recorder}
    return Caller(request.param, partial(server.client, **options), partial(server.async_client, **options))


def go(caller: Caller, **params: Any) -> Any:
    given = {"model": "m", "input": "Hi", "tools": [weather], **params}
    return caller(lambda client: client.responses.run(**given))


# --- a run


def test_run_has_one_block_and_one_end(observed: Caller, server: Server, recorder: Recorder) -> None:
    server.call_tool("weather", {"city": "Oslo"}).reply("Fine.")
    result = go(observed)
    assert recorder.entered == ["run", "tool"]
    assert recorder.ends == [(result, None)]


def test_denied_call_is_not_observed(observed: Caller, server: Server, recorder: Recorder) -> None:
    server.call_tool("weather", {"city": "Oslo"})
    asked = go(observed, tools=[tool(needs_approval=True)(weather)])
    server.reply("Not told.")
    denied = dict.fromkeys(asked.approvals, "No.")
    go(observed, tools=[tool(needs_approval=True)(weather)], resume=asked, input=[], deny=denied)
    assert recorder.entered == ["run", "run"]


def test_failed_run_ends_with_its_error(observed: Caller, server: Server, recorder: Recorder) -> None:
    server.call_tool("weather", {"city": "Oslo"}).fail(500)
    with pytest.raises(InternalServerError) as caught:
        go(observed, max_retries=0)
    assert recorder.ends == [(caught.value.run, caught.value)]


def test_streamed_run_ends_once(observed: Caller, server: Server, recorder: Recorder) -> None:
    server.reply("Fine.").fail(500)
    assert play(observed, lambda stream: stream.final()).status == "completed"
    with pytest.raises(InternalServerError) as caught:
        play(observed, lambda stream: stream.final(), max_retries=0)
    (result, nothing), (none, error) = recorder.ends
    assert (result.status, nothing, none, error) == ("completed", None, None, caught.value)


@pytest.mark.parametrize("error", [None, ValueError("mine"), KeyboardInterrupt()], ids=repr)
def test_streamed_run_that_is_left_ends_as_failed_only_if_interrupted(
    observed: Caller, server: Server, recorder: Recorder, error: BaseException | None
) -> None:
    async def script(stream: Stream) -> None:
        async with stream:
            await stream.next()
            if error is not None:
                raise error

    server.call_tool("weather", {"city": "Oslo"})
    if error is None:
        play(observed, script)
    else:
        with pytest.raises(type(error)):
            play(observed, script)
    assert recorder.ends == [(None, error if isinstance(error, KeyboardInterrupt) else None)]


def test_streamed_run_that_never_began_is_not_observed(
    observed: Caller, server: Server, recorder: Recorder
) -> None:
    async def script(stream: Stream) -> None:
        await stream.close()

    play(observed, script)
    assert (recorder.entered, recorder.ends) == ([], [])


# --- a tool


def test_tool_ends_with_its_answer(observed: Caller, server: Server, recorder: Recorder) -> None:
    server.call_tool("weather", {"city": "Oslo"}).reply("Fine.")
    result = go(observed)
    ((returned, error),) = recorder.tool_ends
    assert returned is not None
    assert (returned.output, error) == (result.turns[0].outputs[0], None)


def test_tool_that_ends_the_run_ends_with_its_error(
    observed: Caller, server: Server, recorder: Recorder
) -> None:
    server.call_tool("weather", {"town": "Oslo"})
    with pytest.raises(ToolExecutionError) as caught:
        go(observed, on_tool_error="raise")
    assert recorder.tool_ends == [(None, caught.value)]


# --- exceptions of observers


class BrokenAtStart(CallTelemetry):
    """Telemetry that raises when a run starts."""

    def observe_run(self, settings: Any, params: Any) -> RunObserver:
        raise RuntimeError("broken")


class BrokenLater(CallTelemetry):
    """Telemetry that raises in each method of an observer."""

    def observe_run(self, settings: Any, params: Any) -> RunObserver:
        class Run(RunObserver):
            def around(self) -> Any:
                raise RuntimeError("broken")

            def on_call(self, call: Any) -> ToolObserver:
                raise RuntimeError("broken")

            def on_end(self, result: Any, error: BaseException | None) -> None:
                raise RuntimeError("broken")

        return Run()


@pytest.mark.parametrize("kind", [BrokenAtStart, BrokenLater])
def test_observer_that_raises_breaks_no_run(
    server: Server, kind: type[CallTelemetry], caplog: pytest.LogCaptureFixture
) -> None:
    with server.client(telemetry=kind()) as client:
        server.call_tool("weather", {"city": "Rome"}).reply("Fine")
        result = client.responses.run(model="m", input="Weather?", tools=[weather])
        assert (result.output_text, result.turns[0].outputs[0].to_dict()["output"]) == (
            "Fine",
            "Sunny in Rome",
        )
        server.call_tool("weather", {"city": "Rome"}).reply("Fine")
        with client.responses.run_stream(model="m", input="Weather?", tools=[weather]) as stream:
            assert stream.get_final_result().output_text == "Fine"
    assert "Telemetry failed" in caplog.text


class DefaultTelemetry(CallTelemetry):
    """Telemetry with observers that override nothing."""

    def observe_run(self, settings: Any, params: Any) -> RunObserver:
        return RunObserver()


@pytest.mark.parametrize("kind", [CallTelemetry, DefaultTelemetry])
def test_methods_of_observers_are_optional(server: Server, kind: type[CallTelemetry]) -> None:
    server.call_tool("weather", {"city": "Rome"}).reply("Fine")
    with server.client(telemetry=kind()) as client:
        assert client.responses.run(model="m", input="Weather?", tools=[weather]).output_text == "Fine"
