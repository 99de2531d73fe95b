"""Keys that come from functions: the forms they may have, and how long a key is used; no I/O."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, runtime_checkable

__all__ = ["ApiKey", "ExpiringKey", "KeyFunction", "ReturnedKey", "SyncApiKey"]

# A key is replaced this long before it expires, so that it is still valid when the server checks it. For a key of a
# few minutes that would be too long: then a share of its lifetime.
_EARLY_SECONDS = 60.0
_MAX_EARLY_SHARE = 0.1


@runtime_checkable
class ExpiringKey(Protocol):
    """A key that says when it expires, as the access tokens of azure-core do."""

    @property
    def token(self) -> str:
        """The key."""
        ...

    @property
    def expires_on(self) -> float:
        """The time at which it expires, in seconds since 1970."""
        ...


ReturnedKey: TypeAlias = str | tuple[str, float] | ExpiringKey
"""A key; or a key and the time at which it expires, in seconds since 1970."""

SyncApiKey: TypeAlias = str | Callable[[], ReturnedKey]
"""A key, or a function that returns one, for `Client`."""

ApiKey: TypeAlias = SyncApiKey | Callable[[], Awaitable[ReturnedKey]]
"""A key, or a function that returns one; for `AsyncClient`, the function may be async.

The function is called for each attempt of a request, unless it returns the time at which its key expires. If the
server refuses a key with 401, the function is asked for another one, once in a call.
"""


class KeyFunction:
    """A function that returns keys, and the last key as long as it is valid.

    Attributes:
        function: The function of the user.
        is_shared: Whether a key serves many requests. It does if the function returns when its keys expire; before the
            first call, that is assumed.
    """

    def __init__(self, function: Callable[[], ReturnedKey | Awaitable[ReturnedKey]]) -> None:
        self.function = function
        self.is_shared: bool = True
        self._kept = ("", 0.0)

    def __reduce__(self) -> tuple[type[KeyFunction], tuple[object]]:
        return KeyFunction, (self.function,)  # a copy, or another process, gets a key of its own

    def kept(self, now: float, stale: str | None) -> str | None:
        """Return the last key; None if it is about to expire, or is the stale one that the server refused.

        Args:
            now: The time, in seconds since 1970.
            stale: The key that is not to be returned.
        """
        key, until = self._kept
        return key if now < until and key != stale else None

    def keep(self, key: str, expires_on: float | None, now: float) -> None:
        """Keep a key until shortly before it expires; both times are in seconds since 1970."""
        lifetime = 0.0 if expires_on is None else expires_on - now
        self._kept = (key, now + lifetime - min(_EARLY_SECONDS, lifetime * _MAX_EARLY_SHARE))
        self.is_shared = lifetime > 0
