"""The reports of `responses.wait`: news, heartbeats with the elapsed time, and the display of `progress=True`."""

from __future__ import annotations

import io as io_module
import json
import sys
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import anyio
import anyio.lowlevel
import pytest
from fake_io import Clock, FakeBody, FakeIO, bad
from samples import KEY, response

from responses_client import AsyncClient, Client, ConfigurationError, Progress, RequestValidationError
from responses_client._base import progress_display
from responses_client.models import Response

MODES = ("sync", "asyncio", "trio")


USAGE = {
    "input_tokens": 3,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 4,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 7,
}


def answer(status: str = "in_progress") -> FakeBody:
    return FakeBody(json_bytes({**response(status), "usage": USAGE if status == "completed" else None}))


def json_bytes(data: Any) -> bytes:
    return Response.from_dict(data).to_json().encode()


def waited(
    clock: Clock, answers: list[Any], mode: str = "sync", namespace: str = "responses", **options: Any
) -> FakeIO:
    """Wait for a response with such answers to its polls, and return the outside world."""
    id = "resp_1" if namespace == "responses" else "batch_1"
    io = FakeIO(clock, *answers)
    if mode == "sync":
        client = Client(api_key=KEY)
        client._core.io = io
        getattr(client, namespace).wait(id, **options)
        return io

    async def main() -> None:
        aclient = AsyncClient(api_key=KEY)
        aclient._core.io = io
        await getattr(aclient, namespace).wait(id, **options)

    anyio.run(main, backend=mode)
    return io


@pytest.mark.parametrize("mode", MODES)
def test_function_of_two_arguments_is_told_of_each_poll(clock: Clock, mode: str) -> None:
    seen: list[tuple[str | None, Progress]] = []

    def note(state: Response, progress: Progress) -> None:
        seen.append((state.status, progress))

    waited(clock, [answer("queued"), answer(), answer(), answer("completed")], mode, on_progress=note)

    assert [status for status, _ in seen] == ["queued", "in_progress", "in_progress", "completed"]
    assert [progress.elapsed for _, progress in seen] == pytest.approx([0, 1, 2.5, 4.75], rel=0.26)
    assert [progress.done for _, progress in seen] == [0, 0, 0, 1]
    assert [progress.in_flight for _, progress in seen] == [1, 1, 1, 0]
    assert [progress.wait_reason for _, progress in seen] == ["queued", "in_progress", "in_progress", None]
    last = seen[-1][1]
    assert (last.total, last.failed, last.eta) == (1, 0, 0.0)
    assert last.tokens == 7


def test_failed_response_counts_as_failed(clock: Clock) -> None:
    seen: list[Progress] = []
    waited(clock, [answer("failed")], on_progress=lambda state, progress: seen.append(progress))
    assert [(progress.done, progress.failed) for progress in seen] == [(1, 1)]


def test_poll_that_failed_is_told_with_its_error_and_the_last_state(clock: Clock) -> None:
    seen: list[tuple[str | None, str | None]] = []

    def note(state: Response, progress: Progress) -> None:
        seen.append((state.status, progress.wait_reason))

    answers = [bad(503), answer(), bad(503), answer("completed")]
    waited(clock, answers, on_progress=note, max_retries=0)

    assert [status for status, _ in seen] == ["in_progress", "in_progress", "completed"]  # no state before
    assert [reason and reason.split(":")[0] for _, reason in seen] == [
        "in_progress",
        "the last poll failed",
        None,
    ]


def test_function_that_needs_one_argument_is_told_of_news_alone(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str | None] = []
    mock = Mock()

    def note(state: Response, found: list[str | None] = seen) -> None:
        found.append(state.status)

    for function in (note, mock, print):
        waited(clock, [answer(), answer(), answer("completed")], on_progress=function)

    assert seen == ["in_progress", "completed"]
    assert [len(call.args) for call in mock.call_args_list] == [1, 1]
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_function_without_a_signature_gets_the_response(clock: Clock) -> None:
    class Odd:
        __signature__ = "none"

        def __call__(self, *given: object) -> None:
            seen.append(len(given))

    seen: list[int] = []
    waited(clock, [answer("completed")], on_progress=Odd())
    assert seen == [1]


@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_heartbeat_may_be_async(clock: Clock, mode: str) -> None:
    seen: list[int] = []

    async def note(state: Response, progress: Progress) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(progress.done)

    waited(clock, [answer(), answer(), answer("completed")], mode, on_progress=note)
    assert seen == [0, 0, 1]


def test_async_heartbeat_is_refused_by_the_sync_client(clock: Clock) -> None:
    async def note(state: Response, progress: Progress) -> None:
        raise AssertionError

    with pytest.raises(ConfigurationError, match="on_progress is an async function"):
        waited(clock, [answer()], on_progress=note)


@pytest.mark.parametrize("mode", MODES)
def test_drawn_wait_shows_status_and_time(clock: Clock, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    stream = io_module.StringIO()
    monkeypatch.setattr(progress_display, "sys", SimpleNamespace(stderr=stream, modules=sys.modules))
    io = waited(clock, [answer(), answer(), answer("completed")], mode, poll_interval=12.0, progress=True)

    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("resp_1: 0 of 1 done in 0:1")
    assert lines[0].endswith("1 in flight, in_progress")
    assert lines[-1].startswith("resp_1: 1 of 1 done in 0:")
    assert max(io.slept) == 1.0  # so that the time is seen to pass
    assert len(io.requests) == 3


def test_nothing_is_drawn_for_a_finished_response(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    finished = Response.from_dict(response("completed"))
    assert Client(api_key=KEY).responses.wait(finished, progress=True) is finished
    assert capsys.readouterr().err == ""


def test_progress_is_true_or_false(clock: Clock) -> None:
    with pytest.raises(RequestValidationError, match="progress: expected True or False"):
        waited(clock, [], progress=print)


@pytest.mark.parametrize("mode", MODES)
def test_batch_has_the_counts_of_its_requests(clock: Clock, mode: str) -> None:
    seen: list[Progress] = []

    def state(status: str, **counts: int) -> FakeBody:
        found = {
            "id": "batch_1",
            "object": "batch",
            "status": status,
            "request_counts": {"total": 0, **counts},
        }
        return FakeBody(json.dumps(found).encode())

    answers = [
        state("validating"),
        state("in_progress", total=5, completed=2, failed=1),
        state("completed", total=5, completed=4, failed=1),
    ]
    waited(
        clock,
        answers,
        mode,
        "batches",
        on_progress=lambda batch, progress: seen.append(progress),
        progress=False,
    )
    found = [(one.total, one.done, one.failed, one.in_flight, one.wait_reason) for one in seen]
    assert found == [(1, 0, 0, 1, "validating"), (5, 3, 1, 2, "in_progress"), (5, 5, 1, 0, None)]
