"""Batches, as type checkers see them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import assert_type

from responses_client import AsyncClient, BatchResults, Client, MapResult, Progress
from responses_client.models import Batch, Response, ResponseCreateParams


def requests() -> Iterator[ResponseCreateParams]:
    yield {"model": "m", "input": "Hi"}


async def async_requests() -> AsyncIterator[ResponseCreateParams]:
    yield {"model": "m", "input": "Hi"}


def batch_gives_results(client: Client, path: Path) -> None:
    results = client.responses.batch(
        requests(), state=path, timeout=60, metadata={"a": "b"}, on_progress=lambda news: print(news.done)
    )
    assert_type(results, BatchResults)
    for result in results:
        assert_type(result, MapResult)
        assert_type(result.response_or_raise(), Response)
    assert_type(results[0], MapResult)
    assert_type(results[1:], tuple[MapResult, ...])
    assert_type(results.failed, list[MapResult])
    assert_type(results.batches, tuple[Batch, ...])
    client.responses.batch({"tea": {"model": "m", "input": "Tea"}})
    client.responses.batch([result.request for result in results.failed])


async def async_batch_gives_results(client: AsyncClient) -> None:
    async def tell(news: Progress) -> None:
        print(news)

    assert_type(await client.responses.batch(async_requests(), on_progress=tell), BatchResults)
    assert_type(await client.responses.batch(requests(), on_progress=print), BatchResults)


def mistakes_are_found(client: Client) -> None:
    client.responses.batch(async_requests())  # type: ignore[call-overload]
    client.responses.batch([{"model": "m", "flavour": "oolong"}])  # type: ignore[typeddict-unknown-key]
    client.responses.batch(requests(), max_requests="8")  # type: ignore[call-overload]
