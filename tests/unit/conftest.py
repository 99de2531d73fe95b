"""Fixtures of the unit tests: the embedded server, and a scripted outside world, in each mode."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from callers import RULE_MODES, Caller
from fake_io import Clock, use_clock
from observed_calls import Player
from waits import SHORT

from responses_client._base import clock as package_clock
from responses_client.testing import Server


@pytest.fixture(autouse=True)
def _no_long_real_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse waits of the package that take long: back-off and polls are tested on `virtual_clock`."""
    sleep, sleep_async = package_clock.sleep, package_clock.sleep_async

    def check(began: float, seconds: float) -> None:
        if time.monotonic() - began >= seconds > SHORT:
            pytest.fail(f"the package waited for {seconds} s of real time; use the fixture virtual_clock")

    def checked(seconds: float) -> None:
        began = time.monotonic()
        sleep(seconds)
        check(began, seconds)

    async def checked_async(seconds: float) -> None:
        began = time.monotonic()
        await sleep_async(seconds)
        check(began, seconds)

    monkeypatch.setattr(package_clock, "sleep", checked)
    monkeypatch.setattr(package_clock, "sleep_async", checked_async)


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
