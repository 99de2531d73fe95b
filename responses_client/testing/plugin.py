"""The pytest plugin: fixtures with an embedded server and a clock, loaded by pytest through an entry point."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from . import AsyncServer, Server, VirtualClock

_Server = TypeVar("_Server", bound="Server | AsyncServer")
_FAILED = pytest.StashKey[bool]()
_PACKAGE = f"{Path(__file__).parents[1]}{os.sep}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Note that a test has ended early, by failing or by being skipped; show where it sent what it should not."""
    if call.when != "teardown":
        item.stash[_FAILED] = call.excinfo is not None
    expect = sys.modules.get(f"{__package__}._expectations")
    if (
        call.excinfo is not None
        and expect is not None
        and call.excinfo.errisinstance(expect.UnexpectedRequest)
    ):
        _cut(call.excinfo.tb)


def _cut(frame: TracebackType | None) -> None:
    """End a traceback before this package: thirty frames of client and server tell nothing of the mistake."""
    while frame is not None:
        following = frame.tb_next
        if following is not None and following.tb_frame.f_code.co_filename.startswith(_PACKAGE):
            frame.tb_next = following = None
        frame = following


@pytest.fixture
def responses_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """An embedded Responses API that knows nothing but what this test does with it."""
    # Imported here: pytest loads plugins in every run, also of projects that never use this one.
    from . import Server

    yield from _used(Server(), request)


# Not async: so it is one for tests under any plugin that runs async tests.
@pytest.fixture
def async_responses_server(request: pytest.FixtureRequest) -> Iterator[AsyncServer]:
    """The same with clients that are async, on asyncio and trio."""
    from . import AsyncServer

    yield from _used(AsyncServer(), request)


def _used(server: _Server, request: pytest.FixtureRequest) -> Iterator[_Server]:
    yield server
    server.close()
    item: pytest.Item = request.node
    if not item.stash.get(_FAILED, False):
        try:
            server.verify()
        except AssertionError as error:
            pytest.fail(str(error), pytrace=False)  # all there is to see is what did not come


@pytest.fixture
def virtual_clock() -> Iterator[VirtualClock]:
    """A clock that stands in for the real one: waits and time limits of the package take no time."""
    from . import VirtualClock

    with VirtualClock() as clock:
        yield clock
