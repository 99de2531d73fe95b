"""The schedules for polls of a file in a vector store, or of a batch of such files, and their final states; no I/O."""

from __future__ import annotations

from typing import TypeVar

from .._base.field_errors import field_error
from .._base.overrides import override
from ..errors import RequestValidationError, WaitTimeout
from ..models.vector_stores import VectorStoreFile, VectorStoreFileBatch
from .polling import Schedule
from .referred_endpoints import VECTOR_STORES_FILE_BATCHES_RETRIEVE, VECTOR_STORES_FILES_RETRIEVE

__all__ = ["StoreFileBatchSchedule", "StoreFileSchedule"]

_P = TypeVar("_P", VectorStoreFile, VectorStoreFileBatch)
_FINAL_STATUSES = frozenset({"completed", "failed", "cancelled"})


class _StoreSchedule(Schedule[_P]):
    """The common part of both schedules.

    Args:
        given: Its id, or its last known state.
        vector_store_id: The id of the vector store; by default that of the state.
        poll_interval: The first delay, in seconds.
        timeout: The limit for the whole wait, in seconds; None for no limit.

    Raises:
        RequestValidationError: An argument is not valid.
    """

    statuses = _FINAL_STATUSES | {"in_progress"}

    def __init__(
        self, given: object, vector_store_id: object, *, poll_interval: float, timeout: float | None
    ) -> None:
        super().__init__(given, poll_interval=poll_interval, timeout=timeout)
        if vector_store_id is None and self.state is not None:
            vector_store_id = self.state.vector_store_id
        if isinstance(vector_store_id, str) and vector_store_id.strip():
            self.path = (vector_store_id, self.id)
        elif self.result is None:
            message = f"is needed with the id of a {self.noun}; a {self.state_type.__name__} has both"
            mistake = field_error("vector_store_id", "an id", vector_store_id, message=message)
            raise RequestValidationError([mistake])

    @override
    def status_of(self, state: _P) -> str | None:
        return state.status

    @override
    def is_finished(self, state: _P) -> bool | None:
        return state.status in _FINAL_STATUSES if state.status in self.statuses else None

    @override
    def timed_out(self, message: str) -> WaitTimeout:
        return WaitTimeout(message, state=self.state)


class StoreFileSchedule(_StoreSchedule[VectorStoreFile]):
    """The schedule for polls of a file."""

    noun = "file"
    state_type = VectorStoreFile
    operation = VECTOR_STORES_FILES_RETRIEVE
    method = "vector_stores.files.wait"
    arguments = ("file_id", "vector_store_id")
    advice = "wait again"

    @override
    def news_of(self, state: VectorStoreFile) -> object:
        return state.status


class StoreFileBatchSchedule(_StoreSchedule[VectorStoreFileBatch]):
    """The schedule for polls of a batch of files."""

    noun = "batch"
    state_type = VectorStoreFileBatch
    operation = VECTOR_STORES_FILE_BATCHES_RETRIEVE
    method = "vector_stores.file_batches.wait"
    arguments = ("batch_id", "vector_store_id")

    @override
    def news_of(self, state: VectorStoreFileBatch) -> object:
        return state.status, state.file_counts
