"""The embedded server on a port: real connections, streams, WebSockets, and the command that serves it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import httpx
import pytest
import uvicorn
from raw_sockets import Socket
from server_calls import KEY, events, streamed, text_of
from waits import PATIENT, SHORT, SOON
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Message,
    RejectConnection,
)

from responses_client.testing import Server, __main__
from responses_client.testing._app import Application
from responses_client.testing._script_queue import Script
from responses_client.testing._store import Store

BODY = {"model": "m", "input": "Hi"}
STREAM = {**BODY, "stream": True}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Server, str]]:
    """One server for the tests of this file: starting and stopping takes a moment."""
    with Server() as server, server.serve() as url:
        yield server, url


@pytest.fixture
def server(served: tuple[Server, str]) -> Server:
    return served[0]


@pytest.fixture
def url(served: tuple[Server, str]) -> str:
    return served[1]


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers=KEY, timeout=PATIENT) as client:
        yield client


# --- HTTP


def test_answers_on_a_port_are_those_in_process(server: Server, url: str, http: httpx.Client) -> None:
    response = http.post("/responses", json=BODY)
    assert response.json() == server.responses[response.json()["id"]]
    assert server.requests[-1].url == f"{url}/responses"
    assert response.headers["content-length"] == str(len(response.content))


async def test_async_clients_reach_it_too(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, headers=KEY, timeout=PATIENT) as client:
        response = await client.post("/responses", json=STREAM)
    assert events(response.text)[-1]["type"] == "response.completed"


def test_clients_of_this_package_reach_it(server: Server, url: str) -> None:
    from responses_client import Client

    with Client(api_key="k", base_url=url) as client:
        server.reply("Hello")
        assert client.responses.create(model="m", input="Hi").output_text == "Hello"


def test_events_arrive_while_later_ones_do_not_exist_yet(server: Server, http: httpx.Client) -> None:
    body = {**STREAM, "background": True}
    with http.stream("POST", "/responses", json=body) as first:
        chunks = first.iter_raw()
        start = events(next(chunks).decode().partition("\n\n")[0] + "\n\n")[0]
        assert start["type"] == "response.created"
        rest = http.get(f"/responses/{start['response']['id']}?stream=true")
        assert len(events(rest.text)) == len(streamed(Server(), background=True))


def test_client_that_leaves_a_stream_is_noticed(server: Server, http: httpx.Client) -> None:
    closed = server.closed_streams
    server.delay(per_event=60)
    with http.stream("POST", "/responses", json=STREAM) as response:
        # Kept: an iterator that is collected closes the connection.
        chunks = response.iter_raw()
        next(chunks)
        assert server.open_streams == 1
    # The next answers come after the server has seen the end of that connection.
    while server.closed_streams == closed:
        http.get("/webhook_event_types")
    assert server.open_streams == 0


def test_stream_breaks_off_on_the_wire(server: Server, http: httpx.Client) -> None:
    server.disconnect_after(events=3)
    received: list[bytes] = []
    broken = pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read")
    with http.stream("POST", "/responses", json=STREAM) as response, broken:
        received.extend(response.iter_raw())
    assert len(events(b"".join(received).decode())) == 3
    assert http.post("/responses", json=BODY).status_code == 200


def test_stream_ends_cleanly_on_the_wire(server: Server, http: httpx.Client) -> None:
    server.disconnect_after(events=3, clean=True)
    assert len(events(http.post("/responses", json=STREAM).text)) == 3


def test_dropped_connection_gives_no_answer_on_the_wire(server: Server, http: httpx.Client) -> None:
    server.drop_connection()
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        http.post("/responses", json=BODY)


def test_delay_longer_than_the_timeout_of_the_client(server: Server, http: httpx.Client) -> None:
    server.delay(60)
    with pytest.raises(httpx.ReadTimeout):
        http.post("/responses", json=BODY, timeout=httpx.Timeout(PATIENT, read=SOON))


# --- WebSockets


def test_websocket_answers_and_keeps_what_is_not_stored(server: Server, url: str) -> None:
    with closing(Socket(url, **KEY)) as connection:
        connection.send(type="response.create", **{**BODY, "input": "I am Ada."}, store=False)
        first = connection.until("response.completed")[-1]["response"]
        connection.send(
            type="response.create", model="m", input="Who?", previous_response_id=first["id"], stream_id="a"
        )
        second = connection.until("response.completed")
    assert {event["stream_id"] for event in second} == {"a"}
    assert "“I am Ada.”" in text_of(second[-1]["response"])
    assert server.requests[-1].method == "WEBSOCKET"


def test_websocket_lanes_share_a_connection(server: Server, url: str) -> None:
    server.hold_after(2).reply("one").reply("two")
    with closing(Socket(url, **KEY)) as connection:
        connection.send(type="response.create", **BODY, stream_id="a")
        found = connection.until("response.in_progress")
        connection.send(type="response.create", **BODY, stream_id="b")
        for _ in range(2):
            found += connection.until("response.completed")
    texts = {e["stream_id"]: text_of(e["response"]) for e in found if e["type"] == "response.completed"}
    assert texts == {"a": "one", "b": "two"}


def test_websocket_is_steered(server: Server, url: str) -> None:
    server.hold_after(2).reply("long").reply("short")
    with closing(Socket(url, **KEY)) as connection:
        connection.send(type="response.create", **BODY)
        id = connection.until("response.in_progress")[-1]["response"]["id"]
        connection.send(type="response.steer", previous_response_id=id, input="Be brief.")
        found = connection.until("response.completed")
    assert [event["type"] for event in found[:2]] == ["response.steer.accepted", "response.incomplete"]
    assert text_of(found[-1]["response"]) == "short"


def ending(connection: Socket) -> list[Event | None]:
    """Return the events that are not messages, up to the end of the connection."""
    found: list[Event | None] = []
    for event in connection.received():
        if not isinstance(event, Message):
            found.append(event)
        if isinstance(event, CloseConnection):
            break
    return found


@pytest.mark.parametrize("clean", [True, False])
def test_websocket_ends_as_scripted(server: Server, url: str, clean: bool) -> None:
    server.disconnect_after(events=2, clean=clean)
    with closing(Socket(url, **KEY)) as connection:
        connection.send(type="response.create", **BODY)
        (end,) = ending(connection)
    assert isinstance(connection.handshake, AcceptConnection)
    assert (end is None) is not clean
    assert end is None or (isinstance(end, CloseConnection) and end.code == 1000)


def test_websocket_without_a_key_is_refused_with_a_status(url: str) -> None:
    with closing(Socket(url)) as connection:
        assert isinstance(connection.handshake, RejectConnection)
        assert connection.handshake.status_code == 401


def test_websocket_handshake_is_dropped(server: Server, url: str) -> None:
    server.drop_connection()
    with closing(Socket(url, **KEY)) as connection:
        assert connection.handshake is None


# --- bounds


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port), timeout=PATIENT) as connection:
        yield connection


def answered(connection: socket.socket, data: bytes = b"") -> bytes:
    """Send data, and return all that comes until the server closes the connection."""
    connection.sendall(data)
    received = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            received += piece
    return received


@pytest.mark.parametrize(
    ("target", "status"), [(b"*", 404), (b"//", 404), (b"http://other/v1", 404), (b"http://[::1/v1", 400)]
)
def test_request_without_a_path_is_no_failure_of_the_server(url: str, target: bytes, status: int) -> None:
    with connected(url) as connection:
        head = b"OPTIONS %s HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n" % target
        assert answered(connection, head).startswith(b"HTTP/1.1 %d " % status)


def test_body_that_is_too_large_ends_the_connection(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responses_client.testing._asgi.MAX_BODY_BYTES", 20)
    with connected(url) as connection:
        head = b"POST /v1/responses HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
        assert answered(connection, head + b"a\r\n0123456789\r\n" * 3).startswith(b"HTTP/1.1 413 ")


def test_head_that_is_too_large_is_refused(url: str) -> None:
    with connected(url) as connection:
        head = b"GET /v1/responses/a HTTP/1.1\r\nx: " + b"x" * 70_000
        assert answered(connection, head).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("data", [b"", b"GET / HT"])
def test_head_that_does_not_come_is_not_waited_for_longer(
    url: str, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("responses_client.testing._uvicorn_server.HEAD_SECONDS", SOON)
    with connected(url) as connection:
        assert answered(connection, data) == b""


def test_head_of_a_second_request_is_not_waited_for_longer(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responses_client.testing._uvicorn_server.HEAD_SECONDS", SHORT)
    with connected(url) as connection:
        connection.sendall(b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n")
        received = b""
        while not received.endswith(b"}"):
            received += connection.recv(65536)
        assert received.startswith(b"HTTP/1.1 404 ")
        assert answered(connection, b"GET / HT") == b""


def test_connections_beyond_the_bound_are_refused_and_those_below_go_on(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("responses_client.testing._uvicorn_server.MAX_CONNECTIONS", 2)
    with server.serve() as url, closing(Socket(url, **KEY)) as websocket, connected(url) as second:
        with connected(url) as third:
            refusal = answered(third)
        assert refusal.startswith(b"HTTP/1.1 503 ")
        assert refusal.endswith(b'{"error":{"message":"There are more than 2 connections."}}')
        websocket.send(type="response.create", **BODY)
        assert websocket.until("response.completed")
        head = b"GET /v1/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        assert answered(second, head).startswith(b"HTTP/1.1 404 ")


# --- starting and stopping


def test_stop_hangs_up_on_clients_that_still_read() -> None:
    server = Server()
    with server.serve() as url, closing(Socket(url, **KEY)) as connection:
        server.hold_after(1)
        client = httpx.Client(base_url=url, headers=KEY, timeout=PATIENT)
        connection.send(type="response.create", **BODY)
        connection.until("response.created")
        server.delay(per_event=60)
        response = client.send(client.build_request("POST", "/responses", json=STREAM), stream=True)
        assert server.open_streams == 2
    with closing(client), closing(response):
        assert server.open_streams == 0
        with pytest.raises(httpx.TransportError):
            client.get("/webhook_event_types")


def test_server_can_be_served_again_and_used_in_process_meanwhile() -> None:
    server = Server(base_url="http://testserver/openai/v1")
    for count in (1, 2):
        with server.serve() as url:
            assert url.endswith("/openai/v1")
            assert httpx.post(f"{url}/responses", json=BODY, headers=KEY).status_code == 200
            assert len(streamed(server)) > 5
        assert len(server.requests) == 2 * count


def test_port_that_is_taken_is_an_error(url: str) -> None:
    with pytest.raises(OSError, match=r"(?i)in use"), Server().serve(port=httpx.URL(url).port or 0):
        pass


def test_port_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="port must be from 0 to 65535, got 65536"):
        Server().serve(port=65536).__enter__()


def test_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def startup(self: object, sockets: object = None) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(uvicorn.Server, "startup", startup)
    with pytest.raises(RuntimeError, match="no"), Server().serve():
        pass


def test_address_of_version_six_stands_in_brackets() -> None:
    try:
        with Server().serve(host="::1") as url:
            assert url.startswith("http://[::1]:")
            assert httpx.get(f"{url}/webhook_event_types", headers=KEY).status_code == 200
    except OSError:  # pragma: no cover  # depends on the machine
        pytest.skip("there is no IPv6 here")


@pytest.mark.parametrize("name", ["uvicorn", "wsproto"])
def test_missing_extra_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "responses_client.testing._uvicorn_server", raising=False)
    monkeypatch.setitem(sys.modules, name, None)
    message = (
        f"The embedded server needs {name} to listen on a port: pip install 'uvicorn>=0.34' 'wsproto>=1.2'"
    )
    with pytest.raises(ModuleNotFoundError) as caught:
        Server().serve()
    assert (str(caught.value), caught.value.name) == (message, name)
    assert __main__.main([]) == 1
    assert capsys.readouterr() == ("", f"{message}\n")


# --- the command


def test_command_serves_until_it_is_interrupted() -> None:
    command = [sys.executable, "-m", "responses_client.testing", "--port", "0", "--rate-limit", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.removeprefix("Serving the Responses API at ").strip()
        assert process.stdout.readline().startswith("Clients find it by: export OPENAI_BASE_URL=")
        assert url.startswith("http://127.0.0.1:")
        response = httpx.post(f"{url}/responses", json=BODY, headers=KEY)
        refused = httpx.post(f"{url}/responses", json=BODY, headers=KEY)
        os.kill(process.pid, signal.SIGINT)
        rest = process.communicate(timeout=PATIENT)
    assert response.json()["status"] == "completed"
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    assert (process.returncode, rest) == (0, ("", ""))


def test_help_of_the_command_names_the_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        __main__.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "For tests, not for the internet" in text
    assert "up to 1000 connections, heads of requests of up to 64 KiB within 30 s" in text
    assert "messages of up to 128 MiB, bodies within 60 s." in text


def test_address_that_others_can_reach_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(self: object, *, sockets: list[socket.socket]) -> None:
        sockets[0].close()

    monkeypatch.setattr(uvicorn.Server, "run", run)
    assert __main__.main(["--host", "0.0.0.0", "--port", "0"]) == 0
    assert capsys.readouterr().err == (
        "For tests, not for the internet: whoever can reach this address can use the server.\n"
    )


def test_command_keeps_no_requests() -> None:
    app = Application(Store(Script(), validate=True), prefix="/v1", keeps_requests=False)
    answers = [app.handle("GET", "http://a/v1/x", {}, b"") for _ in range(2)]
    assert app.requests == []
    assert [answer.headers["x-request-id"][-1] for answer in answers] == ["1", "2"]


def test_command_says_where_it_serves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sockets: list[socket.socket] = []

    def run(self: object, sockets_: list[socket.socket] = sockets, *, sockets: list[socket.socket]) -> None:
        sockets_ += sockets
        raise KeyboardInterrupt

    monkeypatch.setattr(uvicorn.Server, "run", run)
    assert __main__.main(["--port", "0"]) == 0
    (listening,) = sockets
    with closing(listening):
        port = listening.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1"
    assert capsys.readouterr() == (
        f"Serving the Responses API at {url}\n"
        f"Clients find it by: export OPENAI_BASE_URL={url} OPENAI_API_KEY=unused\n",
        "",
    )


@pytest.mark.parametrize("port", ["taken", "99999"])
def test_command_that_cannot_listen_says_so(url: str, port: str, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = str(httpx.URL(url).port) if port == "taken" else port
    assert __main__.main(["--port", wanted]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"Cannot listen on 127.0.0.1:{wanted}: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--prot", "1"], "[--port PORT]"),
        (["--rate-limit", "0"], "argument --rate-limit: must be at least 1, got 0"),
        (["--rate-limit", "x"], "argument --rate-limit: invalid int value"),
    ],
)
def test_wrong_use_of_the_command_shows_how_it_is_used(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        __main__.main(arguments)
    assert caught.value.code == 2
    assert problem in capsys.readouterr().err
