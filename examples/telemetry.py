"""Spans and metrics of OpenTelemetry, shown on the console and sent to a collector.

    python examples/telemetry.py
    OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 python examples/telemetry.py

`Client(telemetry=OpenTelemetry())` uses the global providers that the program sets up, as
every instrumented library does. A run is one span, with a span for each request and for each
call of a tool in it.
"""

import os

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
)

from responses_client import Client
from responses_client.otel import OpenTelemetry

SHOWN = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.tool.name",
)


def one_line(span: ReadableSpan) -> str:
    """Describe a span in a line; without a formatter, the console gets all of it as JSON."""
    milliseconds = ((span.end_time or 0) - (span.start_time or 0)) / 1e6
    attributes = span.attributes or {}
    shown = ", ".join(f"{name}={attributes[name]!s}" for name in SHOWN if name in attributes)
    name = ("  " if span.parent else "") + span.name
    return f"{name:<30} {milliseconds:7.1f} ms  {shown}\n"


def set_up() -> tuple[TracerProvider, MeterProvider]:
    """Set the global providers: the console, and a collector if a variable names one."""
    resource = Resource.create({"service.name": "weather"})
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=one_line)))
    readers: list[PeriodicExportingMetricReader] = []
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter()))
    meters = MeterProvider(readers, resource=resource)
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(meters)
    return tracers, meters


def get_weather(city: str) -> str:
    """Get tonight's weather in a city."""
    return f"A clear night in {city}."


def main() -> None:
    tracers, meters = set_up()
    with Client(telemetry=OpenTelemetry()) as client:
        result = client.responses.run(
            model="gpt-5.4", input="How is the weather in Bergen and in Lima?", tools=[get_weather]
        )
        print(result.output_text)
    # Send the rest.
    tracers.shutdown()
    meters.shutdown()


if __name__ == "__main__":
    if not os.environ.get("OPENAI_API_KEY"):
        import demo

        demo.start("telemetry")
    main()
