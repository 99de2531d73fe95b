"""Frames of a WebSocket to whole messages, and messages to frames, by wsproto; without I/O."""

# How it works
# ============
#
# wsproto knows the frames of RFC 6455. `Frames` adds the rules of this package: only text messages are accepted, they
# have a maximum size, and a connection has one reason for its end, `close_info`.
#
#      bytes ──► receive() ──┬──► messages, complete
#                            └──► replies: pongs and close frames, which the caller sends
#
#                close_frame()
#      ┌──────┐ ────────────────► ┌─────────┐
#      │ OPEN │                   │ CLOSING │
#      └──────┘                   └─────────┘
#          │                           │     the server's close frame, the end of the data,
#          └─────► ┌────────┐ ◄────────┘     or data that breaks a rule
#                  │ CLOSED │
#                  └────────┘
#
#   - OPEN: everything can be sent. The server's close frame is answered with one (RFC 6455, 5.5.1), and data that
#     breaks a rule with the code of that rule (7.4.1).
#   - CLOSING: our close frame is sent. Pings are no longer sent or answered, but messages that were on their
#     way are still given out.
#   - CLOSED: `close_info` is set, and further data is ignored.

from __future__ import annotations

from typing import NamedTuple

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import generate_accept_token, generate_nonce

__all__ = ["CloseInfo", "Frames", "accept_token", "upgrade_headers"]


# Frames without data count as much as they take on the wire: else a message of nothing else would never end.
_EMPTY_FRAME_BYTES = 2


class CloseInfo(NamedTuple):
    """The reason why nothing more will be received.

    Attributes:
        reason: The end of a sentence, such as "the connection was closed".
        is_invalid: Whether the cause is a message that cannot be accepted, rather than the loss of the connection.
        is_orderly: Whether one side closed the connection in the normal way (codes 1000 and 1005).
    """

    reason: str
    is_invalid: bool = False
    is_orderly: bool = False


def upgrade_headers() -> dict[str, str]:
    """Return the headers that ask for a WebSocket (RFC 6455, 4.1)."""
    key = generate_nonce().decode()
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }


def accept_token(key: str) -> str:
    """Return the `Sec-WebSocket-Accept` that proves that a server understood a key (RFC 6455, 4.2.2)."""
    return generate_accept_token(key.encode()).decode()


class Frames:
    """The frames of one connection, seen from the client; compression is not offered.

    Attributes:
        replies: Frames to send as soon as possible: answers to pings and to a close frame.
        close_info: The reason why no further message will come; None while the connection is open.
    """

    def __init__(self, max_message_bytes: int) -> None:
        self._connection = Connection(ConnectionType.CLIENT)
        self._max_message_bytes = max_message_bytes
        # The begin of a message that is not complete. wsproto gives out each part of a frame when it comes, and a
        # message can consist of several frames (RFC 6455, 5.4). One buffer, because parts may be a byte each.
        self._begin = bytearray()
        self._empty_frames = 0  # in that message
        self._ping: Ping | None = None  # the last one that is not answered
        self.replies = b""
        self.close_info: CloseInfo | None = None

    def receive(self, data: bytes) -> list[bytes]:
        """Take data, `b""` at the end of the connection; return the messages that are complete now."""
        messages: list[bytes] = []
        if not data:
            self._close("the connection was closed")
        elif self.close_info is None:
            self._connection.receive_data(data)
            for event in self._connection.events():
                if not self._take(event, messages):
                    break
            if self._ping is not None and not self._is_closing:
                # The last one alone (RFC 6455, 5.5.3): a read may bring thousands.
                self.replies += self._connection.send(self._ping.response())
            self._ping = None
        return messages

    def _take(self, event: Event, messages: list[bytes]) -> bool:
        """Take one event of wsproto; return whether the connection is still open."""
        if isinstance(event, TextMessage):
            self._add_part(event, messages)
        elif isinstance(event, BytesMessage):
            self._fail(
                CloseReason.UNSUPPORTED_DATA, "the server sent a binary message, which is not an event"
            )
        elif isinstance(event, Ping):
            self._ping = event
        elif isinstance(event, CloseConnection):
            self._take_close(event)
        return self.close_info is None

    def _add_part(self, event: TextMessage, messages: list[bytes]) -> None:
        part = event.data.encode()
        # An empty part inside of a frame is the begin of a character, whose bytes count when it is whole.
        if not part and event.frame_finished and not event.message_finished:
            self._empty_frames += 1
        size = len(self._begin) + len(part) + self._empty_frames * _EMPTY_FRAME_BYTES
        if size > self._max_message_bytes:
            reason = f"A message is larger than {self._max_message_bytes} bytes (max_event_bytes)"
            self._fail(CloseReason.MESSAGE_TOO_BIG, reason, is_invalid=True)
        elif not event.message_finished:
            self._begin += part
        elif self._begin or self._empty_frames:
            messages.append(bytes(self._begin + part))
            self._clear()
        else:
            messages.append(part)

    def _take_close(self, event: CloseConnection) -> None:
        state = self._connection.state
        if state is ConnectionState.OPEN:  # the event is wsproto's own: the data breaks a rule
            self._fail(CloseReason(event.code), f"the server broke the WebSocket protocol ({event.reason})")
            return
        if state is ConnectionState.REMOTE_CLOSING:
            self.replies += self._connection.send(event.response())
        about = f": {event.reason}" if event.reason else ""  # at most 123 bytes (RFC 6455, 5.5)
        is_normal = event.code in (CloseReason.NORMAL_CLOSURE, CloseReason.NO_STATUS_RCVD)
        self._close(f"the server closed the WebSocket (code {int(event.code)}{about})", is_orderly=is_normal)

    def _fail(self, code: CloseReason, reason: str, *, is_invalid: bool = False) -> None:
        self.replies += self.close_frame(code)
        self._close(reason, is_invalid=is_invalid)

    def _close(self, reason: str, *, is_invalid: bool = False, is_orderly: bool = False) -> None:
        self._clear()
        self.close_info = self.close_info or CloseInfo(reason, is_invalid, is_orderly)

    def _clear(self) -> None:
        self._begin.clear()
        self._empty_frames = 0

    def take_replies(self) -> bytes:
        """Return the replies to send, and remove them."""
        replies, self.replies = self.replies, b""
        return replies

    def message_frames(self, content: bytes) -> bytes:
        """Return the frames of a text message; `content` is UTF-8."""
        return self._connection.send(TextMessage(content.decode()))

    def ping_frame(self) -> bytes:
        """Return a ping; `b""` when the connection is closing or closed."""
        return b"" if self._is_closing else self._connection.send(Ping())

    def close_frame(self, code: CloseReason = CloseReason.NORMAL_CLOSURE) -> bytes:
        """Return a close frame; `b""` when the connection is closing or closed."""
        return b"" if self._is_closing else self._connection.send(CloseConnection(code))

    @property
    def _is_closing(self) -> bool:
        return self._connection.state is not ConnectionState.OPEN
