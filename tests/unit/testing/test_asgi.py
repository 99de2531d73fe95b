"""The embedded server as an ASGI application, in process: URLs, bodies, clients that leave, broken connections."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
from asgi_sockets import dialled
from server_calls import KEY, events, streamed
from waits import PATIENT, SOON

from responses_client.testing import Server
from responses_client.testing._asgi import AsgiApp, ConnectionBroken

Message = dict[str, Any]
BODY = b'{"model": "m", "input": "Hi"}'
STREAM = b'{"model": "m", "input": "Hi", "stream": true}'
JSON = {**KEY, "content-type": "application/json"}


def client(server: Server, **options: Any) -> httpx.AsyncClient:
    """A client of the application; `raise_app_exceptions=False` answers those with 500."""
    transport = httpx.ASGITransport(server.app(), **options)
    return httpx.AsyncClient(transport=transport, base_url="http://testserver/v1", headers=KEY)


def scope_of(method: str = "POST", path: str = "/v1/responses", **changes: Any) -> Message:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in JSON.items()],
        **changes,
    }


async def played(app: Callable[..., Any], scope: Message, *messages: Message) -> list[Message]:
    """Return the messages of an application for a request of a client that never leaves."""
    waiting = iter(messages)
    sent: list[Message] = []

    async def receive() -> Message:
        message = next(waiting, None)
        if message is None:
            await anyio.sleep_forever()
            raise AssertionError
        return message

    async def send(message: Message) -> None:
        sent.append(message)

    with anyio.fail_after(PATIENT):
        await app(scope, receive, send)
    return sent


def request(body: bytes = BODY) -> Message:
    return {"type": "http.request", "body": body}


# --- answers


async def test_answers_are_those_of_the_server() -> None:
    with Server() as server:
        async with client(server) as http:
            response = await http.post("/responses", json={"model": "m", "input": "Hi"})
            assert response.json() == server.responses[response.json()["id"]]
            assert (await http.get("/nothing")).status_code == 404
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["x-request-id"] == "req_" + "1".rjust(32, "0")
    assert server.requests[0].url == "http://testserver/v1/responses"


async def test_streams_are_those_of_the_server() -> None:
    with Server() as server:
        async with client(server) as http:
            response = await http.post("/responses", json={"model": "m", "input": "Hi", "stream": True})
        assert (server.open_streams, server.closed_streams) == (0, 1)
    assert events(response.text) == streamed(Server())
    assert "content-length" not in response.headers


async def test_each_event_is_a_message() -> None:
    sent = await played(Server().app(), scope_of(), request(STREAM))
    start, *body, end = sent
    assert (start["type"], start["status"]) == ("http.response.start", 200)
    assert [len(events(message["body"].decode())) for message in body] == [1] * len(body)
    assert all(message["more_body"] for message in body)
    assert end == {"type": "http.response.body", "body": b""}


async def test_body_may_come_in_pieces() -> None:
    parts = [
        {"type": "http.request", "body": BODY[:5], "more_body": True},
        {"type": "http.request", "more_body": True},
        {"type": "http.request", "body": BODY[5:], "more_body": False},
    ]
    with Server() as server:
        assert (await played(server.app(), scope_of(), *parts))[0]["status"] == 200
        assert server.requests[0].body == BODY


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "http://testserver/v1/responses"),
        ({"server": ("10.0.0.1", 8080), "scheme": "https"}, "https://10.0.0.1:8080/v1/responses"),
        ({"server": ("unix.sock", None)}, "http://unix.sock/v1/responses"),
        ({"query_string": b"a=1&b=%20"}, "http://testserver/v1/responses?a=1&b=%20"),
        (
            {"root_path": "/mock", "path": "/mock/v1/responses", "raw_path": b"/mock/v1/responses"},
            "http://testserver/v1/responses",
        ),
        ({"path": "/v1/é b", "raw_path": None}, "http://testserver/v1/%C3%A9%20b"),
        ({"headers": [(b"host", b"me.example.com:99")]}, "http://me.example.com:99/v1/responses"),
    ],
)
async def test_url_is_put_together(changes: Message, url: str) -> None:
    with Server() as server:
        await played(server.app(), scope_of(**changes), request())
        assert server.requests[0].url == url


async def test_repeated_headers_are_all_there() -> None:
    headers = [(b"x-a", b"1"), (b"x-a", b"2")]
    with Server() as server:
        await played(server.app(), scope_of(headers=headers), request())
        assert server.requests[0].headers["x-a"] == "1, 2"


async def test_application_starts_and_stops() -> None:
    sent = await played(
        Server().app(), {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}
    )
    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


# --- time


async def test_delays_are_waited_for_as_told() -> None:
    naps: list[float] = []
    with Server(sleep=naps.append) as server:
        server.delay(1.5, per_event=0.25)
        sent = await played(server.app(), scope_of(), request(STREAM))
    assert naps == [1.5, *[0.25] * (len(sent) - 3)]


async def test_delays_are_waited_for_by_the_real_clock_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    with Server() as server:
        await played(server.delay(1.5).app(), scope_of(), request())
    assert naps == [1.5]


# --- clients that leave


async def test_request_that_is_not_finished_is_not_answered() -> None:
    messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    with Server() as server:
        assert await played(server.app(), scope_of(), *messages) == []
        assert server.requests == []


async def test_client_that_leaves_stops_the_stream() -> None:
    left = anyio.Event()
    sent: list[Message] = []
    waiting = iter([request(STREAM)])

    async def receive() -> Message:
        message = next(waiting, None)
        if message is None:
            await left.wait()
        return message or {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 4:
            assert server.open_streams == 1
            left.set()
            await anyio.sleep_forever()

    with Server() as server, anyio.fail_after(PATIENT):
        await server.app()(scope_of(), receive, send)
        assert (server.open_streams, server.closed_streams) == (0, 1)
    assert len(sent) == 4


async def test_client_that_is_gone_is_no_error() -> None:
    waiting = iter([request(STREAM)])

    async def receive() -> Message:
        message = next(waiting, None)
        if message is None:
            await anyio.sleep_forever()
        return message or {}

    async def send(message: Message) -> None:
        raise ConnectionResetError

    with Server() as server, anyio.fail_after(PATIENT):
        await server.app()(scope_of(), receive, send)
        assert (server.open_streams, server.closed_streams) == (0, 1)


# --- broken connections


@pytest.mark.parametrize(
    "script",
    [lambda server: server.drop_connection(), lambda server: server.disconnect_after(2), lambda s: s.close()],
)
async def test_connection_that_breaks_is_an_exception_to_other_servers(
    script: Callable[[Server], Any],
) -> None:
    with Server() as server:
        script(server)
        with pytest.raises(ConnectionBroken):
            await played(server.app(), scope_of(), request(STREAM))
        assert server.open_streams == 0


async def test_broken_stream_has_its_events_first() -> None:
    with Server() as server:
        async with client(server.disconnect_after(2), raise_app_exceptions=False) as http:
            response = await http.post("/responses", json={"model": "m", "input": "Hi", "stream": True})
    assert len(events(response.text)) == 2


async def test_answer_that_is_cut_does_not_say_how_long_it_is() -> None:
    with Server() as server:
        sent = await played(server.disconnect_after(1, clean=True).app(), scope_of(), request())
    assert "content-length" not in httpx.Headers(sent[0]["headers"])
    assert sent[-1] == {"type": "http.response.body", "body": b""}


async def test_server_that_can_hang_up_is_asked_to() -> None:
    asked: list[Message] = []

    def hang_up(scope: Any) -> bool:
        asked.append(scope)
        return True

    with Server() as server:
        app = AsgiApp(server._app, hang_up=hang_up)
        scope = scope_of()
        ending = [{"type": "http.request"}, {"type": "http.disconnect"}]
        assert await played(app, scope, {"type": "http.request"}, *ending) is not None
        server.drop_connection()
        assert await played(app, scope, request(), *ending) == []
    assert asked == [scope]


async def test_handshake_that_is_dropped_is_an_exception_too() -> None:
    with Server() as server:
        server.drop_connection()
        with pytest.raises(ExceptionGroup) as caught:
            async with dialled(server.app()) as socket:
                assert await socket.message() == {"type": "ended"}
    assert caught.group_contains(ConnectionBroken)


async def test_handshake_that_is_dropped_ends_where_the_server_can_hang_up() -> None:
    with Server() as server:
        server.drop_connection()
        async with dialled(AsgiApp(server._app, hang_up=lambda scope: True)) as socket:
            await socket.leave()
            assert await socket.message() == {"type": "ended"}


# --- requests that no server needs to answer


@pytest.mark.parametrize(
    ("method", "raw_path", "status", "message"),
    [
        ("OPTIONS", b"*", 404, "Invalid URL (OPTIONS /*)"),
        ("CONNECT", b"example.com:443", 404, "Invalid URL (CONNECT /example.com:443)"),
        ("POST", b"http://other/v1/nothing", 404, "Invalid URL (POST /v1/nothing)"),
        ("GET", b"http://[::1/v1", 400, "The host or the path of the request is not valid."),
        ("GET", b"/v1/\x7f", 400, "The host or the path of the request is not valid."),
        ("GET", b"/v1/\xff", 400, "The host or the path of the request is not valid."),
        ("GET", b"/v1/responses/%", 404, "Response with id '%' not found."),
    ],
)
async def test_target_that_is_not_a_path_is_refused(
    method: str, raw_path: bytes, status: int, message: str
) -> None:
    start, body, _ = await played(Server().app(), scope_of(method, "", raw_path=raw_path), request(b""))
    assert start["status"] == status
    assert json.loads(body["body"])["error"]["message"] == message


async def test_target_for_a_proxy_is_answered() -> None:
    start, *_ = await played(Server().app(), scope_of(raw_path=b"http://other/v1/responses"), request())
    assert start["status"] == 200


@pytest.mark.parametrize("host", [b"[::1", b"a:b", b"h\xe4\x00"])
async def test_host_that_cannot_be_is_refused(host: bytes) -> None:
    scope = scope_of()
    scope["headers"].append((b"host", host))
    start, *_ = await played(Server().app(), scope, request())
    assert start["status"] == 400
    socket = {**scope, "type": "websocket", "extensions": {"websocket.http.response": {}}}
    start, *_ = await played(Server().app(), socket, {"type": "websocket.connect"})
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 400)


def part(body: bytes) -> Message:
    return {"type": "http.request", "body": body, "more_body": True}


@pytest.mark.parametrize("announced", [None, b"21", b"9" * 14, b"9" * 5000, b"x"])
async def test_body_that_is_too_large_is_refused(
    announced: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("responses_client.testing._asgi.MAX_BODY_BYTES", 20)
    server = Server()
    scope = scope_of()
    if announced is not None:
        scope["headers"].append((b"content-length", announced))
    is_refused_at_once = announced in (b"21", b"9" * 14)
    messages = [] if is_refused_at_once else [part(b"x" * 10), part(b"x" * 10), part(b"x")]
    start, body, _ = await played(server.app(), scope, *messages)
    assert (start["status"], dict(start["headers"])[b"connection"]) == (413, b"close")
    assert json.loads(body["body"])["error"]["message"] == "The body has more than 20 bytes."
    assert server.requests == []


async def test_body_of_the_largest_size_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responses_client.testing._asgi.MAX_BODY_BYTES", len(BODY))
    start, *_ = await played(Server().app(), scope_of(), part(BODY[:5]), request(BODY[5:]))
    assert start["status"] == 200


async def test_body_that_does_not_come_is_not_waited_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responses_client.testing._asgi.BODY_SECONDS", SOON)
    start, body, _ = await played(Server().app(), scope_of(), part(BODY))
    assert (start["status"], dict(start["headers"])[b"connection"]) == (408, b"close")
    assert json.loads(body["body"])["error"]["message"] == f"The body did not come within {SOON} seconds."
