"""The embedded server, and a caller in each mode, for the tests of maps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from callers import MODES, Caller

from responses_client.testing import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """An embedded server in this process."""
    with Server() as server:
        yield server


@pytest.fixture(params=MODES)
def caller(request: pytest.FixtureRequest, server: Server) -> Caller:
    """A caller of that server, in each mode in turn."""
    return Caller(request.param, server.client, server.async_client)
