"""Fixtures for the tests of the drivers."""

from __future__ import annotations

import pytest
from callers import ASYNC_MODES, MODES
from drivers import Driver


@pytest.fixture(params=MODES)
def driver(request: pytest.FixtureRequest) -> Driver:
    """Each driver in turn: sync, on asyncio, and on trio."""
    return Driver(request.param)


@pytest.fixture(params=ASYNC_MODES)
def async_driver(request: pytest.FixtureRequest) -> Driver:
    """The async driver, on asyncio and on trio."""
    return Driver(request.param)
