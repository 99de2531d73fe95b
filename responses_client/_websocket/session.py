"""WebSocket sessions, sync and async: the classes that users work with, around one `SessionCore`."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Self, TypeAlias

from .._base.error_frames import hide_values
from .._base.extras import install_hint
from .._base.http import HasRequestId
from .._base.public import public, resource
from .._calls.settings import Settings
from .._streaming.streams import AsyncEventStream, EventStream
from .._transport.protocols import IO, run
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

    from .._base.http import ResponseMeta
    from .._base.options import SessionOptions
    from .._calls.params import SessionCreateParams
    from ..models import (
        ClientEvent,
        FunctionCallOutput,
        FunctionCallOutputParam,
        InputContentPart,
        InputContentPartParam,
        InputMessage,
        InputMessageParam,
        ServerEvent,
        SteerAccepted,
        SteerFailed,
        SteerPending,
    )
    from .connection import Connection
    from .inboxes import Inbox
    from .session_core import SessionCore
    from .source import SteeringResult

    SteerItem: TypeAlias = InputMessage | InputMessageParam | FunctionCallOutput | FunctionCallOutputParam
    SteerInput: TypeAlias = str | Sequence[SteerItem | InputContentPart | InputContentPartParam | str]

__all__ = [
    "AsyncCommands",
    "AsyncSteering",
    "AsyncWebSocketSession",
    "Commands",
    "Steering",
    "WebSocketSession",
]


class _BaseSession(HasRequestId):
    """The properties that sync and async sessions share."""

    _block = "with"

    def __init__(self, io: IO, settings: Settings, options: SessionOptions) -> None:
        # Here, because wsproto comes with the extra `websocket`: this module has to be importable without it.
        try:
            from .session_core import SessionCore
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f"WebSockets need the package {error.name}, which is not installed: {install_hint('websocket')}"
            ) from error
        self._core = SessionCore(io, settings, options, self._block)

    @property
    def meta(self) -> ResponseMeta | None:
        """Request id, status and headers of the answer that opened the WebSocket; None before the session is open."""
        connection = self._core.connection
        return None if connection is None else connection.meta

    @property
    def is_closed(self) -> bool:
        """Whether the session was closed, or its connection was lost."""
        return self._core.is_closed

    def __repr__(self) -> str:
        state = "closed" if self.is_closed else "open" if self._core.connection else "not yet open"
        return f"<{type(self).__name__} {self._core.settings.base_url}: {state}>"

    @property
    def _unclosed(self) -> Connection | None:
        core: SessionCore | None = getattr(self, "_core", None)  # missing if `__init__` raised
        return None if core is None or core.is_closed else core.connection

    def __del__(self) -> None:
        if self._unclosed is not None:
            text = f"{type(self).__name__} was not closed: use it in a block of `{self._block}`"
            warnings.warn(text, ResourceWarning, stacklevel=2, source=self)


@public
class WebSocketSession(_BaseSession):
    """Responses over one WebSocket, any number at the same time; for synchronous code.

    Entering the block connects, leaving it closes. Threads can share a session, each reading its own streams.

        with client.responses.connect() as session:
            stream = session.create(model="gpt-5.4", input="Hello")
            print(stream.get_final_response().output_text)

    Options of `client.responses.connect`, all optional:
        ping_interval: Seconds of silence after which a ping is sent, 10 by default; None sends none.
        ping_timeout: Seconds without an answer to a ping after which the connection counts as lost, 20 by default;
            None waits forever.
        max_buffered_bytes: Size of the events that may wait to be read, all streams together, before reading from the
            connection pauses; 64 MiB by default.
        lanes: Whether each request gets a lane of its own, True by default; False for servers without lanes.
        timeout: Seconds that connecting, sending, and each wait for an event may take, or an `httpx.Timeout`; None
            waits forever. By default as for the client.
        deadline: Seconds that connecting may take with all attempts; None sets no limit. By default as for the client.
        max_retries: Number of retries of a failed attempt to connect. By default as for the client.
        extra_headers, extra_query: Headers and query parameters to add or replace when connecting; None as a value
            removes one.

    Raises, on entering:
        APIStatusError: The server refused, for example because of a wrong key (`AuthenticationError`).
        APIConnectionError: The server was not reached, or did not answer in time (`APITimeoutError`).
        ResponseValidationError: The server has no WebSocket at this address.
        RuntimeError: The session was used before.
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
                run(connection.close_now())

    def close(self) -> None:
        """Close the WebSocket with a handshake of at most two seconds; streams that have not ended are interrupted."""
        run(self._core.close())

    def create(
        self,
        *,
        stream_id: str | None = None,
        generate: bool | None = None,
        **params: Unpack[SessionCreateParams],
    ) -> EventStream:
        """Request a response, and return its stream immediately; the events can be read at any time. (`response.create`)

        Args:
            stream_id: The name of a lane, by default a new one. The server answers the requests of a lane in order.
            generate: False only prepares the response, to be continued with `previous_response_id`.
            params: As for `responses.create`, except for `background` and the options of HTTP requests. `timeout` and
                `deadline`, in seconds, limit the sending of the request, and the waits for its events.

        Raises:
            RequestValidationError: An argument is wrong, or an option of HTTP requests, such as `max_retries`; nothing was
                sent.
            APITimeoutError: The request was not sent within `timeout` or `deadline`.
            APIConnectionError: The connection was lost.
            RuntimeError: The session is not open, or was closed.
        """
        hide_values(params)
        return EventStream(run(self._core.create({**params, "stream_id": stream_id, "generate": generate})))

    def steer(self, *, previous_response_id: str, input: SteerInput) -> Steering:
        """Give more input to a response in progress, which continues from it in a successor. (`response.steer`)

        Args:
            previous_response_id: The id of the response, which was created in this session.
            input: A user message as a string, or a list of messages with the role `user` and of function call outputs.

        Raises:
            RequestValidationError: An argument is wrong; nothing was sent.
            APIConnectionError: The connection was lost.
            RuntimeError: The session is not open, or was closed.
        """
        return Steering(run(self._core.steer(previous_response_id, input)), self._stream)

    def _stream(self, inbox: Inbox) -> EventStream:
        if not isinstance(inbox.stream, EventStream):
            inbox.stream = EventStream(self._core.successor(inbox))
        return inbox.stream

    def send(self, event: ClientEvent | Mapping[str, object]) -> None:
        """Send any event, even one of a type that this version does not know; the answers are in `events()`.

        An `error` that may be about it or about a request ends the session, unless it repeats the `event_id` of one.

        Raises:
            RequestValidationError: The event has no type, or a known type and a wrong field; nothing was sent.
            APIConnectionError: The connection was lost.
            RuntimeError: The session is not open, or was closed.
        """
        run(self._core.send(event))

    def events(self) -> Iterator[ServerEvent]:
        """Iterate over the unrouted events, waiting for each, until the session is closed.

        Those are the events that belong to no stream: answers to `send`, events about the session, and events of
        lanes that were not requested. There is no time limit.

        Raises:
            APIConnectionError: The connection was lost.
        """
        while (event := run(self._core.next())) is not None:
            yield event

    def __iter__(self) -> Iterator[ServerEvent]:
        return self.events()

    def recv(self) -> ServerEvent:
        """Wait for the next of `events()`, and return it.

        Raises:
            APIConnectionError: The connection was lost.
            RuntimeError: The session was closed.
        """
        return run(self._core.receive())

    @property
    def response(self) -> Commands:
        """The same requests without streams: their events are in `events()`."""
        return Commands(self._core)


@public
class AsyncWebSocketSession(_BaseSession):
    """Responses over one WebSocket, any number at the same time; for asyncio and trio.

    Entering the block connects, leaving it closes. Tasks can share a session, each reading its own streams. Options
    and errors are those of `WebSocketSession`.

        async with client.responses.connect() as session:
            stream = await session.create(model="gpt-5.4", input="Hello")
            print((await stream.get_final_response()).output_text)
    """

    _block = "async with"

    def __del__(self) -> None:
        connection = self._unclosed
        try:
            super().__del__()
        finally:
            if connection is not None:
                connection.mark_closed()

    async def __aenter__(self) -> Self:
        await self._core.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the WebSocket with a handshake of at most two seconds; streams that have not ended are interrupted."""
        await self._core.close()

    close = aclose

    async def create(
        self,
        *,
        stream_id: str | None = None,
        generate: bool | None = None,
        **params: Unpack[SessionCreateParams],
    ) -> AsyncEventStream:
        """Request a response, and return its stream immediately; see `WebSocketSession.create`. (`response.create`)"""
        hide_values(params)
        return AsyncEventStream(
            await self._core.create({**params, "stream_id": stream_id, "generate": generate})
        )

    async def steer(self, *, previous_response_id: str, input: SteerInput) -> AsyncSteering:
        """Give more input to a response in progress; see `WebSocketSession.steer`. (`response.steer`)"""
        return AsyncSteering(await self._core.steer(previous_response_id, input), self._stream)

    def _stream(self, inbox: Inbox) -> AsyncEventStream:
        if not isinstance(inbox.stream, AsyncEventStream):
            inbox.stream = AsyncEventStream(self._core.successor(inbox))
        return inbox.stream

    async def send(self, event: ClientEvent | Mapping[str, object]) -> None:
        """Send any event; see `WebSocketSession.send`."""
        await self._core.send(event)

    def events(self) -> AsyncIterator[ServerEvent]:
        """Iterate over the unrouted events; see `WebSocketSession.events`."""
        return _EventIterator(self._core.next)

    def __aiter__(self) -> AsyncIterator[ServerEvent]:
        return self.events()

    async def recv(self) -> ServerEvent:
        """Wait for the next of `events()`, and return it.

        Raises:
            APIConnectionError: The connection was lost.
            RuntimeError: The session was closed.
        """
        return await self._core.receive()

    @property
    def response(self) -> AsyncCommands:
        """The same requests without streams: their events are in `events()`."""
        return AsyncCommands(self._core)


class _EventIterator:
    # Not an async generator: one that is not exhausted is finalized by the event loop at some later time.
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
    """The result of input that was sent to steer a response, which `WebSocketSession.steer` returns.

    Both methods can be called in any order, and again after `APITimeoutError`.
    """

    def __init__(self, result: SteeringResult, stream: Callable[[Inbox], EventStream]) -> None:
        self._result = result
        self._stream = stream

    def answer(self) -> SteerAccepted | SteerFailed:
        """Wait until the server has accepted or refused the input.

        Raises:
            StreamError: The server refused it with an `error`, as one that does not know steering.
            APITimeoutError: No event about the input came for `timeout` seconds.
            APIConnectionError: The connection was lost; it is unknown whether the input arrived.
        """
        return run(self._result.answer())

    def outcome(self) -> EventStream | SteerPending | SteerFailed:
        """Wait for the final result.

        Returns:
            The stream of the response that continues from the input; `SteerFailed`, with the input, if there will be
            none; or `SteerPending` if the server requires more input first, which `session.create` sends.

        Raises:
            StreamError: The server refused it with an `error`, as one that does not know steering.
            APITimeoutError: No event about the input came for `timeout` seconds.
            APIConnectionError: The connection was lost; it is unknown whether the input arrived.
        """
        from .inboxes import Inbox

        found = run(self._result.outcome())
        return self._stream(found) if isinstance(found, Inbox) else found


@public
class AsyncSteering:
    """The result of input that was sent to steer a response; see `Steering`."""

    def __init__(self, result: SteeringResult, stream: Callable[[Inbox], AsyncEventStream]) -> None:
        self._result = result
        self._stream = stream

    async def answer(self) -> SteerAccepted | SteerFailed:
        """Wait until the server has accepted or refused the input; see `Steering.answer`."""
        return await self._result.answer()

    async def outcome(self) -> AsyncEventStream | SteerPending | SteerFailed:
        """Wait for the final result; see `Steering.outcome`."""
        from .inboxes import Inbox

        found = await self._result.outcome()
        return self._stream(found) if isinstance(found, Inbox) else found


@resource("session.response")
class Commands:
    """Requests without streams; their events are in `session.events()`.

    For code that was written for a connection without streams, which handles all events in one loop.
    """

    def __init__(self, core: SessionCore) -> None:
        self._core = core

    def create(
        self,
        *,
        stream_id: str | None = None,
        generate: bool | None = None,
        **params: Unpack[SessionCreateParams],
    ) -> None:
        """Request a response; see `WebSocketSession.create`."""
        hide_values(params)
        run(self._core.create_unrouted({**params, "stream_id": stream_id, "generate": generate}))

    def steer(self, *, previous_response_id: str, input: SteerInput) -> None:
        """Give more input to a response in progress; see `WebSocketSession.steer`."""
        run(self._core.steer_unrouted(previous_response_id, input))


@resource("session.response")
class AsyncCommands:
    """Requests without streams; their events are in `session.events()`. See `Commands`."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core

    async def create(
        self,
        *,
        stream_id: str | None = None,
        generate: bool | None = None,
        **params: Unpack[SessionCreateParams],
    ) -> None:
        """Request a response; see `WebSocketSession.create`."""
        hide_values(params)
        await self._core.create_unrouted({**params, "stream_id": stream_id, "generate": generate})

    async def steer(self, *, previous_response_id: str, input: SteerInput) -> None:
        """Give more input to a response in progress; see `WebSocketSession.steer`."""
        await self._core.steer_unrouted(previous_response_id, input)
