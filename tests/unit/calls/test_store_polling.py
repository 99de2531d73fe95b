"""When files of vector stores are polled, and which of their states end that."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from callers import RULE_MODES
from played_states import PlayedStates, delays

from responses_client import NotFoundError, RequestValidationError, WaitTimeout
from responses_client._calls.store_polling import StoreFileBatchSchedule, StoreFileSchedule
from responses_client.models import VectorStoreFile, VectorStoreFileBatch
from responses_client.testing import VirtualClock

LIMITS: Any = {"poll_interval": 1.0, "timeout": None}


def file(status: str | None, **fields: Any) -> VectorStoreFile:
    return VectorStoreFile.from_dict(
        {"id": "file-1", "object": "vector_store.file", "status": status, **fields}
    )


def batch(status: str | None, **fields: Any) -> VectorStoreFileBatch:
    counts = {"in_progress": 2, "completed": 0, "failed": 0, "cancelled": 0, "total": 2}
    data = {"id": "vsfb_1", "object": "vector_store.files_batch", "status": status, "file_counts": counts}
    return VectorStoreFileBatch.from_dict({**data, **fields})


@pytest.mark.parametrize(
    ("status", "is_finished"),
    [
        ("in_progress", False),
        ("completed", True),
        ("failed", True),
        ("cancelled", True),
        ("paused", None),
        (None, None),
    ],
)
def test_status_says_whether_the_files_are_read(status: str | None, is_finished: bool | None) -> None:
    files = StoreFileSchedule("file-1", "vs_1", **LIMITS)
    batches = StoreFileBatchSchedule("vsfb_1", "vs_1", **LIMITS)
    assert files.is_finished(file(status)) is is_finished
    assert batches.is_finished(batch(status)) is is_finished


def test_interval_grows_to_ten_seconds() -> None:
    schedule = StoreFileSchedule(file("in_progress"), "vs_1", **LIMITS)
    found = delays(schedule, file("in_progress"), 9)
    assert found[:3] == [1.0, 1.5, 2.25]
    assert found[-1] == 10.0


def test_status_is_news_of_a_file_and_counts_are_those_of_a_batch() -> None:
    files = StoreFileSchedule("file-1", "vs_1", **LIMITS)
    assert files.record(file("in_progress"))
    assert not files.record(file("in_progress", usage_bytes=9))
    assert files.record(file("completed"))
    batches = StoreFileBatchSchedule("vsfb_1", "vs_1", **LIMITS)
    assert batches.record(batch("in_progress"))
    assert not batches.record(batch("in_progress", created_at=9))
    assert batches.record(batch("in_progress", file_counts={"in_progress": 1, "completed": 1, "total": 2}))


def test_store_is_that_of_the_state_unless_it_is_given() -> None:
    known = file("in_progress", vector_store_id="vs_1")
    assert StoreFileSchedule(known, None, **LIMITS).path == ("vs_1", "file-1")
    assert StoreFileSchedule(known, "vs_2", **LIMITS).path == ("vs_2", "file-1")


@pytest.mark.parametrize("store_id", [None, "", " ", 3])
@pytest.mark.parametrize("given", ["vsfb_1", batch("in_progress"), batch("in_progress", vector_store_id=" ")])
def test_store_is_needed(given: Any, store_id: Any) -> None:
    with pytest.raises(RequestValidationError) as caught:
        StoreFileBatchSchedule(given, store_id, **LIMITS)
    assert str(caught.value).endswith(
        "vector_store_id: is needed with the id of a batch; a VectorStoreFileBatch has both"
    )


@pytest.mark.parametrize("given", [None, "", 3, batch("in_progress")])
def test_file_needs_an_id(given: Any) -> None:
    with pytest.raises(
        RequestValidationError, match="file_id: expected the id of a file, or a file that has"
    ):
        StoreFileSchedule(given, "vs_1", **LIMITS)


@pytest.fixture(params=RULE_MODES)
def states(request: pytest.FixtureRequest, virtual_clock: VirtualClock) -> PlayedStates:
    return PlayedStates(request.param)


def test_wait_for_a_file_ends_when_it_is_read_or_not(states: PlayedStates) -> None:
    error = {"code": "unsupported_file", "message": "The file cannot be read."}
    states.rest += [file("in_progress"), file("in_progress"), file("failed", last_error=error)]
    seen: list[str | None] = []

    failed = states.caller(
        lambda client: client.vector_stores.files.wait(
            "file-1", vector_store_id="vs_1", on_progress=lambda news: seen.append(news.status)
        )
    )

    assert failed.last_error.message == "The file cannot be read."
    assert seen == ["in_progress", "failed"]
    assert states.paths == ["/v1/vector_stores/vs_1/files/file-1"] * 3
    assert states.caller(lambda client: client.vector_stores.files.wait(failed)) is failed


def test_wait_for_a_batch_counts_its_files(states: PlayedStates) -> None:
    counts = [(2, 0, 0, 0), (1, 1, 0, 0), (0, 1, 1, 0), (0, 1, 0, 1)]
    names = ("in_progress", "completed", "failed", "cancelled")
    states.rest += [
        batch(
            "in_progress" if numbers[0] else "completed",
            file_counts={**dict(zip(names, numbers, strict=True)), "total": 2},
        )
        for numbers in counts
    ]
    seen: list[tuple[Any, ...]] = []

    def beat(state: VectorStoreFileBatch, progress: Any) -> None:
        seen.append((progress.total, progress.done, progress.failed, progress.in_flight))

    given = batch("in_progress", vector_store_id="vs_1")
    done = states.caller(lambda client: client.vector_stores.file_batches.wait(given, on_progress=beat))

    assert done.status == "completed"
    assert seen == [(2, 0, 0, 2), (2, 1, 0, 1), (2, 2, 1, 0)]
    assert states.paths == ["/v1/vector_stores/vs_1/file_batches/vsfb_1"] * 3
    cancelled = states.caller(lambda client: client.vector_stores.file_batches.wait(given, on_progress=beat))
    assert cancelled.file_counts.cancelled == 1
    assert seen[-1] == (2, 2, 0, 0)


def test_file_that_takes_too_long_has_its_last_state_in_the_error(states: PlayedStates) -> None:
    states.rest += [file("in_progress")] * 9
    message = r"^The file file-1 was not finished within 3 s: its status is 'in_progress'; wait again$"
    with pytest.raises(WaitTimeout, match=message) as caught:
        states.caller(
            lambda client: client.vector_stores.files.wait("file-1", vector_store_id="vs_1", timeout=3)
        )
    for error in (caught.value, copy.copy(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert isinstance(error.state, VectorStoreFile)
        assert (error.state.status, error.response, error.batch) == ("in_progress", None, None)


def test_batch_that_takes_too_long_can_be_cancelled(states: PlayedStates) -> None:
    states.rest += [batch("in_progress")] * 9
    with pytest.raises(WaitTimeout, match=r"wait again or cancel it$"):
        states.caller(
            lambda client: client.vector_stores.file_batches.wait(
                "vsfb_1", vector_store_id="vs_1", deadline=3
            )
        )


def test_file_that_is_not_in_the_store_is_an_error(states: PlayedStates) -> None:
    states.rest += [404]
    with pytest.raises(NotFoundError):
        states.caller(lambda client: client.vector_stores.files.wait("file-1", vector_store_id="vs_1"))


@pytest.mark.parametrize("name", ["files", "file_batches"])
def test_unknown_argument_is_answered_by_name(states: PlayedStates, name: str) -> None:
    with pytest.raises(TypeError, match=rf"{name}\.wait\(\) got an unexpected keyword argument 'store'"):
        states.caller(lambda client: getattr(client.vector_stores, name).wait("id", store="vs_1"))
