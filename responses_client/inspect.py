"""A page that shows a stream, a run or a journal: `page(...)`, and `python -m responses_client.inspect FILE`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ._base import clock
from ._base.public import public
from ._report.page import render
from ._report.sources import as_source, read
from ._version import __version__

if TYPE_CHECKING:
    from ._runs.events import RunEvent
    from ._runs.result import RunResult
    from .models import Response

__all__ = ["main", "page"]

_OK, _FAILED, _MISUSED = 0, 1, 2


@public
def page(
    events_or_run: Iterable[RunEvent | Mapping[str, object]]
    | RunResult
    | Response
    | Mapping[str, object]
    | str
    | bytes,
    *,
    times: Iterable[float] | None = None,
    title: str | None = None,
) -> str:
    """Return a page of HTML that shows a stream, a run, a response or a journal; it needs nothing beside itself.

        with client.responses.run_stream(model="gpt-5.4", input="Oslo?", tools=[get_weather]) as stream:
            events = [(time.monotonic(), event) for event in stream]
        html = page([event for _, event in events], times=[at for at, _ in events])

    What looks like a key is masked; everything else that the events say is in the page.

    Args:
        events_or_run: Events, a `RunResult`, a `Response`, JSON data of these, or the text of a file that the command
            reads.
        times: The seconds at which the events were received, from any start; without them, the page counts events.
        title: The title of the page.

    Raises:
        ValueError: It is not one of these.
    """
    return render(as_source(events_or_run, times), title)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (by default the arguments of the process), and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m responses_client.inspect",
        description="Write a page of HTML that shows a stream (the output of --json), a saved run "
        "(RunResult.to_json), a response, or the journal of a map.",
        epilog="From a pipe, events are timed as they come: "
        'responses --json "Hi" | python -m responses_client.inspect - -o page.html. '
        "Exit status: 0 written, 1 not readable or writable, 2 wrong usage.",
    )
    parser.add_argument("file", metavar="FILE", help="the file, or - for standard input")
    parser.add_argument(
        "-o",
        "--output",
        metavar="PAGE",
        help="the page, or - for standard output (default: FILE.html beside the file)",
    )
    parser.add_argument("--title", help="the title of the page (default: the name of the file)")
    parser.add_argument("--version", action="version", version=f"responses-client {__version__}")
    options = parser.parse_args(argv)
    is_piped = options.file == "-"
    target = options.output or ("-" if is_piped else f"{options.file}.html")
    title = options.title or (None if is_piped else Path(options.file).name)
    try:
        if is_piped:
            lines, times = _read_timed(sys.stdin.buffer)
            source = read(b"".join(lines), times if len(lines) > 1 else None)
        else:
            source = read(Path(options.file).read_bytes())
        shown = render(source, title)
        if target == "-":
            sys.stdout.write(shown)
            sys.stdout.flush()
        else:
            Path(target).write_text(shown, encoding="utf-8", errors="replace")
            print(target)
    except (OSError, ValueError) as error:
        print(f"error: {options.file}: {error}", file=sys.stderr)
        return _FAILED
    return _OK


def _read_timed(stream: BinaryIO) -> tuple[list[bytes], list[float]]:
    """Return the lines of a stream, and the seconds at which each of them came."""
    lines: list[bytes] = []
    times: list[float] = []
    for line in stream:
        lines.append(line)
        times.append(clock.monotonic())
    return lines, times


if __name__ == "__main__":
    sys.exit(main())
