"""Connections that are refused, broken or silent while a plain answer is waited for."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from httpx import Timeout
from samples import response
from scripted_server import CLOSE, HOLD, RESET, ScriptedServer, Step, answer, head, limit_for
from shells import HTTP, Session, Shell
from waits import PATIENT, SOON

from responses_client.errors import APIConnectionError, APITimeoutError

GOOD = [answer(200, response())]
BODY = head(200, content_type="application/json", content_length="1000") + b'{"id": "resp_1", '
BROKEN: dict[str, list[Step]] = {
    "closed before the headers": [CLOSE],
    "reset before the headers": [RESET],
    "closed in the headers": [b"HTTP/1.1 200 OK\r\ncontent-", CLOSE],
    "reset in the headers": [b"HTTP/1.1 200 OK\r\ncontent-", RESET],
    "closed in the body": [BODY, CLOSE],
    "reset in the body": [BODY, RESET],
    "no HTTP": [b"SSH-2.0-OpenSSH_9.9\r\n", CLOSE],
}
SILENT: dict[str, list[Step]] = {
    "silent before the headers": [HOLD],
    "silent in the headers": [b"HTTP/1.1 200 OK\r\ncontent-", HOLD],
    "silent in the body": [BODY, HOLD],
}
BAD = [pytest.param(script, id=name) for name, script in (BROKEN | SILENT).items()]


def test_refused_connection_says_where_and_what_to_do(shell: Shell) -> None:
    with socket.socket() as bound:  # bound, and never listening
        bound.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(APIConnectionError) as caught:
            shell.create(f"{origin}/v1", max_retries=1)

    reason = shell.words("ConnectError")
    assert str(caught.value).startswith(f"POST {origin} got no answer after 2 attempts: {reason}")
    assert str(caught.value).endswith("check the network and base_url")
    # The exception of aiohttp shows the proxy with its password.
    cause = "ConnectionRefusedError" if shell.name == "aiohttp" else "ConnectError"
    assert type(caught.value.__cause__).__name__ == cause


@pytest.mark.parametrize("script", [pytest.param(script, id=name) for name, script in BROKEN.items()])
def test_broken_connection_is_a_connection_error(shell: Shell, script: list[Step]) -> None:
    with ScriptedServer(script) as server, pytest.raises(APIConnectionError) as caught:
        shell.create(server.url, max_retries=0)

    assert not isinstance(caught.value, APITimeoutError)
    assert "got no answer: " in str(caught.value)
    assert caught.value.__cause__ is not None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("script", [pytest.param(script, id=name) for name, script in SILENT.items()])
def test_silent_connection_is_a_timeout_error(shell: Shell, script: list[Step]) -> None:
    with ScriptedServer(script) as server, pytest.raises(APITimeoutError) as caught:
        shell.create(server.url, timeout=Timeout(PATIENT, read=SOON), max_retries=0)

    assert "was not answered in time: ReadTimeout" in str(caught.value)


@pytest.mark.parametrize("script", BAD[:-2])
def test_each_try_carries_the_same_idempotency_key_and_body(shell: Shell, script: list[Step]) -> None:
    with ScriptedServer(script, script, GOOD) as server:
        created = shell.create(server.url, timeout=limit_for(script))

    assert created.output_text == "Hello"
    assert created.meta is not None
    assert created.meta.tries == 3
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1
    assert len({request.body for request in server.requests}) == 1
    assert len(server.requests) == 3


@pytest.mark.parametrize("script", BAD)
def test_pool_is_usable_after_each_failure(shell: Shell, script: list[Step]) -> None:
    async def play(session: Session) -> None:
        with pytest.raises(APIConnectionError):
            await session.create(timeout=limit_for(script, silent=SOON), max_retries=0)
        assert session.busy_connections == 0
        assert (await session.create()).output_text == "Hello"

    with ScriptedServer(script, GOOD) as server:
        shell.play(play, server.url)


def test_connection_that_the_server_closed_while_idle_is_replaced_without_a_retry(shell: Shell) -> None:
    async def play(session: Session) -> None:
        for _ in range(3):
            await session.create(max_retries=0)
            assert server.closed.acquire(timeout=PATIENT)

    with ScriptedServer(*[[*GOOD, CLOSE]] * 3) as server:
        shell.play(play, server.url)
        assert server.connections == 3


def test_connection_that_closes_as_the_next_request_comes_is_retried(shell: Shell) -> None:
    async def play(session: Session) -> int | None:
        await session.create()
        meta = (await session.create()).meta
        return meta and meta.tries

    with ScriptedServer(GOOD, [CLOSE], GOOD) as server:
        assert shell.play(play, server.url) == 2
        assert [request.connection for request in server.requests] == [1, 1, 2]


def test_plain_answers_share_one_connection(shell: Shell) -> None:
    async def play(session: Session) -> None:
        for _ in range(3):
            await session.create()

    with ScriptedServer(GOOD, GOOD, GOOD) as server:
        shell.play(play, server.url)
        assert server.connections == 1


def test_address_may_be_of_ip_version_6(shell: Shell) -> None:
    try:
        server = ScriptedServer(GOOD, host="::1")
    except OSError:
        pytest.skip("there is no IPv6 here")
    with server:
        assert shell.create(server.url).output_text == "Hello"
        assert server.requests[0].headers["host"] == server.origin.removeprefix("http://")


def test_path_of_the_base_url_is_kept(shell: Shell) -> None:
    with ScriptedServer(GOOD) as server:
        shell.create(f"{server.origin}/proxy/open%20ai/v1/", {"extra_query": {"api-version": "1"}})

    assert server.requests[0].path == "/proxy/open%20ai/v1/responses?api-version=1"


def test_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, shell: Shell) -> None:
    with ScriptedServer([answer(200, response(), connection="close")]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        created = shell.create("http://api.invalid/v1", http_client=None)

    assert created.output_text == "Hello"
    assert proxy.requests[0].path == "http://api.invalid/v1/responses"


@pytest.mark.parametrize(
    ("no_proxy", "is_direct"),
    [("::/0, [::1], 127.0.0.0/8", True), ("::/0,[::1],fe80::/10,10.0.0.0/8", False), ("*", True)],
)
def test_hosts_without_a_proxy_are_reached_directly(
    monkeypatch: pytest.MonkeyPatch, shell: Shell, no_proxy: str, is_direct: bool
) -> None:
    by_proxy, directly = (
        answer(200, response(text=text), connection="close") for text in ("By the proxy", "Directly")
    )
    with ScriptedServer([by_proxy]) as proxy, ScriptedServer([directly]) as server:
        monkeypatch.setenv("ALL_PROXY", proxy.origin)
        monkeypatch.setenv("NO_PROXY", no_proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        assert shell.create(server.url).output_text == ("Directly" if is_direct else "By the proxy")


@pytest.mark.parametrize("http", [None, HTTP], ids=["own", "given"])
def test_cookies_are_kept_by_the_users_client_alone(shell: Shell, http: dict[str, Any] | None) -> None:
    async def script(session: Session) -> None:
        await session.create()
        await session.create()
        await session.create(extra_headers={"Cookie": "mine=1"})

    good = answer(200, response(), set_cookie="session=of-the-first-key; Path=/")
    with ScriptedServer([good], [good], [good]) as server:
        shell.play(script, server.url, http)
    cookies = [seen.headers.get("cookie") for seen in server.requests]
    assert cookies[:2] == [None, "session=of-the-first-key" if http else None]
    assert "mine=1" in str(cookies[2])


def test_certificates_that_are_named_later_count_for_later_clients(
    monkeypatch: pytest.MonkeyPatch, shell: Shell, certificate: Path
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with ScriptedServer(
        [answer(200, response())], [answer(200, response())], certificate=certificate
    ) as server:
        with pytest.raises(APIConnectionError, match="the certificate of the server was refused"):
            shell.create(server.url, max_retries=0)
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
        assert shell.create(server.url).output_text == "Hello"
