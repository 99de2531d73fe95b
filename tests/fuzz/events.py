"""Target: single events, mutated, through the decoder in lenient and in strict mode."""

from __future__ import annotations

import json
from random import Random
from typing import NamedTuple

from responses_client._events.decoder import EventDecoder
from responses_client.errors import ResponseValidationError
from responses_client.models import StreamEvent
from responses_client.models._base import union_class

from . import corpus
from .cases import Target, require
from .mutations import changed, damaged
from .parsed import check_copies, check_object, check_types, malformed_parts
from .values import Values

_LIMIT = 2**20


class Event(NamedTuple):
    """The data of an event, the name in its `event` line, and whether its bytes were damaged as well."""

    name: bytes | None
    data: bytes
    is_damaged: bool


def make(random: Random) -> Event:
    """Take an event from the corpus or from the schema; mutate most of them."""
    values = Values(random)
    wire = (
        random.choice(corpus.events()) if random.randrange(3) else values.member_of(union_class(StreamEvent))
    )
    if random.randrange(8):
        wire = changed(random, wire)
    tag = wire.get("type") if isinstance(wire, dict) else None
    name = random.choice((None, values.text(), tag if isinstance(tag, str) else "error", tag))
    line = None if not isinstance(name, str) else name.encode().replace(b"\n", b"").replace(b"\r", b"")
    data = json.dumps(wire, ensure_ascii=random.random() < 0.5).encode()
    is_damaged = not random.randrange(6)
    if is_damaged:
        data = damaged(random, data).replace(b"\n", b"").replace(b"\r", b"")
    return Event(line, data, is_damaged)


def check(event: Event) -> str:
    """Read the event both ways."""
    outcome = _check(event, strict=False)
    _check(event, strict=True)
    return outcome


def _check(event: Event, *, strict: bool) -> str:
    line = b"" if event.name is None else b"event: %b\n" % event.name
    decoder = EventDecoder(_LIMIT, strict)
    events = decoder.feed(b"%bdata: %b\n\n" % (line, event.data)) + decoder.finish()
    if decoder.failure is not None:
        require(type(decoder.failure) is ResponseValidationError, "another error:", decoder.failure)
        str(decoder.failure).encode()
        require(strict or event.is_damaged, "refused in lenient mode:", decoder.failure)
        return "refused"
    require(len(events) <= 1, "several events:", events)
    if not events:
        require(event.is_damaged or event.data[:1] != b"{", "an object was passed over:", event.data)
        return "no event"
    if event.is_damaged:
        check_types(events[0])
    else:
        check_object(events[0], json.loads(event.data))
    if strict:
        malformed = malformed_parts(events[0])
        require(not malformed or _is_error(events[0]), "malformed in strict mode:", events[0].to_dict())
    else:
        check_copies(events[0])
    return "unknown" if events[0].type == "unknown" else "typed"


def _is_error(event: StreamEvent) -> bool:
    return event.wire_type == "error" or event.type == "error"


TARGET = Target("events", "stream events, mutated: typed as annotated, written as they came", make, check)
