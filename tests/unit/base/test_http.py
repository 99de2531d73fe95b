"""The facts of an HTTP answer, and the secrets that they do not show."""

import copy
import pickle

import pytest
from fake_io import Clock

from responses_client._base.http import (
    HasRequestId,
    Headers,
    RateLimits,
    ResponseMeta,
    origin,
    request_id_of,
    url_path,
)

URL = "https://api.openai.com/v1/responses"


def build(headers: dict[str, str] | None = None, url: str = URL) -> ResponseMeta:
    return ResponseMeta.build(200, headers or {}, elapsed=0.25, tries=1, method="POST", url=url)


def test_meta_keeps_the_facts_of_an_answer() -> None:
    meta = ResponseMeta.build(
        201, {"X-Request-Id": "req_1", "Content-Type": "json"}, elapsed=1.5, tries=3, method="GET", url=URL
    )

    assert meta == ResponseMeta(
        status_code=201,
        headers=Headers({"x-request-id": "req_1", "content-type": "json"}),
        request_id="req_1",
        elapsed=1.5,
        tries=3,
        method="GET",
        url=URL,
    )


class Carrier(HasRequestId):
    def __init__(self, meta: ResponseMeta | None) -> None:
        self.meta = meta


def test_request_id_is_that_of_the_facts() -> None:
    assert Carrier(build({"request-id": "req_1"})).request_id == "req_1"
    assert Carrier(build()).request_id is Carrier(None).request_id is None


def test_meta_is_frozen() -> None:
    with pytest.raises(AttributeError):
        build().tries = 2


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda meta: pickle.loads(pickle.dumps(meta))]
)
def test_meta_survives_copying_and_pickling(duplicate) -> None:
    meta = build({"x-request-id": "req_1"})

    assert duplicate(meta) == meta


def test_meta_repr_shows_no_secret() -> None:
    shown = repr(build({"Set-Cookie": "hunter2", "Server": "nginx"}, url=f"{URL}?api-key=hunter2&a=1"))

    assert "hunter2" not in shown
    assert "nginx" in shown
    assert "a=1" in shown


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-request-id": "a", "request-id": "b"}, "a"),
        ({"x-ms-request-id": "a", "apim-request-id": "b"}, "a"),
        ({"apim-request-id": "a", "request-id": "b"}, "a"),
        ({"x-request-id": "", "request-id": "b"}, "b"),
        ({}, None),
    ],
)
def test_request_id_is_the_first_of_the_known_headers(headers: dict[str, str], expected: str | None) -> None:
    assert request_id_of(headers) == expected


def test_headers_are_found_without_regard_to_case() -> None:
    headers = Headers({"Content-Type": "text/html"})

    assert headers["CONTENT-TYPE"] == "text/html"
    assert "content-Type" in headers
    assert headers.get("x-none") is None
    assert 7 not in headers
    assert list(headers) == ["content-type"]
    assert len(headers) == 1


@pytest.mark.parametrize("given", [{"Via": "a", "via": "b"}, [("Via", "a"), ("via", "b")]])
def test_values_of_a_repeated_header_are_joined(given: dict[str, str] | list[tuple[str, str]]) -> None:
    assert Headers(given)["via"] == "a, b"


def test_missing_header_is_the_default() -> None:
    headers = Headers({"A": "1"})

    assert (headers.get("a"), headers.get("A", "2")) == ("1", "1")
    assert (headers.get("b"), headers.get("b", "2")) == (None, "2")


def test_meta_takes_headers_as_they_are() -> None:
    headers = Headers({"A": "1"})
    meta = ResponseMeta.build(200, headers, elapsed=0.0, tries=1, method="GET", url=URL)

    assert meta.headers is headers


def test_headers_compare_and_hash_by_content() -> None:
    one, other = Headers({"A": "1"}), Headers({"a": "1"})

    assert one == other
    assert hash(one) == hash(other)
    assert one != Headers({"a": "2"})
    assert one != {"a": "1"}


def test_headers_repr_masks_secret_values_only() -> None:
    shown = repr(Headers({"Set-Cookie": "hunter2", "X-Ratelimit-Limit-Tokens": "9"}))

    assert shown == "Headers({'set-cookie': '***', 'x-ratelimit-limit-tokens': '9'})"


@pytest.mark.parametrize(
    ("url", "base", "expected"),
    [
        ("https://A.example/v1", "", "https://a.example"),
        ("https://a.example:443/", "", "https://a.example"),
        ("http://a.example:80/", "", "http://a.example"),
        ("http://a.example:443/", "", "http://a.example:443"),
        ("https://u:p@a.example/", "", "https://a.example"),
        ("http://[::1]:8080/v1", "", "http://[::1]:8080"),
        ("/elsewhere", URL, "https://api.openai.com"),
        ("//b.example/x", URL, "https://b.example"),
        ("\\\\b.example/x", URL, ""),
        ("https://a.example:port/", "", ""),
        ("https://[broken", "", ""),
        ("mailto:me", "", ""),
    ],
)
def test_origin_is_scheme_host_and_unusual_port(url: str, base: str, expected: str) -> None:
    assert origin(url, base) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [(f"{URL}?key=1", "/v1/responses"), ("https://a.example", "/"), ("https://[broken/x", "/")],
)
def test_url_path_has_neither_host_nor_query(url: str, expected: str) -> None:
    assert url_path(url) == expected


def test_rate_limits_are_read_from_all_six_headers() -> None:
    meta = build(
        {
            "x-ratelimit-limit-requests": "5000",
            "x-ratelimit-remaining-requests": "4999",
            "x-ratelimit-reset-requests": "12ms",
            "x-ratelimit-limit-tokens": "800000",
            "x-ratelimit-remaining-tokens": "799990",
            "x-ratelimit-reset-tokens": "6m0s",
        }
    )

    assert meta.rate_limits == RateLimits(5000, 4999, 0.012, 800000, 799990, 360.0)


def test_rate_limits_are_none_without_headers() -> None:
    assert build().rate_limits == RateLimits(None, None, None, None, None, None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("6m0s", 360.0), ("2.5", 2.5), ("1796040042", 42.0), ("2026-11-30T12:00:42Z", 42.0), ("soon", None)],
)
def test_reset_times_are_seconds(text: str, seconds: float | None) -> None:
    headers = {"x-ratelimit-reset-requests": text, "x-ratelimit-reset-tokens": text}

    limits = RateLimits.from_headers(headers, 1_796_040_000.0)

    assert (limits.reset_requests, limits.reset_tokens) == (seconds, seconds)


def test_reset_that_is_a_point_in_time_needs_a_clock() -> None:
    headers = {"x-ratelimit-reset-requests": "1796040042"}

    assert RateLimits.from_headers(headers).reset_requests is None
    with_date = {**headers, "date": "Mon, 30 Nov 2026 12:00:00 GMT"}
    assert (
        RateLimits.from_headers(with_date).reset_requests == build(with_date).rate_limits.reset_requests == 42
    )


def test_rate_limits_of_meta_go_by_the_clock_of_the_package(clock: Clock) -> None:
    meta = build({"x-ratelimit-reset-requests": f"{clock.time() + 42:.0f}"})

    assert meta.rate_limits.reset_requests == 42


@pytest.mark.parametrize("text", ["", "-1", "many", "1.5", "1_000", "9" * 5000])
def test_malformed_counts_are_none(text: str) -> None:
    assert RateLimits.from_headers({"x-ratelimit-limit-tokens": text}).limit_tokens is None
