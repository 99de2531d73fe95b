"""`client.responses.batch`, of both clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never, overload

from .._base.public import resource
from .._base.validation import needs_names_after
from ._responses import AsyncResponsesOperations, ResponsesOperations

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
    from os import PathLike

    from .._base.progress import Progress
    from .._batches.job import BatchJob
    from .._batches.results import BatchResults
    from .._map.requests import AsyncRequests, Requests
    from ..models import ResponseCreateParams

__all__ = ["AsyncBatchedResponses", "BatchedResponses"]

# The bounds of OpenAI: here, and not in the room, whose modules a client does not load at its start.
_MAX_REQUESTS = 50_000
_MAX_BYTES = 200_000_000


@resource("client.responses")
class BatchedResponses(ResponsesOperations):
    """The methods that send requests as batches."""

    @overload
    def batch(
        self,
        requests: Mapping[str, ResponseCreateParams],
        *,
        completion_window: str = ...,
        metadata: Mapping[str, str] | None = ...,
        state: str | PathLike[str] | None = ...,
        poll_interval: float = ...,
        timeout: float | None = ...,
        on_progress: Callable[[Progress], object] | None = ...,
        cancel_unfinished: bool = ...,
        max_requests: int = ...,
        max_bytes: int = ...,
    ) -> BatchResults: ...

    @overload
    def batch(
        self,
        requests: Iterable[ResponseCreateParams],
        *,
        completion_window: str = ...,
        metadata: Mapping[str, str] | None = ...,
        state: str | PathLike[str] | None = ...,
        poll_interval: float = ...,
        timeout: float | None = ...,
        on_progress: Callable[[Progress], object] | None = ...,
        cancel_unfinished: bool = ...,
        max_requests: int = ...,
        max_bytes: int = ...,
    ) -> BatchResults: ...

    def batch(
        self,
        requests: Requests,
        *args: object,
        completion_window: str = "24h",
        metadata: Mapping[str, str] | None = None,
        state: str | PathLike[str] | None = None,
        poll_interval: float = 5.0,
        timeout: float | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        cancel_unfinished: bool = False,
        max_requests: int = _MAX_REQUESTS,
        max_bytes: int = _MAX_BYTES,
        **unknown: Never,
    ) -> BatchResults:
        """Send many requests as batches, which the server answers within a day, and return all results.

        `POST /files`, `POST /batches`, `GET /batches/{batch_id}`, `GET /files/{file_id}/content`

            requests = [{"model": "gpt-5.4", "input": f"Summarize: {text}"} for text in texts]
            for result in client.responses.batch(requests, state="summaries.state", on_progress=print):
                print(result.index, result.response_or_raise().output_text)

        The requests are written to files, uploaded, processed by the server, and read back. All are checked before
        anything is sent. They are split by model, since a batch has one, and if there are too many for one batch. A
        request that fails gives a result with an `error`.

        Args:
            requests: The arguments of `create`, as dicts without `stream` and `background`: an iterable, or a mapping
                from your own ids to the dicts. It is read to its end first.
            completion_window: The time within which the server answers; OpenAI has `24h`.
            metadata: Key-value pairs to store with each batch.
            state: A file that keeps the progress of the work. Another call with the same requests and the same file
                continues there, also after a process that was killed, and sends nothing that the server already has.
                The file stays when all is done, and the same call then reads the results again.
            poll_interval: The first interval between two polls in seconds, 5 by default; each further one is longer by
                half, up to 60.
            timeout: Seconds from the start of the call within which all uploads and batches must finish; None, the
                default, sets no limit.
            on_progress: A function that is called with the `Progress` at the start, and when it has changed.
            cancel_unfinished: Whether running batches are cancelled when the call ends without results, because of
                `timeout`, Ctrl-C, a cancellation or an error; by default they continue.
            max_requests: The maximum number of requests in one batch.
            max_bytes: The maximum size of its input file, in bytes.

        Returns:
            BatchResults: The results, as `MapResult`, in the order of the requests.

        Raises:
            RequestValidationError: An argument or a request is not valid, and nothing was sent; or the state file
                belongs to other requests, or another call uses it.
            WaitTimeout: The batches were not begun or finished in time; those that were begun continue, and the same
                call can wait for them again.
            APIError: A file or a batch could not be sent or read.
            OSError: A file cannot be read or written.
        """
        from .._batches.job import BatchJob, BatchOptions, refuse_unknown_options

        _check_call(args, unknown, refuse_unknown_options)
        options = BatchOptions(
            completion_window,
            metadata,
            state,
            poll_interval,
            timeout,
            on_progress,
            cancel_unfinished,
            max_requests,
            max_bytes,
        )
        return self._core.perform(BatchJob(requests, options, is_async=False).run)


@resource("client.responses", like=BatchedResponses)
class AsyncBatchedResponses(AsyncResponsesOperations):
    """The methods of an `AsyncClient` that send requests as batches."""

    @overload
    async def batch(
        self,
        requests: Mapping[str, ResponseCreateParams],
        *,
        completion_window: str = ...,
        metadata: Mapping[str, str] | None = ...,
        state: str | PathLike[str] | None = ...,
        poll_interval: float = ...,
        timeout: float | None = ...,
        on_progress: Callable[[Progress], Awaitable[object] | object] | None = ...,
        cancel_unfinished: bool = ...,
        max_requests: int = ...,
        max_bytes: int = ...,
    ) -> BatchResults: ...

    @overload
    async def batch(
        self,
        requests: Iterable[ResponseCreateParams],
        *,
        completion_window: str = ...,
        metadata: Mapping[str, str] | None = ...,
        state: str | PathLike[str] | None = ...,
        poll_interval: float = ...,
        timeout: float | None = ...,
        on_progress: Callable[[Progress], Awaitable[object] | object] | None = ...,
        cancel_unfinished: bool = ...,
        max_requests: int = ...,
        max_bytes: int = ...,
    ) -> BatchResults: ...

    @overload
    async def batch(
        self,
        requests: AsyncIterable[ResponseCreateParams],
        *,
        completion_window: str = ...,
        metadata: Mapping[str, str] | None = ...,
        state: str | PathLike[str] | None = ...,
        poll_interval: float = ...,
        timeout: float | None = ...,
        on_progress: Callable[[Progress], Awaitable[object] | object] | None = ...,
        cancel_unfinished: bool = ...,
        max_requests: int = ...,
        max_bytes: int = ...,
    ) -> BatchResults: ...

    async def batch(
        self,
        requests: AsyncRequests,
        *args: object,
        completion_window: str = "24h",
        metadata: Mapping[str, str] | None = None,
        state: str | PathLike[str] | None = None,
        poll_interval: float = 5.0,
        timeout: float | None = None,
        on_progress: Callable[[Progress], Awaitable[object] | object] | None = None,
        cancel_unfinished: bool = False,
        max_requests: int = _MAX_REQUESTS,
        max_bytes: int = _MAX_BYTES,
        **unknown: Never,
    ) -> BatchResults:
        """Send many requests as batches, and return all results; see `Responses.batch`.

        `requests` may be an async iterable, and `on_progress` async.
        """
        from .._batches.job import BatchJob, BatchOptions, refuse_unknown_options

        _check_call(args, unknown, refuse_unknown_options)
        options = BatchOptions(
            completion_window,
            metadata,
            state,
            poll_interval,
            timeout,
            on_progress,
            cancel_unfinished,
            max_requests,
            max_bytes,
        )
        job: BatchJob = BatchJob(requests, options, is_async=True)
        return await self._core.perform(job.run)


def _check_call(args: tuple[object, ...], unknown: Mapping[str, Any], refuse: Callable[..., None]) -> None:
    if args:
        raise needs_names_after("client.responses.batch", "requests")
    refuse(unknown)
