"""HTTP clients of the user: httpx, httpx2, proxies, and transports of other packages."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from leaks import leaks
from payloads import WHOLE
from samples import KEY, response
from scripted_server import CLOSE, HOLD, ScriptedServer, answer, limit_for
from shells import HTTP, Session, Shell
from waits import PATIENT, SHORT, SOON

from responses_client import AsyncClient, Client
from responses_client.errors import APIConnectionError, APITimeoutError, ConfigurationError, StreamInterrupted

GOOD = [answer(200, response())]
LIBRARIES = ["httpx", "httpx2"]


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> Any:
    """Each HTTP library that is installed."""
    return pytest.importorskip(request.param)


@pytest.mark.usefixtures("patient_drain")
def test_client_of_either_library_sends_and_streams(library: Any) -> None:
    with ScriptedServer(GOOD, WHOLE, GOOD) as server, library.Client(**HTTP) as http:
        with Client(api_key=KEY, base_url=server.url, http_client=http) as client:
            assert client.responses.create(model="m", input="Hi").output_text == "Hello"
            with client.responses.stream(model="m", input="Hi") as stream:
                assert "".join(stream.text_deltas()) == "Hello"
        assert not http.is_closed
        assert http.get(server.origin).status_code == 200
        assert server.connections == 1


@pytest.mark.usefixtures("patient_drain")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_client_of_either_library_sends_and_streams(library: Any, backend: str) -> None:
    async def main() -> None:
        async with (
            library.AsyncClient(**HTTP) as http,
            AsyncClient(api_key=KEY, base_url=server.url, http_client=http) as client,
        ):
            assert (await client.responses.create(model="m", input="Hi")).output_text == "Hello"
            async with client.responses.stream(model="m", input="Hi") as stream:
                assert "".join([piece async for piece in stream.text_deltas()]) == "Hello"

    with ScriptedServer(GOOD, WHOLE) as server:
        anyio.run(main, backend=backend)
        assert server.connections == 1


def over_aiohttp(scenario: Callable[[AsyncClient, ScriptedServer], Awaitable[None]], *script: Any) -> None:
    """Run a scenario with the transport that the extra `aiohttp` brings."""
    transports = pytest.importorskip("httpx_aiohttp")

    async def main() -> None:
        async with (
            httpx.AsyncClient(transport=transports.AiohttpTransport(), **HTTP) as http,
            AsyncClient(api_key=KEY, base_url=server.url, http_client=http, max_retries=0) as client,
        ):
            await scenario(client, server)

    with ScriptedServer(*script) as server:
        anyio.run(main)


def test_transport_of_aiohttp_sends_and_streams() -> None:
    async def scenario(client: AsyncClient, server: ScriptedServer) -> None:
        assert (await client.responses.create(model="m", input="Hi")).output_text == "Hello"
        async with client.responses.stream(model="m", input="Hi") as stream:
            assert "".join([piece async for piece in stream.text_deltas()]) == "Hello"
        async with client.responses.stream(model="m", input="Hi") as stream:
            await anext(stream)
        assert (await client.responses.create(model="m", input="Hi")).output_text == "Hello"

    over_aiohttp(scenario, GOOD, WHOLE, WHOLE, GOOD)


@pytest.mark.parametrize(
    ("script", "kind", "cause"),
    [([CLOSE], APIConnectionError, "RemoteProtocolError"), ([HOLD], APITimeoutError, "ReadTimeout")],
)
def test_exceptions_of_either_library_become_ours(library: Any, script: Any, kind: Any, cause: str) -> None:
    with ScriptedServer(script) as server, library.Client(**HTTP) as http:
        client = Client(
            api_key=KEY, base_url=server.url, http_client=http, timeout=limit_for(script), max_retries=0
        )
        with pytest.raises(kind) as caught:
            client.responses.create(model="m", input="Hi")

    assert isinstance(caught.value.__cause__, getattr(library, cause))


def test_timeouts_of_either_library_are_taken(library: Any) -> None:
    with ScriptedServer([HOLD], [HOLD]) as server, library.Client(**HTTP) as http:
        client = Client(api_key=KEY, base_url=server.url, http_client=http, max_retries=0)
        with pytest.raises(APITimeoutError):
            client.responses.create(model="m", input="Hi", timeout=library.Timeout(PATIENT, read=SOON))

    with ScriptedServer([HOLD]) as server, library.Client(timeout=SOON, **HTTP) as http:
        client = Client(api_key=KEY, base_url=server.url, http_client=http, max_retries=0)
        with pytest.raises(APITimeoutError):
            client.responses.create(model="m", input="Hi")


def test_timeout_of_ours_goes_before_that_of_the_users_client() -> None:
    with ScriptedServer([4 * SOON, *GOOD]) as server, httpx.Client(timeout=SOON, **HTTP) as http:
        client = Client(api_key=KEY, base_url=server.url, http_client=http, timeout=PATIENT)
        assert client.responses.create(model="m", input="Hi").output_text == "Hello"


def test_settings_of_the_users_client_stay_in_force(library: Any) -> None:
    options: dict[str, Any] = {
        "headers": {"X-Team": "blue", "Authorization": "Basic no"},
        "params": {"team": "blue"},
        "cookies": {"session": "1"},
        "follow_redirects": True,
    }
    with ScriptedServer(GOOD) as server, library.Client(**options, **HTTP) as http:
        Client(api_key=KEY, base_url=server.url, http_client=http).responses.create(model="m", input="Hi")

    (request,) = server.requests
    assert request.headers["x-team"] == "blue"
    assert request.headers["cookie"] == "session=1"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.path.endswith("?team=blue")


def test_latin_1_header_arrives_as_it_is() -> None:
    with ScriptedServer(GOOD) as server, httpx.Client(**HTTP) as http:
        client = Client(
            api_key=KEY, base_url=server.url, http_client=http, default_headers={"X-Name": "Café"}
        )
        client.responses.create(model="m", input="Hi")

    assert server.requests[0].headers["x-name"] == "Café"


def test_header_set_to_none_is_not_sent_at_all() -> None:
    removed = {"User-Agent": None, "accept": None, "Authorization": None}
    with ScriptedServer(GOOD) as server, httpx.Client(**HTTP) as http:
        client = Client(base_url=server.url, http_client=http, default_headers=removed)
        client.responses.create(model="m", input="Hi", extra_headers={"Idempotency-Key": None})

    assert sorted(server.requests[0].headers) == [
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
    ]


@pytest.mark.usefixtures("patient_drain")
def test_encrypted_stream_ends_after_its_terminal_event_and_at_its_deadline(
    certificate: Path, shell: Shell
) -> None:
    async def play(session: Session) -> None:
        assert len(await (await session.stream()).rest()) == 4
        assert len(await (await session.stream()).rest()) == 4
        with pytest.raises(StreamInterrupted, match=f"the deadline of {SHORT} s has passed"):
            await (await session.stream(deadline=SHORT)).rest()
        assert session.busy_connections == 0

    open_line = [*WHOLE[:-1], HOLD]
    trusting = {**HTTP, "verify": ssl.create_default_context(cafile=str(certificate))}
    with ScriptedServer(WHOLE, open_line, [*WHOLE[:2], HOLD], certificate=certificate) as server:
        shell.play(play, server.url, http=trusting)
        assert server.connections == 2


@pytest.mark.parametrize("host", ["a..b", "xn--a"])
def test_host_that_is_no_host_is_an_error_of_the_package(shell: Shell, host: str) -> None:
    with pytest.raises((ConfigurationError, APIConnectionError), match=r"check .*base_url"):
        shell.create(f"http://{host}/v1")


@pytest.mark.without_aiohttp(reason="it sends any cookie")
def test_cookie_that_no_request_can_carry_is_named_and_not_shown(shell: Shell) -> None:
    async def script(session: Session) -> None:
        await session.create()
        with pytest.raises(ConfigurationError, match=r"http_client keeps a cookie .* beyond ASCII") as caught:
            await session.create()
        assert leaks(caught.value, "hunter3") == []
        assert caught.value.__cause__ is None

    with ScriptedServer([answer(200, response(), set_cookie="a=\u00fchunter3")]) as server:
        shell.play(script, server.url, http=HTTP)
