"""Hooks, logs and telemetry over real connections: neither connections nor keys nor prompts leak."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

import anyio
import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from payloads import WHOLE
from samples import CREATED, KEY, delta, response
from scripted_server import CLOSE, HOLD, RESET, ScriptedServer, Step, answer, chunk, stream_head
from shells import HTTP, Session, Shell

from responses_client.errors import APIError
from responses_client.otel import OpenTelemetry

PLAN = "the secret plan"
SAID = "the secret answer"
HALF: list[Step] = [stream_head(), chunk(CREATED)]


def test_hook_that_raises_leaks_no_connection(shell: Shell, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: object) -> None:
        raise ValueError("out of ink")

    async def script(session: Session) -> int:
        await session.create()
        events = await session.stream()
        assert len(await events.rest()) == 4
        await events.close()
        return session.busy_connections

    hooks: dict[str, Any] = {"on_request": broken, "on_response": broken, "on_event": broken}
    with ScriptedServer([answer(500, {})], [answer(200, response())], WHOLE) as server:
        assert shell.play(script, server.url, **hooks) == 0

    assert server.connections == 1
    failures = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(failures) == 10  # three tries, twice, and four events


@pytest.mark.parametrize("name", ["on_request", "on_response", "on_event"])
def test_interrupt_in_a_hook_leaks_no_connection(
    shell: Shell, name: str, tracers: TracerProvider, exported: InMemorySpanExporter
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    async def script(session: Session) -> int:
        with pytest.raises(KeyboardInterrupt):
            await read(session)
        return session.busy_connections

    async def read(session: Session) -> None:
        events = await session.stream()
        try:
            await events.rest()
        finally:
            await events.close()

    options: dict[str, Any] = {name: interrupt, "telemetry": OpenTelemetry(tracer_provider=tracers)}
    with ScriptedServer([*HALF, HOLD]) as server:
        assert shell.play(script, server.url, **options) == 0

    assert [span.name for span in exported.get_finished_spans()] == ["chat m"]


@pytest.mark.parametrize("name", ["on_response", "on_event"])
def test_hook_that_is_cancelled_leaks_no_connection(
    name: str, tracers: TracerProvider, exported: InMemorySpanExporter
) -> None:
    scopes: list[anyio.CancelScope] = []

    async def hang(_: object) -> None:
        scopes[-1].cancel()
        await anyio.sleep_forever()

    async def read(session: Session) -> None:
        events = await session.stream()
        try:
            await events.rest()
        finally:
            await events.close()

    async def script(session: Session) -> int:
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            await read(session)
        assert scope.cancelled_caught
        return session.busy_connections

    options: dict[str, Any] = {name: hang, "telemetry": OpenTelemetry(tracer_provider=tracers)}
    for mode in ("asyncio", "trio"):
        exported.clear()
        with ScriptedServer([*HALF, HOLD]) as server:
            assert Shell(mode).play(script, server.url, **options) == 0
        assert [span.name for span in exported.get_finished_spans()] == ["chat m"]


SCRIPTS: dict[str, list[list[Step]]] = {
    "answered": [[answer(200, response(text=SAID))]],
    "refused": [[answer(400, {"error": {"message": f"{SAID} {KEY} {PLAN}", "code": SAID}})]],
    "retried": [[answer(500, {"error": {"message": SAID}})], [RESET], [answer(200, response(text=SAID))]],
    "no JSON": [[answer(200, f"<html>{SAID} {KEY}", "text/html")]],
    "malformed": [[answer(200, response(text=SAID, temperature=SAID, output=[{"type": SAID}, SAID, {}]))]],
    "redirected": [[answer(307, SAID, "text/plain", location="https://elsewhere.invalid/")]],
    "broken off": [[answer(200, response(text=SAID))[:-20], CLOSE], [answer(200, response())]],
    "stream": [[stream_head(), chunk(CREATED), chunk(delta(SAID, 1)), CLOSE]],
    "odd stream": [
        [stream_head(), chunk(f'data: "{SAID}"\n\ndata: {{"type": "{SAID}"}}\n\n'.encode()), RESET],
        [stream_head(), chunk(f"data: {SAID}\n\n".encode()), CLOSE],
    ],
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_no_logger_shows_a_key_or_a_prompt(
    shell: Shell, script: list[list[Step]], tracers: TracerProvider, caplog: pytest.LogCaptureFixture
) -> None:
    """All loggers are at their lowest level, and the call has every kind of observer."""
    caplog.set_level(logging.DEBUG)
    seen: list[object] = []
    options: dict[str, Any] = {
        "telemetry": OpenTelemetry(tracer_provider=tracers, capture_content=True),
        "default_headers": {"X-Token": KEY},
        **dict.fromkeys(("on_request", "on_response", "on_event"), seen.append),
    }

    async def play(session: Session) -> None:
        events = await session.stream(input=PLAN, instructions=PLAN)
        await events.rest()

    with ScriptedServer(*script, *script) as server:
        for run in (play, lambda session: session.create(input=PLAN, metadata={"plan": PLAN})):
            with suppress(APIError):
                shell.play(run, server.url, max_retries=2, **options)

    assert len(seen) >= 2
    names = {record.name.partition(".")[0] for record in caplog.records}
    below = {"asyncio"} if shell.name == "aiohttp" else {"httpx", "httpcore"}
    assert {"responses_client", *below} <= names
    assert not [word for word in (KEY, PLAN, SAID) if word in caplog.text]


@pytest.mark.without_aiohttp(reason="they are spans of httpx")
@pytest.mark.parametrize("deadline", [None, 3.0])
def test_spans_of_httpx_are_inside_of_ours(
    shell: Shell, deadline: float | None, tracers: TracerProvider, exported: InMemorySpanExporter
) -> None:
    instrumentation = pytest.importorskip("opentelemetry.instrumentation.httpx")

    async def script(session: Session) -> None:
        http_client = session.client._core.io._given._client
        instrumentation.HTTPXClientInstrumentor.instrument_client(http_client, tracer_provider=tracers)
        with tracers.get_tracer("test").start_as_current_span("outer"):
            await session.create()
            events = await session.stream()
            await events.rest()
            await events.close()

    before = context.get_current()
    telemetry = OpenTelemetry(tracer_provider=tracers)
    with ScriptedServer([answer(500, {})], [answer(200, response())], WHOLE) as server:
        shell.play(script, server.url, HTTP, telemetry=telemetry, deadline=deadline)
    assert context.get_current() == before

    spans = exported.get_finished_spans()
    parents = {trace.format_span_id(span.get_span_context().span_id): span.name for span in spans}
    tree = [(span.name, parents[trace.format_span_id(span.parent.span_id)]) for span in spans if span.parent]
    assert tree == [
        ("POST", "chat m"),
        ("POST", "chat m"),
        ("chat m", "outer"),
        ("POST", "chat m"),
        ("chat m", "outer"),
    ]
    assert "traceparent" in server.requests[0].headers  # by the instrumentation, whose business it is
