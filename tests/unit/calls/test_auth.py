"""Authentication: keys, functions that return keys, and auth objects; on a clock that only moves when something waits."""

from __future__ import annotations

import asyncio
from collections import namedtuple
from collections.abc import AsyncGenerator, Callable, Generator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fake_io import Clock, FakeIO, call
from samples import KEY

from responses_client._base.clock import NO_DEADLINE, Deadline
from responses_client._calls.auth import RecordingAuth, RequestSigner, key_headers, missing_key_error
from responses_client._calls.settings import Settings, resolve
from responses_client._transport.protocols import run
from responses_client.errors import ConfigurationError

AZURE = "https://name.openai.azure.com/openai/v1"
AccessToken = namedtuple("AccessToken", ["token", "expires_on"])  # as azure-core has it


def settings(**options: Any) -> Settings:
    return resolve({}, **{"api_key": KEY, **options})


def headers(signer: RequestSigner, timeout: float | None = None) -> dict[str, str]:
    return run(signer.headers(Deadline.after(timeout)))


def counting(*keys: object) -> tuple[Callable[[], Any], list[object]]:
    """A function that gives these keys, the last one for ever, and a list of those it gave."""
    given: list[object] = []

    def function() -> object:
        given.append(keys[min(len(given), len(keys) - 1)])
        return given[-1]

    return function, given


# --- headers


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "Authorization"),
        ({"auth": "bearer"}, "Authorization"),
        ({"auth": "api-key"}, "api-key"),
        ({"base_url": AZURE}, "api-key"),
        ({"base_url": AZURE, "auth": "bearer"}, "Authorization"),
        ({"base_url": AZURE, "api_key": lambda: KEY}, "Authorization"),
        ({"base_url": AZURE, "api_key": lambda: KEY, "auth": "api-key"}, "api-key"),
        ({"api_key": lambda: KEY, "auth": "api-key"}, "api-key"),
    ],
)
def test_key_goes_into_the_header_that_the_server_reads(options: dict[str, Any], name: str) -> None:
    value = KEY if name == "api-key" else f"Bearer {KEY}"

    assert key_headers(settings(**options), KEY) == {name: value}


def test_missing_key_names_the_variable() -> None:
    assert str(missing_key_error()) == (
        "There is no API key; set the environment variable OPENAI_API_KEY or pass api_key (or auth) to the client"
    )


def test_request_is_signed_unless_it_has_a_header_of_the_users(clock: Clock) -> None:
    request = call().request
    io = FakeIO(clock)

    assert run(RequestSigner(io, settings()).sign(request, None)).headers["Authorization"] == f"Bearer {KEY}"
    assert run(RequestSigner(io, settings(api_key=None), needs_key=False).sign(request, None)) is request
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        run(RequestSigner(io, settings(api_key=None)).sign(request, None))


def test_auth_object_signs_in_place_of_a_key(clock: Clock) -> None:
    request = call().request
    signer = RequestSigner(FakeIO(clock), settings(api_key=None, auth=httpx.BasicAuth("me", "hunter2")))

    signed = run(signer.sign(request, None))

    assert isinstance(signed.auth, RecordingAuth)
    assert signed.headers == request.headers
    assert "hunter2" not in repr(signed)
    assert run(signer.renew(NO_DEADLINE)) is False


# --- keys of functions


def test_function_that_gives_plain_keys_is_asked_for_each_request(clock: Clock) -> None:
    function, given = counting("one", "two", "three")
    io = FakeIO(clock)
    shared = settings(api_key=function)
    signer = RequestSigner(io, shared)

    assert [headers(signer)["Authorization"] for _ in range(2)] == ["Bearer one", "Bearer two"]
    assert headers(RequestSigner(io, shared)) == {"Authorization": "Bearer three"}
    assert given == ["one", "two", "three"]
    assert io.locked == 1  # only until it was known that nothing can be shared


@pytest.mark.parametrize(
    "form",
    [
        lambda key, until: AccessToken(key, int(until)),
        lambda key, until: SimpleNamespace(token=key, expires_on=int(until), refresh_on=None),
        lambda key, until: (key, until),
    ],
    ids=["AccessToken", "AccessTokenInfo", "pair"],
)
def test_key_that_expires_is_used_until_shortly_before(
    clock: Clock, form: Callable[[str, float], object]
) -> None:
    keys = iter(["one", "two"])
    shared = settings(api_key=lambda: form(next(keys), clock.time() + 3600))

    def sent() -> str:
        return headers(RequestSigner(FakeIO(clock), shared))["Authorization"]

    assert [sent(), sent()] == ["Bearer one"] * 2
    clock.now += 3530
    assert sent() == "Bearer one"
    clock.now += 20
    assert [sent(), sent()] == ["Bearer two"] * 2


def test_key_is_shared_by_settings_made_of_others(clock: Clock) -> None:
    function, given = counting(("key", clock.time() + 3600))
    shared = settings(api_key=function)
    for one in (shared, shared.replace(timeout=1), shared.replace(max_retries=0)):
        assert headers(RequestSigner(FakeIO(clock), one)) == {"Authorization": "Bearer key"}

    assert len(given) == 1


def test_key_that_another_got_meanwhile_is_used(clock: Clock) -> None:
    function, given = counting(("late", clock.time() + 3600))
    shared = settings(api_key=function)
    io = FakeIO(clock)
    io.before_lock = lambda: shared.api_key.keep("early", clock.time() + 3600, clock.time())

    assert headers(RequestSigner(io, shared)) == {"Authorization": "Bearer early"}
    assert given == []


def test_plain_keys_are_not_waited_for(clock: Clock) -> None:
    function, given = counting("mine")
    shared = settings(api_key=function)
    io = FakeIO(clock)
    io.before_lock = lambda: shared.api_key.keep("theirs", None, clock.time())

    assert headers(RequestSigner(io, shared)) == {"Authorization": "Bearer mine"}
    assert given == ["mine"]


def test_time_for_a_key_counts_the_wait_for_others(clock: Clock) -> None:
    io = FakeIO(clock)
    io.before_lock = lambda: setattr(clock, "now", clock.now + 2)
    signer = RequestSigner(io, settings(api_key=lambda: "key"))

    headers(signer, timeout=5)
    headers(signer, timeout=5)
    headers(signer)

    assert io.call_timeouts == [3, 5, None]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (7, "must be a string, or a token with expires_on, got int 7"),
        (None, "must be a string, or a token with expires_on, got NoneType"),
        (
            SimpleNamespace(token="hunter2"),
            "must be a string, or a token with expires_on, got SimpleNamespace",
        ),
        (("hunter2",), "must be a string, or a token with expires_on, got tuple"),
        (("hunter2", 1, 2), "must be a string, or a token with expires_on, got tuple"),
        (["hunter2", 1], "must be a string, or a token with expires_on, got list"),
        ((7, 1.0), "must be a string, got int 7"),
        (("hunter2\n", 1.0), "contains a line break; remove it (the value is not shown)"),
        ("hunter2\n", "contains a line break; remove it (the value is not shown)"),
        ("", "is blank; set a value or leave it out"),
        (
            "Bearer hunter2",
            "starts with 'Bearer'; pass the key alone, since the client adds the word (the value is not shown)",
        ),
        (
            ("'hunter2'", 1.0),
            "contains a quotation mark at its start or end; remove it (the value is not shown)",
        ),
    ],
)
def test_value_that_is_not_a_key_is_refused_without_being_quoted(
    clock: Clock, given: object, text: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        headers(RequestSigner(FakeIO(clock), settings(api_key=lambda: given)))

    assert str(caught.value) == f"The key that the api_key function gave {text}"


@pytest.mark.parametrize(
    ("expires_on", "got"),
    [
        ("soon", "str"),
        (None, "NoneType"),
        (1_700_000_000_000, "int 1700000000000"),  # milliseconds
        (-1, "int -1"),
        (float("nan"), "float nan"),
        (float("inf"), "float inf"),
        (10**500, "int"),
    ],
    ids=str,
)
def test_expiry_is_a_time(clock: Clock, expires_on: object, got: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        headers(RequestSigner(FakeIO(clock), settings(api_key=lambda: AccessToken("hunter2", expires_on))))

    assert str(caught.value) == (
        "The expiry of the key that the api_key function gave "
        f"must be a number of seconds since 1970, got {got}"
    )


# --- renewal


@pytest.mark.parametrize("lasts", [None, 3600])
def test_refused_key_is_replaced_once(clock: Clock, lasts: float | None) -> None:
    expires_on = clock.time() + (lasts or 0)
    names = ["one", "two", "three", "four"]
    function, given = counting(*(names if lasts is None else [(name, expires_on) for name in names]))
    signer = RequestSigner(FakeIO(clock), settings(api_key=function))

    assert headers(signer) == {"Authorization": "Bearer one"}
    assert signer.renewals == 0
    assert run(signer.renew(NO_DEADLINE)) is True
    assert signer.renewals == 1
    assert headers(signer) == {"Authorization": "Bearer two"}
    assert len(given) == 2
    assert run(signer.renew(NO_DEADLINE)) is False
    assert len(given) == 2
    assert signer.secrets == ("one", "two")


def test_key_that_is_the_same_again_replaces_none(clock: Clock) -> None:
    function, given = counting("one", "one", "two")
    signer = RequestSigner(FakeIO(clock), settings(api_key=function))
    headers(signer)

    assert [run(signer.renew(NO_DEADLINE)) for _ in range(2)] == [False, False]
    assert (signer.renewals, len(given)) == (0, 2)


def test_refused_key_that_another_call_has_replaced_is_not_asked_for_again(clock: Clock) -> None:
    function, given = counting(*[(name, clock.time() + 3600) for name in ("one", "two", "three")])
    shared = settings(api_key=function)
    signers = [RequestSigner(FakeIO(clock), shared) for _ in range(3)]
    for signer in signers:
        headers(signer)

    assert [run(signer.renew(NO_DEADLINE)) for signer in signers] == [True] * 3
    assert [headers(signer) for signer in signers] == [{"Authorization": "Bearer two"}] * 3
    assert len(given) == 2


@pytest.mark.parametrize("key", [KEY, None, lambda: KEY])
def test_nothing_is_renewed_unless_a_function_gave_a_key(clock: Clock, key: Any) -> None:
    signer = RequestSigner(FakeIO(clock), settings(api_key=key))

    assert run(signer.renew(NO_DEADLINE)) is False


def test_secrets_are_each_key_once(clock: Clock) -> None:
    function, _ = counting("one", "two", "one")
    signer = RequestSigner(FakeIO(clock), settings(api_key=function))
    assert signer.secrets == ()
    for _ in range(3):
        headers(signer)

    assert signer.secrets == ("two", "one")


# --- auth objects


class Challenged(httpx.Auth):
    """Answers a challenge, and notes how it was left."""

    def __init__(self) -> None:
        self.left = 0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        try:
            response = yield request
            if response.status_code == 401:
                request.headers["X-Token"] = f"Mine {response.headers['x-nonce']}"
                yield request
        finally:
            self.left += 1


class Flow:
    """Drives the sync or the async form of a flow, as httpx does."""

    def __init__(self, noted: RecordingAuth, is_async: bool) -> None:
        self.request = httpx.Request(
            "POST", "http://api.test/", headers={"Accept": "x", "Authorization": " "}
        )
        self.flow: Any = (noted.async_auth_flow if is_async else noted.sync_auth_flow)(self.request)
        self.is_async = is_async

    async def start(self) -> httpx.Request:
        request: httpx.Request = await anext(self.flow) if self.is_async else next(self.flow)
        return request

    async def answer(self, status: int, nonce: str = "nonce-123") -> httpx.Request | None:
        response = httpx.Response(status, headers={"x-nonce": nonce})
        try:
            request: httpx.Request = (
                await self.flow.asend(response) if self.is_async else self.flow.send(response)
            )
        except (StopIteration, StopAsyncIteration):
            return None
        return request

    async def close(self) -> None:
        await self.flow.aclose() if self.is_async else self.flow.close()


@pytest.mark.parametrize("is_async", [False, True])
def test_flow_of_an_auth_object_is_passed_through(is_async: bool) -> None:
    async def main() -> None:
        flow = Flow(noted, is_async)
        assert await flow.start() is flow.request
        assert noted.secrets == ()
        assert await flow.answer(401) is flow.request
        assert await flow.answer(200) is None

    auth = Challenged()
    noted = RecordingAuth(auth)
    asyncio.run(main())
    assert auth.left == 1
    assert set(noted.secrets) == {"Mine nonce-123", "nonce-123"}


class Held(Challenged):
    """An auth object that keeps its flows, so that they do not end for lack of references."""

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        self.flow: Any = super().sync_auth_flow(request)
        return self.flow

    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        self.flow = super().async_auth_flow(request)
        return self.flow


@pytest.mark.parametrize("is_async", [False, True])
def test_flow_of_an_auth_object_is_closed_with_ours(is_async: bool) -> None:
    async def main() -> None:
        flow = Flow(RecordingAuth(auth), is_async)
        await flow.start()
        await flow.close()
        assert auth.left == 1  # already here: the end of the event loop would close it, too

    auth = Held()
    asyncio.run(main())


@pytest.mark.parametrize("is_async", [False, True])
def test_secrets_of_all_requests_of_an_auth_object_are_noted_once(is_async: bool) -> None:
    async def main() -> None:
        for nonce in ("first-nonce", "second-nonce", "second-nonce"):
            flow = Flow(noted, is_async)
            await flow.start()
            await flow.answer(401, nonce)
            await flow.close()

    noted = RecordingAuth(Challenged())
    asyncio.run(main())
    assert sorted(noted.secrets) == ["Mine first-nonce", "Mine second-nonce", "first-nonce", "second-nonce"]


@pytest.mark.parametrize("is_async", [False, True])
def test_all_that_an_auth_object_adds_is_noted_but_the_headers_of_any_request(is_async: bool) -> None:
    class Signing(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
            yield httpx.Request("POST", "http://login.test/", headers={"X-Client": "client-1"}, json={})
            request.headers.update({"x-custom": "plain-name", "x-amz-date": "20261130T0", "accept": "y"})
            request.url = request.url.copy_add_param("sig", "of/query")
            yield request

    async def main() -> None:
        flow = Flow(noted, is_async)
        await flow.start()
        await flow.answer(200)
        await flow.close()

    noted = RecordingAuth(Signing())
    asyncio.run(main())
    assert sorted(noted.secrets) == ["client-1", "of/query", "plain-name"]


@pytest.mark.parametrize("reads_body", [True, False])
def test_auth_object_that_reads_the_body_is_known_by_its_record(reads_body: bool) -> None:
    class Signing(httpx.Auth):
        requires_request_body = reads_body

    assert RecordingAuth(Signing()).requires_request_body is reads_body


def test_error_of_an_auth_object_passes() -> None:
    class Broken(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
            raise KeyError("no token")
            yield request

        async def async_auth_flow(
            self, request: httpx.Request
        ) -> AsyncGenerator[httpx.Request, httpx.Response]:
            yield request
            raise KeyError("no token")

    async def main() -> None:
        with pytest.raises(KeyError):
            await Flow(noted, is_async=False).start()
        flow = Flow(noted, is_async=True)
        await flow.start()
        with pytest.raises(KeyError):
            await flow.answer(200)

    noted = RecordingAuth(Broken())
    asyncio.run(main())
