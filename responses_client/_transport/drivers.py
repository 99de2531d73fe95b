"""The choice of the async driver: over httpx, or over aiohttp."""

from __future__ import annotations

from sys import modules
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from .asynchronous import AsyncIO

if TYPE_CHECKING:
    import httpx

    from .._base.option_types import AiohttpSession

__all__ = ["async_driver"]

_TRANSPORTS = ("httpx", "aiohttp")


def async_driver(http_client: httpx.AsyncClient | AiohttpSession | None, transport: str) -> AsyncIO:
    """Return the driver that the options of an `AsyncClient` ask for.

    Raises:
        ConfigurationError: They do not fit together, or the extra `aiohttp` is not installed.
    """
    if transport not in _TRANSPORTS:
        raise ConfigurationError(f"transport must be 'httpx' or 'aiohttp', got {transport!r}")
    given: Any = http_client
    aiohttp = modules.get("aiohttp")
    is_session = aiohttp is not None and isinstance(given, aiohttp.ClientSession)
    if transport == "httpx" and not is_session:
        return AsyncIO(given)
    if not is_session and given is not None:
        raise ConfigurationError(
            "http_client must be an aiohttp.ClientSession for transport='aiohttp'; leave one of the two out"
        )
    try:
        from .aiohttp_io import AiohttpIO
    except ModuleNotFoundError as error:
        from .._base.extras import install_hint

        raise ConfigurationError(
            f"transport='aiohttp' needs aiohttp, which is not installed: {install_hint('aiohttp')}"
        ) from error
    return AiohttpIO(given)
