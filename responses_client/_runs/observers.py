"""The observers of a run and of its tool calls, and the dispatcher that calls them; they cannot change or break a run.

Loaded only if a client has telemetry.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .._calls.observers import log_errors

if TYPE_CHECKING:
    from .._calls.settings import Settings
    from ..models import OutputItem
    from .events import ToolReturned
    from .result import RunResult

__all__ = ["RunObserver", "RunObserverDispatcher", "RunTelemetry", "ToolObserver"]


class ToolObserver:
    """The observer of one tool call; subclasses override the methods they need. Exceptions of methods are log_errors."""

    def around(self) -> AbstractContextManager[object]:
        """Return a context in which the tool runs."""
        return nullcontext()

    def on_end(self, returned: ToolReturned | None, error: BaseException | None) -> None:
        """Handle the end of the call, once: its output, or the error that ended the run."""


class RunObserver:
    """The observer of one run; subclasses override the methods they need. Exceptions of methods are log_errors."""

    def around(self) -> AbstractContextManager[object]:
        """Return a context in which requests are sent and tools run; a streamed run enters one for each step."""
        return nullcontext()

    def on_call(self, call: OutputItem) -> ToolObserver:
        """Return the observer of a tool call that starts now."""
        return ToolObserver()

    def on_end(self, result: RunResult | None, error: BaseException | None) -> None:
        """Handle the end of the run, once, with the result so far and the error that ended it."""


@runtime_checkable
class RunTelemetry(Protocol):
    """A telemetry that observes runs of tools as well as calls."""

    def observe_run(self, settings: Settings, params: Mapping[str, object]) -> RunObserver:
        """Return the observer of a run that starts now."""
        ...


class RunObserverDispatcher:
    """Notifies the observer of one run, which it makes when the run starts."""

    def __init__(self, telemetry: RunTelemetry, settings: Settings, params: Mapping[str, object]) -> None:
        self._observe = partial(telemetry.observe_run, settings, params)
        self._observer: RunObserver | None = None  # before the start, and after the end
        self._has_started = False

    @contextmanager
    def around(self) -> Generator[None]:
        """Enter the context of the observer, which is made at the first time."""
        with ExitStack() as stack:
            with log_errors("Telemetry"):
                if not self._has_started:
                    self._has_started = True
                    self._observer = self._observe()
                if self._observer is not None:
                    stack.enter_context(self._observer.around())
            yield

    @contextmanager
    def observe_call(self, call: OutputItem) -> Generator[Callable[[ToolReturned], None]]:
        """Enter the context of a call's observer; the function that is yielded takes the answer."""
        observer = ToolObserver()
        answers: list[ToolReturned] = []
        with ExitStack() as stack:
            with log_errors("Telemetry"):
                observer = observer if self._observer is None else self._observer.on_call(call)
                stack.enter_context(observer.around())
            error: BaseException | None = None
            try:
                yield answers.append
            except BaseException as raised:
                error = raised
                raise
            finally:
                with log_errors("Telemetry"):
                    observer.on_end(answers[0] if answers else None, error)
                del error  # its traceback holds this frame

    def notify_end(self, result: RunResult | None, error: BaseException | None) -> None:
        """Notify the observer that the run is over; all calls after the first do nothing."""
        observer, self._observer = self._observer, None
        if observer is not None:
            with log_errors("Telemetry"):
                observer.on_end(result, error)
