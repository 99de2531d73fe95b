"""Clients of Azure and of gateways with a scheme of their own, over mocked addresses: nothing leaves the process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any

import anyio
import httpx
import pytest
from payloads import ERROR
from samples import COMPLETED, CREATED, KEY, response
from shells import Session

from responses_client import AsyncClient, Client
from responses_client._transport.protocols import run
from responses_client.errors import APIStatusError, AuthenticationError, StreamError

AZURE = "https://name.openai.azure.com/openai/v1"
GOOD = httpx.Response(200, json=response())
STREAM = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=CREATED + COMPLETED)


class Way:
    """A sync or async client on one library, with connections that mocks answer."""

    def __init__(self, name: str) -> None:
        self.name = name

    def play(
        self, script: Callable[[Session], Awaitable[Any]], answers: list[Any], **options: Any
    ) -> list[Any]:
        """Run a script and return the requests that it sent; `answers` come in order."""
        requests: list[Any] = []
        left = list(answers)
        mode, _, package = self.name.partition(" ")
        library, respx = pytest.importorskip(package), pytest.importorskip("respx")

        def answer(request: Any) -> Any:
            requests.append(library.Request(request.method, request.url, headers=request.headers))
            given = left.pop(0)
            return library.Response(given.status_code, headers=given.headers, content=given.content)

        def http(kind: Any) -> Any:
            # respx knows httpx alone; and with httpx, the client's own connections are to be tested.
            return None if package == "httpx" else kind(transport=library.MockTransport(answer))

        with respx.mock(assert_all_called=False) as router:
            router.route().mock(side_effect=answer)
            if mode == "sync":
                with Client(http_client=http(library.Client), **options) as client:
                    run(script(Session(client)))
                return requests

            async def main() -> None:
                async with AsyncClient(http_client=http(library.AsyncClient), **options) as client:
                    await script(Session(client))

            anyio.run(main, backend=mode)
        return requests


@pytest.fixture(params=[f"{c} {p}" for p in ("httpx", "httpx2") for c in ("sync", "asyncio", "trio")])
def way(request: pytest.FixtureRequest) -> Way:
    """Each way to run the client in turn."""
    return Way(request.param)


async def both(session: Session) -> None:
    """Make a plain call and read a stream."""
    assert (await session.create()).output_text == "Hello"
    await (await session.stream()).rest()


# --- Azure


@pytest.mark.parametrize(
    "url",
    [
        AZURE,
        "https://name.cognitiveservices.azure.com/openai",
        "https://name.services.ai.azure.com/openai/v1",
    ],
)
def test_key_of_azure_goes_into_its_own_header(way: Way, url: str) -> None:
    requests = way.play(both, [GOOD, STREAM], base_url=url, api_key=KEY)

    for request in requests:
        assert str(request.url) == f"{url}/responses"
        assert request.headers["api-key"] == KEY
        assert "authorization" not in request.headers


def test_token_of_azure_goes_into_authorization(way: Way) -> None:
    requests = way.play(both, [GOOD, STREAM], base_url=AZURE, api_key=lambda: KEY)

    for request in requests:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert "api-key" not in request.headers


def test_older_addresses_of_azure_want_a_version_in_the_query(way: Way) -> None:
    async def play(session: Session) -> None:
        await session.create()
        await session.create(extra_query={"api-version": "preview"})

    url = "https://name.openai.azure.com/openai"
    version = {"api-version": "2025-04-01-preview"}
    requests = way.play(
        play,
        [GOOD, GOOD],
        base_url=url,
        api_key=KEY,
        default_query=version,
        default_headers={"X-Team": "blue"},
    )

    assert [str(request.url) for request in requests] == [
        f"{url}/responses?api-version=2025-04-01-preview",
        f"{url}/responses?api-version=preview",
    ]
    assert {request.headers["x-team"] for request in requests} == {"blue"}


def test_key_of_azure_stays_with_azure(way: Way) -> None:
    async def play(session: Session) -> None:
        with pytest.raises(APIStatusError, match=r"a redirect to https://api\.example, not followed"):
            await session.create()

    moved = httpx.Response(307, headers={"location": "https://api.example/openai/v1/responses"})
    requests = way.play(play, [moved], base_url=AZURE, api_key=KEY)

    assert len(requests) == 1


def test_key_of_azure_that_is_repeated_is_not_shown(way: Way) -> None:
    async def play(session: Session) -> None:
        with pytest.raises(AuthenticationError, match=r"denied: \*\*\* \(code 401\);") as caught:
            await session.create()
        assert KEY not in repr(caught.value.body)

    body = {"error": {"code": "401", "message": f"Access denied: {KEY}"}}
    way.play(play, [httpx.Response(401, json=body)], base_url=AZURE, api_key=KEY)


def test_copy_for_another_address_sends_the_key_as_that_one_wants_it(way: Way) -> None:
    async def play(session: Session) -> None:
        await Session(session.client.with_options(base_url=AZURE)).create()
        await session.create()

    first, second = way.play(play, [GOOD, GOOD], base_url="https://api.example/v1", api_key=KEY)

    assert (first.headers.get("api-key"), first.headers.get("authorization")) == (KEY, None)
    assert (second.headers.get("api-key"), second.headers.get("authorization")) == (None, f"Bearer {KEY}")


# --- schemes of gateways


class TwoSteps(httpx.Auth):
    """Fetches a ticket from another address when it is asked to, and uses it from then on."""

    def __init__(self) -> None:
        self.ticket = ""

    def auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        """See `httpx.Auth`."""
        if self.ticket:
            request.headers["Authorization"] = f"Ticket {self.ticket}"
        answered = yield request
        if answered.status_code == 401:
            tickets = yield type(request)("POST", "https://login.example/tickets", headers={"X-Secret": KEY})
            self.ticket = tickets.headers["x-ticket"]
            request.headers["Authorization"] = f"Ticket {self.ticket}"
            yield request


WANTED = httpx.Response(401, headers={"www-authenticate": "Ticket"}, json={"error": {"message": "A ticket!"}})
TICKET = httpx.Response(200, headers={"x-ticket": "ticket-hunter2"})


def test_name_and_password_sign_requests(way: Way) -> None:
    requests = way.play(both, [GOOD, STREAM], base_url=AZURE, auth=httpx.BasicAuth("me", "hunter2"))

    for request in requests:
        assert request.headers["authorization"] == "Basic bWU6aHVudGVyMg=="
        assert "api-key" not in request.headers


def test_auth_object_that_takes_two_steps_signs_requests(way: Way) -> None:
    requests = way.play(both, [WANTED, TICKET, GOOD, STREAM], base_url=AZURE, auth=TwoSteps())

    assert [request.url.host for request in requests] == [
        "name.openai.azure.com",
        "login.example",
        "name.openai.azure.com",
        "name.openai.azure.com",
    ]
    assert [request.headers.get("authorization") for request in requests] == [
        None,
        None,
        *["Ticket ticket-hunter2"] * 2,
    ]


def test_secrets_of_all_steps_are_not_shown(way: Way) -> None:
    async def play(session: Session) -> None:
        with pytest.raises(AuthenticationError, match=r"Neither \*\*\* nor \*\*\*;"):
            await session.create()

    refused = httpx.Response(401, json={"error": {"message": f"Neither {KEY} nor ticket-hunter2"}})
    requests = way.play(play, [WANTED, TICKET, refused], base_url=AZURE, auth=TwoSteps())

    assert len(requests) == 3


def test_error_of_a_stream_is_the_same_however_it_was_signed(way: Way) -> None:
    async def play(session: Session) -> None:
        with pytest.raises(StreamError, match="Out of order"):
            await (await session.stream()).rest()

    answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=CREATED + ERROR)
    way.play(play, [answer], base_url=AZURE, auth=httpx.BasicAuth("me", "hunter2"))
