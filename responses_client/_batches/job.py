"""The work of `responses.batch` over `IO`: upload, create, wait, read back, and continue the work of another process."""

from __future__ import annotations

import random
import shutil
from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from inspect import isawaitable
from os import PathLike
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, NamedTuple

from .._base import clock
from .._base.clock import NO_DEADLINE, Deadline
from .._base.field_errors import FieldError, field_error
from .._base.json_types import is_mapping
from .._base.progress import ProgressMeter
from .._base.validation import is_seconds, is_whole_number, refuse_unknown
from .._calls.attempts import fetch
from .._calls.batch_polling import BatchSchedule
from .._calls.downloads import Target, download
from .._calls.referred_endpoints import (
    BATCHES_CANCEL,
    BATCHES_CREATE,
    BATCHES_RETRIEVE,
    FILES_CONTENT,
    FILES_CREATE,
)
from .._calls.request import prepare
from .._calls.uploads import upload
from .._calls.wait_progress import require_sync
from .._calls.waiting import bounded, bounded_settings
from .._map.requests import AsyncRequestIterator, MapRequest, mapping_mistakes
from ..errors import APIError, APITimeoutError, RequestValidationError, WaitTimeout
from .lines import NOT_STARTED, InputFile, Limits, write_plan
from .results import BatchResults, read_results
from .sending import find_batch, find_file, send_once
from .state import BatchState

if TYPE_CHECKING:
    from .._base.progress import Progress
    from .._calls.settings import Settings
    from .._transport.protocols import IO
    from ..models import Batch

__all__ = ["BatchJob", "BatchOptions", "refuse_unknown_options"]

_ENDPOINT = "/v1/responses"
_CANCEL_SECONDS = 10.0
_REQUESTS = (
    "an iterable of requests, each a dict of the arguments of create, or a mapping of your ids to them"
)


class BatchOptions(NamedTuple):
    """The arguments of `responses.batch` beside the requests; its docstring describes them."""

    completion_window: str
    metadata: Mapping[str, str] | None
    state: str | PathLike[str] | None
    poll_interval: float
    timeout: float | None
    on_progress: Callable[[Progress], object] | None
    cancel_unfinished: bool
    max_requests: int
    max_bytes: int


def refuse_unknown_options(names: Iterable[str]) -> None:
    """Refuse keywords that `responses.batch` does not take.

    Raises:
        TypeError: There is one.
    """
    refuse_unknown("responses.batch", names, (), ["requests", *BatchOptions._fields])


class BatchJob:
    """One call of `responses.batch`.

    Args:
        requests: The requests as the user gave them.
        options: The other arguments.
        is_async: Whether the client is async.

    Raises:
        RequestValidationError: An argument is not valid.
    """

    def __init__(self, requests: Any, options: BatchOptions, *, is_async: bool) -> None:
        _check(requests, options, is_async=is_async)
        self._requests = requests
        self._options = options
        self._on_progress = options.on_progress if is_async else require_sync(options.on_progress)
        self._state: BatchState | None = None
        self._end = NO_DEADLINE
        self._begun: list[Batch | str] = []
        self._schedules: list[BatchSchedule] = []
        self._failed = 0
        self._is_async = is_async

    async def run(self, io: IO, settings: Settings) -> BatchResults:
        """Do the work; if it is interrupted, cancel the running batches if the user wants that.

        Raises:
            RequestValidationError: A request is not valid, or the state is that of other requests.
            WaitTimeout: The batches were not begun or finished in time.
            APIError: A request of the batch API failed.
            OSError: A file cannot be read or written.
        """
        try:
            return await self._work(io, settings)
        except BaseException:
            with self._shield():
                await self._cancel(io, settings)
            raise
        finally:
            if self._state is not None:
                self._state.close()

    def _shield(self) -> AbstractContextManager[object]:
        """Return a context in which a task that was cancelled can still send something."""
        if not self._is_async:
            return nullcontext()
        from anyio import move_on_after

        return move_on_after(_CANCEL_SECONDS, shield=True)

    async def _work(self, io: IO, settings: Settings) -> BatchResults:
        start = clock.monotonic()
        self._end = Deadline.after(self._options.timeout)
        requests = await _read(self._requests)
        if not requests:
            return BatchResults([], [])
        # Not in a thread, where a cancelled task would leave the folder behind.
        folder = Path(mkdtemp(prefix="responses-batch-"))
        try:
            limits = Limits(self._options.max_requests, self._options.max_bytes)
            plan = await io.in_thread(partial(write_plan, folder, requests, limits))
            self._state = state = BatchState(self._options.state, plan)
            await io.in_thread(state.open)
            await self._start_all(io, partial(self._in_time, settings, state), state, plan.files)
            await self._wait(io, settings, [len(file.ids) for file in plan.files], start)
            ends = [schedule.state for schedule in self._schedules if schedule.state is not None]
            files = await self._download(io, settings, ends, folder)
            ids = [file.ids for file in plan.files]
            read = partial(read_results, requests, ids, ends, files, strict=settings.strict)
            return await io.in_thread(read)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _cancel(self, io: IO, settings: Settings) -> None:
        """Cancel the unfinished batches if the user wants that; ignore errors."""
        if not self._options.cancel_unfinished or self._state is None:
            return
        end = Deadline.after(_CANCEL_SECONDS)
        ended = {schedule.id for schedule in self._schedules if schedule.result is not None}
        for file in self._state.files:
            with suppress(Exception):
                batch_id = file.batch_id
                if file.step == "creating" and file.file_id is not None:  # its answer did not come
                    batch = await find_batch(
                        io, lambda: bounded_settings(settings, end.remaining()), file.file_id
                    )
                    batch_id = None if batch is None else batch.id
                if batch_id is not None and batch_id not in ended:
                    in_time = bounded_settings(settings, end.remaining())
                    await fetch(io, prepare(BATCHES_CANCEL, {}, in_time, (batch_id,)))

    # --- start

    async def _start_all(
        self, io: IO, in_time: Callable[[], Settings], state: BatchState, files: Sequence[InputFile]
    ) -> None:
        try:
            for place, file in enumerate(files):
                self._begun.append(await self._start(io, in_time, state, place, file))
                # At once, since a process that is killed during the wait, of up to a day, would leave the file behind.
                await io.in_thread(partial(file.path.unlink, missing_ok=True))
        except APITimeoutError as error:
            if not self._end.is_expired:  # it is the deadline of the client, or one of its limits
                raise
            raise self._not_begun(state) from error

    def _in_time(self, settings: Settings, state: BatchState) -> Settings:
        """Return settings with a deadline no later than the end of `timeout`.

        Raises:
            WaitTimeout: `timeout` has passed.
        """
        if self._end.is_expired:
            raise self._not_begun(state)
        return bounded_settings(settings, self._end.remaining())

    async def _start(
        self, io: IO, in_time: Callable[[], Settings], state: BatchState, place: int, file: InputFile
    ) -> Batch | str:
        """Carry out the missing steps of an input file, and return its batch, or the id of the batch."""
        known = state.files[place]
        if known.batch_id is not None:
            return known.batch_id
        file_id = known.file_id
        if file_id is None:
            find = partial(find_file, io, in_time, state.filename(place))
            uploaded = await find() if known.step == "uploading" else None
            if uploaded is None:
                await self._note(io, state, place, "uploading")
                params = {"file": (state.filename(place), file.path), "purpose": "batch"}
                uploaded = await send_once(
                    io, in_time, lambda settings: upload(io, FILES_CREATE, params, settings, (), None), find
                )
            file_id = uploaded.id
        find_own = partial(find_batch, io, in_time, file_id)
        batch = await find_own() if known.step == "creating" else None
        if batch is None:
            await self._note(io, state, place, "uploaded", file_id=file_id)
            await self._note(io, state, place, "creating")
            call = prepare(BATCHES_CREATE, self._batch_params(file_id), in_time())
            batch = await send_once(
                io, in_time, lambda settings: fetch(io, call._replace(settings=settings)), find_own
            )
        await self._note(io, state, place, "created", file_id=file_id, batch_id=batch.id)
        return batch

    def _batch_params(self, file_id: str) -> dict[str, object]:
        options = self._options
        params: dict[str, object] = {
            "input_file_id": file_id,
            "endpoint": _ENDPOINT,
            "completion_window": options.completion_window,
        }
        return params if options.metadata is None else {**params, "metadata": dict(options.metadata)}

    async def _note(self, io: IO, state: BatchState, place: int, step: str, **ids: str) -> None:
        await io.in_thread(partial(state.note, place, step, **ids))

    # --- wait

    async def _wait(self, io: IO, settings: Settings, sizes: Sequence[int], start: float) -> None:
        options = self._options
        self._schedules = [
            BatchSchedule(batch, poll_interval=options.poll_interval, timeout=options.timeout)
            for batch in self._begun
        ]
        meter = ProgressMeter(start)
        await self._report(meter, sizes)
        while pending := [each for each in self._schedules if each.result is None]:
            elapsed = clock.monotonic() - start
            try:
                # Together, so that many batches take as long as one, and are all reported.
                await io.sleep(max(each.next_delay(elapsed, random.random()) for each in pending))
            except WaitTimeout as error:
                raise self._timed_out(error) from error.__cause__
            has_news = False
            for schedule in pending:
                call = prepare(BATCHES_RETRIEVE, {}, settings, (schedule.id,))
                try:
                    remaining = schedule.remaining(clock.monotonic() - start)
                    state = await fetch(io, bounded(call, remaining))
                except APIError as error:
                    if not schedule.record_failure(error):
                        raise
                else:
                    has_news = schedule.record(state, clock.time()) or has_news
            if has_news:
                await self._report(meter, sizes)

    async def _report(self, meter: ProgressMeter, sizes: Sequence[int]) -> None:
        now = clock.monotonic()
        counts = [_counts(each, size) for each, size in zip(self._schedules, sizes, strict=True)]
        done, failed = (sum(column) for column in zip(*counts, strict=True))
        for count in range(done - meter.done):
            meter.add(now, is_failed=count < failed - self._failed)
        self._failed = failed
        if self._on_progress is None:
            return
        states = [each.state for each in self._schedules if each.state is not None]
        ended = all(each.result is not None for each in self._schedules)
        statuses = ", ".join(dict.fromkeys(str(state.status) for state in states))
        reason = None if ended or not states else f"the server works on it ({statuses})"
        total = sum(sizes)
        returned = self._on_progress(
            meter.progress(now, total=total, waiting=total - meter.done, wait_reason=reason)
        )
        if isawaitable(returned):
            await returned

    def _timed_out(self, error: WaitTimeout) -> WaitTimeout:
        pending = [each.id for each in self._schedules if each.result is None]
        problem = f"{len(pending)} of {len(self._schedules)} batches were not finished in time"
        advice = self._advice(pending, "wait for it with client.batches.wait")
        return WaitTimeout(f"{problem}{_listed(pending)}; {advice}", batch=error.batch)

    def _not_begun(self, state: BatchState) -> WaitTimeout:
        begun = [file.batch_id for file in state.files if file.batch_id is not None]
        problem = f"{len(begun)} of {len(state.files)} batches were begun within {self._options.timeout:g} s"
        advice = self._advice(begun, "call batch again with a longer timeout")
        seen = [each for each in self._begun if not isinstance(each, str)]
        return WaitTimeout(f"{problem}{_listed(begun)}; {advice}", batch=seen[-1] if seen else None)

    def _advice(self, running: Sequence[str], without_state: str) -> str:
        state = self._options.state
        if running and self._options.cancel_unfinished:  # the state only has the cancelled batches
            again = "call batch again with a longer timeout"
            return f"they are cancelled; {again}" + ("" if state is None else " and another file as state")
        if state is None:
            return without_state
        return f"call batch again with the same requests and state={str(state)!r}"

    # --- results

    async def _download(self, io: IO, settings: Settings, batches: list[Batch], folder: Path) -> list[Path]:
        paths: list[Path] = []
        for batch in batches:
            for file_id in (batch.output_file_id, batch.error_file_id):
                if file_id is not None:
                    target = Target(folder / f"result-{len(paths)}.jsonl", False)
                    paths.append(await download(io, FILES_CONTENT, {}, settings, (file_id,), target, None))
        return paths


def _counts(schedule: BatchSchedule, size: int) -> tuple[int, int]:
    """Return the number of requests of a batch that are done, and the number of these that failed."""
    if schedule.state is None:
        return 0, 0
    counts = schedule.state.request_counts  # zeros where the server does not count, as before the start
    completed, failed = (min(max(each, 0), size) for each in (counts.completed, counts.failed))
    if schedule.result is None:
        return min(completed + failed, size), failed
    return size, failed if schedule.result.status == "completed" else size - completed


def _listed(ids: Sequence[str]) -> str:
    return f" ({', '.join(ids)})" if ids else ""


async def _read(requests: Any) -> list[MapRequest]:
    """Return all requests of an iterable of either kind, numbered; in this thread, since it runs code of the user."""
    iterator = AsyncRequestIterator(requests)
    found: list[MapRequest] = []
    try:
        while (each := await iterator.next()) is not None:
            found.append(each)
    finally:
        await iterator.close()
    return found


def _check(requests: object, options: BatchOptions, *, is_async: bool) -> None:
    """Refuse arguments that cannot work.

    Raises:
        RequestValidationError: There are some.
    """
    mistakes: list[FieldError] = []
    if is_mapping(requests):
        mistakes += mapping_mistakes(requests)
    elif isinstance(requests, AsyncIterable) and not is_async:
        message = "is async, which needs AsyncClient; pass one that is not async"
        mistakes.append(field_error("requests", _REQUESTS, None, message=message))
    elif isinstance(requests, (str, bytes)) or not isinstance(requests, (Iterable, AsyncIterable)):
        mistakes.append(field_error("requests", _REQUESTS, requests))
    window: Any = options.completion_window
    if not isinstance(window, str) or not window:
        mistakes.append(field_error("completion_window", "a string such as '24h'", window))
    if options.metadata is not None and not is_mapping(options.metadata):
        mistakes.append(field_error("metadata", "a mapping of strings to strings", options.metadata))
    path: Any = options.state
    if path is not None and not isinstance(path, (str, PathLike)):
        mistakes.append(field_error("state", "a path", path))
    if not is_seconds(options.poll_interval, least=0):
        mistakes.append(field_error("poll_interval", "a number of seconds, 0 or more", options.poll_interval))
    if options.timeout is not None and not is_seconds(options.timeout):
        mistakes.append(field_error("timeout", "a positive number of seconds, or None", options.timeout))
    report: Any = options.on_progress
    if report is not None and not callable(report):
        mistakes.append(field_error("on_progress", "a function", report))
    for name in ("max_requests", "max_bytes"):
        if not is_whole_number(getattr(options, name), 1):
            mistakes.append(field_error(name, "a whole number, 1 or more", getattr(options, name)))
    if mistakes:
        raise RequestValidationError(mistakes, outcome=NOT_STARTED)
