"""The spans and metrics of the example, at an imitation of a collector."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from example_programs import copied, run, with_key

from responses_client.testing import Server

metrics_service = pytest.importorskip("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2")
trace_service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")


@contextmanager
def collector() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Record the requests of exporters by OTLP over HTTP, by path."""
    received: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            is_packed = self.headers.get("content-encoding") == "gzip"
            # Messages of protobuf that follow each other are one message.
            received[self.path] = received.get(self.path, b"") + (
                gzip.decompress(body) if is_packed else body
            )
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{http.server_port}", received
        finally:
            http.shutdown()


def test_collector_gets_the_run_as_one_trace_and_its_metrics(tmp_path: Path) -> None:
    server = Server()
    server.call_tool("get_weather", {"city": "Bergen"}).reply("A clear night.")
    program = copied("telemetry", tmp_path)
    with server.serve() as url, collector() as (endpoint, received):
        variables = {**with_key(url), "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
        done = run(program, folder=tmp_path, variables=variables)

    assert "A clear night." in done.stdout
    (sent,) = trace_service.ExportTraceServiceRequest.FromString(received["/v1/traces"]).resource_spans
    spans = [span for scope in sent.scope_spans for span in scope.spans]
    assert sorted(span.name for span in spans) == [
        "chat gpt-5.4",
        "chat gpt-5.4",
        "execute_tool get_weather",
        "invoke_agent",
    ]
    assert len({span.trace_id for span in spans}) == 1
    (root,) = (span for span in spans if not span.parent_span_id)
    assert {span.parent_span_id for span in spans if span is not root} == {root.span_id}
    assert [a.value.string_value for a in sent.resource.attributes if a.key == "service.name"] == ["weather"]

    (measured,) = metrics_service.ExportMetricsServiceRequest.FromString(
        received["/v1/metrics"]
    ).resource_metrics
    names = {metric.name for scope in measured.scope_metrics for metric in scope.metrics}
    assert names >= {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}
