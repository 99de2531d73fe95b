"""Instrumentations of the official package do not see this client, as `docs/observability.md` says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from responses_client.otel import OpenTelemetry
from responses_client.testing import Server

openai_v2 = pytest.importorskip("opentelemetry.instrumentation.openai_v2")


@pytest.fixture
def tracers() -> Iterator[tuple[TracerProvider, InMemorySpanExporter]]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = openai_v2.OpenAIInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield provider, exporter
    instrumentor.uninstrument()


def test_only_our_own_telemetry_sees_our_calls(tracers: tuple[TracerProvider, InMemorySpanExporter]) -> None:
    provider, exporter = tracers
    with Server() as server, server.client() as client:
        client.responses.create(model="gpt-5.4", input="Hi")
        assert exporter.get_finished_spans() == ()
        traced = client.with_options(telemetry=OpenTelemetry(tracer_provider=provider))
        traced.responses.create(model="gpt-5.4", input="Hi")
    assert [span.name for span in exporter.get_finished_spans()] == ["chat gpt-5.4"]
