"""One WebSocket for many responses, without a reader in the background: a stream that waits reads for all of them."""

# How it works
# ============
#
# A thread or task that waits for events while no other one reads becomes the reader: it reads from the `Socket`, lets
# the `Router` sort the messages into inboxes, and wakes the waiters with news. An event for the reader itself costs no
# thread switch. While nothing waits, data stay in the socket, and the server has to wait too.
#
#                      wait(), _check_alive() or close()
#                      finds no reader
#      ┌───────────┐ ──────────────────────────────────► ┌────────────┐ ──┐
#      │ NO READER │                                     │ ONE READER │   │ read, route, wake
#      └───────────┘ ◄────────────────────────────────── └────────────┘ ◄─┘
#                      its inbox has news; its deadline has passed; it is cancelled;
#                      the connection is closed => _hand_over() wakes one waiter
#
#      wait() while there is a reader:
#
#        add an event to `_waiters` ──► sleep ──► woken ─┬─ news, or the connection is closed ──► _hand_over(), return
#                  ▲                                     ├─ no reader ──► become the reader
#                  └──────────── still a reader ─────────┘
#
# A wake-up by `_hand_over` must not be lost when the waiter has news of its own or is cancelled. So a thread or task
# that leaves `wait`, for any reason, hands over again; that has no effect if there is a reader or no waiter.
#
# The reader pauses when the inboxes hold `max_buffered_bytes` (`_wait_for_space`): it sleeps until a stream takes
# messages, and evicts the largest inbox if no stream does for 30 seconds. Nothing is read meanwhile, so missing pongs
# do not count then.
#
# The keep-alive function runs in a thread or task of its own. At each interval it is the reader for a moment, unless
# there is one, to answer the server's pings; and it sends a ping if nothing was received during the interval.
#
# `_lock` guards everything that threads share. It is held for computing, never for waiting. It is reentrant, because
# the garbage collector may close a forgotten session in the middle of any statement of the thread that holds it.

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from .._base import forks
from .._base.clock import RealDeadline
from .._base.redaction import NO_SECRETS, Redactor
from .._transport.protocols import Event, Socket, TransportError
from ..errors import APIConnectionError, APITimeoutError
from .frames import CloseInfo, Frames
from .inboxes import Inbox, Inboxes, Message
from .outstanding import Steer
from .routing import Router

if TYPE_CHECKING:
    from .._base.http import ResponseMeta
    from .._base.options import SessionOptions
    from .._calls.settings import Settings

__all__ = ["Connection"]

T = TypeVar("T")

_DEFAULT_MAX_BUFFERED_BYTES = 64 * 1024 * 1024
_DEFAULT_PING_INTERVAL_SECONDS = 10.0
_DEFAULT_PING_TIMEOUT_SECONDS = 20.0
_CLOSE_TIMEOUT_SECONDS = 1.0
_POLL_SECONDS = 0.01
_MAX_TOOL_SECRETS = 64
_EVICTION_DELAY_SECONDS = 30.0
# The garbage collector marks the inbox of a forgotten stream, but wakes no reader, which therefore has to look.
_DISCARD_INTERVAL_SECONDS = 0.5
_CLOSED_HERE = CloseInfo("the session was closed here", is_orderly=True)


class Connection:
    """An open WebSocket, shared by the streams of a session.

    Attributes:
        meta: The metadata of the answer that opened the WebSocket.
        settings: The settings of the client, with the changes for this session.
        unrouted: The inbox of the events that belong to no stream.
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
        self._tool_secrets = deque[str](maxlen=_MAX_TOOL_SECRETS)
        self._redactor = redactor
        self._frames = Frames(settings.max_event_bytes)
        self._inboxes = Inboxes(options.get("max_buffered_bytes") or _DEFAULT_MAX_BUFFERED_BYTES)
        self._router = Router(self._inboxes, strict=settings.strict, redactor=redactor)
        self.unrouted: Inbox = self._inboxes.unrouted
        self._own_lock = threading.RLock()
        self._process = forks.generation
        self._has_reader = False
        self._waiters: dict[Event, Inbox] = {}  # in the order in which they began to wait
        # Of the reader that waits for space: set when messages are taken.
        self._space_event: Event | None = None
        # Until when messages have to be taken; None while there is space, and after each `take`.
        self._eviction_deadline: RealDeadline | None = None
        self._ping_interval = options.get("ping_interval", _DEFAULT_PING_INTERVAL_SECONDS)
        self._ping_timeout = options.get("ping_timeout", _DEFAULT_PING_TIMEOUT_SECONDS)
        self._next_ping = RealDeadline.after(self._ping_interval)  # put off by whatever is received
        self._pong_deadline: RealDeadline | None = None  # None while no ping is unanswered
        self._closed_event = socket.new_event()
        if self._ping_interval is not None:
            socket.start(self._keep_alive)

    @property
    def _lock(self) -> threading.RLock:
        if self._process != forks.generation:
            self._leave_to_parent()
        return self._own_lock

    def _leave_to_parent(self) -> None:
        """End the connection in a forked process; a thread of the parent may hold the lock, or be the reader."""
        self._process = forks.generation
        self._own_lock = threading.RLock()
        self._has_reader = False
        self._waiters = {}
        self._router.close(CloseInfo(forks.FORKED))

    @property
    def close_info(self) -> CloseInfo | None:
        """The reason why nothing more will be received; None while the connection is open."""
        return self._router.close_info

    def closed_error(self) -> Exception:
        """Return the error for a use of the connection after its end."""
        info = self.close_info
        if info is None or info is _CLOSED_HERE:
            return RuntimeError("The WebSocket session is closed; open another with responses.connect().")
        text = f"The WebSocket session has ended: {info.reason}; open another with responses.connect()"
        return APIConnectionError(text, meta=self.meta)

    async def send(
        self, content: bytes, register: Callable[[Router], T], deadline: RealDeadline | None = None
    ) -> T:
        """Send a message, by default before the deadline of any call, and return the result of `register`.

        `register` is called right before the message goes out, so that the router knows the requests in the order of
        sending, and knows each before its answer can come.

        Raises:
            APITimeoutError: It was not sent before the deadline. A message of which a part was sent ends the session,
                or is sent whole nevertheless; see `Socket.write`.
            APIConnectionError: The connection has ended.
            RuntimeError: It was closed.
        """
        registered: list[T] = []
        deadline = deadline or RealDeadline.after(self.settings.deadline)

        def make() -> bytes:
            with self._lock:
                if self.close_info is not None:
                    raise self.closed_error()
                registered.append(register(self._router))
                return self._frames.message_frames(content)

        try:
            await self._socket.write(make, deadline)
        except TransportError as failure:
            is_late = deadline.is_expired
            if is_late and failure.outcome.kind == "timeout":
                self._abandon(registered)
            else:
                await self._fail(f"a message could not be sent, {failure.reason}")
            error = self._late_error(failure.reason) if is_late else self.closed_error()
            raise error from failure.__cause__
        except BaseException:  # cancelled
            self._abandon(registered)
            raise
        return registered[0]

    def _abandon(self, registered: Iterable[object]) -> None:
        """Give up a message that was not sent. It may still go out, so the router keeps its entry."""
        for each in registered:
            if isinstance(each, Inbox):
                self.discard(each)
            elif isinstance(each, Steer):
                with self._lock:
                    self._router.abandon_steer(each)

    def _late_error(self, reason: str) -> APITimeoutError:
        advice = "raise deadline or timeout"
        if self.close_info is not None:
            advice += ", and open another session with responses.connect(), since a part of it was sent"
        text = f"The message was not sent before its deadline, because {reason}; {advice}"
        return APITimeoutError(text, meta=self.meta)

    def mask(self, secrets: Iterable[str]) -> None:
        """Mask credentials of hosted tools in errors from now on, and forget the oldest of many."""
        new = [secret for secret in secrets if secret not in self._tool_secrets]
        if new:
            with self._lock:
                self._tool_secrets += new
                self._router.redactor = self._redactor.with_secrets(self._tool_secrets)

    def new_lane(self) -> str:
        """Return a name for a lane that has none."""
        with self._lock:
            return self._router.new_lane()

    def take(self, inbox: Inbox) -> tuple[list[Message], CloseInfo | None]:
        """Return the next few messages of an inbox; without any, the reason why none will come, or None."""
        with self._lock:
            messages = self._inboxes.take(inbox)
            if messages:
                self._eviction_deadline = None
                if self._space_event is not None:
                    self._space_event.set()
            return messages, None if messages else inbox.close_info or self.close_info

    def discard(self, inbox: Inbox) -> None:
        """Drop the messages of an inbox, now and in future."""
        with self._lock:
            self._inboxes.discard(inbox)
            self._eviction_deadline = None
            self._wake()

    async def wait(self, inbox: Inbox, deadline: RealDeadline) -> None:
        """Wait until an inbox has news, the connection is closed, or the deadline has passed."""
        while not deadline.is_expired:
            # Looking for news and registering are one step: no wake-up can come in between.
            with self._lock:
                if inbox.has_news or self.close_info is not None:
                    break
                wake_up = self._socket.new_event() if self._has_reader else None
                if wake_up is None:
                    self._has_reader = True
                else:
                    self._waiters[wake_up] = inbox
            if wake_up is None:
                await self._read_for(inbox, deadline)
                break
            try:
                await wake_up.wait(deadline)
            except BaseException:
                self._hand_over(wake_up)
                raise
            with self._lock:
                self._waiters.pop(wake_up, None)
        self._hand_over()

    def _hand_over(self, wake_up: Event | None = None) -> None:
        """Wake a waiter to become the reader, if there is none; `wake_up` is the event of a waiter that leaves."""
        with self._lock:
            if wake_up is not None:
                self._waiters.pop(wake_up, None)
            if not self._has_reader and self._waiters:
                next(iter(self._waiters)).set()

    def _wake(self) -> None:
        """Wake the waiters with news, or all of them if the connection is closed."""
        is_closed = self.close_info is not None
        for wake_up, inbox in self._waiters.items():
            if is_closed or inbox.has_news:
                wake_up.set()
        if self._space_event is not None:
            self._space_event.set()
        if is_closed:
            self._closed_event.set()

    async def _read_for(self, inbox: Inbox, deadline: RealDeadline) -> None:
        """Be the reader until an inbox has news."""
        try:
            while not (inbox.has_news or self.close_info is not None or deadline.is_expired):
                if self._inboxes.is_full:
                    await self._wait_for_space(deadline)
                else:
                    await self._read(deadline)
        finally:
            with self._lock:
                self._has_reader = False
            self._hand_over()

    async def _wait_for_space(self, deadline: RealDeadline) -> None:
        """Pause, so that the server has to wait too; evict the largest inbox if nothing is taken for long."""
        with self._lock:
            self._inboxes.discard_unwanted()
            if not self._inboxes.is_full:
                self._eviction_deadline = None
                return
            if self._eviction_deadline is None:
                self._eviction_deadline = RealDeadline.after(_EVICTION_DELAY_SECONDS)
            if self._eviction_deadline.is_expired:
                self._eviction_deadline = None
                self._inboxes.evict_largest()
                self._wake()
                return
            pause = RealDeadline.after(_DISCARD_INTERVAL_SECONDS).earlier(self._eviction_deadline)
            wake_up = self._space_event = self._socket.new_event()
        try:
            await wake_up.wait(pause.earlier(deadline))
        finally:
            self._space_event = None

    async def _read(self, deadline: RealDeadline) -> bool:
        """Read once, and process the data; return False if none came before the deadline."""
        try:
            data = await self._socket.read(deadline)
        except TransportError as failure:
            await self._fail(f"the connection broke, {failure.reason}")
            return True
        if data is None:
            return False
        with self._lock:
            self._next_ping = RealDeadline.after(self._ping_interval)
            self._pong_deadline = None
            is_over = self._route(data)
            replies = self._frames.take_replies()
            self._wake()
        try:
            if replies:
                limit = RealDeadline.after(_CLOSE_TIMEOUT_SECONDS if is_over else None)
                await self._socket.write(lambda: replies, limit.earlier(deadline))
        except TransportError as failure:
            # A reader that has no more time gives up the wait alone: the server may take the answer to a ping later.
            if failure.outcome.kind != "timeout" or is_over or not deadline.is_expired:
                await self._fail(f"the connection broke, {failure.reason}")
        if is_over:
            await self._socket.close()
        return True

    def _route(self, data: bytes) -> bool:
        """Sort data into inboxes; return whether the connection is over and has to be closed now."""
        for message in self._frames.receive(data):
            self._router.receive(message)
        if self.close_info is _CLOSED_HERE:  # `close` runs in another thread or task, and does the rest
            return False
        if self.close_info is not None:
            self._frames.replies += self._frames.close_frame()
        elif self._frames.close_info is not None:
            self._router.close(self._redacted(self._frames.close_info))
        return self.close_info is not None

    def _redacted(self, info: CloseInfo) -> CloseInfo:
        # A server or proxy may repeat the key in its reason.
        return info._replace(reason=self._router.redactor.text(info.reason))

    async def _fail(self, reason: str) -> None:
        """Close a connection that is broken."""
        with self._lock:
            self._router.close(self._redacted(CloseInfo(reason)))
            self._wake()
        await self._socket.close()

    async def _keep_alive(self) -> None:
        """Check the connection at each interval until it is closed; runs in the background."""
        while self.close_info is None:
            await self._closed_event.wait(RealDeadline.after(self._check_interval))
            if self.close_info is None:
                await self._check_alive()

    @property
    def _check_interval(self) -> float:
        """The seconds between checks: `ping_interval`, or a shorter `ping_timeout` while a ping is unanswered."""
        waits = [self._ping_interval, None if self._pong_deadline is None else self._ping_timeout]
        return min(seconds for seconds in waits if seconds is not None)

    async def _check_alive(self) -> None:
        """Read the data that have arrived, unless another one reads, and check the pings."""
        with self._lock:
            self._inboxes.discard_unwanted()
            if self._inboxes.is_full:
                # Nothing is read at the limit, so a pong would not be seen either.
                self._pong_deadline = None
                return
            is_reader = not self._has_reader
            self._has_reader = True
        if is_reader:
            try:
                while self._can_read_on() and await self._read(RealDeadline.after(_POLL_SECONDS)):
                    pass
            finally:
                with self._lock:
                    self._has_reader = False
                self._hand_over()
        await self._check_ping()

    async def _check_ping(self) -> None:
        """Send a ping after silence; close the connection if one was not answered in time."""
        if self._pong_deadline is not None and self._ping_timeout is not None:
            if self._pong_deadline.is_expired:
                await self._fail(f"a ping was not answered for {self._ping_timeout:g} s (ping_timeout)")
        elif self._next_ping.is_expired:
            self._pong_deadline = RealDeadline.after(self._ping_timeout)
            # A failure need not be noticed here. A broken connection fails the next read as well; and if another
            # message holds up the ping, the pong will not come in time.
            with suppress(TransportError):
                await self._socket.write(self._make_ping, RealDeadline.after(self._check_interval))

    def _can_read_on(self) -> bool:
        """Whether the keep-alive function may read once more; a waiter takes precedence as the reader."""
        return self.close_info is None and not self._waiters and not self._inboxes.is_full

    def _make_ping(self) -> bytes:
        with self._lock:
            return self._frames.ping_frame()

    async def close(self) -> None:
        """Close with a handshake: send a close frame, and wait at most one second for the server's.

        Cancellation does not interrupt this. If another thread or task is the reader, the answer is not waited for.
        """
        with self._lock:
            is_open = self.close_info is None
            self.mark_closed()
            is_reader = is_open and not self._has_reader
            self._has_reader = self._has_reader or is_reader
            close_frame = self._frames.close_frame()
        try:
            with self._socket.shield(_CLOSE_TIMEOUT_SECONDS), suppress(TransportError):
                if is_open:
                    await self._socket.write(lambda: close_frame, RealDeadline.after(_CLOSE_TIMEOUT_SECONDS))
                if is_reader:
                    await self._receive_close_frame()
        finally:  # also when asyncio, or Ctrl-C, ends one of these waits
            await self._socket.close()

    async def _receive_close_frame(self) -> None:
        deadline = RealDeadline.after(_CLOSE_TIMEOUT_SECONDS)
        while self._frames.close_info is None and not deadline.is_expired:
            data = await self._socket.read(deadline)
            if data is not None:
                with self._lock:
                    self._frames.receive(data)

    def mark_closed(self) -> None:
        """Note that the session is closed, and wake all waiters."""
        with self._lock:
            self._router.close(_CLOSED_HERE)
            self._wake()

    async def close_now(self) -> None:
        """Close without a handshake."""
        self.mark_closed()
        await self._socket.close()
