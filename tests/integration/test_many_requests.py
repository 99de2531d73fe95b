"""Maps of a thousand requests under a rate limit, with the embedded server on a port."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio

from responses_client import AsyncClient, Client, MapResult

COUNT = 1_000
PER_SECOND = 400  # fewer requests than a map sends without a limit
REQUESTS: list[Any] = [{"model": "m", "input": f"Number {number}"} for number in range(COUNT)]


@contextmanager
def limited(style: str, seen: dict[str, Any]) -> Generator[str]:
    """Yield the address of a server with a rate limit; record in `seen` the requests that it got."""
    script = str(Path(__file__).with_name("limited_server.py"))
    command = [sys.executable, script, str(PER_SECOND), style]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()
            seen |= json.loads(server.stdout.read())


def check(seen: dict[str, Any], results: Sequence[MapResult]) -> None:
    """Check that each request was answered once, and few were refused."""
    assert [result.error for result in results] == [None] * COUNT
    assert [result.index for result in results] == list(range(COUNT))
    assert all(f"Number {result.index}" in result.response_or_raise().output_text for result in results)
    assert len(seen["asked"]) - seen["refused"] == COUNT
    assert sorted(set(seen["asked"])) == sorted(request["input"] for request in REQUESTS)
    assert seen["refused"] <= 0.05 * COUNT


def test_threads_answer_all_within_the_limit() -> None:
    seen: dict[str, Any] = {}
    with (
        limited("window", seen) as url,
        Client(api_key="any", base_url=url) as client,
        client.responses.map(iter(REQUESTS)) as results,
    ):
        answered = list(results)
    check(seen, answered)


def test_tasks_answer_all_within_the_limit() -> None:
    async def main(url: str) -> list[MapResult]:
        async with (
            AsyncClient(api_key="any", base_url=url) as client,
            client.responses.map(iter(REQUESTS)) as results,
        ):
            return [result async for result in results]

    seen: dict[str, Any] = {}
    with limited("bucket", seen) as url:
        answered = anyio.run(main, url)
    check(seen, answered)
