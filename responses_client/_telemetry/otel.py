"""Spans and metrics of OpenTelemetry, by its conventions for generative AI: `Client(telemetry=OpenTelemetry())`.

Needs the extra `otel`; loaded by whoever imports it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

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
        f"Telemetry needs a package that is not there, {error.name}: pip install 'responses-client[otel]'"
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


class _Tools(NamedTuple):
    captures_content: bool
    propagates: bool
    provider: str | None
    tracer: trace.Tracer
    duration: metrics.Histogram
    first_chunk: metrics.Histogram
    tokens: metrics.Histogram


class OpenTelemetry:
    """Makes a span of each call, and measures times and tokens: an option of clients.

    A span covers a call with all its tries; a stream from its request to its terminal event, its failure, or where
    it is closed. It is current while requests are sent and hooks run. Neither what is asked nor what is answered is in
    it, and no text of errors, unless `capture_content` is set.

    Args:
        tracer_provider: Where spans go; the global provider by default.
        meter_provider: Where measurements go; the global provider by default.
        capture_content: Whether spans have the input, instructions, tools, output and texts of errors, False by
            default.
        propagate: Whether requests carry the trace on (`traceparent` and what else is set up), False by default.
        provider: The `gen_ai.provider.name`; by default what the address tells, and `openai` where it tells nothing.

    Raises:
        ConfigurationError: An argument cannot work.
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
        self._tools = _Tools(
            captures_content=capture_content,
            propagates=propagate,
            provider=None if provider is None else check_option("provider argument", check_text, provider),
            tracer=trace.get_tracer(_NAME, __version__, tracer_provider),
            duration=histogram(name, "s", "How long calls take.", genai.SECONDS),
            first_chunk=histogram(
                first_chunk, "s", "How long a stream takes to its first event.", genai.SECONDS
            ),
            tokens=histogram(
                "gen_ai.client.token.usage", "{token}", "How many tokens are used.", genai.TOKENS
            ),
        )

    def __repr__(self) -> str:
        content = "with content" if self._tools.captures_content else "without content"
        return f"<{type(self).__name__} {content}>"

    def observe(self, call: Call[Any]) -> Observer:
        """Start the span of a call; this is for clients."""
        return _CallSpan(self._tools, call)

    def observe_run(self, settings: Settings, params: Mapping[str, object]) -> RunObserver:
        """Start the span of a run of tools; this is for clients."""
        return _RunSpan(self._tools, genai.of_run(settings.base_url, params, self._tools.provider))


def _check(name: str, value: object, kinds: tuple[type, ...], expected: str) -> None:
    if not isinstance(value, kinds):
        raise invalid_option(f"{name} argument", expected + " or None" * (type(None) in kinds), value)


class _CallSpan(Observer):
    def __init__(self, tools: _Tools, call: Call[Any]) -> None:
        self._tools = tools
        self._generates = genai.generates(call)
        name, self._attributes = genai.of_call(call, tools.provider)
        self._response: object = None  # the last state that was seen
        self._answer: ResponseInfo | None = None
        self._tries = 0
        self._first_after: float | None = None
        self._start = time.perf_counter()
        self._span = tools.tracer.start_span(name, kind=trace.SpanKind.CLIENT, attributes=self._attributes)
        self._context = trace.set_span_in_context(self._span)
        if self._captures_content and call.request.content:
            from .genai_messages import of_request

            self._span.set_attributes(of_request(call.request.content))

    @property
    def _captures_content(self) -> bool:
        return self._tools.captures_content and self._span.is_recording()

    def around(self) -> AbstractContextManager[object]:
        """See `Observer`."""
        return _current(self._span)

    def headers(self) -> Mapping[str, str]:
        """See `Observer`."""
        carrier: dict[str, str] = {}
        if self._tools.propagates:
            propagate.inject(carrier, self._context)
        return carrier

    def on_request(self, request: RequestInfo) -> None:
        """See `Observer`."""
        self._tries = request.try_number

    def on_response(self, answer: ResponseInfo) -> None:
        """See `Observer`."""
        self._answer = answer
        self._note(answer.result)

    def on_retry(self, operation: str, delay: float, reason: str) -> None:
        """See `Observer`."""
        details: dict[str, str | float] = {
            f"{_NAME}.operation": operation,
            f"{_NAME}.delay": delay,
            f"{_NAME}.reason": reason,
        }
        self._span.add_event(f"{_NAME}.retry", details)

    def on_events(self, events: Sequence[StreamEvent]) -> None:
        """See `Observer`."""
        if self._first_after is None:
            self._first_after = time.perf_counter() - self._start
        for event in (events[0], events[-1]):  # one of which has the response, in its first or last state
            self._note(getattr(event, "response", None))

    def _note(self, response: object) -> None:
        self._response = self._response if response is None else response

    def on_end(self, error: BaseException | None, partial: Callable[[], Response | None]) -> None:
        """See `Observer`."""
        try:
            self._tell(error, partial)
        finally:
            self._span.end()

    def _tell(self, error: BaseException | None, partial: Callable[[], Response | None]) -> None:
        duration = time.perf_counter() - self._start
        found = genai.of_response(self._response, str(self._attributes["gen_ai.provider.name"]))
        failing = genai.what_failed(error, self._response)
        if failing is not None:
            found["error.type"] = failing.type
            text = str(error) if error is not None and self._captures_content else failing.text
            self._span.set_status(trace.StatusCode.ERROR, text)
        if self._first_after is not None:
            found["gen_ai.response.time_to_first_chunk"] = self._first_after
        if self._tries > 1:
            found["http.request.resend_count"] = self._tries - 1
        meta = None if self._answer is None else self._answer.meta
        if meta is not None:
            found["http.response.status_code"] = meta.status_code
            found |= {f"{_NAME}.request_id": meta.request_id} if meta.request_id else {}
        self._span.set_attributes(found)
        if self._captures_content:
            self._capture(error, partial)
        self._measure(duration, genai.for_metrics(self._attributes | found), found)

    def _capture(self, error: BaseException | None, partial: Callable[[], Response | None]) -> None:
        from .genai_messages import of_output

        if isinstance(error, Exception):
            self._span.record_exception(error)
        response: object = getattr(error, "partial", None) or partial() or self._response
        self._span.set_attributes(of_output(response))

    def _measure(self, duration: float, kinds: genai.Attributes, found: genai.Attributes) -> None:
        tools, context = self._tools, self._context
        tools.duration.record(duration, kinds, context)
        if self._first_after is not None:
            tools.first_chunk.record(self._first_after, kinds, context)
        if self._generates:
            for kind, count in genai.token_counts(found).items():
                tools.tokens.record(count, {**kinds, "gen_ai.token.type": kind}, context)


def _current(span: trace.Span) -> AbstractContextManager[object]:
    return trace.use_span(span, record_exception=False, set_status_on_exception=False)


class _RunSpan(RunObserver):
    def __init__(self, tools: _Tools, attributes: genai.Attributes) -> None:
        self._tools = tools
        self._provider = str(attributes["gen_ai.provider.name"])
        self._span = tools.tracer.start_span("invoke_agent", attributes=attributes)

    def around(self) -> AbstractContextManager[object]:
        """See `RunObserver`."""
        return _current(self._span)

    def calling(self, call: OutputItem) -> ToolObserver:
        """See `RunObserver`."""
        return _ToolSpan(self._tools, call)

    def ended(self, result: RunResult | None, error: BaseException | None) -> None:
        """See `RunObserver`."""
        last = None if result is None else result.response
        found = genai.of_response(last, self._provider)
        if result is not None:  # the tokens of all turns, and not those of the last one
            found |= genai.of_usage({"usage": result.usage})
            found[f"{_NAME}.turns"] = len(result.turns)
        if (failing := genai.what_failed(error, last)) is not None:
            found["error.type"] = failing.type
            self._span.set_status(trace.StatusCode.ERROR, failing.text)
        self._span.set_attributes(found)
        self._span.end()


class _ToolSpan(ToolObserver):
    def __init__(self, tools: _Tools, call: OutputItem) -> None:
        attributes = genai.of_tool(call)
        name = f"execute_tool {attributes['gen_ai.tool.name']}"
        self._span = tools.tracer.start_span(name, attributes=attributes)
        self._captures_content = tools.captures_content and self._span.is_recording()
        if self._captures_content:
            from .genai_messages import of_tool_call

            self._span.set_attributes(of_tool_call(call))

    def around(self) -> AbstractContextManager[object]:
        """See `ToolObserver`."""
        return _current(self._span)

    def ended(self, returned: ToolReturned | None, error: BaseException | None) -> None:
        """See `ToolObserver`."""
        failure = error if returned is None else returned.error
        if failure is not None:
            cause = failure.__cause__ or failure
            self._span.set_attribute("error.type", type(cause).__qualname__)
            text = str(failure) if self._captures_content else type(cause).__qualname__
            self._span.set_status(trace.StatusCode.ERROR, text)
        if returned is not None and self._captures_content:
            from .genai_messages import of_tool_output

            self._span.set_attributes(of_tool_output(returned.output))
        self._span.end()
