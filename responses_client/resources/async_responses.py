"""`client.responses` of an `AsyncClient`: the generated methods, and those built on them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Never, TypeVar, overload

from .._base.public import resource
from .._base.validation import needs_names, needs_names_after
from .._calls.endpoints import RESPONSES_RETRIEVE
from .._streaming.streams import AsyncEventStream, AsyncResponseStream
from .batched_responses import AsyncBatchedResponses
from .responses import DEFAULT_CONCURRENCY, Responses

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
    from os import PathLike

    from pydantic import TypeAdapter
    from typing_extensions import TypeForm, Unpack

    from .._base.options import RequestOptions, SessionOptions, WaitOptions
    from .._base.progress import Progress
    from .._calls.wait_progress import OnWaitProgressAsync
    from .._map.requests import AsyncRequests, MapResult
    from .._map.response_map import AsyncResponseMap
    from .._runs.params import AsyncRunParams
    from .._runs.result import ParsedRunResult, RunResult
    from .._runs.stream import AsyncRunStream
    from .._streaming.resumption import ResumeToken
    from .._structured.parsed import AsyncParsedResponseStream, ParsedResponse
    from .._tools.parse_params import ParseParams
    from .._websocket.session import AsyncWebSocketSession
    from ..models import Response, ResponseCreateParams

__all__ = ["AsyncResponses"]

_T = TypeVar("_T")


@resource("client.responses", like=Responses)
class AsyncResponses(AsyncBatchedResponses):
    """The methods of `client.responses` of an `AsyncClient`."""

    @overload
    def stream(self, **params: Unpack[ParseParams]) -> AsyncResponseStream: ...

    @overload
    def stream(
        self, *, text_format: type[_T] | TypeAdapter[_T], **params: Unpack[ParseParams]
    ) -> AsyncParsedResponseStream[_T]: ...

    @overload
    def stream(
        self, *, text_format: TypeForm[_T], **params: Unpack[ParseParams]
    ) -> AsyncParsedResponseStream[_T]: ...

    def stream(
        self, *args: object, text_format: Any = None, **params: Unpack[ParseParams]
    ) -> AsyncResponseStream:
        """Return a stream of a new response, to be used in an `async with` block; see `Responses.stream`.

        `POST /responses`

            async with client.responses.stream(model="gpt-5.4", input="Tell me a story.") as stream:
                async for text in stream.text_deltas():
                    print(text, end="", flush=True)
                response = await stream.get_final_response()
        """
        if args:
            raise needs_names("client.responses.stream", args, "input")
        from .._tools.parse_request import STREAM, has_typed_tools, parse_request

        if text_format is None and not has_typed_tools(params):
            return self._core.stream(STREAM, params, AsyncResponseStream)
        from .._structured.parsed import AsyncParsedResponseStream

        request = parse_request(params, text_format)
        kind = partial(AsyncParsedResponseStream[Any], wanted=request.wanted, reader_of=request.reader_of)
        return self._core.stream(STREAM, request.params, kind)

    @overload
    async def parse(self, **params: Unpack[ParseParams]) -> ParsedResponse[None]: ...

    @overload
    async def parse(
        self, *, text_format: type[_T] | TypeAdapter[_T], **params: Unpack[ParseParams]
    ) -> ParsedResponse[_T]: ...

    @overload
    async def parse(
        self, *, text_format: TypeForm[_T], **params: Unpack[ParseParams]
    ) -> ParsedResponse[_T]: ...

    async def parse(
        self, *args: object, text_format: Any = None, **params: Unpack[ParseParams]
    ) -> ParsedResponse[Any]:
        """Create a response whose text is read as a value of a type; see `Responses.parse`.

        `POST /responses`

            response = await client.responses.parse(model="gpt-5.4", input="The largest city?", text_format=City)
            print(response.output_parsed_or_raise().population)
        """
        if args:
            raise needs_names("client.responses.parse", args, "input")
        from .._structured.output_type import check_whole
        from .._structured.parsed import as_parsed
        from .._tools.parse_request import PARSE, parse_request

        check_whole(params)
        request = parse_request(params, text_format)
        response = await self._core.call(PARSE, request.params)
        return as_parsed(response, request.wanted, request.reader_of)

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

    async def run(
        self, *args: object, text_format: Any = None, **params: Unpack[AsyncRunParams]
    ) -> RunResult:
        """Let the model call functions until it gives a final answer; see `Responses.run`.

        `POST /responses`, once for each turn

            result = await client.responses.run(model="gpt-5.4", input="How is the weather?", tools=[get_weather])
            print(result.output_text)

        Functions may be async; those that are not run in threads.
        """
        if args:
            raise needs_names("client.responses.run", args, "input")
        return await self._core.run_loop("responses.run", params, text_format).run()

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

    def run_stream(
        self, *args: object, text_format: Any = None, **params: Unpack[AsyncRunParams]
    ) -> AsyncRunStream[Any]:
        """Return a run as a stream of events, to be used in an `async with` block; see `Responses.run_stream`.

        `POST /responses`, once for each turn
        """
        if args:
            raise needs_names("client.responses.run_stream", args, "input")
        from .._runs.loop import RunSource
        from .._runs.stream import AsyncRunStream

        return AsyncRunStream(RunSource(self._core.run_loop("responses.run_stream", params, text_format)))

    def connect(self, **options: Unpack[SessionOptions]) -> AsyncWebSocketSession:
        """Return a WebSocket session, to be used in an `async with` block; see `Responses.connect`.

        `GET /responses`, upgraded to a WebSocket

            async with client.responses.connect() as session:
                stream = await session.create(model="gpt-5.4", input="Tell me a story.")
                print((await stream.get_final_response()).output_text)
        """
        return self._core.connect(options)

    async def resume(
        self,
        token: ResumeToken,
        *,
        include: Sequence[str] | None = None,
        include_obfuscation: bool | None = None,
        **options: Unpack[RequestOptions],
    ) -> AsyncEventStream:
        """Continue a stream after the last event that was read; see `Responses.resume`.

        `GET /responses/{response_id}`
        """
        from .._streaming.resumption import resume_arguments

        response_id, params = resume_arguments(token, options, include, include_obfuscation)
        return await self._core.stream(RESPONSES_RETRIEVE, params, AsyncEventStream, response_id).__aenter__()

    async def wait(
        self,
        response_id: str | Response,
        *,
        poll_interval: float = 1.0,
        timeout: float | None = None,
        on_progress: OnWaitProgressAsync | None = None,
        progress: bool = False,
        include: Sequence[str] | None = None,
        **options: Unpack[WaitOptions],
    ) -> Response:
        """Poll a response that runs in the background until it is finished, and return it; see `Responses.wait`.

        `GET /responses/{response_id}`

            started = await client.responses.create(model="gpt-5.4", input="Write a report.", background=True)
            response = await client.responses.wait(started, timeout=600)

        `on_progress` may be an async function.
        """
        from .._calls.polling import PollSchedule
        from .._calls.waiting import wait_work

        params = PollSchedule.params(options, include)
        schedule = PollSchedule(response_id, poll_interval=poll_interval, timeout=timeout)
        work = wait_work(schedule, params, on_progress, progress=progress, is_async=True)
        return await self._core.perform(work)

    @overload
    def map(
        self,
        requests: Mapping[str, ResponseCreateParams],
        *,
        max_concurrency: int = ...,
        ordered: bool = ...,
        on_result: Callable[[MapResult], Awaitable[object] | object] | None = ...,
        journal: str | PathLike[str] | None = ...,
        on_progress: Callable[[Progress], Awaitable[object] | object] | None = ...,
        progress: bool = ...,
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
        on_progress: Callable[[Progress], Awaitable[object] | object] | None = ...,
        progress: bool = ...,
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
        on_progress: Callable[[Progress], Awaitable[object] | object] | None = ...,
        progress: bool = ...,
    ) -> AsyncResponseMap: ...

    def map(
        self,
        requests: AsyncRequests,
        *args: object,
        max_concurrency: int = DEFAULT_CONCURRENCY,
        ordered: bool = True,
        on_result: Callable[[MapResult], Awaitable[object] | object] | None = None,
        journal: str | PathLike[str] | None = None,
        on_progress: Callable[[Progress], Awaitable[object] | object] | None = None,
        progress: bool = False,
        **unknown: Never,
    ) -> AsyncResponseMap:
        """Send many requests, several at a time; see `Responses.map`.

        `POST /responses`, once for each request

            async with client.responses.map(requests) as results:
                async for result in results:
                    print(result.index, result.response_or_raise().output_text)

        `requests` may be an async iterable; `on_result` and `on_progress` may be async functions.
        """
        if args:
            raise needs_names_after("client.responses.map", "requests")
        from .._map.requests import MapOptions
        from .._map.response_map import refuse_unknown_options

        refuse_unknown_options(unknown)
        options = MapOptions(max_concurrency, ordered, on_result, journal, on_progress, progress)
        return self._core.map(requests, options)
