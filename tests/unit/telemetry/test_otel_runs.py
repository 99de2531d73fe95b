"""Spans of runs: one for the run, one for each tool call in it, and those of its requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from callers import RULE_MODES, Caller
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from responses_client import AsyncClient, Client, InternalServerError, ToolExecutionError
from responses_client.otel import OpenTelemetry
from responses_client.testing import Server


def get_weather(city: str) -> str:
    """Tell the weather."""
    if city == "Atlantis":
        raise LookupError("no such city")
    trace.get_current_span().set_attribute("seen", city)
    return f"Sunny in {city}"


class Lab:
    """A server, a caller of it, and the spans that its calls leave."""

    def __init__(self, mode: str, **options: Any) -> None:
        self.server = Server()
        self._exporter = InMemorySpanExporter()
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        telemetry = OpenTelemetry(tracer_provider=tracers, **options)
        settings: dict[str, Any] = {"telemetry": telemetry, "max_retries": 0}
        self.call = Caller(
            mode, lambda: self.server.client(**settings), lambda: self.server.async_client(**settings)
        )

    def run(self, **params: Any) -> Any:
        """Run to the end."""
        params = {"model": "m", "input": "Weather?", "tools": [get_weather], **params}
        return self.call(lambda client: client.responses.run(**params))

    def stream(self, count: int | None = None) -> None:
        """Read a streamed run, or the first events of it."""
        params: dict[str, Any] = {"model": "m", "input": "Weather?", "tools": [get_weather]}

        def read(client: Client) -> None:
            with client.responses.run_stream(**params) as stream:
                for number, _ in enumerate(stream, 1):
                    if number == count:
                        break

        async def wait(client: AsyncClient) -> None:
            async with client.responses.run_stream(**params) as stream:
                number = 0
                async for _ in stream:
                    number += 1
                    if number == count:
                        break

        self.call.run(read, wait)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """All spans in the order of their ends."""
        return self._exporter.get_finished_spans()

    @property
    def names(self) -> list[str]:
        """The names of the spans."""
        return [span.name for span in self.spans]

    def one(self, name: str) -> ReadableSpan:
        """The first span of that name."""
        return next(span for span in self.spans if span.name == name)


@pytest.fixture(params=RULE_MODES)
def lab(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[Lab]:
    yield Lab(request.param)
    assert "Telemetry failed" not in caplog.text
    assert "Failed to detach context" not in caplog.text


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_run_is_the_parent_of_requests_and_tools(lab: Lab) -> None:
    lab.server.call_tools([("get_weather", {"city": "Rome"}), ("get_weather", {"city": "Oslo"})]).reply(
        "Fine"
    )
    result = lab.run()

    assert sorted(lab.names) == ["chat m", "chat m", *["execute_tool get_weather"] * 2, "invoke_agent"]
    run = lab.one("invoke_agent")
    assert run.parent is None
    assert run.kind is SpanKind.INTERNAL
    others = [span for span in lab.spans if span is not run]
    assert all(span.parent is not None and span.parent.span_id == run.context.span_id for span in others)
    found = attributes(run)
    assert found["gen_ai.operation.name"] == "invoke_agent"
    assert found["gen_ai.provider.name"] == "openai"
    assert found["gen_ai.request.model"] == "m"
    assert found["gen_ai.usage.input_tokens"] == result.usage.input_tokens
    assert found["gen_ai.response.finish_reasons"] == ("stop",)
    assert found["responses_client.turns"] == 2


def test_tool_has_its_name_and_call_and_is_current_while_it_runs(lab: Lab) -> None:
    lab.server.call_tool("get_weather", {"city": "Rome"}, call_id="call_1").reply("Fine")
    lab.run()

    span = lab.one("execute_tool get_weather")
    assert attributes(span) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.name": "get_weather",
        "gen_ai.tool.call.id": "call_1",
        "seen": "Rome",
    }
    assert span.status.status_code is StatusCode.UNSET


def test_failed_tool_has_the_type_of_its_error_and_no_text(lab: Lab) -> None:
    lab.server.call_tool("get_weather", {"city": "Atlantis"}).reply("Oh")
    lab.run()

    span = lab.one("execute_tool get_weather")
    assert attributes(span)["error.type"] == "LookupError"
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "LookupError")
    assert lab.one("invoke_agent").status.status_code is StatusCode.UNSET


def test_failed_run_has_its_error(lab: Lab) -> None:
    lab.server.call_tool("get_weather", {"city": "Atlantis"})
    with pytest.raises(ToolExecutionError):
        lab.run(on_tool_error="raise")

    assert attributes(lab.one("execute_tool get_weather"))["error.type"] == "LookupError"
    assert attributes(lab.one("invoke_agent"))["error.type"] == "ToolExecutionError"


def test_run_that_never_had_a_response_has_its_error(lab: Lab) -> None:
    lab.server.fail(status=500)
    with pytest.raises(InternalServerError):
        lab.run()

    assert lab.names == ["chat m", "invoke_agent"]
    assert attributes(lab.one("invoke_agent"))["error.type"] == "InternalServerError"


def test_streamed_run_has_the_same_spans(lab: Lab) -> None:
    lab.server.call_tool("get_weather", {"city": "Rome"}).reply("Fine")
    lab.stream()

    assert lab.names == ["chat m", "execute_tool get_weather", "chat m", "invoke_agent"]
    run = lab.one("invoke_agent")
    assert attributes(run)["responses_client.turns"] == 2
    assert all(span.parent is not None for span in lab.spans if span is not run)


def test_streamed_run_that_is_left_early_ends_its_span(lab: Lab) -> None:
    lab.server.call_tool("get_weather", {"city": "Rome"}).reply("Fine")
    lab.stream(count=3)

    assert lab.names == ["chat m", "invoke_agent"]
    assert lab.one("invoke_agent").status.status_code is StatusCode.UNSET


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ({"type": "function_call", "name": "f", "arguments": '{"a": 1}'}, '{"a": 1}'),
        ({"type": "computer_call", "actions": [{"type": "wait"}], "pending_safety_checks": []}, '"wait"'),
        ({"type": "custom_tool_call", "name": "f", "input": "1 + 1"}, "1 + 1"),
        ({"type": "shell_call", "action": {"commands": ["ls"]}}, '{"commands":["ls"]}'),
        ({"type": "apply_patch_call", "operation": {"type": "delete_file", "path": "a"}}, '"path":"a"'),
        ({"type": "tool_search_call", "execution": "client", "arguments": {"q": "x"}}, '{"q":"x"}'),
    ],
)
def test_content_of_calls_is_captured_on_demand(call: dict[str, Any], given: str) -> None:
    lab = Lab("sync", capture_content=True)
    lab.server.reply_items([{"call_id": "call_1", **call}]).reply("Fine")
    hooks = {
        "on_shell": lambda call: [{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
        "on_apply_patch": lambda call: "done",
        "on_tool_search": lambda call: [],
        "on_computer": lambda call: "data:image/png;base64,AA==",
    }

    def f(a: int) -> str:
        return "done"

    lab.run(tools=[f] if call["type"] != "custom_tool_call" else [], **hooks)
    span = next(span for span in lab.spans if span.name.startswith("execute_tool"))
    assert span.name == f"execute_tool {call.get('name', call['type'].removesuffix('_call'))}"
    assert given in attributes(span)["gen_ai.tool.call.arguments"]
    if call["type"] == "function_call":
        assert attributes(span)["gen_ai.tool.call.result"] == "done"
    if call["type"] == "shell_call":
        assert json.loads(attributes(span)["gen_ai.tool.call.result"])[0]["stdout"] == "a"
    if call["type"] == "custom_tool_call":
        assert span.status.description is not None
        assert "there is no tool f" in span.status.description


def test_streamed_run_that_never_began_has_no_span() -> None:
    lab = Lab("sync")
    lab.call(lambda client: client.responses.run_stream(model="m", input="Hi") and None)
    assert lab.names == []


def test_span_of_a_stream_that_is_dropped_between_turns_ends() -> None:
    lab = Lab("asyncio")
    lab.server.call_tool("get_weather", {"city": "Rome"}).reply("Fine")

    async def wait(client: AsyncClient) -> None:
        stream = client.responses.run_stream(model="m", input="Weather?", tools=[get_weather])
        async for event in stream:
            if event.type == "run.turn_ended":
                return

    lab.call.run(lambda client: None, wait)
    assert lab.names == ["chat m", "execute_tool get_weather", "invoke_agent"]
