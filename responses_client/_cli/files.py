"""Files that the command writes: whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Literal, TextIO

from .statuses import MISUSED, CommandFailed

__all__ = ["replace_file", "whole_file"]


@contextmanager
def whole_file(path: str) -> Generator[TextIO]:
    """Give a file to write to, which gets its name when the block ends, and is removed if it ends with an exception.

    A device or a pipe, such as /dev/null, is written to as it is.

    Raises:
        CommandFailed: The file cannot be made or written.
    """
    target = os.path.realpath(path)  # a link stays one
    try:
        mode = os.stat(target).st_mode if os.path.exists(target) else None
        is_regular = mode is None or stat.S_ISREG(mode)
        if mode is not None and stat.S_ISDIR(mode):
            raise IsADirectoryError(21, "it is a directory")
        temporary = f"{target}.{os.getpid()}.part" if is_regular else target
        stream = _open_text(temporary, "x" if is_regular else "w")
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}", MISUSED) from None
    try:
        with stream:
            yield stream
        if is_regular:
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            os.replace(temporary, target)
    except BaseException as error:
        if is_regular:
            with suppress(OSError):
                os.unlink(temporary)
        if isinstance(error, OSError):
            raise CommandFailed(f"{path} cannot be written: {error.strerror}") from None
        raise


def _open_text(path: str, mode: Literal["x", "w"]) -> TextIO:
    return open(path, mode, encoding="utf-8", newline="\n")


def replace_file(path: str, text: str) -> None:
    """Write a small file of the user's own, in a folder that is made if need be.

    Raises:
        OSError: It cannot be written.
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    temporary = f"{path}.{os.getpid()}.part"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise
