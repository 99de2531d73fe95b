"""The id of the last answer, in a file of the user's own: for `--continue`, and never any text."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress

from .._base.json_types import as_object, json_or
from .files import replace_file
from .statuses import MISUSED, CommandFailed

__all__ = ["last_response_id", "save_response_id", "state_file"]


def state_file(environ: Mapping[str, str] | None = None) -> str:
    """Return the path of the file, by the XDG Base Directory Specification."""
    variables = os.environ if environ is None else environ
    folder = variables.get("XDG_STATE_HOME", "")
    if not os.path.isabs(folder):  # the specification: a path that is relative is ignored
        local = variables.get("LOCALAPPDATA", "") if sys.platform == "win32" else ""
        folder = local or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(folder, "responses-client", "last.json")


def save_response_id(response_id: str, base_url: str) -> None:
    """Keep the id of an answer, and the address of its server; where that is not possible, nothing is kept."""
    with suppress(OSError):
        replace_file(state_file(), json.dumps({"response_id": response_id, "base_url": base_url}) + "\n")


def last_response_id(base_url: str) -> str:
    """Return the id of the last answer of this server.

    Raises:
        CommandFailed: There is none.
    """
    path = state_file()
    try:
        with open(path, encoding="utf-8") as stream:
            state = as_object(json_or(stream.read(10_000)))
    except (OSError, UnicodeError):
        state = {}
    response_id, of_server = state.get("response_id"), state.get("base_url")
    if not isinstance(response_id, str) or not response_id:
        raise CommandFailed(f"no last answer is saved in {path}; pass the id of an answer", MISUSED)
    if of_server != base_url:
        raise CommandFailed(
            f"the last answer came from {of_server}, not from {base_url}; pass the id of an answer", MISUSED
        )
    return response_id
