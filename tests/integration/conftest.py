"""Servers from other packages, started on loopback for the tests in this folder."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from npm_packages import node, npm_package
from waits import LONG, PATIENT, settle

HERE = Path(__file__).parent
# The server sends telemetry to its vendor by default; tests connect to nothing but loopback.
_NO_TELEMETRY = {"OTEL_SDK_DISABLED": "true", "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true"}


@pytest.fixture(scope="session")
def agent_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of azure-ai-agentserver-responses from PyPI, which runs in a process of its own."""
    pytest.importorskip("azure.ai.agentserver.responses")
    command = [sys.executable, str(HERE / "agent_server.py")]
    with _running(command, tmp_path_factory.mktemp("agent_server"), _NO_TELEMETRY) as url:
        yield url


@pytest.fixture(scope="session")
def fast_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of fastresponses from PyPI, which runs in a process of its own."""
    pytest.importorskip("fastresponses")
    command = [sys.executable, str(HERE / "fast_server.py")]
    with _running(command, tmp_path_factory.mktemp("fast_server")) as url:
        yield f"{url}/v1"


@pytest.fixture(scope="session")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of @copilotkit/aimock from npm, which runs in a process of its own."""
    package = npm_package("@copilotkit/aimock")
    folder = tmp_path_factory.mktemp("aimock")
    settings = {
        "auth": {"apiKeys": ["key"]},
        "llm": {"fixtures": str(HERE / "aimock.json"), "chunkSize": 5, "logLevel": "info"},
    }
    (folder / "aimock.json").write_text(json.dumps(settings))
    script = str(package / "dist" / "aimock-cli.js")
    with _running([node(), script, "--config", "aimock.json", "--port"], folder) as url:
        yield f"{url}/v1"


@pytest.fixture
def no_warnings(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Check that the client logs no warning during the test."""
    caplog.set_level(logging.WARNING, "responses_client")
    yield
    assert [record.message for record in caplog.records if record.name == "responses_client"] == []


@contextmanager
def _running(command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a server that takes a port as its last argument, and yield its address once it takes connections."""
    log = folder / "log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **(env or {})},
        )
        try:
            _wait_for(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(PATIENT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + LONG
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), PATIENT).close()
        except OSError:
            settle()
        else:
            return
    raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')[-2000:]}")
