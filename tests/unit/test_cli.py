"""The command line, in process and as a process of its own."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import responses_client
from responses_client import __version__
from responses_client._cli import main
from responses_client.testing import Server

NOTICE = "OPENAI_API_KEY is not set: the embedded server answers"
VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")
WAIT = 60


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """The embedded server that the command will use."""
    server = Server()
    monkeypatch.setattr("responses_client.testing.Server", lambda: server)
    return server


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def no_wait(seconds: float) -> None:
    pass


def standard_input(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")


def errors(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines on standard error, without the notice that the embedded server answers."""
    return [line for line in capsys.readouterr().err.splitlines() if not line.startswith(NOTICE)]


# --- output


def test_text_of_the_answer_is_shown_and_where_it_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["Hi"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "Hello! How can I help you today?\n"
    assert shown.err.startswith(NOTICE)
    assert shown.err.count("\n") == 1


def test_events_are_shown_by_type_and_deltas_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--events", "Hi"]) == 0
    assert [tuple(line.split(maxsplit=1)) for line in capsys.readouterr().out.splitlines()] == [
        ("ResponseCreated", "response: Response (in_progress)"),
        ("ResponseInProgress", "response: Response (in_progress)"),
        ("OutputItemAdded", "item: OutputMessage (in_progress)"),
        ("ContentPartAdded", "part: OutputText"),
        ("OutputTextDelta", "Hello! How can I help you today?  (9 events)"),
        ("OutputTextDone", "text: 'Hello! How can I help you today?'"),
        ("ContentPartDone", "part: OutputText"),
        ("OutputItemDone", "item: OutputMessage (completed)"),
        ("ResponseCompleted", "response: Response (completed)"),
    ]


def test_events_take_one_line_each(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply_events(
        [
            {"type": "response.output_text.delta", "delta": "one\ntwo"},
            {"type": "response.refusal.delta", "delta": "no"},
            {"type": "response.of_tomorrow", "n": 1},
            {"type": "response.output_text.done", "text": "long " * 100},
            {"type": "response.output_text.delta", "delta": "the rest"},
        ]
    )
    assert main(["--events", "Hi"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "OutputTextDelta",
        "RefusalDelta",
        "UnknownEvent",
        "OutputTextDone",
        "OutputTextDelta",
    ]
    assert lines[0].endswith("one\\ntwo  (1 event)")
    assert lines[2].endswith("type: 'response.of_tomorrow', n: 1")
    assert lines[3].endswith("…")
    assert lines[4].endswith("the rest")


def test_json_gives_each_event_as_it_came(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "Hi"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert events[-1]["type"] == "response.completed"
    assert events[-1]["response"] == next(iter(server.responses.values()))


def test_json_is_utf_8_in_any_locale(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    server.reply("Grüße")
    assert main(["--json", "Hi"]) == 0
    assert "Grüße" in written.getvalue().decode("utf-8")


def test_text_that_the_terminal_cannot_write_becomes_question_marks(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", newline="\n"))
    server.reply("Grüße")
    assert main(["Hi"]) == 0
    assert written.getvalue() == b"Gr??e\n"


def test_text_cannot_steer_the_terminal(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr("time.sleep", no_wait)
    server.reply("a\x1b]0;title\x07b\tc\n")
    assert main(["Hi"]) == 0
    assert terminal.getvalue() == "a\ufffd]0;title\ufffdb\tc\n"


def test_embedded_server_streams_slowly_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr("time.sleep", slept.append)
    assert main(["Hi"]) == 0
    assert len(slept) > 9
    assert set(slept) == {0.03}


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (
            {"type": "function_call", "call_id": "c", "name": "get_weather", "arguments": '{"city":"Paris"}'},
            '[get_weather({"city":"Paris"})]',
        ),
        (
            {"type": "custom_tool_call", "call_id": "c", "name": "code", "input": "print(1)"},
            "[code(print(1))]",
        ),
        ({"type": "web_search_call", "id": "ws_1", "status": "completed"}, "[web_search_call]"),
        ({"type": "call_of_tomorrow"}, "[call_of_tomorrow]"),
    ],
)
def test_tool_call_is_a_line(
    server: Server, capsys: pytest.CaptureFixture[str], item: dict[str, Any], line: str
) -> None:
    server.reply_items([item])
    assert main(["Hi"]) == 0
    assert capsys.readouterr().out == f"{line}\n"


def test_each_message_starts_a_line_and_reasoning_is_not_shown(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    part: dict[str, Any] = {"type": "output_text", "text": "Hello", "annotations": []}
    message: dict[str, Any] = {"type": "message", "role": "assistant", "content": [part]}
    reasoning = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
    server.reply_items([reasoning, message, message])
    assert main(["Hi"]) == 0
    assert capsys.readouterr().out == "Hello\nHello\n"


def test_refusal_is_shown_and_named(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.refuse("I would rather not.")
    assert main(["Hi"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "I would rather not.\n"
    assert shown.err.splitlines()[1:] == ["The model refused to answer."]


@pytest.mark.parametrize(
    "part", [{"type": "output_text", "text": "Hello"}, {"type": "refusal", "refusal": "Hello"}]
)
def test_text_without_deltas_is_shown(
    server: Server, capsys: pytest.CaptureFixture[str], part: dict[str, Any]
) -> None:
    item = {"type": "message", "role": "assistant", "content": [part]}
    server.reply_events([{"type": "response.completed", "response": {"id": "resp_1", "output": [item]}}])
    assert main(["Hi"]) == 0
    assert capsys.readouterr().out == "Hello\n"


def test_answer_alone_is_shown_without_deltas(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    def message(text: str, phase: str) -> dict[str, Any]:
        part = {"type": "output_text", "text": text}
        return {"type": "message", "role": "assistant", "phase": phase, "content": [part]}

    output = [message("I look it up.", "commentary"), message("It is 42.", "final_answer")]
    server.reply_events([{"type": "response.completed", "response": {"id": "resp_1", "output": output}}])
    assert main(["Hi"]) == 0
    assert capsys.readouterr().out == "It is 42.\n"


def test_empty_answer_is_reported(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply_items([])
    assert main(["Hi"]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[1:] == ["The answer is empty."]


# --- the request


def test_options_are_sent(server: Server) -> None:
    assert main(["Hi", "--model", "gpt-6-sol", "--instructions", "Be brief."]) == 0
    assert server.requests[0].json == {
        "model": "gpt-6-sol",
        "input": "Hi",
        "instructions": "Be brief.",
        "stream": True,
    }


def test_request_without_options_has_model_and_input_only(server: Server) -> None:
    assert main(["Hi"]) == 0
    assert server.requests[0].json == {"model": "gpt-5.4", "input": "Hi", "stream": True}


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_prompt_is_read_from_standard_input(
    server: Server, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", standard_input("\ufeffGrüße\n".encode()))
    assert main(arguments) == 0
    assert server.requests[0].json["input"] == "Grüße\n"


# --- wrong usage


def misuse(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_missing_prompt_at_a_terminal_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert "there is no prompt" in misuse([], capsys)


@pytest.mark.parametrize("data", [b"", b" \n"])
def test_empty_prompt_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    monkeypatch.setattr(sys, "stdin", standard_input(data))
    assert "the prompt is empty" in misuse([], capsys)


def test_prompt_that_is_not_utf_8_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", standard_input(b"\xff\xfe"))
    assert "cannot be read as UTF-8 text" in misuse([], capsys)


def test_unknown_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--shape" in misuse(["Hi", "--shape"], capsys)


def test_wrong_configuration_is_one_line_that_keeps_the_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1234\n567890")
    assert main(["Hi"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert "OPENAI_API_KEY" in line
    assert "1234" not in line


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"responses-client {__version__}\n"


# --- responses that fail


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "error: the answer is incomplete: max_output_tokens",
        ),
        ({"status": "incomplete"}, "error: the answer is incomplete: the server does not say why"),
        (
            {"status": "failed", "error": {"code": "server_error", "message": "Out of order."}},
            "error: the response failed: Out of order. (server_error)",
        ),
        ({"status": "failed", "error": None}, "error: the response failed: the server does not say why"),
        ({"status": "failed", "error": {"message": "No."}}, "error: the response failed: No."),
        ({"status": "cancelled"}, "error: the response was cancelled"),
    ],
)
def test_response_that_is_not_completed_is_an_error(
    server: Server, capsys: pytest.CaptureFixture[str], fields: dict[str, Any], problem: str
) -> None:
    server.reply_response(fields)
    assert main(["--json", "Hi"]) == 1
    assert errors(capsys) == [problem]


def test_interrupted_stream_shows_the_text_received(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.disconnect_after(events=6)
    assert main(["Hi"]) == 1
    shown = capsys.readouterr()
    assert shown.out == "Hello!\n"
    (line,) = shown.err.splitlines()[1:]
    assert line.startswith("error: The stream ended after event 5 without a terminal event")


@pytest.mark.parametrize(("option", "shown"), [("--json", '{"type":"error"'), ("--events", "ErrorEvent")])
def test_error_event_is_shown_among_the_events(
    server: Server, capsys: pytest.CaptureFixture[str], option: str, shown: str
) -> None:
    created = {"type": "response.created", "response": {"id": "resp_1"}}
    server.reply_events([created, {"type": "error", "code": "server_error", "message": "Overloaded."}])
    assert main([option, "Hi"]) == 1
    output = capsys.readouterr()
    assert output.out.splitlines()[1].startswith(shown)
    assert "Overloaded" in output.err.splitlines()[1]


def test_refused_request_is_one_line(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.fail(400, message="No such\nmodel.")
    assert main(["Hi"]) == 1
    (line,) = errors(capsys)
    assert line.startswith("error: POST /v1/responses was answered with 400: No such model")


# --- output that cannot be written


def test_closed_pipe_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert main(["Hi"]) == 141
        monkeypatch.undo()
    assert errors(capsys) == []


def test_full_disk_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    class Full(io.FileIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    raw = Full(tmp_path / "output", "w")
    output = io.TextIOWrapper(raw, write_through=True)
    monkeypatch.setattr(sys, "stdout", output)
    assert main(["Hi"]) == 1
    monkeypatch.undo()
    output.detach()
    raw.close()
    (line,) = errors(capsys)
    assert line.startswith("error: the answer cannot be written: ")


# --- interrupts


def test_interrupt_ends_the_line_and_closes_the_stream(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()

    def interrupt_in_text(seconds: float) -> None:
        if terminal.getvalue():
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr("time.sleep", interrupt_in_text)
    with pytest.raises(KeyboardInterrupt):
        main(["Hi"])
    assert terminal.getvalue() == "Hello\n"
    assert (server.open_streams, server.closed_streams) == (0, 1)


def run_module(name: str = "__main__") -> None:
    """Run `__main__.py` like `python -m responses_client`; runpy fails where pytest rewrites imports."""
    assert responses_client.__file__ is not None
    path = Path(responses_client.__file__).with_name("__main__.py")
    exec(compile(path.read_bytes(), path, "exec"), {"__name__": name, "__package__": "responses_client"})


def test_module_exits_with_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["responses_client", "Hi"])
    with pytest.raises(SystemExit) as exit_:
        run_module()
    assert exit_.value.code == 0


def test_module_exits_with_130_when_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("responses_client._cli.main", interrupt)
    with pytest.raises(SystemExit) as exit_:
        run_module()
    assert exit_.value.code == 130


def test_module_can_be_imported_without_running() -> None:
    run_module("responses_client.__main__")


# --- a server at another address, and processes

Answer = Callable[[BaseHTTPRequestHandler], None]


class Loopback(ThreadingHTTPServer):
    """An HTTP server that answers by a function of the test, and keeps the headers of requests."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.seen: list[dict[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Loopback)
        self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.server.answer(self)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def loopback() -> Iterator[Callable[[Answer], Loopback]]:
    started: list[Loopback] = []

    def start(answer: Answer) -> Loopback:
        started.append(Loopback(answer))
        threading.Thread(target=started[-1].serve_forever, args=(0.01,), daemon=True).start()
        return started[-1]

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


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


Start = Callable[[Answer], Loopback]


def test_server_of_the_option_answers_without_a_key(
    loopback: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    server = loopback(hello)
    assert main(["--base-url", server.url, "Hi"]) == 0
    assert capsys.readouterr() == ("Hello\n", "")
    assert "authorization" not in server.seen[0]


def test_server_of_the_environment_answers_with_a_key(
    loopback: Start, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = loopback(hello)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-local")
    assert main(["Hi"]) == 0
    assert capsys.readouterr() == ("Hello\n", "")
    assert server.seen[0]["authorization"] == "Bearer sk-local"


@pytest.mark.parametrize(("status", "tries"), [(401, 1), (500, 3)])
def test_error_status_is_one_line(
    loopback: Start,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    tries: int,
) -> None:
    monkeypatch.setattr("time.sleep", no_wait)
    server = loopback(refuse(status))
    assert main(["--base-url", server.url, "Hi"]) == 1
    assert len(server.seen) == tries
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("error: ")
    assert f"{status}" in line
    assert "Sorry" in line


def test_refused_connection_is_one_line(
    loopback: Start, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", no_wait)
    server = loopback(hello)
    server.shutdown()
    server.server_close()
    assert main(["--base-url", server.url, "Hi"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: POST {server.url.removesuffix('/v1')} got no answer after 3 attempts")


def test_invalid_address_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--base-url", "localhost:8000", "Hi"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "base_url" in line


def start_process(*arguments: str | bytes, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "responses_client", *arguments],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def test_process_prints_the_answer() -> None:
    with start_process("Hi") as process:
        out, err = process.communicate(timeout=WAIT)
    assert process.returncode == 0
    assert out == "Hello! How can I help you today?\n"
    assert err.startswith(NOTICE)


# In the C locale, Python takes UTF-8 for granted, unless it is told not to.
C_LOCALES = [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]


@POSIX
@pytest.mark.parametrize("locale", C_LOCALES)
@pytest.mark.parametrize("form", [[], ["--events"], ["--json"]])
def test_process_in_the_c_locale_takes_and_prints_any_text(locale: dict[str, str], form: list[str]) -> None:
    arguments = ["Grüße, 世界", "--instructions", "Höflich", "--model", "groß", *form]
    with start_process(*arguments, **locale) as process:
        out, err = process.communicate(timeout=WAIT)
    assert (process.returncode, err.count("\n")) == (0, 1)
    assert err.startswith(NOTICE)
    is_ascii = "PYTHONUTF8" in locale and form != ["--json"]
    assert ("Gr??e, ??" if is_ascii else "Grüße, 世界") in out


@POSIX
@pytest.mark.parametrize("locale", [{}, *C_LOCALES])
def test_argument_that_is_no_text_is_wrong_usage(locale: dict[str, str]) -> None:
    with start_process(b"Gr\xfc\xdfe", **locale) as process:
        _, err = process.communicate(timeout=WAIT)
    assert process.returncode == 2
    assert err.endswith("error: argument prompt: must be UTF-8 text, got 'Gr\\udcfc\\udcdfe'\n")


@POSIX
def test_ctrl_c_ends_a_slow_stream_quietly_and_closes_its_connection(loopback: Start) -> None:
    hung_up = threading.Event()

    def stall(handler: BaseHTTPRequestHandler) -> None:
        begin_stream(handler, {"type": "response.output_text.delta", "delta": "Once upon"})
        if handler.connection.recv(1) == b"":
            hung_up.set()

    server = loopback(stall)
    with start_process("--base-url", server.url, "Hi") as process:
        assert process.stdout is not None
        assert process.stdout.read(9) == "Once upon"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WAIT)
    assert (process.returncode, out, err) == (130, "\n", "")
    assert hung_up.wait(WAIT)


@POSIX
def test_reader_that_leaves_early_ends_the_process_quietly(loopback: Start) -> None:
    left = threading.Event()

    def continue_later(handler: BaseHTTPRequestHandler) -> None:
        begin_stream(handler, {"type": "response.output_text.delta", "delta": "first"})
        left.wait(WAIT)
        handler.wfile.write(b'data: {"type":"response.output_text.delta","delta":"second"}\n\n')
        handler.wfile.flush()

    server = loopback(continue_later)
    with start_process("--json", "--base-url", server.url, "Hi") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "first" in process.stdout.readline()
        process.stdout.close()
        left.set()
        assert process.stderr.read() == ""
        assert process.wait(WAIT) == 141


def test_closed_standard_output_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["Hi"]) == 1
    assert capsys.readouterr().err == "error: there is no standard output to write to\n"


def test_argument_that_python_did_not_decode_is_read_as_utf8(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["Grüße".encode().decode("ascii", "surrogateescape")]) == 0
    assert "Grüße" in capsys.readouterr().out


def test_argument_that_is_not_utf8_is_wrong_usage_in_any_locale(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--model", b"gr\xfc".decode("ascii", "surrogateescape"), "Hi"])
    assert exit_.value.code == 2
    assert "argument --model: must be UTF-8 text" in capsys.readouterr().err
