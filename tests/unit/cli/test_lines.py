"""The input of a chat."""

from __future__ import annotations

import builtins
import io
import sys

import pytest
from command_line import Terminal, standard_input

from responses_client._cli.lines import ChatCommand, LineReader, parse_line
from responses_client._cli.statuses import CommandFailed


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("Hi ", "Hi"),
        ("/help", ChatCommand("help", "")),
        ("/model  gpt-6 ", ChatCommand("model", "gpt-6")),
        ("/image my picture.png", ChatCommand("image", "my picture.png")),
        (" /help", "/help"),
        ("/etc/hosts is what?", "/etc/hosts is what?"),
        ("/", "/"),
        ("", ""),
    ],
)
def test_line_is_a_command_or_a_prompt(line: str, given: str | ChatCommand) -> None:
    assert parse_line(line) == given


def read_all(data: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(sys, "stdin", io.StringIO(data))
    reader = LineReader()
    lines = []
    while (line := reader.read()) is not None:
        lines.append(line)
    return lines


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("", []),
        ("one\ntwo", ["one", "two"]),
        ("\n", [""]),
        ('"""\none\n two\n"""\nthree\n', ["one\n two", "three"]),
        ('"""one\ntwo"""\n', ["one\ntwo"]),
        ('"""one"""\n', ["one"]),
        ('"""one\n', ["one"]),
    ],
)
def test_piped_lines_and_blocks_are_prompts(
    data: str, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_all(data, monkeypatch) == lines


def test_prompt_of_a_terminal_says_where_a_block_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter(['"""', "one", '"""'])
    prompts: list[str] = []

    def type_line(prompt: str = "") -> str:
        prompts.append(prompt)
        return next(given)

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr(builtins, "input", type_line)
    assert LineReader().read() == "one"
    assert prompts == ["> ", ". ", ". "]


def test_prompt_stays_out_of_an_output_that_is_piped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def end(*prompt: str) -> str:
        assert prompt == ()
        raise EOFError

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(builtins, "input", end)
    assert LineReader().read() is None
    assert capsys.readouterr() == ("", "> ")


def test_input_that_is_not_text_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", standard_input(b"\xff\n"))
    with pytest.raises(CommandFailed, match="standard input cannot be read as text: "):
        LineReader().read()


def test_chat_without_standard_input_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CommandFailed, match="standard input is closed"):
        LineReader()
