"""When a batch is polled, and which of its states end that."""

from __future__ import annotations

from typing import Any

import pytest
from callers import RULE_MODES
from played_states import PlayedStates, delays

from responses_client import (
    ConfigurationError,
    NotFoundError,
    RequestValidationError,
    WaitTimeout,
)
from responses_client._calls.batch_polling import BatchSchedule
from responses_client.models import Batch
from responses_client.testing import VirtualClock


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
    found = delays(plan, batch("in_progress"), 12)
    assert found[:3] == [5.0, 7.5, 11.25]
    assert found[-1] == 60.0


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
def states(
    request: pytest.FixtureRequest, virtual_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> PlayedStates:
    monkeypatch.setattr("random.random", lambda: 0.0)
    return PlayedStates(request.param)


def test_wait_ends_with_the_finished_batch_and_reports_what_is_new(
    states: PlayedStates, virtual_clock: VirtualClock
) -> None:
    states.rest += [batch(status) for status in ("validating", "in_progress", "in_progress", "completed")]
    seen: list[str | None] = []

    done = states.caller(
        lambda client: client.batches.wait("batch_1", on_progress=lambda news: seen.append(news.status))
    )

    assert (done.status, done.output_file_id) == ("completed", None)
    assert seen == ["validating", "in_progress", "completed"]
    assert states.paths == ["/v1/batches/batch_1"] * 4
    assert virtual_clock.waits == [5.0, 7.5, 11.25]
    assert states.caller(lambda client: client.batches.wait(done)) is done


def test_wait_that_takes_too_long_has_the_last_state(
    states: PlayedStates, virtual_clock: VirtualClock
) -> None:
    states.rest += [batch("in_progress")] * 3
    with pytest.raises(WaitTimeout, match=r"^The batch batch_1 was not finished within 8 s") as caught:
        states.caller(lambda client: client.batches.wait("batch_1", timeout=8))
    assert virtual_clock.waits == [5.0, 2.0]  # and one second for the last request
    assert caught.value.batch is not None
    assert (caught.value.batch.status, caught.value.response) == ("in_progress", None)


def test_batch_that_does_not_exist_is_an_error(states: PlayedStates) -> None:
    states.rest += [404]
    with pytest.raises(NotFoundError):
        states.caller(lambda client: client.batches.wait("batch_1"))


def test_unknown_argument_is_answered_by_name(states: PlayedStates) -> None:
    with pytest.raises(TypeError, match=r"batches\.wait\(\) got an unexpected keyword argument 'include'"):
        states.caller(lambda client: client.batches.wait("batch_1", include=[]))


def test_async_function_needs_the_async_client(states: PlayedStates) -> None:
    states.rest += [batch("completed")]
    seen: list[Batch] = []

    async def report(news: Batch) -> None:
        seen.append(news)

    if states.caller.mode == "sync":
        with pytest.raises(ConfigurationError, match="on_progress is an async function"):
            states.caller(lambda client: client.batches.wait("batch_1", on_progress=report))
    else:
        states.caller(lambda client: client.batches.wait("batch_1", on_progress=report))
        assert [news.status for news in seen] == ["completed"]
