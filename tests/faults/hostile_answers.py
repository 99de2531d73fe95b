"""Answers of a hostile server, made from a seed: wrong, damaged, absurd, and full of what a terminal obeys."""

from __future__ import annotations

import gzip
import json
from copy import deepcopy
from random import Random
from typing import Any

from samples import COMPLETED, CREATED, HEL, KEY, LO, response
from scripted_server import LAST_CHUNK, chunk

__all__ = ["hostile_answer"]

_VALUES: list[Any] = [
    *(None, True, -1, 10**30, 1.5e308, float("inf"), float("nan"), "", [], {}, [None], {"a": 1}, [[[]]]),
    *("\ud800", "\u202e", "\r\n\x1b[31m", "9" * 300, {"type": "error"}, KEY, f"Bearer {KEY}"),
]
_HEADERS = {
    "location": [
        "javascript:x",
        "data:,x",
        "http:\\\\x",
        "http://[",
        "//",
        "http://a:99999/",
        "é",
        "?",
        "../..",
    ],
    "retry-after": ["-1", "inf", "nan", "1e400", "9" * 400, "Fri, 31 Feb 2099 99:99:99 GMT", "0x10", "٣"],
    "retry-after-ms": ["-1", "inf", "9" * 400, "1_0"],
    "x-ratelimit-reset-tokens": ["inf", "9" * 400, "1e9d", "-5s"],
    "x-ratelimit-remaining-requests": ["9" * 400, "-1", "0"],
    "date": ["", "Wed, 21 Oct 99999999 07:28:00 GMT", "x"],
    "content-type": ["text/event-stream", "application/json; charset=utf-16", ";;;", "x" * 5000, KEY],
    "content-encoding": ["gzip", "br", "zstd", "deflate", "gzip, gzip", "x"],
    "transfer-encoding": ["chunked", "gzip", "identity"],
    "content-length": ["-1", "5, 6", "9" * 30, "x"],
    "connection": ["close", "upgrade"],
    "x-request-id": [KEY, "é" * 500, "req\t1"],
    "x-echo": [KEY, f"Bearer {KEY}"],
    "b ad": ["x"],
    "": ["x"],
}
_STATUSES = [
    *[200] * 10,
    101,
    103,
    204,
    301,
    302,
    303,
    304,
    307,
    308,
    401,
    404,
    429,
    500,
    503,
    0,
    99,
    999,
    "x",
    "",
]
_BODIES: list[Any] = [
    *(response(), response("failed", error={"code": "x", "message": "y"}), {"errors": [{"code": 1}]}),
    *({"error": {"message": "m", "code": "c", "type": "t", "param": "p"}}, [{"error": {"code": 500}}]),
    *({"detail": [{"loc": ["body", 1], "msg": "x"}]}, {"error": "x"}),
]


def hostile_answer(seed: int) -> bytes:
    """The bytes of one answer, the same for the same seed."""
    random = Random(seed)
    status, body = random.choice(_STATUSES), _body(random)
    kind = random.choice(["application/json", "text/event-stream", "text/html"])
    fields = {"content-type": kind, "content-length": str(len(body) + random.choice([0] * 12 + [5, -3]))}
    for name in random.sample(list(_HEADERS), random.choice([0, 0, 1, 2])):
        fields[name] = random.choice(_HEADERS[name])
    if random.random() < 0.1:
        del fields["content-length"]
        fields["transfer-encoding"] = "chunked"
        ends = [chunk(body) + LAST_CHUNK, chunk(body), b"zz\r\n" + body, b"-5\r\n", b"ffffffffffffffffff\r\n"]
        body = random.choice(ends)
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    answer = bytearray("\r\n".join(lines).encode() + body)
    for _ in range(random.choice([0] * 6 + [1, 4])):
        answer[random.randrange(len(answer))] = random.randrange(256)
    return bytes(answer)


def _body(random: Random) -> bytes:
    damaged = _damaged(random)
    match random.randrange(10):
        case 0:
            depth = random.choice([10, 150, 900, 3000, 100_000])
            return random.choice([b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth])
        case 1:
            return b'{"id": %b}' % (b"9" * random.choice([10, 400, 5000]))
        case 2:
            return random.randbytes(random.randrange(200))
        case 3:
            return damaged.decode().encode(random.choice(["utf-16", "utf-32-be", "utf-8-sig"]))
        case 4:
            return gzip.compress(damaged)[: random.choice([5, 20, 999])]
        case 5:
            return damaged[: random.randrange(200)]
        case 6 | 7 | 8:
            return b"".join(_event(random, good) for good in (CREATED, HEL, LO, COMPLETED))
        case _:
            return damaged


def _damaged(random: Random) -> bytes:
    body = json.loads(json.dumps(random.choice(_BODIES)))
    for _ in range(random.randrange(4)):
        place = body
        while (keys := list(place) if isinstance(place, dict) else list(range(len(place)))) != []:
            key = random.choice(keys)
            if isinstance(place[key], (dict, list)) and place[key] and random.random() < 0.6:
                place = place[key]
                continue
            place[key] = deepcopy(random.choice(_VALUES))
            break
    return json.dumps(body).encode()


def _event(random: Random, good: bytes) -> bytes:
    kinds = [
        *[good] * 6,
        b"data: %b\n\n" % _damaged(random),
        b"data: %b\n\n" % (b"[" * 3000),
        b"event: error\ndata: %b\n\n" % json.dumps({"error": {"message": random.choice(_VALUES)}}).encode(),
        good[: -random.randrange(1, 30)],
        good.replace(b'_number": ', b'_number": ' + b"9" * 5000),
        f": {KEY}\n\n".encode(),
    ]
    return random.choice(kinds)
