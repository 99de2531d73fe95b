"""How requests prove who sends them: a header with the key, or an auth object of httpx; over `IO`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any, cast

from .._base import clock
from .._base.api_keys import ExpiringKey, KeyFunction
from .._base.clock import Deadline
from .._base.redaction import secret_values
from .._base.validation import check_text, mistake
from ..errors import ConfigurationError
from .settings import is_azure

if TYPE_CHECKING:
    from .._base.options import HttpAuth
    from .._transport.protocols import IO, WireRequest
    from .settings import Settings

__all__ = ["Login", "NotedAuth", "key_headers", "missing_key_error"]

_GIVEN = "key that the api_key function gave"
_LATEST = 1e11  # milliseconds, which are a mistake, are beyond


def missing_key_error() -> ConfigurationError:
    """Give the error for a request that needs a key when there is none."""
    return ConfigurationError(
        "There is no API key; set the environment variable OPENAI_API_KEY or pass api_key (or auth) to the client"
    )


def key_headers(settings: Settings, key: str) -> dict[str, str]:
    """Give the header that carries the key, which was checked.

    By itself, a key of Azure goes into `api-key`; a token, which a function gives, never does.
    """
    name = settings.auth
    if name is None and isinstance(settings.api_key, str) and is_azure(settings.base_url):
        name = "api-key"
    return {"api-key": key} if name == "api-key" else {"Authorization": f"Bearer {key}"}


class Login:
    """What proves who sends the requests of one call, or of one connection.

    Attributes:
        renewals: How often a key was replaced because the server refused it: 0 or 1.
    """

    def __init__(self, io: IO, settings: Settings, *, needs_key: bool = True) -> None:
        self.renewals = 0
        self._io = io
        self._settings = settings
        self._needs_key = needs_key
        self._auth = None if settings.http_auth is None else NotedAuth(settings.http_auth)
        self._keys: tuple[str, ...] = ()  # that a function gave, the last one last
        self._may_renew = True
        self._is_unsent = False  # the last key

    @property
    def secrets(self) -> tuple[str, ...]:
        """What was sent and no text may show; a key that is a setting left aside."""
        return self._keys if self._auth is None else self._auth.secrets

    async def sign(self, request: WireRequest, deadline: Deadline) -> WireRequest:
        """Add what is needed to a request.

        Raises:
            ConfigurationError: There is no key, or the function gave none that can be sent.
        """
        if self._auth is not None:
            return request._replace(auth=self._auth)
        if not self._needs_key:
            return request
        return request._replace(headers={**request.headers, **await self.headers(deadline)})

    async def headers(self, deadline: Deadline) -> dict[str, str]:
        """Give the header with the key, which a function of the user's may have to give before the deadline.

        Raises:
            ConfigurationError: See `sign`.
        """
        key = self._settings.api_key
        if key is None:
            raise missing_key_error()
        if isinstance(key, KeyFunction):
            if not self._is_unsent:
                self._note(await self._ask(key, deadline))
            self._is_unsent = False
            key = self._keys[-1]
        return key_headers(self._settings, key)

    async def renew(self, deadline: Deadline) -> bool:
        """Get another key in place of the one that the server refused; say whether there is one to try.

        Only a function gives another, and is asked for it but once.
        """
        key = self._settings.api_key
        if not (self._may_renew and self._keys and isinstance(key, KeyFunction)):
            return False
        self._may_renew = False
        refused = self._keys[-1]
        fresh = await self._ask(key, deadline, stale=refused)
        if fresh == refused:
            return False
        self._note(fresh)
        self._is_unsent = True
        self.renewals = 1
        return True

    def _note(self, key: str) -> None:
        self._keys = (*(known for known in self._keys if known != key), key)

    async def _ask(self, key: KeyFunction, deadline: Deadline, stale: str | None = None) -> str:
        """Get a key: the one kept, or from the function, which many requests at a time call but once."""
        kept = key.kept(clock.time(), stale)
        if kept is None and key.is_shared:
            async with self._io.lock(key, deadline):
                kept = key.kept(clock.time(), stale)  # by the call that held the lock before
                kept = kept or (await self._call(key, deadline) if key.is_shared else None)
        return await self._call(key, deadline) if kept is None else kept

    async def _call(self, key: KeyFunction, deadline: Deadline) -> str:
        given = await self._io.call(key.function, deadline)
        text, expires_on = _parts(given)
        key.keep(text, expires_on, clock.time())
        return text


def _parts(given: object) -> tuple[str, float | None]:
    """Take apart what a function gave, and check it."""
    if isinstance(given, str):
        return check_text(_GIVEN, given), None
    pair = _pair(given)
    if len(pair) != 2:
        raise mistake(_GIVEN, "a string, or a token with expires_on", given)
    key, expires_on = pair
    if isinstance(expires_on, (int, float)) and 0 <= expires_on <= _LATEST:
        return check_text(_GIVEN, key), expires_on
    raise mistake(f"expiry of the {_GIVEN}", "a number of seconds since 1970", expires_on)


def _pair(given: object) -> tuple[object, ...]:
    if isinstance(given, ExpiringKey):
        return (given.token, given.expires_on)
    return cast("tuple[object, ...]", given) if isinstance(given, tuple) else ()


class NotedAuth:
    """An auth object of the user's, and the secrets that it put into requests.

    Attributes:
        secrets: What no text may show.
    """

    def __init__(self, auth: HttpAuth) -> None:
        self.secrets: tuple[str, ...] = ()
        self._auth: Any = auth

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        """See `httpx.Auth`."""
        flow = self._auth.sync_auth_flow(request)
        try:
            signed = next(flow)
            while True:
                response = yield self._noted(signed)
                try:
                    signed = flow.send(response)
                except StopIteration:
                    return
        finally:
            flow.close()

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        """See `httpx.Auth`."""
        flow = self._auth.async_auth_flow(request)
        try:
            signed = await anext(flow)
            while True:
                response = yield self._noted(signed)
                try:
                    signed = await flow.asend(response)
                except StopAsyncIteration:
                    return
        finally:
            await flow.aclose()

    def _noted(self, request: Any) -> Any:
        new = secret_values(request.headers) - {*self.secrets}
        self.secrets = (*self.secrets, *new)
        return request
