"""Spans and metrics of OpenTelemetry: each call has one span, which ends once, however the call ends."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import anyio
import pytest
from fake_io import Clock, FakeBody, FakeIO, bad, good, stream
from observed_calls import Player
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode
from samples import COMPLETED, CREATED, HEL, KEY, LO, event, response
from stream_shells import Stream

from responses_client import ConfigurationError
from responses_client._transport.protocols import TransportError
from responses_client.errors import (
    APIConnectionError,
    APIError,
    RateLimitError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
)
from responses_client.otel import OpenTelemetry
from responses_client.testing import Server

RESET = TransportError("network", "ReadError: reset")
PLAN = "the secret plan"
SAID = "the secret answer"


class Seen(SpanProcessor):
    """Keeps the spans, and checks that each ends once."""

    def __init__(self) -> None:
        self.started = 0
        self.spans: list[ReadableSpan] = []

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.started += 1

    def on_end(self, span: ReadableSpan) -> None:
        assert span not in self.spans
        self.spans.append(span)


class Lab:
    """Telemetry with its own providers, and the spans and points it records."""

    def __init__(self, **options: Any) -> None:
        self.seen = Seen()
        self.tracers = TracerProvider(**options)
        self.tracers.add_span_processor(self.seen)
        self._reader = InMemoryMetricReader()
        self.meters = MeterProvider([self._reader])

    def __call__(self, **options: Any) -> OpenTelemetry:
        """Telemetry that records here."""
        return OpenTelemetry(tracer_provider=self.tracers, meter_provider=self.meters, **options)

    @property
    def span(self) -> ReadableSpan:
        """The only span."""
        assert self.seen.started == 1
        (span,) = self.seen.spans
        return span

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the only span, without those that depend on the clock."""
        found = dict(self.span.attributes or {})
        assert found.pop("gen_ai.response.time_to_first_chunk", 0.0) >= 0
        return found

    def points(self, name: str) -> list[Any]:
        """The points of a metric."""
        data = self._reader.get_metrics_data()
        metrics: list[Any] = []
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                metrics += scope.metrics
        return [point for one in metrics if one.name == name for point in one.data.data_points]


@pytest.fixture
def lab(caplog: pytest.LogCaptureFixture) -> Iterator[Lab]:
    lab = Lab()
    yield lab
    assert lab.seen.started == len(lab.seen.spans)
    assert "Telemetry failed" not in caplog.text
    assert "Calling end() on an ended span" not in caplog.text
    assert "Failed to detach context" not in caplog.text


BASE = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "m",
    "openai.api.type": "responses",
    "server.address": "api.test",
    "server.port": 80,
}
ANSWERED = {
    "gen_ai.response.id": "resp_1",
    "gen_ai.response.model": "m",
    "gen_ai.response.finish_reasons": ("stop",),
    "http.response.status_code": 200,
}
STREAMED = {**BASE, "gen_ai.request.stream": True, "responses_client.request_id": "req_1"}
USAGE = {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8}


def with_usage(**headers: str) -> FakeBody:
    return FakeBody(json.dumps(response(usage=USAGE)).encode(), headers=headers)


def test_call_is_one_span_with_its_attributes(player: Player, clock: Clock, lab: Lab) -> None:
    player.fetch(FakeIO(clock, with_usage(**{"x-request-id": "req_1"})), telemetry=lab())

    assert (lab.span.name, lab.span.kind, lab.span.status.status_code) == (
        "chat m",
        SpanKind.CLIENT,
        StatusCode.UNSET,
    )
    assert lab.span.instrumentation_scope is not None
    assert lab.span.instrumentation_scope.name == "responses_client"
    assert lab.attributes == {
        **BASE,
        **ANSWERED,
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 5,
        "responses_client.request_id": "req_1",
    }
    assert (list(lab.span.events), lab.span.parent) == ([], None)


def test_time_and_tokens_are_measured(player: Player, clock: Clock, lab: Lab) -> None:
    player.fetch(FakeIO(clock, with_usage()), telemetry=lab())

    kinds = {name: BASE[name] for name in BASE if name != "openai.api.type"} | {"gen_ai.response.model": "m"}
    (duration,) = lab.points("gen_ai.client.operation.duration")
    assert (duration.count, dict(duration.attributes)) == (1, kinds)
    assert duration.explicit_bounds[0] == 0.01
    tokens = {
        point.attributes["gen_ai.token.type"]: point for point in lab.points("gen_ai.client.token.usage")
    }
    assert {kind: point.sum for kind, point in tokens.items()} == {"input": 3, "output": 5}
    assert dict(tokens["input"].attributes) == {**kinds, "gen_ai.token.type": "input"}
    assert tokens["input"].explicit_bounds[-1] == 4**13
    assert lab.points("gen_ai.client.operation.time_to_first_chunk") == []


def test_retries_are_events_of_the_one_span(player: Player, clock: Clock, lab: Lab) -> None:
    io = FakeIO(clock, bad(429), RESET, FakeBody(b"{", RESET), good())

    player.fetch(io, telemetry=lab(), max_retries=3)

    assert lab.attributes == {**BASE, **ANSWERED, "http.request.resend_count": 3}
    assert [(one.name, dict(one.attributes or {})) for one in lab.span.events] == [
        (
            "responses_client.retry",
            {
                "responses_client.operation": "responses.create",
                "responses_client.delay": delay,
                "responses_client.reason": reason,
            },
        )
        for delay, reason in [(0.5, "status 429"), (1.0, "network error"), (2.0, "network error")]
    ]
    assert lab.span.status.status_code is StatusCode.UNSET


def limited() -> FakeBody:
    return bad(429, {"message": PLAN, "code": "rate_limit_exceeded"})


FAILURES: dict[str, tuple[Any, type[APIError], dict[str, Any], str]] = {
    "status": (
        limited,
        RateLimitError,
        {"http.response.status_code": 429},
        "RateLimitError 429 rate_limit_exceeded",
    ),
    "no answer": (lambda: RESET, APIConnectionError, {}, "APIConnectionError"),
    "no JSON": (
        lambda: FakeBody(f"<html>{SAID}".encode()),
        ResponseValidationError,
        {"http.response.status_code": 200},
        "ResponseValidationError",
    ),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_failed_call_is_an_error_without_a_word_of_it(
    player: Player, clock: Clock, lab: Lab, failure: tuple[Any, type[APIError], dict[str, Any], str]
) -> None:
    make, kind, expected, description = failure

    with pytest.raises(kind):
        player.fetch(FakeIO(clock, make()), {"input": PLAN}, telemetry=lab(), max_retries=0)

    assert lab.attributes == {**BASE, **expected, "error.type": kind.__name__}
    assert (lab.span.status.status_code, lab.span.status.description) == (StatusCode.ERROR, description)
    assert list(lab.span.events) == []
    (duration,) = lab.points("gen_ai.client.operation.duration")
    assert duration.attributes["error.type"] == kind.__name__


def test_response_that_failed_is_an_error(player: Player, clock: Clock, lab: Lab) -> None:
    failed = response("failed", error={"code": "server_error", "message": SAID})

    player.fetch(FakeIO(clock, FakeBody(json.dumps(failed).encode())), telemetry=lab())

    assert lab.attributes["error.type"] == "server_error"
    assert lab.attributes["gen_ai.response.finish_reasons"] == ("error",)
    assert lab.span.status.status_code is StatusCode.ERROR
    assert SAID not in lab.span.to_json()


@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_cancelled_call_ends_its_span(mode: str, clock: Clock, lab: Lab) -> None:
    async def wait() -> None:
        await anyio.sleep_forever()

    io = FakeIO(clock, good())
    io.sleep = lambda _: wait()
    io.answers.insert(0, bad(500))
    player = Player(mode)

    async def main() -> None:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:

                async def cancel() -> None:
                    await anyio.wait_all_tasks_blocked()
                    scope.cancel()

                tasks.start_soon(cancel)
                await _fetched(io, telemetry=lab())

    player.run(main)

    assert lab.attributes["error.type"] in ("CancelledError", "Cancelled")
    assert lab.span.status.status_code is StatusCode.ERROR


async def _fetched(io: FakeIO, **options: Any) -> Any:
    from fake_io import call

    from responses_client._calls.attempts import fetch

    return await fetch(io, call(**options))


def test_abandoned_call_ends_its_span(clock: Clock, lab: Lab) -> None:
    async def wait() -> None:
        await anyio.sleep_forever()

    async def main() -> None:
        io = FakeIO(clock, bad(500))
        io.sleep = lambda _: wait()
        coroutine = _fetched(io, telemetry=lab())
        coroutine.send(None)
        coroutine.close()

    anyio.run(main)

    assert lab.attributes["error.type"] == "GeneratorExit"


# --- streams


def test_stream_is_one_span_to_its_terminal_event(player: Player, clock: Clock, lab: Lab) -> None:
    done = event("response.completed", 3, response=response(usage=USAGE))

    async def script(stream: Stream) -> None:
        async with stream:
            assert lab.seen.spans == []
            for _ in range(4):
                await stream.next()
            assert len(lab.seen.spans) == 1  # although the stream was not closed yet

    player.play(script, player.opened(FakeIO(clock, stream(CREATED, HEL + LO + done)), telemetry=lab()))

    assert lab.span.name == "chat m"
    assert lab.attributes == {
        **STREAMED,
        **ANSWERED,
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 5,
    }
    assert "gen_ai.response.time_to_first_chunk" in (lab.span.attributes or {})
    (first,) = lab.points("gen_ai.client.operation.time_to_first_chunk")
    assert (first.count, first.attributes["gen_ai.response.model"]) == (1, "m")
    assert {point.sum for point in lab.points("gen_ai.client.token.usage")} == {3, 5}


def test_stream_left_early_ends_without_an_error(player: Player, clock: Clock, lab: Lab) -> None:
    async def script(stream: Stream) -> None:
        async with stream:
            await stream.next()

    player.play(script, player.opened(FakeIO(clock, stream(CREATED, HEL)), telemetry=lab()))

    assert lab.attributes == {
        **STREAMED,
        "gen_ai.response.id": "resp_1",
        "gen_ai.response.model": "m",
        "http.response.status_code": 200,
    }
    assert lab.span.status.status_code is StatusCode.UNSET


def error_event() -> bytes:
    return event("error", 2, message=SAID, code="server_error", param=None)


@pytest.mark.parametrize(
    ("rest", "kind", "description"),
    [
        ([RESET], StreamInterrupted, "StreamInterrupted"),
        ([error_event()], StreamError, "StreamError server_error"),
        ([f"data: {SAID}\n\n".encode()], ResponseValidationError, "ResponseValidationError"),
    ],
)
def test_stream_that_fails_is_an_error(
    player: Player, clock: Clock, lab: Lab, rest: list[Any], kind: type[APIError], description: str
) -> None:
    with pytest.raises(kind):
        player.events(FakeIO(clock, stream(CREATED + HEL, *rest)), telemetry=lab())

    assert lab.attributes["error.type"] == kind.__name__
    assert lab.attributes["gen_ai.response.id"] == "resp_1"
    assert lab.span.status.description == description
    assert SAID not in lab.span.to_json()


def test_resumed_stream_is_one_span(player: Player, clock: Clock, lab: Lab) -> None:
    io = FakeIO(clock, stream(CREATED + HEL, RESET), stream(LO + COMPLETED))

    player.events(io, {"background": True}, telemetry=lab())

    assert lab.attributes == {**STREAMED, **ANSWERED, "http.request.resend_count": 1}
    (resumed,) = lab.span.events
    assert (resumed.attributes or {})["responses_client.operation"] == "responses.retrieve"


@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_cancelled_stream_ends_its_span(mode: str, clock: Clock, lab: Lab) -> None:
    async def wait(deadline: Any) -> bytes:
        await anyio.sleep_forever()
        raise AssertionError

    body = stream(CREATED)
    player = Player(mode)

    async def script(stream: Stream) -> None:
        async with stream:
            await stream.next()
            body.next = wait
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as tasks:

                    async def cancel() -> None:
                        await anyio.wait_all_tasks_blocked()
                        scope.cancel()

                    tasks.start_soon(cancel)
                    await stream.next()

    player.play(script, player.opened(FakeIO(clock, body), telemetry=lab()))

    assert lab.attributes["error.type"] in ("CancelledError", "Cancelled")
    assert body.closed == 1


def test_forgotten_stream_ends_its_span(clock: Clock, lab: Lab) -> None:
    player = Player("asyncio")

    async def script(stream: Stream) -> None:
        await stream.__aenter__()
        await stream.next()

    def forget() -> None:
        player.play(script, player.opened(FakeIO(clock, stream(CREATED, HEL)), telemetry=lab()))
        gc.collect()

    with pytest.warns(ResourceWarning, match="was not closed"):
        forget()

    assert lab.attributes["gen_ai.response.id"] == "resp_1"


# --- context


def test_span_is_a_child_and_is_current_for_requests_and_hooks(
    player: Player, clock: Clock, lab: Lab
) -> None:
    current: list[Any] = []

    def look(_: object) -> None:
        current.append(trace.get_current_span().get_span_context().span_id)
        trace.get_current_span().set_attribute("team", "docs")

    class Sees(FakeIO):
        async def send(self, request: Any, deadline: Any) -> Any:
            look(request)
            return await super().send(request, deadline)

    tracer = lab.tracers.get_tracer("test")
    with tracer.start_as_current_span("outer") as outer:
        player.fetch(Sees(clock, good()), telemetry=lab(), on_request=look, on_response=look)
        player.events(
            Sees(clock, stream(CREATED + COMPLETED)),
            telemetry=lab(),
            on_request=look,
            on_response=look,
            on_event=look,
        )
        assert trace.get_current_span() is outer

    plain, streamed, _ = lab.seen.spans
    for span in (plain, streamed):
        assert span.parent is not None
        assert span.parent.span_id == outer.get_span_context().span_id
        assert (span.attributes or {})["team"] == "docs"
    ids = [span.context.span_id for span in (plain, streamed) if span.context is not None]
    assert current == [ids[0]] * 3 + [ids[1]] * 5


def test_trace_is_propagated_only_on_demand(player: Player, clock: Clock, lab: Lab) -> None:
    io = FakeIO(clock, good(), good(), good())

    player.fetch(io, telemetry=lab())
    player.fetch(io, telemetry=lab(propagate=True))
    player.fetch(io, {"extra_headers": {"traceparent": None}}, telemetry=lab(propagate=True))

    assert "traceparent" not in io.requests[0].headers
    context = lab.seen.spans[1].context
    assert context is not None
    expected = f"00-{trace.format_trace_id(context.trace_id)}-{trace.format_span_id(context.span_id)}-"
    assert str(io.requests[1].headers["traceparent"]).startswith(expected)
    assert io.requests[2].headers["traceparent"] is None


# --- content


def test_no_content_is_in_a_span(player: Player, clock: Clock, lab: Lab) -> None:
    io = FakeIO(clock, FakeBody(json.dumps(response(text=SAID)).encode()))

    player.fetch(io, {"input": PLAN, "instructions": PLAN, "metadata": {"a": PLAN}}, telemetry=lab())
    player.events(
        FakeIO(clock, stream(CREATED, HEL.replace(b"Hel", SAID.encode()), COMPLETED)), telemetry=lab()
    )

    text = "".join(span.to_json() for span in lab.seen.spans)
    assert not [word for word in (PLAN, SAID, KEY) if word in text]


def content(span: ReadableSpan) -> dict[str, Any]:
    names = {"gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions"}
    return {name: json.loads(str(value)) for name, value in (span.attributes or {}).items() if name in names}


def test_content_is_captured_when_asked_for(player: Player, clock: Clock, lab: Lab) -> None:
    telemetry = lab(capture_content=True)

    player.fetch(FakeIO(clock, good()), {"input": PLAN, "instructions": "Be brief."}, telemetry=telemetry)
    player.events(FakeIO(clock, stream(CREATED, HEL, LO, COMPLETED)), telemetry=telemetry)

    said = {"role": "assistant", "parts": [{"type": "text", "content": "Hello"}], "finish_reason": "stop"}
    assert content(lab.seen.spans[0]) == {
        "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": PLAN}]}],
        "gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}],
        "gen_ai.output.messages": [said],
    }
    assert content(lab.seen.spans[1])["gen_ai.output.messages"] == [said]


@pytest.mark.parametrize("rest", [[HEL, RESET], [HEL, LO]])
def test_partial_output_of_a_stream_is_captured(
    player: Player, clock: Clock, lab: Lab, rest: Sequence[Any]
) -> None:
    async def script(stream: Stream) -> None:
        async with stream:
            for _ in range(2):
                await stream.next()
            if rest[-1] is RESET:
                with pytest.raises(StreamInterrupted):
                    await stream.next()

    io = FakeIO(clock, stream(CREATED, *rest))
    player.play(script, player.opened(io, telemetry=lab(capture_content=True)))

    said = {"role": "assistant", "parts": [{"type": "text", "content": "Hel"}]}
    assert content(lab.span)["gen_ai.output.messages"] == [said]


def test_text_of_errors_is_captured_as_content(player: Player, clock: Clock, lab: Lab) -> None:
    with pytest.raises(RateLimitError) as caught:
        player.fetch(FakeIO(clock, limited()), telemetry=lab(capture_content=True), max_retries=0)

    assert lab.span.status.description == str(caught.value)
    (raised,) = lab.span.events
    assert (raised.name, (raised.attributes or {})["exception.message"]) == ("exception", str(caught.value))


def test_spans_that_are_not_recorded_cost_no_content(
    player: Player, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lab = Lab(sampler=ALWAYS_OFF)
    monkeypatch.delattr("responses_client._telemetry.genai_messages.request_content")
    monkeypatch.delattr("responses_client._telemetry.genai_messages.response_content")

    player.fetch(FakeIO(clock, with_usage()), telemetry=lab(capture_content=True))

    assert (lab.seen.started, caplog.messages) == (0, [])
    assert lab.points("gen_ai.client.operation.duration")[0].count == 1


# --- options


def test_providers_are_the_global_ones_by_default(player: Player, clock: Clock) -> None:
    """Without an SDK, these do nothing."""
    player.fetch(FakeIO(clock, good()), telemetry=OpenTelemetry())


def test_only_calls_that_make_a_model_work_count_tokens(lab: Lab) -> None:
    with Server() as server, server.client(telemetry=lab(provider="vllm")) as client:
        created = client.responses.create(model="m", input="Hi")
        client.responses.retrieve(created.id)
        client.conversations.create()

    names = ["chat m", "responses.retrieve", "conversations.create"]
    assert [span.name for span in lab.seen.spans] == names
    assert {(span.attributes or {})["gen_ai.provider.name"] for span in lab.seen.spans} == {"vllm"}
    assert (lab.seen.spans[1].attributes or {})["gen_ai.response.id"] == created.id
    assert {point.count for point in lab.points("gen_ai.client.token.usage")} == {1}
    assert len(lab.points("gen_ai.client.operation.duration")) == 3


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"tracer_provider": "x"}, "The tracer_provider argument must be a TracerProvider or None, got str"),
        ({"meter_provider": 1}, "The meter_provider argument must be a MeterProvider or None, got int 1"),
        ({"capture_content": "no"}, "The capture_content argument must be True or False, got str"),
        ({"propagate": None}, "The propagate argument must be True or False, got NoneType"),
        ({"provider": " "}, "The provider argument is blank"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        OpenTelemetry(**options)

    assert text in str(caught.value)


def test_repr_says_whether_content_is_captured() -> None:
    assert repr(OpenTelemetry()) == "<OpenTelemetry without content>"
    assert repr(OpenTelemetry(capture_content=True)) == "<OpenTelemetry with content>"


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "responses_client.otel")
    monkeypatch.delitem(sys.modules, "responses_client._telemetry.otel")

    with pytest.raises(ConfigurationError, match=r"pip install 'opentelemetry-api>=1.30'"):
        __import__("responses_client.otel")


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    program = (
        "import sys; from responses_client.testing import Server; server = Server(); client = server.client()\n"
        "with client.responses.stream(model='m', input='Hi') as stream: stream.until_done()\n"
        "client.responses.create(model='m', input='Hi')\n"
        "ours = ('observers', 'hooks', 'observed_source', 'body_log', 'genai', 'otel')\n"
        "print([m for m in sys.modules if m.startswith('opentelemetry') or m.rpartition('.')[2] in ours])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
