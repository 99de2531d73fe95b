"""Helpers of the tests of cassettes: clients that record from an embedded server, in each mode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx

from responses_client.testing import Cassette, Server

KEY = "sk-secret-key-of-the-test"
ADDRESS = "http://testserver/v1"


def recorded(
    path: Path,
    server: Server,
    mode: str,
    scenario: Callable[[Any], Any],
    wait: Callable[[Any], Any],
    **options: Any,
) -> Any:
    """Run a scenario, and record it from an embedded server."""
    if mode == "sync":
        with Cassette(path, "record", **options) as cassette:
            http_client = httpx.Client(transport=server.transport())
            return scenario(cassette.client(api_key=KEY, base_url=ADDRESS, http_client=http_client))

    async def run() -> Any:
        async with Cassette(path, "record", **options) as cassette:
            http_client = httpx.AsyncClient(transport=server.async_transport())
            return await wait(cassette.async_client(api_key=KEY, base_url=ADDRESS, http_client=http_client))

    return anyio.run(run, backend=mode)


def replayed(
    path: Path, mode: str, scenario: Callable[[Any], Any], wait: Callable[[Any], Any], **options: Any
) -> Any:
    """Run a scenario from a file."""
    if mode == "sync":
        with Cassette(path, **options) as cassette:
            return scenario(cassette.client())

    async def run() -> Any:
        async with Cassette(path, **options) as cassette:
            return await wait(cassette.async_client())

    return anyio.run(run, backend=mode)


def record(path: Path, server: Server, scenario: Callable[[Any], Any], **options: Any) -> Any:
    """Run a sync scenario, and record it."""
    return recorded(path, server, "sync", scenario, scenario, **options)


def replay(path: Path, scenario: Callable[[Any], Any], **options: Any) -> Any:
    """Run a sync scenario from a file."""
    return replayed(path, "sync", scenario, scenario, **options)
