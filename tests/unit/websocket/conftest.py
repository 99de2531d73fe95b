"""Fixtures for the tests of WebSocket sessions."""

from __future__ import annotations

import pytest
from fake_io import Clock
from fake_socket import FakeSocket, use_socket_clock
from routing_bench import Bench


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the package and of sockets; it moves only when something waits."""
    return use_socket_clock(monkeypatch)


@pytest.fixture
def wire(clock: Clock) -> FakeSocket:
    """A connection to a scripted server; a test adds steps to its `script`."""
    return FakeSocket(clock)


@pytest.fixture
def bench() -> Bench:
    """A router with its inboxes."""
    return Bench()
