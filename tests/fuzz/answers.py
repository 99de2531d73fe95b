"""Target: whole answers to calls, mutated, through the client: statuses, headers, bodies, error bodies."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any, NamedTuple

import httpx
from samples import KEY

from responses_client import Client
from responses_client.errors import ResponsesClientError
from responses_client.models import Model, Response

from . import corpus
from .cases import Target, require
from .failures import check_error
from .mutations import changed, damaged
from .parsed import check_copies, check_object, check_types, malformed_parts
from .values import Values

CALLS: dict[str, Callable[[Client], object]] = {
    "create": lambda client: client.responses.create(model="m", input="Hi"),
    "retrieve": lambda client: client.responses.retrieve("resp_1"),
    "delete": lambda client: client.responses.delete("resp_1"),
    "count": lambda client: client.responses.input_tokens.count(model="m", input="Hi"),
    "items": lambda client: [*client.responses.input_items.list("resp_1")][:100],
    "conversation": lambda client: client.conversations.create(),
    "item": lambda client: client.conversations.items.retrieve("item_1", conversation_id="conv_1"),
    "request": lambda client: client.request("GET", "/models"),
    "text": lambda client: client.request("GET", "/models", cast_to=str),
}
_SUCCESSES = (200, 200, 200, 201, 202, 204, 206)
_REDIRECTS = (301, 302, 303, 307, 308)
_FAILURES = (300, *_REDIRECTS, 304, 400, 401, 403, 404, 408, 409, 422, 429, 500, 503, 529)
_HEADERS: dict[str, tuple[str, ...]] = {
    "content-type": (
        "application/json",
        "application/json; charset=utf-16",
        "text/event-stream",
        "text/html",
        "a" * 500,
        ";",
        "application/json; charset=no-such",
        f"text/{KEY}",
    ),
    "x-request-id": ("req_1", "", "ü" * 9, "r" * 3000, KEY),
    "retry-after": ("1", "-1", "1e9", "nan", "soon", "Wed, 21 Oct 2065 07:28:00 GMT", "9" * 400),
    "retry-after-ms": ("1", "x", "inf"),
    "x-should-retry": ("true", "false", "x"),
    "date": ("Wed, 21 Oct 2015 07:28:00 GMT", "yesterday", "Wed, 99 Oct 99999 07:28:00 GMT"),
    "x-ratelimit-remaining-requests": ("1", "-1", "x", "1.5", "9" * 400),
    "x-ratelimit-reset-tokens": ("1s", "6m0s", "1d", "x", "9" * 400 + "h"),
    "location": (
        "/v1/other",
        "https://elsewhere.example/",
        "",
        "//",
        "http://[",
        "\x7f",
        "?a=b#c",
        "http://x:99999/",
        "javascript:alert(1)",
        "data:,",
        "http:\\\\elsewhere.example",
        f"https://elsewhere.example/?key={KEY}",
    ),
    "content-encoding": ("gzip", "deflate", "identity", "br", "no-such"),
    "x-echo": (KEY, f"Bearer {KEY}"),
    "openai-processing-ms": ("1", "x", "1e400"),
}


class Answer(NamedTuple):
    """An answer to a call; `wire` is the value in the body, if its bytes are not damaged."""

    call: str
    strict: bool
    status: int
    headers: dict[str, str]
    body: bytes
    wire: object


def make(random: Random) -> Answer:
    """Answer with a mutated response, object or error body, as JSON or in damaged bytes."""
    values = Values(random)
    wire: Any = values.object_of(Response)
    match random.randrange(4):
        case 0:
            wire = random.choice(corpus.responses())
        case 1:
            wire = random.choice(corpus.error_bodies())
        case 2 if not random.randrange(2):
            wire = {
                "object": "list",
                "data": random.choices(corpus.items(), k=random.randrange(3)),
                "has_more": False,
            }
        case _:
            pass
    if random.randrange(8):
        wire = changed(random, wire)
    body = wire.encode() if isinstance(wire, str) else json.dumps(wire).encode()
    if not random.randrange(3):
        body, wire = _with_key(random, body), None
    if not random.randrange(4):
        body, wire = damaged(random, body), None
    names = [*_HEADERS] if not random.randrange(3) else ["content-type", "x-request-id"]
    headers = {name: random.choice(_HEADERS[name]) for name in names if not random.randrange(3)}
    if headers.get("content-encoding") == "gzip" and random.randrange(2):
        body = gzip.compress(body)
    status = random.choice(_SUCCESSES if random.randrange(2) else _FAILURES)
    if status in _REDIRECTS and random.randrange(4):
        headers["location"] = random.choice(_HEADERS["location"])
    call = random.choice([*CALLS, "create", "create", "create"])
    return Answer(call, not random.randrange(3), status, headers, body, wire)


def _with_key(random: Random, body: bytes) -> bytes:
    """Put the key in place of some letters, at times with escapes that JSON reads as the same."""
    words = [*re.finditer(rb"[a-zA-Z_]{3,}", body)]
    if not words:
        return body
    word, at = random.choice(words), random.randrange(len(KEY))
    escaped = f"{KEY[:at]}\\u{ord(KEY[at]):04x}{KEY[at + 1 :]}"
    return body[: word.start()] + random.choice((KEY, KEY, escaped)).encode() + body[word.end() :]


def check(answer: Answer) -> str:
    """Call, and require a typed result or a documented error."""
    _answers[0] = answer
    try:
        result = CALLS[answer.call](_client(answer.strict))
    except ResponsesClientError as error:
        return check_error(error, KEY)
    if isinstance(result, Model):
        is_plain = isinstance(answer.wire, dict) and "content-encoding" not in answer.headers
        if is_plain and answer.call != "delete":
            check_object(result, answer.wire)
        check_types(result)
        check_copies(result)
        require(
            not answer.strict or not malformed_parts(result), "malformed in strict mode:", result.to_dict()
        )
        if isinstance(result, Response):
            result.as_input()
    return type(result).__name__


# The answer to the next request.
_answers: list[Answer | None] = [None]


def _handle(request: httpx.Request) -> httpx.Response:
    answer = _answers[0]
    assert answer is not None
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    return httpx.Response(answer.status, headers=headers, stream=httpx.ByteStream(answer.body))


@cache
def _client(strict: bool) -> Client:
    transport = httpx.Client(transport=httpx.MockTransport(_handle))
    return Client(api_key=KEY, strict=strict, max_retries=0, http_client=transport)


TARGET = Target(
    "answers", "answers of all statuses, mutated: a typed result, or an error of the tree", make, check
)
