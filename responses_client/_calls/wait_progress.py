"""The reports of `responses.wait` and its kin: drawn, or passed to a function of the user."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager
from dataclasses import replace
from inspect import Parameter, isawaitable, signature
from typing import TYPE_CHECKING, ParamSpec, TypeAlias

from .._base import clock
from .._base.messages import one_line
from .._base.progress import Progress
from .._base.validation import check_argument, check_flag, needs_async

if TYPE_CHECKING:
    from .._base.progress_display import ProgressDisplay
    from .._transport.protocols import IO
    from ..errors import APIError
    from ..models import BatchRequestCounts, Model, Response, Usage, VectorStoreFileCounts

__all__ = ["OnWaitProgress", "OnWaitProgressAsync", "WaitReporter", "require_sync"]

_A = ParamSpec("_A")

OnWaitProgress: TypeAlias = "Callable[[Response], object] | Callable[[Response, Progress], object]"
"""A function for the news of a response, or one for each poll, which gets the progress as well."""
OnWaitProgressAsync: TypeAlias = "Callable[[Response], Awaitable[object] | object] | Callable[[Response, Progress], Awaitable[object] | object]"
"""The same, which may be async."""

_REDRAW_SECONDS = 1.0
_MAX_REASON_CHARS = 200


class WaitReporter:
    """Reports how far a wait is.

    Args:
        function: The function of the user; None if there is none.
        is_shown: Whether standard error shows the progress.
        is_async: Whether the function may be async.

    Raises:
        RequestValidationError: `is_shown` is not True or False.
    """

    def __init__(
        self, function: Callable[..., object] | None, *, is_shown: bool = False, is_async: bool = True
    ) -> None:
        self._is_shown = check_argument("progress", check_flag, is_shown)
        self._function: Callable[..., object] | None = function if is_async else require_sync(function)
        self._is_heartbeat = _takes_progress(function)
        self._display: ProgressDisplay | None = None
        self._progress = Progress(total=1, in_flight=1)
        self._start = 0.0

    @contextmanager
    def watch(self, title: str) -> Generator[None]:
        """Start the time, and show the progress during a block."""
        self._start = clock.monotonic()
        if self._is_shown:
            from .._base.progress_display import ProgressDisplay

            self._display = ProgressDisplay(title)
            self._display.open(self._progress)
        try:
            yield
        finally:
            if self._display is not None:
                self._display.close()

    async def sleep(self, io: IO, seconds: float) -> None:
        """Wait, and keep the time of a drawn progress running."""
        while self._display is not None and seconds > _REDRAW_SECONDS:
            await io.sleep(_REDRAW_SECONDS)
            seconds -= _REDRAW_SECONDS
            self._show(self._progress.wait_reason)
        await io.sleep(seconds)

    async def report(
        self,
        state: Model | None,
        *,
        is_new: bool = False,
        is_finished: bool = False,
        error: APIError | None = None,
    ) -> None:
        """Report a poll: the state that it gave, or its error with the last state.

        Raises:
            ConfigurationError: The function is async, which needs `AsyncClient`.
        """
        status: str | None = getattr(state, "status", None)
        reason = None if is_finished else status
        if error is not None:
            reason = f"the last poll failed: {one_line(str(error), _MAX_REASON_CHARS)}"
        usage: Usage | None = getattr(state, "usage", None)
        total, failed, done = _counts(state) or (1, int(is_finished and status == "failed"), int(is_finished))
        self._progress = Progress(
            total=total,
            done=done,
            failed=failed,
            in_flight=0 if is_finished else total - done,
            tokens=0 if usage is None else usage.total_tokens or 0,
            eta=0.0 if is_finished else None,
        )
        self._show(reason)
        if self._function is None or state is None or not (is_new or self._is_heartbeat):
            return
        returned = self._function(*[state, self._progress][: 1 + self._is_heartbeat])
        if isawaitable(returned):
            await returned

    def _show(self, reason: str | None) -> None:
        elapsed = clock.monotonic() - self._start
        self._progress = replace(self._progress, wait_reason=reason, elapsed=elapsed)
        if self._display is not None:
            self._display.show(self._progress)


def require_sync(function: Callable[_A, object] | None) -> Callable[_A, object] | None:
    """Return a function for the sync client, where it must not be async.

    Raises:
        ConfigurationError: From the returned function: it returned something to await.
    """
    if function is None:
        return None

    def call(*news: _A.args, **names: _A.kwargs) -> None:
        returned = function(*news, **names)
        if isawaitable(returned):
            if isinstance(returned, Coroutine):  # closed, it does not warn that it was never awaited
                returned.close()
            raise needs_async("on_progress")

    return call


def _counts(state: Model | None) -> tuple[int, int, int] | None:
    """Return the numbers of all parts of a batch, of those that failed and of those that are done; None if unknown."""
    requests: BatchRequestCounts | None = getattr(state, "request_counts", None)
    if requests is not None and requests.total:
        return requests.total, requests.failed, requests.completed + requests.failed
    files: VectorStoreFileCounts | None = getattr(state, "file_counts", None)
    if files is not None and files.total:
        return files.total, files.failed, files.completed + files.failed + files.cancelled
    return None


def _takes_progress(function: object) -> bool:
    """Whether a function needs two arguments. One that only could take two gets the response alone, as `print` does."""
    try:
        parameters = signature(function).parameters.values() if callable(function) else ()
    except (TypeError, ValueError):  # of some built-in functions
        return False
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in kinds and one.default is Parameter.empty for one in parameters) > 1
