"""WebSocket sessions as users hold them, sync and async; the work is done by a `SessionCore`."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Self, cast

from .._base.public import public
from .._calls.settings import Settings
from .._streaming.streams import AsyncEventStream, EventStream
from .._transport.protocols import IO, run
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

    from .._base.http import ResponseMeta
    from .._base.options import SessionOptions
    from ..models import (
        ClientEvent,
        FunctionCallOutput,
        FunctionCallOutputParam,
        InputMessage,
        InputMessageParam,
        ResponseCreateParams,
        ServerEvent,
        SteerAccepted,
        SteerFailed,
        SteerPending,
    )
    from .connection import Connection
    from .routing import Inbox
    from .session_core import SessionCore
    from .source import Steered

    SteerInput = (
        str | Sequence[InputMessage | InputMessageParam | FunctionCallOutput | FunctionCallOutputParam | str]
    )

__all__ = [
    "AsyncCommands",
    "AsyncSteering",
    "AsyncWebSocketSession",
    "Commands",
    "Steering",
    "WebSocketSession",
]


class _Session:
    """The base of sync and async sessions."""

    _block = "with"

    def __init__(self, io: IO, settings: Settings, options: SessionOptions) -> None:
        try:
            from .session_core import SessionCore
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f"WebSockets need a package that is not there, {error.name}: pip install 'responses-client[websocket]'"
            ) from error
        self._core = SessionCore(io, settings, options, self._block)

    @property
    def meta(self) -> ResponseMeta | None:
        """Request id, status and headers of the answer that opened the WebSocket; None before it came."""
        connection = self._core.connection
        return None if connection is None else connection.meta

    @property
    def is_closed(self) -> bool:
        """Whether the session was closed, or its connection lost."""
        return self._core.is_over

    def __repr__(self) -> str:
        state = "closed" if self.is_closed else "open" if self._core.connection else "not yet open"
        return f"<{type(self).__name__} {self._core.settings.base_url}: {state}>"

    @property
    def _unclosed(self) -> Connection | None:
        core: SessionCore | None = getattr(self, "_core", None)
        return None if core is None or core.is_over else core.connection

    def __del__(self) -> None:
        if self._unclosed is not None:
            text = f"{type(self).__name__} was not closed: use it in a block of `{self._block}`"
            warnings.warn(text, ResourceWarning, stacklevel=2, source=self)


@public
class WebSocketSession(_Session):
    """Responses over one WebSocket, any number at the same time; for synchronous code.

    Entering the block connects, leaving it closes. Threads may share a session and read their own streams.

    Raises, on entering:
        APIStatusError: The server refused, such as for a wrong key (`AuthenticationError`).
        APIConnectionError: The server was not reached, or not in time (`APITimeoutError`).
        ResponseValidationError: The server has no WebSocket at this address.
    """

    def __enter__(self) -> Self:
        run(self._core.open())
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        connection = self._unclosed
        try:
            super().__del__()
        finally:
            if connection is not None:
                run(connection.cut())

    def close(self) -> None:
        """Close the WebSocket, in two seconds at most; streams not yet at their end are interrupted."""
        run(self._core.close())

    def create(
        self,
        *,
        stream_id: str | None = None,
        generate: bool | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> EventStream:
        """Have the model answer; return its events at once, to be read at any time. (`response.create`)

        Args:
            stream_id: The lane, made up by default. Responses of one lane follow each other.
            generate: False only prepares the response, to be continued with `previous_response_id`.
            params: As for `responses.create`, but for `background` and what belongs to HTTP requests.

        Raises:
            RequestValidationError: An argument is wrong; nothing was sent.
            APIConnectionError: The connection was lost.
        """
        return EventStream(run(self._core.create({**params, "stream_id": stream_id, "generate": generate})))

    def steer(self, *, previous_response_id: str, input: SteerInput) -> Steering:
        """Have a response that is in progress go on from more input. (`response.steer`)

        Args:
            previous_response_id: The response, created in this session.
            input: A user message as text, or messages with the role `user`.

        Raises:
            RequestValidationError: An argument is wrong; nothing was sent.
            APIConnectionError: The connection was lost.
        """
        return Steering(run(self._core.steer(previous_response_id, input)), self._stream)

    def _stream(self, inbox: Inbox) -> EventStream:
        if inbox.stream is None:
            inbox.stream = EventStream(self._core.successor(inbox))
        return cast("EventStream", inbox.stream)

    def send(self, event: ClientEvent | Mapping[str, object]) -> None:
        """Send any event, also one of a type that this version does not know; answers come in `events()`.

        Raises:
            RequestValidationError: The event has no type, or is of a known one and wrong; nothing was sent.
            APIConnectionError: The connection was lost.
        """
        run(self._core.send(event))

    def events(self) -> Iterator[ServerEvent]:
        """Iterate over the events of no stream, waiting for each, until the session is closed.

        Those are answers to `send`, what concerns the session, and what names a lane that nobody asked for.

        Raises:
            APIConnectionError: The connection was lost.
        """
        while (event := run(self._core.next())) is not None:
            yield event

    def __iter__(self) -> Iterator[ServerEvent]:
        return self.events()

    def recv(self) -> ServerEvent:
        """Return the next of `events()`; at their end, raise what a closed session raises."""
        return run(self._core.receive())

    @property
    def response(self) -> Commands:
        """The same requests without streams: their events come in `events()`."""
        return Commands(self._core)


@public
class AsyncWebSocketSession(_Session):
    """Responses over one WebSocket, for asyncio and trio; see `WebSocketSession`. Tasks may share it."""

    _block = "async with"

    def __del__(self) -> None:
        connection = self._unclosed
        try:
            super().__del__()
        finally:
            if connection is not None:
                connection.abandon()

    async def __aenter__(self) -> Self:
        await self._core.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the WebSocket, in two seconds at most; streams not yet at their end are interrupted."""
        await self._core.close()

    close = aclose

    async def create(
        self,
        *,
        stream_id: str | None = None,
        generate: bool | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> AsyncEventStream:
        """Have the model answer; return its events at once, see `WebSocketSession.create`."""
        return AsyncEventStream(
            await self._core.create({**params, "stream_id": stream_id, "generate": generate})
        )

    async def steer(self, *, previous_response_id: str, input: SteerInput) -> AsyncSteering:
        """Have a response that is in progress go on from more input, see `WebSocketSession.steer`."""
        return AsyncSteering(await self._core.steer(previous_response_id, input), self._stream)

    def _stream(self, inbox: Inbox) -> AsyncEventStream:
        if inbox.stream is None:
            inbox.stream = AsyncEventStream(self._core.successor(inbox))
        return cast("AsyncEventStream", inbox.stream)

    async def send(self, event: ClientEvent | Mapping[str, object]) -> None:
        """Send any event, see `WebSocketSession.send`."""
        await self._core.send(event)

    def events(self) -> AsyncIterator[ServerEvent]:
        """Iterate over the events of no stream, see `WebSocketSession.events`."""
        return _Events(self._core.next)

    def __aiter__(self) -> AsyncIterator[ServerEvent]:
        return self.events()

    async def recv(self) -> ServerEvent:
        """Return the next of `events()`; at their end, raise what a closed session raises."""
        return await self._core.receive()

    @property
    def response(self) -> AsyncCommands:
        """The same requests without streams: their events come in `events()`."""
        return AsyncCommands(self._core)


class _Events:
    # No async generator: one that is left early waits for the garbage collector.
    def __init__(self, next_event: Callable[[], Awaitable[ServerEvent | None]]) -> None:
        self._next = next_event

    def __aiter__(self) -> AsyncIterator[ServerEvent]:
        return self

    async def __anext__(self) -> ServerEvent:
        event = await self._next()
        if event is None:
            raise StopAsyncIteration
        return event


@public
class Steering:
    """What becomes of input that was sent to steer a response."""

    def __init__(self, steered: Steered, stream: Callable[[Inbox], EventStream]) -> None:
        self._steered = steered
        self._stream = stream

    def answer(self) -> SteerAccepted | SteerFailed:
        """Wait until the server has accepted the input, or refused it.

        Raises:
            APITimeoutError: Nothing came for `timeout` seconds.
            APIConnectionError: The connection was lost, and the fate of the input is not known.
        """
        return run(self._steered.answer())

    def outcome(self) -> EventStream | SteerPending | SteerFailed:
        """Wait for the end: the stream of the response that goes on from the input, or why there is none yet.

        After `SteerPending`, `session.create` with what it requires goes on. Raises what `answer` raises.
        """
        from .routing import Inbox

        found = run(self._steered.outcome())
        return self._stream(found) if isinstance(found, Inbox) else found


@public
class AsyncSteering:
    """What becomes of input that was sent to steer a response; see `Steering`."""

    def __init__(self, steered: Steered, stream: Callable[[Inbox], AsyncEventStream]) -> None:
        self._steered = steered
        self._stream = stream

    async def answer(self) -> SteerAccepted | SteerFailed:
        """Wait until the server has accepted the input, or refused it; see `Steering.answer`."""
        return await self._steered.answer()

    async def outcome(self) -> AsyncEventStream | SteerPending | SteerFailed:
        """Wait for the end; see `Steering.outcome`."""
        from .routing import Inbox

        found = await self._steered.outcome()
        return self._stream(found) if isinstance(found, Inbox) else found


class Commands:
    """Requests whose events come in `session.events()`; code that was written for them can be taken over."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core

    def create(
        self,
        *,
        stream_id: str | None = None,
        generate: bool | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> None:
        """Ask for a response, see `WebSocketSession.create`."""
        run(self._core.create_raw({**params, "stream_id": stream_id, "generate": generate}))

    def steer(self, *, previous_response_id: str, input: SteerInput) -> None:
        """Steer a response, see `WebSocketSession.steer`."""
        run(self._core.steer_raw(previous_response_id, input))


class AsyncCommands:
    """Requests whose events come in `session.events()`; see `Commands`."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core

    async def create(
        self,
        *,
        stream_id: str | None = None,
        generate: bool | None = None,
        **params: Unpack[ResponseCreateParams],
    ) -> None:
        """Ask for a response, see `WebSocketSession.create`."""
        await self._core.create_raw({**params, "stream_id": stream_id, "generate": generate})

    async def steer(self, *, previous_response_id: str, input: SteerInput) -> None:
        """Steer a response, see `WebSocketSession.steer`."""
        await self._core.steer_raw(previous_response_id, input)
