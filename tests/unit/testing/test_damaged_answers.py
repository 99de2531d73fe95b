"""Malformed events and bodies in small pieces: the bytes that are sent, and the reactions of clients."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from asgi_sockets import connected
from callers import Caller
from server_calls import KEY, async_http, create, events, http, streamed, text_of

from responses_client import APITimeoutError, Client, ResponseValidationError, StreamInterrupted
from responses_client.models import UnknownEvent
from responses_client.testing import Server, VirtualClock

STREAM = {"model": "m", "input": "Hi", "stream": True}
HALF = b'{"type": "response.output_text.delta", "delta": "\xe2\x82'


def read(client: httpx.Client, pieces: list[bytes]) -> list[bytes]:
    """Read the pieces of a stream into `pieces`, which has those before an error, too."""
    with client.stream("POST", "/responses", json=STREAM) as response:
        for piece in response.iter_raw():
            pieces.append(piece)  # noqa: PERF402  # a list made of it would lose them
    return pieces


def pieces_of(server: Server) -> list[bytes]:
    with http(server) as client:
        return read(client, [])


def ask(client: Any, **options: Any) -> Any:
    return client.responses.create(model="m", input="Hi", **options)


# --- malformed events


def test_one_event_is_cut_in_half_and_the_others_are_whole(server: Server) -> None:
    whole = pieces_of(server.reply("Hello"))
    damaged = pieces_of(Server().corrupt_after(3).reply("Hello"))
    assert [*damaged[:3], *damaged[4:]] == [*whole[:3], *whole[4:]]
    name, data = damaged[3].decode().rstrip("\n").split("\n")
    assert name == whole[3].decode().split("\n")[0]
    assert whole[3].decode().split("\n")[1].startswith(data)
    with pytest.raises(json.JSONDecodeError):
        json.loads(data.removeprefix("data: "))


@pytest.mark.parametrize("data", [HALF, "{'a': 1}"])
def test_event_has_the_data_that_is_given(server: Server, data: bytes | str) -> None:
    pieces = pieces_of(server.corrupt_after(0, data).reply("Hello"))
    expected = data.encode() if isinstance(data, str) else data
    assert pieces[0] == b"event: response.created\ndata: " + expected + b"\n\n"
    assert len(events(b"".join(pieces[1:]).decode())) == len(pieces) - 1


def test_bytes_that_are_scripted_are_damaged_as_a_whole(server: Server) -> None:
    server.corrupt_after(1).reply_events([b": hello\n\n", b": damaged\n\n", b": hello\n\n"])
    assert pieces_of(server) == [b": hello\n\n", b": dam", b": hello\n\n"]


def test_damage_behind_the_end_changes_nothing(server: Server) -> None:
    server.corrupt_after(1000).reply("Hello")
    assert streamed(server)[-1]["type"] == "response.completed"


@pytest.mark.parametrize("data", [None, HALF, "<html>"])
def test_client_raises_and_keeps_what_came(caller: Caller, server: Server, data: bytes | str | None) -> None:
    server.corrupt_after(5, data).reply("Hello there")
    with pytest.raises(ResponseValidationError) as caught:
        caller.events(lambda client: ask(client, stream=True))
    assert caught.value.partial is not None
    assert caught.value.partial.output_text == "Hello"


@pytest.mark.parametrize("data", ["", "null", "[]"])
def test_client_passes_over_what_is_no_event(caller: Caller, server: Server, data: str) -> None:
    server.corrupt_after(4, data).reply("Hello there")
    events = caller.events(lambda client: ask(client, stream=True))
    assert events[-1].response.output_text == "Hello there"


def test_client_may_take_data_that_are_malformed_in_another_way(caller: Caller, server: Server) -> None:
    server.corrupt_after(4, '{"type": "response.output_text.delta", "delta": 5}').reply("Hello")
    events = caller.events(lambda client: ask(client, stream=True))
    assert isinstance(events[4], UnknownEvent)


def test_plain_answer_is_damaged_too(caller: Caller, server: Server) -> None:
    server.corrupt_after(0).reply("Hello").corrupt_after(0, b"\xff").reply("Hello").reply("Hello")
    for _ in range(2):
        with pytest.raises(ResponseValidationError):
            caller(ask)
    assert caller(ask).output_text == "Hello"


# --- bodies in small pieces


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_pieces_are_of_one_size_and_the_same_body(size: int) -> None:
    whole = b"".join(pieces_of(Server().reply("H\u00e4llo \u20ac")))
    pieces = pieces_of(Server().drip(size).reply("H\u00e4llo \u20ac"))
    assert b"".join(pieces) == whole
    assert {len(piece) for piece in pieces[:-1]} <= {size}
    assert 0 < len(pieces[-1]) <= size


@pytest.mark.parametrize("size", [1, 3, 50])
def test_client_reads_pieces_as_if_they_were_whole(caller: Caller, server: Server, size: int) -> None:
    text = "Gr\u00fc\u00dfe, \U0001f600 \u4f60\u597d"
    server.drip(size).reply(text).drip(size).reply(text)
    events = caller.events(lambda client: ask(client, stream=True))
    assert events[-1].response.output_text == text
    assert caller(ask).output_text == text


def test_pieces_come_with_pauses(server: Server) -> None:
    with VirtualClock() as clock:
        pieces = pieces_of(server.drip(100, 0.5).reply("Hello"))
        assert clock.waits == [0.5] * (len(pieces) - 1)
        create(server.drip(10_000, 0.5))
        assert len(clock.waits) == len(pieces) - 1


async def test_pieces_come_with_pauses_async(server: Server) -> None:
    with VirtualClock() as clock:
        async with async_http(server.drip(1000, 0.5).reply("Hello")) as client:
            answer = await client.post("/responses", json=STREAM)
        assert len(clock.waits) == (len(answer.content) - 1) // 1000


def test_drip_slower_than_the_clients_patience_ends_in_a_timeout(server: Server) -> None:
    server.drip(10, 60).reply("Hello")
    pieces: list[bytes] = []
    with VirtualClock() as clock, http(server, timeout=5) as client, pytest.raises(httpx.ReadTimeout):
        read(client, pieces)
    assert [len(piece) for piece in pieces] == [10]
    assert clock.waits == [5]


def test_idle_timeout_ends_a_drip_that_gives_no_event(caller: Caller, server: Server) -> None:
    patient = Caller(
        caller.mode,
        lambda: server.client(idle_timeout=20, max_retries=0),
        lambda: server.async_client(idle_timeout=20, max_retries=0),
    )
    server.drip(1, 1).reply("Hello")
    with VirtualClock() as clock:
        with pytest.raises(APITimeoutError, match="no event came for 20 s"):
            patient.events(lambda client: ask(client, stream=True))
        assert clock.now == pytest.approx(20)


# --- together


def test_faults_go_together(server: Server) -> None:
    server.delay(2, per_event=1).corrupt_after(1, "x").disconnect_after(3).drip(50).reply("Hello")
    pieces: list[bytes] = []
    with VirtualClock() as clock, http(server) as client, pytest.raises(httpx.ReadError):
        read(client, pieces)
    assert clock.waits == [2, 1, 1]
    blocks = b"".join(pieces).decode().split("\n\n")
    assert [block.split("\n")[0] for block in blocks] == [
        "event: response.created",
        "event: response.in_progress",
        "event: response.output_item.added",
        "",
    ]
    assert blocks[1].endswith("data: x")
    assert {len(piece) for piece in pieces[:-1]} == {50}


def test_plain_answer_breaks_off_in_pieces(server: Server) -> None:
    server.drip(100).disconnect_after(1).reply("Hello")
    with http(server) as client, pytest.raises(httpx.ReadError):
        client.post("/responses", json={"model": "m", "input": "Hi"})


def test_faults_are_for_the_next_answer_only(server: Server) -> None:
    server.corrupt_after(0).drip(3).reply("one").reply("two")
    assert create(server).text[-1] != "}"
    assert text_of(create(server).json()) == "two"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (lambda server: server.corrupt_after(-1), "events must be at least 0, got -1."),
        (lambda server: server.drip(0), "bytes_per_piece must be at least 1, got 0."),
        (lambda server: server.drip(1, -1), "seconds must be at least 0, got -1."),
    ],
)
def test_nonsense_is_refused(server: Server, script: Any, message: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        script(server)
    assert str(caught.value) == message


# --- on a port and on WebSockets


def test_port_sends_the_same(server: Server) -> None:
    in_process = b"".join(pieces_of(Server().corrupt_after(2).drip(20).reply("H\u00e4llo")))
    with server.serve() as url, httpx.Client(base_url=url, headers=KEY) as client:
        server.corrupt_after(2).drip(20).reply("H\u00e4llo").corrupt_after(0).drip(10).reply("Hello")
        assert b"".join(read(client, [])) == in_process
        plain = client.post("/responses", json={"model": "m", "input": "Hi"})
        assert len(plain.content) == int(plain.headers["content-length"])
        with pytest.raises(json.JSONDecodeError):
            plain.json()


def test_client_reads_a_drip_from_a_port(server: Server) -> None:
    with server.serve() as url, Client(api_key="any", base_url=url) as client:
        server.drip(5).reply("H\u00e4llo \U0001f600")
        with client.responses.stream(model="m", input="Hi") as stream:
            assert stream.get_final_response().output_text == "H\u00e4llo \U0001f600"


@pytest.mark.parametrize("data", [None, HALF])
async def test_message_on_a_websocket_is_damaged(server: Server, data: bytes | None) -> None:
    server.corrupt_after(1, data).drip(1).reply("Hello")
    async with connected(server) as client:
        await client.send(type="response.create", model="m", input="Hi")
        assert (await client.event())["type"] == "response.created"
        message = await client.message()
        assert (await client.event())["type"] == "response.output_item.added"
    if data is None:
        assert message["text"].startswith('{"type":"response.in_progress"')
        with pytest.raises(json.JSONDecodeError):
            json.loads(message["text"])
    else:
        assert message["bytes"] == data


@pytest.mark.parametrize(("data", "error"), [(None, ResponseValidationError), (HALF, StreamInterrupted)])
def test_session_ends_with_a_damaged_message_and_keeps_what_came(
    server: Server, data: bytes | None, error: type[StreamInterrupted | ResponseValidationError]
) -> None:
    server.corrupt_after(5, data).reply("Hello there")
    with (
        server.serve() as url,
        Client(api_key="any", base_url=url) as client,
        client.responses.connect() as session,
        pytest.raises(error) as caught,
    ):
        list(session.create(model="m", input="Hi"))
    assert caught.value.partial is not None
    assert caught.value.partial.output_text == "Hello"
