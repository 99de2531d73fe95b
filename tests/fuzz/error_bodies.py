"""Target: error bodies of many servers and error events, mutated, into errors that can be printed and pickled."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any, NamedTuple

from wire_helpers import META

from responses_client._calls.answers import answer_error, reported_error
from responses_client.errors import APIError, StreamError

from . import corpus
from .cases import Target, require
from .failures import check_error
from .mutations import changed, damaged


class ErrorBody(NamedTuple):
    """The status of an answer and its body; the value in the body, if its bytes are not damaged."""

    status: int
    body: bytes
    wire: Any


def make(random: Random) -> ErrorBody:
    """Mutate a body; write it as JSON, as an event stream, or as damaged bytes."""
    wire = random.choice(corpus.error_bodies())
    if random.randrange(5):
        wire = changed(random, wire)
    body = wire.encode() if isinstance(wire, str) else json.dumps(wire).encode()
    if not random.randrange(10):
        body, wire = _with_half_character(random, body), None
    match random.randrange(6):
        case 0:
            body = b"event: error\ndata: " + body + b"\n\n"
        case 1:
            return ErrorBody(random.choice((400, 503)), damaged(random, body), None)
        case _:
            pass
    return ErrorBody(random.choice((400, 401, 404, 418, 429, 500, 599)), body, wire)


def _with_half_character(random: Random, body: bytes) -> bytes:
    """Put half of a surrogate pair, which JSON can write, behind a letter."""
    letters = [letter.end() for letter in re.finditer(rb"[a-zA-Z]", body)]
    at = random.choice(letters or [0])
    return body[:at] + random.choice((b"\\ud83c", b"\\udf75", b"\\uD800")) + body[at:]


def check(error_body: ErrorBody) -> str:
    """Make each kind of error of the body."""
    error = answer_error(error_body.status, error_body.body, META)
    require(error.status_code == error_body.status, "another status:", error.status_code)
    found: list[APIError] = [error]
    if (reported := reported_error(error_body.body, META)) is not None:
        found.append(reported)
    if isinstance(error_body.wire, dict):
        found.append(StreamError.from_event(error_body.wire, meta=META))
    return " ".join(check_error(one) for one in found)


TARGET = Target(
    "errors", "error bodies and events of many servers, mutated: typed, printable, picklable", make, check
)
