"""Hooks and telemetry: their arguments are typed, and functions of other types are errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, assert_type

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from responses_client import APIError, AsyncClient, Client, RequestInfo, ResponseInfo, ResponseMeta
from responses_client.models import Model, OutputTextDelta, ResponseCompleted, StreamEvent
from responses_client.otel import OpenTelemetry


def sending(request: RequestInfo) -> None:
    assert_type(request.operation, str)
    assert_type(request.call_number, int)
    assert_type(request.try_number, int)
    assert_type(request.url, str)
    assert_type(request.headers["accept"], str)
    assert_type(request.content, bytes)


def answered(answer: ResponseInfo) -> None:
    assert_type(answer.request, RequestInfo)
    assert_type(answer.operation, str)
    assert_type(answer.meta, ResponseMeta | None)
    assert_type(answer.error, APIError | None)
    assert_type(answer.result, Model | Any | None)


def came(event: StreamEvent) -> str:
    match event:
        case OutputTextDelta(delta=text):
            return text
        case ResponseCompleted(response=response):
            return response.output_text
        case _:
            return ""


async def later(request: RequestInfo) -> None: ...


def hooks_are_functions(
    events: list[StreamEvent],
    awaited: Callable[[StreamEvent], Awaitable[None]],
    anything: Callable[[object], None],
) -> None:
    client = Client(on_request=sending, on_response=answered, on_event=came)
    assert_type(client.with_options(on_event=events.append, on_request=None), Client)
    Client(on_request=anything, on_response=anything, on_event=anything)
    Client(on_request=lambda request: request.json(), on_response=lambda answer: answer.meta)
    AsyncClient(on_request=later, on_response=answered, on_event=awaited)
    Client(on_request=answered)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # is given a request
    Client(on_event=sending)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # is given events
    Client(on_event="print")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no function


def telemetry_is_an_option(tracers: TracerProvider, meters: MeterProvider) -> None:
    telemetry = OpenTelemetry(
        tracer_provider=tracers, meter_provider=meters, capture_content=True, propagate=True, provider="vllm"
    )
    assert_type(Client(telemetry=telemetry), Client)
    assert_type(AsyncClient(telemetry=OpenTelemetry()).with_options(telemetry=None), AsyncClient)
    Client(telemetry=OpenTelemetry)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the class
    OpenTelemetry(tracer_provider=meters)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # mixed up
