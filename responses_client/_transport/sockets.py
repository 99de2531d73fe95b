"""The socket below a connection of an HTTP library: waiting bytes, and a way to end its reads from another thread."""

from __future__ import annotations

import selectors
import socket
from contextlib import suppress
from typing import Any

__all__ = ["is_readable", "shut_down", "socket_below"]

# Not the default one, which needs a descriptor of its own.
_Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)


def socket_below(stream: Any) -> socket.socket | None:
    """Return the socket of a network stream of httpcore; None if it has none, as in transports for tests."""
    sock = stream.get_extra_info("socket")
    return sock if isinstance(sock, socket.socket) else None


def is_readable(sock: Any) -> bool:
    """Whether bytes, or the end of the connection, wait in a socket."""
    with _Selector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def shut_down(sock: socket.socket) -> None:
    """End all reads and writes on a socket at once, also those that block in other threads.

    Closing it would not wake them, and its number could go to another connection while they still use it.
    """
    with suppress(OSError):  # it is closed already, by us or by the peer
        # Not `SSLSocket.shutdown`: it drops the TLS layer, and a thread would read the rest of the data still encrypted.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
