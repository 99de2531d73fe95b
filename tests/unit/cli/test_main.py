"""The command from its arguments to its exit status, in process and as a process of its own."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import threading
import tomllib
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from select import select
from typing import Any

import pytest
from command_line import (
    DEMONSTRATION,
    POSIX,
    Start,
    Terminal,
    begin_stream,
    demo,
    errors,
    misuse,
    start_process,
)
from waits import LONG, SHORT

import responses_client
from responses_client import __version__
from responses_client._cli.main import main, run
from responses_client.testing import Server


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
        demo("--version")
    assert capsys.readouterr().out == f"responses-client {__version__}\n"


# --- output that cannot be written


def test_closed_pipe_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert demo("Hi") == 141
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
    assert demo("Hi") == 1
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
        demo("Hi")
    assert terminal.getvalue() == "Hello\n"
    assert (server.open_streams, server.closed_streams) == (0, 1)


def run_module(name: str = "__main__") -> None:
    """Run `__main__.py` like `python -m responses_client`; runpy fails where pytest rewrites imports."""
    assert responses_client.__file__ is not None
    path = Path(responses_client.__file__).with_name("__main__.py")
    exec(compile(path.read_bytes(), path, "exec"), {"__name__": name, "__package__": "responses_client"})


def test_module_exits_with_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["responses", "--demo", "Hi"])
    with pytest.raises(SystemExit) as exit_:
        run_module()
    assert exit_.value.code == 0


def test_module_exits_with_130_when_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("responses_client._cli.main.main", interrupt)
    with pytest.raises(SystemExit) as exit_:
        run_module()
    assert exit_.value.code == 130


def test_module_can_be_imported_without_running() -> None:
    run_module("responses_client.__main__")


def test_process_prints_the_answer() -> None:
    with start_process("--demo", "Hi") as process:
        out, err = process.communicate(timeout=LONG)
    assert process.returncode == 0
    assert out == "Hello! How can I help you today?\n"
    assert err.startswith(DEMONSTRATION)


# In the C locale, Python takes UTF-8 for granted, unless it is told not to.
C_LOCALES = [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]


@POSIX
@pytest.mark.parametrize("locale", C_LOCALES)
@pytest.mark.parametrize("form", [[], ["--events"], ["--json"]])
def test_process_in_the_c_locale_takes_and_prints_any_text(locale: dict[str, str], form: list[str]) -> None:
    arguments = ["--demo", "Grüße, 世界", "--instructions", "Höflich", "--model", "groß", *form]
    with start_process(*arguments, **locale) as process:
        out, err = process.communicate(timeout=LONG)
    assert (process.returncode, err.count("\n")) == (0, 1)
    assert err.startswith(DEMONSTRATION)
    is_ascii = "PYTHONUTF8" in locale and form != ["--json"]
    assert ("Gr??e, ??" if is_ascii else "Grüße, 世界") in out


@POSIX
@pytest.mark.parametrize("locale", [{}, *C_LOCALES])
def test_argument_that_is_no_text_is_wrong_usage(locale: dict[str, str]) -> None:
    with start_process(b"Gr\xfc\xdfe", **locale) as process:
        _, err = process.communicate(timeout=LONG)
    assert process.returncode == 2
    assert (
        err == "error: argument PROMPT: must be UTF-8 text, got 'Gr\\udcfc\\udcdfe' (see responses --help)\n"
    )


@POSIX
def test_ctrl_c_ends_a_slow_stream_quietly_and_closes_its_connection(loopback: Start) -> None:
    hung_up = threading.Event()

    def stall(handler: BaseHTTPRequestHandler) -> None:
        begin_stream(handler, {"type": "response.output_text.delta", "delta": "Once upon"})
        # Python handles a signal that comes right before the system call of a read only after that read. So the server
        # sends comments, as real ones do: they end the read, and a command that lost the signal would read on.
        with suppress(ConnectionError):
            while not select([handler.connection], [], [], SHORT)[0]:
                handler.wfile.write(b": still here\n\n")
            assert handler.connection.recv(1) == b""
        hung_up.set()

    server = loopback(stall)
    with start_process("--base-url", server.url, "Hi") as process:
        assert process.stdout is not None
        assert process.stdout.read(9) == "Once upon"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LONG)
    assert (process.returncode, out, err) == (130, "\n", "")
    assert hung_up.wait(LONG)


@POSIX
def test_reader_that_leaves_early_ends_the_process_quietly(loopback: Start) -> None:
    left = threading.Event()

    def continue_later(handler: BaseHTTPRequestHandler) -> None:
        begin_stream(handler, {"type": "response.output_text.delta", "delta": "first"})
        left.wait(LONG)
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
        assert process.wait(LONG) == 141


def test_closed_standard_output_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["Hi"]) == 1
    assert capsys.readouterr().err == "error: standard output is closed\n"


def test_argument_that_python_did_not_decode_is_read_as_utf8(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo("Grüße".encode().decode("ascii", "surrogateescape")) == 0
    assert "Grüße" in capsys.readouterr().out


def test_argument_that_is_not_utf8_is_wrong_usage_in_any_locale(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--model", b"gr\xfc".decode("ascii", "surrogateescape"), "Hi"]
    assert "argument -m/--model: must be UTF-8 text" in misuse(arguments, capsys)


def test_file_gets_the_answer_and_standard_output_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert demo("Hi", "-o", str(tmp_path / "answer")) == 0
    assert (tmp_path / "answer").read_text() == "Hello! How can I help you today?\n"
    assert capsys.readouterr().out == ""


def test_file_is_utf_8_and_needs_no_standard_output(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    server.reply("Grüße")
    assert demo("Hi", "-o", str(tmp_path / "answer")) == 0
    assert (tmp_path / "answer").read_bytes() == "Grüße\n".encode()


def test_file_is_not_written_by_an_answer_that_is_not_whole(
    server: Server, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "answer"
    path.write_text("of before")
    server.disconnect_after(events=6)
    assert demo("Hi", "-o", str(path)) == 1
    assert (path.read_text(), [*tmp_path.iterdir()]) == ("of before", [path])
    (line,) = errors(capsys)
    assert line.startswith("error: the answer broke off: The connection broke off")


def test_file_that_cannot_be_written_is_said_before_anything_is_sent(
    server: Server, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = str(tmp_path / "none" / "answer")
    assert demo("Hi", "-o", path) == 2
    assert errors(capsys) == [f"error: {path} cannot be written: No such file or directory"]
    assert len(server.requests) == 0


def test_command_that_is_not_carried_out_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retrieve"]) == 2
    assert errors(capsys) == [
        "error: OPENAI_API_KEY is not set; set it, or name another server by --base-url"
    ]


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_neither_models_nor_an_http_library(option: str) -> None:
    code = (
        "import sys\n"
        "from responses_client._cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: print(*sorted({'pydantic', 'httpx', 'typing_extensions'} & {*sys.modules}), end='.')"
    )
    done = subprocess.run([sys.executable, "-c", code, option], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "."


def test_console_script_is_the_command() -> None:
    pyproject = Path(__file__).parents[3] / "pyproject.toml"
    scripts = tomllib.loads(pyproject.read_text("utf-8"))["project"]["scripts"]
    assert scripts == {"responses": f"{run.__module__}:{run.__name__}"}
