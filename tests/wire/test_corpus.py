"""Recorded traffic of OpenAI, GitHub Copilot and LM Studio: typed to the last part, lossless, rebuilt from deltas.

The recordings are no part of this repository; without them these tests are skipped. What they show is
proved on examples of our own in `test_families.py` and `test_deviations.py`, too.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from wire_helpers import differences, lost_by, stream_through, texts_of, unknown_parts

from responses_client._events.accumulator import Accumulator
from responses_client._events.decoder import EventDecoder
from responses_client.errors import StreamError
from responses_client.models import ErrorResponse, Response

CORPUS = Path(__file__).parents[3] / "shared" / "wire"
EXCHANGES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(CORPUS.rglob("*.json"))}
MISSING = pytest.param(None, marks=pytest.mark.skip(reason=f"no recordings in {CORPUS}"), id="no recordings")

SEALED = "sealed anew for the last event, so the text is another one with the same meaning"
OTHER_OUTPUT = {
    ("github-copilot-id-rotation.1-sse.1", "[0].id"): "Copilot gives each event of an item another id",
    ("github-copilot-id-rotation.1-sse.1", "[1].id"): "Copilot gives each event of an item another id",
    ("openai-compaction.1-sse.1", "[1].encrypted_content"): SEALED,
    ("openai-reasoning-encrypted-content.1-sse.1", "[0].encrypted_content"): SEALED,
    ("programmatic-tool-calling.1-sse.1", "[0].encrypted_content"): SEALED,
    ("programmatic-tool-calling.1-sse.1", "[1].fingerprint"): SEALED,
}
"""Where the last event has another output than the events before it: recording, path, and why."""

WHOLE = "LM Studio sends the arguments of a function call whole, without deltas"
SHORTENED = "the recording was shortened: deltas are left out"
WITHOUT_DELTAS = {
    ("lmstudio-tool-call.1-sse.1", "[2].arguments"): WHOLE,
    ("lmstudio-tool-call.2-sse.1", "[2].arguments"): WHOLE,
    ("openai-phase.1-sse.1", "[0].content[0]"): SHORTENED,
    ("openai-phase.1-sse.1", "[1].content[0]"): SHORTENED,
    ("openai-shell-container.1-sse.1", "[2].content[0]"): SHORTENED,
}
"""Where the deltas do not have all of the text: recording, path, and why."""


def exchanges(kind: str) -> list[Any]:
    found = [pytest.param(name, id=name) for name, exchange in EXCHANGES.items() if exchange["kind"] == kind]
    return found or [MISSING]


def streams_of(name: str) -> list[list[str]]:
    """Return the frames of each response in a recording; some have several, one after the other."""
    streams: list[list[str]] = []
    for frame in EXCHANGES[name]["body"].split("\n\n"):
        if "response.created" in frame.split("\n")[0]:
            streams.append([])
        if frame.strip():
            streams[-1].append(frame)
    return streams


def as_body(frames: list[str]) -> bytes:
    return "".join(f"{frame}\n\n" for frame in frames).encode()


def wire_of(frame: str) -> dict[str, Any]:
    (data,) = [line for line in frame.split("\n") if line.startswith("data: ")]
    return json.loads(data.removeprefix("data: "))


@pytest.mark.parametrize("name", exchanges("sse"))
def test_each_event_has_its_class_and_loses_nothing(name: str):
    for frame in [frame for frames in streams_of(name) for frame in frames]:
        (event,) = EventDecoder(2**26, strict=True).feed(as_body([frame]))
        assert unknown_parts(event) == []
        assert lost_by(event, wire_of(frame)) == []


@pytest.mark.parametrize("name", exchanges("json"))
def test_each_answer_has_its_classes_and_loses_nothing(name: str):
    body = EXCHANGES[name]["body"]
    model = ErrorResponse if body.get("error") else Response
    answer = model.from_dict(body, strict=True)
    assert unknown_parts(answer) == []
    assert lost_by(answer, body) == []


@pytest.mark.parametrize("size", [3, 61, 1021, 2**20])
@pytest.mark.parametrize("name", exchanges("sse"))
def test_each_stream_ends_with_the_response_of_its_last_event(name: str, size: int):
    for frames in streams_of(name):
        wire = [wire_of(frame) for frame in frames]
        outcome = stream_through(as_body(frames), size=size, strict=True)
        if wire[-1]["type"] == "response.failed":
            assert isinstance(outcome.failure, StreamError)
            assert outcome.failure.code == wire[-1]["response"]["error"]["code"]
        else:
            assert outcome.failure is None
            assert len(outcome.events) == len(frames)
        assert outcome.snapshot is not None
        assert lost_by(outcome.snapshot, wire[-1]["response"]) == []


@pytest.mark.parametrize("name", exchanges("sse"))
def test_the_events_before_the_last_give_its_output(name: str):
    for frames in streams_of(name):
        rebuilt = stream_through(as_body(frames[:-1])).snapshot
        assert rebuilt is not None
        found = differences(wire_of(frames[-1])["response"]["output"], rebuilt.to_dict()["output"])
        assert [line for line in found if (name, line.partition(":")[0]) not in OTHER_OUTPUT] == []


@pytest.mark.parametrize("name", exchanges("sse"))
def test_deltas_alone_give_the_text(name: str):
    for frames in streams_of(name):
        events = EventDecoder(2**26, strict=True).feed(as_body(frames))
        accumulator = Accumulator()
        accumulator.extend([e for e in events if not str(e.type).endswith((".done", ".completed"))])
        snapshot = accumulator.snapshot()
        assert snapshot is not None
        whole = texts_of(wire_of(frames[-1])["response"]["output"])
        found = differences(whole, texts_of(snapshot.to_dict()["output"]))
        assert [line for line in found if (name, line.partition(":")[0]) not in WITHOUT_DELTAS] == []
