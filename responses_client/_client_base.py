"""The part that is the same for `Client` and `AsyncClient`: settings, copies, pickles."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from ._base.public import foreign_attributes
from ._base.validation import is_async, needs_async
from ._calls.settings import HOOKS, Settings, resolve
from ._client_core import AsyncCore, SyncCore

if TYPE_CHECKING:
    from ._calls.client_options import AsyncOptions

__all__ = ["BaseClient", "make_settings", "require_sync_hooks", "settings_of"]

_Core = TypeVar("_Core", SyncCore, AsyncCore)
_HTTPX_TIMEOUT_SECONDS = 5.0  # the default of httpx and httpx2


def make_settings(http_client: object, options: AsyncOptions) -> Settings:
    """Return the settings; unless an option says otherwise, a timeout set on a client of httpx is kept."""
    timeout: Any = getattr(http_client, "timeout", None)
    if hasattr(timeout, "pool") and timeout != type(timeout)(_HTTPX_TIMEOUT_SECONDS):
        options.setdefault("timeout", timeout)
    return resolve(**options)


def require_sync_hooks(settings: Settings) -> Settings:
    """Return the settings of a client that cannot await hooks.

    Raises:
        ConfigurationError: A hook is an async function.
    """
    for name in HOOKS:
        if is_async(getattr(settings, name)):
            raise needs_async(name)
    return settings


class BaseClient(Generic[_Core]):
    """The part that is the same for `Client` and `AsyncClient`."""

    if not TYPE_CHECKING:
        __getattr__ = foreign_attributes("client")

    def __init__(self, core: _Core) -> None:
        self._core: _Core = core

    @property
    def is_closed(self) -> bool:
        """Whether this client has been closed, or the one that it shares connections with."""
        return self._core.is_closed

    @property
    def base_url(self) -> str:
        """The address of the API, without a slash at the end."""
        return self._core.settings.base_url

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.base_url} ({'closed' if self.is_closed else 'open'})>"

    def __copy__(self) -> Self:
        return self._with_settings(self._core.settings)

    def __getstate__(self) -> dict[str, Any]:
        return self._state()

    def _with_settings(self, settings: Settings) -> Self:
        """Return a client of the same class, with the attributes of this one, that uses its connections."""
        copy = object.__new__(type(self))  # `__init__` of a subclass may take anything
        copy.__dict__.update(self._state(), _core=self._core.with_settings(settings))
        return copy

    def _state(self) -> dict[str, Any]:
        """Return the attributes without the resources, which are made again for each client.

        Attributes of derived classes are included.
        """
        cls = type(self)
        return {
            name: value
            for name, value in self.__dict__.items()
            if not isinstance(getattr(cls, name, None), functools.cached_property)
        }


def settings_of(client: BaseClient[Any]) -> Settings:
    """Return the settings of a client, for modules that put another client around it."""
    settings: Settings = client._core.settings  # pyright: ignore[reportPrivateUsage]  # of this module's own class
    return settings
