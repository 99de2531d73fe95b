"""Target: whole streams, with events lost, doubled, swapped and mutated, in any pieces."""

from __future__ import annotations

import json
from random import Random
from typing import Any, NamedTuple

from wire_helpers import Outcome, framed, stream_through

from responses_client.errors import APIError
from responses_client.models import Response, StreamEvent
from responses_client.models._base import union_class

from . import corpus
from .cases import Target, require
from .failures import check_error
from .mutations import changed, damaged
from .parsed import check_copies, check_types, malformed_parts
from .values import Values

_MOST_EVENTS = 60


class Stream(NamedTuple):
    """The bytes of a stream, the options of another way to read them, and whether the connection breaks at the end."""

    body: bytes
    options: dict[str, Any]
    strict: bool
    broken_by: str | None


def make(random: Random) -> Stream:
    """Take a stream of the corpus, at times a part of a longer one, and spoil it."""
    frames = [*random.choice(corpus.streams())]
    start = random.randrange(max(1, len(frames) - _MOST_EVENTS))
    frames = frames[:1] + frames[1 + start : start + _MOST_EVENTS] + frames[-1:]
    for _ in range(random.choice((0, 1, 1, 2, 5))):
        frames = _spoiled(random, frames)
    body = _written(random, frames)
    if not random.randrange(4):
        body = damaged(random, body)
    broken_by = random.choice((None, None, "the connection broke"))
    options: dict[str, Any] = (
        {"size": random.choice((1, 7, 64, 1021))} if random.randrange(5) else {"looking": True}
    )
    return Stream(body, options, not random.randrange(4), broken_by)


def _spoiled(random: Random, frames: list[Any]) -> list[Any]:
    if not frames:
        return [Values(random).member_of(union_class(StreamEvent))]
    at, other = random.randrange(len(frames)), random.randrange(len(frames))
    match random.randrange(7):
        case 0:
            del frames[at]
        case 1:
            frames.insert(at, frames[other])
        case 2:
            frames[at], frames[other] = frames[other], frames[at]
        case 3:
            frames.insert(at, Values(random).member_of(union_class(StreamEvent)))
        case 4:
            del frames[at:]
        case _ if isinstance(frames[at], dict):
            wire = changed(random, frames[at])
            frames[at] = wire if isinstance(wire, dict) else f"data: {json.dumps(wire)}\n\n"
        case _:
            pass
    return frames


def _written(random: Random, frames: list[Any]) -> bytes:
    if random.randrange(3) and all(
        isinstance(one, str) or isinstance(one.get("type"), str) for one in frames
    ):
        return framed(frames)
    return b"".join(
        one.encode() if isinstance(one, str) else b"data: %b\n\n" % json.dumps(one).encode() for one in frames
    )


def check(stream: Stream) -> str:
    """Require one outcome, whatever the pieces, and whether or not anybody looks at the response so far."""
    whole = _read(stream)
    _require_same(whole, _read(stream, **stream.options))
    for event in whole.events:
        check_types(event)
        is_error = event.wire_type == "error"
        require(
            not stream.strict or is_error or not malformed_parts(event), "malformed in strict mode:", event
        )
    if whole.snapshot is not None:
        _check_snapshot(whole.snapshot)
    if whole.failure is None:
        return "complete"
    return check_error(whole.failure)


def _read(stream: Stream, **options: Any) -> Outcome:
    return stream_through(stream.body, strict=stream.strict, broken_by=stream.broken_by, **options)


def _require_same(one: Outcome, other: Outcome) -> None:
    require(len(one.events) == len(other.events), "other events in pieces:", one.events, other.events)
    require(one.events == other.events, "other events in pieces:", one.events, other.events)
    require(
        _shown(one.failure) == _shown(other.failure), "another error in pieces:", one.failure, other.failure
    )
    require(
        (one.snapshot and one.snapshot.to_json()) == (other.snapshot and other.snapshot.to_json()),
        "another response in pieces:",
        one.snapshot,
        other.snapshot,
    )


def _shown(error: APIError | None) -> tuple[str, str]:
    return type(error).__name__, str(error)


def _check_snapshot(snapshot: Response) -> None:
    check_types(snapshot)
    check_copies(snapshot)
    snapshot.as_input()
    again = Response.from_json(snapshot.to_json())
    require(again.to_json() == snapshot.to_json(), "another response when read again:", again, snapshot)


TARGET = Target("streams", "whole streams, spoiled: one outcome, whatever the pieces", make, check)
