"""Maps of many requests, as type checkers see them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import assert_type

from responses_client import (
    AsyncClient,
    AsyncResponseMap,
    Client,
    MapResult,
    Progress,
    ResponseMap,
    ResponsesClientError,
)
from responses_client.models import Response, ResponseCreateParams


def requests() -> Iterator[ResponseCreateParams]:
    for number in range(10):
        yield {"model": "m", "input": f"Number {number}"}


async def async_requests() -> AsyncIterator[ResponseCreateParams]:
    yield {"model": "m", "input": "Hi"}


def map_gives_results(client: Client) -> None:
    with client.responses.map(requests()) as results:
        assert_type(results, ResponseMap)
        for result in results:
            assert_type(result, MapResult)
            assert_type(result.index, int)
            assert_type(result.id, str)
            assert_type(result.request, ResponseCreateParams)
            assert_type(result.response, Response | None)
            assert_type(result.error, ResponsesClientError | None)
            assert_type(result.is_replayed, bool)
            assert_type(result.response_or_raise(), Response)


def map_takes_many_kinds_of_requests(client: Client, path: Path) -> list[MapResult]:
    client.responses.map([{"model": "m", "input": "Hi"}])
    client.responses.map({"model": "m", "input": text} for text in ("Hi", "Ho"))
    client.responses.map({"tea": {"model": "m", "input": "Tea"}})
    client.responses.map(
        requests(),
        max_concurrency=8,
        ordered=False,
        on_result=lambda result: print(result.id),
        journal=path,
    )
    return client.responses.map(requests(), on_result=print, journal="results.jsonl").all()


async def async_map_gives_results(client: AsyncClient) -> None:
    async def tell(result: MapResult) -> None:
        print(result.id)

    async with client.responses.map(async_requests(), on_result=tell) as results:
        assert_type(results, AsyncResponseMap)
        async for result in results:
            assert_type(result, MapResult)
    assert_type(await client.responses.map(requests(), on_result=print).all(), list[MapResult])
    assert_type(await client.responses.map({"tea": {"model": "m"}}).all(), list[MapResult])


def mistakes_are_found(client: Client, result: MapResult) -> None:
    client.responses.map(async_requests())  # type: ignore[call-overload]
    client.responses.map([{"model": "m", "flavour": "oolong"}])  # type: ignore[typeddict-unknown-key]
    client.responses.map(["Hi"])  # type: ignore[list-item]
    client.responses.map(requests(), max_concurrency="8")  # type: ignore[call-overload]
    client.responses.map(requests(), timeout=5)  # type: ignore[call-overload]
    result.index = 7  # type: ignore[misc]


def progress_is_typed(client: Client) -> None:
    def show(progress: Progress) -> None:
        assert_type(progress.total, int | None)
        assert_type(progress.done, int)
        assert_type(progress.tokens_per_minute, float)
        assert_type(progress.eta, float | None)
        assert_type(progress.wait_reason, str | None)
        assert_type(progress.is_finished, bool)

    client.responses.map(requests(), on_progress=show, progress=True)
    client.responses.map(requests(), on_progress=lambda progress: print(progress.done), progress=False)
    client.responses.map(requests(), on_progress=lambda result: result.index)  # type: ignore[attr-defined]
    client.responses.map(requests(), progress="yes")  # type: ignore[call-overload]


async def progress_of_the_async_client_may_be_awaited(client: AsyncClient) -> None:
    async def tell(progress: Progress) -> None:
        print(progress)

    assert_type(client.responses.map(requests(), on_progress=tell), AsyncResponseMap)
    assert_type(client.responses.map(async_requests(), on_progress=print), AsyncResponseMap)
