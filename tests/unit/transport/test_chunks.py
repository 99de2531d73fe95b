"""The shorter way of chunks: the same content and the same errors as through h11, which then sees few of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import anyio
import anyio.lowlevel
import h11
import httpcore
import httpx
import pytest
from callers import RULE_MODES
from drivers import REQUEST
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from responses_client._base.clock import NO_DEADLINE
from responses_client._transport import chunks
from responses_client._transport.asynchronous import AsyncIO
from responses_client._transport.chunks import ChunkDecoder, chunks_of
from responses_client._transport.network import AsyncNetwork, Network, put_below
from responses_client._transport.protocols import TransportError, run
from responses_client._transport.sync import SyncIO

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"
EVENTS = [b"data: %d\n\n" % number for number in range(20)]

# --- the decoder


def chunk(content: bytes, extension: bytes = b"") -> bytes:
    return b"%x%b\r\n%b\r\n" % (len(content), extension, content)


def cut(data: bytes, *places: int) -> list[bytes]:
    """Return bytes in pieces that begin at these places."""
    starts = sorted({0, *(place for place in places if place < len(data))})
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True)]


def decode(pieces: Iterable[bytes]) -> tuple[bytes, bytes | None]:
    """Return the content of pieces, and what is left to h11, the pieces that were not decoded included."""
    decoder, content, rest = ChunkDecoder(), b"", None
    for piece in pieces:
        if rest is not None:
            rest += piece
        else:
            more, rest = decoder.feed(piece)
            content += more
    return content, rest


@pytest.mark.parametrize("length", [1, 9, 10, 255, 256, 70_000])
def test_content_is_that_of_the_chunks(length: int) -> None:
    content = b"x" * length
    assert decode([chunk(content) + chunk(b"Hi")]) == (content + b"Hi", None)


def test_hexadecimal_digits_may_be_of_either_case_and_begin_with_zeros() -> None:
    assert decode([b"A\r\n0123456789\r\n00a\r\n0123456789\r\n"]) == (b"0123456789" * 2, None)


@pytest.mark.parametrize("begun", [b"", b"\r\n"])
def test_content_is_not_held_back(begun: bytes) -> None:
    decoder = ChunkDecoder()
    assert decoder.feed(b"8\r\nHi") == (b"Hi", None)
    assert decoder.feed(b" the") == (b" the", None)
    assert decoder.feed(b"re" + begun) == (b"re", None)


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(LAST, id="the last chunk"),
        pytest.param(b"0\r\nx: y\r\n\r\nHTTP/1.1", id="trailers, and bytes behind them"),
        pytest.param(b"2;a=b\r\nHi\r\n", id="an extension"),
        pytest.param(b"0x2\r\nHi\r\n", id="a mistake in the head"),
        pytest.param(b"+2\r\nHi\r\n", id="a sign"),
        pytest.param(b"000000002\r\nHi\r\n", id="a long number"),
        pytest.param(b"\r\n2\r\nHi\r\n", id="an empty head"),
        pytest.param(b"2\nHi\n", id="line feeds"),
    ],
)
@pytest.mark.parametrize("before", [b"", chunk(b"Hello")])
def test_what_is_not_a_usual_chunk_is_left_to_h11(before: bytes, rest: bytes) -> None:
    content = before[3:8]
    assert decode([before + rest]) == (content, rest)
    for place in range(1, len(before + rest)):
        assert decode(cut(before + rest, place)) == (content, rest)


@pytest.mark.parametrize("rest", [b"!5\r\nworld\r\n", b"5\r\nworld\r\n", b"\rx5\r\nworld\r\n", b"\n"])
def test_chunk_that_does_not_end_where_its_head_says_is_left_to_h11_as_a_mistake(rest: bytes) -> None:
    content, left = decode([b"5\r\nhello" + rest])
    assert content == b"hello"
    assert left == b"\r\n" + rest  # an empty head, which h11 refuses


def by_h11(data: bytes) -> tuple[bytes, bool]:
    """Return the content of chunks, and whether they end well."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(HEAD + data)
    connection.receive_data(b"")
    content = b""
    try:
        while True:
            found = connection.next_event()
            if isinstance(found, h11.Data):
                content += found.data
            elif isinstance(found, h11.EndOfMessage):
                return content, True
    except h11.RemoteProtocolError:
        return content, False


BODIES = st.builds(
    lambda parts, end: b"".join(parts) + end,
    st.lists(
        st.one_of(
            st.builds(chunk, st.binary(min_size=1, max_size=20)),
            st.builds(chunk, st.binary(min_size=1, max_size=20)),
            st.builds(chunk, st.binary(min_size=1, max_size=4), st.just(b";a")),
            st.sampled_from([b"\r", b"\n", b"\r\n", b"5", b"g\r\n"]),
        ),
        max_size=6,
    ),
    st.sampled_from([LAST, LAST, b"0\r\nx: y\r\n\r\n", b"", b"0\r\n", b"3\r\nHi"]),
)


@settings(max_examples=400)
@given(BODIES, st.lists(st.integers(0, 150), max_size=8))
@example(chunk(b"a") + b"\r" + LAST, [])
def test_content_and_end_are_those_of_h11_properties(body: bytes, places: list[int]) -> None:
    content, rest = decode(cut(body, *places))
    expected, is_whole = by_h11(body)
    more, is_good = by_h11(b"" if rest is None else rest)
    event(f"whole: {is_whole}, left to h11: {rest is not None}")
    assert (content + more, is_good) == (expected, is_whole)


# --- through the drivers

Packet = bytes | BaseException


class Wire:
    """A connection, and the backend that opens it, which gives packets; an empty one is its end."""

    def __init__(self, packets: Iterable[Packet]) -> None:
        self._packets = iter([*packets, b""])
        self.is_closed = False

    def connect_tcp(self, *given: Any) -> Wire:
        return self

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        found = next(self._packets)
        if isinstance(found, BaseException):
            raise found
        return found

    def write(self, *given: Any, **limit: Any) -> None: ...

    def close(self) -> None:
        self.is_closed = True

    def get_extra_info(self, name: str) -> None: ...


class AsyncWire:
    """The same for the async driver; its own stream, as anyio has one below that of httpcore."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._stream = self
        self.get_extra_info = self._wire.get_extra_info

    async def connect_tcp(self, *given: Any) -> AsyncWire:
        return self

    async def receive(self, max_bytes: int) -> bytes:
        await anyio.lowlevel.checkpoint()
        return self._wire.read(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None: ...

    async def aclose(self) -> None:
        self._wire.close()


class Answers:
    """The answer to a request that a driver reads from packets."""

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def read(
        self,
        *packets: Packet,
        into: list[bytes] | None = None,
        then: Callable[[Any], Awaitable[None]] | None = None,
    ) -> list[bytes]:
        """Return the pieces of the body; `then` gets the body after each."""
        pieces: list[bytes] = [] if into is None else into
        self.wire = wire = Wire(packets)

        async def script(io: SyncIO | AsyncIO) -> list[bytes]:
            body = await io.send(REQUEST, NO_DEADLINE)
            try:
                while (piece := await body.next(NO_DEADLINE)) is not None:
                    pieces.append(piece)
                    if then is not None:
                        await then(body)
                return pieces
            finally:
                await body.close()

        if self.mode == "sync":
            client = httpx.Client()
            put(client, wire)
            put_below(client, Network)
            return run(script(SyncIO(client)))

        async def work() -> list[bytes]:
            client = httpx.AsyncClient()
            put(client, AsyncWire(wire))
            put_below(client, AsyncNetwork)
            return await script(AsyncIO(client))

        return anyio.run(work)


def put(client: Any, wire: object) -> None:
    client._transport._pool._network_backend = wire


@pytest.fixture(params=RULE_MODES)
def answers(request: pytest.FixtureRequest) -> Answers:
    return Answers(request.param)


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bytes that h11 gets."""
    received: list[bytes] = []
    receive_data = h11.Connection.receive_data

    def noted(self: h11.Connection, data: bytes) -> None:
        received.append(data)
        receive_data(self, data)

    monkeypatch.setattr(h11.Connection, "receive_data", noted)
    return received


@pytest.mark.parametrize(
    "first",
    [
        pytest.param([HEAD], id="the head alone"),
        pytest.param([HEAD + chunk(b"Hi")], id="a chunk with the head"),
        pytest.param([HEAD + chunk(b"Hi") + b"1\r", b"\nb\r\n"], id="a part of a head with it"),
        pytest.param([HEAD[:-1], HEAD[-1:] + b"2\r\na", b"b\r\n"], id="a chunk in parts"),
    ],
)
def test_h11_sees_only_what_comes_with_the_head_and_the_last_chunk(
    answers: Answers, fed: list[bytes], first: list[bytes]
) -> None:
    content, _ = decode([b"".join(first).removeprefix(HEAD)])
    assert b"".join(answers.read(*first, *map(chunk, EVENTS), LAST)) == content + b"".join(EVENTS)
    assert b"".join(fed).startswith(HEAD)
    assert fed[-1] == LAST
    assert len(b"".join(fed)) <= len(b"".join(first) + LAST)


def test_chunk_in_parts_is_given_in_parts(answers: Answers) -> None:
    assert answers.read(HEAD, b"8\r\nHi", b" the", b"re", b"\r", b"\n0\r\n\r\n") == [b"Hi", b" the", b"re"]


def test_last_chunk_may_come_with_the_head(answers: Answers, fed: list[bytes]) -> None:
    assert answers.read(HEAD + b"0\r\n", b"\r\n") == []
    assert fed == [HEAD + b"0\r\n", b"0\r\n", b"\r\n"]


def test_h11_reads_all_from_the_first_extension_on(answers: Answers, fed: list[bytes]) -> None:
    usual, extended = chunk(b"Hello"), chunk(b"world", b";a=b")
    assert answers.read(HEAD, usual, usual + extended, usual, LAST) == [
        b"Hello",
        b"Hello",
        b"world",
        b"Hello",
    ]
    assert fed == [HEAD, extended, usual, LAST]


def test_nothing_is_lost_where_h11_reads_on_in_the_middle_of_what_came(answers: Answers) -> None:
    extended = chunk(b"Hello", b";a=b") + b"".join(map(chunk, EVENTS * 50))
    assert b"".join(answers.read(HEAD + chunk(b"Hi") + extended + LAST)) == b"HiHello" + b"".join(EVENTS) * 50


def test_first_pieces_of_a_whole_answer_are_small_and_the_others_larger(answers: Answers) -> None:
    body = b"".join(map(chunk, EVENTS * 2000))
    sizes = [len(piece) for piece in answers.read(HEAD + body, LAST)]
    assert sizes[0] < 2048 < sizes[1] < 4096 < sizes[2] < 8192
    assert all(40_000 < size < 65536 for size in sizes[5:-1])
    assert sum(sizes) == len(b"".join(EVENTS)) * 2000


def failure(answers: Answers, packets: Iterable[Packet]) -> tuple[bytes, str]:
    """Return the content before a failure, and its reason."""
    content: list[bytes] = []
    with pytest.raises(TransportError) as failed:
        answers.read(*packets, into=content)
    return b"".join(content), failed.value.reason


@pytest.mark.parametrize(
    ("packets", "content"),
    [
        pytest.param([HEAD], b"", id="the end before a chunk"),
        pytest.param([HEAD, chunk(b"Hello")], b"Hello", id="the end between chunks"),
        pytest.param([HEAD, chunk(b"Hello"), b"5\r\nwor"], b"Hellowor", id="the end in a chunk"),
        pytest.param([HEAD, chunk(b"Hello") + b"world"], b"Hello", id="a mistake in a head"),
        pytest.param(
            [HEAD, b"5\r\nHello\r", httpcore.ReadError("reset")], b"Hello", id="a connection that breaks"
        ),
        pytest.param([HEAD, chunk(b"Hello"), httpcore.ReadTimeout("late")], b"Hello", id="a time limit"),
    ],
)
def test_failure_is_that_of_the_long_way(
    answers: Answers, monkeypatch: pytest.MonkeyPatch, packets: list[Packet], content: bytes
) -> None:
    found = failure(answers, packets)
    monkeypatch.setattr(chunks, "_begin", lambda response: None)
    assert found == failure(answers, packets)
    assert found[0] == content


def test_end_in_a_head_is_a_failure(answers: Answers) -> None:
    content, reason = failure(answers, [HEAD, chunk(b"Hello") + b"5"])
    assert content == b"Hello"
    assert reason.startswith(
        "RemoteProtocolError: peer closed connection without sending complete message body"
    )


def test_chunk_that_is_longer_than_its_head_says_is_a_failure(answers: Answers) -> None:
    content, reason = failure(answers, [HEAD, b"5\r\nHello, world\r\n", LAST])
    assert content == b"Hello"
    assert reason == "RemoteProtocolError: illegal chunk header: bytearray(b'\\r\\n')"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit()])
def test_connection_is_closed_by_what_ends_a_read(error: BaseException) -> None:
    answers = Answers("sync")
    with pytest.raises(type(error)):
        answers.read(HEAD, chunk(b"Hello"), error)
    assert answers.wire.is_closed


def test_connection_of_an_async_body_that_is_dropped_is_closed() -> None:
    answers = Answers("asyncio")

    async def drop(body: Any) -> None:
        await body.raw.aclose()  # as the event loop does for one that is not referenced any more
        assert answers.wire.is_closed

    assert answers.read(HEAD, chunk(b"Hello"), chunk(b"world"), LAST, then=drop) == [b"Hello"]


def test_body_of_a_known_length_is_read_by_h11(answers: Answers, fed: list[bytes]) -> None:
    packets = [b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nHi", b", "]
    assert answers.read(*packets) == [b"Hi", b", "]
    assert fed == packets


@pytest.mark.parametrize(
    "headers",
    [{"content-length": "2"}, {"transfer-encoding": "chunked"}],
    ids=["another body", "no connection"],
)
def test_other_bodies_come_as_they_are(headers: dict[str, str]) -> None:
    pieces = iter([b"Hi"])
    assert chunks_of(httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"Hi")), pieces) is pieces
