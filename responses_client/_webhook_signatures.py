"""Webhooks: the check of their signatures, and the events in them; no I/O.

The rules are those of Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`, in three
headers. The signature covers the body as received; JSON that was parsed and written again has other bytes.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from ._base import clock
from ._base.field_errors import field_error
from ._base.json_types import is_object, is_sequence
from ._base.messages import MAX_VALUE_CHARS, one_line
from ._base.validation import is_number
from .errors import (
    ConfigurationError,
    RequestValidationError,
    ResponseValidationError,
    WebhookSignatureError,
)

if TYPE_CHECKING:
    from .models import WebhookEvent

__all__ = ["TOLERANCE", "InvalidWebhookError", "WebhookHeaders", "sign", "unwrap", "verify"]

TOLERANCE = 300.0
"""Seconds that the time of signing and the receiver's clock may differ by default."""

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_SECRET_PREFIX = "whsec_"
_VERSION_PREFIX = "v1,"
_MAX_TIMESTAMP_DIGITS = 15  # exact as a float, too
_TIMESTAMP = rf"[0-9]{{1,{_MAX_TIMESTAMP_DIGITS}}}"
_ADVICE = "check the sender of these webhooks"
# Everyone who sees a webhook knows its signature, so a short secret could be found by trying. The standard demands 24.
_MIN_KEY_BYTES = 16
_SECRET = "The webhook secret (webhook_secret, or secret of the call)"


class InvalidWebhookError(ResponseValidationError, ValueError):
    """A signed webhook with a body that is not an event.

    It is a `ValueError` like all errors about a received webhook, so that a handler needs one `except` for a bad
    request. Other `ResponseValidationError`s are about a server, and are none.
    """


class _HasItems(Protocol):
    def items(self) -> Iterable[tuple[object, object]]: ...


WebhookHeaders: TypeAlias = _HasItems | Iterable[tuple[str | bytes, str | bytes]]
"""Headers with names in any case: a mapping to strings, bytes or lists of them, or pairs as in ASGI."""


def verify(
    body: bytes | str,
    headers: WebhookHeaders,
    secret: str | Sequence[str] | None,
    tolerance: float = TOLERANCE,
    *,
    now: float | None = None,
) -> None:
    """Check the signature of a webhook.

    Args:
        body: The body of the request as received, before any parsing.
        headers: The headers of the request: a mapping or pairs, with names in any case.
        secret: The secret of the endpoint, `whsec_...`, or several, one of which must have signed.
        tolerance: Seconds that the time of signing and `now` may differ, in either direction.
        now: The time in Unix seconds; by default that of the clock.

    Raises:
        WebhookSignatureError: The signature, its time or a header is wrong; the message says which.
        ConfigurationError: The secret is missing or cannot be valid.
        RequestValidationError: The tolerance is not a number of seconds.
        TypeError: The body or the headers have another type.
    """
    failure = _failure(body, headers, secret, tolerance, now)
    del secret  # or tools that show the variables of a traceback would show it
    if failure is not None:
        raise failure


def _failure(
    body: bytes | str,
    headers: WebhookHeaders,
    secret: str | Sequence[str] | None,
    tolerance: float,
    now: float | None,
) -> Exception | None:
    """Return the error that `verify` raises, without the frames in which keys and valid signatures are; else None."""
    try:
        _check(body, headers, secret, tolerance, now)
    except Exception as error:
        return error.with_traceback(None)
    return None


def _check(
    body: bytes | str,
    headers: WebhookHeaders,
    secret: str | Sequence[str] | None,
    tolerance: float,
    now: float | None,
) -> None:
    secrets = secret if is_sequence(secret) else [secret]
    keys = [key for each in secrets or [None] for key in _keys(each)]
    content = _content(body)
    # A tolerance above the latest possible timestamp would accept every timestamp.
    if not is_number(tolerance) or not 0 <= tolerance < 10**_MAX_TIMESTAMP_DIGITS:
        mistake = field_error("tolerance", "a number of seconds, 0 or more", tolerance)
        raise RequestValidationError([mistake], outcome="The webhook was not verified")
    values = _values_by_name(headers)
    message_id, timestamp, signatures = (_header(values, name) for name in (ID, TIMESTAMP, SIGNATURE))
    if "." in message_id:
        # The signed text `id.timestamp.body` could be that of another webhook, cut into three in another way.
        raise _refusal(f"its {ID} header contains a full stop, which an id must not")
    _check_time(timestamp, tolerance, clock.time() if now is None else now)
    expected = [_digest(key, message_id, timestamp, content) for key in keys]
    # A header may hold several signatures: old and new while a secret is replaced, and those of other versions.
    parts = signatures.split()
    given = [part.removeprefix(_VERSION_PREFIX) for part in parts if part.startswith(_VERSION_PREFIX)]
    decoded = [_from_base64(part) for part in given]
    # All are compared, each in constant time, so that the duration reveals neither how much of one is right nor which
    # one matches.
    matches = [hmac.compare_digest(one, other) for one in expected for other in decoded if other]
    if any(matches):
        return
    if not given:
        raise _refusal(f"its {SIGNATURE} header has no signature of version 1 (v1,...)")
    if None in decoded:
        raise _refusal(f"a signature in its {SIGNATURE} header is not base64")
    raise _refusal(
        "no signature matches; check that the secret is that of the endpoint and the body is passed as received"
    )


def unwrap(
    body: bytes | str,
    headers: WebhookHeaders,
    secret: str | Sequence[str] | None,
    tolerance: float = TOLERANCE,
    *,
    strict: bool = False,
    now: float | None = None,
) -> WebhookEvent:
    """Check the signature of a webhook as `verify` does, and return the event in it.

    Raises:
        InvalidWebhookError: The body is signed but not a JSON object or, with `strict`, a malformed event.
    """
    failure = _failure(body, headers, secret, tolerance, now)
    del secret
    if failure is not None:
        raise failure
    # Imported here so that anonymous requests, which anyone can send, cost little.
    from pydantic import ValidationError
    from pydantic_core import PydanticCustomError

    from .models import WebhookEvent
    from .models._base import as_response_error, strict_validation, union_class
    from .models._tolerance import read_json

    content = _content(body)
    with strict_validation(strict):
        try:
            value: object = read_json(content)
        except ValueError as error:
            message = "The body of a webhook is not valid JSON"
            raise InvalidWebhookError(message, body=content, advice=_ADVICE) from error
        if not is_object(value):
            message = "The body of a webhook is not a JSON object"
            raise InvalidWebhookError(message, body=content, advice=_ADVICE)
        try:
            return cast("WebhookEvent", union_class(WebhookEvent).validate(value))
        except ValidationError as error:
            raise as_response_error("WebhookEvent", error, content, kind=InvalidWebhookError) from error
        except PydanticCustomError as error:
            message = f"Not a valid WebhookEvent: {error.message()}"
            raise InvalidWebhookError(message, body=content, advice=_ADVICE) from error


def sign(body: bytes | str, id: str, timestamp: int, secret: str) -> dict[str, str]:
    """Return the three headers that a sender adds to a webhook.

    Args:
        body: The body to be sent.
        id: The id of the webhook, which stays the same when the webhook is sent again.
        timestamp: The time of sending, in Unix seconds.
        secret: The secret of the endpoint, `whsec_...`.

    Raises:
        ConfigurationError: The secret is missing or cannot be valid.
    """
    digest = _digest(_keys(secret)[0], id, str(timestamp), _content(body))
    return {ID: id, TIMESTAMP: str(timestamp), SIGNATURE: _VERSION_PREFIX + base64.b64encode(digest).decode()}


def _keys(secret: object) -> list[bytes]:
    """Return the keys that a secret may stand for.

    The standard is base64 after `whsec_`. Without that prefix, the libraries of the standard read base64, and OpenAI's
    package uses the string itself as the key; so both are tried. With the prefix, only base64 is valid: a mistyped
    secret must be an error, not a key that matches no signature.

    Raises:
        ConfigurationError: The secret is missing or too short, or no key can be made from it.
    """
    if not isinstance(secret, str) or not secret.strip():
        raise ConfigurationError(
            "There is no webhook secret; set the environment variable OPENAI_WEBHOOK_SECRET, pass webhook_secret to "
            "the client, or pass secret"
        )
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ConfigurationError(
            f"{_SECRET} holds white space or characters beyond ASCII; remove them, or pass several secrets as a list "
            "(it is not shown)"
        )
    decoded = _from_base64(secret.removeprefix(_SECRET_PREFIX))
    found = [decoded] if decoded else []
    if not secret.startswith(_SECRET_PREFIX):
        found.append(secret.encode())
    elif not decoded:
        raise ConfigurationError(f"{_SECRET} is not base64 after whsec_; copy it again (it is not shown)")
    if keys := [key for key in found if len(key) >= _MIN_KEY_BYTES]:
        return keys
    raise ConfigurationError(
        f"{_SECRET} is shorter than {_MIN_KEY_BYTES} bytes and could be guessed; copy that of the endpoint again, or "
        "replace it there (it is not shown)"
    )


def _content(body: bytes | str) -> bytes:
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if not isinstance(body, (bytes, bytearray, memoryview)):
        raise TypeError(
            f"The body must be bytes or a string as received, before any parsing, got {type(body).__name__}"
        )
    return bytes(body)


def _values_by_name(headers: object) -> dict[str, list[object]]:
    """Return the values of all headers, by lower-case name."""
    found: dict[str, list[object]] = {}
    items = getattr(headers, "items", None)
    # Of unknown type: each framework has a class of its own for headers, and ASGI a list of pairs.
    pairs: Any = items() if callable(items) else headers
    try:
        for name, value in pairs:
            values = value if is_sequence(value) else [value]
            found.setdefault(_as_text(name).lower(), []).extend(values)
    except (TypeError, ValueError):
        kind = type(headers).__name__
        raise TypeError(f"The headers must be a mapping, or pairs of name and value, got {kind}") from None
    return found


def _header(values_by_name: dict[str, list[object]], name: str) -> str:
    values = [_as_text(value) for value in values_by_name.get(name, ()) if value is not None]
    if not any(values):
        raise _refusal(f"it has no {name} header; pass all headers as received")
    if len(values) > 1:  # otherwise an attacker could add one, and choose which of them is read
        raise _refusal(f"it has {len(values)} {name} headers")
    if not values[0].isascii():
        raise _refusal(f"its {name} header holds characters beyond ASCII")
    return values[0]


def _as_text(value: object) -> str:
    # Latin-1 decodes any bytes: headers that are not ours may hold some that are not ASCII.
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _check_time(timestamp: str, tolerance: float, now: float) -> None:
    if not re.fullmatch(_TIMESTAMP, timestamp):
        shown = one_line(timestamp, MAX_VALUE_CHARS)
        raise _refusal(f"its {TIMESTAMP} header must be a whole number of seconds, got {shown!r}")
    age = now - int(timestamp)
    if abs(age) > tolerance:
        when = f"{age:.0f} s ago" if age > 0 else f"for {-age:.0f} s from now"
        why = "it may be a replay" if age > 0 else "check the clock of this machine"
        raise _refusal(f"it was signed {when}, and {tolerance:g} s are tolerated; {why}")


def _digest(key: bytes, message_id: str, timestamp: str, content: bytes) -> bytes:
    return hmac.digest(key, f"{message_id}.{timestamp}.".encode() + content, "sha256")


def _from_base64(text: str) -> bytes | None:
    """Decode base64 with or without padding; return None for anything else."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return None


def _refusal(reason: str) -> WebhookSignatureError:
    return WebhookSignatureError(f"The webhook was refused: {reason}")
