"""The requests and results of a map: ids, copies, checked arguments, and the value of a result."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import cloudpickle
import pytest
from callers import ASYNC_MODES, Caller
from map_helpers import as_async, mapped, requests
from waits import PATIENT

from responses_client import (
    MapResult,
    RequestValidationError,
)
from responses_client._map.requests import RequestIterator, ResultOrder
from responses_client.models import Response
from responses_client.testing import Server


def test_keys_of_a_mapping_are_the_ids_of_the_results(caller: Caller) -> None:
    results = mapped(caller, {"tea": {"model": "m", "input": "Tea"}, "milk": {"model": "m", "input": "Milk"}})
    assert [(result.index, result.id) for result in results] == [(0, "tea"), (1, "milk")]


def test_no_requests_give_no_results(caller: Caller) -> None:
    assert mapped(caller, []) == []


def test_async_client_takes_async_iterables(server: Server) -> None:
    for mode in ASYNC_MODES:
        caller = Caller(mode, server.client, server.async_client)
        assert len(mapped(caller, as_async(requests(10)))) == 10


def test_requests_are_numbered_and_read_one_by_one() -> None:
    source = requests(3)
    numbered = RequestIterator(source)
    assert next(numbered) == (0, "0", {"model": "m", "input": "Number 0"})
    assert next(source)["input"] == "Number 1"
    assert next(numbered) == (1, "1", {"model": "m", "input": "Number 2"})
    assert next(numbered, None) is None


@pytest.mark.parametrize(
    ("is_ordered", "ready"),
    [(True, [[], [], [0, 1, 2], [0, 1, 2, 3]]), (False, [[2], [2, 1], [2, 1, 0], [2, 1, 0, 3]])],
)
def test_results_are_ready_in_their_order_or_on_arrival(is_ordered: bool, ready: list[list[int]]) -> None:
    order = ResultOrder(is_ordered=is_ordered)
    seen: list[list[int]] = []
    for index in (2, 1, 0, 3):
        order.put(MapResult(index, str(index), next(requests(1))))
        seen.append([result.index for result in order.ready])
    assert seen == ready


def test_results_may_come_as_they_finish(caller: Caller, server: Server) -> None:
    server.fail(429, retry_after=0.05)
    kept = mapped(caller, requests(8), max_concurrency=4)
    assert [result.index for result in kept] == list(range(8))

    results = mapped(caller, [{"model": "m"}, *requests(7)], ordered=False)
    assert sorted(result.index for result in results) == list(range(8))


def test_dict_that_is_changed_for_each_request_is_copied(caller: Caller) -> None:
    def refilled() -> Iterator[Any]:
        params: dict[str, Any] = {"model": "m"}
        for number in range(20):
            params["input"] = f"Number {number}"
            yield params

    results = mapped(caller, refilled())
    assert [result.request["input"] for result in results] == [f"Number {number}" for number in range(20)]
    assert all(f"Number {result.index}" in result.response_or_raise().output_text for result in results)


@pytest.mark.parametrize("leaves", [False, True])
def test_generator_of_requests_is_closed_at_the_end(caller: Caller, leaves: bool) -> None:
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
    assert closed.wait(PATIENT)


@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_async_iterable_that_is_not_a_generator_stays_open(server: Server, mode: str) -> None:
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


@pytest.mark.parametrize(
    ("given", "options", "text"),
    [
        (7, {}, "requests: expected an iterable of requests"),
        ("Hi", {}, "requests: expected an iterable of requests"),
        ({"model": "m", "input": "Hi"}, {}, "requests: is a single request; put it into a list"),
        ({"model": "m"}, {}, "requests: is a single request; put it into a list"),
        ({"input": "Hi"}, {}, "requests: is a single request; put it into a list"),
        ({7: {"model": "m"}}, {}, "requests: expected ids that are strings and not blank, got int 7"),
        ({" ": {"model": "m"}}, {}, "requests: expected ids that are strings and not blank, got str ''"),
        ([], {"max_concurrency": 0}, "max_concurrency: expected a whole number, 1 or more, got int 0"),
        ([], {"max_concurrency": True}, "max_concurrency: expected a whole number"),
    ],
)
def test_wrong_argument_is_refused(caller: Caller, given: Any, options: dict[str, Any], text: str) -> None:
    with pytest.raises(RequestValidationError, match=f"^The map was not started: {text}"):
        mapped(caller, given, **options)


REQUEST: Any = {"model": "m", "input": "Hi"}


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ([REQUEST], {"max_concurrency": 1}),
        ((REQUEST,), {"on_result": None, "journal": None}),
        ([REQUEST], {"on_result": str}),
        ({"model": REQUEST}, {}),
        ({"input": REQUEST}, {}),
        ({" 7 ": REQUEST}, {}),
        ([{**REQUEST, "stream": False, "background": False}], {}),
        ([{**REQUEST, "stream": None}], {}),
        ([{**REQUEST, "extra_body": {"stream": False}}], {}),
    ],
)
def test_argument_next_to_a_wrong_one_is_taken(caller: Caller, given: Any, options: dict[str, Any]) -> None:
    (result,) = mapped(caller, given, **options)
    assert result.error is None


@pytest.mark.parametrize("form", [str, Path])
def test_path_of_a_journal_is_a_string_or_a_path(caller: Caller, tmp_path: Path, form: Any) -> None:
    (result,) = mapped(caller, [REQUEST], journal=form(tmp_path / "journal"))
    assert result.error is None
    assert (tmp_path / "journal").exists()


@pytest.mark.parametrize(
    ("name", "value", "expected"), [("on_result", 5, "a function"), ("journal", 5, "a path")]
)
def test_arguments_of_wrong_types_are_refused(
    caller: Caller, name: str, value: object, expected: str
) -> None:
    with pytest.raises(
        RequestValidationError, match=f"^The map was not started: {name}: expected {expected}, got int 5"
    ):
        mapped(caller, requests(1), **{name: value})


def test_async_arguments_are_refused_by_the_sync_client(server: Server) -> None:
    caller = Caller("sync", server.client, server.async_client)

    async def on_result_async(result: MapResult) -> None:
        raise AssertionError(result)

    class Ready:
        def __await__(self) -> Iterator[None]:
            raise NotImplementedError

    with pytest.raises(
        RequestValidationError, match=r"^The map was not started: requests: is async, which needs"
    ):
        mapped(caller, as_async([]))
    with pytest.raises(
        RequestValidationError, match=r"^The map was not started: on_result: is async, which needs"
    ):
        mapped(caller, requests(1), on_result=on_result_async)
    assert server.requests == []

    async def forgotten() -> None:
        raise AssertionError

    for on_result in (lambda _: Ready(), lambda _: forgotten()):
        with pytest.raises(
            RequestValidationError, match=r"^The map was stopped: on_result: is async, which needs"
        ):
            mapped(caller, requests(1), on_result=on_result)


def result_of_each_kind(server: Server) -> list[MapResult]:
    """Return a response, an error of the server, and the error of a wrong request."""
    server.reply("Hello").fail(400, message="No.")
    wrong: Any = {"model": "m", "temperature": 7}
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


def test_result_is_frozen_and_its_repr_hides_the_request(server: Server) -> None:
    given = requests(1, extra_headers={"Authorization": "Bearer secret"})
    (result,) = server.client().responses.map(given).all()

    assert repr(result) == "<MapResult 0, id '0': status completed>"
    assert repr(result_of_each_kind(server)[2]) == "<MapResult 2, id '2': RequestValidationError>"
    with pytest.raises(AttributeError):
        result.index = 7
    assert copy.deepcopy(result) == result
