"""`python -m responses_client.testing`: the embedded server on a port, until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address

from ._app import Application
from ._bounds import BODY_SECONDS, HEAD_SECONDS, MAX_BODY_BYTES, MAX_CONNECTIONS, MAX_HEAD_BYTES
from ._rate_limits import Limiter, RateLimit
from ._script_queue import Script
from ._store import Store


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C; return the exit status: 0, or 1 if it cannot start. Wrong arguments exit with 2."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] in ("record", "replay"):
        from ._cassettes.command import main as serve_cassette

        return serve_cassette(given)
    parser = argparse.ArgumentParser(
        prog="python -m responses_client.testing",
        description="Serve an embedded Responses API: no model, the same answer to the same question.",
        epilog="`record` and `replay` in place of the options record the traffic of another server, and replay it; see "
        "`record --help`. For tests, not for the internet: there is no encryption, any key is accepted, and all responses are "
        f"kept in memory. Accepted are up to {MAX_CONNECTIONS} connections, heads of requests of up to "
        f"{MAX_HEAD_BYTES >> 10} KiB within {HEAD_SECONDS:g} s, and bodies and WebSocket messages of up to "
        f"{MAX_BODY_BYTES >> 20} MiB, bodies within {BODY_SECONDS:g} s.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=8080, help="port to listen on; 0 picks a free one (default: %(default)s)"
    )
    parser.add_argument("--rate-limit", type=int, metavar="N", help="refuse more than N requests a minute")
    options = parser.parse_args(given)
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
    if not ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback:
        note = "For tests, not for the internet: whoever can reach this address can use the server."
        print(note, file=sys.stderr, flush=True)
    store = Store(Script(), validate=True, limiter=Limiter(limit))
    app = Application(store, prefix="/v1", keeps_requests=False)
    url = url_of(listening, options.host, app.prefix)
    print(f"Serving the Responses API at {url}")
    print(f"Clients find it by: export OPENAI_BASE_URL={url} OPENAI_API_KEY=unused", flush=True)
    with suppress(KeyboardInterrupt):
        UvicornServer.embedded(app, None).run(sockets=[listening])
    return 0


if __name__ == "__main__":
    sys.exit(main())
