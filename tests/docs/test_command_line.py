"""The page about the command line: its options, commands, statuses and transcripts are those of the command."""

from __future__ import annotations

import re
import shlex
import sys
from io import StringIO

import pytest
from snippets import ROOT

from responses_client._cli import statuses
from responses_client._cli.arguments import COMMANDS, DEFAULT_MODEL, make_parser
from responses_client._cli.chat import _HELP
from responses_client._cli.main import main

PAGE = (ROOT / "docs" / "command-line.md").read_text("utf-8")


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    return [row.strip() for row in re.findall(r"^\| (.*?) \|", text, re.MULTILINE)][2:]


def options(command: str) -> set[str]:
    return {name for action in make_parser(command)._actions for name in action.option_strings} - {
        "-h",
        "--help",
    }


def listed(cells: list[str]) -> set[str]:
    return {name for cell in cells for name in re.findall(r"`(-[\w-]+)`", cell)}


TABLES = [table for table in section("Options").split("\n\n") if table.startswith("| option")]


def test_options_of_prompts_are_those_of_the_command() -> None:
    assert listed(first_cells(TABLES[0])) == options("ask")


def test_options_without_a_star_are_those_of_a_chat() -> None:
    assert listed([cell for cell in first_cells(TABLES[0]) if not cell.endswith("*")]) == options("chat")


def test_options_of_stored_answers_are_those_of_their_commands() -> None:
    assert listed(first_cells(TABLES[1])) == options("wait")
    for command in ("retrieve", "cancel", "input-items"):
        assert options("wait") - {"--timeout"} == options(command)


def test_commands_and_the_default_model_are_those_of_the_command() -> None:
    assert [cell.strip("`") for cell in first_cells(section("Prompts"))] == [*COMMANDS]
    assert f"by default `{DEFAULT_MODEL}`" in PAGE


def test_exit_statuses_are_those_of_the_command() -> None:
    shown = {int(cell) for cell in first_cells(section("Output")) if cell.isdecimal()}
    names = ("OK", "FAILED", "MISUSED", "INTERRUPTED", "PIPE_CLOSED")
    assert shown == {getattr(statuses, name) for name in names}


def test_commands_of_a_chat_are_those_of_its_help() -> None:
    page = set(re.findall(r"`(/\w+|\"{3})", section("Chat")))
    assert page == set(re.findall(r"^(/\w+|\"{3})", _HELP, re.MULTILINE))


def transcripts() -> list[tuple[str, str]]:
    """Return each command of a demonstration on the page, with its output."""
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    parts = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    pairs = [part.split("\n", 1) for part in parts]
    return [(command, shown) for command, shown in pairs if "--demo" in command]


def test_page_has_transcripts() -> None:
    assert len(transcripts()) > 1


@pytest.mark.parametrize(("command", "shown"), transcripts())
def test_transcript_is_what_the_command_prints(
    command: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = StringIO()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, screen)
    monkeypatch.setattr(sys, "stdin", None)
    assert main(shlex.split(command)[1:]) == 0
    assert screen.getvalue() == shown
