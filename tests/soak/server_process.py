"""The server in a process of its own, so that only the client is measured."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_ROOT = Path(__file__).parents[2]
_CLOSE_SECONDS = 20.0


class ServerProcess:
    """A running server."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.soak.server"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT, text=True
        )
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    @property
    def options(self) -> dict[str, Any]:
        """Options for clients of this server."""
        return {
            "base_url": f"http://127.0.0.1:{self._port}/v1",
            "api_key": "sk-soak",
            "max_retries": 8,
            "timeout": 120,
        }

    def counts(self) -> dict[str, int]:
        """Return the counts of the server so far, and the number of `open` connections."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("GET", "/counts")
            found: dict[str, int] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return found
