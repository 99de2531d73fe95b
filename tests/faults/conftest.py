"""What all tests with broken servers share."""

from __future__ import annotations

from functools import partial

import pytest
from shells import Shell

from responses_client._retry import Policy


@pytest.fixture(params=["sync", "asyncio", "trio"])
def shell(request: pytest.FixtureRequest) -> Shell:
    """Each way to run the client in turn."""
    return Shell(request.param)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let back-off take no time: that the waits are right is tested with a virtual clock."""
    monkeypatch.setattr("responses_client._flow.Policy", partial(Policy, initial=0.001))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
