"""The names that `responses_client.testing` exports, and the pytest fixture that comes with it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from testing_helpers import created, text_of

from responses_client import testing
from responses_client.testing import Server
from responses_client.testing.plugin import responses_server  # noqa: F401


def test_fixture_is_a_fresh_server(responses_server: Server) -> None:  # noqa: F811
    assert responses_server.requests == []
    assert text_of(created(responses_server.reply("Hello"))) == "Hello"


def test_fixture_knows_nothing_of_the_test_before(responses_server: Server) -> None:  # noqa: F811
    assert responses_server.requests == []


def test_plugin_loads_nothing_that_is_not_used() -> None:
    program = (
        "import sys, responses_client.testing.plugin\n"
        "sys.exit('httpx' in sys.modules or 'pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_exported_names_are_these() -> None:
    names = [
        "Answer",
        "AsyncServer",
        "RateLimit",
        "RecordedRequest",
        "Server",
        "VirtualClock",
        "Webhook",
        "sign_webhook",
    ]
    assert dir(testing) == testing.__all__ == names
    for name in testing.__all__:
        assert getattr(testing, name).__module__ == "responses_client.testing"


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Sever'"):
        testing.Sever  # type: ignore[attr-defined]  # noqa: B018
