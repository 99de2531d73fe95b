"""The HTTP clients of one process."""

from __future__ import annotations

import pytest

from responses_client._transport.pools import SyncPools


def test_client_is_made_once_for_each_scheme() -> None:
    pools = SyncPools()
    assert pools.client("http://api.test/") is pools.client("http://api.test/")
    assert pools.client("https://api.test/") is not pools.client("http://api.test/")
    pools.close()
    assert pools.client("http://api.test/").is_closed


def test_client_is_made_for_each_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test")
    monkeypatch.setenv("NO_PROXY", "local.test, ::/0")
    monkeypatch.delenv("http_proxy", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    pools = SyncPools()
    proxied = pools.client("http://api.test/")
    assert pools.client("http://other.test/v1") is proxied
    direct = pools.client("http://local.test/")
    assert direct is not proxied
    assert pools.client("http://[::1]/") is direct
    pools.close()


def test_clients_of_the_parent_process_are_not_closed() -> None:
    pools = SyncPools()
    client = pools.client("http://api.test/")
    pools.forget()
    assert not client.is_closed
    client.close()
