"""Requests that a server must not get twice: one without an answer is looked up before it is sent again."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from .._base import clock
from .._base.clock import Deadline
from .._base.retry import GiveUp, Policy, decide
from .._calls.attempts import fetch
from .._calls.polling import outcome_of
from .._calls.referred_endpoints import BATCHES_LIST, FILES_LIST
from .._calls.request import prepare
from .._calls.waiting import bounded_settings
from ..errors import APIError

if TYPE_CHECKING:
    from .._calls.operation import PagedOperation
    from .._calls.settings import Settings
    from .._transport.protocols import IO
    from ..models import Batch, Model
    from ..models.files import FileObject

__all__ = ["find_batch", "find_file", "send_once"]

_R = TypeVar("_R", bound="Model")
logger = logging.getLogger("responses_client")


async def send_once(
    io: IO,
    in_time: Callable[[], Settings],
    send: Callable[[Settings], Awaitable[_R]],
    find: Callable[[], Awaitable[_R | None]],
) -> _R:
    """Send a request that the server must not get twice: after a failure, look for its result before sending it again.

    A server may have accepted a request that got no answer, or a 502 from a proxy.
    """
    settings = in_time()
    deadline = Deadline.after(settings.deadline)
    retries = 0
    while True:
        try:
            return await send(bounded_settings(settings, deadline.remaining())._replace(max_retries=0))
        except APIError as error:
            delay = _delay_before_retry(error, retries, settings, deadline)
            if delay is None:
                raise
            await io.sleep(delay)
            found = await find()
        if found is not None:
            return found
        retries += 1


def _delay_before_retry(
    error: APIError, retries: int, settings: Settings, deadline: Deadline
) -> float | None:
    """Return the seconds until a failed request is sent again; None if it is not."""
    outcome = outcome_of(error)
    if outcome is None:
        return None
    decision = decide(
        retries,
        outcome,
        policy=Policy(settings.max_retries),
        now=clock.time(),
        random=random.random(),
        remaining=deadline.remaining(),
    )
    if isinstance(decision, GiveUp):
        return None
    logger.info("responses.batch: retry in %.2f s, %s", decision.delay, decision.reason)
    return decision.delay


async def find_file(io: IO, in_time: Callable[[], Settings], name: str) -> FileObject | None:
    """Return the file that was uploaded under a name; None if there is none."""
    return await _find(io, in_time, FILES_LIST, {"purpose": "batch"}, lambda each: each.filename == name)


async def find_batch(io: IO, in_time: Callable[[], Settings], file_id: str) -> Batch | None:
    """Return the batch of an input file; None if there is none."""
    return await _find(io, in_time, BATCHES_LIST, {"limit": 100}, lambda each: each.input_file_id == file_id)


async def _find(
    io: IO,
    in_time: Callable[[], Settings],
    operation: PagedOperation[Any, _R],
    params: Mapping[str, object],
    is_wanted: Callable[[_R], bool],
) -> _R | None:
    """Return the wanted object of a list; None if there is none.

    The whole list is searched. Stopping at an age would trust two clocks, and a batch that is sent twice costs twice.
    """
    cursor: dict[str, object] = {}
    while True:
        page = await fetch(io, prepare(operation, {**params, **cursor}, in_time()))
        for each in page.data:
            if is_wanted(each):
                found: _R = each
                return found
        if page.has_more is not True or not page.data:
            return None
        cursor = {"after": page.last_id or page.data[-1].id}
