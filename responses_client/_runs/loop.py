"""The loop of a run: asks, calls tools, asks again; over `IO`, for runs as a whole and for streamed ones."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal, cast

from .._calls.attempts import fetch
from .._calls.endpoints import RESPONSES_CREATE
from .._calls.polling import Waiting, wait
from .._calls.request import prepare
from .._streaming.http_source import http_source
from .._tools.toolbox import Toolbox
from ..errors import APIError, ResponsesClientError, StreamInterrupted
from .events import ToolCalled, ToolReturned, TurnEnded
from .executor import Executor
from .planner import RunPlan, RunSettings
from .result import RunResult
from .workers import refuse_async, waited_for

if TYPE_CHECKING:
    from .._calls.settings import Settings
    from .._streaming.source import Source
    from .._structured.output_type import OutputType
    from .._transport.protocols import IO
    from ..models import InputItem, OutputItem, Response
    from .events import RunEvent
    from .observers import RunWatch
    from .workers import Workers

__all__ = ["RunLoop", "RunSource", "run_loop"]

logger = logging.getLogger("responses_client")
_POLL_SECONDS = 1.0
_REPLAYED = "responses.run: the server does not know the response before, so all items are sent again"


class RunLoop:
    """One run; see `run_loop`."""

    def __init__(
        self,
        io: IO,
        settings: Settings,
        workers: Callable[[int], Workers],
        params: Mapping[str, object],
        wanted: OutputType[Any] | None = None,
    ) -> None:
        given = RunSettings(params)
        toolbox = Toolbox(given.tools)
        if given.resume is not None:
            for turn in given.resume.turns:
                toolbox.note((*turn.input, *turn.response.output, *turn.outputs))
        self.io = io
        self.settings = settings
        self.plan = RunPlan(given, toolbox, wanted)
        self._workers = workers(given.max_concurrency)
        self._on_turn = given.on_turn
        if not self._workers.can_wait:
            policies = [tool.options.get("on_error") for tool in toolbox.functions]
            for function in [
                *toolbox.functions,
                *given.hooks.values(),
                given.on_turn,
                given.on_error,
                *policies,
            ]:
                refuse_async(function)
        self._watch = _watch(settings, params)
        self._executor = Executor(
            toolbox,
            self._workers,
            given.hooks,
            timeout=given.timeout,
            on_error=given.on_error,
            context=given.context,
            approved=given.approve,
            knows_all=given.request.get("prompt") is None,
            watch=self._watch,
        )

    async def run(self) -> RunResult:
        """Go on until the run ends.

        Raises:
            ResponsesClientError: It ended otherwise; `run` of the error is what it had come to.
        """
        try:
            with self.watched():
                await self.answer(await self.start())
                while self.plan.goes_on:
                    self.plan.heard(await self._ask())
                    await self.finish()
                    await self.answer(self.calls())
                    await self.end_turn()
        except BaseException as error:
            self.ended(error)
            raise
        self.ended()
        return self.result()

    async def start(self) -> list[OutputItem]:
        """Return the calls that a run which goes on has left unanswered, when its last response is finished."""
        can_answer = self._executor.can_answer
        if self.plan.number:  # no tool is to run before a mistake in the request is found
            prepare(RESPONSES_CREATE, self.plan.params, self.settings)
        was_waiting = self.plan.is_waiting
        await self.finish()
        if was_waiting and not self.plan.is_given_more:
            return self.plan.calls(can_answer)
        calls = self.plan.open_at_start(can_answer)
        self.plan.accepted()
        return calls

    @contextmanager
    def watched(self) -> Generator[None]:
        """Do a part of the run where those who watch it want it done; an error carries what it had come to."""
        try:
            with nullcontext() if self._watch is None else self._watch.around():
                yield
        except ResponsesClientError as error:
            error.run = self.plan.result()
            raise

    def ended(self, error: BaseException | None = None) -> None:
        """Tell those who watch that the run is over."""
        if self._watch is not None:
            self._watch.ended(self.plan.result(), error)

    def result(self) -> RunResult:
        """Return what the run has come to."""
        result = self.plan.result()
        assert result is not None, "a run that did not fail has a response"
        return result

    async def _ask(self) -> Response:
        while True:
            call = prepare(RESPONSES_CREATE, self.plan.request(), self.settings)
            self.plan.sending()
            try:
                response = await fetch(self.io, call)
            except APIError as error:
                if not self.plan.can_replay(error):
                    raise
            else:
                if not self.plan.can_replay(response):
                    return response
            logger.info(_REPLAYED)

    async def finish(self) -> None:
        """Wait for the last response, if it runs in the background."""
        if self.plan.is_waiting:
            waiting = Waiting(self.plan.last_turn.response, poll_interval=_POLL_SECONDS, timeout=None)
            options = {name: value for name, value in self.plan.params.items() if name in _OF_LOOKS}
            self.plan.finished(await wait(self.io, self.settings, waiting, None, options))

    def calls(self) -> list[OutputItem]:
        """Return the calls of the last response that are to be answered."""
        return self.plan.calls(self._executor.can_answer)

    async def answer(
        self, calls: list[OutputItem], tell: Callable[[ToolReturned], object] | None = None
    ) -> None:
        """Answer calls; what was answered is kept, also where one fails."""
        answers: list[tuple[OutputItem, InputItem]] = []

        def done(returned: ToolReturned) -> None:
            answers.append((returned.call, returned.output))
            if tell is not None:
                tell(returned)

        if calls:
            try:
                await self._executor.answer(calls, self.plan.number, done)
            finally:
                self.plan.answered(answers)

    async def end_turn(self) -> None:
        """Tell the user of a turn; he may stop the run."""
        if self._on_turn is not None:
            answer = self._on_turn(self.result())
            if await waited_for(answer, self._on_turn, can_wait=self._workers.can_wait) is True:
                self.plan.stop()


_OF_LOOKS = ("extra_headers", "extra_query", "timeout", "deadline", "max_retries")


def _watch(settings: Settings, params: Mapping[str, object]) -> RunWatch | None:
    if settings.telemetry is None:
        return None
    from .observers import RunTelemetry, RunWatch  # here, since few clients have telemetry

    telemetry = settings.telemetry
    return RunWatch(telemetry, settings, params) if isinstance(telemetry, RunTelemetry) else None


def run_loop(
    io: IO,
    settings: Settings,
    workers: Callable[[int], Workers],
    params: Mapping[str, object],
    text_format: Any,
) -> RunLoop:
    """Return the loop of a run whose last text is read as a type, if there is one.

    Raises:
        RequestValidationError: An argument makes no sense.
        ConfigurationError: A function is async, and the client is not.
    """
    if text_format is None:
        return RunLoop(io, settings, workers, params)
    from .._structured.output_type import output_type, with_format

    wanted = output_type(text_format)
    return RunLoop(io, settings, workers, with_format(params, wanted), wanted)


class RunSource:
    """Where the events of a streamed run come from; the stream asks it for more when `events` is empty.

    Attributes:
        events: What is ready to be given out.
    """

    def __init__(self, loop: RunLoop) -> None:
        self.loop = loop
        self.events: deque[RunEvent] = deque()
        self._phase: Literal["start", "ask", "read", "answer", "end"] = "start"
        self._source: Source | None = None
        self._calls: dict[int, OutputItem] = {}  # that are to be answered
        self._is_closed = False
        self._failure: Exception | None = None

    @property
    def is_open(self) -> bool:
        """Whether something is held that is to be closed."""
        return self._source is not None and self._source.is_open

    @property
    def snapshot(self) -> Response | None:
        """The response so far that is under way, or the last one."""
        known = None if self._source is None else self._source.snapshot()
        if known is None and (result := self.loop.plan.result()) is not None:
            known = result.response
        return known

    async def fill(self) -> bool:
        """Wait until there are events; return False at the end.

        Raises:
            ResponsesClientError: The run ended in an error; `run` of it is what it had come to.
        """
        if self._failure is not None:
            raise self._failure
        try:
            with self.loop.watched():
                while not self.events:
                    if self._is_closed or not await self._step():
                        self.loop.ended()
                        return False
        except Exception as error:
            self.loop.ended(error)
            self._failure = error
            if not self.events:  # what was there before comes first
                raise
        if self._is_closed:  # by a tool, or from elsewhere while one ran
            self.events.clear()
        return not self._is_closed

    async def _step(self) -> bool:
        """Do the next thing of a run; return False if there is none. A request that was cancelled is the next thing again."""
        match self._phase:
            case "start":
                self._announce(await self.loop.start())
            case "ask" if not self.loop.plan.goes_on:
                return False
            case "ask":
                await self._open()
            case "read":
                await self._read(cast("Source", self._source))
            case "answer":
                await self._answer()
            case _:  # "end"
                await self.loop.end_turn()
                self._phase = "ask"
        return True

    async def open(self) -> None:
        """Send the first request, or answer what was left open before."""
        if self._phase == "start":
            await self.fill()

    async def _open(self) -> None:
        plan = self.loop.plan
        call = prepare(RESPONSES_CREATE, {**plan.request(), "stream": True}, self.loop.settings)
        plan.sending()
        if self._source is not None:  # of a try that was cancelled
            await self._source.drop()
        source = self._source = http_source(self.loop.io, call)
        try:
            await source.open()
            await source.fill()
        except APIError as error:
            if not plan.can_replay(error):
                raise
        else:
            started = source.snapshot()
            if started is None or not plan.can_replay(started):
                self._take(source)
                self._phase = "read"
                return
            await source.close()
        logger.info(_REPLAYED)

    async def _read(self, source: Source) -> None:
        try:
            has_more = await source.fill()
        except StreamInterrupted as error:
            self.loop.plan.interrupted(error.partial)
            raise
        if has_more:
            self._take(source)
            return
        response = await source.final()
        self._source = None
        self.loop.plan.heard(response)
        self._announce(self.loop.calls())

    def _take(self, source: Source) -> None:
        self.events.extend(source.events)
        source.events.clear()

    def _announce(self, calls: list[OutputItem]) -> None:
        self._calls = {id(call): call for call in calls}
        self.events.extend(ToolCalled(self.loop.plan.number, call) for call in calls)
        self._phase = "answer"

    async def _answer(self) -> None:
        def tell(returned: ToolReturned) -> None:
            self._calls.pop(id(returned.call), None)
            self.events.append(returned)

        plan = self.loop.plan
        try:
            await self.loop.answer([*self._calls.values()], tell)
        except BaseException as error:
            if not isinstance(
                error, Exception
            ):  # cancelled: what a tool has begun is not to be done twice unasked
                plan.leave()
                self._phase = "ask"
            raise
        if plan.has_asked:
            self.events.append(TurnEnded(plan.number, plan.last_turn))
        self._phase = "end" if plan.has_asked else "ask"

    async def finish(self) -> RunResult:
        """Read to the end, and return what the run has come to."""
        while await self.fill():
            self.events.clear()
        if self.loop.plan.goes_on:
            error = StreamInterrupted("it was closed here before the end of the run", partial=self.snapshot)
            error.run = self.loop.plan.result()
            raise error
        return self.loop.result()

    async def close(self) -> None:
        """Close the connection; the run ends here."""
        self._is_closed = True
        self.events.clear()
        if self._source is not None:
            await self._source.close()
        self.loop.ended()

    async def drop(self) -> None:
        """Close the connection at once."""
        if self._source is not None:
            await self._source.drop()
        self.loop.ended()
