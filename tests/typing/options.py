"""Options of clients and requests."""

from collections.abc import Mapping
from typing import assert_type

import aiohttp
import httpx
from pydantic import AnyUrl
from yarl import URL

from responses_client import AsyncClient, Client
from responses_client.models import Response


def a_request_has_options_of_its_own(client: Client) -> None:
    headers: Mapping[str, str] = {"X-Trace": "1"}
    response = client.responses.create(
        model="gpt-5-mini",
        input="Hi",
        timeout=httpx.Timeout(5.0),
        deadline=30,
        max_retries=0,
        idempotency_key="order-17",
        extra_headers=headers,
        extra_query={"api-version": "preview"},
        extra_body={"top_k": 40},
    )
    assert_type(response, Response)


def options_may_be_taken_away(client: Client) -> None:
    client.responses.create(input="Hi", timeout=None, deadline=None, extra_headers={"OpenAI-Project": None})


def a_client_can_be_copied_with_other_options(client: Client, other: AsyncClient) -> None:
    assert_type(client.with_options(timeout=3, max_retries=5), Client)
    assert_type(other.with_options(api_key="key"), AsyncClient)
    assert_type(Client(api_key=lambda: "key", http_client=httpx.Client()), Client)
    assert_type(AsyncClient(transport="aiohttp"), AsyncClient)


async def a_session_of_aiohttp_may_send() -> None:
    async with aiohttp.ClientSession() as session:
        assert_type(AsyncClient(http_client=session), AsyncClient)
        assert_type(AsyncClient(http_client=session, transport="aiohttp"), AsyncClient)


def an_address_may_be_a_url_object(client: Client) -> None:
    assert_type(Client(base_url=httpx.URL("https://a.example/v1")), Client)
    assert_type(client.with_options(base_url=URL("https://a.example/v1")), Client)
    assert_type(AsyncClient(base_url=AnyUrl("https://a.example/v1")), AsyncClient)


def a_query_takes_lists_and_dicts(client: Client) -> None:
    client.responses.create(input="Hi", extra_query={"a": [1, "x"], "b": {"c": True, "d": [1], "e": None}})
    assert_type(client.with_options(default_query={"a": {"b": "c"}}), Client)


async def an_async_client_is_closed_like_another(client: AsyncClient) -> None:
    await client.close()


class TeamClient(Client):
    """A client of an application's own class."""


def a_copy_has_the_class_of_the_client(client: TeamClient) -> None:
    assert_type(client.with_options(timeout=3), TeamClient)


def clients_are_context_managers() -> None:
    with Client() as client:
        assert_type(client, Client)


async def async_clients_are_async_context_managers() -> None:
    async with AsyncClient() as client:
        assert_type(client, AsyncClient)
