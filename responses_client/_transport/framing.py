"""Connections of HTTP/1.1 on which more bytes came than the answer has: they are not used again."""

# Such bytes would be read as the answer to the next request. They are in one of three places when an answer ends:
#
#     in the buffer of h11                 if they came with the end of the answer
#     in a buffer of TLS, or of the loop   on async connections, which read ahead
#     in the socket                        httpcore looks there before it uses a connection again
#
# httpx shows none of the three. Where a version names its parts otherwise, connections are used again as httpcore sees
# fit; the tests of this module fail then.

from __future__ import annotations

import ssl
from typing import Any

__all__ = ["connection_of", "end_if_out_of_step"]

_STEPS = ("stream", "_stream", "_httpcore_stream", "_stream", "_connection")
"""From an answer of httpx to the connection of httpcore that it came by."""


def connection_of(response: Any) -> Any:
    """Return the connection of httpcore by which an answer of httpx comes; None if it comes by another way."""
    found: Any = response
    for step in _STEPS:
        found = getattr(found, step, None)
    return found


def end_if_out_of_step(response: Any) -> None:
    """Have the connection of an answer closed with the answer, if there are bytes behind its end."""
    connection = connection_of(response)
    protocol = getattr(connection, "_h11_state", None)
    if protocol is None:  # HTTP/2, or a transport of another kind
        return
    if protocol.trailing_data[0] or _has_read_ahead(connection._network_stream):
        protocol.send_failed()  # ends this side of the connection, so that httpcore closes it


def _has_read_ahead(stream: Any) -> bool:
    """Whether a connection has already read unrequested bytes, which its socket no longer shows."""
    tls = stream.get_extra_info("ssl_object")
    if isinstance(tls, ssl.SSLObject):
        try:
            tls.read(1)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            return True
        else:  # a byte, or the end
            return True
    # asyncio delivers more at a time than httpcore reads.
    below = getattr(stream, "_stream", None)
    below = getattr(below, "transport_stream", below)
    return bool(getattr(getattr(below, "_protocol", None), "read_queue", ()))
