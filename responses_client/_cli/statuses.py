"""Exit statuses of the command, and the exception that ends it with one."""

from __future__ import annotations

import sys

__all__ = ["FAILED", "INTERRUPTED", "MISUSED", "OK", "PIPE_CLOSED", "CommandFailed", "print_note"]

OK = 0
FAILED = 1
"""No answer, or not a whole one."""
MISUSED = 2
"""Wrong arguments, files or settings: nothing was sent."""
INTERRUPTED = 130  # 128 + SIGINT, as shells report it
PIPE_CLOSED = 141  # 128 + SIGPIPE


class CommandFailed(Exception):
    """The end of the command, with the problem in one sentence and the exit status."""

    def __init__(self, problem: str, status: int = FAILED) -> None:
        super().__init__(problem)
        self.problem = problem
        self.status = status


def print_note(text: str) -> None:
    """Print a line for the user, on standard error if there is one.

    It may quote a server or a model: control characters, which could steer a terminal, are left out.
    """
    from .._base.messages import sentence  # here, because help has no notes

    if sys.stderr is not None:
        print(sentence(text), file=sys.stderr, flush=True)
