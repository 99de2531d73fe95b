"""Webhooks: are they signed with the secret, and what do they say; without I/O.

The rules are those of Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`, in three
headers. The signature is checked over the bytes as they came: parsed and written again they are others.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from ._base import clock
from ._base.messages import MAX_VALUE_CHARS, number_text, one_line
from .errors import ConfigurationError, ResponseValidationError, WebhookSignatureError

if TYPE_CHECKING:
    from .models import WebhookEvent

__all__ = ["TOLERANCE", "WebhookHeaders", "sign", "unwrap", "verify"]

TOLERANCE = 300.0
"""Seconds that the clocks of sender and receiver, and the way between them, may take."""

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_PREFIX = "whsec_"
_VERSION = "v1,"
_SECONDS = r"[0-9]{1,15}"
_ADVICE = "check what sends to this address"


class _HasItems(Protocol):
    def items(self) -> Iterable[tuple[object, object]]: ...


WebhookHeaders: TypeAlias = _HasItems | Iterable[tuple[str | bytes, str | bytes]]
"""Headers by name, in any case: a mapping to texts, bytes or lists of them, or pairs as ASGI has them."""


def verify(
    body: bytes | str,
    headers: WebhookHeaders,
    secret: str | None,
    tolerance: float = TOLERANCE,
    *,
    now: float | None = None,
) -> None:
    """Check the signature of a webhook; `now` is in Unix seconds, the clock by default.

    Raises:
        WebhookSignatureError: It is not signed with the secret, or not at this time.
        ConfigurationError: The secret or the tolerance cannot work.
        TypeError: Not the body and the headers as they came.
    """
    keys = _keys(secret)
    content = _content(body)
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float)) or not 0 <= tolerance < 1e15:
        got = f"{type(tolerance).__name__} {number_text(tolerance)}".rstrip()
        raise ConfigurationError(f"The tolerance argument must be a number of seconds from 0, got {got}")
    found = _found(headers)
    message_id, timestamp, signatures = (_header(found, name) for name in (ID, TIMESTAMP, SIGNATURE))
    _check_time(timestamp, tolerance, clock.time() if now is None else now)
    expected = [_digest(key, message_id, timestamp, content) for key in keys]
    given = [part.removeprefix(_VERSION) for part in signatures.split() if part.startswith(_VERSION)]
    decoded = [_from_base64(text) for text in given]
    # Each is compared, so that the time taken does not tell which one fits.
    matches = [hmac.compare_digest(one, other) for one in expected for other in decoded if other]
    if any(matches):
        return
    if not given:
        raise _refused(f"its {SIGNATURE} header has no signature of version 1 (v1,...)")
    if None in decoded:
        raise _refused(f"a signature in its {SIGNATURE} header is not base64")
    raise _refused("no signature fits; check that the secret is that of the endpoint and the body as it came")


def unwrap(
    body: bytes | str,
    headers: WebhookHeaders,
    secret: str | None,
    tolerance: float = TOLERANCE,
    *,
    strict: bool = False,
    now: float | None = None,
) -> WebhookEvent:
    """Check the signature of a webhook and return what it says; see `verify`.

    Raises:
        ResponseValidationError: It is signed but no JSON object or, with `strict`, a malformed event.
    """
    verify(body, headers, secret, tolerance, now=now)
    # Imported here, since what is not signed is to cost little.
    from pydantic import ValidationError
    from pydantic_core import PydanticCustomError

    from .models import WebhookEvent
    from .models._base import as_response_error, dispatcher, strict_validation
    from .models._tolerance import read_json

    content = _content(body)
    with strict_validation(strict):
        try:
            value: object = read_json(content)
        except ValueError as error:
            raise ResponseValidationError("A webhook is no JSON", body=content, advice=_ADVICE) from error
        if not isinstance(value, dict):
            raise ResponseValidationError("A webhook is no JSON object", body=content, advice=_ADVICE)
        try:
            return cast("WebhookEvent", dispatcher(WebhookEvent).validate(cast("object", value)))
        except ValidationError as error:
            raise as_response_error("WebhookEvent", error, content) from error
        except PydanticCustomError as error:
            message = f"Not a valid WebhookEvent: {error.message()}"
            raise ResponseValidationError(message, body=content, advice=_ADVICE) from error


def sign(body: bytes | str, id: str, timestamp: int, secret: str) -> dict[str, str]:
    """Return the three headers that a sender would add to a webhook.

    Args:
        body: The body to be sent.
        id: Identifier of the webhook; the same when it is sent again.
        timestamp: When it is sent, in Unix seconds.
        secret: The secret of the endpoint, `whsec_...`.
    """
    digest = _digest(_keys(secret)[0], id, str(timestamp), _content(body))
    return {ID: id, TIMESTAMP: str(timestamp), SIGNATURE: _VERSION + base64.b64encode(digest).decode()}


def _keys(secret: object) -> list[bytes]:
    """Return the keys that a secret may stand for.

    Base64 after `whsec_` is the standard. Without it, its libraries read base64 and OpenAI's package takes the text
    as it is; both are tried, and a text that is no base64 can only be the latter. After `whsec_` there is no such
    choice: a key that nobody signs with would be made of what was mistyped.
    """
    if not isinstance(secret, str) or not secret.strip():
        raise ConfigurationError(
            "There is no webhook secret; set the environment variable OPENAI_WEBHOOK_SECRET, pass webhook_secret to "
            "the client, or pass secret"
        )
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ConfigurationError(
            "The webhook secret holds white space or characters beyond ASCII; remove them (it is not shown)"
        )
    decoded = _from_base64(secret.removeprefix(_PREFIX))
    if not secret.startswith(_PREFIX):
        return [decoded, secret.encode()] if decoded else [secret.encode()]
    if not decoded:
        raise ConfigurationError(
            "The webhook secret is not base64 after whsec_; copy it again (it is not shown)"
        )
    return [decoded]


def _content(body: object) -> bytes:
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if not isinstance(body, (bytes, bytearray, memoryview)):
        raise TypeError(
            f"The body must be bytes or text as they came, before any parsing, not {type(body).__name__}"
        )
    return bytes(cast("bytes", body))


def _found(headers: object) -> dict[str, list[object]]:
    """Return the values of the three headers, by lower-case name."""
    found: dict[str, list[object]] = {}
    items = getattr(headers, "items", None)
    try:
        pairs = items() if callable(items) else headers
        for name, value in cast("Iterable[tuple[object, object]]", pairs):
            values = cast("list[object]", value) if isinstance(value, (list, tuple)) else [value]
            found.setdefault(_text(name).lower(), []).extend(values)
    except (TypeError, ValueError):
        kind = type(headers).__name__
        raise TypeError(
            f"The headers must be a mapping, or pairs of name and value, not this {kind}"
        ) from None
    return found


def _header(found: dict[str, list[object]], name: str) -> str:
    values = [_text(value) for value in found.get(name, ()) if value is not None]
    if not any(values):
        raise _refused(f"it has no {name} header; pass all headers as they came")
    if len(values) > 1:
        raise _refused(f"it has {len(values)} {name} headers")
    if not values[0].isascii():
        raise _refused(f"its {name} header holds characters beyond ASCII")
    return values[0]


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _check_time(timestamp: str, tolerance: float, now: float) -> None:
    if not re.fullmatch(_SECONDS, timestamp):
        shown = one_line(timestamp, MAX_VALUE_CHARS)
        raise _refused(f"its {TIMESTAMP} header is no whole number of seconds, but {shown!r}")
    age = now - int(timestamp)
    if abs(age) > tolerance:
        when = f"{age:.0f} s ago" if age > 0 else f"for {-age:.0f} s from now"
        why = "it may be a replay" if age > 0 else "check the clock of this machine"
        raise _refused(f"it was signed {when}, and {tolerance:g} s are tolerated; {why}")


def _digest(key: bytes, message_id: str, timestamp: str, content: bytes) -> bytes:
    return hmac.digest(key, f"{message_id}.{timestamp}.".encode() + content, "sha256")


def _from_base64(text: str) -> bytes | None:
    """Decode base64, padded or not; None for anything else."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return None


def _refused(reason: str) -> WebhookSignatureError:
    return WebhookSignatureError(f"The webhook was refused: {reason}")
