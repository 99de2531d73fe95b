"""Options of official clients, and the errors of their requests."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

openai = pytest.importorskip("openai")

from responses_client import AsyncClient, Client, ConfigurationError
from responses_client._official.clients import check_client, official_options, own_key_of, routed
from responses_client._official.http_clients import ROUTE

NOT_GIVEN = openai.NOT_GIVEN
OFFICIAL: Any = SimpleNamespace(base_url="https://api.test/v1/", max_retries=2)


def test_settings_of_our_client_stand_for_options_that_were_not_given() -> None:
    client = Client(api_key="x", base_url="https://api.test/v1", max_retries=5, timeout=30, connect_timeout=2)
    options = official_options(client, {"timeout": NOT_GIVEN, "max_retries": 1, "base_url": NOT_GIVEN})

    assert (options["base_url"], options["max_retries"]) == ("https://api.test/v1", 1)
    assert (options["timeout"].connect, options["timeout"].read) == (2, 30)


def test_time_without_a_limit_is_an_option() -> None:
    assert official_options(Client(api_key="x"), {"timeout": None})["timeout"] is None


def test_options_without_a_client_are_left_to_the_official_package() -> None:
    assert official_options(None, {"timeout": NOT_GIVEN, "project": "p"}) == {"project": "p"}


def test_key_of_our_client_is_that_of_the_official_one() -> None:
    assert own_key_of(Client(api_key="x"), None) == "x"


def test_key_that_a_function_returns_has_a_stand_in() -> None:
    own_key = own_key_of(Client(api_key=lambda: "secret"), None)

    assert own_key not in (None, "secret")


@pytest.mark.parametrize(("client", "key"), [(Client(api_key="x"), "y"), (None, "y"), (None, None)])
def test_key_of_the_user_is_the_key(client: Client | None, key: str | None) -> None:
    assert own_key_of(client, key) is None


def test_client_of_the_other_kind_is_refused() -> None:
    check_client(Client(api_key="x"), Client)
    check_client(None, AsyncClient)
    with pytest.raises(ConfigurationError, match=r"client.*AsyncClient"):
        check_client(Client(api_key="x"), AsyncClient)


@pytest.mark.parametrize(("given", "retries"), [(NOT_GIVEN, 2), (0, 0), (4, 4)])
def test_our_client_retries_and_the_official_one_does_not(given: Any, retries: int) -> None:
    options = SimpleNamespace(url="/responses", max_retries=given)
    with routed(OFFICIAL, options):
        assert options.max_retries == 0
        assert ROUTE.get() == ("https://api.test/v1/", retries)
    assert options.max_retries is given
    assert ROUTE.get() is None


def test_other_requests_are_left_alone_also_within_one_of_ours() -> None:
    options = SimpleNamespace(url="/models", max_retries=4)
    with routed(OFFICIAL, SimpleNamespace(url="/responses", max_retries=4)), routed(OFFICIAL, options):
        assert ROUTE.get() is None
        assert options.max_retries == 4
