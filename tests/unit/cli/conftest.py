"""The surroundings of the command: no settings, no input, a state folder of its own, and the embedded server."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import VARIABLES, Answer, Loopback

from responses_client._cli import connection
from responses_client._client import Client
from responses_client.testing import Server

STYLES = ("NO_COLOR", "FORCE_COLOR", "TERM")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in (*VARIABLES, *STYLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """The embedded server of a demonstration."""
    server = Server()
    monkeypatch.setattr("responses_client.testing.Server", lambda: server)
    return server


@pytest.fixture
def configured(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server that the environment names, which keeps its answers."""

    def make(**options: object) -> Client:
        return server.client()

    monkeypatch.setattr(connection, "Client", make)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://server.test/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    return server


@pytest.fixture
def loopback() -> Iterator[Callable[[Answer], Loopback]]:
    """Starts HTTP servers that answer by a function of the test."""
    started: list[Loopback] = []

    def start(answer: Answer) -> Loopback:
        started.append(Loopback(answer))
        return started[-1]

    yield start
    for server in started:
        server.stop()
