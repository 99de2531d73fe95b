"""Deviations of real servers from the published API: each ends typed, lossless and in the right outcome."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from wire_helpers import differences, framed, lost_by, stream_through, unknown_parts

from responses_client import Client
from responses_client.errors import APIError
from responses_client.models import Response

FILES = sorted(Path(__file__).with_name("deviations").glob("*.yaml"))
ROWS: list[dict[str, Any]] = [row for path in FILES for row in yaml.safe_load(path.read_text("utf-8"))]
STREAMS = [pytest.param(row, id=row["name"]) for row in ROWS if "frames" in row]
BODIES = [pytest.param(row, id=row["name"]) for row in ROWS if "body" in row]


def wire_of(frames: list[dict[str, Any] | str]) -> list[dict[str, Any]]:
    """Return the JSON objects in the frames."""
    objects: list[dict[str, Any]] = []
    for line in framed(frames).decode().splitlines():
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data.startswith("{") and data.endswith("}"):
            objects.append(json.loads(data))
    return objects


def check_error(row: dict[str, Any], error: APIError | None) -> None:
    assert type(error).__name__ == row["outcome"]
    for name, value in row.get("error", {}).items():
        assert getattr(error, name) == value, name


def check_response(row: dict[str, Any], response: Response | None) -> None:
    if row.get("text") is not None:
        assert response is not None
        assert response.output_text == row["text"]
    if "partial" in row:
        assert response is not None
        assert response.status == row["partial"]
    if "items" in row:
        assert response is not None
        assert [type(item).__name__ for item in response.output] == row["items"]


@pytest.mark.parametrize("size", [1, 7, 64, 2**20])
@pytest.mark.parametrize("row", STREAMS)
def test_each_stream_ends_in_its_outcome(row: dict[str, Any], size: int):
    outcome = stream_through(framed(row["frames"]), size=size, broken_by=row.get("break"))
    assert outcome.name == row["outcome"]
    if outcome.failure is not None:
        check_error(row, outcome.failure)
    check_response(row, outcome.snapshot)
    assert {type(event).__name__ for event in outcome.events} >= set(row.get("events", []))


@pytest.mark.parametrize("row", STREAMS)
def test_each_event_is_typed_and_lossless(row: dict[str, Any]):
    outcome = stream_through(framed(row["frames"]))
    for event, wire in zip(outcome.events, wire_of(row["frames"]), strict=False):
        assert lost_by(event, wire) == []
    assert len(unknown_parts(outcome.events)) == row.get("unknown", 0)


@pytest.mark.parametrize("row", [row for row in STREAMS if not row.values[0].get("unknown")])
def test_no_stream_is_too_odd_for_strict_mode(row: dict[str, Any]):
    assert (
        stream_through(framed(row["frames"]), strict=True, broken_by=row.get("break")).name == row["outcome"]
    )


@pytest.mark.parametrize("row", STREAMS)
def test_snapshots_on_the_way_change_nothing(row: dict[str, Any]):
    body = framed(row["frames"])
    once, often = stream_through(body), stream_through(body, looking=True)
    assert once.snapshot == often.snapshot
    assert once.name == often.name
    if once.snapshot is not None and often.snapshot is not None:
        assert differences(once.snapshot.to_dict(), often.snapshot.to_dict()) == []


def client_for(row: dict[str, Any]) -> Client:
    if "frames" in row:
        answer = {"headers": {"content-type": "text/event-stream"}, "content": framed(row["frames"])}
    else:
        answer = {"json": row["body"]}
    transport = httpx.MockTransport(lambda _: httpx.Response(row.get("status", 200), **answer))
    return Client(api_key="key-of-no-one", http_client=httpx.Client(transport=transport), max_retries=0)


@pytest.mark.parametrize("row", BODIES)
def test_each_answer_has_its_outcome(row: dict[str, Any]):
    try:
        response = client_for(row).responses.create(model="kettle-1", input="What do you drink?")
    except APIError as error:
        check_error(row, error)
    else:
        assert str(response.status) == row["outcome"]
        check_response(row, response)
        assert unknown_parts(response) == []
        assert lost_by(response, row["body"]) == []


@pytest.mark.parametrize("row", [row for row in STREAMS if "break" not in row.values[0]])
def test_a_client_sees_the_same(row: dict[str, Any]):
    stream = client_for(row).responses.create(model="kettle-1", input="What do you drink?", stream=True)
    try:
        with stream:
            response: Response | None = stream.get_final_response()
    except APIError as error:
        check_error(row, error)
        response = stream.snapshot
    else:
        assert response is not None
        assert str(response.status) == row["outcome"]
    check_response(row, response)


@pytest.mark.parametrize("row", [row for row in STREAMS if "break" not in row.values[0]])
def test_a_plain_call_answered_by_a_stream_gives_its_response(row: dict[str, Any]):
    try:
        response = client_for(row).responses.create(model="kettle-1", input="What do you drink?")
    except APIError as error:
        check_error(row, error)
    else:
        assert str(response.status) == row["outcome"]
        check_response(row, response)
