"""The same faults below every transport: each is exactly the same class of error, and is retried or not."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import httpx
import pytest
from payloads import WHOLE
from samples import KEY
from scripted_server import CLOSE, HOLD, RESET, ScriptedServer, Step, chunk, head, stream_head
from waits import PATIENT, SHORT, SOON, eventually

from responses_client import AsyncClient, Client
from responses_client.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    BadRequestError,
    ResponseValidationError,
    StreamInterrupted,
)

SLOWEST_SECONDS = 20.0
PIECES = head(200, content_type="application/json", transfer_encoding="chunked")


class Transport(NamedTuple):
    """A way to send: by which package, and on which event loop, if on any."""

    package: str
    loop: str


TRANSPORTS = [
    Transport(package, loop)
    for package, loops in {
        "own": ("sync", "asyncio", "uvloop", "trio"),
        "httpx": ("sync", "asyncio", "trio"),
        "httpx2": ("sync", "asyncio"),
        "unix": ("sync", "asyncio"),
        "aiohttp": ("asyncio", "uvloop"),
        "httpx-aiohttp": ("asyncio", "uvloop"),
    }.items()
    for loop in loops
]


class Fault(NamedTuple):
    """A fault, the error of a call, that of a stream, and the timeout."""

    script: Sequence[Step]
    error: type[APIError]
    stream_error: type[APIError]
    timeout: float = PATIENT


FAULTS = {
    "hangs up": Fault([CLOSE], APIConnectionError, APIConnectionError),
    "resets": Fault([RESET], APIConnectionError, APIConnectionError),
    "says nothing": Fault([HOLD], APITimeoutError, APITimeoutError, SHORT),
    "speaks another protocol": Fault([b"SSH-2.0-x\r\n", CLOSE], APIConnectionError, APIConnectionError),
    "breaks off in the headers": Fault(
        [b"HTTP/1.1 200 OK\r\nContent-", CLOSE], APIConnectionError, APIConnectionError
    ),
    "stops in the headers": Fault(
        [b"HTTP/1.1 200 OK\r\nContent-", HOLD], APITimeoutError, APITimeoutError, SHORT
    ),
    "sends a length that is not a number": Fault(
        [head(200, content_length="x"), CLOSE], APIConnectionError, APIConnectionError
    ),
    "breaks off before the first byte": Fault([stream_head(), CLOSE], APIConnectionError, APIConnectionError),
    "stops before the first byte": Fault([stream_head(), HOLD], APITimeoutError, APITimeoutError, SHORT),
    "sends a malformed chunk": Fault(
        [PIECES, 0.05, chunk(b"{"), 0.05, b"zz\r\n\r\n", HOLD],
        APIConnectionError,
        ResponseValidationError,  # for a stream, JSON is enough to refuse it
    ),
    "sends a malformed chunk in a stream": Fault(
        [*WHOLE[:2], 0.05, b"zz\r\n\r\n", HOLD], APIConnectionError, StreamInterrupted
    ),
    "breaks off in the body": Fault([*WHOLE[:2], CLOSE], APIConnectionError, StreamInterrupted),
    "resets in the body": Fault([*WHOLE[:2], 0.05, RESET], APIConnectionError, StreamInterrupted),
    "stops in the body": Fault([*WHOLE[:2], HOLD], APITimeoutError, StreamInterrupted, SHORT),
    "breaks off in a chunk": Fault([PIECES, b"400\r\n{", CLOSE], APIConnectionError, ResponseValidationError),
    "sends an interim answer and hangs up": Fault([head(102), CLOSE], APIConnectionError, APIConnectionError),
    "sends an interim answer alone": Fault([head(102), HOLD], APITimeoutError, APITimeoutError, SHORT),
    "switches protocols unasked": Fault(
        [head(101, connection="upgrade", upgrade="x"), CLOSE], APIConnectionError, APIConnectionError
    ),
    "sends a status that HTTP does not have": Fault([head(0), CLOSE], APIConnectionError, APIConnectionError),
    "sends nothing with 204": Fault(
        [head(204, content_type="application/json")], ResponseValidationError, ResponseValidationError
    ),
    "hangs up in an error": Fault(
        [head(400, content_type="application/json", content_length="100"), b"{", CLOSE],
        BadRequestError,
        BadRequestError,
    ),
    "sends less than it says": Fault(
        [head(200, content_type="application/json", content_length="100"), b"{}", CLOSE],
        APIConnectionError,
        ResponseValidationError,
    ),
}


def http_client(transport: Transport, verify: ssl.SSLContext, path: str | None) -> Any:
    """Return the HTTP client to give to ours; None for our own."""
    kind = "Client" if transport.loop == "sync" else "AsyncClient"
    if transport.package in ("own", "aiohttp"):
        return None
    if transport.package == "httpx-aiohttp":
        transports = pytest.importorskip("httpx_aiohttp")
        return httpx.AsyncClient(transport=transports.AiohttpTransport(verify=verify), trust_env=False)
    if transport.package == "unix":
        of_kind = httpx.HTTPTransport if kind == "Client" else httpx.AsyncHTTPTransport
        return getattr(httpx, kind)(transport=of_kind(verify=verify, uds=path))
    return getattr(pytest.importorskip(transport.package), kind)(verify=verify, trust_env=False)


def error_of(
    transport: Transport,
    url: str,
    *,
    streams: bool = False,
    verify: ssl.SSLContext | None = None,
    path: str | None = None,
    **options: Any,
) -> APIError:
    """Return the error of a call, or of a stream that is read to its end."""
    options = {"api_key": KEY, "base_url": url, "timeout": PATIENT, "max_retries": 1, **options}
    http = http_client(transport, verify or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), path)
    request = {"model": "m", "input": "Hi"}

    def call() -> None:
        with ExitStack() as stack:
            if http is not None:
                stack.enter_context(http)
            client = stack.enter_context(Client(**options, http_client=http))
            if streams:
                client.responses.create(stream=True, **request).get_final_response()
            else:
                client.responses.create(**request)

    async def call_async() -> None:
        library: Any = "aiohttp" if transport.package == "aiohttp" else "httpx"
        async with AsyncClient(**options, http_client=http, transport=library) as client:
            try:
                with anyio.fail_after(SLOWEST_SECONDS):
                    if streams:
                        async with await client.responses.create(stream=True, **request) as stream:
                            await stream.get_final_response()
                    else:
                        await client.responses.create(**request)
            finally:
                if http is not None:
                    await http.aclose()

    with pytest.raises(APIError) as caught:
        call() if transport.loop == "sync" else run_on(transport.loop, call_async)
    return caught.value


def run_on(loop: str, main: Callable[[], Awaitable[None]]) -> None:
    """Run an async function on an event loop."""
    if loop == "uvloop":
        pytest.importorskip("uvloop")
        anyio.run(main, backend="asyncio", backend_options={"use_uvloop": True})
    else:
        anyio.run(main, backend=loop)


def name_of(value: Any) -> str | None:
    return f"{value.package}-{value.loop}" if isinstance(value, Transport) else None


@pytest.fixture
def short_path(tmp_path: Path) -> str:
    """A path for a Unix socket, which may not be long."""
    return str(Path(*tmp_path.parts[:3]) / f"{abs(hash(tmp_path))}.sock")


@pytest.mark.parametrize("streams", [False, True], ids=["call", "stream"])
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("transport", TRANSPORTS, ids=name_of)
def test_fault_is_the_same_error_below_every_transport(
    transport: Transport, name: str, streams: bool, short_path: str
) -> None:
    fault = FAULTS[name]
    expected = fault.stream_error if streams else fault.error
    host = short_path if transport.package == "unix" else "127.0.0.1"
    limit: float | httpx.Timeout = fault.timeout
    if limit == SHORT and expected is APITimeoutError and "aiohttp" not in transport.package:
        limit = httpx.Timeout(PATIENT, read=SOON)  # any read may end it
    with ScriptedServer(fault.script, fault.script, host=host) as server:
        error = error_of(transport, server.url, streams=streams, path=host, timeout=limit)
        assert type(error) is expected
        if expected is APITimeoutError:
            assert "after 2 attempts: ReadTimeout; raise timeout or deadline" in str(error)
        is_retried = issubclass(expected, APIConnectionError)
        eventually(lambda: len(server.requests) >= (2 if is_retried else 1))
        assert len(server.requests) == (2 if is_retried else 1)


# The sync backend of httpcore does not close a Unix socket that does not connect.
@pytest.mark.parametrize("transport", [t for t in TRANSPORTS if t != ("unix", "sync")], ids=name_of)
def test_server_that_is_not_there_is_a_connection_error(transport: Transport, short_path: str) -> None:
    with ScriptedServer() as server:
        pass
    error = error_of(transport, server.url, path=short_path)
    assert type(error) is APIConnectionError
    assert "after 2 attempts" in str(error)


@pytest.mark.parametrize("transport", [t for t in TRANSPORTS if t.package != "unix"], ids=name_of)
def test_host_that_is_not_known_is_a_connection_error(transport: Transport) -> None:
    error = error_of(transport, "http://nothing.invalid/v1", timeout=PATIENT)
    assert type(error) is APIConnectionError
    assert "after 2 attempts" in str(error)


TRUST = "set SSL_CERT_FILE to a file with the certificates to trust, or pass an http_client whose verify= accepts it"


@pytest.mark.parametrize("transport", [t for t in TRANSPORTS if t.package != "unix"], ids=name_of)
def test_certificate_that_is_not_trusted_is_not_tried_again_and_says_what_to_do(
    transport: Transport, certificate: Path
) -> None:
    with ScriptedServer(certificate=certificate) as server:
        error = error_of(transport, server.url, verify=ssl.create_default_context())
        assert server.connections == 1
    assert type(error) is APIConnectionError
    assert str(error) == (
        f"POST {server.origin} got no answer: the certificate of the server was refused: self-signed certificate; {TRUST}"
    )


@pytest.mark.parametrize(
    "transport", [t for t in TRANSPORTS if t.package not in ("own", "aiohttp", "unix")], ids=name_of
)
def test_certificate_of_another_host_says_so(transport: Transport, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    with ScriptedServer(certificate=certificate) as server:
        error = error_of(transport, server.url.replace("127.0.0.1", "localhost"), verify=trusting)
        assert server.connections == 1
    assert type(error) is APIConnectionError
    assert "certificate is not valid for 'localhost'; correct the host in base_url, or pass" in str(error)


@pytest.mark.parametrize(
    "transport", [t for t in TRANSPORTS if t.package not in ("own", "aiohttp", "unix")], ids=name_of
)
def test_certificate_that_has_expired_says_so(transport: Transport, expired_certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(expired_certificate))
    with ScriptedServer(certificate=expired_certificate) as server:
        error = error_of(transport, server.url, verify=trusting)
        assert server.connections == 1
    assert type(error) is APIConnectionError
    assert "was refused: certificate has expired; have it renewed, and check the clock" in str(error)
