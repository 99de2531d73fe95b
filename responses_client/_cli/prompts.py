"""The input of a request: the prompt, the piped text, images and files."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Sequence
from typing import TextIO

from ..models import InputFile, InputImage, InputList
from .statuses import MISUSED, CommandFailed

__all__ = ["attachments", "piped_text", "prompt_text", "request_input"]

_URL = r"(?:https?://|data:)"


def prompt_text(given: str) -> str:
    """Return the prompt of the command line, followed by the text that was piped to the command.

    Raises:
        CommandFailed: There is neither, or it is empty.
    """
    is_named = given not in ("", "-")
    if not is_named and sys.stdin is not None and sys.stdin.isatty():
        raise CommandFailed(
            'the prompt is missing; run responses "...", pipe a prompt to it, or start responses chat',
            MISUSED,
        )
    piped = piped_text(must_come=given == "-" or not is_named)
    text = f"{given}\n\n{piped}" if is_named and piped.strip() else given if is_named else piped
    if not text.strip():
        raise CommandFailed("the prompt is empty", MISUSED)
    return text


def piped_text(*, must_come: bool) -> str:
    """Return the text that was piped to the command, or that is in the file on its standard input.

    Beside a prompt, only pipes, files and sockets are read: a terminal and /dev/null have nothing to add.

    Raises:
        CommandFailed: It is not UTF-8.
    """
    try:
        if sys.stdin is None or not (must_come or _is_piped(sys.stdin)):
            return ""
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise CommandFailed(f"standard input cannot be read as UTF-8 text: {error}", MISUSED) from None


def _is_piped(stream: TextIO) -> bool:
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):  # it is not a file, or was closed
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


def attachments(images: Sequence[str], files: Sequence[str]) -> list[InputImage | InputFile]:
    """Return images and files as parts of a message; addresses are left to the server.

    Raises:
        RequestValidationError: One cannot be read, or is of a type that the API does not take.
    """
    parts: list[InputImage | InputFile] = [
        InputImage(image_url=image) if re.match(_URL, image) else InputImage.from_path(image)
        for image in images
    ]
    parts += [
        InputFile(file_url=file) if re.match(_URL, file) else InputFile.from_path(file) for file in files
    ]
    return parts


def request_input(text: str, parts: Sequence[InputImage | InputFile]) -> str | InputList:
    """Return the input: the text alone, or a message with the text and the attachments."""
    if not parts:
        return text
    return [{"role": "user", "content": [*parts, {"type": "input_text", "text": text}]}]
