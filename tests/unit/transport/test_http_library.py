"""The HTTP library behind the drivers: requests, exceptions, auth objects, TLS and proxies."""

from __future__ import annotations

import gc
import gzip
import ssl
import weakref
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import aiohttp
import anyio
import anyio.lowlevel
import h11
import httpx
import pytest
from drivers import REQUEST, Driver, Pieces, answering, read
from waits import SHORT, settle

from responses_client._base.clock import NO_DEADLINE
from responses_client._transport.asynchronous import AsyncIO
from responses_client._transport.http_library import HttpLibrary, make_client
from responses_client._transport.protocols import TransportError, WireRequest, run
from responses_client._transport.sync import SyncIO
from responses_client.errors import ConfigurationError

# --- requests


def sent(driver: Driver, request: WireRequest = REQUEST, timeout: float | None = None) -> httpx.Request:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    driver.send(handler, request, timeout)
    return seen[0]


def test_request_is_sent_as_it_is(driver: Driver) -> None:
    request = sent(driver)

    assert (request.method, str(request.url), request.content) == (
        "POST",
        "http://api.test/v1/responses",
        b"{}",
    )
    assert request.headers["x-a"] == "1"
    assert request.extensions["timeout"] == {"connect": 5.0, "read": 600.0, "write": None, "pool": None}


def test_each_request_has_its_url_and_a_repeated_one_is_read_once() -> None:
    library = HttpLibrary(httpx)
    client = httpx.Client()
    paths = ["/a", "/a", "/b?c=d", "/a"]
    urls = [f"http://api.test{path}" for path in paths]

    built = [library.build(client, REQUEST._replace(url=url), NO_DEADLINE).url for url in urls]

    assert list(map(str, built)) == urls
    assert library._url(urls[-1]) is library._url(urls[-1])


def test_header_may_hold_latin_1_and_none_removes_one(driver: Driver) -> None:
    headers = {"X-Name": "Café", "user-agent": None, "X-None": None}
    request = sent(driver, REQUEST._replace(headers=headers))

    assert dict(request.headers.raw)[b"X-Name"] == b"Caf\xe9"
    assert "user-agent" not in request.headers
    assert "accept" in request.headers


def test_timeouts_shrink_with_the_remaining_time(driver: Driver) -> None:
    waits: Any = sent(driver, timeout=SHORT).extensions["timeout"]

    assert list(waits) == ["connect", "read", "write", "pool"]
    assert len(waits) == 4
    assert SHORT >= waits["connect"] >= waits["read"] > 0
    settle(SHORT)
    assert dict(waits) == {"connect": 0.001, "read": 0.001, "write": 0.001, "pool": 0.001}
    with pytest.raises(KeyError):
        waits["other"]


# --- exceptions


ERRORS: list[tuple[Exception, str, str]] = [
    (httpx.ConnectError("refused"), "connect", "ConnectError: refused"),
    (ConnectionRefusedError("refused"), "connect", "ConnectionRefusedError: refused"),
    (httpx.ReadTimeout(""), "timeout", "ReadTimeout"),
    (TimeoutError(), "timeout", "TimeoutError"),
    (httpx.ReadError("reset"), "network", "ReadError: reset"),
    (httpx.RemoteProtocolError("a\n b"), "network", "RemoteProtocolError: a b"),
    (httpx.LocalProtocolError("x"), "network", "LocalProtocolError: x"),
    (httpx.ProxyError("407"), "proxy", "the proxy refused the connection: 407"),
    (httpx.DecodingError("bad"), "decoding", "DecodingError: bad"),
    (ConnectionResetError("reset"), "network", "ConnectionResetError: reset"),
    (ssl.SSLError("bad record"), "network", "SSLError: ('bad record',)"),
    (anyio.BrokenResourceError(), "network", "BrokenResourceError"),
    (anyio.ClosedResourceError(), "network", "ClosedResourceError"),
    (anyio.EndOfStream(), "network", "EndOfStream"),
]


@pytest.mark.parametrize(("error", "kind", "reason"), ERRORS)
def test_exceptions_of_the_library_become_transport_errors(
    driver: Driver, error: Exception, kind: str, reason: str
) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(TransportError) as caught:
        driver.send(refuse)
    assert (caught.value.outcome.kind, caught.value.reason) == (kind, reason)
    assert caught.value.__cause__ is error

    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        assert await body.next(NO_DEADLINE) == b"a"
        with pytest.raises(TransportError) as caught:
            await body.next(NO_DEADLINE)
        assert (caught.value.outcome.kind, caught.value.reason) == (kind, reason)
        await body.close()

    driver.play(script, answering(Pieces(b"a", error)))


def test_error_without_a_message_has_that_of_its_cause(driver: Driver) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        try:
            raise ValueError("certificate verify failed")
        except ValueError:
            raise anyio.BrokenResourceError from None

    def refuse_visibly(_: httpx.Request) -> httpx.Response:
        try:
            refuse(_)
        except anyio.BrokenResourceError as error:
            raise httpx.ConnectError("") from error
        raise AssertionError

    with pytest.raises(TransportError, match=r"^ConnectError: certificate verify failed$"):
        driver.send(refuse_visibly)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError(), httpx.HTTPStatusError])
def test_other_errors_pass_as_they_are(driver: Driver, error: Any) -> None:
    if error is httpx.HTTPStatusError:
        error = httpx.HTTPStatusError(
            "of a hook", request=httpx.Request("GET", "/"), response=httpx.Response(400)
        )

    def refuse(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(type(error)):
        driver.send(refuse)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://xn--a/", None),
        ("http://api.test/\x7f", None),
        ("http://api.test/", UnicodeError("label empty or too long")),
    ],
)
def test_url_that_cannot_be_requested_is_a_configuration_error(
    driver: Driver, url: str, error: Exception | None
) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        assert error is not None
        raise error

    with pytest.raises(ConfigurationError, match=r"The URL of the request is invalid: .*; check base_url"):
        driver.send(refuse, REQUEST._replace(url=url))


# --- auth objects


class Signed(httpx.Auth):
    """An auth object that answers a challenge."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        response = yield request
        if response.status_code == 401:
            request.headers["Authorization"] = "Mine"
            yield request


class SignedAlike:
    """An auth object of another library: the methods alone."""

    def sync_auth_flow(self, request: Any) -> Any:
        return Signed().sync_auth_flow(request)

    def async_auth_flow(self, request: Any) -> Any:
        return Signed().async_auth_flow(request)


@pytest.mark.parametrize("auth", [Signed(), SignedAlike()], ids=["httpx", "alike"])
def test_auth_object_signs_the_request(driver: Driver, auth: Any) -> None:
    sent: list[tuple[str | None, bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.headers.get("authorization"), request.content))
        return httpx.Response(200 if sent[-1][0] else 401)

    body = driver.send(answer, REQUEST._replace(auth=auth))

    assert body.status_code == 200
    assert sent == [(None, b"{}"), ("Mine", b"{}")]


class ReadFirst(httpx.Auth):
    """An auth object that reads whole answers."""

    requires_response_body = True


@pytest.mark.parametrize("compressed", [False, True])
def test_answer_that_an_auth_object_has_read_is_read_again(driver: Driver, compressed: bool) -> None:
    body = Pieces(gzip.compress(b"Hello")) if compressed else Pieces(b"Hel", b"lo")
    headers = {"content-encoding": "gzip"} if compressed else {}

    async def script(io: SyncIO | AsyncIO) -> list[bytes]:
        answer = await io.send(REQUEST._replace(auth=ReadFirst()), NO_DEADLINE)
        pieces = await read(answer)
        assert await answer.drain() == b""
        await answer.close()
        return pieces

    assert b"".join(driver.play(script, answering(body, **headers))) == b"Hello"
    assert body.closed == 1


@pytest.mark.parametrize("auth", [None, Signed()])
def test_auth_of_the_users_client_stays_unless_there_is_another(auth: Any) -> None:
    sent: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("authorization"))
        return httpx.Response(200)

    given = httpx.Client(transport=httpx.MockTransport(answer), auth=("me", "password"))
    run(SyncIO(given).send(REQUEST._replace(auth=auth), NO_DEADLINE))

    assert [text and text[:6] for text in sent] == [None if auth else "Basic "]


# --- clients


@pytest.mark.parametrize("given", [{}, httpx.AsyncClient(), httpx.HTTPTransport()])
def test_client_of_another_kind_is_refused(given: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"http_client must be an httpx\.Client or httpx2\.Client here"
    ):
        SyncIO(given)


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("ALL_PROXY", "nonsense://proxy.test", "nonsense"),
        ("ALL_PROXY", "http://user:hunter2@host:port", "the address of a proxy is not a URL; correct"),
        ("SSL_CERT_FILE", "/does/not/exist", "SSL_CERT_FILE names '/does/not/exist', .*No such file"),
        ("SSL_CERT_FILE", __file__, "which has no certificates"),
    ],
)
@pytest.mark.parametrize("driver", [SyncIO, AsyncIO])
def test_environment_that_cannot_work_is_a_configuration_error(
    driver: Any, variable: str, value: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    async def main() -> None:
        with pytest.raises(
            ConfigurationError, match=f"proxy or TLS settings of the environment cannot work: .*{problem}"
        ):
            await driver().send(REQUEST._replace(url="https://api.test/"), NO_DEADLINE)
        with pytest.raises(ConfigurationError, match=problem):
            await as_made_ahead(driver())

    async def as_made_ahead(io: Any) -> None:
        made = io.make_client("https://api.test/")
        if made is not None:
            await made

    anyio.run(main)


class Cancelled(BaseException):
    """As event loops raise it to carry out a timeout."""


def test_timeout_without_a_message_has_none_of_the_cancellation_behind_it(driver: Driver) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        timeout = httpx.ReadTimeout("")
        timeout.__context__ = TimeoutError()
        timeout.__context__.__context__ = Cancelled("Cancelled by cancel scope 7f33e4d01c10")
        raise timeout

    with pytest.raises(TransportError, match=r"^ReadTimeout$"):
        driver.send(handler)


@pytest.mark.parametrize(
    "error",
    [
        httpx.InvalidURL("Invalid port: 'x'"),
        httpx.RemoteProtocolError("Invalid URL in location header: x."),
    ],
)
def test_redirect_to_something_that_is_not_a_url_is_a_failure_of_its_own(
    driver: Driver, error: Exception
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(TransportError) as caught:
        driver.send(handler)

    assert caught.value.outcome.kind == "redirect"


def test_length_that_a_body_does_not_have_is_a_failure(driver: Driver) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise h11.LocalProtocolError("Too much data for declared Content-Length")

    with pytest.raises(TransportError, match=r"^LocalProtocolError: Too much data"):
        driver.send(handler)


@pytest.mark.parametrize("kind", [httpx.Client, httpx.AsyncClient])
def test_client_goes_by_the_proxy_and_keeps_no_cookies(kind: Any) -> None:
    client = make_client(kind, "https", "https://user:word@proxy.test:3128")

    pool = client._transport_for_url(httpx.URL("https://api.test/"))._pool
    assert pool._proxy_url.host == b"proxy.test"
    assert pool._proxy_ssl_context is pool._ssl_context
    assert not client.trust_env
    set_cookie = {"set-cookie": "session=1"}
    request = httpx.Request("GET", "https://api.test/")
    client.cookies.extract_cookies(httpx.Response(200, headers=set_cookie, request=request))
    assert not client.cookies


def test_client_has_no_proxy_unless_there_is_one() -> None:
    assert make_client(httpx.Client, "http", None)._mounts == {}


@pytest.mark.parametrize("is_closed", [False, True])
def test_error_in_a_body_whose_repr_shows_headers_is_not_the_cause(driver: Driver, is_closed: bool) -> None:
    headers: Any = {"Authorization": "Bearer sk-secret"}
    info: Any = SimpleNamespace(real_url="http://a/", headers=headers)
    error = aiohttp.ClientResponseError(info, ())
    error.__cause__ = ValueError("bad line")

    async def script(io: SyncIO | AsyncIO) -> TransportError:
        body = await io.send(REQUEST, NO_DEADLINE)
        io.is_closed = is_closed
        with pytest.raises(TransportError) as caught:
            await body.next(NO_DEADLINE)
        return caught.value

    failure = driver.play(script, answering(Pieces(error)))

    assert failure.reason == ("the client was closed" if is_closed else "ClientResponseError")
    assert failure.__cause__ is error.__cause__


def test_response_that_was_closed_is_freed_without_the_garbage_collector(driver: Driver) -> None:
    responses: list[weakref.ref[httpx.Response]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Pieces(b"a"))

    async def script(io: SyncIO | AsyncIO) -> None:
        body = await io.send(REQUEST, NO_DEADLINE)
        responses.append(weakref.ref(body._response))
        assert await body.next(NO_DEADLINE) == b"a"
        await body.close()

    gc.disable()
    try:
        driver.play(script, answer)
        assert responses[0]() is None
    finally:
        gc.enable()
