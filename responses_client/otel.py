"""Spans and metrics of OpenTelemetry, by its conventions for generative AI: `Client(telemetry=OpenTelemetry())`."""

from __future__ import annotations

from ._telemetry.otel import OpenTelemetry as OpenTelemetry

__all__ = ["OpenTelemetry"]
