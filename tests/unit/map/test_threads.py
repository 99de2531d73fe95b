"""The threads of a map: their number, their context, and threads that cannot start or be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from fake_io import FakeBody, use_clock
from map_helpers import requests
from waits import LONG, PATIENT

from responses_client._base.clock import NO_DEADLINE
from responses_client._map.threads import ThreadIO, _Stopped
from responses_client._transport.protocols import TransportError, run
from responses_client._transport.sync import SyncIO
from responses_client.testing import Server


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
            thread.join(PATIENT)
        assert not any(thread.is_alive() for thread in threads)
    assert sorted(found) == list(range(20))


def test_thread_that_waits_learns_that_another_one_closed_the_map(server: Server) -> None:
    release, errors = threading.Event(), list[str]()

    def given() -> Iterator[Any]:
        yield from requests(1)
        release.wait(LONG)

    with server.client() as client, client.responses.map(given()) as results:

        def read() -> None:
            with pytest.raises(RuntimeError, match="This map is closed") as caught:
                list(results)
            errors.append(str(caught.value))

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        while not server.requests:
            pass
        results.close()
        thread.join(PATIENT)
        assert not thread.is_alive()
        release.set()
    assert len(errors) == 1


def test_leaving_the_block_does_not_wait_for_the_iterable(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("responses_client._map.threads._JOIN_SECONDS", LONG)
    release, read = threading.Event(), threading.Event()

    def given() -> Iterator[Any]:
        yield from requests(1)
        read.set()
        release.wait(LONG)

    with server.client() as client, client.responses.map(given()) as results:
        next(results)
        assert read.wait(PATIENT)
        threads = [thread for thread in threading.enumerate() if thread.name == "responses.map-0"]
        start = time.monotonic()
    assert time.monotonic() - start < PATIENT
    assert [thread.is_alive() for thread in threads] == [True]
    release.set()
    threads[0].join(PATIENT)
    assert not threads[0].is_alive()


@pytest.mark.parametrize("is_broken", [False, True])
def test_iterable_that_comes_back_after_the_end_has_nothing_sent_and_raised(
    server: Server, is_broken: bool
) -> None:
    asked, release = threading.Event(), threading.Event()

    def given() -> Iterator[Any]:
        yield from requests(1)
        asked.set()
        release.wait(LONG)
        if is_broken:
            raise ValueError("late")
        yield from requests(1)

    with server.client() as client, client.responses.map(given()) as results:
        next(results)
        assert asked.wait(PATIENT)
        pool: Any = results._pool
        results.close()
        release.set()
        reader = pool._threads[0]
        reader.join(PATIENT)
        assert not reader.is_alive()
    assert len(server.requests) == 1
    assert pool._source_error is None


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
def test_map_uses_the_threads_that_the_system_allows(
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


def test_requests_are_read_in_one_thread(server: Server) -> None:
    threads = set[threading.Thread]()

    def noted() -> Iterator[Any]:
        for request in requests(100):
            threads.add(threading.current_thread())
            yield request

    server.client().responses.map(noted(), max_concurrency=4).all()
    assert len(threads) == 1


def test_iterable_may_close_its_own_map(server: Server) -> None:
    errors: list[BaseException] = []
    is_made = threading.Event()

    def given() -> Iterator[Any]:
        yield from requests(1)
        assert is_made.wait(LONG)
        try:
            results.close()
        except BaseException as error:
            errors.append(error)
            raise

    with server.client() as client, client.responses.map(given()) as results:
        start = time.monotonic()
        is_made.set()
        with pytest.raises(RuntimeError, match="This map is closed"):
            list(results)
    assert time.monotonic() - start < PATIENT
    assert errors == []


def test_generator_of_requests_is_closed_with_the_map(server: Server) -> None:
    ends: list[str] = []

    def given() -> Iterator[Any]:
        try:
            yield from requests(1000)
        finally:
            ends.append(threading.current_thread().name)

    generator = given()  # kept, so that nothing else closes it
    with server.client() as client, client.responses.map(generator, max_concurrency=2) as results:
        next(results)
    assert ends == ["responses.map-0"]


REQUEST: Any = None  # which the sends of these tests do not look at


def scripted(monkeypatch: pytest.MonkeyPatch, script: Callable[[], Any]) -> ThreadIO:
    """Return the driver of a map with sends that play a script."""

    async def send(io: SyncIO, request: object, deadline: object) -> Any:
        return script()

    monkeypatch.setattr(SyncIO, "send", send)
    return ThreadIO(SyncIO())


def test_map_that_has_ended_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[None] = []
    io = scripted(monkeypatch, lambda: sent.append(None))
    io.stop()
    with pytest.raises(_Stopped):
        run(io.send(REQUEST, NO_DEADLINE))
    assert sent == []


def test_connection_that_the_end_of_the_map_shut_down_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(ends: bool) -> None:
        if ends:
            io.stop()
        raise TransportError("network", "ReadError: reset by peer")

    io = scripted(monkeypatch, lambda: cut(ends=False))
    with pytest.raises(TransportError):
        run(io.send(REQUEST, NO_DEADLINE))
    io = scripted(monkeypatch, lambda: cut(ends=True))
    with pytest.raises(_Stopped) as caught:
        run(io.send(REQUEST, NO_DEADLINE))
    assert caught.value.__suppress_context__


def test_answer_that_comes_at_the_end_of_the_map_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    body = FakeBody()

    def answer() -> FakeBody:
        io.stop()
        return body

    io = scripted(monkeypatch, answer)
    with pytest.raises(_Stopped):
        run(io.send(REQUEST, NO_DEADLINE))
    assert body.closed


def test_end_of_the_map_shuts_its_connections_down(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []
    io = ThreadIO(SyncIO())
    monkeypatch.setattr(io._pools, "shut_down", lambda: ended.append(io.is_stopped))
    io.stop()
    assert ended == [True]  # so that a send that fails finds that it was stopped


def test_threads_know_that_the_client_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    io = scripted(monkeypatch, lambda: io.is_closed)
    assert run(io.send(REQUEST, NO_DEADLINE)) is False
    run(io._parent.close())
    assert run(io.send(REQUEST, NO_DEADLINE)) is True


@pytest.mark.parametrize("before", [True, False])
def test_sleep_that_is_ended_raises(monkeypatch: pytest.MonkeyPatch, before: bool) -> None:
    io = ThreadIO(SyncIO())
    slept: list[float] = []

    def sleep(event: threading.Event, seconds: float) -> None:
        slept.append(seconds)
        io.stop()

    use_clock(monkeypatch)
    monkeypatch.setattr("responses_client._base.clock.sleep_unless_set", sleep)
    if before:
        io.stop()
    with pytest.raises(_Stopped):
        run(io.sleep(5.0))
    assert slept == ([] if before else [5.0])
