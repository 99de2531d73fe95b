"""The pytest plugin: fixtures for embedded servers, cassettes and a virtual clock, found through an entry point."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from . import AsyncServer, Cassette, Server, VirtualClock

_Server = TypeVar("_Server", bound="Server | AsyncServer")
_FAILED = pytest.StashKey[bool]()
_PACKAGE = f"{Path(__file__).parents[1]}{os.sep}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Note whether a test failed or was skipped, and shorten the traceback of an unexpected request.

    It has to run first: pytest makes the report from the traceback.
    """
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
    """End a traceback before this package, since its frames do not help to find the mistake."""
    while frame is not None:
        following = frame.tb_next
        if following is not None and following.tb_frame.f_code.co_filename.startswith(_PACKAGE):
            frame.tb_next = following = None
        frame = following


@pytest.fixture
def responses_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A `Server` of its own for each test.

        def test_greeting(responses_server):
            responses_server.reply("Hello")
            response = responses_server.client().responses.create(model="m", input="Hi")
            assert response.output_text == "Hello"

    The end of the test fails if a request that it expected was never sent.
    """
    # Imported here: pytest loads plugins in every run, also of projects that never use this one.
    from . import Server

    yield from _used(Server(), request)


# Not async, so that it works under any plugin that runs async tests.
@pytest.fixture
def async_responses_server(request: pytest.FixtureRequest) -> Iterator[AsyncServer]:
    """An `AsyncServer` of its own for each test, on asyncio and trio, otherwise like `responses_server`."""
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
            pytest.fail(str(error), pytrace=False)  # the traceback would only show this fixture


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker."""
    config.addinivalue_line(
        "markers", "responses_cassette(**options): the options of the `Cassette` of the fixture of this name."
    )


@pytest.fixture
def responses_cassette(request: pytest.FixtureRequest) -> Iterator[Cassette]:
    """A `Cassette` of its own for each test: `cassettes/MODULE/TEST.jsonl` beside the module of the test.

        @pytest.mark.responses_cassette(ignore=["metadata.run_id"])
        def test_weather(responses_cassette):
            client = responses_cassette.client()
            assert "sunny" in client.responses.create(model="gpt-5.4", input="The weather?").output_text

    The marker has the options of `Cassette`; the variable RESPONSES_CASSETTES is the mode. The end of the test fails if
    a recorded request was not sent. A test that fails does not replace its file.
    """
    from . import Cassette

    item: pytest.Item = request.node
    marker = item.get_closest_marker("responses_cassette")
    name = re.sub(r"[^\w.-]+", "-", item.name).strip("-")
    path = request.path.parent / "cassettes" / request.path.stem / f"{name}.jsonl"
    cassette = Cassette(path, **(marker.kwargs if marker else {}))
    yield cassette
    failed = item.stash.get(_FAILED, False)
    cassette.close(keep=not failed)
    if not failed:
        try:
            cassette.verify()
        except AssertionError as error:
            pytest.fail(str(error), pytrace=False)


@pytest.fixture
def virtual_clock() -> Iterator[VirtualClock]:
    """A `VirtualClock` in use during the test: waits and time limits of the package take no time."""
    from . import VirtualClock

    with VirtualClock() as clock:
        yield clock
