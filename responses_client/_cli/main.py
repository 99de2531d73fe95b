"""The command from its arguments to its exit status; modules that take time to load are imported when needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .arguments import parse_arguments
from .statuses import FAILED, INTERRUPTED, OK, PIPE_CLOSED, CommandFailed, print_note

if TYPE_CHECKING:
    from .arguments import Arguments
    from .terminal import Output

__all__ = ["main", "run"]


def run() -> None:
    """Run the command in a process of its own, which ends with its exit status."""
    try:
        status = main()
    except KeyboardInterrupt:  # also while modules load
        status = INTERRUPTED
    sys.exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (by default the arguments of the process), and return its exit status."""
    arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
    try:
        if arguments.output is None:
            _print_to_standard_output(arguments)
        else:
            _write_to_file(arguments, arguments.output)
    except CommandFailed as failure:
        print_note(f"error: {failure.problem}")
        return failure.status
    except BrokenPipeError:
        return PIPE_CLOSED
    return OK


def _write_to_file(arguments: Arguments, path: str) -> None:
    from .files import whole_file
    from .terminal import Output

    with whole_file(path) as stream:
        _run_command(arguments, Output(stream))


def _print_to_standard_output(arguments: Arguments) -> None:
    from .terminal import standard_output

    if sys.stdout is None:  # closed before the process started
        raise CommandFailed("standard output is closed")
    try:
        _run_command(arguments, standard_output(as_utf8=arguments.json))
    except OSError as error:  # while writing: the client turns those of the network into errors of its own
        # At exit, the interpreter would try to write the rest of the buffer, and print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise CommandFailed(f"the answer cannot be written: {error}", FAILED) from None


def _run_command(arguments: Arguments, out: Output) -> None:
    if arguments.print_completion is not None:
        from .completion import print_completion

        print_completion(arguments.print_completion, out)
        return
    from ..errors import ResponsesClientError

    try:
        _command(arguments.command)(arguments, out)
    except ResponsesClientError as error:
        from .problems import failure_of

        out.end_line()
        raise failure_of(error) from None


def _command(name: str) -> Callable[[Arguments, Output], None]:
    if name == "ask":
        from .ask import ask

        return ask
    if name == "chat":
        from .chat import chat

        return chat
    from . import stored

    commands = {
        "retrieve": stored.retrieve,
        "wait": stored.wait,
        "cancel": stored.cancel,
        "input-items": stored.input_items,
    }
    return commands[name]
