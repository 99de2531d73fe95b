"""Examples to start from: those of other tests, and recordings where they are."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import samples
import yaml

Json: TypeAlias = "dict[str, Any]"
_WIRE = Path(__file__).parents[1] / "wire"
RECORDINGS = Path(__file__).parents[3] / "shared" / "wire"
"""Recorded traffic, which is no part of this repository."""


@cache
def recordings() -> list[Json]:
    """Return the recorded exchanges; none where there are no recordings."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(RECORDINGS.rglob("*.json"))]


@cache
def regular_streams() -> list[list[Json]]:
    """Return the events of whole streams that keep to the order of the API."""
    found: list[list[Json | str]] = [_of_samples()]
    for family in _rows("families.yaml"):
        start = {**samples.response("in_progress"), "output": []}
        items = {event["output_index"]: event["item"] for event in family["events"] if "item" in event}
        final = {**samples.response(), "output": [*items.values()]}
        found.append(
            [
                {"type": "response.created", "response": start},
                *family["events"],
                {"type": family.get("end", "response.completed"), "response": final},
            ]
        )
    found += [_frames(one["body"]) for one in recordings() if one["kind"] == "sse"]
    events = [[event for event in frames if isinstance(event, dict)] for frames in found]
    return [frames for frames in events if frames and all("type" in event for event in frames)]


@cache
def streams() -> list[list[Json | str]]:
    """Return the frames of whole streams, also of those that deviate: events, and text as it was sent."""
    found: list[list[Json | str]] = [[*frames] for frames in regular_streams()]
    for name in ("streams", "endings"):
        found += [row["frames"] for row in _rows(f"deviations/{name}.yaml") if "frames" in row]
    return [frames for frames in found if frames]


@cache
def events() -> list[Json]:
    """Return events of all kinds."""
    return [event for frames in streams() for event in frames if isinstance(event, dict)]


@cache
def responses() -> list[Json]:
    """Return responses, whole ones and parts of streams."""
    found = [samples.response(status) for status in ("completed", "in_progress", "failed")]
    found += [row["body"] for row in _rows("deviations/answers.yaml") if isinstance(row.get("body"), dict)]
    found += [event["response"] for event in events() if isinstance(event.get("response"), dict)]
    return found + [one["body"] for one in recordings() if isinstance(one["body"], dict)]


@cache
def items() -> list[Json]:
    """Return items of outputs."""
    lists = [response.get("output") for response in responses()]
    return [item for output in lists if isinstance(output, list) for item in output if isinstance(item, dict)]


@cache
def error_bodies() -> list[Any]:
    """Return error bodies of many servers."""
    fields = {"message": "Too many tokens", "type": "tokens", "code": "rate_limit_exceeded", "param": None}
    detail = [{"loc": ["body", "input", 0], "msg": "Field required", "type": "missing"}]
    return [
        {"error": fields},
        {"error": "Not found"},
        {"error": {**fields, "code": 429, "param": "input[0]"}, "status": 429},
        {"type": "error", "error": fields, "request_id": "req_1"},
        {"type": "response.failed", "response": {"id": "resp_1", "error": fields}},
        {"errors": [{"code": 1000, "message": "No route"}], "success": False},
        {"detail": "Not authenticated"},
        {"detail": detail},
        {"detail": {"error": fields}},
        {"title": "Forbidden", "status": 403, "detail": "No access", "type": "about:blank"},
        {"message": "Rate limit reached. Please try again in 1.5s.", "code": "429"},
        {"object": "error", "message": "bad", "type": "BadRequestError", "param": None, "code": 400},
        [{"error": {**fields, "status": "RESOURCE_EXHAUSTED"}}],
        "<html><head><title>502 Bad Gateway</title></head></html>",
        None,
    ]


@cache
def _rows(name: str) -> list[Json]:
    rows: list[Json] = yaml.load(
        (_WIRE / name).read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return rows


def _of_samples() -> list[Json | str]:
    sent = (samples.CREATED, samples.HEL, samples.LO, samples.COMPLETED)
    return _frames(b"".join(sent).decode())


def _frames(body: str) -> list[Json | str]:
    frames: list[Json | str] = []
    for frame in body.split("\n\n"):
        data = [line.removeprefix("data: ") for line in frame.split("\n") if line.startswith("data: ")]
        try:
            frames.append(json.loads("".join(data)))
        except ValueError:
            frames += [f"{frame}\n\n"] if frame.strip() else []
    return frames
