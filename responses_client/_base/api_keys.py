"""Keys that come from functions: what those may give, and how long a key is used again; no I/O."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, runtime_checkable

__all__ = ["ApiKey", "ExpiringKey", "KeyFunction", "ReturnedKey"]

# A key is renewed this long before it expires, so that it is good when the server looks at it.
_EARLY_SECONDS = 60.0
_EARLY_SHARE = 0.1  # at most, of the time that the key lasts


@runtime_checkable
class ExpiringKey(Protocol):
    """A key that says when it expires, as the access tokens of azure-core do."""

    @property
    def token(self) -> str:
        """The key."""
        ...

    @property
    def expires_on(self) -> float:
        """When it expires, in seconds since 1970."""
        ...


ReturnedKey: TypeAlias = str | tuple[str, float] | ExpiringKey
"""A key; or a key and when it expires, in seconds since 1970."""

ApiKey: TypeAlias = str | Callable[[], ReturnedKey] | Callable[[], Awaitable[ReturnedKey]]
"""A key, or a function (for `AsyncClient` also an async one) that gives one.

The function is called for each try of a request, unless it says how long its key lasts. A key that the server
refuses with 401 is replaced once in a call.
"""


class KeyFunction:
    """A function that gives keys, and the last of them for as long as it is good.

    Attributes:
        function: The function, which is the user's.
        is_shared: Whether one key serves many requests; not if the function does not say how long its keys last.
    """

    def __init__(self, function: Callable[[], ReturnedKey | Awaitable[ReturnedKey]]) -> None:
        self.function = function
        self.is_shared = True
        self._kept = ("", 0.0)

    def __reduce__(self) -> tuple[type[KeyFunction], tuple[object]]:
        return KeyFunction, (self.function,)  # a copy, or another process, asks for a key of its own

    def kept(self, now: float, stale: str | None) -> str | None:
        """Give the key that was kept, None if it is about to expire or is the stale one; `now` is Unix time."""
        key, until = self._kept
        return key if now < until and key != stale else None

    def keep(self, key: str, expires_on: float | None, now: float) -> None:
        """Keep a key for as long as it is good."""
        left = 0.0 if expires_on is None else expires_on - now
        self._kept = (key, now + left - min(_EARLY_SECONDS, left * _EARLY_SHARE))
        self.is_shared = left > 0
