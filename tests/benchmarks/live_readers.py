"""The clients that read streams of `live_server`: ours, the official one, and libraries alone, which only count."""

import asyncio
import socket
import time
from array import array
from collections.abc import Callable
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import httpx

from .live_server import SENT
from .payloads import MODEL, dump
from .peers import KEY

_REQUEST: dict[str, Any] = {"model": MODEL, "input": "Tell me a story.", "stream": True}
_BODY = dump(_REQUEST)
_HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
_DELTA = "response.output_text.delta"
_MARK = b"\ndata: "
_TEXT = b'"delta":"'
_END = b"\r\n0\r\n\r\n"
_NO_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=None)


class Tally:
    """The events that were read, by all streams together."""

    def __init__(self) -> None:
        self.begun = self.events = 0
        self.stopped = False
        self._delays = array("d")

    def add(self, event: Any) -> None:
        """Count an event. The text of one that is paced is the time at which it was sent."""
        self.events += 1
        if event.type == _DELTA and event.delta[:1].isdigit():
            self._delays.append(time.monotonic() - float(event.delta))

    def add_raw(self, data: bytes) -> None:
        """Count the events in bytes."""
        self.events += data.count(_MARK)
        start = data.rfind(_TEXT) + len(_TEXT)
        if data[start : start + 1].isdigit():
            self._delays.append(time.monotonic() - float(data[start : start + len(SENT)]))

    def restart(self) -> None:
        """Forget the events."""
        self.events = 0
        del self._delays[:]

    @property
    def delay(self) -> float:
        """The seconds from sending to reading that 99 of 100 events do not exceed; 0 if not known."""
        return sorted(self._delays)[len(self._delays) * 99 // 100] if self._delays else 0


def _head(url: str) -> bytes:
    lines = [f"POST {urlsplit(url).path}/responses HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in _HEADERS.items()]
    return "\r\n".join([*lines, f"content-length: {len(_BODY)}", "", ""]).encode()


def _read_socket(_: Any, url: str, tally: Tally) -> None:
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port or 80)) as connection:
        connection.sendall(_head(url) + _BODY)
        tally.begun += 1
        data = connection.recv(65536)
        while data and not tally.stopped:
            tally.add_raw(data)
            data = b"" if data.endswith(_END) else connection.recv(65536)


async def _read_protocol(_: Any, url: str, tally: Tally) -> None:
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    class Reader(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            tally.add_raw(data)
            if data.endswith(_END):
                ended.set_result(None)

    place = urlsplit(url)
    transport, _ = await loop.create_connection(Reader, place.hostname, place.port)
    transport.write(_head(url) + _BODY)
    tally.begun += 1
    try:
        await ended
    finally:
        transport.close()


def _read_httpx(client: httpx.Client, url: str, tally: Tally) -> None:
    with client.stream("POST", f"{url}/responses", content=_BODY, headers=_HEADERS) as response:
        tally.begun += 1
        for data in response.iter_raw():
            tally.add_raw(data)
            if tally.stopped:
                break


async def _read_httpx_async(client: httpx.AsyncClient, url: str, tally: Tally) -> None:
    async with client.stream("POST", f"{url}/responses", content=_BODY, headers=_HEADERS) as response:
        tally.begun += 1
        async for data in response.aiter_raw():
            tally.add_raw(data)


async def _read_aiohttp(session: Any, url: str, tally: Tally) -> None:
    async with session.post(f"{url}/responses", data=_BODY, headers=_HEADERS) as response:
        tally.begun += 1
        async for data in response.content.iter_any():
            tally.add_raw(data)


def _read(client: Any, url: str, tally: Tally) -> None:
    with client.responses.create(**_REQUEST) as stream:
        tally.begun += 1
        for event in stream:
            tally.add(event)
            if tally.stopped:
                break


async def _read_async(client: Any, url: str, tally: Tally) -> None:
    async with await client.responses.create(**_REQUEST) as stream:
        tally.begun += 1
        async for event in stream:
            tally.add(event)


def _client(module: str, name: str, **options: Any) -> Callable[[str], Any]:
    def make(url: str) -> Any:
        return getattr(import_module(module), name)(api_key=KEY, base_url=url, max_retries=0, **options)

    return make


def _official_aiohttp(url: str) -> Any:
    http_client = import_module("openai").DefaultAioHttpClient()
    return _client("openai", "AsyncOpenAI", http_client=http_client)(url)


def _session(url: str) -> Any:
    aiohttp: Any = import_module("aiohttp")
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


def _session_of_ours(url: str) -> Any:
    return _client("responses_client", "AsyncClient", http_client=_session(url))(url)


Reader = tuple[Callable[[str], Any], Callable[[Any, str, Tally], Any]]
"""Makes a client for an address, and reads a stream with it."""

THREADS: dict[str, Reader] = {
    "raw socket": (lambda url: None, _read_socket),
    "raw httpx": (lambda url: httpx.Client(limits=_NO_LIMITS), _read_httpx),
    "ours": (_client("responses_client", "Client"), _read),
    "official": (_client("openai", "OpenAI"), _read),
}
TASKS: dict[str, Reader] = {
    "raw asyncio": (lambda url: None, _read_protocol),
    "raw httpx async": (lambda url: httpx.AsyncClient(limits=_NO_LIMITS), _read_httpx_async),
    "raw aiohttp": (lambda url: _session(url), _read_aiohttp),
    "ours async": (_client("responses_client", "AsyncClient"), _read_async),
    "ours aiohttp": (_client("responses_client", "AsyncClient", transport="aiohttp"), _read_async),
    "ours aiohttp, own session": (_session_of_ours, _read_async),  # without a limit of connections
    "official async": (_client("openai", "AsyncOpenAI"), _read_async),
    "official aiohttp": (_official_aiohttp, _read_async),
}
UVLOOP = " uvloop"
"""The end of the name of a reader in `TASKS` that is to run on this event loop."""
