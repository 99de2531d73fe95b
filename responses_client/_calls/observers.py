"""Those who watch a call: hooks and telemetry are told here what happens, and can neither change nor break it.

Loaded when somebody watches.
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
from .hooks import RequestInfo, ResponseInfo, info_of

if TYPE_CHECKING:
    from .._base.http import ResponseMeta
    from .._transport.protocols import IO, WireRequest
    from ..errors import APIError
    from ..models import Model, Response, StreamEvent
    from .attempts import Attempts
    from .request import Call

__all__ = ["Observer", "Telemetry", "Watch", "is_watched", "logged", "logs_bodies", "watch_of"]

_T = TypeVar("_T")
logger = logging.getLogger("responses_client")
bodies = logging.getLogger("responses_client.bodies")
_numbers = itertools.count(1)


class Observer:
    """Watches one call from its start to its end; each method may be left out. What one raises is logged."""

    def around(self) -> AbstractContextManager[object]:
        """Return the block in which each try is made and hooks are called."""
        return nullcontext()

    def headers(self) -> Mapping[str, str]:
        """Return headers to send with each try, unless the request has them already."""
        return {}

    def sending(self, request: RequestInfo) -> None:
        """Note that a try is about to be sent."""

    def answered(self, answer: ResponseInfo) -> None:
        """Note how a try was answered; comes once after each `sending` unless the call was cancelled."""

    def retrying(self, operation: str, delay: float, reason: str) -> None:
        """Note that there will be another try after some seconds: of another operation, to resume a stream."""

    def received(self, events: Sequence[StreamEvent]) -> None:
        """Note events of a stream, one at least."""

    def ended(self, error: BaseException | None, partial: Callable[[], Response | None]) -> None:
        """Note the end of the call, and what it raised; comes once. `partial` gives what came of a response."""


class Telemetry(Protocol):
    """Gives each call its observer."""

    def observe(self, call: Call[Any]) -> Observer:
        """Return the observer of a call that starts now."""
        ...


def watch_of(io: IO, attempts: Attempts) -> Watch:
    """Return what tells those who watch a call."""
    if not logs_bodies():
        return Watch(io, attempts)
    from .body_log import BodyLog

    return Watch(io, attempts, [BodyLog(attempts)])


def _nothing() -> None:
    """Give no response."""


class Watch:
    """Tells all who watch one call.

    Attributes:
        on_event: Whether somebody is to be told of each event.
    """

    def __init__(self, io: IO, attempts: Attempts, observers: Sequence[Observer] = ()) -> None:
        self._attempts = attempts
        self._settings = attempts.call.settings
        self._can_wait = not isinstance(io, SyncIO)
        self._number = next(_numbers)
        self._observers = observers
        self._request: RequestInfo | None = None  # that was sent and not yet answered
        self.on_event = self._settings.on_event is not None

    def start(self) -> None:
        """Tell that the call starts."""
        telemetry = self._settings.telemetry
        if telemetry is not None:
            with logged("Telemetry"):
                self._observers = [*self._observers, telemetry.observe(self._attempts.call)]

    async def over(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Watch a call that ends when the work does."""
        self.start()
        try:
            result = await work
        except BaseException as error:
            self.ended(error)
            raise
        self.ended()
        return result

    @contextmanager
    def around(self) -> Generator[None]:
        """Be in the block of each observer."""
        with ExitStack() as stack:
            self._each(lambda observer: stack.enter_context(observer.around()))
            yield

    async def within(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do a part of the call in the block of each observer."""
        with self.around():
            return await work

    def marked(self, request: WireRequest) -> WireRequest:
        """Add the headers of observers to a request."""
        added: dict[str, str] = {}
        self._each(lambda observer: added.update(observer.headers()))
        return request._replace(headers=merge_headers(added, request.headers)) if added else request

    async def sending(self, request: WireRequest) -> None:
        """Tell that a try is about to be sent."""
        attempts = self._attempts
        info = info_of(attempts.call.operation.name, self._number, attempts.tries, request)
        self._request = info
        self._each(lambda observer: observer.sending(info))
        await self._tell("on_request", info)

    async def answered(
        self, meta: ResponseMeta | None, error: APIError | None, result: Model | None = None
    ) -> None:
        """Tell how a try was answered, if one was sent and nobody was told yet."""
        request, self._request = self._request, None
        if request is None:
            return
        info = ResponseInfo(request, meta, error, result)
        self._each(lambda observer: observer.answered(info))
        with self.around():
            await self._tell("on_response", info)

    def retrying(self, delay: float, reason: str) -> None:
        """Tell that there will be another try."""
        operation = self._attempts.call.operation.name
        self._each(lambda observer: observer.retrying(operation, delay, reason))

    def received(self, events: Sequence[StreamEvent]) -> None:
        """Tell observers of events; the hook is told by `event`."""
        self._each(lambda observer: observer.received(events))

    async def event(self, event: StreamEvent) -> None:
        """Tell the hook of an event."""
        with self.around():
            await self._tell("on_event", event)

    def ended(
        self, error: BaseException | None = None, partial: Callable[[], Response | None] = _nothing
    ) -> None:
        """Tell that the call is over, the first time."""
        observers, self._observers = self._observers, ()
        for observer in observers:
            with logged("Telemetry"):
                observer.ended(error, partial)

    def _each(self, tell: Callable[[Observer], object]) -> None:
        for observer in self._observers:
            with logged("Telemetry"):
                tell(observer)

    async def _tell(self, name: str, what: object) -> None:
        hook: Callable[[object], object] | None = getattr(self._settings, name)
        if hook is not None:
            with logged(name):
                told = hook(what)
                if isawaitable(told):
                    if isinstance(told, Coroutine) and not self._can_wait:
                        told.close()
                    if not self._can_wait:
                        raise needs_async(name)
                    await told


@contextmanager
def logged(what: str) -> Generator[None]:
    """Log what is raised, since whoever looks on must not break anything."""
    try:
        yield
    except Exception as error:
        # Not what was being handled meanwhile: errors of calls quote answers, which are not for the log.
        error.__suppress_context__ = True
        logger.exception("%s failed; the call goes on", what)


def is_watched(call: Call[Any]) -> bool:
    """Say whether somebody is to be told of a call: a hook, telemetry, or the log of bodies."""
    return call.settings.is_watched or logs_bodies()


def logs_bodies() -> bool:
    """Say whether bodies are logged: only for whoever has set the level of their own logger to DEBUG."""
    return 0 < bodies.level <= logging.DEBUG and bodies.isEnabledFor(logging.DEBUG)
