"""Fixtures of the tests of runs: the embedded server without waits, and a caller for each kind of client."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from responses_client._base.retry import Policy
from responses_client.testing import Server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server for clients that hardly wait between attempts and polls; a test leaves no stream open."""
    monkeypatch.setattr("responses_client._calls.attempts.Policy", partial(Policy, initial=0.001))
    monkeypatch.setattr("responses_client._runs.loop._POLL_INTERVAL_SECONDS", 0.001)
    with Server() as server:
        yield server
        assert server.open_streams == 0
