"""The fixtures of the pytest plugin, under plugins that run async tests and without one."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
import trio
from server_calls import asked, created, text_of

import responses_client.testing._cassettes.exchanges  # noqa: F401  # pytester forgets what its tests import first
from responses_client.testing import AsyncServer, Server, VirtualClock

pytest_plugins = ["pytester"]


def test_fixture_is_a_fresh_server(responses_server: Server) -> None:
    assert responses_server.requests == []
    assert text_of(created(responses_server.reply("Hello"))) == "Hello"


def test_fixture_knows_nothing_of_the_test_before(responses_server: Server) -> None:
    assert responses_server.requests == []


def test_plugin_loads_nothing_that_is_not_used() -> None:
    program = (
        "import sys, responses_client.testing.plugin\n"
        "sys.exit('httpx' in sys.modules or 'pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


async def test_fixture_serves_tests_of_anyio(async_responses_server: AsyncServer) -> None:
    assert await asked(async_responses_server.reply("Hello")) == "Hello"


def test_fixture_serves_tests_that_asyncio_runs(async_responses_server: AsyncServer) -> None:
    assert asyncio.run(asked(async_responses_server.reply("Hello"))) == "Hello"


def test_fixture_serves_tests_that_trio_runs(async_responses_server: AsyncServer) -> None:
    assert trio.run(asked, async_responses_server.reply("Hello")) == "Hello"


async def test_fixtures_go_together(async_responses_server: AsyncServer, virtual_clock: VirtualClock) -> None:
    async_responses_server.fail(429, retry_after=30).reply("Hello")
    assert await asked(async_responses_server) == "Hello"
    assert virtual_clock.waits == [30]


ASYNC_SUITE = """
import anyio

def test_met(async_responses_server):
    async def main():
        async_responses_server.expect(user="Hi").reply("Hello")
        await async_responses_server.client().responses.create(model="m", input="Hi")
    anyio.run(main)

def test_forgotten(async_responses_server):
    async_responses_server.expect(user="Hi").reply("Hello")
"""


def test_end_of_the_fixture_asks_for_what_is_lacking_async(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(ASYNC_SUITE)
    result = pytester.runpytest("-p", "no:cacheprovider", "-p", "no:anyio")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["An expected request was never sent: user='Hi'"])


SUITE = """
import pytest
import trio

def test_met(responses_server):
    responses_server.expect(user="Hi").reply("Hello")
    responses_server.client().responses.create(model="m", input="Hi")

def test_forgotten(responses_server):
    responses_server.expect(user="Hi").reply("Hello")

def test_skipped(responses_server):
    responses_server.expect(user="Hi").reply("Hello")
    pytest.skip("no")

def test_failed(responses_server):
    responses_server.expect(user="Hi").reply("Hello")
    responses_server.client().responses.create(model="m", input="Bye")
"""


def test_end_of_the_fixture_asks_for_what_is_lacking(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest("-p", "no:cacheprovider", "-p", "no:anyio")
    result.assert_outcomes(passed=2, failed=1, skipped=1, errors=1)
    result.stdout.no_fnmatch_line("*in handle_request*")
    result.stdout.no_fnmatch_line("*plugin.py*")
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_forgotten*",
            "An expected request was never sent: user='Hi'",
            "*test_failed*",
            '>*create(model="m", input="Bye")',
            "*    expected: 'Hi'",
            "*    got:      'Bye'",
        ]
    )


CASSETTE_SUITE = """
import httpx, pytest
from responses_client.testing import Server

ANSWERS = Server()

def client_of(cassette, mode):
    http_client = httpx.Client(transport=ANSWERS.transport()) if mode == "record" else None
    return cassette.client(api_key="sk-any-key", base_url=ANSWERS.base_url, http_client=http_client)

@pytest.mark.parametrize("name", ["a", "b c"])
@pytest.mark.responses_cassette(ignore=["metadata"])
def test_greeting(responses_cassette, name, request):
    client = client_of(responses_cassette, responses_cassette.mode)
    client.responses.create(model="m", input=f"Hi {name}", metadata={"mode": responses_cassette.mode})
"""


def test_cassette_is_named_after_its_test_and_the_marker_has_its_options(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(test_it=CASSETTE_SUITE)
    monkeypatch.setenv("RESPONSES_CASSETTES", "record")
    pytester.runpytest("-p", "no:cacheprovider", "-p", "no:anyio", "--strict-markers").assert_outcomes(
        passed=2
    )
    names = sorted(path.name for path in (pytester.path / "cassettes" / "test_it").iterdir())
    assert names == ["test_greeting-a.jsonl", "test_greeting-b-c.jsonl"]

    monkeypatch.delenv("RESPONSES_CASSETTES")
    pytester.runpytest("-p", "no:cacheprovider", "-p", "no:anyio", "--strict-markers").assert_outcomes(
        passed=2
    )


FAILING_SUITE = """
import os
from responses_client.testing import Server
import httpx

def test_greeting(responses_cassette):
    server = Server()
    client = responses_cassette.client(
        api_key="sk-any-key", base_url=server.base_url, http_client=httpx.Client(transport=server.transport())
    )
    if "SKIPS" not in os.environ:
        client.responses.create(model="m", input="Hi")
    assert "FAILS" not in os.environ
"""


def test_test_that_fails_does_not_replace_its_cassette(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(test_it=FAILING_SUITE)
    monkeypatch.setenv("RESPONSES_CASSETTES", "record")
    monkeypatch.setenv("FAILS", "1")
    pytester.runpytest("-p", "no:cacheprovider", "-p", "no:anyio").assert_outcomes(failed=1)
    folder = pytester.path / "cassettes" / "test_it"
    assert [path.name for path in folder.iterdir()] == ["test_greeting.jsonl.recording"]

    monkeypatch.delenv("FAILS")
    pytester.runpytest("-p", "no:cacheprovider", "-p", "no:anyio").assert_outcomes(passed=1)
    assert "test_greeting.jsonl" in {path.name for path in folder.iterdir()}


def test_recorded_request_that_a_test_does_not_send_fails_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(test_it=FAILING_SUITE)
    monkeypatch.setenv("RESPONSES_CASSETTES", "record")
    pytester.runpytest("-p", "no:cacheprovider", "-p", "no:anyio").assert_outcomes(passed=1)
    monkeypatch.setenv("RESPONSES_CASSETTES", "replay")
    monkeypatch.setenv("SKIPS", "1")
    result = pytester.runpytest("-p", "no:cacheprovider", "-p", "no:anyio")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*A recorded request was not sent (test_greeting.jsonl): POST /responses"])
