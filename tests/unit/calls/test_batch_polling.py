"""When a batch is polled, and which of its states end that."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from callers import RULE_MODES, Caller
from fake_io import Clock

from responses_client import (
    AsyncClient,
    Client,
    ConfigurationError,
    NotFoundError,
    RequestValidationError,
    WaitTimeout,
)
from responses_client._calls.batch_polling import BatchSchedule
from responses_client.models import Batch


def batch(status: str | None, **fields: Any) -> Batch:
    return Batch.from_dict({"id": "batch_1", "object": "batch", "status": status, **fields})


def schedule(given: Any = "batch_1", **limits: Any) -> BatchSchedule:
    return BatchSchedule(given, **{"poll_interval": 5.0, "timeout": None, **limits})


@pytest.mark.parametrize(
    ("status", "fields", "finished"),
    [
        *[(status, {}, True) for status in ("completed", "failed", "expired", "cancelled")],
        *[(status, {}, False) for status in ("validating", "in_progress", "finalizing", "cancelling")],
        ("paused", {}, None),
        (None, {}, None),
        ("stopped", {"cancelled_at": 1}, True),
    ],
)
def test_status_or_an_end_says_whether_a_batch_is_finished(
    status: str | None, fields: dict[str, Any], finished: bool | None
) -> None:
    assert schedule().is_finished(batch(status, **fields)) is finished


def test_interval_grows_to_a_minute() -> None:
    plan = schedule(batch("in_progress"))
    delays: list[float] = []
    for _ in range(12):
        delays.append(plan.next_delay(0.0, 0.0))
        plan.record(batch("in_progress"))
    assert delays[:3] == [5.0, 7.5, 11.25]
    assert delays[-1] == 60.0


def test_status_and_counts_are_news() -> None:
    plan = schedule()
    counts = {"total": 2, "completed": 1, "failed": 0}
    assert plan.record(batch("in_progress"))
    assert not plan.record(batch("in_progress", expires_at=9))
    assert plan.record(batch("in_progress", request_counts=counts))
    assert plan.record(batch("completed", request_counts=counts))


@pytest.mark.parametrize("given", [None, "", " ", 3])
def test_batch_needs_an_id(given: Any) -> None:
    with pytest.raises(RequestValidationError, match="batch_id: expected the id of a batch"):
        schedule(given)


@pytest.fixture(params=RULE_MODES)
def states(request: pytest.FixtureRequest, clock: Clock) -> Any:
    """A caller of a server that plays states of a batch, which the test appends."""
    played: list[dict[str, Any] | int] = []

    def answer(asked: httpx.Request) -> httpx.Response:
        assert asked.url.path == "/v1/batches/batch_1"
        state = played.pop(0)
        if isinstance(state, int):
            return httpx.Response(state, json={"error": {"message": "No such batch."}})
        return httpx.Response(200, json={"id": "batch_1", "object": "batch", **state})

    transport = httpx.MockTransport(answer)
    return Caller(
        request.param,
        lambda: Client(api_key="k", http_client=httpx.Client(transport=transport)),
        lambda: AsyncClient(api_key="k", http_client=httpx.AsyncClient(transport=transport)),
    ), played


def test_wait_ends_with_the_finished_batch_and_reports_what_is_new(states: Any) -> None:
    caller, played = states
    played += [
        {"status": "validating"},
        {"status": "in_progress"},
        {"status": "in_progress"},
        {"status": "completed"},
    ]
    seen: list[str | None] = []

    done = caller(
        lambda client: client.batches.wait("batch_1", on_progress=lambda news: seen.append(news.status))
    )

    assert (done.status, done.output_file_id) == ("completed", None)
    assert seen == ["validating", "in_progress", "completed"]
    assert caller(lambda client: client.batches.wait(done)) is done


def test_wait_that_takes_too_long_has_the_last_state(states: Any) -> None:
    caller, played = states
    played += [{"status": "in_progress"}] * 3
    with pytest.raises(WaitTimeout, match=r"^The batch batch_1 was not finished within 8 s") as caught:
        caller(lambda client: client.batches.wait("batch_1", timeout=8))
    assert caught.value.batch is not None
    assert (caught.value.batch.status, caught.value.response) == ("in_progress", None)


def test_batch_that_does_not_exist_is_an_error(states: Any) -> None:
    caller, played = states
    played += [404]
    with pytest.raises(NotFoundError):
        caller(lambda client: client.batches.wait("batch_1"))


def test_unknown_argument_is_answered_by_name(states: Any) -> None:
    caller, _ = states
    with pytest.raises(TypeError, match=r"batches\.wait\(\) got an unexpected keyword argument 'include'"):
        caller(lambda client: client.batches.wait("batch_1", include=[]))


def test_async_function_needs_the_async_client(states: Any) -> None:
    caller, played = states
    played += [{"status": "completed"}]
    seen: list[Batch] = []

    async def report(news: Batch) -> None:
        seen.append(news)

    if caller.mode == "sync":
        with pytest.raises(ConfigurationError, match="on_progress is an async function"):
            caller(lambda client: client.batches.wait("batch_1", on_progress=report))
    else:
        caller(lambda client: client.batches.wait("batch_1", on_progress=report))
        assert [news.status for news in seen] == ["completed"]
