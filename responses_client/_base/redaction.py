"""Masks for secrets in headers, URLs and text, so that no message, log or repr shows them; no I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from .json_types import is_array, is_object

__all__ = [
    "MASK",
    "NO_SECRETS",
    "Redactor",
    "is_secret_name",
    "mask_fields",
    "public_url",
    "redact_headers",
    "scrub",
    "secret_values",
    "split_url",
]

MASK = "***"
"""The mask that stands for a secret."""

# Patterns are strings: `re` compiles each at its first use, which most programs never reach. Names are judged by what
# they contain, not by a list, since gateways have headers of their own (`x-acme-api-key`).
_SECRET_NAME = r"(?i)auth|cookie|token|secret|key|passw|credential|signature"
# Token counts are not secrets: people read logs for them.
_TOKEN_COUNT = r"(?i)ratelimit|_tokens\b"
_SECRET_VALUES = (
    # Keys of the providers that mark theirs by a prefix.
    r"\b((?:sk|xai|sess)-|(?:gsk|whsec)_)[^\s\"'<>,;]{8,}",
    # The credentials behind an authorization scheme; they have a digit or padding, "Bearer authentication" has not.
    r"(?i)\b((?:Bearer|Basic)\s+)(?=[^\s\"'<>,;]{8})(?=[^\s\"'<>,;]*[0-9=])[^\s\"'<>,;]+",
)
# Local servers accept keys such as "x"; masking those would garble every message and protect nothing.
_MIN_SECRET_LENGTH = 8
_MARKS = (b"\xff\xfe", b"\xfe\xff")
_Value = TypeVar("_Value")


def is_secret_name(name: str) -> bool:
    """Whether a header, query parameter or field of this name may hold a secret."""
    return bool(re.search(_SECRET_NAME, name)) and not re.search(_TOKEN_COUNT, name)


def redact_headers(headers: Mapping[str, _Value]) -> dict[str, _Value | str]:
    """Return headers, or query parameters, with the values of secret ones masked; None stays."""
    return {
        name: MASK if value is not None and is_secret_name(name) else value for name, value in headers.items()
    }


def secret_values(headers: Mapping[str, str | None]) -> set[str]:
    """Return the values of secret headers, both whole and without their scheme (`Bearer`)."""
    values = [(value or "").strip() for name, value in headers.items() if is_secret_name(name)]
    return {word for value in values if value for word in (value, value.rpartition(" ")[2])}


def public_url(url: str) -> str:
    """Return a URL without user, password and fragment, and with the values of secret parameters masked."""
    parts = split_url(url)
    query = "&".join(_public_pair(pair) for pair in parts.query.split("&"))
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment="").geturl()


def split_url(url: str) -> SplitResult:
    """Return the parts of a URL; empty ones if it is not a URL."""
    try:
        return urlsplit(url)
    except ValueError:  # such as an unclosed bracket in the host; any part of it may be a secret then
        return SplitResult("", "", "", "", "")


def _public_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={MASK}" if equals and is_secret_name(name) else pair


def scrub(text: str) -> str:
    """Return a string from elsewhere with everything masked that looks like an API key or credentials."""
    for pattern in _SECRET_VALUES:
        text = re.sub(pattern, rf"\1{MASK}", text)
    return text


def mask_fields(value: Any) -> Any:
    """Return JSON data without the credentials of hosted tools and the secrets that sign webhooks.

    They are known by the names of their fields; `Redactor` masks the key of a call wherever it occurs.
    """
    if is_array(value):
        return [mask_fields(entry) for entry in value]
    if is_object(value):
        return {name: _mask_field(name, field) for name, field in value.items()}
    return value


def _mask_field(name: str, value: Any) -> Any:
    if name in ("authorization", "signing_secret") and isinstance(value, str):
        return MASK
    if name == "headers" and is_object(value):
        return dict.fromkeys(value, MASK)
    if name == "domain_secrets" and is_array(value):
        return MASK
    return mask_fields(value)


# The ways to write a character of ASCII: in JSON (in a string inside of JSON with more backslashes), in URLs and in HTML.
_ESCAPE = r"\\+u00([2-7][0-9a-fA-F])|%([2-7][0-9a-fA-F])|&#[xX]0*([2-7][0-9a-fA-F]);|&#0*([0-9]{2,3});"


def _unescape(text: str) -> str:
    """Return a string with its escapes of ASCII resolved, and without backslashes."""

    def character(escape: re.Match[str]) -> str:
        digits = escape[1] or escape[2] or escape[3]
        return chr(int(digits, 16) if digits else int(escape[4]))

    # Few texts have any of these, and the look for them is much faster than a pattern.
    if "\\u00" in text or "%" in text or "&#" in text:
        text = re.sub(_ESCAPE, character, text)
    return text.replace("\\", "")


def _spellings(secret: str) -> str:
    """Return a pattern for a secret in which any character may be escaped."""
    return "".join(map(_spelling, secret))


def _spelling(character: str) -> str:
    code = f"{ord(character):02x}"
    plain = rf"\\*{re.escape(character)}" if character in "\"'/" else re.escape(character)
    if character == "\\":
        plain = r"\\+"
    return rf"(?:{plain}|\\+u(?i:{code:0>4})|%(?i:{code})|&#(?i:x0*{code});|&#0*{ord(character)};)"


class Redactor:
    """The secrets of a call, such as its key, masked wherever a server repeats them.

    They are found in strings and in bytes, also behind the escapes of JSON, URLs and HTML. Immutable; the repr shows
    none of the secrets, so that a local variable may hold a redactor.
    """

    __slots__ = ("_long", "_secrets")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(secrets)
        # The longest first: if one secret begins with another, masking the short one would leave the rest.
        long = (secret for secret in self._secrets if len(secret) >= _MIN_SECRET_LENGTH)
        self._long = sorted(long, key=len, reverse=True)

    def with_secrets(self, secrets: Iterable[str]) -> Redactor:
        """Return a redactor that masks more secrets beside these."""
        more = tuple(secrets)
        # Most calls only ever send the key that they began with, and need no second object.
        return Redactor(dict.fromkeys((*self._secrets, *more))) if more else self

    def body(self, body: bytes) -> bytes:
        """Return a body with the secrets masked, and all else as it is."""
        if not self._long:
            return body
        if b"\0" in body[:4] or body[:2] in _MARKS:
            # JSON may also be in UTF-16 or UTF-32: `json.loads` reads it.
            encoding = json.detect_encoding(body)
            text = body.decode(encoding, "replace")
            if (shown := self._mask(text)) != text:
                return shown.encode(encoding, "replace")
        text = body.decode("utf-8", "surrogateescape")
        shown = self._mask(text)
        return body if shown == text else shown.encode("utf-8", "surrogateescape")

    def text(self, text: str) -> str:
        """Return a string with the secrets masked, and with `?` for halves of surrogate pairs."""
        shown = self._mask(text)
        return shown if shown.isascii() else shown.encode("utf-8", "replace").decode()

    def headers(self, headers: Mapping[str, str]) -> dict[str, str] | None:
        """Return headers with the secrets masked in their values; None if there are none in them."""
        # One string, since each answer is looked through, and mostly in vain.
        joined = "\n".join(headers.values())
        if self._mask(joined) == joined:
            return None
        return {name: self._mask(value) for name, value in headers.items()}

    def occurs_in(self, text: str) -> bool:
        """Whether a string contains one of the secrets, however short."""
        return self._mask(text) != text or any(secret in text for secret in self._secrets)

    def _mask(self, text: str) -> str:
        for secret in self._long:
            text = text.replace(secret, MASK)
        if "\\" in text or "%" in text or "&#" in text:
            plain = _unescape(text)
            for secret in self._long:
                if _unescape(secret) in plain:
                    text = re.sub(_spellings(secret), MASK, text)
        return text

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._secrets)} secrets>"


NO_SECRETS = Redactor()
"""Masks nothing."""
