"""`python -m responses_client.testing record` and `replay`: a cassette on a port, for clients of any language."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .cassette import Cassette
from .exchanges import CassetteError
from .tape import Mode

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Serve until Ctrl-C; return the exit status: 0, or 1 if it cannot start. Wrong arguments exit with 2."""
    options = _parser().parse_args(arguments)
    mode: Mode = "auto" if options.command == "record" and options.missing else options.command
    try:
        cassette = Cassette(
            options.file,
            mode,
            ignore=options.ignore,
            scrub=options.scrub,
            realtime=options.command == "replay" and options.realtime,
        )
        serving = cassette.serve(
            upstream=getattr(options, "upstream", None), host=options.host, port=options.port
        )
        with suppress(KeyboardInterrupt), serving as url:
            what = f"Recording to {options.file}" if mode != "replay" else f"Replaying {options.file}"
            print(f"{what} at {url}", flush=True)
            _wait()
    except (CassetteError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        print(
            f"Cannot listen on {options.host}:{options.port}: {reason}. Try another --port.", file=sys.stderr
        )
        return 1
    cassette.close()
    if left := cassette.unused:
        print(f"Never asked for: {', '.join(left)}", file=sys.stderr)
    return 0


def _wait() -> None:
    """Wait for Ctrl-C."""
    import threading

    threading.Event().wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m responses_client.testing")
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser(
        "record",
        help="ask a server, and record its answers",
        description="Pass requests on to a server until Ctrl-C, and record them with the answers. Keys are those that "
        "clients send; they are not recorded.",
    )
    record.add_argument("--upstream", required=True, metavar="URL", help="the base URL of the server to ask")
    record.add_argument(
        "--missing", action="store_true", help="keep the file, and ask only for what it does not have"
    )
    replay = commands.add_parser(
        "replay",
        help="answer from a file",
        description="Answer from a file until Ctrl-C. Any key will do. A request that was not recorded is an error, 400, "
        "with the differences from the nearest one that was.",
    )
    replay.add_argument("--realtime", action="store_true", help="take the time that the server took")
    for command in (record, replay):
        command.add_argument(
            "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
        )
        command.add_argument(
            "--port",
            type=int,
            default=8080,
            help="port to listen on; 0 picks a free one (default: %(default)s)",
        )
        command.add_argument(
            "--ignore", action="append", default=[], metavar="PATH", help="a field of bodies that may differ"
        )
        command.add_argument(
            "--scrub", action="append", default=[], metavar="PATH", help="a value that must not be recorded"
        )
        command.add_argument("file", type=Path, metavar="FILE", help="the cassette, of JSON lines")
    return parser
