"""The schedule for polls of a batch, and its final states; no I/O."""

from __future__ import annotations

from .._base.overrides import override
from ..errors import WaitTimeout
from ..models.batches import Batch
from .polling import Schedule
from .referred_endpoints import BATCHES_RETRIEVE

__all__ = ["BatchSchedule"]

_RUNNING_STATUSES = frozenset({"validating", "in_progress", "finalizing", "cancelling"})
_FINAL_STATUSES = frozenset({"completed", "failed", "expired", "cancelled"})
_ENDS = ("completed_at", "failed_at", "expired_at", "cancelled_at")


class BatchSchedule(Schedule[Batch]):
    """The schedule for polls of a batch; `given` is its id, or its last known state."""

    noun = "batch"
    state_type = Batch
    operation = BATCHES_RETRIEVE
    method = "batches.wait"
    arguments = ("batch_id",)
    statuses = _RUNNING_STATUSES | _FINAL_STATUSES
    max_interval = 60.0  # batches take minutes to hours

    @override
    def status_of(self, state: Batch) -> str | None:
        return state.status

    @override
    def is_finished(self, state: Batch) -> bool | None:
        if state.status in self.statuses:
            return state.status in _FINAL_STATUSES
        return any(getattr(state, name) is not None for name in _ENDS) or None

    @override
    def news_of(self, state: Batch) -> object:
        return state.status, state.request_counts

    @override
    def timed_out(self, message: str) -> WaitTimeout:
        return WaitTimeout(message, batch=self.state)
