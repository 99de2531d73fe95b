"""Fixtures of the unit tests: the embedded server, and a scripted outside world, in each mode."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from callers import RULE_MODES, Caller
from fake_io import Clock, use_clock
from observed_calls import Player

from responses_client.testing import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A server in process; the test fails at its end if an expected request was never sent."""
    with Server() as server:
        yield server


@pytest.fixture(params=RULE_MODES)
def caller(request: pytest.FixtureRequest, server: Server) -> Caller:
    """A caller of that server: sync and on asyncio."""
    return Caller(request.param, server.client, server.async_client)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that only moves when something waits, in place of the real one."""
    return use_clock(monkeypatch)


@pytest.fixture(params=RULE_MODES)
def player(request: pytest.FixtureRequest) -> Player:
    """Calls and streams over a scripted outside world: sync and on asyncio."""
    return Player(request.param)
