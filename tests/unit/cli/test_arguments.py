"""The arguments of the command, and the help about them."""

from __future__ import annotations

import argparse
import re

import pytest
from command_line import misuse

from responses_client._cli.arguments import COMMANDS, make_parser, parse_arguments


@pytest.mark.parametrize(
    ("argv", "command", "text"),
    [
        ([], "ask", ""),
        (["Hi"], "ask", "Hi"),
        (["ask", "Hi"], "ask", "Hi"),
        (["ask", "chat"], "ask", "chat"),
        (["--events", "Hi"], "ask", "Hi"),
        (["Chat"], "ask", "Chat"),
        (["chat with me"], "ask", "chat with me"),
        (["--", "--help"], "ask", "--help"),
        (["-"], "ask", "-"),
    ],
)
def test_first_argument_is_a_command_or_all_is_for_ask(argv: list[str], command: str, text: str) -> None:
    arguments = parse_arguments(argv)
    assert (arguments.command, arguments.text) == (command, text)


@pytest.mark.parametrize("command", [*COMMANDS])
def test_every_command_is_chosen_by_its_word(command: str) -> None:
    assert parse_arguments([command]).command == command


@pytest.mark.parametrize("command", [*COMMANDS])
def test_every_command_explains_its_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse_arguments([command, "--help"])
    assert exit_.value.code == 0
    shown = capsys.readouterr().out
    assert all(name in shown for action in make_parser(command)._actions for name in action.option_strings)


def test_help_of_the_command_alone_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["--help"])
    shown = capsys.readouterr().out
    assert shown.startswith("usage: responses [OPTIONS] [PROMPT]\n")
    assert all(
        re.search(rf"^  {name} +{text}$", shown, re.MULTILINE) for name, text in [*COMMANDS.items()][1:]
    )


def test_prompt_of_several_words_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert misuse(["Tell", "me"], capsys) == (
        "error: the prompt is one argument: put it in quotation marks (see responses --help)"
    )


def test_mistyped_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "quotation marks, or write responses retrieve (see" in misuse(["retreive", "resp_1"], capsys)


def test_near_word_in_a_prompt_of_ask_is_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert "retrieve" not in misuse(["ask", "retreive", "resp_1"], capsys)


def test_command_behind_options_is_refused_and_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    assert misuse(["-m", "gpt-6", "chat"], capsys) == (
        "error: chat is a command, and stands first, as in responses chat; as a prompt, write responses ask chat "
        "(see responses --help)"
    )


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["--max-output-tokens", "many", "Hi"], "must be a whole number, got 'many'"),
        (["wait", "--timeout", "0"], "must be a positive number of seconds, got '0'"),
        (["wait", "--timeout", "1e9"], "must be a positive number of seconds, got '1e9'"),
        (["--model", " ", "Hi"], "argument -m/--model: must not be empty"),
        (["retrieve", ""], "argument ID: must not be empty"),
        (["--json", "--events", "Hi"], "not allowed with argument"),
        (["--previous", "resp_1", "-c", "Hi"], "--previous and --continue exclude each other"),
        (["--instr", "Be brief.", "Hi"], "--instr"),
        (["retrieve", "resp_1", "--model", "x"], "--model"),
    ],
)
def test_wrong_argument_is_one_line(
    argv: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = misuse(argv, capsys)
    assert line.startswith("error: ")
    assert problem in line


def test_values_are_of_their_types() -> None:
    asked = parse_arguments(["--max-output-tokens", "500", "--image", "a", "--image", "b", "Hi"])
    assert (asked.max_output_tokens, asked.image, asked.file) == (500, ["a", "b"], [])
    assert parse_arguments(["wait", "--timeout", "2.5"]).timeout == 2.5


def test_every_option_has_help_that_is_no_sentence() -> None:
    for command in COMMANDS:
        for action in make_parser(command)._actions:
            assert action.help
            assert not action.help.endswith(".")
            assert (
                action.help is argparse.SUPPRESS
                or action.help[0].islower()
                or action.help.startswith("a PDF")
            )
