"""Bodies in the log: only if the level of their own logger is set, and without credentials."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fake_io import Clock, FakeBody, FakeIO, bad, good, stream
from observed_calls import Player
from samples import COMPLETED, CREATED, KEY, response

from responses_client import Client, RawAnswer
from responses_client._transport.protocols import TransportError
from responses_client.errors import APIConnectionError, APIStatusError, ResponseValidationError

BODIES = "responses_client.bodies"
TOKEN = "hunter2-of-the-tool"
TOOLS: list[Any] = [
    {"type": "mcp", "server_label": "wiki", "authorization": TOKEN, "headers": {"X-Any": TOKEN}},
    {
        "type": "shell",
        "environment": {
            "type": "container_auto",
            "network_policy": {
                "type": "allowlist",
                "allowed_domains": ["a.test"],
                "domain_secrets": [{"domain": "a.test", "name": "A", "value": TOKEN}],
            },
        },
    },
]


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    logging.getLogger(BODIES).setLevel(logging.NOTSET)
    logging.getLogger(BODIES).disabled = False


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == BODIES]


def test_bodies_are_logged_when_their_logger_is_set(
    player: Player, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, BODIES)

    player.fetch(FakeIO(clock, bad(500, {"message": "Busy"}), good()))

    sent = 'responses.create sent {"model":"m","input":"Hi"}'
    assert logged(caplog)[:3] == [sent, 'responses.create got {"error":{"message":"Busy"}}', sent]
    name, _, data = logged(caplog)[3].partition(" got ")
    assert (name, json.loads(data)) == ("responses.create", response())
    assert {record.levelname for record in caplog.records if record.name == BODIES} == {"DEBUG"}


def test_events_are_logged_one_by_one(player: Player, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, BODIES)

    player.events(FakeIO(clock, stream(CREATED + COMPLETED)))

    lines = [line.partition(" got ")[2] for line in logged(caplog)[1:]]
    assert [json.loads(line)["type"] for line in lines] == ["response.created", "response.completed"]


@pytest.mark.parametrize("level", [logging.NOTSET, logging.INFO])
def test_no_other_setting_shows_bodies(
    player: Player, clock: Clock, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "responses_client")
    caplog.set_level(level, BODIES)

    player.fetch(FakeIO(clock, good()), on_request=print)

    assert logged(caplog) == []


def test_disabled_logger_shows_none(player: Player, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, BODIES)
    logging.getLogger(BODIES).disabled = True

    player.fetch(FakeIO(clock, good()))

    assert logged(caplog) == []


def test_keys_in_bodies_are_masked(player: Player, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, BODIES)
    secret = {"id": "we_1", "signing_secret": TOKEN, "headers": "plain", "domain_secrets": None}
    answer = response(text=f"The key is {KEY}", tools=TOOLS, metadata=secret)
    io = FakeIO(clock, FakeBody(json.dumps(answer).encode()))

    player.fetch(io, {"tools": TOOLS, "instructions": f"Never say {KEY}.", "store": False})

    sent, got = logged(caplog)
    assert '"authorization":"***","headers":{"X-Any":"***"}' in sent
    assert '"domain_secrets":"***"' in sent
    assert '"signing_secret":"***","headers":"plain","domain_secrets":null' in got
    assert "The key is ***" in got
    assert KEY not in caplog.text
    assert TOKEN not in caplog.text


def test_answers_that_are_not_json_are_logged_on_one_line(
    player: Player, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, BODIES)

    with pytest.raises(ResponseValidationError):
        player.fetch(FakeIO(clock, FakeBody(b"<html>\nDown</html>")))
    with pytest.raises(APIStatusError):
        player.fetch(FakeIO(clock, FakeBody(b"", status=404)))
    with pytest.raises(APIConnectionError):
        player.fetch(FakeIO(clock, TransportError("network", "ReadError")), max_retries=0)

    assert [line for line in logged(caplog) if " got " in line] == [
        'responses.create got "<html>\\nDown</html>"'
    ]


def test_requests_without_a_body_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    from responses_client.testing import Server

    caplog.set_level(logging.DEBUG, BODIES)
    with Server() as server, server.client() as client:
        response = client.responses.create(model="m", input="Hi")
        caplog.clear()
        client.responses.retrieve(response.id)

    assert [line.split(" {")[0] for line in logged(caplog)] == ["responses.retrieve got"]


@dataclass
class Size:
    size: int


@pytest.mark.parametrize(
    ("given", "cast_to", "body", "lines"),
    [
        ({"json": {"a": 1}}, dict, b'{"b":2}', ['sent {"a":1}', 'got {"b":2}']),
        ({"json": {}}, Size, b'{"size":2}', ["sent {}", 'got {"size":2}']),
        ({"content": b'{"a":1}'}, bytes, b'{"b":2}', ['sent {"a":1}', 'got {"b":2}']),
        ({"content": b"\xff"}, RawAnswer, b"\xff\xff", ['sent "1 bytes that are not JSON"', "got 2 bytes"]),
        ({"content": "a"}, str, b"b", ['sent "1 bytes that are not JSON"', 'got "b"']),
    ],
)
def test_bodies_of_other_requests_are_logged_whatever_they_are(
    given: dict[str, Any], cast_to: Any, body: bytes, lines: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, BODIES)
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, content=body, headers={"content-type": "application/json"})
    )

    with httpx.Client(transport=transport) as http, Client(api_key=KEY, http_client=http) as client:
        client.request("POST", "files", cast_to=cast_to, **given)

    assert [line.replace('"2 bytes that are not JSON"', "2 bytes") for line in logged(caplog)] == [
        f"request {line}" for line in lines
    ]
