"""The spans and metrics of OpenTelemetry, by its conventions for generative AI; needs the extra `otel`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from .._base.extras import install_hint
from .._base.validation import check_option, check_text, invalid_option
from .._calls.observers import Observer
from .._runs.observers import RunObserver, ToolObserver
from .._version import __version__
from ..errors import ConfigurationError
from . import genai

try:
    from opentelemetry import metrics, propagate, trace
except ModuleNotFoundError as error:
    raise ConfigurationError(
        f"Telemetry needs the package {error.name}, which is not installed: {install_hint('otel')}"
    ) from error

if TYPE_CHECKING:
    from .._calls.hooks import RequestInfo, ResponseInfo
    from .._calls.request import Call
    from .._calls.settings import Settings
    from .._runs.events import ToolReturned
    from .._runs.result import RunResult
    from ..models import OutputItem, Response, StreamEvent

__all__ = ["OpenTelemetry"]

_NAME = "responses_client"
"""The name of tracer and meter, and the first part of the attributes that the conventions do not have."""


class _Instruments(NamedTuple):
    """The options, the tracer and the histograms that all spans share."""

    captures_content: bool
    propagates: bool
    provider: str | None
    tracer: trace.Tracer
    duration: metrics.Histogram
    first_chunk: metrics.Histogram
    tokens: metrics.Histogram


class OpenTelemetry:
    """Telemetry for a client: a span for each call, run and tool call, and metrics of durations and tokens.

        client = Client(telemetry=OpenTelemetry())

    The span of a call covers all its attempts; that of a stream lasts until the terminal event, a failure, or the
    closing of the stream. It is current while requests are sent and hooks run. Durations are in seconds.

    Args:
        tracer_provider: The provider of spans; the global one by default.
        meter_provider: The provider of metrics; the global one by default.
        capture_content: Whether spans contain inputs, instructions, tools, outputs and the messages of errors; False
            by default, as these may be confidential.
        propagate: Whether requests propagate the trace to the server, in the headers of the global propagator
            (`traceparent`, ...); False by default.
        provider: The value of `gen_ai.provider.name`; by default it follows from the address of the server, and is
            `openai` if the address is unknown.

    Raises:
        ConfigurationError: An argument has a wrong type, or the provider is blank.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
        capture_content: bool = False,
        propagate: bool = False,
        provider: str | None = None,
    ) -> None:
        _check("tracer_provider", tracer_provider, (trace.TracerProvider, type(None)), "a TracerProvider")
        _check("meter_provider", meter_provider, (metrics.MeterProvider, type(None)), "a MeterProvider")
        _check("capture_content", capture_content, (bool,), "True or False")
        _check("propagate", propagate, (bool,), "True or False")
        meter = metrics.get_meter(_NAME, __version__, meter_provider)

        def histogram(name: str, unit: str, text: str, bounds: Sequence[float]) -> metrics.Histogram:
            return meter.create_histogram(name, unit, text, explicit_bucket_boundaries_advisory=bounds)

        name, first_chunk = "gen_ai.client.operation.duration", "gen_ai.client.operation.time_to_first_chunk"
        self._instruments = _Instruments(
            captures_content=capture_content,
            propagates=propagate,
            provider=None if provider is None else check_option("provider argument", check_text, provider),
            tracer=trace.get_tracer(_NAME, __version__, tracer_provider),
            duration=histogram(name, "s", "How long calls take.", genai.DURATION_BUCKETS_SECONDS),
            first_chunk=histogram(
                first_chunk,
                "s",
                "How long a stream takes to its first event.",
                genai.DURATION_BUCKETS_SECONDS,
            ),
            tokens=histogram(
                "gen_ai.client.token.usage", "{token}", "How many tokens are used.", genai.TOKEN_BUCKETS
            ),
        )

    def __repr__(self) -> str:
        content = "with content" if self._instruments.captures_content else "without content"
        return f"<{type(self).__name__} {content}>"

    def observe(self, call: Call[Any]) -> Observer:
        """Start the span of a call, for the client, and return its observer."""
        return _CallSpan(self._instruments, call)

    def observe_run(self, settings: Settings, params: Mapping[str, object]) -> RunObserver:
        """Start the span of a run, for the client, and return its observer."""
        return _RunSpan(
            self._instruments, genai.run_attributes(settings.base_url, params, self._instruments.provider)
        )


def _check(name: str, value: object, kinds: tuple[type, ...], expected: str) -> None:
    if not isinstance(value, kinds):
        raise invalid_option(f"{name} argument", expected + " or None" * (type(None) in kinds), value)


class _CallSpan(Observer):
    """The span of one call, with its measurements."""

    def __init__(self, instruments: _Instruments, call: Call[Any]) -> None:
        self._instruments = instruments
        self._generates = genai.generates(call)
        name, self._attributes = genai.call_attributes(call, instruments.provider)
        self._response: object = None  # the last state that was observed
        self._answer: ResponseInfo | None = None
        self._tries = 0
        self._time_to_first_event: float | None = None
        self._start = time.perf_counter()
        self._span = instruments.tracer.start_span(
            name, kind=trace.SpanKind.CLIENT, attributes=self._attributes
        )
        self._context = trace.set_span_in_context(self._span)
        if self._captures_content and call.request.content:
            from .genai_messages import request_content

            self._span.set_attributes(request_content(call.request.content))

    @property
    def _captures_content(self) -> bool:
        return self._instruments.captures_content and self._span.is_recording()

    @override
    def around(self) -> AbstractContextManager[object]:
        return _current(self._span)

    @override
    def headers(self) -> Mapping[str, str]:
        carrier: dict[str, str] = {}
        if self._instruments.propagates:
            propagate.inject(carrier, self._context)
        return carrier

    @override
    def on_request(self, request: RequestInfo) -> None:
        self._tries = request.try_number

    @override
    def on_response(self, answer: ResponseInfo) -> None:
        self._answer = answer
        self._remember(answer.result)

    @override
    def on_retry(self, operation: str, delay: float, reason: str) -> None:
        details: dict[str, str | float] = {
            f"{_NAME}.operation": operation,
            f"{_NAME}.delay": delay,
            f"{_NAME}.reason": reason,
        }
        self._span.add_event(f"{_NAME}.retry", details)

    @override
    def on_events(self, events: Sequence[StreamEvent]) -> None:
        if self._time_to_first_event is None:
            self._time_to_first_event = time.perf_counter() - self._start
        for event in (events[0], events[-1]):  # the first and the last event of a stream contain the response
            self._remember(getattr(event, "response", None))

    def _remember(self, response: object) -> None:
        self._response = self._response if response is None else response

    @override
    def on_end(self, error: BaseException | None, partial: Callable[[], Response | None]) -> None:
        try:
            self._report(error, partial)
        finally:
            self._span.end()

    def _report(self, error: BaseException | None, partial: Callable[[], Response | None]) -> None:
        duration = time.perf_counter() - self._start
        found = genai.response_attributes(self._response, str(self._attributes["gen_ai.provider.name"]))
        failure = genai.failure_info(error, self._response)
        if failure is not None:
            found["error.type"] = failure.type
            text = str(error) if error is not None and self._captures_content else failure.text
            self._span.set_status(trace.StatusCode.ERROR, text)
        if self._time_to_first_event is not None:
            found["gen_ai.response.time_to_first_chunk"] = self._time_to_first_event
        if self._tries > 1:
            found["http.request.resend_count"] = self._tries - 1
        meta = None if self._answer is None else self._answer.meta
        if meta is not None:
            found["http.response.status_code"] = meta.status_code
            found |= {f"{_NAME}.request_id": meta.request_id} if meta.request_id else {}
        self._span.set_attributes(found)
        if self._captures_content:
            self._capture(error, partial)
        self._measure(duration, genai.metric_attributes(self._attributes | found), found)

    def _capture(self, error: BaseException | None, partial: Callable[[], Response | None]) -> None:
        from .genai_messages import response_content

        if isinstance(error, Exception):
            self._span.record_exception(error)
        response: object = getattr(error, "partial", None) or partial() or self._response
        self._span.set_attributes(response_content(response))

    def _measure(self, duration: float, kinds: genai.Attributes, found: genai.Attributes) -> None:
        instruments, context = self._instruments, self._context
        instruments.duration.record(duration, kinds, context)
        if self._time_to_first_event is not None:
            instruments.first_chunk.record(self._time_to_first_event, kinds, context)
        if self._generates:
            for kind, count in genai.token_counts(found).items():
                instruments.tokens.record(count, {**kinds, "gen_ai.token.type": kind}, context)


def _current(span: trace.Span) -> AbstractContextManager[object]:
    return trace.use_span(span, record_exception=False, set_status_on_exception=False)


class _RunSpan(RunObserver):
    """The span of one run."""

    def __init__(self, instruments: _Instruments, attributes: genai.Attributes) -> None:
        self._instruments = instruments
        self._provider = str(attributes["gen_ai.provider.name"])
        self._span = instruments.tracer.start_span("invoke_agent", attributes=attributes)

    @override
    def around(self) -> AbstractContextManager[object]:
        return _current(self._span)

    @override
    def on_call(self, call: OutputItem) -> ToolObserver:
        return _ToolSpan(self._instruments, call)

    @override
    def on_end(self, result: RunResult | None, error: BaseException | None) -> None:
        last = None if result is None else result.response
        found = genai.response_attributes(last, self._provider)
        if result is not None:  # the tokens of all turns, in place of those of the last response
            found |= genai.usage_attributes({"usage": result.usage})
            found[f"{_NAME}.turns"] = len(result.turns)
        if (failure := genai.failure_info(error, last)) is not None:
            found["error.type"] = failure.type
            self._span.set_status(trace.StatusCode.ERROR, failure.text)
        self._span.set_attributes(found)
        self._span.end()


class _ToolSpan(ToolObserver):
    """The span of one tool call."""

    def __init__(self, instruments: _Instruments, call: OutputItem) -> None:
        attributes = genai.tool_attributes(call)
        name = f"execute_tool {attributes['gen_ai.tool.name']}"
        self._span = instruments.tracer.start_span(name, attributes=attributes)
        self._captures_content = instruments.captures_content and self._span.is_recording()
        if self._captures_content:
            from .genai_messages import tool_call_content

            self._span.set_attributes(tool_call_content(call))

    @override
    def around(self) -> AbstractContextManager[object]:
        return _current(self._span)

    @override
    def on_end(self, returned: ToolReturned | None, error: BaseException | None) -> None:
        failure = error if returned is None else returned.error
        if failure is not None:
            cause = failure.__cause__ or failure
            self._span.set_attribute("error.type", type(cause).__qualname__)
            text = str(failure) if self._captures_content else type(cause).__qualname__
            self._span.set_status(trace.StatusCode.ERROR, text)
        if returned is not None and self._captures_content:
            from .genai_messages import tool_output_content

            self._span.set_attributes(tool_output_content(returned.output))
        self._span.end()
