"""Keys that are refused or expire, tokens of Azure, and auth objects of httpx; and that none of them is shown."""

from __future__ import annotations

import logging
import pickle
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import anyio
import anyio.lowlevel
import httpx
import pytest
from leaks import leaks
from payloads import WHOLE
from samples import KEY, response
from scripted_server import ScriptedServer, Step, answer
from shells import HTTP, Session, Shell, shown
from waits import PATIENT, SHORT, SOON, settle_async

from responses_client import AsyncClient, Client
from responses_client.errors import APIError, APIStatusError, AuthenticationError, ConfigurationError

GOOD = [answer(200, response())]
STALE, FRESH = "stale-hunter2-token", "fresh-hunter2-token"
ECHO = {"error": {"message": f"Refused: {STALE}, {FRESH}", "headers": [f"Bearer {STALE}", f"Bearer {FRESH}"]}}
REFUSED = [answer(401, ECHO)]


class AccessToken(NamedTuple):
    """As azure-core has it."""

    token: str
    expires_on: int


class Credential:
    """Gives tokens as the credentials of azure-identity do."""

    def __init__(self, *tokens: str, lasts: float = 3600) -> None:
        self.tokens = list(tokens)
        self.lasts = lasts
        self.calls = 0

    def get_token(self, *scopes: str) -> AccessToken:
        """Give the next token."""
        assert scopes == ("https://cognitiveservices.azure.com/.default",)
        self.calls += 1
        return AccessToken(self.tokens.pop(0), int(time.time() + self.lasts))


def get_bearer_token_provider(credential: Credential, *scopes: str) -> Callable[[], str]:
    """Return a stand-in for the function of this name in `azure.identity`, which caches tokens."""
    kept: list[AccessToken] = []

    def wrapper() -> str:
        if not kept:
            kept.append(credential.get_token(*scopes))
        return kept[0].token

    return wrapper


def get_async_bearer_token_provider(credential: Credential, *scopes: str) -> Callable[[], Any]:
    """Return a stand-in for the function of `azure.identity.aio`."""
    provider = get_bearer_token_provider(credential, *scopes)

    async def wrapper() -> str:
        await anyio.lowlevel.checkpoint()
        return provider()

    return wrapper


SCOPE = "https://cognitiveservices.azure.com/.default"


def keys_of(server: ScriptedServer, header: str = "authorization") -> list[str | None]:
    return [request.headers.get(header) for request in server.requests]


def key_function(shell: Shell, *keys: Any) -> Callable[[], Any]:
    """A function that gives these keys in order; an async one where that is possible."""
    left = list(keys)

    async def function() -> Any:
        await anyio.lowlevel.checkpoint()
        return left.pop(0)

    return (lambda: left.pop(0)) if shell.name == "sync" else function


# --- keys of functions


@pytest.mark.parametrize("play", ["create", "events"])
def test_refused_key_is_replaced_and_the_request_sent_again(shell: Shell, play: str) -> None:
    with ScriptedServer(REFUSED, WHOLE if play == "events" else GOOD) as server:
        getattr(shell, play)(server.url, api_key=key_function(shell, STALE, FRESH), max_retries=0)

    assert keys_of(server) == [f"Bearer {STALE}", f"Bearer {FRESH}"]
    assert server.requests[0].body == server.requests[1].body
    assert len(set(keys_of(server, "idempotency-key"))) == 1
    assert server.connections == 1


@pytest.mark.parametrize("play", ["create", "events"])
def test_no_error_shows_a_stale_or_a_fresh_key(
    shell: Shell, play: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="responses_client")
    with ScriptedServer(REFUSED, REFUSED) as server, pytest.raises(AuthenticationError) as caught:
        getattr(shell, play)(server.url, api_key=key_function(shell, STALE, FRESH))

    assert len(server.requests) == 2
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    everything = [*shown(caught.value), *shown(copy), repr(copy.body), caplog.text]
    assert "Refused: ***, ***" in everything[0]
    assert not [text for text in everything if "hunter2" in text]


@pytest.mark.parametrize("given", [STALE, (STALE, 4e9)])
def test_same_key_again_is_not_sent_again(shell: Shell, given: Any) -> None:
    with ScriptedServer(REFUSED) as server, pytest.raises(AuthenticationError):
        shell.create(server.url, api_key=key_function(shell, given, given))

    assert len(server.requests) == 1


def test_key_that_expires_serves_many_requests_until_it_is_refused(shell: Shell) -> None:
    async def play(session: Session) -> None:
        for _ in range(3):
            await session.create()
            await (await session.stream(timeout=PATIENT)).rest()

    key = key_function(shell, (STALE, time.time() + 3600), AccessToken(FRESH, int(time.time() + 3600)))
    with ScriptedServer(GOOD, WHOLE, GOOD, WHOLE, REFUSED, GOOD, WHOLE) as server:
        shell.play(play, server.url, api_key=key)

    assert keys_of(server) == [f"Bearer {STALE}"] * 5 + [f"Bearer {FRESH}"] * 2


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_deadline_bounds_an_async_function_that_replaces_a_key(backend: str) -> None:
    keys = [STALE]

    async def key() -> str:
        if not keys:
            await anyio.sleep_forever()
        return keys.pop()

    with ScriptedServer(REFUSED) as server, pytest.raises(AuthenticationError):
        Shell(backend).create(server.url, api_key=key, deadline=SHORT)


def test_threads_share_one_call_for_a_key() -> None:
    calls: list[int] = []
    inside = threading.Barrier(4)

    def key() -> tuple[str, float]:
        calls.append(1)
        return FRESH, time.time() + 3600

    def work(_: int) -> str:
        inside.wait(PATIENT)
        return client.responses.create(model="m", input="Hi").output_text

    with (
        ScriptedServer(*[GOOD] * 4) as server,
        httpx.Client(**HTTP) as http,
        Client(api_key=key, base_url=server.url, http_client=http) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        assert list(pool.map(work, range(4))) == ["Hello"] * 4

    assert len(calls) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_share_one_call_for_a_key(backend: str) -> None:
    calls: list[int] = []

    async def key() -> tuple[str, float]:
        calls.append(1)
        await settle_async()  # while the others come
        return FRESH, time.time() + 3600

    async def main() -> None:
        async with (
            httpx.AsyncClient(**HTTP) as http,
            AsyncClient(api_key=key, base_url=server.url, http_client=http) as client,
            anyio.create_task_group() as tasks,
        ):
            for _ in range(4):
                tasks.start_soon(create, client)

    async def create(client: AsyncClient) -> None:
        await client.with_options(timeout=PATIENT).responses.create(model="m", input="Hi")

    with ScriptedServer(*[GOOD] * 4) as server:
        anyio.run(main, backend=backend)

    assert keys_of(server) == [f"Bearer {FRESH}"] * 4
    assert len(calls) == 1


# --- Azure


def test_tokens_of_azure_identity_work_as_they_are(shell: Shell) -> None:
    credential = Credential(FRESH)
    make = get_bearer_token_provider if shell.name == "sync" else get_async_bearer_token_provider
    with ScriptedServer(GOOD, GOOD) as server:

        async def play(session: Session) -> None:
            await session.create()
            await session.create()

        shell.play(play, server.url, api_key=make(credential, SCOPE))

    assert keys_of(server) == [f"Bearer {FRESH}"] * 2
    assert credential.calls == 1


def test_token_of_a_credential_is_kept_until_it_expires(shell: Shell) -> None:
    credential = Credential(STALE, "token-2", FRESH, lasts=-1)

    async def play(session: Session) -> None:
        await session.create()
        credential.lasts = 3600
        await session.create()
        await session.create()

    with ScriptedServer(GOOD, GOOD, GOOD) as server:
        shell.play(play, server.url, api_key=lambda: credential.get_token(SCOPE))

    assert keys_of(server) == [f"Bearer {STALE}", "Bearer token-2", "Bearer token-2"]


def test_credential_in_place_of_a_function_is_refused(shell: Shell) -> None:
    with pytest.raises(ConfigurationError, match="get_bearer_token_provider"):
        shell.create("http://127.0.0.1:1/v1", api_key=Credential())


def test_key_goes_into_a_header_of_its_own_where_the_server_wants_that(shell: Shell) -> None:
    query = {"api-version": "2025-04-01-preview"}
    with ScriptedServer(GOOD) as server:
        shell.create(server.url, auth="api-key", default_query=query)

    (request,) = server.requests
    assert request.headers["api-key"] == KEY
    assert "authorization" not in request.headers
    assert request.path == "/v1/responses?api-version=2025-04-01-preview"


# --- redirects

WAYS: dict[str, dict[str, Any]] = {
    "api-key": {"auth": "api-key"},
    "function": {"api_key": lambda: KEY},
    "expiring": {"api_key": lambda: (KEY, 4e9)},
    "auth object": {"api_key": None, "auth": httpx.BasicAuth("me", KEY)},
}


@pytest.mark.parametrize("options", [pytest.param(options, id=name) for name, options in WAYS.items()])
def test_redirect_takes_the_key_along_within_the_origin_and_never_elsewhere(
    shell: Shell, options: dict[str, Any]
) -> None:
    with ScriptedServer() as server, ScriptedServer(GOOD) as other:
        server.add(
            [answer(307, b"", None, location="/v2/responses")],
            [answer(307, b"", None, location=f"{other.url}/responses")],
        )
        with pytest.raises(APIStatusError, match=f"a redirect to {other.origin}, not followed"):
            shell.create(server.url, **options)

    header = "api-key" if options.get("auth") == "api-key" else "authorization"
    first, second = keys_of(server, header)
    assert first == second is not None
    assert other.connections == 0


# --- auth objects


class Challenge(httpx.Auth):
    """Sends its token only when it is asked to."""

    requires_response_body = True

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See `httpx.Auth`."""
        answered = yield request
        if answered.status_code == 401:
            request.headers["X-Signature"] = f"Mine {answered.json()['nonce']}-{FRESH}"
            yield request


CHALLENGE = [answer(401, {"nonce": "n1"})]


@pytest.mark.parametrize("play", ["create", "events"])
def test_auth_object_signs_without_a_key(shell: Shell, play: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    good = WHOLE if play == "events" else GOOD
    with ScriptedServer(good, CHALLENGE, good) as server:
        getattr(shell, play)(server.url, api_key=None, auth=httpx.BasicAuth("me", "hunter2"))
        getattr(shell, play)(server.url, api_key=KEY, auth=Challenge())

    assert keys_of(server) == ["Basic bWU6aHVudGVyMg==", None, None]
    assert keys_of(server, "x-signature") == [None, None, f"Mine n1-{FRESH}"]
    assert server.requests[1].body == server.requests[2].body


def test_copy_of_a_client_has_an_auth_object_of_its_own() -> None:
    with (
        ScriptedServer(GOOD, GOOD, GOOD) as server,
        httpx.Client(**HTTP) as http,
        Client(api_key=KEY, base_url=server.url, http_client=http) as client,
    ):
        signed = client.with_options(auth=httpx.BasicAuth("me", "hunter2"))
        for one in (client, signed, signed.with_options(auth=None)):
            one.responses.create(model="m", input="Hi")

    assert keys_of(server) == [f"Bearer {KEY}", "Basic bWU6aHVudGVyMg==", f"Bearer {KEY}"]


@pytest.mark.parametrize("of_auth", ["httpx", "httpx2"])
@pytest.mark.parametrize("of_client", ["httpx", "httpx2"])
def test_auth_object_of_either_library_works_with_either(of_client: str, of_auth: str) -> None:
    library, auths = pytest.importorskip(of_client), pytest.importorskip(of_auth)
    basic = auths.BasicAuth("me", "hunter2")

    async def main() -> None:
        async with (
            library.AsyncClient(**HTTP) as http,
            AsyncClient(base_url=server.url, auth=basic, http_client=http) as client,
        ):
            await client.responses.create(model="m", input="Hi")

    with ScriptedServer(GOOD, WHOLE, GOOD, GOOD) as server:
        with (
            library.Client(**HTTP) as http,
            Client(base_url=server.url, auth=basic, http_client=http) as client,
        ):
            client.responses.create(model="m", input="Hi")
            with client.responses.stream(model="m", input="Hi") as stream:
                stream.until_done()
        for backend in ("asyncio", "trio"):
            anyio.run(main, backend=backend)

    assert keys_of(server) == ["Basic bWU6aHVudGVyMg=="] * 4


class Header(httpx.Auth):
    """Puts one header in."""

    def __init__(self, value: str) -> None:
        self.value = value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See `httpx.Auth`."""
        request.headers["X-Token"] = self.value
        yield request


ECHOES: dict[str, list[Step]] = {
    "error": REFUSED,
    "page": [answer(500, f"<html>Mine {FRESH}</html>", "text/html")],
    "page with status 200": [answer(200, f"<html>{FRESH}</html>", "text/html")],
    "no HTTP": [f"Mine {FRESH}\r\n\r\n".encode()],
}


@pytest.mark.parametrize("play", ["create", "events"])
@pytest.mark.parametrize("script", [pytest.param(script, id=name) for name, script in ECHOES.items()])
def test_no_error_shows_the_secrets_of_an_auth_object(
    shell: Shell, script: list[Step], play: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="responses_client")
    with ScriptedServer(script) as server, pytest.raises(APIError) as caught:
        getattr(shell, play)(server.url, auth=Header(f"Mine {FRESH}"), max_retries=0)

    assert keys_of(server, "x-token") == [f"Mine {FRESH}"]
    assert not [text for text in [*shown(caught.value), caplog.text] if FRESH in text]


class Anywhere(httpx.Auth):
    """Puts the secret where no name tells it."""

    def __init__(self, place: str) -> None:
        self.place = place

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See `httpx.Auth`."""
        if self.place == "header":
            request.headers["x-custom"] = FRESH
        elif self.place == "cookie":
            request.headers["cookie"] = f"theme=dark; sid={FRESH}; x=1"
        else:
            request.url = request.url.copy_add_param("k", FRESH)
        yield request


@pytest.mark.parametrize(
    "auth", [*map(Anywhere, ("header", "cookie", "query")), httpx.BasicAuth("me", FRESH)]
)
def test_secret_of_an_auth_object_is_masked_wherever_it_puts_it(shell: Shell, auth: httpx.Auth) -> None:
    refused = [answer(401, {"error": {"message": f"no {FRESH}", "code": FRESH}}, x_echo=FRESH)]
    for play in (shell.create, shell.events):
        with ScriptedServer(refused) as server, pytest.raises(APIError) as caught:
            play(server.url, auth=auth, max_retries=0)
        assert leaks(caught.value, FRESH) == []


def test_header_of_an_auth_object_that_cannot_be_sent_is_not_shown(shell: Shell) -> None:
    with ScriptedServer() as server, pytest.raises(APIError, match="Illegal header value") as caught:
        shell.create(server.url, auth=Header(f"{FRESH}\n"), max_retries=0)

    assert not [text for text in shown(caught.value) if FRESH in text]


def test_deadline_bounds_an_auth_object(shell: Shell) -> None:
    class Slow(httpx.Auth):
        def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
            released.wait(PATIENT)
            yield request

        async def async_auth_flow(self, request: httpx.Request) -> Any:
            await anyio.sleep_forever()
            yield request

    released = threading.Event()
    with pytest.raises(APIError, match=f"deadline of {SOON} s"):
        shell.create("http://127.0.0.1:1/v1", auth=Slow(), deadline=SOON)
    released.set()
