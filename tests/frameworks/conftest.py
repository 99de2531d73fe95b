"""A server in process, for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from responses_client.testing import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """The server; the test fails at its end if an expected request was never sent."""
    with Server() as server:
        yield server
