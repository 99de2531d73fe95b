"""The facts of an HTTP answer: headers, rate limits, request id, time taken, URL; no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar, overload
from urllib.parse import urljoin, urlsplit

from .._base.public import public
from . import clock
from .overrides import override
from .redaction import public_url, redact_headers, split_url
from .waits import parse_time

__all__ = [
    "DEFAULT_PORTS",
    "HasRequestId",
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

_T = TypeVar("_T")


def origin(url: str, base: str = "") -> str:
    """Return `scheme://host[:port]` of a URL in lower case, without a default port; empty if it is not a URL.

    Two URLs have the same origin if the results are equal (RFC 6454, 4). A relative URL is resolved against `base`; it
    may have no backslash, which some take for a slash.
    """
    if base and "\\" in url:
        return ""
    try:
        parts = urlsplit(urljoin(base, url))
        host, port = parts.hostname, parts.port
    except ValueError:  # a port that is not a number, or an unclosed bracket
        return ""
    if not host:
        return ""
    # `hostname` drops the brackets of an IPv6 address.
    shown = f"[{host}]" if ":" in host else host
    suffix = "" if port in (None, DEFAULT_PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{shown}{suffix}"


def url_path(url: str) -> str:
    """Return the path of a URL, `/` if it has none; without the query, which may hold secrets."""
    return split_url(url).path or "/"


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """Return the id that the server gave the request; None if it gave none.

    `headers` are looked up by names in lower case.
    """
    for name in _REQUEST_ID_HEADERS:
        if value := headers.get(name):
            return value
    return None


class Headers(Mapping[str, str]):
    """Immutable headers with case-insensitive names; the values of a repeated name are joined by a comma.

    Iteration yields the names in lower case. The repr masks the values of secret headers, such as `set-cookie`.
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

    @overload
    def get(self, name: str, default: None = None, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str | _T, /) -> str | _T: ...
    @override
    def get(self, name: str, default: object = None, /) -> object:
        """Return a header; that of `Mapping` raises and catches an exception for one that is missing."""
        return self._items.get(name.lower(), default)

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

    sentry_repr = __repr__  # asked for by Sentry, which walks mappings in place of their repr

    def __reduce__(self) -> tuple[type[Headers], tuple[dict[str, str]]]:
        return Headers, (self._items,)


@public
class RateLimits(NamedTuple):
    """The `x-ratelimit-*` headers as numbers; None for a header that is missing or malformed.

    A reset that servers send as a point in time is seconds here, too: from the `date` of the answer, or from now if it
    has none.
    """

    limit_requests: int | None = None
    """Requests that the limit allows in its period."""
    remaining_requests: int | None = None
    """Requests that are left."""
    reset_requests: float | None = None
    """Seconds until all requests are available again."""
    limit_tokens: int | None = None
    """Tokens that the limit allows in its period."""
    remaining_tokens: int | None = None
    """Tokens that are left."""
    reset_tokens: float | None = None
    """Seconds until all tokens are available again."""

    @classmethod
    def from_headers(cls, headers: Mapping[str, str], now: float | None = None) -> RateLimits:
        """Read the six headers.

        Args:
            headers: The headers of the answer, looked up by names in lower case.
            now: The time, in seconds since 1970, for a reset that is a point in time in an answer without a `date`.
        """
        return cls(
            limit_requests=_count(headers.get("x-ratelimit-limit-requests")),
            remaining_requests=_count(headers.get("x-ratelimit-remaining-requests")),
            reset_requests=_seconds("x-ratelimit-reset-requests", headers, now),
            limit_tokens=_count(headers.get("x-ratelimit-limit-tokens")),
            remaining_tokens=_count(headers.get("x-ratelimit-remaining-tokens")),
            reset_tokens=_seconds("x-ratelimit-reset-tokens", headers, now),
        )


@public
class ResponseMeta(NamedTuple):
    """The facts of an answer that are in HTTP and not in its JSON."""

    status_code: int
    """The status, such as 200."""
    headers: Headers
    """The headers of the answer."""
    request_id: str | None
    """The id that the server gave the request, for questions to its support; None if it gave none."""
    elapsed: float
    """Seconds from the first attempt to the headers of the answer."""
    tries: int
    """The number of requests sent: 1 if nothing was retried."""
    method: str
    """The HTTP method of the request."""
    url: str
    """The URL of the request, with secrets masked."""

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
        """Return the facts of an HTTP answer: with the request id of its headers, and with secrets in the URL masked."""
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
        """The `x-ratelimit-*` headers as numbers; they are read from `headers` at each access."""
        return RateLimits.from_headers(self.headers, clock.time())


if TYPE_CHECKING:

    class _HasMeta(Protocol):
        @property
        def meta(self) -> ResponseMeta | None: ...


class HasRequestId:
    """The base of objects with a `meta`: the facts about the answer that they came from."""

    __slots__ = ()

    @property
    def request_id(self: _HasMeta) -> str | None:
        """The id that the server gave the request, from `meta`; None if it gave none."""
        meta = self.meta
        return None if meta is None else meta.request_id


def _count(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(_COUNT, text) else None


def _seconds(name: str, headers: Mapping[str, str], now: float | None) -> float | None:
    text = headers.get(name)
    time = parse_time(text, headers, now) if text else None
    return None if time is None else time.seconds


def merge_headers(*layers: Mapping[str, str | None] | None) -> dict[str, str | None]:
    """Merge headers, ignoring the case of names; later layers win, and None stays, to remove a header."""
    merged: dict[str, tuple[str, str | None]] = {}
    for layer in layers:
        for name, value in (layer or {}).items():
            merged[name.lower()] = (name, value)
    return dict(merged.values())
