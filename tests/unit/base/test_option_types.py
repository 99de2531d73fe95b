"""The types of single options, which objects of httpx and of other libraries satisfy."""

from __future__ import annotations

import httpx
import pytest
from pydantic import AnyUrl
from yarl import URL

from responses_client._base.option_types import HttpAuth, TimeoutLike, UrlLike


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


@pytest.mark.parametrize(
    "url", [httpx.URL("https://a.example"), URL("https://a.example"), AnyUrl("https://a.example")]
)
def test_url_object_of_a_library_is_taken(url: object) -> None:
    assert isinstance(url, UrlLike)


@pytest.mark.parametrize("value", ["https://a.example", b"https://a.example", None, httpx.Headers()])
def test_other_object_is_not_taken_for_a_url(value: object) -> None:
    assert not isinstance(value, UrlLike)
