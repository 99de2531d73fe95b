"""`Cassette`: a file with recorded exchanges, and clients that replay or record it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import httpx

from ..._base.public import public
from .exchanges import CassetteError
from .matching import Matcher
from .scrubbing import Scrub, Scrubber
from .tape import Mode, Tape
from .transports import AsyncCassetteTransport, CassetteTransport

if TYPE_CHECKING:
    from responses_client import AsyncClient, Client

__all__ = ["MODES", "Cassette"]

MODES: tuple[Mode, ...] = ("replay", "record", "auto")
_VARIABLE = "RESPONSES_CASSETTES"
_ADDRESS = "http://cassette/v1"  # of clients that only replay
_KEY = "replay"  # too short to be masked in a request
# The time limits of each call are in its request.
_NO_LIMITS = httpx.Limits(max_connections=None)


@public
class Cassette:
    """Recorded requests with their answers: sent once to a real server, replayed without a network or a key.

        with Cassette("weather.jsonl") as cassette:
            response = cassette.client().responses.create(model="gpt-5.4", input="The weather?")

    Requests match by method, path, query and body as JSON, whatever the order of its fields; those that are the same
    are answered in the order in which they were recorded. The end of the block fails if a recorded request was not
    sent; a block that raises an error does not replace the file. No key, cookie, organisation or credential of a hosted tool is written.

    Args:
        path: The file, of JSON lines.
        mode: `replay` answers from the file, `record` asks the server and replaces the file, and `auto` records only
            missing requests. By default the variable RESPONSES_CASSETTES, else `replay`.
        ignore: Paths of fields of the body that may differ, such as `metadata.run_id` or `input[*].id`.
        scrub: Private data to remove: paths of values to mask, or a function that gets the JSON data of each body and
            event, and returns the data to write.
        headers: Names of more headers of requests and answers to record.
        realtime: Whether answers and events take the time that they took; by default they come at once.
        allow_unused: Whether recorded requests may be left out.

    Raises:
        CassetteError: The file cannot be read, or an option cannot work.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        mode: Mode | None = None,
        *,
        ignore: Sequence[str] = (),
        scrub: Scrub | None = None,
        headers: Sequence[str] = (),
        realtime: bool = False,
        allow_unused: bool = False,
    ) -> None:
        self.path: Path = Path(path)
        self.mode: Mode = _mode(mode)
        self._realtime = realtime
        self._allow_unused = allow_unused
        self._tape = Tape(self.path, self.mode, Matcher(ignore), Scrubber(scrub, headers))
        self._clients: list[httpx.Client] = []
        self._async_clients: list[httpx.AsyncClient] = []

    def client(self, **options: Any) -> Client:
        """Return a client that replays or records its requests.

        `options` are those of `responses_client.Client`; an `http_client` asks the server where one is asked. To
        replay, neither a key nor an address is needed.
        """
        from responses_client import Client

        upstream: httpx.Client | None = options.pop("http_client", None)

        def ask() -> httpx.Client:
            nonlocal upstream
            if upstream is None:
                upstream = self._kept(httpx.Client(timeout=None, limits=_NO_LIMITS))
            return upstream

        transport = CassetteTransport(self._tape, ask, realtime=self._realtime)
        client = Client(http_client=self._kept(httpx.Client(transport=transport)), **self._usual(options))
        transport.prefix = _prefix(client.base_url)
        return client

    def async_client(self, **options: Any) -> AsyncClient:
        """Return an async client that replays or records its requests; see `client`."""
        from responses_client import AsyncClient

        upstream: httpx.AsyncClient | None = options.pop("http_client", None)

        def ask() -> httpx.AsyncClient:
            nonlocal upstream
            if upstream is None:
                upstream = self._kept_async(httpx.AsyncClient(timeout=None, limits=_NO_LIMITS))
            return upstream

        transport = AsyncCassetteTransport(self._tape, ask, realtime=self._realtime)
        http_client = self._kept_async(httpx.AsyncClient(transport=transport))
        client = AsyncClient(http_client=http_client, **self._usual(options))
        transport.prefix = _prefix(client.base_url)
        return client

    def serve(
        self, *, upstream: str | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> AbstractContextManager[str]:
        """Replay or record on a port, for any client, during a `with` block that yields the base URL.

        Args:
            upstream: The base URL of the server to ask, such as https://api.openai.com/v1; needed to record. Keys are
                those that clients send.
            host: The address to listen on.
            port: The port; 0, the default, picks a free one.

        Raises:
            CassetteError: There is no `upstream`, and the mode needs one.
            ModuleNotFoundError: The packages of the extra `server` are not installed; the message has the command.
            OSError: The address is not available.
        """
        from .port import serving

        return serving(self._tape, upstream, host=host, port=port, realtime=self._realtime)

    @property
    def unused(self) -> list[str]:
        """The recorded requests that were not sent, such as `POST /responses`."""
        return [str(request) for request in self._tape.unused]

    def verify(self) -> None:
        """Raise `AssertionError` if a recorded request was not sent; the end of the block does the same."""
        __tracebackhide__ = True
        unused = [] if self._allow_unused or self.mode == "record" else self.unused
        if unused:
            count = "A recorded request was" if len(unused) == 1 else f"{len(unused)} recorded requests were"
            raise AssertionError(f"{count} not sent ({self.path.name}): {', '.join(unused[:10])}")

    def close(self, *, keep: bool = True) -> None:
        """Write the recorded exchanges to the file; without `keep`, they stay beside it in `NAME.recording`."""
        self._tape.close(keep=keep)
        while self._clients:
            self._clients.pop().close()

    async def aclose(self, *, keep: bool = True) -> None:
        """Write the recorded exchanges, and close the connections of async clients; see `close`."""
        self.close(keep=keep)
        while self._async_clients:
            await self._async_clients.pop().aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        __tracebackhide__ = True
        self.close(keep=kind is None)
        if kind is None:
            self.verify()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        __tracebackhide__ = True
        await self.aclose(keep=kind is None)
        if kind is None:
            self.verify()

    def __repr__(self) -> str:
        return f"<Cassette {str(self.path)!r} ({self.mode})>"

    def _usual(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"api_key": _KEY, "base_url": _ADDRESS, **options} if self.mode == "replay" else options

    def _kept(self, client: httpx.Client) -> httpx.Client:
        self._clients.append(client)
        return client

    def _kept_async(self, client: httpx.AsyncClient) -> httpx.AsyncClient:
        self._async_clients.append(client)
        return client


def _mode(mode: object) -> Mode:
    chosen = mode or os.environ.get(_VARIABLE) or "replay"
    if chosen not in MODES:
        name = "mode" if mode else _VARIABLE
        raise CassetteError(f"{name} must be one of {', '.join(MODES)}, got {chosen!r}")
    return chosen


def _prefix(base_url: str) -> str:
    return urlsplit(base_url).path.rstrip("/")
