"""Pacing against simulated servers: no limit is exceeded, and what it allows is used."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rate_servers import Bucket, Limit, Simulation, Window

from responses_client._base.http import RateLimits
from responses_client._map.rate_limit import Rate

STYLES = pytest.mark.parametrize("style", [Bucket, Window])
LOOKS = pytest.mark.parametrize("looks", ["before", "after"])


def possible(limit: Limit, simulation: Simulation) -> float:
    """How many could be answered, by the limit and by how many may be in flight."""
    fresh = type(limit)(limit.size, limit.seconds)
    cycles = simulation.seconds / (simulation.latency + simulation.network)
    return min(fresh.allowed(simulation.seconds), 0.9 * simulation.most * cycles)


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_limit_of_requests_is_kept_and_used(data: st.DataObject) -> None:
    seconds = data.draw(st.sampled_from([1.0, 5.0, 10.0, 60.0]), "seconds")
    limit = data.draw(st.sampled_from([Bucket, Window]))(data.draw(st.integers(20, 1000), "size"), seconds)
    simulation = Simulation(
        requests=limit,
        seconds=max(6 * seconds, 10.0),
        most=data.draw(st.sampled_from([8, 32, 64, 128]), "most"),
        latency=data.draw(st.sampled_from([0.002, 0.02, 0.2, 1.0, 5.0]).filter(lambda x: x <= seconds / 5)),
        looks=data.draw(st.sampled_from(["before", "after"]), "looks"),
        exact=data.draw(st.sampled_from([0.001, 1.0] if seconds == 60 else [0.001]), "exact"),
        seed=data.draw(st.integers(0, 1000), "seed"),
    ).run()

    # Until the first wait, a bucket and a window may look the same; what tells them apart is a refusal or two.
    assert simulation.refused <= 0.05 * simulation.sent + 2
    assert simulation.answered >= 0.9 * possible(limit, simulation)


@STYLES
@LOOKS
@pytest.mark.parametrize("counts_late", [False, True])
@pytest.mark.parametrize("latency", [0.01, 0.5, 5.0])
def test_limit_of_tokens_is_kept_and_used(
    style: type[Limit], looks: Any, counts_late: bool, latency: float
) -> None:
    simulation = Simulation(
        requests=Bucket(10_000, 60.0),
        tokens=style(100_000, 60.0),
        seconds=300.0,
        latency=latency,
        looks=looks,
        counts_late=counts_late,
        cost=lambda random: random.randint(50, 350),
    ).run()

    allowed = style(100_000, 60.0).allowed(300.0)
    assert simulation.refused <= 0.05 * simulation.sent
    assert 0.9 * allowed <= simulation.spent <= 1.05 * allowed


def test_request_that_costs_more_than_the_limit_waits_until_it_is_whole() -> None:
    rate = Rate()
    first = rate.send(0.0)
    rate.answer(first, 0.0, RateLimits(limit_tokens=100, remaining_tokens=50, reset_tokens=30.0))
    rate.use(500)
    assert rate.wait(0.0) == pytest.approx(30.0, rel=0.05)
    assert rate.wait(32.0) == 0


@STYLES
def test_limit_that_others_use_too_is_seen_in_the_headers(style: type[Limit]) -> None:
    simulation = Simulation(requests=style(600, 60.0), seconds=240.0, latency=0.2, others=2).run()

    assert simulation.refused <= 0.05 * simulation.sent
    # They take 480 of what is allowed.
    assert simulation.answered >= 0.85 * (style(600, 60.0).allowed(240.0) - 480)


def test_server_without_headers_is_sent_as_many_as_there_may_be() -> None:
    simulation = Simulation(seconds=10.0, latency=0.5, most=32).run()
    assert simulation.answered >= 0.9 * 32 * 10.0 / 0.5


def test_few_requests_go_before_the_first_answer_and_more_when_it_takes_its_time() -> None:
    rate = Rate()
    tickets = [rate.send(0.0) for _ in range(4) if not rate.wait(0.0)]
    assert len(tickets) == 4
    assert rate.wait(0.0) > 0
    assert rate.wait(1.0) == 0
    more = [rate.send(1.0) for _ in range(20) if not rate.wait(1.0)]
    assert len(more) == 4
    rate.answer(tickets[0], 1.5, RateLimits())
    assert rate.wait(1.5) == 0


def test_refusal_without_headers_closes_the_gate_and_then_opens_it_bit_by_bit() -> None:
    rate = Rate()
    tickets = [rate.send(0.0) for _ in range(4)]
    for ticket in tickets:
        rate.answer(ticket, 0.1, RateLimits(), is_refusal=True)
        rate.refuse(0.1, 5.0)

    assert rate.wait(0.1) == pytest.approx(5.0)
    assert rate.wait(5.1) == 0
    ticket = rate.send(5.1)
    assert rate.wait(5.1) > 0
    rate.answer(ticket, 5.2, RateLimits())
    for _ in range(2):
        assert rate.wait(5.2) == 0
        rate.send(5.2)
    assert rate.wait(5.2) > 0


def test_server_with_refusals_alone_is_slowed_down_by_them() -> None:
    simulation = Simulation(requests=Window(50, 5.0), has_headers=False, seconds=60.0, latency=0.2).run()
    assert simulation.answered >= 0.9 * 600
    assert simulation.refused <= 0.5 * simulation.sent


def test_server_that_rounds_its_waits_down_is_not_asked_without_end() -> None:
    rate, now, asked = Rate(), 0.0, 0
    while now < 1.0:
        rate.answer(rate.send(now), now, RateLimits(), is_refusal=True)
        rate.refuse(now, 0.0)
        now += rate.wait(now)
        asked += 1
    assert asked <= 8


def test_request_without_an_answer_makes_room_for_another() -> None:
    rate = Rate()
    for _ in range(4):
        rate.send(0.0)
    assert rate.wait(0.0) > 0
    rate.lose()
    assert rate.wait(0.0) == 0


@pytest.mark.parametrize(
    "limits",
    [
        RateLimits(limit_requests=0, remaining_requests=0, reset_requests=0.0),
        RateLimits(limit_requests=100, reset_requests=1.0),
        RateLimits(reset_tokens=5.0),
    ],
)
def test_headers_that_say_nothing_are_no_limit(limits: RateLimits) -> None:
    rate = Rate()
    rate.answer(rate.send(0.0), 0.1, limits)
    assert rate.wait(0.1) == 0


def test_limit_without_its_size_and_reset_is_taken_as_one_a_minute() -> None:
    rate = Rate()
    rate.answer(rate.send(0.0), 0.0, RateLimits(remaining_requests=2))
    assert [rate.wait(0.0), rate.send(0.0).number, rate.wait(0.0), rate.send(0.0).number] == [0, 2, 0, 3]
    assert rate.wait(0.0) == pytest.approx(30.0, rel=0.05)


def test_answer_to_an_older_request_takes_nothing_back() -> None:
    rate = Rate()
    first, second = rate.send(0.0), rate.send(0.0)
    rate.answer(second, 0.1, RateLimits(2, 0, 60.0))
    rate.answer(first, 0.2, RateLimits(2, 1, 30.0))
    assert rate.wait(0.2) > 10


def test_window_that_nobody_used_for_long_is_whole() -> None:
    limit = Window(50, 10.0)
    simulation = Simulation(requests=limit, seconds=15.0).run()
    rate, later = simulation.rate, 1000.0
    assert [rate.wait(later + number / 1000) for number in range(3)] == [0, 0, 0]


@STYLES
@pytest.mark.parametrize("seconds", [1.0, 10.0, 60.0])
def test_limit_of_one_is_paced_by_what_headers_say(style: Any, seconds: float) -> None:
    simulation = Simulation(
        requests=style(1, seconds),
        seconds=30 * seconds,
        most=8,
        latency=0.01,
        looks="after",
        exact=0.001,
        seed=1,
    ).run()
    assert simulation.refused <= 0.05 * simulation.sent + 2
    assert simulation.answered >= 25
