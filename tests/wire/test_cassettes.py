"""Recorded traffic of real servers as cassettes: it replays as it came.

The recordings are no part of this repository; without them these tests are skipped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from responses_client import APIError, APIStatusError
from responses_client.testing import Cassette
from responses_client.testing._cassettes.exchanges import Body, Exchange, Part, Recording, write_lines
from responses_client.testing._cassettes.frames import FrameSplitter

CORPUS = Path(__file__).parents[3] / "shared" / "wire"
EXCHANGES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(CORPUS.rglob("*.json"))}
MISSING = pytest.param(None, marks=pytest.mark.skip(reason=f"no recordings in {CORPUS}"), id="no recordings")
ASK: dict[str, Any] = {"model": "gpt-5.4", "input": "Hi"}


def named(kind: str) -> list[Any]:
    found = [pytest.param(name, id=name) for name, one in EXCHANGES.items() if one["kind"] == kind]
    return found or [MISSING]


def cassette(path: Path, name: str) -> Path:
    """Write a recording as a cassette with one exchange."""
    given = EXCHANGES[name]
    is_stream = given["kind"] == "sse"
    body = given["body"] if is_stream else json.dumps(given["body"])
    request = Recording(
        "POST", "/responses", body=Body("body", {**ASK, **({"stream": True} if is_stream else {})})
    )
    content_type = "text/event-stream" if is_stream else "application/json"
    exchange = Exchange(request, given["status"], {"content-type": content_type})
    if is_stream:
        splitter = FrameSplitter()
        exchange.parts = [Part.of(at, frame) for at, frame in enumerate(splitter.feed(body.encode()))]
        if rest := splitter.rest():
            exchange.parts.append(Part(len(exchange.parts), "rest", rest))
    else:
        exchange.body = Body.of(body.encode())
    file = path / f"{name}.jsonl"
    file.write_text("".join(f"{line}\n" for line in write_lines([exchange])), "utf-8")
    return file


@pytest.mark.parametrize("name", named("sse"))
def test_stream_replays_with_all_its_events(tmp_path: Path, name: str) -> None:
    sent = [
        json.loads(line[6:]) for line in EXCHANGES[name]["body"].split("\n") if line.startswith("data: {")
    ]
    came: list[Any] = []
    with Cassette(cassette(tmp_path, name)) as replayed:
        stream = replayed.client().responses.create(**ASK, stream=True)
        try:
            with stream:
                for event in stream:
                    came.append(event.to_dict())  # noqa: PERF401  # a list that breaks off keeps nothing
        except APIError:  # some recordings end in an error, or hold several responses
            pass
    assert came == sent[: len(came)]
    assert came


@pytest.mark.parametrize("name", named("json"))
def test_answer_replays_as_it_came(tmp_path: Path, name: str) -> None:
    given = EXCHANGES[name]
    with Cassette(cassette(tmp_path, name)) as replayed:
        client = replayed.client(max_retries=0)
        if given["status"] == 200:
            assert client.responses.create(**ASK).to_dict() == given["body"]
        else:
            with pytest.raises(APIStatusError) as raised:
                client.responses.create(**ASK)
            assert raised.value.body == given["body"]
