"""One WebSocket for many responses: whoever waits for its own events reads for all; over `Socket`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from .._base.redaction import NO_SECRETS, Redactor
from .._calls.attempts import Attempts
from .._transport.protocols import IO, Bell, Socket, TransportError
from ..errors import APIConnectionError, ResponseValidationError
from .frames import Ending, Frames, accept_token
from .routing import Inbox, Message, SocketState, Steer

if TYPE_CHECKING:
    from .._base.http import ResponseMeta
    from .._base.options import SessionOptions
    from .._calls.request import Call
    from .._calls.settings import Settings

__all__ = ["Connection", "connect"]

T = TypeVar("T")

BUFFERED_BYTES = 64 * 1024 * 1024
PING_INTERVAL = 10.0
PING_TIMEOUT = 20.0
_CLOSE_SECONDS = 1.0
_GLANCE_SECONDS = 0.01
_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.5  # the garbage collector can ring no bell
_CLOSED = Ending("the session was closed here", is_orderly=True)


async def connect(io: IO, call: Call[Any], options: SessionOptions) -> Connection:
    """Ask for a WebSocket, by the same rules as for any other request, and take it over.

    Raises:
        APIError: No answer, or one that is an error or no WebSocket.
    """
    attempts = Attempts(io, call)
    body, meta = await attempts.connect()
    expected = accept_token(call.request.headers["Sec-WebSocket-Key"] or "")
    try:
        if body.status_code != 101:
            raise ResponseValidationError(
                f"A WebSocket was asked for, but an answer with status {body.status_code} came",
                body=attempts.redactor.body(await attempts.read_start(body)),
                advice="check that the server of base_url offers WebSockets",
                meta=meta,
            )
        if body.headers.get("sec-websocket-accept") != expected:
            raise ResponseValidationError(
                "The connection was switched to something that is no WebSocket",
                advice="check what stands between here and base_url",
                meta=meta,
            )
        socket = body.socket(call.request.timeouts.write)
    except BaseException:
        await body.close()
        raise
    return Connection(socket, meta, call.settings, options, attempts.redactor)


class Connection:
    """Reads, sorts and sends.

    There is no reader in the background. Who waits for something reads, if nobody else does, until it has come, and
    wakes those whose events came meanwhile. A keeper sends pings, and reads what is there while nobody else does.

    Attributes:
        meta: Of the answer that opened the WebSocket.
        settings: Of the client, with the changes for this session.
        strays: What belongs to no response that was asked for here.
    """

    def __init__(
        self,
        socket: Socket,
        meta: ResponseMeta,
        settings: Settings,
        options: SessionOptions,
        redactor: Redactor = NO_SECRETS,
    ) -> None:
        self.meta = meta
        self.settings = settings
        self._socket = socket
        self._redactor = redactor
        self._frames = Frames(settings.max_event_bytes)
        self._state = SocketState(strict=settings.strict, redactor=redactor)
        self.strays = self._state.strays
        self._mutex = threading.RLock()  # over what threads share; never held while something waits
        self._is_reading = False
        self._waiting: dict[Bell, Inbox] = {}
        self._limit = options.get("max_buffered_bytes", BUFFERED_BYTES)
        self._room: Bell | None = None  # of who waits until something is taken
        self._patient_until: float | None = None
        self._ping_interval = options.get("ping_interval", PING_INTERVAL)
        self._ping_timeout = options.get("ping_timeout", PING_TIMEOUT)
        self._heard_at = time.monotonic()
        self._pinged_at: float | None = None
        self._keeper = socket.bell()
        if self._ping_interval is not None:
            socket.start(self._keep)

    @property
    def ending(self) -> Ending | None:
        """Why nothing more will come; None while more may."""
        return self._state.ending

    def error(self) -> Exception:
        """Return the error for whoever uses a connection that has ended."""
        ending = self.ending
        if ending is None or ending is _CLOSED:
            return RuntimeError("The WebSocket session is closed; open another with responses.connect().")
        text = f"The WebSocket session has ended: {ending.reason}; open another with responses.connect()"
        return APIConnectionError(text, meta=self.meta)

    async def send(self, content: bytes, register: Callable[[SocketState], T]) -> T:
        """Send a message; what is to be known before its answer comes is registered in the order of sending.

        Raises:
            APIConnectionError: The connection has ended.
            RuntimeError: It was closed.
        """
        registered: list[T] = []

        def make() -> bytes:
            with self._mutex:
                if self.ending is not None:
                    raise self.error()
                registered.append(register(self._state))
                return self._frames.text(content)

        try:
            await self._socket.write(make)
        except TransportError as failure:
            await self._end(f"a message could not be sent, {failure.reason}")
            raise self.error() from failure.__cause__
        except BaseException:  # cancelled, and the message goes out all the same
            for each in registered:
                if isinstance(each, Inbox):
                    self.drop(each)
                elif isinstance(each, Steer):
                    with self._mutex:
                        self._state.give_up(each)
            raise
        return registered[0]

    def new_lane(self) -> str:
        """Return a name for a lane that has none."""
        with self._mutex:
            return self._state.new_lane()

    def take(self, inbox: Inbox) -> tuple[list[Message], Ending | None]:
        """Return the next few messages, or why no more will come; makes room for others."""
        with self._mutex:
            messages = self._state.take(inbox)
            if messages:
                self._patient_until = None
                if self._room is not None:
                    self._room.ring()
            return messages, None if messages else inbox.ending or self.ending

    def drop(self, inbox: Inbox) -> None:
        """Throw away what came and what is to come."""
        with self._mutex:
            self._state.drop(inbox)
            self._patient_until = None
            self._ring()

    async def wait(self, inbox: Inbox, left: float | None) -> None:
        """Wait until there are news for an inbox, for at most `left` seconds."""
        until = None if left is None else time.monotonic() + left
        while (remaining := _left(until)) is None or remaining > 0:
            with self._mutex:
                if inbox.has_news or self.ending is not None:
                    break
                bell = self._socket.bell() if self._is_reading else None
                if bell is None:
                    self._is_reading = True
                else:
                    self._waiting[bell] = inbox
            if bell is None:
                await self._read_for(inbox, until)
                break
            try:
                await bell.wait(remaining)
            except BaseException:
                self._pass_on(bell)
                raise
            with self._mutex:
                self._waiting.pop(bell, None)
        self._pass_on()

    def _pass_on(self, bell: Bell | None = None) -> None:
        """Have another read who waits, if nobody reads."""
        with self._mutex:
            if bell is not None:
                self._waiting.pop(bell, None)
            if not self._is_reading and self._waiting:
                next(iter(self._waiting)).ring()

    def _ring(self) -> None:
        """Wake those who have news."""
        is_over = self.ending is not None
        for bell, inbox in self._waiting.items():
            if is_over or inbox.has_news:
                bell.ring()
        if self._room is not None:
            self._room.ring()
        if is_over:
            self._keeper.ring()

    async def _read_for(self, inbox: Inbox, until: float | None) -> None:
        """Read, as the only one, until there are news for an inbox."""
        try:
            while not inbox.has_news and self.ending is None:
                left = _left(until)
                if left is not None and left <= 0:
                    break
                if self._state.size >= self._limit:
                    await self._wait_for_room(left)
                else:
                    await self._read(left)
        finally:
            with self._mutex:
                self._is_reading = False
            self._pass_on()

    async def _wait_for_room(self, left: float | None) -> None:
        """Read no more, so that the server has to wait too; give up the fullest inbox if nobody takes anything."""
        with self._mutex:
            self._state.sweep(self._limit)
            if self._state.size < self._limit:
                self._patient_until = None
                return
            now = time.monotonic()
            if self._patient_until is None:
                self._patient_until = now + _PATIENCE_SECONDS
            patience = self._patient_until - now
            if patience <= 0:
                self._patient_until = None
                self._state.relieve()
                self._ring()
                return
            bell = self._room = self._socket.bell()
        try:
            await bell.wait(min(_LOOK_SECONDS, patience if left is None else min(left, patience)))
        finally:
            self._room = None

    async def _read(self, left: float | None) -> bool:
        """Read once; return False when nothing came in time."""
        try:
            data = await self._socket.read(left)
        except TransportError as failure:
            await self._end(f"the connection broke, {failure.reason}")
            return True
        if data is None:
            return False
        with self._mutex:
            self._heard_at = time.monotonic()
            self._pinged_at = None
            is_over = self._take_in(data)
            replies = self._frames.take_replies()
            self._ring()
        try:
            if replies:
                await self._socket.write(lambda: replies, _CLOSE_SECONDS if is_over else None)
        except TransportError as failure:
            await self._end(f"the connection broke, {failure.reason}")
        if is_over:
            await self._socket.close()
        return True

    def _take_in(self, data: bytes) -> bool:
        """Take what came; say whether the connection is to be given up."""
        for message in self._frames.receive(data):
            if self.ending is None:
                self._state.receive(message)
        if self.ending is _CLOSED:  # who closes says goodbye
            return False
        if self.ending is not None:
            self._frames.replies += self._frames.close()
        elif self._frames.ending is not None:
            self._state.end(self._redacted(self._frames.ending))
        return self.ending is not None

    def _redacted(self, ending: Ending) -> Ending:
        return ending._replace(reason=self._redactor.text(ending.reason))

    async def _end(self, reason: str) -> None:
        with self._mutex:
            self._state.end(self._redacted(Ending(reason)))
            self._ring()
        await self._socket.close()

    async def _keep(self) -> None:
        """Send a ping when nothing came for a while, and read what is there: servers send pings, too."""
        while self.ending is None:
            await self._keeper.wait(self._pause)
            if self.ending is None:
                await self._look_after()

    @property
    def _pause(self) -> float:
        waits = [self._ping_interval, None if self._pinged_at is None else self._ping_timeout]
        return min(seconds for seconds in waits if seconds is not None)

    async def _look_after(self) -> None:
        with self._mutex:
            self._state.sweep(self._limit)
            if self._state.size >= self._limit:  # nothing is read, and so no answer
                self._pinged_at = None
                return
            is_free = not self._is_reading
            self._is_reading = True
        if is_free:
            try:
                while self._may_read_on() and await self._read(_GLANCE_SECONDS):
                    pass
            finally:
                with self._mutex:
                    self._is_reading = False
                self._pass_on()
        now = time.monotonic()
        if self._pinged_at is not None and self._ping_timeout is not None:
            if now - self._pinged_at >= self._ping_timeout:
                await self._end(f"a ping was not answered for {self._ping_timeout:g} s (ping_timeout)")
        elif self._ping_interval is not None and now - self._heard_at >= self._ping_interval:
            self._pinged_at = now
            with suppress(
                TransportError
            ):  # reading shows it, too; behind a message that is stuck, silence does
                await self._socket.write(self._ping, self._pause)

    def _may_read_on(self) -> bool:
        return self.ending is None and not self._waiting and self._state.size < self._limit

    def _ping(self) -> bytes:
        with self._mutex:
            return self._frames.ping()

    async def close(self) -> None:
        """Say goodbye, wait a second for the answer at most, and close; cancellation does not shorten it."""
        with self._mutex:
            is_open = self.ending is None
            self.abandon()
            is_free = is_open and not self._is_reading
            self._is_reading = self._is_reading or is_free
            goodbye = self._frames.close()
        with self._socket.finishing(_CLOSE_SECONDS), suppress(TransportError):
            if is_open:
                await self._socket.write(lambda: goodbye, _CLOSE_SECONDS)
            if is_free:
                await self._hear_goodbye()
        await self._socket.close()

    async def _hear_goodbye(self) -> None:
        until = time.monotonic() + _CLOSE_SECONDS
        while self._frames.ending is None and (left := until - time.monotonic()) > 0:
            data = await self._socket.read(left)
            if data is not None:
                with self._mutex:
                    self._frames.receive(data)

    def abandon(self) -> None:
        """Take note that nobody uses it any more."""
        with self._mutex:
            self._state.end(_CLOSED)
            self._ring()

    async def cut(self) -> None:
        """Close at once."""
        self.abandon()
        await self._socket.close()


def _left(until: float | None) -> float | None:
    return None if until is None else until - time.monotonic()
