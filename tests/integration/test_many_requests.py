"""Maps at full size: two thousand requests under a rate limit, over a port."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from responses_client import AsyncClient, Client, MapResult
from responses_client.testing import RateLimit, Server

COUNT = 2_000
REQUESTS: list[Any] = [{"model": "m", "input": f"Number {number}"} for number in range(COUNT)]


def check(server: Server, results: list[MapResult]) -> None:
    """All are answered, none twice, and few were refused."""
    assert [result.error for result in results] == [None] * COUNT
    assert [result.index for result in results] == list(range(COUNT))
    assert all(f"Number {result.index}" in result.response_or_raise().output_text for result in results)
    asked = [request.json["input"] for request in server.requests]
    assert len(asked) - server.refused == COUNT
    assert sorted(set(asked)) == sorted(request["input"] for request in REQUESTS)
    assert server.refused <= 0.05 * COUNT


@pytest.fixture(params=["bucket", "window"])
def server(request: pytest.FixtureRequest) -> Server:
    """A server that takes 400 a second, less than a map sends without a limit."""
    return Server(rate_limit=RateLimit(requests=400, seconds=1.0, style=request.param))


def test_threads_answer_all_within_the_limit(server: Server) -> None:
    with (
        server.serve() as url,
        Client(api_key="any", base_url=url) as client,
        client.responses.map(iter(REQUESTS)) as results,
    ):
        check(server, list(results))


def test_tasks_answer_all_within_the_limit(server: Server) -> None:
    async def main(url: str) -> list[MapResult]:
        async with (
            AsyncClient(api_key="any", base_url=url) as client,
            client.responses.map(iter(REQUESTS)) as results,
        ):
            return [result async for result in results]

    with server.serve() as url:
        check(server, anyio.run(main, url))
