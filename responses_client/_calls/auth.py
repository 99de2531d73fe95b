"""Authentication of requests: a header with the key, or an auth object of httpx; over `IO`."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any, cast

from .._base import clock
from .._base.api_keys import ExpiringKey, KeyFunction
from .._base.clock import Deadline
from .._base.error_frames import HiddenFrames
from .._base.redaction import secret_values
from .._base.validation import check_key, check_option, invalid_option
from ..errors import ConfigurationError
from .settings import is_azure

if TYPE_CHECKING:
    from .._base.option_types import HttpAuth
    from .._transport.protocols import IO, WireRequest
    from .settings import Settings

__all__ = ["RecordingAuth", "RequestSigner", "key_headers", "missing_key_error"]

_KEY_LABEL = "key that the api_key function gave"
# The year 5138. Expiry times in milliseconds are a common mistake, and all of this century are beyond it.
_MAX_EXPIRY_SECONDS = 1e11


def missing_key_error() -> ConfigurationError:
    """Return the error for a request that needs a key when the client has none."""
    return ConfigurationError(
        "There is no API key; set the environment variable OPENAI_API_KEY or pass api_key (or auth) to the client"
    )


def key_headers(settings: Settings, key: str) -> dict[str, str]:
    """Return the header that carries a key, which has been checked.

    Azure takes keys in `api-key` and tokens of Entra ID in `Authorization`. Unless `auth` says which, a key that is a
    setting counts as a key, and one that a function returned as a token.
    """
    name = settings.auth
    if name is None and isinstance(settings.api_key, str) and is_azure(settings.base_url):
        name = "api-key"
    return {"api-key": key} if name == "api-key" else {"Authorization": f"Bearer {key}"}


class RequestSigner:
    """Signs the requests of one call, or of one connection.

    Attributes:
        renewals: Number of times that a key was replaced because the server refused it: 0 or 1.
    """

    def __init__(self, io: IO, settings: Settings, *, needs_key: bool = True) -> None:
        self.renewals = 0
        self._io = io
        self._settings = settings
        self._needs_key = needs_key
        self._auth = None if settings.http_auth is None else RecordingAuth(settings.http_auth)
        self._keys: tuple[str, ...] = ()  # returned by a function, the last one last
        self._can_renew = True
        self._is_last_unsent = False  # of the keys

    @property
    def secrets(self) -> tuple[str, ...]:
        """Secrets that were sent and must not be shown, other than a key that is a setting."""
        return self._keys if self._auth is None else self._auth.secrets

    async def sign(self, request: WireRequest, deadline: Deadline) -> WireRequest:
        """Return a request with its key, or with its auth object.

        Raises:
            ConfigurationError: There is no key, or the function returned one that cannot be sent.
            TransportError: The function did not return before the deadline.
        """
        if self._auth is not None:
            return request._replace(auth=self._auth)
        if not self._needs_key:
            return request
        return request._replace(headers={**request.headers, **await self.headers(deadline)})

    async def headers(self, deadline: Deadline) -> dict[str, str]:
        """Return the header with the key; a function of the user's must return it before the deadline.

        Raises:
            ConfigurationError: See `sign`.
        """
        key = self._settings.api_key
        if key is None:
            raise missing_key_error()
        if isinstance(key, KeyFunction):
            if not self._is_last_unsent:
                self._remember(await self._get_key(key, deadline))
            self._is_last_unsent = False
            key = self._keys[-1]
        return key_headers(self._settings, key)

    async def renew(self, deadline: Deadline) -> bool:
        """Replace the key that the server refused; return whether there is another one to try.

        Only a function can return another one, and it is called once for that.

        Raises:
            TransportError: The function did not return before the deadline.
        """
        key = self._settings.api_key
        if not (self._can_renew and self._keys and isinstance(key, KeyFunction)):
            return False
        self._can_renew = False
        fresh = await self._get_key(key, deadline, is_refused=True)
        if fresh == self._keys[-1]:
            return False
        self._remember(fresh)
        self._is_last_unsent = True
        self.renewals = 1
        return True

    def _remember(self, key: str) -> None:
        self._keys = (*(known for known in self._keys if known != key), key)

    async def _get_key(self, key: KeyFunction, deadline: Deadline, *, is_refused: bool = False) -> str:
        """Return the kept key, or one from the function; concurrent requests share one call of it.

        Of a key that was refused, another one is needed. No variable holds a key while the function is called: the
        frame of an exception would keep it.
        """
        kept = self._kept(key, is_refused=is_refused)
        if kept is None and key.is_shared:
            async with self._io.lock(key, deadline):
                kept = self._kept(key, is_refused=is_refused)  # by the call that held the lock before
                # `is_shared` is true until the function returns a key without an expiry time. The calls that waited
                # for the lock meanwhile then get keys of their own, and not one after the other.
                kept = kept or (await self._call_function(key, deadline) if key.is_shared else None)
        return await self._call_function(key, deadline) if kept is None else kept

    def _kept(self, key: KeyFunction, *, is_refused: bool) -> str | None:
        return key.kept(clock.time(), self._keys[-1] if is_refused else None)

    async def _call_function(self, key: KeyFunction, deadline: Deadline) -> str:
        with HiddenFrames():
            text, expires_on = _split_token(await self._io.call(key.function, deadline))
        key.keep(text, expires_on, clock.time())
        return text


def _split_token(given: object) -> tuple[str, float | None]:
    """Return the key and the expiry time that a function returned, checked."""
    if isinstance(given, str):
        return check_option(_KEY_LABEL, check_key, given), None
    pair = _as_pair(given)
    if len(pair) != 2:
        raise invalid_option(_KEY_LABEL, "a string, or a token with expires_on", given)
    key, expires_on = pair
    if isinstance(expires_on, (int, float)) and 0 <= expires_on <= _MAX_EXPIRY_SECONDS:
        return check_option(_KEY_LABEL, check_key, key), expires_on
    raise invalid_option(f"expiry of the {_KEY_LABEL}", "a number of seconds since 1970", expires_on)


def _as_pair(given: object) -> tuple[object, ...]:
    if isinstance(given, ExpiringKey):
        return (given.token, given.expires_on)
    return cast("tuple[object, ...]", given) if isinstance(given, tuple) else ()


class RecordingAuth:
    """A wrapper of a user's auth object that records the secrets which the object puts into headers and URLs.

    Attributes:
        secrets: The recorded secrets, for masks.
    """

    def __init__(self, auth: HttpAuth) -> None:
        self.secrets: tuple[str, ...] = ()
        self._auth: Any = auth

    @property
    def requires_request_body(self) -> bool:
        """Whether the object reads the body of requests."""
        return bool(getattr(self._auth, "requires_request_body", False))

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        """Yield requests and take answers; see `httpx.Auth`."""
        unsigned = _facts(request)
        flow = self._auth.sync_auth_flow(request)
        try:
            signed = next(flow)
            while True:
                response = yield self._record(signed, unsigned)
                try:
                    signed = flow.send(response)
                except StopIteration:
                    return
        finally:
            flow.close()

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        """Yield requests and take answers; see `httpx.Auth`."""
        unsigned = _facts(request)
        flow = self._auth.async_auth_flow(request)
        try:
            signed = await anext(flow)
            while True:
                response = yield self._record(signed, unsigned)
                try:
                    signed = await flow.asend(response)
                except StopAsyncIteration:
                    return
        finally:
            await flow.aclose()

    def _record(self, request: Any, unsigned: set[tuple[str, str]]) -> Any:
        added = {value for name, value in _facts(request) - unsigned if not re.fullmatch(_PLAIN_NAME, name)}
        new = (secret_values(request.headers) | added) - {*self.secrets}
        self.secrets = (*self.secrets, *new)
        return request


# Everything that an auth object adds may be its credentials, under any name, except for these: signatures come with a
# date, and a request for a token has the headers of any other.
_PLAIN_NAME = r"(?i)accept.*|connection|content-.*|host|user-agent|(?:.*-)?date|transfer-encoding"


def _facts(request: Any) -> set[tuple[str, str]]:
    """Return the headers of a request of httpx and the parameters of its query, as pairs of name and value."""
    return {*request.headers.multi_items(), *request.url.params.multi_items()}
