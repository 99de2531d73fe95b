"""Target: webhooks, signed and forged, against a reference: no forgery is accepted, no signed one refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from random import Random
from typing import Any, NamedTuple

from responses_client._webhook_signatures import ID, SIGNATURE, TIMESTAMP, unwrap
from responses_client.errors import ResponseValidationError, WebhookSignatureError
from responses_client.models import Model, WebhookEvent
from responses_client.models._base import union_class

from .cases import Target, require
from .failures import check_error
from .mutations import changed, damaged
from .parsed import check_types
from .values import Values

_NOW = 1_764_000_000
_AGES = (0, -299, 299, 301, -301)
_KEYS = [hashlib.sha256(b"%d" % number).digest() for number in range(2)]
_SECRET = "whsec_" + base64.b64encode(_KEYS[0]).decode()


class Webhook(NamedTuple):
    """A webhook as received, and the id, time and body that were signed."""

    body: bytes
    headers: list[tuple[str, str]]
    signed: tuple[str, str, bytes]


def make(random: Random) -> Webhook:
    """Sign an event, and change something; half of the changes leave it as valid as it was."""
    body = _body(random)
    id, timestamp = (
        random.choice(("msg_1", "wh", f"msg.{_NOW}", "m-" + "x" * 60)),
        _NOW + random.choice(_AGES),
    )
    headers = {ID: id, TIMESTAMP: str(timestamp), SIGNATURE: _signature(_KEYS[0], id, str(timestamp), body)}
    signed = (id, str(timestamp), body)
    for _ in range(random.randrange(3)):
        headers, body = _forged(random, headers, body)
    pairs = list(headers.items())
    random.shuffle(pairs)
    for _ in range(not random.randrange(6)):
        name, value = random.choice(pairs)
        pairs.append((name, random.choice((value, value + "0", "", "msg_2"))))
    if not random.randrange(3):
        pairs = [(random.choice((name.upper(), name.title())), value) for name, value in pairs]
    return Webhook(body, [*pairs, ("content-type", "application/json")], signed)


def _body(random: Random) -> bytes:
    if not random.randrange(20):
        return b"%d.5" % _NOW
    values = Values(random)
    wire: Any = values.member_of(union_class(WebhookEvent))
    if random.randrange(2):
        wire = changed(random, wire)
    return json.dumps(wire).encode()


def _signature(key: bytes, id: str, timestamp: str, body: bytes) -> str:
    digest = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def _forged(random: Random, headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
    signature, id, timestamp = headers[SIGNATURE], headers[ID], headers[TIMESTAMP]
    match random.randrange(13):
        case 0:
            body = damaged(random, body)
        case 1:
            body = random.choice(
                (body + b" ", b" " + body, body[:-1], b"", body + b"\n", body.replace(b'"', b"'"))
            )
        case 2:
            id = random.choice((id + "x", id[:-1], id.upper(), " " + id, id + " "))
        case 3:
            timestamp = random.choice(
                (timestamp + "0", "0" + timestamp, "+" + timestamp, timestamp + ".0", "-1", "٣", "1e9")
            )
        case 4:
            timestamp = str(int(timestamp) + 1) if timestamp.isdecimal() else "1"
        case 5:  # the signed text is the same, with the parts cut elsewhere
            text = f"{id}.{timestamp}.".encode() + body
            first, second = sorted(random.sample([at for at, byte in enumerate(text) if byte == ord(".")], 2))
            id, timestamp = (
                text[:first].decode("utf-8", "replace"),
                text[first + 1 : second].decode("utf-8", "replace"),
            )
            body = text[second + 1 :]
        case 6:
            signature = signature[:3] + base64.b64encode(hmac.digest(_KEYS[1], b"x", "sha256")).decode()
        case 7:
            signature = _other_signature(random, signature)
        case 8:
            signature = random.choice(
                ("v1,", "", ",", "v1", "v2," + signature[3:], "v1a," + signature[3:], signature[3:])
            )
        case 9:
            other = _signature(_KEYS[1], id, timestamp, body)
            signature = random.choice(
                (other, f"{other} {signature}", f"{signature} {other}", f"v1,!! {signature}")
            )
        case 10:
            signature = signature.replace("=", "") if random.randrange(2) else f"  {signature}  "
        case _:
            pass
    return {ID: id, TIMESTAMP: timestamp, SIGNATURE: signature}, body


def _other_signature(random: Random, signature: str) -> str:
    at = random.randrange(3, len(signature)) if len(signature) > 3 else 0
    character = random.choice("ABab01+/=-_ \t,v")
    return signature[:at] + random.choice(("", character)) + signature[at + 1 :]


def check(webhook: Webhook) -> str:
    """Require that exactly the signed webhooks are accepted."""
    is_good = _is_good(webhook)
    try:
        event: Any = unwrap(webhook.body, webhook.headers, _SECRET, now=_NOW)
    except WebhookSignatureError as error:
        # With a "." in its id, the signed text could be cut in two ways.
        require(not is_good or "." in webhook.signed[0], "a good webhook was refused:", error)
        check_error(error)
        return "refused"
    except ResponseValidationError as error:
        # No receiver can tell that a sender signed an id with a "."; what is left of the body is no event then.
        require(is_good or "." in webhook.signed[0], "the body of a forgery was read:", error)
        check_error(error)
        return "signed, but no event"
    require(is_good, "a forgery was accepted")
    require(isinstance(event, Model), "not an event:", event)
    check_types(event)
    return "accepted"


def _is_good(webhook: Webhook) -> bool:
    """Whether id, time and body are those that were signed, in headers that come once, and the time is near."""
    values: dict[str, list[str]] = {}
    for name, value in webhook.headers:
        values.setdefault(name.lower(), []).append(value)
    if any(len(values.get(name, ())) != 1 for name in (ID, TIMESTAMP, SIGNATURE)):
        return False
    id, timestamp = values[ID][0], values[TIMESTAMP][0]
    if (id, timestamp, webhook.body) != webhook.signed or abs(_NOW - int(timestamp)) > 300:
        return False
    right = hmac.new(_KEYS[0], f"{id}.{timestamp}.".encode() + webhook.body, hashlib.sha256).digest()
    return any(_reads_as(part, right) for part in values[SIGNATURE][0].split())


def _reads_as(part: str, digest: bytes) -> bool:
    version, comma, text = part.partition(",")
    text = text.rstrip("=") if len(text.rstrip("=")) == 43 and len(text) <= 44 else text
    written = base64.b64encode(digest).decode().rstrip("=")
    # The last character has two bits that stand for nothing, and readers of base64 pass over them.
    return (
        version == "v1"
        and bool(comma)
        and text[:-1] == written[:-1]
        and _bits(text[-1:]) == _bits(written[-1])
    )


def _bits(character: str) -> int:
    return (
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".find(character) >> 2
        if character
        else -2
    )


TARGET = Target("webhooks", "webhooks, forged in many ways: none accepted but what was signed", make, check)
