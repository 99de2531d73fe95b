"""The memory that the upload of a large file takes, against the limit for it."""

import tempfile
import tracemalloc
from collections.abc import Iterator
from typing import Any

import httpx

from responses_client import Client

from .peers import KEY
from .setup import Setup
from .timing import Row, Target, rows

_LIMIT_MIB = 32


class _Server(httpx.BaseTransport):
    """A server that reads a file and keeps nothing of it."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        stream: Any = request.stream
        size = sum(len(piece) for piece in stream)
        body = {
            "id": "file-1",
            "object": "file",
            "bytes": size,
            "created_at": 1,
            "filename": "large",
            "purpose": "user_data",
        }
        return httpx.Response(200, json=body)


def memory(setup: Setup) -> Iterator[Row]:
    """Measure the greatest memory that Python objects take during the upload."""
    client = Client(api_key=KEY, http_client=httpx.Client(transport=_Server()))
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(setup.upload_mib << 20)
        samples = [_peak(client, file.name) for _ in range(setup.repeats)]
    given = {"ours": samples, "the limit": [float(_LIMIT_MIB)] * setup.repeats}
    yield from rows(
        f"the upload of {setup.upload_mib} MiB", "MiB", given, {"the limit": Target("at most", 1)}
    )


def _peak(client: Client, path: str) -> float:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        file = client.files.create(file=path, purpose="user_data")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if not file.bytes:
        raise AssertionError("nothing was uploaded")
    return (peak - before) / (1 << 20)
