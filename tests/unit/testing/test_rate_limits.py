"""Rate limits of the embedded server: admitted and refused requests, and the headers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import anyio
import httpx
import pytest
from asgi_sockets import connected
from callers import RULE_MODES, Caller
from server_calls import create, created, http, text_of

from responses_client import Client, RateLimitError, RateLimits
from responses_client.testing import RateLimit, Server, VirtualClock
from responses_client.testing._rate_limits import duration


@pytest.fixture(autouse=True)
def clock() -> Iterator[VirtualClock]:
    with VirtualClock() as clock:
        yield clock


def statuses(server: Server, count: int, **body: Any) -> list[int]:
    return [create(server, **body).status_code for _ in range(count)]


def limits(answer: httpx.Response, kind: str = "requests") -> tuple[str, str, str]:
    """Return the limit, the remaining number and the reset time in the headers of an answer."""
    limit, remaining, reset = (
        answer.headers[f"x-ratelimit-{part}-{kind}"] for part in ("limit", "remaining", "reset")
    )
    return limit, remaining, reset


# --- requests


def test_bucket_takes_its_fill_and_then_what_comes_back(clock: VirtualClock) -> None:
    server = Server(rate_limit=RateLimit(requests=3, seconds=30))
    assert statuses(server, 5) == [200, 200, 200, 429, 429]
    clock.advance(9)
    assert statuses(server, 1) == [429]
    clock.advance(1)
    assert statuses(server, 2) == [200, 429]
    clock.advance(600)
    assert statuses(server, 4) == [200, 200, 200, 429]
    assert server.refused == 5


def test_window_is_full_again_at_its_end(clock: VirtualClock) -> None:
    server = Server(rate_limit=RateLimit(requests=3, seconds=30, style="window"))
    clock.advance(100)
    assert statuses(server, 4) == [200, 200, 200, 429]
    clock.advance(29)
    assert statuses(server, 1) == [429]
    clock.advance(1)
    assert statuses(server, 4) == [200, 200, 200, 429]
    assert server.refused == 3


def test_refusal_is_that_of_the_api() -> None:
    server = Server(rate_limit=RateLimit(requests=40, seconds=60))
    statuses(server, 40)
    refused = create(server, model="gpt-5.4")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "2"
    assert refused.headers["retry-after-ms"] == "1500"
    assert limits(refused) == ("40", "0", "1m0s")
    assert refused.json() == {
        "error": {
            "message": "Rate limit reached for gpt-5.4 on requests per min (RPM): Limit 40, Used 40, "
            "Requested 1. Please try again in 1.5s.",
            "type": "requests",
            "param": None,
            "code": "rate_limit_exceeded",
        }
    }


def test_limit_of_other_than_a_minute_says_so() -> None:
    server = Server(rate_limit=RateLimit(requests=1, seconds=0.25))
    statuses(server, 1)
    assert "on requests per 0.25 s: Limit 1" in create(server).json()["error"]["message"]


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("bucket", [("2", "1", "30s"), ("2", "0", "45s"), ("2", "1", "30s")]),
        ("window", [("2", "1", "1m0s"), ("2", "0", "45s"), ("2", "1", "1m0s")]),
    ],
)
def test_headers_tell_what_is_left(
    clock: VirtualClock, style: Any, expected: list[tuple[str, str, str]]
) -> None:
    server = Server(rate_limit=RateLimit(requests=2, style=style))
    found = [limits(create(server))]
    clock.advance(15)
    found.append(limits(create(server)))
    clock.advance(50)
    found.append(limits(create(server)))
    assert found == expected


def test_headers_are_on_all_answers_but_only_what_asks_the_model_counts() -> None:
    server = Server(rate_limit=RateLimit(requests=2))
    id = create(server).json()["id"]
    with http(server) as client:
        answers = [client.get(f"/responses/{id}"), client.get("/nowhere"), create(server, temperature=9)]
        assert [answer.status_code for answer in answers] == [200, 404, 400]
        assert [limits(answer) for answer in answers] == [("2", "1", "30s")] * 3
        compact = {"model": "m", "input": "Hi"}
        assert client.post("/responses/compact", json=compact).status_code == 200
        assert client.post("/responses/compact", json=compact).status_code == 429


def test_what_is_not_limited_is_told_a_generous_limit() -> None:
    requests = create(Server(rate_limit=RateLimit(tokens=500)))
    tokens = create(Server(rate_limit=RateLimit(requests=5)))
    assert limits(requests) == ("10000", "9999", "6ms")
    assert limits(tokens, "tokens") == ("2000000", "2000000", "0s")


def test_refusal_uses_up_no_scripted_answer(clock: VirtualClock) -> None:
    server = Server(rate_limit=RateLimit(requests=1))
    server.reply("one").reply("two")
    assert statuses(server, 3) == [200, 429, 429]
    clock.advance(60)
    assert text_of(created(server)) == "two"


def test_failures_that_are_scripted_are_no_refusals() -> None:
    server = Server(rate_limit=RateLimit(requests=1)).fail(429)
    assert statuses(server, 2) == [429, 200]
    assert server.refused == 0


def test_streams_count_too() -> None:
    server = Server(rate_limit=RateLimit(requests=1))
    assert statuses(server, 2, stream=True) == [200, 429]


# --- tokens


def test_tokens_are_those_of_input_and_output(clock: VirtualClock) -> None:
    server = Server(rate_limit=RateLimit(tokens=60)).reply("one two three four")
    answer = create(server, input="one two")
    used = answer.json()["usage"]["total_tokens"]
    assert used >= 6
    # The answer itself cannot know yet; its headers are those of the moment.
    assert limits(create(server, temperature=9), "tokens") == ("60", f"{60 - used}", f"{used}s")


def test_tokens_of_an_answer_of_bounded_length_are_counted_before() -> None:
    server = Server(rate_limit=RateLimit(tokens=60)).reply("one two three four")
    assert limits(create(server, input="one two", max_output_tokens=50), "tokens") == ("60", "8", "52s")
    refused = create(server, input="one two", max_output_tokens=30)
    assert refused.status_code == 429
    assert refused.json()["error"]["type"] == "tokens"
    assert "on tokens per min (TPM): Limit 60, Used 52, Requested 32." in refused.json()["error"]["message"]
    assert refused.headers["retry-after-ms"] == "24000"


def test_answer_may_cost_more_than_is_left(clock: VirtualClock) -> None:
    server = Server(rate_limit=RateLimit(tokens=30)).reply("word " * 60)
    create(server, input="one two")
    answer = create(server, input="one two")
    assert answer.status_code == 429
    assert limits(answer, "tokens")[1] == "0"
    wait = int(answer.headers["retry-after-ms"]) / 1000
    assert wait > 60
    clock.advance(wait)
    assert statuses(server, 1, input="one two") == [200]


@pytest.mark.parametrize("style", ["bucket", "window"])
def test_request_that_never_fits_is_told_no_time(style: Any) -> None:
    server = Server(rate_limit=RateLimit(tokens=30, style=style))
    refused = create(server, max_output_tokens=100)
    assert refused.status_code == 429
    assert "Request too large for m on tokens per min (TPM): Limit 30, Requested 101." in refused.text
    assert "retry-after" not in refused.headers
    assert "retry-after-ms" not in refused.headers


@pytest.mark.parametrize(("output", "kind", "wait"), [(16, "requests", "30000"), (50, "tokens", "40000")])
def test_longer_wait_of_two_limits_counts(output: int, kind: str, wait: str) -> None:
    server = Server(rate_limit=RateLimit(requests=2, tokens=51))
    assert statuses(server, 2, max_output_tokens=16) == [200, 200]
    refused = create(server, max_output_tokens=output)
    assert (refused.json()["error"]["type"], refused.headers["retry-after-ms"]) == (kind, wait)


# --- with clients


@pytest.mark.parametrize("mode", RULE_MODES)
def test_client_waits_and_is_let_in(mode: str, clock: VirtualClock) -> None:
    with Server(rate_limit=RateLimit(requests=2, seconds=10)) as server:
        caller = Caller(mode, server.client, server.async_client)
        ask = partial(lambda client: client.responses.create(model="m", input="Hi"))
        caller(ask)
        caller(ask)
        response = caller(ask)

    assert response.meta.tries == 2
    assert response.meta.rate_limits == RateLimits(2, 0, 10, 2_000_000, 2_000_000, 0)
    assert clock.waits == [pytest.approx(5)]
    assert server.refused == 1


async def test_many_tasks_get_through_in_the_time_that_the_limit_needs(clock: VirtualClock) -> None:
    server = Server(rate_limit=RateLimit(requests=10, seconds=10))
    client = server.async_client(max_retries=100)

    async def work() -> None:
        await client.responses.create(model="m", input="Hi")

    async with anyio.create_task_group() as tasks:
        for _ in range(30):
            tasks.start_soon(work)

    assert clock.now == pytest.approx(20, abs=1)
    assert server.refused == len(server.requests) - 30


def test_limit_holds_on_a_port_too() -> None:
    server = Server(rate_limit=RateLimit(requests=2, seconds=3600))
    with server.serve() as url, Client(api_key="any", base_url=url, max_retries=0) as client:
        for _ in range(2):
            client.responses.create(model="m", input="Hi")
        with pytest.raises(RateLimitError) as caught:
            client.responses.create(model="m", input="Hi")

    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.retry_after == 1800
    assert server.refused == 1


async def test_websocket_is_told_in_an_event() -> None:
    server = Server(rate_limit=RateLimit(requests=1))
    async with connected(server) as client:
        await client.send(type="response.create", model="m", input="Hi")
        await client.until("response.completed")
        await client.send(type="response.create", model="m", input="Hi")
        event = await client.event()

    assert event["type"] == "error"
    assert event["status"] == 429
    assert event["error"]["code"] == "rate_limit_exceeded"
    assert event["error"]["headers"] == {"retry-after": "60", "retry-after-ms": "60000"}
    assert server.refused == 1


# --- the limit itself


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs requests, tokens or both"),
        ({"requests": 0}, "requests must be at least 1, got 0"),
        ({"tokens": -1}, "tokens must be at least 1, got -1"),
        ({"requests": 1, "seconds": 0}, "seconds must be more than 0 and finite, got 0"),
        ({"requests": 1, "seconds": float("nan")}, "seconds must be more than 0 and finite, got nan"),
        ({"requests": 1, "style": "leaky"}, "style must be 'bucket' or 'window', got 'leaky'"),
    ],
)
def test_limit_that_makes_no_sense_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RateLimit(**options)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.0004, "1ms"),
        (0.02, "20ms"),
        (1, "1s"),
        (8.64, "8.64s"),
        (59.9995, "1m0s"),
        (72, "1m12s"),
        (360, "6m0s"),
        (3600, "1h0m0s"),
        (90061.5, "25h1m1.5s"),
    ],
)
def test_durations_are_written_as_the_api_does(seconds: float, text: str) -> None:
    assert duration(seconds) == text
    read = RateLimits.from_headers({"x-ratelimit-reset-requests": text}).reset_requests
    assert read == pytest.approx(seconds, abs=0.001)
