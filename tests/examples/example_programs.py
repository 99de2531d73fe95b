"""Starts the programs of the examples, as a reader does."""

from __future__ import annotations

import os
import runpy
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from waits import LONG, PATIENT, eventually

from responses_client.testing import Server

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
NEEDS = {
    "sse_relay": "fastapi",
    "telemetry": "opentelemetry.exporter.otlp.proto.http",
    "webhook_receiver": "starlette",
}
"""Packages that an example imports, of those that the tests do not need."""


def scripts() -> dict[str, Callable[[Server], None]]:
    """Return the answer of the embedded server to each example."""
    pytest.importorskip("uvicorn")
    found: dict[str, Callable[[Server], None]] = runpy.run_path(str(EXAMPLES / "demo.py"))["SCRIPTS"]
    return found


def environment(**variables: str) -> dict[str, str]:
    """Return the variables of this process without those that name a server, and with the sources on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "OTEL_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **variables}


def with_key(url: str) -> dict[str, str]:
    """Return the variables by which a program finds a server, as one with a key does."""
    return {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": url, "FALLBACK_BASE_URL": url}


def copied(name: str, folder: Path) -> Path:
    """Return a copy of an example in a folder where it is alone."""
    pytest.importorskip(NEEDS.get(name, "responses_client"))
    return Path(shutil.copy(EXAMPLES / f"{name}.py", folder))


def run(
    program: Path, *arguments: str, folder: Path, stdin: str = "", variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; it must not fail."""
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env=environment(**(variables or {})),
        timeout=LONG,
    )
    assert done.returncode == 0, done.stderr
    return done


@contextmanager
def started(program: Path, *, folder: Path, variables: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a program that a test talks to, and end it if the test does not."""
    process = subprocess.Popen(
        [sys.executable, "-u", str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=folder,
        env=environment(**variables),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENT)


@contextmanager
def serving(program: Path, **variables: str) -> Iterator[str]:
    """Run a program that is a server, and yield its URL once it takes connections."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(PORT=str(port), **variables),
    )

    def takes_connections() -> bool:
        assert process.poll() is None, process.communicate()[0]
        try:
            socket.create_connection(("127.0.0.1", port), PATIENT).close()
        except OSError:
            return False
        return True

    try:
        eventually(takes_connections)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENT)
