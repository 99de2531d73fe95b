"""Uploads and downloads over connections that break: repeated from the beginning, and nothing is left."""

from __future__ import annotations

import os
import socket
import struct
import threading
import tracemalloc
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import suppress
from inspect import isawaitable
from pathlib import Path
from typing import Any

import httpx
import pytest
from samples import KEY
from scripted_server import CLOSE, HOLD, ScriptedServer, Seen, _read_request, answer
from shells import Session, Shell
from waits import LONG, SOON, cancel_when

from responses_client.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
)

MIB = 1024 * 1024
STORED = answer(200, {"id": "file-1", "object": "file"})
CONTENT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nBuy milk."
BROKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nBuy"


class CuttingServer:
    """A server that resets connections after some bytes of their request, and answers those that come later.

    Args:
        cuts: The bytes after which each of the first connections is reset; a bytes object is sent before that, and the
            rest of the request is read.
    """

    def __init__(self, *cuts: int | bytes) -> None:
        self.requests: list[Seen] = []
        self.got = threading.Event()
        self._cuts = list(cuts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LONG)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> CuttingServer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for sock in (self._listener, *self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        self._thread.join(LONG)
        assert not self._thread.is_alive()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                sock.settimeout(LONG)
                self._open.append(sock)
                with suppress(OSError):
                    self._serve(sock, self._cuts.pop(0) if self._cuts else None)

    def _serve(self, sock: socket.socket, cut: int | bytes | None) -> None:
        if cut is None:
            while (seen := _read_request(sock, 1)) is not None:
                self.requests.append(seen)
                sock.sendall(STORED)
            return
        left = 100_000 if isinstance(cut, bytes) else cut
        while left > 0:
            left -= len(sock.recv(65536))
        self.got.set()
        if isinstance(cut, bytes):
            sock.sendall(cut)
            while sock.recv(MIB):
                pass
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


async def done(result: Any) -> Any:
    return await result if isawaitable(result) else result


def called(make: Callable[[Any], Any]) -> Callable[[Session], Awaitable[Any]]:
    async def script(session: Session) -> Any:
        return await done(make(session.client))

    return script


def upload(file: object) -> Callable[[Session], Awaitable[Any]]:
    return called(lambda client: client.files.create(file=file, purpose="user_data"))


def download(path: Path) -> Callable[[Session], Awaitable[Any]]:
    return called(lambda client: client.files.download("file-1", path))


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file that fits in no buffer of a socket."""
    made = tmp_path / "large.bin"
    made.write_bytes(os.urandom(16 * MIB))
    return made


@pytest.mark.parametrize("is_open", [False, True], ids=["path", "open file"])
def test_upload_that_breaks_in_the_middle_is_sent_again_from_its_beginning(
    shell: Shell, large: Path, is_open: bool
) -> None:
    with CuttingServer(MIB, 3 * MIB) as server, large.open("rb") as file:
        shell.play(upload(file if is_open else large), server.url)

    (request,) = server.requests
    assert large.read_bytes() in request.body
    assert len(request.body) == int(request.headers["content-length"])


def test_upload_that_always_breaks_is_an_error(shell: Shell, large: Path) -> None:
    with CuttingServer(MIB, MIB, MIB) as server, pytest.raises(APIConnectionError, match="after 3 attempts"):
        shell.play(upload(large), server.url)
    assert server.requests == []


def test_upload_from_a_pipe_that_breaks_is_not_sent_again(shell: Shell, large: Path) -> None:
    reading, writing = os.pipe()

    def fill() -> None:
        with os.fdopen(writing, "wb") as sink, suppress(BrokenPipeError):
            sink.write(large.read_bytes())

    filler = threading.Thread(target=fill)
    filler.start()
    with (
        CuttingServer(MIB) as server,
        os.fdopen(reading, "rb") as file,
        pytest.raises(APIConnectionError) as caught,
    ):
        shell.play(upload(file), server.url)
    filler.join(LONG)
    assert "attempts" not in str(caught.value)
    assert server.requests == []


def test_answer_that_comes_before_the_upload_has_ended_is_its_result(shell: Shell, large: Path) -> None:
    refusal = answer(413, {"error": {"message": "Too much."}}, connection="close")
    with CuttingServer(refusal) as server, pytest.raises(APIStatusError, match="Too much") as caught:
        shell.play(upload(large), server.url, max_retries=0)
    assert caught.value.status_code == 413


@pytest.mark.parametrize("end", [CLOSE, HOLD], ids=["closed", "silent"])
def test_download_that_breaks_in_the_middle_begins_anew(shell: Shell, tmp_path: Path, end: Any) -> None:
    limits = {"timeout": SOON * 4} if end is HOLD else {}
    with ScriptedServer([BROKEN, end], [CONTENT]) as server:
        path = shell.play(download(tmp_path / "notes.txt"), server.url, **limits)
    assert path.read_bytes() == b"Buy milk."
    assert os.listdir(tmp_path) == ["notes.txt"]
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("end", "error"), [(CLOSE, APIConnectionError), (HOLD, APITimeoutError)], ids=["closed", "silent"]
)
def test_download_that_always_breaks_leaves_nothing(
    shell: Shell, tmp_path: Path, end: Any, error: type[Exception]
) -> None:
    limits = {"timeout": SOON * 4} if end is HOLD else {}
    with ScriptedServer(*[[BROKEN, end]] * 3) as server, pytest.raises(error):
        shell.play(download(tmp_path / "notes.txt"), server.url, **limits)
    assert os.listdir(tmp_path) == []
    assert len(server.requests) == 3


def test_cancelled_upload_leaves_a_client_that_works(shell: Shell, large: Path) -> None:
    if shell.name == "sync":
        pytest.skip("plain functions are not cancelled")
    with CuttingServer(b"") as server:

        async def script(session: Session) -> None:
            await cancel_when(server.got.is_set, lambda: upload(large)(session))
            await upload(b"small")(session)

        shell.play(script, server.url)
    assert [b"small" in request.body for request in server.requests] == [True]


def test_cancelled_download_leaves_nothing(shell: Shell, tmp_path: Path) -> None:
    if shell.name == "sync":
        pytest.skip("plain functions are not cancelled")
    with ScriptedServer([BROKEN, HOLD], [CONTENT]) as server:

        async def script(session: Session) -> None:
            await cancel_when(lambda: os.listdir(tmp_path), lambda: download(tmp_path / "a")(session))
            assert os.listdir(tmp_path) == []
            await download(tmp_path / "b")(session)

        shell.play(script, server.url)
    assert os.listdir(tmp_path) == ["b"]


def test_key_does_not_go_to_the_host_that_stores_the_content(shell: Shell, tmp_path: Path) -> None:
    with ScriptedServer() as server, ScriptedServer([CONTENT]) as storage:
        server.add([answer(302, b"", None, location=f"{storage.origin}/file?sig=1")])
        path = shell.play(
            download(tmp_path / "notes.txt"), server.url, default_headers={"X-Own": "secret"}, project="mine"
        )
    assert path.read_bytes() == b"Buy milk."
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    (request,) = storage.requests
    assert request.path == "/file?sig=1"
    assert {"authorization", "x-own", "openai-project", "cookie"}.isdisjoint(request.headers)


class Sink:
    """A server that keeps nothing: it takes any body, and gives as many bytes."""

    SIZE = 96 * MIB

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LONG)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._thread.join(LONG)
        self._listener.close()
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        sock, _ = self._listener.accept()
        with sock:
            sock.settimeout(LONG)
            buffer = bytearray(MIB)
            head = b""
            while b"\r\n\r\n" not in head:
                head += sock.recv(65536)
            start, _, body = head.partition(b"\r\n\r\n")
            if start.startswith(b"GET"):
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self.SIZE)
                for _ in range(self.SIZE // MIB):
                    sock.sendall(buffer)
            else:
                length = next(
                    line for line in start.split(b"\r\n") if line.lower().startswith(b"content-length")
                )
                left = int(length.partition(b":")[2]) - len(body)
                while left:
                    left -= sock.recv_into(buffer, min(MIB, left))
                sock.sendall(STORED)


@pytest.mark.parametrize("direction", ["up", "down"])
def test_memory_does_not_grow_with_the_file(shell: Shell, tmp_path: Path, direction: str) -> None:
    path = tmp_path / "sparse.bin"
    if direction == "up":
        with path.open("wb") as file:
            file.truncate(Sink.SIZE)

    async def script(session: Session) -> int:
        tracemalloc.start()
        try:
            await (upload(path) if direction == "up" else download(path))(session)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    with Sink() as server:
        most = shell.play(script, server.url)
    assert most < 32 * MIB
    assert path.stat().st_size == Sink.SIZE


# --- auth objects


class Signing(httpx.Auth):
    """An auth object that signs the body."""

    requires_request_body = True

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["X-Size"] = str(len(request.content))
        yield request


class WithToken(httpx.Auth):
    """An auth object that gets a token by a request of its own."""

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = yield httpx.Request("POST", request.url.join("/token"), content=b"grant")
        request.headers["Authorization"] = f"Bearer {token.headers['x-token']}"
        yield request

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = yield httpx.Request("POST", request.url.join("/token"), content=b"grant")
        request.headers["Authorization"] = f"Bearer {token.headers['x-token']}"
        yield request


def test_auth_object_may_send_requests_of_its_own(shell: Shell) -> None:
    token = answer(200, b"", None, **{"x-token": "t-1"})
    with ScriptedServer([token], [STORED]) as server:
        shell.play(upload(b"Buy milk."), server.url, auth=WithToken(), api_key=None)
    first, second = server.requests
    assert (first.path, first.body) == ("/token", b"grant")
    assert second.headers["authorization"] == "Bearer t-1"
    assert b"Buy milk." in second.body


def test_auth_object_that_signs_the_body_works_over_httpx(shell: Shell) -> None:
    with ScriptedServer([STORED]) as server:
        if shell.name == "aiohttp":
            with pytest.raises(ConfigurationError, match="auth signs the whole body of requests"):
                shell.play(upload(b"Buy milk."), server.url, auth=Signing(), api_key=None)
            return
        shell.play(upload(b"Buy milk."), server.url, auth=Signing(), api_key=None)
    (request,) = server.requests
    assert request.headers["x-size"] == str(len(request.body))
