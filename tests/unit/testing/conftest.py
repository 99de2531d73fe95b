"""Fixtures for the tests of the embedded server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from callers import MODES, Caller

from responses_client.testing import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A server in process; the test fails at its end if an expected request was never sent."""
    with Server() as server:
        yield server


@pytest.fixture(params=MODES)
def caller(request: pytest.FixtureRequest, server: Server) -> Caller:
    """A caller of that server: sync, on asyncio, and on trio."""
    return Caller(request.param, server.client, server.async_client)
