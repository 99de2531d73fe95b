"""Answers of scripted servers."""

from __future__ import annotations

from samples import COMPLETED, CREATED, HEL, LO, event, response
from scripted_server import LAST_CHUNK, chunk, stream_head

ERROR = event("error", 2, code="server_error", message="Out of order", param=None)
FAILED = event(
    "response.failed",
    3,
    response=response("failed", error={"code": "server_error", "message": "Out of order"}),
)
WHOLE = [stream_head(), *map(chunk, (CREATED, HEL, LO, COMPLETED)), LAST_CHUNK]
"""A script for a whole stream."""
