"""`responses.batch` against the embedded server: complete calls, and work that another process continues."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import anyio
import httpx
import pytest
from batch_helpers import Killed, Killer, SlowUploads, batched, carrying, killing, questions, sent
from callers import ASYNC_MODES, MODES, Caller

from responses_client import (
    APIError,
    APITimeoutError,
    BatchResults,
    ConfigurationError,
    NotFoundError,
    Progress,
    RequestInfo,
    RequestValidationError,
    WaitTimeout,
)
from responses_client.testing import Server, VirtualClock

pytestmark = pytest.mark.usefixtures("virtual_clock")


def texts(results: BatchResults) -> list[str]:
    return [result.response_or_raise().output_text for result in results]


# --- the whole way


def test_results_are_those_of_the_requests_in_their_order(every_caller: Caller, server: Server) -> None:
    for number in range(3):
        server.reply(f"Answer {number}")
    results = batched(every_caller, questions(3))
    assert texts(results) == ["Answer 0", "Answer 1", "Answer 2"]
    assert [result.request["input"] for result in results] == ["Question 0", "Question 1", "Question 2"]
    (batch,) = results.batches
    assert (batch.status, batch.endpoint, batch.completion_window) == ("completed", "/v1/responses", "24h")


def test_keys_of_a_mapping_are_the_ids(caller: Caller, server: Server) -> None:
    results = batched(caller, {"tea": questions(1)[0], "milk": questions(1)[0]})
    assert [(result.index, result.id) for result in results] == [(0, "tea"), (1, "milk")]
    (file_id,) = (id for id, file in server.files.items() if file["purpose"] == "batch")
    lines = server.file_content(file_id).splitlines()
    assert [json.loads(line)["custom_id"] for line in lines] == ["tea", "milk"]


def test_no_requests_give_no_results(caller: Caller, server: Server) -> None:
    assert len(batched(caller, [])) == 0
    assert server.requests == []


@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_async_client_takes_async_iterables(server: Server, mode: str) -> None:
    async def source() -> AsyncIterator[Any]:
        for request in questions(3):
            yield request

    caller = Caller(mode, server.client, server.async_client)
    assert len(batched(caller, source())) == 3


def test_failed_requests_keep_their_errors(caller: Caller, server: Server) -> None:
    server.fail_batch_request("1", 404)
    results = batched(caller, questions(3))
    assert [type(result.error) for result in results] == [type(None), NotFoundError, type(None)]
    assert results.failed == [results[1]]


def test_batch_without_any_answer_has_only_errors(caller: Caller, server: Server) -> None:
    server.fail_batch(line=2)
    results = batched(caller, questions(2))
    assert all(isinstance(result.error, APIError) for result in results)
    assert results.batches[0].status == "failed"


def test_expired_batch_has_the_answers_that_it_had(caller: Caller, server: Server) -> None:
    server.expire_batch(after=1)
    results = batched(caller, questions(2))
    assert [result.error is None for result in results] == [True, False]
    assert "batch_expired" in str(results[1].error)


def test_requests_are_split_by_number_and_model(caller: Caller, server: Server) -> None:
    server.limit_batches(max_requests=2)
    requests = [*questions(3), *questions(1, model="other")]
    results = batched(caller, requests, max_requests=2, metadata={"job": "7"})
    assert [result.response_or_raise().model for result in results] == ["m", "m", "m", "other"]
    assert sent(server) == (3, 3)
    assert {batch.metadata["job"] for batch in results.batches if batch.metadata} == {"7"}


def test_requests_are_split_by_size(caller: Caller, server: Server) -> None:
    server.limit_batches(max_bytes=150)
    assert batched(caller, questions(3), max_bytes=150).failed == []
    assert sent(server) == (3, 3)


def test_mistake_in_a_request_is_found_before_anything_is_sent(caller: Caller, server: Server) -> None:
    requests = [*questions(1), *questions(1, temperature=3)]
    with pytest.raises(
        RequestValidationError, match=r"The batch was not started: requests\[1\]\.temperature"
    ):
        batched(caller, requests)
    assert server.requests == []


# --- progress and time


def test_progress_is_told_until_the_end(every_caller: Caller, server: Server) -> None:
    server.batching(polls=4).fail_batch_request("3", 500)
    seen: list[Progress] = []
    batched(every_caller, questions(4), on_progress=seen.append)
    assert [(news.done, news.failed, news.waiting, news.is_finished) for news in seen] == [
        (0, 0, 4, False),
        (2, 0, 2, False),
        (4, 1, 0, True),
        (4, 1, 0, True),
    ]
    reasons = [news.wait_reason for news in seen]
    assert reasons[0] == "the server works on it (validating)"
    assert reasons[-2:] == ["the server works on it (finalizing)", None]
    assert all(news.total == 4 for news in seen)


@pytest.mark.parametrize(
    ("script", "end"),
    [
        (lambda server: server.expire_batch(after=1), (3, 2, 0)),
        (lambda server: server.fail_batch(line=2), (3, 3, 0)),
        (lambda server: server.fail_batch_request("1", 500), (3, 1, 0)),
    ],
    ids=["expired", "refused", "a request failed"],
)
def test_progress_ends_with_all_requests_done(
    caller: Caller, server: Server, script: Callable[[Server], object], end: tuple[int, int, int]
) -> None:
    script(server)
    seen: list[Progress] = []
    results = batched(caller, questions(3), on_progress=seen.append)
    assert (seen[-1].done, seen[-1].failed, seen[-1].waiting) == end
    assert len(results.failed) == end[1]


@pytest.mark.parametrize(
    ("counts", "done"),
    [(None, [0, 2]), ({"completed": 1, "failed": 0}, [1, 2]), ({"completed": 10**15, "failed": -5}, [2, 2])],
)
def test_counts_of_a_server_are_kept_within_the_number_of_requests(
    caller: Caller, server: Server, counts: object, done: list[int]
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/content"):
            return httpx.Response(200)
        if request.url.path.endswith("/files"):
            return httpx.Response(200, json={"id": "file-1"})
        status = "completed" if request.method == "GET" else "in_progress"
        return httpx.Response(200, json={"id": "batch_1", "status": status, "request_counts": counts})

    seen: list[Progress] = []
    batched(carrying(caller.mode, server, httpx.MockTransport(answer)), questions(2), on_progress=seen.append)
    assert [news.done for news in seen] == done
    assert [news.waiting for news in seen] == [2 - number for number in done]
    assert all(news.failed == 0 for news in seen)


@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_async_progress_is_awaited(server: Server, mode: str) -> None:
    seen: list[int] = []

    async def note(news: Progress) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(news.done)

    batched(Caller(mode, server.client, server.async_client), questions(2), on_progress=note)
    assert seen[-1] == 2


def test_async_progress_needs_the_async_client(server: Server) -> None:
    async def note(news: Progress) -> None: ...

    with pytest.raises(ConfigurationError, match="on_progress"):
        batched(Caller("sync", server.client, server.async_client), questions(1), on_progress=note)


def test_interval_grows(caller: Caller, server: Server, virtual_clock: VirtualClock) -> None:
    server.batching(polls=9)
    batched(caller, questions(1), poll_interval=2)
    waits = [wait for wait in virtual_clock.waits if wait > 0]
    assert len(waits) == 9
    assert 1.5 <= waits[0] <= 2
    assert waits[-1] > 10
    assert max(waits) <= 60


def test_several_batches_are_waited_for_together(
    caller: Caller, server: Server, virtual_clock: VirtualClock
) -> None:
    server.batching(polls=3)
    batched(caller, questions(5), max_requests=1)
    assert len(virtual_clock.waits) == 3


def test_poll_that_fails_for_a_while_does_not_end_the_wait(caller: Caller, server: Server) -> None:
    failing = Failing(server, fail=lambda: server.fail(503, times=3))
    assert batched(failing.caller(caller.mode), questions(1)).failed == []
    assert failing.has_failed


class Failing:
    """Clients with a first poll of a batch that fails."""

    def __init__(self, server: Server, fail: Callable[[], object]) -> None:
        self._server = server
        self._fail = fail
        self.has_failed = False

    def _note(self, request: RequestInfo) -> None:
        if request.operation == "batches.retrieve" and not self.has_failed:
            self.has_failed = True
            self._fail()

    def caller(self, mode: str) -> Caller:
        server, options = self._server, {"on_request": self._note}
        return Caller(mode, lambda: server.client(**options), lambda: server.async_client(**options))


def test_poll_that_is_refused_ends_the_wait(caller: Caller, server: Server) -> None:
    failing = Failing(server, fail=lambda: server.fail(404)).caller(caller.mode)
    with pytest.raises(NotFoundError):
        batched(failing, questions(1))


def test_no_file_is_left_while_the_server_works_and_nothing_after_it(
    every_caller: Caller, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folders: list[Path] = []

    def look(news: Progress) -> None:
        folders.extend(tmp_path.iterdir())
        assert [*folders[-1].iterdir()] == []

    batched(every_caller, questions(3), max_requests=1, on_progress=look)
    assert len({*folders}) == 1
    assert [*tmp_path.iterdir()] == []


def test_timeout_names_the_batches_and_leaves_them(every_caller: Caller, server: Server) -> None:
    server.batching(polls=1000)
    with pytest.raises(WaitTimeout) as caught:
        batched(every_caller, questions(2), timeout=60, max_requests=1)
    first, second = server.batches
    assert f"2 of 2 batches were not finished in time ({first}, {second}); " in str(caught.value)
    assert str(caught.value).endswith("wait for it with client.batches.wait")
    assert caught.value.batch is not None
    assert caught.value.batch.id in server.batches
    assert {batch["status"] for batch in server.batches.values()} == {"finalizing"}


def test_timeout_with_a_state_says_how_to_go_on(caller: Caller, server: Server, tmp_path: Path) -> None:
    server.batching(polls=30)
    state = tmp_path / "state.json"
    with pytest.raises(WaitTimeout) as caught:
        batched(caller, questions(2), timeout=60, state=state)
    assert f"call batch again with the same requests and state={str(state)!r}" in str(caught.value)
    assert batched(caller, questions(2), state=str(state)).failed == []
    assert sent(server) == (1, 1)


@pytest.mark.parametrize("is_slow", [False, True], ids=["hangs", "is slow"])
def test_timeout_ends_an_upload(every_caller: Caller, server: Server, tmp_path: Path, is_slow: bool) -> None:
    state = tmp_path / "s"
    requests = questions(2, instructions="x" * 100_000)  # so that the file is sent in several pieces
    if is_slow:
        slow_caller = carrying(every_caller.mode, server, SlowUploads(server))
    else:
        server.delay(100)
        slow_caller = every_caller
    with pytest.raises(WaitTimeout) as caught:
        batched(slow_caller, requests, timeout=60, state=state)
    assert str(caught.value) == (
        "0 of 1 batches were begun within 60 s; call batch again with the same requests and "
        f"state={str(state)!r}"
    )
    assert caught.value.batch is None
    assert isinstance(caught.value.__cause__, APITimeoutError)
    assert batched(every_caller, requests, state=state).failed == []
    assert sent(server) == (1, 1)


def test_no_batch_is_begun_after_the_time(
    caller: Caller, server: Server, virtual_clock: VirtualClock
) -> None:
    slow = {"on_response": lambda response: virtual_clock.advance(25)}
    slow_caller = Caller(caller.mode, lambda: server.client(**slow), lambda: server.async_client(**slow))
    with pytest.raises(WaitTimeout) as caught:
        batched(slow_caller, questions(3), timeout=60, max_requests=1)
    (id,) = server.batches
    assert str(caught.value) == (
        f"1 of 3 batches were begun within 60 s ({id}); call batch again with a longer timeout"
    )
    assert caught.value.batch is not None
    assert caught.value.batch.id == id
    assert sent(server) == (2, 1)


@pytest.mark.parametrize("has_state", [False, True])
def test_timeout_that_cancels_does_not_lead_to_what_is_cancelled(
    caller: Caller, server: Server, tmp_path: Path, has_state: bool
) -> None:
    server.batching(polls=1000)
    state = tmp_path / "s" if has_state else None
    with pytest.raises(WaitTimeout) as caught:
        batched(caller, questions(1), timeout=60, cancel_unfinished=True, state=state)
    advice = "; they are cancelled; call batch again with a longer timeout"
    assert str(caught.value).endswith(advice + (" and another file as state" if has_state else ""))
    assert [batch["status"] for batch in server.batches.values()] == ["cancelling"]


def test_deadline_of_the_client_is_its_own_error(server: Server) -> None:
    server.delay(100)
    impatient = Caller("sync", lambda: server.client(deadline=10), server.async_client)
    with pytest.raises(APITimeoutError):
        batched(impatient, questions(1), timeout=600)


def test_unfinished_batches_are_cancelled_by_choice(every_caller: Caller, server: Server) -> None:
    server.batching(polls=1000)
    with pytest.raises(WaitTimeout):
        batched(every_caller, questions(2), timeout=60, max_requests=1, cancel_unfinished=True)
    assert {batch["status"] for batch in server.batches.values()} == {"cancelling"}


def test_batches_that_have_ended_or_were_not_begun_are_not_cancelled(server: Server) -> None:
    killed = killing("sync", server, Killer(5, is_answered=False))  # the third upload
    server.batching(polls=1)
    with pytest.raises(Killed):
        batched(killed, questions(3), max_requests=1, cancel_unfinished=True)
    assert [batch["status"] for batch in server.batches.values()] == ["cancelling", "cancelling"]
    done: list[Progress] = []

    def stop(news: Progress) -> None:
        done.append(news)
        if news.is_finished:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        batched(
            Caller("sync", server.client, server.async_client),
            questions(1),
            on_progress=stop,
            cancel_unfinished=True,
        )
    assert [*server.batches.values()][-1]["status"] == "completed"


def test_batch_whose_creation_got_no_answer_is_cancelled(every_caller: Caller, server: Server) -> None:
    server.batching(polls=1000)
    killed = killing(every_caller.mode, server, Killer(4, is_answered=True))  # the second batch
    with pytest.raises((Killed, BaseExceptionGroup)):
        batched(killed, questions(2), max_requests=1, cancel_unfinished=True)
    assert [batch["status"] for batch in server.batches.values()] == ["cancelling", "cancelling"]


def test_cancellation_of_a_batch_that_was_not_created_sends_nothing(caller: Caller, server: Server) -> None:
    killed = killing(caller.mode, server, Killer(2, is_answered=False))
    with pytest.raises((Killed, BaseExceptionGroup)):
        batched(killed, questions(1), cancel_unfinished=True)
    assert [request.method for request in server.requests] == ["POST", "GET"]


def test_cancellation_takes_ten_seconds_at_most(
    every_caller: Caller, server: Server, virtual_clock: VirtualClock
) -> None:
    server.batching(polls=1000)
    times: list[float] = []

    def stop(news: Progress) -> None:
        times.append(virtual_clock.now)
        server.delay(1000)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        batched(every_caller, questions(1), on_progress=stop, cancel_unfinished=True)
    assert virtual_clock.now - times[0] == pytest.approx(10)


def test_error_of_a_cancellation_hides_no_other(caller: Caller, server: Server) -> None:
    server.batching(polls=1000)

    def stop(news: Progress) -> None:
        server.fail(404)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        batched(caller, questions(1), on_progress=stop, cancel_unfinished=True)


def test_error_before_the_start_cancels_nothing(caller: Caller, server: Server) -> None:
    with pytest.raises(RequestValidationError):
        batched(caller, questions(1, temperature=3), cancel_unfinished=True)
    assert server.requests == []


@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_cancelled_task_still_cancels_its_batches(server: Server, mode: str) -> None:
    server.batching(polls=1000)

    async def leave() -> None:
        async with server.async_client() as client:
            with anyio.CancelScope() as scope:
                await client.responses.batch(
                    questions(1), on_progress=lambda news: scope.cancel(), cancel_unfinished=True
                )
            assert scope.cancelled_caught

    anyio.run(leave, backend=mode)
    (batch,) = server.batches.values()
    assert batch["status"] == "cancelling"


# --- what another process takes up

# Two files and two batches are four requests, three polls of each follow, and two downloads.
STEPS = range(1, 13)


@pytest.mark.parametrize("is_answered", [False, True])
@pytest.mark.parametrize("at", STEPS)
@pytest.mark.parametrize("mode", MODES)
def test_process_that_is_killed_at_any_request_is_taken_up(
    server: Server, tmp_path: Path, mode: str, at: int, is_answered: bool
) -> None:
    state = tmp_path / "state.json"
    killed = killing(mode, server, Killer(at, is_answered=is_answered))
    with pytest.raises((Killed, BaseExceptionGroup)):
        batched(killed, questions(4), max_requests=2, state=state)
    caller = Caller(mode, server.client, server.async_client)
    results = batched(caller, questions(4), max_requests=2, state=state)
    assert [result.request["input"] for result in results] == [f"Question {n}" for n in range(4)]
    assert [n for n, text in enumerate(texts(results)) if f"Question {n}" in text] == [0, 1, 2, 3]
    assert sent(server) == (2, 2)


@pytest.mark.parametrize("step", ["planned", "uploading", "uploaded", "creating", "created"])
def test_process_that_is_killed_at_any_write_is_taken_up(
    server: Server, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from responses_client._batches.state import BatchState

    def killing_after(method: Callable[..., None]) -> Callable[..., None]:
        def call(self: BatchState, *arguments: Any, **ids: Any) -> None:
            method(self, *arguments, **ids)
            if self.files[0].step == step:
                raise Killed

        return call

    state = tmp_path / "state.json"
    caller = Caller("sync", server.client, server.async_client)
    with monkeypatch.context() as patched:
        for name in ("open", "note"):
            patched.setattr(BatchState, name, killing_after(getattr(BatchState, name)))
        with pytest.raises(Killed):
            batched(caller, questions(2), state=state)
    assert batched(caller, questions(2), state=state).failed == []
    assert sent(server) == (1, 1)


def test_finished_work_is_read_again_and_not_done_again(
    caller: Caller, server: Server, tmp_path: Path
) -> None:
    first, second = (texts(batched(caller, questions(2), state=tmp_path / "s")) for _ in range(2))
    assert first == second
    assert sent(server) == (1, 1)


@pytest.mark.parametrize(
    ("requests", "options"), [(questions(3), {}), (questions(2), {"max_requests": 1})], ids=["other", "split"]
)
def test_state_of_other_requests_is_refused(
    caller: Caller, server: Server, tmp_path: Path, requests: Any, options: dict[str, Any]
) -> None:
    batched(caller, questions(2), state=tmp_path / "s")
    with pytest.raises(RequestValidationError, match="is the state of other requests or other options"):
        batched(caller, requests, state=tmp_path / "s", **options)
    assert sent(server) == (1, 1)


def test_second_call_with_a_state_is_refused_and_the_first_goes_on(
    every_caller: Caller, server: Server, tmp_path: Path
) -> None:
    state = tmp_path / "s"
    other = Caller("sync", server.client, server.async_client)
    refused: list[str] = []

    def again(news: Progress) -> None:
        with pytest.raises(RequestValidationError) as caught:
            batched(other, questions(2), state=state, cancel_unfinished=True)
        refused.append(str(caught.value))

    assert batched(every_caller, questions(2), state=state, on_progress=again).failed == []
    assert all("is in use by another call of batch, of this process" in text for text in refused)
    assert refused
    assert sent(server) == (1, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_upload_is_looked_for_on_all_pages_of_its_time(server: Server, tmp_path: Path) -> None:
    state = tmp_path / "s"
    caller = Caller("sync", server.client, server.async_client)
    killed = killing("sync", server, Killer(2, is_answered=True))
    with pytest.raises(Killed):
        batched(killed, questions(1), state=state)
    with server.client() as client:
        other = client.files.create(file=("other.jsonl", b"x"), purpose="batch")
        for _ in range(101):
            client.batches.create(input_file_id=other.id, endpoint="/v1/responses", completion_window="24h")
    assert batched(caller, questions(1), state=state).failed == []
    assert len(server.batches) == 102


# --- arguments


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"requests": "Hi"}, "requests: expected an iterable of requests"),
        ({"requests": 5}, "requests: expected an iterable of requests"),
        ({"requests": {"model": "m", "input": "Hi"}}, "requests: is a single request; put it into a list"),
        ({"requests": {"": {}}}, "requests: expected ids that are strings and not blank"),
        ({"completion_window": ""}, "completion_window: expected a string such as '24h'"),
        ({"metadata": 5}, "metadata: expected a mapping of strings to strings, got int 5"),
        ({"state": 5}, "state: expected a path, got int 5"),
        ({"poll_interval": -1}, "poll_interval: expected a number of seconds, 0 or more, got int -1"),
        ({"timeout": 0}, "timeout: expected a positive number of seconds, or None, got int 0"),
        ({"on_progress": 5}, "on_progress: expected a function, got int 5"),
        ({"max_requests": 0}, "max_requests: expected a whole number, 1 or more, got int 0"),
        ({"max_bytes": 1.5}, "max_bytes: expected a whole number, 1 or more, got float 1.5"),
    ],
)
def test_wrong_argument_is_refused(caller: Caller, arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        batched(caller, **{"requests": questions(1), **arguments})
    assert str(caught.value).startswith(f"The batch was not started: {problem}")


def test_async_iterable_needs_the_async_client(server: Server) -> None:
    async def source() -> AsyncIterator[Any]:
        yield questions(1)[0]

    with pytest.raises(RequestValidationError, match="is async, which needs AsyncClient"):
        batched(Caller("sync", server.client, server.async_client), source())


def test_unknown_keyword_is_refused(caller: Caller) -> None:
    with pytest.raises(TypeError, match=r"responses\.batch.*pol_interval.*poll_interval"):
        batched(caller, questions(1), pol_interval=3)


def test_options_need_their_names(caller: Caller) -> None:
    with pytest.raises(TypeError, match="takes its arguments by name, except requests"):
        caller(lambda client: cast("Any", client.responses.batch)(questions(1), "24h"))
