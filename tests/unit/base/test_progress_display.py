"""The display of `progress=True`: lines, bars of tqdm and rich, and failures while they draw."""

from __future__ import annotations

import builtins
import io
import re
import sys
import threading
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from fake_io import Clock

from responses_client import Progress
from responses_client._base import progress_display
from responses_client._base.progress_display import ProgressDisplay

T = TypeVar("T")


def needs(library: str) -> None:
    """Skip a test without a library of which no group has rich: httpx would load it in all other tests."""
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")


class Terminal(io.StringIO):
    """Standard error, as a terminal."""

    def isatty(self) -> bool:
        return True


def use_stderr(monkeypatch: pytest.MonkeyPatch, stream: T) -> T:
    """Replace standard error for the display alone: pytest sets that of the process before each test."""
    monkeypatch.setattr(progress_display, "sys", SimpleNamespace(stderr=stream, modules=sys.modules))
    return stream


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Standard error, as a file."""
    return use_stderr(monkeypatch, io.StringIO())


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "120")
    return use_stderr(monkeypatch, Terminal())


@pytest.fixture
def no_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tqdm", "tqdm.std", "tqdm.auto"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture
def no_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("rich", "rich.progress", "rich.console"):
        monkeypatch.setitem(sys.modules, name, None)


def drawn(*states: Progress, title: str = "map") -> None:
    """Show states one after the other, and close the display."""
    display = ProgressDisplay(title)
    display.open(Progress(total=states[0].total))
    for state in states:
        display.show(state)
    display.close()


def visible(text: str) -> str:
    """Return the text that a terminal shows, without control characters."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_file_gets_a_line_each_ten_seconds_and_the_last_state(lines: io.StringIO, clock: Clock) -> None:
    display = ProgressDisplay("map")
    display.open(Progress(total=9))
    for done in range(1, 10):
        clock.now += 4
        display.show(Progress(total=9, done=done))
    assert [line.split(" of")[0] for line in lines.getvalue().splitlines()] == ["map: 3", "map: 6", "map: 9"]

    display.show(Progress(total=9, done=9, failed=1))
    display.close()
    display.close()
    assert lines.getvalue().splitlines()[3:] == ["map: 9 of 9 done in 0:00, 1 failed"]


def test_short_work_gives_one_line_in_a_file(lines: io.StringIO, clock: Clock) -> None:
    drawn(*(Progress(total=3, done=done) for done in range(4)))
    assert lines.getvalue() == "map: 3 of 3 done in 0:00\n"


def test_nothing_is_said_of_work_without_a_state(lines: io.StringIO, clock: Clock) -> None:
    display = ProgressDisplay("map")
    display.open(Progress())
    display.close()
    assert lines.getvalue() == ""


@pytest.mark.usefixtures("no_tqdm", "no_rich")
def test_terminal_without_a_library_gets_lines(terminal: Terminal, clock: Clock) -> None:
    drawn(Progress(total=3, done=3, wait_reason="a \x1b[31m reason\nof two lines"), title="m\u202eap")
    assert terminal.getvalue() == "m ap: 3 of 3 done in 0:00, a [31m reason of two lines\n"


def test_tqdm_draws_the_bar_where_it_is_installed(terminal: Terminal, clock: Clock) -> None:
    pytest.importorskip("tqdm")
    before = threading.active_count()
    drawn(Progress(total=4, done=2, failed=1, wait_reason="nothing is sent\nto m"), Progress(total=4, done=4))

    assert threading.active_count() == before
    last = visible(terminal.getvalue()).rstrip().rpartition("\r")[2]
    assert last.startswith("map 100%|")
    assert "4/4 [" in last
    assert "failed" not in last


def test_bar_of_tqdm_shows_why_it_waits(terminal: Terminal, clock: Clock) -> None:
    pytest.importorskip("tqdm")
    display = ProgressDisplay("map")
    display.open(Progress(total=4))
    clock.now += 1
    display.show(Progress(total=4, done=2, failed=1, wait_reason="nothing is sent\nto m"))
    assert (
        visible(terminal.getvalue()).rpartition("\r")[2].rstrip().endswith("1 failed, nothing is sent to m]")
    )
    shown = terminal.getvalue()
    display.show(Progress(total=4, done=3))
    assert terminal.getvalue() == shown  # a moment ago there was another
    display.close()
    assert "3/4" in terminal.getvalue()


@pytest.mark.usefixtures("no_tqdm")
def test_rich_draws_the_bar_where_tqdm_is_not_installed(terminal: Terminal, clock: Clock) -> None:
    needs("rich")
    before = threading.active_count()
    drawn(Progress(total=4, done=4, failed=1, wait_reason="[bold]why"), title="[red]map")

    assert threading.active_count() == before
    shown = visible(terminal.getvalue())
    assert "[red]map" in shown
    assert "4/4" in shown
    assert "1 failed, [bold]why" in shown


@pytest.mark.parametrize("library", ["tqdm", "rich"])
@pytest.mark.parametrize(("total", "counts"), [(None, "7"), (1, "")])
def test_work_without_a_length_has_no_bar(
    terminal: Terminal,
    clock: Clock,
    request: pytest.FixtureRequest,
    library: str,
    total: int | None,
    counts: str,
) -> None:
    needs(library)
    if library == "rich":
        request.getfixturevalue("no_tqdm")
    drawn(Progress(total=total, done=int(counts or 0), wait_reason="in_progress"))

    last = visible(terminal.getvalue()).rstrip().splitlines()[-1].rpartition("\r")[2]
    assert last.startswith("map")
    assert counts in last
    assert "in_progress" in last
    assert "%" not in last
    if library == "tqdm":
        assert last == f"map{counts and ' ' + counts} [00:00, in_progress]"


def test_notebook_gets_the_bar_of_notebooks(
    lines: io.StringIO, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[dict[str, Any]] = []

    class Bar:
        def __init__(self, **options: Any) -> None:
            made.append(options)

        def set_postfix_str(self, text: str, refresh: bool) -> None: ...

        def refresh(self) -> None: ...

        def close(self) -> None: ...

    shell = SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(progress_display, "import_module", {"tqdm.auto": SimpleNamespace(tqdm=Bar)}.get)
    drawn(Progress(total=3, done=3))

    assert [options["total"] for options in made] == [3]
    assert lines.getvalue() == ""


def test_process_without_standard_error_shows_nothing(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    use_stderr(monkeypatch, None)
    drawn(Progress(total=3, done=3))


@pytest.mark.parametrize("moment", ["write", "flush"])
def test_error_while_it_draws_ends_the_display_alone(
    lines: io.StringIO,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    moment: str,
) -> None:
    calls: list[object] = []

    def fail(*args: object) -> None:
        calls.append(args)
        raise builtins.BrokenPipeError("the terminal is gone")

    monkeypatch.setattr(lines, moment, fail)
    caplog.set_level("INFO", "responses_client")
    display = ProgressDisplay("map")
    display.open(Progress(total=9))
    for done in range(3):
        clock.now += 20
        display.show(Progress(total=9, done=done))
    display.close()

    assert len(calls) == 1
    assert caplog.messages == ["Progress is no longer shown: BrokenPipeError: the terminal is gone"]


def test_interrupt_while_it_draws_is_not_lost(
    lines: io.StringIO, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lines, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        drawn(Progress(total=3, done=3))


def test_bar_of_rich_has_no_thread_and_no_markup(
    terminal: Terminal, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[Any, ...]] = []

    class Bar:
        def __init__(self, *columns: Any, console: Any, auto_refresh: bool) -> None:
            calls.append(("made", [*columns], console, auto_refresh))

        def start(self) -> None:
            calls.append(("start",))

        def add_task(self, title: str, *, total: int | None, notes: str) -> int:
            calls.append(("task", title, total, notes))
            return 7

        def update(self, task: int, **fields: Any) -> None:
            calls.append(("update", task, fields))

        def stop(self) -> None:
            calls.append(("stop",))

    def column(name: str) -> Any:
        return lambda text="", markup=False: (name, text, markup)

    names = ("TextColumn", "BarColumn", "MofNCompleteColumn", "TimeElapsedColumn")
    modules = {
        "rich.progress": SimpleNamespace(Progress=Bar, **{name: column(name) for name in names}),
        "rich.console": SimpleNamespace(Console=lambda file: file),
    }
    monkeypatch.setattr(progress_display, "import_module", modules.__getitem__)  # which has no tqdm
    for total in (4, 1):
        drawn(Progress(total=total, done=1, failed=1), title="[red]map")

    made = [entry for entry in calls if entry[0] == "made"]
    assert [[name for name, _, _ in columns] for _, columns, _, _ in made] == [
        ["TextColumn", "BarColumn", "MofNCompleteColumn", "TimeElapsedColumn", "TextColumn"],
        ["TextColumn", "TimeElapsedColumn", "TextColumn"],
    ]
    assert {(console, refresh) for _, _, console, refresh in made} == {(terminal, False)}
    assert not any(markup for _, columns, _, _ in made for _, _, markup in columns)
    fields = {"completed": 1, "notes": "1 failed", "refresh": True}
    assert calls[1:5] == [
        ("start",),
        ("task", "[red]map", 4, ""),
        ("update", 7, {"total": 4, **fields}),
        ("stop",),
    ]
