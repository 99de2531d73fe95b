"""`responses chat`: in process, and at a real pseudo-terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from command_line import POSIX, Terminal, demo, errors
from waits import eventually

from responses_client._cli import lines
from responses_client._cli.last_response import state_file
from responses_client._cli.main import main
from responses_client.testing import Server

HELLO = "Hello! How can I help you today?"
PNG = b"\x89PNG\r\n\x1a\n0000"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str | BaseException]:
    """The lines that the user types before Ctrl-D."""
    typed: list[str | BaseException] = []

    def read(reader: lines.LineReader) -> str | None:
        given = typed.pop(0) if typed else None
        if isinstance(given, BaseException):
            raise given
        return given

    monkeypatch.setattr(lines.LineReader, "read", read)
    monkeypatch.setattr(sys, "stdin", Terminal())
    return typed


def inputs(server: Server) -> list[Any]:
    return [
        [item if isinstance(item, str) else item["content"] for item in request.json["input"]]
        for request in server.requests
    ]


def text(content: str) -> list[dict[str, Any]]:
    return [{"type": "output_text", "text": content, "annotations": [], "logprobs": []}]


def test_each_prompt_is_sent_with_the_conversation_so_far(
    server: Server, typed: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    typed += ["One", "", "Two"]
    server.reply("First").reply("Second")
    assert demo("chat", "-m", "gpt-6", "--instructions", "Be brief.") == 0
    assert inputs(server) == [["One"], ["One", text("First"), "Two"]]
    assert {(r.json["model"], r.json["instructions"]) for r in server.requests} == {("gpt-6", "Be brief.")}
    shown = capsys.readouterr()
    assert shown.out == "First\nSecond\n\n"
    assert "Chat with gpt-6. /help lists the commands; Ctrl-D ends." in shown.err


def test_piped_lines_are_prompts_and_nothing_else_is_said(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "prompts").write_text('One\n"""\nTwo\nthree\n"""\n')
    server.reply("First").reply("Second")
    with (tmp_path / "prompts").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert demo("chat") == 0
    assert inputs(server)[1] == ["One", text("First"), "Two\nthree"]
    assert capsys.readouterr().out == "First\nSecond\n"


def test_failed_prompt_is_forgotten_and_the_chat_goes_on(
    server: Server, typed: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    typed += ["One", "Two"]
    server.fail(400, message="No.")
    assert demo("chat") == 0
    assert inputs(server)[1] == ["Two"]
    assert "error: the server answered with 400: No" in capsys.readouterr().err


def test_failed_prompt_of_a_script_is_told_by_the_status(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "prompts").write_text("One\nTwo\n")
    server.fail(400, message="No.")
    with (tmp_path / "prompts").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert demo("chat") == 1
    assert errors(capsys)[-1] == "error: 1 of the prompts got no complete answer"


def test_part_that_came_is_remembered(server: Server, typed: list[Any]) -> None:
    typed += ["One", "Two"]
    server.disconnect_after(events=6)
    assert demo("chat") == 0
    assert inputs(server)[1] == ["One", "You said", "Two"]


def test_conversation_goes_on_from_the_last_answer_and_is_kept(
    configured: Server, typed: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["Hi"]) == 0
    (first,) = configured.responses
    typed += ["One", "Two", "/new", "Three"]
    assert main(["chat", "-c"]) == 0
    continued = [request.json.get("previous_response_id") for request in configured.requests[1:]]
    assert continued == [first, first, None]
    assert inputs(configured)[3] == ["Three"]
    assert [*configured.responses][-1] in Path(state_file()).read_text()
    assert "A new conversation." in capsys.readouterr().err


def test_commands_change_the_next_request(
    server: Server, typed: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "b.txt").write_text("Buy milk.")
    typed += [
        "/model gpt-6",
        f"/image {tmp_path / 'a.png'}",
        f"/file {tmp_path / 'b.txt'}",
        "/usage",
        "One",
        "Two",
    ]
    assert demo("chat") == 0
    assert server.requests[0].json["model"] == "gpt-6"
    (content,) = inputs(server)[0]
    assert [part["type"] for part in content] == ["input_image", "input_file", "input_text"]
    assert inputs(server)[1][-1] == "Two"
    shown = capsys.readouterr().err
    assert (shown.count("It is sent with the next prompt."), shown.count("usage: ")) == (2, 2)


def test_files_of_the_options_go_with_the_first_prompt(server: Server, typed: list[Any]) -> None:
    typed += ["One", "Two"]
    assert demo("chat", "--image", "https://a.test/a.png") == 0
    assert [part["type"] for part in inputs(server)[0][0]] == ["input_image", "input_text"]
    assert inputs(server)[1][-1] == "Two"


@pytest.mark.parametrize("line", ["/modle x", "/model", "/quit now"])
def test_unknown_command_is_not_sent(
    server: Server, typed: list[Any], capsys: pytest.CaptureFixture[str], line: str
) -> None:
    typed += [line]
    assert demo("chat") == 0
    assert f"error: {line} is not a command; /help lists the commands" in capsys.readouterr().err
    assert len(server.requests) == 0


def test_file_that_cannot_be_read_is_said_and_the_chat_goes_on(
    server: Server, typed: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    typed += ["/image none.png", "One"]
    assert demo("chat") == 0
    assert "error: the file 'none.png' does not exist; check the path" in capsys.readouterr().err
    assert inputs(server) == [["One"]]


def test_help_lists_the_commands(
    server: Server, typed: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    typed += ["/help"]
    assert demo("chat") == 0
    assert "/model NAME    ask another model from here on\n" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["/quit", "/exit"])
def test_quit_ends_the_chat(server: Server, typed: list[Any], word: str) -> None:
    typed += [word, "One"]
    assert demo("chat") == 0
    assert len(server.requests) == 0


def test_ctrl_c_at_the_prompt_drops_what_was_typed(
    server: Server, typed: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    typed += [KeyboardInterrupt(), "One"]
    assert demo("chat") == 0
    assert "Ctrl-D ends the chat." in capsys.readouterr().err
    assert inputs(server) == [["One"]]


@pytest.mark.parametrize(("stopped_at", "history"), [("You said", ["One", "You said", "Two"]), ("", ["Two"])])
def test_ctrl_c_stops_the_answer_and_not_the_chat(
    server: Server, typed: list[Any], monkeypatch: pytest.MonkeyPatch, stopped_at: str, history: list[str]
) -> None:
    terminal = Terminal()
    typed += ["One", "Two"]
    stops = [True]

    def interrupt_once(seconds: float) -> None:
        if stops and terminal.getvalue().startswith(stopped_at):
            stops.clear()
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr("time.sleep", interrupt_once)
    assert demo("chat") == 0
    assert inputs(server)[1] == history
    assert terminal.getvalue().startswith(f"{stopped_at}\n" * bool(stopped_at) + "You said: “Two")


def test_each_answer_of_a_demonstration_streams_at_a_terminal(
    typed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    waits: list[int] = []
    typed += ["One", "Two"]
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr("time.sleep", lambda seconds: waits.append(len(terminal.getvalue())))
    assert main(["chat", "--demo"]) == 0
    second = terminal.getvalue().index("Two")
    assert min(waits) < second < max(waits)


# --- at a real terminal


class Chat:
    """A process at a pseudo-terminal, as a user sees it."""

    def __init__(self, *arguments: str) -> None:
        import pty

        self._process, self._terminal = pty.fork()
        if self._process == 0:  # pragma: no cover  # another process
            environment = os.environ | {"TERM": "xterm", "PYTHONUNBUFFERED": "1"}
            os.execve(sys.executable, [sys.executable, "-m", "responses_client", *arguments], environment)
        os.set_blocking(self._terminal, False)
        self.screen = ""

    def waits_for(self, shown: str) -> None:
        eventually(lambda: shown in self._read())
        self.screen = self.screen.partition(shown)[2]

    def _read(self) -> str:
        with suppress(OSError):  # nothing is there, or the process has ended
            self.screen += os.read(self._terminal, 65536).decode()
        return self.screen

    def types(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def ends(self) -> int:
        ended: list[int] = []

        def has_ended() -> bool:
            self._read()
            process, status = os.waitpid(self._process, os.WNOHANG)
            ended.extend([os.waitstatus_to_exitcode(status)] * (process != 0))
            return bool(ended)

        eventually(has_ended)
        return ended[0]

    def close(self) -> None:
        os.close(self._terminal)


@pytest.fixture
def terminal() -> Iterator[Any]:
    started: list[Chat] = []

    def start(*arguments: str) -> Chat:
        started.append(Chat(*arguments))
        return started[-1]

    yield start
    for chat in started:
        chat.close()


@POSIX
def test_chat_at_a_terminal_as_a_user_has_it(terminal: Any) -> None:
    chat = terminal("chat", "--demo")
    chat.waits_for("Ctrl-D ends.")
    chat.waits_for("> ")
    chat.types("Hi\r")
    chat.waits_for(HELLO)
    chat.waits_for("> ")
    chat.types("Tell me a story\r")
    chat.waits_for("On a hill")
    chat.types("\x03")
    chat.waits_for("Stopped.")
    chat.waits_for("> ")
    chat.types("half a li\x03")
    chat.waits_for("Ctrl-D ends the chat.")
    chat.waits_for("> ")
    chat.types("\x04")
    assert chat.ends() == 0


@POSIX
def test_answer_at_a_terminal_is_stopped_by_ctrl_c_with_the_status_of_that(terminal: Any) -> None:
    asked = terminal("--demo", "Tell me a story")
    asked.waits_for("On a hill")
    asked.types("\x03")
    assert asked.ends() == 130
