"""`responses.map` against the embedded server: order, failures, laziness, and the block, in each mode."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import cloudpickle
import pytest
from callers import ASYNC_MODES, MODES, Caller

from responses_client import (
    AsyncResponseMap,
    BadRequestError,
    MapResult,
    RequestValidationError,
    ResponseMap,
)
from responses_client.models import Response
from responses_client.testing import RateLimit, Server, VirtualClock


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture(params=MODES)
def caller(request: pytest.FixtureRequest, server: Server) -> Caller:
    return Caller(request.param, server.client, server.async_client)


def requests(count: int, **params: Any) -> Iterator[Any]:
    for number in range(count):
        yield {"model": "m", "input": f"Number {number}", **params}


async def of_async(values: Any) -> AsyncIterator[Any]:
    for value in values:
        yield value


def mapped(caller: Caller, given: Any, **options: Any) -> list[MapResult]:
    """All results, by iterating."""

    def read(client: Any) -> list[MapResult]:
        with client.responses.map(given, **options) as results:
            return list(results)

    async def wait(client: Any) -> list[MapResult]:
        async with client.responses.map(given, **options) as results:
            return [result async for result in results]

    result: list[MapResult] = caller.run(read, wait)
    return result


def texts(results: list[MapResult]) -> list[str]:
    return [result.response_or_raise().output_text for result in results]


def test_results_come_in_the_order_of_the_requests(caller: Caller, server: Server) -> None:
    results = mapped(caller, requests(100))

    assert [result.index for result in results] == list(range(100))
    assert [result.id for result in results] == [str(number) for number in range(100)]
    assert all(f"Number {number}" in text for number, text in enumerate(texts(results)))
    assert [result.request["input"] for result in results] == [f"Number {n}" for n in range(100)]
    assert not any(result.is_replayed for result in results)
    assert len(server.requests) == 100


def test_all_gives_the_list_by_itself(caller: Caller) -> None:
    results: list[MapResult] = caller(lambda client: client.responses.map(requests(10)).all())
    assert [result.index for result in results] == list(range(10))


def test_mapping_gives_results_the_ids_of_the_user(caller: Caller) -> None:
    results = mapped(caller, {"tea": {"model": "m", "input": "Tea"}, "milk": {"model": "m", "input": "Milk"}})
    assert [(result.index, result.id) for result in results] == [(0, "tea"), (1, "milk")]


def test_no_requests_give_no_results(caller: Caller) -> None:
    assert mapped(caller, []) == []


def test_async_client_takes_async_iterables(server: Server) -> None:
    for mode in ASYNC_MODES:
        caller = Caller(mode, server.client, server.async_client)
        assert len(mapped(caller, of_async(requests(10)))) == 10


def test_results_come_as_they_are_finished_if_order_does_not_matter(caller: Caller, server: Server) -> None:
    server.fail(429, retry_after=0.05)
    kept = mapped(caller, requests(8), max_concurrency=4)
    assert [result.index for result in kept] == list(range(8))

    results = mapped(caller, [{"model": "m"}, *requests(7)], ordered=False)
    assert sorted(result.index for result in results) == list(range(8))


def test_failures_are_results_and_end_nothing(caller: Caller, server: Server) -> None:
    server.fail(400, message="No.").unscripted(3)
    results = mapped(caller, requests(4), max_concurrency=1)

    assert [type(result.error) for result in results] == [BadRequestError, *[type(None)] * 3]
    assert results[0].response is None
    assert results[1].error is None
    with pytest.raises(BadRequestError, match="400: No"):
        results[0].response_or_raise()


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"model": "m", "input": "Hi", "temperature": 7}, "temperature: expected a number less than"),
        ({"model": "m", "input": "Hi", "stream": True}, "stream: cannot be used in a map"),
        ({"model": "m", "input": "Hi", "background": True}, "background: cannot be used in a map"),
        ({"model": "m", "extra_body": {"stream": True}}, "stream: cannot be used in a map"),
        (
            {"model": "m", "input": "Hi", "flavour": "mint"},
            "request: .*unexpected keyword argument 'flavour'",
        ),
        ({"input": "Hi"}, "model: missing"),
        ("Hi", "request: expected a dict of the arguments of create, got str"),
    ],
)
def test_wrong_request_is_a_failed_result(caller: Caller, server: Server, request_: Any, text: str) -> None:
    good: Any = {"model": "m", "input": "Hi"}
    results = mapped(caller, [request_, good])

    assert results[1].error is None
    assert results[0].request == request_
    with pytest.raises(RequestValidationError, match=text):
        results[0].response_or_raise()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("given", "options", "text"),
    [
        (7, {}, "requests: expected an iterable of requests"),
        ("Hi", {}, "requests: expected an iterable of requests"),
        ({"model": "m", "input": "Hi"}, {}, "requests: is a single request; put it into a list"),
        ({7: {"model": "m"}}, {}, "requests: expected ids that are strings and not blank, got int 7"),
        ({" ": {"model": "m"}}, {}, "requests: expected ids that are strings and not blank, got str ''"),
        ([], {"max_concurrency": 0}, "max_concurrency: expected a whole number, 1 or more, got int 0"),
        ([], {"max_concurrency": True}, "max_concurrency: expected a whole number"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    caller: Caller, given: Any, options: dict[str, Any], text: str
) -> None:
    with pytest.raises(RequestValidationError, match=text):
        mapped(caller, given, **options)


def test_async_things_are_refused_by_the_client_that_is_not(server: Server) -> None:
    caller = Caller("sync", server.client, server.async_client)

    async def tell(result: MapResult) -> None:
        raise AssertionError(result)

    class Ready:
        def __await__(self) -> Iterator[None]:
            raise NotImplementedError

    with pytest.raises(RequestValidationError, match="requests: is async, which needs AsyncClient"):
        mapped(caller, of_async([]))
    with pytest.raises(RequestValidationError, match="on_result: is async, which needs AsyncClient"):
        mapped(caller, requests(1), on_result=tell)
    assert server.requests == []

    async def forgotten() -> None:
        raise AssertionError

    for on_result in (lambda _: Ready(), lambda _: forgotten()):
        with pytest.raises(
            RequestValidationError, match=r"^The map was stopped: on_result: is async, which needs"
        ):
            mapped(caller, requests(1), on_result=on_result)


@pytest.mark.parametrize(
    ("name", "value", "expected"), [("on_result", 5, "a function"), ("journal", 5, "a path")]
)
def test_functions_and_paths_that_are_none_are_refused(
    caller: Caller, name: str, value: object, expected: str
) -> None:
    with pytest.raises(RequestValidationError, match=f"{name}: expected {expected}, got int 5"):
        mapped(caller, requests(1), **{name: value})


def test_dict_that_is_filled_again_is_each_request_as_it_was(caller: Caller) -> None:
    def refilled() -> Iterator[Any]:
        params: dict[str, Any] = {"model": "m"}
        for number in range(20):
            params["input"] = f"Number {number}"
            yield params

    results = mapped(caller, refilled())
    assert [result.request["input"] for result in results] == [f"Number {number}" for number in range(20)]
    assert all(f"Number {result.index}" in result.response_or_raise().output_text for result in results)


def test_keys_that_are_no_texts_are_a_failed_result(caller: Caller) -> None:
    wrong, right = mapped(caller, [{1: 2}, next(requests(1))])
    assert isinstance(wrong.error, RequestValidationError)
    assert right.error is None


@pytest.mark.parametrize("leaves", [False, True])
def test_generator_of_requests_is_closed_by_the_end(caller: Caller, leaves: bool) -> None:
    closed = threading.Event()

    def given() -> Iterator[Any]:
        try:
            yield from requests(3)
        finally:
            closed.set()

    def read(client: Any) -> None:
        with client.responses.map(given(), max_concurrency=1) as results:
            next(results)
            if not leaves:
                list(results)

    async def wait(client: Any) -> None:
        async with client.responses.map(given(), max_concurrency=1) as results:
            await anext(results)
            if not leaves:
                [result async for result in results]

    caller.run(read, wait)
    assert closed.wait(5)


@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_streams_of_the_user_stay_open(server: Server, mode: str) -> None:
    async def main() -> None:
        put, take = anyio.create_memory_object_stream[Any](10)
        async with put, take, server.async_client() as client:
            for request in requests(2):
                put.send_nowait(request)
            async with client.responses.map(take) as results:
                await anext(results)
            put.send_nowait(next(requests(1)))
            assert take.receive_nowait()

    anyio.run(main, backend=mode)


@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_tasks_may_share_a_map(server: Server, mode: str) -> None:
    found: list[int] = []

    async def main() -> None:
        async def read() -> None:
            found.extend([result.index async for result in results])

        async with (
            server.async_client() as client,
            client.responses.map(requests(20)) as results,
            anyio.create_task_group() as group,
        ):
            for _ in range(3):
                group.start_soon(read)

    anyio.run(main, backend=mode)
    assert sorted(found) == list(range(20))


def test_threads_may_share_a_map(server: Server) -> None:
    found: list[int] = []
    with server.client() as client, client.responses.map(requests(20)) as results:
        threads = [
            threading.Thread(target=lambda: found.extend(result.index for result in results), daemon=True)
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        assert not any(thread.is_alive() for thread in threads)
    assert sorted(found) == list(range(20))


def test_leaving_waits_for_no_iterable_that_waits(server: Server) -> None:
    go_on, taken = threading.Event(), threading.Event()

    def given() -> Iterator[Any]:
        yield from requests(1)
        taken.set()
        go_on.wait(30)

    with server.client() as client, client.responses.map(given()) as results:
        next(results)
        assert taken.wait(5)
        threads = [thread for thread in threading.enumerate() if thread.name == "responses.map-0"]
    assert [thread.is_alive() for thread in threads] == [True]
    go_on.set()
    threads[0].join(5)
    assert not threads[0].is_alive()


def test_map_without_its_block_says_how_it_is_done(server: Server) -> None:
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


def test_map_that_was_left_gives_nothing_more(caller: Caller) -> None:
    def read(client: Any) -> ResponseMap:
        with client.responses.map(requests(3)) as results:
            assert repr(results) == "<ResponseMap, open>"
            next(results)
        assert repr(results) == "<ResponseMap, closed>"
        results.close()
        return next(results)  # type: ignore[no-any-return]

    async def wait(client: Any) -> AsyncResponseMap:
        async with client.responses.map(requests(3)) as results:
            await anext(results)
        assert repr(results) == "<AsyncResponseMap, closed>"
        return await anext(results)  # type: ignore[no-any-return]

    with pytest.raises(RuntimeError, match="is closed"):
        caller.run(read, wait)


def test_map_at_its_end_stays_there(caller: Caller) -> None:
    def read(client: Any) -> None:
        with client.responses.map(requests(3)) as results:
            assert len(list(results)) == 3
            assert next(results, None) is None

    async def wait(client: Any) -> None:
        async with client.responses.map(requests(3)) as results:
            assert len([result async for result in results]) == 3
            assert await anext(results, None) is None

    caller.run(read, wait)


# --- what the user's functions do


def test_requests_are_taken_as_they_are_needed(caller: Caller) -> None:
    taken = 0

    def endless() -> Iterator[Any]:
        nonlocal taken
        while True:
            taken += 1
            yield {"model": "m", "input": "Hi"}

    def read(client: Any) -> list[int]:
        with client.responses.map(endless(), max_concurrency=2) as results:
            return [next(results).index for _ in range(100)]

    async def wait(client: Any) -> list[int]:
        async with client.responses.map(endless(), max_concurrency=2) as results:
            return [(await anext(results)).index for _ in range(100)]

    assert caller.run(read, wait) == list(range(100))
    assert 100 <= taken <= 108


def test_no_more_are_taken_while_results_are_unread(caller: Caller, server: Server) -> None:
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


def test_error_of_the_requests_comes_after_all_results_before_it(caller: Caller) -> None:
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


def test_on_result_is_told_of_each_before_it_is_given(caller: Caller) -> None:
    told: list[int] = []
    results = mapped(caller, requests(20), on_result=lambda result: told.append(result.index))
    assert sorted(told) == [result.index for result in results]


def test_on_result_may_be_async(server: Server) -> None:
    told: list[int] = []

    async def tell(result: MapResult) -> None:
        await anyio.lowlevel.checkpoint()
        told.append(result.index)

    for mode in ASYNC_MODES:
        mapped(Caller(mode, server.client, server.async_client), requests(5), on_result=tell)
    assert sorted(told) == sorted([*range(5), *range(5)])


def test_what_on_result_raises_ends_the_map(caller: Caller, server: Server) -> None:
    def tell(result: MapResult) -> None:
        raise ZeroDivisionError

    def read(client: Any) -> None:
        with client.responses.map(requests(1000), max_concurrency=2, on_result=tell) as results:
            with pytest.raises(ZeroDivisionError):
                next(results)
            next(results)

    async def wait(client: Any) -> None:
        async with client.responses.map(requests(1000), max_concurrency=2, on_result=tell) as results:
            with pytest.raises(ZeroDivisionError):
                await anext(results)
            await anyio.lowlevel.checkpoint()  # nothing in the block is cancelled
            await anext(results)

    with pytest.raises(RuntimeError, match="is closed"):
        caller.run(read, wait)
    assert len(server.requests) < 1000


def test_error_of_another_package_ends_the_map(server: Server) -> None:
    def key() -> str:
        raise ZeroDivisionError

    for mode in MODES:
        caller = Caller(mode, lambda: server.client(api_key=key), lambda: server.async_client(api_key=key))
        with pytest.raises(ZeroDivisionError):
            mapped(caller, requests(3))


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

    with pytest.raises(RuntimeError, match="closed"):
        caller.run(read, wait)


def test_exception_in_the_block_comes_out_as_it_is(caller: Caller) -> None:
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


def test_threads_have_the_context_of_the_block_and_are_as_few_as_needed(server: Server) -> None:
    name: ContextVar[str] = ContextVar("name", default="nobody")
    seen = set[str]()

    def key() -> str:
        seen.add(name.get())
        return "test-key"

    before = set(threading.enumerate())
    name.set("Ada")
    with server.client(api_key=key).responses.map(requests(3)) as results:
        assert len(set(threading.enumerate()) - before) <= 4
        assert len(list(results)) == 3
    assert seen == {"Ada"}
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize(
    ("refused", "error"),
    [("responses.map-0", RuntimeError), ("responses.map-1", RuntimeError), ("responses.map-2", None)],
)
def test_map_does_with_the_threads_it_can_have(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    refused: str,
    error: type[Exception] | None,
) -> None:
    start = threading.Thread.start

    def scarce(thread: threading.Thread) -> None:
        if thread.name == refused:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    many = server.client().responses.map(requests(20), journal=tmp_path / "journal")
    if error is None:
        assert len(many.all()) == 20
    else:
        with pytest.raises(error, match="can't start new thread"):
            many.all()


def test_requests_are_taken_in_one_thread(server: Server) -> None:
    threads = set[threading.Thread]()

    def noted() -> Iterator[Any]:
        for request in requests(100):
            threads.add(threading.current_thread())
            yield request

    server.client().responses.map(noted(), max_concurrency=4).all()
    assert len(threads) == 1


def test_async_generator_of_the_user_is_closed_with_the_block(server: Server) -> None:
    closed: list[bool] = []

    async def endless() -> AsyncIterator[Any]:
        try:
            while True:
                yield {"model": "m", "input": "Hi"}
        finally:
            closed.append(True)

    async def wait(client: Any) -> None:
        async with client.responses.map(endless(), max_concurrency=1) as results:
            await anext(results)

    for mode in ASYNC_MODES:
        Caller(mode, server.client, server.async_client).run(wait, wait)
    assert closed == [True, True]


# --- rate limits


@pytest.mark.parametrize("style", ["bucket", "window"])
@pytest.mark.parametrize("mode", MODES)
def test_rate_limit_of_the_server_is_kept(mode: str, style: Any) -> None:
    with VirtualClock() as clock, Server(rate_limit=RateLimit(requests=60, style=style)) as server:
        caller = Caller(mode, server.client, server.async_client)
        results = mapped(caller, requests(150), max_concurrency=16)

    assert [result.error for result in results] == [None] * 150
    assert server.refused <= 7
    assert clock.now <= 130


# --- the value


def result_of_each_kind(server: Server) -> list[MapResult]:
    server.reply("Hello").fail(400, message="No.")
    wrong: Any = {"input": "Hi"}
    return server.client().responses.map([*requests(2), wrong], max_concurrency=1).all()


@pytest.mark.parametrize("codec", [pickle, cloudpickle])
def test_results_are_the_same_after_pickling(server: Server, codec: Any) -> None:
    results = result_of_each_kind(server)
    again: list[MapResult] = codec.loads(codec.dumps(results))

    assert again[0] == results[0]
    assert isinstance(again[0].response, Response)
    assert again[0].response.meta == results[0].response_or_raise().meta
    for old, new in zip(results, again, strict=True):
        assert (new.index, new.id, new.request) == (old.index, old.id, old.request)
        assert (type(new.error), str(new.error)) == (type(old.error), str(old.error))


def test_result_is_frozen_and_shows_nothing_of_the_request(server: Server) -> None:
    given = requests(1, extra_headers={"Authorization": "Bearer secret"})
    (result,) = server.client().responses.map(given).all()

    assert repr(result) == "<MapResult 0, id '0': status completed>"
    assert repr(result_of_each_kind(server)[2]) == "<MapResult 2, id '2': RequestValidationError>"
    with pytest.raises(AttributeError):
        result.index = 7  # type: ignore[misc]
    assert copy.deepcopy(result) == result


def test_error_keeps_nothing_of_what_it_passed(server: Server) -> None:
    error = result_of_each_kind(server)[1].error
    assert error is not None
    assert error.__traceback__ is None
