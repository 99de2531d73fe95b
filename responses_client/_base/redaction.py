"""Masks for secrets in headers, URLs and text, so that no message, log or repr shows them; no I/O."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import SplitResult, parse_qsl, urlsplit

from .json_types import as_array, as_object, is_array, is_object, is_sequence

__all__ = [
    "MASK",
    "NO_SECRETS",
    "Redactor",
    "field_secrets",
    "is_secret_name",
    "mask_fields",
    "public_url",
    "query_secrets",
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
# Of hosted tools, and of webhooks.
_SECRET_FIELDS = ("authorization", "signing_secret")
# Local servers accept keys such as "x"; masking those would garble every message and protect nothing.
_MIN_SECRET_LENGTH = 8
_MARKS = (b"\xff\xfe", b"\xfe\xff")
_Value = TypeVar("_Value")


@lru_cache(maxsize=512)  # of short strings, which are the same in call after call
def is_secret_name(name: str) -> bool:
    """Whether a header, query parameter or field of this name may hold a secret."""
    return bool(re.search(_SECRET_NAME, name)) and not re.search(_TOKEN_COUNT, name)


def redact_headers(headers: Mapping[str, _Value]) -> dict[str, _Value | str]:
    """Return headers, or query parameters, with the values of secret ones masked; None stays."""
    return {
        name: MASK if value is not None and is_secret_name(name) else value for name, value in headers.items()
    }


def secret_values(headers: Mapping[str, str | None]) -> set[str]:
    """Return the secrets in the values of secret headers: whole, without their scheme, and each one of several.

    Behind `Basic` is a password in base64, and in `cookie` are pairs of a name and a value.
    """
    values = [(name, (value or "").strip()) for name, value in headers.items() if is_secret_name(name)]
    return {word for name, value in values if value for word in _words(name, value)}


def _words(name: str, value: str) -> Iterator[str]:
    yield value
    scheme, _, credentials = value.rpartition(" ")
    yield credentials
    parts: list[str] = []
    if scheme.lower() == "basic":
        with suppress(ValueError):
            user, _, password = b64decode(credentials).decode().partition(":")
            parts = [password or user]  # some servers take a key as the user, and no password
    elif "cookie" in name.lower():
        parts = [pair.partition("=")[2] for pair in value.split(";")]
    # A part such as `1` is not a secret, and would be found in any text.
    yield from (part for part in map(str.strip, parts) if len(part) >= _MIN_SECRET_LENGTH)


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


def query_secrets(url: str) -> set[str]:
    """Return the values of the secret parameters in the query of a URL, as they were before they were encoded."""
    if "?" not in url:
        return set()
    pairs = parse_qsl(split_url(url).query)
    return {value for name, value in pairs if is_secret_name(name) and len(value) >= _MIN_SECRET_LENGTH}


def field_secrets(value: Any) -> Iterator[str]:
    """Yield the credentials in JSON data, or in models, that `mask_fields` masks there."""
    waiting: list[Any] = [value]
    while waiting:
        value = waiting.pop()
        fields: dict[str, Any]
        if is_object(value):
            fields = value
        elif is_sequence(value):
            waiting += value
            continue
        elif hasattr(value, "__pydantic_fields__"):
            fields = {**vars(value), **(getattr(value, "__pydantic_extra__", None) or {})}
        else:
            continue
        waiting += fields.values()
        found = [fields.get(name) for name in _SECRET_FIELDS]
        found += [as_object(one).get("value") for one in as_array(fields.get("domain_secrets"))]
        headers = fields.get("headers")
        if is_object(headers):
            found += secret_values({name: text for name, text in headers.items() if isinstance(text, str)})
        yield from (one for one in found if isinstance(one, str) and len(one) >= _MIN_SECRET_LENGTH)


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
    if name in _SECRET_FIELDS and isinstance(value, str):
        return MASK
    if name == "headers" and is_object(value):
        return dict.fromkeys(value, MASK)
    if name == "domain_secrets" and is_array(value):
        return MASK
    return mask_fields(value)


# The ways to write a character of ASCII: in JSON and programs (in a string inside of JSON with more backslashes), in
# URLs, and in HTML. No match begins inside of a row of backslashes: a server may send a megabyte of them, and each
# would be tried to the end of the row.
_ESCAPE = (
    r"\\(?<!\\\\)\\*+(?:u00|x)([2-7][0-9a-fA-F])|%(?:25)*+([2-7][0-9a-fA-F])"
    r"|&#[xX]0*+([2-7][0-9a-fA-F]);|&#0*+([0-9]{2,3});|&(amp|lt|gt|quot|apos);"
)
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ENTITY_NAMES = {character: name for name, character in _ENTITIES.items()}
# The rest of a character that was cut in the middle, and the end: of the text, or the mark of a text that was cut.
_CUT = r"(?:\\+(?:[ux][0-9a-fA-F]{0,3})?|%[0-9a-fA-F]{0,3}|&[#a-zA-Z0-9]{0,6}|\ufffd)?(?:\Z|…)"


def _unescape(text: str) -> str:
    """Return a string with its escapes of ASCII resolved, and without backslashes."""

    def character(escape: re.Match[str]) -> str:
        digits = escape[1] or escape[2] or escape[3]
        if escape[5]:
            return _ENTITIES[escape[5]]
        return chr(int(digits, 16) if digits else int(escape[4]))

    # Few texts have any of these, and the look for them is much faster than a pattern.
    if "\\u00" in text or "\\x" in text or "%" in text or "&" in text:
        text = re.sub(_ESCAPE, character, text)
    return text.replace("\\", "")


def _spellings(secret: str) -> str:
    """Return a pattern for a secret, or the start of one, in which any character may be escaped."""
    # A row of backslashes has no spelling of its own, as each escape doubles it.
    plain = re.sub(r"\\+", r"\\", secret)
    return _spelling(plain[0], r"(?<!\\)") + "".join(map(_spelling, plain[1:]))


def _spelling(character: str, before: str = "") -> str:
    """Return a pattern for a character; `before` stands before a row of backslashes."""
    code = f"{ord(character):02x}"
    plain = re.escape(character)
    if character in "\"'/":
        plain = rf"(?:{before}\\++)?{plain}"
    if character == "\\":
        plain = rf"{before}\\++"
    named = f"|&{_ENTITY_NAMES[character]};" if character in _ENTITY_NAMES else ""
    return (
        rf"(?:{plain}|{before}\\++(?:u00|x)(?i:{code})|%(?:25)*+(?i:{code})"
        rf"|&#(?i:x0*+{code});|&#0*+{ord(character)};{named})"
    )


def _mask_starts(text: str, secret: str) -> str:
    """Mask the start of a secret where a text was cut in the middle of it; a few characters tell nothing."""
    rest = [re.compile(_spelling(character)) for character in secret[_MIN_SECRET_LENGTH:]]
    pieces: list[str] = []
    done = 0
    for start in re.finditer(_spellings(secret[:_MIN_SECRET_LENGTH]), text):
        end = start.end()
        for pattern in rest:
            following = pattern.match(text, end)
            if following is None:
                break
            end = following.end()
        if re.compile(_CUT).match(text, end):
            pieces += [text[done : start.start()], MASK]
            done = len(text) if (mark := text.find("…", end)) < 0 else mark
    return "".join([*pieces, text[done:]])


class Redactor:
    """The secrets of a call, such as its key, masked wherever a server repeats them.

    They are found in strings and in bytes, also behind the escapes of JSON, URLs and HTML, and where a text was cut in
    the middle of one. Immutable; the repr shows
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
        plain = _unescape(text) if "\\" in text or "%" in text or "&" in text else text
        for secret in self._long:
            if _unescape(secret)[:_MIN_SECRET_LENGTH] in plain:
                text = _mask_starts(re.sub(_spellings(secret), MASK, text), secret)
        return text

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._secrets)} secrets>"


NO_SECRETS = Redactor()
"""Masks nothing."""
