"""Masks for secrets in headers, URLs and text, so that no message, log or repr shows them; no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

__all__ = [
    "MASK",
    "NO_SECRETS",
    "Redactor",
    "is_secret_name",
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


class Redactor:
    """The secrets of a call, such as its key, masked wherever a server repeats them.

    Immutable; the repr shows none of the secrets.
    """

    __slots__ = ("_secrets",)

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(secrets)

    def with_secrets(self, secrets: Iterable[str]) -> Redactor:
        """Return a redactor that masks more secrets beside these."""
        more = tuple(secrets)
        # Most calls only ever send the key that they began with, and need no second object.
        return Redactor(dict.fromkeys((*self._secrets, *more))) if more else self

    def body(self, body: bytes) -> bytes:
        """Return a body with the secrets masked."""
        # The longest first: if one secret begins with another, masking the short one would leave the rest.
        for secret in sorted(self._secrets, key=len, reverse=True):
            if len(secret) >= _MIN_SECRET_LENGTH:
                body = body.replace(secret.encode(), MASK.encode())
        return body

    def text(self, text: str) -> str:
        """Return a string with the secrets masked, and with `?` for halves of surrogate pairs."""
        return self.body(text.encode("utf-8", "replace")).decode()

    def occurs_in(self, text: str) -> bool:
        """Whether a string contains one of the secrets, however short."""
        return any(secret in text for secret in self._secrets)

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._secrets)} secrets>"


NO_SECRETS = Redactor()
"""Masks nothing."""
