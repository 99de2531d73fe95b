"""Helpers of the tests of real and made-up traffic: strict comparison, framing, and the way through a stream."""

import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from responses_client._base.http import ResponseMeta
from responses_client._events.stream_state import StreamState
from responses_client.errors import APIError
from responses_client.models import Model, Response, UnknownModel

META = ResponseMeta.build(
    200,
    {"x-request-id": "req_1"},
    elapsed=0.5,
    tries=1,
    method="POST",
    url="https://api.example/v1/responses",
)


def differences(one: object, other: object, path: str = "") -> list[str]:
    """Compare JSON strictly: 1 is not 1.0, null is not absent."""
    if type(one) is not type(other):
        return [f"{path}: {one!r} is no {other!r}"]
    if isinstance(one, dict) and isinstance(other, dict):
        keys = {**one, **other}
        lost = [f"{path}.{key}: on one side only" for key in keys if key not in one or key not in other]
        both = [key for key in one if key in other]
        return lost + [line for key in both for line in differences(one[key], other[key], f"{path}.{key}")]
    if isinstance(one, list) and isinstance(other, list):
        count = [f"{path}: {len(one)} members, not {len(other)}"] if len(one) != len(other) else []
        pairs = enumerate(zip(one, other, strict=False))
        return count + [line for i, pair in pairs for line in differences(*pair, f"{path}[{i}]")]
    return [] if one == other else [f"{path}: {one!r} is not {other!r}"]


def lost_by(model: Model, wire: object) -> list[str]:
    """Return the differences between input and output, as data and as text."""
    return differences(wire, model.to_dict()) + differences(wire, json.loads(model.to_json()))


def parts_of(value: object) -> Iterator[Model]:
    """Yield a model and all models inside."""
    if isinstance(value, Model):
        yield value
        value = [*value.__dict__.values(), *(value.model_extra or {}).values()]
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, list):
        for member in value:
            yield from parts_of(member)


def unknown_parts(value: object) -> list[UnknownModel]:
    return [part for part in parts_of(value) if isinstance(part, UnknownModel)]


def texts_of(output: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the parts of each item that come in deltas."""
    found: list[dict[str, Any]] = []
    for item in output:
        texts = {key: item[key] for key in ("arguments", "input", "code") if type(item.get(key)) is str}
        if item["type"] == "program":
            texts = {}
        for key in ("content", "summary"):
            texts[key] = [part.get("text") or part.get("refusal") for part in item.get(key) or []]
        action, operation = item.get("action"), item.get("operation")
        texts["commands"] = action.get("commands") if isinstance(action, dict) else None
        texts["diff"] = operation.get("diff") if operation else None
        found.append({key: text for key, text in texts.items() if text})
    return found


def framed(events: Iterable[dict[str, Any] | str]) -> bytes:
    """Write events as servers do; a text is sent as it is."""
    frames = (
        event if isinstance(event, str) else f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
        for event in events
    )
    return "".join(frames).encode()


def in_chunks(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@dataclass
class Outcome:
    """The events of a stream, and its end."""

    events: list[Any]
    failure: APIError | None
    snapshot: Response | None

    @property
    def name(self) -> str:
        if self.failure is not None:
            return type(self.failure).__name__
        return "nothing" if self.snapshot is None else str(self.snapshot.status)


def stream_through(
    body: bytes,
    *,
    size: int = 2**20,
    strict: bool = False,
    looking: bool = False,
    broken_by: str | None = None,
) -> Outcome:
    """Take a body through decoding and accumulation as the streams of the client do.

    `looking` takes a snapshot after each line. `broken_by` is what the connection breaks with at the end.
    """
    state = StreamState(deque(), 2**26, strict, META)
    for chunk in body.splitlines(keepends=True) if looking else in_chunks(body, size):
        if state.has_ended:
            state.feed_after_error(chunk)
        else:
            state.feed(chunk)
        if looking:
            state.snapshot()
    if broken_by is not None:
        state.interrupt(broken_by)
    elif not state.has_ended:
        state.end()
    failure = state.failure()
    return Outcome(list(state.events), failure, state.snapshot())
