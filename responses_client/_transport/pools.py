"""The HTTP clients of `SyncIO`: one for each URL scheme, made when first needed, and for one process only."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import httpx

from .http_library import make_client
from .keyed_locks import SyncKeyedLocks

if TYPE_CHECKING:
    from .network import Network

__all__ = ["SyncPools"]


class SyncPools:
    """The `httpx.Client`s of one process, by URL scheme, and the locks of its threads."""

    def __init__(self) -> None:
        self.locks = SyncKeyedLocks()
        self._clients: dict[str, httpx.Client] = {}
        self._networks: list[Network] = []
        self._lock = threading.Lock()

    def client(self, scheme: str) -> httpx.Client:
        """Return the client for a scheme; make it if there is none."""
        from .network import Network, put_below  # here, because importing the package does without them

        with self._lock:
            if scheme not in self._clients:
                client = make_client(httpx.Client, scheme)
                self._networks += put_below(client, Network)
                self._clients[scheme] = client
            return self._clients[scheme]

    def shut_down(self) -> None:
        """End the waits of all threads for these connections, and those that they would come to."""
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
