"""`client.responses` of a `Client`: the generated methods, and those built on them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Never, TypeVar, overload

from .._base.public import resource
from .._base.validation import needs_names, needs_names_after
from .._calls.endpoints import RESPONSES_RETRIEVE
from .._streaming.streams import EventStream, ResponseStream
from .._transport.protocols import run
from .batched_responses import BatchedResponses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from os import PathLike

    from pydantic import TypeAdapter
    from typing_extensions import TypeForm, Unpack

    from .._base.options import RequestOptions, SessionOptions, WaitOptions
    from .._base.progress import Progress
    from .._calls.wait_progress import OnWaitProgress
    from .._map.requests import MapResult, Requests
    from .._map.response_map import ResponseMap
    from .._runs.params import RunParams
    from .._runs.result import ParsedRunResult, RunResult
    from .._runs.stream import RunStream
    from .._streaming.resumption import ResumeToken
    from .._structured.parsed import ParsedResponse, ParsedResponseStream
    from .._tools.parse_params import ParseParams
    from .._websocket.session import WebSocketSession
    from ..models import Response, ResponseCreateParams

__all__ = ["DEFAULT_CONCURRENCY", "Responses"]

_T = TypeVar("_T")
# Below the 100 connections that httpx opens by default, in case of an `http_client`: a request that waits for a
# connection would be counted against the rate limits too early.
DEFAULT_CONCURRENCY = 64


@resource("client.responses")
class Responses(BatchedResponses):
    """The methods of `client.responses`."""

    @overload
    def stream(self, **params: Unpack[ParseParams]) -> ResponseStream: ...

    @overload
    def stream(
        self, *, text_format: type[_T] | TypeAdapter[_T], **params: Unpack[ParseParams]
    ) -> ParsedResponseStream[_T]: ...

    @overload
    def stream(
        self, *, text_format: TypeForm[_T], **params: Unpack[ParseParams]
    ) -> ParsedResponseStream[_T]: ...

    def stream(self, *args: object, text_format: Any = None, **params: Unpack[ParseParams]) -> ResponseStream:
        """Return a stream of a new response, to be used in a `with` block.

        `POST /responses`

            with client.responses.stream(model="gpt-5.4", input="Tell me a story.") as stream:
                for text in stream.text_deltas():
                    print(text, end="", flush=True)
                response = stream.get_final_response()

        Entering the block sends the request, and raises `APIError` if that fails.

        Args:
            text_format: A type that the text is read as, see `parse`. The stream then has `partial_parsed`,
                the part of the value received so far, and its final response is a `ParsedResponse`.
            params: The arguments of `create`, except `stream`.

        Returns:
            ResponseStream: The stream; with `text_format`, a `ParsedResponseStream`.

        Raises:
            RequestValidationError: An argument is not valid, or no strict schema can express `text_format`;
                nothing was sent.
        """
        if args:
            raise needs_names("client.responses.stream", args, "input")
        from .._tools.parse_request import STREAM, has_typed_tools, parse_request

        if text_format is None and not has_typed_tools(params):
            return self._core.stream(STREAM, params, ResponseStream)
        from .._structured.parsed import ParsedResponseStream

        request = parse_request(params, text_format)
        kind = partial(ParsedResponseStream[Any], wanted=request.wanted, reader_of=request.reader_of)
        return self._core.stream(STREAM, request.params, kind)

    @overload
    def parse(self, **params: Unpack[ParseParams]) -> ParsedResponse[None]: ...

    @overload
    def parse(
        self, *, text_format: type[_T] | TypeAdapter[_T], **params: Unpack[ParseParams]
    ) -> ParsedResponse[_T]: ...

    @overload
    def parse(self, *, text_format: TypeForm[_T], **params: Unpack[ParseParams]) -> ParsedResponse[_T]: ...

    def parse(
        self, *args: object, text_format: Any = None, **params: Unpack[ParseParams]
    ) -> ParsedResponse[Any]:
        """Create a response whose text is read as a value of a type, and whose calls have their arguments as values.

        `POST /responses`

            class City(BaseModel):
                name: str
                population: int

            response = client.responses.parse(model="gpt-5.4", input="The largest city?", text_format=City)
            print(response.output_parsed_or_raise().population)

        The request contains a strict JSON Schema of the type. A response without a valid value is not an
        error here: its `output_parsed` is None, `parse_error` is the reason, and `output_parsed_or_raise()`
        raises that.

        Args:
            text_format: A pydantic model, a dataclass, a TypedDict, a NamedTuple, or any other type that a
                pydantic `TypeAdapter` accepts, such as `list[City]`, an enum, a union or a `Literal`. Without
                it, this is `create` with parsed tool arguments. With it, `text` has no `format`.
            tools: The tools; calls of classes and functions have `parsed_arguments`, and are not run.
            params: The arguments of `create`, except `stream`.

        Returns:
            ParsedResponse: The response, with the value in `output_parsed`.

        Raises:
            RequestValidationError: An argument is not valid, or no strict schema can express `text_format` or
                a tool; nothing was sent.
            APIError: No answer, an error or an invalid answer; see `responses_client.errors`.
        """
        if args:
            raise needs_names("client.responses.parse", args, "input")
        from .._structured.output_type import check_whole
        from .._structured.parsed import as_parsed
        from .._tools.parse_request import PARSE, parse_request

        check_whole(params)
        request = parse_request(params, text_format)
        response = self._core.call(PARSE, request.params)
        return as_parsed(response, request.wanted, request.reader_of)

    @overload
    def run(self, **params: Unpack[RunParams]) -> RunResult: ...

    @overload
    def run(
        self, *, text_format: type[_T] | TypeAdapter[_T], **params: Unpack[RunParams]
    ) -> ParsedRunResult[_T]: ...

    @overload
    def run(self, *, text_format: TypeForm[_T], **params: Unpack[RunParams]) -> ParsedRunResult[_T]: ...

    def run(self, *args: object, text_format: Any = None, **params: Unpack[RunParams]) -> RunResult:
        """Let the model call functions until it gives a final answer.

        `POST /responses`, once for each turn

            def get_weather(city: str) -> str:
                return f"It is sunny in {city}."

            result = client.responses.run(model="gpt-5.4", input="Is it sunny in Rome?", tools=[get_weather])
            print(result.output_text)

        If a response calls functions in `tools`, they are run, several at the same time, and their results
        are sent in the next request. The run ends with the first response that calls none. It ends early,
        with the status "pending", when a call needs an answer from you: it has no function, or waits for an
        approval. To continue such a run, pass its result as `resume`. A response that was cut short or failed
        ends the run with its own status. An error that ends a run has the result so far in its attribute
        `run`.

        Args:
            text_format: A type that the final text is read as, see `parse`.
            tools: Functions that the model may call, and tools that the server runs; none by default.
            max_turns: The maximum number of responses, 20 by default; turns of a resumed run do not count.
            max_concurrency: The maximum number of calls of one response that run at once, 10 by default; the
                others wait.
            tool_timeout: The time limit of a call, in seconds; None, the default, sets none.
            context: Any object; functions with a parameter of the type `RunContext` receive it as
                `RunContext.value`.
            resume: An earlier run to continue, with `input` as its next input, if there is any.
            approve: The calls that wait for approval and may be made now, as `call_id`s or as calls:
                `approve=result.approvals`; none by default.
            deny: The pending calls that are not made, by `call_id` or as calls, each with the reason, which the
                model receives as the output of the call: `deny={call: "Ada said no."}`.
            replay: Whether each request repeats all items, in place of `previous_response_id`.
            reset_tool_choice: Whether `tool_choice` can force a call in the first response only; True by
                default, as else the run would call tools until `max_turns`.
            on_tool_error: How a failed call is handled: the model receives an error text ("return", the
                default), the run raises a `ToolExecutionError` ("raise"), or a function writes the text for
                the model.
            on_turn: A function that is called after each turn with the run so far; if it returns True, the
                run stops there.
            on_mcp_approval: A function that decides whether a tool of an MCP server may be called.
            on_shell: A function that runs the commands of a call of the tool `shell`, and returns the output
                of each.
            on_local_shell: A function that runs the command of a call of the tool `local_shell`, and returns
                its output.
            on_apply_patch: A function that changes a file, and returns a log or None; an exception reports a
                failed change.
            on_computer: A function that acts on a screen, and returns a picture of it, or the URL of one.
            on_tool_search: A function that finds tools, which the model may call from then on.
            params: The arguments of `create`, except `stream`.

        Returns:
            RunResult: The turns of the run and its status; with `text_format`, a `ParsedRunResult`.

        Raises:
            RequestValidationError: An argument is not valid, or a function cannot be a tool; nothing was
                sent.
            ConfigurationError: A function is async, which needs `AsyncClient`.
            MaxTurnsExceeded: The run needs more than `max_turns` responses.
            ToolExecutionError: A function failed, and `on_tool_error` is "raise".
            APIError: No answer, an error or an invalid answer; see `responses_client.errors`.
        """
        if args:
            raise needs_names("client.responses.run", args, "input")
        return run(self._core.run_loop("responses.run", params, text_format).run())

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

    def run_stream(
        self, *args: object, text_format: Any = None, **params: Unpack[RunParams]
    ) -> RunStream[Any]:
        """Return a run as a stream of events, to be used in a `with` block; see `run`.

        `POST /responses`, once for each turn

            with client.responses.run_stream(model="gpt-5.4", input="Hi", tools=[get_weather]) as stream:
                for event in stream:
                    if isinstance(event, ToolReturned):
                        print(event.call, event.output)
                result = stream.get_final_result()

        Args:
            text_format: A type that the final text is read as, see `parse`.
            params: The arguments of `run`.

        Returns:
            RunStream: The events of all responses, with `ToolCalled`, `ToolReturned` and `TurnEnded` between
                them.

        Raises:
            RequestValidationError: An argument is not valid, or a function cannot be a tool; nothing was
                sent.
            ConfigurationError: A function is async, which needs `AsyncClient`.
        """
        if args:
            raise needs_names("client.responses.run_stream", args, "input")
        from .._runs.loop import RunSource
        from .._runs.stream import RunStream

        return RunStream(RunSource(self._core.run_loop("responses.run_stream", params, text_format)))

    def connect(self, **options: Unpack[SessionOptions]) -> WebSocketSession:
        """Return a WebSocket session, to be used in a `with` block; needs the extra `websocket`.

        `GET /responses`, upgraded to a WebSocket

            with client.responses.connect() as session:
                stream = session.create(model="gpt-5.4", input="Tell me a story.")
                print(stream.get_final_response().output_text)

        A session sends any number of responses over one connection, one after the other or at the same time.
        Entering the block connects, and raises `APIError` if that fails.

        Args:
            extra_headers: Headers to add or replace; the value None removes one.
            extra_query: Query parameters to add or replace; the value None removes one.
            timeout: Seconds that connecting, sending, and each wait for an event may take; None sets no
                limit.
            deadline: Seconds that connecting may take, with all attempts; None sets no limit.
            max_retries: Number of retries of a failed attempt to connect; None means the setting of the client.
            ping_interval: Seconds without a message after which a ping is sent, by default 10; None sends
                none.
            ping_timeout: Seconds that the answer to a ping may take before the connection counts as lost, by
                default 20.
            max_buffered_bytes: Bytes of all streams together that may wait to be read before reading pauses;
                by default 64 MiB.
            lanes: Whether each request names a lane of its own (`stream_id`), by default True; False is for
                servers without lanes.

        Returns:
            WebSocketSession: The session.

        Raises:
            ConfigurationError: An option is not valid, or the extra is not installed.
        """
        return self._core.connect(options)

    def resume(
        self,
        token: ResumeToken,
        *,
        include: Sequence[str] | None = None,
        include_obfuscation: bool | None = None,
        **options: Unpack[RequestOptions],
    ) -> EventStream:
        """Continue a stream after the last event that was read, in this process or another.

        `GET /responses/{response_id}`

            token = stream.resume_token  # a dict of JSON data
            with client.responses.resume(token) as rest:
                for event in rest:
                    ...

        The response must have been created with `background=True` and `stream=True`. The new stream resumes
        automatically too. Its `snapshot` contains only the events since the token, until one of them contains
        the whole response.

        Args:
            token: The `resume_token` of the stream.
            include: Additional data that the server is to send.
            include_obfuscation: Whether events are padded to hide their size from observers of the network;
                the server does so by default.
            options: The options of `cancel`.

        Returns:
            EventStream: The events after those that were read, to be used in a `with` block.

        Raises:
            RequestValidationError: An argument is not valid; nothing was sent.
            APIError: No answer, an error or an answer that is not a stream; see `responses_client.errors`.
        """
        from .._streaming.resumption import resume_arguments

        response_id, params = resume_arguments(token, options, include, include_obfuscation)
        return self._core.stream(RESPONSES_RETRIEVE, params, EventStream, response_id).__enter__()

    def wait(
        self,
        response_id: str | Response,
        *,
        poll_interval: float = 1.0,
        timeout: float | None = None,
        on_progress: OnWaitProgress | None = None,
        progress: bool = False,
        include: Sequence[str] | None = None,
        **options: Unpack[WaitOptions],
    ) -> Response:
        """Poll a response that runs in the background until it is finished, and return it.

        `GET /responses/{response_id}`

            started = client.responses.create(model="gpt-5.4", input="Write a report.", background=True)
            response = client.responses.wait(started, timeout=600)

        A response is finished if it is `completed`, and also if it `failed`, or is `incomplete` or `cancelled`. A
        status that this version does not know is logged, and ends the wait only beside `usage`, an `error` or an end;
        without a `timeout`, ten minutes in it end in a `WaitTimeout`. Errors that may pass, for
        which requests are retried, end the wait only when ten polls in a row fail, after all their retries.

        Args:
            response_id: The id of the response, or its last known state; a finished one is returned without a
                request.
            poll_interval: The first interval between two polls in seconds, 1 by default; each further one is
                longer by half, up to 10. If the server asks for a longer one, it is used, up to 300.
            timeout: Seconds that the whole wait may take; None, the default, sets no limit.
            on_progress: A function that is called with the first state, and with each later one whose status
                or output differs, including the last. One of two arguments is a heartbeat: it is called after
                each poll, with the last state and a `Progress`, which has the elapsed time.
            progress: Whether standard error shows the status and the elapsed time, as for `map`.
            include: Additional data that the server is to send.
            deadline: Seconds that the whole wait may take, as `timeout`; None sets no limit.
            options: The options of `cancel`, for each poll.

        Returns:
            Response: The finished response.

        Raises:
            WaitTimeout: The response was not finished within `timeout` or `deadline`; the attribute `response`
                is its last known state.
            RequestValidationError: An argument is not valid; nothing was sent.
            APIError: The response cannot be retrieved, for example because it does not exist.
        """
        from .._calls.polling import PollSchedule
        from .._calls.waiting import wait_work

        params = PollSchedule.params(options, include)
        schedule = PollSchedule(response_id, poll_interval=poll_interval, timeout=timeout)
        work = wait_work(schedule, params, on_progress, progress=progress, is_async=False)
        return self._core.perform(work)

    @overload
    def map(
        self,
        requests: Mapping[str, ResponseCreateParams],
        *,
        max_concurrency: int = ...,
        ordered: bool = ...,
        on_result: Callable[[MapResult], object] | None = ...,
        journal: str | PathLike[str] | None = ...,
        on_progress: Callable[[Progress], object] | None = ...,
        progress: bool = ...,
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
        on_progress: Callable[[Progress], object] | None = ...,
        progress: bool = ...,
    ) -> ResponseMap: ...

    def map(
        self,
        requests: Requests,
        *args: object,
        max_concurrency: int = DEFAULT_CONCURRENCY,
        ordered: bool = True,
        on_result: Callable[[MapResult], object] | None = None,
        journal: str | PathLike[str] | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        progress: bool = False,
        **unknown: Never,
    ) -> ResponseMap:
        """Send many requests, several at a time, as fast as the rate limits of the server allow.

        `POST /responses`, once for each request

            requests = [{"model": "gpt-5.4", "input": f"Summarize: {text}"} for text in texts]
            with client.responses.map(requests) as results:
                for result in results:
                    print(result.index, result.response_or_raise().output_text)

        A failed request gives a result with an `error`, and does not end the map. `.all()` returns all
        results as a list, instead of the block. Requests for the same model share what is known about its
        rate limits; one that is refused nevertheless (429) is sent again, and that does not count as one of
        its `max_retries`.

        Args:
            requests: The arguments of `create`, as dicts without `stream` and `background`: an iterable,
                which is read as needed and may be endless, or a mapping from your own ids to the dicts.
            max_concurrency: The maximum number of requests at the same time, 64 by default.
            ordered: Whether results come in the order of the requests, true by default; False gives them as
                they finish.
            on_result: A function that is called with each result as soon as it is available. An exception
                that it raises ends the map.
            journal: A file to which each result is written as soon as it is available, in the format of
                `read_batch`. A map of the same requests with the same journal does not send those again that
                have a response there.
            on_progress: A function that is called with a `Progress` after each result, and each second in which
                there is none. An exception that it raises ends the map.
            progress: Whether standard error shows the progress: a bar of tqdm or rich if one is installed (the
                extra `progress`), and where there is no terminal, a line every ten seconds.

        Returns:
            ResponseMap: The results, as an iterator and a context manager.

        Raises:
            RequestValidationError: An argument is not valid. A request that is not valid gives a result with
                an error.
        """
        if args:
            raise needs_names_after("client.responses.map", "requests")
        from .._map.requests import MapOptions
        from .._map.response_map import refuse_unknown_options

        refuse_unknown_options(unknown)
        options = MapOptions(max_concurrency, ordered, on_result, journal, on_progress, progress)
        return self._core.map(requests, options)
