"""Streams of every family and answers of every documented form: typed to the last part, lossless, rebuilt."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from wire_helpers import differences, framed, lost_by, stream_through, texts_of, unknown_parts

from responses_client._events.accumulator import Accumulator
from responses_client.models import ErrorEvent, OutputItem, Response, StreamEvent
from responses_client.models._base import union_class

FAMILIES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("families.yaml").read_text("utf-8"))
EACH_FAMILY = pytest.mark.parametrize("family", [pytest.param(row, id=row["name"]) for row in FAMILIES])

EXAMPLES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("reference.yaml").read_text("utf-8")
)

NOT_IN_STREAMS = {
    "error": "ends a stream: see deviations",
    "ping": "see deviations",
    "response.keep_alive": "see deviations",
    "response.audio.delta": "no model of this API sends it",
    "response.audio.done": "no model of this API sends it",
    "response.audio.transcript.delta": "no model of this API sends it",
    "response.audio.transcript.done": "no model of this API sends it",
}
NOT_IN_OUTPUT = {
    "function_call_output": "only in stored input",
    "custom_tool_call_output": "only in stored input",
    "computer_call_output": "only in stored input",
    "local_shell_call_output": "only in stored input",
    "mcp_approval_response": "only in stored input",
    "additional_tools": "only in stored input",
}


def wire_of(family: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the whole stream of a family."""
    start = {"id": "resp_1", "object": "response", "status": "in_progress", "output": []}
    done = {
        e["output_index"]: e["item"] for e in family["events"] if e["type"] == "response.output_item.done"
    }
    end = family.get("end", "response.completed")
    final = {**start, "status": end.partition(".")[2], **family.get("response", {})}
    events = [
        {"type": "response.created", "response": start},
        {"type": "response.in_progress", "response": start},
        *family["events"],
        {"type": end, "response": {**final, "output": [done[index] for index in sorted(done)]}},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


@EACH_FAMILY
def test_each_event_has_its_class_and_loses_nothing(family: dict[str, Any]):
    wire = wire_of(family)
    outcome = stream_through(framed(wire), strict=True)
    assert len(outcome.events) == len(wire)
    for event, data in zip(outcome.events, wire, strict=True):
        assert unknown_parts(event) == []
        assert lost_by(event, data) == []


@pytest.mark.parametrize("size", [1, 7, 1021])
@EACH_FAMILY
def test_each_stream_ends_with_the_response_of_its_last_event(family: dict[str, Any], size: int):
    wire = wire_of(family)
    outcome = stream_through(framed(wire), size=size)
    assert outcome.failure is None
    assert outcome.snapshot is not None
    assert lost_by(outcome.snapshot, wire[-1]["response"]) == []


@EACH_FAMILY
def test_the_events_before_the_last_give_its_output(family: dict[str, Any]):
    wire = wire_of(family)
    snapshot = stream_through(framed(wire[:-1])).snapshot
    assert snapshot is not None
    assert differences(wire[-1]["response"]["output"], snapshot.to_dict()["output"]) == []


@EACH_FAMILY
def test_deltas_alone_give_the_text(family: dict[str, Any]):
    wire = wire_of(family)
    opened = {event["output_index"] for event in wire if event["type"] == "response.output_item.added"}
    has_deltas = {event["output_index"] for event in wire if event["type"].endswith(".delta")}
    accumulator = Accumulator()
    events = stream_through(framed(wire)).events
    accumulator.extend([event for event in events if not event.type.endswith((".done", ".completed"))])
    snapshot = accumulator.snapshot()
    assert snapshot is not None
    rebuilt = dict(zip(sorted(opened), texts_of(snapshot.to_dict()["output"]), strict=True))
    for index, texts in enumerate(texts_of(wire[-1]["response"]["output"])):
        if index in has_deltas:
            assert differences(texts, rebuilt[index]) == []


def test_all_events_of_the_schema_are_among_them():
    seen = {event["type"] for family in FAMILIES for event in wire_of(family)}
    known = set(union_class(StreamEvent).members)
    assert seen <= known
    assert known - seen == set(NOT_IN_STREAMS)


def test_all_items_of_the_schema_are_among_them():
    seen = {item["type"] for family in FAMILIES for item in wire_of(family)[-1]["response"]["output"]}
    known = set(union_class(OutputItem).members)
    assert seen <= known
    assert known - seen == set(NOT_IN_OUTPUT)


@pytest.mark.parametrize("body", EXAMPLES["responses"], ids=lambda body: body["id"])
def test_each_documented_answer_is_typed_and_lossless(body: dict[str, Any]):
    response = Response.from_dict(body, strict=True)
    assert unknown_parts(response) == []
    assert lost_by(response, body) == []
    assert response.output_text == "".join(texts_of(body["output"])[-1].get("content", []))


def test_the_documented_events_are_typed_and_lossless():
    wire = EXAMPLES["events"]
    outcome = stream_through(framed(wire), strict=True)
    assert [lost_by(event, data) for event, data in zip(outcome.events, wire, strict=True)] == [[]] * 9
    assert unknown_parts(outcome.events) == []
    assert outcome.failure is None
    assert outcome.snapshot is not None
    assert lost_by(outcome.snapshot, wire[-1]["response"]) == []


def test_the_error_event_has_its_class_in_strict_mode():
    outcome = stream_through(framed([{"type": "error", "message": "No tea.", "code": None}]), strict=True)
    assert type(getattr(outcome.failure, "event", None)) is ErrorEvent
