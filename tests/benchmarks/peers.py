"""The clients that are compared: ours and the official one, both over a transport that answers from memory."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import httpx

KEY = "sk-benchmark"


@dataclass(frozen=True)
class Answer:
    """The answer of the transport to every request."""

    content_type: str
    chunks: Sequence[bytes]

    @classmethod
    def events(cls, chunks: Sequence[bytes]) -> Answer:
        """Return an answer that is a stream."""
        return cls("text/event-stream; charset=utf-8", chunks)

    @classmethod
    def json(cls, body: bytes) -> Answer:
        """Return an answer that is a JSON object."""
        return cls("application/json", [body])


@dataclass(frozen=True)
class Peer:
    """A client library; `http` is the HTTP library that its clients use, httpx or httpx2."""

    name: str
    http: ModuleType
    make: Callable[..., Any]
    make_async: Callable[..., Any]

    def client(self, answer: Answer) -> Any:
        """Return a sync client that always receives this answer."""
        transport = _transport(self.http, answer)
        http_client = self.http.Client(transport=transport)
        return self.make(api_key=KEY, http_client=http_client, max_retries=0)

    def async_client(self, answer: Answer) -> Any:
        """Return an async client that always receives this answer."""
        transport = _transport(self.http, answer)
        http_client = self.http.AsyncClient(transport=transport)
        return self.make_async(api_key=KEY, http_client=http_client, max_retries=0)


def ours() -> Peer:
    """Return this package."""
    from responses_client import AsyncClient, Client

    return Peer("ours", httpx, Client, AsyncClient)


def official() -> Peer | None:
    """Return the official package, None if it is not installed."""
    try:
        openai: Any = import_module("openai")
    except ImportError:
        return None
    # Older versions use httpx, newer ones httpx2; the base classes of its HTTP client show which.
    families = (cls.__module__.partition(".")[0] for cls in openai.DefaultHttpxClient.__mro__)
    family = next(name for name in families if name.startswith("httpx"))
    return Peer("official", sys.modules[family], openai.OpenAI, openai.AsyncOpenAI)


def bare(answer: Answer) -> httpx.Client:
    """Return a client of httpx alone that always receives this answer."""
    return httpx.Client(transport=_transport(httpx, answer))


def _transport(http: Any, answer: Answer) -> Any:
    headers = {"content-type": answer.content_type, "x-request-id": "req_0cc96ac817fdc57e"}

    class Body(http.SyncByteStream, http.AsyncByteStream):
        def __init__(self) -> None:
            self._chunks = iter(answer.chunks)

        def __iter__(self) -> Iterator[bytes]:
            return self._chunks

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self

        async def __anext__(self) -> bytes:
            for chunk in self._chunks:
                return chunk
            raise StopAsyncIteration

    class Transport(http.BaseTransport, http.AsyncBaseTransport):
        def handle_request(self, request: Any) -> Any:
            request.read()
            return http.Response(200, headers=headers, stream=Body())

        async def handle_async_request(self, request: Any) -> Any:
            await request.aread()
            return http.Response(200, headers=headers, stream=Body())

    return Transport()
