"""Hooks, telemetry and the log of bodies: observers that see each step of a call, and cannot change or break it.

Loaded when a call has observers.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .._base.http import merge_headers
from .._base.validation import needs_async
from .._transport.sync import SyncIO
from .hooks import RequestInfo, ResponseInfo, make_request_info
from .request import logs_bodies

if TYPE_CHECKING:
    from .._base.http import ResponseMeta
    from .._transport.protocols import IO, WireRequest
    from ..errors import APIError
    from ..models import Model, Response, StreamEvent
    from .attempts import Attempts
    from .request import Call

__all__ = ["Observer", "ObserverDispatcher", "Telemetry", "log_errors", "make_dispatcher"]

_T = TypeVar("_T")
logger = logging.getLogger("responses_client")
_call_numbers = itertools.count(1)


class Observer:
    """An observer of one call; subclasses override the methods they need. Exceptions of methods are logged."""

    def around(self) -> AbstractContextManager[object]:
        """Return the context in which each attempt is made and hooks are called."""
        return nullcontext()

    def headers(self) -> Mapping[str, str]:
        """Return headers for each attempt; those that the request already has win."""
        return {}

    def on_request(self, request: RequestInfo) -> None:
        """Handle an attempt that is about to be sent."""

    def on_response(self, answer: ResponseInfo) -> None:
        """Handle the answer to an attempt; called once after each `on_request` unless the call was cancelled."""

    def on_retry(self, operation: str, delay: float, reason: str) -> None:
        """Handle a decision to try again after `delay` seconds; a stream is resumed by another operation."""

    def on_events(self, events: Sequence[StreamEvent]) -> None:
        """Handle events of a stream, at least one."""

    def on_end(self, error: BaseException | None, partial: Callable[[], Response | None]) -> None:
        """Handle the end of the call, once, with the error it raised; `partial` returns the response so far."""


class Telemetry(Protocol):
    """A source of observers, one for each call."""

    def observe(self, call: Call[Any]) -> Observer:
        """Return the observer of a call that starts now."""
        ...


def make_dispatcher(io: IO, attempts: Attempts) -> ObserverDispatcher:
    """Return the dispatcher of a call, with the log of bodies among its observers if that is on."""
    if not logs_bodies():
        return ObserverDispatcher(io, attempts)
    from .body_log import BodyLog

    return ObserverDispatcher(io, attempts, [BodyLog(attempts)])


def _no_response() -> None:
    """Return no partial response."""


class ObserverDispatcher:
    """Notifies all observers of one call.

    Attributes:
        has_event_hook: Whether the user has an `on_event` hook.
    """

    def __init__(self, io: IO, attempts: Attempts, observers: Sequence[Observer] = ()) -> None:
        self._attempts = attempts
        self._settings = attempts.call.settings
        self._can_wait = not isinstance(io, SyncIO)
        self._call_number = next(_call_numbers)
        self._observers = observers
        self._pending: RequestInfo | None = None  # the attempt that was sent and is not answered yet
        self.has_event_hook = self._settings.on_event is not None

    def start(self) -> None:
        """Start telemetry's observer of the call."""
        # Not in the constructor: a stream is made long before it is opened, and its time counts from there.
        telemetry = self._settings.telemetry
        if telemetry is not None:
            with log_errors("Telemetry"):
                self._observers = [*self._observers, telemetry.observe(self._attempts.call)]

    async def observe(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do all of a call that ends when the work does: start, work, end."""
        self.start()
        try:
            result = await work
        except BaseException as error:
            self.notify_end(error)
            raise
        self.notify_end()
        return result

    @contextmanager
    def around(self) -> Generator[None]:
        """Enter the context of each observer."""
        with ExitStack() as stack:
            self._notify(lambda observer: stack.enter_context(observer.around()))
            yield

    async def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do a part of the call in the context of each observer."""
        with self.around():
            return await work

    def add_headers(self, request: WireRequest) -> WireRequest:
        """Add the headers of observers to a request."""
        added: dict[str, str] = {}
        self._notify(lambda observer: added.update(observer.headers()))
        return request._replace(headers=merge_headers(added, request.headers)) if added else request

    async def notify_request(self, request: WireRequest) -> None:
        """Notify observers and the hook that an attempt is about to be sent."""
        attempts = self._attempts
        operation = attempts.call.operation.name
        info = make_request_info(operation, self._call_number, attempts.count, request, attempts.redactor)
        self._pending = info
        # Without `around`, as in the two methods below: attempts are made inside of `run`, which is in there already.
        self._notify(lambda observer: observer.on_request(info))
        await self._call_hook("on_request", info)

    async def notify_response(
        self, meta: ResponseMeta | None, error: APIError | None, result: Model | Any | None = None
    ) -> None:
        """Notify observers and the hook of the answer to an attempt, unless they know of one or none was sent."""
        request, self._pending = self._pending, None
        if request is None:
            return
        info = ResponseInfo(request, meta, error, result)
        self._notify(lambda observer: observer.on_response(info))
        with self.around():
            await self._call_hook("on_response", info)

    def notify_retry(self, delay: float, reason: str) -> None:
        """Notify observers of a decision to try again."""
        operation = self._attempts.call.operation.name
        self._notify(lambda observer: observer.on_retry(operation, delay, reason))

    def notify_events(self, events: Sequence[StreamEvent]) -> None:
        """Notify observers of events; the hook gets them one by one from `call_event_hook`."""
        self._notify(lambda observer: observer.on_events(events))

    async def call_event_hook(self, event: StreamEvent) -> None:
        """Call the hook with an event."""
        with self.around():
            await self._call_hook("on_event", event)

    def notify_end(
        self, error: BaseException | None = None, partial: Callable[[], Response | None] = _no_response
    ) -> None:
        """Notify observers that the call is over; all calls after the first do nothing."""
        # Emptied first: a stream ends in many ways, by its last event, by an error, by `close`, by the garbage collector.
        observers, self._observers = self._observers, ()
        for observer in observers:
            with log_errors("Telemetry"):
                observer.on_end(error, partial)

    def _notify(self, notify: Callable[[Observer], object]) -> None:
        for observer in self._observers:
            with log_errors("Telemetry"):
                notify(observer)

    async def _call_hook(self, name: str, argument: object) -> None:
        hook: Callable[[object], object] | None = getattr(self._settings, name)
        if hook is not None:
            with log_errors(name):
                returned = hook(argument)
                if isawaitable(returned):
                    # It cannot be awaited without an event loop; closed, it does not warn that it never was.
                    if isinstance(returned, Coroutine) and not self._can_wait:
                        returned.close()
                    if not self._can_wait:
                        raise needs_async(name)
                    await returned


@contextmanager
def log_errors(source: str) -> Generator[None]:
    """Log exceptions of an observer in place of raising them: observers must not break the call."""
    try:
        yield
    except Exception as error:
        # Without the error that was being handled: errors of calls quote answers, which are not for the log.
        error.__suppress_context__ = True
        logger.exception("%s failed; the call continues", source)
