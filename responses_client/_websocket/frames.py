"""WebSocket frames in, whole messages out, and back; without I/O. The rules are RFC 6455's, kept by wsproto."""

from __future__ import annotations

from typing import NamedTuple

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import generate_accept_token, generate_nonce

__all__ = ["Ending", "Frames", "accept_token", "upgrade_headers"]

_SHOWN = 200


class Ending(NamedTuple):
    """Why no more will come.

    Attributes:
        reason: The end of a sentence.
        is_invalid: Whether what came was not fit to be read, rather than the connection lost.
        is_orderly: Whether one side closed it in the normal way.
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
    """Return what a server has to answer to a key."""
    return generate_accept_token(key.encode()).decode()


class Frames:
    """The messages of one connection, as a client; compression is not offered.

    Attributes:
        replies: What is to be sent now: answers to pings and to a close.
        ending: Why no message will come any more; None while more may.
    """

    def __init__(self, max_message_bytes: int) -> None:
        self._connection = Connection(ConnectionType.CLIENT)
        self._limit = max_message_bytes
        self._pieces: list[bytes] = []
        self._size = 0
        self.replies = b""
        self.ending: Ending | None = None

    def receive(self, data: bytes) -> list[bytes]:
        """Take what came, nothing at the end; return the messages that are whole."""
        messages: list[bytes] = []
        if not data:
            self._end("the connection was closed")
        elif self.ending is None:
            self._connection.receive_data(data)
            for event in self._connection.events():
                if not self._take(event, messages):
                    break
        return messages

    def _take(self, event: Event, messages: list[bytes]) -> bool:
        """Take one event; return whether more may come."""
        if isinstance(event, TextMessage):
            self._add(event, messages)
        elif isinstance(event, BytesMessage):
            self._fail(CloseReason.UNSUPPORTED_DATA, "the server sent a binary message, which is no event")
        elif isinstance(event, Ping) and not self._is_closing:
            self.replies += self._connection.send(event.response())
        elif isinstance(event, CloseConnection):
            self._take_close(event)
        return self.ending is None

    def _add(self, event: TextMessage, messages: list[bytes]) -> None:
        piece = event.data.encode()
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._limit:
            text = f"A message is larger than {self._limit} bytes (max_event_bytes)"
            self._fail(CloseReason.MESSAGE_TOO_BIG, text, is_invalid=True)
        elif event.message_finished:
            messages.append(b"".join(self._pieces))
            self._forget()

    def _take_close(self, event: CloseConnection) -> None:
        state = self._connection.state
        if state is ConnectionState.OPEN:  # not from the server: what came breaks the rules
            self._fail(CloseReason(event.code), f"the server broke the WebSocket protocol ({event.reason})")
            return
        if state is ConnectionState.REMOTE_CLOSING:
            self.replies += self._connection.send(event.response())
        about = f": {event.reason[:_SHOWN]}" if event.reason else ""
        is_normal = event.code in (CloseReason.NORMAL_CLOSURE, CloseReason.NO_STATUS_RCVD)
        self._end(f"the server closed the WebSocket (code {int(event.code)}{about})", is_orderly=is_normal)

    def _fail(self, code: CloseReason, reason: str, *, is_invalid: bool = False) -> None:
        self.replies += self.close(code)
        self._end(reason, is_invalid=is_invalid)

    def _end(self, reason: str, *, is_invalid: bool = False, is_orderly: bool = False) -> None:
        self._forget()
        self.ending = self.ending or Ending(reason, is_invalid, is_orderly)

    def _forget(self) -> None:
        self._pieces.clear()
        self._size = 0

    def take_replies(self) -> bytes:
        """Return what is to be sent now, once."""
        replies, self.replies = self.replies, b""
        return replies

    def text(self, content: bytes) -> bytes:
        """Return the frames of a message."""
        return self._connection.send(TextMessage(content.decode()))

    def ping(self) -> bytes:
        """Return a ping; nothing after a close."""
        return b"" if self._is_closing else self._connection.send(Ping())

    def close(self, code: CloseReason = CloseReason.NORMAL_CLOSURE) -> bytes:
        """Return a close; nothing if there was one."""
        return b"" if self._is_closing else self._connection.send(CloseConnection(code))

    @property
    def _is_closing(self) -> bool:
        return self._connection.state is not ConnectionState.OPEN
