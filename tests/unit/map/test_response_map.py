"""`responses.map` against the embedded server: order, laziness, `on_result`, and the block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from callers import ASYNC_MODES, Caller
from map_helpers import mapped, requests, texts

from responses_client import (
    AsyncResponseMap,
    MapResult,
    ResponseMap,
)
from responses_client.testing import Server


def test_results_come_in_the_order_of_the_requests(caller: Caller, server: Server) -> None:
    results = mapped(caller, requests(100))

    assert [result.index for result in results] == list(range(100))
    assert [result.id for result in results] == [str(number) for number in range(100)]
    assert all(f"Number {number}" in text for number, text in enumerate(texts(results)))
    assert [result.request["input"] for result in results] == [f"Number {n}" for n in range(100)]
    assert not any(result.is_replayed for result in results)
    assert len(server.requests) == 100


def test_all_returns_a_list_without_a_block(caller: Caller) -> None:
    results: list[MapResult] = caller(lambda client: client.responses.map(requests(10)).all())
    assert [result.index for result in results] == list(range(10))


def test_map_outside_its_block_is_an_error_that_shows_the_block(server: Server) -> None:
    client, aclient = server.client(), server.async_client()
    many = client.responses.map(requests(1))

    with pytest.raises(RuntimeError, match=r"write `with client\.responses\.map"):
        iter(many)
    with pytest.raises(RuntimeError, match=r"write `with client\.responses\.map"):
        next(many)
    with pytest.raises(RuntimeError, match=r"write `async with client\.responses\.map"):
        aiter(aclient.responses.map(requests(1)))
    assert server.requests == []


def test_map_runs_once(caller: Caller) -> None:
    def twice(client: Any) -> None:
        many = client.responses.map(requests(1))
        many.all()
        many.all()

    async def wait(client: Any) -> None:
        many = client.responses.map(requests(1))
        await many.all()
        await many.all()

    with pytest.raises(RuntimeError, match="this one was started before"):
        caller.run(twice, wait)


def test_map_whose_block_has_ended_is_closed(caller: Caller) -> None:
    def read(client: Any) -> ResponseMap:
        with client.responses.map(requests(3)) as results:
            assert repr(results) == "<ResponseMap, open>"
            next(results)
        assert repr(results) == "<ResponseMap, closed>"
        results.close()
        return next(results)

    async def wait(client: Any) -> AsyncResponseMap:
        async with client.responses.map(requests(3)) as results:
            await anext(results)
        assert repr(results) == "<AsyncResponseMap, closed>"
        await results.close()
        return await anext(results)

    with pytest.raises(RuntimeError, match="is closed"):
        caller.run(read, wait)


def test_map_can_be_closed_inside_its_block(caller: Caller) -> None:
    def read(client: Any) -> ResponseMap:
        with client.responses.map(requests(3)) as results:
            next(results)
            results.close()
            return next(results)

    async def wait(client: Any) -> AsyncResponseMap:
        results = client.responses.map(requests(3))
        await results.aclose()  # not started, so there is nothing to close
        async with results:
            await anext(results)
            await results.aclose()
            return await anext(results)

    with pytest.raises(RuntimeError, match="is closed"):
        caller.run(read, wait)


def test_exhausted_map_stays_exhausted(caller: Caller) -> None:
    def read(client: Any) -> None:
        with client.responses.map(requests(3)) as results:
            assert len(list(results)) == 3
            assert next(results, None) is None

    async def wait(client: Any) -> None:
        async with client.responses.map(requests(3)) as results:
            assert len([result async for result in results]) == 3
            assert await anext(results, None) is None

    caller.run(read, wait)


def test_requests_are_read_as_they_are_needed(caller: Caller) -> None:
    read_count = 0

    def endless() -> Iterator[Any]:
        nonlocal read_count
        while True:
            read_count += 1
            yield {"model": "m", "input": "Hi"}

    def read(client: Any) -> list[int]:
        with client.responses.map(endless(), max_concurrency=2) as results:
            return [next(results).index for _ in range(100)]

    async def wait(client: Any) -> list[int]:
        async with client.responses.map(endless(), max_concurrency=2) as results:
            return [(await anext(results)).index for _ in range(100)]

    assert caller.run(read, wait) == list(range(100))
    assert 100 <= read_count <= 108


def test_no_more_requests_are_read_while_results_are_unread(caller: Caller, server: Server) -> None:
    def read(client: Any) -> None:
        with client.responses.map(requests(100), max_concurrency=2) as results:
            next(results)
            while len(server.requests) < 9:
                pass
            assert next(results).index == 1

    async def wait(client: Any) -> None:
        async with client.responses.map(requests(100), max_concurrency=2) as results:
            await anext(results)
            while len(server.requests) < 9:
                await anyio.lowlevel.checkpoint()
            for _ in range(50):
                await anyio.lowlevel.checkpoint()
            assert len(server.requests) == 9

    caller.run(read, wait)
    assert len(server.requests) <= 10


def test_error_of_the_iterable_comes_after_all_earlier_results(caller: Caller) -> None:
    def broken() -> Iterator[Any]:
        yield from requests(5)
        raise ZeroDivisionError

    seen: list[int] = []

    def read(client: Any) -> None:
        with client.responses.map(broken()) as results:
            seen.extend(result.index for result in results)

    async def wait(client: Any) -> None:
        async with client.responses.map(broken()) as results:
            while True:
                seen.append((await anext(results)).index)

    with pytest.raises(ZeroDivisionError):
        caller.run(read, wait)
    assert seen == list(range(5))


def test_on_result_is_called_before_each_result_is_returned(caller: Caller) -> None:
    seen: list[int] = []
    results = mapped(caller, requests(20), on_result=lambda result: seen.append(result.index))
    assert sorted(seen) == [result.index for result in results]


def test_on_result_may_be_async(server: Server) -> None:
    seen: list[int] = []

    async def on_result(result: MapResult) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(result.index)

    for mode in ASYNC_MODES:
        mapped(Caller(mode, server.client, server.async_client), requests(5), on_result=on_result)
    assert sorted(seen) == sorted([*range(5), *range(5)])


def test_exception_of_on_result_ends_the_map(caller: Caller, server: Server) -> None:
    def on_result(result: MapResult) -> None:
        raise ZeroDivisionError

    def read(client: Any) -> None:
        with client.responses.map(requests(1000), max_concurrency=2, on_result=on_result) as results:
            with pytest.raises(ZeroDivisionError):
                next(results)
            next(results)

    async def wait(client: Any) -> None:
        async with client.responses.map(requests(1000), max_concurrency=2, on_result=on_result) as results:
            with pytest.raises(ZeroDivisionError):
                await anext(results)
            await anyio.lowlevel.checkpoint()  # nothing in the block is cancelled
            await anext(results)

    with pytest.raises(RuntimeError, match="is closed"):
        caller.run(read, wait)
    assert len(server.requests) < 1000


def test_closed_client_ends_the_map(caller: Caller) -> None:
    def read(client: Any) -> None:
        with client.responses.map(requests(1000), max_concurrency=1) as results:
            next(results)
            client.close()
            list(results)

    async def wait(client: Any) -> None:
        async with client.responses.map(requests(1000), max_concurrency=1) as results:
            await anext(results)
            await client.aclose()
            async for _ in results:
                pass

    with pytest.raises(RuntimeError, match=r"client .* closed"):
        caller.run(read, wait)


def test_exception_in_the_block_is_raised_unchanged(caller: Caller) -> None:
    def read(client: Any) -> None:
        with client.responses.map(requests(1000)) as results:
            next(results)
            raise ZeroDivisionError

    async def wait(client: Any) -> None:
        async with client.responses.map(requests(1000)) as results:
            await anext(results)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        caller.run(read, wait)
