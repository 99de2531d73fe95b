"""Frames and messages, against the server side of wsproto."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import (
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    TextMessage,
)

from responses_client._websocket.frames import Frames, accept_token, upgrade_headers


class Server:
    """The server side of a connection."""

    def __init__(self) -> None:
        self.connection = Connection(ConnectionType.SERVER)

    def frames(self, *events: Event) -> bytes:
        """Return the frames of events."""
        return b"".join(map(self.connection.send, events))

    def received(self, data: bytes) -> list[Event]:
        """Return the events in frames of the client."""
        self.connection.receive_data(data)
        return list(self.connection.events())


def test_messages_come_out_whole_however_they_are_cut() -> None:
    data = Server().frames(TextMessage("{}"), TextMessage("[1,", message_finished=False), TextMessage("2]"))
    frames = Frames(100)
    assert [message for n in range(len(data)) for message in frames.receive(data[n : n + 1])] == [
        b"{}",
        b"[1,2]",
    ]
    assert frames.close_info is None


@given(st.lists(st.text(max_size=200), max_size=8), st.integers(1, 50))
def test_any_strings_arrive_in_any_pieces(texts: list[str], step: int) -> None:
    data = Server().frames(*map(TextMessage, texts))
    frames, found = Frames(10_000), list[bytes]()
    for start in range(0, len(data), step):
        found += frames.receive(data[start : start + step])
    assert found == [text.encode() for text in texts]


@given(st.text(max_size=70_000))
def test_messages_that_are_sent_arrive(text: str) -> None:
    received = Server().received(Frames(1).message_frames(text.encode()))
    assert "".join(event.data for event in received if isinstance(event, TextMessage)) == text


def test_pings_are_answered_between_the_pieces_of_a_message() -> None:
    server = Server()
    frames = Frames(100)
    data = server.frames(TextMessage("a", message_finished=False), Ping(b"x"), TextMessage("b"))
    assert frames.receive(data) == [b"ab"]
    assert server.received(frames.take_replies()) == [Pong(b"x")]
    assert frames.take_replies() == b""


def test_answers_to_pings_need_no_answer() -> None:
    server, frames = Server(), Frames(100)
    assert server.received(frames.ping_frame()) == [Ping()]
    assert frames.receive(server.frames(Pong())) == []
    assert frames.replies == b""


@pytest.mark.parametrize(
    ("event", "reason", "is_orderly"),
    [
        (CloseConnection(1000), "the server closed the WebSocket (code 1000)", True),
        (
            CloseConnection(1011, "out of order"),
            "the server closed the WebSocket (code 1011: out of order)",
            False,
        ),
        (CloseConnection(4000, "limit"), "the server closed the WebSocket (code 4000: limit)", False),
    ],
)
def test_server_that_closes_is_answered(event: CloseConnection, reason: str, is_orderly: bool) -> None:
    server, frames = Server(), Frames(100)
    assert frames.receive(server.frames(TextMessage("last"), event)) == [b"last"]
    assert frames.close_info is not None
    assert (frames.close_info.reason, frames.close_info.is_orderly) == (reason, is_orderly)
    (received,) = server.received(frames.take_replies())
    assert isinstance(received, CloseConnection)
    assert frames.receive(b"more") == []


def test_close_frame_without_a_code_is_a_normal_one() -> None:
    server, frames = Server(), Frames(100)
    assert frames.receive(b"\x88\x00") == []
    assert frames.close_info is not None
    assert frames.close_info.is_orderly
    (received,) = server.received(frames.take_replies())
    assert isinstance(received, CloseConnection)


def test_end_without_a_close_frame_is_reported() -> None:
    frames = Frames(100)
    assert frames.receive(b"") == []
    assert frames.close_info is not None
    assert frames.close_info.reason == "the connection was closed"
    frames.receive(b"")
    assert not frames.close_info.is_orderly


@pytest.mark.parametrize("pieces", [["x" * 11], ["x" * 6, "x" * 5]])
def test_message_over_the_limit_ends_the_connection(pieces: list[str]) -> None:
    server, frames = Server(), Frames(10)
    events: list[Message[str]] = [TextMessage(piece, message_finished=False) for piece in pieces]
    assert frames.receive(server.frames(*events, TextMessage("later"))) == []
    assert frames.close_info is not None
    assert frames.close_info.is_invalid
    assert frames.close_info.reason == "A message is larger than 10 bytes (max_event_bytes)"
    assert server.received(frames.take_replies()) == [CloseConnection(1009, "")]


def test_message_at_the_limit_is_accepted() -> None:
    assert Frames(10).receive(Server().frames(TextMessage("äöüäö"))) == ["äöüäö".encode()]


def test_message_at_the_limit_is_accepted_though_its_characters_come_in_pieces() -> None:
    frames, data = Frames(40), Server().frames(TextMessage("🍵" * 10))
    messages = [message for n in range(len(data)) for message in frames.receive(data[n : n + 1])]
    assert messages == ["🍵".encode() * 10]
    assert frames.close_info is None


def test_binary_message_ends_the_connection() -> None:
    server, frames = Server(), Frames(100)
    assert frames.receive(server.frames(TextMessage("{}"), BytesMessage(b"{}"), TextMessage("{}"))) == [b"{}"]
    assert frames.close_info is not None
    assert frames.close_info.reason == "the server sent a binary message, which is not an event"
    assert server.received(frames.take_replies()) == [CloseConnection(1003, "")]


@pytest.mark.parametrize(
    ("data", "code", "about"),
    [
        (b"\x83\x00", 1002, "Invalid opcode 0x3"),
        (b"\x81\x01\xff", 1007, "utf-8"),
        (b"\x80\x01x", 1002, "unexpected CONTINUATION"),
    ],
)
def test_data_that_break_the_protocol_end_the_connection(data: bytes, code: int, about: str) -> None:
    server, frames = Server(), Frames(100)
    assert frames.receive(data) == []
    assert frames.close_info is not None
    assert "the server broke the WebSocket protocol" in frames.close_info.reason
    assert about in frames.close_info.reason
    assert server.received(frames.take_replies()) == [CloseConnection(code, "")]


def test_after_our_close_frame_only_the_answer_is_awaited() -> None:
    server, frames = Server(), Frames(100)
    assert server.received(frames.close_frame()) == [CloseConnection(1000, "")]
    assert frames.close_frame() == frames.ping_frame() == b""
    late = server.frames(CloseConnection(1000))
    assert frames.receive(late) == []
    assert frames.replies == b""
    assert frames.close_info is not None
    assert frames.close_info.is_orderly


def test_ping_after_our_close_frame_is_not_answered() -> None:
    server, frames = Server(), Frames(100)
    data = server.frames(Ping(b"x"), TextMessage("late"))
    frames.close_frame()
    assert frames.receive(data) == [b"late"]
    assert frames.replies == b""


def test_headers_request_a_websocket_with_a_new_key_each_time() -> None:
    one, other = upgrade_headers(), upgrade_headers()
    assert one["Upgrade"] == "websocket"
    assert one["Sec-WebSocket-Key"] != other["Sec-WebSocket-Key"]


def test_answer_to_a_key_is_that_of_the_standard() -> None:
    # The example of RFC 6455, 1.3.
    assert accept_token("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def empty(count: int) -> bytes:
    """Frames of a message that has begun, without data."""
    return b"\x00\x00" * count


def test_frames_without_data_count_against_the_limit() -> None:
    frames = Frames(100)
    assert frames.receive(b"\x01\x00" + empty(49)) == []
    assert frames.close_info is None
    assert frames.receive(empty(1)) == []
    assert frames.close_info is not None
    assert frames.close_info.is_invalid
    assert frames.close_info.reason == "A message is larger than 100 bytes (max_event_bytes)"


def test_frames_without_data_count_beside_others() -> None:
    frames = Frames(100)
    assert frames.receive(b"\x01\x62" + b"x" * 98 + empty(1) + b"\x80\x00") == [b"x" * 98]
    assert frames.receive(b"\x01\x62" + b"x" * 98 + empty(2)) == []
    assert frames.close_info is not None


def test_last_frame_without_data_is_no_excess() -> None:
    frames = Frames(2)
    assert frames.receive((b"\x01\x02{}" + b"\x80\x00") * 3) == [b"{}"] * 3
    assert frames.close_info is None


def test_only_the_last_ping_of_a_read_is_answered() -> None:
    server, frames = Server(), Frames(100)
    frames.receive(server.frames(*[Ping(b"%d" % number) for number in range(1000)]))
    assert server.received(frames.take_replies()) == [Pong(b"999")]
    frames.receive(server.frames(TextMessage("{}")))
    assert frames.take_replies() == b""
