"""What is kept of an HTTP answer (request id, rate limits, time taken), and how secrets are kept out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from .._base.public import public
from .redaction import public_url, redact_headers, split_url

__all__ = [
    "DEFAULT_PORTS",
    "Headers",
    "RateLimits",
    "ResponseMeta",
    "merge_headers",
    "origin",
    "request_id_of",
    "url_path",
]

# api.openai.com and most servers send the first; Azure the next two; other gateways the last.
_REQUEST_ID_HEADERS = ("x-request-id", "x-ms-request-id", "apim-request-id", "request-id")
DEFAULT_PORTS = {"http": 80, "https": 443}
"""Ports that a URL of a scheme has when it names none (RFC 9110, 4.2.1 and 4.2.2)."""
_COUNT = r"[0-9]{1,18}"
_SECONDS = r"[0-9]{1,18}(?:\.[0-9]{1,18})?"
_DURATION = rf"(?:{_SECONDS}(?:ms|[dhms]))+"
_DURATION_PART = r"([0-9.]+)(ms|[dhms])"
_UNIT_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def origin(url: str, base: str = "") -> str:
    """Give `scheme://host[:port]` of a URL (relative ones against `base`), in lower case, default ports left out.

    Two URLs have the same origin when the results are equal (RFC 6454, 4). Empty for what is no URL.
    """
    try:
        parts = urlsplit(urljoin(base, url))
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if not host:
        return ""
    shown = f"[{host}]" if ":" in host else host
    suffix = "" if port in (None, DEFAULT_PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{shown}{suffix}"


def url_path(url: str) -> str:
    """Give the path of a URL, `/` when it has none; the query is left out, since it may hold secrets."""
    return split_url(url).path or "/"


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """Read the id that the server gave the request; `headers` are looked up by lower-case names."""
    for name in _REQUEST_ID_HEADERS:
        if value := headers.get(name):
            return value
    return None


class Headers(Mapping[str, str]):
    """Immutable headers whose names are compared without case; values of a repeated name are joined by a comma.

    Iterating gives names in lower case. The repr masks values of secret headers, such as `set-cookie`.
    """

    __slots__ = ("_items",)

    def __init__(self, headers: Mapping[str, str] | list[tuple[str, str]]) -> None:
        items: dict[str, str] = {}
        for name, value in headers if isinstance(headers, list) else headers.items():
            key = name.lower()
            items[key] = f"{items[key]}, {value}" if key in items else value
        self._items = items

    def __getitem__(self, name: str) -> str:
        return self._items[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            return self._items == other._items
        return NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return f"Headers({redact_headers(self._items)})"

    def __reduce__(self) -> tuple[type[Headers], tuple[dict[str, str]]]:
        return Headers, (self._items,)


@public
class RateLimits(NamedTuple):
    """What the `x-ratelimit-*` headers say; None where a header is absent or makes no sense.

    `reset_requests` and `reset_tokens` are seconds until the limit is full again.
    """

    limit_requests: int | None = None
    remaining_requests: int | None = None
    reset_requests: float | None = None
    limit_tokens: int | None = None
    remaining_tokens: int | None = None
    reset_tokens: float | None = None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> RateLimits:
        """Read the six headers; `headers` are looked up by lower-case names."""
        return cls(
            limit_requests=_count(headers.get("x-ratelimit-limit-requests")),
            remaining_requests=_count(headers.get("x-ratelimit-remaining-requests")),
            reset_requests=_duration(headers.get("x-ratelimit-reset-requests")),
            limit_tokens=_count(headers.get("x-ratelimit-limit-tokens")),
            remaining_tokens=_count(headers.get("x-ratelimit-remaining-tokens")),
            reset_tokens=_duration(headers.get("x-ratelimit-reset-tokens")),
        )


@public
class ResponseMeta(NamedTuple):
    """How an answer came: the facts of HTTP that its JSON does not hold.

    `elapsed` is in seconds, from the first try to the answer's headers. `tries` counts requests sent,
    1 when nothing was retried. `url` has no secrets in it. `request_id` is what support asks for.
    """

    status_code: int
    headers: Headers
    request_id: str | None
    elapsed: float
    tries: int
    method: str
    url: str

    @classmethod
    def build(
        cls,
        status_code: int,
        headers: Mapping[str, str] | list[tuple[str, str]],
        *,
        elapsed: float,
        tries: int,
        method: str,
        url: str,
    ) -> ResponseMeta:
        """Make one from an HTTP answer: takes the request id from the headers and secrets out of the URL."""
        kept = headers if isinstance(headers, Headers) else Headers(headers)
        return cls(
            status_code=status_code,
            headers=kept,
            request_id=request_id_of(kept),
            elapsed=elapsed,
            tries=tries,
            method=method,
            url=public_url(url),
        )

    @property
    def rate_limits(self) -> RateLimits:
        """The `x-ratelimit-*` headers as numbers; read from `headers` at each call."""
        return RateLimits.from_headers(self.headers)


def _count(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(_COUNT, text) else None


def _duration(text: str | None) -> float | None:
    """Read `6m0s`, `20ms`, `1h2m3.5s` (Go's notation) or plain seconds."""
    if not text:
        return None
    if re.fullmatch(_SECONDS, text):
        return float(text)
    if not re.fullmatch(_DURATION, text):
        return None
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in re.findall(_DURATION_PART, text))


def merge_headers(*layers: Mapping[str, str | None] | None) -> dict[str, str | None]:
    """Join headers whose names are compared without case; later ones win, None stays to mean "remove"."""
    merged: dict[str, tuple[str, str | None]] = {}
    for layer in layers:
        for name, value in (layer or {}).items():
            merged[name.lower()] = (name, value)
    return dict(merged.values())
