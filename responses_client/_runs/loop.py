"""The loop of a run: asks the model, calls tools, asks again; over `IO`, for whole runs and streamed ones."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

from .._base.error_copies import KeptError
from .._calls.attempts import fetch
from .._calls.endpoints import RESPONSES_CREATE
from .._calls.polling import PollSchedule
from .._calls.request import prepare
from .._streaming.http_source import http_source
from .._streaming.source import second_reader
from .._tools.toolbox import Toolbox
from ..errors import APIError, ResponsesClientError, StreamInterrupted
from .arguments import RunArguments
from .events import ToolCalled, ToolReturned, TurnEnded
from .executor import Executor
from .planner import RunPlan
from .result import RunResult
from .workers import await_result, require_sync

if TYPE_CHECKING:
    from .._calls.operation import Operation
    from .._calls.settings import Settings
    from .._streaming.source import Source
    from .._structured.output_type import OutputType
    from .._transport.protocols import IO
    from ..models import InputItem, OutputItem, Response
    from .events import RunEvent
    from .observers import RunObserverDispatcher
    from .workers import Workers

__all__ = ["RunLoop", "RunSource", "run_loop"]

# Theory of operation
# ===================
#
# `RunPlan` decides, `Executor` runs functions, and `RunLoop` moves between them: it sends the requests of the plan, and
# reports responses and outputs to it. `RunLoop.run` is a whole run, from its start to its result.
#
# A streamed run is driven from outside: each `fill` of `RunSource` takes steps until there are events to give. Between
# two calls nothing runs, so that no task outlives a call, and leaving the stream leaves nothing behind.
#
#                                +---------------------------------------+
#                                v                                       |
#     "start" --> "answer" --> "ask" --> "read" --> "answer" --> "end" --+
#                 calls of the   |       events     calls of the on_turn
#                 resumed run    |       of the     response
#                                |       response
#                                +--> False, once the plan is not running
#
# A step that is cancelled leaves the phase as it was, and the next `fill` takes it again: a request is sent again; a
# stream, which the cancelled read has closed, raises that it was interrupted. Only calls of tools are not repeated, since
# a tool may have done something: they are left pending, and the run ends.

logger = logging.getLogger("responses_client")
_POLL_INTERVAL_SECONDS = 1.0
_POLLING_OPTIONS = ("extra_headers", "extra_query", "timeout", "deadline", "max_retries")
"""The options of requests that count for polling, too."""
_REPLAYED = "responses.run: the server does not know the previous response, so all items are sent again"


class RunLoop:
    """The loop of one run; `run_loop` makes it."""

    def __init__(
        self,
        io: IO,
        settings: Settings,
        workers: Callable[[int], Workers],
        method: str,
        params: Mapping[str, object],
        wanted: OutputType[Any] | None = None,
    ) -> None:
        arguments = RunArguments(params, method)
        toolbox = Toolbox(arguments.tools)
        if arguments.resume is not None:
            for turn in arguments.resume.turns:
                toolbox.add_known((*turn.input, *turn.response.output, *turn.outputs))
        self.io = io
        self.settings = settings
        self.operation: Operation[Response] = RESPONSES_CREATE.called(method)
        self.plan: RunPlan = RunPlan(arguments, toolbox, wanted)
        self._workers = workers(arguments.max_concurrency)
        self._on_turn = arguments.on_turn
        if not self._workers.can_await:
            policies = [tool.options.get("on_error") for tool in toolbox.functions]
            for function in [
                *toolbox.functions,
                *arguments.hooks.values(),
                arguments.on_turn,
                arguments.on_tool_error,
                *policies,
            ]:
                require_sync(function)
        self._observers = _observers(settings, params)
        self._executor = Executor(
            toolbox,
            self._workers,
            arguments.hooks,
            time_limit=arguments.tool_timeout,
            on_error=arguments.on_tool_error,
            context=arguments.context,
            knows_all_tools=arguments.request.get("prompt") is None,
            observers=self._observers,
        )

    async def run(self) -> RunResult:
        """Run to the end, and return the result.

        Raises:
            ResponsesClientError: The run ended in an error, whose `run` is the result so far.
        """
        try:
            with self.observed():
                await self.answer(await self.start())
                while self.plan.is_running:
                    self.plan.add_response(await self._fetch_response())
                    await self.poll()
                    await self.answer(self.next_calls())
                    await self.end_turn()
        except BaseException as error:
            self.notify_end(error)
            raise
        self.notify_end()
        return self.result()

    async def start(self) -> list[OutputItem]:
        """Return the calls of a resumed run to answer first, after its last response has ended."""
        can_answer = self._executor.can_answer
        if self.plan.number:  # a mistake in the request is found before any tool runs
            prepare(self.operation, self.plan.params, self.settings)
        was_running = self.plan.is_response_running
        await self.poll()
        self._executor.decisions = self.plan.decisions()
        if was_running and not self.plan.has_new_input:
            return self.plan.next_calls(can_answer)
        calls = self.plan.calls_at_start(can_answer)
        self.plan.commit_input()
        return calls

    @contextmanager
    def observed(self) -> Generator[None]:
        """Enter the observer's context for a part of the run; errors that leave it carry the result so far."""
        try:
            with nullcontext() if self._observers is None else self._observers.around():
                yield
        except ResponsesClientError as error:
            error.run = self.plan.result()
            raise

    def notify_end(self, error: BaseException | None = None) -> None:
        """Notify the observer, if there is one, that the run is over; all calls after the first do nothing."""
        if self._observers is not None:
            self._observers.notify_end(self.plan.result(), error)

    def result(self) -> RunResult:
        """Return the result of a run that has a response."""
        result = self.plan.result()
        assert result is not None, "a run that did not fail has a response"
        return result

    async def _fetch_response(self) -> Response:
        while True:
            call = prepare(self.operation, self.plan.next_request(), self.settings)
            self.plan.mark_sent()
            try:
                response = await fetch(self.io, call)
            except APIError as error:
                if not self.plan.recover(error):
                    raise
            else:
                if not self.plan.recover(response):
                    return response
            logger.info(_REPLAYED)

    async def poll(self) -> None:
        """Wait for the end of the last response, if it runs in the background."""
        if self.plan.is_response_running:
            schedule = PollSchedule(
                self.plan.last_turn.response, poll_interval=_POLL_INTERVAL_SECONDS, timeout=None
            )
            options = {name: value for name, value in self.plan.params.items() if name in _POLLING_OPTIONS}
            # Here, because few runs wait.
            from .._calls.wait_progress import WaitReporter
            from .._calls.waiting import wait

            reporter = WaitReporter(None)
            self.plan.update_response(await wait(self.io, self.settings, schedule, options, reporter))

    def next_calls(self) -> list[OutputItem]:
        """Return the calls of the last response to answer here; see `RunPlan.next_calls`."""
        return self.plan.next_calls(self._executor.can_answer)

    async def answer(
        self, calls: list[OutputItem], on_return: Callable[[ToolReturned], object] | None = None
    ) -> None:
        """Answer calls; outputs are kept even if another call fails."""
        outputs: list[tuple[OutputItem, InputItem]] = []

        def keep(returned: ToolReturned) -> None:
            outputs.append((returned.call, returned.output))
            if on_return is not None:
                on_return(returned)

        if calls:
            try:
                await self._executor.answer(calls, self.plan.number, keep)
            finally:
                self.plan.add_outputs(outputs)

    async def end_turn(self) -> None:
        """Call the user's `on_turn`, which may stop the run."""
        if self._on_turn is not None:
            answer = self._on_turn(self.result())
            if await await_result(answer, self._on_turn, can_await=self._workers.can_await) is True:
                self.plan.stop()


def _observers(settings: Settings, params: Mapping[str, object]) -> RunObserverDispatcher | None:
    if settings.telemetry is None:
        return None
    # Imported here because few clients have telemetry.
    from .observers import RunObserverDispatcher, RunTelemetry

    telemetry = settings.telemetry
    if not isinstance(telemetry, RunTelemetry):
        return None
    return RunObserverDispatcher(telemetry, settings, params)


def run_loop(
    io: IO,
    settings: Settings,
    workers: Callable[[int], Workers],
    method: str,
    params: Mapping[str, object],
    text_format: Any,
) -> RunLoop:
    """Return the loop of a run; with a `text_format`, its last text is parsed as that type.

    `method` is the name of the method that was called, for messages.

    Raises:
        TypeError: An argument is unknown.
        RequestValidationError: An argument has a wrong type or size, or contradicts another one.
        ConfigurationError: A function is async, and the client is not.
    """
    if text_format is None:
        return RunLoop(io, settings, workers, method, params)
    from .._structured.output_type import output_type, with_format

    wanted = output_type(text_format)
    return RunLoop(io, settings, workers, method, with_format(params, wanted), wanted)


class RunSource:
    """The source of a streamed run's events; the stream calls `fill` when `events` is empty.

    Attributes:
        events: Events that are ready.
    """

    def __init__(self, loop: RunLoop) -> None:
        self.loop = loop
        self.events: deque[RunEvent] = deque()
        self._phase: Literal["start", "ask", "read", "answer", "end"] = "start"
        self._source: Source | None = None  # of the response that is being streamed
        self._calls: dict[int, OutputItem] = {}  # not answered yet, by `id()`: two calls may be equal
        self._is_closed = False
        self._is_reading = False
        self._has_unread = False  # whether events were taken from the user by `close`
        self._failure: KeptError | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection to close."""
        return self._source is not None and self._source.is_open

    @property
    def snapshot(self) -> Response | None:
        """The response in progress as far as it has arrived, else the last one; None before the first."""
        known = None if self._source is None else self._source.snapshot()
        if known is None and (result := self.loop.plan.result()) is not None:
            known = result.response
        return known

    async def fill(self) -> bool:
        """Wait until there are events; return False at the end.

        Raises:
            ResponsesClientError: The run ended in an error, whose `run` is the result so far.
            RuntimeError: Another thread or task is in this method.
        """
        if self._failure is not None:
            raise self._failure.take()
        if self._is_reading:
            raise second_reader()
        self._is_reading = True
        try:
            with self.loop.observed():
                while not self.events and not self._is_closed:
                    if not await self._step():
                        self.loop.notify_end()
                        return False
        except Exception as error:
            self.loop.notify_end(error)
            self._failure = KeptError(error)
            if not self.events:  # else the events before the error come first
                self._failure.take()
                raise
        finally:
            self._is_reading = False
        return self._end() if self._is_closed else True

    def _end(self) -> Literal[False]:
        """Return the result of `fill` for a run that is closed, perhaps by a tool or another thread while one ran.

        Raises:
            StreamInterrupted: It was closed before its end.
        """
        self._has_unread |= bool(self.events)
        self.events.clear()
        if not (self.loop.plan.is_running or self._has_unread):
            return False
        error = StreamInterrupted("it was closed here before the end of the run", partial=self.snapshot)
        error.run = self.loop.plan.result()
        raise error

    async def _step(self) -> bool:
        """Take the next step of the run; return False if there is none."""
        match self._phase:
            case "start":
                self._begin_answers(await self.loop.start())
            case "ask" if not self.loop.plan.is_running:
                return False
            case "ask":
                await self._send_request()
            case "read":
                await self._read()
            case "answer":
                await self._answer()
            case _:  # "end"
                await self.loop.end_turn()
                self._phase = "ask"
        return True

    async def open(self) -> None:
        """Send the first request, or answer the calls of the resumed run."""
        if self._phase == "start":
            await self.fill()

    async def _send_request(self) -> None:
        plan = self.loop.plan
        call = prepare(self.loop.operation, {**plan.next_request(), "stream": True}, self.loop.settings)
        plan.mark_sent()
        if self._source is not None:  # of a step that was cancelled
            await self._source.drop()
        source = self._source = http_source(self.loop.io, call)
        try:
            await source.open()
            await source.fill()
        except APIError as error:
            if not plan.recover(error):
                raise
        else:
            # The first event shows whether the server knows the previous response: nothing has been given out yet.
            started = source.snapshot()
            if started is None or not plan.recover(started):
                self._take_events(source)
                self._phase = "read"
                return
            await source.close()
        logger.info(_REPLAYED)

    async def _read(self) -> None:
        source = self._source
        assert source is not None, "a response is read after its request was sent"
        try:
            has_more = await source.fill()
        except StreamInterrupted as error:
            self.loop.plan.add_partial(error.partial)
            raise
        if has_more:
            self._take_events(source)
            return
        response = await source.final()
        self._source = None
        self.loop.plan.add_response(response)
        self._begin_answers(self.loop.next_calls())

    def _take_events(self, source: Source) -> None:
        self.events.extend(source.events)
        source.events.clear()

    def _begin_answers(self, calls: list[OutputItem]) -> None:
        self._calls = {id(call): call for call in calls}
        self.events.extend(ToolCalled(self.loop.plan.number, call) for call in calls)
        self._phase = "answer"

    async def _answer(self) -> None:
        def report(returned: ToolReturned) -> None:
            self._calls.pop(id(returned.call), None)
            self.events.append(returned)

        plan = self.loop.plan
        try:
            await self.loop.answer([*self._calls.values()], report)
        except BaseException as error:
            if not isinstance(error, Exception):  # cancelled or interrupted: no tool runs twice unasked
                plan.mark_pending()
                self._phase = "ask"
            raise
        if plan.has_new_turn:
            self.events.append(TurnEnded(plan.number, plan.last_turn))
        self._phase = "end" if plan.has_new_turn else "ask"

    async def finish(self) -> RunResult:
        """Read to the end, and return the result.

        Raises:
            StreamInterrupted: The stream was closed before the end of the run.
            ResponsesClientError: The run ended in an error.
        """
        while (not self._is_closed or self.loop.plan.is_running) and await self.fill():
            self.events.clear()
        return self.loop.result()

    async def close(self) -> None:
        """Close the connection, and end the run."""
        self._is_closed = True
        self._has_unread |= bool(self.events)
        self.events.clear()
        if self._source is not None:
            await self._source.close()
        self.loop.notify_end()

    async def drop(self) -> None:
        """Close the connection at once, without giving it back to the pool."""
        if self._source is not None:
            await self._source.drop()
        self.loop.notify_end()
