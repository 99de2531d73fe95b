"""Inboxes: messages that wait to be taken by streams, and the space that they share; without I/O."""

from __future__ import annotations

import logging
from collections import deque
from typing import NamedTuple

from .frames import CloseInfo

__all__ = ["Inbox", "Inboxes", "Message"]

logger = logging.getLogger("responses_client")

_BATCH_BYTES = 64 * 1024


class Message(NamedTuple):
    """An event as it was received; the type is "" if it cannot be read."""

    type: str
    data: bytes


class Inbox:
    """The events that wait to be taken: those of a response, of a steer, or the unrouted ones.

    Attributes:
        messages: The events.
        size: Their bytes.
        is_started: Whether the first event of the response came.
        response_id: The id that its events name.
        event_id: The id that the user gave to the request.
        has_own_lane: Whether the lane was named for this request alone.
        is_unrouted: Whether events go to the unrouted ones, because the response was requested without a stream.
        is_wanted: Whether events will be taken; others are not kept.
        has_news: Whether anything changed since the last `take`.
        close_info: Why no further event will come; after a last event, the error if the stream does not accept it.
        stream: The stream that reads a successor, once there is one; several steers can share it.
    """

    def __init__(self, stream_id: str | None = None, previous_response_id: str | None = None) -> None:
        self.stream_id = stream_id
        self.previous_response_id = previous_response_id
        self.messages: deque[Message] = deque[Message]()
        self.size = 0
        self.is_started = False
        self.response_id: str | None = None
        self.event_id: str | None = None
        self.has_own_lane = False
        self.is_unrouted = False
        self.is_wanted = True
        self.has_news: bool = False
        self.close_info: CloseInfo | None = None
        self.stream: object = None

    def close(self, info: CloseInfo) -> None:
        """Note that no further event will come; the first reason counts."""
        self.close_info = self.close_info or info
        self.has_news = True


class Inboxes:
    """The inboxes of one connection, which share a limit.

    When they are full, the connection stops reading. It then first calls `discard_unwanted`, and if still no
    message is taken for long, `evict_largest`.

    Attributes:
        max_bytes: The size at which they are full; one read can exceed it.
        size: The bytes in all of them.
        unrouted: The events that belong to no stream.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size = 0
        self.unrouted = Inbox()
        self._unread: dict[Inbox, None] = {}  # those that hold messages; a dict as an ordered set
        self._has_unrouted_reader = False
        self._has_warned = False

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return self.size >= self.max_bytes

    def put(self, inbox: Inbox, message: Message) -> None:
        """Add a message to an inbox, or to the unrouted ones if its response has no stream."""
        if inbox.is_unrouted:
            inbox = self.unrouted
        if inbox.is_wanted:
            inbox.has_news = True
            inbox.messages.append(message)
            inbox.size += len(message.data)
            self.size += len(message.data)
            self._unread[inbox] = None

    def take(self, inbox: Inbox) -> list[Message]:
        """Return the next few messages of an inbox, and remove them."""
        self._has_unrouted_reader |= inbox is self.unrouted
        taken: list[Message] = []
        size = 0
        while inbox.messages and size < _BATCH_BYTES:
            taken.append(inbox.messages.popleft())
            size += len(taken[-1].data)
        self._release(inbox, size)
        inbox.has_news = bool(inbox.messages)
        return taken

    def _release(self, inbox: Inbox, size: int) -> None:
        """Account for bytes that left an inbox."""
        inbox.size -= size
        self.size -= size
        if not inbox.messages:
            self._unread.pop(inbox, None)

    def discard(self, inbox: Inbox) -> None:
        """Drop the messages of an inbox, now and in future."""
        inbox.is_wanted = False
        inbox.has_news = True
        inbox.messages.clear()
        self._release(inbox, inbox.size)

    def discard_unwanted(self) -> None:
        """Drop messages that will not be taken; if the inboxes are still full, unrouted ones that are not read.

        Unrouted messages are dropped, the oldest first, only if none has ever been read and that makes enough space.
        """
        for inbox in [inbox for inbox in self._unread if not inbox.is_wanted]:
            self.discard(inbox)
        unrouted = self.unrouted
        if (
            self._has_unrouted_reader
            or self.size < self.max_bytes
            or self.size - unrouted.size >= self.max_bytes
        ):
            return
        while self.is_full:
            self._release(unrouted, len(unrouted.messages.popleft().data))
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "Discarding unrouted WebSocket events that are not read; iterate over session.events()"
            )

    def evict_largest(self) -> None:
        """Drop the messages of the inbox that holds the most, and end its stream."""
        largest = max(self._unread, key=lambda inbox: inbox.size, default=None)
        if largest is None:
            return
        if largest is self.unrouted:
            count = len(largest.messages)
            logger.warning(
                "Discarded %d unrouted WebSocket events that were not read in time (session.events())", count
            )
            self.discard(largest)
            largest.is_wanted = True  # new ones are kept
            self._has_unrouted_reader = False  # the reader has stopped
            return
        largest.close(
            CloseInfo(f"{largest.size} bytes of its events waited to be read while others were waited for")
        )
        self.discard(largest)
