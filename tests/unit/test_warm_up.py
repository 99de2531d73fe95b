"""The work of a first call, done ahead of it; tests/faults/test_fault_first_call.py shows that nothing is left."""

from __future__ import annotations

import anyio
import pytest

from responses_client import AsyncClient, Client
from responses_client._calls.settings import Settings
from responses_client._warm_up import warm_up
from responses_client.testing import Server


def test_everything_is_loaded_without_a_request() -> None:
    with Server() as server:
        server.client().warm_up()
        anyio.run(server.async_client().warm_up)
        assert server.requests == []


def test_warm_up_works_for_every_client() -> None:
    warm_up(Settings(strict=True, max_event_bytes=1024))


def test_closed_client_is_not_warmed_up() -> None:
    client, other = Client(api_key="k"), AsyncClient(api_key="k")
    client.close()
    with pytest.raises(RuntimeError, match="is closed"):
        client.warm_up()

    async def main() -> None:
        await other.aclose()
        with pytest.raises(RuntimeError, match="is closed"):
            await other.warm_up()

    anyio.run(main)
