"""Spans and metrics of OpenTelemetry, by its conventions for generative AI: `Client(telemetry=OpenTelemetry())`."""

from ._telemetry.otel import OpenTelemetry as OpenTelemetry

__all__ = ["OpenTelemetry"]
