"""Callers of the embedded server in each mode."""

from __future__ import annotations

import pytest
from callers import MODES, Caller

from responses_client.testing import Server


@pytest.fixture(params=MODES)
def every_caller(request: pytest.FixtureRequest, server: Server) -> Caller:
    """A caller in each mode, with trio."""
    return Caller(request.param, server.client, server.async_client)
