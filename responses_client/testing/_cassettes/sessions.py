"""WebSocket sessions: messages found in the bytes of both sides, and a server that replays them; no I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Ping, TextMessage
from wsproto.utilities import LocalProtocolError, generate_accept_token

from .._json_types import encode, load
from .exchanges import Exchange, Part
from .matching import Matcher, differences_of
from .scrubbing import Scrubber
from .tape import NotRecorded

__all__ = ["ReplayedSession", "SessionListener", "upgrade_headers"]


def upgrade_headers(key: str) -> dict[str, str]:
    """Return the headers that answer a handshake with this key (RFC 6455, 4.2.2)."""
    token = generate_accept_token(key.encode()).decode()
    return {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": token}


class _Messages:
    """The messages in the bytes that one side sends."""

    def __init__(self, kind: ConnectionType, form: str, note: Callable[[str, Any], None]) -> None:
        self._connection = Connection(kind)
        self._form = form
        self._note = note
        self._text = ""

    def feed(self, data: bytes) -> None:
        self._connection.receive_data(data or None)
        for event in self._connection.events():
            if isinstance(event, TextMessage):
                self._text += event.data
                if event.message_finished:
                    text, self._text = self._text, ""
                    self._note(self._form, _value(text))
            elif isinstance(event, CloseConnection) and self._form == "received" and data:
                self._note("closed", {"code": int(event.code), "reason": event.reason or ""})


class SessionListener:
    """Finds the messages of a session; `note` gets the form of each, `sent`, `received` or `closed`, and its value."""

    def __init__(self, note: Callable[[str, Any], None]) -> None:
        self._from_client = _Messages(ConnectionType.SERVER, "sent", note)
        self._from_server = _Messages(ConnectionType.CLIENT, "received", note)

    def sent(self, data: bytes) -> None:
        """Take bytes that the client sent."""
        self._from_client.feed(data)

    def received(self, data: bytes) -> None:
        """Take bytes that the server sent; without any, the connection has ended."""
        self._from_server.feed(data)


class ReplayedSession:
    """The server of a recorded session, which sends each message when the client has sent all before it.

    A recorded message of the server comes as soon as the client has sent all its messages before it in the file.

    Args:
        exchange: The session.
        matcher: The rule by which messages are compared.
        scrubber: The rule by which secrets were removed from messages.
        name: The name of the file, for messages.

    Attributes:
        output: The bytes that the client can read, in pieces with their milliseconds since the handshake.
    """

    def __init__(self, exchange: Exchange, matcher: Matcher, scrubber: Scrubber, name: str) -> None:
        self.output: deque[tuple[int, bytes]] = deque()
        self._connection = Connection(ConnectionType.SERVER)
        self._matcher = matcher
        self._scrubber = scrubber
        self._name = name
        self._remaining: list[Part] = list(exchange.parts or ())
        self._text = ""
        self._release()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more can come."""
        return not self.output and (not self._remaining or self._connection.state is ConnectionState.CLOSED)

    def receive(self, data: bytes) -> None:
        """Take bytes of the client.

        Raises:
            NotRecorded: The client sent a message that is not in the recording.
        """
        self._connection.receive_data(data)
        for event in self._connection.events():
            if isinstance(event, TextMessage):
                self._text += event.data
                if event.message_finished:
                    text, self._text = self._text, ""
                    self._sent(_value(text))
            elif isinstance(event, (Ping, CloseConnection)):
                if isinstance(event, CloseConnection):
                    self._remaining.clear()
                self._send(0, event.response())

    def _sent(self, value: Any) -> None:
        value = self._scrubber.message(value)
        key = self._matcher.value_key(value)
        recorded = [part for part in self._remaining if part.form == "sent"]
        found = next((part for part in recorded if self._matcher.value_key(part.value) == key), None)
        if found is None:
            reason = "no recorded message is left"
            if recorded:
                lines = differences_of(self._matcher, recorded[0].value, value)
                reason = "\n  ".join(["the next recorded one differs:", *lines])
            raise NotRecorded(f"A message of a WebSocket session is not in {self._name}: {reason}")
        self._remaining.remove(found)
        self._release()

    def _release(self) -> None:
        while self._remaining and self._remaining[0].form != "sent":
            part = self._remaining.pop(0)
            if part.form == "closed":
                self._send(part.at, CloseConnection(part.value["code"], part.value["reason"]))
            else:
                text = part.value if isinstance(part.value, str) else encode(part.value).decode()
                self._send(part.at, TextMessage(text))

    def _send(self, at: int, event: Any) -> None:
        try:
            self.output.append((at, self._connection.send(event)))
        except LocalProtocolError:  # the client has closed the session
            self._remaining.clear()


def _value(text: str) -> Any:
    try:
        return load(text)
    except ValueError:
        return text
