"""The HTTP clients of `SyncIO`: one for each URL scheme and proxy, made when first needed, and for one process only."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import httpx

from .._base.error_frames import HiddenFrames
from .environment import Proxies
from .http_library import make_client
from .keyed_locks import SyncKeyedLocks

if TYPE_CHECKING:
    from .network import Network

__all__ = ["SyncPools"]


class SyncPools:
    """The `httpx.Client`s of one process, by URL scheme and proxy, and the locks of its threads."""

    def __init__(self) -> None:
        self.locks = SyncKeyedLocks()
        self._proxies: Proxies | None = None
        self._clients: dict[tuple[str, str | None], httpx.Client] = {}
        self._networks: list[Network] = []
        self._lock = threading.Lock()

    def client(self, url: str) -> httpx.Client:
        """Return the client for a URL; create it if there is none."""
        with HiddenFrames():  # the address of a proxy has a password
            return self._client(url)

    def _client(self, url: str) -> httpx.Client:
        from .network import Network, put_below  # here, because importing the package does without them

        with self._lock:
            if self._proxies is None:
                self._proxies = Proxies()
            key = url.partition(":")[0], self._proxies.for_url(url)
            if key not in self._clients:
                client = make_client(httpx.Client, *key)
                self._networks += put_below(client, Network)
                self._clients[key] = client
            return self._clients[key]

    def shut_down(self) -> None:
        """End the waits of all threads for these connections, and all later ones."""
        with self._lock:
            networks = list(self._networks)
        for network in networks:
            network.shut_down()

    def close(self) -> None:
        """Close the clients, and end the waits of other threads for their connections."""
        self.shut_down()
        for client in list(self._clients.values()):
            client.close()

    def forget(self) -> None:
        """Leave the connections to the parent process, after a fork."""
        for network in self._networks:
            network.forget()
