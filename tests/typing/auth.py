"""Keys, functions that return keys, and signers, as type checkers see them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple, assert_type

import httpx
import httpx2

from responses_client import AsyncClient, Client


class AccessToken(NamedTuple):
    """As azure-core has it."""

    token: str
    expires_on: int


class AccessTokenInfo:
    """As azure-core has it."""

    token: str
    expires_on: int


@dataclass(frozen=True)
class Key:
    """A key that cannot be changed."""

    token: str
    expires_on: float


def keys_are_texts_or_come_from_functions(
    plain: Callable[[], str],
    token: Callable[[], AccessToken],
    info: Callable[[], AccessTokenInfo],
    frozen: Callable[[], Key],
    pair: Callable[[], tuple[str, float]],
) -> None:
    Client(api_key="key")
    Client(api_key=lambda: "key")
    Client(api_key=lambda: ("key", 1_800_000_000))
    assert_type(Client(api_key=plain), Client)
    Client(api_key=token)
    Client(api_key=info)
    Client(api_key=frozen)
    Client(api_key=pair).with_options(api_key=plain)


def async_functions_give_keys(
    plain: Callable[[], Coroutine[Any, Any, str]],
    token: Callable[[], Coroutine[Any, Any, AccessToken]],
) -> None:
    async def pair() -> tuple[str, float]:
        return "key", 1_800_000_000.0

    AsyncClient(api_key=plain)
    AsyncClient(api_key=token)
    AsyncClient(api_key=lambda: "key")
    assert_type(AsyncClient(api_key=pair).with_options(api_key=plain), AsyncClient)


class Challenge(httpx.Auth):
    """A scheme of the user's."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See `httpx.Auth`."""
        yield request


class SyncAndAsyncAuth(httpx.Auth):
    """A scheme that does other things in async code."""

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See `httpx.Auth`."""
        yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """See `httpx.Auth`."""
        yield request


def requests_are_signed_in_other_ways(client: Client, aclient: AsyncClient) -> None:
    Client(auth="api-key")
    Client(auth="bearer", api_key="key")
    AsyncClient(auth=None)
    Client(auth=httpx.BasicAuth("me", "password"))
    Client(auth=httpx2.BasicAuth("me", "password"))
    AsyncClient(auth=Challenge(), http_client=httpx.AsyncClient())
    client.with_options(auth=SyncAndAsyncAuth())
    aclient.with_options(auth=httpx.DigestAuth("me", "password"))
