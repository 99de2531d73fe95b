"""Webhooks as the API sends them: an event about a response, and headers that sign it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._base import clock
from .._base.public import public
from .._webhook_signatures import sign
from ._ids import Ids
from ._json_types import JSONObject, encode

if TYPE_CHECKING:
    from ..models import Response

WEBHOOK_SECRET = "whsec_c2VjcmV0IG9mIHRoZSBlbWJlZGRlZCBzZXJ2ZXI="
"""The secret that embedded servers sign with and that their clients verify with."""

_ANNOUNCED_STATUSES = ("completed", "failed", "incomplete", "cancelled")


@public
@dataclass(frozen=True, slots=True)
class Webhook:
    """A signed webhook, to pass to the code that receives webhooks."""

    body: bytes
    """The event as JSON."""
    headers: dict[str, str]
    """The headers, including the three of the signature."""


@public
def sign_webhook(
    body: bytes | str, *, id: str = "wh_test", timestamp: int | None = None, secret: str = WEBHOOK_SECRET
) -> dict[str, str]:
    """Return the three headers that sign a webhook with any body.

        headers = sign_webhook('{"type": "response.completed", "data": {"id": "resp_1"}}')

    `timestamp` is when it is sent, in Unix seconds, by default now. `secret` is by default that of embedded
    servers, which their clients know.
    """
    return sign(body, id, int(clock.time()) if timestamp is None else timestamp, secret)


def webhook_of(
    response: Response | Mapping[str, Any] | str,
    stored: Mapping[str, JSONObject],
    *,
    type: str | None,
    ids: Ids,
    created_at: int,
    timestamp: int | None,
    secret: str,
) -> Webhook:
    """Return a webhook about a response, given as an object or as the id of a stored one.

    Raises:
        ValueError: The response has no id, or no type is given and its status implies none.
    """
    fields = _fields(response, stored)
    response_id, status = fields.get("id"), fields.get("status")
    if not isinstance(response_id, str):
        raise ValueError("The response has no id; a webhook needs one.")
    if type is None and status not in _ANNOUNCED_STATUSES:
        known = ", ".join(_ANNOUNCED_STATUSES)
        raise ValueError(
            f"No webhook type follows from the status {status!r}, only from {known}; pass a type."
        )
    event = {
        "object": "event",
        "id": ids.new("evt", 32),
        "type": type or f"response.{status}",
        "created_at": created_at,
        "data": {"id": response_id},
    }
    body = encode(event)
    signed = sign_webhook(body, id=ids.new("wh", 32), timestamp=timestamp, secret=secret)
    return Webhook(body, {"content-type": "application/json", "user-agent": "OpenAI/1.0", **signed})


def _fields(
    response: Response | Mapping[str, Any] | str, stored: Mapping[str, JSONObject]
) -> Mapping[str, Any]:
    if isinstance(response, str):
        return stored.get(response, {"id": response})
    return response if isinstance(response, Mapping) else response.to_dict()
