"""`client.responses`: the generated endpoints and what is built on them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._calls.endpoints import RESPONSES_CREATE, RESPONSES_RETRIEVE
from .._streaming.streams import AsyncEventStream, AsyncResponseStream, EventStream, ResponseStream
from .._transport.protocols import run
from ._responses import AsyncResponsesOperations, ResponsesOperations

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
    from os import PathLike

    from pydantic import TypeAdapter
    from typing_extensions import TypeForm, Unpack

    from .._base.options import RequestOptions, SessionOptions, WaitOptions
    from .._map.requests import AsyncRequests, MapResult, Requests
    from .._map.response_map import AsyncResponseMap, ResponseMap
    from .._runs.params import AsyncRunParams, RunParams
    from .._runs.result import ParsedRunResult, RunResult
    from .._runs.stream import AsyncRunStream, RunStream
    from .._streaming.resumption import ResumeToken
    from .._structured.parsed import AsyncParsedResponseStream, ParsedResponse, ParsedResponseStream
    from .._websocket.session import AsyncWebSocketSession, WebSocketSession
    from ..models import Response, ResponseCreateParams

__all__ = ["AsyncResponses", "Responses"]

_T = TypeVar("_T")
# Fewer than the connections that HTTP clients have by default, so that what counts as sent does not wait for one.
MAX_CONCURRENCY = 64


def _resumed(
    token: ResumeToken,
    options: RequestOptions,
    include: Sequence[str] | None,
    include_obfuscation: bool | None,
) -> tuple[str, Mapping[str, object]]:
    """Give the id and the arguments of the call that goes on where a token says."""
    from .._streaming.resumption import check_token

    token = check_token(token)
    named = {"include": include, "include_obfuscation": include_obfuscation}
    given = {name: value for name, value in named.items() if value is not None}
    return token["response_id"], {**options, **given, "starting_after": token["sequence_number"]}


class Responses(ResponsesOperations):
    """Create responses."""

    @overload
    def stream(self, **params: Unpack[ResponseCreateParams]) -> ResponseStream: ...

    @overload
    def stream(
        self, *, text_format: type[_T] | TypeAdapter[_T], **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponseStream[_T]: ...

    @overload
    def stream(
        self, *, text_format: TypeForm[_T], **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponseStream[_T]: ...

    def stream(self, *, text_format: Any = None, **params: Unpack[ResponseCreateParams]) -> ResponseStream:
        """Return a stream to be used as `with client.responses.stream(...) as stream`. (`POST /responses`)

        The arguments are those of `create`; the request is sent when the block is entered. With `text_format`, a type,
        the text is to be JSON of that type, as with `parse`: the final response is a `ParsedResponse`, and
        `stream.partial_parsed` has what has come of the value.

        Raises:
            RequestValidationError: An argument is wrong, or `text_format` cannot be asked for; nothing was sent.
        """
        if text_format is None:
            return self._client.stream(RESPONSES_CREATE, params, ResponseStream)
        from .._structured.output_type import output_type, with_format
        from .._structured.parsed import ParsedResponseStream

        wanted = output_type(text_format)
        kind = partial(ParsedResponseStream[Any], wanted=wanted)
        return self._client.stream(RESPONSES_CREATE, with_format(params, wanted), kind)

    @overload
    def parse(
        self, *, text_format: type[_T] | TypeAdapter[_T], **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponse[_T]: ...

    @overload
    def parse(
        self, *, text_format: TypeForm[_T], **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponse[_T]: ...

    def parse(self, *, text_format: Any, **params: Unpack[ResponseCreateParams]) -> ParsedResponse[Any]:
        """Have the model answer with JSON of a type, and return the response with the value. (`POST /responses`)

        `text_format` is a pydantic model, a dataclass, a TypedDict, a NamedTuple, or anything else that a
        `TypeAdapter` takes: `list[City]`, enums, unions, `Literal`. A strict schema of it goes with the request.
        The other arguments are those of `create`; `text` may have a `verbosity`, but no `format`.

        What is wrong with the answer is no error here: `response.output_parsed` is None for the reason in
        `response.parse_error`, and `response.output_parsed_or_raise()` raises it.

        Raises:
            RequestValidationError: An argument is wrong, or `text_format` is what no strict schema can express;
                nothing was sent.
            APIError: No answer, or one that is an error or no valid answer; see `responses_client.errors`.
        """
        from .._structured.output_type import output_type, whole_with_format
        from .._structured.parsed import as_parsed

        wanted = output_type(text_format)
        response = self._client.call(RESPONSES_CREATE, whole_with_format(params, wanted))
        return as_parsed(response, wanted)

    @overload
    def run(self, **params: Unpack[RunParams]) -> RunResult: ...

    @overload
    def run(
        self, *, text_format: type[_T] | TypeAdapter[_T], **params: Unpack[RunParams]
    ) -> ParsedRunResult[_T]: ...

    @overload
    def run(self, *, text_format: TypeForm[_T], **params: Unpack[RunParams]) -> ParsedRunResult[_T]: ...

    def run(self, *, text_format: Any = None, **params: Unpack[RunParams]) -> RunResult:
        """Have the model answer with the help of functions of yours, which are called as it wants. (`POST /responses`)

        Each response is looked through for calls; those of `tools` are called, several at the same time, and what they
        give goes into the next request, until a response has none. The arguments are the fields of `RunParams`: those
        of `create`, and those of a run. With `text_format`, a type, the last text is read as that, as with `parse`.

        A call that only you can answer (a tool without a function, an approval without `on_mcp_approval`) ends the run
        with the status "pending"; an answer that was cut short or failed with that of the response. `resume` goes on.

        Raises:
            RequestValidationError: An argument is wrong, or a function cannot be a tool; nothing was sent.
            ConfigurationError: A function is async, which needs `AsyncClient`.
            MaxTurnsExceeded: The model wants more than `max_turns` responses.
            ToolExecutionError: A tool failed, and `on_tool_error` is "raise".
            APIError: No answer, or one that is an error. All of these have in `run` what the run had come to.
        """
        return run(self._client.run_loop(params, text_format).run())

    @overload
    def run_stream(self, **params: Unpack[RunParams]) -> RunStream: ...

    @overload
    def run_stream(
        self, *, text_format: type[_T] | TypeAdapter[_T], **params: Unpack[RunParams]
    ) -> RunStream[ParsedRunResult[_T]]: ...

    @overload
    def run_stream(
        self, *, text_format: TypeForm[_T], **params: Unpack[RunParams]
    ) -> RunStream[ParsedRunResult[_T]]: ...

    def run_stream(self, *, text_format: Any = None, **params: Unpack[RunParams]) -> RunStream[Any]:
        """Return a run as a stream, to be used as `with client.responses.run_stream(...) as stream`; see `run`. (`POST /responses`)

        It gives the events of all responses, and between them `ToolCalled`, `ToolReturned` and `TurnEnded`.
        """
        from .._runs.loop import RunSource
        from .._runs.stream import RunStream

        return RunStream(RunSource(self._client.run_loop(params, text_format)))

    def connect(self, **options: Unpack[SessionOptions]) -> WebSocketSession:
        """Return a session to be used as `with client.responses.connect() as session`. (`GET /responses`, a WebSocket)

        Any number of responses run over it at the same time: `session.create(...)` gives a stream each. Needs the
        extra `websocket`.

        Raises:
            ConfigurationError: An option cannot work, or the extra is not installed.
        """
        return self._client.connect(options)

    def resume(
        self,
        token: ResumeToken,
        *,
        include: Sequence[str] | None = None,
        include_obfuscation: bool | None = None,
        **options: Unpack[RequestOptions],
    ) -> EventStream:
        """Go on with a stream, of this process or another, after the last event that it gave. (`GET /responses/{response_id}`)

        `token` is the `resume_token` of the stream, whose response was created with `background=True` and
        `stream=True`. The result is an event stream, to be used as a context manager, which resumes by itself
        as well. Its `snapshot` is made of what it gives alone, until an event has the whole response.

        Raises:
            RequestValidationError: An argument is wrong; nothing was sent.
            APIError: No answer, or one that is no stream; see `responses_client.errors`.
        """
        response_id, params = _resumed(token, options, include, include_obfuscation)
        return self._client.stream(RESPONSES_RETRIEVE, params, EventStream, response_id).__enter__()

    def wait(
        self,
        response_id: str | Response,
        *,
        poll_interval: float = 1.0,
        timeout: float | None = None,
        on_progress: Callable[[Response], object] | None = None,
        include: Sequence[str] | None = None,
        **options: Unpack[WaitOptions],
    ) -> Response:
        """Wait until a response that runs in the background is finished, and return it. (`GET /responses/{response_id}`)

        Finished is each status but `queued` and `in_progress`: also `failed`, `incomplete` and `cancelled`.

        Args:
            response_id: Id of the response, or its last state; one that is finished is returned as it is.
            poll_interval: Seconds before it is looked at again for the first time, 1 by default; grows to 10.
                A longer wait that the server asks for is obeyed up to 300 s.
            timeout: Seconds that all may take; None, the default, waits as long as it takes.
            on_progress: Is called with the first state seen and with each whose status or output has changed
                since, the last one included.
            include: Data to send that is left out otherwise.
            options: Those of each look. Errors that may pass (no connection, 408, 409, 429, 500 and above) end the
                wait only when ten looks in a row fail, each with all its retries.

        Raises:
            WaitTimeout: The time is up; `.response` is the last state seen.
            RequestValidationError: An argument is wrong; nothing was sent.
            APIError: The response cannot be looked at, say because there is none of this id.
        """
        from .._calls.polling import PollSchedule, require_sync, wait

        schedule = PollSchedule(response_id, poll_interval=poll_interval, timeout=timeout)
        params: Mapping[str, object] = {**options, **({} if include is None else {"include": include})}
        work = partial(wait, schedule=schedule, on_progress=require_sync(on_progress), params=params)
        return self._client.perform(work)

    @overload
    def map(
        self,
        requests: Mapping[str, ResponseCreateParams],
        *,
        max_concurrency: int = ...,
        ordered: bool = ...,
        on_result: Callable[[MapResult], object] | None = ...,
        journal: str | PathLike[str] | None = ...,
    ) -> ResponseMap: ...

    @overload
    def map(
        self,
        requests: Iterable[ResponseCreateParams],
        *,
        max_concurrency: int = ...,
        ordered: bool = ...,
        on_result: Callable[[MapResult], object] | None = ...,
        journal: str | PathLike[str] | None = ...,
    ) -> ResponseMap: ...

    def map(
        self,
        requests: Requests,
        *,
        max_concurrency: int = MAX_CONCURRENCY,
        ordered: bool = True,
        on_result: Callable[[MapResult], object] | None = None,
        journal: str | PathLike[str] | None = None,
    ) -> ResponseMap:
        """Send many requests, many at a time and as fast as rate limits allow. (`POST /responses`)

        Use it as `with client.responses.map(requests) as results` and iterate over the results in the block, or call
        `.all()` on it for a list. A request that fails is a result with an `error`; it ends nothing. All share what
        the answers say of rate limits, by model; a request that is refused (429) all the same is sent again without
        a loss to its `max_retries`.

        Args:
            requests: The arguments of `create` as dicts, without `stream` and `background`: an iterable, which may be
                endless and is taken as needed, or a mapping of your own ids to them.
            max_concurrency: How many are sent at once at most, 64 by default.
            ordered: Whether results come in the order of the requests, or else as they are finished.
            on_result: Is called with each result as it is finished, whoever's turn it is; what it raises ends the map.
            journal: A file to which each result is written as it is finished, in the form of batch results, see
                `read_batch`. With the same requests again, those that it has responses to are not sent.

        Raises:
            RequestValidationError: An argument makes no sense; what is wrong with a request is in its result.
        """
        from .._map.response_map import MapOptions

        return self._client.map(requests, MapOptions(max_concurrency, ordered, on_result, journal))


class AsyncResponses(AsyncResponsesOperations):
    """Create responses."""

    @overload
    def stream(self, **params: Unpack[ResponseCreateParams]) -> AsyncResponseStream: ...

    @overload
    def stream(
        self, *, text_format: type[_T] | TypeAdapter[_T], **params: Unpack[ResponseCreateParams]
    ) -> AsyncParsedResponseStream[_T]: ...

    @overload
    def stream(
        self, *, text_format: TypeForm[_T], **params: Unpack[ResponseCreateParams]
    ) -> AsyncParsedResponseStream[_T]: ...

    def stream(
        self, *, text_format: Any = None, **params: Unpack[ResponseCreateParams]
    ) -> AsyncResponseStream:
        """Return a stream to be used as `async with client.responses.stream(...) as stream`; see `Responses.stream`."""
        if text_format is None:
            return self._client.stream(RESPONSES_CREATE, params, AsyncResponseStream)
        from .._structured.output_type import output_type, with_format
        from .._structured.parsed import AsyncParsedResponseStream

        wanted = output_type(text_format)
        kind = partial(AsyncParsedResponseStream[Any], wanted=wanted)
        return self._client.stream(RESPONSES_CREATE, with_format(params, wanted), kind)

    @overload
    async def parse(
        self, *, text_format: type[_T] | TypeAdapter[_T], **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponse[_T]: ...

    @overload
    async def parse(
        self, *, text_format: TypeForm[_T], **params: Unpack[ResponseCreateParams]
    ) -> ParsedResponse[_T]: ...

    async def parse(self, *, text_format: Any, **params: Unpack[ResponseCreateParams]) -> ParsedResponse[Any]:
        """Have the model answer with JSON of a type, and return the response with the value; see `Responses.parse`. (`POST /responses`)"""
        from .._structured.output_type import output_type, whole_with_format
        from .._structured.parsed import as_parsed

        wanted = output_type(text_format)
        response = await self._client.call(RESPONSES_CREATE, whole_with_format(params, wanted))
        return as_parsed(response, wanted)

    @overload
    async def run(self, **params: Unpack[AsyncRunParams]) -> RunResult: ...

    @overload
    async def run(
        self, *, text_format: type[_T] | TypeAdapter[_T], **params: Unpack[AsyncRunParams]
    ) -> ParsedRunResult[_T]: ...

    @overload
    async def run(
        self, *, text_format: TypeForm[_T], **params: Unpack[AsyncRunParams]
    ) -> ParsedRunResult[_T]: ...

    async def run(self, *, text_format: Any = None, **params: Unpack[AsyncRunParams]) -> RunResult:
        """Have the model answer with the help of functions of yours; see `Responses.run`. (`POST /responses`)

        Functions may be async; those that are not run in threads.
        """
        return await self._client.run_loop(params, text_format).run()

    @overload
    def run_stream(self, **params: Unpack[AsyncRunParams]) -> AsyncRunStream: ...

    @overload
    def run_stream(
        self, *, text_format: type[_T] | TypeAdapter[_T], **params: Unpack[AsyncRunParams]
    ) -> AsyncRunStream[ParsedRunResult[_T]]: ...

    @overload
    def run_stream(
        self, *, text_format: TypeForm[_T], **params: Unpack[AsyncRunParams]
    ) -> AsyncRunStream[ParsedRunResult[_T]]: ...

    def run_stream(self, *, text_format: Any = None, **params: Unpack[AsyncRunParams]) -> AsyncRunStream[Any]:
        """Return a run as a stream, to be used as `async with client.responses.run_stream(...) as stream`; see `Responses.run_stream`. (`POST /responses`)"""
        from .._runs.loop import RunSource
        from .._runs.stream import AsyncRunStream

        return AsyncRunStream(RunSource(self._client.run_loop(params, text_format)))

    def connect(self, **options: Unpack[SessionOptions]) -> AsyncWebSocketSession:
        """Return a session to be used as `async with client.responses.connect() as session`; see `Responses.connect`."""
        return self._client.connect(options)

    async def resume(
        self,
        token: ResumeToken,
        *,
        include: Sequence[str] | None = None,
        include_obfuscation: bool | None = None,
        **options: Unpack[RequestOptions],
    ) -> AsyncEventStream:
        """Go on with a stream after the last event that it gave; see `Responses.resume`. (`GET /responses/{response_id}`)"""
        response_id, params = _resumed(token, options, include, include_obfuscation)
        return await self._client.stream(
            RESPONSES_RETRIEVE, params, AsyncEventStream, response_id
        ).__aenter__()

    async def wait(
        self,
        response_id: str | Response,
        *,
        poll_interval: float = 1.0,
        timeout: float | None = None,  # noqa: ASYNC109  # of the whole wait, as its error tells
        on_progress: Callable[[Response], Awaitable[object] | object] | None = None,
        include: Sequence[str] | None = None,
        **options: Unpack[WaitOptions],
    ) -> Response:
        """Wait until a response is finished, and return it; see `Responses.wait`. (`GET /responses/{response_id}`)

        `on_progress` may be an async function, too.
        """
        from .._calls.polling import PollSchedule, wait

        schedule = PollSchedule(response_id, poll_interval=poll_interval, timeout=timeout)
        params: Mapping[str, object] = {**options, **({} if include is None else {"include": include})}
        return await self._client.perform(
            partial(wait, schedule=schedule, on_progress=on_progress, params=params)
        )

    @overload
    def map(
        self,
        requests: Mapping[str, ResponseCreateParams],
        *,
        max_concurrency: int = ...,
        ordered: bool = ...,
        on_result: Callable[[MapResult], Awaitable[object] | object] | None = ...,
        journal: str | PathLike[str] | None = ...,
    ) -> AsyncResponseMap: ...

    @overload
    def map(
        self,
        requests: Iterable[ResponseCreateParams],
        *,
        max_concurrency: int = ...,
        ordered: bool = ...,
        on_result: Callable[[MapResult], Awaitable[object] | object] | None = ...,
        journal: str | PathLike[str] | None = ...,
    ) -> AsyncResponseMap: ...

    @overload
    def map(
        self,
        requests: AsyncIterable[ResponseCreateParams],
        *,
        max_concurrency: int = ...,
        ordered: bool = ...,
        on_result: Callable[[MapResult], Awaitable[object] | object] | None = ...,
        journal: str | PathLike[str] | None = ...,
    ) -> AsyncResponseMap: ...

    def map(
        self,
        requests: AsyncRequests,
        *,
        max_concurrency: int = MAX_CONCURRENCY,
        ordered: bool = True,
        on_result: Callable[[MapResult], Awaitable[object] | object] | None = None,
        journal: str | PathLike[str] | None = None,
    ) -> AsyncResponseMap:
        """Send many requests, many at a time; to be used with `async with` and `async for`, see `Responses.map`. (`POST /responses`)

        `requests` may be an async iterable, and `on_result` an async function, too.
        """
        from .._map.response_map import MapOptions

        return self._client.map(requests, MapOptions(max_concurrency, ordered, on_result, journal))
