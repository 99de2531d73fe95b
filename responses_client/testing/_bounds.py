"""The bounds of the embedded server on a port.

They keep a client that has gone wild from taking the memory and the sockets of the machine. They do not make the server
fit for the internet.
"""

from __future__ import annotations

MAX_BODY_BYTES = 128 * 1024 * 1024
"""The size of the body of a request, and of a message on a WebSocket; also in an application that is mounted."""

BODY_SECONDS = 60.0
"""The time for the body of a request, from its head on; also in an application that is mounted."""

MAX_HEAD_BYTES = 64 * 1024
"""The size of the request line and the headers."""

HEAD_SECONDS = 30.0
"""The time for the request line and the headers, from the start of the connection, or their first byte, on."""

MAX_CONNECTIONS = 1000
"""The number of connections at once, WebSockets included."""
