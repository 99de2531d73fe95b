"""The estimator of rate limits against simulated servers: no limit is exceeded, and all that it allows is used."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rate_servers import Bucket, Limit, Simulation, Window

from responses_client._base.http import RateLimits
from responses_client._map.rate_limit import RateLimitEstimator

STYLES = pytest.mark.parametrize("style", [Bucket, Window])
HEADERS_WRITTEN = pytest.mark.parametrize("headers_written", ["before", "after"])


def possible(limit: Limit, simulation: Simulation) -> float:
    """Return how many requests the limit and the bound of requests in flight allow."""
    fresh = type(limit)(limit.size, limit.seconds)
    cycles = simulation.seconds / (simulation.latency + simulation.network)
    return min(fresh.allowed(simulation.seconds), 0.9 * simulation.max_in_flight * cycles)


@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_limit_of_requests_is_obeyed_and_used_up(data: st.DataObject) -> None:
    seconds = data.draw(st.sampled_from([1.0, 5.0, 10.0, 60.0]), "seconds")
    limit = data.draw(st.sampled_from([Bucket, Window]))(data.draw(st.integers(20, 1000), "size"), seconds)
    simulation = Simulation(
        requests=limit,
        seconds=max(6 * seconds, 10.0),
        max_in_flight=data.draw(st.sampled_from([8, 32, 64, 128]), "max_in_flight"),
        latency=data.draw(st.sampled_from([0.002, 0.02, 0.2, 1.0, 5.0]).filter(lambda x: x <= seconds / 5)),
        headers_written=data.draw(st.sampled_from(["before", "after"]), "headers_written"),
        reset_precision=data.draw(
            st.sampled_from([0.001, 1.0] if seconds == 60 else [0.001]), "reset_precision"
        ),
        seed=data.draw(st.integers(0, 1000), "seed"),
    ).run()

    # Until the first wait, a bucket and a window may look the same; a refusal or two tells them apart.
    assert simulation.refused <= 0.05 * simulation.sent + 2
    assert simulation.answered >= 0.9 * possible(limit, simulation)


@STYLES
@HEADERS_WRITTEN
@pytest.mark.parametrize("counts_late", [False, True])
@pytest.mark.parametrize("latency", [0.01, 0.5, 5.0])
def test_limit_of_tokens_is_obeyed_and_used_up(
    style: type[Limit], headers_written: Any, counts_late: bool, latency: float
) -> None:
    simulation = Simulation(
        requests=Bucket(10_000, 60.0),
        tokens=style(100_000, 60.0),
        seconds=300.0,
        latency=latency,
        headers_written=headers_written,
        counts_late=counts_late,
        cost=lambda random: random.randint(50, 350),
    ).run()

    allowed = style(100_000, 60.0).allowed(300.0)
    assert simulation.refused <= 0.05 * simulation.sent
    assert 0.9 * allowed <= simulation.spent <= 1.05 * allowed


def test_request_that_costs_more_than_the_limit_waits_until_the_limit_is_full() -> None:
    estimator = RateLimitEstimator()
    first = estimator.start(0.0)
    estimator.finish(first, 0.0, RateLimits(limit_tokens=100, remaining_tokens=50, reset_tokens=30.0))
    estimator.record_tokens(500)
    assert estimator.wait_seconds(0.0) == pytest.approx(30.0, rel=0.05)
    assert estimator.wait_seconds(32.0) == 0


@STYLES
def test_requests_of_other_programs_are_noticed_in_the_headers(style: type[Limit]) -> None:
    simulation = Simulation(requests=style(600, 60.0), seconds=240.0, latency=0.2, other_requests=2).run()

    assert simulation.refused <= 0.05 * simulation.sent
    # The other programs use 480 of the requests allowed.
    assert simulation.answered >= 0.85 * (style(600, 60.0).allowed(240.0) - 480)


def test_server_without_headers_gets_as_many_requests_as_may_be_in_flight() -> None:
    simulation = Simulation(seconds=10.0, latency=0.5, max_in_flight=32).run()
    assert simulation.answered >= 0.9 * 32 * 10.0 / 0.5


def test_few_requests_are_sent_before_the_first_answer_and_more_when_it_takes_long() -> None:
    estimator = RateLimitEstimator()
    tickets = [estimator.start(0.0) for _ in range(4) if not estimator.wait_seconds(0.0)]
    assert len(tickets) == 4
    assert estimator.wait_seconds(0.0) > 0
    assert estimator.wait_seconds(1.0) == 0
    more = [estimator.start(1.0) for _ in range(20) if not estimator.wait_seconds(1.0)]
    assert len(more) == 4
    estimator.finish(tickets[0], 1.5, RateLimits())
    assert estimator.wait_seconds(1.5) == 0


def test_refusal_without_headers_blocks_and_then_allows_one_more_request_with_each_answer() -> None:
    estimator = RateLimitEstimator()
    tickets = [estimator.start(0.0) for _ in range(4)]
    for ticket in tickets:
        estimator.finish(ticket, 0.1, RateLimits(), is_refusal=True)
        estimator.block(0.1, 5.0)

    assert estimator.wait_seconds(0.1) == pytest.approx(5.0)
    assert estimator.wait_seconds(5.1) == 0
    ticket = estimator.start(5.1)
    assert estimator.wait_seconds(5.1) > 0
    estimator.finish(ticket, 5.2, RateLimits())
    for _ in range(2):
        assert estimator.wait_seconds(5.2) == 0
        estimator.start(5.2)
    assert estimator.wait_seconds(5.2) > 0


def test_refusals_alone_slow_requests_down() -> None:
    simulation = Simulation(requests=Window(50, 5.0), has_headers=False, seconds=60.0, latency=0.2).run()
    assert simulation.answered >= 0.9 * 600
    assert simulation.refused <= 0.5 * simulation.sent


def test_server_that_rounds_its_waits_down_to_zero_is_not_flooded() -> None:
    estimator, now, asked = RateLimitEstimator(), 0.0, 0
    while now < 1.0:
        estimator.finish(estimator.start(now), now, RateLimits(), is_refusal=True)
        estimator.block(now, 0.0)
        now += estimator.wait_seconds(now)
        asked += 1
    assert asked <= 8


def test_request_without_an_answer_makes_room_for_another() -> None:
    estimator = RateLimitEstimator()
    for _ in range(4):
        estimator.start(0.0)
    assert estimator.wait_seconds(0.0) > 0
    estimator.abandon()
    assert estimator.wait_seconds(0.0) == 0


@pytest.mark.parametrize(
    "limits",
    [
        RateLimits(limit_requests=0, remaining_requests=0, reset_requests=0.0),
        RateLimits(limit_requests=100, reset_requests=1.0),
        RateLimits(reset_tokens=5.0),
    ],
)
def test_headers_without_a_usable_limit_are_ignored(limits: RateLimits) -> None:
    estimator = RateLimitEstimator()
    estimator.finish(estimator.start(0.0), 0.1, limits)
    assert estimator.wait_seconds(0.1) == 0


@pytest.mark.parametrize("limit", [None, 0, -1])
def test_used_up_limit_of_unknown_size_leaves_the_wait_to_the_refusal(limit: int | None) -> None:
    estimator = RateLimitEstimator()
    refused, other = estimator.start(0.0), estimator.start(0.0)
    limits = RateLimits(limit_requests=limit, remaining_requests=0, reset_requests=40.0)
    estimator.finish(refused, 0.1, limits, is_refusal=True)
    estimator.block(0.1, 40.0)
    assert estimator.wait_seconds(0.1) == 40

    estimator.finish(other, 0.2, limits, is_refusal=True)
    estimator.block(0.2, 40.0)
    estimator.start(40.2)
    estimator.abandon()
    assert estimator.wait_seconds(40.3) == 0


def test_limit_without_size_and_reset_counts_as_one_per_minute() -> None:
    estimator = RateLimitEstimator()
    estimator.finish(estimator.start(0.0), 0.0, RateLimits(remaining_requests=2))
    assert [
        estimator.wait_seconds(0.0),
        estimator.start(0.0).number,
        estimator.wait_seconds(0.0),
        estimator.start(0.0).number,
    ] == [0, 2, 0, 3]
    assert estimator.wait_seconds(0.0) == pytest.approx(30.0, rel=0.05)


def test_answer_to_an_older_request_does_not_raise_the_count() -> None:
    estimator = RateLimitEstimator()
    first, second = estimator.start(0.0), estimator.start(0.0)
    estimator.finish(second, 0.1, RateLimits(2, 0, 60.0))
    estimator.finish(first, 0.2, RateLimits(2, 1, 30.0))
    assert estimator.wait_seconds(0.2) > 10


def test_window_that_was_unused_for_long_is_full() -> None:
    limit = Window(50, 10.0)
    simulation = Simulation(requests=limit, seconds=15.0).run()
    estimator, later = simulation.estimator, 1000.0
    assert [estimator.wait_seconds(later + number / 1000) for number in range(3)] == [0, 0, 0]


@STYLES
@pytest.mark.parametrize("seconds", [1.0, 10.0, 60.0])
def test_limit_of_one_is_paced_by_its_reset(style: Any, seconds: float) -> None:
    simulation = Simulation(
        requests=style(1, seconds),
        seconds=30 * seconds,
        max_in_flight=8,
        latency=0.01,
        headers_written="after",
        reset_precision=0.001,
        seed=1,
    ).run()
    assert simulation.refused <= 0.05 * simulation.sent + 2
    assert simulation.answered >= 25
