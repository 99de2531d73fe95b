"""Redirects that are followed, and the reasons in the errors for all others."""

from __future__ import annotations

import pytest
from fake_io import Clock, FakeBody, FakeIO, call, good

from responses_client._base.http import ResponseMeta
from responses_client._calls.answers import answer_error
from responses_client._calls.attempts import fetch
from responses_client._transport.protocols import run
from responses_client.errors import APIStatusError


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/v2/responses", "http://api.test/v2/responses"),
        ("http://API.test:80/x?y=1", "http://API.test:80/x?y=1"),
        ("other", "http://api.test/v1/other"),
        ("?a=1", "http://api.test/v1/responses?a=1"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_within_the_origin_is_followed_with_method_and_body(
    clock: Clock, status: int, location: str, target: str
) -> None:
    redirect = FakeBody(status=status, headers={"location": location})
    io = FakeIO(clock, redirect, good())

    result = run(fetch(io, call()))

    first, second = io.requests
    assert second == first._replace(url=target)
    assert redirect.closed == 1
    assert result.meta is not None
    assert result.meta.tries == 1


@pytest.mark.parametrize(
    ("status", "location"),
    [
        (303, "/v2/responses"),
        (300, "/v2/responses"),
        (307, ""),
        (307, "https://api.test/v1/responses"),
        (307, "http://api.test:8080/v1/responses"),
        (307, "http://api.test.evil/v1/responses"),
        (307, "//evil/v1/responses"),
        (307, "http://api.test@evil/"),
        (307, "http://["),
        (307, "mailto:a@api.test"),
    ],
)
def test_any_other_redirect_is_an_error(clock: Clock, status: int, location: str) -> None:
    io = FakeIO(clock, FakeBody(status=status, headers={"location": location}))

    with pytest.raises(APIStatusError) as caught:
        run(fetch(io, call()))

    assert caught.value.status_code == status
    assert len(io.requests) == 1


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_redirects_are_followed_up_to_the_limit(clock: Clock, limit: int) -> None:
    io = FakeIO(clock, *[FakeBody(status=307, headers={"location": "/again"}) for _ in range(9)])

    with pytest.raises(APIStatusError, match="it would exceed max_redirects"):
        run(fetch(io, call(max_redirects=limit)))

    assert len(io.requests) == limit + 1


@pytest.mark.parametrize(
    ("status", "location", "reason"),
    [
        (302, None, "a redirect without a Location header"),
        (302, "http://[", "a redirect whose Location is not a URL"),
        (
            302,
            "https://other.test/v1",
            "a redirect to https://other.test, not followed because another origin",
        ),
        (300, "/v2", "within http://api.test, not followed because 300 does not say that the request moved"),
        (303, "/v2", "within http://api.test, not followed because it would turn the request into a GET"),
        (308, "/v2", "within http://api.test, not followed because it would exceed max_redirects"),
        (399, "/v2", "not followed because 399 does not say"),
    ],
)
def test_redirect_that_is_not_followed_says_why(status: int, location: str | None, reason: str) -> None:
    headers = {} if location is None else {"location": location}
    of_call = ResponseMeta.build(
        status, headers, elapsed=1.0, tries=1, method="POST", url="http://api.test/v1/responses"
    )
    assert reason in answer_error(status, b"{}", of_call).message
