"""Target: WebSocket sessions with two responses at once, whose messages are lost, doubled, swapped and mutated."""

from __future__ import annotations

import json
from random import Random
from typing import Any, NamedTuple

import pytest
from fake_socket import (
    FakeSocket,
    ask,
    completed,
    created,
    delta,
    in_lane,
    session_over,
    use_socket_clock,
)
from wsproto.events import CloseConnection, Ping, TextMessage

from responses_client import EventStream
from responses_client._transport.protocols import TransportError
from responses_client.errors import ResponsesClientError
from responses_client.models import StreamEvent
from responses_client.models._base import union_class

from .cases import Target, require
from .failures import check_error
from .mutations import changed, damaged
from .parsed import check_types
from .values import Values

LANES = ("rc-1", "rc-2")
_LOST = "lost"


class Messages(NamedTuple):
    """The messages of a server, the limit for those that wait, and whether both responses are whole."""

    script: list[Any]
    max_buffered_bytes: int
    strict: bool
    are_whole: bool


def make(random: Random) -> Messages:
    """Mix the events of two responses, and spoil some of them; or write them without lanes, one after the other."""
    lanes = [_events(lane) for lane in LANES]
    if not random.randrange(8):
        script = [_without_lane(event) for events in lanes for event in events]
        for _ in range(random.randrange(4)):
            script.insert(
                random.randrange(len(script) + 1), random.choice((Ping(b"?"), TextMessage(""), 0.01))
            )
        return Messages(script, 2**20, not random.randrange(4), True)
    script: list[Any] = []
    while any(lanes):
        script.append(random.choice([lane for lane in lanes if lane]).pop(0))
    spoils = random.choice((0, 1, 1, 2, 4))
    for _ in range(spoils):
        at, other = random.randrange(len(script)), random.randrange(len(script))
        match random.randrange(8):
            case 0:
                del script[at]
            case 1:
                script.insert(at, script[other])
            case 2:
                script[at], script[other] = script[other], script[at]
            case 3:
                script[at] = _mutated(random, script[at])
            case 4:
                script.insert(at, _stranger(random))
            case 5:
                script.insert(
                    at, random.choice((Ping(b"?"), CloseConnection(1001, "bye"), random.randbytes(5), _LOST))
                )
            case 6:
                script.insert(at, TextMessage(random.choice(("", "[]", "null", "{", "[DONE]", '{"type":7}'))))
            case _:
                script.insert(at, 0.5)
        if not script:
            break
    # Once lanes are named, an event without one is of nobody.
    if len(script) > 1 and not random.randrange(4) and _is_named(script[0]):
        at = random.randrange(1, len(script))
        script[at], spoils = _without_lane(script[at]), spoils + 1
    limit = random.choice((2**20, 2**20, 300))
    return Messages(script, limit, not random.randrange(4), not spoils and limit > 300)


def _is_named(event: Any) -> bool:
    return isinstance(event, dict) and event.get("stream_id") in LANES


def _without_lane(event: Any) -> Any:
    return (
        {name: value for name, value in event.items() if name != "stream_id"} if _is_named(event) else event
    )


def _events(lane: str) -> list[dict[str, Any]]:
    ids = {"id": f"resp_{lane}"}
    return [created(lane, **ids), delta(f"text of {lane}", lane), completed(f"text of {lane}", lane, **ids)]


def _mutated(random: Random, event: Any) -> Any:
    """Change an event, but neither its lane nor the words in it, which say whose it is."""
    if not isinstance(event, dict) or "stream_id" not in event:
        return event
    if not random.randrange(4):
        text = damaged(random, json.dumps(event).encode()).decode("utf-8", "replace")
        return TextMessage(text) if _names(text) == _names(json.dumps(event)) else event
    wire = changed(random, event)
    return (
        {**wire, "stream_id": event["stream_id"]} if isinstance(wire, dict) else TextMessage(json.dumps(wire))
    )


def _names(text: str) -> list[int]:
    return [text.count(f'"stream_id": "{lane}"') for lane in LANES]


def _stranger(random: Random) -> dict[str, Any]:
    """Return an event that belongs to no response, or to an unrequested one, or does not say to which."""
    values = Values(random)
    wire = values.member_of(union_class(StreamEvent), 2)
    lane = random.choice((None, "rc-9", *LANES))
    return wire if lane is None else in_lane(lane, wire.pop("type"), **{**wire, "stream_id": lane})


def check(messages: Messages) -> str:
    """Read both streams, and require that each has its own words alone and one outcome."""
    with pytest.MonkeyPatch.context() as patch:
        # A new exception each time: one that is raised again and again keeps the frames of all.
        script = [TransportError("network", "reset") if step is _LOST else step for step in messages.script]
        socket = FakeSocket(use_socket_clock(patch), *script, *[b""] * 9)
        options = {"max_buffered_bytes": messages.max_buffered_bytes}
        try:
            with session_over(socket, options, strict=messages.strict) as session:
                streams = [ask(session), ask(session)]
                outcomes = [
                    _read(stream, own, other)
                    for stream, own, other in zip(streams, LANES, reversed(LANES), strict=True)
                ]
        except ResponsesClientError as error:
            return f"no session: {check_error(error)}"
    require(socket.closed, "a connection that is not closed")
    require(not messages.are_whole or outcomes == ["whole"] * 2, "a whole response is lost:", outcomes)
    return ", ".join(sorted(outcomes))


def _read(stream: EventStream, own: str, other: str) -> str:
    texts: list[str] = []
    try:
        with stream:
            for event in stream:
                check_types(event)
                texts.append(event.to_json())
                require(
                    f"text of {other}" not in event.to_json(),
                    "an event of another response:",
                    event.to_json(),
                )
    except ResponsesClientError as error:
        partial = getattr(error, "partial", None)
        require(partial is None or f"text of {other}" not in partial.to_json(), "another's answer:", partial)
        return check_error(error)
    return "whole" if sum(f"text of {own}" in text for text in texts) == 2 else "complete"


TARGET = Target("sessions", "WebSocket sessions, spoiled: each stream has its own events", make, check)
