"""Those who watch a run are told of it and of its tools; they can neither change nor break it.

Loaded where a client has telemetry.
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

__all__ = ["RunObserver", "RunTelemetry", "RunWatch", "ToolObserver"]


class ToolObserver:
    """Watches one call of a tool; each method may be left out. What one raises is logged."""

    def around(self) -> AbstractContextManager[object]:
        """Return the block in which the tool runs."""
        return nullcontext()

    def ended(self, returned: ToolReturned | None, error: BaseException | None) -> None:
        """Note what came of the call: an answer, or what ended the run."""


class RunObserver:
    """Watches one run from its start to its end; each method may be left out. What one raises is logged."""

    def around(self) -> AbstractContextManager[object]:
        """Return the block in which requests are sent and tools run."""
        return nullcontext()

    def calling(self, call: OutputItem) -> ToolObserver:
        """Return the observer of a call that starts now."""
        return ToolObserver()

    def ended(self, result: RunResult | None, error: BaseException | None) -> None:
        """Note what the run has come to, and what ended it; comes once."""


@runtime_checkable
class RunTelemetry(Protocol):
    """A telemetry that observes runs of tools as well as calls."""

    def observe_run(self, settings: Settings, params: Mapping[str, object]) -> RunObserver:
        """Return the observer of a run that starts now."""
        ...


class RunWatch:
    """Tells the observer of one run."""

    def __init__(self, telemetry: RunTelemetry, settings: Settings, params: Mapping[str, object]) -> None:
        self._observe = partial(telemetry.observe_run, settings, params)
        self._observer: RunObserver | None = None  # before the run has begun, and when it has ended
        self._has_begun = False

    @contextmanager
    def around(self) -> Generator[None]:
        """Be in the block of the observer, which is made for the first one."""
        with ExitStack() as stack:
            with log_errors("Telemetry"):
                if not self._has_begun:
                    self._has_begun = True
                    self._observer = self._observe()
                if self._observer is not None:
                    stack.enter_context(self._observer.around())
            yield

    @contextmanager
    def calling(self, call: OutputItem) -> Generator[Callable[[ToolReturned], None]]:
        """Be in the block of a call's observer; what it gives takes the answer."""
        observer = ToolObserver()
        answers: list[ToolReturned] = []
        with ExitStack() as stack:
            with log_errors("Telemetry"):
                observer = observer if self._observer is None else self._observer.calling(call)
                stack.enter_context(observer.around())
            error: BaseException | None = None
            try:
                yield answers.append
            except BaseException as raised:
                error = raised
                raise
            finally:
                with log_errors("Telemetry"):
                    observer.ended(answers[0] if answers else None, error)

    def ended(self, result: RunResult | None, error: BaseException | None) -> None:
        """Tell that the run is over, the first time."""
        observer, self._observer = self._observer, None
        if observer is not None:
            with log_errors("Telemetry"):
                observer.ended(result, error)
