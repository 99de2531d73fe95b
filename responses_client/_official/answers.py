"""Answers and errors of our client, in the form in which an official client takes them from its HTTP library.

The official package moved from httpx to httpx2; `http` is the one that it uses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._base.http import Headers, ResponseMeta
from .._structured.cast import RawAnswer
from ..errors import (
    APIError,
    APIStatusError,
    APITimeoutError,
    ResponsesClientError,
    ResponseValidationError,
    StreamError,
)
from ..models._base import Result
from ..models._tolerance import write_json
from . import openai

if TYPE_CHECKING:
    import httpx2 as http

    from .._streaming.streams import AsyncEventStream, EventStream
else:
    http = import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])

__all__ = [
    "cause_of",
    "failure",
    "http",
    "official_error",
    "stream_answer",
    "stream_answer_async",
    "whole_answer",
]

_CAUSE = "responses_client.error"
# Of the body as it was sent, which is another one now.
_BODY_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def whole_answer(request: http.Request, answer: Result | RawAnswer) -> http.Response:
    """Return an answer that came as a whole."""
    content = answer.content if isinstance(answer, RawAnswer) else answer.to_json().encode()
    return _response(request, answer.meta, content=content)


def stream_answer(request: http.Request, stream: EventStream) -> http.Response:
    """Return an answer that delivers its events while it is read."""
    return _response(request, stream.meta, stream=_Frames(request, stream))


def stream_answer_async(request: http.Request, stream: AsyncEventStream) -> http.Response:
    """Return an answer that delivers its events while it is read; see `stream_answer`."""
    return _response(request, stream.meta, stream=_AsyncFrames(request, stream))


def failure(request: http.Request, error: ResponsesClientError) -> http.Response:
    """Return the answer with an error status.

    Raises:
        TransportError: No answer came, or none that can be used. The official package makes errors of its own of those
            that its HTTP library raises; its older versions, of no others.
    """
    if isinstance(error, APIStatusError):
        body = error.body if isinstance(error.body, str) else write_json(error.body)
        answer = http.Response(
            error.status_code, headers=_headers(error.headers), content=body or b"", request=request
        )
        answer.extensions[_CAUSE] = error
        return answer
    kind = http.ReadTimeout if isinstance(error, APITimeoutError) else http.TransportError
    raise kind(str(error), request=request) from error


def cause_of(error: openai.APIError) -> ResponsesClientError | None:
    """Return the error of our client that became an error of an official one; None if it was none."""
    if isinstance(error, openai.APIStatusError):
        found = error.response.extensions.get(_CAUSE)
    else:
        found = error.__cause__
        if isinstance(found, http.TransportError):
            found = found.__cause__
    return found if isinstance(found, ResponsesClientError) else None


def official_error(error: ResponsesClientError, request: http.Request) -> openai.OpenAIError:
    """Return the error of the official package for one of ours that is not an answer with an error status."""
    if isinstance(error, APITimeoutError):
        return openai.APITimeoutError(request)
    if isinstance(error, ResponseValidationError):
        return openai.APIResponseValidationError(
            _response(request, error.meta), error.body, message=str(error)
        )
    if isinstance(error, StreamError):
        return openai.APIError(error.message, request, body=_error_body(error))
    if isinstance(error, APIError):
        return openai.APIConnectionError(message=str(error), request=request)
    return openai.OpenAIError(str(error))


def _error_body(error: StreamError) -> dict[str, Any]:
    return {"message": error.message, "type": error.type, "code": error.code, "param": error.param}


def _response(request: http.Request, meta: ResponseMeta | None, **body: Any) -> http.Response:
    status, headers = (200, Headers({})) if meta is None else (meta.status_code, meta.headers)
    response = http.Response(status, headers=_headers(headers), request=request, **body)
    response.elapsed = timedelta(seconds=0 if meta is None else meta.elapsed)
    return response


def _headers(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _BODY_HEADERS}


def _frame(event: Any) -> bytes:
    return f"event: {event.wire_type}\ndata: {event.to_json()}\n\n".encode()


class _Frames(http.SyncByteStream):
    """The events of a stream as the frames of an event stream."""

    def __init__(self, request: http.Request, stream: EventStream) -> None:
        self._request = request
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        try:
            for event in self._stream:
                yield _frame(event)
        except APIError as error:
            raise official_error(error, self._request) from error

    def close(self) -> None:
        self._stream.close()


class _AsyncFrames(http.AsyncByteStream):
    """The events of an async stream as the frames of an event stream."""

    def __init__(self, request: http.Request, stream: AsyncEventStream) -> None:
        self._request = request
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for event in self._stream:
                yield _frame(event)
        except APIError as error:
            raise official_error(error, self._request) from error

    async def aclose(self) -> None:
        await self._stream.aclose()
