"""The options of requests and sessions, and the objects of httpx that they take."""

from __future__ import annotations

import httpx
import pytest

from responses_client._base.option_types import HttpAuth, TimeoutLike
from responses_client._base.options import RequestOptions, SessionOptions, WaitOptions


class Timeouts:
    """Timeouts of a library that is not httpx."""

    connect = read = write = pool = None


@pytest.mark.parametrize("given", [httpx.Timeout(5), Timeouts()])
def test_object_with_four_timeouts_is_taken(given: object) -> None:
    assert isinstance(given, TimeoutLike)


@pytest.mark.parametrize("given", [5, "5", None, httpx.Limits()])
def test_object_without_four_timeouts_is_not_taken(given: object) -> None:
    assert not isinstance(given, TimeoutLike)


def test_auth_of_httpx_signs_requests() -> None:
    assert isinstance(httpx.BasicAuth("me", "hunter2"), HttpAuth)
    assert not isinstance(("me", "hunter2"), HttpAuth)


def test_waiting_has_all_options_of_a_request_but_the_timeout() -> None:
    assert RequestOptions.__optional_keys__ - WaitOptions.__optional_keys__ == {"timeout"}
    assert not RequestOptions.__required_keys__


def test_session_shares_the_options_of_its_first_request() -> None:
    of_a_body = {"extra_body", "idempotency_key"}

    assert RequestOptions.__optional_keys__ - SessionOptions.__optional_keys__ == of_a_body
