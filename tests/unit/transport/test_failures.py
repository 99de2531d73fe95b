"""Failures of HTTP libraries: kinds, reasons and advice, of exceptions as the libraries chain them."""

from __future__ import annotations

import ssl
import sys
from types import SimpleNamespace
from typing import Any

import aiohttp
import anyio
import h2.exceptions
import httpcore
import httpx
import httpx2
import pytest
from aiohttp.client_reqrep import ConnectionKey

from responses_client._transport.failures import (
    is_of_reader,
    library_exceptions,
    name_proxy,
    proxy_secrets,
    proxy_url,
    to_failure,
)
from responses_client._transport.protocols import TransportError

KEY = ConnectionKey("a", 1, False, True, None, None, None)
INFO: Any = SimpleNamespace(real_url="http://a/?key=sk-1", headers={"Authorization": "Bearer sk-secret"})


def chained(outer: BaseException, *below: BaseException, hidden: bool = False) -> Any:
    """Chain exceptions: each is the cause of the one before, or only its context."""
    error = outer
    for cause in below:
        if hidden:
            error.__context__, error.__suppress_context__ = cause, True
        else:
            error.__cause__ = cause
        error = cause
    return outer


def refused(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, f"[SSL] certificate verify failed: {message}")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (9, "check the clock"),
        (10, "have it renewed"),
        (18, "set SSL_CERT_FILE"),
        (20, "set SSL_CERT_FILE"),
        (62, "correct the host in base_url"),
        (64, "correct the host in base_url"),
    ],
)
@pytest.mark.parametrize("hidden", [False, True])
def test_certificate_that_is_refused_says_what_to_do(code: int, advice: str, hidden: bool) -> None:
    error = chained(
        httpx.ConnectError(""), httpcore.ConnectError(), refused(code, "a reason."), hidden=hidden
    )
    failure = to_failure(error, httpx)
    assert failure.outcome.kind == "certificate"
    assert failure.reason == "the certificate of the server was refused: a reason"
    assert failure.advice is not None
    assert failure.advice.startswith(advice)
    assert failure.advice.endswith("or pass an http_client whose verify= accepts it")
    assert failure.__cause__ is error


def test_certificate_is_recognized_without_the_details_of_openssl() -> None:
    failure = to_failure(chained(httpx2.ConnectError("x"), ssl.SSLCertVerificationError(1, "bad")), httpx2)
    assert failure.outcome.kind == "certificate"
    assert failure.reason.startswith("the certificate of the server was refused: ")
    assert "bad" in failure.reason


def test_error_that_the_caller_handles_meanwhile_is_not_the_reason() -> None:
    error = chained(httpx.ConnectError("x"), httpcore.ConnectError(), ConnectionRefusedError("refused"))
    error.__cause__.__cause__.__context__ = refused(18, "self-signed")
    assert to_failure(error, httpx).outcome.kind == "connect"


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (
            chained(httpx.ConnectTimeout("x"), aiohttp.ServerDisconnectedError()),
            "network",
            "ServerDisconnectedError: Server disconnected",
        ),
        (
            chained(httpx.ConnectTimeout("x"), aiohttp.ServerDisconnectedError(SimpleNamespace())),
            "network",
            "ServerDisconnectedError: the connection ended in the middle of the headers",
        ),
        (
            chained(httpx.ConnectTimeout("x"), aiohttp.ClientConnectorError(KEY, OSError(111, "refused"))),
            "connect",
            "ClientConnectorError: Cannot connect to host a:1 ssl:default [refused]",
        ),
        (
            chained(httpx.ReadTimeout("x"), aiohttp.SocketTimeoutError("late")),
            "timeout",
            "ReadTimeout",
        ),
        (
            aiohttp.ClientResponseError(INFO, (), status=400, message="Bad status line:\n  x"),
            "network",
            "ClientResponseError: Bad status line: x",
        ),
        (aiohttp.ClientConnectionError(), "network", "ClientConnectionError"),
        (
            chained(
                httpx.ProxyError("x"), aiohttp.ClientHttpProxyError(INFO, (), status=407, message="Log in")
            ),
            "proxy",
            "the proxy refused the connection: 407 Log in",
        ),
    ],
)
def test_exceptions_of_aiohttp_decide_and_not_what_they_are_mapped_to(
    error: Any, kind: str, reason: str
) -> None:
    failure = to_failure(error, httpx)
    assert (failure.outcome.kind, failure.reason) == (kind, reason)


def test_certificate_error_of_aiohttp_is_that_of_the_server() -> None:
    below = aiohttp.ClientConnectorCertificateError(KEY, refused(18, "self-signed certificate"))
    failure = to_failure(chained(httpx.ConnectTimeout("x"), below), httpx)
    assert failure.reason == "the certificate of the server was refused: self-signed certificate"


def test_exceptions_whose_repr_shows_headers_or_proxies_are_not_the_cause() -> None:
    below = ValueError("bad line")
    error = chained(aiohttp.ClientResponseError(INFO, ()), below)
    assert "sk-secret" in repr(error)
    assert to_failure(error, httpx).__cause__ is below
    mapped = chained(httpx.ConnectError("x"), aiohttp.ClientConnectorError(KEY, OSError(1, "x")), below)
    assert to_failure(mapped, httpx).__cause__ is below


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        (
            "407 Proxy Authentication Required",
            "proxy",
            "the proxy refused the connection: 407 Proxy Authentication Required",
        ),
        ("403 Forbidden", "proxy", "the proxy refused the connection: 403 Forbidden"),
        ("Invalid username/password", "proxy", "the proxy refused the connection: Invalid username/password"),
        (
            "Requested NO AUTH from proxy server, but got NO ACCEPTABLE METHODS.",
            "proxy",
            "the proxy refused the connection: Requested NO AUTH from proxy server, but got NO ACCEPTABLE METHODS",
        ),
        (
            "Proxy Server could not connect: Connection not allowed by ruleset.",
            "proxy",
            "the proxy refused the connection: Proxy Server could not connect: Connection not allowed by ruleset",
        ),
        ("429 Slow down", "connect", "the proxy did not connect: 429 Slow down"),
        ("502 Bad Gateway", "connect", "the proxy did not connect: 502 Bad Gateway"),
        (
            "Proxy Server could not connect: Host unreachable.",
            "connect",
            "the proxy did not connect: Proxy Server could not connect: Host unreachable",
        ),
        ("", "connect", "the proxy did not connect: "),
    ],
)
def test_proxy_that_refuses_is_told_from_one_that_finds_no_way(text: str, kind: str, reason: str) -> None:
    failure = to_failure(httpx.ProxyError(text), httpx)
    assert (failure.outcome.kind, failure.reason) == (kind, reason)
    assert failure.advice == ("correct the proxy settings" if kind == "proxy" else None)


def test_proxy_that_does_not_speak_socks_is_a_connect_failure() -> None:
    socksio = pytest.importorskip("socksio")
    assert socksio.ProtocolError in library_exceptions(httpx)
    failure = to_failure(socksio.ProtocolError("Malformed reply"), httpx)
    assert (failure.outcome.kind, failure.reason) == (
        "connect",
        "the proxy does not speak SOCKS5: Malformed reply",
    )


def test_exceptions_below_the_library_are_among_those_that_become_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = library_exceptions(httpx)
    assert {httpx.RequestError, OSError, anyio.EndOfStream, aiohttp.ClientError, h2.exceptions.H2Error} <= {
        *found
    }
    for module in ("aiohttp", "h2.exceptions"):
        monkeypatch.delitem(sys.modules, module)
    assert not {aiohttp.ClientError, h2.exceptions.H2Error} & {*library_exceptions(httpx)}
    assert to_failure(aiohttp.ClientError("x"), httpx).reason == "ClientError: x"


# --- proxies by name


@pytest.mark.parametrize(
    ("proxy", "address"),
    [
        ("http://user:secret@127.0.0.1:3128", "127.0.0.1:3128"),
        ("http://[::1]:3128", "[::1]:3128"),
        ("http://proxy.test", "proxy.test"),
    ],
)
def test_failure_names_the_proxy_without_its_password(proxy: str, address: str) -> None:
    with httpx.Client(proxy=proxy, trust_env=False) as client:
        refusal = to_failure(httpx.ProxyError("407 Log in"), httpx)
        url = httpx.URL("https://api.test/")
        name_proxy(refusal, proxy_url(client, url), url, proxy_secrets(client, url))
        assert refusal.reason == f"the proxy at {address} refused the connection: 407 Log in"
        assert refusal.advice == "correct HTTPS_PROXY or ALL_PROXY, or the proxy of http_client"

        no_way = TransportError("connect", "ConnectError: refused")
        url = httpx.URL("http://api.test/")
        name_proxy(no_way, proxy_url(client, url), url, proxy_secrets(client, url))
        assert no_way.reason == f"ConnectError: refused (through the proxy at {address})"
        assert (
            no_way.advice
            == "check the network, base_url and HTTP_PROXY or ALL_PROXY, or the proxy of http_client"
        )

        late = TransportError("timeout", "ReadTimeout")
        name_proxy(late, proxy_url(client, url), url, proxy_secrets(client, url))
        assert (late.reason, late.advice) == (f"ReadTimeout (through the proxy at {address})", None)


def test_failure_without_a_proxy_stays_as_it_is() -> None:
    with httpx.Client(trust_env=False) as client:
        failure = TransportError("connect", "ConnectError: refused")
        url = httpx.URL("http://api.test/")
        name_proxy(failure, proxy_url(client, url), url, proxy_secrets(client, url))
        assert (failure.reason, failure.advice) == ("ConnectError: refused", None)


def test_proxy_of_a_transport_of_aiohttp_is_found() -> None:
    transport: Any = SimpleNamespace(proxy=httpx.Proxy("http://127.0.0.1:3128"))
    client: Any = SimpleNamespace(_transport_for_url=lambda url: transport)
    assert proxy_url(client, "http://a").port == 3128


# --- what libraries did not expect, and say in their own way


def test_error_that_is_its_own_cause_is_read_once() -> None:
    shared = httpcore.ReadError("reset")
    error = chained(httpx.ReadError("reset"), shared)
    shared.__context__ = error
    assert to_failure(error, httpx).reason == "ReadError: reset"
    assert to_failure(chained(error, error), httpx).reason == "ReadError: reset"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "<StreamReset stream_id:1, error_code:7, remote_reset:True>",
            "the server reset the stream, by the HTTP/2 code 7 (REFUSED_STREAM)",
        ),
        (
            "<ConnectionTerminated error_code:0, last_stream_id:1, additional_data:None>",
            "the server is closing the connection, by the HTTP/2 code 0 (NO_ERROR)",
        ),
        (
            "<StreamReset stream_id:1, error_code:99, remote_reset:True>",
            "the server reset the stream, by the HTTP/2 code 99 (unknown)",
        ),
        ("cannot decode <memory at 0x7fcc3466f700>", "cannot decode <memory>"),
    ],
)
def test_objects_in_messages_become_words(text: str, shown: str) -> None:
    assert to_failure(httpx.RemoteProtocolError(text), httpx).reason == f"RemoteProtocolError: {shown}"


def raised_in(module: str, error: BaseException) -> BaseException:
    code = "def f(error):\n    raise error"
    names: dict[str, Any] = {"__name__": module}
    exec(code, names)
    with pytest.raises(type(error)):
        names["f"](error)
    return error


def test_what_python_raises_in_a_library_that_reads_is_about_the_answer() -> None:
    assert is_of_reader(raised_in("httpcore._sync.http2", ValueError("invalid literal for int()")))
    assert is_of_reader(raised_in("h2.connection", KeyError(3)))
    assert not is_of_reader(raised_in("my.hooks", ValueError()))
    assert not is_of_reader(raised_in("httpcore", ImportError()))
    assert not is_of_reader(ValueError())
