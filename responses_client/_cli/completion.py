"""Completion of commands, options and file names in shells, by shtab."""

from __future__ import annotations

from typing import Any

from .._base.extras import install_hint
from .arguments import PROGRAM, make_whole_parser
from .statuses import MISUSED, CommandFailed
from .terminal import Output

__all__ = ["print_completion"]

_FILES = frozenset({"image", "file", "schema", "output"})
"""The options whose values are paths."""


def print_completion(shell: str, out: Output) -> None:
    """Print the script that completes the command in a shell.

    Raises:
        CommandFailed: shtab is not installed, or does not know the shell.
    """
    try:
        import shtab
    except ModuleNotFoundError:
        raise CommandFailed(
            f"completion needs the package shtab, which is not installed: {install_hint('cli')}", MISUSED
        ) from None
    if shell not in shtab.SUPPORTED_SHELLS:
        known = ", ".join(shtab.SUPPORTED_SHELLS)
        raise CommandFailed(f"{shell} is not a supported shell; choose one of {known}", MISUSED)
    parser: Any = make_whole_parser()
    choices = [action for action in parser._actions if action.choices]
    for each in [parser, *(command for action in choices for command in action.choices.values())]:
        for action in each._actions:
            if action.dest in _FILES:
                action.complete = shtab.FILE
    out.write(f"{shtab.complete(parser, shell, root_prefix=PROGRAM).rstrip()}\n")
