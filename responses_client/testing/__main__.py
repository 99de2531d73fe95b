"""`python -m responses_client.testing`: the embedded server on a port, until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress

from ._app import Application
from ._rate_limits import Limiter, RateLimit
from ._script_queue import Script
from ._store import Store


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C; return the exit status: 0, or 1 if it cannot start. Wrong arguments exit with 2."""
    parser = argparse.ArgumentParser(
        prog="python -m responses_client.testing",
        description="Serve an embedded Responses API: no model, the same answer to the same question.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=8080, help="port to listen on; 0 picks a free one (default: %(default)s)"
    )
    parser.add_argument("--rate-limit", type=int, metavar="N", help="refuse more than N requests a minute")
    options = parser.parse_args(arguments)
    try:
        limit = None if options.rate_limit is None else RateLimit(requests=options.rate_limit)
    except ValueError:
        parser.error(f"argument --rate-limit: must be at least 1, got {options.rate_limit}")
    try:
        from ._uvicorn_server import UvicornServer, listener, url_of
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        listening = listener(options.host, options.port)
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        print(
            f"Cannot listen on {options.host}:{options.port}: {reason}. Try another --port.", file=sys.stderr
        )
        return 1
    app = Application(Store(Script(), validate=True, limiter=Limiter(limit)), prefix="/v1")
    print(f"Serving the Responses API at {url_of(listening, options.host, app)}", flush=True)
    with suppress(KeyboardInterrupt):
        UvicornServer(app, None).run(sockets=[listening])
    return 0


if __name__ == "__main__":
    sys.exit(main())
