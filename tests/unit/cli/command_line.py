"""Helpers of the tests of the command: terminals, input, servers, processes, and the lines of standard error."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from responses_client._base.overrides import override
from responses_client._cli.main import main

__all__ = [
    "DEMONSTRATION",
    "POSIX",
    "VARIABLES",
    "Answer",
    "Loopback",
    "Start",
    "Terminal",
    "begin_stream",
    "demo",
    "errors",
    "hello",
    "misuse",
    "no_wait",
    "refuse",
    "standard_input",
    "start_process",
]

DEMONSTRATION = "Demonstration: the embedded server answers"
NO_KEY = "OPENAI_API_KEY is not set: the embedded server answers"
VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")


class Terminal(io.StringIO):
    """A terminal, as far as programs ask."""

    def isatty(self) -> bool:
        return True


def no_wait(seconds: float) -> None:
    pass


def standard_input(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")


def demo(*arguments: str) -> int:
    """Run the command in a demonstration, and return its exit status."""
    return main([*arguments, "--demo"])


def errors(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines on standard error, without the notice that the embedded server answers."""
    lines = capsys.readouterr().err.splitlines()
    return [line for line in lines if not line.startswith((DEMONSTRATION, NO_KEY))]


def misuse(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run the command with wrong arguments, and return the one line that it says."""
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert isinstance(line, str)
    return line


# --- a server at another address

Answer = Callable[[BaseHTTPRequestHandler], None]


class Loopback(ThreadingHTTPServer):
    """An HTTP server that answers by a function of the test, and keeps the headers of requests."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.seen: list[dict[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


Start = Callable[[Answer], Loopback]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Loopback)
        self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.server.answer(self)

    def log_message(self, format: str, *args: object) -> None:
        pass


def begin_stream(handler: BaseHTTPRequestHandler, *events: dict[str, Any]) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.end_headers()
    for event in events:
        handler.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
    handler.wfile.flush()


def hello(handler: BaseHTTPRequestHandler) -> None:
    part = {"type": "output_text", "text": "Hello"}
    message = {"type": "message", "role": "assistant", "content": [part]}
    begin_stream(handler, {"type": "response.completed", "response": {"id": "r", "output": [message]}})


def refuse(status: int) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        body = json.dumps({"error": {"message": "Sorry.", "type": "t", "code": None}}).encode()
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


# --- processes


class Process(subprocess.Popen[str]):
    """A process that is killed where its block fails, as it may never end."""

    @override
    def __exit__(self, kind: type[BaseException] | None, *rest: Any) -> None:
        if kind is not None:
            self.kill()
        super().__exit__(kind, *rest)


def start_process(*arguments: str | bytes, **environment: str) -> subprocess.Popen[str]:
    return Process(
        [sys.executable, "-m", "responses_client", *arguments],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
