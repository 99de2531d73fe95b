"""httpx transports that answer from a cassette, or ask a server and record its answers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import httpx

from ..._base import clock
from .._httpx_transports import AsyncBody, SyncBody
from .exchanges import Body, Exchange, Failure, Part, Recording
from .frames import FrameSplitter
from .session_streams import AsyncListeningStream, AsyncReplayStream, ListeningStream, ReplayStream
from .tape import Tape

if TYPE_CHECKING:
    from .sessions import SessionListener

__all__ = ["AsyncCassetteTransport", "CassetteTransport"]

_SESSION = "WEBSOCKET"
"""The recorded method of a handshake, in place of GET: a session is not an answer to a request."""

# Clients invent a new boundary for each form, but the same upload must match.
_BOUNDARY = r"""(?i)^multipart/.*\bboundary="?([^";]+)"""
_RECORDED_BOUNDARY = "boundary-of-the-parts"

# Decompressed bodies are recorded.
_OF_THE_COMPRESSED_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class _Recorder:
    """The recorder of one exchange."""

    def __init__(self, tape: Tape, request: Recording) -> None:
        self.exchange = Exchange(request)
        self._tape = tape
        self._begun = clock.monotonic()
        self._frames: FrameSplitter | None = None
        self._parts: list[Part] = []
        self._content: list[bytes] = []
        self._is_finished = False
        self._place = tape.begin(self.finish)

    def answered(self, response: httpx.Response) -> None:
        """Note status and headers."""
        exchange = self.exchange
        exchange.status, exchange.headers, exchange.at = (
            response.status_code,
            dict(response.headers),
            self._now(),
        )
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            exchange.parts, self._frames = self._parts, FrameSplitter()

    def add(self, data: bytes) -> None:
        """Note a piece of the body."""
        if self._frames is None:
            self._content.append(data)
        else:
            self._parts += [Part.of(self._now(), frame) for frame in self._frames.feed(data)]

    def listener(self) -> SessionListener:
        """Return a recorder of the messages of a WebSocket session."""
        from .sessions import SessionListener

        self.exchange.parts = self._parts
        return SessionListener(lambda form, value: self._parts.append(Part(self._now(), form, value)))

    def failed(self, error: Exception) -> None:
        """Note that the connection broke."""
        self.exchange.failure = Failure(type(error).__name__, str(error))
        self.exchange.failed_at = self._now()
        self.finish()

    def finish(self) -> None:
        """Write the exchange; a stream that was left early is recorded as far as it came."""
        if self._is_finished:
            return
        self._is_finished = True
        if self.exchange.parts is None:
            content_type = self.exchange.headers.get("content-type", "")
            self.exchange.body = Body.of(b"".join(self._content), content_type)
        elif self._frames is not None and (rest := self._frames.rest()):
            self._parts.append(Part(self._now(), "rest", rest))
        self._tape.finish(self._place, self.exchange)

    def _now(self) -> int:
        return round((clock.monotonic() - self._begun) * 1000)


class _RecordedBody(httpx.SyncByteStream):
    """A body that is recorded while it is read."""

    def __init__(self, response: httpx.Response, recorder: _Recorder) -> None:
        self._response = response
        self._recorder = recorder

    def __iter__(self) -> Iterator[bytes]:
        try:
            for data in self._response.iter_bytes():
                self._recorder.add(data)
                yield data
        except httpx.TransportError as error:
            self._recorder.failed(error)
            raise
        self._recorder.finish()

    def close(self) -> None:
        """Close the connection, and write the part that has come."""
        self._response.close()
        self._recorder.finish()


class _AsyncRecordedBody(httpx.AsyncByteStream):
    """A body that is recorded while it is read."""

    def __init__(self, response: httpx.Response, recorder: _Recorder) -> None:
        self._response = response
        self._recorder = recorder

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for data in self._response.aiter_bytes():
                self._recorder.add(data)
                yield data
        except httpx.TransportError as error:
            self._recorder.failed(error)
            raise
        self._recorder.finish()

    async def aclose(self) -> None:
        """Close the connection, and write the part that has come."""
        try:
            await self._response.aclose()
        finally:
            self._recorder.finish()


class CassetteTransport(httpx.BaseTransport):
    """A transport for `httpx.Client` that replays and records.

    Args:
        tape: The exchanges.
        upstream: The HTTP client that asks the server; made at the first request that needs one.
        realtime: Whether answers take the time that they took.

    The attribute `prefix` is the path of the API, which is left out of recorded paths.
    """

    def __init__(self, tape: Tape, upstream: Callable[[], httpx.Client], *, realtime: bool) -> None:
        self.prefix: str = ""
        self._tape = tape
        self._upstream = upstream
        self._realtime = realtime

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request from the file, or ask the server."""
        recording = recording_of(request, request.read(), self.prefix)
        if found := self._tape.find(recording):
            for seconds in wait_for_answer(found, self._realtime):
                clock.sleep(seconds)
            raise_without_answer(found, request)
            if found.request.method == _SESSION:
                stream = ReplayStream(self._tape.session(found), realtime=self._realtime)
                return _switched(request, stream, SyncBody(iter(()), clock.sleep, stream.close))
            return _replayed(found, SyncBody(steps(found, self._realtime), clock.sleep, _do_nothing))
        recorder = _Recorder(self._tape, recording)
        try:
            response = self._upstream().send(
                _uncompressed(request), stream=True, auth=None, follow_redirects=False
            )
        except httpx.TransportError as error:
            recorder.failed(error)
            raise
        recorder.answered(response)
        body = _RecordedBody(response, recorder)
        if response.status_code == 101:
            return _passed_on(response, body, ListeningStream(_stream_of(response), recorder.listener()))
        return _passed_on(response, body)


class AsyncCassetteTransport(httpx.AsyncBaseTransport):
    """A transport for `httpx.AsyncClient` that replays and records, on asyncio and trio; see `CassetteTransport`."""

    def __init__(self, tape: Tape, upstream: Callable[[], httpx.AsyncClient], *, realtime: bool) -> None:
        self.prefix: str = ""
        self._tape = tape
        self._upstream = upstream
        self._realtime = realtime

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request from the file, or ask the server."""
        recording = recording_of(request, await request.aread(), self.prefix)
        if found := self._tape.find(recording):
            for seconds in wait_for_answer(found, self._realtime):
                await clock.sleep_async(seconds)
            raise_without_answer(found, request)
            if found.request.method == _SESSION:
                stream = AsyncReplayStream(self._tape.session(found), realtime=self._realtime)
                return _switched(request, stream, AsyncBody(iter(()), clock.sleep_async, stream.close))
            steps_of_it = steps(found, self._realtime)
            return _replayed(found, AsyncBody(steps_of_it, clock.sleep_async, _do_nothing))
        recorder = _Recorder(self._tape, recording)
        try:
            response = await self._upstream().send(
                _uncompressed(request), stream=True, auth=None, follow_redirects=False
            )
        except httpx.TransportError as error:
            recorder.failed(error)
            raise
        recorder.answered(response)
        body = _AsyncRecordedBody(response, recorder)
        if response.status_code == 101:
            return _passed_on(response, body, AsyncListeningStream(_stream_of(response), recorder.listener()))
        return _passed_on(response, body)


def recording_of(request: httpx.Request, content: bytes, prefix: str) -> Recording:
    """Return a request in the form in which it is recorded and compared."""
    path = request.url.path
    headers = dict(request.headers)
    is_session = headers.get("upgrade", "").lower() == "websocket"
    content_type = headers.get("content-type", "")
    if boundary := re.search(_BOUNDARY, content_type):
        content = content.replace(b"--" + boundary[1].encode(), b"--" + _RECORDED_BOUNDARY.encode())
        headers["content-type"] = content_type = content_type.replace(boundary[1], _RECORDED_BOUNDARY)
    return Recording(
        _SESSION if is_session else request.method,
        path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path,
        parse_qs(request.url.query.decode(), keep_blank_values=True),
        headers,
        Body.of(content, content_type),
    )


def wait_for_answer(exchange: Exchange, realtime: bool) -> Iterator[float]:
    """Yield the recorded seconds before the headers of an answer, or before its failure."""
    seconds = (exchange.at if exchange.status else exchange.failed_at) / 1000
    if realtime and seconds > 0:
        yield seconds


def raise_without_answer(exchange: Exchange, request: httpx.Request) -> None:
    """Raise the exception of a request that got no answer."""
    if not exchange.status and exchange.failure is not None:
        raise _exception(exchange.failure, request)


def steps(exchange: Exchange, realtime: bool) -> Iterator[float | bytes]:
    """Yield the steps that send a body: bytes, and seconds to wait.

    Raises:
        httpx.TransportError: The connection broke here.
    """
    now = exchange.at
    if exchange.body is not None:
        yield exchange.body.content
    for part in exchange.parts or ():
        if realtime and part.at > now:
            yield (part.at - now) / 1000
            now = part.at
        yield part.content
    if exchange.failure is not None:
        if realtime and exchange.failed_at > now:
            yield (exchange.failed_at - now) / 1000
        raise _exception(exchange.failure, None)


def _exception(failure: Failure, request: httpx.Request | None) -> httpx.TransportError:
    kind = getattr(httpx, failure.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, httpx.TransportError)):
        kind = httpx.ReadError
    return kind(f"{failure.message} (as recorded)", request=request)


def _uncompressed(request: httpx.Request) -> httpx.Request:
    """Return a request for an uncompressed answer: a compressor would hold events back."""
    headers = {**request.headers, "accept-encoding": "identity"}
    return httpx.Request(
        request.method, request.url, headers=headers, content=request.content, extensions=request.extensions
    )


def _passed_on(
    response: httpx.Response, body: _RecordedBody | _AsyncRecordedBody, stream: object = None
) -> httpx.Response:
    headers = [pair for pair in response.headers.multi_items() if pair[0] not in _OF_THE_COMPRESSED_BODY]
    extensions = {} if stream is None else {"network_stream": stream}
    return httpx.Response(response.status_code, headers=headers, stream=body, extensions=extensions)


def _stream_of(response: httpx.Response) -> object:
    return response.extensions["network_stream"]


def _switched(
    request: httpx.Request, stream: ReplayStream | AsyncReplayStream, body: SyncBody | AsyncBody
) -> httpx.Response:
    """Return the answer that opens a replayed session; closing its body, which is empty, ends the connection."""
    from .sessions import upgrade_headers

    headers = upgrade_headers(request.headers.get("sec-websocket-key", ""))
    return httpx.Response(101, headers=headers, stream=body, extensions={"network_stream": stream})


def _replayed(exchange: Exchange, body: SyncBody | AsyncBody) -> httpx.Response:
    return httpx.Response(exchange.status, headers=dict(exchange.headers), stream=body)


def _do_nothing() -> None:
    """Note nothing at the end of a body."""
