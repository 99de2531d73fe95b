"""The log that the variable RESPONSES_CLIENT_LOG turns on; loaded when it is set."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from typing_extensions import override

from .messages import MAX_VALUE_CHARS, one_line

__all__ = ["set_up_log"]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

logger = logging.getLogger("responses_client")


class _VariableHandler(logging.StreamHandler[TextIO]):
    """A handler that writes to standard error as long as the program has no handlers of its own for this logger."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(logging.Formatter(_FORMAT))

    @override
    def emit(self, record: logging.LogRecord) -> None:
        # Looked up for each record: a program may set up logging, or replace standard error, after this was added.
        if _has_other_handlers(logging.getLogger(record.name), self) or sys.stderr is None:
            return
        self.stream = sys.stderr
        super().emit(record)


def _has_other_handlers(start: logging.Logger, handler: logging.Handler) -> bool:
    at: logging.Logger | None = start
    while at is not None:
        if any(each is not handler for each in at.handlers):
            return True
        at = at.parent if at.propagate else None
    return False


_handler = _VariableHandler()
_values_seen = set[str]()


def set_up_log(value: str) -> None:
    """Set the level of the logger `responses_client` to the one that the variable names, and show its messages.

    A value takes effect once in a process, so that the program may change the level later. One that is not a level
    changes nothing, and is warned of.
    """
    if value in _values_seen:
        return
    _values_seen.add(value)
    level = _LEVELS.get(value.strip().lower())
    if level is None:
        shown = repr(one_line(value, MAX_VALUE_CHARS))
        logger.warning("RESPONSES_CLIENT_LOG must be 'info' or 'debug', got %s; it is ignored", shown)
        return
    logger.setLevel(level)
    logger.addHandler(_handler)
