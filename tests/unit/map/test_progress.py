"""The progress of a map: the reports to its function, and the display of `progress=True`."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from callers import ASYNC_MODES, Caller
from fake_io import Clock, FakeIO, bad, call, good
from map_helpers import as_async, mapped, requests
from waits import SOON

from responses_client import APIConnectionError, Progress, RequestValidationError
from responses_client._calls.attempts import fetch
from responses_client._map import tasks, threads
from responses_client._map.progress import MapProgress
from responses_client._map.requests import MapResult, RequestIterator
from responses_client._map.throttle import Throttles
from responses_client._transport.protocols import run
from responses_client.testing import Server


@pytest.fixture
def fast_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (threads, tasks):
        monkeypatch.setattr(module, "BEAT_SECONDS", SOON)


class SleepingIO(FakeIO):
    """A scripted outside world that looks why it sleeps."""

    def __init__(self, clock: Clock, *answers: Any) -> None:
        super().__init__(clock, *answers)
        self.throttles = Throttles(self)
        self.reasons: list[str | None] = []

    async def sleep(self, seconds: float) -> None:
        self.reasons.append(self.throttles.wait_reason(self.clock.now))
        await super().sleep(seconds)


def told(caller: Caller, given: Any, **options: Any) -> list[Progress]:
    """Return the reports that the function of a map got."""
    seen: list[Progress] = []
    mapped(caller, given, on_progress=seen.append, **options)
    return seen


def test_each_result_is_told(caller: Caller) -> None:
    seen = told(caller, list(requests(5)))

    assert [progress.done for progress in seen] == [1, 2, 3, 4, 5]
    assert {progress.total for progress in seen} == {5}
    last = seen[-1]
    assert last.is_finished
    assert (last.failed, last.replayed, last.in_flight, last.waiting, last.eta) == (0, 0, 0, 0, 0.0)
    assert last.tokens > 0
    assert last.requests_per_minute > 0
    assert last.tokens_per_minute > 0
    assert [progress.elapsed for progress in seen] == sorted(progress.elapsed for progress in seen)


def test_requests_are_done_in_flight_or_waiting(caller: Caller) -> None:
    for progress in told(caller, list(requests(30)), max_concurrency=3):
        assert progress.done + progress.in_flight + progress.waiting == progress.total
        assert progress.in_flight <= 3


def test_generator_has_a_total_once_it_is_read(caller: Caller) -> None:
    seen = told(caller, requests(20), max_concurrency=1)

    assert seen[0].total is None
    assert seen[0].waiting <= 3
    assert (seen[-1].done, seen[-1].total) == (20, 20)


def test_async_iterable_has_a_total_once_it_is_read(server: Server) -> None:
    for mode in ASYNC_MODES:
        seen = told(
            Caller(mode, server.client, server.async_client), as_async(requests(20)), max_concurrency=1
        )
        assert seen[0].total is None
        assert (seen[-1].done, seen[-1].total) == (20, 20)


@pytest.mark.parametrize("length", [2, None])
def test_length_is_not_believed_more_than_what_is_read(caller: Caller, length: int | None) -> None:
    class Loader:
        def __len__(self) -> int:
            if length is None:
                raise TypeError("a stream has no length")
            return length

        def __iter__(self) -> Iterator[Any]:
            return requests(4)

    seen = told(caller, Loader(), max_concurrency=1)
    assert (seen[-1].done, seen[-1].total) == (4, 4)


def test_end_of_a_map_without_requests_is_told(caller: Caller) -> None:
    for given in ([], requests(0)):
        assert [(progress.done, progress.total) for progress in told(caller, given)] == [(0, 0)]


def test_failures_and_answers_of_the_journal_are_counted(
    caller: Caller, server: Server, tmp_path: Any
) -> None:
    given = [*requests(2), {"model": "m", "input": 5}]
    first = told(caller, given, journal=tmp_path / "journal.jsonl")[-1]
    assert (first.done, first.failed, first.replayed) == (3, 1, 0)

    again = told(caller, given, journal=tmp_path / "journal.jsonl")[-1]
    assert (again.done, again.failed, again.replayed, again.tokens) == (3, 1, 2, 0)


def test_response_that_failed_counts_as_failed(server: Server, caller: Caller) -> None:
    server.reply_response({"status": "failed"})
    assert told(caller, list(requests(1)))[-1].failed == 1


@pytest.mark.usefixtures("fast_beat")
@pytest.mark.parametrize("mode", ["sync", *ASYNC_MODES])
def test_progress_is_told_while_there_is_no_result(server: Server, mode: str) -> None:
    beaten = threading.Event()
    seen: list[Progress] = []

    def note(progress: Progress) -> None:
        seen.append(progress)
        beaten.set()

    def wait() -> Iterator[Any]:
        beaten.wait()
        yield from requests(1)

    async def wait_async() -> Any:
        while not beaten.is_set():
            await anyio.lowlevel.checkpoint()
        for request in requests(1):
            yield request

    caller = Caller(mode, server.client, server.async_client)
    mapped(caller, wait() if mode == "sync" else wait_async(), on_progress=note)

    assert (seen[0].done, seen[0].total) == (0, None)
    assert seen[-1].done == 1


def test_function_may_be_async(server: Server) -> None:
    seen: list[int] = []

    async def note(progress: Progress) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(progress.done)

    for mode in ASYNC_MODES:
        mapped(Caller(mode, server.client, server.async_client), requests(2), on_progress=note)
    assert seen[:2] == [1, 2]


def test_exception_of_the_function_ends_the_map(caller: Caller) -> None:
    def stop(progress: Progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        mapped(caller, requests(100), on_progress=stop)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_progress": 5}, "on_progress: expected a function"),
        ({"progress": "yes"}, "progress: is not True or False; a function goes into on_progress"),
        ({"progress": print}, "progress: is not True or False; a function goes into on_progress"),
    ],
)
def test_wrong_arguments_are_refused(server: Server, options: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestValidationError, match=message):
        server.client().responses.map(requests(1), **options)


def test_async_function_is_refused_by_the_sync_client(server: Server) -> None:
    async def note(progress: Progress) -> None:
        raise AssertionError

    with pytest.raises(RequestValidationError, match="on_progress: is async, which needs AsyncClient"):
        server.client().responses.map(requests(1), on_progress=note)
    with pytest.raises(RequestValidationError, match="on_progress: is async, which needs AsyncClient"):
        server.client().responses.map(requests(1), on_progress=lambda progress: note(progress)).all()


def test_display_shows_the_last_state(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    seen = told(caller, list(requests(3)), progress=True)

    shown = sys.stderr.getvalue()
    assert shown == f"responses.map: {seen[-1]}\n"
    mapped(caller, list(requests(3)), progress=True)
    assert sys.stderr.getvalue().count("responses.map: 3 of 3 done") == 2


def test_map_without_progress_measures_nothing(server: Server) -> None:
    assert server.client().responses.map(requests(1))._progress is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (429, "nothing is sent to gpt new for 20 s, status 429 (retry-after)"),
        (503, "a request is sent again in 20 s, status 503 (retry-after)"),
    ],
)
def test_wait_is_told_with_its_reason(clock: Clock, status: int, reason: str) -> None:
    io = SleepingIO(clock, bad(status, retry_after="20"), good())
    run(fetch(io, call(), io.throttles.for_model("gpt\nnew")))

    assert io.reasons[0] == reason
    assert io.throttles.wait_reason(clock.now) is None
    assert io.throttles.in_flight == 0


def test_reason_to_wait_is_looked_up_ten_times_a_second_at_most(clock: Clock) -> None:
    class Limits:
        in_flight = 1
        asked = 0

        def wait_reason(self, now: float) -> str:
            self.asked += 1
            return f"reason {self.asked}"

    limits = Limits()
    numbered = RequestIterator(requests(9))
    progress = MapProgress(range(9), numbered, limits, False, None)
    progress.open()
    result = MapResult(0, "0", {}, error=APIConnectionError("No."))
    assert [progress.add(result).wait_reason for _ in range(3)] == ["reason 1"] * 3
    clock.now += 0.2
    assert progress.add(result).wait_reason == "reason 2"
    assert progress.end() is None
    progress.close()
