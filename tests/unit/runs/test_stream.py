"""Streamed runs, sync and async: events in order, text, snapshots, errors, and leaving early."""

from __future__ import annotations

import gc
import warnings
from typing import Any

import anyio
import pytest
from call_items import PAY, weather
from callers import Caller
from pydantic import BaseModel
from run_streams import Stream, kinds, play, read

from responses_client import (
    MaxTurnsExceeded,
    RateLimitError,
    RequestValidationError,
    RunResult,
    StreamInterrupted,
    ToolCalled,
    ToolExecutionError,
    ToolReturned,
    TurnEnded,
    tool,
)
from responses_client._transport.protocols import run
from responses_client.errors import ConfigurationError, InternalServerError
from responses_client.testing import Server


def fail() -> str:
    """Fail."""
    raise ValueError("no")


TURN = ["response.created", "response.completed"]
ENDED = "run.turn_ended"


# --- events


def test_events_of_responses_and_tools_come_in_order(caller: Caller, server: Server) -> None:
    server.call_tools([("weather", {"city": "Oslo"}), ("weather", {"city": "Rome"})]).reply("Rome.")
    events, result = read(caller, tools=[weather])
    called, returned = ["run.tool_called"] * 2, ["run.tool_returned"] * 2
    assert kinds(events) == [*TURN, *called, *returned, ENDED, *TURN, ENDED]
    assert (result.status, result.output_text, len(result.turns)) == ("completed", "Rome.", 2)

    begun = [event for event in events if isinstance(event, ToolCalled)]
    assert [(event.turn, event.call.name) for event in begun] == [(1, "weather")] * 2
    done = [event for event in events if isinstance(event, ToolReturned)]
    assert {event.output.output for event in done} == {"Sunny in Oslo", "Sunny in Rome"}
    ends = [event for event in events if isinstance(event, TurnEnded)]
    assert [event.number for event in ends] == [1, 2]
    assert tuple(event.turn for event in ends) == result.turns
    assert [request.json["stream"] for request in server.requests] == [True, True]


def test_decisions_are_events_like_other_answers(caller: Caller, server: Server) -> None:
    guarded = tool(needs_approval=True)(weather)
    server.call_tools([("weather", {"city": "Oslo"}), ("weather", {"city": "Rome"})])
    _, asked = read(caller, tools=[guarded])
    yes, no = asked.approvals
    assert asked.status == "pending"
    server.reply("Fine.")
    events, result = read(caller, tools=[guarded], resume=asked, input=[], approve=[yes], deny={no: "No."})
    called, returned = ["run.tool_called"] * 2, ["run.tool_returned"] * 2
    assert kinds(events) == [*called, *returned, *TURN, ENDED]
    done = {event.arguments: event for event in events if isinstance(event, ToolReturned)}
    assert done[yes.arguments].output.output == "Sunny in Oslo"
    assert done[no.arguments].output.output == "No."
    assert (done[no.arguments].error, done[no.arguments].elapsed) == (None, 0)
    assert result.output_text == "Fine."


def test_text_is_that_of_all_responses(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"}).reply("It is sunny.")

    async def script(stream: Stream) -> list[str]:
        async with stream:
            return await stream.text()

    assert "".join(play(caller, script, tools=[weather])) == "It is sunny."


def test_result_and_snapshot_grow(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"}).reply("It is sunny.")

    async def script(stream: Stream) -> None:
        inner = stream.inner
        assert (inner.result, inner.snapshot) == (None, None)
        assert "no response yet" in repr(inner)
        async with stream:
            await stream.until("response.created")
            assert inner.result is None
            assert inner.snapshot.status == "in_progress"
            await stream.until("run.turn_ended")
            assert (inner.result.status, len(inner.result.turns)) == ("in_progress", 1)
            assert inner.snapshot.output[0].type == "function_call"
            await stream.until("response.output_text.delta")
            assert len(inner.result.turns) == 1
            assert "It is sunny.".startswith(inner.snapshot.output_text)
            await stream.rest()
            assert inner.result.status == "completed"
            assert inner.snapshot.output_text == "It is sunny."
            assert repr(inner).endswith("<RunResult completed after 2 turns: 'It is sunny.'>>")

    play(caller, script, tools=[weather])


def test_stream_may_be_read_to_its_end_at_once(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"}).reply("It is sunny.")

    async def script(stream: Stream) -> Any:
        async with stream:
            assert await stream.until_done() is stream.inner
            with pytest.raises((StopIteration, StopAsyncIteration, RuntimeError)):
                await stream.next()
        return stream.inner.result

    assert play(caller, script, tools=[weather]).output_text == "It is sunny."


def test_stream_may_be_used_without_a_block(caller: Caller, server: Server) -> None:
    server.reply("Hello")
    assert play(caller, lambda stream: stream.final()).output_text == "Hello"


def test_last_text_is_read_as_a_type(caller: Caller, server: Server) -> None:
    class City(BaseModel):
        name: str

    server.call_tool("weather", {"city": "Lima"}).reply('{"name": "Lima"}')
    assert read(caller, tools=[weather], text_format=City)[1].output_parsed == City(name="Lima")


def test_block_may_be_entered_after_the_first_event(caller: Caller, server: Server) -> None:
    server.reply("Hello")

    async def script(stream: Stream) -> list[Any]:
        first = await stream.next()
        async with stream:
            return [first, *await stream.rest()]

    assert kinds(play(caller, script)) == [*TURN, ENDED]
    assert len(server.requests) == 1


def test_failed_tool_is_in_its_event(caller: Caller, server: Server) -> None:
    server.call_tool("fail").reply("Sorry.")
    events, _ = read(caller, tools=[fail])
    (returned,) = [event for event in events if isinstance(event, ToolReturned)]
    assert isinstance(returned.error, ToolExecutionError)


def test_on_turn_may_stop_a_stream(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"})
    events, result = read(caller, tools=[weather], on_turn=lambda so_far: True)
    assert result.status == "stopped"
    assert kinds(events)[-1] == ENDED


def test_pending_call_ends_the_stream(caller: Caller, server: Server) -> None:
    server.call_tool("pay")
    events, result = read(caller, tools=[PAY])
    assert (result.status, len(result.pending)) == ("pending", 1)
    assert kinds(events) == [*TURN, ENDED]


# --- resumed runs


def test_resumed_run_answers_open_calls_first(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"})

    async def first(stream: Stream) -> RunResult:
        async with stream:
            await stream.until("run.tool_called")
            result: RunResult = stream.inner.result
            return result

    left = play(caller, first, tools=[weather])
    assert len(left.pending) == 1
    server.reply("Fine.")
    events, result = read(caller, tools=[weather], resume=left, input=None)
    assert kinds(events) == ["run.tool_called", "run.tool_returned", *TURN, ENDED]
    assert (result.status, len(result.turns)) == ("completed", 2)


def test_resumed_run_without_open_calls_asks_at_once(caller: Caller, server: Server) -> None:
    server.reply("One.").reply("Two.")
    _, result = read(caller)
    events, again = read(caller, resume=result, input="And?")
    assert kinds(events) == [*TURN, ENDED]
    assert [turn.response.output_text for turn in again.turns] == ["One.", "Two."]


@pytest.mark.parametrize("how", ["refuses", "ignores"])
def test_server_that_does_not_know_the_response_is_sent_all(caller: Caller, server: Server, how: str) -> None:
    server.call_tool("weather", {"city": "Oslo"})
    if how == "refuses":
        server.fail(400, code="previous_response_not_found")
    else:
        server.reply_response({"previous_response_id": None})
    server.reply("Fine.")
    events, result = read(caller, tools=[weather])
    assert (result.output_text, len(result.turns)) == ("Fine.", 2)
    assert kinds(events) == [*TURN, "run.tool_called", "run.tool_returned", ENDED, *TURN, ENDED]
    assert len(server.requests[-1].json["input"]) == 3


def test_stream_whose_start_does_not_name_the_previous_response_is_taken(
    caller: Caller, server: Server
) -> None:
    server.call_tool("weather", {"city": "Oslo"})
    done = {"id": "resp_9", "object": "response", "status": "completed", "output": [], "model": "m"}
    server.reply_events([{"type": "keepalive"}, {"type": "response.completed", "response": done}])
    _, result = read(caller, tools=[weather])
    assert (result.status, result.response.id) == ("completed", "resp_9")


# --- errors


def test_final_error_has_the_run(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"}).fail(429, times=2)

    async def script(stream: Stream) -> Any:
        async with stream:
            with pytest.raises(RateLimitError) as caught:
                await stream.rest()
            with pytest.raises(RateLimitError):
                await stream.next()
            return caught.value.run

    run = play(caller, script, tools=[weather], max_retries=1)
    assert (run.status, len(run.turns[0].outputs)) == ("in_progress", 1)
    server.reply("Fine.")
    assert read(caller, tools=[weather], resume=run, input=None)[1].output_text == "Fine."


def test_error_of_the_first_request_comes_when_the_block_is_entered(caller: Caller, server: Server) -> None:
    server.fail(500)

    async def script(stream: Stream) -> None:
        with pytest.raises(InternalServerError) as caught:
            async with stream:
                pytest.fail("nothing is open")
        assert caught.value.run is None

    play(caller, script, max_retries=0)


def test_mistake_is_reported_before_anything_is_sent(caller: Caller, server: Server) -> None:
    with pytest.raises(RequestValidationError):
        read(caller, max_turns=0)
    with pytest.raises(RequestValidationError):
        read(caller, temperature="hot")
    assert server.requests == []


def test_stream_that_breaks_off_has_the_run_so_far(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"}).disconnect_after(events=5).reply("It is sunny.")

    async def script(stream: Stream) -> Any:
        async with stream:
            with pytest.raises(StreamInterrupted) as caught:
                await stream.rest()
            return caught.value

    error = play(caller, script, tools=[weather])
    assert error.partial.status == "in_progress"
    assert (len(error.run.turns), len(error.run.turns[0].outputs)) == (1, 1)
    server.reply("Fine.")
    assert read(caller, tools=[weather], resume=error.run, input=None)[1].output_text == "Fine."


def test_events_before_an_error_are_given_first(caller: Caller, server: Server) -> None:
    server.call_tools([("weather", {"city": "Oslo"}), ("fail", {})])

    async def script(stream: Stream) -> list[Any]:
        events: list[Any] = []
        async with stream:
            with pytest.raises(ToolExecutionError) as caught:
                await stream.into(events)
            assert caught.value.run is not None
            assert len(caught.value.run.pending) == 1
        return events

    events = play(caller, script, tools=[weather, fail], on_tool_error="raise", max_concurrency=1)
    assert kinds(events) == [*TURN, "run.tool_called", "run.tool_called", "run.tool_returned"]


def test_exception_of_on_turn_ends_the_stream(caller: Caller, server: Server) -> None:
    def stop(so_far: RunResult) -> None:
        raise ZeroDivisionError

    server.call_tool("weather", {"city": "Oslo"}).reply("Fine.")

    async def script(stream: Stream) -> list[Any]:
        events: list[Any] = []
        async with stream:
            for _ in range(2):
                with pytest.raises(ZeroDivisionError):
                    await stream.into(events)
        return events

    assert kinds(play(caller, script, tools=[weather], on_turn=stop))[-1] == ENDED
    assert len(server.requests) == 1


def test_too_many_turns(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"})
    with pytest.raises(MaxTurnsExceeded) as caught:
        read(caller, tools=[weather], max_turns=1)
    assert caught.value.run is not None


def test_coroutine_of_a_function_is_refused(server: Server) -> None:
    async def later(so_far: RunResult) -> bool:
        return True

    server.reply("Fine.")
    params: dict[str, Any] = {"model": "m", "input": "Hi", "on_turn": lambda so_far: later(so_far)}
    with server.client() as client, pytest.raises(ConfigurationError, match="needs AsyncClient"):
        client.responses.run_stream(**params).until_done()


# --- in the background


def test_broken_background_stream_resumes(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"}).disconnect_after(events=5).reply("It is sunny.")
    assert read(caller, tools=[weather], background=True)[1].output_text == "It is sunny."


def test_background_response_whose_stream_broke_is_polled_by_the_next_run(
    caller: Caller, server: Server
) -> None:
    server.call_tool("weather", {"city": "Oslo"}).disconnect_after(events=5).reply("It is sunny.")

    async def script(stream: Stream) -> Any:
        async with stream:
            with pytest.raises(StreamInterrupted) as caught:
                await stream.rest()
            return caught.value.run

    run = play(caller, script, tools=[weather], background=True, max_retries=0)
    assert (len(run.turns), run.response.status, run.pending) == (2, "in_progress", [])
    events, result = read(caller, resume=RunResult.from_json(run.to_json()), input=None, background=True)
    assert (result.status, result.output_text, events) == ("completed", "It is sunny.", [])
    assert [request.method for request in server.requests].count("POST") == 2


# --- leaving early


def test_leaving_the_block_ends_the_run(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"})

    async def script(stream: Stream) -> None:
        async with stream:
            await stream.next()
            assert server.open_streams == 1
        assert server.open_streams == 0
        assert await stream.until_closed() == []

    play(caller, script, tools=[weather])
    assert len(server.requests) == 1


def test_unread_events_are_dropped_when_the_block_is_left(caller: Caller, server: Server) -> None:
    server.call_tools([("weather", {"city": "Oslo"}), ("weather", {"city": "Rome"})])

    async def script(stream: Stream) -> None:
        async with stream:
            await stream.until("run.tool_called")
        assert await stream.until_closed() == []
        assert len(stream.inner.result.pending) == 2

    play(caller, script, tools=[weather])


def test_interrupted_tool_is_not_called_again_unasked(caller: Caller, server: Server) -> None:
    calls: list[str] = []

    @tool(name="weather")
    def interrupted(city: str) -> str:
        calls.append(city)
        raise KeyboardInterrupt

    server.call_tool("weather", {"city": "Oslo"})

    async def script(stream: Stream) -> Any:
        async with stream:
            await stream.until("run.tool_called")
            with pytest.raises(KeyboardInterrupt):
                await stream.next()
            assert await stream.rest() == []
            return await stream.final()

    result = play(caller, script, tools=[interrupted])
    assert (result.status, len(result.pending), calls) == ("pending", 1, ["Oslo"])


@pytest.mark.parametrize("where", ["tool", "on_turn"])
def test_stream_that_is_closed_while_a_function_runs_ends_there(
    caller: Caller, server: Server, where: str
) -> None:
    server.call_tool("stop")
    streams: list[Stream] = []

    async def close() -> None:
        await streams[0].close()

    def stop() -> None:
        streams[0].inner.close()

    function = stop if caller.mode == "sync" else tool(name="stop")(close)

    async def on_turn(so_far: RunResult) -> None:
        await close()

    turn: Any = (lambda so_far: stop()) if caller.mode == "sync" else on_turn
    params: dict[str, Any] = {"on_turn": turn} if where == "on_turn" else {}

    async def script(stream: Stream) -> list[Any]:
        streams.append(stream)
        async with stream:
            return await stream.until_closed()

    last = "run.turn_ended" if where == "on_turn" else "run.tool_called"
    tools: list[Any] = [function] if where == "tool" else [tool(name="stop")(lambda: "done")]
    assert play(caller, script, tools=tools, **params)[-1].type == last
    assert len(server.requests) == 1


def test_second_reader_of_a_run_is_refused(caller: Caller, server: Server) -> None:
    """Here the tool, which reads the run that waits for it."""
    server.call_tool("look").reply("Fine.")
    streams: list[Stream] = []

    async def read() -> str:
        with pytest.raises(RuntimeError, match="This stream is being read by another thread or task"):
            await streams[0].next()
        return "seen"

    function = (lambda: run(read())) if caller.mode == "sync" else read

    async def script(stream: Stream) -> Any:
        streams.append(stream)
        async with stream:
            await stream.until("run.tool_returned")
            await stream.rest()
            return await stream.final()

    result = play(caller, script, tools=[tool(name="look")(function)])
    assert (result.status, result.turns[0].outputs[0].output) == ("completed", "seen")


def test_event_of_a_run_that_another_thread_took_is_not_waited_for(server: Server) -> None:
    server.reply("Fine.")
    with server.client() as client, client.responses.run_stream(model="m", input="Hi") as stream:
        source = stream._source
        source.events.clear()
        fill = source.fill

        async def fill_for_another() -> bool:
            assert await fill()
            source.events.clear()
            source.fill = fill
            return True

        source.fill = fill_for_another
        assert [*stream][-1].type == "run.turn_ended"


def test_close_that_takes_the_last_events_from_their_reader_is_an_interruption(
    caller: Caller, server: Server
) -> None:
    server.reply("Fine.")

    async def script(stream: Stream) -> Any:
        source = stream.inner._source
        await source.fill()
        while source.events[-1].type != "run.turn_ended":
            source.events.clear()
            await source.fill()
        await stream.close()
        assert await stream.until_closed() == []
        return await stream.final()

    assert play(caller, script).output_text == "Fine."


def test_run_that_was_closed_early_has_no_final_result(caller: Caller, server: Server) -> None:
    server.call_tool("weather", {"city": "Oslo"}).reply("Fine.")

    async def script(stream: Stream) -> None:
        async with stream:
            await stream.until("run.turn_ended")
        with pytest.raises(StreamInterrupted, match="closed here before the end of the run") as caught:
            await stream.final()
        assert caught.value.run is not None
        assert caught.value.partial is caught.value.run.response

    play(caller, script, tools=[weather])


def test_run_that_ended_keeps_its_result_when_closed(caller: Caller, server: Server) -> None:
    server.reply("Fine.")

    async def script(stream: Stream) -> Any:
        async with stream:
            await stream.rest()
        await stream.close()
        assert await stream.rest() == []
        return await stream.final()

    assert play(caller, script).output_text == "Fine."


def test_unclosed_stream_warns_and_is_closed(server: Server) -> None:
    server.reply("Fine.")
    with server.client() as client:
        stream: Any = client.responses.run_stream(model="m", input="Hi")
        next(stream)
        with pytest.warns(ResourceWarning, match="RunStream was not closed: use it in a block of `with`"):
            stream = None
    assert server.open_streams == 0


def test_unclosed_async_stream_warns(server: Server) -> None:
    server.reply("Fine.")

    async def main() -> None:
        async with server.async_client() as client:
            stream: Any = client.responses.run_stream(model="m", input="Hi")
            await anext(stream)
            source = stream._source
            with pytest.warns(
                ResourceWarning, match="AsyncRunStream was not closed: .* block of `async with`"
            ):
                stream = None
            await source.close()

    anyio.run(main)


def test_stream_that_was_read_to_its_end_does_not_warn(caller: Caller, server: Server) -> None:
    server.reply("Fine.")

    async def script(stream: Stream) -> None:
        await stream.rest()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            stream.inner = None
            gc.collect()

    play(caller, script)


def test_stream_that_was_never_started_does_not_warn(caller: Caller, server: Server) -> None:
    async def script(stream: Stream) -> None:
        stream.inner = None
        gc.collect()

    play(caller, script)
    assert server.requests == []


# --- calls that share an id


def test_streamed_run_keeps_each_output_with_its_call(caller: Caller, server: Server) -> None:
    @tool(needs_approval=True)
    def delete(place: int) -> str:
        """Delete."""
        return f"{place} is gone"

    made = {"type": "function_call", "call_id": "c1", "status": "completed"}
    calls = [
        {**made, "name": "delete", "arguments": '{"place": 1}'},
        {**made, "name": "weather", "arguments": '{"city": "Oslo"}'},
    ]
    server.reply_items(calls)
    _, result = read(caller, tools=[delete, weather])
    assert [(one.name, one.needs_approval) for one in result.pending] == [("delete", True)]
    server.reply("Done.")
    events, _ = read(caller, tools=[delete, weather], resume=result, approve=result.approvals, input=None)
    done = [event for event in events if isinstance(event, ToolReturned)]
    assert [event.output.output for event in done] == ["1 is gone"]
    sent = server.requests[-1].json["input"]
    assert [item["output"] for item in sent if "output" in item] == ["1 is gone", "Sunny in Oslo"]
