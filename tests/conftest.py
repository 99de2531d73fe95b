"""Rules and fixtures for all tests."""

from __future__ import annotations

import faulthandler
import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import iscoroutinefunction
from types import FrameType
from typing import Any

import pytest
from anyio import pytest_plugin
from hypothesis import HealthCheck, settings

# No test is timed: under load, or when an example is the first to load a module, any may be slow.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# A program that a shell starts in the background ignores Ctrl-C, and so do the programs that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _usual_log_level() -> None:
    """Undo changes that other packages make when they are imported, and examples of the pages when they run."""
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("responses_client").setLevel(logging.NOTSET)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "no_cover: not traced by coverage, which would take as long as the test"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep lines that random input happens to reach out of the coverage.

    Tests that are not traced come last: a function that keeps its result is traced only at its first call.
    """
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("no_cover")
    items.sort(key=lambda item: item.get_closest_marker("no_cover") is not None)


def pytest_collection_finish() -> None:
    """Leave the tests out of garbage collection, of which each one would look at half a million objects."""
    gc.collect()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "phase_limit", "Seconds after which a test's set-up, call or tear-down fails.", default="120"
    )
    if not hasattr(pytest_plugin, "pytest_addoption"):
        parser.addini("anyio_mode", "As later versions of anyio have it.")


_MOST_LIMITS = 5


@contextmanager
def _limited(item: pytest.Item) -> Iterator[None]:
    """Let a phase of a test that hangs fail, so that the other tests run and all is reported.

    The alarm is repeated because the code under test may swallow the first one. A wait that no signal interrupts is
    ended by `faulthandler_timeout`, and the process with it. Where many programs share each core, the limit is as many
    times as long, up to five: work of ten seconds takes two minutes then.
    """
    if not hasattr(signal, "setitimer"):  # on Windows
        yield
        return
    alarms = 0

    def fail_phase(signum: int, frame: FrameType | None) -> None:
        nonlocal alarms
        alarms += 1
        if alarms < min(os.getloadavg()[0] / (os.cpu_count() or 1), _MOST_LIMITS):
            return
        faulthandler.dump_traceback(sys.stderr)
        pytest.fail("The test hangs. The captured standard error says where.")

    usual = signal.signal(signal.SIGALRM, fail_phase)
    seconds = float(item.config.getini("phase_limit"))
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, usual)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    with _limited(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    with _limited(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    with _limited(item):
        return (yield)


if not hasattr(pytest_plugin, "pytest_addoption"):
    # The lowest versions of anyio have no `anyio_mode`, so that async tests need a mark.

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(collector: Any, name: str, obj: Any) -> None:
        if collector.istestfunction(obj, name) and iscoroutinefunction(obj):
            pytest.mark.anyio(obj)
