"""The arguments of the command: which options there are, and the help about them; no I/O but that of argparse."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn, Protocol

from .._base.overrides import override
from .._version import __version__

__all__ = ["COMMANDS", "DEFAULT_MODEL", "Arguments", "make_parser", "make_whole_parser", "parse_arguments"]

DEFAULT_MODEL = "gpt-5.4"
PROGRAM = "responses"
COMMANDS = {
    "ask": "send a prompt and print the answer; the command may be left out",
    "chat": "have a conversation at the terminal",
    "retrieve": "print an answer that the server has stored",
    "wait": "wait for an answer that is made in the background, and print it",
    "cancel": "stop an answer that is made in the background",
    "input-items": "print the input of an answer that the server has stored",
}
"""The commands, each with its help. The first argument decides: any other word is the prompt of `ask`."""

_STATUSES = """\
exit status: 0 completed, 1 no complete answer, 2 wrong usage or settings, 130 interrupted"""
_VARIABLES = """\
OPENAI_API_KEY is the key and OPENAI_BASE_URL the address of the server. Without a key, a
demonstration answers at a terminal."""


class _Options(Protocol):
    """A parser, or a group of its options."""

    def add_argument(self, *names: str, **options: Any) -> object:
        """Add an option."""
        ...


class Arguments(argparse.Namespace):
    """The arguments as they were given."""

    command: str
    prompt: list[str]
    text: str = ""  # the prompt, as one string
    model: str
    instructions: str | None
    effort: str | None
    reasoning_summary: bool
    max_output_tokens: int | None
    image: list[str]
    file: list[str]
    schema: str | None = None
    previous: str | None
    resume_last: bool
    save: bool
    background: bool = False
    events: bool = False
    json: bool = False
    output: str | None = None
    usage: bool
    base_url: str | None
    demo: bool = False
    response_id: str | None
    timeout: float | None
    print_completion: str | None = None


class _Parser(argparse.ArgumentParser):
    """A parser without abbreviated options: a new option must not change the meaning of a script."""

    def __init__(self, command: str) -> None:
        texts = _TEXTS.get(command, {"description": f"{COMMANDS[command].capitalize()}."})
        super().__init__(
            prog=PROGRAM if command == "ask" else f"{PROGRAM} {command}",
            usage=texts.get("usage"),
            description=texts["description"],
            epilog=texts.get("epilog"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.set_defaults(command=command)

    @override
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Return the arguments, checked one by one.

    Raises:
        SystemExit: They are wrong, which was said on standard error, or help or the version was printed.
    """
    has_command = bool(argv) and argv[0] in COMMANDS
    command = argv[0] if has_command else "ask"
    parser = make_parser(command)
    arguments = parser.parse_args(argv[1:] if has_command else argv, namespace=Arguments())
    if command == "ask":
        _check_words(parser, arguments, has_command=has_command)
    if getattr(arguments, "previous", None) and arguments.resume_last:
        parser.error("--previous and --continue exclude each other")
    return arguments


def _check_words(parser: argparse.ArgumentParser, arguments: Arguments, *, has_command: bool) -> None:
    words = arguments.prompt
    if len(words) > 1:
        near = [] if has_command else get_close_matches(words[0], COMMANDS, 1)
        command = f", or write {PROGRAM} {near[0]}" if near else ""
        parser.error(f"the prompt is one argument: put it in quotation marks{command}")
    if not has_command and words and words[0] in COMMANDS:
        parser.error(
            f"{words[0]} is a command, and stands first, as in {PROGRAM} {words[0]}; "
            f"as a prompt, write {PROGRAM} ask {words[0]}"
        )
    arguments.text = words[0] if words else ""


def make_parser(command: str) -> argparse.ArgumentParser:
    """Return the parser of one command."""
    parser = _Parser(command)
    _OPTIONS[command](parser)
    return parser


def make_whole_parser() -> argparse.ArgumentParser:
    """Return one parser with all commands, for completion in shells."""
    parser = _Parser("ask")  # without the prompt, whose place the commands take
    _add_ask_options(parser)
    of_command: Any = _of_command  # a function makes as good a parser as a class
    commands: Any = parser.add_subparsers(dest="command", parser_class=of_command)
    for name, text in COMMANDS.items():
        commands.add_parser(name, help=text)
    return parser


def _of_command(prog: str, **_: object) -> argparse.ArgumentParser:
    return make_parser(prog.rpartition(" ")[2])


# --- the types of arguments


def _text(text: str) -> str:
    """Return an argument as UTF-8 text, which Python does not decode where the locale is C and UTF-8 mode is off."""
    if not re.search("[\ud800-\udfff]", text):
        return text
    try:
        return os.fsencode(text).decode()
    except UnicodeError:
        raise argparse.ArgumentTypeError(f"must be UTF-8 text, got {text!a}") from None


def _word(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return _text(text)


def _whole_number(text: str) -> int:
    """Return a number; the check of the request knows its bounds."""
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise argparse.ArgumentTypeError(f"must be a whole number, got {text!a}")
    return int(text)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) or float(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a positive number of seconds, got {text!a}")
    return float(text)


# --- the options of each command


def _add_ask(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "prompt",
        nargs="*",
        type=_text,
        metavar="PROMPT",
        help="the prompt; piped text follows it, or is the prompt if this is missing or -",
    )
    _add_ask_options(parser)


def _add_ask_options(parser: argparse.ArgumentParser) -> None:
    group = _add_request(parser)
    group.add_argument(
        "--schema",
        metavar="FILE",
        help="a file with a JSON Schema, to which the answer keeps; the output is JSON",
    )
    group.add_argument(
        "--background",
        action="store_true",
        help="let the server make the answer in the background; print its id, for the command wait",
    )
    output = parser.add_argument_group("output")
    form = output.add_mutually_exclusive_group()
    form.add_argument("--events", action="store_true", help="print typed events instead of text")
    form.add_argument(
        "--json", action="store_true", help="print each event as received, one line of JSON each"
    )
    _add_output(output)
    _add_usage(output)
    _add_server(parser, demo=True)
    parser.add_argument(
        "--print-completion",
        metavar="SHELL",
        help="print the completion script for bash, zsh or another shell (extra cli)",
    )
    parser.add_argument("--version", action="version", version=f"responses-client {__version__}")


def _add_chat(parser: argparse.ArgumentParser) -> None:
    _add_request(parser)
    _add_usage(parser.add_argument_group("output"))
    _add_server(parser, demo=True)


def _add_stored(parser: argparse.ArgumentParser, json: str) -> None:
    parser.add_argument(
        "response_id",
        nargs="?",
        type=_word,
        metavar="ID",
        help="the id of the answer; the last one by default",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help=json)
    _add_output(output)
    _add_server(parser)


def _add_retrieve(parser: argparse.ArgumentParser) -> None:
    _add_stored(parser, "print the whole response as JSON")


def _add_wait(parser: argparse.ArgumentParser) -> None:
    _add_stored(parser, "print the whole response as JSON")
    parser.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, help="how long to wait; without limit by default"
    )


def _add_cancel(parser: argparse.ArgumentParser) -> None:
    _add_stored(parser, "print the whole response as JSON instead of its status")


def _add_input_items(parser: argparse.ArgumentParser) -> None:
    _add_stored(parser, "print each item as JSON, one a line")


def _add_request(parser: argparse.ArgumentParser) -> _Options:
    group = parser.add_argument_group("request")
    group.add_argument(
        "-m",
        "--model",
        metavar="NAME",
        type=_word,
        default=DEFAULT_MODEL,
        help="the model to use (default: %(default)s)",
    )
    group.add_argument(
        "--instructions", metavar="TEXT", type=_text, help="instructions that precede the prompt"
    )
    group.add_argument(
        "--effort",
        metavar="LEVEL",
        type=_word,
        help="how much the model reasons: none, minimal, low, medium, high, ..., as the model knows them",
    )
    group.add_argument(
        "--reasoning-summary",
        action="store_true",
        help="ask for summaries of the reasoning, which a terminal shows dimmed",
    )
    group.add_argument(
        "--max-output-tokens",
        metavar="N",
        type=_whole_number,
        help="the maximum number of tokens of the answer, with its reasoning",
    )
    group.add_argument(
        "--image",
        metavar="FILE",
        action="append",
        default=[],
        help="an image, by path or URL; may be repeated",
    )
    group.add_argument(
        "--file",
        metavar="FILE",
        action="append",
        default=[],
        help="a PDF or another file for the model, by path or URL; may be repeated",
    )
    group.add_argument("--previous", metavar="ID", type=_word, help="continue from the answer with this id")
    group.add_argument(
        "-c",
        "--continue",
        dest="resume_last",
        action="store_true",
        help="continue from the last answer, whose id is kept on this computer",
    )
    group.add_argument(
        "--no-save",
        dest="save",
        action="store_false",
        help="do not keep the id of the answer on this computer",
    )
    return group


def _add_output(group: _Options) -> None:
    group.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write to a file, whole or not at all, instead of standard output",
    )


def _add_usage(group: _Options) -> None:
    group.add_argument(
        "--usage",
        action="store_true",
        help="say on standard error how many tokens were used, and how fast they came",
    )


def _add_server(parser: argparse.ArgumentParser, *, demo: bool = False) -> None:
    group = parser.add_argument_group("server")
    group.add_argument(
        "--base-url",
        metavar="URL",
        type=_text,
        help="the address of the API, such as http://localhost:8000/v1",
    )
    if demo:
        group.add_argument(
            "--demo",
            action="store_true",
            help="let the embedded server answer, without a model, a key or a network",
        )


_OPTIONS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "ask": _add_ask,
    "chat": _add_chat,
    "retrieve": _add_retrieve,
    "wait": _add_wait,
    "cancel": _add_cancel,
    "input-items": _add_input_items,
}
_TEXTS = {
    "ask": {
        "usage": f"{PROGRAM} [OPTIONS] [PROMPT]\n       {PROGRAM} COMMAND [OPTIONS]",
        "description": "Send a prompt to a server of the Responses API, and print the answer while it comes.",
        "epilog": "\n".join(
            [
                "commands, if the first argument is one of these words:",
                *(f"  {name:<13} {text}" for name, text in COMMANDS.items() if name != "ask"),
                f"  {'ask':<13} the same as no command, for a prompt that is one of these words",
                "",
                _VARIABLES,
                _STATUSES,
            ]
        ),
    },
    "chat": {
        "description": "Have a conversation at the terminal. /help lists what can be typed, Ctrl-C stops an "
        "answer,\nand Ctrl-D ends the conversation.",
    },
}
