"""The display of `progress=True`: a bar of tqdm or rich on a terminal or in a notebook, else lines on standard error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol, TextIO

from . import clock
from .messages import one_line
from .progress import Progress

__all__ = ["ProgressDisplay"]

logger = logging.getLogger("responses_client")

_REDRAW_SECONDS = 0.1
_LINE_SECONDS = 10.0
_MAX_NOTES_CHARS = 300


class _View(Protocol):
    interval: float
    """The least seconds between two states that are shown."""

    def show(self, progress: Progress) -> None:
        """Show a state in place of the one before."""
        ...

    def close(self) -> None:
        """Leave the last state where it is."""
        ...


class ProgressDisplay:
    """A display of progress on standard error. An error while it draws ends the display, and nothing else.

    Args:
        title: A short text before the numbers.
    """

    def __init__(self, title: str) -> None:
        self._title = one_line(title, _MAX_NOTES_CHARS)
        self._view: _View | None = None
        self._latest: Progress | None = None  # if it is not shown yet
        self._shown_at = 0.0

    @property
    def is_due(self) -> bool:
        """Whether a state would be drawn if it were shown now."""
        return self._view is not None and clock.monotonic() - self._shown_at >= self._view.interval

    def open(self, progress: Progress) -> None:
        """Show the first state. On anything but a terminal, nothing is shown before ten seconds have passed."""
        self._guard(self._open, progress)

    def show(self, progress: Progress) -> None:
        """Show a state, unless another one was shown a moment ago; the last one is shown in any case."""
        self._latest = progress
        view = self._view
        if view is not None and self.is_due:
            self._guard(self._draw, view, progress)

    def close(self) -> None:
        """Show the last state, and leave it there."""
        view, self._view = self._view, None
        if view is not None:
            if self._latest is not None:
                self._guard(self._draw, view, self._latest)
            self._guard(view.close)

    def _open(self, progress: Progress) -> None:
        self._shown_at = clock.monotonic()
        self._view = _make_view(self._title, progress)

    def _draw(self, view: _View, progress: Progress) -> None:
        self._latest = None
        self._shown_at = clock.monotonic()
        view.show(progress)

    def _guard(self, draw: Callable[..., None], *args: object) -> None:
        try:
            draw(*args)
        except Exception as error:  # of a library, a stream that was closed, a terminal that is gone
            self._view = None
            logger.info("Progress is no longer shown: %s: %s", type(error).__name__, error)


def _make_view(title: str, progress: Progress) -> _View | None:
    stream: TextIO | None = sys.stderr
    if stream is None:  # closed before the process started, or one without a console
        return None
    is_notebook = _is_notebook()
    if is_notebook or stream.isatty():
        for make in (_TqdmBar, _RichBar):
            try:
                return make(title, progress, is_notebook)
            except Exception as error:  # not installed, or not able to draw here
                logger.debug("%s is not used: %s: %s", make.__name__, type(error).__name__, error)
    return _Lines(title, stream)


def _is_notebook() -> bool:
    """Whether the code runs in the kernel of a notebook."""
    ipython: Any = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return "IPKernelApp" in getattr(shell, "config", ())


def _notes(progress: Progress) -> str:
    return one_line(", ".join(progress.notes()), _MAX_NOTES_CHARS)


class _Lines:
    interval = _LINE_SECONDS

    def __init__(self, title: str, stream: TextIO) -> None:
        self._title = title
        self._stream = stream

    def show(self, progress: Progress) -> None:
        line = one_line(f"{self._title}: {progress}", 2 * _MAX_NOTES_CHARS)
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def close(self) -> None:
        pass


class _TqdmBar:
    interval = _REDRAW_SECONDS

    def __init__(self, title: str, progress: Progress, is_notebook: bool) -> None:
        # `tqdm.auto` chooses the form for notebooks, and would load asyncio elsewhere.
        base: Any = import_module("tqdm.auto" if is_notebook else "tqdm.std").tqdm
        # Without its monitor, which is a thread that would outlive the display.
        make: Any = type("Bar", (base,), {"monitor_interval": 0})
        self._bar: Any = make(
            total=progress.total,
            desc=title,
            file=sys.stderr,
            dynamic_ncols=True,
            mininterval=0,
            bar_format=_tqdm_format(progress),
        )

    def show(self, progress: Progress) -> None:
        bar = self._bar
        bar.bar_format = _tqdm_format(progress)
        bar.total = progress.total
        bar.n = progress.done
        bar.set_postfix_str(_notes(progress), refresh=False)
        bar.refresh()

    def close(self) -> None:
        self._bar.close()


def _tqdm_format(progress: Progress) -> str:
    """Return the format of a bar: without a bar where nothing can fill it, and without counts where there is one."""
    counts = "" if progress.total == 1 else " {n_fmt}/{total_fmt}"
    if progress.total is None:
        counts = " {n_fmt}"
    elif counts:
        counts = " {percentage:3.0f}%|{bar}|" + counts
    return "{desc}" + counts + " [{elapsed}{postfix}]"


class _RichBar:
    interval = _REDRAW_SECONDS

    def __init__(self, title: str, progress: Progress, is_notebook: bool) -> None:
        rich: Any = import_module("rich.progress")
        console: Any = import_module("rich.console").Console(file=sys.stderr)
        columns = [rich.TextColumn("{task.description}", markup=False)]
        if progress.total != 1:
            columns += [rich.BarColumn(), rich.MofNCompleteColumn()]
        columns += [rich.TimeElapsedColumn(), rich.TextColumn("{task.fields[notes]}", markup=False)]
        # Without its thread, which would draw while the program prints.
        self._bar: Any = rich.Progress(*columns, console=console, auto_refresh=False)
        self._bar.start()
        self._task: Any = self._bar.add_task(title, total=progress.total, notes="")

    def show(self, progress: Progress) -> None:
        self._bar.update(
            self._task,
            total=progress.total,
            completed=progress.done,
            notes=_notes(progress),
            refresh=True,
        )

    def close(self) -> None:
        self._bar.stop()
