"""The HTTP clients of one process."""

from __future__ import annotations

from responses_client._transport.pools import SyncPools


def test_client_is_made_once_for_each_scheme() -> None:
    pools = SyncPools()
    assert pools.client("http") is pools.client("http")
    assert pools.client("https") is not pools.client("http")
    pools.close()
    assert pools.client("http").is_closed


def test_clients_of_the_parent_process_are_not_closed() -> None:
    pools = SyncPools()
    client = pools.client("http")
    pools.forget()
    assert not client.is_closed
    client.close()
