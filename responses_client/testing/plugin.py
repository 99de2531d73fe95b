"""The pytest plugin: fixtures with an embedded server and a clock, loaded by pytest through an entry point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from . import Server, VirtualClock


_FAILED = pytest.StashKey[bool]()


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Note that a test has ended early, by failing or by being skipped."""
    if call.when != "teardown":
        item.stash[_FAILED] = call.excinfo is not None


@pytest.fixture
def responses_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """An embedded Responses API that knows nothing but what this test does with it."""
    # Imported here: pytest loads plugins in every run, also of projects that never use this one.
    from . import Server

    server = Server()
    yield server
    server.close()
    item: pytest.Item = request.node
    if not item.stash.get(_FAILED, False):
        server.verify()


@pytest.fixture
def virtual_clock() -> Iterator[VirtualClock]:
    """A clock that stands in for the real one: waits and time limits of the package take no time."""
    from . import VirtualClock

    with VirtualClock() as clock:
        yield clock
