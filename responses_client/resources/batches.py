"""`client.batches`: the generated methods, and the wait for the end of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._base.public import resource
from ._batches import AsyncBatchesOperations, BatchesOperations

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .._base.options import WaitOptions
    from .._base.progress import Progress
    from ..models import Batch

__all__ = ["AsyncBatches", "Batches"]


@resource("client.batches")
class Batches(BatchesOperations):
    """The methods of `client.batches`: files of requests that the server answers within a day."""

    def wait(
        self,
        batch_id: str | Batch,
        *,
        poll_interval: float = 5.0,
        timeout: float | None = None,
        on_progress: Callable[[Batch], object] | Callable[[Batch, Progress], object] | None = None,
        progress: bool = False,
        **options: Unpack[WaitOptions],
    ) -> Batch:
        """Poll a batch until it is finished, and return it.

        `GET /batches/{batch_id}`

            batch = client.batches.wait(batch, on_progress=lambda batch: print(batch.request_counts))

        A batch is finished if it is `completed`, and also if it `failed`, `expired` or was `cancelled`; the last two
        may have results of a part of the requests. Errors that may pass end the wait only when ten polls in a row
        fail, after all their retries.

        Args:
            batch_id: The id of the batch, or its last known state; a finished one is returned without a request.
            poll_interval: The first interval between two polls in seconds, 5 by default; each further one is longer
                by half, up to 60. If the server asks for a longer one, it is used, up to 300.
            timeout: Seconds that the whole wait may take; None, the default, sets no limit.
            on_progress: A function that is called with the first state, and with each later one whose status or
                `request_counts` differ, including the last. One of two arguments is a heartbeat: it is called after
                each poll, with the last state and a `Progress`.
            progress: Whether standard error shows the progress, as for `responses.map`.
            deadline: Seconds that the whole wait may take, as `timeout`; None sets no limit.
            options: The options of `retrieve`, for each poll.

        Returns:
            Batch: The finished batch.

        Raises:
            WaitTimeout: The batch was not finished within `timeout` or `deadline`; the attribute `batch` is its last
                known state.
            RequestValidationError: An argument is not valid; nothing was sent.
            APIError: The batch cannot be retrieved, for example because it does not exist.
        """
        from .._calls.batch_polling import BatchSchedule
        from .._calls.waiting import wait_work

        params = BatchSchedule.params(options)
        schedule = BatchSchedule(batch_id, poll_interval=poll_interval, timeout=timeout)
        work = wait_work(schedule, params, on_progress, progress=progress, is_async=False)
        return self._core.perform(work)


@resource("client.batches", like=Batches)
class AsyncBatches(AsyncBatchesOperations):
    """The methods of `client.batches` of an `AsyncClient`; see `Batches`."""

    async def wait(
        self,
        batch_id: str | Batch,
        *,
        poll_interval: float = 5.0,
        timeout: float | None = None,
        on_progress: Callable[[Batch], object] | Callable[[Batch, Progress], object] | None = None,
        progress: bool = False,
        **options: Unpack[WaitOptions],
    ) -> Batch:
        """Poll a batch until it is finished, and return it; see `Batches.wait`. `on_progress` may be async."""
        from .._calls.batch_polling import BatchSchedule
        from .._calls.waiting import wait_work

        params = BatchSchedule.params(options)
        schedule = BatchSchedule(batch_id, poll_interval=poll_interval, timeout=timeout)
        work = wait_work(schedule, params, on_progress, progress=progress, is_async=True)
        return await self._core.perform(work)
