"""Which driver an `AsyncClient` sends by, and the mistakes in the options that say so."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import aiohttp
import httpx
import pytest

from responses_client._transport.aiohttp_io import AiohttpIO
from responses_client._transport.asynchronous import AsyncIO
from responses_client._transport.drivers import async_driver
from responses_client.errors import ConfigurationError


async def with_session(transport: str) -> AsyncIO:
    async with aiohttp.ClientSession() as session:
        return async_driver(session, transport)


def test_driver_goes_by_the_options() -> None:
    assert type(async_driver(None, "httpx")) is AsyncIO
    assert type(async_driver(httpx.AsyncClient(), "httpx")) is AsyncIO
    assert type(async_driver(None, "aiohttp")) is AiohttpIO
    for transport in ("httpx", "aiohttp"):
        assert type(asyncio.run(with_session(transport))) is AiohttpIO


def test_transport_of_another_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="transport must be 'httpx' or 'aiohttp', got 'h3'"):
        async_driver(None, "h3")


def test_http_client_of_the_other_library_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"must be an aiohttp\.ClientSession for transport='aiohttp'"
    ):
        async_driver(httpx.AsyncClient(), "aiohttp")
    wrong: Any = object()
    with pytest.raises(ConfigurationError, match=r"or aiohttp\.ClientSession here, got a builtins\.object"):
        async_driver(wrong, "httpx")


def test_extra_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "responses_client._transport.aiohttp_io")
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'aiohttp>=3.12.7'"):
        async_driver(None, "aiohttp")
