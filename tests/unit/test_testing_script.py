"""Scripts of the embedded server: what they refuse, and requests that nothing is scripted for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from testing_helpers import created, http, text_of

from responses_client.testing import RateLimit, Server


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (lambda server: server.delay(-1), "seconds is -1, but has to be at least 0."),
        (lambda server: server.delay(math.nan), "seconds is nan, but has to be at least 0."),
        (lambda server: server.delay(per_event=-0.5), "per_event is -0.5, but has to be at least 0."),
        (lambda server: server.disconnect_after(-1), "events is -1, but has to be at least 0."),
        (lambda server: server.hold_after(0), "events is 0, but has to be at least 1."),
        (lambda server: server.hold_after(1, messages=0), "messages is 0, but has to be at least 1."),
        (lambda server: server.fail(status=200), "status is 200, but has to be from 400 to 599."),
        (lambda server: server.fail(status=600), "status is 600, but has to be from 400 to 599."),
        (lambda server: server.fail(times=0), "times is 0, but has to be at least 1."),
        (lambda server: server.fail(retry_after=-1), "retry_after is -1, but has to be at least 0."),
        (lambda server: server.drop_connection(0), "times is 0, but has to be at least 1."),
        (lambda server: server.unscripted(0), "times is 0, but has to be at least 1."),
        (lambda server: server.background(polls=0), "polls is 0, but has to be at least 1."),
        (lambda server: server.reply_raw("", status=100), "status is 100, but has to be from 200 to 599."),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(script: Callable[[Server], Server], message: str) -> None:
    with Server(sleep=lambda seconds: pytest.fail("it waited")) as server:
        with pytest.raises(ValueError, match="has to be") as caught:
            script(server)
        assert str(caught.value) == message
        assert created(server)["status"] == "completed"


@pytest.mark.parametrize("retry_after", [0, 0.5, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_time_to_retry_is_a_number_or_a_date(retry_after: float | str) -> None:
    with Server() as server, http(server) as client:
        response = client.get("/x", headers={}) if server.fail(retry_after=retry_after) else None
    assert response is not None
    assert response.headers["retry-after"] == str(retry_after)


def test_unscripted_request_comes_between_a_reply_and_a_failure() -> None:
    with Server() as server, http(server) as client:
        server.reply("one").unscripted(2).fail(503)
        id = created(server)["id"]
        found = [client.get(f"/responses/{id}").status_code for _ in range(4)]
    assert found == [200, 200, 503, 200]


def test_unscripted_creation_leaves_the_next_reply() -> None:
    with Server() as server:
        server.unscripted().reply("one")
        assert text_of(created(server, input="Hello")) == "Hello! How can I help you today?"
        assert text_of(created(server)) == "one"


def test_pace_before_an_unscripted_request_is_its_own() -> None:
    naps: list[float] = []
    with Server(sleep=naps.append) as server, http(server) as client:
        server.reply("one").delay(3).unscripted().delay(5)
        created(server)
        assert naps == [5]
        client.get("/webhook_event_types")
        client.get("/webhook_event_types")
    assert naps == [5, 3]


def test_pace_applies_to_the_next_request_of_any_kind() -> None:
    with Server() as server, http(server) as client:
        server.disconnect_after(events=0)
        with pytest.raises(httpx.ReadError):
            client.get("/webhook_event_types")
        assert client.get("/webhook_event_types").status_code == 200


def test_refused_request_leaves_the_pace_to_the_next() -> None:
    naps: list[float] = []
    with Server(sleep=naps.append) as server, http(server) as client:
        server.delay(3)
        assert client.get("/responses/resp_x").status_code == 404
        assert naps == []
        created(server)
    assert naps == [3]


def test_hold_is_without_effect_on_http() -> None:
    with Server() as server:
        assert text_of(created(server.hold_after(1).reply("one"))) == "one"


@pytest.mark.parametrize(
    "script",
    [
        lambda server: server.drip(1.5),
        lambda server: server.fail(404.5),
        lambda server: server.fail(times=1.5),
        lambda server: server.fail(times=True),
        lambda server: server.corrupt_after(1.5),
        lambda server: server.background(polls="2"),
        lambda server: server.delay(float("inf")),
        lambda server: server.delay(True),
        lambda server: server.delay("soon"),
        lambda _: RateLimit(requests=1.5),  # type: ignore[arg-type]
        lambda _: RateLimit(requests="5"),  # type: ignore[arg-type]
        lambda _: Server(rate_limit=5),  # type: ignore[arg-type]
    ],
)
def test_numbers_that_make_no_sense_are_refused_where_they_stand(script: Any) -> None:
    with pytest.raises(ValueError, match="has to be"):
        script(Server())
