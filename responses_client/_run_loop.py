"""The loop of a run: asks, calls tools, asks again; over `IO`, for runs as a whole and for streamed ones."""

import logging
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from ._background import Waiting, wait
from ._executor import Executor
from ._flow import fetch
from ._request import prepare
from ._resume import has_ended
from ._run import RunResult, call_key
from ._run_events import ToolCalled, ToolReturned, TurnEnded
from ._run_plan import RunPlan, RunSettings
from ._source import http_source
from ._toolbox import Toolbox
from ._workers import NeedsAsync, refuse_async
from .errors import APIError, ResponsesClientError, StreamInterrupted
from .resources._responses import RESPONSES_CREATE

if TYPE_CHECKING:
    from ._config import Settings
    from ._io import IO
    from ._run_events import RunEvent
    from ._run_watch import RunWatch
    from ._source import Source
    from ._structured import OutputType
    from ._workers import Workers
    from .models import OutputItem, Response

__all__ = ["RunLoop", "RunSource", "run_loop"]

logger = logging.getLogger("responses_client")
_POLL_SECONDS = 1.0
_REPLAYED = "responses.run: the server does not know the response before, so all items are sent again"


class RunLoop:
    """One run; see `run_loop`."""

    def __init__(
        self,
        io: "IO",
        settings: "Settings",
        workers: "Callable[[int], Workers]",
        params: Mapping[str, object],
        wanted: "OutputType[Any] | None" = None,
    ) -> None:
        given = RunSettings(params)
        toolbox = Toolbox(given.tools)
        self.io = io
        self.settings = settings
        self.plan = RunPlan(given, toolbox, wanted)
        self._workers = workers(given.max_concurrency)
        self._on_turn = given.on_turn
        if not self._workers.can_wait:
            for function in [*toolbox.functions, *given.hooks.values(), given.on_turn]:
                refuse_async(function)
        self._watch = _watch(settings, params)
        self._executor = Executor(
            toolbox,
            self._workers,
            given.hooks,
            timeout=given.timeout,
            on_error=given.on_error,
            context=given.context,
            watch=self._watch,
        )

    async def run(self) -> RunResult:
        """Go on until the run ends.

        Raises:
            ResponsesClientError: It ended otherwise; `run` of the error is what it had come to.
        """
        with self.watched():
            await self.answer(self.open_at_start())
            while self.plan.goes_on:
                self.plan.heard(await self._ask())
                await self.answer(self.calls())
                await self.end_turn()
        self.ended()
        return self.result()

    @contextmanager
    def watched(self) -> Generator[None]:
        """Do a part of the run: those who watch it are told of its end, and an error carries what it had come to."""
        try:
            with nullcontext() if self._watch is None else self._watch.around():
                yield
        except BaseException as error:
            if isinstance(error, ResponsesClientError):
                error.run = self.plan.result()
            self.ended(error)
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

    async def _ask(self) -> "Response":
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
                    return await self.finished(response, call.params)
            logger.info(_REPLAYED)

    async def finished(self, response: "Response", params: Mapping[str, object]) -> "Response":
        """Wait for a response that runs in the background."""
        if has_ended(response) or not response.id:
            return response
        waiting = Waiting(response, poll_interval=_POLL_SECONDS, timeout=None)
        options = {name: params[name] for name in _OF_LOOKS if name in params}
        return await wait(self.io, self.settings, waiting, None, options)

    def open_at_start(self) -> "list[OutputItem]":
        """Return the calls that a run which goes on has left unanswered."""
        return self.plan.open_at_start(self._executor.can_answer)

    def calls(self) -> "list[OutputItem]":
        """Return the calls of the last response that are to be answered."""
        return self.plan.calls(self._executor.can_answer)

    async def answer(
        self, calls: "list[OutputItem]", tell: Callable[[ToolReturned], object] | None = None
    ) -> None:
        """Answer calls; what was answered is kept, also where one fails."""
        outputs: dict[str, Any] = {}

        def done(returned: ToolReturned) -> None:
            outputs[call_key(returned.call)] = returned.output
            if tell is not None:
                tell(returned)

        if calls:
            try:
                await self._executor.answer(calls, self.plan.number, done)
            finally:
                self.plan.answered(outputs)

    async def end_turn(self) -> None:
        """Tell the user of a turn; he may stop the run."""
        if self._on_turn is not None:
            answer: object = self._on_turn(self.result())
            if isawaitable(answer):
                if not self._workers.can_wait:
                    raise NeedsAsync(self._on_turn)
                answer = await answer
            if answer is True:
                self.plan.stop()


_OF_LOOKS = ("extra_headers", "extra_query", "timeout", "deadline", "max_retries")


def _watch(settings: "Settings", params: Mapping[str, object]) -> "RunWatch | None":
    if settings.telemetry is None:
        return None
    from ._run_watch import RunWatch  # here, since few clients have telemetry

    return RunWatch(settings.telemetry, settings, params)


def run_loop(
    io: "IO",
    settings: "Settings",
    workers: "Callable[[int], Workers]",
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
    from ._structured import output_type, with_format

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
        self._params: Mapping[str, object] = {}
        self._source: Source | None = None
        self._calls: list[OutputItem] | None = None  # that are to be answered next
        self._has_started = False
        self._is_closed = False
        self._failure: ResponsesClientError | None = None

    @property
    def is_open(self) -> bool:
        """Whether something is held that is to be closed."""
        return self._source is not None and self._source.is_open

    @property
    def snapshot(self) -> "Response | None":
        """The response so far that is under way, or the last one."""
        if self._source is not None:
            return self._source.snapshot()
        result = self.loop.plan.result()
        return None if result is None else result.response

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
        except ResponsesClientError as error:
            self._failure = error
            raise
        return True

    async def _step(self) -> bool:
        """Do the next thing of a run; return False if there is none."""
        loop, plan = self.loop, self.loop.plan
        if not self._has_started:
            self._has_started = True
            self._announce(loop.open_at_start())
        elif self._calls is not None:
            calls, self._calls = self._calls, None
            await loop.answer(calls, self.events.append)
            if self._source is not None:
                await self._end_turn()
        elif self._source is not None:
            await self._read(self._source)
        elif plan.goes_on:
            await self._open()
        else:
            return False
        return True

    async def open(self) -> None:
        """Send the first request, or answer what was left open before."""
        if not self._has_started:
            await self.fill()

    async def _open(self) -> None:
        plan = self.loop.plan
        params = {**plan.request(), "stream": True}
        call = prepare(RESPONSES_CREATE, params, self.loop.settings)
        plan.sending()
        source = http_source(self.loop.io, call)
        try:
            await source.open()
            await source.fill()
        except APIError as error:
            if not plan.can_replay(error):
                raise
            logger.info(_REPLAYED)
            return
        started: Any = source.snapshot()
        if started is not None and plan.can_replay(started):
            logger.info(_REPLAYED)
            await source.close()
            return
        self._source = source
        self._take(source)

    async def _read(self, source: "Source") -> None:
        if await source.fill():
            self._take(source)
            return
        response = await source.final()
        await source.close()
        self.loop.plan.heard(response)
        self._announce(self.loop.calls())

    def _take(self, source: "Source") -> None:
        self.events.extend(source.events)
        source.events.clear()

    def _announce(self, calls: "list[OutputItem]") -> None:
        self._calls = calls
        self.events.extend(ToolCalled(self.loop.plan.number, call) for call in calls)

    async def _end_turn(self) -> None:
        plan = self.loop.plan
        self._source = None
        self.events.append(TurnEnded(plan.number, plan.last_turn))
        await self.loop.end_turn()

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
        if self._source is not None:
            await self._source.close()
        self.loop.ended()

    async def drop(self) -> None:
        """Close the connection at once."""
        if self._source is not None:
            await self._source.drop()
        self.loop.ended()
