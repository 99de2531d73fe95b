"""HTTP/2 streams that are left before their end, over clients of the user: they are reset, and windows freed."""

# httpcore forgets a stream that is left without a reset. The server keeps sending; its data are not confirmed, and
# as soon as the window of the connection is used up (16 MiB), all its other streams hang. Also, a server that allows
# so many streams at once counts the stream, so that a later request is refused.
#
# So each stream that h2 has open and that httpcore no longer reads is reset here: RST_STREAM with CANCEL, as a browser
# does. Data that came and were not read are confirmed before. After that, h2 itself confirms data that are still on
# their way. The connection and its other streams continue.
#
# httpx has no method for it, so this reads attributes of httpcore that are not public. If they are not there, as in
# another version or below a transport of another package, the connection is closed instead, with all its streams.

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from .http_library import CLOSE_SECONDS

__all__ = ["connections_of", "leave_streams", "leave_streams_async"]

_CANCEL = 8  # RFC 9113, 7
# The part of a request that `_write_outgoing_data` of httpcore reads.
_REQUEST = SimpleNamespace(extensions={"timeout": {"write": CLOSE_SECONDS}})


def leave_streams(client: Any, response: Any = None) -> None:
    """Reset the stream of an answer that is about to be closed, and all streams that no thread reads."""
    for stream in _lost(client, response):
        stream.close()
    for connection in connections_of(client):
        if _reset_unread(connection, response):
            connection._write_outgoing_data(_REQUEST)


async def leave_streams_async(client: Any, response: Any = None) -> None:
    """Do as `leave_streams`, for a client that is async."""
    for stream in _lost(client, response):
        await stream.aclose()
    for connection in connections_of(client):
        if _reset_unread(connection, response):
            await connection._write_outgoing_data(_REQUEST)


def connections_of(client: Any) -> list[Any]:
    """Return the HTTP/2 connections of a client of httpx or httpx2, as objects of httpcore."""
    found: list[Any] = []
    for transport in (client._transport, *client._mounts.values()):
        for connection in getattr(getattr(transport, "_pool", None), "connections", ()):
            while connection is not None and not hasattr(
                connection, "_h2_state"
            ):  # by way of a proxy, two deep
                connection = getattr(connection, "_connection", None)
            if connection is not None:
                found.append(connection)
    return found


def _lost(client: Any, response: Any) -> Iterator[Any]:
    """Yield the network stream of an answer if its connection is not among those of the client."""
    stream = None if response is None else response.extensions.get("network_stream")
    if stream is not None and all(found._network_stream is not stream for found in connections_of(client)):
        yield stream


def _reset_unread(connection: Any, response: Any) -> bool:
    """Prepare the frames for a connection, and return whether there are any."""
    state, unread = connection._h2_state, connection._events
    # Before a stream exists, its list of events does; so a stream without one is a stream that was left.
    left = {stream_id for stream_id in list(state.streams) if stream_id not in unread}
    if response is not None and response.extensions["network_stream"] is connection._network_stream:
        left.add(response.extensions["stream_id"])
    has_frames = False
    for stream_id in left:
        size = sum(getattr(event, "flow_controlled_length", 0) for event in unread.get(stream_id, ()))
        stream = state.streams.get(stream_id)
        with suppress(Exception):  # the stream has ended meanwhile
            if size:
                state.acknowledge_received_data(size, stream_id)
                has_frames = True
            if stream is not None and not stream.closed:
                state.reset_stream(stream_id, _CANCEL)
                has_frames = True
    return has_frames
