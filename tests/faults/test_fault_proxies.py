"""Proxies that refuse, are silent, or lead nowhere: the error names the proxy, and its password nowhere."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from leaks import leaks
from proxy_server import (
    ACCEPT,
    ASK_PASSWORD,
    CONNECTED,
    HANG_UP,
    PASSWORD_OK,
    PASSWORD_WRONG,
    REFUSE_METHODS,
    ProxyServer,
    reply,
)
from samples import response
from scripted_server import ScriptedServer, answer
from shells import HTTP, Session, Shell, shown
from waits import PATIENT, SHORT, SOON

from responses_client._transport.failures import name_proxy, proxy_secrets, proxy_url
from responses_client._transport.protocols import TransportError
from responses_client.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    ResponsesClientError,
)

GOOD = [answer(200, response())]
PASSWORD = "hunter2"
# httpcore leaves the connection open when a SOCKS proxy refuses; our own clients close it.
LEAKS = pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

CORRECT = "correct {}_PROXY or ALL_PROXY, or the proxy of http_client"


@pytest.fixture(scope="module", autouse=True)
def _few_objects() -> None:
    """Leave existing objects out of the collections below, each of which would look at all of them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(params=["own", pytest.param("given", marks=LEAKS)])
def owner(request: pytest.FixtureRequest) -> Iterator[str]:
    """The owner of the HTTP client: the package, with a proxy of the environment, or the user."""
    yield str(request.param)
    if request.param == "given":
        gc.collect()  # here, where such warnings are let be


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, owner: str, shell: Shell) -> Any:
    """Return the options of `Shell.play` for a proxy."""

    def options(proxy: str) -> dict[str, Any]:
        if owner == "given":
            return {"http": {**HTTP, "proxy": proxy}}
        if shell.name == "aiohttp" and proxy.startswith("socks"):
            pytest.skip("aiohttp has no SOCKS")
        monkeypatch.setenv("ALL_PROXY", proxy)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        return {}

    return options


def error_of(shell: Shell, url: str, **options: Any) -> APIConnectionError:
    """Return the error of a call, which shows the password nowhere."""
    with pytest.raises(APIConnectionError) as caught:
        shell.play(Session.create, url, **options)
    assert not any(PASSWORD in text for text in shown(caught.value))
    return caught.value


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden"])
def test_proxy_that_refuses_to_connect_is_named_and_not_asked_again(
    shell: Shell, use: Any, status: str
) -> None:
    with ProxyServer(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode()) as proxy:
        error = error_of(shell, "https://api.test/v1", **use(f"http://user:{PASSWORD}@{proxy.address}"))
        assert proxy.connections == 1
    assert type(error) is APIConnectionError
    assert str(error) == (
        f"POST https://api.test got no answer: the proxy at {proxy.address} refused the connection: {status}; "
        + CORRECT.format("HTTPS")
    )


def test_proxy_that_finds_no_way_is_asked_again(shell: Shell, use: Any) -> None:
    with ProxyServer(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n") as proxy:
        error = error_of(shell, "https://api.test/v1", max_retries=1, **use(f"http://{proxy.address}"))
        assert proxy.connections == 2
    assert type(error) is APIConnectionError
    assert f"after 2 attempts: the proxy at {proxy.address} did not connect: 502 Bad Gateway; check" in str(
        error
    )


def test_proxy_that_asks_for_a_password_in_an_answer_is_named(shell: Shell, use: Any) -> None:
    with (
        ProxyServer(answer(407, "log in", content_type="text/plain")) as proxy,
        pytest.raises(APIStatusError) as caught,
    ):
        shell.play(Session.create, "http://api.test/v1", **use(f"http://{proxy.address}"))
    assert proxy.connections == 1
    assert str(caught.value).endswith(
        "log in; correct the user and password of the proxy, which answered this"
    )


def test_proxy_that_is_not_there_is_named(shell: Shell, use: Any) -> None:
    with ProxyServer() as proxy:
        pass
    error = error_of(shell, "https://api.test/v1", max_retries=0, **use(f"http://{proxy.address}"))
    assert type(error) is APIConnectionError
    assert f"(through the proxy at {proxy.address}); check the network, base_url and HTTPS_PROXY" in str(
        error
    )


def test_proxy_that_says_nothing_is_named(shell: Shell, use: Any) -> None:
    with ProxyServer() as proxy:
        error = error_of(
            shell, "https://api.test/v1", max_retries=0, timeout=SOON, **use(f"http://{proxy.address}")
        )
    assert type(error) is APITimeoutError
    assert f"(through the proxy at {proxy.address}); raise timeout" in str(error)


# --- SOCKS


@pytest.fixture
def socks() -> None:
    """The extra of httpx."""
    pytest.importorskip("socksio")


@pytest.mark.usefixtures("socks")
@pytest.mark.parametrize("answers", [(ACCEPT, CONNECTED), (ASK_PASSWORD, PASSWORD_OK, CONNECTED)])
def test_call_through_a_socks_proxy_is_answered(shell: Shell, use: Any, answers: tuple[bytes, ...]) -> None:
    with ScriptedServer(GOOD) as server, ProxyServer(*answers, target=server.origin) as proxy:
        login = f"user:{PASSWORD}@" if len(answers) == 3 else ""
        assert (
            shell.play(Session.create, server.url, **use(f"socks5://{login}{proxy.address}")).output_text
            == "Hello"
        )


@pytest.mark.without_aiohttp(reason="it has no SOCKS")
@pytest.mark.usefixtures("socks")
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("answers", [(), (ASK_PASSWORD,), (ASK_PASSWORD, PASSWORD_OK)])
def test_socks_proxy_that_says_nothing_is_left_in_time(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, scheme: str, answers: tuple[bytes, ...]
) -> None:
    with ProxyServer(*answers) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://user:{PASSWORD}@{proxy.address}")
        start = time.monotonic()
        error = error_of(shell, f"{scheme}://api.test/v1", max_retries=0, timeout=SOON)
        assert time.monotonic() - start < PATIENT
    assert type(error) is APITimeoutError
    assert f"(through the proxy at {proxy.address}); raise timeout or deadline, or try again" in str(error)


@pytest.mark.without_aiohttp(reason="it has no SOCKS")
@pytest.mark.usefixtures("socks")
def test_server_behind_a_socks_proxy_may_take_longer_than_the_connection(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        ScriptedServer([SHORT + 4 * SOON, *GOOD]) as server,
        ProxyServer(ACCEPT, CONNECTED, target=server.origin) as proxy,
    ):
        monkeypatch.setenv("ALL_PROXY", f"socks5://{proxy.address}")
        monkeypatch.setenv("NO_PROXY", "")
        waits = httpx.Timeout(SHORT, read=None)
        assert shell.play(Session.create, server.url, timeout=waits).output_text == "Hello"


@pytest.mark.usefixtures("socks")
@pytest.mark.parametrize(
    ("login", "answers", "problem"),
    [
        (f"user:{PASSWORD}@", (ASK_PASSWORD, PASSWORD_WRONG), "Invalid username/password"),
        (
            "",
            (ASK_PASSWORD,),
            "Requested NO AUTHENTICATION REQUIRED from proxy server, but got USERNAME/PASSWORD",
        ),
        (
            "",
            (REFUSE_METHODS,),
            "Requested NO AUTHENTICATION REQUIRED from proxy server, but got NO ACCEPTABLE METHODS",
        ),
        ("", (ACCEPT, reply(2)), "Proxy Server could not connect: Connection not allowed by ruleset"),
    ],
)
def test_socks_proxy_that_refuses_is_named_and_not_asked_again(
    shell: Shell, use: Any, login: str, answers: tuple[bytes, ...], problem: str
) -> None:
    with ProxyServer(*answers) as proxy:
        error = error_of(shell, "https://api.test/v1", **use(f"socks5://{login}{proxy.address}"))
        assert proxy.connections == 1
    assert type(error) is APIConnectionError
    assert str(error).endswith(
        f"the proxy at {proxy.address} refused the connection: {problem}; {CORRECT.format('HTTPS')}"
    )


@pytest.mark.usefixtures("socks")
@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ((ACCEPT, reply(4)), "did not connect: Proxy Server could not connect: Host unreachable"),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "does not speak SOCKS5"),
        ((HANG_UP,), "does not speak SOCKS5"),
    ],
)
def test_socks_proxy_that_fails_is_asked_again(
    shell: Shell, use: Any, answers: tuple[bytes, ...], problem: str
) -> None:
    with ProxyServer(*answers) as proxy:
        error = error_of(shell, "https://api.test/v1", max_retries=1, **use(f"socks5://{proxy.address}"))
        assert proxy.connections == 2
    assert type(error) is APIConnectionError
    assert f"after 2 attempts: the proxy at {proxy.address} {problem}" in str(error)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_certificate_behind_a_proxy_is_that_of_the_server(
    shell: Shell, use: Any, certificate: Path, scheme: str, request: pytest.FixtureRequest
) -> None:
    if scheme == "socks5":
        request.getfixturevalue("socks")
    answers = (ACCEPT, CONNECTED) if scheme == "socks5" else (b"HTTP/1.1 200 OK\r\n\r\n",)
    with (
        ScriptedServer(certificate=certificate) as server,
        ProxyServer(*answers, target=server.origin) as proxy,
    ):
        error = error_of(shell, server.url, **use(f"{scheme}://{proxy.address}"))
        assert proxy.connections == 1
    assert (
        f"was refused: self-signed certificate (through the proxy at {proxy.address}); set SSL_CERT_FILE"
        in str(error)
    )


@pytest.mark.parametrize(
    "proxy",
    [
        f"ftp://user:{PASSWORD}@proxy.test",
        f"http://user:{PASSWORD}@proxy.test:port",
        f"http://{PASSWORD}:{PASSWORD}",
    ],
)
def test_address_of_a_proxy_that_cannot_work_is_not_shown(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ConfigurationError, match="proxy or TLS settings of the environment") as caught:
        shell.play(Session.create, "https://api.test/v1")
    assert not any(PASSWORD in text for text in shown(caught.value))


LONG_PASSWORD = "long-hunter3"


@pytest.mark.parametrize("address", ["ftp://{}@h:1", "http://{}@h:port", "socks4://{}@h", "http://{}@h..x"])
def test_password_in_an_address_that_cannot_work_is_in_no_frame(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", address.format(f"me:{LONG_PASSWORD}"))

    with pytest.raises(ResponsesClientError) as caught:
        shell.create("https://api.test/v1", max_retries=0)

    assert leaks(caught.value, LONG_PASSWORD) == []


@pytest.mark.parametrize("status", [407, 502])
def test_password_that_a_proxy_repeats_is_masked(shell: Shell, use: Any, status: int) -> None:
    refusal = f"HTTP/1.1 {status} wrong {LONG_PASSWORD}\r\ncontent-length: 0\r\n\r\n".encode()
    with ScriptedServer([refusal]) as server:
        options = use(server.origin.replace("//", f"//me:{LONG_PASSWORD}@"))
        with pytest.raises(APIConnectionError) as caught:
            shell.create("https://api.test/v1", max_retries=0, **options)

    assert "wrong ***" in str(caught.value)
    assert leaks(caught.value, LONG_PASSWORD) == []


def test_login_at_a_socks_proxy_is_a_secret() -> None:
    for proxy in ("socks5://me:long-hunter3@h:1", "http://me:long-hunter3@h:1"):
        with httpx.Client(**{**HTTP, "proxy": proxy}) as client:
            failure = TransportError("connect", "refused")
            url = httpx.URL("https://api.test/")
            name_proxy(failure, proxy_url(client, url), url, proxy_secrets(client, url))
        assert LONG_PASSWORD in failure.secrets
