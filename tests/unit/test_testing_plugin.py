"""The pytest fixture that comes with the package."""

from __future__ import annotations

from testing_helpers import created, text_of

from responses_client.testing import Server
from responses_client.testing.plugin import responses_server  # noqa: F401


def test_fixture_is_a_fresh_server(responses_server: Server) -> None:  # noqa: F811
    assert responses_server.requests == []
    assert text_of(created(responses_server.reply("Hello"))) == "Hello"


def test_fixture_knows_nothing_of_the_test_before(responses_server: Server) -> None:  # noqa: F811
    assert responses_server.requests == []
