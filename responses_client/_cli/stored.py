"""The commands for answers that the server has stored: `retrieve`, `wait`, `cancel` and `input-items`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .._base.json_types import as_array, as_object
from .._base.messages import MAX_VALUE_CHARS, one_line
from .connection import Connection, connect
from .last_response import last_response_id
from .problems import problem_of
from .statuses import CommandFailed, print_note
from .terminal import Output
from .views import TextView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._base.progress import Progress
    from ..models import Response
    from .arguments import Arguments

__all__ = ["StatusLine", "cancel", "input_items", "retrieve", "wait"]


def retrieve(arguments: Arguments, out: Output) -> None:
    """Print a stored answer."""
    connection, response_id = _find(arguments)
    with connection.client as client:
        _show(client.responses.retrieve(response_id), arguments, out)


def wait(arguments: Arguments, out: Output) -> None:
    """Wait until an answer is finished, and print it; standard error shows the status meanwhile."""
    connection, response_id = _find(arguments)
    line = StatusLine()
    with connection.client as client:
        try:
            response = client.responses.wait(response_id, timeout=arguments.timeout, on_progress=line.show)
        finally:
            line.end()
        _show(response, arguments, out)


def cancel(arguments: Arguments, out: Output) -> None:
    """Stop an answer in the background, and print its status."""
    connection, response_id = _find(arguments)
    with connection.client as client:
        response = client.responses.cancel(response_id)
    out.line(response.to_json() if arguments.json else response.status or "unknown")


def input_items(arguments: Arguments, out: Output) -> None:
    """Print the input of a stored answer, the oldest item first."""
    connection, response_id = _find(arguments)
    with connection.client as client:
        for item in client.responses.input_items.list(response_id, order="asc"):
            if arguments.json:
                out.line(item.to_json())
            else:
                out.line(_item_line(item.to_dict()))


def _item_line(item: Mapping[str, object]) -> str:
    """Return an item of the input as a line: the role and the text of a message, else its type."""
    role, content = item.get("role"), item.get("content")
    if not isinstance(role, str):
        return f"[{item.get('type') or 'unknown'}]"
    if isinstance(content, str):
        return f"{role}: {content}"
    parts = map(as_object, as_array(content))
    shown = (part["text"] if isinstance(part.get("text"), str) else f"[{part.get('type')}]" for part in parts)
    return f"{role}: {' '.join(shown)}"


def _find(arguments: Arguments) -> tuple[Connection, str]:
    # Nothing is left of a demonstration that could be retrieved, so none is offered here.
    connection = connect(arguments.base_url, demo=False, is_terminal=False, may_demonstrate=False)
    return connection, arguments.response_id or last_response_id(connection.base_url)


def _show(response: Response, arguments: Arguments, out: Output) -> None:
    problem = problem_of(response, response.status)
    if arguments.json:
        out.line(response.to_json())
    elif response.status not in ("queued", "in_progress"):
        TextView(out).finish(response)
    if problem is not None:
        raise CommandFailed(problem)


class StatusLine:
    """The output of `wait` on standard error: one line that changes at a terminal, else one for each status."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr is not None and sys.stderr.isatty()
        self._status: str | None = None
        self._has_line = False

    def show(self, response: Response, progress: Progress) -> None:
        """Say after a poll in which state the response is, and for how long it was waited for."""
        status = one_line(response.status or "unknown", MAX_VALUE_CHARS)
        if self._is_terminal:
            sys.stderr.write(f"\r\x1b[K{status}, {progress.elapsed:.0f} s")
            sys.stderr.flush()
            self._has_line = True
        elif status != self._status:
            print_note(status)
        self._status = status

    def end(self) -> None:
        """Remove the line that changes."""
        if self._has_line:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
