"""The pytest plugin: fixtures with an embedded server and a clock, loaded by pytest through an entry point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from . import Server, VirtualClock


@pytest.fixture
def responses_server() -> Iterator[Server]:
    """An embedded Responses API that knows nothing but what this test does with it."""
    # Imported here: pytest loads plugins in every run, also of projects that never use this one.
    from . import Server

    with Server() as server:
        yield server


@pytest.fixture
def virtual_clock() -> Iterator[VirtualClock]:
    """A clock that stands in for the real one: waits and time limits of the package take no time."""
    from . import VirtualClock

    with VirtualClock() as clock:
        yield clock
